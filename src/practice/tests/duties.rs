//! Goal: what is owed, and until when: process after an emergency, what is preserved, notices and
//! the orders against them, an erasure.
//! Method: the straight path of rule set 2; instants at their edge, and of two facts that a rule
//! wants together only one.

use serde_json::{Value, json};

use super::findings::{DAY_MS, at};
use super::log::{Log, MINUTE_MS, REQUEST, digest, item, roles, scope};
use super::path2::data as step_data;
use super::special::{an_emergency_up_to, assessment_of, classified, preservation};
use super::yields::{answer, recall, supersede};
use crate::model::approval::{Act, Kind};
use crate::practice::Rule;
use crate::practice::case::NOTICES_MAX;
use crate::practice::due::{Deadline, of_case};
use crate::practice::vocabulary::Nature;

const HOUR_MS: i64 = 60 * MINUTE_MS;

fn must(log: &mut Log, event: &str, actor: &str, data: &Value) {
    log.must(event, Some(REQUEST), actor, data);
}

fn due(log: &Log, deadline: Deadline) -> Vec<i64> {
    let policy = &log.world.policy().expect("founded").value;
    let open = of_case(policy, log.case()).into_iter().filter(|due| due.deadline == deadline);
    open.map(|due| due.at.as_ms()).collect()
}

fn order(log: &Log, accounts: &Value, to: Option<i64>) -> Value {
    json!({"secrecy": "NDO-1", "code": "ndo.2705b", "level": "federal", "issuer": "D. Example",
        "docket": "26-1", "document_sha256": digest("ndo"), "grounds": ["flight_from_prosecution"],
            "judge_approved": true,
        "individual_necessity": true, "accounts": accounts, "from": at(log.now_ms - DAY_MS),
        "to": to.map(at)})
}

fn withheld(accounts: &Value, review_by: i64) -> Value {
    json!({"accounts": accounts, "ground": "danger", "evidence_sha256": digest("evidence"),
        "other_contact_tried": false, "review_by": at(review_by)})
}

/// An emergency with its findings, assessed and called back as of these times.
fn called_back(needs: &[&str], called: i64, dated: i64) -> Log {
    let mut log = classified("emergency", "us.emergency_2702", "governmental_entity", "emergency");
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    must(&mut log, "emergency.assessed", "p-rev", &assessment_of(needs));
    let now = log.now_ms;
    let call = json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
        "number_dated": at(now + dated), "called_at": at(now + called), "answer": "confirmed",
        "note_sha256": digest("note")});
    must(&mut log, "callback.made", "p-rev", &call);
    log
}

#[test]
fn i_30_a_call_is_good_for_a_day_and_a_number_for_a_year() {
    for (called, dated, last) in
        [(-20 * HOUR_MS, -2 * DAY_MS, 4 * HOUR_MS), (0, 4 * HOUR_MS - 365 * DAY_MS, 4 * HOUR_MS)]
    {
        let mut log = called_back(&["bsi", "content_stored"], called, dated);
        // The call was recorded a minute ago.
        let last = log.now_ms - MINUTE_MS + last;
        let (actor, data) = log.data("review.completed");
        let event = log.event("review.completed", Some(REQUEST), actor, &data);
        assert_eq!(log.judged(&event, last), None, "called {called}, number of {dated}");
        assert_eq!(log.judged(&event, last + 1), Some(Rule::I30), "called {called}, number of {dated}");
    }
}

#[test]
fn i_31_an_emergency_without_content_takes_two_people_and_no_third() {
    let mut log = called_back(&["bsi"], 0, -DAY_MS);
    let (actor, mut data) = log.data("review.completed");
    data["scope"] = json!(scope(&[item("a@example.org", "bsi")]));
    data["refused"] = json!([{"item": 1, "rule": "I-31", "reason": "nobody needs it"}]);
    must(&mut log, "review.completed", actor, &data);
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let third = log.approval(act, "p-chief", 0, "senior_reviewer");
    assert_eq!(log.try_post(&third).expect_err("nothing takes a third").rule, Rule::I31);
    log.walk2("review.completed", "disclosure.opened");
}

