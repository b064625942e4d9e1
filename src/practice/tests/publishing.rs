//! Goal: what is recorded about the log itself: reports, figures, voluntary reports, acts, rule sets.
//! Method: a founded log, and of two facts that a rule wants together only one.

use serde_json::{Value, json};

use super::findings::{DAY_MS, at};
use super::log::{Log, REQUEST, digest};
use super::path2::policy2;
use crate::model::approval::{Act, Decision};
use crate::model::id::ReportId;
use crate::model::time::Timestamp;
use crate::practice::records::{HALVES_MAX, REPORTS_MAX};
use crate::practice::{Rule, RuleSet};

fn half(from: &str, to: &str, data: &mut Value) {
    data["period_from"] = json!(format!("{from}T00:00:00.000Z"));
    data["period_to"] = json!(format!("{to}T00:00:00.000Z"));
}

fn says(log: &mut Log, kind: &str, data: &Value) -> Option<Rule> {
    let event = log.event(kind, None, "p-sen", data);
    log.judged(&event, log.now_ms)
}

/// A report of the half-year in which the log began, from all there is.
fn report(log: &Log, series: &str, width: &Value) -> Value {
    let mut data = json!({"report": format!("REP-{series}"), "series": series, "size": log.entries.len(),
        "root": "0".repeat(64), "report_sha256": digest("report"), "band_width": width,
        "published_at": at(log.now_ms)});
    half("2026-07-01", "2027-01-01", &mut data);
    data
}

/// More than a year after the log began; what is late by then is on record.
fn later() -> Log {
    let mut log = Log::founded2();
    log.now_ms += 400 * DAY_MS;
    let declined = json!({"agency": null, "document_sha256": digest("letter")});
    log.must("voluntary.declined", None, "p-sen", &declined);
    log
}

#[test]
fn i_48_the_first_report_is_about_the_half_year_in_which_the_log_began_or_one_before() {
    let mut log = later();
    let mut data = report(&log, "law_enforcement", &Value::Null);
    for (from, to, expected) in [
        ("2026-01-01", "2026-07-01", None),
        ("2026-07-01", "2027-01-01", None),
        ("2027-01-01", "2027-07-01", Some(Rule::I48)),
    ] {
        half(from, to, &mut data);
        assert_eq!(says(&mut log, "report.published", &data), expected, "{from}");
    }
}

#[test]
fn i_47_bands_of_a_year_or_of_everything_together_are_none_of_a_series() {
    let mut log = later();
    for (width, expected) in
        [(1000, None), (500, None), (250, Some(Rule::I47)), (100, Some(Rule::I47)), (1, Some(Rule::I47))]
    {
        let data = report(&log, "national_security", &json!(width));
        assert_eq!(says(&mut log, "report.published", &data), expected, "{width}");
    }
}

#[test]
fn i_03_there_are_at_most_4096_reports() {
    let mut log = later();
    let mut data = report(&log, "law_enforcement", &Value::Null);
    log.must("report.published", None, "p-sen", &data);
    data["report"] = json!("REP-next");
    half("2027-01-01", "2027-07-01", &mut data);
    for (count, expected) in [(REPORTS_MAX - 1, None), (REPORTS_MAX, Some(Rule::I03))] {
        let mut records = (*log.world.records).clone();
        let one = *records.reports.values().next().expect("published");
        for nth in records.reports.len()..count {
            records.reports.insert(ReportId::new(&format!("REP-{nth}")).expect("an id"), one);
        }
        log.world.records = std::sync::Arc::new(records);
        data["size"] = json!(log.entries.len());
        data["published_at"] = json!(at(log.now_ms));
        assert_eq!(says(&mut log, "report.published", &data), expected, "{count}");
    }
}

#[test]
fn s_11_a_figure_is_declared_once_for_each_half_year() {
    let mut log = Log::founded2();
    let mut data =
        json!({"figure": "active_accounts", "value": 1_000_000, "source_sha256": digest("source")});
    half("2026-07-01", "2027-01-01", &mut data);
    let mut declare = |data: &Value| {
        let posted = log.approved_act("discretion", "figure.declared", None, "p-sen", data);
        posted.err().map(|refusal| refusal.rule)
    };
    assert_eq!(declare(&data), None);
    half("2026-01-01", "2026-07-01", &mut data);
    assert_eq!(declare(&data), None, "the figure of another half-year");
    data["value"] = json!(2_000_000);
    assert_eq!(declare(&data), Some(Rule::I03), "the same with another value");
}

#[test]
fn s_38_a_victim_has_a_crime_and_a_threat_has_no_victim() {
    let mut log = Log::founded2();
    for (basis, crime, expected) in [
        ("victim", Some(0), Some(Rule::S38)),
        ("victim", Some(1), None),
        ("victim", Some(4096), None),
        ("victim", Some(4097), Some(Rule::S38)),
        ("victim", Some(4098), Some(Rule::S38)),
        ("victim", None, Some(Rule::S38)),
        ("threat", Some(1), Some(Rule::S38)),
        ("threat", None, None),
    ] {
        let victim = crime.map(|bytes| json!({"kind": "employee", "crime": "x".repeat(bytes)}));
        let data = json!({"report": "REP-1", "basis": basis, "source": "public_posting", "victim": victim,
            "recipient": "ag-1", "classes": ["bsi"], "report_sha256": digest("report")});
        assert_eq!(says(&mut log, "voluntary.disclosed", &data), expected, "{basis} {crime:?}");
    }
}

