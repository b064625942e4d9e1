//! What is recorded beside the requests: cost, holds, erasure, incidents, the provider's own
//! reports, published figures, the clock.

use serde::{Deserialize, Serialize};

use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, IncidentId, InvoiceId, ProductionId, ReportId, RequestId};
use crate::model::json;
use crate::model::time::Timestamp;
use crate::practice::due::Deadline;
use crate::tlog::{Hash, LeafIndex, TreeSize};

/// `rules.activated`: another rule set holds from this entry on, which names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RulesActivated {
    /// The number so far.
    pub from: u32,
    /// The number from here on.
    pub to: u32,
}

/// `deadline.passed`: the daemon's clock says that a time is over (S-12, I-57).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeadlinePassed {
    /// What was due.
    pub deadline: Deadline,
    /// The entry that set it.
    pub set_by: LeafIndex,
    /// When it was due.
    pub due_at: Timestamp,
}

/// `flag.raised`: a fact about a request that changes what may be charged (S-108).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlagRaised {
    /// Which.
    pub flag: Flag,
    /// SHA-256 of what shows it.
    pub evidence_sha256: Digest,
}

/// Facts that are known later than the classification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// It is about the exploitation of children.
    ChildExploitation,
}

/// `cost.invoiced` (S-105, S-106).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CostInvoiced {
    /// The bill.
    pub invoice: InvoiceId,
    /// ISO 4217.
    pub currency: String,
    /// What the work cost, in the currency's smallest unit.
    pub incurred: u64,
    /// What is charged, in the same unit.
    pub charged: u64,
}

/// `cost.credited`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CostCredited {
    /// The bill.
    pub invoice: InvoiceId,
    /// How much of it is given back, in the same unit.
    pub credited: u64,
    /// Why.
    pub reason: String,
}

/// `hold.placed`: data and record are kept whatever else is ordered (case 34).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldPlaced {
    /// Why.
    pub ground: HoldGround,
    /// SHA-256 of the order or the note.
    pub document_sha256: Digest,
    /// Until when, exclusive; null: until it is lifted.
    #[serde(deserialize_with = "json::nullable")]
    pub until: Option<Timestamp>,
}

/// Why something is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HoldGround {
    /// Litigation.
    LegalHold,
    /// A preservation request.
    Preservation,
    /// The year after a report to NCMEC (I-38).
    Ncmec,
}

/// `hold.lifted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldLifted {
    /// The entry that placed it.
    pub hold: LeafIndex,
    /// SHA-256 of what ends it.
    pub document_sha256: Digest,
}

/// `erasure.ordered`: the request's record is to become unreadable (I-49). An act: proposed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ErasureOrdered {
    /// Why.
    pub basis: ErasureBasis,
    /// SHA-256 of the order.
    pub document_sha256: Digest,
    /// Whether the order itself is under seal.
    pub is_under_seal: bool,
}

/// Why a record is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErasureBasis {
    /// A court expunged it.
    CourtOrder,
    /// Data-protection law.
    DataProtection,
}

/// `incident.opened`: something that should not have happened. About several requests, so it
/// names them by id only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentOpened {
    /// Its name.
    pub incident: IncidentId,
    /// What kind.
    pub kind: IncidentKind,
    /// The agency it is about; null if none.
    #[serde(deserialize_with = "json::nullable")]
    pub agency: Option<AgencyId>,
    /// The requests it touches.
    pub requests: Vec<RequestId>,
    /// Since when an agency's key may have been in other hands; only, and always, of that kind.
    #[serde(deserialize_with = "json::nullable")]
    pub since: Option<Timestamp>,
    /// The bundles it touches: with a lost agency key, all that were sealed to the agency since then
    /// (I-34).
    pub productions: Vec<ProductionId>,
    /// SHA-256 of the report about it.
    pub report_sha256: Digest,
}

/// Kinds of incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Somebody pretended to be an agency, and got nothing.
    Impersonation,
    /// Data went to somebody who pretended to be an agency.
    DisclosedToImpostor,
    /// An agency's key is in other hands.
    AgencyKeyCompromised,
    /// More left than was ordered.
    OverProduction,
    /// An order was quashed after its data left.
    QuashedAfterDelivery,
    /// What may be privileged went to investigators.
    PrivilegedDisclosed,
    /// Anything else.
    Other,
}

/// `incident.closed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentClosed {
    /// Which.
    pub incident: IncidentId,
    /// SHA-256 of the closing report.
    pub report_sha256: Digest,
}

