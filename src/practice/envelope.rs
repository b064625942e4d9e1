//! What every event must fulfil, whatever its rule set: its form, its place, who sends it.
//!
//! **In scope**: the checks before the first rule about a request, and the few answers that all
//! rules share. **Out of scope**: what the events mean (`rules1`, `rules2`).

use super::case::Case;
use super::change::{Change, Verdict};
use super::refusal::Refusal;
use super::roles::Role;
use super::rule::Rule;
use super::vocabulary::{Data, EventType, Maker, Signed, Subject};
use super::world::{InForce, World};
use super::{DAEMON, RuleSet, Stamp, State};
use crate::model::event::Event;
use crate::model::id::{PersonId, RequestId};

/// What a rule may look at: the event, where it would stand, and what is in force.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) event: &'a Event,
    pub(super) stamp: Stamp,
    pub(super) world: &'a World,
    pub(super) force: InForce<'a>,
    pub(super) kind: EventType,
}

impl Context<'_> {
    /// Whether the id is a registered person's, valid at this entry, in one of these roles.
    pub(super) fn is_person_in(&self, id: &str, roles: &[Role]) -> bool {
        let person = PersonId::new(id).ok();
        let person = person.and_then(|id| self.force.roles.value.person(&id));
        person.is_some_and(|person| {
            person.is_valid_at(self.stamp.time) && roles.iter().any(|role| person.roles.contains(role))
        })
    }
}

/// The event's type and members, if its form and place allow it under this rule set.
pub(super) fn checked(
    rules: RuleSet,
    state: State<'_>,
    event: &Event,
    stamp: Stamp,
) -> Result<(EventType, Data), Refusal> {
    let kind: EventType = event.type_.parse().map_err(|error: super::vocabulary::EventTypeError| {
        Refusal::malformed(Rule::F01, "/type", error.to_string(), "use a name of docs/events.md")
    })?;
    is_known(rules, kind)?;
    rule_set_is_in_force(rules, event)?;
    stands_in_order(stamp)?;
    subject_fits(rules, kind, event)?;
    actor_fits(kind, event)?;
    policy_is_in_force(kind, state.world, event)?;
    envelopes_fit(kind, event)?;
    Ok((kind, kind.read(&event.data)?))
}

/// F-01: an event of a later rule set is none of this one.
fn is_known(rules: RuleSet, kind: EventType) -> Result<(), Refusal> {
    if kind.since() <= rules {
        return Ok(());
    }
    let reason = format!("{kind} is an event from rule set {} on", kind.since().number());
    Err(Refusal::malformed(Rule::F01, "/type", reason, "activate that rule set first: rules.activated"))
}

pub(super) fn admitted(change: Change) -> Verdict {
    Verdict::Admitted(Box::new(change))
}

/// F-02.
fn rule_set_is_in_force(rules: RuleSet, event: &Event) -> Result<(), Refusal> {
    let expected = rules.number();
    if event.rules == expected {
        return Ok(());
    }
    let reason = format!("rules is {}, in force is {expected}", event.rules);
    Err(Refusal::invalid(Rule::F02, "/rules", reason, "name the rule set in force"))
}

/// I-01, I-02: the log's own order, which the daemon stamps and the auditor checks again.
fn stands_in_order(stamp: Stamp) -> Result<(), Refusal> {
    let cure = "the log itself is damaged: verify it";
    if (stamp.index.get() == 0) != stamp.head.is_none() {
        return Err(Refusal::conflict(Rule::I01, "", "index 0 is the one entry without a predecessor", cure));
    }
    if stamp.head.is_some_and(|head| head.time > stamp.time) {
        let reason = format!("entry {} would be older than the one before", stamp.index.get());
        return Err(Refusal::conflict(Rule::I02, "", reason, cure));
    }
    Ok(())
}

