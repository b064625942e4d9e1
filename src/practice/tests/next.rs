//! Goal: what a case names as coming next is what its state is for, under either rule set.
//! Method: the steps of the path, a request that ended with and without a collection under way, and
//! what filtering left; the list that each gives is written out.

use serde_json::json;

use super::log::{Log, REQUEST};
use crate::model::id::DisclosureId;
use crate::practice::case::Step;
use crate::practice::{Case, DAEMON, EventType};

fn next(log: &Log) -> Vec<&'static str> {
    log.case().next_steps().into_iter().map(EventType::as_str).collect()
}

const OPEN: [&str; 3] = ["order.amended", "request.withdrawn", "request.rejected"];
const UNDER_WAY: [&str; 2] = ["order.amended", "request.withdrawn"];

#[test]
fn each_step_of_the_path_names_those_that_may_follow() {
    let rows: [(&str, &[&str], &[&str]); 12] = [
        ("request.received", &["request.authenticated"], &OPEN),
        ("request.authenticated", &["request.classified"], &OPEN),
        ("request.classified", &["review.completed"], &OPEN),
        ("review.completed", &["approval.given", "approval.refused", "review.completed"], &OPEN),
        ("reviewer approves", &["approval.given", "approval.refused", "review.completed"], &OPEN),
        ("senior approves", &["disclosure.opened", "approval.revoked"], &OPEN),
        ("disclosure.opened", &["data.received", "bundle.destroyed"], &UNDER_WAY),
        ("data.received", &["data.planned", "bundle.destroyed"], &UNDER_WAY),
        ("data.planned", &["data.filtered", "bundle.destroyed"], &UNDER_WAY),
        ("bundle.provenance", &["bundle.sealed", "bundle.destroyed"], &UNDER_WAY),
        ("bundle.sealed", &["approval.given", "bundle.released", "bundle.destroyed"], &UNDER_WAY),
        ("bundle.released", &["delivery.acknowledged", "delivery.failed"], &[]),
    ];
    for (step, forward, besides) in rows {
        for log in [Log::at(step), Log::at2(step)] {
            assert_eq!(next(&log), [forward, besides].concat(), "{step}, {:?}", log.rules);
        }
    }
    assert!(next(&Log::at2("delivery.acknowledged")).is_empty());
}

#[test]
fn what_was_filtered_is_tallied_first_under_rule_set_2_and_nothing_kept_is_certified() {
    let after = |forward: [&'static str; 2]| [forward, UNDER_WAY].concat();
    assert_eq!(next(&Log::at("data.filtered")), after(["bundle.provenance", "bundle.destroyed"]));
    assert_eq!(next(&Log::at2("data.filtered")), after(["data.tallied", "bundle.destroyed"]));
    assert_eq!(next(&Log::at2("data.tallied")), after(["bundle.provenance", "bundle.destroyed"]));
    let mut nothing = Log::at2("data.planned");
    let filtered = json!({"disclosure": "D-1", "records": 10, "kept": 0,
        "withheld": [{"rule": "outside_interval", "count": 10}]});
    nothing.must("data.filtered", Some(REQUEST), DAEMON, &filtered);
    nothing.must("data.tallied", Some(REQUEST), DAEMON, &json!({"disclosure": "D-1", "kept": []}));
    assert_eq!(next(&nothing), after(["no_data.certified", "bundle.destroyed"]));
}

#[test]
fn what_ended_takes_its_collection_down_and_nothing_more() {
    for mut log in [Log::at("data.planned"), Log::at2("data.planned")] {
        log.step("request.withdrawn");
        assert_eq!(next(&log), ["bundle.destroyed"]);
        log.step("bundle.destroyed");
        assert!(next(&log).is_empty());
    }
    for mut log in [Log::at("senior approves"), Log::at2("senior approves")] {
        log.step("request.withdrawn");
        assert!(next(&log).is_empty());
    }
}

#[test]
fn a_collection_is_found_by_its_name() {
    let mut log = Log::at2("disclosure.opened");
    log.step("bundle.destroyed");
    log.step("custody.checked");
    let (actor, mut data) = log.data("disclosure.opened");
    data["disclosure"] = json!("D-2");
    log.must("disclosure.opened", Some(REQUEST), actor, &data);
    let step = |name: &str| {
        let id = DisclosureId::new(name).expect("an id");
        log.case().disclosure(&id).map(|found| (found.id.as_str(), found.step))
    };
    assert_eq!(step("D-1"), Some(("D-1", Step::Destroyed)));
    assert_eq!(step("D-2"), Some(("D-2", Step::Opened)));
    assert_eq!(step("D-3"), None);
}

#[test]
fn nothing_was_found_once_a_tally_says_so_of_that_collection() {
    let tallied = |kept: u64| {
        let mut log = Log::at2("data.planned");
        let filtered = json!({"disclosure": "D-1", "records": 10, "kept": kept,
            "withheld": [{"rule": "outside_interval", "count": 10 - kept}]});
        log.must("data.filtered", Some(REQUEST), DAEMON, &filtered);
        let before = log.case().clone();
        let kept = if kept == 0 { json!([]) } else { json!([{"class": "bsi", "records": kept}]) };
        log.must("data.tallied", Some(REQUEST), DAEMON, &json!({"disclosure": "D-1", "kept": kept}));
        (before, log.case().clone())
    };
    let says = |case: &Case, name: &str| case.yields.found_nothing(&DisclosureId::new(name).expect("an id"));
    let (before, after) = tallied(0);
    assert!(!says(&before, "D-1"), "nobody has counted");
    assert!(says(&after, "D-1"));
    assert!(!says(&after, "D-2"));
    assert!(!says(&tallied(1).1, "D-1"));
    assert!(!says(Log::at2("senior approves").case(), "D-1"), "nobody has searched");
}
