//! Emergencies (S-39 … S-48, I-30 … I-32).

use crate::practice::approvals::ApprovalState;
use crate::practice::rules1::current_recipients;
use crate::practice::rules1::quorum::{is_fresh, nobody_refused, still_binds};
use std::collections::BTreeSet;

use super::path::{self, Reach};
use crate::model::approval::Kind;
use crate::model::digest::Digest;
use crate::model::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::practice::approvals;
use crate::practice::case::{Callback, Case, Classified, Emergency, Followup};
use crate::practice::change::{Change, Claim};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, is_open, not_now, touched};
use crate::practice::policy::{Instrument, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::intake::is_current_order;
use crate::practice::rules1::signed::SignedApproval;
use crate::practice::vocabulary::{
    CallbackAnswer, EmergencyAssessed, EventType, FollowupLapsed, FollowupReceived, FollowupRefused, Nature,
    NumberSource, RequestKind,
};

/// Most classes an emergency needs: all there are but keys.
const NEEDS_MAX: usize = 11;
/// Longest statement in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// S-39, S-41 … S-45, S-47: everything an emergency request must have.
pub(super) fn assessed(
    context: &Context<'_>,
    case: &Case,
    data: &EmergencyAssessed,
) -> Result<Change, Refusal> {
    is_open(context.kind, case)?;
    if case.received.kind != RequestKind::Emergency {
        return Err(not_now(context.kind, "the request is no emergency"));
    }
    is_current_order(case, &data.order)?;
    let reviewer = data.reviewer.as_str();
    if context.event.actor.as_str() != reviewer {
        let reason = "the reviewer is not the actor";
        return Err(Refusal::forbidden(Rule::S39, "/data/reviewer", reason, "let a reviewer assess it"));
    }
    let needs = has_what_it_must(context, data)?;
    let mut case = touched(context, case);
    case.special.emergency = Some(Emergency { order: data.order, category: data.category, needs });
    Ok(Change::of_case(case))
}

fn has_what_it_must(
    context: &Context<'_>,
    data: &EmergencyAssessed,
) -> Result<BTreeSet<crate::model::class::DataClass>, Refusal> {
    let is_text = |text: &str| !text.trim().is_empty() && text.len() <= TEXT_BYTES_MAX;
    let classes: BTreeSet<_> = data.needs.iter().map(|need| need.class).collect();
    let policy = &context.force.policy.value;
    let are_needs = (1..=NEEDS_MAX).contains(&data.needs.len())
        && classes.len() == data.needs.len()
        && data.needs.iter().all(|need| is_text(&need.statement))
        && !classes.iter().any(|class| policy.is_never_disclosable(*class));
    let facts = [
        (data.in_writing, Rule::S41, "in_writing", "the request is not in writing"),
        (data.letterhead.matches, Rule::S42, "letterhead", "the letterhead is not the agency's"),
        (is_text(&data.signer_title), Rule::S43, "signer_title", "the signer's title is missing or too long"),
        (is_text(&data.summary), Rule::S44, "summary", "the summary is missing or too long"),
        (is_text(&data.how_data_assists), Rule::S45, "how_data_assists", "it is not said how the data helps"),
        (are_needs, Rule::S47, "needs", "expected 1 to 11 disclosable classes, each once with a statement"),
    ];
    for (holds, rule, member, reason) in facts {
        if !holds {
            let cure = "ask the agency for what is missing, and assess again";
            return Err(Refusal::invalid(rule, &format!("/data/{member}"), reason, cure));
        }
    }
    Ok(classes)
}

/// I-30: a fresh call-back about this very document that confirmed it, by a number of the directory,
/// and that nobody has denied since.
fn was_called_back(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let times = &context.force.policy.value.times;
    let now = context.stamp.time;
    let is_fresh = |then: Timestamp, ms: i64| then <= now && now.as_ms().saturating_sub(then.as_ms()) <= ms;
    let calls = &case.arrival.callbacks;
    // S-43: what somebody says is the agency's number is compared with the one that was confirmed.
    let age_ms = i64::from(times.number_age_days_max) * DAY_MS;
    let directory = &context.force.directory.value;
    let numbers = case.agency.as_ref().and_then(|agency| directory.agency(agency));
    let numbers = numbers.map_or(&[][..], |agency| &agency.call_backs);
    let is_its_own = |call: &Callback| {
        let mut same = numbers.iter().filter(|row| Digest::of(row.number.as_bytes()) == call.number_sha256);
        same.any(|row| is_fresh(row.confirmed_at, age_ms))
    };
    let denied =
        calls.iter().filter(|call| call.answer == CallbackAnswer::Denied).map(|call| call.index).max();
    let is_good = calls.iter().any(|call| {
        call.answer == CallbackAnswer::Confirmed
            && call.number_source == NumberSource::Directory
            && is_its_own(call)
            && call.version == case.order.version
            && denied.is_none_or(|denied| denied < call.index)
            && case.agency.as_ref() == Some(&call.agency)
            && is_fresh(call.number_dated, age_ms)
            && is_fresh(call.called_at, i64::from(times.call_back_age_hours_max) * HOUR_MS)
    });
    if is_good {
        return Ok(());
    }
    let reason = "no fresh call-back to the agency by a number of its own confirmed the emergency";
    let cure = "call the agency by a number that the directory has for it and record callback.made; where it \
                has none, or one that was confirmed too long ago, put a confirmed one in force first: \
                directory.activated";
    Err(Refusal::conflict(Rule::I30, "", reason, cure))
}

/// I-32: what is still to follow.
fn open_followup<'c>(context: &Context<'_>, case: &'c Case) -> Result<&'c Followup, Refusal> {
    let open = case.special.followup.as_ref().filter(|followup| !followup.is_closed);
    open.ok_or_else(|| not_now(context.kind, "no process is to follow"))
}

fn closed(context: &Context<'_>, case: &Case) -> Change {
    let mut case = touched(context, case);
    if let Some(followup) = &mut case.special.followup {
        followup.is_closed = true;
    }
    Change::of_case(case)
}

/// I-32: the process has a request of its own.
pub(super) fn followup_received(
    context: &Context<'_>,
    case: &Case,
    data: &FollowupReceived,
) -> Result<Change, Refusal> {
    open_followup(context, case)?;
    if data.by_request == case.request {
        let cure = "name the request that the process came with";
        return Err(Refusal::invalid(Rule::I32, "/data/by_request", "names the emergency itself", cure));
    }
    Ok(closed(context, case).naming(Claim::Request(data.by_request.clone()), "/data/by_request"))
}

/// I-32.
pub(super) fn followup_refused(
    context: &Context<'_>,
    case: &Case,
    _data: &FollowupRefused,
) -> Result<Change, Refusal> {
    open_followup(context, case)?;
    Ok(closed(context, case))
}

/// I-32: only when its time is over.
pub(super) fn followup_lapsed(
    context: &Context<'_>,
    case: &Case,
    _data: &FollowupLapsed,
) -> Result<Change, Refusal> {
    let open = open_followup(context, case)?;
    if context.stamp.time < followup_due(&context.force.policy.value, case, open) {
        let reason = "the time for process to follow is not over";
        return Err(Refusal::conflict(Rule::I32, "/type", reason, "wait for it, or record what came"));
    }
    Ok(closed(context, case))
}

fn followup_due(policy: &Policy, case: &Case, followup: &Followup) -> Timestamp {
    let instrument = case.classified.as_ref().and_then(|found| policy.instrument(&found.instrument));
    let days = instrument.and_then(|found| found.followup_days);
    let days = days.map_or(policy.times.followup_days, |days| days.min(policy.times.followup_days));
    followup.at.saturating_add_ms(i64::from(days) * DAY_MS)
}

/// I-32: from the release on, process is to follow.
pub(super) fn released(context: &Context<'_>, case: &mut Case) {
    if case.received.kind == RequestKind::Emergency {
        let (released, at) = (context.stamp.index, context.stamp.time);
        let open = case.special.followup.clone().filter(|open| !open.is_closed);
        case.special.followup = Some(open.unwrap_or(Followup { released, at, is_closed: false }));
    }
}

fn has_content(case: &Case) -> bool {
    let review = case.review.as_ref();
    review.is_some_and(|review| review.scope.scope().items().iter().any(|item| item.class.is_content()))
}

/// I-07: whoever approves is not who collects, the third person neither.
pub(super) fn is_not_the_third(case: &Case, collector: &str) -> Result<(), Refusal> {
    let Some(review) = &case.review else { return Ok(()) };
    let mut thirds = approvals::standing(&case.approvals, Kind::Emergency, review.context);
    if !thirds.any(|third| third.person.as_str() == collector) {
        return Ok(());
    }
    let reason = format!("{collector} approved what they would collect");
    Err(Refusal::forbidden(Rule::I07, "/data/collector", reason, "have somebody else collect"))
}

/// I-31: what was reviewed is needed as the latest assessment has it, which may be narrower.
fn is_still_needed(case: &Case) -> Result<(), Refusal> {
    let (Some(latest), Some(review)) = (&case.special.emergency, &case.review) else { return Ok(()) };
    let mut classes = review.scope.scope().items().iter().map(|item| item.class);
    let Some(class) = classes.find(|class| !latest.needs.contains(class)) else { return Ok(()) };
    let reason = format!("{class} is reviewed, and the latest assessment does not need it");
    Err(Refusal::conflict(Rule::I31, "", reason, "review it again, within what is needed"))
}

/// I-31: content takes a third person with a third key.
pub(super) fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    is_still_needed(case)?;
    let moves = matches!(
        context.kind,
        EventType::DisclosureOpened | EventType::BundleSealed | EventType::BundleReleased
    );
    let (true, RequestKind::Emergency, Some(review)) = (moves, case.received.kind, &case.review) else {
        return Ok(());
    };
    if has_content(case) {
        nobody_refused(case, Kind::Emergency, review.context)?;
    }
    // As with the other two: what was current at the seal is not judged by age again.
    let is_release = context.kind == EventType::BundleReleased;
    let recipients = current_recipients(&context.force, case, context.stamp.time)?;
    let counts = |given: &&ApprovalState| {
        still_binds(context, case, given, &recipients).is_ok()
            && (is_release || is_fresh(context, given).is_ok())
    };
    let disclose: Vec<_> =
        approvals::standing(&case.approvals, Kind::Disclose, review.context).filter(counts).collect();
    let collector = case.live_disclosure().map(|live| live.collector.as_str());
    let mut thirds = approvals::standing(&case.approvals, Kind::Emergency, review.context).filter(counts);
    let is_third = thirds.any(|third| {
        let is_other = |other: &&&ApprovalState| other.person != third.person && other.keyid != third.keyid;
        let others: Vec<_> = disclose.iter().filter(is_other).copied().collect();
        collector != Some(third.person.as_str()) && approvals::are_two(&others)
    });
    if !has_content(case) || is_third {
        return Ok(());
    }
    let reason = "content in an emergency takes a third person's approval of kind emergency";
    Err(Refusal::conflict(Rule::I31, "", reason, "have a third person approve it"))
}

