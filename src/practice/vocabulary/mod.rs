//! The closed vocabulary: every event there is, with exactly its members.
//!
//! **In scope**: the names, since which rule set each is one, who makes it, which peer may post
//! it, what it carries. An event keeps its members for ever; new facts are new events. A member
//! may be null where its type is an `Option`, and left out only where it is marked `default`.
//! **Out of scope**: when it is legal (`rules1`, `rules2`), and the envelope around `data`
//! ([`crate::model::event`]). docs/events.md has one row per event, with an example that
//! the tests run.
//!
//! Events about a delivered bundle hold digests and opaque ids only, because they are
//! opened to the agency (docs/FORMATS.md, The bundle).

pub mod approving;
pub mod founding;
pub mod governing;
pub mod intake;
pub mod objection;
pub mod packaging;
pub mod parts;
pub mod records;
pub mod screening;
pub mod secrecy;
pub mod special;

use std::fmt;

use serde_json::value::RawValue;

use super::RuleSet;
use super::refusal::Refusal;
use super::rule::Rule;
use crate::model::json;

pub use approving::{ApprovalRecord, Legality, RefusedItem, ReviewCompleted};
pub use founding::{Activated, Crypto, LogCreated};
pub use governing::{AccessDenied, AccessRead, ActProposed, ClockAccepted};
pub use intake::{
    Channel, Identifier, IdentifierKind, Nature, OrderAmended, RejectCode, RejectReason,
    RequestAuthenticated, RequestClassified, RequestKind, RequestReceived, RequestRejected, RequestWithdrawn,
    SignatureFact, SignatureKind, Verification,
};
pub use objection::{
    ChallengeDecided, ChallengeFiled, ComityAssessed, ComityFinding, Exemption, RedirectAnswered,
    RedirectAttempted, RedirectExempted, Relief, Ruling,
};
pub use packaging::{
    BundleDestroyed, BundleProvenance, BundleReleased, BundleSealed, CustodyChecked, CustodyGround,
    CustodyRefused, DataFiltered, DataPlanned, DataReceived, DataTallied, DeliveryExpired, DeliveryReport,
    DestroyReason, DisclosureOpened, KeyUsed, NoDataCertified, ProductionSuperseding, RecallAnswered,
    RecallGround, RecallRequested, ScanCleared, SourceFile, SourceRead, SupersedingKind, Tally, Withheld,
};
pub use parts::{Base64, ExactScope, LeafRef, OrderRef};
pub use records::{
    AttackEvidence, AttackNotified, CostCredited, CostInvoiced, DeadlinePassed, DeclaredFigure, ErasureBasis,
    ErasureOrdered, FigureDeclared, Flag, FlagRaised, HoldGround, HoldLifted, HoldPlaced, IncidentClosed,
    IncidentKind, IncidentOpened, NcmecExpired, NcmecReported, ProcessReviewed, ReportCorrected,
    ReportPublished, RulesActivated, Series, Victim, VictimKind, VoluntaryBasis, VoluntaryDeclined,
    VoluntaryDisclosed, VoluntarySource,
};
pub use screening::{
    AccountProfile, AccountsProfiled, Agreement, AuthFinding, CallbackAnswer, CallbackMade, Custody,
    DeficiencyNoted, Escalation, IntervalStated, LegalityReviewed, NumberSource, Privilege, PrivilegeNoted,
    Provision, Relation, RequestAuthFailed, RequestCured, RequestDuplicated, RequestLinked, RequestNarrowed,
    RequestSplit, RightsEscalated, RightsScreened, RiskTier, Segment, StatedInterval, StatedTime,
    SubjectClass,
};
pub use secrecy::{
    AccountRef, NoticeGround, NoticeGroundLifted, NoticeRecipient, NoticeSent, NoticeSuppressed,
    NoticeWaived, NoticeWithheld, PermissionAnswered, PermissionSought, SecrecyChallengeDecided,
    SecrecyChallenged, SecrecyExtended, SecrecyNarrowed, SecrecyRecorded, SecrecyResult, SecrecyReviewed,
    SecrecyVacated,
};
pub use special::{
    ConsentRecorded, ConsentRevoked, EmergencyAssessed, EmergencyCategory, EmergencyGround, FollowupLapsed,
    FollowupReceived, FollowupRefused, Letterhead, NeedStatement, PreserveConverted, PreserveLapsed,
    PreserveRenewed, PreserveStarted, SecurityRecorded,
};

