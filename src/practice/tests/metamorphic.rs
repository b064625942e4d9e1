//! Goal: flipping a zone or a deadline makes no decision laxer (I-15, I-57). `regimes.rs` shows the
//! same of locations.
//! Method: at each step of the straight path, everything of the path is tried, under policies that
//! differ in their deadlines alone, and after all of them have passed; dates of an order are read in
//! every zone but its own.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::log::{Log, REQUEST};
use super::path2::{STEPS2, policy2};
use super::walks2::go_on;
use crate::model::time::DAY_MS;
use crate::practice::{Rule, RuleSet};

/// The deadlines of the practice: how long somebody has for something. What a wait or an age is
/// (notice, call-back, approvals) is no deadline: those let something happen, or stop letting it.
const DEADLINES: [&str; 8] = [
    "notice_after_secrecy_days",
    "secrecy_review_days",
    "followup_days",
    "process_review_days",
    "report_due_days",
    "comity_days",
    "credit_days",
    "erasure_days",
];

/// The draft with each of these set to so many days.
fn with_deadlines(days: u32) -> String {
    let rows = DEADLINES.map(|name| format!("{name} = {days}"));
    format!("{}\n[times]\n{}\n", policy2(), rows.join("\n"))
}

fn up_to(policy: &str, step: &str) -> Log {
    let mut log = Log::founded_under(RuleSet::Two, policy);
    log.walk2("", step);
    log
}

/// What of the path may happen now.
fn admitted(log: &Log) -> BTreeSet<&'static str> {
    let others = ["request.rejected", "request.withdrawn", "order.amended"];
    let steps = STEPS2.into_iter().filter(|step| *step != "the customer could act").chain(others);
    steps.filter(|step| go_on(&mut log.clone(), step)).collect()
}

#[test]
fn i_57_no_deadline_decides_what_may_happen() {
    let mut open = 0;
    for step in STEPS2 {
        let as_drafted = admitted(&up_to(&policy2(), step));
        for days in [1, 5, 30] {
            assert_eq!(
                admitted(&up_to(&with_deadlines(days), step)),
                as_drafted,
                "after {step}, {days} days"
            );
        }
        open += as_drafted.len();
    }
    assert!(open > STEPS2.len(), "{open} things were admitted: too few to tell");
}

#[test]
fn i_57_what_is_late_lets_nothing_happen_that_was_refused_in_time() {
    let mut fewer = 0;
    for step in STEPS2 {
        let log = up_to(&policy2(), step);
        let (now, mut late) = (admitted(&log), log);
        late.now_ms += 400 * DAY_MS;
        let then = admitted(&late);
        // Two things are a wait and no deadline: the customer's days, and approvals that ran out
        // and may be given again.
        let waited = ["bundle.released", "reviewer approves", "senior approves", "senior releases"];
        let laxer: Vec<_> = then.difference(&now).filter(|step| !waited.contains(step)).collect();
        assert!(laxer.is_empty(), "after {step}, late: {laxer:?}");
        fewer += now.difference(&then).count();
    }
    assert!(fewer > 0, "lateness stopped nothing: the log did not notice it");
}

/// Dates of the order as somebody reads them in the zone `minutes` east of Greenwich.
fn read_in(minutes: i32) -> Value {
    let offset =
        format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
    let at = |date: &str| json!({"date": date, "time": null, "offset": offset});
    json!([{"item": 1, "from": at("2026-03-01"), "to": at("2026-03-31"), "to_is_inclusive": true}])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn i_15_dates_read_in_another_zone_fit_no_scope_of_this_one(quarters in -48_i32..=56) {
        let mut log = Log::at2("request.classified");
        let (actor, mut data) = log.data("interval.stated");
        data["items"] = read_in(quarters * 15);
        let posted = log.post("interval.stated", Some(REQUEST), actor, &data).map_err(|refusal| refusal.rule);
        if quarters == 0 {
            prop_assert!(posted.is_ok());
        } else {
            prop_assert_eq!(posted, Err(Rule::I15));
        }
    }
}
