//! From the first read of a source to the bundle's release: each step once, in order.

use super::intake::has_not_ended;
use super::quorum::{
    current_recipients, goes_to_current_recipients, is_collector, is_of_policy_in_force, to_collect,
    to_release,
};
use super::{Context, is_open, not_now, touched};
use crate::model::digest::Digest;
use crate::model::id::{DisclosureId, ProductionId};
use crate::practice::case::{CASE_DISCLOSURES_MAX, Case, Disclosure, Sealed, Stage, Step};
use crate::practice::change::{Change, Claim, Mark};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{
    BundleDestroyed, BundleProvenance, BundleReleased, BundleSealed, DataFiltered, DataPlanned, DataReceived,
    DisclosureOpened, LeafRef,
};
use crate::tlog::Hash;

/// Length of a production's HMAC key in bytes.
const HMAC_KEY_BYTES: usize = 32;
/// Most sources, and most reasons for withholding, of one collection.
const LIST_MAX: usize = 4096;
/// Longest name of a withholding rule in bytes.
const NAME_BYTES_MAX: usize = 64;

pub(in crate::practice) fn opened(
    context: &Context<'_>,
    case: &Case,
    data: &DisclosureOpened,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.live_disclosure().is_some() {
        return Err(not_now(context.kind, "another collection is under way or done"));
    }
    let Some(review) = case.review.as_ref().filter(|_| case.stage == Stage::Reviewed) else {
        let reason = "there is no review of the order in force";
        return Err(Refusal::conflict(Rule::S07, "", reason, "complete the review first"));
    };
    if case.disclosures.len() >= CASE_DISCLOSURES_MAX {
        return Err(not_now(context.kind, "the request has as many collections as one may have"));
    }
    leads_to_one_bundle(case, review.context)?;
    let stale = "open it for the review and the order in force";
    if data.review != review.context || data.order != case.order {
        let reason = "the review or the order is not the one in force";
        return Err(Refusal::conflict(Rule::I10, "/data/review", reason, stale));
    }
    is_of_policy_in_force(context, review)?;
    has_not_ended(context, case)?;
    is_approved_scope(case, data.scope_sha256)?;
    if case.received.submitter == data.collector.as_str() {
        let reason = format!("{} took the request in", data.collector);
        return Err(Refusal::forbidden(Rule::I07, "/data/collector", reason, "have somebody else collect"));
    }
    is_collector(context, data.collector.as_str())?;
    let recipients = current_recipients(&context.force, case, context.stamp.time)?;
    to_collect(context, case, &recipients, data.collector.as_str())?;
    let mut case = touched(context, case);
    case.disclosures.push(Disclosure {
        id: data.disclosure.clone(),
        opened: context.stamp.index,
        step: Step::Opened,
        collector: data.collector.clone(),
        review: data.review,
        scope_sha256: data.scope_sha256,
        production: None,
        records: 0,
        sealed: None,
        released: None,
        released_at: None,
        failures: 0,
        destroyed: None,
    });
    Ok(Change::of_case(case).claiming(Claim::Disclosure(data.disclosure.clone())))
}

/// I-17: a bundle sealed under this review, even one destroyed since, used its approvals up.
pub(in crate::practice) fn leads_to_one_bundle(case: &Case, review: LeafRef) -> Result<(), Refusal> {
    let used = case.disclosures.iter().any(|done| done.review == review && done.sealed.is_some());
    if !used {
        return Ok(());
    }
    let reason = "a bundle was sealed under these approvals before";
    Err(Refusal::conflict(Rule::I17, "", reason, "complete the review again, and have it approved"))
}

pub(in crate::practice) fn received(
    context: &Context<'_>,
    case: &Case,
    data: &DataReceived,
) -> Result<Change, Refusal> {
    if data.sources.is_empty() || data.sources.len() > LIST_MAX {
        let reason = format!("a collection reads 1 to {LIST_MAX} sources");
        return Err(Refusal::invalid(Rule::F06, "/data/sources", reason, "name what was read"));
    }
    let records = data.sources.iter().fold(0u64, |sum, source| sum.saturating_add(source.records));
    step(context, case, &data.disclosure, Step::Opened, |live| {
        live.step = Step::Received;
        live.records = records;
        Ok(())
    })
}

