//! Orders not to tell (S-68 … S-77, I-27 … I-29).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{
    PermissionAnswered, PermissionSought, SecrecyChallengeDecided, SecrecyChallenged, SecrecyExtended,
    SecrecyNarrowed, SecrecyRecorded, SecrecyReviewed, SecrecyVacated,
};

pub(super) fn recorded(
    context: &Context<'_>,
    case: &Case,
    _data: &SecrecyRecorded,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn extended(
    context: &Context<'_>,
    case: &Case,
    _data: &SecrecyExtended,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn narrowed(
    context: &Context<'_>,
    case: &Case,
    _data: &SecrecyNarrowed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn vacated(context: &Context<'_>, case: &Case, _data: &SecrecyVacated) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn challenged(
    context: &Context<'_>,
    case: &Case,
    _data: &SecrecyChallenged,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn challenge_decided(
    context: &Context<'_>,
    case: &Case,
    _data: &SecrecyChallengeDecided,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn permission_sought(
    context: &Context<'_>,
    case: &Case,
    _data: &PermissionSought,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn permission_answered(
    context: &Context<'_>,
    case: &Case,
    _data: &PermissionAnswered,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn reviewed(
    context: &Context<'_>,
    case: &Case,
    _data: &SecrecyReviewed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// What it has open.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}
