//! Objections: another country's law, the customer instead of the provider, the court.

use serde::{Deserialize, Serialize};

use super::parts::OrderRef;
use crate::model::digest::Digest;
use crate::model::id::{ChallengeId, CustomerId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::practice::policy::{Code, CountryCode};

/// `comity.assessed`: whether another country's law stands against it (I-56).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ComityAssessed {
    /// Which version of the order.
    pub order: OrderRef,
    /// Whose law may conflict.
    pub country: CountryCode,
    /// The way to object, by the policy's code; null if the policy has none for it.
    #[serde(deserialize_with = "json::nullable")]
    pub provision: Option<Code>,
    /// What was found.
    pub finding: ComityFinding,
    /// SHA-256 of the assessment.
    pub note_sha256: Digest,
}

/// What a comity assessment finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComityFinding {
    /// No conflict of laws.
    NoConflict,
    /// A conflict that can be objected to: a challenge is due before anything goes on.
    Conflict,
    /// A conflict that no qualifying law lets the provider object to.
    ConflictWithoutRemedy,
}

/// `redirect.attempted`: the requester was asked to go to the customer (S-28).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RedirectAttempted {
    /// The customer.
    pub customer: CustomerId,
    /// SHA-256 of the letter.
    pub letter_sha256: Digest,
    /// When it went.
    pub sent_at: Timestamp,
}

/// `redirect.accepted`, `redirect.refused`: the requester's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RedirectAnswered {
    /// The customer.
    pub customer: CustomerId,
    /// SHA-256 of the answer.
    pub answer_sha256: Digest,
    /// When it came.
    pub received_at: Timestamp,
}

/// `redirect.exempted`: why nobody is asked to go to the customer (S-29). An act: proposed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RedirectExempted {
    /// The customer.
    pub customer: CustomerId,
    /// Which exemption.
    pub exemption: Exemption,
    /// What it rests on, for people.
    pub reason: String,
}

/// The exemptions from redirection; the list is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Exemption {
    /// The customer itself, or its only administrator, is suspected.
    CustomerIsSuspect,
    /// The customer does not control what is asked for.
    CustomerControlsNothing,
    /// The order forbids it.
    OrderForbids,
    /// There is no time.
    Emergency,
    /// The customer no longer exists.
    CustomerDissolved,
}

/// `challenge.filed`: a motion before a court (S-30, S-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChallengeFiled {
    /// Its name.
    pub challenge: ChallengeId,
    /// What is asked of the court.
    pub relief: Relief,
    /// The court.
    pub court: String,
    /// Its docket number.
    pub docket: String,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// Whether nothing may be disclosed until it is decided.
    pub stay: bool,
    /// SHA-256 of the motion.
    pub motion_sha256: Digest,
}

/// What a challenge asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relief {
    /// To quash the demand.
    Quash,
    /// To modify it.
    Modify,
    /// To weigh another country's law (18 USC 2703(h)).
    Comity,
}

/// `challenge.decided`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChallengeDecided {
    /// Which.
    pub challenge: ChallengeId,
    /// How.
    pub ruling: Ruling,
    /// When.
    pub decided_at: Timestamp,
    /// SHA-256 of the ruling.
    pub ruling_sha256: Digest,
}

/// How a challenge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The demand is quashed: the request can only be rejected.
    Quashed,
    /// The demand is modified: an amended order or a narrowed scope is due.
    Modified,
    /// The demand stands.
    Upheld,
    /// The government withdrew the demand.
    DemandWithdrawn,
    /// The provider withdrew its motion.
    MotionWithdrawn,
}
