//! Goal: what clients match on stays. Method: each code, and one problem of each layer, as the
//! text it is on the wire.

use super::*;
use crate::model::id::EventId;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::tlog::{LeafIndex, TreeSize};

#[test]
fn codes_are_distinct_and_are_errors() {
    let distinct: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(distinct.len(), Code::ALL.len());
    for code in Code::ALL {
        assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        let is_word = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(code.as_str().chars().all(is_word), "{code:?}");
    }
}

#[track_caller]
fn check(problem: impl Into<Problem>, expected: &str) {
    let document = problem.into().document();
    assert_eq!(serde_json::to_string(&document).expect("prints"), expected);
}

#[test]
fn refusals_keep_rule_place_and_cure() {
    let refusal = Refusal {
        rule: Rule::S31,
        pointer: "/data/scope".to_owned(),
        reason: "item 1 is content".to_owned(),
        cure: "refuse the item",
        kind: Kind::Invalid,
    };
    check(
        refusal.clone(),
        r#"{"type":"urn:probity:problem:refused","title":"a rule of the practice says no","status":422,"detail":"item 1 is content","rule":"S-31","pointer":"/data/scope","cure":"refuse the item"}"#,
    );
    for (kind, status) in
        [(Kind::Malformed, 400), (Kind::Forbidden, 403), (Kind::Conflict, 409), (Kind::Invalid, 422)]
    {
        let problem = Problem::from(Refusal { kind, pointer: String::new(), ..refusal.clone() });
        assert_eq!((problem.status(), problem.0.pointer.clone()), (status, None));
    }
}

#[test]
fn each_layer_has_its_words() {
    check(
        Problem::unknown_peer(),
        r#"{"type":"urn:probity:problem:unknown-peer","title":"this account may not use the socket","status":403,"detail":"this account is not among the peers of this daemon"}"#,
    );
    check(
        ReadError::NoEntry { index: LeafIndex::new(9), size: TreeSize::new(4) },
        r#"{"type":"urn:probity:problem:not-found","title":"there is no such thing","status":404,"detail":"there is no entry 9; the log has 4","cure":"GET /v1/checkpoint says how far the log reaches"}"#,
    );
    check(
        SubmitError::IdReused { id: EventId::new("E-1").expect("an id"), index: LeafIndex::new(7) },
        r#"{"type":"urn:probity:problem:id-reused","title":"the id names another event","status":409,"detail":"the id E-1 was used for another event at index 7","pointer":"/id","cure":"an id names one event for ever; choose a new one"}"#,
    );
    check(
        DraftError::Envelope { place: 2 },
        r#"{"type":"urn:probity:problem:malformed","title":"not what this route takes","status":400,"detail":"envelope 2 is not base64","pointer":"/envelopes/2","cure":"docs/events.md lists every event with its members"}"#,
    );
}

#[test]
fn causes_are_for_the_log_alone() {
    let cause = std::io::Error::other("the disk on fire at /var/lib");
    let problem = Problem::internal(cause);
    assert_eq!(problem.cause().map(Cause::chain).as_deref(), Some("the disk on fire at /var/lib"));
    let document = serde_json::to_string(&problem.document()).expect("prints");
    assert!(!document.contains("fire"), "{document}");
    assert_eq!(
        problem.into_response().extensions().get::<Cause>().map(Cause::chain).as_deref(),
        Some("the disk on fire at /var/lib")
    );
}

#[test]
fn only_a_wait_that_helps_is_asked_for() {
    let retry =
        |error: SubmitError| Problem::from(error).into_response().headers().get(header::RETRY_AFTER).cloned();
    let seconds = retry(SubmitError::Busy { retry_after_s: 1 }).expect("there");
    let seconds: u64 = seconds.to_str().expect("ASCII").parse().expect("a number");
    assert!((1..=JITTER_S).contains(&seconds), "{seconds}");
    assert_eq!(retry(SubmitError::Poisoned), None);
}
