//! Goal: what a secrecy order was about at an instant stays what it was about then.
//! Method: two organisations' accounts under one order that is narrowed to one of them; notices of
//! before and after; what is owed.

use serde_json::{Value, json};

use super::cases::{DAY_MS, gag, time, two_customers};
use super::log::{Log, REQUEST, digest, item, scope};
use super::path2::consumer;
use super::screening::{ACCOUNT, review, to_review_with};
use crate::practice::due::{Deadline, of_case};
use crate::practice::{DAEMON, Rule};

const OTHER: &str = "b@example.org";

fn account(name: &str) -> Value {
    json!([{"service": "mail", "account": name}])
}

fn narrowed(to: &Value) -> Value {
    json!({"secrecy": "S-1", "document_sha256": digest("less"), "accounts": account(ACCOUNT), "to": to})
}

/// A notice to the other's contact that went so many days from now.
fn told(log: &Log, days: i64) -> Value {
    json!({"accounts": account(OTHER), "recipient": "customer_contact", "contact_sha256": digest("contact"),
        "notice_sha256": digest("notice"), "sent_at": time(log, days)})
}

fn says(log: &mut Log, event: &str, actor: &str, data: &Value) -> Option<Rule> {
    log.post(event, Some(REQUEST), actor, data).err().map(|refusal| refusal.rule)
}

#[test]
fn i_27_an_order_is_narrowed_from_its_entry_on_and_not_before() {
    let mut log = two_customers();
    gag(&mut log, &Value::Null);
    let end = log.case().telling.orders[0].to;
    log.now_ms += 10 * DAY_MS;
    assert_eq!(says(&mut log, "secrecy.narrowed", "p-rev", &narrowed(&json!(end))), None);
    // The instant itself is no more under it.
    let mut at_once = log.clone();
    let instant = at_once.case().telling.orders[0].former[0].until.1;
    let mut notice = told(&at_once, 0);
    notice["sent_at"] = json!(instant);
    assert_eq!(says(&mut at_once, "notice.sent", "p-priv", &notice), None);
    log.now_ms += 5 * DAY_MS;
    let under_it = told(&log, -6);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &under_it), Some(Rule::I27), "it covered both then");
    let after_it = told(&log, -4);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &after_it), None);
}

/// An order over two accounts that was narrowed to one of them.
pub(super) fn narrowed_to_one() -> Log {
    let mut log = two_customers();
    gag(&mut log, &json!([account(ACCOUNT)[0], account(OTHER)[0]]));
    let end = json!(log.case().telling.orders[0].to);
    assert_eq!(says(&mut log, "secrecy.narrowed", "p-rev", &narrowed(&end)), None);
    log
}

#[test]
fn an_order_ever_covered_whom_it_once_covered_and_nobody_else() {
    let log = narrowed_to_one();
    let order = &log.case().telling.orders[0];
    let ever = |name: &str| {
        let account = serde_json::from_value(account(name)[0].clone()).expect("an account");
        (order.ever_covered(&account), order.end_for(&account).map(|(end, _)| end))
    };
    assert_eq!(ever(ACCOUNT), (true, order.to));
    assert_eq!(ever(OTHER), (true, Some(order.former[0].until.1)));
    assert!(!ever("c@example.org").0);
}

#[test]
fn i_27_an_order_is_not_shortened_into_the_past() {
    let mut log = two_customers();
    gag(&mut log, &Value::Null);
    log.now_ms += 10 * DAY_MS;
    let past = narrowed(&time(&log, -1));
    assert_eq!(says(&mut log, "secrecy.narrowed", "p-rev", &past), Some(Rule::I27));
    let now = narrowed(&time(&log, 0));
    assert_eq!(says(&mut log, "secrecy.narrowed", "p-rev", &now), None, "as of now it may");
}

