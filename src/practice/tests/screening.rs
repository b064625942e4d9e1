//! Goal: what is found and asked before the review: law, rights, dates, accounts, redirection, challenges, the matrix.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest, item, scope};
use super::path2::{enterprise, policy2};
use crate::model::approval::Kind;
use crate::model::id::{CustomerId, ServiceId};
use crate::practice::case::Screening;
use crate::practice::due::{Deadline, of_case};
use crate::practice::vocabulary::LeafRef;
use crate::practice::{Refusal, Rule};

pub(super) const ACCOUNT: &str = "a@example.org";
const SENT: &str = "2026-11-18T01:00:00.000Z";

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    let mut refused = organisation();
    ask(&mut refused);
    answer(&mut refused, "redirect.refused").expect("answered");
    file(&mut refused, "comity", true).expect("filed");
    decide(&mut refused, "upheld").expect("decided");
    assess(&mut refused, "IE", &Value::Null, "no_conflict").expect("assessed");
    let mut accepted = organisation();
    ask(&mut accepted);
    answer(&mut accepted, "redirect.accepted").expect("answered");
    let mut exempted = organisation();
    exempt(&mut exempted, "customer_is_suspect").expect("exempted");
    let mut challenged = Log::at2("rights.screened");
    file(&mut challenged, "quash", true).expect("filed");
    decide(&mut challenged, "upheld").expect("decided");
    challenged.walk2("rights.screened", "disclosure.opened");
    vec![refused, accepted, exempted, escalated("proceed"), challenged]
}

/// The path to the review, with data of some steps changed.
pub(super) fn to_review_with(change: impl Fn(&str, &mut Value)) -> Log {
    to_review_under(&policy2(), change)
}

/// The same under another policy.
pub(super) fn to_review_under(policy: &str, change: impl Fn(&str, &mut Value)) -> Log {
    let mut log = Log::founded_under(crate::practice::RuleSet::Two, policy);
    walk_with(&mut log, &change).unwrap_or_else(|refusal| panic!("{refusal}"));
    log
}

/// Posts every step before the review, each with its data changed.
pub(super) fn walk_with(log: &mut Log, change: &impl Fn(&str, &mut Value)) -> Result<(), Refusal> {
    let steps = super::path2::STEPS2.iter().take_while(|step| **step != "review.completed");
    for step in steps {
        let (actor, mut data) = log.data(step);
        change(step, &mut data);
        log.post(step, Some(REQUEST), actor, &data)?;
    }
    Ok(())
}

/// The review with its data changed.
pub(super) fn review(log: &mut Log, change: impl FnOnce(&mut Value)) -> Result<Option<LeafRef>, Refusal> {
    let (actor, mut data) = log.data("review.completed");
    change(&mut data);
    log.post("review.completed", Some(REQUEST), actor, &data)
}

pub(super) fn stops(log: &mut Log, rule: Rule) {
    let before = log.cases.clone();
    let refusal = review(log, |_| ()).expect_err("the review must wait");
    assert_eq!(refusal.rule, rule, "{refusal}");
    assert!(!refusal.to_string().contains("example.org"), "personal data: {refusal}");
    assert_eq!(log.cases, before);
}

/// Posts a step's data, changed, after another step; expects that rule.
fn refuses(after: &str, name: &str, rule: Rule, change: impl FnOnce(&mut Value)) {
    let mut log = Log::at2(after);
    let (actor, mut data) = log.data(name);
    change(&mut data);
    let refusal = log.post(name, Some(REQUEST), actor, &data).expect_err(name);
    assert_eq!(refusal.rule, rule, "{name}: {refusal}");
    assert!(!refusal.to_string().contains("example.org"), "personal data: {refusal}");
}

/// Before the review, with an organisation's account of 51 seats.
pub(super) fn organisation() -> Log {
    to_review_with(|step, data| {
        if step == "accounts.profiled" {
            data["accounts"][0] = enterprise(ACCOUNT, 51);
        }
    })
}

pub(super) fn ask(log: &mut Log) {
    let data = json!({"customer": "cus-1", "letter_sha256": digest("letter"), "sent_at": SENT});
    log.must("redirect.attempted", Some(REQUEST), "p-cou", &data);
}

