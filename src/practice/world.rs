//! What is in force: origin, policy, directory, roles, and the acts proposed.
//!
//! **In scope**: the state that entries about no request change, and its stored form.
//! **Out of scope**: requests ([`super::case`]); when a change is legal (`rules1`).
//!
//! Texts and tables stand behind `Arc`: a clone costs a few counters, because one is made
//! for every batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RuleSet;
use super::approvals::ApprovalState;
use super::directory::Directory;
use super::policy::Policy;
use super::records::Records;
use super::roles::Roles;
use super::vocabulary::{Crypto, LeafRef};
use crate::model::approval::Kind;
use crate::model::digest::Digest;
use crate::model::time::Timestamp;
use crate::tlog::{LeafIndex, Origin};

/// Most proposals open at a time. Refused ones and older ones than an approval may be are dropped
/// first; then the oldest that nobody approved gives way.
pub const PROPOSALS_OPEN_MAX: usize = 32;

/// A text in force, with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active<T> {
    /// The entry that activated it.
    pub index: LeafIndex,
    /// SHA-256 of the exact text.
    pub sha256: Digest,
    /// The exact text.
    pub text: Arc<str>,
    /// What it says.
    pub value: T,
}

/// An act that two people must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The kind of approval.
    pub kind: Kind,
    /// SHA-256 of the proposed text.
    pub sha256: Digest,
    /// The proposing entry: the approvals' context.
    pub context: LeafRef,
    /// Its time.
    pub at: Timestamp,
    /// Who proposed it.
    pub proposer: String,
    /// What people decided about it.
    pub approvals: Vec<ApprovalState>,
}

/// What is in force. Blank before index 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    pub(super) origin: Option<Origin>,
    /// The rule set in force, from index 0 on.
    pub(super) rules: Option<RuleSet>,
    /// The policy that index 0 already names and index 1 must bring.
    pub(super) announced_policy: Option<Digest>,
    pub(super) policy: Option<Arc<Active<Policy>>>,
    pub(super) directory: Option<Arc<Active<Directory>>>,
    pub(super) roles: Option<Arc<Active<Roles>>>,
    pub(super) proposals: Arc<BTreeMap<LeafIndex, Proposal>>,
    /// What is recorded about no single request.
    pub(super) records: Arc<Records>,
}

/// A world whose founding is complete: every part is there.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    /// The log's name.
    pub origin: &'a Origin,
    /// The policy.
    pub policy: &'a Active<Policy>,
    /// The agencies.
    pub directory: &'a Active<Directory>,
    /// The people.
    pub roles: &'a Active<Roles>,
}

