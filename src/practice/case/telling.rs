//! Who may not be told, and who was: secrecy orders and notices.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::id::SecrecyId;
use crate::model::time::Timestamp;
use crate::practice::directory::Level;
use crate::practice::policy::{Code, Policy};
use crate::practice::vocabulary::{AccountRef, NoticeRecipient, SecrecyResult};
use crate::tlog::LeafIndex;

/// Most secrecy orders of one request.
pub const SECRECY_MAX: usize = 64;
/// Most notices, and most suppressed, withheld or waived ones, of one request.
pub const NOTICES_MAX: usize = 256;

/// Which accounts of the request: some, or all of them.
pub type Accounts = Option<BTreeSet<AccountRef>>;

/// Accounts by their names; clones of a case share them.
pub type Named = Arc<BTreeSet<AccountRef>>;

/// Who may not be told, and who was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telling {
    /// The secrecy orders, in the order in which they came.
    pub orders: Vec<Secrecy>,
    /// The notices that went.
    pub sent: Vec<Sent>,
    /// What an order forbade to tell.
    pub suppressed: Vec<(Accounts, SecrecyId)>,
    /// What was not told on a ground of the list.
    pub untold: Vec<Untold>,
    /// The accounts of which something left, each with the version of the order that it left under:
    /// their owners are told of that one day, whatever the demand has become since.
    #[serde(with = "super::shared")]
    pub disclosed: Arc<BTreeSet<(AccountRef, u32)>>,
    /// The entry that first let something leave, and its time.
    pub disclosed_at: Option<(LeafIndex, Timestamp)>,
}

/// An order not to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrecy {
    /// Its name.
    pub id: SecrecyId,
    /// The entry that last set its end: its deadlines are named by it.
    pub set_by: LeafIndex,
    /// Its kind.
    pub code: Code,
    /// The level of government (S-71).
    pub level: Level,
    /// How many grounds it states (S-68).
    pub grounds: usize,
    /// Whether a judge approved it (S-115).
    pub judge_approved: bool,
    /// Whether it says why it is necessary for these accounts (S-115).
    pub individual_necessity: bool,
    /// The accounts it covers.
    pub accounts: Accounts,
    /// What it covered before it was narrowed, each until no earlier than the one before: more than now.
    pub former: Vec<Former>,
    /// When it was recorded: before, nobody here knew of it.
    pub recorded_at: Timestamp,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub to: Option<Timestamp>,
    /// When it was vacated or withdrawn.
    pub ended_at: Option<Timestamp>,
    /// Times between an end and a late extension, in which notice was due (I-28).
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// When the last motion against it was filed, if there was one.
    pub motion: Option<Timestamp>,
    /// What came of the last motion (S-72).
    pub result: Option<SecrecyResult>,
    /// The entry that asked for a permission to tell, which nobody has answered yet (S-75).
    #[serde(default)]
    pub asked: Option<LeafIndex>,
    /// The accounts that may be told all the same (S-75).
    pub permitted: Option<Permitted>,
    /// When it was last looked at (S-77).
    pub looked_at: Timestamp,
}

/// What an order covered until it was narrowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Former {
    /// The accounts.
    pub accounts: Accounts,
    /// The entry that narrowed it, and the instant from which it covered them no more: a ruling's own, or
    /// the entry's.
    pub until: (LeafIndex, Timestamp),
}

/// A permission to tell, under an order that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permitted {
    /// Whose accounts' owners may be told.
    pub accounts: Accounts,
    /// The entry that says so, and its time.
    pub granted: (LeafIndex, Timestamp),
}

/// A notice that went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// The entry.
    pub index: LeafIndex,
    /// Its time: the customer's days count from here, not from what people say.
    pub at: Timestamp,
    /// Whose accounts: those the request had then, and no later one.
    #[serde(with = "super::shared")]
    pub accounts: Named,
    /// Who got it.
    pub recipient: NoticeRecipient,
    /// The version of the order that they were told of.
    pub version: u32,
}

/// A notice that did not go, on a ground of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untold {
    /// The entry.
    pub index: LeafIndex,
    /// Whose accounts: those the request had then, and no later one.
    #[serde(with = "super::shared")]
    pub accounts: Named,
    /// The ground.
    pub ground: crate::practice::vocabulary::NoticeGround,
    /// When it is looked at again.
    pub review_by: Timestamp,
    /// Whether two people waived it after secrecy ended.
    pub waived: bool,
    /// The entry that says that the ground is gone, and its time.
    pub lifted: Option<(LeafIndex, Timestamp)>,
}

