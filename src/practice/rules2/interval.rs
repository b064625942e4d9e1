//! The order's own dates, and the UTC intervals that follow from them (I-15).
//!
//! **In scope**: calendar dates with the offsets in force there and then, half-open.
//! **Out of scope**: time zones by name. A change of summer time shows as two offsets, and the
//! hour that comes twice is told apart by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::path;
use crate::model::scope::ScopeItem;
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::envelope::Context;
use crate::practice::policy::UtcOffset;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::is_current_order;
use crate::practice::vocabulary::{IntervalStated, StatedInterval, StatedTime};

const SECOND_MS: i64 = 1000;
const CORRECT: &str = "state the dates as the document has them, or classify it with the interval they give";

pub(super) fn stated(context: &Context<'_>, case: &Case, data: &IntervalStated) -> Result<Change, Refusal> {
    let classified = path::may_find(context, case)?;
    is_current_order(case, &data.order)?;
    let items = classified.scope.scope().items();
    let stated = by_item(data, items)?;
    let default = context.force.policy.value.times.default_utc_offset;
    for (at, item) in items.iter().enumerate().filter(|(_, item)| has_interval(item)) {
        let Some((row, interval)) = stated.get(&at) else {
            let reason =
                format!("items/{at} of the order's scope has an interval, and no row states its dates");
            return Err(Refusal::invalid(Rule::I15, "/data/items", reason, CORRECT));
        };
        is_as_stated(*row, interval, item, default)?;
    }
    let mut case = path::unreviewed(context, case);
    case.screening.dated = Some(classified.index);
    let open = stated.iter().filter(|(_, (_, row))| row.from.is_none() || row.to.is_none());
    case.screening.undated = Arc::new(open.filter_map(|(at, _)| items.get(*at).cloned()).collect());
    Ok(Change::of_case(case))
}

/// An item of a scope has both ends or neither.
pub(super) const fn has_interval(item: &ScopeItem) -> bool {
    item.from.is_some()
}

/// Each row is about another item that has an interval; so rows are as few as items.
fn by_item<'d>(
    data: &'d IntervalStated,
    items: &[ScopeItem],
) -> Result<BTreeMap<usize, (usize, &'d StatedInterval)>, Refusal> {
    let mut stated = BTreeMap::new();
    for (row, interval) in data.items.iter().enumerate() {
        let at = usize::try_from(interval.item).ok().filter(|at| items.get(*at).is_some_and(has_interval));
        let is_new = at.is_some_and(|at| stated.insert(at, (row, interval)).is_none());
        if !is_new {
            let reason =
                format!("item {} has no interval in the order's scope, or a row already", interval.item);
            let pointer = format!("/data/items/{row}/item");
            return Err(Refusal::invalid(
                Rule::I15,
                &pointer,
                reason,
                "one row for each item with an interval",
            ));
        }
    }
    Ok(stated)
}

/// I-15: the scope's bounds are the document's, to the millisecond. Where the document has no
/// bound, any lies within it.
fn is_as_stated(
    row: usize,
    interval: &StatedInterval,
    item: &ScopeItem,
    default: Option<UtcOffset>,
) -> Result<(), Refusal> {
    let bounds = [
        ("from", &interval.from, item.from, Edge::Start),
        ("to", &interval.to, item.to, if interval.to_is_inclusive { Edge::Through } else { Edge::Until }),
    ];
    for (name, stated, bound, edge) in bounds {
        let Some(stated) = stated else { continue };
        let pointer = format!("/data/items/{row}/{name}");
        let utc = to_utc(stated, default, edge)
            .map_err(|(reason, cure)| Refusal::invalid(Rule::I15, &pointer, reason, cure))?;
        if bound != Some(utc) {
            let found = bound.map_or_else(|| "nothing".to_owned(), |bound| bound.to_string());
            let reason =
                format!("item {}: the document's date is {utc}, the scope has {found}", interval.item);
            return Err(Refusal::invalid(Rule::I15, &pointer, reason, CORRECT));
        }
    }
    Ok(())
}

/// Which bound a date is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// The beginning.
    Start,
    /// The end, which does not belong to it any more.
    Until,
    /// The end, whose day or second still belongs to it.
    Through,
}

/// The instant of a bound, half-open. The error: why there is none, and what to do.
fn to_utc(
    stated: &StatedTime,
    default: Option<UtcOffset>,
    edge: Edge,
) -> Result<Timestamp, (&'static str, &'static str)> {
    let offset = match &stated.offset {
        Some(text) => UtcOffset::parse(text)
            .ok_or(("an offset looks like -07:00, at most 14:00, in quarters of an hour", CORRECT))?,
        None => default.ok_or((
            "the document names no zone, and the policy has no default_utc_offset",
            "note a deficiency, or set times.default_utc_offset in the policy",
        ))?,
    };
    let time = stated.time.as_deref().unwrap_or("00:00:00");
    let wrong = ("not a real date 2026-06-30 with a time 23:59:59 or null", CORRECT);
    let local = Timestamp::parse(&format!("{}T{time}.000Z", stated.date)).map_err(|_| wrong)?;
    let beyond = match (edge, &stated.time) {
        (Edge::Start | Edge::Until, _) => 0,
        (Edge::Through, None) => DAY_MS,
        (Edge::Through, Some(_)) => SECOND_MS,
    };
    Timestamp::from_ms(local.as_ms() - offset.as_ms() + beyond).map_err(|_| wrong)
}

/// Before a review.
pub(super) fn before_review(_context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some(classified) = &case.classified else { return Ok(()) };
    let is_due = classified.scope.scope().items().iter().any(has_interval);
    if !is_due || case.screening.dated == Some(classified.index) {
        return Ok(());
    }
    let reason = "the order's own dates are not stated for this classification";
    Err(Refusal::conflict(Rule::I15, "", reason, "post interval.stated with the document's dates"))
}
