//! Reports, figures and the review of the screening (S-10, S-51, I-46 … I-48, I-58).

use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::Context;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{FigureDeclared, ProcessReviewed, ReportCorrected, ReportPublished};
use crate::practice::world::World;

pub(super) fn process_reviewed(_context: &Context<'_>, _data: &ProcessReviewed) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn figure_declared(_context: &Context<'_>, _data: &FigureDeclared) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn published(_context: &Context<'_>, _data: &ReportPublished) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn corrected(_context: &Context<'_>, _data: &ReportCorrected) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

/// What it has open.
pub(super) fn due(_world: &World, _due: &mut Vec<Due>) {}
