//! Whoever may not know learns nothing: not from the answer, not from its code, and not from how
//! long a look-up took, because there is none (S-01; case 18).

use std::collections::BTreeSet;

use serde_json::json;

use super::harness::*;
use crate::ledger::Texts;
use crate::practice::vocabulary::PeerRole;
use crate::store::{Family, MemoryStore};

/// Where something about a request could be looked up.
const OF_REQUESTS: [Family; 4] = [Family::Cases, Family::Entries, Family::Payloads, Family::Keys];

fn lookups(store: &MemoryStore) -> [u64; 4] {
    OF_REQUESTS.map(|family| store.reads(family))
}

/// One thing that is there, and one that is not, on every route that names a thing.
const ASKED: [(&str, &str); 13] = [
    ("GET", "/v1/requests/R-1"),
    ("GET", "/v1/requests/R-2"),
    ("HEAD", "/v1/requests/R-1"),
    ("GET", "/v1/entries/4"),
    ("GET", "/v1/entries/99"),
    ("GET", "/v1/receipts/4"),
    ("GET", "/v1/receipts/99"),
    ("GET", "/v1/disclosures/DIS-1"),
    ("GET", "/v1/requests"),
    ("GET", "/v1/due"),
    ("GET", "/v1/feed?after=3"),
    ("POST", "/v1/disclosures/DIS-1/release"),
    ("POST", "/v1/disclosures"),
];

/// Under rule set 1, where the daemon's own clock looks nothing up meanwhile.
fn without_due_dates(setup: Setup) -> Setup {
    let policy = setup.texts.policy.replacen("rules = 2\n", "", 1);
    Setup { texts: Texts { policy, ..setup.texts }, ..setup }
}

async fn nothing_is_told(roles: Option<BTreeSet<PeerRole>>, code: &str) {
    let daemon = Daemon::start(without_due_dates(Setup { roles, ..Setup::default() }));
    daemon.record(&received(1)).await;
    let before = lookups(&daemon.store);
    let first = daemon.get("/v1/requests/R-1").await;
    first.assert_problem(403, code);
    for (method, path) in ASKED {
        let answer = daemon.ask(method, path, None, Vec::new()).await;
        assert_eq!(answer.status, 403, "{method} {path}");
        if method != "HEAD" {
            assert_eq!(answer.body, first.body, "{method} {path}");
        }
        let names = |answer: &Answer| {
            let names = answer.headers.keys().map(ToString::to_string);
            names.collect::<BTreeSet<_>>()
        };
        assert_eq!(names(&answer), names(&first), "{method} {path}");
    }
    assert_eq!(lookups(&daemon.store), before, "nothing was looked up");
    let verbs: BTreeSet<String> =
        (FOUNDING + 1..daemon.size()).map(|index| daemon.data(index)["verb"].to_string()).collect();
    assert!(verbs.contains("\"GET /v1/requests/{id}\""), "it was noted: {verbs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_role_cannot_tell_what_is_there() {
    nothing_is_told(Some(BTreeSet::new()), "forbidden").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_cannot_tell_what_is_there() {
    nothing_is_told(None, "unknown-peer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_cannot_probe_with_what_is_not_for_it_to_post() {
    let daemon = Daemon::start(without_due_dates(Setup::of_role(PeerRole::Reviewer)));
    daemon.record(&received(1)).await;
    let before = lookups(&daemon.store);
    let mut answers = Vec::new();
    for event in [withdrawn(1), withdrawn(2)] {
        let answer = daemon.post(&event).await;
        answer.assert_problem(403, "forbidden");
        answers.push(answer.body);
    }
    assert_eq!(answers[0], answers[1]);
    for request in ["R-1", "R-2"] {
        let begin = json!({"id": "D-1", "request": request, "actor": "p-operator-1"}).to_string();
        let answer =
            daemon.ask("POST", "/v1/disclosures", Some("application/json"), begin.into_bytes()).await;
        answer.assert_problem(403, "forbidden");
        answers.push(answer.body);
    }
    assert_eq!(answers[2], answers[3]);
    assert_eq!(lookups(&daemon.store), before, "nothing was looked up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_is_counted_where_one_is_allowed() {
    let daemon = Daemon::start(Setup::default());
    daemon.record(&received(1)).await;
    let before = lookups(&daemon.store);
    assert_eq!(daemon.get("/v1/requests/R-1").await.status, 200);
    let after = lookups(&daemon.store);
    assert!(before.iter().zip(&after).all(|(before, after)| before < after), "{before:?} {after:?}");
}
