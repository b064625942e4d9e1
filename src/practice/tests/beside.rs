//! Goal: what is recorded beside the path: cost, holds, erasure, incidents, reports, the clock.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest};
use crate::practice::due::{Deadline, of_case};
use crate::practice::{Refusal, Rule};

/// Less than the life of an approval in these tests.
const HOLD_MS: i64 = 120 * MINUTE_MS;

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    let mut log = charged();
    log.must("flag.raised", Some(REQUEST), "p-rev", &flag());
    log.must("cost.credited", Some(REQUEST), "p-rev", &credit(40));
    let hold = log.must("hold.placed", Some(REQUEST), "p-cou", &hold(&Value::Null));
    log.must("hold.lifted", Some(REQUEST), "p-cou", &lifted(hold.index.get()));
    erase(&mut log).expect("nothing is held");
    vec![log, super::public::everything()]
}

fn invoice(charged: u64) -> Value {
    json!({"invoice": "INV-1", "currency": "USD", "incurred": 50, "charged": charged})
}

fn credit(credited: u64) -> Value {
    json!({"invoice": "INV-1", "credited": credited, "reason": "it must not have been charged"})
}

fn flag() -> Value {
    json!({"flag": "child_exploitation", "evidence_sha256": digest("evidence")})
}

fn hold(until: &Value) -> Value {
    json!({"ground": "legal_hold", "document_sha256": digest("hold"), "until": until})
}

fn lifted(hold: u64) -> Value {
    json!({"hold": hold, "document_sha256": digest("lifted")})
}

fn charged() -> Log {
    let mut log = Log::at2("delivery.acknowledged");
    log.must("cost.invoiced", Some(REQUEST), "p-rev", &invoice(40));
    log
}

fn erase(log: &mut Log) -> Result<(), Refusal> {
    let data = json!({"basis": "court_order", "document_sha256": digest("order"), "is_under_seal": true});
    log.approved_act("erase", "erasure.ordered", Some(REQUEST), "p-sen", &data).map(drop)
}

fn refused(log: &mut Log, event: &str, data: &Value) -> Rule {
    log.post(event, Some(REQUEST), "p-sen", data).expect_err(event).rule
}

fn due_at(log: &Log, deadline: Deadline) -> Vec<i64> {
    let policy = &log.world.policy().expect("founded").value;
    let due = of_case(policy, log.case()).into_iter().filter(|due| due.deadline == deadline);
    due.map(|due| due.at.as_ms()).collect()
}

fn is_due(log: &Log, deadline: Deadline) -> bool {
    !due_at(log, deadline).is_empty()
}

#[test]
fn s_106_what_is_charged_is_at_most_what_was_incurred() {
    let mut log = Log::at2("delivery.acknowledged");
    assert_eq!(refused(&mut log, "cost.invoiced", &invoice(51)), Rule::S106);
    let mut wrong = invoice(40);
    wrong["currency"] = json!("usd");
    assert_eq!(refused(&mut log, "cost.invoiced", &wrong), Rule::F06);
    log.must("cost.invoiced", Some(REQUEST), "p-rev", &invoice(50));
    assert_eq!(refused(&mut log, "cost.invoiced", &invoice(50)), Rule::I04);
}

#[test]
fn s_105_only_what_the_policy_calls_reimbursable_is_charged() {
    let mut log = Log::at2("delivery.acknowledged");
    let text = super::path2::policy2().replace("reimbursable = true", "reimbursable = false");
    log.activate("policy", &text);
    assert_eq!(refused(&mut log, "cost.invoiced", &invoice(40)), Rule::S105);
}

#[test]
fn case_49_s_108_a_flag_after_the_bill_is_due_until_all_is_credited() {
    let mut log = charged();
    assert!(!is_due(&log, Deadline::Credit));
    log.must("flag.raised", Some(REQUEST), "p-rev", &flag());
    assert!(is_due(&log, Deadline::Credit));
    assert_eq!(refused(&mut log, "cost.invoiced", &invoice(1)), Rule::S108);
    assert_eq!(refused(&mut log, "cost.credited", &credit(41)), Rule::I41);
    log.must("cost.credited", Some(REQUEST), "p-rev", &credit(39));
    assert!(is_due(&log, Deadline::Credit), "one is left");
    log.must("cost.credited", Some(REQUEST), "p-rev", &credit(1));
    assert!(!is_due(&log, Deadline::Credit));
}

