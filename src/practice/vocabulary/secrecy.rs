//! Secrecy orders, and whom the provider tells.

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::id::{SecrecyId, ServiceId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::practice::directory::Level;
use crate::practice::policy::Code;

/// An account by its two names. Personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountRef {
    /// The service.
    pub service: ServiceId,
    /// The account.
    pub account: String,
}

impl std::fmt::Debug for AccountRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountRef(at {})", self.service)
    }
}

/// `secrecy.recorded`: an order not to tell. One order may cover several requests: it is recorded
/// in each under the same name, and counted once (S-70).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyRecorded {
    /// The order's name.
    pub secrecy: SecrecyId,
    /// The kind of order, by the policy's code.
    pub code: Code,
    /// The level of government (S-71).
    pub level: Level,
    /// The court or authority.
    pub issuer: String,
    /// Its number.
    pub docket: String,
    /// SHA-256 of the document.
    pub document_sha256: Digest,
    /// The grounds it states (S-68).
    pub grounds: Vec<Code>,
    /// Whether a judge approved it (S-115).
    pub judge_approved: bool,
    /// Whether it says why it is necessary for these accounts (S-115).
    pub individual_necessity: bool,
    /// The accounts it covers; null: the whole request.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive; null: it has no end (S-77).
    #[serde(deserialize_with = "json::nullable")]
    pub to: Option<Timestamp>,
}

/// `secrecy.extended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyExtended {
    /// Which.
    pub secrecy: SecrecyId,
    /// SHA-256 of the document that extends it.
    pub document_sha256: Digest,
    /// When the court ordered it: after the old end there is a gap (I-28).
    pub ordered_at: Timestamp,
    /// The new end, exclusive; null: none.
    #[serde(deserialize_with = "json::nullable")]
    pub to: Option<Timestamp>,
}

/// `secrecy.narrowed`: it covers less, or for a shorter time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyNarrowed {
    /// Which.
    pub secrecy: SecrecyId,
    /// SHA-256 of the document.
    pub document_sha256: Digest,
    /// The accounts it still covers; null: the whole request.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// The end, exclusive; null: none.
    #[serde(deserialize_with = "json::nullable")]
    pub to: Option<Timestamp>,
}

/// `secrecy.vacated`: it ended before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyVacated {
    /// Which.
    pub secrecy: SecrecyId,
    /// SHA-256 of the document.
    pub document_sha256: Digest,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// `secrecy.challenged`: a motion against the secrecy order (S-72).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyChallenged {
    /// Which.
    pub secrecy: SecrecyId,
    /// The court.
    pub court: String,
    /// Its docket number.
    pub docket: String,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// SHA-256 of the motion.
    pub motion_sha256: Digest,
}

/// `secrecy.challenge_decided`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyChallengeDecided {
    /// Which order.
    pub secrecy: SecrecyId,
    /// How.
    pub result: SecrecyResult,
    /// When.
    pub decided_at: Timestamp,
    /// SHA-256 of the ruling.
    pub ruling_sha256: Digest,
    /// The accounts it still covers; null: the whole request.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// The end, exclusive; null: none.
    #[serde(deserialize_with = "json::nullable")]
    pub to: Option<Timestamp>,
}

/// How a challenge of a secrecy order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecrecyResult {
    /// It is vacated.
    Vacated,
    /// It covers less.
    Narrowed,
    /// It ends earlier.
    Shortened,
    /// It stands as it was.
    Upheld,
    /// The government withdrew it, or the demand with it (S-76).
    Withdrawn,
}

/// `secrecy.permission_sought`: asking to be allowed to tell (S-75).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PermissionSought {
    /// Which order.
    pub secrecy: SecrecyId,
    /// SHA-256 of the letter.
    pub letter_sha256: Digest,
}

/// `secrecy.permission_answered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PermissionAnswered {
    /// Which order.
    pub secrecy: SecrecyId,
    /// SHA-256 of the answer.
    pub answer_sha256: Digest,
    /// Whether telling is allowed.
    pub granted: bool,
    /// The accounts whose owners may be told; null: all of the request's.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
}

/// `secrecy.reviewed`: an order without end, looked at again (I-29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecrecyReviewed {
    /// Which.
    pub secrecy: SecrecyId,
    /// Whether it will be challenged.
    pub to_be_challenged: bool,
    /// SHA-256 of the note.
    pub note_sha256: Digest,
}

/// `notice.sent` (S-53, S-59, S-60).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeSent {
    /// Whose accounts it names; null: all of the request's.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// Who got it.
    pub recipient: NoticeRecipient,
    /// SHA-256 of the contact record it went to.
    pub contact_sha256: Digest,
    /// SHA-256 of the notice.
    pub notice_sha256: Digest,
    /// When it went.
    pub sent_at: Timestamp,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeRecipient {
    /// The account's owner.
    Owner,
    /// The organisation's contact on file.
    CustomerContact,
    /// Another way to reach the owner, because the account is in an intruder's hands.
    OtherChannel,
}

/// `notice.suppressed`: the law forbids it now (S-54).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeSuppressed {
    /// Whose accounts; null: all of the request's.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// The order that forbids it.
    pub secrecy: SecrecyId,
}

/// `notice.withheld`: the provider does not tell a consumer before the release (S-55, S-56).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeWithheld {
    /// Whose accounts; null: all of the request's.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// Why.
    pub ground: NoticeGround,
    /// SHA-256 of what the ground rests on.
    pub evidence_sha256: Digest,
    /// Whether another way to reach the owner was tried.
    pub other_contact_tried: bool,
    /// When it is looked at again: notice is due then.
    pub review_by: Timestamp,
}

/// Why a consumer is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeGround {
    /// Somebody would be in danger.
    Danger,
    /// It would defeat its purpose: the account is in an intruder's hands.
    Counterproductive,
}

/// `notice.ground_lifted`: the ground is gone, so notice is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeGroundLifted {
    /// Which ground.
    pub ground: NoticeGround,
    /// SHA-256 of what shows it.
    pub evidence_sha256: Digest,
}

/// `notice.waived`: a consumer is not told after the secrecy ended (S-58). An act: proposed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeWaived {
    /// Whose accounts; null: all of the request's.
    #[serde(deserialize_with = "json::nullable")]
    pub accounts: Option<Vec<AccountRef>>,
    /// Why.
    pub ground: NoticeGround,
    /// What it rests on, for people.
    pub reason: String,
    /// When it is looked at again.
    pub review_by: Timestamp,
}
