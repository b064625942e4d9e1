//! Goal: tallies, scans, custody, recalls, further productions, outcomes.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, REQUEST, STEPS, digest, item, scope};
use super::path2::{STEPS2, enterprise};
use crate::practice::case::Stage;
use crate::practice::outcome::{self, Outcome};
use crate::practice::{DAEMON, Rule};

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    let mut recalled = Log::at2("delivery.acknowledged");
    recall(&mut recalled, "over_production");
    answer(&mut recalled);
    supersede(&mut recalled, "corrective").expect("latest");
    let mut cleared = Log::at2("review.completed");
    clear(&mut cleared).expect("approved");
    vec![Log::at2("delivery.acknowledged"), recalled, nothing_found(true), refused_by_customer(), cleared]
}

/// Posts a step's own data after `change` and expects that rule.
fn refuses(after: &str, name: &str, rule: Rule, change: impl FnOnce(&mut Value)) {
    let mut log = Log::at2(after);
    let (actor, mut data) = log.data(name);
    change(&mut data);
    let refusal = log.post(name, Some(REQUEST), actor, &data).expect_err(name);
    assert_eq!(refusal.rule, rule, "{name} after {after}: {refusal}");
    assert!(!refusal.to_string().contains("example.org"), "personal data: {refusal}");
}

pub(super) fn recall(log: &mut Log, ground: &str) {
    let data = json!({"production": "PRD-1", "ground": ground, "letter_sha256": digest("letter")});
    log.must("recall.requested", Some(REQUEST), "p-sen", &data);
}

pub(super) fn answer(log: &mut Log) {
    let data = json!({"production": "PRD-1", "destroyed": true, "answer_sha256": digest("answer")});
    log.must("recall.answered", Some(REQUEST), "p-sen", &data);
}

pub(super) fn supersede(log: &mut Log, kind: &str) -> Result<(), Rule> {
    let data = json!({"supersedes": "PRD-1", "kind": kind, "reason": "a record was missing"});
    let posted = log.post("production.superseding", Some(REQUEST), "p-sen", &data);
    posted.map(drop).map_err(|refusal| refusal.rule)
}

fn clear(log: &mut Log) -> Result<(), Rule> {
    let data =
        json!({"source": "mail-1", "item_sha256": digest("item"), "reason": "a test vector of a book"});
    let posted = log.approved_act("scan.clear", "scan.cleared", Some(REQUEST), "p-rev", &data);
    posted.map(drop).map_err(|refusal| refusal.rule)
}

/// A collection that kept nothing, certified or not.
fn nothing_found(certified: bool) -> Log {
    let mut log = Log::at2("data.planned");
    let data = json!({"disclosure": "D-1", "records": 10, "kept": 0,
        "withheld": [{"rule": "outside_interval", "count": 10}]});
    log.must("data.filtered", Some(REQUEST), DAEMON, &data);
    log.must("data.tallied", Some(REQUEST), DAEMON, &json!({"disclosure": "D-1", "kept": []}));
    if certified {
        log.must("no_data.certified", Some(REQUEST), "p-rev", &certificate());
    }
    log
}

fn certificate() -> Value {
    json!({"disclosure": "D-1", "searched": ["mail-1"], "statement_sha256": digest("statement")})
}

pub(super) fn held(accounts: &[&str]) -> Value {
    let of = |account: &&str| json!({"service": "mail", "account": account});
    let accounts: Vec<_> = accounts.iter().map(of).collect();
    json!({"customer_held": accounts, "answer_sha256": digest("key service")})
}

/// An organisation that holds its own keys, up to and with the step.
pub(super) fn customers_keys(custody: &str, to: &str) -> Log {
    let mut log = Log::at2("interval.stated");
    let (actor, mut data) = log.data("accounts.profiled");
    data["accounts"] = json!([enterprise("a@example.org", 10)]);
    data["accounts"][0]["custody"] = json!(custody);
    log.must("accounts.profiled", Some(REQUEST), actor, &data);
    if to != "accounts.profiled" {
        super::screening::ask(&mut log);
        super::screening::answer(&mut log, "redirect.refused").expect("they do not go to the customer");
        log.walk2("accounts.profiled", to);
    }
    log
}

pub(super) fn refused_by_customer() -> Log {
    let mut log = customers_keys("customer", "review.completed");
    log.must("custody.checked", Some(REQUEST), "p-col", &held(&["a@example.org"]));
    let data = json!({"customer": "cus-1", "ground": "no_answer", "answer_sha256": digest("note")});
    log.must("custody.refused", Some(REQUEST), "p-cou", &data);
    log
}

