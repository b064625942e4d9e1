//! Goal: under rule set 2 no walk of events reaches a sealed or released bundle that breaks an
//! invariant, and what is admitted replays.
//! Method: random walks along the path of a warrant and along that of an emergency, with whatever
//! else may happen thrown in. The judge is naive on purpose: it reads the admitted events alone, as JSON, and knows nothing of cases.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS, REQUEST, digest};
use super::path2::{STEPS2, order};
use super::special;
use crate::model::approval::{Act, Decision, Kind};
use crate::model::digest::Digest;
use crate::model::time::Timestamp;
use crate::practice::{Replay, approvable};
use crate::tlog::LeafIndex;

/// Seven days: what the policy's draft waits between notice and release.
const WAIT_MS: i64 = 7 * 24 * 60 * MINUTE_MS;

/// What else may happen, and who says so.
fn side(which: u8, log: &Log) -> (&'static str, &'static str, Value) {
    let now = Timestamp::from_ms(log.now_ms).expect("a time");
    let later = Timestamp::from_ms(log.now_ms + 3 * WAIT_MS).expect("a time");
    match which % 12 {
        0 => (
            "deficiency.noted",
            "p-rev",
            json!({"order": order(), "code": "material_mistake", "item": null,
            "detail": "the name is spelt in two ways"}),
        ),
        1 => (
            "request.auth_failed",
            "p-rev",
            json!({"method": "call_back", "finding": "denied",
            "evidence": [digest("they did not send it")]}),
        ),
        2 => (
            "challenge.filed",
            "p-cou",
            json!({"challenge": "CH-1", "relief": "quash", "court": "D. Example",
            "docket": "26-1", "filed_at": now, "stay": true, "motion_sha256": digest("motion")}),
        ),
        3 => (
            "challenge.decided",
            "p-cou",
            json!({"challenge": "CH-1", "ruling": "upheld", "decided_at": now,
            "ruling_sha256": digest("ruling")}),
        ),
        4 => (
            "secrecy.recorded",
            "p-priv",
            json!({"secrecy": "NDO-1", "code": "ndo.2705b", "level": "federal",
            "issuer": "D. Example", "docket": "26-2", "document_sha256": digest("ndo"), "grounds":
            ["flight_from_prosecution"], "judge_approved": true, "individual_necessity": true, "accounts": null,
            "from": "2026-11-01T00:00:00.000Z", "to": later}),
        ),
        5 => ("notice.suppressed", "p-priv", json!({"accounts": null, "secrecy": "NDO-1"})),
        6 => (
            "secrecy.vacated",
            "p-priv",
            json!({"secrecy": "NDO-1", "document_sha256": digest("order"),
            "ended_at": now}),
        ),
        7 => ("request.withdrawn", "p-in", json!({"document_sha256": digest("letter"), "received_at": now})),
        8 => (
            "callback.made",
            "p-rev",
            json!({"agency": "ag-1", "number_source": "directory",
            "number_sha256": digest("+1 202 555 0100"), "number_dated": "2026-10-01T00:00:00.000Z", "called_at": now,
            "answer": "denied", "note_sha256": digest("call")}),
        ),
        9 => (
            "rights.screened",
            "p-rev",
            json!({"order": order(), "tier": "high", "subjects": ["journalist"],
            "note_sha256": digest("rights")}),
        ),
        10 => (
            "bundle.destroyed",
            "daemon",
            json!({"disclosure": "D-1", "production": null, "reason": "ordered"}),
        ),
        _ => (
            "request.rejected",
            "p-rev",
            json!({"reasons": [{"code": "overly_broad", "item": null,
            "detail": null}]}),
        ),
    }
}

fn sign(log: &mut Log, person: &str, role: &str, kind: Kind, decision: Decision) -> bool {
    let at = Timestamp::from_ms(log.now_ms).expect("a time");
    let Some(case) = log.cases.values().next() else { return false };
    let Ok(template) = approvable(&log.world, case, kind, at) else { return false };
    let mut act = template.act;
    act.decision = decision;
    let event = log.approval(act, person, 0, role);
    log.try_post(&event).is_ok()
}

