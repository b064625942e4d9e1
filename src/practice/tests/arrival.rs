//! Goal: a demand's way in: duplicates, quarantine, deficiencies, cures, narrowing, capabilities.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest, item, scope};
use super::path2::order;
use crate::model::approval::Kind;
use crate::practice::{EventType, Rule};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn post(log: &mut Log, event: &str, actor: &str, data: &Value) -> Result<(), Rule> {
    log.post(event, Some(REQUEST), actor, data).map(drop).map_err(|refusal| refusal.rule)
}

pub(super) fn failed() -> Value {
    json!({"method": "call_back", "finding": "denied", "evidence": [digest("nobody there sent it")]})
}

fn callback(log: &Log, answer: &str) -> Value {
    let now = crate::model::time::Timestamp::from_ms(log.now_ms).expect("a time");
    json!({"agency": "ag-1", "number_source": "directory", "number_sha256": digest("+1 202 555 0100"),
        "number_dated": "2026-10-01T00:00:00.000Z", "called_at": now, "answer": answer,
        "note_sha256": digest("call")})
}

fn deficiency(item: &Value) -> Value {
    json!({"order": order(), "code": "material_mistake", "item": item, "detail": "the name is misspelt"})
}

pub(super) fn cure(deficiencies: &Value, document: &str) -> Value {
    json!({"deficiencies": deficiencies, "order": {"version": 2, "sha256": digest(document)},
        "media_type": "application/pdf", "channel": "email", "received_at": "2026-11-18T00:00:00.000Z"})
}

fn duplicate(document: &str) -> Value {
    json!({"document_sha256": digest(document), "channel": "fax", "received_at": "2026-11-18T00:00:00.000Z"})
}

pub(super) fn narrowed(from: &str, to: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(from).expect("base64");
    json!({"order": order(), "old_scope_sha256": crate::model::digest::Digest::of(&bytes), "scope": to,
        "agreement": "written", "document_sha256": digest("their letter"), "counsel": "p-cou"})
}

fn both() -> String {
    scope(&[item("a@example.org", "bsi"), item("a@example.org", "content_stored")])
}

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    let mut log = Log::at2("rights.screened");
    log.must("request.duplicated", Some(REQUEST), "p-in", &duplicate("order 1"));
    log.another("REQ-0");
    log.must("request.linked", Some(REQUEST), "p-rev", &json!({"other": "REQ-0", "relation": "same_matter"}));
    let call = callback(&log, "confirmed");
    log.must("callback.made", Some(REQUEST), "p-rev", &call);
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &deficiency(&json!(1)));
    let split = json!({"deficiency": noted.index, "items": [1], "reason": "the other item is sound"});
    log.must("request.split", Some(REQUEST), "p-rev", &split);
    let less = narrowed(&both(), &scope(&[item("a@example.org", "bsi")]));
    log.must("request.narrowed", Some(REQUEST), "p-cou", &less);
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &deficiency(&Value::Null));
    log.must("request.cured", Some(REQUEST), "p-in", &cure(&json!([noted.index]), "order 2"));
    log.must("request.auth_failed", Some(REQUEST), "p-rev", &failed());
    vec![log, amended(), cured(), set_aside(), agreed()]
}

/// From the classification of the second document to the opening.
fn goes_on_with_version_2(log: &mut Log) {
    let steps = super::path2::STEPS2.iter().skip_while(|step| **step != "request.classified");
    log.step("request.authenticated");
    for step in steps.take_while(|step| **step != "disclosure.opened") {
        if step.ends_with("approves") {
            log.step(step);
            continue;
        }
        let (actor, mut data) = log.data(step);
        if !data["order"].is_null() {
            data["order"] = json!({"version": 2, "sha256": digest("order 2")});
        }
        log.must(step, Some(REQUEST), actor, &data);
    }
}

fn amended() -> Log {
    let mut log = Log::at2("request.classified");
    log.step("order.amended");
    goes_on_with_version_2(&mut log);
    log
}

fn cured() -> Log {
    let mut log = Log::at2("request.classified");
    log.step("request.rejected");
    log.must("request.cured", Some(REQUEST), "p-in", &cure(&json!([]), "order 2"));
    goes_on_with_version_2(&mut log);
    log
}

