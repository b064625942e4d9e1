//! Goal: every bound holds where it is said to be: the last value within is admitted, the first one
//! beyond it is refused by its rule at its member, and so is the one after that.
//! Method: of the logs that together hold every event, the first entry of a type that has the member
//! gets it changed, and is judged by the replay as it stood before that entry. Instants are given
//! from the entry's own time.

use serde_json::{Value, json};

use super::mutations::{self, Entry, index};
use crate::model::event::Event;
use crate::model::time::Timestamp;
use crate::practice::{Finding, Replay, Rule};

const DAY_MS: i64 = 86_400_000;
/// When the demands of the examples came.
const RECEIVED: &str = "2026-11-18T00:00:00.000Z";
/// When their challenges were filed, and customers written to.
const SENT: &str = "2026-11-18T01:00:00.000Z";

/// What a member becomes.
#[derive(Clone, Copy)]
enum To {
    /// A text of so many bytes.
    Text(usize),
    /// A media type of so many bytes.
    MediaType(usize),
    /// Its first item so many times.
    List(usize),
    /// A text so many times.
    Words(&'static str, usize),
    /// So many codes, each another.
    Codes(usize),
    /// So many milliseconds after the entry.
    Now(i64),
    /// So many milliseconds after an instant.
    After(&'static str, i64),
}
use To::{After, Codes, List, MediaType, Now, Text, Words};

impl To {
    fn value(self, was: &Value, now: Timestamp) -> Value {
        match self {
            Self::Text(bytes) => json!("x".repeat(bytes)),
            Self::MediaType(bytes) => json!(format!("text/{}", "x".repeat(bytes.saturating_sub(5)))),
            Self::List(count) => json!(vec![was.get(0).expect("it has an item"); count]),
            Self::Words(word, count) => json!(vec![word; count]),
            Self::Codes(count) => json!((0..count).map(|nth| format!("ground_{nth}")).collect::<Vec<_>>()),
            Self::Now(ms) => json!(now.saturating_add_ms(ms)),
            Self::After(instant, ms) => {
                json!(Timestamp::parse(instant).expect("an instant").saturating_add_ms(ms))
            }
        }
    }
}

/// Type, member, how it grows, fewest, most, whose rule.
type Sizes = (&'static str, &'static str, fn(usize) -> To, Option<usize>, usize, Rule);

/// The logs that hold every event, and the replay before each entry.
struct Logs(Vec<(Vec<Entry>, Vec<Replay>)>);

impl Logs {
    /// What the replay says of the first entry of the type that has the member, with it changed.
    fn probe(&self, type_: &str, member: &str, to: To) -> Vec<Finding> {
        for (entries, states) in &self.0 {
            for (at, (time, leaf, event)) in
                entries.iter().enumerate().filter(|(_, row)| row.2.type_ == type_)
            {
                let mut data: Value = serde_json::from_str(event.data.get()).expect("JSON");
                let Some(place) = data.pointer_mut(member) else { continue };
                *place = to.value(place, *time);
                let data = serde_json::value::to_raw_value(&data).expect("JSON");
                let changed = Event { data, ..event.clone() };
                return states[at].clone().feed(index(at), *time, *leaf, Some(&changed));
            }
        }
        panic!("no example of {type_} has {member}");
    }

    fn is_within(&self, type_: &str, member: &str, to: To) {
        assert_eq!(self.probe(type_, member, to), [], "{type_}{member}");
    }

    fn is_beyond(&self, type_: &str, member: &str, to: To, rule: Rule) {
        let findings = self.probe(type_, member, to);
        let [found] = findings.as_slice() else { panic!("{type_}{member}: one finding, {findings:?}") };
        assert_eq!(found.rule, rule, "{type_}{member}: {found:?}");
        assert!(format!("/data{member}").starts_with(&found.pointer), "{type_}{member}: {found:?}");
    }
}

#[test]
fn texts_and_lists_are_as_long_as_they_may_be() {
    let subjects: fn(usize) -> To = |count| Words("journalist", count);
    let rows: &[Sizes] = &[
        ("challenge.filed", "/court", Text, Some(1), 512, Rule::S23),
        ("challenge.filed", "/docket", Text, Some(1), 512, Rule::S23),
        ("legality.reviewed", "/law", List, Some(1), 64, Rule::S32),
        ("legality.reviewed", "/procedure", List, Some(1), 64, Rule::S32),
        ("legality.reviewed", "/law/0/cite", Text, Some(1), 4096, Rule::S32),
        ("rights.screened", "/subjects", subjects, None, 16, Rule::S34),
        ("secrecy.recorded", "/grounds", Codes, None, 64, Rule::S68),
        ("ncmec.reported", "/cybertip", Text, Some(1), 4096, Rule::S36),
        ("request.authenticated", "/evidence", List, Some(1), 64, Rule::F06),
        ("request.rejected", "/reasons", List, Some(1), 64, Rule::I20),
        ("request.rejected", "/reasons/0/detail", Text, None, 4096, Rule::F06),
        ("request.received", "/media_type", MediaType, None, 255, Rule::S24),
        ("request.classified", "/identifiers/0/value", Text, Some(1), 320, Rule::S06),
        ("data.received", "/sources", List, Some(1), 4096, Rule::F06),
        ("review.completed", "/legality/law", List, Some(1), 64, Rule::S32),
        ("review.completed", "/refused/0/reason", Text, Some(1), 4096, Rule::S09),
        ("act.proposed", "/reason", Text, Some(1), 4096, Rule::F06),
    ];
    let logs = Logs(mutations::logs());
    for (type_, member, of, fewest, most, rule) in rows {
        for within in fewest.iter().copied().chain([*most]) {
            logs.is_within(type_, member, of(within));
        }
        for beyond in [most + 1, most + 2].into_iter().chain(fewest.map(|fewest| fewest - 1)) {
            logs.is_beyond(type_, member, of(beyond), *rule);
        }
    }
    // As many rules as there may be would not add up to the records.
    for beyond in [4097, 4098] {
        logs.is_beyond("data.filtered", "/withheld", List(beyond), Rule::F06);
    }
}

#[test]
fn instants_end_where_they_are_said_to() {
    let rows: &[(&str, &str, To, To, Rule)] = &[
        ("challenge.filed", "/filed_at", Now(0), Now(1), Rule::S30),
        ("challenge.filed", "/filed_at", After(RECEIVED, 0), After(RECEIVED, -1), Rule::S30),
        ("challenge.decided", "/decided_at", Now(0), Now(1), Rule::S30),
        ("legality.reviewed", "/law/0/version", Now(0), Now(1), Rule::I54),
        ("notice.sent", "/sent_at", Now(0), Now(1), Rule::S53),
        ("redirect.attempted", "/sent_at", Now(0), Now(1), Rule::S28),
        ("redirect.attempted", "/sent_at", After(RECEIVED, 0), After(RECEIVED, -1), Rule::S28),
        ("callback.made", "/called_at", Now(0), Now(1), Rule::I30),
        ("consent.recorded", "/given_at", Now(0), Now(1), Rule::S101),
        ("consent.recorded", "/expires_at", Now(1), Now(0), Rule::S101),
        ("secrecy.vacated", "/ended_at", Now(0), Now(1), Rule::S72),
        ("secrecy.extended", "/ordered_at", Now(0), Now(1), Rule::I28),
        ("ncmec.expired", "/deleted_at", Now(0), Now(1), Rule::I38),
        ("ncmec.reported", "/preserved_until", Now(365 * DAY_MS), Now(365 * DAY_MS - 1), Rule::I38),
        ("challenge.decided", "/decided_at", After(SENT, 0), After(SENT, -1), Rule::S30),
        ("redirect.accepted", "/received_at", Now(0), Now(1), Rule::S28),
        ("redirect.accepted", "/received_at", After(SENT, 0), After(SENT, -1), Rule::S28),
        ("notice.withheld", "/review_by", Now(90 * DAY_MS), Now(90 * DAY_MS + 1), Rule::I26),
        ("notice.withheld", "/review_by", Now(1), Now(0), Rule::I26),
        ("preserve.started", "/until", Now(90 * DAY_MS), Now(90 * DAY_MS + 1), Rule::I40),
        ("preserve.started", "/until", Now(1), Now(0), Rule::I40),
        ("security.recorded", "/effective_to", Now(1), Now(0), Rule::S111),
    ];
    let logs = Logs(mutations::logs());
    for (type_, member, within, beyond, rule) in rows {
        logs.is_within(type_, member, *within);
        logs.is_beyond(type_, member, *beyond, *rule);
    }
}

/// The first entry of the type, judged by what it has to wait for: at that instant, and just before.
fn waits_until(logs: &Logs, type_: &str, instant: impl Fn(&Value, &Replay) -> Timestamp, rule: Rule) {
    let is_it = |row: &Entry| row.2.type_ == type_;
    let (entries, states) = logs.0.iter().find(|(entries, _)| entries.iter().any(is_it)).expect("an example");
    let at = entries.iter().position(is_it).expect("it has one");
    let (_, leaf, event) = &entries[at];
    let end = instant(&serde_json::from_str(event.data.get()).expect("JSON"), &states[at]);
    let judged = |time| states[at].clone().feed(index(at), time, *leaf, Some(event));
    assert_eq!(judged(end), [], "{type_}");
    let early: Vec<_> = judged(end.saturating_add_ms(-1)).into_iter().map(|found| found.rule).collect();
    assert_eq!(early, [rule], "{type_}");
}

#[test]
fn what_lapses_lapses_at_the_instant_and_not_before() {
    let logs = Logs(mutations::logs());
    let due = |data: &Value, _: &Replay| serde_json::from_value(data["due_at"].clone()).expect("an instant");
    waits_until(&logs, "deadline.passed", due, Rule::I57);
}