/// `voluntary.disclosed`: without a demand, on one of the few grounds (S-35, S-37, S-38).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoluntaryDisclosed {
    /// Its name.
    pub report: ReportId,
    /// The ground; the list is closed.
    pub basis: VoluntaryBasis,
    /// What made the provider aware.
    pub source: VoluntarySource,
    /// Who the victim is; only, and always, for the basis `victim`.
    #[serde(deserialize_with = "json::nullable")]
    pub victim: Option<Victim>,
    /// To whom.
    pub recipient: AgencyId,
    /// Which classes; content never.
    pub classes: Vec<DataClass>,
    /// SHA-256 of the report.
    pub report_sha256: Digest,
}

/// Grounds to disclose without a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoluntaryBasis {
    /// Somebody is about to harm themselves or others (S-37).
    Threat,
    /// The provider, an employee or a customer is the victim of a crime (S-38).
    Victim,
}

/// What made the provider aware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoluntarySource {
    /// Something everybody can read.
    PublicPosting,
    /// A game service's moderators.
    GameService,
    /// A customer told.
    CustomerReferral,
    /// The provider's own security team.
    OwnSecurity,
}

/// Who is the victim, of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Victim {
    /// Who.
    pub kind: VictimKind,
    /// Of which crime.
    pub crime: String,
}

/// Who can be a victim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VictimKind {
    /// The provider.
    Provider,
    /// An employee.
    Employee,
    /// A customer.
    Customer,
}

/// `voluntary.declined`: asked to help without process, the provider did not (S-92).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoluntaryDeclined {
    /// Who asked; null if the directory does not have them.
    #[serde(deserialize_with = "json::nullable")]
    pub agency: Option<AgencyId>,
    /// SHA-256 of what was asked.
    pub document_sha256: Digest,
}

/// `ncmec.reported`: images of the exploitation of children (S-36). No request depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NcmecReported {
    /// Its name here.
    pub report: ReportId,
    /// The number that NCMEC gave it.
    pub cybertip: String,
    /// Who got it: NCMEC, and nobody else.
    pub recipient: String,
    /// Since when the provider actually knew.
    pub known_at: Timestamp,
    /// When it was reported.
    pub reported_at: Timestamp,
    /// Until when the data is kept, exclusive.
    pub preserved_until: Timestamp,
}

/// `ncmec.expired`: the time of keeping is over and the data gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NcmecExpired {
    /// Which report.
    pub report: ReportId,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// `attack.notified`: a customer was told of an attack by a state (S-73). Linked to no request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AttackNotified {
    /// How good the evidence is.
    pub evidence: AttackEvidence,
    /// When it was known.
    pub known_at: Timestamp,
    /// When the customer was told.
    pub notified_at: Timestamp,
    /// SHA-256 of the fixed text; the policy has it (S-74).
    pub template_sha256: Digest,
}

/// How good the evidence of an attack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttackEvidence {
    /// The account was attacked.
    Targeted,
    /// The account was taken over.
    Compromised,
}

/// `process.reviewed`: the screening itself was looked at (S-51, I-58).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProcessReviewed {
    /// Whether human rights were part of it.
    pub covers_human_rights: bool,
    /// SHA-256 of the report about it.
    pub report_sha256: Digest,
}

/// `figure.declared`: a number from outside that reports divide by (S-11). An act: proposed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FigureDeclared {
    /// Which.
    pub figure: DeclaredFigure,
    /// The first day of the period.
    pub period_from: Timestamp,
    /// The end of the period, exclusive.
    pub period_to: Timestamp,
    /// The number.
    pub value: u64,
    /// SHA-256 of its source.
    pub source_sha256: Digest,
}

/// Numbers that the log cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeclaredFigure {
    /// Accounts in use.
    ActiveAccounts,
}

/// `report.published` (S-10, I-46 … I-48).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportPublished {
    /// Its name.
    pub report: ReportId,
    /// Which series.
    pub series: Series,
    /// The first day of the period.
    pub period_from: Timestamp,
    /// The end of the period, exclusive.
    pub period_to: Timestamp,
    /// The size of the log it is computed from.
    pub size: TreeSize,
    /// The root at that size.
    pub root: Hash,
    /// SHA-256 of the report.
    pub report_sha256: Digest,
    /// The width of its bands; null if it has none (I-47).
    #[serde(deserialize_with = "json::nullable")]
    pub band_width: Option<u32>,
    /// When it became public.
    pub published_at: Timestamp,
}

/// `report.corrected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportCorrected {
    /// The report that is replaced.
    pub report: ReportId,
    /// The size of the log the correction is computed from.
    pub size: TreeSize,
    /// The root at that size.
    pub root: Hash,
    /// SHA-256 of the corrected report.
    pub report_sha256: Digest,
    /// Why.
    pub reason: String,
}

/// The series of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Series {
    /// Law-enforcement requests.
    LawEnforcement,
    /// National-security orders.
    NationalSecurity,
}
