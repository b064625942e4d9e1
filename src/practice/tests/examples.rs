//! docs/events.md is generated from the vocabulary, and its examples are events that a log
//! admitted. `UPDATE_GOLDEN=1` writes both; without it they are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::log::{Log, MINUTE_MS};
use crate::model::approval::{Decision, Kind};
use crate::model::event::Event;
use crate::practice::rules2::{Actor, actor_of};
use crate::practice::vocabulary::{Maker, PeerRole, Signed, Subject};
use crate::practice::{DAEMON, EventType, Rule};

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn is_or_becomes(path: &str, text: &str) {
    let path = repository(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden file can be written");
        return;
    }
    let found = std::fs::read_to_string(&path).expect("the golden file is there");
    assert!(found == text, "{} is out of date; run with UPDATE_GOLDEN=1", path.display());
}

/// Logs that together hold an event of every type.
pub(super) fn logs() -> Vec<Log> {
    let mut logs = vec![Log::at("delivery.acknowledged")];
    let mut governed = Log::at("senior approves");
    governed.activate("policy", super::log::POLICY);
    for decision in [Decision::Revoke, Decision::Refuse] {
        let mut log = Log::at("reviewer approves");
        let mut act = log.act(Kind::Disclose);
        act.decision = decision;
        let person =
            if decision == Decision::Revoke { ("p-rev", "reviewer") } else { ("p-sen", "senior_reviewer") };
        let event = log.approval(act, person.0, 0, person.1);
        log.try_post(&event).expect("admitted");
        logs.push(log);
    }
    for (after, name) in [
        ("review.completed", "order.amended"),
        ("review.completed", "request.rejected"),
        ("review.completed", "request.withdrawn"),
        ("data.planned", "bundle.destroyed"),
        ("bundle.released", "delivery.failed"),
    ] {
        let mut log = Log::at(after);
        log.step(name);
        logs.push(log);
    }
    let at = governed.stamp().time;
    let read = json!({"peer_uid": 1001, "subject": "REQ-1", "count": 3, "first_at": at, "last_at": at});
    governed.must("access.read", None, DAEMON, &read);
    let denied =
        json!({"peer_uid": 1002, "verb": "POST /v1/events", "count": 1, "first_at": at, "last_at": at});
    governed.must("access.denied", None, DAEMON, &denied);
    accept_clock(&mut governed);
    logs.push(governed);
    logs.extend(super::path2::examples());
    logs.extend(super::arrival::examples());
    logs.extend(super::screening::examples());
    logs.extend(super::telling::examples());
    logs.extend(super::special::examples());
    logs.extend(super::beside::examples());
    logs.extend(super::yields::examples());
    logs.push(super::deliveries::expired());
    logs.push(super::public::other_algorithms());
    logs.push(super::privileges::example());
    logs
}

/// One admitted event of every type.
fn admitted() -> BTreeMap<EventType, Event> {
    let events = logs().into_iter().flat_map(|log| log.entries).map(|(_, _, event)| event);
    let mut by_type = BTreeMap::new();
    for event in events {
        by_type.entry(event.type_.parse().expect("a type")).or_insert(event);
    }
    by_type
}

pub(super) fn accept_clock(log: &mut Log) {
    let head = log.stamp().head.expect("entries");
    let index = log.stamp().index.previous().expect("entries");
    log.now_ms += 48 * 60 * MINUTE_MS;
    let last = crate::model::approval::ApprovalContext { index, leaf: head.leaf };
    let act = crate::practice::template::approvable_clock(&log.world, last).expect("founded").act;
    let data = json!({"from": head.time, "to": log.stamp().time});
    let mut event = log.event("clock.accepted", None, "p-sen", &data);
    for person in ["p-sen", "p-chief"] {
        event.envelopes.extend(log.approval(act.clone(), person, 0, "senior_reviewer").envelopes);
    }
    log.try_post(&event).expect("two people");
}

#[test]
fn every_type_has_an_example_that_was_admitted() {
    let examples = admitted();
    assert_eq!(examples.keys().copied().collect::<Vec<_>>(), EventType::ALL);
    for (kind, event) in &examples {
        let text = String::from_utf8(event.to_bytes()).expect("JSON is text") + "\n";
        is_or_becomes(&format!("tests/vectors/events/{kind}.json"), &text);
        let read = Event::parse(text.trim_end().as_bytes()).expect("an example parses");
        kind.read(&read.data).expect("and its data does");
    }
}