#[test]
fn i_41_i_49_credit_and_erasure_are_due_by_the_policys_days() {
    let mut log = charged();
    let flagged = log.now_ms;
    log.must("flag.raised", Some(REQUEST), "p-rev", &flag());
    assert_eq!(due_at(&log, Deadline::Credit), [flagged + 30 * DAY_MS]);
    log.must("cost.credited", Some(REQUEST), "p-rev", &credit(40));
    erase(&mut log).expect("nothing is held");
    let (ordered, ..) = log.entries.last().expect("the order");
    assert_eq!(due_at(&log, Deadline::Erasure), [ordered.as_ms() + 30 * DAY_MS]);
}

#[test]
fn case_34_i_49_a_hold_wins_over_an_erasure() {
    let mut log = Log::at2("delivery.acknowledged");
    let placed = log.must("hold.placed", Some(REQUEST), "p-cou", &hold(&Value::Null));
    assert_eq!(erase(&mut log).expect_err("held").rule, Rule::I49);
    assert_eq!(refused(&mut log, "hold.lifted", &lifted(placed.index.get() + 1)), Rule::I49);
    log.must("hold.lifted", Some(REQUEST), "p-cou", &lifted(placed.index.get()));
    let until = crate::model::time::Timestamp::from_ms(log.now_ms + HOLD_MS).expect("a time");
    log.must("hold.placed", Some(REQUEST), "p-cou", &hold(&json!(until)));
    assert_eq!(erase(&mut log).expect_err("held for two hours").rule, Rule::I49);
    log.now_ms += HOLD_MS;
    erase(&mut log).expect("the hold ended by its time");
}

#[test]
fn case_33_i_49_after_the_order_nothing_goes_on() {
    let mut log = Log::at2("data.planned");
    assert_eq!(erase(&mut log).expect_err("under way").rule, Rule::I49);
    log.step("bundle.destroyed");
    erase(&mut log).expect("destroyed");
    assert!(is_due(&log, Deadline::Erasure));
    for (event, data) in [("flag.raised", flag()), ("hold.placed", hold(&Value::Null))] {
        assert_eq!(refused(&mut log, event, &data), Rule::I49, "{event}");
    }
    assert_eq!(log.post_data("request.withdrawn").expect_err("erased").rule, Rule::I49);
}

#[test]
fn s_107_an_emergency_is_never_charged() {
    let mut log = Log::founded2();
    let (actor, mut data) = log.data("request.received");
    data["kind"] = json!("emergency");
    log.must("request.received", Some(REQUEST), actor, &data);
    assert_eq!(refused(&mut log, "cost.invoiced", &invoice(1)), Rule::S107);
}

#[test]
fn i_51_an_expired_proposal_of_the_same_bytes_hides_nothing() {
    let mut log = Log::at2("delivery.acknowledged");
    let order = json!({"basis": "court_order", "document_sha256": digest("order"), "is_under_seal": false});
    let first = log.propose_act("erase", "erasure.ordered", Some(REQUEST), &order).expect("proposed");
    for (person, role) in [("p-chief", "senior_reviewer"), ("p-cou", "counsel")] {
        log.decide_act(first, "erase", Some(REQUEST), person, role).expect("approved");
    }
    log.now_ms += 601 * MINUTE_MS;
    assert_eq!(refused(&mut log, "erasure.ordered", &order), Rule::I51);
    log.approved_act("erase", "erasure.ordered", Some(REQUEST), "p-cou", &order).expect("approved again");
}

#[test]
fn i_49_a_hold_holds_until_its_instant_and_not_at_it() {
    let mut log = Log::at2("delivery.acknowledged");
    let until = log.now_ms + HOLD_MS;
    let place = hold(&json!(crate::model::time::Timestamp::from_ms(until).expect("a time")));
    let placed = log.must("hold.placed", Some(REQUEST), "p-cou", &place);
    let lift = log.event("hold.lifted", Some(REQUEST), "p-cou", &lifted(placed.index.get()));
    assert_eq!(log.judged(&lift, until - 1), None);
    assert_eq!(log.judged(&lift, until), Some(Rule::I49), "it has ended by its time");
}