#[test]
fn f_02_a_rule_set_does_not_rise_to_itself() {
    let mut log = Log::founded();
    log.activate("policy", &policy2());
    log.rules = RuleSet::Two;
    log.must("rules.activated", None, "p-sen", &json!({"from": 1, "to": 2}));
    assert_eq!(says(&mut log, "rules.activated", &json!({"from": 2, "to": 2})), Some(Rule::F02));
}

#[test]
fn i_07_who_took_a_later_version_in_may_say_no_to_an_act_and_not_yes() {
    let mut log = Log::at2("request.classified");
    let (_, amended) = log.data("order.amended");
    log.must("order.amended", Some(REQUEST), "p-chief", &amended);
    let data = json!({"source": "mail-1", "item_sha256": digest("item"), "reason": "a vector of a book"});
    let (kind, event) = ("scan.clear", "scan.cleared");
    let proposal = log.propose_act(kind, event, Some(REQUEST), &data).expect("proposed");
    let approved = log.decide_act(proposal, kind, Some(REQUEST), "p-chief", "senior_reviewer");
    assert_eq!(approved.expect_err("took it in").rule, Rule::I07);
    let refused = Act {
        origin: log.world.origin().expect("founded").clone(),
        request: Some(REQUEST.parse().expect("an id")),
        kind: serde_json::from_value(json!(kind)).expect("a kind"),
        decision: Decision::Refuse,
        order: None,
        scope_sha256: None,
        recipients: Vec::new(),
        policy: log.world.policy_sha256().expect("founded"),
        context: proposal,
    };
    let event = log.approval(refused, "p-chief", 0, "senior_reviewer");
    log.try_post(&event).expect("whoever it is may say no");
}

#[test]
fn i_46_the_first_entry_of_each_half_year_is_noted_and_4096_of_them_are_kept() {
    let mut log = Log { has_clock: false, ..Log::founded2() };
    let instants = [
        "2026-12-31T23:59:59.999Z",
        "2027-01-01T00:00:00.000Z",
        "2027-06-30T23:59:59.999Z",
        "2027-07-01T00:00:00.000Z",
        "2027-07-01T00:00:00.001Z",
        "2028-01-31T00:00:00.000Z",
    ];
    for (nth, instant) in instants.iter().enumerate() {
        log.now_ms = Timestamp::parse(instant).expect("a time").as_ms();
        log.another(&format!("REQ-{nth}"));
    }
    let halves = |log: &Log| log.world.records().halves.keys().map(ToString::to_string).collect::<Vec<_>>();
    let noted = ["2026-07-01", "2027-01-01", "2027-07-01", "2028-01-01"];
    assert_eq!(halves(&log), noted.map(|day| format!("{day}T00:00:00.000Z")));
    // As many as there may be, and one more.
    let mut records = (*log.world.records).clone();
    let (index, added) = (*records.halves.values().next().expect("noted"), HALVES_MAX - 1 - noted.len());
    records.halves.extend((0..added).map(|nth| (at(i64::try_from(nth).expect("few")), index)));
    log.world.records = std::sync::Arc::new(records);
    for (year, first) in [(2029, at(0)), (2030, at(1))] {
        log.now_ms = Timestamp::parse(&format!("{year}-01-01T00:00:00.000Z")).expect("a time").as_ms();
        log.another(&format!("REQ-{year}"));
        assert_eq!(halves(&log).len(), HALVES_MAX, "{year}");
        assert_eq!(log.world.records().halves.keys().next(), Some(&first), "{year}");
    }
}

#[test]
fn i_46_a_half_year_begins_at_its_instant_and_keeps_its_first_entry_to_its_last_day() {
    let mut log = Log { has_clock: false, ..Log::founded2() };
    let declined = |log: &mut Log, at: &str| {
        log.now_ms = crate::model::time::Timestamp::parse(at).expect("a time").as_ms();
        let data = json!({"agency": null, "document_sha256": digest(at)});
        log.must("voluntary.declined", None, "p-sen", &data).index
    };
    // 2027 does not leap: 181 days after its first instant the second half begins.
    let first = declined(&mut log, "2027-01-01T00:00:00.000Z");
    declined(&mut log, "2027-06-30T23:59:59.999Z");
    let second = declined(&mut log, "2027-07-01T00:00:00.000Z");
    // 184 days has that one: its last ones are no other half-year, and have no first entry of their own.
    declined(&mut log, "2027-12-30T00:00:00.000Z");
    declined(&mut log, "2027-12-31T23:59:59.999Z");
    let noted: Vec<_> = log.world.records().halves.values().copied().collect();
    assert_eq!(noted.get(1..), Some(&[first, second][..]), "beside the one in which the log began");
}
