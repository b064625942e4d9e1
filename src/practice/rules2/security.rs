//! National security: letters and FISA orders (S-109 … S-112).

use super::path::{self, Reach};
use crate::practice::case::{Case, Classified};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Instrument;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::SecurityRecorded;

pub(super) fn recorded(
    context: &Context<'_>,
    case: &Case,
    _data: &SecurityRecorded,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// What an order about national security reaches.
pub(super) fn reach<'p>(
    _context: &Context<'p>,
    _case: &Case,
    _classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    Err(path::none(Rule::S14, format!("{} has no path", instrument.code)))
}
