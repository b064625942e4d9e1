//! A demand's way in and its early ends.
//!
//! Every document is one request's (I-44): its digest is claimed in the whole log. A demand that
//! does not demonstrably come from whom it names is quarantined: nothing goes on until somebody
//! senior verifies it with other evidence.

use std::collections::BTreeSet;

use super::{incident, packaging, path};
use crate::model::scope::{Scope, ScopeItem};
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::case::{ARRIVAL_LIST_MAX, Callback, Case, Narrowed, Stage};
use crate::practice::change::{Change, Claim};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::records::Mishap;
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::rules1;
use crate::practice::rules1::intake::{has_not_left, is_current_order, is_past};
use crate::practice::vocabulary::{
    AuthFinding, CallbackAnswer, CallbackMade, OrderAmended, RejectCode, RequestAuthFailed,
    RequestAuthenticated, RequestClassified, RequestDuplicated, RequestKind, RequestLinked, RequestNarrowed,
    RequestReceived, RequestRejected, RequestWithdrawn,
};

pub(super) fn received(
    context: &Context<'_>,
    case: Option<&Case>,
    data: RequestReceived,
) -> Result<Change, Refusal> {
    let document = data.order.sha256;
    let mut change = rules1::intake::received(context, case, data)?;
    if let Some(case) = &mut change.case {
        case.arrival.documents.push(document);
    }
    Ok(change.claiming(Claim::Document(document)))
}

/// From quarantine only by somebody senior and with other evidence; later it refreshes the date.
pub(super) fn authenticated(
    context: &Context<'_>,
    case: &Case,
    data: RequestAuthenticated,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if data.evidence.iter().any(|digest| case.arrival.failed_evidence.contains(digest)) {
        let reason = "the evidence is what the failed verification had";
        return Err(Refusal::invalid(Rule::I33, "/data/evidence", reason, "verify it another way"));
    }
    if case.stage == Stage::Quarantined && !acts_as(context, &[Role::SeniorReviewer]) {
        let reason = "only a senior reviewer ends a quarantine";
        return Err(Refusal::forbidden(Rule::I33, "/actor", reason, "have somebody senior verify it"));
    }
    let stage = match case.stage {
        Stage::Received | Stage::Quarantined => Stage::Authenticated,
        later => later,
    };
    if stage == case.stage && case.agency.as_ref() != Some(&data.agency) {
        return Err(not_now(context.kind, "another agency was verified before"));
    }
    let arrived = Case { stage: Stage::Received, ..case.clone() };
    let mut change = rules1::intake::authenticated(context, &arrived, data)?;
    if let Some(next) = &mut change.case {
        next.stage = stage;
        next.arrival.authenticated_at = Some(context.stamp.time);
    }
    Ok(change)
}

/// Quarantine: whatever was reviewed before counts no more.
pub(super) fn auth_failed(
    context: &Context<'_>,
    case: &Case,
    data: &RequestAuthFailed,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    has_not_left(context, case)?;
    if data.evidence.is_empty() || data.evidence.len() > ARRIVAL_LIST_MAX {
        let reason = format!("evidence has 1 to {ARRIVAL_LIST_MAX} digests");
        return Err(Refusal::invalid(Rule::F06, "/data/evidence", reason, "keep the evidence and name it"));
    }
    let mut failed = quarantined(context, case);
    if failed.arrival.failed_evidence.len() + data.evidence.len() > ARRIVAL_LIST_MAX {
        return Err(not_now(context.kind, "it failed as often as one may: reject it"));
    }
    failed.arrival.failed_evidence.extend(data.evidence.iter().copied());
    let change = Change::of_case(failed);
    // Nobody pretended anything where nobody could be reached, or the directory lacks the agency.
    if matches!(data.finding, AuthFinding::Unconfirmed | AuthFinding::Unregistered) {
        return Ok(change);
    }
    Ok(incident::owing(context, change, &case.request, Mishap::Denied, incident::released(case)))
}

fn quarantined(context: &Context<'_>, case: &Case) -> Case {
    let mut case = touched(context, case);
    case.stage = Stage::Quarantined;
    case.review = None;
    case.arrival.authenticated_at = None;
    case
}