/// Who an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// `init`, unsigned; later, where it is possible, people.
    Founding,
    /// The review system, on behalf of the person in `actor`.
    ReviewSystem,
    /// A person; the event carries what they signed, or names the approvals that others signed.
    Person,
    /// An agency; the event carries what it signed.
    Agency,
    /// The daemon alone: posting one from outside is forbidden.
    Daemon,
}

/// What a socket peer may be, by its uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerRole {
    /// The provider's review system.
    ReviewSystem,
    /// A reviewer's own command line.
    Reviewer,
    /// Whoever runs the daemon.
    Operator,
    /// Reads; posts nothing.
    Auditor,
}

/// Whether an event is about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// `request` is null.
    Log,
    /// `request` names one.
    Request,
    /// Either, as the approval's kind demands.
    Either,
}

/// How many envelopes an event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signed {
    /// None.
    No,
    /// One approval.
    Approval,
    /// Two approvals by two people.
    TwoApprovals,
    /// An SSHSIG, in `data`.
    Acknowledgement,
}

macro_rules! events {
    ($($since:ident: $variant:ident($data:ty) = $name:literal, $maker:ident, $subject:ident, $signed:ident,
        [$($peer:ident),*], $meaning:literal;)+) => {
        /// The type of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $(#[doc = $meaning] $variant,)+ }

        /// The members of an event's `data`, by type.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Data { $(#[doc = $meaning] $variant($data),)+ }

        impl EventType {
            /// Every type, in the order of a request's life.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in the event's `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            fn named(text: &str) -> Option<Self> {
                match text {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// What happened, in one clause.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// The first rule set that knows it.
            #[must_use]
            pub const fn since(self) -> RuleSet {
                match self { $(Self::$variant => RuleSet::$since,)+ }
            }

            /// Who makes it.
            #[must_use]
            pub const fn maker(self) -> Maker {
                match self { $(Self::$variant => Maker::$maker,)+ }
            }

            /// What it is about.
            #[must_use]
            pub const fn subject(self) -> Subject {
                match self { $(Self::$variant => Subject::$subject,)+ }
            }

            /// What is signed.
            #[must_use]
            pub const fn signed(self) -> Signed {
                match self { $(Self::$variant => Signed::$signed,)+ }
            }

            /// Which peers may post it; nobody, if the daemon alone makes it.
            #[must_use]
            pub const fn posted_by(self) -> &'static [PeerRole] {
                match self { $(Self::$variant => &[$(PeerRole::$peer),*],)+ }
            }

            /// Reads `data` strictly as this type's.
            ///
            /// # Errors
            /// [`Refusal`] F-01, with what serde found wrong; values are not quoted.
            pub fn read(self, data: &RawValue) -> Result<Data, Refusal> {
                match self { $(Self::$variant => read(data).map(Data::$variant),)+ }
            }

            /// The JSON Schema of `data`.
            #[cfg(test)]
            pub(super) fn schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self {
                    $(Self::$variant => <$data as schemars::JsonSchema>::json_schema(generator),)+
                }
            }
        }
    };
}

