//! Goal: what is found before a review stops exactly what it is about: a deficiency, a verification,
//! an agreement, a challenge, another country's law, another owner of the account.
//! Method: of two facts that a rule wants together only one holds; instants and counts at their edge.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest, directory, item, scope};
use super::path2::{consumer, enterprise, order};
use super::screening::{ACCOUNT, assess, decide, escalated, file, review, stops, to_review_with, walk_with};
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::practice::case::Stage;
use crate::practice::due::{Deadline, of_case};
use crate::practice::{Refusal, Rule, Stamp, State, apply};

pub(super) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const OTHER: &str = "b@example.org";

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

impl Log {
    /// What the rules say of an event at that instant; nothing is recorded.
    pub(super) fn judged(&self, event: &Event, ms: i64) -> Option<Rule> {
        let case = event.request.as_ref().and_then(|request| self.cases.get(request));
        let stamp = Stamp { time: at(ms), ..self.stamp() };
        let verdict = apply(self.rules, State { world: &self.world, case }, event, stamp);
        verdict.err().map(|refusal| refusal.rule)
    }

    /// The same of an event upon the request, now.
    pub(super) fn says(&mut self, kind: &str, actor: &str, data: &Value) -> Option<Rule> {
        let event = self.event(kind, Some(REQUEST), actor, data);
        self.judged(&event, self.now_ms)
    }

    fn says_of_review(&mut self, change: impl FnOnce(&mut Value)) -> Option<Rule> {
        let (actor, mut data) = self.data("review.completed");
        change(&mut data);
        self.says("review.completed", actor, &data)
    }
}

fn note(log: &mut Log, item: &Value) -> u64 {
    let data = json!({"order": order(), "code": "material_mistake", "item": item, "detail": "misspelt"});
    log.must("deficiency.noted", Some(REQUEST), "p-rev", &data).index.get()
}

fn cure(deficiencies: &[u64], version: u32) -> Value {
    let document = json!({"version": version, "sha256": digest(&format!("cure {version}"))});
    json!({"deficiencies": deficiencies, "order": document, "media_type": "application/pdf",
        "channel": "email", "received_at": "2026-11-18T00:00:00.000Z"})
}

fn quarantine(log: &mut Log) {
    let data = json!({"method": "call_back", "finding": "denied", "evidence": [digest("nobody sent it")]});
    log.must("request.auth_failed", Some(REQUEST), "p-rev", &data);
}

#[test]
fn s_08_i_10_a_deficiency_takes_a_review_back_and_nothing_before_it() {
    for (step, stage) in [
        ("request.authenticated", Stage::Authenticated),
        ("rights.screened", Stage::Screening),
        ("senior approves", Stage::Screening),
    ] {
        let mut log = Log::at2(step);
        note(&mut log, &Value::Null);
        assert_eq!(log.case().stage, stage, "{step}");
        assert!(log.case().review.is_none(), "{step}");
    }
}

#[test]
fn s_08_items_are_set_aside_in_their_order_each_once_and_those_there_are() {
    let mut log = Log::at2("rights.screened");
    let noted = note(&mut log, &json!(1));
    for (items, expected) in [
        (json!([1, 0]), Some(Rule::S08)),
        (json!([1, 1]), Some(Rule::S08)),
        (json!([1, 2]), Some(Rule::S08)),
        (json!([0, 1]), None),
    ] {
        let split = json!({"deficiency": noted, "items": items, "reason": "the rest is sound"});
        assert_eq!(log.says("request.split", "p-rev", &split), expected, "{items}");
    }
}

#[test]
fn s_08_a_deficiency_is_cured_once() {
    let mut log = Log::at2("rights.screened");
    let (one, two) = (note(&mut log, &Value::Null), note(&mut log, &json!(1)));
    assert_eq!(log.says("request.cured", "p-in", &cure(&[one, one], 2)), Some(Rule::S08));
    log.must("request.cured", Some(REQUEST), "p-in", &cure(&[one, two], 2));
    let data = json!({"order": cure(&[], 2)["order"], "code": "unsigned", "item": null, "detail": "no name"});
    let three = log.must("deficiency.noted", Some(REQUEST), "p-rev", &data).index.get();
    assert_eq!(log.says("request.cured", "p-in", &cure(&[one], 3)), Some(Rule::S08));
    assert_eq!(log.says("request.cured", "p-in", &cure(&[three], 3)), None);
}

#[test]
fn i_33_a_cure_ends_no_quarantine() {
    let mut noted = Log::at2("rights.screened");
    let mistake = note(&mut noted, &Value::Null);
    quarantine(&mut noted);
    noted.must("request.cured", Some(REQUEST), "p-in", &cure(&[mistake], 2));
    assert_eq!(noted.case().stage, Stage::Quarantined);
    let mut rejected = Log::at2("rights.screened");
    quarantine(&mut rejected);
    rejected.step("request.rejected");
    rejected.must("request.cured", Some(REQUEST), "p-in", &cure(&[], 2));
    assert_eq!(rejected.case().stage, Stage::Quarantined);
}

