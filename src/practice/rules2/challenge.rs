//! Challenges before a court (S-30, S-23).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{ChallengeDecided, ChallengeFiled};

pub(super) fn filed(context: &Context<'_>, case: &Case, _data: &ChallengeFiled) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn decided(
    context: &Context<'_>,
    case: &Case,
    _data: &ChallengeDecided,
) -> Result<Change, Refusal> {
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
