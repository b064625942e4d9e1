//! Goal: what should not have happened is looked into: an incident is owed from the entry that shows
//! it, until one names the bundle, or the request of which none left (I-34; cases 13, 21, 22, 32).
//! Method: each ground of a recall, and each way of a denial; the deadlines of the log before and after.

use std::collections::BTreeSet;

use serde_json::json;

use super::log::{Log, REQUEST, digest};
use super::yields::recall;
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::due::{Deadline, of_world};
use crate::practice::records::{INCIDENTS_OWED_MAX, Mishap, OwedIncident};
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

fn incident(log: &mut Log, name: &str, kind: &str, requests: &[&str], productions: &[&str]) {
    let data = json!({"incident": name, "kind": kind, "agency": null, "requests": requests, "since": null,
        "productions": productions, "report_sha256": digest("report")});
    log.must("incident.opened", None, "p-sen", &data);
}

/// A log whose records end nothing: an incident about a bundle, one that is owed, a lost key, what is kept.
pub(super) fn with_open_records() -> Log {
    let mut log = Log::at2("bundle.released");
    let mut lost = super::public::incident("agency_key_compromised");
    lost["requests"] = json!([]);
    log.must("incident.opened", None, "p-sen", &lost);
    recall(&mut log, "over_production");
    let kept = super::public::ncmec(&log);
    log.must("ncmec.reported", None, "p-sen", &kept);
    log
}

