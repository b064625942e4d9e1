//! Bundles: what the socket refuses. That a bundle comes of it is tested where bundles are made.

use serde_json::{Value, json};

use super::harness::*;
use crate::practice::vocabulary::PeerRole;

async fn post(daemon: &Daemon, path: &str, body: &Value) -> Answer {
    daemon.ask("POST", path, Some("application/json"), body.to_string().into_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_status_and_code() {
    let daemon = Daemon::start(Setup::default());
    daemon.post(&received(1)).await;
    let begin = |request: &str| json!({"id": "D-1", "request": request, "actor": "p-operator-1"});
    let release = json!({"id": "A-1", "actor": "p-senior-1", "envelope": "e30="});
    let mut extra = begin("R-1");
    extra["force"] = json!(true);
    let not_base64 = json!({"id": "A-1", "actor": "p-senior-1", "envelope": "e30"});
    for (path, body, status, code) in [
        ("/v1/disclosures", &begin("R-9"), 404, "not-found"),
        // There are no sources in this configuration.
        ("/v1/disclosures", &begin("R-1"), 409, "conflict"),
        ("/v1/disclosures", &begin("no id"), 400, "malformed"),
        ("/v1/disclosures", &extra, 400, "malformed"),
        ("/v1/disclosures", &json!({"id": "x".repeat(70_000)}), 413, "too-long"),
        ("/v1/disclosures/DIS-1/release", &release, 404, "not-found"),
        ("/v1/disclosures/DIS-1/release", &not_base64, 400, "malformed"),
        ("/v1/disclosures/DIS-1/release", &begin("R-1"), 400, "malformed"),
    ] {
        post(&daemon, path, body).await.assert_problem(status, code);
    }
    daemon.get("/v1/disclosures/DIS-1").await.assert_problem(404, "not-found");
    daemon
        .ask("POST", "/v1/disclosures", Some("text/plain"), Vec::new())
        .await
        .assert_problem(415, "media-type");
    assert_eq!(daemon.types(), ["request.received"], "nothing came of any of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn collecting_and_releasing_want_roles() {
    let body = json!({"id": "D-1", "request": "R-1", "actor": "p-operator-1"});
    for (role, path) in [
        (PeerRole::Auditor, "/v1/disclosures"),
        (PeerRole::Reviewer, "/v1/disclosures"),
        (PeerRole::Auditor, "/v1/disclosures/DIS-1/release"),
    ] {
        let daemon = Daemon::start(Setup::of_role(role));
        post(&daemon, path, &body).await.assert_problem(403, "forbidden");
        assert_eq!(daemon.types(), ["access.denied"]);
    }
}