/// An emergency's content, approved by two people and by a third, up to before its collection.
fn approved_by_third(person: &str, nth: u8, role: &str) -> Log {
    let mut log = called_back(&["bsi", "content_stored"], 0, -DAY_MS);
    log.walk2("rights.screened", "senior approves");
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let third = log.approval(act, person, nth, role);
    log.try_post(&third).expect("approved");
    log.step("custody.checked");
    log
}

#[test]
fn i_31_the_third_is_another_person_and_still_in_the_role() {
    approved_by_third("p-chief", 0, "senior_reviewer").step("disclosure.opened");
    let mut twice = approved_by_third("p-rev", 1, "reviewer");
    assert_eq!(twice.post_data("disclosure.opened").expect_err("a second key of one's own").rule, Rule::I31);
    let mut gone = approved_by_third("p-chief", 0, "senior_reviewer");
    let text = roles().replacen("[\"senior_reviewer\"]", "[\"auditor\"]", 1);
    assert_ne!(text, roles());
    gone.activate("roles", &text);
    assert_eq!(gone.post_data("disclosure.opened").expect_err("a reviewer no more").rule, Rule::I31);
}

/// An emergency whose content left; its owner is in danger and not told.
fn left_in_an_emergency() -> Log {
    let mut log = an_emergency_up_to("bundle.sealed");
    let data = withheld(&Value::Null, log.now_ms + 30 * DAY_MS);
    must(&mut log, "notice.withheld", "p-priv", &data);
    log.walk2("the customer could act", "bundle.released");
    log
}

#[test]
fn i_32_process_follows_within_ten_days_to_the_millisecond() {
    let mut log = left_in_an_emergency();
    let end = log.case().special.followup.as_ref().expect("open").at.as_ms() + 10 * DAY_MS;
    assert_eq!(due(&log, Deadline::Followup), [end]);
    let lapsed =
        log.event("followup.lapsed", Some(REQUEST), "p-rev", &json!({"note_sha256": digest("note")}));
    assert_eq!(log.judged(&lapsed, end - 1), Some(Rule::I32));
    assert_eq!(log.judged(&lapsed, end), None);
}

/// The second bundle of a request: each step's data under other names.
fn second_bundle(log: &mut Log) {
    supersede(log, "supplementary").expect("the latest");
    log.walk2("rights.screened", "senior approves");
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let third = log.approval(act, "p-chief", 0, "senior_reviewer");
    log.try_post(&third).expect("approved");
    let steps = super::path2::STEPS2.iter().skip_while(|step| **step != "custody.checked");
    for step in steps.take_while(|step| **step != "delivery.acknowledged") {
        if ["notice.sent", "the customer could act"].contains(step) {
            continue;
        }
        if *step == "senior releases" {
            log.step(step);
            continue;
        }
        let (actor, data) = log.data(step);
        let text = data.to_string().replace("\"D-1\"", "\"D-2\"").replace("PRD-1", "PRD-2");
        must(log, step, actor, &serde_json::from_str(&text).expect("JSON"));
    }
}

#[test]
fn i_32_a_second_release_asks_for_process_again_only_if_none_is_open() {
    for is_answered in [false, true] {
        let mut log = left_in_an_emergency();
        log.step("delivery.acknowledged");
        let first = log.case().special.followup.clone().expect("open");
        if is_answered {
            must(&mut log, "followup.refused", "p-rev", &json!({"letter_sha256": digest("no")}));
        }
        second_bundle(&mut log);
        let now = log.case().special.followup.as_ref().expect("open");
        assert!(!now.is_closed);
        assert_eq!(*now == first, !is_answered);
    }
}

