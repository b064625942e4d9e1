//! Litigants' demands, and the owner's consent (S-100 … S-103, I-37).

use super::path::{self, Reach};
use crate::practice::case::{Case, Classified};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Instrument;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{ConsentRecorded, ConsentRevoked};

pub(super) fn consent_recorded(
    context: &Context<'_>,
    case: &Case,
    _data: &ConsentRecorded,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn consent_revoked(
    context: &Context<'_>,
    case: &Case,
    _data: &ConsentRevoked,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Whenever data moves.
pub(super) fn while_data_moves(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}

/// What a litigant reaches.
pub(super) fn reach<'p>(
    _context: &Context<'p>,
    _case: &Case,
    _classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    Err(path::none(Rule::S14, format!("{} has no path", instrument.code)))
}
