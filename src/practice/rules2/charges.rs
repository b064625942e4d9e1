//! Flags, cost, holds and erasure (S-105 … S-108, I-41, I-49).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{
    CostCredited, CostInvoiced, ErasureOrdered, FlagRaised, HoldLifted, HoldPlaced,
};

pub(super) fn flag_raised(context: &Context<'_>, case: &Case, _data: &FlagRaised) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn invoiced(context: &Context<'_>, case: &Case, _data: &CostInvoiced) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn credited(context: &Context<'_>, case: &Case, _data: &CostCredited) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn hold_placed(context: &Context<'_>, case: &Case, _data: &HoldPlaced) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn hold_lifted(context: &Context<'_>, case: &Case, _data: &HoldLifted) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn erasure_ordered(
    context: &Context<'_>,
    case: &Case,
    _data: &ErasureOrdered,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// What it has open.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}