pub(super) fn answer(log: &mut Log, event: &str) -> Result<Option<LeafRef>, Refusal> {
    let data = json!({"customer": "cus-1", "answer_sha256": digest("answer"), "received_at": SENT});
    log.post(event, Some(REQUEST), "p-cou", &data)
}

pub(super) fn exempt(log: &mut Log, exemption: &str) -> Result<Option<LeafRef>, Refusal> {
    let data = json!({"customer": "cus-1", "exemption": exemption, "reason": "its only administrator"});
    log.approved_act("redirect.exempt", "redirect.exempted", Some(REQUEST), "p-cou", &data)
}

pub(super) fn file(log: &mut Log, relief: &str, stay: bool) -> Result<Option<LeafRef>, Refusal> {
    log.post("challenge.filed", Some(REQUEST), "p-cou", &motion(relief, stay))
}

fn motion(relief: &str, stay: bool) -> Value {
    json!({"challenge": "ch-1", "relief": relief, "court": "D. Example", "docket": "26-mc-1",
        "filed_at": SENT, "stay": stay, "motion_sha256": digest("motion")})
}

pub(super) fn decide(log: &mut Log, ruling: &str) -> Result<Option<LeafRef>, Refusal> {
    let data = json!({"challenge": "ch-1", "ruling": ruling, "decided_at": SENT,
        "ruling_sha256": digest("ruling")});
    log.post("challenge.decided", Some(REQUEST), "p-cou", &data)
}

pub(super) fn assess(
    log: &mut Log,
    country: &str,
    provision: &Value,
    finding: &str,
) -> Result<Option<LeafRef>, Refusal> {
    let data = json!({"order": super::path2::order(), "country": country, "provision": provision,
        "finding": finding, "note_sha256": digest("comity")});
    log.post("comity.assessed", Some(REQUEST), "p-rev", &data)
}

/// Before the review, with a high risk that two people decided about.
pub(super) fn escalated(decision: &str) -> Log {
    let mut log = to_review_with(|step, data| {
        if step == "rights.screened" {
            data["tier"] = json!("high");
        }
    });
    let entry = log.case().last;
    let data = json!({"screening": entry, "decision": decision, "reason": "weighed"});
    log.approved_act("discretion", "rights.escalated", Some(REQUEST), "p-chief", &data).expect("decided");
    log
}

#[test]
fn i_03_findings_come_after_the_classification_and_before_a_seal() {
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        refuses("request.authenticated", step, Rule::I03, |_| ());
        refuses("bundle.sealed", step, Rule::I03, |_| ());
        refuses("request.classified", step, Rule::I10, |data| data["order"]["version"] = json!(2));
    }
    let mut log = Log::at2("request.authenticated");
    assert_eq!(file(&mut log, "quash", true).expect_err("not yet").rule, Rule::I03);
    assert_eq!(assess(&mut log, "IE", &Value::Null, "no_conflict").expect_err("not yet").rule, Rule::I03);
}

#[test]
fn s_32_s_34_s_62_i_15_every_finding_is_due_before_the_review() {
    for (missing, rule) in [
        ("interval.stated", Rule::I15),
        ("accounts.profiled", Rule::S62),
        ("legality.reviewed", Rule::S32),
        ("rights.screened", Rule::S34),
    ] {
        let mut log = Log::at2("request.classified");
        for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
            if step != missing {
                log.step(step);
            }
        }
        stops(&mut log, rule);
        log.step(missing);
        review(&mut log, |_| ()).expect("all is found");
    }
}

#[test]
fn i_10_another_classification_leaves_the_findings_behind() {
    let mut log = Log::at2("rights.screened");
    log.step("request.classified");
    let steps = ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"];
    for (step, rule) in steps.into_iter().zip([Rule::I15, Rule::S62, Rule::S32, Rule::S34]) {
        // The gates are asked in the order of the path.
        stops(&mut log, rule);
        log.step(step);
    }
    review(&mut log, |_| ()).expect("found anew");
    log.step("accounts.profiled");
    assert!(log.case().review.is_none(), "a new finding voids the review");
    assert_eq!(log.case().state_name(), "screening");
}

