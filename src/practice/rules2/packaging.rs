//! From the first read to delivery, and back: what rule set 2 adds.
//!
//! What a collection kept is tallied class by class before it is traced, because an outcome is
//! counted by it (S-80). A collection that kept nothing is certified, never sealed.

use std::collections::{BTreeMap, BTreeSet};

use super::{approving, custody, emergency, incident, notice, while_data_moves};
use crate::model::id::ProductionId;
use crate::practice::case::{
    CASE_DISCLOSURES_MAX, Case, Disclosure, Found, Original, Produced, Recall, Stage, Step, Superseded, sum,
};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::records::Mishap;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1;
use crate::practice::rules1::governing::is_short;
use crate::practice::rules1::packaging::live;
use crate::practice::vocabulary::{
    BundleDestroyed, BundleProvenance, BundleReleased, BundleSealed, DataFiltered, DataPlanned, DataReceived,
    DataTallied, DisclosureOpened, NoDataCertified, ProductionSuperseding, RecallAnswered, RecallGround,
    RecallRequested, ScanCleared, SourceRead,
};

/// Most items of one request that are cleared of being key material.
const CLEARED_MAX: usize = 1024;
/// Most recalls of one request: one at a time for each of its bundles, and some again.
const RECALLS_MAX: usize = 2 * CASE_DISCLOSURES_MAX;

pub(super) fn opened(context: &Context<'_>, case: &Case, data: &DisclosureOpened) -> Result<Change, Refusal> {
    emergency::is_not_the_third(case, data.collector.as_str())?;
    approving::took_no_version_in(case, data.collector.as_str(), "/data/collector")?;
    is_open(context.kind, case)?;
    while_data_moves(context, case)?;
    custody::before_opening(case)?;
    over_production_is_recalled(context, case)?;
    let change = rules1::packaging::opened(context, case, data)?;
    Ok(with_case(change, |case| case.yields.found = None))
}

pub(super) fn received(context: &Context<'_>, case: &Case, data: &DataReceived) -> Result<Change, Refusal> {
    let change = rules1::packaging::received(context, case, data)?;
    let original = |read: &SourceRead| Original { bytes: read.bytes, sha256: read.sha256 };
    let sources: BTreeMap<_, _> =
        data.sources.iter().map(|read| (read.source.clone(), original(read))).collect();
    if sources.len() != data.sources.len() {
        let reason = "a source stands there twice";
        return Err(Refusal::invalid(Rule::F06, "/data/sources", reason, "name each source once"));
    }
    let found = Found::new(data.disclosure.clone(), sources);
    Ok(with_case(change, |case| case.yields.found = Some(found)))
}

pub(super) fn planned(context: &Context<'_>, case: &Case, data: &DataPlanned) -> Result<Change, Refusal> {
    rules1::packaging::planned(context, case, data)
}

pub(super) fn filtered(context: &Context<'_>, case: &Case, data: &DataFiltered) -> Result<Change, Refusal> {
    let change = rules1::packaging::filtered(context, case, data)?;
    Ok(with_case(change, |case| {
        if let Some(found) = &mut case.yields.found {
            found.kept = Some(data.kept);
        }
    }))
}

pub(super) fn tallied(context: &Context<'_>, case: &Case, data: &DataTallied) -> Result<Change, Refusal> {
    live(context, case, &data.disclosure, Step::Filtered)?;
    let found = found(context, case)?;
    if found.tally.is_some() {
        return Err(not_now(context.kind, "the collection is tallied"));
    }
    classes_are_reviewed(case, data)?;
    adds_up(found, data)?;
    Ok(with_case(Change::of_case(touched(context, case)), |case| {
        if let Some(found) = &mut case.yields.found {
            found.tally = Some(data.kept.clone());
        }
    }))
}

/// I-12, I-06: only classes of the reviewed scope, never keys; each once, ascending.
fn classes_are_reviewed(case: &Case, data: &DataTallied) -> Result<(), Refusal> {
    if let Some(at) = data.kept.iter().position(|row| row.class.is_never_disclosable()) {
        let pointer = format!("/data/kept/{at}/class");
        let reason =
            format!("{} is never disclosed", data.kept.get(at).map_or("it", |row| row.class.as_str()));
        return Err(Refusal::invalid(Rule::I12, &pointer, reason, "withhold what is a key or a credential"));
    }
    if !data.kept.is_sorted_by(|one, next| one.class < next.class) {
        let reason = "a class stands there twice, or after one that follows it";
        return Err(Refusal::invalid(Rule::F06, "/data/kept", reason, "count each class once, ascending"));
    }
    let reviewed: BTreeSet<_> = case.reviewed_classes().collect();
    let Some(at) = data.kept.iter().position(|row| !reviewed.contains(&row.class)) else { return Ok(()) };
    let pointer = format!("/data/kept/{at}/class");
    let reason = "a class that the reviewed scope does not have";
    Err(Refusal::invalid(Rule::I06, &pointer, reason, "collect exactly the approved scope"))
}

