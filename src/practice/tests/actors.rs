//! Goal: who makes an event is asked for every event that people make, in one place.
//! Method: every event that the examples hold is posted again, at its own place in its log, by
//! one person of each role: exactly the roles of its row get past the question.

use std::collections::{BTreeMap, BTreeSet};

use super::log::{Log, REQUEST};
use super::path2::policy2;
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::practice::roles::Role;
use crate::practice::rules2::{Actor, actor_of};
use crate::practice::{EventType, Refusal, Replay, Rule, RuleSet, Stamp, State, apply};
use crate::tlog::LeafIndex;

/// One more person for each role, with that role alone.
fn alone() -> String {
    Role::ALL
        .map(|role| {
            format!(
                "[[person]]\nid = \"only-{role}\"\nroles = [\"{role}\"]\njurisdictions = [\"*\"]\n\
                 valid_from = \"2026-01-01T00:00:00.000Z\"\n"
            )
        })
        .concat()
}

/// A log of rule set 2 whose people are those of [`alone`] too.
fn peopled() -> Log {
    let mut log = Log::founded_under(RuleSet::Two, &policy2());
    log.activate("roles", &format!("{}{}", super::log::roles(), alone()));
    log
}

/// What the question says to an event of this type by this person.
fn asked(log: &mut Log, kind: EventType, request: Option<&str>, actor: &str) -> Result<(), Refusal> {
    let data = serde_json::from_str(example(kind).data.get()).expect("JSON");
    let mut event = log.event(kind.as_str(), request, actor, &data);
    event.envelopes = example(kind).envelopes;
    let case = event.request.as_ref().and_then(|request| log.cases.get(request));
    apply(RuleSet::Two, State { world: &log.world, case }, &event, log.stamp()).map(drop)
}

fn example(kind: EventType) -> Event {
    static EXAMPLES: std::sync::OnceLock<BTreeMap<String, Event>> = std::sync::OnceLock::new();
    let examples = EXAMPLES.get_or_init(|| {
        let events = super::examples::logs().into_iter().flat_map(|log| log.entries);
        events.map(|(_, _, event)| (event.type_.clone(), event)).collect()
    });
    examples.get(kind.as_str()).expect("every type has an example").clone()
}

fn is_about_actor(result: &Result<(), Refusal>, rule: Rule) -> bool {
    result.as_ref().is_err_and(|refusal| refusal.rule == rule && refusal.pointer == "/actor")
}

#[test]
fn i_08_exactly_the_roles_of_an_events_row_may_make_it() {
    let mut log = peopled();
    log.step("request.received");
    let mut asked_of = BTreeSet::new();
    for kind in EventType::ALL {
        let Actor::Person(rule, roles) = actor_of(*kind) else { continue };
        asked_of.insert(rule);
        let about_request = example(*kind).request.is_some();
        let request = about_request.then_some(REQUEST);
        for role in Role::ALL {
            let may = roles.contains(&role) && !(about_request && role == Role::Operator);
            let said = asked(&mut log, *kind, request, &format!("only-{role}"));
            // A row's own rule may speak of the actor once more; then it is of another role's kind.
            let text = said.as_ref().err().map(|refusal| refusal.reason.clone()).unwrap_or_default();
            let stopped = is_about_actor(&said, rule) && text.contains("under the roles in force");
            assert_eq!(!stopped, may, "{kind} by {role}: {text}");
        }
        let nobody = asked(&mut log, *kind, request, "p-nobody");
        assert!(is_about_actor(&nobody, rule), "{kind}: {nobody:?}");
    }
    assert!(asked_of.contains(&Rule::S23) && asked_of.contains(&Rule::S28), "counsel has rows of its own");
}

#[test]
fn i_08_a_role_that_ended_makes_nothing_any_more() {
    let mut log = peopled();
    let ends = "valid_to = \"2026-11-19T00:00:00.000Z\"\n";
    let text = format!("{}{}", super::log::roles(), alone()).replacen(
        "id = \"only-reviewer\"\n",
        &format!("id = \"only-reviewer\"\n{ends}"),
        1,
    );
    log.activate("roles", &text);
    log.step("request.received");
    let (_, data) = log.data("request.authenticated");
    let mut late = log.clone();
    log.must("request.authenticated", Some(REQUEST), "only-reviewer", &data);
    late.now_ms = Timestamp::parse("2026-11-19T00:00:00.000Z").expect("a time").as_ms();
    let refusal = late.post("request.authenticated", Some(REQUEST), "only-reviewer", &data);
    assert_eq!(refusal.expect_err("no reviewer any more").rule, Rule::I08);
}

#[test]
fn i_51_an_operator_proposes_texts_and_nothing_upon_a_request() {
    let mut log = peopled();
    log.step("request.received");
    let data = serde_json::json!({"kind": "erase", "text": "{}", "sha256": super::log::digest("{}"),
        "reason": "quietly"});
    let refusal = log.post("act.proposed", Some(REQUEST), "only-operator", &data).expect_err("no power");
    assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::I51, "/actor"));
    let text = super::log::directory("age1other");
    let data = serde_json::json!({"kind": "directory", "text": text, "sha256": super::log::digest(&text),
        "reason": "a new key"});
    log.must("act.proposed", None, "only-operator", &data);
}

#[test]
fn replay_finds_whom_the_daemon_would_have_refused() {
    let mut log = Log::at2("request.authenticated");
    let (_, data) = log.data("request.classified");
    let event = log.event("request.classified", Some(REQUEST), "p-priv", &data);
    let mut replay = Replay::new();
    for (index, (time, leaf, event)) in log.entries.iter().enumerate() {
        let index = LeafIndex::new(u64::try_from(index).expect("few"));
        assert_eq!(replay.feed(index, *time, *leaf, Some(event)), vec![]);
    }
    let Stamp { index, time, .. } = log.stamp();
    let found = replay.feed(index, time, crate::tlog::leaf_hash(b"forged"), Some(&event));
    assert_eq!(found.first().map(|finding| finding.rule), Some(Rule::S07));
}
