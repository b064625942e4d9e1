//! Who holds the keys, and what they were used for (S-88 … S-90, I-35, I-36).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{CustodyChecked, CustodyRefused, KeyUsed};

pub(super) fn key_used(context: &Context<'_>, case: &Case, _data: &KeyUsed) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn checked(context: &Context<'_>, case: &Case, _data: &CustodyChecked) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn refused(context: &Context<'_>, case: &Case, _data: &CustodyRefused) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Whenever data moves.
pub(super) fn while_data_moves(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}
