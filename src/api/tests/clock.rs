//! Goal: a clock that jumped stops posting, says so, and two people end it. Method: a daemon
//! whose wall clock the test sets, and approvals of the template that it offers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::harness::*;
use crate::model::approval::{APPROVAL_TYPE, Act, Approval, Nonce};
use crate::model::dsse;
use crate::model::time::Timestamp;

const DAY_MS: i64 = 24 * 3_600_000;

/// A person's approval of the clock as the daemon shows it.
fn approved(clock: &Value, person: &str, role: &str, nonce: u8) -> String {
    let mut template = clock["sign"].clone();
    template.as_object_mut().expect("a template").remove("v");
    let act: Act = serde_json::from_value(template).expect("an act");
    let now = Timestamp::parse(clock["wall"].as_str().expect("a time")).expect("a time");
    let nonce = Nonce::from_bytes([nonce; 16]);
    let approval = Approval::new(act, role.to_owned(), now, now.saturating_add_ms(3_600_000), nonce);
    let payload = approval.sign_ready().expect("whole");
    STANDARD.encode(dsse::sign(APPROVAL_TYPE, &payload, &[&key(person)]).to_json())
}

fn accepted(clock: &Value, envelopes: &[String; 2]) -> Value {
    let id = format!("clock-{}", crate::model::digest::Digest::of(envelopes.concat().as_bytes()));
    json!({
        "v": 1, "id": id[..32], "type": "clock.accepted", "request": null, "actor": "p-operator-1",
        "data": {"from": clock["time"], "to": clock["wall"]}, "envelopes": envelopes,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_is_shown_and_two_people_accept_it() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    let calm = daemon.get("/v1/clock").await.json();
    assert_eq!(
        (&calm["index"], &calm["refusal"], &calm["sign"]),
        (&json!(FOUNDING), &Value::Null, &Value::Null)
    );
    assert!(calm["stamp"].is_string(), "{calm}");

    daemon.jump(2 * DAY_MS);
    daemon.post(&received(2)).await.assert_problem(503, "clock");
    let clock = daemon.get("/v1/clock").await.json();
    assert!(clock["refusal"].as_str().is_some_and(|why| why.contains("cannot be later than")), "{clock}");
    assert_eq!((&clock["stamp"], &clock["time"]), (&Value::Null, &calm["time"]));
    assert_eq!(
        (&clock["sign"]["kind"], &clock["sign"]["context"]["index"]),
        (&json!("clock"), &json!(FOUNDING))
    );

    let senior = || approved(&clock, "p-chief-1", "senior_reviewer", 1);
    let alone = accepted(&clock, &[senior(), approved(&clock, "p-chief-1", "senior_reviewer", 2)]);
    let problem = daemon.post(&alone).await.assert_problem(403, "forbidden");
    assert_eq!(problem["rule"], "I-05", "one person twice is one person: {problem}");
    let both = accepted(&clock, &[senior(), approved(&clock, "p-counsel-1", "counsel", 3)]);
    let answer = daemon.post(&both).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(daemon.post(&received(2)).await.status, 201, "and the daemon goes on");
    assert_eq!(daemon.get("/v1/clock").await.json()["refusal"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_stands_back_is_set_right_not_accepted() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    daemon.jump(-DAY_MS);
    let clock = daemon.get("/v1/clock").await.json();
    assert!(clock["refusal"].as_str().is_some_and(|why| why.contains("the last entry bears")), "{clock}");
    assert_eq!(clock["sign"], Value::Null);
    assert_eq!(daemon.get("/v1/requests/R-1").await.status, 200, "reads go on");
}
