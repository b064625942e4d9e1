//! What time does to the log: another rule set, deadlines that passed, the instruments' own times.

use std::sync::Arc;

use crate::practice::case::Case;
use crate::practice::change::Change;
use crate::practice::due::{self, Due};
use crate::practice::envelope::{Context, known, not_now, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{DeadlinePassed, RulesActivated};

/// F-02, I-50: two people put a policy in force that is written for this rule set; this entry,
/// which names it, is the first that is judged by it.
pub(super) fn rules_activated(context: &Context<'_>, data: RulesActivated) -> Result<Change, Refusal> {
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
    Ok(Change::of_world(world))
}

/// I-57: the daemon's clock confirms a deadline that the log itself has open, once, and not early.
pub(super) fn deadline_passed(
    context: &Context<'_>,
    case: Option<&Case>,
    data: &DeadlinePassed,
) -> Result<Change, Refusal> {
    let named = (data.deadline, data.set_by);
    let refuse = |reason: &str| {
        let cure = "the daemon's clock confirms what is due, when it is due, once";
        Err(Refusal::conflict(Rule::I57, "/data", reason, cure))
    };
    let is_it =
        |due: &Due| due.deadline == data.deadline && due.set_by == data.set_by && due.at == data.due_at;
    let (open, passed) = match &context.event.request {
        Some(_) => {
            let case = known(context, case)?;
            (due::of_case(&context.force.policy.value, case), &case.passed)
        }
        None => (due::of_world(context.world), &context.world.records.passed),
    };
    if !open.iter().any(is_it) {
        return refuse("nothing of the kind is due");
    }
    if context.stamp.time < data.due_at {
        return refuse("it is not due yet");
    }
    if passed.contains(&named) {
        return refuse("its passing is recorded already");
    }
    if let (Some(_), Some(case)) = (&context.event.request, case) {
        let mut case = touched(context, case);
        case.passed.insert(named);
        return Ok(Change::of_case(case));
    }
    let mut world = context.world.clone();
    let mut records = (*world.records).clone();
    records.passed.insert(named);
    world.records = Arc::new(records);
    Ok(Change::of_world(world))
}

/// The instruments' own times.
pub(super) fn due(_policy: &Policy, _case: &Case, _due: &mut Vec<Due>) {}