#[test]
fn i_40_a_preservation_is_renewed_by_its_extension_and_lapses_at_its_end() {
    let mut log = preservation();
    let until = log.now_ms + 89 * DAY_MS;
    let start = json!({"order": super::path2::order(), "until": at(until), "snapshot_sha256": digest("snapshot"),
        "accounts": [{"service": "mail", "account": "a@example.org"}]});
    must(&mut log, "preserve.started", "p-rev", &start);
    for (to, expected) in [
        (until, Some(Rule::I40)),
        (until + 1, None),
        (until + 90 * DAY_MS, None),
        (until + 90 * DAY_MS + 1, Some(Rule::I40)),
    ] {
        let renewed = json!({"document_sha256": digest("renewal"), "until": at(to)});
        assert_eq!(log.says("preserve.renewed", "p-rev", &renewed), expected);
    }
    let lapsed = log.event("preserve.lapsed", Some(REQUEST), "p-rev", &json!({"deleted_at": at(until)}));
    assert_eq!(log.judged(&lapsed, until - 1), Some(Rule::I40));
    assert_eq!(log.judged(&lapsed, until), None);
}

#[test]
fn i_40_only_a_preservation_by_its_own_instrument_preserves() {
    for (kind, instrument, issuer) in [
        ("preservation", "us.warrant_2703", "judge"),
        ("legal_demand", "us.preservation_2703f", "governmental_entity"),
    ] {
        let mut log = classified(kind, instrument, issuer, "criminal");
        let start = json!({"order": super::path2::order(), "until": at(log.now_ms + DAY_MS),
            "snapshot_sha256": digest("snapshot"),
            "accounts": [{"service": "mail", "account": "a@example.org"}]});
        assert_eq!(log.says("preserve.started", "p-rev", &start), Some(Rule::I03), "{kind}");
    }
}

#[test]
fn i_37_who_took_the_consent_back_keeps_the_content_from_being_approved() {
    let mut log = super::special::a_litigants();
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    let whole = scope(&[item("a@example.org", "content_stored")]);
    let mut consent = super::special::consent_to_content(&log);
    consent["scope"] = json!(whole);
    must(&mut log, "consent.recorded", "p-rev", &consent);
    log.walk2("rights.screened", "reviewer approves");
    let revoked = json!({"document_sha256": digest("consent"), "revocation_sha256": digest("no"),
        "received_at": "2026-11-18T00:00:00.000Z"});
    must(&mut log, "consent.revoked", "p-rev", &revoked);
    let second = log.approval(log.act(Kind::Disclose), "p-sen", 0, "senior_reviewer");
    assert_eq!(log.try_post(&second).expect_err("the owner said no").rule, Rule::I37);
}

#[test]
fn i_49_what_left_and_was_told_may_be_erased() {
    let mut log = Log::at2("bundle.released");
    let data = json!({"basis": "court_order", "document_sha256": digest("order"), "is_under_seal": false});
    log.approved_act("erase", "erasure.ordered", Some(REQUEST), "p-sen", &data).expect("nothing is owed");
}

#[test]
fn i_17_a_bundle_is_recalled_again_once_its_recall_was_answered() {
    let mut log = Log::at2("delivery.acknowledged");
    recall(&mut log, "over_production");
    let again =
        json!({"production": "PRD-1", "ground": "over_production", "letter_sha256": digest("letter")});
    assert_eq!(log.says("recall.requested", "p-sen", &again), Some(Rule::I03));
    answer(&mut log);
    assert_eq!(log.says("recall.requested", "p-sen", &again), None);
}

#[test]
fn i_03_a_request_has_at_most_128_recalls() {
    let mut log = Log::at2("delivery.acknowledged");
    recall(&mut log, "over_production");
    answer(&mut log);
    let again =
        json!({"production": "PRD-1", "ground": "over_production", "letter_sha256": digest("letter")});
    for (count, expected) in [(127, None), (128, Some(Rule::I03)), (129, Some(Rule::I03))] {
        let recalls = &mut log.cases.get_mut(REQUEST).expect("there").yields.recalls;
        let answered = recalls[0].clone();
        recalls.resize(count, answered);
        assert_eq!(log.says("recall.requested", "p-sen", &again), expected, "{count}");
    }
}

