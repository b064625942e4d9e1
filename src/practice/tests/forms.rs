//! Goal: an event's form and place are judged before what it says, under either rule set.
//! Method: events that are right but for their form, at a place where they would be admitted.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest};
use crate::practice::vocabulary::Subject;
use crate::practice::{DAEMON, EventType, Refusal, Rule, RuleSet, State, apply};

fn place(refusal: &Refusal) -> (Rule, &str) {
    (refusal.rule, &refusal.pointer)
}

#[test]
fn f_01_an_event_of_rule_set_2_is_none_of_rule_set_1() {
    let mut log = Log::at("review.completed");
    for kind in EventType::ALL.iter().filter(|kind| kind.since() == RuleSet::Two) {
        let request = (kind.subject() == Subject::Request).then_some(REQUEST);
        let refusal = log.post(kind.as_str(), request, "p-rev", &json!({})).expect_err("of rule set 2");
        assert_eq!(place(&refusal), (Rule::F01, "/type"), "{kind}");
    }
}

#[test]
fn f_01_an_event_names_a_request_exactly_if_it_is_about_one() {
    for mut log in [Log::at("review.completed"), Log::at2("review.completed")] {
        let known = EventType::ALL.iter().filter(|kind| kind.since() <= log.rules);
        for kind in known.copied().collect::<Vec<_>>() {
            let request = match kind.subject() {
                Subject::Log => Some(REQUEST),
                Subject::Request => None,
                Subject::Either => continue,
            };
            let refusal = log.post(kind.as_str(), request, "p-rev", &json!({})).expect_err("the other way");
            assert_eq!(place(&refusal), (Rule::F01, "/request"), "{kind}");
        }
    }
    // Acts upon requests came with rule set 2.
    let text = super::log::POLICY;
    let act = json!({"kind": "policy", "text": text, "sha256": digest(text), "reason": "as discussed"});
    for mut log in [Log::at("review.completed"), Log::at2("review.completed")] {
        let refusal = log.post("act.proposed", Some(REQUEST), "p-sen", &act).expect_err("a text");
        assert_eq!(place(&refusal), (Rule::F01, "/request"));
        log.must("act.proposed", None, "p-sen", &act);
    }
}

#[test]
fn i_02_two_entries_may_bear_one_instant() {
    let mut log = Log::at("request.received");
    log.now_ms -= MINUTE_MS;
    let mut early = log.clone();
    early.now_ms -= 1;
    assert_eq!(early.post_data("request.authenticated").expect_err("before").rule, Rule::I02);
    log.step("request.authenticated");
}

#[test]
fn i_04_an_event_is_judged_by_its_own_requests_case() {
    for mut log in [Log::at("request.received"), Log::at2("request.received")] {
        let (actor, data) = log.data("request.authenticated");
        let event = log.event("request.authenticated", Some("REQ-2"), actor, &data);
        let state = State { world: &log.world, case: Some(log.case()) };
        let refusal = apply(log.rules, state, &event, log.stamp()).expect_err("another request's case");
        assert_eq!(place(&refusal), (Rule::I04, "/request"));
        let event = log.event("request.authenticated", Some(REQUEST), actor, &data);
        let state = State { world: &log.world, case: Some(log.case()) };
        apply(log.rules, state, &event, log.stamp()).expect("its own");
    }
}

#[test]
fn f_05_f_06_what_is_proposed_and_counted_says_what_it_is() {
    let mut log = Log::founded();
    let mut refused = |kind: &str, actor: &str, data: &Value| {
        let refusal = log.post(kind, None, actor, data).expect_err(kind);
        (refusal.rule, refusal.pointer)
    };
    let text = super::log::POLICY;
    let act = json!({"kind": "policy", "text": text, "sha256": digest("another"), "reason": "as discussed"});
    assert_eq!(refused("act.proposed", "p-sen", &act), (Rule::F05, "/data/sha256".to_owned()));
    let (first, last) = ("2026-11-18T00:00:00.000Z", "2026-11-18T00:00:00.001Z");
    let read = |count: u64, from: &str, to: &str| json!({"peer_uid": 1000, "subject": null, "count": count, "first_at": from, "last_at": to});
    let denied =
        |verb: &str| json!({"peer_uid": 1000, "verb": verb, "count": 1, "first_at": first, "last_at": last});
    for nothing in [read(0, first, last), read(1, last, first)] {
        assert_eq!(refused("access.read", DAEMON, &nothing), (Rule::F06, "/data".to_owned()));
    }
    for verb in ["", &"x".repeat(4097)] {
        assert_eq!(refused("access.denied", DAEMON, &denied(verb)), (Rule::F06, "/data/verb".to_owned()));
    }
    log.must("access.read", None, DAEMON, &read(1, first, first));
    log.must("access.denied", None, DAEMON, &denied(&"x".repeat(4096)));
}