fn set_aside() -> Log {
    let mut log = Log::at2("rights.screened");
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &deficiency(&json!(1)));
    let split = json!({"deficiency": noted.index, "items": [1], "reason": "the other item is sound"});
    log.must("request.split", Some(REQUEST), "p-rev", &split);
    let (actor, mut data) = log.data("review.completed");
    data["scope"] = json!(scope(&[item("a@example.org", "bsi")]));
    data["refused"] = json!([{"item": 1, "rule": "S-21", "reason": "the name is misspelt"}]);
    log.must("review.completed", Some(REQUEST), actor, &data);
    log
}

fn agreed() -> Log {
    let mut log = Log::at2("rights.screened");
    let less = scope(&[item("a@example.org", "bsi")]);
    log.must("request.narrowed", Some(REQUEST), "p-cou", &narrowed(&both(), &less));
    let (actor, mut data) = log.data("review.completed");
    data["scope"] = json!(less);
    log.must("review.completed", Some(REQUEST), actor, &data);
    log
}

#[test]
fn case_30_i_44_one_document_is_one_request() {
    let mut log = Log::at2("request.classified");
    let (actor, data) = log.data("request.received");
    let again = log.post("request.received", Some("REQ-2"), actor, &data).expect_err("the same document");
    assert_eq!(again.rule, Rule::I44);
    assert_eq!(post(&mut log, "request.duplicated", "p-in", &duplicate("a page differs")), Err(Rule::I44));
    assert_eq!(post(&mut log, "request.duplicated", "p-in", &duplicate("order 1")), Ok(()));
    assert_eq!((log.cases.len(), log.case().arrival.duplicates), (1, 1));
    let link = json!({"other": REQUEST, "relation": "same_matter"});
    assert_eq!(post(&mut log, "request.linked", "p-rev", &link), Err(Rule::I44));
}

/// Rule set 1 kept no list of documents; the one in force is known all the same.
#[test]
fn s_08_i_44_a_document_of_the_first_rules_is_known_under_the_second() {
    let mut log = Log::at("request.classified");
    log.step("request.rejected");
    log.activate("policy", &super::path2::policy2());
    log.rules = crate::practice::RuleSet::Two;
    log.must("rules.activated", None, "p-sen", &json!({"from": 1, "to": 2}));
    let mut again = cure(&json!([]), "order 1");
    assert_eq!(post(&mut log, "request.cured", "p-in", &again), Err(Rule::S08));
    assert_eq!(post(&mut log, "request.duplicated", "p-in", &duplicate("order 1")), Ok(()));
    again["order"]["sha256"] = json!(digest("order 2"));
    assert_eq!(post(&mut log, "request.cured", "p-in", &again), Ok(()));
}

#[test]
fn case_31_case_24_another_document_is_another_request() {
    let mut log = Log::at2("request.classified");
    let (actor, mut data) = log.data("request.received");
    data["order"]["sha256"] = json!(digest("another agency's order"));
    log.must("request.received", Some("REQ-2"), actor, &data);
    let link = json!({"other": "REQ-2", "relation": "returns_after_redirect"});
    assert_eq!(post(&mut log, "request.linked", "p-rev", &link), Ok(()));
    assert_eq!(post(&mut log, "request.linked", "p-rev", &link), Err(Rule::I03));
    assert_eq!(log.cases.len(), 2);
}

#[test]
fn case_21_i_33_a_denial_is_a_quarantine_that_somebody_senior_ends() {
    for (event, data) in [("request.auth_failed", failed()), ("callback.made", Value::Null)] {
        let mut log = Log::at2("senior approves");
        let data = if data.is_null() { callback(&log, "denied") } else { data };
        assert_eq!(post(&mut log, event, "p-rev", &data), Ok(()));
        assert_eq!(log.case().state_name(), "quarantined");
        for step in ["request.classified", "review.completed", "disclosure.opened"] {
            assert!(log.post_data(step).is_err(), "{step}");
        }
        let verified = |evidence: &str| {
            json!({"agency": "ag-1", "method": "issuer_confirmed",
            "evidence": [digest(evidence)]})
        };
        let name = "request.authenticated";
        assert_eq!(post(&mut log, name, "p-rev", &verified("the clerk")), Err(Rule::I33));
        if event == "request.auth_failed" {
            assert_eq!(post(&mut log, name, "p-sen", &verified("nobody there sent it")), Err(Rule::I33));
        }
        assert_eq!(post(&mut log, name, "p-sen", &verified("the clerk")), Ok(()));
        assert_eq!(log.case().state_name(), "authenticated");
    }
}