#[test]
fn s_32_s_50_i_54_local_law_is_read_by_who_may() {
    let check = |rule, change: fn(&mut Value)| {
        refuses("request.classified", "legality.reviewed", rule, change);
    };
    check(Rule::S32, |data| data["country"] = json!("DE"));
    check(Rule::S32, |data| data["law"] = json!([]));
    check(Rule::S32, |data| data["procedure"][0]["cite"] = json!(""));
    check(Rule::I54, |data| data["law"][0]["version"] = json!("2027-01-01T00:00:00.000Z"));
    check(Rule::S50, |data| data["reviewer"] = json!("p-sen"));
    let mut log = Log::at2("request.classified");
    let (_, mut data) = log.data("legality.reviewed");
    for person in ["p-de", "p-priv"] {
        data["reviewer"] = json!(person);
        let refusal = log.post("legality.reviewed", Some(REQUEST), person, &data).expect_err(person);
        assert_eq!(refusal.rule, Rule::S50);
    }
    let mut log = to_review_with(|step, data| {
        if step == "legality.reviewed" {
            data["followed"] = json!(false);
        }
    });
    stops(&mut log, Rule::S32);
}

#[test]
fn s_34_i_55_a_high_risk_is_decided_by_two() {
    for (member, value) in [("tier", json!("high")), ("subjects", json!(["journalist"]))] {
        let mut log = to_review_with(|step, data| {
            if step == "rights.screened" {
                data[member] = value.clone();
            }
        });
        stops(&mut log, Rule::I55);
        let data = json!({"screening": 1, "decision": "proceed", "reason": "weighed"});
        let other = log.approved_act("discretion", "rights.escalated", Some(REQUEST), "p-chief", &data);
        assert_eq!(other.expect_err("another entry").rule, Rule::I55);
    }
    review(&mut escalated("proceed"), |_| ()).expect("two people agreed");
    stops(&mut escalated("stop"), Rule::I55);
    let mut log = Log::at2("request.classified");
    let (_, data) = log.data("rights.screened");
    let refusal = log.post("rights.screened", Some(REQUEST), "p-op", &data).expect_err("an operator");
    assert_eq!(refusal.rule, Rule::S34);
}

#[test]
fn s_09_s_20_s_28_s_66_facts_fit_each_other() {
    let check = |rule, change: fn(&mut Value)| {
        refuses("request.classified", "accounts.profiled", rule, |data| change(&mut data["accounts"]));
    };
    check(Rule::S62, |accounts| *accounts = json!([]));
    check(Rule::S62, |accounts| accounts[0]["account"] = json!("b@example.org"));
    check(Rule::S62, |accounts| {
        let twice = accounts[0].clone();
        accounts.as_array_mut().expect("a list").push(twice);
    });
    check(Rule::S28, |accounts| accounts[0]["customer"] = json!("cus-1"));
    check(Rule::S28, |accounts| accounts[0]["segment"] = json!("educational"));
    check(Rule::S66, |accounts| accounts[0]["seats"] = json!(3));
    check(Rule::S20, |accounts| accounts[0]["controller"] = json!("provider-ie"));
    check(Rule::S09, |accounts| {
        accounts[0]["owned_from"] = json!("2026-03-01T00:00:00.000Z");
        accounts[0]["owned_to"] = json!("2026-03-01T00:00:00.000Z");
    });
    let mut log = Log::at2("request.classified");
    let (_, data) = log.data("accounts.profiled");
    let refusal = log.post("accounts.profiled", Some(REQUEST), "p-op", &data).expect_err("an operator");
    assert_eq!(refusal.rule, Rule::S07);
}

#[test]
fn i_22_s_28_an_organisation_is_asked_first() {
    let mut log = organisation();
    stops(&mut log, Rule::I22);
    assert_eq!(answer(&mut log, "redirect.refused").expect_err("not asked").rule, Rule::S28);
    ask(&mut log);
    stops(&mut log, Rule::I22);
    assert_eq!(exempt(&mut log, "customer_is_suspect").expect_err("asked").rule, Rule::S28);
    answer(&mut log, "redirect.refused").expect("answered");
    review(&mut log, |_| ()).expect("they do not go");
    let stray = json!({"customer": "cus-2", "letter_sha256": digest("letter"), "sent_at": SENT});
    let refusal = log.post("redirect.attempted", Some(REQUEST), "p-cou", &stray).expect_err("no customer");
    assert_eq!(refusal.rule, Rule::S28);
}

