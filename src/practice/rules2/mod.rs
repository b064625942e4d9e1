//! Rule set 2: the whole practice.
//!
//! One file per family of events. Beside its events, a family has gates: what must hold of it
//! before a review, a collection, a seal or a release may be recorded. A gate that opens here
//! opens for the daemon and the auditor alike.
//!
//! What is the same as in rule set 1 is taken from there, by name.

mod actors;
mod acts;
mod approving;
mod challenge;
mod charges;
mod civil;
mod clock;
mod custody;
mod deficiency;
mod delivery;
mod emergency;
mod encryption;
mod incident;
mod instrument;
mod intake;
mod interval;
mod legality;
mod matrix;
mod notice;
mod ownership;
mod packaging;
mod path;
mod preservation;
mod privilege;
mod profile;
mod publication;
mod redirect;
mod review;
mod secrecy;
mod security;
mod voluntary;

use super::case::Case;
use super::change::Verdict;
use super::due::Due;
use super::envelope::{Context, admitted, checked, is_the_events_request, known, not_now};
use super::policy::Policy;
use super::refusal::Refusal;
use super::rules1;
use super::vocabulary::Data;
use super::world::World;
use super::{RuleSet, Stamp, State};
use crate::model::event::Event;

pub(super) fn apply(state: State<'_>, event: &Event, stamp: Stamp) -> Result<Verdict, Refusal> {
    let (kind, data) = checked(RuleSet::Two, state, event, stamp)?;
    let Some(force) = state.world.in_force() else {
        let founded = rules1::governing::found(RuleSet::Two, state.world, event, stamp, data)?;
        let mut change = publication::begin(founded, stamp);
        publication::note_half(state.world, &mut change, stamp);
        return Ok(admitted(change));
    };
    let context = Context { event, stamp, world: state.world, force, kind };
    if let Some(case) = state.case {
        is_the_events_request(case, event)?;
    }
    actors::may_act(&context)?;
    charges::is_not_erased(&context, state.case)?;
    // An act that two people must approve uses their approval up, whatever it then does.
    let spent = acts::spend(&context, state.case)?;
    let context = spent.as_ref().map_or(context, |spent| Context { world: &spent.world, ..context });
    let case = spent.as_ref().and_then(|spent| spent.case.as_ref()).or(state.case);
    let mut verdict = dispatch(&context, case, data).map(|verdict| acts::with_spent(verdict, spent))?;
    if let Verdict::Admitted(change) = &mut verdict {
        clock::lateness_is_recorded(state, &force.policy.value, change, stamp)?;
        publication::note_half(state.world, change, stamp);
    }
    Ok(verdict)
}

