//! Goal: nasty cases that are about more than one family of rules, each with its expectation.
//! Method: the straight path of rule set 2, changed in one thing at a time. docs/practice.md has
//! all of them, and where the others are tested.

use serde_json::{Value, json};

use super::arrival::narrowed;
use super::log::{Log, MINUTE_MS, REQUEST, digest, item, scope};
use super::path2::{enterprise, order};
use super::screening::{ACCOUNT, ask, decide, exempt, file, organisation, review, stops, to_review_with};
use crate::model::approval::Kind;
use crate::model::time::Timestamp;
use crate::practice::figures::{Row, Table};
use crate::practice::outcome::Outcome;
use crate::practice::{Directory, Policy, Rule};

pub(super) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

pub(super) fn time(log: &Log, days: i64) -> Value {
    json!(Timestamp::from_ms(log.now_ms + days * DAY_MS).expect("a time"))
}

fn mistake(log: &mut Log) -> u64 {
    let data = json!({"order": order(), "code": "material_mistake", "item": null,
        "detail": "no account has that name"});
    log.must("deficiency.noted", Some(REQUEST), "p-rev", &data).index.get()
}

/// Before the review of a demand that also names somebody who has no account.
fn with_a_misspelt_name() -> Log {
    to_review_with(|step, data| {
        if step == "request.classified" {
            let names = data["identifiers"].as_array_mut().expect("identifiers");
            names.push(
                json!({"kind": "email", "value": "aa@example.org", "service": "mail", "account": null}),
            );
        }
    })
}

#[test]
fn case_01_s_21_a_misspelt_name_is_nobodys_and_holds_the_others_until_it_is_set_aside() {
    let mut log = with_a_misspelt_name();
    stops(&mut log, Rule::S21);
    let early = json!({"deficiency": 9, "items": [], "reason": "the other name is sound"});
    assert_eq!(log.post("request.split", Some(REQUEST), "p-rev", &early).expect_err("none").rule, Rule::S08);
    let noted = mistake(&mut log);
    stops(&mut log, Rule::S08);
    let split = json!({"deficiency": noted, "items": [], "reason": "the other name is sound"});
    log.must("request.split", Some(REQUEST), "p-rev", &split);
    review(&mut log, |_| ()).expect("the others go on");
    // Without such a name, a mistake in the whole demand is not set aside.
    let mut log = to_review_with(|_, _| {});
    let noted = mistake(&mut log);
    let split = json!({"deficiency": noted, "items": [], "reason": "never mind"});
    assert_eq!(log.post("request.split", Some(REQUEST), "p-rev", &split).expect_err("whole").rule, Rule::S08);
}

#[test]
fn case_03_an_identifier_that_two_accounts_had_is_not_guessed() {
    let mut log = Log::at2("request.authenticated");
    let (actor, mut data) = log.data("request.classified");
    let twin =
        json!({"kind": "email", "value": "a@example.org", "service": "mail", "account": "b@example.org"});
    data["identifiers"].as_array_mut().expect("identifiers").push(twin);
    let refusal = log.post("request.classified", Some(REQUEST), actor, &data).expect_err("two accounts");
    assert_eq!(refusal.rule, Rule::S06);
}

/// An organisation's account, and another of another customer.
pub(super) fn two_customers() -> Log {
    to_review_with(|step, data| match step {
        "request.classified" => {
            let names = data["identifiers"].as_array_mut().expect("identifiers");
            names.push(json!({"kind": "email", "value": "b@example.org", "service": "mail",
                "account": "b@example.org"}));
            data["scope"] = json!(scope(&[item(ACCOUNT, "bsi"), item("b@example.org", "bsi")]));
        }
        "interval.stated" => data["items"] = json!([]),
        "accounts.profiled" => {
            let mut other = enterprise("b@example.org", 60);
            other["customer"] = json!("cus-2");
            data["accounts"] = json!([enterprise(ACCOUNT, 51), other]);
        }
        _ => {}
    })
}

