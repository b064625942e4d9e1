//! Each condition of a signed decision, broken once, by its number.

use serde_json::json;

use super::log::{Log, MINUTE_MS, REQUEST};
use super::rules::refuses;
use crate::model::approval::{Act, Decision, Kind};
use crate::model::digest::Digest;
use crate::practice::Rule;

/// An approval of the current act after `change`, by this person; expects that rule.
fn approval_refuses(
    after: &str,
    (person, nth, role): (&str, u8, &str),
    expected: Rule,
    change: impl FnOnce(&mut Act),
) {
    let mut log = Log::at(after);
    let mut act = log.act(Kind::Disclose);
    change(&mut act);
    let event = log.approval(act, person, nth, role);
    let refusal = log.try_post(&event).expect_err("refused");
    assert_eq!(refusal.rule, expected, "{person}: {refusal}");
}

const REVIEWER: (&str, u8, &str) = ("p-rev", 0, "reviewer");

#[test]
fn a_01_to_a_05_what_an_approval_names() {
    let check = |rule, change: fn(&mut Act)| approval_refuses("review.completed", REVIEWER, rule, change);
    check(Rule::A01, |act| act.origin = "other.example/log".parse().expect("an origin"));
    check(Rule::A02, |act| act.context.leaf = crate::tlog::leaf_hash(b"another"));
    check(Rule::A02, |act| act.context.index = crate::tlog::LeafIndex::new(4));
    check(Rule::A03, |act| act.order.iter_mut().for_each(|order| order.version = 2));
    check(Rule::A03, |act| act.order.iter_mut().for_each(|order| order.sha256 = Digest::of(b"x")));
    check(Rule::I05, |act| act.scope_sha256 = Some(Digest::of(b"another scope")));
    check(Rule::A04, |act| act.policy = Digest::of(b"another policy"));
    check(Rule::A05, |act| act.recipients = vec![Digest::of(b"age1other")]);
}

#[test]
fn a_06_to_a_08_when_an_approval_counts() {
    let check = |from_minutes: i64, to_minutes: i64, rule: Option<Rule>| {
        let mut log = Log::at("review.completed");
        let times = (log.now_ms + from_minutes * MINUTE_MS, log.now_ms + to_minutes * MINUTE_MS);
        let event = log.approval_at(log.act(Kind::Disclose), "p-rev", 0, "reviewer", times);
        assert_eq!(
            log.try_post(&event).err().map(|refusal| refusal.rule),
            rule,
            "{from_minutes} {to_minutes}"
        );
    };
    check(5, 60, None);
    check(6, 60, Some(Rule::A06));
    check(-60, 0, Some(Rule::A07));
    check(-60, 1, None);
    check(2, 1, Some(Rule::A08));
    check(0, 336 * 60, None);
    check(0, 336 * 60 + 1, Some(Rule::A08));
}

#[test]
fn a_09_nonce_once_per_key() {
    let mut log = Log::at("review.completed");
    let drawn = log.drawn;
    log.must_approve(Kind::Disclose, "p-rev", "reviewer");
    let mut act = log.act(Kind::Disclose);
    act.decision = Decision::Revoke;
    log.drawn = drawn;
    let mut event = log.approval(act, "p-rev", 0, "reviewer");
    event.id = "fresh".parse().expect("an id");
    assert_eq!(log.try_post(&event).expect_err("same nonce").rule, Rule::A09);
}

#[test]
fn a_10_something_new_after_a_refusal_and_repeats_are_answered() {
    let mut log = Log::at("reviewer approves");
    // The same decision again, even with a fresh nonce and another key: the first receipt.
    let event = log.approval(log.act(Kind::Disclose), "p-rev", 1, "reviewer");
    assert_eq!(log.try_post(&event), Ok(None));
    let mut act = log.act(Kind::Disclose);
    act.decision = Decision::Revoke;
    let event = log.approval(act, "p-rev", 0, "reviewer");
    log.try_post(&event).expect("a revocation is admitted");
    let mut act = log.act(Kind::Disclose);
    act.decision = Decision::Refuse;
    let event = log.approval(act, "p-sen", 0, "senior_reviewer");
    log.try_post(&event).expect("a refusal is admitted");
    let event = log.approval(log.act(Kind::Disclose), "p-sen", 0, "senior_reviewer");
    assert_eq!(log.try_post(&event).expect_err("refused before").rule, Rule::A10);
    let mut act = log.act(Kind::Disclose);
    act.decision = Decision::Revoke;
    let event = log.approval(act, "p-chief", 0, "senior_reviewer");
    assert_eq!(log.try_post(&event).expect_err("approved nothing").rule, Rule::I03);
    log.step("review.completed");
    log.must_approve(Kind::Disclose, "p-sen", "senior_reviewer");
}

