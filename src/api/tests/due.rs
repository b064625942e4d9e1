//! What is due, page by page, with deadlines made here.

use serde_json::json;

use super::harness::*;
use crate::ledger::{Deadlines, LedgerConfig, Texts};
use crate::model::time::Timestamp;
use crate::practice::policy::Policy;
use crate::practice::vocabulary::AccountRef;
use crate::practice::{Case, Deadline, Due, World};
use crate::tlog::LeafIndex;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("a time")
}

/// A notice for each request, the later the request the earlier; far in the future.
fn of_case(_: &Policy, case: &Case) -> Vec<Due> {
    let index = i64::try_from(case.received.index.get()).expect("small");
    let time = at(4_000_000_000_000 - index);
    let due = Due::new(time, Deadline::Notice, Some(case.request.clone()), case.received.index);
    let account = json!({"service": "mail", "account": "ada@mail.example"});
    let account: AccountRef = serde_json::from_value(account).expect("an account");
    vec![Due { account: Some(account), ..due }]
}

fn of_world(_: &World) -> Vec<Due> {
    vec![Due::new(at(4_000_000_000_000), Deadline::ProcessReview, None, LeafIndex::new(0))]
}

fn setup() -> Setup {
    let deadlines = Deadlines { of_case, of_world };
    Setup { ledger: LedgerConfig { deadlines, ..LedgerConfig::default() }, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_pages_in_the_order_of_time() {
    let daemon = Daemon::start(setup());
    let first = daemon.get("/v1/due").await.json();
    assert_eq!(first["due"][0]["request"], json!(null));
    assert_eq!(daemon.size(), FOUNDING, "the log's own deadlines are no look at a request");
    for n in 0..4 {
        assert_eq!(daemon.post(&received(n)).await.status, 201);
    }
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = daemon.get(&format!("/v1/due?limit=2{after}")).await.json();
        let rows = page["due"].as_array().expect("a list").clone();
        seen.extend(rows.iter().map(|row| row["request"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, [json!("R-3"), json!("R-2"), json!("R-1"), json!("R-0"), json!(null)]);
    let page = daemon.get("/v1/due?limit=1").await.json();
    assert_eq!(
        page["due"][0],
        json!({
            "at": at(4_000_000_000_000 - 7).to_string(), "deadline": "notice", "rule": "I-25", "is_a_duty": true,
            "request": "R-3", "set_by": 7, "account": {"service": "mail", "account": "ada@mail.example"},
            "report": null, "passed": false,
        })
    );
    assert_eq!(page["kept_until"], json!(null));
    let before = at(4_000_000_000_000 - 5);
    let page = daemon.get(&format!("/v1/due?before={before}")).await.json();
    assert_eq!(page["due"].as_array().expect("a list").len(), 2);
    let looks = daemon.types().into_iter().filter(|type_| type_ == "access.read").count();
    assert_eq!(looks, 1, "later looks are counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_none_is_refused() {
    let daemon = Daemon::start(setup());
    for query in [
        "limit=0",
        "limit=501",
        "limit=x",
        "before=tomorrow",
        "before=2026-11-26",
        "after=R-1",
        "after=1~2~x~0~R-1",
        "since=1",
        "limit=1&limit=2",
    ] {
        daemon.get(&format!("/v1/due?{query}")).await.assert_problem(400, "malformed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_due_under_rule_set_1() {
    let texts = texts();
    let policy = texts.policy.replacen("rules = 2\n", "", 1);
    let daemon = Daemon::start(Setup { texts: Texts { policy, ..texts }, ..setup() });
    daemon.post(&received(1)).await;
    assert_eq!(daemon.get("/v1/due").await.json(), json!({"due": [], "next": null, "kept_until": null}));
}
