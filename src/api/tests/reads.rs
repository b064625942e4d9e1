//! Reading: what is shown, to whom, and the note of it in the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::harness::*;
use crate::api::Drained;
use crate::model::digest::Digest;
use crate::model::opening::{self, Opening};
use crate::practice::vocabulary::PeerRole;
use crate::store::{Family, View};
use crate::tlog::{SignedCheckpoint, leaf_hash};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_shown_after_the_look_is_in_the_log() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    daemon.post(&withdrawn(1)).await;
    let answer = daemon.get("/v1/requests/R-1").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let case = answer.json();
    assert_eq!(
        (&case["id"], &case["state"], &case["kind"]),
        (&json!("R-1"), &json!("withdrawn"), &json!("legal_demand"))
    );
    assert_eq!(case["order"]["version"], 1);
    assert_eq!(
        (&case["review"], &case["scope_ordered"], &case["sign"]),
        (&json!(null), &json!(null), &json!([]))
    );
    let types: Vec<_> =
        case["timeline"].as_array().expect("a list").iter().map(|entry| &entry["type"]).collect();
    assert_eq!(types, ["request.received", "request.withdrawn"]);
    assert_eq!(case["timeline"][1]["index"], FOUNDING + 1);
    let says = case["timeline"][0]["says"].as_str().expect("a line");
    assert!(says.starts_with("channel portal, kind legal_demand, order version 1"), "{says}");
    assert_eq!(
        (&case["next"], &case["deadlines"], &case["rejected_for"]),
        (&json!([]), &json!([]), &json!([]))
    );

    assert_eq!(daemon.types()[2..], ["access.read"]);
    let look = daemon.data(FOUNDING + 2);
    assert_eq!((&look["subject"], &look["count"]), (&json!("R-1"), &json!(1)));
    assert_eq!(look["peer_uid"], rustix::process::getuid().as_raw());
    for _ in 0..3 {
        daemon.get("/v1/requests/R-1").await;
    }
    daemon.get(&format!("/v1/entries/{FOUNDING}")).await;
    assert_eq!(daemon.types().len(), 3, "later looks are counted");
    daemon.get("/v1/requests/R-2").await.assert_problem(404, "not-found");
    daemon.get("/v1/requests/no%20id").await.assert_problem(400, "malformed");
    assert_eq!(daemon.types().len(), 3, "what is not there was not seen");

    let (drained, store) = daemon.stop().await;
    assert_eq!(drained, Drained::Fully);
    assert_eq!(store.scan(Family::Entries, &[]).count(), 8, "the four later looks, in one entry at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_waits_for_two_people_can_be_signed() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    let act = json!({"source": "mail-1", "item_sha256": Digest::of(b"item").to_string(), "reason": "a book"});
    let text = format!("{{\"type\":\"scan.cleared\",\"data\":{act}}}");
    let sha256 = Digest::of(text.as_bytes()).to_string();
    let proposed = daemon
        .post(&json!({
            "v": 1, "id": "A-1", "type": "act.proposed", "request": "R-1", "actor": "p-reviewer-1",
            "data": {"kind": "scan.clear", "text": text, "sha256": sha256, "reason": "as discussed"},
        }))
        .await;
    assert_eq!(proposed.status, 201, "{}", proposed.text());
    let case = daemon.get("/v1/requests/R-1").await.json();
    let entry = daemon.get(&format!("/v1/entries/{}", FOUNDING + 1)).await.json();
    let context = json!({"index": FOUNDING + 1, "leaf": entry["leaf"]});
    let waits = &case["acts"][0];
    assert_eq!((&waits["index"], &waits["leaf"]), (&context["index"], &context["leaf"]));
    assert_eq!((&waits["kind"], &waits["sha256"]), (&json!("scan.clear"), &json!(sha256)));
    assert_eq!((&waits["proposer"], &waits["approvals"]), (&json!("p-reviewer-1"), &json!([])));
    let policy = entry["event"]["policy"].clone();
    let template = json!({
        "v": 1, "origin": "log.example/test", "request": "R-1", "kind": "scan.clear", "decision": "approve",
        "order": null, "scope_sha256": null, "recipients": [], "policy": policy, "context": context,
    });
    assert_eq!(case["sign"], json!([template]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_when_the_look_cannot_be_recorded() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    daemon.store.plan([Some(crate::store::Fault::Lost)]);
    let answer = daemon.get("/v1/requests/R-1").await;
    answer.assert_problem(503, "storage-doubt");
    assert!(!answer.text().contains("legal_demand"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_runs_full_stops_entries_and_not_reads() {
    let mut setup = Setup::default();
    setup.ledger.low_water_bytes = 1 << 20;
    let free = Arc::clone(&setup.free);
    let daemon = Daemon::start(setup);
    daemon.post(&received(1)).await;
    free.store(0, Ordering::SeqCst);
    let problem = daemon.post(&received(2)).await.assert_problem(507, "disk-low");
    assert!(problem["cure"].as_str().is_some_and(|cure| cure.contains("make room")), "{problem}");
    assert_eq!(daemon.get("/v1/requests/R-1").await.status, 200);
    assert_eq!(daemon.get("/readyz").await.status, 200);
    assert_eq!(daemon.types(), ["request.received"], "the look is only counted");
    free.store(1 << 20, Ordering::SeqCst);
    assert_eq!(daemon.post(&received(2)).await.status, 201);
    let (_, store) = daemon.stop().await;
    let entries = u64::try_from(store.scan(Family::Entries, &[]).count()).expect("few");
    assert_eq!(entries, FOUNDING + 3, "and recorded afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_come_with_their_proofs() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    let answer = daemon.get(&format!("/v1/entries/{FOUNDING}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let entry = answer.json();
    let receipt = entry["receipt"].as_str().expect("text");
    let receipt = opening::verify_receipt(receipt.as_bytes(), &[vkey()]).expect("verifies");
    assert_eq!(entry["leaf"], leaf_hash(receipt.entry()).to_string());
    let opened = Opening::parse(entry["opening"].to_string().as_bytes()).expect("an opening");
    opening::check(&receipt, &opened).expect("opens");
    assert_eq!(entry["event"]["id"], "E-1");
    daemon.get("/v1/entries/99").await.assert_problem(404, "not-found");
    daemon.get("/v1/entries/-1").await.assert_problem(400, "malformed");

    let before = daemon.size();
    let receipt = daemon.get("/v1/receipts/0").await;
    assert_eq!(receipt.header("content-type"), Some("text/plain; charset=utf-8"));
    opening::verify_receipt(&receipt.body, &[vkey()]).expect("verifies");
    let checkpoint = daemon.get("/v1/checkpoint").await;
    let checkpoint = SignedCheckpoint::open(&checkpoint.body, &[vkey()]).expect("signed");
    assert_eq!(checkpoint.size().get(), before, "neither is a look at sealed material");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page() {
    let daemon = Daemon::start(Setup::default());
    for n in 0..5 {
        daemon.post(&received(n)).await;
    }
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = daemon.get(&format!("/v1/requests?limit=2{after}")).await.json();
        let rows = page["requests"].as_array().expect("a list").clone();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row["id"].as_str().expect("text").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["R-0", "R-1", "R-2", "R-3", "R-4"]);
    let row = &daemon.get("/v1/requests?limit=1").await.json()["requests"][0];
    assert_eq!(
        (&row["state"], &row["kind"], &row["index"]),
        (&json!("received"), &json!("legal_demand"), &json!(FOUNDING))
    );
    for query in ["limit=0", "limit=501", "limit=x", "other=1", "limit=1&limit=2", "after=a%20b"] {
        daemon.get(&format!("/v1/requests?{query}")).await.assert_problem(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_waits_for_news_and_no_longer() {
    let mut setup = Setup::default();
    setup.limits.poll_seconds = 1;
    let daemon = Daemon::start(setup);
    let page = daemon.get("/v1/feed?limit=3").await.json();
    assert_eq!(page["entries"].as_array().expect("a list").len(), 3);
    assert_eq!((&page["next"], &page["size"]), (&json!(2), &json!(FOUNDING)));
    assert_eq!(page["entries"][0]["type"], "log.created");

    // Asked for an hour, given what the configuration allows.
    let began = Instant::now();
    let page = daemon.get("/v1/feed?after=3&wait=3600").await.json();
    assert_eq!((&page["entries"], &page["next"]), (&json!([]), &json!(3)));
    assert!(began.elapsed() >= Duration::from_secs(1));

    let waiting = daemon.get("/v1/feed?after=3&wait=3600");
    let posting = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        daemon.post(&received(1)).await
    };
    let (page, posted) = tokio::join!(waiting, posting);
    assert_eq!(posted.status, 201);
    assert_eq!(page.json()["entries"][0]["request"], "R-1");
    assert_eq!(
        daemon.types(),
        ["request.received", "access.read"],
        "the feed of an idle log leaves no trace"
    );
    for query in ["after=-1", "wait=x", "since=1"] {
        daemon.get(&format!("/v1/feed?{query}")).await.assert_problem(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_are_those_of_the_tree() {
    let daemon = Daemon::start(Setup::default());
    let hashes = daemon.get("/tile/0/000.p/4").await;
    assert_eq!(hashes.header("content-type"), Some("application/octet-stream"));
    let entries = daemon.get("/tile/entries/000.p/4").await;
    let mut rest = entries.body.as_slice();
    let mut expected = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        expected.extend_from_slice(leaf_hash(entry).as_bytes());
        rest = after;
    }
    assert_eq!(hashes.body, expected);
    assert_eq!(daemon.get("/tile/0/000.p/2").await.body, expected[..64], "as it once was");
    for path in
        ["0/000", "0/000.p/5", "1/000", "0/x000/000", "64/000", "entries/000", "0/000.p/0", "etc/passwd"]
    {
        daemon.get(&format!("/tile/{path}")).await.assert_problem(404, "not-found");
    }
    assert_eq!(daemon.size(), FOUNDING, "hashes are no sealed material");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_uid_gets_one_answer_to_everything() {
    let daemon = Daemon::start(Setup { roles: None, ..Setup::default() });
    let first = daemon.get("/healthz").await;
    first.assert_problem(403, "unknown-peer");
    let asked = [
        ("GET", "/v1/requests/R-1"),
        ("GET", "/v1/requests/R-2"),
        ("GET", "/v1/checkpoint"),
        ("GET", "/tile/0/000"),
        ("GET", "/nothing/here"),
        ("POST", "/v1/events"),
        ("DELETE", "/v1/events"),
        ("JANE.DOE", "/jane.doe"),
    ];
    for (method, path) in asked {
        let answer =
            daemon.ask(method, path, Some("application/json"), received(1).to_string().into_bytes()).await;
        assert_eq!((answer.status, &answer.body), (403, &first.body), "{method} {path}");
    }
    let verbs: Vec<_> = (FOUNDING..daemon.size()).map(|index| daemon.data(index)["verb"].clone()).collect();
    let expected = [
        "GET /healthz",
        "GET /v1/requests/{id}",
        "GET /v1/checkpoint",
        "GET /tile/{*path}",
        "GET (no route)",
        "POST /v1/events",
        "OTHER /v1/events",
        "OTHER (no route)",
    ];
    assert_eq!(verbs, expected, "templates, once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_methods_that_are_not_there() {
    let daemon = Daemon::start(Setup::of_role(PeerRole::Auditor));
    daemon.get("/").await.assert_problem(404, "not-found");
    daemon.get("/v1/events").await.assert_problem(405, "method-not-allowed");
    daemon.ask("DELETE", "/v1/requests", None, Vec::new()).await.assert_problem(405, "method-not-allowed");
}