#[test]
fn s_72_a_ruling_narrows_from_its_own_instant_on() {
    let ruled = |log: &Log, result: &str, days: i64, to: &Value| {
        json!({"secrecy": "S-1", "result": result, "ruling_sha256": digest("ruling"),
            "decided_at": time(log, days), "accounts": account(ACCOUNT), "to": to})
    };
    let mut log = two_customers();
    gag(&mut log, &Value::Null);
    let end = json!(log.case().telling.orders[0].to);
    let motion = json!({"secrecy": "S-1", "court": "a court", "docket": "26-2", "filed_at": time(&log, 0),
        "motion_sha256": digest("motion")});
    log.must("secrecy.challenged", Some(REQUEST), "p-cou", &motion);
    log.now_ms += 10 * DAY_MS;
    // Nobody files tomorrow; who knows of an order fights it before it begins.
    for (days, expected) in [(-2, None), (1, Some(Rule::S72)), (0, None)] {
        let mut early = two_customers();
        gag(&mut early, &Value::Null);
        let mut again = motion.clone();
        again["filed_at"] = time(&early, days);
        assert_eq!(says(&mut early, "secrecy.challenged", "p-cou", &again), expected, "{days}");
    }
    let mut at_once = two_customers();
    gag(&mut at_once, &Value::Null);
    let mut first = motion.clone();
    first["filed_at"] = json!(at_once.case().telling.orders[0].from);
    assert_eq!(says(&mut at_once, "secrecy.challenged", "p-cou", &first), None);
    let mut upheld = ruled(&at_once, "upheld", 0, &end);
    upheld["decided_at"] = first["filed_at"].clone();
    assert_eq!(says(&mut at_once, "secrecy.challenge_decided", "p-cou", &upheld), None, "at once");
    // On Friday a court narrows it, and on Monday somebody records that.
    for (days, expected) in [(-20, Some(Rule::S72)), (1, Some(Rule::S72))] {
        let data = ruled(&log, "narrowed", days, &end);
        assert_eq!(says(&mut log.clone(), "secrecy.challenge_decided", "p-cou", &data), expected, "{days}");
    }
    let mut shortened = log.clone();
    let before = ruled(&log, "shortened", -3, &time(&log, -4));
    assert_eq!(says(&mut shortened, "secrecy.challenge_decided", "p-cou", &before), Some(Rule::I27));
    let friday = ruled(&log, "shortened", -3, &time(&log, -2));
    assert_eq!(says(&mut shortened, "secrecy.challenge_decided", "p-cou", &friday), None);
    assert!(shortened.case().telling.orders[0].result.is_some(), "the motion has its result");

    let mut upheld = ruled(&log, "upheld", 1, &end);
    assert_eq!(says(&mut log, "secrecy.challenge_decided", "p-cou", &upheld), Some(Rule::S72), "not yet");
    upheld["decided_at"] = time(&log, -11);
    assert_eq!(says(&mut log, "secrecy.challenge_decided", "p-cou", &upheld), Some(Rule::S72), "not filed");
    let data = ruled(&log, "narrowed", -3, &end);
    assert_eq!(says(&mut log, "secrecy.challenge_decided", "p-cou", &data), None);
    let under_it = told(&log, -4);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &under_it), Some(Rule::I27));
    let after_it = told(&log, -2);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &after_it), None, "told on Saturday");
}

/// Of two open motions the ruling may be on the first.
#[test]
fn s_72_a_ruling_is_on_any_motion_that_is_open() {
    let mut log = two_customers();
    gag(&mut log, &Value::Null);
    let end = json!(log.case().telling.orders[0].to);
    log.now_ms += 10 * DAY_MS;
    for days in [-9, -1] {
        let motion = json!({"secrecy": "S-1", "court": "a court", "docket": "26-2",
            "filed_at": time(&log, days), "motion_sha256": digest("motion")});
        log.must("secrecy.challenged", Some(REQUEST), "p-cou", &motion);
    }
    let ruled = |log: &Log, days: i64| {
        json!({"secrecy": "S-1", "result": "upheld", "ruling_sha256": digest("ruling"),
            "decided_at": time(log, days), "accounts": null, "to": end})
    };
    let before = ruled(&log, -10);
    assert_eq!(says(&mut log, "secrecy.challenge_decided", "p-cou", &before), Some(Rule::S72));
    let between = ruled(&log, -5);
    assert_eq!(says(&mut log, "secrecy.challenge_decided", "p-cou", &between), None);
}

/// What is recorded last was not always ordered last.
#[test]
fn i_27_a_ruling_that_is_recorded_after_a_later_narrowing_takes_nothing_of_what_was_covered_till_then() {
    let mut log = two_customers();
    gag(&mut log, &Value::Null);
    let end = json!(log.case().telling.orders[0].to);
    let motion = json!({"secrecy": "S-1", "court": "a court", "docket": "26-2", "filed_at": time(&log, 0),
        "motion_sha256": digest("motion")});
    log.must("secrecy.challenged", Some(REQUEST), "p-cou", &motion);
    log.now_ms += 10 * DAY_MS;
    let mut both = narrowed(&end);
    both["accounts"] = json!([account(ACCOUNT)[0], account(OTHER)[0]]);
    assert_eq!(says(&mut log, "secrecy.narrowed", "p-rev", &both), None);
    log.now_ms += 5 * DAY_MS;
    let ruling = json!({"secrecy": "S-1", "result": "narrowed", "ruling_sha256": digest("ruling"),
        "decided_at": time(&log, -8), "accounts": account(ACCOUNT), "to": end});
    assert_eq!(says(&mut log, "secrecy.challenge_decided", "p-cou", &ruling), None);
    let order = &log.case().telling.orders[0];
    assert_eq!(order.former.len(), 2);
    assert_eq!(order.former[0].until.1, order.former[1].until.1, "in the order of time");
    let under_it = told(&log, -7);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &under_it), Some(Rule::I27));
    let after_it = told(&log, -4);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &after_it), None);
}

