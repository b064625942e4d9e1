//! Goal: what may be privileged is opened by the agency's filter team and by nobody else of it
//! (case 35). Method: a directory that lists both; the note at each place of the path, and what was
//! approved, sealed and would be released before and after it.

use serde_json::{Value, json};

use super::log::{Log, REQUEST, digest, directory};
use crate::model::approval::Kind;
use crate::practice::rule::Rule;

/// The path up to that step, with a directory that also lists a filter team.
fn at(step: &str) -> Log {
    let mut log = Log::at2("request.received");
    let team = "[[agency.recipient]]\nage = \"age1filter\"\nfilter_team = true\nconfirmed = \"by telephone\"\n\
        valid_from = \"2026-01-01T00:00:00.000Z\"\n";
    log.activate("directory", &(directory("age1agency") + team));
    log.walk2("request.received", step);
    log
}

fn note(log: &mut Log, privilege: &str) -> Result<(), Rule> {
    let data = json!({"privilege": privilege, "note_sha256": digest("a lawyer writes")});
    let posted = log.post("privilege.noted", Some(REQUEST), "p-rev", &data);
    posted.map(drop).map_err(|refusal| refusal.rule)
}

/// Noted, and sealed for the filter team.
pub(super) fn example() -> Log {
    let mut log = noted();
    log.walk2("review.completed", "bundle.provenance");
    sealed_to(&mut log, &["age1filter"]).expect("sealed");
    log
}

/// Noted and reviewed.
fn noted() -> Log {
    let mut log = at("rights.screened");
    note(&mut log, "legal").expect("it is noted");
    log.step("review.completed");
    log
}

fn recipients(log: &Log) -> Vec<String> {
    log.act(Kind::Disclose).recipients.iter().map(ToString::to_string).collect()
}

fn sealed_to(log: &mut Log, recipients: &[&str]) -> Result<(), Rule> {
    let (actor, mut data) = log.data("bundle.sealed");
    data["recipients"] = recipients.iter().map(|name| json!(digest(name))).collect::<Value>();
    log.post("bundle.sealed", Some(REQUEST), actor, &data).map(drop).map_err(|refusal| refusal.rule)
}

#[test]
fn case_35_what_may_be_privileged_goes_to_the_filter_team_alone() {
    let log = at("review.completed");
    assert_eq!(recipients(&log), [digest("age1agency")], "the filter team reads nothing else");
    let mut log = noted();
    assert_eq!(recipients(&log), [digest("age1filter")]);
    log.walk2("review.completed", "bundle.provenance");
    for wrong in [&["age1agency"][..], &["age1agency", "age1filter"], &[]] {
        assert_eq!(sealed_to(&mut log, wrong), Err(Rule::A05), "{wrong:?}");
    }
    assert_eq!(sealed_to(&mut log, &["age1filter"]), Ok(()));
}

#[test]
fn case_35_what_was_approved_or_sealed_for_investigators_before_the_note_stays_here() {
    let mut approved = at("custody.checked");
    let (actor, opening) = approved.data("disclosure.opened");
    note(&mut approved, "journalistic").expect("noted");
    let refusal =
        approved.post("disclosure.opened", Some(REQUEST), actor, &opening).expect_err("approved for others");
    assert_eq!(refusal.rule, Rule::S07);
    approved.step("review.completed");
    assert_eq!(recipients(&approved), [digest("age1filter")]);
    approved.walk2("review.completed", "disclosure.opened");

    let mut sealed = at("senior releases");
    note(&mut sealed, "medical").expect("noted");
    let refusal = sealed.post_data("bundle.released").expect_err("investigators could open it");
    assert_eq!(refusal.rule, Rule::I10);
}

#[test]
fn case_35_an_agency_without_a_filter_team_gets_nothing_that_may_be_privileged() {
    let mut log = Log::at2("rights.screened");
    note(&mut log, "religious").expect("noted");
    log.step("review.completed");
    let before = Log::at2("review.completed").act(Kind::Disclose);
    let event = log.approval(before, "p-rev", 0, "reviewer");
    let refusal = log.try_post(&event).expect_err("to whom?");
    assert_eq!(refusal.rule, Rule::A05);
    assert!(refusal.reason.contains("filter team"), "{}", refusal.reason);
}

#[test]
fn a_privilege_is_noted_once_before_anything_left() {
    let mut log = at("request.classified");
    assert_eq!(note(&mut log, "legal"), Ok(()));
    assert_eq!(note(&mut log, "legal"), Err(Rule::I03));
    assert_eq!(note(&mut log, "parliamentary"), Ok(()));
    let data = json!({"privilege": "medical", "note_sha256": digest("note")});
    let refusal = log.post("privilege.noted", Some(REQUEST), "p-priv", &data).expect_err("not theirs");
    assert_eq!(refusal.rule, Rule::I08);
    assert!(note(&mut at("bundle.released"), "legal").is_err());
    assert!(note(&mut at("request.received"), "royal").is_err());
}
