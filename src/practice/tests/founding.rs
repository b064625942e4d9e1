//! Goal: a log begins with its name, its policy, its agencies and its people, in this order (I-01).
//! Method: a founding with one member changed; one that misses an entry, as an auditor may get it.

use serde_json::{Value, json};

use super::log::{Log, ORIGIN, POLICY, digest, directory, roles};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::practice::{DAEMON, Finding, Replay, Rule, RuleSet, World};
use crate::tlog::LeafIndex;

fn policy1() -> String {
    POLICY.replacen("rules = 2\n", "", 1)
}

fn data(event: &Event) -> Value {
    serde_json::from_str(event.data.get()).expect("JSON")
}

/// The first entry, changed.
fn creates(change: impl FnOnce(&mut Value)) -> Result<(), (Rule, String)> {
    let mut created = data(&Log::founded().entries[0].2);
    change(&mut created);
    let posted = Log::blank().post("log.created", None, DAEMON, &created);
    posted.map(drop).map_err(|refusal| (refusal.rule, refusal.pointer))
}

#[test]
fn f_06_the_first_entry_is_whole() {
    let (one, two) = (digest("one"), digest("two"));
    let (low, high) = if one < two { (&one, &two) } else { (&two, &one) };
    let ids = [&"0".repeat(31), &"0".repeat(33), &"g".repeat(32), &"A".repeat(32)];
    let keys = ids.map(|id| ("system_key_id", json!(id)));
    let lists = [json!([]), json!([low, low]), json!([high, low])].map(|list| ("recipients", list));
    let numbers = [("rules", json!(2)), ("epoch", json!(0)), ("epoch", json!(2))];
    for (member, value) in numbers.into_iter().chain(keys).chain(lists) {
        let refused = creates(|created| created[member] = value.clone());
        assert_eq!(refused, Err((Rule::F06, format!("/data/{member}"))), "{member}: {value}");
    }
    for (member, value) in [("system_key_id", json!("0f".repeat(16))), ("recipients", json!([low, high]))] {
        assert_eq!(creates(|created| created[member] = value), Ok(()), "{member}");
    }
}

#[test]
fn i_01_a_log_is_created_once() {
    let mut log = Log::founded();
    let created = data(&log.entries[0].2);
    let again = log.post("log.created", None, DAEMON, &created).expect_err("it is there");
    assert_eq!((again.rule, again.reason.contains("the log exists")), (Rule::I03, true), "{again}");
    // Half founded, and an index that says that nothing is there.
    let mut half = Log::blank();
    half.must("log.created", None, DAEMON, &created);
    half.entries.clear();
    let again = half.post("log.created", None, DAEMON, &created).expect_err("it has a name");
    assert_eq!((again.rule, again.pointer.as_str()), (Rule::I01, "/type"));
}

#[test]
fn f_03_f_05_the_founding_brings_the_texts_that_it_says() {
    let founded = Log::founded();
    let up_to = |count: usize| {
        let mut log = Log::blank();
        for (_, _, event) in &founded.entries[..count] {
            log.try_post(event).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        log
    };
    let refused = |at: usize, change: &dyn Fn(&mut Value)| {
        let event = &founded.entries[at].2;
        let mut changed = data(event);
        change(&mut changed);
        let refusal = up_to(at).post(&event.type_, None, DAEMON, &changed).expect_err("changed");
        (refusal.rule, refusal.pointer)
    };
    let sha256 = || "/data/sha256".to_owned();
    let other = |new: &mut Value| *new = json!({"text": POLICY, "sha256": digest(POLICY), "proposal": null});
    assert_eq!(refused(1, &other), (Rule::F03, sha256()), "another policy than index 0 names");
    for at in 1..=3 {
        let text =
            |new: &mut Value| new["text"] = json!(format!("{}\n", new["text"].as_str().expect("text")));
        assert_eq!(refused(at, &text), (Rule::F05, sha256()), "{at}");
        let proposal = |new: &mut Value| new["proposal"] = json!(1);
        assert_eq!(refused(at, &proposal), (Rule::F01, "/data/proposal".to_owned()), "{at}");
    }
}

/// What an auditor finds of a founding whose entry at `missing` cannot be opened.
fn without(missing: usize) -> Vec<Finding> {
    let mut replay = Replay::new();
    let entries = Log::founded().entries;
    let mut findings = Vec::new();
    for (at, (time, leaf, event)) in (0..).zip(&entries) {
        let event = (at != missing).then_some(event);
        let index = LeafIndex::new(u64::try_from(at).expect("few"));
        findings.extend(replay.feed(index, *time, *leaf, event));
    }
    findings
}

#[test]
fn i_01_nothing_is_founded_upon_what_is_missing() {
    let rules = |missing| without(missing).into_iter().map(|found| (found.index.get(), found.rule));
    assert_eq!(without(4), []);
    assert_eq!(rules(0).collect::<Vec<_>>(), [(1, Rule::F03), (2, Rule::F03), (3, Rule::F03)]);
    assert_eq!(rules(1).collect::<Vec<_>>(), [(2, Rule::I01), (3, Rule::I01)]);
    assert_eq!(rules(2).collect::<Vec<_>>(), [(3, Rule::I01)]);
}

#[test]
fn what_init_checks_is_what_the_founding_makes() {
    let origin = ORIGIN.parse().expect("a name");
    let checked = World::founding(&origin, &policy1(), &directory("age1agency"), &roles()).expect("texts");
    assert_eq!(checked, Log::founded().world);
    let checked = World::founding(&origin, POLICY, &directory("age1agency"), &roles()).expect("texts");
    let world = Log::founded2().world;
    assert_eq!((checked.rules(), checked.policy_sha256()), (Some(RuleSet::Two), world.policy_sha256()));
    assert_eq!(checked.policy_sha256(), Some(Digest::of(POLICY.as_bytes())));
    assert_eq!((checked.policy(), checked.directory()), (world.policy(), world.directory()));
    assert_eq!(checked.roles(), world.roles());
    World::founding(&origin, POLICY, "schema = 1\n", "schema = 1\n").expect_err("nobody is registered");
}
