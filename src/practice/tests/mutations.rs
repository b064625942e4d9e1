//! Goal: every single mutation of an admitted log (an event dropped, two swapped, one member of one
//! altered) is found by the replay, or is harmless for a reason of a closed list.
//! Method: the logs that hold every event. An instant and a number are altered in each direction,
//! a word also into each that stands at its place elsewhere, and the members around the data too.
//! The forger is given all the help there is: he
//! renumbers what follows, mends every reference that nobody signed, and rebuilds the chain, so
//! that only the rules stand against him. What no rule can see, the signed head of the tree does:
//! the reasons below say why a rule need not.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::examples;
use super::log::{Log, REQUEST};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::id::RequestId;
use crate::model::time::Timestamp;
use crate::practice::{DAEMON, Finding, Replay};
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
    let mut logs = examples::logs();
    // What the examples have under the first rules only.
    for (after, name) in [("review.completed", "request.withdrawn"), ("bundle.released", "delivery.failed")] {
        let mut log = Log::at2(after);
        log.step(name);
        logs.push(log);
    }
    let mut clock = Log::at2("review.completed");
    examples::accept_clock(&mut clock);
    logs.push(clock);
    logs.into_iter()
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
    /// What a person may choose, within the bounds that a rule sets.
    Chosen,
    /// The name of whoever acts, where a signature in the event says who that is.
    Signed,
    /// Two events of which neither changes what the other is judged by.
    Independent,
    /// A decision for each of two people, who may decide in any order.
    Decisions,
}

impl Harmless {
    const ALL: [Self; 11] = [
        Self::Elsewhere,
        Self::Words,
        Self::Said,
        Self::Measured,
        Self::Named,
        Self::Tree,
        Self::Counted,
        Self::Chosen,
        Self::Signed,
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
    let mut rounds = Verdicts::default();
    let logs = logs();
    let words = Words::of(&logs);
    let newest = newest_rules(&logs);
    for (entries, states) in logs {
        for at in 4..entries.len() {
            let type_ = &entries[at].2.type_;
            if entries[at].2.rules < newest[type_] {
                continue;
            }
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
            let altered = alterations(&data).into_iter().map(|(path, to)| (format!("{type_} {path}"), to));
            let exchanged = words.exchanged(type_, &data).into_iter();
            let exchanged = exchanged.map(|(place, to)| (place.replacen('/', " /", 1), to));
            for (kind, altered) in altered.chain(exchanged) {
                if alters.is_open(&kind) {
                    let mut changed = entries.clone();
                    changed[at].2.data = serde_json::value::to_raw_value(&altered).expect("JSON");
                    alters.note(kind, &judged(&states[at], at, &changed));
                }
            }
            for (member, altered) in around(&entries[at].2, &entries) {
                let kind = format!("{type_} {member}");
                if rounds.is_open(&kind) {
                    let mut changed = entries.clone();
                    changed[at].2 = altered;
                    rounds.note(kind, &judged(&states[at], at, &changed));
                }
            }
        }
    }
    let excused = excused();
    let mut unnoticed = BTreeSet::new();
    for (how, verdicts, at_least) in
        [("drop", &drops, 60), ("swap", &swaps, 80), ("alter", &alters, 450), ("around", &rounds, 300)]
    {
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

/// The newest rule set that each event was made under: that is where it is mutated.
fn newest_rules(logs: &[(Vec<Entry>, Vec<Replay>)]) -> BTreeMap<String, u32> {
    let mut newest = BTreeMap::new();
    for (_, _, event) in logs.iter().flat_map(|(entries, _)| entries) {
        let rules = newest.entry(event.type_.clone()).or_insert(event.rules);
        *rules = event.rules.max(*rules);
    }
    newest
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
            for (how, other) in other_texts(text) {
                tell(format!("{path}{how}"), json!(other));
            }
        }
        Value::Number(number) => {
            let number = number.as_u64().expect("no negative numbers in events");
            tell(format!("{path} {MORE}"), json!(number + 1));
            if let Some(less) = number.checked_sub(1) {
                tell(format!("{path} {LESS}"), json!(less));
            }
        }
        Value::Bool(is) => tell(path.to_owned(), json!(!is)),
        Value::Null => {}
    }
}

/// The directions of an alteration.
const LESS: &str = "<";
const MORE: &str = ">";

/// Another text of the same form, and how it differs: an instant before and after, another digest,
/// another id.
fn other_texts(text: &str) -> Vec<(String, String)> {
    const DAY_MS: i64 = 86_400_000;
    if let Ok(time) = Timestamp::parse(text) {
        let moved = [-30 * DAY_MS, -1, 1, 30 * DAY_MS];
        let other = |ms: i64| {
            let direction = if ms < 0 { LESS } else { MORE };
            (format!(" {direction}"), time.saturating_add_ms(ms).to_string())
        };
        return moved.map(other).into();
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let last = if text.ends_with('0') { '1' } else { '0' };
        return vec![(String::new(), format!("{}{last}", &text[..63]))];
    }
    vec![(String::new(), format!("{text}x")), (String::new(), text.chars().skip(1).collect())]
}

/// The words that stand at each place of each event, in whatever log.
#[derive(Default)]
struct Words(BTreeMap<String, BTreeSet<String>>);

impl Words {
    fn of(logs: &[(Vec<Entry>, Vec<Replay>)]) -> Self {
        let mut words = Self::default();
        for (_, _, event) in logs.iter().flat_map(|(entries, _)| entries) {
            words.learn(&event.type_, &serde_json::from_str(event.data.get()).expect("JSON"));
        }
        words
    }