#[test]
fn i_03_a_request_has_at_most_256_notices() {
    let mut log = Log::at2("notice.sent");
    let again = step_data("notice.sent").1;
    for (count, expected) in
        [(NOTICES_MAX - 1, None), (NOTICES_MAX, Some(Rule::I03)), (NOTICES_MAX + 1, Some(Rule::I03))]
    {
        let sent = &mut log.cases.get_mut(REQUEST).expect("there").telling.sent;
        let one = sent.first().expect("sent").clone();
        sent.resize(count, one);
        assert_eq!(log.says("notice.sent", "p-priv", &again), expected, "{count}");
    }
}

#[test]
fn i_26_a_second_decision_takes_the_place_of_the_first_about_the_same_accounts() {
    let mut log = Log::at2("bundle.sealed");
    let soon = log.now_ms + 10 * DAY_MS;
    must(&mut log, "notice.withheld", "p-priv", &withheld(&Value::Null, soon));
    must(&mut log, "notice.withheld", "p-priv", &withheld(&Value::Null, soon + DAY_MS));
    assert_eq!(due(&log, Deadline::NoticeReview), [soon + DAY_MS]);
    let gone = json!({"ground": "danger", "evidence_sha256": digest("gone")});
    must(&mut log, "notice.ground_lifted", "p-priv", &gone);
    must(&mut log, "notice.withheld", "p-priv", &withheld(&Value::Null, soon));
    assert_eq!(due(&log, Deadline::NoticeReview), [soon]);
    assert_eq!(log.case().telling.untold.len(), 2, "what was lifted is remembered");
}

#[test]
fn i_23_a_ground_excuses_until_it_is_looked_at_again() {
    let mut log = Log::at2("bundle.sealed");
    let end = log.now_ms + 5 * HOUR_MS;
    must(&mut log, "notice.withheld", "p-priv", &withheld(&Value::Null, end));
    log.step("senior releases");
    let (actor, data) = log.data("bundle.released");
    let event = log.event("bundle.released", Some(REQUEST), actor, &data);
    assert_eq!(log.judged(&event, end - 1), None);
    assert_eq!(log.judged(&event, end), Some(Rule::I23));
}

#[test]
fn s_54_an_order_names_accounts_of_the_demand_each_once_or_all() {
    let account = |name: &str| json!({"service": "mail", "account": name});
    let (ours, stray) = (account("a@example.org"), account("b@example.org"));
    let mut log = Log::at2("review.completed");
    for (accounts, expected) in [
        (Value::Null, None),
        (json!([ours]), None),
        (json!([]), Some(Rule::S54)),
        (json!([ours, ours]), Some(Rule::S54)),
        (json!([ours, stray]), Some(Rule::S54)),
        (json!([stray]), Some(Rule::S54)),
    ] {
        let data = order(&log, &accounts, None);
        assert_eq!(log.says("secrecy.recorded", "p-rev", &data), expected, "{accounts}");
    }
}

#[test]
fn s_72_narrower_is_fewer_accounts_or_an_earlier_end() {
    let mut log = Log::at2("review.completed");
    let end = log.now_ms + 90 * DAY_MS;
    let data = order(&log, &Value::Null, Some(end));
    must(&mut log, "secrecy.recorded", "p-rev", &data);
    let ours = json!([{"service": "mail", "account": "a@example.org"}]);
    let less = |accounts: &Value, to: i64| json!({"secrecy": "NDO-1", "document_sha256": digest("less"), "accounts": accounts, "to": at(to)});
    assert_eq!(log.says("secrecy.narrowed", "p-rev", &less(&Value::Null, end)), Some(Rule::S72), "the same");
    assert_eq!(log.says("secrecy.narrowed", "p-rev", &less(&ours, end)), None, "fewer accounts");
    assert_eq!(log.says("secrecy.narrowed", "p-rev", &less(&ours, end + 1)), Some(Rule::S72), "but longer");
    must(&mut log, "secrecy.narrowed", "p-rev", &less(&Value::Null, end - DAY_MS));
    assert_eq!(due(&log, Deadline::SecrecyEnd), [end - DAY_MS]);
    let from = log.case().telling.orders[0].from.as_ms();
    for (ended, expected) in [(from - 1, Some(Rule::S72)), (from, None), (from + 1, None)] {
        let vacated = json!({"secrecy": "NDO-1", "document_sha256": digest("end"), "ended_at": at(ended)});
        assert_eq!(log.says("secrecy.vacated", "p-rev", &vacated), expected);
    }
}

