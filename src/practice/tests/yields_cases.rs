//! Goal: the practice's nasty cases about bundles, keys and what follows a delivery.
//! Method: the straight path of rule set 2, led astray as the case says. The cases about files and
//! crashes (38, 53, 58, 59) are the daemon's: `package::tests` and `collect::tests`.

use serde_json::json;

use super::log::{Log, REQUEST, item, scope};
use super::yields::{answer, customers_keys, held, recall, refused_by_customer, supersede};
use crate::practice::Rule;
use crate::practice::case::Step;
use crate::practice::outcome::{self, Outcome};
use crate::practice::records::Mishap;

fn refused(log: &mut Log, name: &str) -> Rule {
    log.post_data(name).expect_err(name).rule
}

#[test]
fn case_09_an_order_amended_after_approval_voids_it() {
    let mut log = Log::at2("custody.checked");
    log.step("order.amended");
    let (actor, mut data) = Log::at2("custody.checked").data("disclosure.opened");
    data["disclosure"] = json!("D-1");
    let refused =
        |log: &mut Log| log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("void").rule;
    assert_eq!(refused(&mut log), Rule::I33, "another document is verified by itself");
    log.step("request.authenticated");
    assert_eq!(refused(&mut log), Rule::S07);
}

#[test]
fn case_10_an_order_amended_after_the_seal_leaves_only_destruction() {
    let mut log = Log::at2("senior releases");
    let (actor, release) = log.data("bundle.released");
    log.step("order.amended");
    log.step("request.authenticated");
    assert_eq!(
        log.post("bundle.released", Some(REQUEST), actor, &release).expect_err("void").rule,
        Rule::I10
    );
    log.step("bundle.destroyed");
    assert_eq!(outcome::of(log.case()), Outcome::Pending);
}

#[test]
fn case_11_withdrawn_after_the_seal_is_never_released() {
    let mut log = Log::at2("senior releases");
    let (actor, release) = log.data("bundle.released");
    log.step("request.withdrawn");
    let refusal = log.post("bundle.released", Some(REQUEST), actor, &release).expect_err("withdrawn");
    assert_eq!(refusal.rule, Rule::I18);
    log.step("bundle.destroyed");
    assert_eq!(outcome::of(log.case()), Outcome::Withdrawn);
}

#[test]
fn case_12_withdrawn_after_delivery_is_recalled_and_counted_as_disclosed() {
    let mut log = Log::at2("delivery.acknowledged");
    assert_eq!(refused(&mut log, "request.withdrawn"), Rule::I03);
    recall(&mut log, "withdrawn");
    answer(&mut log);
    assert_eq!(log.case().yields.recalls[0].destroyed, Some(true));
    assert_eq!(outcome::of(log.case()), Outcome::DisclosedContent);
    assert_eq!(supersede(&mut log, "supplementary"), Err(Rule::I18), "it authorises nothing more");
}

#[test]
fn case_13_quashed_after_delivery_is_recalled_once_at_a_time() {
    let mut log = Log::at2("delivery.acknowledged");
    let data = json!({"production": "PRD-1", "ground": "quashed",
        "letter_sha256": super::log::digest("letter")});
    log.must("recall.requested", Some(REQUEST), "p-sen", &data);
    let refusal = log.post("recall.requested", Some(REQUEST), "p-sen", &data).expect_err("open");
    assert_eq!(refusal.rule, Rule::I03);
    answer(&mut log);
    let data = json!({"production": "PRD-1", "destroyed": false,
        "answer_sha256": super::log::digest("answer")});
    let refusal = log.post("recall.answered", Some(REQUEST), "p-sen", &data).expect_err("answered");
    assert_eq!(refusal.rule, Rule::I03);
    assert_eq!(supersede(&mut log, "corrective"), Err(Rule::I18));
}

#[test]
fn only_what_was_delivered_is_recalled_or_superseded() {
    let mut log = Log::at2("bundle.sealed");
    let data = json!({"production": "PRD-1", "ground": "impostor",
        "letter_sha256": super::log::digest("letter")});
    let refusal = log.post("recall.requested", Some(REQUEST), "p-sen", &data).expect_err("not delivered");
    assert_eq!(refusal.rule, Rule::I04);
    assert_eq!(supersede(&mut log, "corrective"), Err(Rule::I04));
}

