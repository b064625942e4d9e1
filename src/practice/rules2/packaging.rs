//! From the first read to delivery, and back: what rule set 2 adds.

use super::{emergency, notice, while_data_moves};
use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rules1;
use crate::practice::vocabulary::{
    BundleDestroyed, BundleProvenance, BundleReleased, BundleSealed, DataFiltered, DataPlanned, DataReceived,
    DataTallied, DisclosureOpened, NoDataCertified, ProductionSuperseding, RecallAnswered, RecallRequested,
    ScanCleared,
};

pub(super) fn tallied(context: &Context<'_>, case: &Case, _data: &DataTallied) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn no_data(
    context: &Context<'_>,
    case: &Case,
    _data: &NoDataCertified,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn scan_cleared(
    context: &Context<'_>,
    case: &Case,
    _data: &ScanCleared,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn recall_requested(
    context: &Context<'_>,
    case: &Case,
    _data: &RecallRequested,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn recall_answered(
    context: &Context<'_>,
    case: &Case,
    _data: &RecallAnswered,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn superseding(
    context: &Context<'_>,
    case: &Case,
    _data: &ProductionSuperseding,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn opened(context: &Context<'_>, case: &Case, data: &DisclosureOpened) -> Result<Change, Refusal> {
    while_data_moves(context, case)?;
    rules1::packaging::opened(context, case, data)
}

pub(super) fn received(context: &Context<'_>, case: &Case, data: &DataReceived) -> Result<Change, Refusal> {
    rules1::packaging::received(context, case, data)
}

pub(super) fn planned(context: &Context<'_>, case: &Case, data: &DataPlanned) -> Result<Change, Refusal> {
    rules1::packaging::planned(context, case, data)
}

pub(super) fn filtered(context: &Context<'_>, case: &Case, data: &DataFiltered) -> Result<Change, Refusal> {
    rules1::packaging::filtered(context, case, data)
}

pub(super) fn traced(context: &Context<'_>, case: &Case, data: &BundleProvenance) -> Result<Change, Refusal> {
    rules1::packaging::traced(context, case, data)
}

pub(super) fn sealed(context: &Context<'_>, case: &Case, data: &BundleSealed) -> Result<Change, Refusal> {
    while_data_moves(context, case)?;
    rules1::packaging::sealed(context, case, data)
}

pub(super) fn released(context: &Context<'_>, case: &Case, data: &BundleReleased) -> Result<Change, Refusal> {
    while_data_moves(context, case)?;
    notice::before_release(context, case)?;
    let mut change = rules1::packaging::released(context, case, data)?;
    if let Some(case) = &mut change.case {
        emergency::released(context, case);
    }
    Ok(change)
}

pub(super) fn destroyed(
    context: &Context<'_>,
    case: &Case,
    data: &BundleDestroyed,
) -> Result<Change, Refusal> {
    rules1::packaging::destroyed(context, case, data)
}
