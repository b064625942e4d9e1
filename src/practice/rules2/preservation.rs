//! Keeping data without disclosing it (I-40).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{PreserveConverted, PreserveLapsed, PreserveRenewed, PreserveStarted};

pub(super) fn started(
    context: &Context<'_>,
    case: &Case,
    _data: &PreserveStarted,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn renewed(
    context: &Context<'_>,
    case: &Case,
    _data: &PreserveRenewed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn converted(
    context: &Context<'_>,
    case: &Case,
    _data: &PreserveConverted,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn lapsed(context: &Context<'_>, case: &Case, _data: &PreserveLapsed) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// What it has open.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}