#[test]
fn case_27_what_a_customer_does_not_release_is_not_packaged() {
    let mut log = refused_by_customer();
    assert_eq!(log.case().yields.unreleased.len(), 1);
    assert_eq!(refused(&mut log, "disclosure.opened"), Rule::I35);
    let stranger = json!({"customer": "cus-2", "ground": "refused",
        "answer_sha256": super::log::digest("note")});
    let refusal = log.post("custody.refused", Some(REQUEST), "p-cou", &stranger).expect_err("a stranger");
    assert_eq!(refusal.rule, Rule::S90);
    let mut provider = customers_keys("provider", "review.completed");
    let own = json!({"customer": "cus-1", "ground": "refused", "answer_sha256": super::log::digest("note")});
    assert_eq!(
        provider.post("custody.refused", Some(REQUEST), "p-cou", &own).expect_err("the provider's").rule,
        Rule::S90
    );
}

#[test]
fn case_28_custody_at_collection_rules() {
    let mut log = Log::at2("bundle.provenance");
    log.must("custody.checked", Some(REQUEST), "p-col", &held(&["a@example.org"]));
    assert_eq!(refused(&mut log, "bundle.sealed"), Rule::I35);
    let mut sealed = Log::at2("senior releases");
    sealed.must("custody.checked", Some(REQUEST), "p-col", &held(&["a@example.org"]));
    assert_eq!(refused(&mut sealed, "bundle.released"), Rule::I35);
}

#[test]
fn case_29_a_provider_does_not_take_a_customers_keys_back() {
    let mut log = customers_keys("customer", "review.completed");
    assert_eq!(refused(&mut log, "custody.checked"), Rule::S90);
    let mut answered = Log::at2("review.completed");
    answered.must("custody.checked", Some(REQUEST), "p-col", &held(&["a@example.org"]));
    assert_eq!(refused(&mut answered, "custody.checked"), Rule::S90);
}

#[test]
fn case_32_an_order_narrower_than_what_was_delivered_is_an_over_production() {
    let mut log = Log::at2("delivery.acknowledged");
    supersede(&mut log, "corrective").expect("the latest");
    assert_eq!(log.case().state_name(), "screening");
    log.step("order.amended");
    log.step("request.authenticated");
    let mut case = log.case().clone();
    assert_eq!(case.yields.supersedes().map(|id| id.as_str().to_owned()), Some("PRD-1".to_owned()));
    // The narrower demand, classified and reviewed as the straight path does, for basic data alone.
    let bsi = scope(&[item("a@example.org", "bsi")]);
    let order = json!({"version": 2, "sha256": super::log::digest("order 2")});
    post_with(&mut log, "request.classified", &order, &bsi);
    let owed =
        |log: &Log| log.world.records.incidents_owed.values().map(|owed| owed.mishap).collect::<Vec<_>>();
    assert_eq!(owed(&log), [Mishap::OverProduction], "whether or not more is collected");
    for name in ["accounts.profiled", "legality.reviewed"] {
        post_with(&mut log, name, &order, &bsi);
    }
    post_with(&mut log, "rights.screened", &order, &bsi);
    post_with(&mut log, "review.completed", &order, &bsi);
    log.walk2("review.completed", "senior approves");
    let (actor, mut data) = log.data("disclosure.opened");
    data["order"] = order;
    data["disclosure"] = json!("D-2");
    let refusal = log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("over-production");
    assert_eq!(refusal.rule, Rule::I06);
    recall(&mut log, "privileged");
    let refusal = log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("another ground");
    assert_eq!(refusal.rule, Rule::I06);
    recall(&mut log, "over_production");
    assert_eq!(owed(&log), [Mishap::OverProduction, Mishap::Privileged], "each once");
    log.must("disclosure.opened", Some(REQUEST), actor, &data);
    assert_eq!(outcome::of(log.case()), Outcome::DisclosedContent);
    case = log.case().clone();
    assert_eq!((case.disclosures.len(), case.disclosures[1].step), (2, Step::Opened));
}

