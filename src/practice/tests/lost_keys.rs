//! Goal: from the entry that says so, nothing goes to an agency's recipient whose key is in other hands
//! (I-33, I-34). Method: the incident at each step at which data moves; directories after it that keep
//! the recipient, end it and replace it.

use serde_json::json;

use super::log::{Log, digest, directory};
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::records::LOST_RECIPIENTS_MAX;
use crate::practice::rule::Rule;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

/// The agency's key has been in other hands for so long.
fn lost(log: &mut Log, name: &str, for_ms: i64) -> Result<(), Rule> {
    let data = json!({"incident": name, "kind": "agency_key_compromised", "agency": "ag-1", "requests": [],
        "since": at(log.now_ms - for_ms), "productions": [], "report_sha256": digest("report")});
    log.post("incident.opened", None, "p-sen", &data).map(drop).map_err(|refusal| refusal.rule)
}

fn refused(log: &mut Log, step: &str) -> Option<Rule> {
    log.post_data(step).err().map(|refusal| refusal.rule)
}

#[test]
fn i_33_nothing_is_approved_collected_sealed_or_released_for_a_lost_key() {
    for (reached, next) in [
        ("custody.checked", "disclosure.opened"),
        ("bundle.provenance", "bundle.sealed"),
        ("senior releases", "bundle.released"),
    ] {
        let mut log = Log::at2(reached);
        lost(&mut log, "INC-1", DAY_MS).expect("recorded");
        assert_eq!(refused(&mut log, next), Some(Rule::I33), "{next}");
    }
    let mut log = Log::at2("review.completed");
    lost(&mut log, "INC-1", DAY_MS).expect("recorded");
    let mut act = log.act(crate::model::approval::Kind::Disclose);
    let event = log.approval(act.clone(), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("for whom?").rule, Rule::I33);
    act.decision = crate::model::approval::Decision::Refuse;
    let event = log.approval(act, "p-rev", 0, "reviewer");
    log.try_post(&event).expect("whoever wants to say no may");
}

#[test]
fn i_33_another_key_takes_the_place_of_the_lost_one() {
    let mut log = Log::at2("review.completed");
    lost(&mut log, "INC-1", DAY_MS).expect("recorded");
    // A directory that only tells more of the agency still has the lost key.
    log.activate("directory", &directory("age1agency").replace("name = \"Agency\"", "name = \"The agency\""));
    let event = log.approval(log.act(crate::model::approval::Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(log.try_post(&event).expect_err("the same key").rule, Rule::I33);
    log.activate("directory", &directory("age1another"));
    log.walk2("review.completed", "disclosure.opened");
    // What is lost stays lost, should it come back one day.
    log.activate("directory", &directory("age1agency"));
    let refusal = log.post_data("bundle.destroyed").err();
    assert_eq!(refusal.map(|refusal| refusal.rule), None, "what is staged must be able to go");
    log.step("custody.checked");
    assert_eq!(refused(&mut log, "disclosure.opened"), Some(Rule::I33));
}

#[test]
fn i_33_a_key_that_began_after_the_loss_took_the_lost_ones_place() {
    let mut log = Log::at2("request.received");
    let begins = log.now_ms;
    let recipient = |from: Timestamp| {
        format!(
            "[[agency.recipient]]\nage = \"age1new\"\nconfirmed = \"by telephone\"\nvalid_from = \"{from}\"\n"
        )
    };
    let old = "[[agency.recipient]]\nage = \"age1agency\"\nconfirmed = \"by telephone\"\nvalid_from = \"2026-01-01T00:00:00.000Z\"\n";
    assert!(directory("age1agency").contains(old));
    log.activate("directory", &directory("age1agency").replace(old, &recipient(at(begins))));
    let mut exact = log.clone();
    let since = exact.now_ms - begins;
    lost(&mut exact, "INC-1", since).expect("recorded");
    log.walk2("request.received", "custody.checked");
    exact.walk2("request.received", "review.completed");
    let event = exact.approval(exact.act(crate::model::approval::Kind::Disclose), "p-rev", 0, "reviewer");
    assert_eq!(exact.try_post(&event).expect_err("in use when it was lost").rule, Rule::I33);
    let since = log.now_ms - begins + 1;
    lost(&mut log, "INC-1", since).expect("recorded");
    log.step("disclosure.opened");
}

#[test]
fn f_06_lost_recipients_are_bounded() {
    let mut log = Log::at2("request.received");
    let mut records = (*log.world.records).clone();
    records.lost_recipients = (1..LOST_RECIPIENTS_MAX)
        .map(|nth| crate::model::digest::Digest::of(nth.to_string().as_bytes()))
        .collect();
    log.world.records = std::sync::Arc::new(records);
    lost(&mut log, "INC-1", DAY_MS).expect("as many as there may be");
    assert_eq!(log.world.records.lost_recipients.len(), LOST_RECIPIENTS_MAX);
    log.activate("directory", &directory("age1another"));
    assert_eq!(lost(&mut log, "INC-2", DAY_MS), Err(Rule::I03));
}

/// I-34: also an agency that left the directory under rule set 1.
#[test]
fn i_34_an_agency_of_a_directory_of_rule_set_1_is_remembered() {
    let mut log = Log::founded();
    log.activate("directory", &directory("age1other").replace("ag-1", "ag-2"));
    let agencies: Vec<_> = log.world.records.agencies.iter().map(ToString::to_string).collect();
    assert_eq!(agencies, ["ag-1"]);
}
