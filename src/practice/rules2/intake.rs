//! A demand's way in and its early ends.

use crate::practice::case::{Callback, Case};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, not_now, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rules1;
use crate::practice::vocabulary::{
    CallbackMade, OrderAmended, RequestAuthFailed, RequestAuthenticated, RequestClassified,
    RequestDuplicated, RequestLinked, RequestNarrowed, RequestReceived, RequestRejected, RequestWithdrawn,
};

/// Most call-backs of one request.
const CALLBACKS_MAX: usize = 64;

pub(super) fn called_back(
    context: &Context<'_>,
    case: &Case,
    data: &CallbackMade,
) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    if case.arrival.callbacks.len() >= CALLBACKS_MAX {
        return Err(not_now(context.kind, "the request has as many call-backs as one may have"));
    }
    case.arrival.callbacks.push(Callback {
        index: context.stamp.index,
        at: context.stamp.time,
        agency: data.agency.clone(),
        number_source: data.number_source,
        number_dated: data.number_dated,
        called_at: data.called_at,
        answer: data.answer,
    });
    Ok(Change::of_case(case))
}

pub(super) fn auth_failed(
    context: &Context<'_>,
    case: &Case,
    _data: &RequestAuthFailed,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn duplicated(
    context: &Context<'_>,
    case: &Case,
    _data: &RequestDuplicated,
) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn linked(context: &Context<'_>, case: &Case, _data: &RequestLinked) -> Result<Change, Refusal> {
    Ok(Change::of_case(touched(context, case)))
}

pub(super) fn narrowed(
    context: &Context<'_>,
    case: &Case,
    _data: &RequestNarrowed,
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

pub(super) fn received(
    context: &Context<'_>,
    case: Option<&Case>,
    data: RequestReceived,
) -> Result<Change, Refusal> {
    rules1::intake::received(context, case, data)
}

pub(super) fn authenticated(
    context: &Context<'_>,
    case: &Case,
    data: RequestAuthenticated,
) -> Result<Change, Refusal> {
    rules1::intake::authenticated(context, case, data)
}

pub(super) fn classified(
    context: &Context<'_>,
    case: &Case,
    data: RequestClassified,
) -> Result<Change, Refusal> {
    rules1::intake::classified(context, case, data)
}

pub(super) fn amended(context: &Context<'_>, case: &Case, data: &OrderAmended) -> Result<Change, Refusal> {
    rules1::intake::amended(context, case, data)
}

pub(super) fn rejected(
    context: &Context<'_>,
    case: &Case,
    data: &RequestRejected,
) -> Result<Change, Refusal> {
    rules1::intake::rejected(context, case, data)
}

pub(super) fn withdrawn(
    context: &Context<'_>,
    case: &Case,
    data: &RequestWithdrawn,
) -> Result<Change, Refusal> {
    rules1::intake::withdrawn(context, case, data)
}
