//! Goal: an order forbids to tell exactly whom it covers, as long as it does; and what went untold
//! is told from the instant on at which nothing stands against it any more.
//! Method: an order that was recorded, with one of its facts changed, asked at instants at their
//! edge; the deadlines of the same request before and after.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::findings::{DAY_MS, at};
use super::log::{Log, REQUEST, digest};
use crate::practice::Policy;
use crate::practice::case::{Permitted, Secrecy};
use crate::practice::due::{Deadline, of_case};
use crate::practice::vocabulary::AccountRef;

fn account(name: &str) -> AccountRef {
    AccountRef { service: "mail".parse().expect("a service"), account: name.to_owned() }
}

fn policy() -> Policy {
    Policy::parse(super::log::POLICY).expect("the draft")
}

/// An order over all accounts, recorded an hour after it began, for thirty days.
fn recorded() -> (Secrecy, i64) {
    let mut log = Log::at2("review.completed");
    let now = log.now_ms;
    let data = json!({"secrecy": "NDO-1", "code": "ndo.2705b", "level": "federal", "issuer": "D. Example",
        "docket": "26-1", "document_sha256": digest("ndo"), "grounds": ["flight_from_prosecution"],
            "judge_approved": true,
        "individual_necessity": true, "accounts": null, "from": at(now - 3_600_000),
        "to": at(now + 30 * DAY_MS)});
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &data);
    (log.case().telling.orders[0].clone(), now)
}

#[test]
fn i_27_an_order_that_does_not_bind_the_provider_forbids_nothing() {
    let (order, now) = recorded();
    let forbids = |code: &str| {
        let order = Secrecy { code: serde_json::from_value(json!(code)).expect("a code"), ..order.clone() };
        let (policy, account) = (policy(), account("a@example.org"));
        (order.covers(&policy, &account, at(now)), order.covered(&policy, &account, at(now)))
    };
    assert_eq!(forbids("ndo.2705b"), (true, true));
    assert_eq!(forbids("ndo.2705a"), (false, false), "it lets the authority wait, not the provider");
    assert_eq!(forbids("ndo.unknown"), (false, false));
}

#[test]
fn i_27_an_order_forbade_to_tell_whoever_knew_of_it_until_a_permission() {
    let (order, now) = recorded();
    let forbade = |order: &Secrecy, name: &str, ms: i64| order.covered(&policy(), &account(name), at(ms));
    assert_eq!([now - 1, now].map(|ms| forbade(&order, "a@example.org", ms)), [false, true]);
    let accounts = Some(BTreeSet::from([account("b@example.org")]));
    let permitted = Some(Permitted { accounts, granted: (order.set_by, at(now + DAY_MS)) });
    let order = Secrecy { permitted, ..order };
    let around =
        |name: &str| [now + DAY_MS - 1, now + DAY_MS, now + 2 * DAY_MS].map(|ms| forbade(&order, name, ms));
    assert_eq!(around("a@example.org"), [true; 3], "the permission is about another");
    assert_eq!(around("b@example.org"), [true, false, false]);
}

#[test]
fn i_28_a_gap_begins_at_the_end_and_ends_with_the_extension() {
    let (order, now) = recorded();
    let order = Secrecy { gaps: vec![(at(now + DAY_MS), at(now + 2 * DAY_MS))], ..order };
    let forbade = |ms: i64| order.covered(&policy(), &account("a@example.org"), at(ms));
    let instants = [now, now + DAY_MS - 1, now + DAY_MS, now + 2 * DAY_MS - 1, now + 2 * DAY_MS];
    assert_eq!(instants.map(forbade), [true, true, false, false, true]);
}

fn due(log: &Log, deadline: Deadline) -> Vec<i64> {
    let policy = &log.world.policy().expect("founded").value;
    let open = of_case(policy, log.case()).into_iter().filter(|due| due.deadline == deadline);
    open.map(|due| due.at.as_ms()).collect()
}

#[test]
fn i_23_the_customers_days_run_until_something_left() {
    let mut log = Log::at2("notice.sent");
    let (told, ..) = log.entries.last().cloned().expect("the notice");
    assert_eq!(due(&log, Deadline::NoticeWait), [told.as_ms() + 7 * DAY_MS]);
    log.walk2("notice.sent", "senior releases");
    assert_eq!(due(&log, Deadline::NoticeWait).len(), 1);
    log.step("bundle.released");
    assert_eq!(due(&log, Deadline::NoticeWait), [0; 0]);
}

#[test]
fn i_25_a_notice_is_due_from_the_end_of_the_ground_on_which_it_was_withheld() {
    let mut log = Log::at2("bundle.sealed");
    let until = log.now_ms + 30 * DAY_MS;
    let withheld = json!({"accounts": null, "ground": "danger", "evidence_sha256": digest("evidence"),
        "other_contact_tried": false, "review_by": at(until)});
    let post = |log: &mut Log, event: &str, data: &Value| {
        log.must(event, Some(REQUEST), "p-priv", data);
    };
    post(&mut log, "notice.withheld", &withheld);
    log.walk2("the customer could act", "delivery.acknowledged");
    assert_eq!(due(&log, Deadline::Notice), [until + 7 * DAY_MS], "when the ground is looked at again");
    log.now_ms += 5 * DAY_MS;
    let gone = log.now_ms;
    post(&mut log, "notice.ground_lifted", &json!({"ground": "danger", "evidence_sha256": digest("safe")}));
    assert_eq!(due(&log, Deadline::Notice), [gone + 7 * DAY_MS]);
}
