//! Organisations first: redirection and its exemptions (S-28, S-29).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{RedirectAnswered, RedirectAttempted, RedirectExempted};

pub(super) fn attempted(
    context: &Context<'_>,
    case: &Case,
    _data: &RedirectAttempted,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn accepted(
    context: &Context<'_>,
    case: &Case,
    _data: &RedirectAnswered,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn refused(
    context: &Context<'_>,
    case: &Case,
    _data: &RedirectAnswered,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn exempted(
    context: &Context<'_>,
    case: &Case,
    _data: &RedirectExempted,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}
