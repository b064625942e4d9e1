//! One line of what an entry says, for a timeline.
//!
//! A timeline is read over shoulders and pasted into tickets, so a line holds ids, closed words,
//! numbers, times and the first digits of digests. What people wrote, accounts and documents
//! stay in the entry itself, which has its own route.

use serde_json::{Map, Value};

/// Longest line in characters.
const LINE_CHARS_MAX: usize = 160;
/// Most rows of a list that are spelled out.
const ROWS_MAX: usize = 4;
/// Digits that tell a digest from the others of a request.
const DIGEST_DIGITS: usize = 16;

/// Members whose texts are ids, closed words or times in every event that has them.
const PLAIN: &[&str] = &[
    "agency",
    "agency_claimed",
    "agreement",
    "answer",
    "basis",
    "called_at",
    "category",
    "challenge",
    "channel",
    "class",
    "code",
    "collector",
    "controller",
    "counsel",
    "country",
    "custody",
    "customer",
    "customer_country",
    "deadline",
    "decided_at",
    "deleted_at",
    "disclosure",
    "due_at",
    "effective_from",
    "effective_to",
    "ended_at",
    "entity",
    "exemption",
    "expires_at",
    "figure",
    "filed_at",
    "finding",
    "first_at",
    "flag",
    "from",
    "given_at",
    "ground",
    "hosted_in",
    "incident",
    "instrument",
    "invoice",
    "issued_at",
    "kind",
    "known_at",
    "last_at",
    "letterhead",
    "level",
    "method",
    "nature",
    "notified_at",
    "number_dated",
    "number_source",
    "ordered_at",
    "other",
    "period_from",
    "period_to",
    "person",
    "preserved_until",
    "production",
    "published_at",
    "received_at",
    "relation",
    "relief",
    "report",
    "reported_at",
    "result",
    "review_by",
    "reviewer",
    "ruling",
    "rule",
    "secrecy",
    "segment",
    "sent_at",
    "series",
    "service",
    "source",
    "subject",
    "supersedes",
    "tier",
    "to",
    "until",
    "verified",
];
/// Members that are closed words in these events, and somebody's own words in others.
const PLAIN_IN: &[(&str, &str)] = &[
    ("bundle.destroyed", "reason"),
    ("request.classified", "issuer"),
    ("notice.sent", "recipient"),
    ("rights.escalated", "decision"),
];
/// Lists of closed words or ids.
const LISTS: &[&str] = &["classes", "grounds", "productions", "requests", "searched", "subjects"];
/// Lists of rows, each told by its own plain members.
const ROWS: &[&str] = &["kept", "reasons", "refused", "sources", "withheld"];

/// The line for an event's type and its data.
pub(super) fn says(kind: &str, data: &str) -> String {
    let Ok(Value::Object(members)) = serde_json::from_str(data) else { return String::new() };
    let line = parts(kind, &members).join(", ");
    if line.chars().count() <= LINE_CHARS_MAX {
        return line;
    }
    let mut short: String = line.chars().take(LINE_CHARS_MAX - 1).collect();
    short.push('…');
    short
}

fn parts(kind: &str, members: &Map<String, Value>) -> Vec<String> {
    members.iter().filter_map(|(name, value)| part(kind, name, value)).collect()
}

fn part(kind: &str, name: &str, value: &Value) -> Option<String> {
    let words = name.replace('_', " ");
    match value {
        Value::Bool(_) | Value::Number(_) => Some(format!("{words} {value}")),
        Value::String(text) if PLAIN.contains(&name) || PLAIN_IN.contains(&(kind, name)) => {
            Some(format!("{words} {text}"))
        }
        Value::String(text) => digest(name, text),
        Value::Object(inner) => entry_or_order(&words, inner),
        Value::Array(items) if LISTS.contains(&name) && !items.is_empty() => {
            let texts: Vec<_> = items.iter().filter_map(Value::as_str).take(ROWS_MAX).collect();
            Some(format!("{words} {}{}", texts.join(" "), more(items.len())))
        }
        Value::Array(items) if ROWS.contains(&name) && !items.is_empty() => {
            let rows = items.iter().take(ROWS_MAX).filter_map(Value::as_object);
            let rows: Vec<_> = rows.map(|row| parts(kind, row).join(" ")).collect();
            Some(format!("{words} {}{}", rows.join("; "), more(items.len())))
        }
        Value::Array(items) if !items.is_empty() => Some(format!("{words} {}", items.len())),
        _ => None,
    }
}