#[test]
fn i_06_i_12_i_16_a_tally_is_of_the_reviewed_classes_and_adds_up() {
    let (after, name) = ("data.filtered", "data.tallied");
    refuses(after, name, Rule::I12, |data| data["kept"][1]["class"] = json!("key_material"));
    refuses(after, name, Rule::I12, |data| data["kept"][0]["class"] = json!("credentials"));
    refuses(after, name, Rule::I06, |data| data["kept"][0]["class"] = json!("existence"));
    refuses(after, name, Rule::I16, |data| data["kept"][0]["records"] = json!(2));
    refuses(after, name, Rule::F06, |data| data["kept"][1]["class"] = json!("bsi"));
    refuses(after, name, Rule::I04, |data| data["disclosure"] = json!("D-9"));
    refuses("data.tallied", name, Rule::I03, |_| {});
    refuses("data.planned", name, Rule::I03, |_| {});
}

#[test]
fn i_16_nothing_is_traced_untallied_or_empty() {
    refuses("data.filtered", "bundle.provenance", Rule::I16, |_| {});
    let refusal = nothing_found(false).post_data("bundle.provenance").expect_err("empty");
    assert_eq!(refusal.rule, Rule::I16);
}

#[test]
fn i_16_a_bundle_is_traced_to_each_source_as_it_was_read() {
    let traced = |change: fn(&mut Value)| refuses("key.used", "bundle.provenance", Rule::I16, change);
    traced(|data| data["sources"] = json!([]));
    traced(|data| data["sources"] = json!([data["sources"][0], data["sources"][0]]));
    traced(|data| data["sources"][0]["source"] = json!("mail-2"));
    traced(|data| data["sources"][0]["sha256"] = json!(digest("another")));
    traced(|data| data["sources"][0]["bytes"] = json!(999));
    for kept in [json!([[4, 4]]), json!([[0, 4], [4, 9]]), json!([[5, 9], [0, 4]]), json!([[0, 1001]])] {
        let mut log = Log::at2("key.used");
        let (actor, mut data) = log.data("bundle.provenance");
        data["sources"][0]["kept"] = kept;
        let refusal = log.post("bundle.provenance", Some(REQUEST), actor, &data).expect_err("no such ranges");
        assert_eq!((refusal.rule, refusal.pointer.as_str()), (Rule::I16, "/data/sources/0/kept"));
    }
    let mut log = Log::at2("custody.checked");
    log.step("disclosure.opened");
    let (actor, mut data) = log.data("data.received");
    data["sources"] = json!([data["sources"][0], data["sources"][0]]);
    let twice = log.post("data.received", Some(REQUEST), actor, &data).expect_err("one source twice");
    assert_eq!(twice.rule, Rule::F06);
}

#[test]
fn i_18_no_data_is_certified_once_everything_was_searched() {
    let post = |log: &mut Log, actor: &str, data: &Value| {
        log.post("no_data.certified", Some(REQUEST), actor, data).map_err(|refusal| refusal.rule)
    };
    let mut some = Log::at2("data.tallied");
    assert_eq!(post(&mut some, "p-rev", &certificate()), Err(Rule::I16));
    let mut log = nothing_found(false);
    for searched in [json!([]), json!(["mail-2"]), json!(["mail-1", "mail-1"]), json!(["mail-1", "mail-2"])] {
        let mut data = certificate();
        data["searched"] = searched;
        assert_eq!(post(&mut log, "p-rev", &data), Err(Rule::I16));
    }
    assert_eq!(post(&mut log, "p-op", &certificate()), Err(Rule::I08));
    assert_eq!(outcome::of(log.case()), Outcome::Pending);
    post(&mut log, "p-rev", &certificate()).expect("certified");
    assert_eq!((log.case().stage, log.case().state_name()), (Stage::NoData, "no_data"));
    assert_eq!(outcome::of(log.case()), Outcome::NoData);
    assert_eq!(log.post_data("disclosure.opened").expect_err("over").rule, Rule::I18);
    assert!(log.case().next_steps().is_empty());
}

#[test]
fn s_02_an_item_is_cleared_once_and_before_the_seal() {
    let mut log = Log::at2("review.completed");
    clear(&mut log).expect("approved");
    let (source, item) = ("mail-1".parse().expect("an id"), crate::model::digest::Digest::of(b"item"));
    assert!(log.case().yields.is_cleared(&source, &item));
    assert!(!log.case().yields.is_cleared(&source, &crate::model::digest::Digest::of(b"other")));
    assert_eq!(clear(&mut log), Err(Rule::I03));
    assert_eq!(clear(&mut Log::at2("bundle.sealed")), Err(Rule::I03));
}

