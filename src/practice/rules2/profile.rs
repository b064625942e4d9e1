//! The facts about each account: whose it is, where it lies, who holds its keys.

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{AccountsProfiled, ComityAssessed};

pub(super) fn profiled(
    context: &Context<'_>,
    case: &Case,
    data: &AccountsProfiled,
) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    case.screening.profile.clone_from(&data.accounts);
    Ok(Change::of_case(case))
}

pub(super) fn assessed(
    context: &Context<'_>,
    case: &Case,
    _data: &ComityAssessed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}

/// What it has open.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}