#[test]
fn i_33_a_failure_has_evidence_and_not_too_much() {
    let mut log = Log::at2("request.classified");
    for many in [0, 65] {
        let mut data = failed();
        data["evidence"] = json!(vec![digest("nobody there sent it"); many]);
        assert_eq!(post(&mut log, "request.auth_failed", "p-rev", &data), Err(Rule::F06), "{many}");
    }
    let mut data = failed();
    data["evidence"] = (0..64).map(|nth| json!(digest(&nth.to_string()))).collect();
    assert_eq!(post(&mut log, "request.auth_failed", "p-rev", &data), Ok(()));
    assert_eq!(
        post(&mut log, "request.auth_failed", "p-rev", &failed()),
        Err(Rule::I03),
        "as often as one may"
    );
}

#[test]
fn i_03_a_request_has_at_most_64_documents() {
    let mut log = Log::at2("request.received");
    let amended = |version: u32| {
        json!({"order": {"version": version, "sha256": digest(&version.to_string())},
            "media_type": "application/pdf", "channel": "email", "received_at": "2026-11-18T00:00:00.000Z"})
    };
    for version in 2..=64 {
        assert_eq!(post(&mut log, "order.amended", "p-in", &amended(version)), Ok(()), "{version}");
    }
    assert_eq!(post(&mut log, "order.amended", "p-in", &amended(65)), Err(Rule::I03));
}

#[test]
fn i_33_a_verification_grows_old() {
    let mut log = Log::at2("rights.screened");
    log.now_ms += 31 * DAY_MS;
    assert_eq!(log.post_data("review.completed").expect_err("too old").rule, Rule::I33);
    log.step("request.authenticated");
    assert_eq!(log.case().state_name(), "screening");
    log.step("review.completed");
}

#[test]
fn s_08_i_19_an_open_deficiency_stops_everything() {
    let mut log = Log::at2("senior approves");
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &deficiency(&json!(1)));
    for step in ["review.completed", "disclosure.opened"] {
        assert!(log.post_data(step).is_err(), "{step}");
    }
    assert_eq!(log.post_data("review.completed").expect_err("open").rule, Rule::S08);
    let split = |item: u32| json!({"deficiency": noted.index, "items": [item], "reason": "sound"});
    assert_eq!(post(&mut log, "request.split", "p-rev", &split(0)), Err(Rule::S08));
    assert_eq!(post(&mut log, "request.split", "p-rev", &split(1)), Ok(()));
    assert_eq!(log.post_data("review.completed").expect_err("item 1 is not refused").rule, Rule::S08);
    let (actor, mut data) = log.data("review.completed");
    data["scope"] = json!(scope(&[item("a@example.org", "bsi")]));
    data["refused"] = json!([{"item": 1, "rule": "S-21", "reason": "the name is misspelt"}]);
    assert_eq!(post(&mut log, "review.completed", actor, &data), Ok(()));
    assert!(log.post_data("disclosure.opened").is_err(), "the approvals were for another review");
}

#[test]
fn s_08_i_18_only_a_new_document_cures_and_reopens() {
    let mut log = Log::at2("rights.screened");
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &deficiency(&Value::Null));
    let split = json!({"deficiency": noted.index, "items": [0], "reason": "sound"});
    assert_eq!(post(&mut log, "request.split", "p-rev", &split), Err(Rule::S08));
    let good = json!([noted.index]);
    assert_eq!(post(&mut log, "request.cured", "p-in", &cure(&good, "order 1")), Err(Rule::S08));
    assert_eq!(post(&mut log, "request.cured", "p-in", &cure(&json!([]), "order 2")), Err(Rule::S08));
    assert_eq!(post(&mut log, "request.cured", "p-in", &cure(&json!([0]), "order 2")), Err(Rule::S08));
    log.step("request.rejected");
    assert_eq!(log.post_data("review.completed").expect_err("rejected").rule, Rule::I18);
    assert_eq!(post(&mut log, "request.cured", "p-in", &cure(&json!([]), "order 2")), Ok(()));
    assert_eq!((log.case().state_name(), log.case().arrival.reopened), ("authenticated", 1));
    assert!(log.case().rejected_for.is_empty());
}

