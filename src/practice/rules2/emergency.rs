//! Emergencies (S-39 … S-48, I-30 … I-32).

use super::path::{self, Reach};
use crate::practice::case::{Case, Classified};
use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Instrument;
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::signed::SignedApproval;
use crate::practice::vocabulary::{EmergencyAssessed, FollowupLapsed, FollowupReceived, FollowupRefused};

pub(super) fn assessed(
    context: &Context<'_>,
    case: &Case,
    _data: &EmergencyAssessed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn followup_received(
    context: &Context<'_>,
    case: &Case,
    _data: &FollowupReceived,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn followup_refused(
    context: &Context<'_>,
    case: &Case,
    _data: &FollowupRefused,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn followup_lapsed(
    context: &Context<'_>,
    case: &Case,
    _data: &FollowupLapsed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Whenever data moves.
pub(super) fn while_data_moves(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}

/// What it has open.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}

/// What an emergency reaches.
pub(super) fn reach<'p>(
    _context: &Context<'p>,
    _case: &Case,
    _classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    Err(path::none(Rule::S14, format!("{} has no path", instrument.code)))
}

/// Approvals of kind emergency: only of an emergency (I-31).
pub(super) fn may_approve(
    _context: &Context<'_>,
    _case: &Case,
    _signed: &SignedApproval<'_>,
) -> Result<(), Refusal> {
    Ok(())
}
