//! Goal: every single mutation of an admitted log (an event dropped, two swapped, one member of one
//! altered) is found by the replay, or is harmless for a reason of a closed list.
//! Method: the logs that hold every event. The forger is given all the help there is: he
//! renumbers what follows, mends every reference that nobody signed, and rebuilds the chain, so
//! that only the rules stand against him. What no rule can see, the signed head of the tree does:
//! the reasons below say why a rule need not.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::examples;
use super::log::Log;
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::practice::{Finding, Replay};
use crate::tlog::{Hash, LeafIndex, leaf_hash};

pub(super) type Entry = (Timestamp, Hash, Event);

pub(super) fn index(at: usize) -> LeafIndex {
    LeafIndex::new(u64::try_from(at).expect("few"))
}

/// The hash that an entry gets at its place, as [`Log`] makes it.
fn leaf(at: usize, event: &Event) -> Hash {
    leaf_hash(format!("{}{:?}", index(at), event.id).as_bytes())
}

/// What the replay says of a log whose first entries it has seen in `before`.
fn judged(before: &Replay, from: usize, entries: &[Entry]) -> Vec<Finding> {
    let mut replay = before.clone();
    let mut findings = Vec::new();
    for (at, (time, leaf, event)) in entries.iter().enumerate().skip(from) {
        findings.extend(replay.feed(index(at), *time, *leaf, Some(event)));
        if !findings.is_empty() {
            return findings;
        }
    }
    findings.extend(replay.overdue());
    findings
}

/// Gives the entries their new places: hashes and every unsigned reference follow. `moved` tells
/// where an old place went.
fn mended(entries: &mut [Entry], moved: &BTreeMap<u64, usize>) {
    let hashes: Vec<Hash> = entries.iter().enumerate().map(|(at, (_, _, event))| leaf(at, event)).collect();
    for (entry, hash) in entries.iter_mut().zip(&hashes) {
        entry.1 = *hash;
        let mut data: Value = serde_json::from_str(entry.2.data.get()).expect("JSON");
        mend(&mut data, moved, &hashes);
        entry.2.data = serde_json::value::to_raw_value(&data).expect("JSON");
    }
}

