//! The auditor's replay accepts what was admitted, and finds what was tampered with.

use super::log::{Log, STEPS};
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::practice::due::{Deadline, Due, of_case, of_world};
use crate::practice::{Finding, Replay, Rule};
use crate::tlog::{Hash, LeafIndex};

fn replay(entries: &[(Timestamp, Hash, Event)]) -> Vec<Finding> {
    let mut replay = Replay::new();
    let feed = |(index, (time, leaf, event)): (usize, &(Timestamp, Hash, Event))| {
        replay.feed(LeafIndex::new(u64::try_from(index).expect("few")), *time, *leaf, Some(event))
    };
    entries.iter().enumerate().flat_map(feed).collect()
}

#[test]
fn accepts_what_apply_admitted() {
    let log = Log::at("delivery.acknowledged");
    assert_eq!(log.entries.len(), 4 + STEPS.len());
    assert_eq!(replay(&log.entries), []);
}

#[test]
fn finds_each_dropped_event() {
    let log = Log::at("delivery.acknowledged");
    // The last one leaves a shorter log behind, which the log's own head must show.
    for at in 0..log.entries.len() - 1 {
        let mut entries = log.entries.clone();
        entries.remove(at);
        assert!(!replay(&entries).is_empty(), "dropped {at}");
    }
}

#[test]
fn finds_each_swapped_pair() {
    let log = Log::at("delivery.acknowledged");
    for at in 0..log.entries.len() - 1 {
        let mut entries = log.entries.clone();
        entries.swap(at, at + 1);
        assert!(!replay(&entries).is_empty(), "swapped {at}");
    }
}

#[test]
fn finds_repeated_and_altered_events_and_goes_on() {
    let log = Log::at("delivery.acknowledged");
    for at in 0..log.entries.len() {
        let mut entries = log.entries.clone();
        entries.insert(at, log.entries[at].clone());
        assert!(!replay(&entries).is_empty(), "repeated {at}");
    }
    let mut entries = log.entries.clone();
    let text = entries[12].2.data.get().replace("\"kept\":4", "\"kept\":5");
    let altered = entries.iter().position(|(_, _, event)| event.type_ == "data.filtered").expect("there");
    let text =
        if altered == 12 { text } else { entries[altered].2.data.get().replace("\"kept\":4", "\"kept\":5") };
    entries[altered].2.data = serde_json::value::RawValue::from_string(text).expect("JSON");
    let findings = replay(&entries);
    assert_eq!(findings[0].rule, Rule::I16);
    assert_eq!(findings[0].index.get(), u64::try_from(altered).expect("few"));
    assert!(findings.len() > 1, "what was built upon it is found too");
    let signed = entries.iter().position(|(_, _, event)| event.type_ == "approval.given").expect("there");
    let mut entries = log.entries.clone();
    entries[signed].2.actor = "p-chief".to_owned();
    assert_eq!(replay(&entries)[0].rule, Rule::A12);
}

fn state(entries: &[(Timestamp, Hash, Event)]) -> Replay {
    let mut replay = Replay::new();
    for (index, (time, leaf, event)) in (0..).zip(entries) {
        assert_eq!(replay.feed(LeafIndex::new(index), *time, *leaf, Some(event)), []);
    }
    replay
}

#[test]
fn i_57_what_is_due_at_an_instant_is_late_only_after_it() {
    // The log's own duty first: its screening is reviewed twice a year.
    let mut log = Log { has_clock: false, ..Log::founded2() };
    let reviewed = |due: &&Due| due.deadline == Deadline::ProcessReview;
    let due = of_world(&log.world).iter().find(reviewed).expect("a review is due").at.as_ms();
    let of_review = |found: Vec<Finding>| found.iter().filter(|found| found.rule == Rule::I58).count();
    let is_overdue = |log: &Log| of_review(state(&log.entries).overdue());
    for (ms, expected) in [(due, 0), (due + 1, 1)] {
        log.now_ms = ms;
        log.another(&format!("REQ-{ms}"));
        assert_eq!(is_overdue(&log), expected, "{ms}");
        assert_eq!(of_review(state(&log.entries).late()), 0, "{ms}");
    }
    // A request's likewise.
    let mut log = Log { has_clock: false, ..Log::at2("review.completed") };
    let policy = log.world.policy().expect("founded").value.clone();
    let duties = of_case(&policy, log.case()).into_iter().filter(|due| due.deadline.is_a_duty());
    let first = duties.map(|due| due.at.as_ms()).min().expect("the order is to be executed");
    for (ms, expected) in [(first, 0), (first + 1, 1)] {
        log.now_ms = ms;
        log.another(&format!("REQ-{ms}"));
        assert_eq!(state(&log.entries).overdue().len(), expected, "{ms}");
    }
}

#[test]
fn i_46_a_replay_keeps_what_reports_say_that_the_log_was() {
    let log = super::public::everything();
    let quoted = state(&log.entries).quoted().to_vec();
    let reports = (0..).zip(&log.entries).filter(|(_, row)| row.2.type_.starts_with("report."));
    let said: Vec<_> = reports
        .map(|(index, (_, _, event))| {
            let data: serde_json::Value = serde_json::from_str(event.data.get()).expect("JSON");
            (LeafIndex::new(index), data["size"].as_u64().expect("a size"), data["root"].clone())
        })
        .collect();
    assert!(said.len() > 1);
    let kept = quoted.iter().map(|(index, quoted)| {
        (*index, quoted.size.get(), serde_json::to_value(quoted.root).expect("prints"))
    });
    assert_eq!(kept.collect::<Vec<_>>(), said);
}

#[test]
fn i_17_a_replay_keeps_what_was_released() {
    for log in [Log::at("bundle.released"), Log::at2("bundle.released")] {
        let (_, before) = log.entries.split_last().expect("entries");
        assert!(state(before).released().is_empty(), "sealed is not released");
        let released = state(&log.entries).released();
        let sealed = &log.case().disclosures[0].sealed.as_ref().expect("sealed").bundle;
        assert_eq!(
            released.into_iter().collect::<Vec<_>>(),
            [(sealed.production.clone(), sealed.file_sha256)]
        );
    }
}