#[test]
fn s_89_i_36_a_key_is_used_within_a_collection_for_what_was_read() {
    let (after, name) = ("data.tallied", "key.used");
    refuses("disclosure.opened", name, Rule::I36, |_| {});
    refuses("bundle.sealed", name, Rule::I36, |data| data["key_name_sha256"] = json!(digest("late")));
    refuses(after, name, Rule::I36, |data| data["source"] = json!("mail-2"));
    refuses(after, name, Rule::I36, |data| data["disclosure"] = json!("D-9"));
    refuses(after, name, Rule::I36, |data| data["items"] = json!(0));
    refuses("key.used", name, Rule::I03, |_| {});
}

#[test]
fn s_88_custody_is_asked_before_content_is_read() {
    let mut log = Log::at2("senior approves");
    assert_eq!(log.post_data("disclosure.opened").expect_err("not asked").rule, Rule::S88);
    refuses("senior approves", "custody.checked", Rule::S88, |data| *data = held(&["b@example.org"]));
    refuses("senior approves", "custody.checked", Rule::S88, |data| {
        *data = held(&["a@example.org", "a@example.org"]);
    });
    // An answer for an earlier collection is none for the next one.
    let mut again = Log::at2("data.received");
    again.step("bundle.destroyed");
    let (actor, mut data) = again.data("disclosure.opened");
    data["disclosure"] = json!("D-2");
    let refusal = again.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("asked before");
    assert_eq!(refusal.rule, Rule::S88);
    again.step("custody.checked");
    again.must("disclosure.opened", Some(REQUEST), actor, &data);
}

#[test]
fn i_45_s_80_a_request_has_one_outcome_at_every_step() {
    for step in STEPS2 {
        let log = Log::at2(step);
        let is_out = ["bundle.released", "delivery.acknowledged"].contains(&step);
        let expected = if is_out { Outcome::DisclosedContent } else { Outcome::Pending };
        assert_eq!(outcome::of(log.case()), expected, "{step}");
    }
    for step in STEPS {
        let is_out = ["bundle.released", "delivery.acknowledged"].contains(&step);
        assert_eq!(outcome::of(Log::at(step).case()).is_disclosed(), is_out, "{step} of rule set 1");
    }
    let stages = [
        (Stage::Received, Outcome::Pending),
        (Stage::Authenticated, Outcome::Pending),
        (Stage::Screening, Outcome::Pending),
        (Stage::Reviewed, Outcome::Pending),
        (Stage::Rejected, Outcome::Rejected),
        (Stage::Withdrawn, Outcome::Withdrawn),
        (Stage::Quarantined, Outcome::Pending),
        (Stage::Redirected, Outcome::Redirected),
        (Stage::NoData, Outcome::NoData),
        (Stage::Closed, Outcome::Closed),
    ];
    for (stage, expected) in stages {
        let mut open = Log::at2("review.completed").case().clone();
        open.stage = stage;
        assert_eq!(outcome::of(&open), expected);
        let mut out = Log::at2("bundle.released").case().clone();
        out.stage = stage;
        assert_eq!(outcome::of(&out), Outcome::DisclosedContent, "what left outweighs how it ended");
    }
}

#[test]
fn s_80_only_what_was_kept_makes_it_content() {
    let mut log = Log::at2("data.filtered");
    let kept = json!({"disclosure": "D-1", "kept": [{"class": "bsi", "records": 4},
        {"class": "content_stored", "records": 0}]});
    log.must("data.tallied", Some(REQUEST), DAEMON, &kept);
    log.walk2("data.tallied", "bundle.released");
    assert_eq!(outcome::of(log.case()), Outcome::DisclosedNoncontent);
}

#[test]
fn i_35_content_of_a_customers_keys_is_not_collected_and_the_rest_may_be() {
    for custody in ["customer", "double", "end_to_end"] {
        let mut log = customers_keys(custody, "review.completed");
        log.must("custody.checked", Some(REQUEST), "p-col", &held(&["a@example.org"]));
        assert_eq!(log.post_data("disclosure.opened").expect_err("held").rule, Rule::I35);
        let (actor, mut data) = log.data("review.completed");
        data["scope"] = json!(scope(&[item("a@example.org", "bsi")]));
        data["refused"] = json!([{"item": 1, "rule": "S-22", "reason": "the customer holds the keys"}]);
        log.must("review.completed", Some(REQUEST), actor, &data);
        log.walk2("review.completed", "senior approves");
        log.step("disclosure.opened");
    }
}