/// I-16: the classes add up to what `data.filtered` kept.
fn adds_up(found: &Found, data: &DataTallied) -> Result<(), Refusal> {
    let (kept, tallied) = (found.kept.unwrap_or_default(), sum(&data.kept));
    if kept == tallied {
        return Ok(());
    }
    let reason = format!("{kept} records were kept, {tallied} are tallied");
    Err(Refusal::invalid(Rule::I16, "/data/kept", reason, "count each kept record once"))
}

/// What the live collection found; a collection begun under rule set 1 has no such state.
pub(super) fn found<'c>(context: &Context<'_>, case: &'c Case) -> Result<&'c Found, Refusal> {
    let id = case.live_disclosure().map(|live| &live.id);
    let found = case.yields.found.as_ref().filter(|found| Some(&found.disclosure) == id);
    found.ok_or_else(|| not_now(context.kind, "its sources were not read under this rule set; destroy it"))
}

/// I-18 (S-79): everything was searched, nothing was within the scope, and a reviewer says so.
pub(super) fn no_data(context: &Context<'_>, case: &Case, data: &NoDataCertified) -> Result<Change, Refusal> {
    live(context, case, &data.disclosure, Step::Filtered)?;
    let found = found(context, case)?;
    if found.tallied() != Some(0) {
        let reason = "the collection kept something, or what it kept is not tallied";
        let cure = "tally it; certify only what kept nothing";
        return Err(Refusal::conflict(Rule::I16, "/data/disclosure", reason, cure));
    }
    let searched: BTreeSet<_> = data.searched.iter().collect();
    if searched.len() != data.searched.len() || !searched.iter().copied().eq(found.sources.keys()) {
        let reason = format!(
            "{} sources were read, {} different ones are certified, or others",
            found.sources.len(),
            searched.len()
        );
        return Err(Refusal::invalid(
            Rule::I16,
            "/data/searched",
            reason,
            "name those of data.received, once",
        ));
    }
    let mut case = touched(context, case);
    case.stage = Stage::NoData;
    // Nothing was destroyed for a reason: `destroyed` stays empty, the stage says how it ended.
    if let Some(live) = case.disclosures.last_mut() {
        live.step = Step::Destroyed;
    }
    Ok(Change::of_case(case))
}

/// S-02: two people looked at the item; before the seal, for this collection or a later one.
pub(super) fn scan_cleared(
    context: &Context<'_>,
    case: &Case,
    data: &ScanCleared,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.live_disclosure().is_some_and(|live| live.step >= Step::Sealed) {
        return Err(not_now(context.kind, "the bundle is sealed without the item"));
    }
    is_short("/data/reason", &data.reason)?;
    if case.yields.is_cleared(&data.source, &data.item_sha256) {
        return Err(not_now(context.kind, "the item is cleared"));
    }
    if case.yields.cleared.len() >= CLEARED_MAX {
        let reason = format!("{CLEARED_MAX} items of the request are cleared");
        return Err(Refusal::conflict(Rule::F06, "/data/item_sha256", reason, "leave the item withheld"));
    }
    let mut case = touched(context, case);
    case.yields.cleared.insert((data.source.clone(), data.item_sha256));
    Ok(Change::of_case(case))
}

/// I-16: what leaves was tallied, and something leaves.
pub(super) fn traced(context: &Context<'_>, case: &Case, data: &BundleProvenance) -> Result<Change, Refusal> {
    live(context, case, &data.disclosure, Step::Filtered)?;
    let found = found(context, case)?;
    let (reason, cure) = match found.tallied() {
        Some(1..) => {
            traces_what_was_read(found, data)?;
            return rules1::packaging::traced(context, case, data);
        }
        Some(0) => ("nothing was kept, and an empty bundle is never sealed", "certify it: no_data.certified"),
        None => ("what was kept is not tallied", "record data.tallied first"),
    };
    Err(Refusal::conflict(Rule::I16, "/data/disclosure", reason, cure))
}

