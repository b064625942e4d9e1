//! The auditor's replay accepts what was admitted, and finds what was tampered with.

use super::log::{Log, STEPS};
use crate::model::event::Event;
use crate::model::time::Timestamp;
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