/// Whether a set of accounts has this one.
#[must_use]
pub fn holds(accounts: &Accounts, account: &AccountRef) -> bool {
    accounts.as_ref().is_none_or(|set| set.contains(account))
}

impl Secrecy {
    /// Whether it lacks what such an order must have: a ground, or a judge (S-68).
    #[must_use]
    pub const fn is_deficient(&self) -> bool {
        self.grounds == 0 || !self.judge_approved
    }

    /// When it ends: its date, or earlier.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        match (self.to, self.ended_at) {
            (Some(to), Some(ended)) => Some(to.min(ended)),
            (to, ended) => to.or(ended),
        }
    }

    /// Whether it is in force at that instant; its end is no longer part of it.
    #[must_use]
    pub fn is_active_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.end().is_none_or(|end| at < end)
    }

    /// Whether the law forbids to tell this account's owner at that instant.
    #[must_use]
    pub fn covers(&self, policy: &Policy, account: &AccountRef, at: Timestamp) -> bool {
        let binds = policy.secrecy.iter().any(|row| row.code == self.code && row.binds_provider);
        let may = self.permitted.as_ref().is_some_and(|permitted| holds(&permitted.accounts, account));
        binds && !may && self.is_active_at(at) && holds(&self.accounts, account)
    }

    /// Whether the law forbade it at an instant that is over: to whoever knew of the order then, in no
    /// gap of it, and before a permission was granted.
    #[must_use]
    pub fn covered(&self, policy: &Policy, account: &AccountRef, at: Timestamp) -> bool {
        let binds = policy.secrecy.iter().any(|row| row.code == self.code && row.binds_provider);
        let may = self
            .permitted
            .as_ref()
            .is_some_and(|permitted| permitted.granted.1 <= at && holds(&permitted.accounts, account));
        let in_gap = self.gaps.iter().any(|(from, to)| *from <= at && at < *to);
        let is_known = self.recorded_at <= at;
        let then = self.former.iter().find(|former| at < former.until.1);
        let accounts = then.map_or(&self.accounts, |former| &former.accounts);
        binds && !may && !in_gap && is_known && self.is_active_at(at) && holds(accounts, account)
    }

    /// Whether it covers that account, or did before it was narrowed.
    #[must_use]
    pub fn ever_covered(&self, account: &AccountRef) -> bool {
        holds(&self.accounts, account) || self.former.iter().any(|former| holds(&former.accounts, account))
    }

    /// When it ends for an account that it ever covered, and the entry that says so.
    #[must_use]
    pub fn end_for(&self, account: &AccountRef) -> Option<(Timestamp, LeafIndex)> {
        let end = self.end().map(|end| (end, self.set_by));
        if holds(&self.accounts, account) {
            return end;
        }
        let last = self.former.iter().rev().find(|former| holds(&former.accounts, account));
        let narrowed = last.map(|former| (former.until.1, former.until.0));
        // An end before the narrowing was one for that account too.
        narrowed.into_iter().chain(end).min()
    }
}

impl Telling {
    /// The order of that name.
    #[must_use]
    pub fn order(&self, id: &SecrecyId) -> Option<&Secrecy> {
        self.orders.iter().find(|order| order.id == *id)
    }

    /// The order that forbids to tell this account's owner at that instant.
    #[must_use]
    pub fn cover(&self, policy: &Policy, account: &AccountRef, at: Timestamp) -> Option<&Secrecy> {
        self.orders.iter().find(|order| order.covers(policy, account, at))
    }

    /// Whether somebody who may be told for this account was told. `is_consumer`: whose account it
    /// is; none if nobody knows any more (S-59).
    #[must_use]
    pub fn told(&self, account: &AccountRef, is_consumer: Option<bool>) -> Option<&Sent> {
        let fits = |sent: &&Sent| {
            is_consumer.is_none_or(|is| is != (sent.recipient == NoticeRecipient::CustomerContact))
        };
        self.sent.iter().rev().filter(fits).find(|sent| sent.accounts.contains(account))
    }

    /// The standing ground on which this account's owner is not told.
    #[must_use]
    pub fn untold(&self, account: &AccountRef) -> Option<&Untold> {
        let stands = |untold: &&Untold| untold.lifted.is_none() && untold.accounts.contains(account);
        self.untold.iter().rev().find(stands)
    }

    /// When the ground went on which this account's owner was not told.
    #[must_use]
    pub fn lifted(&self, account: &AccountRef) -> Option<(LeafIndex, Timestamp)> {
        self.untold.iter().rev().find(|untold| untold.accounts.contains(account))?.lifted
    }
}
