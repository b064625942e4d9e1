//! What is found and asked before the review: law, rights, dates, accounts, redirection, challenges.
//!
//! A finding names the classification it stands on; another classification leaves it behind, so
//! nothing has to be erased when a demand is amended. A narrowed scope lies within the classified
//! one, so what was found for the wider one still holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::id::{ChallengeId, CustomerId, PersonId, ServiceId};
use crate::model::scope::ScopeItem;
use crate::model::time::Timestamp;
use crate::practice::policy::{Code, CountryCode};
use crate::practice::vocabulary::{
    AccountProfile, AccountRef, ComityFinding, Escalation, Exemption, Privilege, Relief, Ruling, Segment,
};
use crate::tlog::LeafIndex;

/// What is found and asked before the review: law, rights, dates, accounts, redirection, challenges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// The classification whose dates were stated.
    pub dated: Option<LeafIndex>,
    /// The items whose dates the document leaves open at an end (S-22); those of an agreement that
    /// narrows the demand to dates are other items.
    #[serde(with = "super::shared")]
    pub undated: Arc<BTreeSet<ScopeItem>>,
    /// The facts about the accounts.
    pub profiles: Option<Profiles>,
    /// The accounts that were found to be an organisation's, each with who found it: nobody takes that
    /// back alone (S-28).
    #[serde(with = "super::shared")]
    pub organisations: Arc<BTreeSet<(AccountRef, PersonId)>>,
    /// How local law was read.
    pub legality: Option<Legality>,
    /// What the demand may do to people.
    pub rights: Option<Rights>,
    /// The confidences that it may hold: only a filter team may open it (case 35).
    pub privileges: BTreeSet<Privilege>,
    /// Conflicts of laws, by the country whose law may stand against the demand.
    pub comity: BTreeMap<CountryCode, Comity>,
    /// How far each organisation's redirection has come.
    #[serde(with = "super::shared")]
    pub redirects: Arc<BTreeMap<CustomerId, Redirect>>,
    /// The challenges before a court, in order.
    pub challenges: Vec<Challenge>,
}

/// The facts about the accounts, all of the scope at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// The entry.
    pub entry: LeafIndex,
    /// The classification it stands on.
    pub stands_on: LeafIndex,
    /// Countries whose law may conflict with the demand.
    pub foreign: BTreeSet<CountryCode>,
    /// By service and account.
    #[serde(with = "super::shared")]
    pub accounts: Arc<Vec<AccountProfile>>,
}

/// Local law, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legality {
    /// The classification it stands on.
    pub stands_on: LeafIndex,
    /// Whether the requester followed it.
    pub followed: bool,
    /// Who served the demand.
    pub served_by: Option<Code>,
}

/// A human-rights screening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// The entry.
    pub entry: LeafIndex,
    /// The classification it stands on.
    pub stands_on: LeafIndex,
    /// Whether two people must decide.
    pub is_high: bool,
    /// What they decided.
    pub decision: Option<Escalation>,
}

/// An assessed conflict of laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comity {
    /// The classification it stands on.
    pub stands_on: LeafIndex,
    /// What was found.
    pub finding: ComityFinding,
}

/// One customer's redirection, for one version of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The version.
    pub version: u32,
    /// How far it has come.
    pub step: RedirectStep,
}

/// How far a redirection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectStep {
    /// The requester was asked, at that time.
    Attempted(Timestamp),
    /// The requester goes to the customer.
    Accepted,
    /// The requester does not.
    Refused,
    /// Nobody is asked.
    Exempted(Exemption),
}

/// A challenge before a court.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Its name.
    pub id: ChallengeId,
    /// What is asked of the court.
    pub relief: Relief,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// The version of the order it is about.
    pub version: u32,
    /// Whether nothing may be disclosed until it is decided.
    pub stay: bool,
    /// How it ended.
    pub decided: Option<Decided>,
}

/// How a challenge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// How.
    pub ruling: Ruling,
    /// The version of the order then.
    pub version: u32,
    /// The entry.
    pub entry: LeafIndex,
}

impl Screening {
    /// The facts about one account, once they are recorded.
    #[must_use]
    pub fn profile(&self, service: &ServiceId, account: &str) -> Option<&AccountProfile> {
        let accounts = self.accounts();
        let place = accounts.binary_search_by(|row| (&row.service, &*row.account).cmp(&(service, account)));
        accounts.get(place.ok()?)
    }

    /// Every account of the order, by service and account; empty before they are profiled.
    #[must_use]
    pub fn accounts(&self) -> &[AccountProfile] {
        self.profiles.as_ref().map_or(&[], |profiles| &profiles.accounts)
    }

    /// Whether a court has still to decide about a challenge of the demand.
    #[must_use]
    pub fn is_challenged(&self) -> bool {
        self.challenges.iter().any(|challenge| challenge.decided.is_none())
    }

    /// Whether an organisation's account is among them: those are redirected, and always told.
    #[must_use]
    pub fn has_organisation(&self) -> bool {
        self.accounts().iter().any(|account| account.segment != Segment::Consumer)
    }

    /// Whether the figures count the account as an enterprise's: more seats than that (S-66).
    #[must_use]
    pub fn is_enterprise(account: &AccountProfile, enterprise_seats: u32) -> bool {
        account.seats.is_some_and(|seats| seats > enterprise_seats)
    }
}