pub(super) fn go_on(log: &mut Log, name: &str) -> bool {
    match name {
        "reviewer approves" => sign(log, "p-rev", "reviewer", Kind::Disclose, Decision::Approve),
        "senior approves" => sign(log, "p-sen", "senior_reviewer", Kind::Disclose, Decision::Approve),
        "senior releases" => sign(log, "p-sen", "senior_reviewer", Kind::Release, Decision::Approve),
        "the customer could act" => {
            log.now_ms += WAIT_MS;
            true
        }
        "third approves" => {
            let Some(review) = log.cases.get(REQUEST).and_then(|case| case.review.as_ref()) else {
                return false;
            };
            let at = Timestamp::from_ms(log.now_ms).expect("a time");
            let Ok(template) = approvable(&log.world, log.case(), Kind::Disclose, at) else { return false };
            assert_eq!(template.act.context, review.context);
            let event =
                log.approval(Act { kind: Kind::Emergency, ..template.act }, "p-chief", 0, "senior_reviewer");
            log.try_post(&event).is_ok()
        }
        "notice.sent" => {
            let (actor, mut data) = log.data(name);
            data["sent_at"] = json!(Timestamp::from_ms(log.now_ms).expect("a time"));
            log.post(name, Some(REQUEST), actor, &data).is_ok()
        }
        "notice.withheld" => {
            let review_by = Timestamp::from_ms(log.now_ms + WAIT_MS).expect("a time");
            let data = json!({"accounts": null, "ground": "danger", "evidence_sha256": digest("evidence"),
                "other_contact_tried": false, "review_by": review_by});
            log.post(name, Some(REQUEST), "p-priv", &data).is_ok()
        }
        "emergency.assessed" => log.post(name, Some(REQUEST), "p-rev", &special::assessment()).is_ok(),
        "callback.made" => log.post(name, Some(REQUEST), "p-rev", &special::call(log)).is_ok(),
        _ => log.post_data(name).is_ok(),
    }
}

/// Where a walk begins, and the way that it mostly goes.
fn way(is_emergency: bool) -> (Log, Vec<&'static str>) {
    if !is_emergency {
        return (Log::founded2(), STEPS2.to_vec());
    }
    let more = ["emergency.assessed", "callback.made"];
    let (screening, rest) =
        STEPS2.split_at(STEPS2.iter().position(|step| *step == "review.completed").expect("there"));
    let mut steps: Vec<_> = screening.iter().copied().skip_while(|step| *step != "interval.stated").collect();
    steps.extend(more);
    for step in rest {
        match *step {
            // An emergency does not wait a week: the ground that made it one stands against telling now.
            "notice.sent" => steps.push("notice.withheld"),
            "the customer could act" => {}
            "senior approves" => steps.extend([*step, "third approves"]),
            step => steps.push(step),
        }
    }
    (special::emergency(), steps)
}

/// Mostly the next step, now and then an earlier one, another thing, or a jump of time.
fn walk(is_emergency: bool, moves: &[(u8, u8)]) -> Log {
    let (mut log, steps) = way(is_emergency);
    let mut next = 0;
    for (what, which) in moves {
        match what % 32 {
            0..=27 => {
                let did = go_on(&mut log, steps[next % steps.len()]);
                next = if did || which % 8 == 0 { next + 1 } else { next };
            }
            28 => next = usize::from(*which) % steps.len(),
            29 | 30 => {
                let (event, actor, data) = side(*which, &log);
                _ = log.post(event, Some(REQUEST), actor, &data);
            }
            _ => log.now_ms += i64::from(*which) * 60 * MINUTE_MS,
        }
    }
    log
}

type Events = Vec<(String, Timestamp, Value, String)>;

fn events(log: &Log) -> Events {
    let read = |(time, _, event): &(Timestamp, _, crate::model::event::Event)| {
        let data = serde_json::from_str(event.data.get()).expect("JSON");
        (event.type_.clone(), *time, data, event.actor.clone())
    };
    log.entries.iter().map(read).collect()
}