fn denied(log: &mut Log) -> Result<(), Rule> {
    let now = Timestamp::from_ms(log.now_ms).expect("a time");
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
fn i_34_a_recall_owes_an_incident_of_its_kind_that_names_the_bundle() {
    let kinds = [
        ("quashed", "quashed_after_delivery"),
        ("over_production", "over_production"),
        ("impostor", "disclosed_to_impostor"),
        ("privileged", "privileged_disclosed"),
    ];
    for (ground, kind) in kinds {
        let mut log = Log::at2("bundle.released");
        recall(&mut log, ground);
        assert_eq!(owed(&log), [last(&log)], "{ground}");
        for (_, other) in kinds.into_iter().chain([("", "other")]).filter(|(_, other)| *other != kind) {
            incident(&mut log, &format!("INC-{other}"), other, &[REQUEST], &["PRD-1"]);
            assert_eq!(owed(&log).len(), 1, "{ground} is no {other}");
        }
        incident(&mut log, "INC-1", kind, &[], &["PRD-1"]);
        assert_eq!(owed(&log), [], "{ground}");
    }
    let mut withdrawn = Log::at2("bundle.released");
    recall(&mut withdrawn, "withdrawn");
    assert_eq!(owed(&withdrawn), [], "it was rightly delivered");
    recall(&mut withdrawn, "over_production");
    assert_eq!(owed(&withdrawn), [last(&withdrawn)], "one recall does not hide another mishap");
    super::yields::answer(&mut withdrawn);
    assert!(withdrawn.case().yields.recalls.iter().all(|recall| recall.destroyed == Some(true)));
    let mut known = Log::at2("bundle.released");
    incident(&mut known, "INC-1", "disclosed_to_impostor", &[REQUEST], &["PRD-1"]);
    recall(&mut known, "impostor");
    assert_eq!(owed(&known), [], "an incident told of it before");
    recall(&mut known, "over_production");
    assert_eq!(owed(&known), [last(&known)], "and not of this");
}

/// Whether or not anybody recalls the bundle.
#[test]
fn case_13_i_34_an_order_quashed_after_its_data_left_owes_an_incident() {
    let mut log = Log::at2("review.completed");
    super::screening::file(&mut log, "quash", false).expect("filed without a stay");
    let mut early = log.clone();
    super::screening::decide(&mut early, "quashed").expect("decided");
    assert_eq!(owed(&early), [], "nothing had left");
    log.walk2("review.completed", "bundle.released");
    let mut upheld = log.clone();
    super::screening::decide(&mut upheld, "upheld").expect("decided");
    assert_eq!(owed(&upheld), []);
    super::screening::decide(&mut log, "quashed").expect("decided");
    let first = last(&log);
    assert_eq!(owed(&log), [first]);
    recall(&mut log, "quashed");
    assert_eq!(owed(&log), [first], "the same mishap");
    incident(&mut log, "INC-1", "quashed_after_delivery", &[], &["PRD-1"]);
    assert_eq!(owed(&log), []);
}

#[test]
fn case_21_i_34_a_demand_that_its_agency_denies_owes_an_incident() {
    for kind in ["impersonation", "other"] {
        let mut log = Log::at2("request.received");
        denied(&mut log).expect("recorded");
        let first = last(&log);
        assert_eq!(owed(&log), [first]);
        denied(&mut log).expect("recorded");
        failed(&mut log, "denied");
        assert_eq!(owed(&log), [first], "it is one mishap, however often it is heard of");
        incident(&mut log, "INC-1", kind, &[REQUEST], &[]);
        assert_eq!(owed(&log), [], "{kind}");
    }
    for finding in ["unconfirmed", "unregistered"] {
        let mut other = Log::at2("request.received");
        failed(&mut other, finding);
        assert_eq!(owed(&other), [], "nobody pretended anything");
        failed(&mut other, "denied");
        assert_eq!(owed(&other), [last(&other)]);
    }
    for finding in ["lookalike_domain", "signature_reused"] {
        let mut other = Log::at2("request.received");
        failed(&mut other, finding);
        assert_eq!(owed(&other), [last(&other)], "somebody made it look like the agency's");
    }
}

/// Turned down for its form, and nobody's demand as it turns out.
#[test]
fn case_21_i_34_a_denial_of_what_was_rejected_owes_an_incident_and_reopens_nothing() {
    let mut log = Log::at2("request.classified");
    log.step("request.rejected");
    denied(&mut log).expect("recorded");
    assert_eq!((log.case().state_name(), owed(&log)), ("rejected", vec![last(&log)]));
    let now = Timestamp::from_ms(log.now_ms).expect("a time");
    let confirmed = json!({"agency": "ag-1", "number_source": "directory",
        "number_sha256": digest("+1 202 555 0100"), "number_dated": "2026-10-01T00:00:00.000Z",
        "called_at": now, "answer": "confirmed", "note_sha256": digest("call")});
    let refusal = log.post("callback.made", Some(REQUEST), "p-rev", &confirmed).expect_err("of no use");
    assert_eq!(refusal.rule, Rule::I18);
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

/// A denial after a bundle left is about every bundle that did, also when a further one was begun.
#[test]
fn case_22_i_34_a_denial_after_the_delivery_owes_an_incident_about_each_bundle() {
    for is_superseded in [false, true] {
        let mut log = Log::at2("delivery.acknowledged");
        if is_superseded {
            super::yields::supersede(&mut log, "supplementary").expect("it may be wanted");
        }
        denied(&mut log).expect("recorded");
        let first = last(&log);
        incident(&mut log, "INC-1", "impersonation", &[REQUEST], &[]);
        assert_eq!(owed(&log), [first], "something left, which it does not name");
        recall(&mut log, "impostor");
        let second = last(&log);
        assert_eq!(owed(&log), [first, second]);
        incident(&mut log, "INC-2", "disclosed_to_impostor", &[], &["PRD-1"]);
        assert_eq!(owed(&log), [], "one incident tells of both");
    }
}

/// A quarantine waits for nobody's paperwork.
#[test]
fn i_34_beyond_the_bound_a_denial_is_a_quarantine_and_owes_no_more() {
    let mut log = Log::at2("request.received");
    let mut records = (*log.world.records).clone();
    for nth in 0..INCIDENTS_OWED_MAX {
        let owed = OwedIncident {
            request: format!("REQ-{nth}-OTHER").parse().expect("an id"),
            mishap: Mishap::Denied,
            productions: BTreeSet::new(),
            at: log.stamp().time,
        };
        records.incidents_owed.insert(LeafIndex::new(u64::try_from(nth).expect("few")), owed);
    }
    log.world.records = std::sync::Arc::new(records);
    denied(&mut log).expect("recorded");
    assert_eq!((log.case().state_name(), owed(&log).len()), ("quarantined", INCIDENTS_OWED_MAX));
}

/// An incident that names some of the bundles leaves the others owed.
#[test]
fn i_34_each_bundle_is_told_of() {
    let mut log = Log::at2("bundle.released");
    let mut records = (*log.world.records).clone();
    let id = |name: &str| name.parse().expect("an id");
    let owes = OwedIncident {
        request: id_of_request(),
        mishap: Mishap::Impostor,
        productions: BTreeSet::from([id("PRD-1"), id("PRD-2")]),
        at: log.stamp().time,
    };
    records.incidents_owed.insert(LeafIndex::new(9), owes);
    log.world.records = std::sync::Arc::new(records);
    incident(&mut log, "INC-1", "disclosed_to_impostor", &[], &["PRD-1"]);
    let left = &log.world.records.incidents_owed[&LeafIndex::new(9)].productions;
    assert_eq!(left, &BTreeSet::from([id("PRD-2")]));
}

/// A courier's mishap is not the impostor's.
#[test]
fn case_22_i_34_an_incident_of_another_kind_silences_no_denial() {
    let mut log = Log::at2("delivery.acknowledged");
    incident(&mut log, "INC-1", "other", &[], &["PRD-1"]);
    denied(&mut log).expect("recorded");
    assert_eq!(owed(&log), [last(&log)]);
    incident(&mut log, "INC-2", "other", &[], &["PRD-1"]);
    assert_eq!(owed(&log), [], "somebody looked, and it was the agency's error");
}

/// A denial after a further bundle left is about that one too.
#[test]
fn i_34_what_is_owed_about_one_bundle_is_owed_about_the_next() {
    let mut log = Log::at2("delivery.acknowledged");
    let mut records = (*log.world.records).clone();
    let owes = OwedIncident {
        request: id_of_request(),
        mishap: Mishap::Denied,
        productions: BTreeSet::from(["PRD-0".parse().expect("an id")]),
        at: log.stamp().time,
    };
    records.incidents_owed.insert(LeafIndex::new(9), owes);
    log.world.records = std::sync::Arc::new(records);
    denied(&mut log).expect("recorded");
    assert_eq!(owed(&log).len(), 2);
    denied(&mut log).expect("recorded");
    assert_eq!(owed(&log).len(), 2, "each is owed about");
}

fn id_of_request() -> crate::model::id::RequestId {
    REQUEST.parse().expect("an id")
}
