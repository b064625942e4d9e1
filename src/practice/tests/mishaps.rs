//! Goal: what should not have happened is looked into: an incident is owed from the entry that shows
//! it, until one names the bundle, or the request of which none left (I-34; cases 13, 21, 22, 32).
//! Method: each ground of a recall, and each way of a denial; the deadlines of the log before and after.

use serde_json::json;

use super::log::{Log, REQUEST, digest};
use super::yields::recall;
use crate::model::time::DAY_MS;
use crate::practice::due::{Deadline, of_world};
use crate::practice::records::UNEXPLAINED_MAX;
use crate::practice::rule::Rule;
use crate::tlog::LeafIndex;

/// The incidents that are owed: the entry that showed each, and until when.
fn owed(log: &Log) -> Vec<(u64, i64)> {
    let of_incidents = of_world(&log.world).into_iter().filter(|due| due.deadline == Deadline::Incident);
    of_incidents.map(|due| (due.set_by.get(), due.at.as_ms())).collect()
}

fn last(log: &Log) -> (u64, i64) {
    let (time, ..) = log.entries.last().expect("entries");
    (u64::try_from(log.entries.len()).expect("few") - 1, time.as_ms() + 7 * DAY_MS)
}

fn incident(log: &mut Log, name: &str, requests: &[&str], productions: &[&str]) {
    let data = json!({"incident": name, "kind": "other", "agency": null, "requests": requests, "since": null,
        "productions": productions, "report_sha256": digest("report")});
    log.must("incident.opened", None, "p-sen", &data);
}

fn denied(log: &mut Log) -> Result<(), Rule> {
    let now = crate::model::time::Timestamp::from_ms(log.now_ms).expect("a time");
    let data = json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
        "number_dated": "2026-10-01T00:00:00.000Z", "called_at": now, "answer": "denied",
        "note_sha256": digest("call")});
    log.post("callback.made", Some(REQUEST), "p-rev", &data).map(drop).map_err(|refusal| refusal.rule)
}

fn failed(log: &mut Log, finding: &str) {
    let data = json!({"method": "call_back", "finding": finding, "evidence": [digest(finding)]});
    log.must("request.auth_failed", Some(REQUEST), "p-rev", &data);
}

#[test]
fn i_34_a_recall_owes_an_incident_that_names_the_bundle() {
    for ground in ["quashed", "over_production", "impostor"] {
        let mut log = Log::at2("bundle.released");
        recall(&mut log, ground);
        assert_eq!(owed(&log), [last(&log)], "{ground}");
        incident(&mut log, "INC-1", &[REQUEST], &[]);
        assert_eq!(owed(&log).len(), 1, "{ground}: it names no bundle");
        incident(&mut log, "INC-2", &[], &["PRD-1"]);
        assert_eq!(owed(&log), [], "{ground}");
    }
    let mut withdrawn = Log::at2("bundle.released");
    recall(&mut withdrawn, "withdrawn");
    assert_eq!(owed(&withdrawn), [], "it was rightly delivered");
    let mut known = Log::at2("bundle.released");
    incident(&mut known, "INC-1", &[REQUEST], &["PRD-1"]);
    recall(&mut known, "impostor");
    assert_eq!(owed(&known), [], "an incident told of it before");
}

#[test]
fn case_21_i_34_a_demand_that_its_agency_denies_owes_an_incident() {
    let mut log = Log::at2("request.received");
    denied(&mut log).expect("recorded");
    let first = last(&log);
    assert_eq!(owed(&log), [first]);
    denied(&mut log).expect("recorded");
    failed(&mut log, "denied");
    assert_eq!(owed(&log), [first], "it is one mishap, however often it is heard of");
    incident(&mut log, "INC-1", &[REQUEST], &[]);
    assert_eq!(owed(&log), []);

    let mut other = Log::at2("request.received");
    failed(&mut other, "unconfirmed");
    assert_eq!(owed(&other), [], "nobody denied it");
    failed(&mut other, "denied");
    assert_eq!(owed(&other), [last(&other)]);
}

#[test]
fn i_34_an_incident_that_comes_late_waits_for_the_record_that_it_is() {
    let mut log = Log::at2("bundle.released");
    recall(&mut log, "quashed");
    log.has_clock = false;
    log.now_ms += 8 * DAY_MS;
    let data = json!({"incident": "INC-1", "kind": "quashed_after_delivery", "agency": "ag-1", "requests": [],
        "since": null, "productions": ["PRD-1"], "report_sha256": digest("report")});
    let refusal =
        log.post("incident.opened", None, "p-sen", &data).expect_err("nothing says that it is late");
    assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::I34, "/type"));
    assert!(refusal.reason.contains("no entry says that it passed"), "{}", refusal.reason);
    log.has_clock = true;
    log.must("incident.opened", None, "p-sen", &data);
    assert_eq!(owed(&log), []);
}

/// I-33: whoever denies a demand after its data left gets no more of it on the old verification.
#[test]
fn case_21_i_33_after_a_denial_nothing_more_goes_out_unverified() {
    let mut log = Log::at2("delivery.acknowledged");
    denied(&mut log).expect("recorded");
    super::yields::supersede(&mut log, "supplementary").expect("it may be wanted");
    let refusal = log.post_data("review.completed").expect_err("whose demand is it?");
    assert_eq!(refusal.rule, Rule::I33);
}

/// A denial after a bundle left is about the bundle.
#[test]
fn case_22_i_34_a_denial_after_the_delivery_owes_an_incident_about_the_bundle() {
    let mut log = Log::at2("bundle.released");
    denied(&mut log).expect("recorded");
    let first = last(&log);
    recall(&mut log, "impostor");
    assert_eq!(owed(&log), [first], "and the recall no second one");
    incident(&mut log, "INC-1", &[REQUEST], &[]);
    assert_eq!(owed(&log), [first]);
    incident(&mut log, "INC-2", &[], &["PRD-1"]);
    assert_eq!(owed(&log), []);
}

#[test]
fn i_34_more_mishaps_than_anybody_looks_into_are_refused() {
    let mut log = Log::at2("request.received");
    denied(&mut log).expect("recorded");
    let mut records = (*log.world.records).clone();
    let (_, shown) = records.unexplained.pop_first().expect("one");
    for nth in 0..UNEXPLAINED_MAX {
        let mut other = shown.clone();
        other.request = format!("REQ-{nth}-OTHER").parse().expect("an id");
        records.unexplained.insert(LeafIndex::new(u64::try_from(nth).expect("few")), other);
    }
    log.world.records = std::sync::Arc::new(records);
    assert_eq!(denied(&mut log), Err(Rule::I34));
    incident(&mut log, "INC-1", &["REQ-1"], &[]);
    assert_eq!(owed(&log).len(), UNEXPLAINED_MAX);
}