/// The last place before `end` where one of these stands.
fn last(events: &Events, end: usize, names: &[&str]) -> Option<usize> {
    events[..end].iter().rposition(|(name, ..)| names.contains(&name.as_str()))
}

fn has(events: &Events, range: std::ops::Range<usize>, name: &str) -> bool {
    events[range].iter().any(|(found, ..)| found == name)
}

/// What must stand before any sealed bundle.
fn sealed_is_sound(events: &Events, seal: usize) -> Result<(), String> {
    let classified = last(events, seal, &["request.classified"]).ok_or("never classified")?;
    let review = last(events, seal, &["review.completed"]).ok_or("never reviewed")?;
    let voids = [
        "request.classified",
        "order.amended",
        "request.narrowed",
        "deficiency.noted",
        "request.auth_failed",
    ];
    if last(events, seal, &voids).is_some_and(|void| void > review) {
        return Err("something voided the review".to_owned());
    }
    for due in ["interval.stated", "accounts.profiled", "legality.reviewed", "rights.screened"] {
        if !has(events, classified..review, due) {
            return Err(format!("{due} is missing between classification and review"));
        }
    }
    let screened = last(events, review, &["rights.screened"]).ok_or("not screened")?;
    if events[screened].2["tier"] == "high" {
        return Err("a high risk that nobody escalated".to_owned());
    }
    for end in ["request.withdrawn", "request.rejected"] {
        if has(events, 0..seal, end) {
            return Err(format!("sealed after {end}"));
        }
    }
    let opened = last(events, seal, &["disclosure.opened"]).ok_or("never opened")?;
    if !has(events, review..opened, "custody.checked") || !has(events, opened..seal, "data.tallied") {
        return Err("custody or tally is missing".to_owned());
    }
    let signed = |role: &str| {
        events[review..opened]
            .iter()
            .filter(|(name, _, _, actor)| name == "approval.given" && actor == role)
            .count()
    };
    if signed("p-rev") != 1 || signed("p-sen") != 1 {
        return Err("two approvals after the review, before the collection".to_owned());
    }
    if events.iter().any(|(name, _, data, _)| name == "request.received" && data["kind"] == "emergency") {
        is_an_emergency(events, classified, review, opened)?;
    }
    nothing_is_open(events, seal)
}

/// I-30, I-31: assessed, called back with nobody denying it since, and a third person for content.
fn is_an_emergency(events: &Events, classified: usize, review: usize, opened: usize) -> Result<(), String> {
    if !has(events, classified..review, "emergency.assessed") {
        return Err("the emergency was not assessed".to_owned());
    }
    let called = |answer: &str| {
        events[..review]
            .iter()
            .rposition(|(name, _, data, _)| name == "callback.made" && data["answer"] == answer)
    };
    if called("confirmed").is_none() || called("denied") > called("confirmed") {
        return Err("no call-back confirmed it, or one denied it since".to_owned());
    }
    let third = events[review..opened]
        .iter()
        .any(|(name, _, _, actor)| name == "approval.given" && actor == "p-chief");
    if third { Ok(()) } else { Err("content in an emergency without a third person".to_owned()) }
}

/// I-19: no stay, no deficiency, no quarantine.
fn nothing_is_open(events: &Events, end: usize) -> Result<(), String> {
    let filed = last(events, end, &["challenge.filed"]);
    if filed.is_some_and(|filed| !has(events, filed..end, "challenge.decided")) {
        return Err("a stay is open".to_owned());
    }
    if has(events, 0..end, "deficiency.noted") {
        return Err("a deficiency is open: no walk cures one".to_owned());
    }
    let denied = events[..end].iter().rposition(|(name, _, data, _)| {
        name == "request.auth_failed" || (name == "callback.made" && data["answer"] == "denied")
    });
    if denied.is_some_and(|denied| !has(events, denied..end, "request.authenticated")) {
        return Err("it is in quarantine".to_owned());
    }
    Ok(())
}