#[test]
fn s_77_an_order_without_end_is_looked_at_as_often_as_its_own_row_says() {
    let often = super::path2::policy2().replacen("review_every_days = 90", "review_every_days = 30", 1);
    for (code, days) in [("ndo.2705b", 30), ("ndo.fisa", 90)] {
        let mut log = Log::founded_under(crate::practice::RuleSet::Two, &often);
        log.walk2("", "review.completed");
        let mut data = order(&log, &Value::Null, None);
        data["code"] = json!(code);
        let recorded = log.now_ms;
        must(&mut log, "secrecy.recorded", "p-rev", &data);
        assert_eq!(due(&log, Deadline::SecrecyReview), [recorded + days * DAY_MS], "{code}");
    }
}

/// A demand of that kind for mail up to so many milliseconds after it came, up to its review.
fn up_to_after_receipt(kind: &str, after: i64) -> Option<Rule> {
    let is_emergency = kind == "emergency";
    let mut log = Log::founded2();
    let (actor, mut data) = log.data("request.received");
    data["kind"] = json!(kind);
    must(&mut log, "request.received", actor, &data);
    log.step("request.authenticated");
    let end = at(log.case().received.at.as_ms() + after).to_string();
    let mut content = item("a@example.org", "content_stored");
    content["to"] = json!(end);
    let both = scope(&[item("a@example.org", "bsi"), content]);
    let (actor, mut data) = log.data("request.classified");
    data["scope"] = json!(both);
    if is_emergency {
        data["issued_at"] = json!(super::special::ASKED);
        (data["instrument"], data["issuer"]) = (json!("us.emergency_2702"), json!("governmental_entity"));
        data["nature"] = json!("emergency");
    }
    must(&mut log, "request.classified", actor, &data);
    let (actor, mut data) = log.data("interval.stated");
    data["items"][0]["to"] = json!({"date": end[..10], "time": end[11..19], "offset": "+00:00"});
    data["items"][0]["to_is_inclusive"] = json!(false);
    must(&mut log, "interval.stated", actor, &data);
    for step in ["accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    if is_emergency {
        must(&mut log, "emergency.assessed", "p-rev", &assessment_of(&["bsi", "content_stored"]));
        let call = json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
            "number_dated": at(log.now_ms - DAY_MS), "called_at": at(log.now_ms), "answer": "confirmed",
            "note_sha256": digest("note")});
        must(&mut log, "callback.made", "p-rev", &call);
    }
    let (actor, mut data) = log.data("review.completed");
    data["scope"] = json!(both);
    log.says("review.completed", actor, &data)
}

#[test]
fn i_15_a_demand_reaches_up_to_its_receipt_and_an_emergency_beyond() {
    assert_eq!(up_to_after_receipt("legal_demand", 0), None);
    assert_eq!(up_to_after_receipt("legal_demand", 1000), Some(Rule::I15));
    assert_eq!(up_to_after_receipt("emergency", 1000), None);
}

