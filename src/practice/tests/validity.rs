//! Goal: a signed decision counts up to the instant at which its person, its key, its own time or
//! its policy's ends, and no longer; and as the word of exactly whom the roles say.
//! Method: the same decision one millisecond before the instant, and at it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, ORIGIN, POLICY, REQUEST, key, roles};
use crate::model::approval::{Act, Decision, Kind};
use crate::model::time::Timestamp;
use crate::practice::approvals::are_two;
use crate::practice::template::approvable_clock;
use crate::practice::vocabulary::{Activated, LeafRef};
use crate::practice::{Refusal, Rule};
use crate::tlog::LeafIndex;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

fn public(person: &str, nth: u8) -> String {
    format!("public = \"{}\"\n", STANDARD.encode(key(person, nth).verifying_key().as_bytes()))
}

/// The roles with these lines after a person's first key.
fn with_key(person: &str, lines: &str) -> String {
    let first = public(person, 0);
    roles().replacen(&first, &format!("{first}{lines}"), 1)
}

/// The roles with another line for a person's own.
fn with_line(person: &str, from: &str, to: &str) -> String {
    let text = roles();
    let (before, of_person) = text.split_at(text.find(&format!("id = \"{person}\"")).expect("registered"));
    assert!(of_person.contains(from), "{from}");
    format!("{before}{}", of_person.replacen(from, to, 1))
}

fn ends(at_ms: i64) -> String {
    format!("valid_to = \"{}\"\n", at(at_ms))
}

