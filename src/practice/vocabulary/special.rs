//! Demands that do not take the straight path: emergencies, preservation, litigants' demands
//! with the owner's consent, national security.

use serde::{Deserialize, Serialize};

use super::parts::{ExactScope, OrderRef};
use super::secrecy::AccountRef;
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::{PersonId, RequestId};
use crate::model::json;
use crate::model::time::Timestamp;

/// `emergency.assessed`: everything an emergency request must have (S-39 … S-48, I-30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EmergencyAssessed {
    /// Which version of the request.
    pub order: OrderRef,
    /// Who believes it; the event's actor too.
    pub reviewer: PersonId,
    /// The danger; nothing else is an emergency.
    pub ground: EmergencyGround,
    /// What kind, for the reports.
    pub category: EmergencyCategory,
    /// Whether it is in writing (S-41).
    pub in_writing: bool,
    /// What comparing its letterhead with a reference found (S-42).
    pub letterhead: Letterhead,
    /// The title of the authority who signed (S-43).
    pub signer_title: String,
    /// Its summary of the emergency (S-44).
    pub summary: String,
    /// How the data will help (S-45).
    pub how_data_assists: String,
    /// What is needed, class by class: nothing else is disclosed (S-47, I-31).
    pub needs: Vec<NeedStatement>,
}

/// The danger that an emergency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EmergencyGround {
    /// Death.
    Death,
    /// Serious physical injury.
    SeriousPhysicalInjury,
}

/// Kinds of emergencies (S-48).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EmergencyCategory {
    /// Somebody threatens to kill themselves.
    Suicide,
    /// A kidnapping.
    Kidnapping,
    /// A threat to others.
    Threat,
    /// A missing person.
    MissingPerson,
    /// Anything else.
    Other,
}

/// A letterhead, compared by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Letterhead {
    /// SHA-256 of the reference it was compared with.
    pub reference_sha256: Digest,
    /// Whether it is the agency's.
    pub matches: bool,
}

/// Why one class of one service's data is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NeedStatement {
    /// The class.
    pub class: DataClass,
    /// Why.
    pub statement: String,
}

/// `followup.received`: the legal process that was asked for after an emergency (I-32).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowupReceived {
    /// The request that has it.
    pub by_request: RequestId,
}

/// `followup.refused`: the agency says that none will follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowupRefused {
    /// SHA-256 of its letter.
    pub letter_sha256: Digest,
}

/// `followup.lapsed`: none came in time; somebody says so and looks into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowupLapsed {
    /// SHA-256 of the note about what is done now.
    pub note_sha256: Digest,
}

/// `preserve.started`: data is kept; nothing is disclosed (I-40).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreserveStarted {
    /// Which version of the request.
    pub order: OrderRef,
    /// The accounts.
    pub accounts: Vec<AccountRef>,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// SHA-256 of the snapshot's manifest.
    pub snapshot_sha256: Digest,
}

/// `preserve.renewed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreserveRenewed {
    /// SHA-256 of the renewal.
    pub document_sha256: Digest,
    /// Until when from here on, exclusive.
    pub until: Timestamp,
}

/// `preserve.converted`: the process came; the data answers that request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreserveConverted {
    /// The request that the data answers.
    pub by_request: RequestId,
}

/// `preserve.lapsed`: the time is over, the snapshot is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreserveLapsed {
    /// When the snapshot was deleted.
    pub deleted_at: Timestamp,
}

/// `consent.recorded`: the account's owner agrees to exactly this (S-101, I-37).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentRecorded {
    /// What the owner agrees to: the exact bytes of a scope.
    pub scope: ExactScope,
    /// SHA-256 of the signed consent.
    pub document_sha256: Digest,
    /// SHA-256 of how the owner was identified.
    pub owner_proof_sha256: Digest,
    /// Whether every owner of each account signed, or a guardian or heir who may.
    pub by_every_owner: bool,
    /// Whether it was given freely.
    pub is_voluntary: bool,
    /// When it was signed.
    pub given_at: Timestamp,
    /// Until when it holds, exclusive; null: until it is revoked.
    #[serde(deserialize_with = "json::nullable")]
    pub expires_at: Option<Timestamp>,
}

/// `consent.revoked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentRevoked {
    /// The consent that is revoked.
    pub document_sha256: Digest,
    /// SHA-256 of the revocation.
    pub revocation_sha256: Digest,
    /// When it came.
    pub received_at: Timestamp,
}

/// `security.recorded`: what the reports on national security count (S-109 … S-112).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecurityRecorded {
    /// Which version of the order.
    pub order: OrderRef,
    /// Customer selectors it names (50 USC 1874).
    pub selectors: u32,
    /// The accounts it concerns, each on its service (S-112).
    pub accounts: Vec<AccountRef>,
    /// Since when it is effective.
    pub effective_from: Timestamp,
    /// Until when, exclusive; null: not stated.
    #[serde(deserialize_with = "json::nullable")]
    pub effective_to: Option<Timestamp>,
    /// Whether it carries the certification its law demands.
    pub is_certified: bool,
    /// Whether it tells of the right to review (18 USC 2709, 3511).
    pub tells_of_review: bool,
    /// When the first order for this platform, product or service was received, if that is a new one for
    /// such orders; null: such orders came before (50 USC 1874(b)).
    #[serde(deserialize_with = "json::nullable")]
    pub capability_since: Option<Timestamp>,
}