#[test]
fn i_30_a_number_is_no_newer_than_the_call() {
    let mut log = Log::at2("request.classified");
    let called = log.now_ms - 60 * MINUTE_MS;
    for (dated, expected) in [(called, None), (called + 1, Some(Rule::I30))] {
        let call = json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
            "number_dated": at(dated), "called_at": at(called), "answer": "confirmed",
            "note_sha256": digest("call")});
        assert_eq!(log.says("callback.made", "p-rev", &call), expected);
    }
}

#[test]
fn i_33_a_verification_is_good_for_all_of_its_days() {
    let mut log = Log::at2("rights.screened");
    let last = log.case().arrival.authenticated_at.expect("verified").as_ms() + 30 * DAY_MS;
    let (actor, data) = log.data("review.completed");
    let event = log.event("review.completed", Some(REQUEST), actor, &data);
    assert_eq!(log.judged(&event, last), None);
    assert_eq!(log.judged(&event, last + 1), Some(Rule::I33));
}

#[test]
fn i_03_a_request_has_at_most_64_links() {
    let mut log = Log::at2("request.received");
    let (actor, mut received) = log.data("request.received");
    for nth in 0..65 {
        let other = format!("REQ-other-{nth}");
        received["order"]["sha256"] = json!(digest(&other));
        log.must("request.received", Some(&other), actor, &received);
        let link = json!({"other": other, "relation": "same_matter"});
        let posted = log.post("request.linked", Some(REQUEST), "p-rev", &link);
        let refused = posted.err().map(|refusal| refusal.rule);
        assert_eq!(refused, (nth == 64).then_some(Rule::I03), "{nth}");
    }
}