/// The answer is kept whatever it is; a denial is a quarantine, however genuine the mailbox looked. It
/// may come when the request has ended: then it reopens nothing, and is looked into all the same.
pub(super) fn called_back(
    context: &Context<'_>,
    case: &Case,
    data: &CallbackMade,
) -> Result<Change, Refusal> {
    let denied = data.answer == CallbackAnswer::Denied;
    if !denied {
        is_open(context.kind, case)?;
    }
    if data.called_at > context.stamp.time || data.number_dated > data.called_at {
        let reason = "the call is in the future, or the number is newer than the call";
        return Err(Refusal::invalid(Rule::I30, "/data/called_at", reason, "say when it was called"));
    }
    if case.arrival.callbacks.len() >= ARRIVAL_LIST_MAX {
        return Err(not_now(context.kind, "as many calls are recorded as there may be"));
    }
    let left = case.live_disclosure().is_some_and(|live| live.released.is_some());
    let is_stopped = denied && !left && !case.stage.is_terminal();
    let mut called = if is_stopped { quarantined(context, case) } else { touched(context, case) };
    if denied {
        // What left cannot be held back; nothing more goes out before somebody verifies it anew (I-33).
        called.arrival.authenticated_at = None;
    }
    called.arrival.callbacks.push(Callback {
        index: context.stamp.index,
        at: context.stamp.time,
        agency: data.agency.clone(),
        number_source: data.number_source,
        number_sha256: data.number_sha256,
        number_dated: data.number_dated,
        called_at: data.called_at,
        answer: data.answer,
        version: case.order.version,
    });
    let change = Change::of_case(called);
    if !denied {
        return Ok(change);
    }
    Ok(incident::owing(context, change, &case.request, Mishap::Denied, incident::released(case)))
}

/// I-44: only what is one of its own documents is a duplicate; a copy that differs is not.
pub(super) fn duplicated(
    context: &Context<'_>,
    case: &Case,
    data: &RequestDuplicated,
) -> Result<Change, Refusal> {
    is_past(context, data.received_at)?;
    if !case.stood_on(&data.document_sha256) {
        let reason = "the document is none that this request stands on";
        let cure = "note a deficiency if the copies differ, or receive it as a request of its own";
        return Err(Refusal::invalid(Rule::I44, "/data/document_sha256", reason, cure));
    }
    let mut case = touched(context, case);
    case.arrival.duplicates = case.arrival.duplicates.saturating_add(1);
    Ok(Change::of_case(case))
}

pub(super) fn linked(context: &Context<'_>, case: &Case, data: &RequestLinked) -> Result<Change, Refusal> {
    if data.other == case.request {
        let reason = "a request is not linked to itself";
        return Err(Refusal::invalid(Rule::I44, "/data/other", reason, "name the other request"));
    }
    let mut case = touched(context, case);
    if !case.arrival.links.insert((data.other.clone(), data.relation)) {
        return Err(not_now(context.kind, "the two are linked so already"));
    }
    if case.arrival.links.len() > ARRIVAL_LIST_MAX {
        return Err(not_now(context.kind, "as many links are recorded as there may be"));
    }
    Ok(Change::of_case(case).naming(Claim::Request(data.other.clone()), "/data/other"))
}

pub(super) fn classified(
    context: &Context<'_>,
    case: &Case,
    data: RequestClassified,
) -> Result<Change, Refusal> {
    is_no_capability(case)?;
    is_the_agencys(context, case, &data)?;
    is_as_agreed(context, case, &data)?;
    was_issued_first(case, &data)?;
    names_another_origin(&data)?;
    let unresolved = data.identifiers.iter().filter(|named| named.account.is_none()).count();
    let set_aside = still_set_aside(case, data.scope.scope());
    let mut change = rules1::intake::classified(context, case, data)?;
    if let Some(case) = &mut change.case {
        case.arrival.set_aside = set_aside;
        case.arrival.unresolved = u32::try_from(unresolved).unwrap_or(u32::MAX);
    }
    Ok(packaging::owing_over_production(context, change))
}