#[expect(clippy::too_many_lines, reason = "one line for each event of the vocabulary")]
fn dispatch(context: &Context<'_>, case: Option<&Case>, data: Data) -> Result<Verdict, Refusal> {
    let change = match data {
        Data::LogCreated(_) => return Err(not_now(context.kind, "the log exists")),
        Data::PolicyActivated(new) => rules1::governing::policy_activated(context, &new)?,
        Data::DirectoryActivated(new) => rules1::governing::directory_activated(context, &new)?,
        Data::RolesActivated(new) => rules1::governing::roles_activated(context, &new)?,
        Data::RulesActivated(new) => clock::rules_activated(context, &new)?,
        Data::ActProposed(act) => acts::proposed(context, case, &act)?,
        Data::AccessRead(access) => rules1::governing::access_read(&access)?,
        Data::AccessDenied(access) => rules1::governing::access_denied(&access)?,
        Data::ClockAccepted(clock) => rules1::governing::clock_accepted(context, &clock)?,
        Data::DeadlinePassed(data) => clock::deadline_passed(context, case, &data)?,
        Data::EncryptionRecorded(data) => encryption::recorded(context, &data)?,
        Data::RequestReceived(data) => intake::received(context, case, data)?,
        Data::RequestAuthenticated(data) => intake::authenticated(context, known(context, case)?, data)?,
        Data::RequestClassified(data) => intake::classified(context, known(context, case)?, data)?,
        Data::OrderAmended(data) => intake::amended(context, known(context, case)?, &data)?,
        Data::RequestRejected(data) => intake::rejected(context, known(context, case)?, &data)?,
        Data::RequestWithdrawn(data) => intake::withdrawn(context, known(context, case)?, &data)?,
        Data::ReviewCompleted(data) => review::completed(context, known(context, case)?, data)?,
        Data::ApprovalGiven(data) | Data::ApprovalRefused(data) | Data::ApprovalRevoked(data) => {
            return approving::decided(context, case, &data);
        }
        Data::DisclosureOpened(data) => packaging::opened(context, known(context, case)?, &data)?,
        Data::DataReceived(data) => packaging::received(context, known(context, case)?, &data)?,
        Data::DataPlanned(data) => packaging::planned(context, known(context, case)?, &data)?,
        Data::DataFiltered(data) => packaging::filtered(context, known(context, case)?, &data)?,
        Data::BundleProvenance(data) => packaging::traced(context, known(context, case)?, &data)?,
        Data::BundleSealed(data) => packaging::sealed(context, known(context, case)?, &data)?,
        Data::BundleReleased(data) => packaging::released(context, known(context, case)?, &data)?,
        Data::BundleDestroyed(data) => packaging::destroyed(context, known(context, case)?, &data)?,
        Data::DeliveryAcknowledged(data) => {
            rules1::delivery::acknowledged(context, known(context, case)?, &data)?
        }
        Data::DeliveryFailed(data) => rules1::delivery::failed(context, known(context, case)?, &data)?,
        Data::DeliveryExpired(data) => delivery::expired(context, known(context, case)?, &data)?,
        Data::CallbackMade(data) => intake::called_back(context, known(context, case)?, &data)?,
        Data::RequestAuthFailed(data) => intake::auth_failed(context, known(context, case)?, &data)?,
        Data::RequestDuplicated(data) => intake::duplicated(context, known(context, case)?, &data)?,
        Data::RequestLinked(data) => intake::linked(context, known(context, case)?, &data)?,
        Data::RequestNarrowed(data) => intake::narrowed(context, known(context, case)?, &data)?,
        Data::DeficiencyNoted(data) => deficiency::noted(context, known(context, case)?, &data)?,
        Data::RequestCured(data) => deficiency::cured(context, known(context, case)?, &data)?,
        Data::RequestSplit(data) => deficiency::split(context, known(context, case)?, &data)?,
        Data::IntervalStated(data) => interval::stated(context, known(context, case)?, &data)?,
        Data::AccountsProfiled(data) => profile::profiled(context, known(context, case)?, &data)?,
        Data::ComityAssessed(data) => profile::assessed(context, known(context, case)?, &data)?,
        Data::LegalityReviewed(data) => legality::reviewed(context, known(context, case)?, &data)?,
        Data::RightsScreened(data) => legality::screened(context, known(context, case)?, &data)?,
        Data::PrivilegeNoted(data) => privilege::noted(context, known(context, case)?, &data)?,
        Data::RightsEscalated(data) => legality::escalated(context, known(context, case)?, &data)?,
        Data::RedirectAttempted(data) => redirect::attempted(context, known(context, case)?, &data)?,
        Data::RedirectAccepted(data) => redirect::accepted(context, known(context, case)?, &data)?,
        Data::RedirectRefused(data) => redirect::refused(context, known(context, case)?, &data)?,
        Data::RedirectExempted(data) => redirect::exempted(context, known(context, case)?, &data)?,
        Data::ChallengeFiled(data) => challenge::filed(context, known(context, case)?, &data)?,
        Data::ChallengeDecided(data) => challenge::decided(context, known(context, case)?, &data)?,
        Data::SecrecyRecorded(data) => secrecy::recorded(context, known(context, case)?, &data)?,
        Data::SecrecyExtended(data) => secrecy::extended(context, known(context, case)?, &data)?,
        Data::SecrecyNarrowed(data) => secrecy::narrowed(context, known(context, case)?, &data)?,
        Data::SecrecyVacated(data) => secrecy::vacated(context, known(context, case)?, &data)?,
        Data::SecrecyChallenged(data) => secrecy::challenged(context, known(context, case)?, &data)?,
        Data::SecrecyChallengeDecided(data) => {
            secrecy::challenge_decided(context, known(context, case)?, &data)?
        }
        Data::PermissionSought(data) => secrecy::permission_sought(context, known(context, case)?, &data)?,
        Data::PermissionAnswered(data) => {
            secrecy::permission_answered(context, known(context, case)?, &data)?
        }
        Data::SecrecyReviewed(data) => secrecy::reviewed(context, known(context, case)?, &data)?,
        Data::NoticeSent(data) => notice::sent(context, known(context, case)?, &data)?,
        Data::NoticeSuppressed(data) => notice::suppressed(context, known(context, case)?, &data)?,
        Data::NoticeWithheld(data) => notice::withheld(context, known(context, case)?, &data)?,
        Data::NoticeGroundLifted(data) => notice::ground_lifted(context, known(context, case)?, &data)?,
        Data::NoticeWaived(data) => notice::waived(context, known(context, case)?, &data)?,
        Data::EmergencyAssessed(data) => emergency::assessed(context, known(context, case)?, &data)?,
        Data::FollowupReceived(data) => emergency::followup_received(context, known(context, case)?, &data)?,
        Data::FollowupRefused(data) => emergency::followup_refused(context, known(context, case)?, &data)?,
        Data::FollowupLapsed(data) => emergency::followup_lapsed(context, known(context, case)?, &data)?,
        Data::PreserveStarted(data) => preservation::started(context, known(context, case)?, &data)?,
        Data::PreserveRenewed(data) => preservation::renewed(context, known(context, case)?, &data)?,
        Data::PreserveConverted(data) => preservation::converted(context, known(context, case)?, &data)?,
        Data::PreserveLapsed(data) => preservation::lapsed(context, known(context, case)?, &data)?,
        Data::ConsentRecorded(data) => civil::consent_recorded(context, known(context, case)?, &data)?,
        Data::ConsentRevoked(data) => civil::consent_revoked(context, known(context, case)?, &data)?,
        Data::SecurityRecorded(data) => security::recorded(context, known(context, case)?, &data)?,
        Data::DataTallied(data) => packaging::tallied(context, known(context, case)?, &data)?,
        Data::NoDataCertified(data) => packaging::no_data(context, known(context, case)?, &data)?,
        Data::ScanCleared(data) => packaging::scan_cleared(context, known(context, case)?, &data)?,
        Data::RecallRequested(data) => packaging::recall_requested(context, known(context, case)?, &data)?,
        Data::RecallAnswered(data) => packaging::recall_answered(context, known(context, case)?, &data)?,
        Data::ProductionSuperseding(data) => packaging::superseding(context, known(context, case)?, &data)?,
        Data::KeyUsed(data) => custody::key_used(context, known(context, case)?, &data)?,
        Data::CustodyChecked(data) => custody::checked(context, known(context, case)?, &data)?,
        Data::CustodyRefused(data) => custody::refused(context, known(context, case)?, &data)?,
        Data::FlagRaised(data) => charges::flag_raised(context, known(context, case)?, &data)?,
        Data::CostInvoiced(data) => charges::invoiced(context, known(context, case)?, &data)?,
        Data::CostCredited(data) => charges::credited(context, known(context, case)?, &data)?,
        Data::HoldPlaced(data) => charges::hold_placed(context, known(context, case)?, &data)?,
        Data::HoldLifted(data) => charges::hold_lifted(context, known(context, case)?, &data)?,
        Data::ErasureOrdered(data) => charges::erasure_ordered(context, known(context, case)?, &data)?,
        Data::IncidentOpened(data) => incident::opened(context, &data)?,
        Data::IncidentClosed(data) => incident::closed(context, &data)?,
        Data::VoluntaryDisclosed(data) => voluntary::disclosed(context, &data)?,
        Data::VoluntaryDeclined(data) => voluntary::declined(context, &data)?,
        Data::NcmecReported(data) => voluntary::ncmec_reported(context, &data)?,
        Data::NcmecExpired(data) => voluntary::ncmec_expired(context, &data)?,
        Data::AttackNotified(data) => voluntary::attack_notified(context, &data)?,
        Data::ProcessReviewed(data) => publication::process_reviewed(context, &data)?,
        Data::FigureDeclared(data) => publication::figure_declared(context, &data)?,
        Data::ReportPublished(data) => publication::published(context, &data)?,
        Data::ReportCorrected(data) => publication::corrected(context, &data)?,
    };
    Ok(admitted(change))
}

