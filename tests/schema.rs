//! Goal: docs/events.schema.json calls an event what our parser calls one: who validates against
//! it before posting is not surprised, and who generates types from it can say all there is to say.
//! Method: every example of docs/events.md, and every example with one place of it spoiled (a member
//! dropped, one added, another type, another word, a number out of range), is given to both: the
//! schema to a validator that others wrote.

use std::collections::BTreeSet;
use std::fs;

use probity::ledger::{Draft, Poster};
use probity::practice::EventType;
use probity::practice::vocabulary::{Signed, Subject};
use serde_json::{Value, json};

use crate::harness::oracle::venv;
use crate::harness::{repository, run};

/// Whether it is read as an event, and is formed as its type asks (F-01, F-04).
fn is_read(posted: &str) -> bool {
    let Ok(draft) = Draft::parse(posted.as_bytes(), Poster::Founding) else { return false };
    let is_about = match draft.type_.subject() {
        Subject::Log => draft.request.is_none(),
        Subject::Request => draft.request.is_some(),
        Subject::Either => true,
    };
    let signed = match draft.type_.signed() {
        Signed::No | Signed::Acknowledgement => 0,
        Signed::Approval => 1,
        Signed::TwoApprovals => 2,
    };
    is_about && draft.envelopes.len() == signed && draft.type_.read(&draft.data).is_ok()
}

/// The pointers of all values below `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let at = format!("{at}/{name}");
        places(value, &at, found);
        found.push(at);
    }
}

/// The event with one place spoiled, in every way.
fn spoiled(event: &Value) -> Vec<Value> {
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1_u64 << 32),
        json!("no such word"),
        json!([]),
        json!({}),
    ];
    let mut pointers = vec![String::new()];
    places(event, "", &mut pointers);
    let mut spoiled = Vec::new();
    for pointer in pointers {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut event = event.clone();
            change(event.pointer_mut(&pointer).expect("it was found there"));
            event
        };
        spoiled.extend(others.iter().map(|other| with(&|place| *place = other.clone())));
        let names = event.pointer(&pointer).and_then(Value::as_object).map(|members| members.keys());
        for name in names.clone().into_iter().flatten() {
            spoiled.push(with(&|place| drop(place.as_object_mut().expect("an object").remove(name))));
        }
        if names.is_some() {
            spoiled.push(with(&|place| place["more"] = json!(7)));
        }
    }
    spoiled
}

#[test]
fn the_schema_and_the_parser_agree_on_every_spoiled_example() {
    let mut lines = BTreeSet::new();
    for kind in EventType::ALL {
        let path = repository().join(format!("tests/vectors/events/{kind}.json"));
        let text = fs::read_to_string(path).expect("an example");
        let example: Value = serde_json::from_str(&text).expect("JSON");
        assert!(is_read(&example.to_string()), "{kind}");
        lines.extend(spoiled(&example).iter().map(Value::to_string));
        lines.insert(example.to_string());
    }
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = scratch.path().join("events.ndjson");
    fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("written");
    let script = repository().join("tests/independent/schema.py");
    let schema = repository().join("docs/events.schema.json");
    let judged = run(venv("python").arg(script).arg(schema).arg(&file)).expect(0).stdout;

    assert_eq!(judged.lines().count(), lines.len());
    let disagreed: Vec<_> =
        lines.iter().zip(judged.lines()).filter(|(line, says)| is_read(line) != (*says == "yes")).collect();
    assert!(disagreed.is_empty(), "{} of {}, as {:?}", disagreed.len(), lines.len(), disagreed.first());
    let read = judged.lines().filter(|says| *says == "yes").count();
    assert!(read > EventType::ALL.len() && read < lines.len() / 2, "both are met: {read} of {}", lines.len());
}
