//! What keeps a demand from being valid, and what mends it (S-08, S-15 … S-22).

use std::collections::BTreeMap;

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{DeficiencyNoted, RequestCured, RequestSplit};

pub(super) fn noted(context: &Context<'_>, case: &Case, _data: &DeficiencyNoted) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn cured(context: &Context<'_>, case: &Case, _data: &RequestCured) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn split(context: &Context<'_>, case: &Case, _data: &RequestSplit) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}

/// Whenever data moves.
pub(super) fn while_data_moves(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}

/// S-08: an item set aside because it is deficient cannot be approved with the others.
pub(super) fn set_aside_is_refused(_case: &Case, _refused: &BTreeMap<usize, Rule>) -> Result<(), Refusal> {
    Ok(())
}
