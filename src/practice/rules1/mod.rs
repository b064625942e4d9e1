//! Rule set 1: from a demand to a delivered bundle. Frozen once shipped.
//!
//! What every event must fulfil stands here; each family of events has a file of its own:
//! the founding and what is put in force, intake, the instruments' matrix, the review, the
//! approvals and when they count, packaging, delivery.
//!
//! Emergencies, notice, secrecy, redirection, civil process, national security and erasure
//! are not in it: such a request can be received, rejected and withdrawn, never reviewed (S-14).

pub(super) mod approving;
pub(super) mod delivery;
pub(super) mod governing;
pub(super) mod intake;
pub(super) mod matrix;
pub(super) mod packaging;
pub(super) mod quorum;
pub(super) use quorum::current_recipients;
pub(super) mod review;
pub(super) mod signed;

use super::case::Case;
use super::change::Verdict;
use super::envelope::{
    Context, admitted, checked, is_open, is_the_events_request, known, not_now, request, touched,
};
use super::refusal::Refusal;
use super::vocabulary::Data;
use super::{RuleSet, Stamp, State};
use crate::model::event::Event;

pub(super) fn apply(state: State<'_>, event: &Event, stamp: Stamp) -> Result<Verdict, Refusal> {
    let (kind, data) = checked(RuleSet::One, state, event, stamp)?;
    let Some(force) = state.world.in_force() else {
        return governing::found(RuleSet::One, state.world, event, stamp, data).map(admitted);
    };
    let context = Context { event, stamp, world: state.world, force, kind };
    if let Some(case) = state.case {
        is_the_events_request(case, event)?;
    }
    dispatch(&context, state.case, data)
}

fn dispatch(context: &Context<'_>, case: Option<&Case>, data: Data) -> Result<Verdict, Refusal> {
    let change = match data {
        Data::LogCreated(_) => return Err(not_now(context.kind, "the log exists")),
        Data::PolicyActivated(new) => governing::policy_activated(context, &new)?,
        Data::DirectoryActivated(new) => governing::directory_activated(context, &new)?,
        Data::RolesActivated(new) => governing::roles_activated(context, &new)?,
        Data::ActProposed(act) => governing::act_proposed(context, &act)?,
        Data::AccessRead(access) => governing::access_read(&access)?,
        Data::AccessDenied(access) => governing::access_denied(&access)?,
        Data::ClockAccepted(clock) => governing::clock_accepted(context, &clock)?,
        Data::RequestReceived(data) => intake::received(context, case, data)?,
        Data::RequestAuthenticated(data) => intake::authenticated(context, known(context, case)?, data)?,
        Data::RequestClassified(data) => {
            intake::names_no_origin(&data)?;
            intake::classified(context, known(context, case)?, data)?
        }
        Data::OrderAmended(data) => intake::amended(context, known(context, case)?, &data)?,
        Data::RequestRejected(data) => {
            intake::reasons_are_of_the_eight(&data)?;
            intake::rejected(context, known(context, case)?, &data)?
        }
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
        Data::DeliveryAcknowledged(data) => delivery::acknowledged(context, known(context, case)?, &data)?,
        Data::DeliveryFailed(data) => delivery::failed(context, known(context, case)?, &data)?,
        // The form's check has refused what a later rule set brought.
        _ => return Err(not_now(context.kind, "this rule set does not know it")),
    };
    Ok(admitted(change))
}
