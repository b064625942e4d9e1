//! What held once must hold again: each way to let data move on decisions that lapsed.

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, POLICY, REQUEST, digest, directory, roles};
use crate::model::approval::{Decision, Kind};
use crate::practice::world::PROPOSALS_OPEN_MAX;
use crate::practice::{Refusal, Rule};

fn other_policy() -> String {
    POLICY.replace("subpoena_reaches_records_other = false", "subpoena_reaches_records_other = true")
}

/// Posts the step's own event and expects that rule; nothing changes.
fn refuses(log: &mut Log, name: &str, rule: Rule) -> Refusal {
    let before = (log.world.clone(), log.cases.clone());
    let refusal = log.post_data(name).expect_err(name);
    assert_eq!(refusal.rule, rule, "{name}: {refusal}");
    assert_eq!((&log.world, &log.cases), (&before.0, &before.1));
    refusal
}

fn decide(log: &mut Log, kind: Kind, decision: Decision, person: &str, role: &str) -> Option<Rule> {
    let mut act = log.act(kind);
    act.decision = decision;
    let event = log.approval(act, person, 0, role);
    log.try_post(&event).err().map(|refusal| refusal.rule)
}

#[test]
fn a_review_under_another_policy_is_neither_approved_nor_collected_nor_released() {
    let mut log = Log::at("review.completed");
    log.activate("policy", &other_policy());
    let yes = decide(&mut log, Kind::Disclose, Decision::Approve, "p-rev", "reviewer");
    assert_eq!(yes, Some(Rule::I10));
    // A no is heard under any policy.
    let no = decide(&mut log, Kind::Disclose, Decision::Refuse, "p-chief", "senior_reviewer");
    assert_eq!(no, None);
    log.step("review.completed");
    let yes = decide(&mut log, Kind::Disclose, Decision::Approve, "p-rev", "reviewer");
    assert_eq!(yes, None, "reviewed again, under the policy in force");

    for (after, name) in [
        ("senior approves", "disclosure.opened"),
        ("bundle.provenance", "bundle.sealed"),
        ("senior releases", "bundle.released"),
    ] {
        let mut log = Log::at(after);
        let decision = log.data("bundle.released").1;
        log.activate("policy", &other_policy());
        let refusal = if name == "bundle.released" {
            log.post(name, Some(REQUEST), crate::practice::DAEMON, &decision).expect_err("another policy")
        } else {
            log.post_data(name).expect_err("another policy")
        };
        assert_eq!(refusal.rule, Rule::I10, "{name}: {refusal}");
        assert!(refusal.reason.contains("after the review"), "{name}: {refusal}");
    }
    let mut log = Log::at("bundle.sealed");
    log.activate("policy", &other_policy());
    let yes = decide(&mut log, Kind::Release, Decision::Approve, "p-sen", "senior_reviewer");
    assert_eq!(yes, Some(Rule::I10));
}

#[test]
fn a_release_goes_to_recipients_the_directory_still_lists() {
    let mut log = Log::at("bundle.sealed");
    log.activate("directory", &directory("age1new"));
    let yes = decide(&mut log, Kind::Release, Decision::Approve, "p-sen", "senior_reviewer");
    assert_eq!(yes, Some(Rule::A05));
    let mut log = Log::at("senior releases");
    log.activate("directory", &directory("age1new"));
    refuses(&mut log, "bundle.released", Rule::A05);
}

#[test]
fn a_standing_refusal_stops_the_release() {
    for kind in [Kind::Disclose, Kind::Release] {
        let mut log = Log::at("senior releases");
        let release = log.data("bundle.released").1;
        assert_eq!(decide(&mut log, kind, Decision::Refuse, "p-chief", "senior_reviewer"), None);
        let posted = log.post("bundle.released", Some(REQUEST), crate::practice::DAEMON, &release);
        let refusal = posted.expect_err("somebody refused");
        assert_eq!(refusal.rule, Rule::I05, "{kind:?}");
        assert!(refusal.reason.contains("p-chief refused"), "{refusal}");
    }
}

#[test]
fn a_release_needs_approvers_who_are_still_registered_in_their_roles() {
    // Who approved to disclose, then who released: gone, or in the role no more.
    let chief_releases = || {
        let mut log = Log::at("bundle.sealed");
        log.must_approve(Kind::Release, "p-chief", "senior_reviewer");
        log
    };
    for (mut log, from, to) in [
        (Log::at("senior releases"), "\"p-rev\"", "\"p-gone\""),
        (Log::at("senior releases"), "[\"reviewer\"]", "[\"auditor\"]"),
        (chief_releases(), "\"p-chief\"", "\"p-gone\""),
        (chief_releases(), "[\"senior_reviewer\"]", "[\"auditor\"]"),
    ] {
        let text = roles().replacen(from, to, 1);
        assert_ne!(text, roles(), "{from}");
        log.activate("roles", &text);
        refuses(&mut log, "bundle.released", Rule::I08);
    }
    chief_releases().post_data("bundle.released").expect("nothing changed");
}

#[test]
fn approvals_end_at_the_seal_and_the_release_has_its_own() {
    let mut log = Log::at("bundle.sealed");
    // The approvals to disclose live 600 minutes; the release is approved after their end.
    log.now_ms += 601 * MINUTE_MS;
    log.step("senior releases");
    log.step("bundle.released");
    let mut log = Log::at("senior releases");
    log.now_ms += 601 * MINUTE_MS;
    refuses(&mut log, "bundle.released", Rule::A07);
}