/// S-19: nobody serves an order that is yet to be issued.
fn was_issued_first(case: &Case, data: &RequestClassified) -> Result<(), Refusal> {
    if data.issued_at <= case.served_at() {
        return Ok(());
    }
    let reason = format!("the document came on {}, before it was issued", case.served_at());
    let cure = "correct the date, or reject the demand: wrong_dates";
    Err(Refusal::invalid(Rule::S19, "/data/issued_at", reason, cure))
}

/// S-52 (case 43): what comes by treaty is the domestic authority's demand, and another country's wish.
fn names_another_origin(data: &RequestClassified) -> Result<(), Refusal> {
    if data.foreign_origin != Some(data.country) {
        return Ok(());
    }
    let reason = format!("{} asks for itself; that is no treaty request", data.country);
    let cure = "name the country that asked by treaty, or leave it out";
    Err(Refusal::invalid(Rule::S52, "/data/foreign_origin", reason, cure))
}

/// S-08: positions in one scope mean nothing in another. What was deficient is the same account's
/// same class, wherever it stands now, until another document mends it.
fn still_set_aside(case: &Case, scope: &Scope) -> BTreeSet<u32> {
    let Some(before) = &case.classified else { return BTreeSet::new() };
    let items = before.scope.scope().items().iter().enumerate();
    let is_aside = |at: usize| u32::try_from(at).is_ok_and(|at| case.arrival.set_aside.contains(&at));
    let deficient: BTreeSet<_> = items
        .filter(|(at, _)| is_aside(*at))
        .map(|(_, item)| (&item.service, item.account.as_str(), item.class))
        .collect();
    let is_deficient =
        |item: &ScopeItem| deficient.contains(&(&item.service, item.account.as_str(), item.class));
    (0..).zip(scope.items()).filter(|(_, item)| is_deficient(item)).map(|(at, _)| at).collect()
}

/// S-27, I-21: what the requester gave up comes back with another document, not with another reading.
fn is_as_agreed(context: &Context<'_>, case: &Case, data: &RequestClassified) -> Result<(), Refusal> {
    let Some(narrowed) = case.arrival.narrowed_to(case.order.version) else { return Ok(()) };
    let fields = context.force.policy.value.fields();
    let Some(at) = data.scope.scope().items_outside(narrowed.scope.scope(), fields).first().copied() else {
        return Ok(());
    };
    let reason =
        format!("items/{at} of the scope asks for what the requester gave up at entry {}", narrowed.entry);
    let cure = "classify it within what was agreed; more takes an amended order";
    Err(Refusal::invalid(Rule::I21, "/data/scope", reason, cure))
}

/// S-03, S-84 (I-42): such a demand is never classified, so nothing of it can be approved.
fn is_no_capability(case: &Case) -> Result<(), Refusal> {
    let (rule, reason) = match case.received.kind {
        RequestKind::Capability => (Rule::S03, "a demand for a capability is never complied with"),
        RequestKind::Programme => (Rule::S84, "no voluntary programme is joined"),
        _ => return Ok(()),
    };
    Err(Refusal::invalid(rule, "/type", reason, "reject it"))
}

/// S-15, S-16: level and country are those of the agency that was verified.
fn is_the_agencys(context: &Context<'_>, case: &Case, data: &RequestClassified) -> Result<(), Refusal> {
    let agency = case.agency.as_ref().and_then(|id| context.force.directory.value.agency(id));
    let Some(agency) = agency else {
        return Err(not_now(context.kind, "no agency is verified"));
    };
    let (rule, pointer, what) = if agency.level != data.level {
        (Rule::S15, "/data/level", "level of government")
    } else if agency.country != data.country {
        (Rule::S16, "/data/country", "country")
    } else {
        return Ok(());
    };
    let reason = format!("the directory has another {what} for {}", agency.id);
    Err(Refusal::invalid(rule, pointer, reason, "correct it, or reject the demand"))
}