/// I-23: told and waited, or forbidden by an order that covers this very instant, or left untold on a
/// ground that nobody has to look at again yet.
fn released_is_sound(events: &Events, release: usize) -> Result<(), String> {
    nothing_is_open(events, release)?;
    let now = events[release].1;
    let told = events[..release]
        .iter()
        .any(|(name, at, ..)| name == "notice.sent" && at.saturating_add_ms(WAIT_MS) <= now);
    let forbidden = has(events, 0..release, "notice.suppressed")
        && events[..release].iter().any(|(name, _, data, _)| {
            let time = |member: &str| data[member].as_str().and_then(|text| Timestamp::parse(text).ok());
            name == "secrecy.recorded" && time("from") <= Some(now) && time("to") > Some(now)
        })
        && !has(events, 0..release, "secrecy.vacated");
    let withheld = events[..release].iter().any(|(name, _, data, _)| {
        let until = data["review_by"].as_str().and_then(|text| Timestamp::parse(text).ok());
        name == "notice.withheld" && until > Some(now)
    });
    if told || forbidden || withheld {
        Ok(())
    } else {
        Err("released without notice, and no order forbade it".to_owned())
    }
}

/// How many bundles were sealed and released, if all of it was sound.
fn judge(log: &Log) -> Result<(usize, usize), String> {
    let events = events(log);
    let (mut seals, mut releases) = (0, 0);
    for (at, (name, ..)) in events.iter().enumerate() {
        if name == "bundle.sealed" {
            sealed_is_sound(&events, at)?;
            seals += 1;
        } else if name == "bundle.released" {
            released_is_sound(&events, at)?;
            releases += 1;
        }
    }
    Ok((seals, releases))
}

#[test]
fn the_judge_sees_the_path_and_objects_when_one_event_is_missing() {
    let log = Log::at2("delivery.acknowledged");
    assert_eq!(judge(&log), Ok((1, 1)));
    for name in [
        "interval.stated",
        "accounts.profiled",
        "legality.reviewed",
        "rights.screened",
        "review.completed",
        "custody.checked",
        "data.tallied",
        "notice.sent",
    ] {
        let mut forged = log.clone();
        forged.entries.retain(|(_, _, event)| event.type_ != name);
        assert!(judge(&forged).is_err(), "{name}");
    }
    let mut forged = log;
    forged.entries.retain(|(_, _, event)| event.actor != "p-sen");
    assert!(judge(&forged).is_err());

    let (mut log, steps) = way(true);
    assert!(steps.iter().all(|step| go_on(&mut log, step)));
    assert_eq!(judge(&log), Ok((1, 1)));
    for (name, actor) in
        [("emergency.assessed", "p-rev"), ("callback.made", "p-rev"), ("approval.given", "p-chief")]
    {
        let mut forged = log.clone();
        forged.entries.retain(|(_, _, event)| event.type_ != name || event.actor != actor);
        assert!(judge(&forged).is_err(), "{name}");
    }
}

#[test]
fn walks_do_reach_seals_and_releases() {
    let moves = |seed: u8| -> Vec<(u8, u8)> {
        let bytes = (0..6).flat_map(|part| *Digest::of(&[seed, part]).as_bytes());
        bytes.collect::<Vec<_>>().chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    };
    for is_emergency in [false, true] {
        let sums = (0..96).map(|seed| judge(&walk(is_emergency, &moves(seed))).expect("a sound log"));
        let (seals, releases) = sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert!(seals >= 5 && releases >= 3, "{seals} seals, {releases} releases: the walks test nothing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_walk_breaks_an_invariant_and_every_walk_replays(
        is_emergency: bool,
        moves in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..110)
    ) {
        let log = walk(is_emergency, &moves);
        prop_assert!(judge(&log).is_ok(), "{:?}", judge(&log));
        let mut replay = Replay::new();
        for (index, (time, leaf, event)) in log.entries.iter().enumerate() {
            let index = LeafIndex::new(u64::try_from(index).expect("small"));
            prop_assert_eq!(replay.feed(index, *time, *leaf, Some(event)), vec![]);
        }
        prop_assert_eq!(replay.world(), &log.world);
    }
}