/// F-01: `request` is there exactly for the types that are about one.
fn subject_fits(rules: RuleSet, kind: EventType, event: &Event) -> Result<(), Refusal> {
    // Under rule set 1 only texts are proposed; acts upon requests came with rule set 2.
    let subject = match (rules, kind) {
        (RuleSet::One, EventType::ActProposed) => Subject::Log,
        _ => kind.subject(),
    };
    let (reason, cure) = match (subject, &event.request) {
        (Subject::Log, Some(_)) => ("is about no request", "send request: null"),
        (Subject::Request, None) => ("is about a request", "name the request"),
        _ => return Ok(()),
    };
    Err(Refusal::malformed(Rule::F01, "/request", format!("{kind} {reason}"), cure))
}

/// F-01: the daemon's name is the daemon's alone, and what it alone makes bears it.
fn actor_fits(kind: EventType, event: &Event) -> Result<(), Refusal> {
    let by_daemon = event.actor.as_str() == DAEMON;
    let may_be = match kind.maker() {
        Maker::Daemon => by_daemon,
        Maker::ReviewSystem | Maker::Agency => !by_daemon,
        Maker::Founding | Maker::Person => true,
    };
    if may_be {
        return Ok(());
    }
    let reason = format!("{kind} is not made by {}", event.actor);
    Err(Refusal::forbidden(
        Rule::F01,
        "/actor",
        reason,
        "name the person who acts, or leave it to the daemon",
    ))
}

/// F-03.
fn policy_is_in_force(kind: EventType, world: &World, event: &Event) -> Result<(), Refusal> {
    match world.policy_sha256() {
        Some(policy) if policy == event.policy => Ok(()),
        None if kind == EventType::LogCreated => Ok(()),
        _ => Err(Refusal::conflict(
            Rule::F03,
            "/policy",
            "the event names another policy than the one in force",
            "read the policy in force, decide under it, and name it",
        )),
    }
}

/// F-04.
fn envelopes_fit(kind: EventType, event: &Event) -> Result<(), Refusal> {
    let expected = match kind.signed() {
        Signed::No | Signed::Acknowledgement => 0,
        Signed::Approval => 1,
        Signed::TwoApprovals => 2,
    };
    if event.envelopes.len() == expected {
        return Ok(());
    }
    let reason = format!("{kind} carries {expected} signed envelopes, found {}", event.envelopes.len());
    Err(Refusal::malformed(Rule::F04, "/envelopes", reason, "send exactly what was signed"))
}

/// I-04: the caller looked up the wrong case.
pub(super) fn is_the_events_request(case: &Case, event: &Event) -> Result<(), Refusal> {
    if event.request.as_ref() == Some(&case.request) {
        return Ok(());
    }
    Err(Refusal::conflict(Rule::I04, "/request", "the case is another request's", "look up the event's own"))
}

/// I-04: a request exists before anything happens to it.
pub(super) fn known<'c>(context: &Context<'_>, case: Option<&'c Case>) -> Result<&'c Case, Refusal> {
    case.ok_or_else(|| {
        let reason = format!("{} is about a request that was never received", context.kind);
        Refusal::conflict(Rule::I04, "/request", reason, "post request.received first")
    })
}

/// The event's request; `subject_fits` has seen it.
pub(super) fn request(event: &Event) -> Result<&RequestId, Refusal> {
    event
        .request
        .as_ref()
        .ok_or_else(|| Refusal::malformed(Rule::F01, "/request", "request is null", "name the request"))
}

/// I-03: the event is not legal in this state.
pub(super) fn not_now(kind: EventType, state: &str) -> Refusal {
    let reason = format!("{kind} is not legal now: {state}");
    Refusal::conflict(Rule::I03, "/type", reason, "look at the case: it lists what may come next")
}

/// I-18: after rejection and withdrawal nothing goes on.
pub(super) fn is_open(kind: EventType, case: &Case) -> Result<(), Refusal> {
    if case.stage.is_terminal() {
        let reason = format!("{kind}: the request is {}", case.state_name());
        return Err(Refusal::conflict(Rule::I18, "/type", reason, "a new document needs a new request"));
    }
    Ok(())
}

/// The case after an event that changes nothing else: every entry is counted.
pub(super) fn touched(context: &Context<'_>, case: &Case) -> Case {
    Case { last: context.stamp.index, ..case.clone() }
}