pub(super) fn amended(context: &Context<'_>, case: &Case, data: &OrderAmended) -> Result<Change, Refusal> {
    let mut change = rules1::intake::amended(context, case, data)?;
    if let Some(next) = &mut change.case {
        if case.stage == Stage::Quarantined {
            next.stage = Stage::Quarantined;
        }
        is_another_document(context, next, data.order.sha256, data.received_at)?;
    }
    Ok(change.claiming(Claim::Document(data.order.sha256)))
}

/// I-33, I-10: another document is verified by itself, and nothing that was decided upon the one
/// before stands. Attack: a forged amendment of a genuine order.
pub(super) fn is_another_document(
    context: &Context<'_>,
    case: &mut Case,
    document: crate::model::digest::Digest,
    received_at: Timestamp,
) -> Result<(), Refusal> {
    case.arrival.authenticated_at = None;
    case.arrival.replaced_at = Some(received_at);
    case.arrival.submitters.insert(context.event.actor.clone());
    case.arrival.unresolved = 0;
    case.screening.rights = None;
    case.acts.clear();
    keep_document(context, case, document)
}

/// The documents of one request are few.
fn keep_document(
    context: &Context<'_>,
    case: &mut Case,
    document: crate::model::digest::Digest,
) -> Result<(), Refusal> {
    if case.arrival.documents.len() >= ARRIVAL_LIST_MAX {
        return Err(not_now(context.kind, "the request had as many documents as one may have"));
    }
    case.arrival.documents.push(document);
    Ok(())
}

/// S-03: that a capability was refused is said by somebody senior.
pub(super) fn rejected(
    context: &Context<'_>,
    case: &Case,
    data: &RequestRejected,
) -> Result<Change, Refusal> {
    let is_capability = matches!(case.received.kind, RequestKind::Capability | RequestKind::Programme);
    if is_capability && !acts_as(context, &[Role::SeniorReviewer]) {
        let reason = "such a demand is rejected by a senior reviewer";
        return Err(Refusal::forbidden(Rule::S03, "/actor", reason, "have a senior reviewer reject it"));
    }
    if is_capability && case.received.submitter == context.event.actor {
        let reason = "two persons see such a demand: who took it in, and who turns it down";
        return Err(Refusal::forbidden(
            Rule::S03,
            "/actor",
            reason,
            "have another senior reviewer reject it",
        ));
    }
    for (at, reason) in data.reasons.iter().enumerate() {
        if !is_true_of(context, case, reason.code) {
            let pointer = format!("/data/reasons/{at}/code");
            let text = "the log shows another demand than that reason is about";
            return Err(Refusal::invalid(Rule::I20, &pointer, text, "name the reason that holds"));
        }
    }
    rules1::intake::rejected(context, case, data)
}

/// I-20: what the log itself can tell of a reason. Whether one of the eight holds is the reviewer's.
fn is_true_of(context: &Context<'_>, case: &Case, code: RejectCode) -> bool {
    let classified = case.classified.as_ref();
    match code {
        // S-40: an emergency may come from anywhere.
        RejectCode::UseMlat => {
            let agency = case.agency.as_ref().and_then(|id| context.force.directory.value.agency(id));
            let country = classified.map(|found| found.country).or(agency.map(|agency| agency.country));
            let is_answered =
                |country| context.force.policy.value.country(country).is_some_and(|row| row.answered);
            case.received.kind != RequestKind::Emergency && country.is_some_and(|found| !is_answered(found))
        }
        RejectCode::NotAnswered => {
            classified.is_some_and(|classified| path::is_none(context, case.received.kind, classified))
        }
        RejectCode::NotAuthentic => case.stage == Stage::Quarantined,
        RejectCode::CapabilityDemand => case.received.kind == RequestKind::Capability,
        RejectCode::ProgrammeDemand => case.received.kind == RequestKind::Programme,
        _ => true,
    }
}

pub(super) fn withdrawn(
    context: &Context<'_>,
    case: &Case,
    data: &RequestWithdrawn,
) -> Result<Change, Refusal> {
    rules1::intake::withdrawn(context, case, data)
}