    fn learn(&mut self, place: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| self.learn(&format!("{place}/{name}"), member));
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(&format!("{place}/*"), item)),
            Value::String(text) => drop(self.0.entry(place.to_owned()).or_default().insert(text.clone())),
            _ => {}
        }
    }

    /// The data with one word exchanged for one that stands at its place elsewhere.
    fn exchanged(&self, type_: &str, data: &Value) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        self.exchange(type_, data, &mut |path, altered| found.push((path, altered)));
        found
    }

    fn exchange(&self, place: &str, value: &Value, tell: &mut dyn FnMut(String, Value)) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.exchange(&format!("{place}/{name}"), member, &mut |path, altered| {
                        let mut members = members.clone();
                        members.insert(name.clone(), altered);
                        tell(path, Value::Object(members));
                    });
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.exchange(&format!("{place}/*"), item, &mut |path, altered| {
                        let mut items = items.clone();
                        items[at] = altered;
                        tell(path, Value::Array(items));
                    });
                }
            }
            // What is a word has few others at its place; names, digests and instants have many.
            Value::String(text) => {
                let others = self.0.get(place).into_iter().flatten().filter(|other| *other != text);
                let is_word = |other: &&String| other.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                for other in others.filter(is_word) {
                    tell(format!("{place} ={other}"), json!(other));
                }
            }
            _ => {}
        }
    }
}

/// The event with one of the members around its data altered, and which.
fn around(event: &Event, others: &[Entry]) -> Vec<(&'static str, Event)> {
    let altered = |change: &dyn Fn(&mut Event)| {
        let mut event = event.clone();
        change(&mut event);
        event
    };
    let mut found = vec![
        ("id", altered(&|event| event.id = others[0].2.id.clone())),
        ("policy", altered(&|event| event.policy = Digest::of(b"another policy"))),
        ("rules", altered(&|event| event.rules += 1)),
        (
            "request",
            altered(&|event| {
                event.request = event.request.is_none().then(|| RequestId::new(REQUEST).expect("an id"));
            }),
        ),
        ("actor unregistered", altered(&|event| event.actor = "p-nobody".to_owned())),
        ("envelopes >", altered(&|event| event.envelopes.push(b"{}".to_vec()))),
    ];
    if !event.envelopes.is_empty() {
        found.push(("envelopes <", altered(&|event| drop(event.envelopes.pop()))));
    }
    for actor in ["p-in", "p-rev", "p-sen", "p-cou", "p-priv", "p-col", DAEMON] {
        if event.actor != actor {
            found.push(("actor", altered(&|event| event.actor = actor.to_owned())));
        }
    }
    found
}
