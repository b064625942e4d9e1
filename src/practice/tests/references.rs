//! Goal: a request or a bundle that an event names is one that the log has (I-04).
//! Method: each event that names another one, before and after the other one is there; the same
//! by the auditor, who reads every entry, or lacks one.

use serde_json::{Value, json};

use super::log::{Log, REQUEST, digest};
use crate::practice::{Finding, Refusal, Replay, Rule};
use crate::tlog::LeafIndex;

fn incident(requests: &Value, productions: &Value) -> Value {
    json!({"incident": "INC-1", "kind": "impersonation", "agency": null, "requests": requests,
        "since": null, "productions": productions, "report_sha256": digest("report")})
}

fn is_unknown(refusal: &Refusal, pointer: &str) {
    assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::I04, pointer), "{refusal}");
}

/// Refused while there is no REQ-2, and recorded once there is.
fn waits_for_the_other(mut log: Log, event: &str, pointer: &str, data: &Value) {
    let refusal = log.post(event, Some(REQUEST), "p-rev", data).expect_err(event);
    is_unknown(&refusal, pointer);
    log.another("REQ-2");
    log.must(event, Some(REQUEST), "p-rev", data);
}

#[test]
fn i_04_a_request_that_another_names_is_there() {
    let link = json!({"other": "REQ-2", "relation": "supersedes"});
    waits_for_the_other(Log::at2("request.received"), "request.linked", "/data/other", &link);
    let by = json!({"by_request": "REQ-2"});
    let mut released = super::special::released();
    released.walk2("the customer could act", "bundle.released");
    waits_for_the_other(released, "followup.received", "/data/by_request", &by);
    waits_for_the_other(super::special::kept(), "preserve.converted", "/data/by_request", &by);
}

#[test]
fn i_04_an_incident_names_requests_and_bundles_of_the_log() {
    let mut log = Log::at2("bundle.sealed");
    let refused = |log: &mut Log, requests: Value, productions: Value| {
        let data = incident(&requests, &productions);
        log.post("incident.opened", None, "p-sen", &data).expect_err("unknown")
    };
    let refusal = refused(&mut log, json!([REQUEST, "REQ-9"]), json!(["PRD-1"]));
    is_unknown(&refusal, "/data/requests/1");
    let refusal = refused(&mut log, json!([REQUEST]), json!(["PRD-1", "PRD-9"]));
    is_unknown(&refusal, "/data/productions/1");
    // A name of one kind is none of another.
    is_unknown(&refused(&mut log, json!(["PRD-1"]), json!([])), "/data/requests/0");
    let data = incident(&json!([REQUEST]), &json!(["PRD-1"]));
    log.must("incident.opened", None, "p-sen", &data);
}

/// What a replay finds of a log, from which the entry of that type is withheld.
fn found(log: &Log, withheld: Option<&str>) -> Vec<Finding> {
    let mut replay = Replay::new();
    let feed = |(index, (time, leaf, event)): (u64, &(_, _, crate::model::event::Event))| {
        let event = (withheld != Some(event.type_.as_str())).then_some(event);
        replay.feed(LeafIndex::new(index), *time, *leaf, event)
    };
    (0..).zip(&log.entries).flat_map(feed).collect()
}

#[test]
fn replay_finds_a_name_that_nothing_bears_and_judges_none_that_it_cannot_know() {
    let mut log = Log::at2("accounts.profiled");
    log.another("REQ-2");
    let data = incident(&json!(["REQ-2"]), &json!([]));
    log.must("incident.opened", None, "p-sen", &data);
    assert_eq!(found(&log, None), []);
    let place = log.entries.iter().rposition(|(_, _, event)| event.type_ == "request.received");
    let (time, leaf, received) = log.entries[place.expect("received")].clone();
    // Erased, as REQ-2 may be: which names it took, nobody can tell any more.
    let mut erased = log.clone();
    erased.entries.truncate(4);
    let rest = &log.entries[place.expect("received")..];
    erased.entries.extend_from_slice(rest);
    assert_eq!(found(&erased, Some("request.received")), []);
    // Another event in its place took none.
    let at = erased.entries.len() - 2;
    let mut other = received;
    other.type_ = "process.reviewed".to_owned();
    other.request = None;
    other.actor = "p-sen".to_owned();
    let review = json!({"covers_human_rights": true, "report_sha256": digest("review")});
    other.data = serde_json::value::to_raw_value(&review).expect("JSON");
    erased.entries[at] = (time, leaf, other);
    let findings = found(&erased, None);
    let found: Vec<_> = findings.iter().map(|found| (found.rule, found.pointer.as_str())).collect();
    assert_eq!(found, [(Rule::I04, "/data/requests/0")]);
}