/// S-27, I-21: less than before, and something else; agreed by the requester, negotiated by counsel.
pub(super) fn narrowed(
    context: &Context<'_>,
    case: &Case,
    data: &RequestNarrowed,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.live_disclosure().is_some() {
        return Err(not_now(context.kind, "a collection is under way or done"));
    }
    let Some(classified) = &case.classified else {
        return Err(not_now(context.kind, "the demand is not classified"));
    };
    is_current_order(case, &data.order)?;
    if context.event.actor.as_str() != data.counsel.as_str() {
        let reason = "narrowing is negotiated by counsel, who is the event's actor";
        return Err(Refusal::forbidden(Rule::S27, "/data/counsel", reason, "name the counsel"));
    }
    if data.old_scope_sha256 != classified.scope.sha256() {
        let reason = "the scope so far is another one";
        return Err(Refusal::conflict(Rule::S27, "/data/old_scope_sha256", reason, "read the case again"));
    }
    let fields = context.force.policy.value.fields();
    if let Some(at) = data.scope.scope().items_outside(classified.scope.scope(), fields).first() {
        let reason = format!("items/{at} of the scope asks for more than before");
        return Err(Refusal::invalid(
            Rule::I21,
            "/data/scope",
            reason,
            "narrow it; more takes an amended order",
        ));
    }
    if classified.scope.scope().items_outside(data.scope.scope(), fields).is_empty() {
        let reason = "the scope asks for the same as before";
        return Err(Refusal::invalid(Rule::I21, "/data/scope", reason, "record what was given up"));
    }
    let set_aside = still_set_aside(case, data.scope.scope());
    let mut classified = classified.clone();
    classified.scope = data.scope.clone();
    let mut case = touched(context, case);
    let (entry, version) = (context.stamp.index, case.order.version);
    case.arrival.narrowed = Some(Narrowed { entry, version, scope: data.scope.clone() });
    case.classified = Some(classified);
    case.review = None;
    case.arrival.set_aside = set_aside;
    if case.stage == Stage::Reviewed {
        case.stage = Stage::Screening;
    }
    Ok(packaging::owing_over_production(context, Change::of_case(case)))
}

/// Whether the event's actor is a registered person in one of these roles.
fn acts_as(context: &Context<'_>, roles: &[Role]) -> bool {
    context.is_person_in(context.event.actor.as_str(), roles)
}

/// Nothing of a quarantined demand is reviewed.
pub(super) fn before_review(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    is_verified(context, case)
}

/// I-33, S-19: the requester is who it says, verified lately, and its order can still be executed.
pub(super) fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    is_verified(context, case)?;
    let Some(classified) = &case.classified else { return Ok(()) };
    let instrument = context.force.policy.value.instrument(&classified.instrument);
    let Some(days) = instrument.and_then(|row| row.execute_within_days) else { return Ok(()) };
    // What was sealed in time was executed in time: it may wait for its release, and be corrected.
    let stands = |done: &crate::practice::case::Disclosure| {
        done.opened > classified.index && (done.released.is_some() || done.is_live())
    };
    let sealed = case.disclosures.iter().any(|done| done.sealed.is_some() && stands(done));
    let end = classified.issued_at.saturating_add_ms(i64::from(days) * DAY_MS);
    if sealed || context.stamp.time <= end {
        return Ok(());
    }
    let reason = format!("the order had to be executed within {days} days, by {end}");
    Err(Refusal::conflict(Rule::S19, "", reason, "have the order renewed, or reject the demand"))
}

/// I-33.
fn is_verified(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let refuse = |reason: &str| {
        let cure = "verify where it comes from, and record request.authenticated";
        Err(Refusal::conflict(Rule::I33, "", reason, cure))
    };
    if case.stage == Stage::Quarantined {
        return refuse("the demand is in quarantine");
    }
    // A case that rose from rule set 1 has no date of its verification: it is verified again.
    let Some(at) = case.arrival.authenticated_at else {
        return refuse("where the demand comes from is not verified");
    };
    let days = context.force.policy.value.times.authentication_age_days_max;
    if at.saturating_add_ms(i64::from(days) * DAY_MS) < context.stamp.time {
        return refuse("the verification is too old");
    }
    Ok(())
}
