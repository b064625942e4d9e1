//! Local law and human rights (S-32, S-34, S-50).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{LegalityReviewed, RightsEscalated, RightsScreened};

pub(super) fn reviewed(
    context: &Context<'_>,
    case: &Case,
    _data: &LegalityReviewed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn screened(
    context: &Context<'_>,
    case: &Case,
    _data: &RightsScreened,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn escalated(
    context: &Context<'_>,
    case: &Case,
    _data: &RightsEscalated,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}
