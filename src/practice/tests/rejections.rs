//! Goal: a demand is rejected for a reason that is true of it (I-20), also where no document would
//! mend it; rule set 1 knows the eight reasons alone.
//! Method: a demand of each kind, and of an instrument and a country that are not answered; each of
//! the reasons that the log can tell about.

use serde_json::{Value, json};

use super::log::{Log, REQUEST};
use super::screening::walk_with;
use crate::practice::Rule;

fn reject(log: &mut Log, code: &str) -> Option<Rule> {
    let data = json!({"reasons": [{"code": code, "item": null, "detail": "as it says"}]});
    log.clone().post("request.rejected", Some(REQUEST), "p-sen", &data).err().map(|refusal| refusal.rule)
}

/// What rejecting it for each of the reasons of no document answers, in the order of the list.
fn answers(log: &mut Log) -> [Option<Rule>; 5] {
    let codes = ["use_mlat", "not_answered", "not_authentic", "capability_demand", "programme_demand"];
    codes.map(|code| reject(log, code))
}

/// Classified with these members; the directory has an agency of that country.
fn classified(members: &[(&str, Value)]) -> Log {
    let country = members
        .iter()
        .find(|(name, _)| *name == "country")
        .map_or("US", |(_, value)| value.as_str().expect("a country"));
    let mut log = Log::founded2();
    let directory = super::log::directory("age1agency").replacen("\"US\"", &format!("\"{country}\""), 1);
    log.activate("directory", &directory);
    for step in ["request.received", "request.authenticated"] {
        log.step(step);
    }
    let (actor, mut data) = log.data("request.classified");
    for (name, value) in members {
        data[name] = value.clone();
    }
    log.must("request.classified", Some(REQUEST), actor, &data);
    log
}

/// An authenticated demand of an agency whose country is not answered.
fn foreign_agency() -> Log {
    let mut log = Log::founded2();
    let directory = super::log::directory("age1agency").replacen("\"US\"", "\"BR\"", 1);
    log.activate("directory", &directory);
    for step in ["request.received", "request.authenticated"] {
        log.step(step);
    }
    log
}

#[test]
fn s_08_i_18_what_no_document_mends_is_not_reopened_by_one() {
    let reopened = |code: &str| {
        let mut log = Log::at2("request.authenticated");
        if code == "use_mlat" {
            log = foreign_agency();
        }
        let data = json!({"reasons": [{"code": code, "item": null, "detail": "so"}]});
        log.must("request.rejected", Some(REQUEST), "p-sen", &data);
        let cure = super::arrival::cure(&json!([]), "order 2");
        log.post("request.cured", Some(REQUEST), "p-in", &cure).err().map(|refusal| refusal.rule)
    };
    assert_eq!(reopened("unsigned"), None);
    assert_eq!(reopened("use_mlat"), Some(Rule::I18));
}

#[test]
fn i_20_s_52_s_14_what_is_not_answered_is_rejected_as_that() {
    let no = Some(Rule::I20);
    assert_eq!(answers(&mut Log::at2("request.authenticated")), [no, no, no, no, no], "nobody knows yet");
    assert_eq!(answers(&mut classified(&[])), [no, no, no, no, no], "a warrant of an answered country");
    let foreign = classified(&[("country", json!("BR"))]);
    assert_eq!(answers(&mut foreign.clone()), [None, None, no, no, no]);
    let wiretap = classified(&[("instrument", json!("us.wiretap_t3"))]);
    assert_eq!(answers(&mut wiretap.clone()), [no, None, no, no, no]);
    // Of a country that is not answered, before it is classified; an emergency may come from anywhere.
    let mut early = foreign_agency();
    assert_eq!(answers(&mut early), [None, no, no, no, no]);
    let emergency = super::special::emergency();
    assert_eq!(answers(&mut emergency.clone()), [no, no, no, no, no], "it lacks findings, not an answer");
    let kept = super::special::preservation();
    for open in [super::special::letter(), kept, super::special::a_litigants()] {
        assert_eq!(answers(&mut open.clone()), [no, no, no, no, no], "answered, if in another way");
    }
    for code in ["exceeds_authority", "unsigned"] {
        assert_eq!(reject(&mut wiretap.clone(), code), None, "the eight are the reviewer's to judge");
    }
}

#[test]
fn i_20_s_03_s_84_i_33_what_is_never_complied_with_is_rejected_as_that() {
    let no = Some(Rule::I20);
    for (kind, expected) in [("capability", [no, no, no, None, no]), ("programme", [no, no, no, no, None])] {
        let mut log = Log::founded2();
        let (actor, mut data) = log.data("request.received");
        data["kind"] = json!(kind);
        log.must("request.received", Some(REQUEST), actor, &data);
        assert_eq!(answers(&mut log), expected, "{kind}");
    }
    let mut log = Log::at2("request.received");
    let failed = super::arrival::failed();
    log.must("request.auth_failed", Some(REQUEST), "p-rev", &failed);
    assert_eq!(answers(&mut log), [no, no, None, no, no], "an impostor's");
}

#[test]
fn f_01_rule_set_1_and_a_deficiency_have_the_eight_alone() {
    let mut log = Log::at("request.classified");
    for code in ["use_mlat", "not_answered", "not_authentic", "capability_demand", "programme_demand"] {
        assert_eq!(reject(&mut log, code), Some(Rule::F01), "{code}");
    }
    assert_eq!(reject(&mut log, "misaddressed"), None);
    let mut log = Log::founded2();
    walk_with(&mut log, &|_, _| {}).expect("walks");
    let note =
        |code: &str| json!({"order": super::path2::order(), "code": code, "item": null, "detail": "so"});
    let mut says = |code: &str| log.post("deficiency.noted", Some(REQUEST), "p-rev", &note(code)).map(drop);
    assert_eq!(says("use_mlat").expect_err("no document mends it").rule, Rule::S08);
    says("unsigned").expect("a document may");
}