#[test]
fn i_37_a_consent_stands_until_its_end_and_not_at_it() {
    let mut log = super::special::a_litigants();
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    let end = log.now_ms + DAY_MS;
    let mut consent = super::special::consent_to_content(&log);
    consent["scope"] = json!(scope(&[item("a@example.org", "content_stored")]));
    consent["expires_at"] = json!(at(end));
    must(&mut log, "consent.recorded", "p-rev", &consent);
    let (actor, data) = log.data("review.completed");
    let review = log.event("review.completed", Some(REQUEST), actor, &data);
    assert_eq!(log.judged(&review, end - 1), None);
    for late in [end, end + 1] {
        assert!(log.judged(&review, late).is_some(), "the owner agreed until then");
    }
}

#[test]
fn i_57_an_emergency_has_the_instruments_shorter_time_where_it_has_one() {
    let answer = |instrument: &str, nature: Nature| {
        let mut log = Log::at2("request.classified");
        let case = log.cases.get_mut(REQUEST).expect("received");
        let received = case.received.received_at.as_ms();
        let classified = case.classified.as_mut().expect("classified");
        classified.instrument = serde_json::from_value(json!(instrument)).expect("a code");
        classified.nature = nature;
        due(&log, Deadline::Answer).into_iter().map(|at| (at - received) / HOUR_MS).collect::<Vec<_>>()
    };
    assert_eq!(answer("eu.epoc.subscriber", Nature::Criminal), [240]);
    assert_eq!(answer("eu.epoc.subscriber", Nature::Emergency), [8]);
    assert_eq!(answer("uk.copo", Nature::Emergency), [168], "it has no shorter one");
}

#[test]
fn i_31_the_third_approval_is_fresh_until_the_seal_and_no_longer_asked_for_its_age() {
    let mut log = called_back(&["bsi", "content_stored"], 0, -DAY_MS);
    let hours = super::log::POLICY.replacen("approval_age_hours_max = 336", "approval_age_hours_max = 2", 1);
    log.activate("policy", &hours);
    log.walk2("accounts.profiled", "review.completed");
    let act = Act { kind: Kind::Emergency, ..log.act(Kind::Disclose) };
    let third = log.approval(act, "p-chief", 0, "senior_reviewer");
    let given = log.now_ms;
    log.try_post(&third).expect("approved");
    log.now_ms += 90 * MINUTE_MS;
    log.walk2("review.completed", "custody.checked");
    let (actor, data) = log.data("disclosure.opened");
    let opening = log.event("disclosure.opened", Some(REQUEST), actor, &data);
    assert_eq!(log.judged(&opening, given + 2 * HOUR_MS), None);
    assert_eq!(log.judged(&opening, given + 2 * HOUR_MS + 1), Some(Rule::I31));
    log.walk2("custody.checked", "bundle.sealed");
    let data = withheld(&Value::Null, log.now_ms + 30 * DAY_MS);
    must(&mut log, "notice.withheld", "p-priv", &data);
    log.now_ms = given + 3 * HOUR_MS;
    log.walk2("the customer could act", "bundle.released");
}

#[test]
fn s_101_an_agreement_to_the_time_after_is_none_to_the_item() {
    let mut log = super::special::a_litigants();
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    let agreed = |from: &str, to: &str| {
        let mut other = item("a@example.org", "content_stored");
        (other["from"], other["to"]) = (json!(from), json!(to));
        let mut log = log.clone();
        let mut consent = super::special::consent_to_content(&log);
        consent["scope"] = json!(scope(&[other]));
        must(&mut log, "consent.recorded", "p-rev", &consent);
        let (actor, data) = log.data("review.completed");
        log.says("review.completed", actor, &data)
    };
    // The item is of March.
    let (begin, end) = ("2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z");
    assert_eq!(agreed("2026-02-01T00:00:00.000Z", begin), Some(Rule::S101));
    assert_eq!(agreed(end, "2026-05-01T00:00:00.000Z"), Some(Rule::S101));
    assert_eq!(agreed(begin, end), None);
    assert_eq!(agreed("2026-03-31T23:59:59.999Z", end), Some(Rule::I37), "to a part");
}
