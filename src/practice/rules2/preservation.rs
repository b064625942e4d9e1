//! Keeping data without disclosing it (I-40).

use super::path;
use crate::model::time::DAY_MS;
use crate::practice::case::{Case, Preservation, Stage};
use crate::practice::change::{Change, Claim};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::{Instrument, Path, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::is_current_order;
use crate::practice::vocabulary::{
    AccountRef, PreserveConverted, PreserveLapsed, PreserveRenewed, PreserveStarted, RequestKind,
};

fn refused(pointer: &str, reason: &str) -> Refusal {
    Refusal::invalid(Rule::I40, pointer, reason, "keep to what the preservation request and its law allow")
}

fn instrument<'p>(context: &Context<'p>, case: &Case) -> Result<&'p Instrument, Refusal> {
    let classified = case.classified.as_ref();
    let found = classified.and_then(|found| context.force.policy.value.instrument(&found.instrument));
    found
        .filter(|found| case.received.kind == RequestKind::Preservation && found.path == Path::Preservation)
        .ok_or_else(|| not_now(context.kind, "the request is not classified as a preservation"))
}

/// Whether each account is one that the classified scope names.
pub(super) fn are_named(case: &Case, accounts: &[AccountRef]) -> bool {
    let Some(classified) = &case.classified else { return false };
    let named: std::collections::BTreeSet<_> =
        classified.scope.scope().items().iter().map(|item| (&item.service, item.account.as_str())).collect();
    let asked: std::collections::BTreeSet<_> =
        accounts.iter().map(|account| (&account.service, account.account.as_str())).collect();
    !accounts.is_empty() && asked.len() == accounts.len() && asked.is_subset(&named)
}

fn kept<'c>(context: &Context<'_>, case: &'c Case) -> Result<&'c Preservation, Refusal> {
    is_open(context.kind, case)?;
    case.special.preservation.as_ref().ok_or_else(|| not_now(context.kind, "nothing is preserved"))
}

/// I-40: accounts that were named, for as long as the law says.
pub(super) fn started(context: &Context<'_>, case: &Case, data: &PreserveStarted) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let instrument = instrument(context, case)?;
    if let Some(classified) = &case.classified {
        path::is_answered(context, classified, instrument)?;
    }
    if case.special.preservation.is_some() {
        return Err(not_now(context.kind, "data is preserved already"));
    }
    is_current_order(case, &data.order)?;
    if !are_named(case, &data.accounts) {
        return Err(refused("/data/accounts", "an account is not in the classified scope, or stands twice"));
    }
    let days = i64::from(instrument.preserve_days.unwrap_or(0));
    let now = context.stamp.time;
    if data.until <= now || now.saturating_add_ms(days * DAY_MS) < data.until {
        return Err(refused("/data/until", "the time is over, or longer than the instrument allows"));
    }
    let mut case = touched(context, case);
    case.special.preservation = Some(Preservation { set_by: context.stamp.index, until: data.until });
    Ok(Change::of_case(case))
}

/// I-40: before it lapses, by at most one extension.
pub(super) fn renewed(context: &Context<'_>, case: &Case, data: &PreserveRenewed) -> Result<Change, Refusal> {
    let kept = kept(context, case)?;
    let days = i64::from(instrument(context, case)?.extension_days.unwrap_or(0));
    if kept.until <= context.stamp.time {
        return Err(refused("/type", "the preservation has lapsed"));
    }
    if data.until <= kept.until || kept.until.saturating_add_ms(days * DAY_MS) < data.until {
        return Err(refused("/data/until", "no later than before, or more than one extension"));
    }
    let mut case = touched(context, case);
    case.special.preservation = Some(Preservation { set_by: context.stamp.index, until: data.until });
    Ok(Change::of_case(case))
}

/// I-40: the data answers another request.
pub(super) fn converted(
    context: &Context<'_>,
    case: &Case,
    data: &PreserveConverted,
) -> Result<Change, Refusal> {
    if kept(context, case)?.until <= context.stamp.time {
        return Err(refused("/type", "the preservation has lapsed"));
    }
    if data.by_request == case.request {
        return Err(refused("/data/by_request", "names the preservation itself"));
    }
    Ok(ended(context, case).naming(Claim::Request(data.by_request.clone()), "/data/by_request"))
}

/// I-40: only when its time is over.
pub(super) fn lapsed(context: &Context<'_>, case: &Case, _data: &PreserveLapsed) -> Result<Change, Refusal> {
    if context.stamp.time < kept(context, case)?.until {
        return Err(refused("/type", "the preservation has not lapsed"));
    }
    Ok(ended(context, case))
}

fn ended(context: &Context<'_>, case: &Case) -> Change {
    let mut case = touched(context, case);
    case.stage = Stage::Closed;
    Change::of_case(case)
}

/// What it has open.
pub(super) fn due(_policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    if let Some(kept) = case.special.preservation.as_ref().filter(|_| !case.stage.is_terminal()) {
        due.push(Due::new(kept.until, Deadline::Preservation, Some(case.request.clone()), kept.set_by));
    }
}