pub(super) fn gag(log: &mut Log, accounts: &Value) {
    let data = json!({"secrecy": "S-1", "code": "ndo.2705b", "level": "federal", "issuer": "a court",
        "docket": "26-1", "document_sha256": digest("gag"), "grounds": [], "judge_approved": true,
        "individual_necessity": true, "accounts": accounts, "from": time(log, -1), "to": time(log, 30)});
    log.must("secrecy.recorded", Some(REQUEST), "p-rev", &data);
}

#[test]
fn case_24_s_29_an_order_forbids_to_redirect_only_where_it_covers_every_account() {
    let rule = |log: &mut Log, customer: &str| {
        let data = json!({"customer": customer, "exemption": "order_forbids", "reason": "under seal"});
        log.approved_act("redirect.exempt", "redirect.exempted", Some(REQUEST), "p-cou", &data)
            .map(drop)
            .map_err(|refusal| refusal.rule)
    };
    let mut log = two_customers();
    assert_eq!(rule(&mut log, "cus-1"), Err(Rule::S29), "no order is on record");
    gag(&mut log, &json!([{"service": "mail", "account": ACCOUNT}]));
    assert_eq!(rule(&mut log, "cus-2"), Err(Rule::S29), "the order is about the other's account");
    assert_eq!(rule(&mut log, "cus-1"), Ok(()));
    let mut late = two_customers();
    gag(&mut late, &Value::Null);
    late.now_ms += 31 * DAY_MS;
    assert_eq!(rule(&mut late, "cus-1"), Err(Rule::S29), "the order has ended");
    // The other grounds are two people's to judge.
    exempt(&mut organisation(), "customer_is_suspect").expect("exempted");
}

#[test]
fn case_16_an_order_over_some_accounts_leaves_the_others_to_be_told() {
    let mut log = two_customers();
    gag(&mut log, &json!([{"service": "mail", "account": ACCOUNT}]));
    let told = |accounts: Value| {
        json!({"accounts": accounts, "recipient": "customer_contact", "contact_sha256": digest("contact"),
            "notice_sha256": digest("notice"), "sent_at": "2026-11-18T01:00:00.000Z"})
    };
    let post = |log: &mut Log, accounts: Value| {
        log.post("notice.sent", Some(REQUEST), "p-priv", &told(accounts))
            .map(drop)
            .map_err(|refusal| refusal.rule)
    };
    assert_eq!(post(&mut log, Value::Null), Err(Rule::I27), "a notice about all names the covered one");
    assert_eq!(post(&mut log, json!([{"service": "mail", "account": ACCOUNT}])), Err(Rule::I27));
    assert_eq!(post(&mut log, json!([{"service": "mail", "account": "b@example.org"}])), Ok(()));
}

#[test]
fn case_19_the_warrant_after_an_emergency_is_a_request_of_its_own() {
    let mut log = Log::at2("delivery.acknowledged");
    let (actor, mut data) = log.data("request.received");
    data["kind"] = json!("emergency");
    data["order"]["sha256"] = json!(digest("a letter"));
    log.must("request.received", Some("REQ-E"), actor, &data);
    let link = json!({"other": "REQ-E", "relation": "follows_emergency"});
    log.must("request.linked", Some(REQUEST), "p-rev", &link);
    let policy = Policy::parse(super::log::POLICY).expect("the draft");
    let agencies = Directory::parse(&super::log::directory("age1agency")).expect("a directory");
    let mut rows: Vec<_> = log.cases.values().map(|case| Row::of(&policy, &agencies, case)).collect();
    rows.sort_by_key(|row| row.table);
    let counted: Vec<_> = rows.iter().map(|row| (row.table, row.outcome)).collect();
    assert_eq!(
        counted,
        [(Table::LegalDemands, Outcome::DisclosedContent), (Table::Emergencies, Outcome::Pending)]
    );
    assert!(log.cases.values().all(|case| case.disclosures.len() <= 1), "no disclosure is shared");
}

