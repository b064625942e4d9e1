//! Whom the provider tells, and when (S-53 … S-61, I-23 … I-26).

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::{Context, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{
    NoticeGroundLifted, NoticeSent, NoticeSuppressed, NoticeWaived, NoticeWithheld,
};

pub(super) fn sent(context: &Context<'_>, case: &Case, _data: &NoticeSent) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn suppressed(
    context: &Context<'_>,
    case: &Case,
    _data: &NoticeSuppressed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn withheld(
    context: &Context<'_>,
    case: &Case,
    _data: &NoticeWithheld,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn ground_lifted(
    context: &Context<'_>,
    case: &Case,
    _data: &NoticeGroundLifted,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn waived(context: &Context<'_>, case: &Case, _data: &NoticeWaived) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

/// Before a release (I-23).
pub(super) fn before_release(_context: &Context<'_>, _case: &Case) -> Result<(), Refusal> {
    Ok(())
}

/// What it has open.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}
