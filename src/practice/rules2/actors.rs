//! Who may make which event: one row for each, and one place that asks.
//!
//! **In scope**: the role of the person in `actor`, at this entry; docs/events.md prints the rows.
//! **Out of scope**: who signs (an envelope's key says who that is), who may not act twice on one
//! request (I-07), and which peer may post (the daemon's configuration).

use Role::{Collector, Counsel, Intake, Operator, PrivacyOfficer, Reviewer, SeniorReviewer};

use crate::practice::envelope::Context;
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::EventType;

/// Who makes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::practice) enum Actor {
    /// The daemon, its clock or its packager: nobody else bears its name (F-01).
    Daemon,
    /// Whoever signed what the event carries; the signature's own rules say who that may be.
    Signer,
    /// A person in one of these roles; the rule that wants that.
    Person(Rule, &'static [Role]),
}

/// Who takes in what arrives.
const DESK: &[Role] = &[Intake, Reviewer, SeniorReviewer];
/// Who finds, and who decides by rule.
const REVIEWERS: &[Role] = &[Reviewer, SeniorReviewer];
/// Who speaks for the provider to courts and requesters.
const COUNSEL: &[Role] = &[Counsel];
/// Who decides on notice.
const PRIVACY: &[Role] = &[PrivacyOfficer];
/// Who looks at a demand's law.
const LAWYERS: &[Role] = &[Reviewer, SeniorReviewer, Counsel];
/// Who answers for the practice as a whole.
const OFFICERS: &[Role] = &[SeniorReviewer, Counsel, PrivacyOfficer];
/// Everybody who works on demands.
const STAFF: &[Role] = &[Intake, Reviewer, SeniorReviewer, Counsel, PrivacyOfficer];
/// Who puts in force or publishes what others approved: no power over a request.
const GOVERNORS: &[Role] = &[SeniorReviewer, Counsel, PrivacyOfficer, Operator];
/// Who proposes: an operator only what is about no request.
const PROPOSERS: &[Role] = &[Reviewer, SeniorReviewer, Counsel, PrivacyOfficer, Operator];
/// Who runs the data systems, and knows who holds their keys.
const SYSTEMS: &[Role] = &[Collector];
/// Who tells a customer's answer about its keys.
const CUSTODIANS: &[Role] = &[Collector, Reviewer, SeniorReviewer, Counsel];

/// The row of an event. A new event has none, and does not compile.
pub(in crate::practice) const fn of(kind: EventType) -> Actor {
    use Actor::{Daemon, Person, Signer};
    use EventType as E;
    match kind {
        E::LogCreated
        | E::AccessRead
        | E::AccessDenied
        | E::DeadlinePassed
        | E::EncryptionRecorded
        | E::DisclosureOpened
        | E::DataReceived
        | E::DataPlanned
        | E::DataFiltered
        | E::DataTallied
        | E::KeyUsed
        | E::BundleProvenance
        | E::BundleSealed
        | E::BundleReleased
        | E::BundleDestroyed => Daemon,
        E::ApprovalGiven
        | E::ApprovalRefused
        | E::ApprovalRevoked
        | E::DeliveryAcknowledged
        | E::DeliveryFailed => Signer,
        E::PolicyActivated
        | E::DirectoryActivated
        | E::RolesActivated
        | E::RulesActivated
        | E::ClockAccepted => Person(Rule::I50, GOVERNORS),
        E::ActProposed => Person(Rule::I51, PROPOSERS),
        E::RequestReceived
        | E::RequestDuplicated
        | E::OrderAmended
        | E::RequestCured
        | E::RequestWithdrawn
        | E::FollowupReceived
        | E::FollowupRefused => Person(Rule::I08, DESK),
        E::RequestAuthenticated
        | E::RequestAuthFailed
        | E::CallbackMade
        | E::DeficiencyNoted
        | E::RequestSplit
        | E::RequestRejected
        | E::NoDataCertified
        | E::PreserveStarted
        | E::PreserveRenewed
        | E::PreserveConverted
        | E::PreserveLapsed
        | E::DeliveryExpired
        | E::ProductionSuperseding => Person(Rule::I08, REVIEWERS),
        E::RequestClassified | E::ReviewCompleted | E::IntervalStated | E::AccountsProfiled => {
            Person(Rule::S07, REVIEWERS)
        }
        E::LegalityReviewed => Person(Rule::S50, REVIEWERS),
        E::RightsScreened => Person(Rule::S34, REVIEWERS),
        E::EmergencyAssessed => Person(Rule::S39, REVIEWERS),
        E::RequestLinked
        | E::PrivilegeNoted
        | E::ComityAssessed
        | E::ScanCleared
        | E::ConsentRecorded
        | E::SecurityRecorded
        | E::RecallRequested
        | E::FollowupLapsed
        | E::RecallAnswered => Person(Rule::I08, LAWYERS),
        E::RequestNarrowed => Person(Rule::S27, COUNSEL),
        E::RedirectAttempted | E::RedirectAccepted | E::RedirectRefused => Person(Rule::S28, COUNSEL),
        E::RedirectExempted => Person(Rule::S29, COUNSEL),
        E::ChallengeFiled | E::ChallengeDecided => Person(Rule::S23, COUNSEL),
        E::SecrecyChallenged | E::SecrecyChallengeDecided => Person(Rule::S72, COUNSEL),
        E::SecrecyRecorded
        | E::SecrecyExtended
        | E::SecrecyNarrowed
        | E::SecrecyVacated
        | E::ConsentRevoked
        | E::FlagRaised
        | E::CostInvoiced
        | E::CostCredited => Person(Rule::I08, STAFF),
        E::NoticeSent | E::NoticeSuppressed | E::NoticeWithheld | E::NoticeGroundLifted | E::NoticeWaived => {
            Person(Rule::I08, PRIVACY)
        }
        E::CustodyChecked => Person(Rule::I08, SYSTEMS),
        E::CustodyRefused => Person(Rule::I08, CUSTODIANS),
        E::PermissionSought
        | E::PermissionAnswered
        | E::SecrecyReviewed
        | E::RightsEscalated
        | E::ErasureOrdered
        | E::HoldPlaced
        | E::HoldLifted
        | E::IncidentOpened
        | E::IncidentClosed
        | E::VoluntaryDisclosed
        | E::VoluntaryDeclined
        | E::NcmecReported
        | E::NcmecExpired
        | E::AttackNotified
        | E::ProcessReviewed
        | E::FigureDeclared => Person(Rule::I08, OFFICERS),
        E::ReportPublished | E::ReportCorrected => Person(Rule::I08, GOVERNORS),
    }
}

/// The actor is who the event's row names, registered and valid at this entry. An operator has
/// no power over requests.
pub(super) fn may_act(context: &Context<'_>) -> Result<(), Refusal> {
    let Actor::Person(rule, roles) = of(context.kind) else { return Ok(()) };
    let about_request = context.event.request.is_some();
    let roles: Vec<Role> = roles.iter().copied().filter(|role| !about_request || *role != Operator).collect();
    if context.is_person_in(context.event.actor.as_str(), &roles) {
        return Ok(());
    }
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    let reason = format!("{} is not {} under the roles in force", context.event.actor, names.join(" or "));
    let cure = "name the person who acts, registered in the role that docs/events.md says";
    Err(Refusal::forbidden(rule, "/actor", reason, cure))
}