#[test]
fn the_collector_is_a_registered_person_in_the_role() {
    let opens = |log: &mut Log, collector: &str| {
        let (actor, mut data) = log.data("disclosure.opened");
        data["collector"] = json!(collector);
        log.post("disclosure.opened", Some(REQUEST), actor, &data).err().map(|refusal| refusal.rule)
    };
    for (collector, expected) in
        [("nobody", Some(Rule::I08)), ("p-chief", Some(Rule::I08)), ("p-col", None), ("p-op", None)]
    {
        assert_eq!(opens(&mut Log::at("senior approves"), collector), expected, "{collector}");
    }
    let (from, until) =
        ("valid_from = \"2026-01-01T00:00:00.000Z\"\n", "valid_to = \"2026-01-02T00:00:00.000Z\"\n");
    let person = "id = \"p-op\"\nroles = [\"operator\", \"collector\"]\njurisdictions = [\"*\"]\n";
    let ended = roles().replace(&format!("{person}{from}"), &format!("{person}{from}{until}"));
    assert_ne!(ended, roles());
    let mut log = Log::at("senior approves");
    log.activate("roles", &ended);
    assert_eq!(opens(&mut log, "p-op"), Some(Rule::I08), "valid no more");
    let mut log = Log::at("bundle.provenance");
    log.activate("roles", &roles().replace("\"collector\", \"reviewer\"", "\"reviewer\""));
    refuses(&mut log, "bundle.sealed", Rule::I08);
}

#[test]
fn the_submitter_is_a_registered_person_in_the_role() {
    for (actor, expected) in [
        ("p-in", None),
        ("p-rev", None),
        ("p-chief", None),
        ("nobody", Some(Rule::I08)),
        ("p-op", Some(Rule::I08)),
    ] {
        let mut log = Log::founded();
        let data = log.data("request.received").1;
        let posted = log.post("request.received", Some(REQUEST), actor, &data);
        assert_eq!(posted.err().map(|refusal| refusal.rule), expected, "{actor}");
    }
}

#[test]
fn an_order_that_ended_is_neither_reviewed_nor_collected() {
    let ending = |steps: &[&str]| {
        let mut log = Log::at("request.authenticated");
        let (actor, mut data) = log.data("request.classified");
        let end_ms = log.now_ms + 60 * MINUTE_MS;
        data["expires_at"] = json!(crate::model::time::Timestamp::from_ms(end_ms).expect("a time"));
        log.must("request.classified", Some(REQUEST), actor, &data);
        steps.iter().for_each(|step| log.step(step));
        (log, end_ms)
    };
    let steps = [
        "review.completed",
        "reviewer approves",
        "senior approves",
        "disclosure.opened",
        "data.received",
        "data.planned",
        "data.filtered",
        "bundle.provenance",
        "bundle.sealed",
    ];
    for name in ["review.completed", "disclosure.opened", "bundle.sealed"] {
        let at = steps.iter().position(|step| *step == name).expect("a step");
        let (mut log, end_ms) = ending(&steps[..at]);
        let mut in_time = log.clone();
        in_time.now_ms = end_ms - 1;
        in_time.post_data(name).expect("a millisecond before the end");
        log.now_ms = end_ms;
        refuses(&mut log, name, Rule::S19);
    }
}

#[test]
fn proposals_nobody_stands_behind_block_nobody() {
    let text = |nth: usize| format!("{POLICY}\n# proposal {nth}\n");
    let propose = |log: &mut Log, nth: usize| {
        let text = text(nth);
        let data = json!({"kind": "policy", "text": text, "sha256": digest(&text), "reason": "why not"});
        log.post("act.proposed", None, "p-rev", &data)
    };
    let mut log = Log::founded();
    let kept = log.propose("policy", &other_policy());
    let event = log.approval(log.proposed(kept), "p-sen", 0, "counsel");
    log.try_post(&event).expect("admitted");
    let refused = log.propose("policy", &text(1000));
    let mut act = log.proposed(refused);
    act.decision = Decision::Refuse;
    let event = log.approval(act, "p-sen", 0, "counsel");
    log.try_post(&event).expect("admitted");
    for nth in 0..2 * PROPOSALS_OPEN_MAX {
        propose(&mut log, nth).expect("the oldest unsigned one gives way");
        assert!(!log.world.proposals().contains_key(&refused.index), "a refused one goes at once");
        assert!(log.world.proposals().len() <= PROPOSALS_OPEN_MAX);
    }
    // What somebody signed has not given way: its second approval puts it in force.
    let event = log.approval(log.proposed(kept), "p-chief", 0, "senior_reviewer");
    log.try_post(&event).expect("still open");
    let new: Value =
        json!({"text": other_policy(), "sha256": digest(&other_policy()), "proposal": kept.index});
    log.post("policy.activated", None, "p-sen", &new).expect("two people");
    // Where every one is signed for, the table is full.
    let mut log = Log::founded();
    for nth in 0..PROPOSALS_OPEN_MAX {
        let proposal = log.propose("policy", &text(nth));
        let event = log.approval(log.proposed(proposal), "p-sen", 0, "counsel");
        log.try_post(&event).expect("admitted");
    }
    assert_eq!(propose(&mut log, 99).expect_err("full").rule, Rule::I03);
}