fn more(count: usize) -> String {
    count
        .checked_sub(ROWS_MAX)
        .filter(|rest| *rest > 0)
        .map(|rest| format!(" and {rest} more"))
        .unwrap_or_default()
}

/// A digest's first digits; what only looks like one is somebody's text.
fn digest(name: &str, text: &str) -> Option<String> {
    let name = name.strip_suffix("_sha256").or((name == "sha256").then_some("text"))?;
    let is_digest = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let digits = text.get(..DIGEST_DIGITS).filter(|_| is_digest)?;
    Some(format!("{} {digits}…", name.replace('_', " ")))
}

/// A version of the order, or an entry that is pointed to.
fn entry_or_order(words: &str, inner: &Map<String, Value>) -> Option<String> {
    match (inner.get("version"), inner.get("index")) {
        (Some(version @ Value::Number(_)), _) => Some(format!("{words} version {version}")),
        (_, Some(index @ Value::Number(_))) => Some(format!("{words} entry {index}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a line tells what happened and nothing that a person wrote. Method: by hand for the
    //! shape; and every example of the vocabulary with each of its texts replaced by a marker,
    //! where only members that this file lists may show it.

    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_line_has_ids_words_and_times() {
        for (kind, data, expected) in [
            (
                "request.received",
                r#"{"kind":"legal_demand","order":{"version":1,"sha256":"00"},"media_type":"application/pdf","channel":"portal","received_at":"2026-11-01T00:00:00.000Z","agency_claimed":null}"#,
                "channel portal, kind legal_demand, order version 1, received at 2026-11-01T00:00:00.000Z",
            ),
            (
                "request.rejected",
                r#"{"reasons":[{"code":"material_mistake","item":null,"detail":"names Jane"},{"code":"overly_broad","item":1,"detail":null}]}"#,
                "reasons code material_mistake; code overly_broad item 1",
            ),
            (
                "review.completed",
                r#"{"reviewer":"p-rev","scope":"e30=","refused":[{"item":1,"rule":"S-31","reason":"Jane's mail"}]}"#,
                "refused item 1 rule S-31, reviewer p-rev",
            ),
            ("bundle.destroyed", r#"{"reason":"superseded"}"#, "reason superseded"),
            ("figure.declared", r#"{"reason":"Jane asked"}"#, ""),
            ("accounts.profiled", r#"{"accounts":[{"account":"jane@example.org"}]}"#, "accounts 1"),
            (
                "data.filtered",
                r#"{"withheld":[{"rule":"S-09.account","count":3}]}"#,
                "withheld count 3 rule S-09.account",
            ),
            ("x", "no JSON", ""),
        ] {
            assert_eq!(says(kind, data), expected, "{kind}");
        }
        let long = format!(r#"{{"evidence_sha256":"{}","kind":"{}"}}"#, "a".repeat(64), "k".repeat(300));
        let line = says("x", &long);
        assert!(line.starts_with("evidence aaaaaaaaaaaaaaaa…, kind kkk") && line.ends_with('…'), "{line}");
        assert_eq!(line.chars().count(), LINE_CHARS_MAX);
    }

    fn mark(value: &mut Value, name: &str, kind: &str) {
        match value {
            Value::String(text) => {
                let is_listed =
                    PLAIN.contains(&name) || PLAIN_IN.contains(&(kind, name)) || LISTS.contains(&name);
                if !is_listed {
                    "MARKER".clone_into(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| mark(item, name, kind)),
            Value::Object(members) => members.iter_mut().for_each(|(name, value)| mark(value, name, kind)),
            _ => {}
        }
    }

    #[test]
    fn no_other_text_of_any_event_is_shown() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/events");
        let mut events = 0;
        for file in fs::read_dir(dir).expect("the examples") {
            let text = fs::read_to_string(file.expect("a file").path()).expect("text");
            let example: Value = serde_json::from_str(&text).expect("JSON");
            let kind = example["type"].as_str().expect("a type");
            let mut data = example["data"].clone();
            for personal in ["account", "detail", "summary", "statement", "media_type", "docket", "court"] {
                assert!(!PLAIN.contains(&personal), "{personal}");
            }
            mark(&mut data, "", kind);
            let line = says(kind, &data.to_string());
            assert!(!line.contains("MARKER"), "{kind}: {line}");
            assert!(!line.contains('@'), "{kind}: {line}");
            events += 1;
        }
        assert!(events >= 25, "{events}");
    }
}
