//! Goal: what a secrecy order was about at an instant stays what it was about then.
//! Method: two organisations' accounts under one order that is narrowed to one of them; notices of
//! before and after; what is owed.

use serde_json::{Value, json};

use super::cases::{DAY_MS, gag, time, two_customers};
use super::log::{Log, REQUEST, digest, item, scope};
use super::path2::consumer;
use super::screening::{ACCOUNT, review, to_review_with};
use crate::practice::Rule;
use crate::practice::due::{Deadline, of_case};

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
    log.now_ms += 5 * DAY_MS;
    let under_it = told(&log, -6);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &under_it), Some(Rule::I27), "it covered both then");
    let after_it = told(&log, -4);
    assert_eq!(says(&mut log, "notice.sent", "p-priv", &after_it), None);
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

/// Two consumers' accounts, to the release of what both asked for.
pub(super) fn two_consumers_released() -> Log {
    let both = scope(&[item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored"), item(OTHER, "bsi")]);
    let mut log = to_review_with(|step, data| match step {
        "request.classified" => {
            let names = data["identifiers"].as_array_mut().expect("identifiers");
            names.push(json!({"kind": "email", "value": OTHER, "service": "mail", "account": OTHER}));
            data["scope"] = json!(both);
        }
        "accounts.profiled" => data["accounts"] = json!([consumer(ACCOUNT), consumer(OTHER)]),
        _ => {}
    });
    gag(&mut log, &Value::Null);
    review(&mut log, |data| data["scope"] = json!(both)).expect("reviewed");
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
    // S-58: one person's ground is none where an order was.
    let withheld = json!({"accounts": account(OTHER), "ground": "danger", "evidence_sha256": digest("danger"),
        "other_contact_tried": false, "review_by": time(&log, 30)});
    assert_eq!(says(&mut log, "notice.withheld", "p-priv", &withheld), None);
    assert_eq!(owed(&log), [(OTHER.to_owned(), at + days * DAY_MS), (ACCOUNT.to_owned(), later)]);
}