#[test]
fn s_30_what_a_court_modified_goes_on_only_as_modified() {
    let mut log = Log::at2("rights.screened");
    // Narrowed before the ruling: that is not what the court ordered.
    let all = scope(&[item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")]);
    let mut modified = log.clone();
    file(&mut modified, "modify", true).expect("filed");
    decide(&mut modified, "modified").expect("decided");
    stops(&mut modified, Rule::S30);
    // Classifying the same document anew changes nothing.
    let (actor, data) = modified.data("request.classified");
    modified.must("request.classified", Some(REQUEST), actor, &data);
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        modified.step(step);
    }
    stops(&mut modified, Rule::S30);
    let less = scope(&[item(ACCOUNT, "bsi")]);
    modified.must("request.narrowed", Some(REQUEST), "p-cou", &narrowed(&all, &less));
    review(&mut modified, |data| data["scope"] = json!(less)).expect("as modified");

    file(&mut log, "modify", true).expect("filed");
    log.must("request.narrowed", Some(REQUEST), "p-cou", &narrowed(&all, &less));
    decide(&mut log, "modified").expect("decided");
    let refusal = review(&mut log, |data| data["scope"] = json!(less)).expect_err("narrowed before");
    assert_eq!(refusal.rule, Rule::S30);
}

#[test]
fn case_40_s_27_i_21_what_was_given_up_comes_back_with_another_document_alone() {
    let mut log = Log::at2("rights.screened");
    let all = scope(&[item(ACCOUNT, "bsi"), item(ACCOUNT, "content_stored")]);
    let less = scope(&[item(ACCOUNT, "bsi")]);
    log.must("request.narrowed", Some(REQUEST), "p-cou", &narrowed(&all, &less));
    let (actor, data) = log.data("request.classified");
    let refusal = log.post("request.classified", Some(REQUEST), actor, &data).expect_err("wider again");
    assert_eq!(refusal.rule, Rule::I21);
    let mut within = data.clone();
    within["scope"] = json!(less);
    log.clone().must("request.classified", Some(REQUEST), actor, &within);
    log.step("order.amended");
    let mut amended = data;
    amended["order"] = json!({"version": 2, "sha256": digest("order 2")});
    log.must("request.classified", Some(REQUEST), actor, &amended);
}

#[test]
fn case_63_an_order_without_its_attachment_waits_for_it() {
    let mut log = Log::at2("rights.screened");
    let data = json!({"order": order(), "code": "material_mistake", "item": null,
        "detail": "attachment B, which lists the items, is missing"});
    let noted = log.must("deficiency.noted", Some(REQUEST), "p-rev", &data);
    stops(&mut log, Rule::S08);
    let cured = json!({"deficiencies": [noted.index], "order": {"version": 2, "sha256": digest("with B")},
        "media_type": "application/pdf", "channel": "portal", "received_at": "2026-11-18T00:00:00.000Z"});
    log.must("request.cured", Some(REQUEST), "p-in", &cured);
    assert_eq!(review(&mut log, |_| ()).expect_err("classified anew first").rule, Rule::I03);
}

#[test]
fn case_62_case_64_a_lookalike_domain_and_a_copied_signature_are_quarantined() {
    for finding in ["lookalike_domain", "signature_reused"] {
        let mut log = Log::at2("custody.checked");
        let (collector, opening) = log.data("disclosure.opened");
        let data =
            json!({"method": "digital_signature", "finding": finding, "evidence": [digest("what was seen")]});
        log.must("request.auth_failed", Some(REQUEST), "p-rev", &data);
        assert_eq!(log.case().state_name(), "quarantined");
        let refused = log.post("disclosure.opened", Some(REQUEST), collector, &opening).expect_err(finding);
        assert!(matches!(refused.rule, Rule::I03 | Rule::I33), "{finding}: {refused}");
        // The same evidence does not verify it.
        let again =
            json!({"agency": "ag-1", "method": "digital_signature", "evidence": [digest("what was seen")]});
        assert_eq!(
            log.post("request.authenticated", Some(REQUEST), "p-sen", &again).expect_err("same").rule,
            Rule::I33
        );
    }
}

#[test]
fn i_31_a_narrower_assessment_stops_what_is_no_longer_needed() {
    for step in ["senior approves", "disclosure.opened", "bundle.sealed"] {
        let mut log = super::special::an_emergency_up_to(step);
        let narrower = super::special::assessment_of(&["bsi"]);
        log.must("emergency.assessed", Some(REQUEST), "p-rev", &narrower);
        let refusal = match step {
            "bundle.sealed" => {
                let event = log.approval(log.act(Kind::Release), "p-sen", 0, "senior_reviewer");
                log.try_post(&event).expect_err("no longer needed")
            }
            "senior approves" => log.post_data("disclosure.opened").expect_err("no longer needed"),
            _ => {
                log.walk2("disclosure.opened", "bundle.provenance");
                log.post_data("bundle.sealed").expect_err("no longer needed")
            }
        };
        assert_eq!(refusal.rule, Rule::I31, "{step}: {refusal}");
    }
}

#[test]
fn case_38_a_demand_for_records_gets_no_content_however_it_is_filed() {
    let mut log = Log::at2("rights.screened");
    let (actor, mut data) = log.data("review.completed");
    let mut wrong = item(ACCOUNT, "bsi");
    wrong["fields"] = json!(["attachment"]);
    data["scope"] = json!(scope(&[wrong]));
    data["refused"] = json!([{"item": 1, "rule": "S-22", "reason": "not asked for"}]);
    let refusal = log.post("review.completed", Some(REQUEST), actor, &data).expect_err("content as records");
    assert_eq!(refusal.rule, Rule::S98);
}

#[test]
fn case_43_a_foreign_court_that_is_not_answered_gets_nothing_by_mail() {
    let mut log = Log::at2("request.authenticated");
    let (actor, mut data) = log.data("request.classified");
    data["instrument"] = json!("mlat");
    log.must("request.classified", Some(REQUEST), actor, &data);
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        log.step(step);
    }
    stops(&mut log, Rule::S14);
}

