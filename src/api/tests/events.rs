//! Posting: what is recorded, what is refused and how, one by one and as a stream.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::harness::*;
use crate::api::Drained;
use crate::ledger::LedgerConfig;
use crate::model::opening::{self, Opening};
use crate::practice::vocabulary::PeerRole;
use crate::store::Fault;

/// The receipt and opening prove what was posted.
fn assert_proved(recorded: &Value, posted: &Value) {
    let receipt = recorded["receipt"].as_str().expect("text");
    let receipt = opening::verify_receipt(receipt.as_bytes(), &[vkey()]).expect("verifies");
    assert_eq!(recorded["index"], receipt.index().get());
    let opened = Opening::parse(recorded["opening"].to_string().as_bytes()).expect("an opening");
    let opened = opening::check(&receipt, &opened).expect("opens the entry");
    let event: Value = serde_json::from_slice(&opened.event().to_bytes()).expect("JSON");
    for member in ["id", "type", "request", "actor", "data"] {
        assert_eq!(event[member], posted[member], "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_recorded_once_and_proved() {
    let daemon = Daemon::start(Setup::default());
    let first = daemon.post(&received(1)).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let recorded = first.json();
    assert_proved(&recorded, &received(1));
    assert_eq!(
        (&recorded["id"], &recorded["status"], &recorded["repeated"]),
        (&json!("E-1"), &json!(201), &json!(false))
    );
    assert!(first.header("x-request-id").is_some());

    let again = daemon.post(&received(1)).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["repeated"], true);
    for member in ["id", "index", "receipt", "opening"] {
        assert_eq!(again.json()[member], recorded[member], "{member}");
    }
    let mut other = received(2);
    other["id"] = json!("E-1");
    let problem = daemon.post(&other).await.assert_problem(409, "id-reused");
    assert_eq!(problem["pointer"], "/id");
    assert_eq!(daemon.size(), FOUNDING + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_status_code_and_place() {
    let daemon = Daemon::start(Setup::default());
    let good = received(1);
    let with = |member: &str, value: Value| {
        let mut event = good.clone();
        event[member] = value;
        event.to_string()
    };
    let twice = good.to_string().replacen('{', r#"{"v":1,"#, 1);
    let data_twice = good.to_string().replace(r#""kind":"#, r#""kind":"x","kind":"#);
    let mut wrong_data = good.clone();
    wrong_data["data"]["received_at"] = json!("yesterday at Jane's");
    let cases: &[(String, u16, &str, Option<&str>)] = &[
        (String::new(), 400, "malformed", None),
        ("{".to_owned(), 400, "malformed", None),
        (format!("{good}{good}"), 400, "malformed", None),
        (twice, 400, "malformed", Some("/v")),
        (data_twice, 400, "malformed", Some("/data/kind")),
        (with("extra", json!(1)), 400, "malformed", None),
        (with("v", json!(2)), 400, "malformed", Some("/v")),
        (with("v", json!("1")), 400, "malformed", Some("/v")),
        (with("id", json!("no spaces")), 400, "malformed", Some("/id")),
        (with("type", json!("request.invented")), 400, "malformed", Some("/type")),
        (with("actor", json!("no spaces")), 400, "malformed", Some("/actor")),
        (with("policy", json!("sha1:00")), 400, "malformed", Some("/policy")),
        (with("envelopes", json!(["=="])), 400, "malformed", Some("/envelopes/0")),
        (wrong_data.to_string(), 400, "malformed", None),
        (withdrawn(7).to_string(), 409, "conflict", None),
        (with("type", json!("access.read")), 403, "forbidden", Some("/type")),
        (with("type", json!("bundle.released")), 403, "forbidden", Some("/type")),
        // White space around a document is no fault.
        (format!("{good} "), 201, "", None),
    ];
    for (body, status, code, pointer) in cases {
        let body = body.clone().into_bytes();
        let answer = daemon.ask("POST", "/v1/events", Some("application/json"), body.clone()).await;
        if *status < 400 {
            assert_eq!(answer.status, *status, "{}", answer.text());
            continue;
        }
        assert_eq!(answer.status, *status, "{} for {}", answer.text(), String::from_utf8_lossy(&body));
        let problem = answer.assert_problem(*status, code);
        if pointer.is_some() {
            assert_eq!(problem["pointer"].as_str(), *pointer, "{problem}");
        }
        assert!(problem["cure"].is_string(), "{problem}");
        assert!(!answer.text().contains("Jane"), "what people wrote is not repeated: {problem}");
    }
    // What was refused left nothing but the note of who asked for the daemon's own events.
    assert_eq!(daemon.types(), ["access.denied", "request.received"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn media_types_and_lengths_are_bounded() {
    let mut setup = Setup::default();
    setup.limits.event_bytes = 2_000;
    let daemon = Daemon::start(setup);
    for media_type in
        [None, Some("text/plain"), Some("application/jsonp"), Some("application/x-www-form-urlencoded")]
    {
        let answer = daemon.ask("POST", "/v1/events", media_type, received(1).to_string().into_bytes()).await;
        answer.assert_problem(415, "media-type");
    }
    let with_parameter = Some("Application/JSON; charset=utf-8");
    let answer = daemon.ask("POST", "/v1/events", with_parameter, received(1).to_string().into_bytes()).await;
    assert_eq!(answer.status, 201);

    let mut long = received(2);
    long["actor"] = json!("a".repeat(2_000));
    daemon.post(&long).await.assert_problem(413, "too-long");
    let head = "POST /v1/events HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\n";
    // Announced only: refused without a byte of it, and without `100 Continue`.
    let answer =
        daemon.raw(format!("{head}content-length: 2001\r\nexpect: 100-continue\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // Not announced.
    let chunked =
        format!("{head}transfer-encoding: chunked\r\n\r\n7d1\r\n{}\r\n0\r\n\r\n", "a".repeat(2_001));
    let answer = daemon.raw(chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(daemon.size(), FOUNDING + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lines_share_syncs_and_keep_their_order() {
    let daemon = Daemon::start(Setup::default());
    let mut lines: Vec<_> =
        (0..500).flat_map(|n| [received(n).to_string(), withdrawn(n).to_string()]).collect();
    lines.insert(500, "not JSON".to_owned());
    lines.insert(501, withdrawn(9_999).to_string());
    let before = daemon.syncs();
    let answer =
        daemon.ask("POST", "/v1/events", Some("application/x-ndjson"), lines.join("\n").into_bytes()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let mut answers = answer.lines();
    assert_eq!(answers.len(), 1_002);
    let refused = answers.remove(501);
    assert_eq!((&refused["id"], &refused["status"]), (&json!("W-9999"), &json!(409)), "{refused}");
    let malformed = answers.remove(500);
    assert_eq!((&malformed["id"], &malformed["status"]), (&Value::Null, &json!(400)), "{malformed}");
    assert_eq!(malformed["problem"]["type"], "urn:probity:problem:malformed");
    for (place, answer) in answers.iter().enumerate() {
        // The second of each pair needs the first: the order of lines is the order of entries.
        let id = format!("{}-{}", if place % 2 == 0 { "E" } else { "W" }, place / 2);
        assert_eq!(answer["id"], id, "{answer}");
        assert_eq!(answer["index"], FOUNDING + u64::try_from(place).expect("small"));
    }
    assert_proved(&answers[0], &received(0));
    assert_proved(&answers[999], &withdrawn(499));
    let syncs = daemon.syncs() - before;
    assert!(syncs < 200, "1,000 lines took {syncs} syncs");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_lines_are_one_batch() {
    let daemon = Daemon::start(Setup::default());
    let before = daemon.syncs();
    let closed = daemon.hold();
    let lines: Vec<_> = (0..50).map(|n| received(n).to_string() + "\n").collect();
    let posting = daemon.ask("POST", "/v1/events", Some("application/x-ndjson"), lines.concat().into_bytes());
    let release = async {
        // All lines are read and queued long before this; none can be answered before it.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        drop(closed);
    };
    let (answer, ()) = tokio::join!(posting, release);
    assert_eq!(answer.lines().len(), 50);
    assert!(daemon.syncs() - before <= 2, "one batch, or one and the rest");
}

/// The ids answered in a raw response, in order.
fn answered(raw: &str) -> Vec<String> {
    let lines = raw.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON")["id"].to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_stream_ends_after_its_last_complete_line() {
    let daemon = Daemon::start(Setup::default());
    let head = "POST /v1/events HTTP/1.1\r\nhost: p\r\ncontent-type: application/x-ndjson\r\n";
    let (first, second, third) = (received(1), received(2), received(3));
    let body = format!("{first}\n{second}\n{third}");
    // The client dies within the third line: the length it promised does not come.
    let raw = format!("{head}content-length: {}\r\n\r\n{body}", body.len() + 100);
    assert_eq!(answered(&daemon.raw(raw.as_bytes()).await), [r#""E-1""#, r#""E-2""#]);
    assert_eq!(daemon.types(), ["request.received", "request.received"]);
    // The same as chunks, without the last one.
    let raw = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len());
    assert_eq!(answered(&daemon.raw(raw.as_bytes()).await), [r#""E-1""#, r#""E-2""#]);
    assert_eq!(daemon.size(), FOUNDING + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_over_the_bound_ends_the_stream_after_the_last_complete_one() {
    let mut setup = Setup::default();
    setup.limits.event_bytes = 1_000;
    let daemon = Daemon::start(setup);
    let body = format!("{}\n{}\n{}\n{}\n", received(1), received(2), "x".repeat(1_001), received(3));
    let answer = daemon.ask("POST", "/v1/events", Some("application/x-ndjson"), body.into_bytes()).await;
    let ids: Vec<_> = answer.lines().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, ["E-1", "E-2"]);
    assert_eq!(daemon.size(), FOUNDING + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_when_to_come_back() {
    let ledger = LedgerConfig { queue_bytes_max: 100, retry_after_s: 3, ..LedgerConfig::default() };
    let daemon = Daemon::start(Setup { ledger, ..Setup::default() });
    let answer = daemon.post(&received(1)).await;
    answer.assert_problem(503, "busy");
    let after: u64 = answer.header("retry-after").expect("there").parse().expect("seconds");
    assert!((3..10).contains(&after), "{after}");
    let line = received(1).to_string().into_bytes();
    let answer = daemon.ask("POST", "/v1/events", Some("application/x-ndjson"), line).await;
    assert_eq!(answer.lines()[0]["status"], 503);
    assert_eq!(daemon.size(), FOUNDING);
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_doubt_is_said_and_nothing_is_to_be_retried() {
    let daemon = Daemon::start(Setup::default());
    assert_eq!(daemon.get("/readyz").await.status, 200);
    daemon.store.plan([Some(Fault::Persisted)]);
    let answer = daemon.post(&received(1)).await;
    answer.assert_problem(503, "storage-doubt");
    assert_eq!(answer.header("retry-after"), None, "a restart is the only way back");
    daemon.get("/readyz").await.assert_problem(503, "storage-doubt");
    daemon.get("/v1/checkpoint").await.assert_problem(503, "storage-doubt");
    assert_eq!(daemon.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_cancels_nothing() {
    let daemon = Daemon::start(Setup::default());
    let closed = daemon.hold();
    let body = received(1).to_string();
    let head = "POST /v1/events HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\n";
    let mut stream = daemon.connect().await;
    stream
        .write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
        .await
        .expect("sent");
    // Long enough to be read; the answer cannot come before the gate opens.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    drop(stream);
    drop(closed);
    let answer = daemon.post(&received(1)).await;
    assert_eq!((answer.status, &answer.json()["repeated"]), (200, &json!(true)), "it was recorded");
    assert_eq!(daemon.stop().await.0, Drained::Fully);
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_wants_a_role() {
    let daemon = Daemon::start(Setup::of_role(PeerRole::Auditor));
    for _ in 0..3 {
        daemon.post(&received(1)).await.assert_problem(403, "forbidden");
    }
    let denied = daemon.data(FOUNDING);
    assert_eq!((&denied["verb"], &denied["count"]), (&json!("POST /v1/events"), &json!(1)));
    let (drained, store) = daemon.stop().await;
    assert_eq!(drained, Drained::Fully);
    let entries = crate::store::View::scan(&store, crate::store::Family::Entries, &[]).count();
    assert_eq!(entries, 6, "the founding, the first refusal, and at the end the count of the others");
    // An operator may post, but not what the review system makes.
    let daemon = Daemon::start(Setup::of_role(PeerRole::Operator));
    let problem = daemon.post(&received(1)).await.assert_problem(403, "forbidden");
    assert_eq!(problem["pointer"], "/type");
    assert_eq!(daemon.types(), ["access.denied"]);
}
