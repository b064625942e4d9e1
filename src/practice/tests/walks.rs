//! Random walks never reach a sealed bundle without two valid approvals.
//!
//! The judge is naive on purpose: it reads the admitted events alone, knows nothing of cases,
//! and looks back from each seal to what was reviewed and signed before it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::log::{Log, REQUEST, STEPS};
use crate::model::approval::{Approval, Decision, Kind};
use crate::model::digest::Digest;
use crate::model::dsse::Envelope;
use crate::model::time::Timestamp;
use crate::practice::{Replay, approvable};
use crate::tlog::LeafIndex;

const SIGNERS: [(&str, &str); 5] = [
    ("p-rev", "reviewer"),
    ("p-sen", "senior_reviewer"),
    ("p-in", "reviewer"),
    ("p-col", "reviewer"),
    ("p-chief", "senior_reviewer"),
];
const ENDS: [&str; 5] =
    ["order.amended", "request.rejected", "request.withdrawn", "bundle.destroyed", "review.completed"];

/// Each move is mostly the next step of the straight path, sometimes anything.
fn walk(moves: &[(u8, u8)]) -> Log {
    let mut log = Log::founded();
    let mut next = 0;
    for (what, which) in moves {
        let which = usize::from(*which);
        match what % 16 {
            0..=11 => next += usize::from(go_on(&mut log, STEPS[next % STEPS.len()]) || which % 16 == 0),
            12 => _ = sign(&mut log, which, Kind::Disclose, Decision::Approve),
            13 => {
                let decision = if which % 8 < 4 { Decision::Revoke } else { Decision::Refuse };
                let kind = if which < 128 { Kind::Disclose } else { Kind::Release };
                _ = sign(&mut log, which, kind, decision);
            }
            14 => _ = log.post_data(ENDS[which % ENDS.len()]).is_ok(),
            _ => log.now_ms += i64::try_from(which).expect("small") * 300_000,
        }
    }
    log
}

fn go_on(log: &mut Log, name: &str) -> bool {
    match name {
        "reviewer approves" => sign(log, 0, Kind::Disclose, Decision::Approve),
        "senior approves" => sign(log, 1, Kind::Disclose, Decision::Approve),
        "senior releases" => sign(log, 1, Kind::Release, Decision::Approve),
        _ => log.post_data(name).is_ok(),
    }
}

fn sign(log: &mut Log, which: usize, kind: Kind, decision: Decision) -> bool {
    let (person, role) = SIGNERS[which % SIGNERS.len()];
    let at = Timestamp::from_ms(log.now_ms).expect("a time");
    let Some(case) = log.cases.values().next() else { return false };
    let Ok(template) = approvable(&log.world, case, kind, at) else { return false };
    let mut act = template.act;
    act.decision = decision;
    let event = log.approval(act, person, 0, role);
    log.try_post(&event).is_ok()
}

/// Whether every seal has, after the last review, two approvals that nobody took back.
fn judge(log: &Log) -> Result<usize, String> {
    let mut seals = 0;
    for (at, (time, _, event)) in log.entries.iter().enumerate() {
        if event.type_ != "bundle.sealed" {
            continue;
        }
        seals += 1;
        let before = &log.entries[..at];
        let review = before.iter().rposition(|(_, _, event)| event.type_ == "review.completed");
        let review = review.ok_or("sealed without a review")?;
        let mut approvers: Vec<(String, String, bool)> = Vec::new();
        for (_, _, event) in &before[review..] {
            if ["order.amended", "request.rejected", "request.withdrawn"].contains(&event.type_.as_str()) {
                return Err(format!("sealed after {}", event.type_));
            }
            let Some(envelope) = event.envelopes.first() else { continue };
            let envelope = Envelope::parse(envelope).expect("admitted");
            let approval = Approval::parse(envelope.unverified_payload()).expect("admitted");
            if approval.kind != Kind::Disclose {
                continue;
            }
            if approval.context.index != LeafIndex::new(u64::try_from(review).expect("small")) {
                return Err("an approval of another review was admitted".to_owned());
            }
            match approval.decision {
                Decision::Approve if approval.exp > *time => {
                    let keyid = envelope.keyids()[0].to_string();
                    approvers.push((event.actor.clone(), keyid, approval.role == "senior_reviewer"));
                }
                Decision::Approve => {}
                Decision::Revoke => approvers.retain(|(person, ..)| *person != event.actor),
                Decision::Refuse => return Err("sealed although somebody refused".to_owned()),
            }
        }
        let persons: std::collections::BTreeSet<_> = approvers.iter().map(|(person, ..)| person).collect();
        let keys: std::collections::BTreeSet<_> = approvers.iter().map(|(_, key, _)| key).collect();
        if persons.len() < 2 || keys.len() < 2 || !approvers.iter().any(|(.., senior)| *senior) {
            return Err(format!("sealed with {persons:?}"));
        }
        if persons.iter().any(|person| ["p-in", "p-col"].contains(&person.as_str())) {
            return Err("the submitter or the collector approved".to_owned());
        }
    }
    Ok(seals)
}

#[test]
fn the_judge_sees_the_straight_path_and_objects_without_approvals() {
    let log = Log::at("bundle.sealed");
    assert_eq!(judge(&log), Ok(1));
    let mut forged = log;
    forged.entries.retain(|(_, _, event)| event.actor != "p-sen");
    assert!(judge(&forged).is_err());
    let empty: Value = json!({});
    assert!(Log::founded().post("bundle.sealed", Some(REQUEST), "daemon", &empty).is_err());
}

#[test]
fn walks_do_reach_seals() {
    let moves = |seed: u8| -> Vec<(u8, u8)> {
        let bytes = (0..4).flat_map(|part| *Digest::of(&[seed, part]).as_bytes());
        bytes.collect::<Vec<_>>().chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let seals: usize = (0..64).map(|seed| judge(&walk(&moves(seed))).expect("a legal log")).sum();
    assert!(seals >= 5, "{seals} seals in 64 walks: they no longer test anything");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_walk_seals_without_two_approvals_and_every_walk_replays(
        moves in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..60)
    ) {
        let log = walk(&moves);
        prop_assert!(judge(&log).is_ok(), "{:?}", judge(&log));
        let mut replay = Replay::new();
        for (index, (time, leaf, event)) in log.entries.iter().enumerate() {
            let index = LeafIndex::new(u64::try_from(index).expect("small"));
            prop_assert_eq!(replay.feed(index, *time, *leaf, Some(event)), vec![]);
        }
        prop_assert_eq!(replay.world(), &log.world);
    }
}