fn post_with(log: &mut Log, name: &str, order: &serde_json::Value, bsi: &str) {
    let (actor, mut data) = log.data(name);
    data["order"] = order.clone();
    if name == "request.classified" {
        // A later document has a time of its own to be executed in.
        data["issued_at"] = json!(log.case().served_at());
    }
    if data.get("scope").is_some() {
        data["scope"] = json!(bsi);
    }
    log.must(name, Some(REQUEST), actor, &data);
}

#[test]
fn i_17_a_further_bundle_stands_on_a_new_review_and_new_approvals() {
    let mut log = Log::at2("delivery.acknowledged");
    supersede(&mut log, "supplementary").expect("the latest");
    assert_eq!(supersede(&mut log, "supplementary"), Err(Rule::I03), "once");
    log.step("custody.checked");
    let (actor, mut data) = log.data("disclosure.opened");
    data["disclosure"] = json!("D-2");
    let refusal = log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("not reviewed");
    assert_eq!(refusal.rule, Rule::S07);
    log.step("review.completed");
    log.walk2("review.completed", "custody.checked");
    let (actor, mut data) = log.data("disclosure.opened");
    data["disclosure"] = json!("D-2");
    log.must("disclosure.opened", Some(REQUEST), actor, &data);
    assert_eq!(log.case().state_name(), "collecting");
}

/// A released bundle under a gag that forbids to tell of it.
fn released_untold() -> Log {
    let mut log = Log::at2("bundle.sealed");
    super::cases::gag(&mut log, &serde_json::Value::Null);
    let suppressed = json!({"accounts": null, "secrecy": "S-1"});
    log.must("notice.suppressed", Some(REQUEST), "p-priv", &suppressed);
    log.step("senior releases");
    log.step("bundle.released");
    log
}

/// The incident that names what left.
fn incident(log: &mut Log, kind: &str) {
    let data = json!({"incident": "INC-1", "kind": kind, "agency": "ag-1", "requests": [REQUEST], "since": null,
        "productions": ["PRD-1"], "report_sha256": super::log::digest("report")});
    log.must("incident.opened", None, "p-sen", &data);
}

/// The gag is no law any more, so the customer is owed a notice, and may get it; what left counts.
fn the_customer_is_told_once_nothing_binds(log: &mut Log) {
    use crate::practice::due::{Deadline, of_case};
    let told = |log: &Log| {
        let mut data = super::path2::data("notice.sent").1;
        data["sent_at"] = super::cases::time(log, 0);
        data
    };
    let notice = told(log);
    let refusal = log.post("notice.sent", Some(REQUEST), "p-priv", &notice).expect_err("under the gag");
    assert_eq!(refusal.rule, Rule::I27);
    let ended = log.now_ms;
    let end = json!({"secrecy": "S-1", "document_sha256": super::log::digest("void"),
        "ended_at": super::cases::time(log, 0)});
    log.must("secrecy.vacated", Some(REQUEST), "p-rev", &end);
    let policy = log.world.policy().expect("founded").value.clone();
    let days = i64::from(policy.times.notice_after_secrecy_days);
    let owed = |log: &Log| {
        let open = of_case(&policy, log.case()).into_iter();
        open.filter(|due| due.deadline == Deadline::Notice).map(|due| due.at.as_ms()).collect::<Vec<_>>()
    };
    assert_eq!(owed(log), [ended + days * super::cases::DAY_MS]);
    let notice = told(log);
    log.must("notice.sent", Some(REQUEST), "p-priv", &notice);
    assert_eq!(owed(log), [0; 0]);
    assert_eq!(outcome::of(log.case()), Outcome::DisclosedContent);
}

#[test]
fn case_13_quashed_after_delivery_is_an_incident_and_the_customer_is_told() {
    let mut log = released_untold();
    recall(&mut log, "quashed");
    incident(&mut log, "quashed_after_delivery");
    the_customer_is_told_once_nothing_binds(&mut log);
}

#[test]
fn case_22_an_impostor_found_after_the_disclosure_is_an_incident_and_the_customer_is_told() {
    let mut log = released_untold();
    recall(&mut log, "impostor");
    incident(&mut log, "disclosed_to_impostor");
    assert_eq!(supersede(&mut log, "corrective"), Err(Rule::I18), "nothing more goes there");
    the_customer_is_told_once_nothing_binds(&mut log);
}
