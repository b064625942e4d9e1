//! Goal: a released bundle that nobody opens is recorded so, not before the agency's time is over;
//! it counts as disclosed, and a late acknowledgement is still one.
//! Method: the straight path of rule set 2 up to the release, and the clock moved on.

use serde_json::json;

use super::log::{Log, MINUTE_MS, REQUEST};
use crate::practice::Rule;
use crate::practice::due::{Deadline, of_case};
use crate::practice::outcome::{self, Outcome};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const TIME_MS: i64 = 30 * DAY_MS;

fn expire(log: &mut Log, production: &str) -> Result<(), Rule> {
    let data = json!({"production": production});
    log.post("delivery.expired", Some(REQUEST), "p-rev", &data).map(drop).map_err(|refusal| refusal.rule)
}

fn released_at(log: &Log) -> i64 {
    log.case().disclosures[0].released_at.expect("released").as_ms()
}

/// A bundle that nobody opened in time.
pub(super) fn expired() -> Log {
    let mut log = Log::at2("bundle.released");
    log.now_ms = released_at(&log) + TIME_MS;
    expire(&mut log, "PRD-1").expect("nobody opened it");
    log
}

#[test]
fn nobody_says_that_a_bundle_was_not_opened_while_there_is_time() {
    let mut log = Log::at2("bundle.sealed");
    assert_eq!(expire(&mut log, "PRD-1"), Err(Rule::I03), "it is not released");
    let mut log = Log::at2("bundle.released");
    let at = released_at(&log) + TIME_MS;
    let policy = log.world.policy().expect("founded").value.clone();
    let open = of_case(&policy, log.case());
    let ends: Vec<_> = open.iter().filter(|due| due.deadline == Deadline::DeliveryEnd).collect();
    assert_eq!(ends.iter().map(|due| due.at.as_ms()).collect::<Vec<_>>(), [at]);
    log.now_ms = at - 1;
    assert_eq!(expire(&mut log, "PRD-1"), Err(Rule::A13));
    log.now_ms = at;
    assert_eq!(expire(&mut log, "PRD-2"), Err(Rule::I03), "another's bundle");
    assert_eq!(expire(&mut log, "PRD-1"), Ok(()));
    assert_eq!(expire(&mut log, "PRD-1"), Err(Rule::I03), "once");
    assert!(of_case(&policy, log.case()).iter().all(|due| due.deadline != Deadline::DeliveryEnd));
}

#[test]
fn what_was_released_counts_as_disclosed_whether_it_was_opened_or_not() {
    let mut log = expired();
    assert_eq!(log.case().state_name(), "disclosed");
    assert_eq!(outcome::of(log.case()), Outcome::DisclosedContent);
    // An agency that opens it after all says so; then nothing expires.
    log.step("delivery.acknowledged");
    assert_eq!(expire(&mut log, "PRD-1"), Err(Rule::I03));
}
