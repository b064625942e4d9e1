//! Between a demand's arrival and its review: what is missing, what was checked, who was asked.

use serde::{Deserialize, Serialize};

use super::intake::{Channel, RejectCode, Verification};
use super::parts::{ExactScope, OrderRef};
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, CustomerId, PersonId, RequestId, ServiceId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::practice::policy::{Code, CountryCode};
use crate::tlog::LeafIndex;

/// `callback.made`: somebody rang the agency, or asked the court's clerk (I-30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CallbackMade {
    /// The agency that was asked.
    pub agency: AgencyId,
    /// Where the number comes from; only the directory's counts (S-43).
    pub number_source: NumberSource,
    /// SHA-256 of the number as the directory spells it; of the page that has it, if another source does.
    pub number_sha256: Digest,
    /// As of when that source is.
    pub number_dated: Timestamp,
    /// When it was called.
    pub called_at: Timestamp,
    /// What the other end said.
    pub answer: CallbackAnswer,
    /// SHA-256 of the note about the call.
    pub note_sha256: Digest,
}

/// Where a telephone number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NumberSource {
    /// The provider's own directory of agencies.
    Directory,
    /// An official register of courts or authorities.
    OfficialRegister,
    /// The letter itself: proves nothing.
    Letter,
}

/// What a call-back found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallbackAnswer {
    /// They sent it.
    Confirmed,
    /// They did not send it.
    Denied,
    /// Nobody who could say.
    NoAnswer,
}

/// `request.auth_failed`: the demand does not, or not demonstrably, come from whom it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestAuthFailed {
    /// How it was checked.
    pub method: Verification,
    /// What was found.
    pub finding: AuthFinding,
    /// SHA-256 of what was kept of the check.
    pub evidence: Vec<Digest>,
}

/// Why a demand is quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthFinding {
    /// The agency says that it did not send it.
    Denied,
    /// Nobody could confirm it.
    Unconfirmed,
    /// The sender's domain only looks like the agency's.
    LookalikeDomain,
    /// The signature is another document's, or does not verify.
    SignatureReused,
    /// The directory has no such agency.
    Unregistered,
}

/// `privilege.noted`: what is asked for may hold what the law keeps from investigators (case 35).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrivilegeNoted {
    /// Whose confidence it is.
    pub privilege: Privilege,
    /// SHA-256 of the note that says why.
    pub note_sha256: Digest,
}

/// Confidences that the law keeps from investigators, or lets a filter team see first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// A lawyer and a client.
    Legal,
    /// A journalist and a source.
    Journalistic,
    /// A doctor and a patient.
    Medical,
    /// A cleric and a penitent.
    Religious,
    /// A member of a parliament.
    Parliamentary,
}

/// `request.duplicated`: the same document again, through another channel (I-44).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestDuplicated {
    /// SHA-256 of the document: the order's in force, or an earlier version's.
    pub document_sha256: Digest,
    /// How it came this time.
    pub channel: Channel,
    /// When it came, as people say.
    pub received_at: Timestamp,
}

/// `request.linked`: this request and another belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestLinked {
    /// The other request.
    pub other: RequestId,
    /// How.
    pub relation: Relation,
}

/// How two requests belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The legal process after an emergency disclosure.
    FollowsEmergency,
    /// The government came back after a redirection.
    ReturnsAfterRedirect,
    /// The same docket, another agency or another order.
    SameMatter,
    /// This order replaces the other's.
    Supersedes,
    /// The data was preserved under the other.
    ConvertsPreservation,
}

/// `deficiency.noted`: one thing that keeps the demand from being valid (S-08, S-15 … S-22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeficiencyNoted {
    /// Which version of the order has it.
    pub order: OrderRef,
    /// Which of the eight.
    pub code: RejectCode,
    /// The item of the order's scope it is about, by position; null for the whole.
    #[serde(deserialize_with = "json::nullable")]
    pub item: Option<u32>,
    /// What exactly, for people.
    pub detail: String,
}

/// `request.cured`: a new document that mends deficiencies, or reopens a rejected request (S-08).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestCured {
    /// The entries that noted what is mended; empty only when a rejected request is reopened.
    pub deficiencies: Vec<LeafIndex>,
    /// The new document, one version later.
    pub order: OrderRef,
    /// Its media type.
    pub media_type: String,
    /// How it came.
    pub channel: Channel,
    /// When it came, as people say.
    pub received_at: Timestamp,
}

/// `request.split`: items with a deficiency are set aside, so that the others may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestSplit {
    /// The entry that noted the deficiency.
    pub deficiency: LeafIndex,
    /// The order's items set aside, ascending; the review must refuse each.
    pub items: Vec<u32>,
    /// Why the others are sound, for people.
    pub reason: String,
}

/// `request.narrowed`: the requester agreed to less (S-27).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestNarrowed {
    /// Which version of the order.
    pub order: OrderRef,
    /// SHA-256 of the scope so far.
    pub old_scope_sha256: Digest,
    /// What it asks for from here on: the exact bytes of a scope.
    pub scope: ExactScope,
    /// How the requester agreed.
    pub agreement: Agreement,
    /// SHA-256 of that agreement.
    pub document_sha256: Digest,
    /// Who negotiated it; the event's actor too.
    pub counsel: PersonId,
}

/// How a requester agrees to less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// In writing.
    Written,
    /// By a court's amended order.
    AmendedOrder,
}