events! {
    One: LogCreated(LogCreated) = "log.created", Founding, Log, No, [],
        "The log begins.";
    One: PolicyActivated(Activated) = "policy.activated", Person, Log, No, [Operator, ReviewSystem],
        "A policy holds for later entries.";
    One: DirectoryActivated(Activated) = "directory.activated", Person, Log, No, [Operator, ReviewSystem],
        "A directory of agencies holds for later entries.";
    One: RolesActivated(Activated) = "roles.activated", Person, Log, No, [Operator, ReviewSystem],
        "People, keys and roles hold for later entries.";
    One: ActProposed(ActProposed) = "act.proposed", Person, Either, No, [Operator, ReviewSystem],
        "Somebody proposes an act that two people must approve, with its full text.";
    One: AccessRead(AccessRead) = "access.read", Daemon, Log, No, [],
        "Somebody read sealed material.";
    One: AccessDenied(AccessDenied) = "access.denied", Daemon, Log, No, [],
        "Somebody asked for what they may not have.";
    One: ClockAccepted(ClockAccepted) = "clock.accepted", Person, Log, TwoApprovals, [Operator],
        "Two people accept that the clock jumped.";
    One: RequestReceived(RequestReceived) = "request.received", ReviewSystem, Request, No, [ReviewSystem],
        "A demand arrived.";
    One: RequestAuthenticated(RequestAuthenticated) = "request.authenticated", ReviewSystem, Request, No,
        [ReviewSystem], "The demand does come from that agency.";
    One: RequestClassified(RequestClassified) = "request.classified", ReviewSystem, Request, No, [ReviewSystem],
        "What the demand is, and exactly what it asks for.";
    One: OrderAmended(OrderAmended) = "order.amended", ReviewSystem, Request, No, [ReviewSystem],
        "The agency replaced its order by another document.";
    One: ReviewCompleted(ReviewCompleted) = "review.completed", ReviewSystem, Request, No, [ReviewSystem],
        "A person reviewed the demand: what may go on, what is refused and under which rule.";
    One: RequestRejected(RequestRejected) = "request.rejected", ReviewSystem, Request, No, [ReviewSystem],
        "The demand is rejected, with reasons from the list.";
    One: RequestWithdrawn(RequestWithdrawn) = "request.withdrawn", ReviewSystem, Request, No, [ReviewSystem],
        "The agency withdrew its demand.";
    One: ApprovalGiven(ApprovalRecord) = "approval.given", Person, Either, Approval,
        [ReviewSystem, Reviewer, Operator], "A person approved, with their key.";
    One: ApprovalRefused(ApprovalRecord) = "approval.refused", Person, Either, Approval,
        [ReviewSystem, Reviewer, Operator], "A person refused to approve, with their key.";
    One: ApprovalRevoked(ApprovalRecord) = "approval.revoked", Person, Either, Approval,
        [ReviewSystem, Reviewer, Operator], "A person took their approval back, with their key.";
    One: DisclosureOpened(DisclosureOpened) = "disclosure.opened", Daemon, Request, No, [],
        "A collection begins, for exactly the approved scope.";
    One: DataReceived(DataReceived) = "data.received", Daemon, Request, No, [],
        "The sources were read.";
    One: DataPlanned(DataPlanned) = "data.planned", Daemon, Request, No, [],
        "What goes into the bundle, by its sizes and digest.";
    One: DataFiltered(DataFiltered) = "data.filtered", Daemon, Request, No, [],
        "How much was kept and how much withheld, by rule.";
    One: BundleProvenance(BundleProvenance) = "bundle.provenance", Daemon, Request, No, [],
        "The key and the source digests that tie the bundle to its sources.";
    One: BundleSealed(BundleSealed) = "bundle.sealed", Daemon, Request, No, [],
        "The bundle is encrypted, and this is its digest.";
    One: BundleReleased(BundleReleased) = "bundle.released", Daemon, Request, No, [],
        "The bundle may leave.";
    One: BundleDestroyed(BundleDestroyed) = "bundle.destroyed", Daemon, Request, No, [],
        "The bundle, or what there was of it, is gone.";
    One: DeliveryAcknowledged(DeliveryReport) = "delivery.acknowledged", Agency, Request, Acknowledgement,
        [ReviewSystem, Operator], "The agency opened the bundle, and signed that.";
    One: DeliveryFailed(DeliveryReport) = "delivery.failed", Agency, Request, Acknowledgement,
        [ReviewSystem, Operator], "The agency could not open the bundle, and signed that.";
    // -- rule set 2 --
    Two: RulesActivated(RulesActivated) = "rules.activated", Person, Log, No, [Operator, ReviewSystem],
        "Another rule set holds from this entry on.";
    Two: DeadlinePassed(DeadlinePassed) = "deadline.passed", Daemon, Either, No, [],
        "The daemon's clock says that something was due.";
    Two: EncryptionRecorded(Crypto) = "encryption.recorded", Daemon, Log, No, [],
        "The daemon started with other algorithms than the log names.";
    Two: CallbackMade(CallbackMade) = "callback.made", ReviewSystem, Request, No, [ReviewSystem],
        "Somebody called the agency back.";
    Two: RequestAuthFailed(RequestAuthFailed) = "request.auth_failed", ReviewSystem, Request, No, [ReviewSystem],
        "The demand does not demonstrably come from that agency: quarantine.";
    Two: RequestDuplicated(RequestDuplicated) = "request.duplicated", ReviewSystem, Request, No, [ReviewSystem],
        "The same document came again; it is one request.";
    Two: RequestLinked(RequestLinked) = "request.linked", ReviewSystem, Request, No, [ReviewSystem],
        "This request and another belong together.";
    Two: DeficiencyNoted(DeficiencyNoted) = "deficiency.noted", ReviewSystem, Request, No, [ReviewSystem],
        "Something keeps the demand from being valid.";
    Two: RequestCured(RequestCured) = "request.cured", ReviewSystem, Request, No, [ReviewSystem],
        "A new document mends it.";
    Two: RequestSplit(RequestSplit) = "request.split", ReviewSystem, Request, No, [ReviewSystem],
        "Deficient items are set aside, so that the others may go on.";
    Two: RequestNarrowed(RequestNarrowed) = "request.narrowed", ReviewSystem, Request, No, [ReviewSystem],
        "The requester agreed to less.";
    Two: IntervalStated(IntervalStated) = "interval.stated", ReviewSystem, Request, No, [ReviewSystem],
        "The order's own dates, from which the scope's UTC intervals follow.";
    Two: AccountsProfiled(AccountsProfiled) = "accounts.profiled", ReviewSystem, Request, No, [ReviewSystem],
        "The facts about each account that decide how it is treated.";
    Two: LegalityReviewed(LegalityReviewed) = "legality.reviewed", ReviewSystem, Request, No, [ReviewSystem],
        "A qualified person read the local law and procedure for this demand.";
    Two: RightsScreened(RightsScreened) = "rights.screened", ReviewSystem, Request, No, [ReviewSystem],
        "What the demand may do to people was considered.";
    Two: PrivilegeNoted(PrivilegeNoted) = "privilege.noted", ReviewSystem, Request, No, [ReviewSystem],
        "It may hold what only a filter team may see.";
    Two: RightsEscalated(RightsEscalated) = "rights.escalated", Person, Request, No, [ReviewSystem],
        "Two people decided about a high risk to human rights.";
    Two: ComityAssessed(ComityAssessed) = "comity.assessed", ReviewSystem, Request, No, [ReviewSystem],
        "Whether another country's law stands against the demand.";
    Two: RedirectAttempted(RedirectAttempted) = "redirect.attempted", ReviewSystem, Request, No, [ReviewSystem],
        "The requester was asked to go to the customer instead.";
    Two: RedirectAccepted(RedirectAnswered) = "redirect.accepted", ReviewSystem, Request, No, [ReviewSystem],
        "The requester goes to the customer.";
    Two: RedirectRefused(RedirectAnswered) = "redirect.refused", ReviewSystem, Request, No, [ReviewSystem],
        "The requester does not go to the customer.";
    Two: RedirectExempted(RedirectExempted) = "redirect.exempted", Person, Request, No, [ReviewSystem],
        "Two people decided, on a ground of the list, that nobody is asked to go to the customer.";
    Two: ChallengeFiled(ChallengeFiled) = "challenge.filed", ReviewSystem, Request, No, [ReviewSystem],
        "The provider moved a court to quash or modify the demand.";
    Two: ChallengeDecided(ChallengeDecided) = "challenge.decided", ReviewSystem, Request, No, [ReviewSystem],
        "The court decided.";
    Two: SecrecyRecorded(SecrecyRecorded) = "secrecy.recorded", ReviewSystem, Request, No, [ReviewSystem],
        "An order forbids telling.";
    Two: SecrecyExtended(SecrecyExtended) = "secrecy.extended", ReviewSystem, Request, No, [ReviewSystem],
        "It holds longer.";
    Two: SecrecyNarrowed(SecrecyNarrowed) = "secrecy.narrowed", ReviewSystem, Request, No, [ReviewSystem],
        "It covers less.";
    Two: SecrecyVacated(SecrecyVacated) = "secrecy.vacated", ReviewSystem, Request, No, [ReviewSystem],
        "It ended before its time.";
    Two: SecrecyChallenged(SecrecyChallenged) = "secrecy.challenged", ReviewSystem, Request, No, [ReviewSystem],
        "The provider moved a court against it.";
    Two: SecrecyChallengeDecided(SecrecyChallengeDecided) = "secrecy.challenge_decided", ReviewSystem, Request, No,
        [ReviewSystem], "The court decided about the secrecy.";
    Two: PermissionSought(PermissionSought) = "secrecy.permission_sought", ReviewSystem, Request, No,
        [ReviewSystem], "The provider asked to be allowed to tell.";
    Two: PermissionAnswered(PermissionAnswered) = "secrecy.permission_answered", ReviewSystem, Request, No,
        [ReviewSystem], "The answer to that.";
    Two: SecrecyReviewed(SecrecyReviewed) = "secrecy.reviewed", ReviewSystem, Request, No, [ReviewSystem],
        "An order without end was looked at again.";
    Two: NoticeSent(NoticeSent) = "notice.sent", ReviewSystem, Request, No, [ReviewSystem],
        "The customer was told.";
    Two: NoticeSuppressed(NoticeSuppressed) = "notice.suppressed", ReviewSystem, Request, No, [ReviewSystem],
        "The law forbids telling now.";
    Two: NoticeWithheld(NoticeWithheld) = "notice.withheld", ReviewSystem, Request, No, [ReviewSystem],
        "A consumer is not told before the release, on a ground of the list.";
    Two: NoticeGroundLifted(NoticeGroundLifted) = "notice.ground_lifted", ReviewSystem, Request, No,
        [ReviewSystem], "The ground not to tell is gone.";
    Two: NoticeWaived(NoticeWaived) = "notice.waived", Person, Request, No, [ReviewSystem],
        "Two people decided not to tell a consumer.";
    Two: EmergencyAssessed(EmergencyAssessed) = "emergency.assessed", ReviewSystem, Request, No, [ReviewSystem],
        "A named person found that it is an emergency, with all that one must have.";
    Two: FollowupReceived(FollowupReceived) = "followup.received", ReviewSystem, Request, No, [ReviewSystem],
        "Legal process followed the emergency.";
    Two: FollowupRefused(FollowupRefused) = "followup.refused", ReviewSystem, Request, No, [ReviewSystem],
        "The agency says that none will follow.";
    Two: FollowupLapsed(FollowupLapsed) = "followup.lapsed", ReviewSystem, Request, No, [ReviewSystem],
        "None followed in time.";
    Two: PreserveStarted(PreserveStarted) = "preserve.started", ReviewSystem, Request, No, [ReviewSystem],
        "Data is kept; nothing is disclosed.";
    Two: PreserveRenewed(PreserveRenewed) = "preserve.renewed", ReviewSystem, Request, No, [ReviewSystem],
        "It is kept longer.";
    Two: PreserveConverted(PreserveConverted) = "preserve.converted", ReviewSystem, Request, No, [ReviewSystem],
        "Process came for what was kept.";
    Two: PreserveLapsed(PreserveLapsed) = "preserve.lapsed", ReviewSystem, Request, No, [ReviewSystem],
        "The time of keeping is over.";
    Two: ConsentRecorded(ConsentRecorded) = "consent.recorded", ReviewSystem, Request, No, [ReviewSystem],
        "The account's owner agrees to a disclosure.";
    Two: ConsentRevoked(ConsentRevoked) = "consent.revoked", ReviewSystem, Request, No, [ReviewSystem],
        "The owner no longer agrees.";
    Two: SecurityRecorded(SecurityRecorded) = "security.recorded", ReviewSystem, Request, No, [ReviewSystem],
        "What the reports on national security count of this order.";
    Two: DataTallied(DataTallied) = "data.tallied", Daemon, Request, No, [],
        "What the bundle will hold, class by class.";
    Two: NoDataCertified(NoDataCertified) = "no_data.certified", ReviewSystem, Request, No, [ReviewSystem],
        "Everything was searched and nothing found.";
    Two: ScanCleared(ScanCleared) = "scan.cleared", Person, Request, No, [ReviewSystem],
        "Two people decided that an item only looks like key material.";
    Two: KeyUsed(KeyUsed) = "key.used", Daemon, Request, No, [],
        "A key of the provider opened data for a collection.";
    Two: CustodyChecked(CustodyChecked) = "custody.checked", ReviewSystem, Request, No, [ReviewSystem],
        "Who holds the keys to what was ordered.";
    Two: CustodyRefused(CustodyRefused) = "custody.refused", ReviewSystem, Request, No, [ReviewSystem],
        "The customer does not release its data.";
    Two: DeliveryExpired(DeliveryExpired) = "delivery.expired", ReviewSystem, Request, No, [ReviewSystem],
        "The agency let its time to open the bundle pass.";
    Two: RecallRequested(RecallRequested) = "recall.requested", ReviewSystem, Request, No, [ReviewSystem],
        "A delivered bundle is asked back.";
    Two: RecallAnswered(RecallAnswered) = "recall.answered", ReviewSystem, Request, No, [ReviewSystem],
        "What the agency answered.";
    Two: ProductionSuperseding(ProductionSuperseding) = "production.superseding", ReviewSystem, Request, No,
        [ReviewSystem], "The next bundle corrects or supplements a delivered one.";
    Two: FlagRaised(FlagRaised) = "flag.raised", ReviewSystem, Request, No, [ReviewSystem],
        "A fact that became known later.";
    Two: CostInvoiced(CostInvoiced) = "cost.invoiced", ReviewSystem, Request, No, [ReviewSystem],
        "The requester is charged.";
    Two: CostCredited(CostCredited) = "cost.credited", ReviewSystem, Request, No, [ReviewSystem],
        "A charge is given back.";
    Two: HoldPlaced(HoldPlaced) = "hold.placed", ReviewSystem, Request, No, [ReviewSystem],
        "Nothing of it may be erased.";
    Two: HoldLifted(HoldLifted) = "hold.lifted", ReviewSystem, Request, No, [ReviewSystem],
        "The hold is over.";
    Two: ErasureOrdered(ErasureOrdered) = "erasure.ordered", Person, Request, No, [ReviewSystem],
        "Two people decided, on a court's order or the law's, that the record becomes unreadable.";
    Two: IncidentOpened(IncidentOpened) = "incident.opened", ReviewSystem, Log, No, [ReviewSystem],
        "Something happened that should not have.";
    Two: IncidentClosed(IncidentClosed) = "incident.closed", ReviewSystem, Log, No, [ReviewSystem],
        "It was dealt with.";
    Two: VoluntaryDisclosed(VoluntaryDisclosed) = "voluntary.disclosed", ReviewSystem, Log, No, [ReviewSystem],
        "The provider reported something by itself, on a ground of the list.";
    Two: VoluntaryDeclined(VoluntaryDeclined) = "voluntary.declined", ReviewSystem, Log, No, [ReviewSystem],
        "The provider did not help without process.";
    Two: NcmecReported(NcmecReported) = "ncmec.reported", ReviewSystem, Log, No, [ReviewSystem],
        "Child exploitation was reported to NCMEC.";
    Two: NcmecExpired(NcmecExpired) = "ncmec.expired", ReviewSystem, Log, No, [ReviewSystem],
        "What was kept for NCMEC is gone, after its time.";
    Two: AttackNotified(AttackNotified) = "attack.notified", ReviewSystem, Log, No, [ReviewSystem],
        "A customer was told of an attack by a state.";
    Two: ProcessReviewed(ProcessReviewed) = "process.reviewed", ReviewSystem, Log, No, [ReviewSystem],
        "The screening itself was reviewed.";
    Two: FigureDeclared(FigureDeclared) = "figure.declared", Person, Log, No, [ReviewSystem],
        "Two people declared a number that the log cannot know.";
    Two: ReportPublished(ReportPublished) = "report.published", ReviewSystem, Log, No, [ReviewSystem, Operator],
        "A transparency report became public.";
    Two: ReportCorrected(ReportCorrected) = "report.corrected", ReviewSystem, Log, No, [ReviewSystem, Operator],
        "A published report was corrected.";
}

impl EventType {
    /// Whether by it customer data moves, or is let move: what an auditor looks at first.
    #[must_use]
    pub const fn moves_data(self) -> bool {
        matches!(
            self,
            Self::ApprovalGiven
                | Self::DisclosureOpened
                | Self::DataReceived
                | Self::DataPlanned
                | Self::DataFiltered
                | Self::KeyUsed
                | Self::ScanCleared
                | Self::BundleProvenance
                | Self::BundleSealed
                | Self::BundleReleased
                | Self::VoluntaryDisclosed
                | Self::NcmecReported
        )
    }
}

/// The name is not an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event; the list is in docs/events.md")]
pub struct EventTypeError;

impl std::str::FromStr for EventType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, EventTypeError> {
        Self::named(text).ok_or(EventTypeError)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn read<T: serde::de::DeserializeOwned>(data: &RawValue) -> Result<T, Refusal> {
    json::read_part(data).map_err(|error| {
        let pointer = format!("/data{}", error.pointer().unwrap_or_default());
        Refusal::malformed(Rule::F01, &pointer, error.to_string(), "send the members docs/events.md lists")
    })
}