/// References are `{index, leaf}`, and the bare indices that some events name.
fn mend(value: &mut Value, moved: &BTreeMap<u64, usize>, hashes: &[Hash]) {
    const BARE: [&str; 5] = ["set_by", "deficiency", "screening", "hold", "by"];
    let follow = |value: &mut Value| {
        if let Some(at) = value.as_u64().and_then(|old| moved.get(&old)) {
            *value = json!(at);
        }
    };
    match value {
        Value::Object(members) if members.contains_key("leaf") && members.contains_key("index") => {
            let old = members["index"].as_u64().expect("an index");
            if let Some(at) = moved.get(&old) {
                members.insert("index".to_owned(), json!(at));
                members.insert("leaf".to_owned(), json!(hashes[*at]));
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if BARE.contains(&name.as_str()) {
                    follow(member);
                } else if name == "deficiencies" {
                    member.as_array_mut().expect("a list").iter_mut().for_each(follow);
                } else {
                    mend(member, moved, hashes);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mend(item, moved, hashes)),
        _ => {}
    }
}

/// The logs, and for each the replay before each of its entries.
pub(super) fn logs() -> Vec<(Vec<Entry>, Vec<Replay>)> {
    let states = |entries: &[Entry]| -> Vec<Replay> {
        let mut replay = Replay::new();
        let mut states = vec![replay.clone()];
        for (at, (time, leaf, event)) in entries.iter().enumerate() {
            assert_eq!(replay.feed(index(at), *time, *leaf, Some(event)), []);
            states.push(replay.clone());
        }
        states
    };
    examples::logs()
        .into_iter()
        .map(|log: Log| {
            let states = states(&log.entries);
            (log.entries, states)
        })
        .collect()
}

/// Whether each kind of mutation was ever found: the kind is what was done to which event, or to
/// which member of it.
#[derive(Default)]
struct Verdicts {
    found: BTreeSet<String>,
    passed: BTreeMap<String, u32>,
    count: u32,
}

/// A kind of mutation that no log noticed is tried in so many of them.
const TRIES_MAX: u32 = 8;

impl Verdicts {
    /// Whether it needs another try.
    fn is_open(&self, kind: &str) -> bool {
        !self.found.contains(kind) && self.passed.get(kind).is_none_or(|tries| *tries < TRIES_MAX)
    }

    fn note(&mut self, kind: String, findings: &[Finding]) {
        self.count += 1;
        if findings.is_empty() {
            *self.passed.entry(kind).or_default() += 1;
        } else {
            self.found.insert(kind);
        }
    }

    fn never_found(&self) -> BTreeSet<String> {
        self.passed.keys().filter(|kind| !self.found.contains(*kind)).cloned().collect()
    }
}

/// Why a mutation that no rule notices does no harm. Whatever it is, the signed head of the tree
/// shows it: these say why the rules of the practice need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Harmless {
    /// A digest or a name of something that is not in the log: whoever has the thing compares.
    Elsewhere,
    /// Words for people.
    Words,
    /// What an order, a court or a person says, as somebody read it: the digest of the document
    /// that says so stands beside it.
    Said,
    /// What the daemon measured or counted, of something that no entry repeats.
    Measured,
    /// A name that no other entry has to bear: an agency's, another body's, a report's own; or one
    /// of a list that may be shorter.
    Named,
    /// A root of the tree: not the rules but the tree judges it (I-46).
    Tree,
    /// A fact that reports count, and upon which no decision rests.
    Counted,
    /// Two events of which neither changes what the other is judged by.
    Independent,
    /// A decision for each of two people, who may decide in any order.
    Decisions,
}

impl Harmless {
    const ALL: [Self; 9] = [
        Self::Elsewhere,
        Self::Words,
        Self::Said,
        Self::Measured,
        Self::Named,
        Self::Tree,
        Self::Counted,
        Self::Independent,
        Self::Decisions,
    ];

    fn named(word: &str) -> Self {
        let is_it = |reason: &Self| format!("{reason:?}").to_lowercase() == word;
        Self::ALL.into_iter().find(is_it).unwrap_or_else(|| panic!("{word} is no reason"))
    }
}

/// The mutations that no rule notices, by what is done, with the reason of each.
fn excused() -> BTreeMap<(String, String), Harmless> {
    let lines = include_str!("harmless.tsv").lines().filter(|line| !line.ends_with("\t?"));
    let rows = lines.map(|line| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_else(|| panic!("three columns: {line}"));
        let key = (cell(), cell());
        (key, Harmless::named(&cell()))
    });
    rows.collect()
}

#[test]
fn every_mutation_is_found_or_harmless_by_a_stated_reason() {
    let (mut drops, mut swaps, mut alters) = (Verdicts::default(), Verdicts::default(), Verdicts::default());
    for (entries, states) in logs() {
        for at in 4..entries.len() {
            let type_ = &entries[at].2.type_;
            let is_last = at + 1 == entries.len();
            if !is_last && drops.is_open(type_) {
                drops.note(type_.clone(), &judged(&states[at], at, &without(&entries, at)));
            }
            if !is_last {
                let kind = format!("{type_} {}", entries[at + 1].2.type_);
                if swaps.is_open(&kind) {
                    swaps.note(kind, &judged(&states[at], at, &swapped(&entries, at)));
                }
            }
            let data: Value = serde_json::from_str(entries[at].2.data.get()).expect("JSON");
            for (path, altered) in alterations(&data) {
                let kind = format!("{type_} {path}");
                if alters.is_open(&kind) {
                    let mut changed = entries.clone();
                    changed[at].2.data = serde_json::value::to_raw_value(&altered).expect("JSON");
                    alters.note(kind, &judged(&states[at], at, &changed));
                }
            }
        }
    }
    let excused = excused();
    let mut unnoticed = BTreeSet::new();
    for (how, verdicts, at_least) in [("drop", &drops, 60), ("swap", &swaps, 80), ("alter", &alters, 350)] {
        unnoticed.extend(verdicts.never_found().into_iter().map(|kind| (how.to_owned(), kind)));
        assert!(verdicts.found.len() >= at_least, "{how}: {} kinds are found", verdicts.found.len());
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let line = |(how, kind): &(String, String)| {
            let reason = excused.get(&(how.clone(), kind.clone()));
            let reason = reason.map_or("?".to_owned(), |reason| format!("{reason:?}").to_lowercase());
            format!("{how}\t{kind}\t{reason}\n")
        };
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/practice/tests/harmless.tsv");
        std::fs::write(path, unnoticed.iter().map(line).collect::<String>()).expect("written");
        return;
    }
    let listed: BTreeSet<_> = excused.keys().cloned().collect();
    let unexcused: Vec<_> = unnoticed.difference(&listed).collect();
    assert!(unexcused.is_empty(), "no rule notices, and no reason is stated: {unexcused:#?}");
    let stale: Vec<_> = listed.difference(&unnoticed).collect();
    assert!(stale.is_empty(), "a rule notices, or no log has it any more: {stale:#?}");
    for reason in Harmless::ALL {
        assert!(excused.values().any(|used| *used == reason), "{reason:?} excuses nothing");
    }
}