/// I-06: planned under exactly the approved scope.
pub(in crate::practice) fn planned(
    context: &Context<'_>,
    case: &Case,
    data: &DataPlanned,
) -> Result<Change, Refusal> {
    is_approved_scope(case, data.scope_sha256)?;
    step(context, case, &data.disclosure, Step::Received, |live| {
        live.step = Step::Planned;
        Ok(())
    })
}

/// I-16: every record read is kept or withheld, and for a reason.
pub(in crate::practice) fn filtered(
    context: &Context<'_>,
    case: &Case,
    data: &DataFiltered,
) -> Result<Change, Refusal> {
    let named = data.withheld.iter().all(|row| !row.rule.is_empty() && row.rule.len() <= NAME_BYTES_MAX);
    if !named || data.withheld.len() > LIST_MAX {
        let reason = "a withheld count names its rule";
        return Err(Refusal::invalid(Rule::F06, "/data/withheld", reason, "count by rule"));
    }
    let withheld = data.withheld.iter().fold(0u64, |sum, row| sum.saturating_add(row.count));
    if data.kept.saturating_add(withheld) != data.records {
        let reason = format!("{} records, but {} kept and {withheld} withheld", data.records, data.kept);
        return Err(Refusal::invalid(Rule::I16, "/data/records", reason, "account for every record"));
    }
    step(context, case, &data.disclosure, Step::Planned, |live| {
        if live.records != data.records {
            let reason = format!("{} records were read, {} accounted for", live.records, data.records);
            return Err(Refusal::invalid(Rule::I16, "/data/records", reason, "account for every record"));
        }
        live.step = Step::Filtered;
        Ok(())
    })
}

pub(in crate::practice) fn traced(
    context: &Context<'_>,
    case: &Case,
    data: &BundleProvenance,
) -> Result<Change, Refusal> {
    if data.hmac_key.as_bytes().len() != HMAC_KEY_BYTES {
        let reason = format!("the key has {HMAC_KEY_BYTES} bytes");
        return Err(Refusal::invalid(Rule::F06, "/data/hmac_key", reason, "draw 32 random bytes"));
    }
    let change = step(context, case, &data.disclosure, Step::Filtered, |live| {
        live.step = Step::Traced;
        live.production = Some(data.production.clone());
        Ok(())
    })?;
    Ok(change.claiming(Claim::Production(data.production.clone())))
}

/// Every condition of the approvals, again, at this very entry; the recipients against those used.
pub(in crate::practice) fn sealed(
    context: &Context<'_>,
    case: &Case,
    data: &BundleSealed,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let live = live(context, case, &data.disclosure, Step::Traced)?;
    is_production(live, &data.production)?;
    let review = case.review.as_ref().filter(|_| case.stage == Stage::Reviewed);
    if review.map(|review| review.context) != Some(live.review) {
        let reason = "what was collected is not what is reviewed now";
        return Err(Refusal::conflict(Rule::I10, "", reason, "destroy it, review and approve again"));
    }
    has_not_ended(context, case)?;
    is_approved_scope(case, live.scope_sha256)?;
    is_collector(context, live.collector.as_str())?;
    if data.recipients != current_recipients(&context.force, case, context.stamp.time)? {
        let reason = "the bundle is encrypted to others than the agency's current recipients";
        let cure = "destroy it; encrypt to the directory's recipients";
        return Err(Refusal::conflict(Rule::A05, "/data/recipients", reason, cure));
    }
    to_collect(context, case, &data.recipients, live.collector.as_str())?;
    let sealed = Sealed {
        context: LeafRef { index: context.stamp.index, leaf: Hash::ZERO },
        at: context.stamp.time,
        agency: case.agency.clone(),
        bundle: data.clone(),
    };
    let change = step(context, case, &data.disclosure, Step::Traced, |live| {
        live.step = Step::Sealed;
        live.sealed = Some(sealed);
        Ok(())
    })?;
    Ok(change.marking(Mark::Sealed))
}