/// One of the founding texts cannot be adopted.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The policy.
    #[error(transparent)]
    Policy(#[from] super::policy::PolicyError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] super::directory::DirectoryError),
    /// The roles.
    #[error(transparent)]
    Roles(#[from] super::roles::RolesError),
}

impl World {
    /// Before index 0: nothing is in force, only `log.created` is legal.
    #[must_use]
    pub fn blank() -> Self {
        Self::default()
    }

    /// The world after a founding of these texts at the indices 0 to 3; what `init` checks
    /// before it writes anything.
    ///
    /// # Errors
    /// [`TextError`] if a text cannot be adopted.
    pub fn founding(origin: &Origin, policy: &str, directory: &str, roles: &str) -> Result<Self, TextError> {
        let at = LeafIndex::new;
        Ok(Self {
            origin: Some(origin.clone()),
            rules: Policy::parse(policy)?.rule_set(),
            announced_policy: Some(Digest::of(policy.as_bytes())),
            policy: Some(Active::new(at(1), policy, Policy::parse(policy)?)),
            directory: Some(Active::new(at(2), directory, Directory::parse(directory)?)),
            roles: Some(Active::new(at(3), roles, Roles::parse(roles)?)),
            proposals: Arc::default(),
            records: Arc::new(Records { encryption: Some(Crypto::current()), ..Records::default() }),
        })
    }

    /// Everything in force, once the founding is complete.
    #[must_use]
    pub fn in_force(&self) -> Option<InForce<'_>> {
        Some(InForce {
            origin: self.origin.as_ref()?,
            policy: self.policy.as_deref()?,
            directory: self.directory.as_deref()?,
            roles: self.roles.as_deref()?,
        })
    }

    /// The log's name, from index 0 on.
    #[must_use]
    pub const fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The rule set in force, from index 0 on.
    #[must_use]
    pub const fn rules(&self) -> Option<RuleSet> {
        self.rules
    }

    /// What is recorded about no single request.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The policy in force, from index 1 on.
    #[must_use]
    pub fn policy(&self) -> Option<&Active<Policy>> {
        self.policy.as_deref()
    }

    /// The directory in force, from index 2 on.
    #[must_use]
    pub fn directory(&self) -> Option<&Active<Directory>> {
        self.directory.as_deref()
    }

    /// The roles in force, from index 3 on.
    #[must_use]
    pub fn roles(&self) -> Option<&Active<Roles>> {
        self.roles.as_deref()
    }

    /// The open proposals, by the index of their entry.
    #[must_use]
    pub fn proposals(&self) -> &BTreeMap<LeafIndex, Proposal> {
        &self.proposals
    }

    /// What the member `policy` of the next event must be: the digest of the policy in force,
    /// or of the one that the founding announces.
    #[must_use]
    pub fn policy_sha256(&self) -> Option<Digest> {
        self.policy.as_ref().map(|policy| policy.sha256).or(self.announced_policy)
    }
}

impl<T> Active<T> {
    pub(super) fn new(index: LeafIndex, text: &str, value: T) -> Arc<Self> {
        Arc::new(Self { index, sha256: Digest::of(text.as_bytes()), text: text.into(), value })
    }
}

/// The stored form: texts, because tables are parsed from them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    origin: Option<Origin>,
    rules: Option<u32>,
    announced_policy: Option<Digest>,
    policy: Option<(LeafIndex, String)>,
    directory: Option<(LeafIndex, String)>,
    roles: Option<(LeafIndex, String)>,
    proposals: Vec<Proposal>,
    records: Records,
}

impl Serialize for World {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn text<T>(active: Option<&Active<T>>) -> Option<(LeafIndex, String)> {
            active.map(|active| (active.index, active.text.to_string()))
        }
        let stored = Stored {
            origin: self.origin.clone(),
            rules: self.rules.map(RuleSet::number),
            announced_policy: self.announced_policy,
            policy: text(self.policy()),
            directory: text(self.directory()),
            roles: text(self.roles()),
            proposals: self.proposals.values().cloned().collect(),
            records: (*self.records).clone(),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for World {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn active<T, E: serde::de::Error, P: std::fmt::Display>(
            stored: Option<(LeafIndex, String)>,
            parse: impl Fn(&str) -> Result<T, P>,
        ) -> Result<Option<Arc<Active<T>>>, E> {
            let Some((index, text)) = stored else { return Ok(None) };
            Ok(Some(Active::new(index, &text, parse(&text).map_err(E::custom)?)))
        }
        let stored = Stored::deserialize(deserializer)?;
        let proposals = stored.proposals.into_iter().map(|open| (open.context.index, open)).collect();
        let unknown = || D::Error::custom("a rule set of a newer version");
        let rules = stored.rules.map(|number| RuleSet::numbered(number).ok_or_else(unknown)).transpose()?;
        Ok(Self {
            origin: stored.origin,
            rules,
            announced_policy: stored.announced_policy,
            policy: active(stored.policy, Policy::parse)?,
            directory: active(stored.directory, Directory::parse)?,
            roles: active(stored.roles, Roles::parse)?,
            proposals: Arc::new(proposals),
            records: Arc::new(stored.records),
        })
    }
}
