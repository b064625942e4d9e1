//! Goal: what may be privileged is opened by the agency's filter team and by nobody else of it
//! (case 35). Method: a directory that lists both; the note at each place of the path, and what was
//! approved, sealed and would be released before and after it.

use serde_json::{Value, json};

use super::log::{Log, REQUEST, digest, directory, item, scope};
use super::yields::{recall, supersede};
use crate::model::approval::Kind;
use crate::practice::records::Mishap;
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
    assert!(note(&mut at("request.received"), "royal").is_err());
    log.step("request.rejected");
    assert_eq!(note(&mut log, "medical"), Err(Rule::I18));
}

/// Found when the bundle is with the investigators: an incident about it, and a further one goes elsewhere.
#[test]
fn case_35_i_34_privilege_that_is_found_after_the_delivery_is_an_incident() {
    let mut log = at("delivery.acknowledged");
    note(&mut log, "legal").expect("noted");
    let owed: Vec<_> =
        log.world.records.incidents_owed.values().map(|owed| (owed.mishap, owed.productions.len())).collect();
    assert_eq!(owed, [(Mishap::Privileged, 1)]);
    note(&mut log, "medical").expect("noted");
    assert_eq!(log.world.records.incidents_owed.len(), 1, "the investigators' bundle is owed for already");
    let told = json!({"incident": "INC-1", "kind": "privileged_disclosed", "agency": null, "requests": [],
        "since": null, "productions": [], "report_sha256": digest("report")});
    let refusal = log.post("incident.opened", None, "p-sen", &told).expect_err("which bundle?");
    assert_eq!(refusal.rule, Rule::I34);
    recall(&mut log, "privileged");
    supersede(&mut log, "corrective").expect("the demand stands");
    log.step("review.completed");
    assert_eq!(recipients(&log), [digest("age1filter")]);
    let mut told = told;
    told["productions"] = json!(["PRD-1"]);
    log.must("incident.opened", None, "p-sen", &told);
    assert!(log.world.records.incidents_owed.is_empty());

    let mut sealed = noted();
    sealed.walk2("review.completed", "bundle.provenance");
    sealed_to(&mut sealed, &["age1filter"]).expect("sealed");
    sealed.walk2("bundle.sealed", "bundle.released");
    note(&mut sealed, "medical").expect("noted");
    assert!(sealed.world.records.incidents_owed.is_empty(), "the filter team has it");
}

/// Found by the screening for a further bundle: the first one went to the investigators.
#[test]
fn case_35_i_34_a_lawyer_found_after_the_delivery_is_an_incident_too() {
    let mut log = at("delivery.acknowledged");
    supersede(&mut log, "supplementary").expect("it may be wanted");
    let (actor, mut data) = log.data("rights.screened");
    data["subjects"] = json!(["minor"]);
    log.must("rights.screened", Some(REQUEST), actor, &data);
    assert!(log.world.records.incidents_owed.is_empty(), "no confidence of theirs");
    data["subjects"] = json!(["lawyer"]);
    for _ in 0..2 {
        log.must("rights.screened", Some(REQUEST), actor, &data);
        let owed: Vec<_> = log.world.records.incidents_owed.values().map(|owed| owed.mishap).collect();
        assert_eq!(owed, [Mishap::Privileged]);
    }
}

/// Whom the screening of rights finds is enough: nobody has to remember a second event.
#[test]
fn case_35_s_34_a_lawyers_and_a_journalists_bundle_goes_to_the_filter_team() {
    let screened = |subjects: &[&str], class: &str| {
        let items = scope(&[item("a@example.org", class)]);
        let mut log = at("request.authenticated");
        for step in [
            "request.classified",
            "interval.stated",
            "accounts.profiled",
            "legality.reviewed",
            "rights.screened",
        ] {
            let (actor, mut data) = log.data(step);
            match step {
                "request.classified" => data["scope"] = json!(items),
                "interval.stated" if class == "bsi" => data["items"] = json!([]),
                "interval.stated" => data["items"][0]["item"] = json!(0),
                "rights.screened" => data["subjects"] = json!(subjects),
                _ => (),
            }
            log.must(step, Some(REQUEST), actor, &data);
        }
        log.case().screening.privileges.iter().map(|privilege| format!("{privilege:?}")).collect::<Vec<_>>()
    };
    assert_eq!(screened(&["lawyer"], "content_stored"), ["Legal"]);
    assert_eq!(screened(&["journalist", "lawyer"], "content_stored"), ["Legal", "Journalistic"]);
    assert_eq!(
        screened(&["lawyer"], "records_other"),
        [""; 0],
        "who wrote when is no confidence of a client's"
    );
    assert_eq!(screened(&["journalist"], "records_other"), ["Journalistic"], "it is a source's");
    assert_eq!(screened(&["journalist", "lawyer"], "bsi"), [""; 0]);
    assert_eq!(screened(&["politician", "minor", "dissident"], "content_stored"), [""; 0]);
}