#[test]
fn a_11_a_12_envelopes() {
    let mut log = Log::at("review.completed");
    let good = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
    let mut check = |rule: Rule, change: &dyn Fn(&mut crate::model::event::Event)| {
        let mut event = good.clone();
        change(&mut event);
        assert_eq!(log.try_post(&event).expect_err("refused").rule, rule);
    };
    check(Rule::F04, &|event| event.envelopes.clear());
    check(Rule::F04, &|event| event.envelopes[0] = b"{}".to_vec());
    check(Rule::A12, &|event| event.type_ = "approval.refused".to_owned());
    check(Rule::A12, &|event| event.actor = "p-sen".to_owned());
    let edit = |event: &mut crate::model::event::Event, from: &str, to: &str| {
        let text = event.data.get().replace(from, to);
        event.data = serde_json::value::RawValue::from_string(text).expect("JSON");
    };
    check(Rule::A12, &|event| edit(event, "p-rev", "p-sen"));
    check(Rule::A12, &|event| edit(event, "\"disclose\"", "\"release\""));
    check(Rule::F01, &|event| edit(event, "\"kind\"", "\"king\""));
    let forged = |event: &mut crate::model::event::Event| {
        let text = String::from_utf8(event.envelopes[0].clone()).expect("text");
        let at = text.find("\"sig\":\"").expect("a signature") + 10;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        event.envelopes[0] = [&text[..at], other, &text[at + 1..]].concat().into_bytes();
    };
    check(Rule::A11, &forged);
}

#[test]
fn i_05_two_persons_two_keys_one_senior() {
    let opens = |log: &mut Log| {
        let (actor, data) = log.data("disclosure.opened");
        log.post("disclosure.opened", Some(REQUEST), actor, &data)
    };
    let mut log = Log::at("reviewer approves");
    assert_eq!(opens(&mut log).expect_err("one").rule, Rule::I05);
    let mut log = Log::at("review.completed");
    log.must_approve(Kind::Disclose, "p-sen", "senior_reviewer");
    assert_eq!(opens(&mut log).expect_err("one senior").rule, Rule::I05);
    log.must_approve(Kind::Disclose, "p-chief", "senior_reviewer");
    opens(&mut log).expect("two seniors are enough");
    let mut log = Log::at("reviewer approves");
    log.must_approve(Kind::Disclose, "p-col", "reviewer");
    let (actor, mut data) = log.data("disclosure.opened");
    data["collector"] = json!("p-op");
    assert_eq!(
        log.post("disclosure.opened", Some(REQUEST), actor, &data).expect_err("no senior").rule,
        Rule::I05
    );
    // A standing refusal stops it, whoever approved.
    let mut log = Log::at("senior approves");
    let mut act = log.act(Kind::Disclose);
    act.decision = Decision::Refuse;
    let event = log.approval(act, "p-chief", 0, "senior_reviewer");
    log.try_post(&event).expect("admitted");
    assert_eq!(opens(&mut log).expect_err("refused").rule, Rule::I05);
}

#[test]
fn i_07_i_08_s_50_who_may_approve() {
    let check = |who, rule| approval_refuses("review.completed", who, rule, |_| {});
    check(("p-in", 0, "reviewer"), Rule::I07);
    check(("p-de", 0, "reviewer"), Rule::S50);
    check(("p-rev", 0, "senior_reviewer"), Rule::I08);
    check(("p-rev", 0, "king"), Rule::I08);
    check(("p-rev", 9, "reviewer"), Rule::I08);
    check(("p-col", 0, "collector"), Rule::I08);
    check(("p-sen", 0, "counsel"), Rule::I08);
    approval_refuses("disclosure.opened", ("p-col", 0, "reviewer"), Rule::I07, |_| {});
    refuses("senior approves", "disclosure.opened", Rule::I07, |data| data["collector"] = json!("p-sen"));
    refuses("senior approves", "disclosure.opened", Rule::I07, |data| data["collector"] = json!("p-in"));
}