#[test]
fn s_28_i_18_an_accepted_redirection_ends_it() {
    let mut log = organisation();
    ask(&mut log);
    answer(&mut log, "redirect.accepted").expect("answered");
    assert_eq!(log.case().state_name(), "redirected");
    stops(&mut log, Rule::I18);
}

#[test]
fn s_29_exemptions_are_a_closed_list_and_take_two() {
    let mut log = organisation();
    let data = json!({"customer": "cus-1", "exemption": "customer_is_suspect", "reason": "alone"});
    let alone = log.post("redirect.exempted", Some(REQUEST), "p-cou", &data).expect_err("alone");
    assert_eq!(alone.rule, Rule::I51);
    assert_eq!(exempt(&mut log, "emergency").expect_err("no emergency").rule, Rule::S29);
    let mut words = data.clone();
    words["exemption"] = json!("because we say so");
    assert!(log.propose_act("redirect.exempt", "redirect.exempted", Some(REQUEST), &words).is_err());
    exempt(&mut log, "customer_dissolved").expect("two people agreed");
    review(&mut log, |_| ()).expect("exempted");
}

#[test]
fn s_30_i_19_a_stay_holds_what_moves_and_the_ruling_is_followed() {
    let mut log = Log::at2("rights.screened");
    file(&mut log, "quash", true).expect("filed");
    stops(&mut log, Rule::I19);
    assert_eq!(file(&mut log, "quash", true).expect_err("twice").rule, Rule::S30);
    for (ruling, rule) in [
        ("quashed", Some(Rule::S30)),
        ("modified", Some(Rule::S30)),
        ("demand_withdrawn", Some(Rule::S30)),
        ("upheld", None),
        ("motion_withdrawn", None),
    ] {
        let mut log = log.clone();
        decide(&mut log, ruling).expect("decided");
        assert_eq!(decide(&mut log, ruling).expect_err("again").rule, Rule::S30);
        match rule {
            Some(rule) => stops(&mut log, rule),
            None => drop(review(&mut log, |_| ()).expect("it stands")),
        }
    }
    let mut log = Log::at2("rights.screened");
    file(&mut log, "modify", false).expect("filed");
    review(&mut log, |_| ()).expect("no stay");
}

#[test]
fn i_19_a_stay_stops_approval_opening_seal_and_release() {
    for (after, next) in [
        ("reviewer approves", "senior approves"),
        ("custody.checked", "disclosure.opened"),
        ("bundle.provenance", "bundle.sealed"),
        ("senior releases", "bundle.released"),
    ] {
        let mut log = Log::at2(after);
        file(&mut log, "quash", true).expect("filed");
        let event = if next == "senior approves" {
            log.approval(log.act(Kind::Disclose), "p-sen", 0, "senior_reviewer")
        } else {
            let (actor, mut data) = log.data(next);
            if next == "bundle.released" {
                data["decision"] = json!(log.case().approvals.last().expect("signed").entry);
            }
            log.event(next, Some(REQUEST), actor, &data)
        };
        let refusal = log.try_post(&event).expect_err(next);
        assert_eq!(refusal.rule, Rule::I19, "{next}: {refusal}");
        decide(&mut log, "upheld").expect("decided");
        log.try_post(&event).unwrap_or_else(|refusal| panic!("{next}: {refusal}"));
    }
}

#[test]
fn s_30_a_modified_demand_goes_on_once_it_is_amended() {
    let mut log = Log::at2("rights.screened");
    file(&mut log, "modify", true).expect("filed");
    decide(&mut log, "modified").expect("decided");
    stops(&mut log, Rule::S30);
    let mut rest = vec![("order.amended", log.data("order.amended"))];
    rest.push(("request.classified", log.data("request.classified")));
    for step in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        rest.push((step, log.data(step)));
    }
    rest.push(("review.completed", log.data("review.completed")));
    let order = rest[0].1.1["order"].clone();
    for (step, (actor, mut data)) in rest {
        data["order"] = order.clone();
        log.must(step, Some(REQUEST), actor, &data);
        if step == "order.amended" {
            log.step("request.authenticated");
        }
    }
    assert_eq!(log.case().state_name(), "reviewed");
}