#[test]
fn case_43_what_comes_by_treaty_is_the_domestic_authoritys_and_says_who_asked() {
    let classify = |mut log: Log, origin: Value| {
        let (actor, mut data) = log.data("request.classified");
        data["foreign_origin"] = origin;
        let posted = log.post("request.classified", Some(REQUEST), actor, &data);
        posted.map(|_| log.case().classified.as_ref().and_then(|found| found.foreign_origin))
    };
    let two = || Log::at2("request.authenticated");
    let found = classify(two(), json!("BR")).expect("a treaty request").expect("its origin");
    assert_eq!(found.as_str(), "BR", "whether or not that country is answered itself");
    assert_eq!(classify(two(), json!("US")).expect_err("that is no other country").rule, Rule::S52);
    let one = || Log::at("request.authenticated");
    assert_eq!(classify(one(), json!("BR")).expect_err("unknown there").rule, Rule::F01);
    for log in [one(), two()] {
        assert_eq!(classify(log, Value::Null).expect_err("one spelling of none").rule, Rule::F01);
    }
}

#[test]
fn case_65_a_standing_production_has_no_place_in_an_order_for_stored_data() {
    let mut log = Log::at2("rights.screened");
    let (actor, mut data) = log.data("review.completed");
    let mut standing = item(ACCOUNT, "content_stored");
    standing["from"] = json!("2026-12-01T00:00:00.000Z");
    standing["to"] = json!("2027-01-30T00:00:00.000Z");
    data["scope"] = json!(scope(&[item(ACCOUNT, "bsi"), standing]));
    let refusal =
        log.post("review.completed", Some(REQUEST), actor, &data).expect_err("what is still to come");
    assert_eq!(refusal.rule, Rule::S09);
    ask(&mut organisation());
}