/// `interval.stated`: the order's own dates, from which the scope's UTC intervals follow (I-15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IntervalStated {
    /// Which version of the order.
    pub order: OrderRef,
    /// One row for each item of the order's scope that has an interval.
    pub items: Vec<StatedInterval>,
}

/// The dates that the document has for one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatedInterval {
    /// The item of the order's scope, by position.
    pub item: u32,
    /// The beginning; null if the order has none.
    #[serde(deserialize_with = "json::nullable")]
    pub from: Option<StatedTime>,
    /// The end; null if the order has none.
    #[serde(deserialize_with = "json::nullable")]
    pub to: Option<StatedTime>,
    /// Whether the day (or the second) named as the end still belongs to it ("through").
    pub to_is_inclusive: bool,
}

/// A date as a document has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatedTime {
    /// `2026-06-30`.
    pub date: String,
    /// `23:59:59`; null for a date alone.
    #[serde(deserialize_with = "json::nullable")]
    pub time: Option<String>,
    /// The offset from UTC in force there and then, `-07:00`; null if the document has no zone,
    /// and then the policy's default counts.
    #[serde(deserialize_with = "json::nullable")]
    pub offset: Option<String>,
}

/// `accounts.profiled`: the facts about each account that decide how it is treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountsProfiled {
    /// Which version of the order.
    pub order: OrderRef,
    /// Each account of the order's scope once.
    pub accounts: Vec<AccountProfile>,
}

/// What is known of one account, at receipt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountProfile {
    /// The service.
    pub service: ServiceId,
    /// The account. Personal data.
    pub account: String,
    /// Whose it is.
    pub segment: Segment,
    /// Seats of the customer's contract at receipt; null for a consumer.
    #[serde(deserialize_with = "json::nullable")]
    pub seats: Option<u32>,
    /// The organisation; null for a consumer.
    #[serde(deserialize_with = "json::nullable")]
    pub customer: Option<CustomerId>,
    /// The country of the customer; null if it is not known.
    #[serde(deserialize_with = "json::nullable")]
    pub customer_country: Option<CountryCode>,
    /// Whether the customer is a US person or resides there; null if it is not known.
    #[serde(deserialize_with = "json::nullable")]
    pub us_person: Option<bool>,
    /// Where the content is hosted; null if it is not known.
    #[serde(deserialize_with = "json::nullable")]
    pub hosted_in: Option<CountryCode>,
    /// Which of the provider's entities controls it.
    pub controller: Code,
    /// Who holds the keys (S-88).
    pub custody: Custody,
    /// Since when the account is this customer's; null: always (recycled addresses).
    #[serde(deserialize_with = "json::nullable")]
    pub owned_from: Option<Timestamp>,
    /// Until when it was this customer's, exclusive; null: still.
    #[serde(deserialize_with = "json::nullable")]
    pub owned_to: Option<Timestamp>,
    /// Kinds of data that an instrument of the policy leaves out, and that the content asked for
    /// here has, or likely has; empty for none.
    pub excluded: Vec<Code>,
}

impl std::fmt::Debug for AccountProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountProfile({:?} at {})", self.segment, self.service)
    }
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// A consumer's.
    Consumer,
    /// An organisation's: an enterprise above the policy's number of seats, commercial below it.
    Commercial,
    /// A public body's.
    Government,
    /// A school's or university's.
    Educational,
}

/// Who holds the keys to an account's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Custody {
    /// The provider.
    Provider,
    /// The customer alone.
    Customer,
    /// Both are needed.
    Double,
    /// End to end: the provider never has them.
    EndToEnd,
}

/// `legality.reviewed`: local law and procedure, read for this demand (S-32, S-50, I-54).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LegalityReviewed {
    /// Which version of the order.
    pub order: OrderRef,
    /// Whose law.
    pub country: CountryCode,
    /// Who read it; the event's actor too.
    pub reviewer: PersonId,
    /// The provisions of law, at least one.
    pub law: Vec<Provision>,
    /// The provisions on procedure, at least one.
    pub procedure: Vec<Provision>,
    /// Whether the requester followed them.
    pub followed: bool,
    /// Who served the demand, by the policy's code; null where the law leaves it open (S-18).
    #[serde(deserialize_with = "json::nullable")]
    pub served_by: Option<Code>,
    /// SHA-256 of the reviewer's note.
    pub note_sha256: Digest,
}

/// A provision in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provision {
    /// Its citation.
    pub cite: String,
    /// As of when the text that was read is.
    pub version: Timestamp,
}

/// `rights.screened`: what the demand may do to people (S-34).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RightsScreened {
    /// Which version of the order.
    pub order: OrderRef,
    /// The country's tier as the screening guide has it.
    pub tier: RiskTier,
    /// Whom it concerns, as far as can be told; empty for nobody in particular.
    pub subjects: Vec<SubjectClass>,
    /// SHA-256 of the screener's note.
    pub note_sha256: Digest,
}

/// How high the risk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RiskTier {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High: two people decide.
    High,
}

/// People whose data is looked at twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubjectClass {
    /// A journalist.
    Journalist,
    /// A lawyer.
    Lawyer,
    /// A politician.
    Politician,
    /// A minor.
    Minor,
    /// A dissident.
    Dissident,
}

/// `rights.escalated`: two people decided about a high risk (I-55). An act: proposed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RightsEscalated {
    /// The screening's entry.
    pub screening: LeafIndex,
    /// What they decided.
    pub decision: Escalation,
    /// Why.
    pub reason: String,
}

/// What an escalation decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// The request may go on.
    Proceed,
    /// It must be rejected or challenged.
    Stop,
}