#[test]
fn s_27_i_21_narrowing_yields_less() {
    let mut log = Log::at2("review.completed");
    let less = scope(&[item("a@example.org", "bsi")]);
    let more = scope(&[item("a@example.org", "bsi"), item("b@example.org", "content_stored")]);
    let mut check = |actor: &str, data: Value| post(&mut log, "request.narrowed", actor, &data);
    assert_eq!(check("p-cou", narrowed(&both(), &more)), Err(Rule::I21));
    assert_eq!(check("p-cou", narrowed(&both(), &both())), Err(Rule::I21));
    assert_eq!(check("p-cou", narrowed(&less, &less)), Err(Rule::S27));
    assert_eq!(check("p-rev", narrowed(&both(), &less)), Err(Rule::S27));
    assert_eq!(check("p-cou", narrowed(&both(), &less)), Ok(()));
    assert_eq!(log.case().state_name(), "screening");
}

#[test]
fn s_03_s_84_i_42_a_capability_ends_rejected() {
    for (kind, rule) in [("capability", Rule::S03), ("programme", Rule::S84)] {
        let mut log = Log::founded2();
        let (actor, mut data) = log.data("request.received");
        data["kind"] = json!(kind);
        log.must("request.received", Some(REQUEST), actor, &data);
        log.step("request.authenticated");
        assert_eq!(log.post_data("request.classified").expect_err(kind).rule, rule);
        assert_eq!(log.post_data("request.rejected").expect_err("not senior").rule, Rule::S03);
        let (_, reasons) = log.data("request.rejected");
        let mut alone = Log::founded2();
        alone.must("request.received", Some(REQUEST), "p-sen", &data);
        let by_one = post(&mut alone, "request.rejected", "p-sen", &reasons);
        assert_eq!(by_one, Err(Rule::S03), "two persons see it");
        assert_eq!(post(&mut log, "request.rejected", "p-sen", &reasons), Ok(()));
        assert_eq!(post(&mut log, "request.cured", "p-in", &cure(&json!([]), "order 2")), Err(Rule::I18));
    }
}

#[test]
fn s_15_s_16_the_agency_is_whom_it_says() {
    let mut log = Log::at2("request.authenticated");
    for (member, value, rule) in [("level", "state", Rule::S15), ("country", "DE", Rule::S16)] {
        let (actor, mut data) = log.data("request.classified");
        data[member] = json!(value);
        assert_eq!(post(&mut log, "request.classified", actor, &data), Err(rule));
    }
}

#[test]
fn case_42_s_19_an_order_is_executed_in_time() {
    let mut log = Log::at2("review.completed");
    log.now_ms += 14 * DAY_MS;
    let act = log.act(Kind::Disclose);
    let late = log.approval(act, "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&late).expect_err("too late").rule, Rule::S19);
}

#[test]
fn case_9_case_11_what_changed_or_ended_after_approval_is_not_collected() {
    for (event, rule) in [("order.amended", Rule::I33), ("request.withdrawn", Rule::I18)] {
        let mut log = Log::at2("custody.checked");
        let opened = log.data("disclosure.opened");
        log.step(event);
        assert_eq!(post(&mut log, "disclosure.opened", opened.0, &opened.1), Err(rule), "{event}");
    }
}

#[test]
fn s_85_s_91_no_event_overrides_and_nobody_is_a_requester() {
    use crate::practice::vocabulary::{Maker, PeerRole};
    for kind in EventType::ALL {
        for word in ["override", "force", "bypass", "decrypt", "backdoor"] {
            assert!(!kind.as_str().contains(word), "{kind}");
        }
        let by_daemon = kind.maker() == Maker::Daemon || *kind == EventType::LogCreated;
        assert_eq!(kind.posted_by().is_empty(), by_daemon, "{kind}");
        assert!(!kind.posted_by().contains(&PeerRole::Auditor), "{kind}: an auditor reads");
    }
}