/// A senior reviewer's release of exactly this bundle; everything but the approvals' time, again.
pub(in crate::practice) fn released(
    context: &Context<'_>,
    case: &Case,
    data: &BundleReleased,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    let live = live(context, case, &data.disclosure, Step::Sealed)?;
    is_production(live, &data.production)?;
    let Some(sealed) = &live.sealed else {
        return Err(not_now(context.kind, "no bundle is sealed"));
    };
    if sealed.bundle.file_sha256 != data.file_sha256 {
        let reason = "the file is not the one that was sealed";
        return Err(Refusal::conflict(Rule::I17, "/data/file_sha256", reason, "destroy it: lost"));
    }
    if case.review.as_ref().map(|review| review.context) != Some(live.review) {
        let reason = "the order or the review changed after the bundle was sealed";
        return Err(Refusal::conflict(Rule::I10, "", reason, "destroy the bundle, review and approve again"));
    }
    goes_to_current_recipients(context, case, sealed)?;
    to_release(context, case, live, sealed, data.decision)?;
    step(context, case, &data.disclosure, Step::Sealed, |live| {
        live.step = Step::Released;
        live.released = Some(context.stamp.index);
        Ok(())
    })
}

/// Legal whatever became of the request: what is staged must be able to go.
pub(in crate::practice) fn destroyed(
    context: &Context<'_>,
    case: &Case,
    data: &BundleDestroyed,
) -> Result<Change, Refusal> {
    let live = case.live_disclosure().filter(|live| live.id == data.disclosure && live.step < Step::Released);
    let Some(live) = live else {
        return Err(not_now(context.kind, "that collection is not under way, or its bundle is released"));
    };
    if data.production.is_some() && data.production != live.production {
        let reason = "the collection's bundle has another name";
        return Err(Refusal::conflict(Rule::I04, "/data/production", reason, "name its own bundle"));
    }
    let mut case = touched(context, case);
    if let Some(live) = case.disclosures.last_mut() {
        live.step = Step::Destroyed;
        live.destroyed = Some(data.reason);
    }
    Ok(Change::of_case(case))
}

/// I-18, I-03: the live collection of that name, at that step, of a request that goes on.
pub(in crate::practice) fn live<'c>(
    context: &Context<'_>,
    case: &'c Case,
    id: &DisclosureId,
    due: Step,
) -> Result<&'c Disclosure, Refusal> {
    is_open(context.kind, case)?;
    let live = case.live_disclosure().filter(|live| live.id == *id).ok_or_else(|| {
        let reason = format!("{}: the request has no collection {id} under way", context.kind);
        Refusal::conflict(Rule::I04, "/data/disclosure", reason, "open the collection first")
    })?;
    if live.step == due {
        return Ok(live);
    }
    Err(not_now(context.kind, &format!("the collection is at {:?}, it follows {due:?}", live.step)))
}

pub(in crate::practice) fn step(
    context: &Context<'_>,
    case: &Case,
    id: &DisclosureId,
    due: Step,
    change: impl FnOnce(&mut Disclosure) -> Result<(), Refusal>,
) -> Result<Change, Refusal> {
    live(context, case, id, due)?;
    let mut case = touched(context, case);
    case.disclosures.last_mut().map_or(Ok(()), change)?;
    Ok(Change::of_case(case))
}

/// I-06 (S-09).
pub(in crate::practice) fn is_approved_scope(case: &Case, scope_sha256: Digest) -> Result<(), Refusal> {
    if case.review.as_ref().map(|review| review.scope.sha256()) == Some(scope_sha256) {
        return Ok(());
    }
    let reason = "the scope is not the approved one of the order in force";
    Err(Refusal::conflict(Rule::I06, "/data/scope_sha256", reason, "collect exactly the approved scope"))
}

/// I-04.
pub(in crate::practice) fn is_production(
    live: &Disclosure,
    production: &ProductionId,
) -> Result<(), Refusal> {
    if live.production.as_ref() == Some(production) {
        return Ok(());
    }
    let reason = "the collection's bundle has another name";
    Err(Refusal::conflict(Rule::I04, "/data/production", reason, "name the bundle of bundle.provenance"))
}