/// I-16: a bundle is traced to every source of `data.received`, byte for byte what was read then.
fn traces_what_was_read(found: &Found, data: &BundleProvenance) -> Result<(), Refusal> {
    let cure = "trace each source of data.received once, with its digest and length";
    let mut traced = BTreeSet::new();
    for (at, file) in data.sources.iter().enumerate() {
        let original = Original { bytes: file.bytes, sha256: file.sha256 };
        if found.sources.get(&file.source) != Some(&original) || !traced.insert(&file.source) {
            let reason =
                format!("{} was not read, was read as something else, or is traced twice", file.source);
            return Err(Refusal::invalid(Rule::I16, &format!("/data/sources/{at}"), reason, cure));
        }
        if !are_apart(&file.kept, file.bytes) {
            let pointer = format!("/data/sources/{at}/kept");
            let reason = "a range is empty, touches the one before, or ends beyond the source";
            return Err(Refusal::invalid(Rule::I16, &pointer, reason, "join what touches, ascending"));
        }
    }
    if traced.len() == found.sources.len() {
        return Ok(());
    }
    let reason = format!("{} of {} sources are traced", traced.len(), found.sources.len());
    Err(Refusal::invalid(Rule::I16, "/data/sources", reason, cure))
}

/// Half-open ranges: none empty, each after a gap, none beyond the end.
fn are_apart(ranges: &[(u64, u64)], end: u64) -> bool {
    ranges.is_sorted_by(|(_, end), (next, _)| end < next)
        && ranges.iter().all(|(from, to)| from < to && *to <= end)
}

pub(super) fn sealed(context: &Context<'_>, case: &Case, data: &BundleSealed) -> Result<Change, Refusal> {
    while_data_moves(context, case)?;
    rules1::packaging::sealed(context, case, data)
}

pub(super) fn released(context: &Context<'_>, case: &Case, data: &BundleReleased) -> Result<Change, Refusal> {
    while_data_moves(context, case)?;
    notice::before_release(context, case)?;
    let change = rules1::packaging::released(context, case, data)?;
    Ok(with_case(change, |case| {
        if let Some(live) = case.disclosures.last_mut() {
            live.released_at = Some(context.stamp.time);
        }
        // A bundle sealed under rule set 1 has no tally; its reviewed scope stands for it.
        let found = case.yields.found.as_ref().filter(|found| found.disclosure == data.disclosure);
        let tally = found.and_then(|found| found.tally.clone());
        let produced = tally.map(|tally| Produced { production: data.production.clone(), tally });
        case.yields.produced.extend(produced);
        notice::released(context, case);
        emergency::released(context, case);
    }))
}

pub(super) fn destroyed(
    context: &Context<'_>,
    case: &Case,
    data: &BundleDestroyed,
) -> Result<Change, Refusal> {
    rules1::packaging::destroyed(context, case, data)
}

/// The released collection whose bundle has that name.
fn delivered<'c>(
    case: &'c Case,
    production: &ProductionId,
    pointer: &str,
) -> Result<&'c Disclosure, Refusal> {
    let is_it = |done: &&Disclosure| done.production.as_ref() == Some(production) && done.released.is_some();
    case.disclosures.iter().find(is_it).ok_or_else(|| {
        let reason = format!("{production} is no delivered bundle of this request");
        Refusal::conflict(Rule::I04, pointer, reason, "name a bundle that was released for this request")
    })
}

/// Legal whatever became of the request since: what was delivered stays counted as delivered.
pub(super) fn recall_requested(
    context: &Context<'_>,
    case: &Case,
    data: &RecallRequested,
) -> Result<Change, Refusal> {
    delivered(case, &data.production, "/data/production")?;
    // Another ground is another mishap, which must not wait for the answer about this one.
    let is_open = |recall: &Recall| {
        recall.production == data.production && recall.ground == data.ground && recall.destroyed.is_none()
    };
    if case.yields.recalls.iter().any(is_open) {
        return Err(not_now(context.kind, "the bundle is recalled on this ground, and no answer came"));
    }
    if case.yields.recalls.len() >= RECALLS_MAX {
        return Err(not_now(context.kind, "the request has as many recalls as one may have"));
    }
    let request = &case.request;
    let mut recalling = touched(context, case);
    let (production, ground) = (data.production.clone(), data.ground);
    recalling.yields.recalls.push(Recall { production, ground, destroyed: None });
    let change = Change::of_case(recalling);
    let mishap = match data.ground {
        // It was rightly delivered.
        RecallGround::Withdrawn => return Ok(change),
        RecallGround::Quashed => Mishap::Quashed,
        RecallGround::OverProduction => Mishap::OverProduction,
        RecallGround::Impostor => Mishap::Impostor,
        RecallGround::Privileged => Mishap::Privileged,
    };
    let productions = BTreeSet::from([data.production.clone()]);
    Ok(incident::owing(context, change, request, mishap, productions))
}