#[test]
fn s_23_a_challenge_has_counsel_a_court_and_a_docket() {
    let check = |actor: &str, rule, change: fn(&mut Value)| {
        let mut log = Log::at2("rights.screened");
        let mut data = motion("quash", true);
        change(&mut data);
        let refusal = log.post("challenge.filed", Some(REQUEST), actor, &data).expect_err("no record");
        assert_eq!(refusal.rule, rule);
    };
    check("p-rev", Rule::S23, |_| ());
    check("p-cou", Rule::S23, |data| data["court"] = json!(""));
    check("p-cou", Rule::S23, |data| data["docket"] = json!(""));
    check("p-cou", Rule::S30, |data| data["filed_at"] = json!("2030-01-01T00:00:00.000Z"));
    let mut log = Log::at2("bundle.released");
    assert_eq!(file(&mut log, "quash", true).expect_err("gone").rule, Rule::I03);
}

#[test]
fn i_56_s_94_foreign_law_is_weighed_and_objected_to() {
    let abroad = |country: &'static str| {
        to_review_with(move |step, data| {
            if step == "accounts.profiled" {
                data["accounts"][0]["us_person"] = json!(false);
                data["accounts"][0]["customer_country"] = json!(country);
            }
        })
    };
    let mut log = abroad("GB");
    stops(&mut log, Rule::I56);
    let due = |log: &Log| {
        let policy = &log.world.policy().expect("in force").value;
        of_case(policy, log.case()).into_iter().find(|due| due.deadline == Deadline::Comity)
    };
    let open = due(&log).expect("open");
    let day = 24 * 60 * MINUTE_MS;
    assert_eq!(open.at, log.case().received.received_at.saturating_add_ms(14 * day));
    assert_eq!(open.set_by, log.case().screening.profiles.as_ref().expect("there").entry);
    let code = json!("us.2703h");
    let wrong = |log: &mut Log, country, provision: &Value, finding| {
        assert_eq!(assess(log, country, provision, finding).expect_err(finding).rule, Rule::I56);
    };
    wrong(&mut log, "GB", &Value::Null, "conflict_without_remedy");
    wrong(&mut log, "DE", &code, "conflict");
    wrong(&mut log, "DE", &code, "conflict_without_remedy");
    assess(&mut log, "GB", &code, "conflict").expect("assessed");
    assert_eq!(due(&log), None);
    stops(&mut log, Rule::I56);
    file(&mut log, "comity", false).expect("filed");
    review(&mut log, |_| ()).expect("challenged");
    let mut log = abroad("DE");
    assess(&mut log, "DE", &Value::Null, "conflict_without_remedy").expect("assessed");
    review(&mut log, |_| ()).expect("no law lets one object");
    review(&mut abroad("US"), |_| ()).expect("a resident");
}

#[test]
fn s_66_profiles_are_found_by_account_and_seats_counted_at_receipt() {
    let log = organisation();
    let screening = &log.case().screening;
    let service = ServiceId::new("mail").expect("an id");
    let account = screening.profile(&service, ACCOUNT).expect("profiled");
    assert_eq!(account.customer, Some(CustomerId::new("cus-1").expect("an id")));
    assert!(screening.profile(&service, "b@example.org").is_none());
    assert!(screening.has_organisation() && !Log::at2("rights.screened").case().screening.has_organisation());
    assert!(Screening::is_enterprise(account, 50) && !Screening::is_enterprise(account, 51));
}

#[test]
fn s_07_s_13_the_review_follows_a_rule() {
    let mut log = Log::at2("rights.screened");
    let refusal = review(&mut log, |data| {
        data["scope"] = json!(scope(&[item(ACCOUNT, "bsi")]));
        data["refused"] = json!([{"item": 1, "rule": "S-31", "reason": "a warrant reaches it"}]);
    });
    assert_eq!(refusal.expect_err("no reason").rule, Rule::S13);
    let (_, data) = log.data("review.completed");
    let refusal = log.post("review.completed", Some(REQUEST), "p-op", &data).expect_err("an operator");
    assert_eq!(refusal.rule, Rule::S07);
}