/// Two consumers' accounts, to the release of what was asked of both.
pub(super) fn two_consumers_released() -> Log {
    consumers_released(&[OTHER.to_owned()])
}

/// One consumer's account and these, under a gag over all, to the release of what was asked of them.
pub(super) fn consumers_released(others: &[String]) -> Log {
    let basic = others.iter().map(|name| item(name, "bsi"));
    let asked = [item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")];
    let all = scope(&asked.into_iter().chain(basic).collect::<Vec<_>>());
    let mut log = to_review_with(|step, data| match step {
        "request.classified" => {
            let names = data["identifiers"].as_array_mut().expect("identifiers");
            names.extend(
                others
                    .iter()
                    .map(|name| json!({"kind": "email", "value": name, "service": "mail", "account": name})),
            );
            data["scope"] = json!(all);
        }
        "accounts.profiled" => {
            let profiles = [ACCOUNT].into_iter().chain(others.iter().map(String::as_str)).map(consumer);
            data["accounts"] = json!(profiles.collect::<Vec<Value>>());
        }
        _ => {}
    });
    gag(&mut log, &Value::Null);
    review(&mut log, |data| data["scope"] = json!(all)).expect("reviewed");
    log.walk2("review.completed", "bundle.sealed");
    let suppressed = json!({"accounts": null, "secrecy": "S-1"});
    log.must("notice.suppressed", Some(REQUEST), "p-priv", &suppressed);
    log.step("senior releases");
    log.step("bundle.released");
    log
}

fn owed(log: &Log) -> Vec<(String, i64)> {
    let policy = &log.world.policy().expect("founded").value;
    let open = of_case(policy, log.case()).into_iter();
    let notices = open.filter(|due| due.deadline == Deadline::Notice);
    notices.map(|due| (due.account.expect("one account's").account, due.at.as_ms())).collect()
}

#[test]
fn i_25_whom_a_narrowed_order_covers_no_more_is_told_from_then_on() {
    let mut log = two_consumers_released();
    let end = log.case().telling.orders[0].to.expect("an end");
    let days = i64::from(log.world.policy().expect("founded").value.times.notice_after_secrecy_days);
    let later = end.as_ms() + days * DAY_MS;
    assert_eq!(owed(&log), [(ACCOUNT.to_owned(), later), (OTHER.to_owned(), later)]);
    log.now_ms += 5 * DAY_MS;
    let at = log.now_ms;
    assert_eq!(says(&mut log, "secrecy.narrowed", "p-rev", &narrowed(&json!(end))), None);
    assert_eq!(owed(&log), [(OTHER.to_owned(), at + days * DAY_MS), (ACCOUNT.to_owned(), later)]);
    // Both are named by the narrowing; each is late by itself (I-57).
    let set_by = |log: &Log| -> std::collections::BTreeSet<u64> {
        let policy = &log.world.policy().expect("founded").value;
        let open = of_case(policy, log.case()).into_iter().filter(|due| due.deadline == Deadline::Notice);
        open.map(|due| due.set_by.get()).collect()
    };
    assert_eq!(set_by(&log).len(), 1);
    let mut late = log.clone();
    late.has_clock = false;
    late.now_ms = later + DAY_MS;
    let passed = |due_at: i64| {
        json!({"deadline": "notice", "set_by": set_by(&log).first(),
            "due_at": crate::model::time::Timestamp::from_ms(due_at).expect("a time")})
    };
    let tell = |account: Value, log: &Log| {
        json!({"accounts": account, "recipient": "owner", "contact_sha256": digest("contact"),
            "notice_sha256": digest("notice"), "sent_at": time(log, 0)})
    };
    late.must("deadline.passed", Some(REQUEST), DAEMON, &passed(at + days * DAY_MS));
    let (first, second) = (tell(account(OTHER), &late), tell(account(ACCOUNT), &late));
    assert_eq!(
        says(&mut late, "notice.sent", "p-priv", &second),
        Some(Rule::I25),
        "nobody said that it is late"
    );
    assert_eq!(says(&mut late, "notice.sent", "p-priv", &first), None);
    late.must("deadline.passed", Some(REQUEST), DAEMON, &passed(later));
    assert_eq!(says(&mut late, "notice.sent", "p-priv", &second), None);
    // S-58: one person's ground is none where an order was.
    let withheld = json!({"accounts": account(OTHER), "ground": "danger", "evidence_sha256": digest("danger"),
        "other_contact_tried": false, "review_by": time(&log, 30)});
    assert_eq!(says(&mut log, "notice.withheld", "p-priv", &withheld), None);
    assert_eq!(owed(&log), [(OTHER.to_owned(), at + days * DAY_MS), (ACCOUNT.to_owned(), later)]);
}
