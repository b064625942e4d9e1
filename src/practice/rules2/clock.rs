//! What time does to the log: another rule set, deadlines that passed, the instruments' own times.

use std::collections::BTreeSet;

use super::publication;
use crate::model::time::{DAY_MS, HOUR_MS};
use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::{self, Deadline, Due, DueName};
use crate::practice::envelope::{Context, known, not_now, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{DeadlinePassed, Nature, RequestKind, RulesActivated};
use crate::practice::world::World;
use crate::practice::{Stamp, State};

/// F-02, I-50: two people put a policy in force that is written for this rule set; this entry,
/// which names it, is the first that is judged by it.
pub(super) fn rules_activated(context: &Context<'_>, data: &RulesActivated) -> Result<Change, Refusal> {
    let wrong = |pointer, reason: &str| {
        let cure = "adopt a policy with rules = 2 first, then send from and to";
        Err(Refusal::conflict(Rule::F02, pointer, reason, cure))
    };
    let Some(in_force) = context.world.rules() else {
        return Err(not_now(context.kind, "the log is not founded"));
    };
    if data.from != in_force.number() {
        return wrong("/data/from", "from is not the rule set in force");
    }
    if data.to != context.event.rules || data.to <= data.from {
        return wrong("/data/to", "to is not the later rule set that this event names");
    }
    if context.force.policy.value.rules != data.to {
        return wrong("/data/to", "the policy in force is written for another rule set");
    }
    let mut world = context.world.clone();
    world.rules = context.force.policy.value.rule_set();
    Ok(publication::begin(Change::of_world(world), context.stamp))
}

/// I-57: the daemon's clock confirms a deadline that the log itself has open, once, and not early.
pub(super) fn deadline_passed(
    context: &Context<'_>,
    case: Option<&Case>,
    data: &DeadlinePassed,
) -> Result<Change, Refusal> {
    let named = (data.deadline, data.set_by, data.due_at);
    let refuse = |reason: &str| {
        let cure = "the daemon's clock confirms what is due, when it is due, once";
        Err(Refusal::conflict(Rule::I57, "/data", reason, cure))
    };
    let (open, passed) = match &context.event.request {
        Some(_) => {
            let case = known(context, case)?;
            (due::of_case(&context.force.policy.value, case), &case.passed)
        }
        None => (due::of_world(context.world), &context.world.records.passed),
    };
    if !open.iter().any(|due| due.name() == named) {
        return refuse("nothing of the kind is due");
    }
    if context.stamp.time < data.due_at {
        return refuse("it is not due yet");
    }
    if passed.contains(&named) {
        return refuse("its passing is recorded already");
    }
    let still_open: BTreeSet<_> = open.iter().map(Due::name).collect();
    if let (Some(_), Some(case)) = (&context.event.request, case) {
        let mut case = touched(context, case);
        keep(&mut case.passed, &still_open, named);
        return Ok(Change::of_case(case));
    }
    Ok(publication::recording(context, |records| keep(&mut records.passed, &still_open, named)))
}

/// I-57: what ends a duty after its time comes after the entry that says so. The daemon's clock
/// makes that entry by itself, so that a late answer waits for it and is never shut out.
pub(super) fn lateness_is_recorded(
    state: State<'_>,
    policy: &Policy,
    change: &Change,
    stamp: Stamp,
) -> Result<(), Refusal> {
    if let (Some(before), Some(after)) = (state.case, &change.case) {
        let passed = &before.passed;
        let of = |case: &Case| {
            let mut open = Vec::new();
            super::due(policy, case, &mut open);
            open
        };
        ends_nothing_late(&of(before), passed, || of(after), stamp)?;
    }
    let Some(after) = &change.world else { return Ok(()) };
    let of = |world: &World| {
        let mut open = Vec::new();
        super::due_of_world(world, &mut open);
        open
    };
    ends_nothing_late(&of(state.world), &state.world.records.passed, || of(after), stamp)
}

fn ends_nothing_late(
    before: &[Due],
    passed: &BTreeSet<DueName>,
    after: impl FnOnce() -> Vec<Due>,
    stamp: Stamp,
) -> Result<(), Refusal> {
    let is_late =
        |due: &&Due| due.deadline.is_a_duty() && due.at < stamp.time && !passed.contains(&due.name());
    let late: Vec<&Due> = before.iter().filter(is_late).collect();
    if late.is_empty() {
        return Ok(());
    }
    // One entry may owe something to several accounts: answering for one of them ends that one.
    let whose = |due: &Due| (due.name(), due.account.clone());
    let open: BTreeSet<_> = after().iter().map(whose).collect();
    let Some(ended) = late.into_iter().find(|due| !open.contains(&whose(due))) else { return Ok(()) };
    let reason = format!("{:?} was due at {}, and no entry says that it passed", ended.deadline, ended.at);
    let cure = "wait for deadline.passed, which the daemon posts within a minute, and post this again";
    Err(Refusal::conflict(ended.deadline.rule(), "/type", reason, cure))
}

/// Bounded by what is open: the passing of what was answered since is in the log, not in the state.
fn keep(passed: &mut BTreeSet<DueName>, open: &BTreeSet<DueName>, named: DueName) {
    passed.retain(|past| open.contains(past));
    passed.insert(named);
}

/// The instruments' own times: from the classification until data leaves or the request ends.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    let Some(classified) = &case.classified else { return };
    let has_left = case.disclosures.iter().any(|disclosure| disclosure.released.is_some());
    if has_left || case.stage.is_terminal() || case.received.kind != RequestKind::LegalDemand {
        return;
    }
    let Some(instrument) = policy.instrument(&classified.instrument) else { return };
    let hours = match classified.nature {
        Nature::Emergency => instrument.emergency_hours.or(instrument.deadline_hours),
        _ => instrument.deadline_hours,
    };
    // A demand that is recorded late is answered no later.
    let received = case.received.received_at.min(case.received.at);
    let executed = [instrument.execute_within_days, instrument.life_days];
    let executed = executed.into_iter().flatten();
    let days = |days: Option<u32>| days.map(|days| i64::from(days) * DAY_MS);
    let rows = [
        (Deadline::Answer, received, hours.map(|hours| i64::from(hours) * HOUR_MS)),
        (Deadline::Objection, received, days(instrument.objection_days)),
        (Deadline::Execution, classified.issued_at, days(executed.min())),
    ];
    for (deadline, from, ms) in rows {
        let Some(ms) = ms else { continue };
        let at = from.saturating_add_ms(ms);
        due.push(Due::new(at, deadline, Some(case.request.clone()), classified.index));
    }
}