#[cfg(test)]
pub(super) use actors::{Actor, of as actor_of};
#[cfg(test)]
pub(super) use matrix::reaches_hosted;

/// What must hold before a review is recorded, family by family.
fn before_review(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    intake::before_review(context, case)?;
    deficiency::before_review(context, case)?;
    challenge::before_review(context, case)?;
    interval::before_review(context, case)?;
    profile::before_review(context, case)?;
    legality::before_review(context, case)?;
    redirect::before_review(context, case)?;
    instrument::before_review(context, case)
}

/// What must hold whenever data moves: at an approval, the opening, the seal, the release (I-19).
fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    packaging::did_not_end(case)?;
    intake::while_data_moves(context, case)?;
    incident::while_data_moves(context, case)?;
    instrument::while_data_moves(context, case)?;
    deficiency::while_data_moves(context, case)?;
    challenge::while_data_moves(context, case)?;
    redirect::while_data_moves(context, case)?;
    emergency::while_data_moves(context, case)?;
    civil::while_data_moves(context, case)?;
    custody::while_data_moves(context, case)
}

/// What a case has open.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    clock::due(policy, case, due);
    profile::due(policy, case, due);
    secrecy::due(policy, case, due);
    notice::due(policy, case, due);
    emergency::due(policy, case, due);
    preservation::due(policy, case, due);
    charges::due(policy, case, due);
    delivery::due(policy, case, due);
}

/// What the log itself has open.
pub(super) fn due_of_world(world: &World, due: &mut Vec<Due>) {
    publication::due(world, due);
    voluntary::due(world, due);
    incident::due(world, due);
}