#[test]
fn s_27_counsel_who_narrows_is_the_actor() {
    let whole = scope(&[item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")]);
    let mut data = super::arrival::narrowed(&whole, &scope(&[item(ACCOUNT, "bsi")]));
    let mut log = Log::at2("review.completed");
    assert_eq!(log.says("request.narrowed", "p-cou", &data), None);
    data["counsel"] = json!("p-sen");
    assert_eq!(log.says("request.narrowed", "p-cou", &data), Some(Rule::S27), "another counsel's word");
    data["counsel"] = json!("p-rev");
    assert_eq!(log.says("request.narrowed", "p-rev", &data), Some(Rule::S27), "no counsel");
}

fn escalate(log: &mut Log, decision: &str, reason: &str) -> Result<(), Refusal> {
    let entry = log.case().screening.rights.expect("screened").entry;
    let data = json!({"screening": entry, "decision": decision, "reason": reason});
    let kind = "rights.escalated";
    log.approved_act("discretion", kind, Some(REQUEST), "p-chief", &data).map(drop)
}

#[test]
fn i_55_a_new_screening_is_decided_anew_and_a_stop_takes_the_review_back() {
    let mut again = escalated("proceed");
    again.step("rights.screened");
    stops(&mut again, Rule::I55);
    let mut log = escalated("proceed");
    review(&mut log, |_| ()).expect("two people agreed");
    escalate(&mut log, "proceed", "weighed once more").expect("decided");
    assert!(log.case().review.is_some());
    escalate(&mut log, "stop", "weighed once more").expect("decided");
    assert!(log.case().review.is_none());
}

#[test]
fn i_55_s_29_a_decision_of_two_has_a_reason_of_1_to_4096_bytes() {
    let organisation = super::screening::organisation();
    for (bytes, holds) in [(0, false), (1, true), (4096, true), (4097, false), (4098, false)] {
        let reason = "x".repeat(bytes);
        let posted = escalate(&mut escalated("proceed"), "proceed", &reason);
        assert_eq!(posted.err().map(|refusal| refusal.rule), (!holds).then_some(Rule::I55), "{bytes}");
        let data = json!({"customer": "cus-1", "exemption": "customer_is_suspect", "reason": reason});
        let (kind, event) = ("redirect.exempt", "redirect.exempted");
        let posted = organisation.clone().approved_act(kind, event, Some(REQUEST), "p-cou", &data);
        assert_eq!(posted.err().map(|refusal| refusal.rule), (!holds).then_some(Rule::S29), "{bytes}");
    }
}

#[test]
fn s_30_only_an_objection_for_comity_that_is_taken_back_takes_the_review() {
    for (relief, ruling, stands) in [
        ("quash", "motion_withdrawn", true),
        ("comity", "upheld", true),
        ("comity", "motion_withdrawn", false),
    ] {
        let mut log = Log::at2("review.completed");
        file(&mut log, relief, false).expect("filed");
        decide(&mut log, ruling).expect("decided");
        assert_eq!(log.case().review.is_some(), stands, "{relief} {ruling}");
    }
}

/// A court's ruling comes when it comes, also after the end.
#[test]
fn i_18_a_ruling_brings_no_ended_request_back() {
    for ending in ["request.withdrawn", "request.rejected"] {
        let mut log = Log::at2("rights.screened");
        file(&mut log, "comity", false).expect("filed");
        log.step(ending);
        let stage = log.case().stage;
        decide(&mut log, "motion_withdrawn").expect("decided");
        assert_eq!(log.case().stage, stage, "{ending}");
        let refusal = log.post_data("review.completed").expect_err("it ended");
        assert_eq!(refusal.rule, Rule::I18, "{ending}");
    }
}

/// Before the review of a demand about somebody in Great Britain who is no US person, or is one.
fn abroad(us_person: bool) -> Log {
    to_review_with(|step, data| {
        if step == "accounts.profiled" {
            data["accounts"][0]["us_person"] = json!(us_person);
            data["accounts"][0]["customer_country"] = json!("GB");
        }
    })
}

fn conflict(log: &mut Log) {
    assess(log, "GB", &json!("us.2703h"), "conflict").expect("assessed");
}

#[test]
fn i_56_a_us_person_abroad_is_under_us_law() {
    review(&mut abroad(true), |_| ()).expect("nobody else's law is asked");
    stops(&mut abroad(false), Rule::I56);
}

#[test]
fn i_56_a_conflict_takes_the_review_back_and_no_conflict_does_not() {
    for (finding, stands) in [("no_conflict", true), ("conflict", false)] {
        let mut log = Log::at2("review.completed");
        assess(&mut log, "GB", &json!("us.2703h"), finding).expect("assessed");
        assert_eq!(log.case().review.is_some(), stands, "{finding}");
    }
}

#[test]
fn i_56_only_an_objection_for_comity_that_was_not_taken_back_answers_a_conflict() {
    for (relief, ruling, expected) in [
        ("quash", None, Some(Rule::I56)),
        ("comity", None, None),
        ("comity", Some("upheld"), None),
        ("comity", Some("motion_withdrawn"), Some(Rule::I56)),
    ] {
        let mut log = abroad(false);
        conflict(&mut log);
        file(&mut log, relief, false).expect("filed");
        if let Some(ruling) = ruling {
            decide(&mut log, ruling).expect("decided");
        }
        assert_eq!(log.says_of_review(|_| ()), expected, "{relief} {ruling:?}");
    }
}

#[test]
fn i_56_what_ended_or_was_read_anew_has_no_conflict_to_assess() {
    let is_due = |log: &Log| {
        let policy = &log.world.policy().expect("founded").value;
        of_case(policy, log.case()).iter().any(|due| due.deadline == Deadline::Comity)
    };
    for step in ["request.rejected", "request.classified"] {
        let mut log = abroad(false);
        assert!(is_due(&log));
        log.step(step);
        assert!(!is_due(&log), "{step}");
    }
}

/// An order of Germany for one account's basic data, on a production order of the Union.
fn european(change: impl Fn(&str, &mut Value)) -> Log {
    let mut log = Log::founded2();
    let text = directory("age1agency").replacen("country = \"US\"", "country = \"DE\"", 1);
    log.activate("directory", &text);
    let walked = walk_with(&mut log, &|step, data: &mut Value| {
        match step {
            "request.classified" => {
                (data["country"], data["instrument"]) = (json!("DE"), json!("eu.epoc.subscriber"));
                data["scope"] = json!(scope(&[item(ACCOUNT, "bsi")]));
            }
            "interval.stated" => data["items"] = json!([]),
            "accounts.profiled" => data["accounts"][0]["hosted_in"] = json!("IE"),
            "legality.reviewed" => data["country"] = json!("DE"),
            _ => {}
        }
        change(step, data);
    });
    walked.unwrap_or_else(|refusal| panic!("{refusal}"));
    log
}

fn classified_so(member: &'static str, value: &'static str) -> impl Fn(&str, &mut Value) {
    move |step, data| {
        if step == "request.classified" {
            data[member] = json!(value);
        }
    }
}

fn only_basic_data(log: &mut Log) -> Option<Rule> {
    log.says_of_review(|data| data["scope"] = json!(scope(&[item(ACCOUNT, "bsi")])))
}

#[test]
fn s_94_i_56_the_unions_instrument_is_not_foreign_where_its_law_holds() {
    assert_eq!(only_basic_data(&mut european(|_, _| ())), None);
    let mut elsewhere = european(|step, data| {
        if step == "accounts.profiled" {
            data["accounts"][0]["hosted_in"] = json!("US");
        }
    });
    assert_eq!(only_basic_data(&mut elsewhere), Some(Rule::I56));
}

#[test]
fn s_19_an_instrument_that_did_not_exist_yet_was_not_issued() {
    for (issued, expected) in
        [("2026-08-17T23:59:59.999Z", Some(Rule::S19)), ("2026-08-18T00:00:00.000Z", None)]
    {
        let mut log = european(classified_so("issued_at", issued));
        assert_eq!(only_basic_data(&mut log), expected, "{issued}");
    }
}

#[test]
fn s_19_an_order_is_issued_before_it_comes() {
    // The demand came at midnight.
    for (issued, expected) in
        [("2026-11-18T00:00:00.000Z", None), ("2026-11-18T00:00:00.001Z", Some(Rule::S19))]
    {
        let mut log = Log::at2("request.authenticated");
        let (actor, mut data) = log.data("request.classified");
        data["issued_at"] = json!(issued);
        let posted = log.post("request.classified", Some(REQUEST), actor, &data);
        assert_eq!(posted.err().map(|refusal| refusal.rule), expected, "{issued}");
    }
}

#[test]
fn s_33_an_emergency_of_an_investigation_takes_an_instrument_that_has_a_time_for_it() {
    for (nature, expected) in [("criminal", None), ("emergency", None), ("civil", Some(Rule::S33))] {
        let mut log = european(classified_so("nature", nature));
        assert_eq!(only_basic_data(&mut log), expected, "{nature}");
    }
    let mut warrant = to_review_with(classified_so("nature", "emergency"));
    assert_eq!(warrant.says_of_review(|_| ()), Some(Rule::S33));
}

/// An order about one account's mail and another's basic data.
fn two_accounts(profiles: &[Value; 2]) -> Log {
    to_review_with(|step, data| match step {
        "request.classified" => {
            let mut other = data["identifiers"][0].clone();
            (other["value"], other["account"]) = (json!(OTHER), json!(OTHER));
            data["identifiers"].as_array_mut().expect("a list").push(other);
            data["scope"] = json!(scope(&[item(ACCOUNT, "content_stored"), item(OTHER, "bsi")]));
        }
        "interval.stated" => data["items"][0]["item"] = json!(0),
        "accounts.profiled" => data["accounts"] = json!(profiles),
        _ => {}
    })
}

#[test]
fn s_28_an_answer_of_one_customer_leaves_the_other_asked() {
    let mut second = enterprise(OTHER, 60);
    second["customer"] = json!("cus-2");
    let mut log = two_accounts(&[enterprise(ACCOUNT, 51), second]);
    let sent = "2026-11-18T01:00:00.000Z";
    for customer in ["cus-1", "cus-2"] {
        let data = json!({"customer": customer, "letter_sha256": digest("letter"), "sent_at": sent});
        log.must("redirect.attempted", Some(REQUEST), "p-cou", &data);
    }
    for customer in ["cus-1", "cus-2"] {
        let data = json!({"customer": customer, "answer_sha256": digest("answer"), "received_at": sent});
        log.must("redirect.refused", Some(REQUEST), "p-cou", &data);
    }
}

#[test]
fn s_09_what_came_after_the_customer_is_another_owners_and_nothing_before() {
    // The item is of March 2026.
    let of = |owned_to: &str| {
        let mut former = consumer(ACCOUNT);
        former["owned_to"] = json!(owned_to);
        two_accounts(&[former, consumer(OTHER)])
    };
    let whole = |data: &mut Value| {
        data["scope"] = json!(scope(&[item(ACCOUNT, "content_stored"), item(OTHER, "bsi")]));
    };
    let without = |data: &mut Value| {
        data["scope"] = json!(scope(&[item(OTHER, "bsi")]));
        data["refused"] = json!([{"item": 0, "rule": "S-09", "reason": "another owner's"}]);
    };
    for (owned_to, as_a_whole, cut_off) in [
        ("2026-02-01T00:00:00.000Z", Some(Rule::S09), None),
        ("2026-03-01T00:00:00.000Z", Some(Rule::S09), None),
        ("2026-03-15T00:00:00.000Z", Some(Rule::S09), Some(Rule::S13)),
        ("2026-04-01T00:00:00.000Z", None, Some(Rule::S13)),
        ("2026-05-01T00:00:00.000Z", None, Some(Rule::S13)),
    ] {
        let mut log = of(owned_to);
        assert_eq!(log.says_of_review(whole), as_a_whole, "{owned_to}");
        assert_eq!(log.says_of_review(without), cut_off, "{owned_to}");
    }
}
