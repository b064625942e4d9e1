//! The order's own dates, and the UTC intervals that follow from them (I-15).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::IntervalStated;

pub(super) fn stated(context: &Context<'_>, case: &Case, _data: &IntervalStated) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}