/// A policy that `p-sen` and `p-chief` approved, and its activation.
fn approved(log: &mut Log) -> Value {
    let proposal = log.propose("policy", POLICY);
    for person in ["p-sen", "p-chief"] {
        let event = log.approval(log.proposed(proposal), person, 0, "senior_reviewer");
        log.try_post(&event).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
    serde_json::to_value(Activated::proposed(POLICY, proposal.index)).expect("prints")
}

/// Posts it just before that instant, and at it; expects that rule of the second.
fn lapses(log: &Log, at_ms: i64, rule: Rule, post: impl Fn(&mut Log) -> Result<Option<LeafRef>, Refusal>) {
    let judged = |ms: i64| {
        let mut log = Log { now_ms: ms, ..log.clone() };
        post(&mut log).map(drop).map_err(|refusal| refusal.rule)
    };
    assert_eq!((judged(at_ms - 1), judged(at_ms)), (Ok(()), Err(rule)));
}

#[test]
fn i_50_a_proposals_approvals_count_while_person_key_and_time_last() {
    let end = Log::founded().now_ms + 300 * MINUTE_MS;
    let from = "valid_from = \"2026-01-01T00:00:00.000Z\"\n";
    let person = with_line("p-chief", from, &format!("{from}{}", ends(end)));
    for text in [with_key("p-chief", &ends(end)), person] {
        let mut log = Log::founded();
        log.activate("roles", &text);
        let new = approved(&mut log);
        lapses(&log, end, Rule::I50, |log| log.post("policy.activated", None, "p-sen", &new));
    }
    let mut log = Log::founded();
    let signed = log.now_ms + MINUTE_MS;
    let new = approved(&mut log);
    lapses(&log, signed + 600 * MINUTE_MS, Rule::I50, |log| {
        log.post("policy.activated", None, "p-sen", &new)
    });
}

#[test]
fn i_50_a_proposals_approvals_count_under_the_roles_in_force() {
    let unchanged = format!("{}# looked at\n", roles());
    let rows = [
        (unchanged, None),
        (roles().replace("\"p-chief\"", "\"p-new\""), Some(Rule::I50)),
        (with_line("p-chief", "\"senior_reviewer\"", "\"reviewer\""), Some(Rule::I50)),
        (with_key("p-chief", "valid_from = \"2030-01-01T00:00:00.000Z\"\n"), Some(Rule::I50)),
    ];
    for (text, rule) in rows {
        let mut log = Log::founded();
        let new = approved(&mut log);
        log.activate("roles", &text);
        let posted = log.post("policy.activated", None, "p-sen", &new);
        assert_eq!(posted.err().map(|refusal| refusal.rule), rule, "{text}");
    }
}

#[test]
fn i_08_a_key_signs_until_its_registration_ends() {
    for after in [Log::at("review.completed"), Log::at2("review.completed")] {
        let mut log = after;
        let end = log.now_ms + 60 * MINUTE_MS;
        log.activate("roles", &with_key("p-rev", &ends(end)));
        lapses(&log, end, Rule::I08, |log| {
            let event = log.approval(log.act(Kind::Disclose), "p-rev", 0, "reviewer");
            log.try_post(&event)
        });
        // The other key of the same person goes on.
        log.now_ms = end;
        let event = log.approval(log.act(Kind::Disclose), "p-rev", 1, "reviewer");
        log.try_post(&event).expect("a valid key");
    }
}

#[test]
fn a_07_approvals_end_at_the_instant_that_they_name() {
    let log = Log::at("senior approves");
    let exp = log.case().approvals[0].exp.as_ms();
    lapses(&log, exp, Rule::A07, |log| log.post_data("disclosure.opened"));
    let log = Log::at("senior releases");
    let exp = log.case().approvals.last().expect("the release").exp.as_ms();
    lapses(&log, exp, Rule::A07, |log| log.post_data("bundle.released"));
}

#[test]
fn i_09_an_approval_is_as_old_as_the_policys_hours_allow() {
    for (hours, long) in [(2, false), (336, true)] {
        let mut log = Log::founded();
        let limit = format!("approval_age_hours_max = {hours}");
        let longer = format!("{}# adopted again\n", POLICY.replace("approval_age_hours_max = 336", &limit));
        log.activate("policy", &longer);
        for step in super::log::STEPS.iter().take(4) {
            log.step(step);
        }
        for (person, role) in [("p-rev", "reviewer"), ("p-sen", "senior_reviewer")] {
            let times = (log.now_ms, log.now_ms + 336 * 60 * MINUTE_MS);
            let event = log.approval_at(log.act(Kind::Disclose), person, 0, role, times);
            log.try_post(&event).expect("approved");
        }
        let given = log.case().approvals[0].at.as_ms();
        if long {
            log.now_ms = given + 335 * 60 * MINUTE_MS;
            log.post_data("disclosure.opened").expect("within its days");
        } else {
            lapses(&log, given + hours * 60 * MINUTE_MS + 1, Rule::I09, |log| {
                log.post_data("disclosure.opened")
            });
        }
    }
}

#[test]
fn i_05_who_takes_a_decision_back_takes_their_own_back() {
    let mut log = Log::at("senior approves");
    log.must_approve(Kind::Disclose, "p-chief", "senior_reviewer");
    let act = Act { decision: Decision::Revoke, ..log.act(Kind::Disclose) };
    let event = log.approval(act, "p-rev", 0, "reviewer");
    log.try_post(&event).expect("taken back");
    let standing = log.case().standing_approvals();
    assert_eq!(standing.iter().map(|given| given.person.as_str()).collect::<Vec<_>>(), ["p-sen", "p-chief"]);
    log.post_data("disclosure.opened").expect("two stand");
}

#[test]
fn i_05_two_are_two_persons_with_two_keys() {
    let log = Log::at("senior approves");
    let [one, two] = &log.case().approvals[..] else { panic!("two approvals") };
    let same_key = crate::practice::approvals::ApprovalState { keyid: one.keyid, ..two.clone() };
    let same_person = crate::practice::approvals::ApprovalState { person: one.person.clone(), ..two.clone() };
    assert!(are_two(&[one, two]));
    assert!(!are_two(&[one, &same_key]) && !are_two(&[one, &same_person]) && !are_two(&[one]));
}

/// The clock, accepted by these signatures over the last entry, each made so long before.
fn accepts(
    text: &str,
    signers: [(&str, u8); 2],
    age_ms: i64,
    change: impl Fn(&mut Act),
) -> Result<(), (Rule, String)> {
    let mut log = Log::founded();
    log.activate("roles", text);
    let (from, leaf, _) = log.entries.last().cloned().expect("entries");
    let last = LeafIndex::new(u64::try_from(log.entries.len() - 1).expect("few"));
    log.now_ms += 48 * 60 * MINUTE_MS;
    let mut act = approvable_clock(&log.world, LeafRef { index: last, leaf }).expect("founded").act;
    change(&mut act);
    let mut event = log.event("clock.accepted", None, "p-sen", &json!({"from": from, "to": at(log.now_ms)}));
    for (person, nth) in signers {
        log.drawn += 1;
        let times = (log.now_ms - age_ms, log.now_ms + 60 * MINUTE_MS);
        let signed = log.approval_at(act.clone(), person, nth, "senior_reviewer", times);
        event.envelopes.extend(signed.envelopes);
    }
    log.try_post(&event).map(drop).map_err(|refusal| (refusal.rule, refusal.pointer))
}

#[test]
fn i_05_a_person_with_two_keys_does_not_accept_a_clock_alone() {
    let second = with_key("p-chief", &format!("[[person.key]]\n{}", public("p-chief", 1)));
    let alone = accepts(&second, [("p-chief", 0), ("p-chief", 1)], 0, |_| ());
    assert_eq!(alone, Err((Rule::I05, "/envelopes".to_owned())));
    assert_eq!(accepts(&second, [("p-sen", 0), ("p-chief", 1)], 0, |_| ()), Ok(()));
}

#[test]
fn a_06_a_12_a_clock_is_accepted_by_fresh_approvals_of_that_kind() {
    let pair = [("p-sen", 0), ("p-chief", 0)];
    let signed = |age_ms, change: fn(&mut Act)| accepts(&roles(), pair, age_ms, change);
    let refused = |rule| Err((rule, "/envelopes/0".to_owned()));
    assert_eq!(signed(300_000, |_| ()), Ok(()));
    assert_eq!(signed(300_001, |_| ()), refused(Rule::A06));
    assert_eq!(signed(300_002, |_| ()), refused(Rule::A06));
    assert_eq!(signed(0, |act| act.kind = Kind::Policy), refused(Rule::A12));
    assert_eq!(signed(0, |act| act.decision = Decision::Revoke), refused(Rule::A12));
    assert_eq!(signed(0, |act| act.request = Some(REQUEST.parse().expect("an id"))), refused(Rule::A12));
}

#[test]
fn a_13_an_acknowledgement_is_made_after_the_seal_and_before_now() {
    let log = Log::at("bundle.released");
    let sealed = log.case().disclosures[0].sealed.as_ref().expect("sealed").at.as_ms();
    let says = |at_ms: i64| {
        let mut log = log.clone();
        let data = Log { now_ms: at_ms, ..log.clone() }.acknowledgement(true, "ag-1", ORIGIN);
        let posted = log.post("delivery.acknowledged", Some(REQUEST), "ag-1", &data);
        posted.map(drop).map_err(|refusal| (refusal.rule, refusal.pointer))
    };
    let refused = || Err((Rule::A13, "/data/ack".to_owned()));
    assert_eq!((says(sealed - 1), says(sealed)), (refused(), Ok(())));
    let ahead = log.now_ms + 300_000;
    assert_eq!((says(ahead), says(ahead + 1), says(ahead + 2)), (Ok(()), refused(), refused()));
}

#[test]
fn i_51_an_acts_approval_is_kept_with_the_act_that_it_is_about() {
    let mut log = Log::at2("review.completed");
    let clear =
        |item: &str| json!({"source": "mail-1", "item_sha256": super::log::digest(item), "reason": "x"});
    let mut propose = |item: &str| {
        log.propose_act("scan.clear", "scan.cleared", Some(REQUEST), &clear(item)).expect("proposed")
    };
    let proposals = [propose("one"), propose("two")];
    for proposal in proposals {
        let given = log.decide_act(proposal, "scan.clear", Some(REQUEST), "p-cou", "counsel");
        let given = given.expect("admitted").expect("new");
        let act = log.case().acts.iter().find(|act| act.context == proposal).expect("open");
        assert_eq!(act.approvals.iter().map(|approval| approval.entry).collect::<Vec<_>>(), [given]);
    }
}