/// The log without one of its entries.
fn without(entries: &[Entry], at: usize) -> Vec<Entry> {
    let mut dropped = entries.to_vec();
    dropped.remove(at);
    let place = |old: usize| (old as u64, if old > at { old - 1 } else { old });
    mended(&mut dropped, &(0..entries.len()).filter(|old| *old != at).map(place).collect());
    dropped
}

/// The log with an entry and the next one in each other's place; the times stay where they are.
fn swapped(entries: &[Entry], at: usize) -> Vec<Entry> {
    let mut swapped = entries.to_vec();
    swapped.swap(at, at + 1);
    let (earlier, later) = (entries[at].0, entries[at + 1].0);
    (swapped[at].0, swapped[at + 1].0) = (earlier, later);
    let place = |old: usize| match old {
        old if old == at => (old as u64, at + 1),
        old if old == at + 1 => (old as u64, at),
        old => (old as u64, old),
    };
    mended(&mut swapped, &(0..entries.len()).map(place).collect());
    swapped
}

/// Every value with one leaf of it altered, and which.
fn alterations(value: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    alter("", value, &mut |path, altered| found.push((path, altered)));
    found
}

fn alter(path: &str, value: &Value, tell: &mut dyn FnMut(String, Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                alter(&format!("{path}/{name}"), member, &mut |path, altered| {
                    let mut members = members.clone();
                    members.insert(name.clone(), altered);
                    tell(path, Value::Object(members));
                });
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                alter(&format!("{path}/*"), item, &mut |path, altered| {
                    let mut items = items.clone();
                    items[at] = altered;
                    tell(path, Value::Array(items));
                });
                let mut fewer = items.clone();
                fewer.remove(at);
                tell(format!("{path}/-"), Value::Array(fewer));
            }
        }
        Value::String(text) => {
            let inner = STANDARD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if let Some(inner @ Value::Object(_)) = inner {
                return alter(&format!("{path}!"), &inner, &mut |path, altered| {
                    tell(path, json!(STANDARD.encode(altered.to_string())));
                });
            }
            for other in other_texts(text) {
                tell(path.to_owned(), json!(other));
            }
        }
        Value::Number(number) => {
            let number = number.as_u64().expect("no negative numbers in events");
            tell(path.to_owned(), json!(number + 1));
            if let Some(less) = number.checked_sub(1) {
                tell(path.to_owned(), json!(less));
            }
        }
        Value::Bool(is) => tell(path.to_owned(), json!(!is)),
        Value::Null => {}
    }
}

/// Another text of the same form: an instant before and after, another digest, another id.
fn other_texts(text: &str) -> Vec<String> {
    const DAY_MS: i64 = 86_400_000;
    if let Ok(time) = Timestamp::parse(text) {
        return [-30 * DAY_MS, -1, 1, 30 * DAY_MS].map(|ms| time.saturating_add_ms(ms).to_string()).into();
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let last = if text.ends_with('0') { '1' } else { '0' };
        return vec![format!("{}{last}", &text[..63])];
    }
    vec![format!("{text}x"), text.chars().skip(1).collect()]
}