pub(super) fn recall_answered(
    context: &Context<'_>,
    case: &Case,
    data: &RecallAnswered,
) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    let is_open = |recall: &&mut Recall| recall.production == data.production && recall.destroyed.is_none();
    let mut answered = false;
    for recall in case.yields.recalls.iter_mut().filter(is_open) {
        recall.destroyed = Some(data.destroyed);
        answered = true;
    }
    if answered {
        return Ok(Change::of_case(case));
    }
    Err(not_now(context.kind, "no recall of that bundle waits for an answer"))
}

/// I-17: a further bundle stands on a new review and new approvals, so the request opens for them.
///
/// An acknowledgement of the delivered bundle is no longer taken from here on.
pub(super) fn superseding(
    context: &Context<'_>,
    case: &Case,
    data: &ProductionSuperseding,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    is_short("/data/reason", &data.reason)?;
    let done = delivered(case, &data.supersedes, "/data/supersedes")?;
    if case.live_disclosure().map(|live| &live.id) != Some(&done.id) {
        return Err(not_now(context.kind, "it is not the request's latest bundle"));
    }
    did_not_end(case)?;
    let Some(review) = case.review.as_ref().filter(|review| review.context == done.review) else {
        return Err(not_now(context.kind, "the bundle's review is not known any more"));
    };
    let superseded = Superseded {
        production: data.supersedes.clone(),
        disclosure: done.id.clone(),
        kind: data.kind,
        scope: review.scope.clone(),
    };
    let mut case = touched(context, case);
    case.stage = Stage::Screening;
    case.yields.superseded.push(superseded);
    Ok(Change::of_case(case))
}

/// I-18: a demand that ended after delivery, or was nobody's, by whichever of its bundles that was
/// recorded, authorises nothing more.
pub(super) fn did_not_end(case: &Case) -> Result<(), Refusal> {
    let ends = |recall: &&Recall| match recall.ground {
        RecallGround::Withdrawn | RecallGround::Quashed | RecallGround::Impostor => true,
        RecallGround::OverProduction | RecallGround::Privileged => false,
    };
    let Some(recall) = case.yields.recalls.iter().find(ends) else { return Ok(()) };
    let reason = format!("the demand ended after delivery ({:?}); it authorises nothing more", recall.ground);
    Err(Refusal::conflict(Rule::I18, "", reason, "a new demand needs a new request"))
}

/// I-06: an order narrower than what was delivered under its earlier version shows an
/// over-production; it is recalled before anything more is collected.
fn over_production_is_recalled(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let is_recalled = |over: &ProductionId| {
        let is_of =
            |recall: &Recall| recall.production == *over && recall.ground == RecallGround::OverProduction;
        case.yields.recalls.iter().any(is_of)
    };
    let over = over_produced(context, case).find(|(production, _)| !is_recalled(production));
    let Some((production, at)) = over else { return Ok(()) };
    let reason = format!("items/{at} of {production} is more than the order in force asks");
    Err(Refusal::conflict(Rule::I06, "", reason, "recall the delivered bundle: over_production"))
}

/// The delivered bundles that hold more than the order in force asks, each with the first item of its
/// scope that does.
fn over_produced<'c>(
    context: &'c Context<'_>,
    case: &'c Case,
) -> impl Iterator<Item = (&'c ProductionId, usize)> {
    let fields = context.force.policy.value.fields();
    let ordered = case.classified.as_ref().map(|classified| classified.scope.scope());
    case.yields.superseded.iter().filter_map(move |done| {
        let outside = done.scope.scope().items_outside(ordered?, fields);
        outside.first().map(|at| (&done.production, *at))
    })
}

/// I-34: the order that shows an over-production owes the incident, whether or not more is collected.
pub(super) fn owing_over_production(context: &Context<'_>, change: Change) -> Change {
    let Some(case) = &change.case else { return change };
    let over: BTreeSet<_> = over_produced(context, case).map(|(production, _)| production.clone()).collect();
    let request = case.request.clone();
    if over.is_empty() {
        return change;
    }
    incident::owing(context, change, &request, Mishap::OverProduction, over)
}

fn with_case(mut change: Change, alter: impl FnOnce(&mut Case)) -> Change {
    if let Some(case) = &mut change.case {
        alter(case);
    }
    change
}