#[test]
fn the_page_has_every_event_and_every_rule() {
    let mut page = String::from(HEAD);
    for kind in EventType::ALL {
        let peers: Vec<_> = kind.posted_by().iter().map(|peer| peer_name(*peer)).collect();
        let peers = if peers.is_empty() { "nobody: the daemon alone".to_owned() } else { peers.join(", ") };
        let subject = match kind.subject() {
            Subject::Log => "no",
            Subject::Request => "yes",
            Subject::Either => "as its kind",
        };
        writeln!(
            page,
            "| `{kind}` | {} | {} | {subject} | {} | {} | {peers} | [example](../tests/vectors/events/{kind}.json) |",
            kind.since().number(),
            kind.meaning(),
            maker_name(*kind),
            signed_name(kind.signed()),
        )
        .expect("a string takes all");
    }
    page.push_str("\n## The rules a refusal may name\n\n| rule | what it demands |\n|---|---|\n");
    for rule in Rule::ALL {
        writeln!(page, "| {rule} | {} |", rule.title()).expect("a string takes all");
    }
    is_or_becomes("docs/events.md", &page);
}

const HEAD: &str = "# Events\n\n\
    This page is generated from the code by its own test; the examples are events that a log admitted.\n\
    The envelope around `data` is in docs/FORMATS.md. events.schema.json, a JSON Schema generated from\n\
    the types that read an event, has the members of the envelope and of each `data`: what it refuses\n\
    the daemon refuses. The daemon refuses more: days that no month has, another text than a scope in\n\
    `scope`, whatever breaks one of the rules below.\n\n\
    An approval's `data` repeats what its envelope says; what counts is the signature. Events about a\n\
    delivered bundle hold digests and opaque ids only. Policy, directory and roles are founded unsigned\n\
    at the indices 1 to 3; later each takes an `act.proposed` that two people approved.\n\n\
    *Made by* names the roles, one of which the person in `actor` has under rule set 2, valid at that\n\
    entry; an operator only where the event is about no request.\n\n\
    | event | since rule set | what happened | about a request | made by | signed | posted by | |\n|---|---|---|---|---|---|---|---|\n";

/// The roles are the table's that rule set 2 asks.
fn maker_name(kind: EventType) -> String {
    match (kind.maker(), actor_of(kind)) {
        (Maker::Founding, Actor::Daemon) => "`init`".to_owned(),
        (Maker::Daemon, Actor::Daemon) => "the daemon".to_owned(),
        (Maker::Agency, Actor::Signer) => "the agency".to_owned(),
        (Maker::Person, Actor::Signer) => "the person who signed".to_owned(),
        (Maker::ReviewSystem | Maker::Person, Actor::Person(_, roles)) => {
            let names: Vec<_> = roles.iter().map(|role| role.as_str().replace('_', " ")).collect();
            names.join(", ")
        }
        (maker, actor) => panic!("{kind} is made by {maker:?}, its row says {actor:?}"),
    }
}

fn signed_name(signed: Signed) -> &'static str {
    match signed {
        Signed::No => "no",
        Signed::Approval => "one approval (DSSE)",
        Signed::TwoApprovals => "two approvals (DSSE) by two people",
        Signed::Acknowledgement => "SSHSIG, in `data`",
    }
}

fn peer_name(peer: PeerRole) -> &'static str {
    match peer {
        PeerRole::ReviewSystem => "review system",
        PeerRole::Reviewer => "reviewer",
        PeerRole::Operator => "operator",
        PeerRole::Auditor => "auditor",
    }
}

/// Where members stand in a value; what has any name is one place.
fn places(at: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let is_a_name =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            places(&format!("{at}/{}", if is_a_name { name } else { "*" }), member, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| places(&format!("{at}/*"), item, found)),
        _ => drop(found.insert(at.to_owned())),
    }
}

/// Goal: a ledger whose rows an older program wrote derives them again. Method: the form is written
/// down; whoever changes it changes its digest, which the rows bear.
#[test]
fn the_form_of_what_is_kept_is_written_down() {
    let mut found = BTreeSet::new();
    // What no log of the events' page keeps: a directory that gave way, an order that covers less.
    let mut replaced = Log::founded2();
    replaced.activate("directory", &super::log::directory("age1other"));
    let others = [replaced, super::narrowings::narrowed_to_one(), super::mishaps::with_open_records()];
    for log in logs().into_iter().chain(others) {
        places("world", &serde_json::to_value(&log.world).expect("prints"), &mut found);
        for case in log.cases.values() {
            places("case", &serde_json::to_value(case).expect("prints"), &mut found);
        }
    }
    assert!(found.len() > 100, "{} places", found.len());
    let lines: Vec<_> = found.into_iter().collect();
    is_or_becomes("src/practice/case/form.txt", &(lines.join("\n") + "\n"));
}