/// What it has open.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    if let Some(open) = case.special.followup.as_ref().filter(|followup| !followup.is_closed) {
        let at = followup_due(policy, case, open);
        due.push(Due::new(at, Deadline::Followup, Some(case.request.clone()), open.released));
    }
}

/// S-40, S-46: what an emergency reaches, from whatever country: at most what is needed.
pub(super) fn reach<'p>(
    context: &Context<'p>,
    case: &Case,
    classified: &Classified,
    instrument: &'p Instrument,
) -> Result<Reach<'p>, Refusal> {
    if classified.nature != Nature::Emergency {
        return Err(path::none(Rule::S33, format!("{} serves emergencies only", instrument.code)));
    }
    let assessed = case.special.emergency.as_ref().filter(|assessed| assessed.order == case.order);
    let Some(assessed) = assessed else {
        let reason = "the emergency is not assessed on the order in force";
        return Err(Refusal::conflict(Rule::S46, "", reason, "post emergency.assessed first"));
    };
    was_called_back(context, case)?;
    Ok(Reach { instrument, by_consent: BTreeSet::new(), at_most: Some(assessed.needs.clone()) })
}

/// I-30, I-31: a fresh call-back, and kind emergency only for an emergency's content.
pub(super) fn may_approve(
    context: &Context<'_>,
    case: &Case,
    signed: &SignedApproval<'_>,
) -> Result<(), Refusal> {
    let is_emergency = case.received.kind == RequestKind::Emergency;
    if signed.approval.kind == Kind::Emergency && !(is_emergency && has_content(case)) {
        let reason = "approvals of kind emergency are for the content of an emergency";
        return Err(Refusal::conflict(Rule::I31, "/data/kind", reason, "approve it as kind disclose"));
    }
    if is_emergency && matches!(signed.approval.kind, Kind::Disclose | Kind::Emergency) {
        return was_called_back(context, case);
    }
    Ok(())
}
