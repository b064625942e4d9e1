//! Goal: whatever is wrong gets its own clear error, and changes nothing.
//! Method: each case is sent to a daemon over its socket, or met by a command; status, problem
//! type, rule and pointer are compared, a cure is given where a person can do something, and
//! the log has the size it had before.

mod machine;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probity::model::approval::{Act, Decision};
use probity::model::digest::Digest;
use serde_json::{Value, json};

use crate::harness::events::{self, A_DAY, ADA, HOUR_MS, Life};
use crate::harness::home::{Person, new_key};
use crate::harness::{Answer, Connection, Daemon, Home};

/// What a case must be answered with.
struct Expected {
    status: u16,
    code: &'static str,
    rule: Option<&'static str>,
    pointer: Option<&'static str>,
}

const fn problem(status: u16, code: &'static str) -> Expected {
    Expected { status, code, rule: None, pointer: None }
}

impl Expected {
    const fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }

    const fn at(mut self, pointer: &'static str) -> Self {
        self.pointer = Some(pointer);
        self
    }

    /// What is wrong with an answer, if anything is.
    fn objection(&self, answer: &Answer) -> Option<String> {
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |member: &str| document[member].as_str();
        let is_expected = answer.status == self.status
            && document["status"] == self.status
            && text("type") == Some(&format!("urn:probity:problem:{}", self.code))
            && self.rule.is_none_or(|rule| text("rule") == Some(rule))
            && self.pointer.is_none_or(|pointer| text("pointer") == Some(pointer))
            && text("title").is_some()
            && text("detail").is_some_and(|detail| !detail.is_empty())
            && answer.head.contains("content-type: application/problem+json");
        (!is_expected).then(|| format!("{} {}", answer.status, answer.text()))
    }
}

/// The log's size, from its checkpoint.
fn size(connection: &mut Connection) -> u64 {
    let checkpoint = connection.get("/v1/checkpoint").expect("an answer").text();
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size")
}

/// A daemon and its log, with the objections so far.
struct Bench {
    home: Home,
    daemon: Daemon,
    objections: Vec<String>,
    cases: usize,
}

impl Bench {
    fn new() -> Self {
        let home = Home::found();
        let daemon = Daemon::start(&home);
        Self { home, daemon, objections: Vec::new(), cases: 0 }
    }

    fn call(&mut self, what: &str, expected: &Expected, call: impl FnOnce(&mut Connection) -> Answer) {
        let mut connection = self.daemon.connect();
        let before = size(&mut connection);
        let answer = call(&mut self.daemon.connect());
        if let Some(found) = expected.objection(&answer) {
            self.objections.push(format!("{what}: {found}"));
        }
        let after = size(&mut connection);
        // That somebody asked for what they may not have is itself an entry.
        if after != before && expected.status != 403 {
            self.objections.push(format!("{what}: the log grew from {before} to {after}"));
        }
        self.cases += 1;
    }

    fn post(&mut self, what: &str, expected: &Expected, event: &Value) {
        self.call(what, expected, |connection| events::post(connection, event));
    }

    fn raw(&mut self, what: &str, expected: &Expected, media_type: &str, body: &[u8]) {
        self.call(what, expected, |connection| {
            connection.call("POST", "/v1/events", media_type, body).expect("an answer")
        });
    }

    fn conclude(self, cases: usize) {
        assert_eq!(self.cases, cases);
        self.daemon.stop();
        assert!(self.objections.is_empty(), "{}", self.objections.join("\n"));
        self.home.verify(&self.home.root, &[]).expect(0);
    }
}

#[test]
fn documents_that_are_no_events() {
    let mut bench = Bench::new();
    let good = events::received("REQ-1");
    let with = |member: &str, value: Value| {
        let mut event = good.clone();
        event[member] = value;
        event
    };
    let json = "application/json";
    bench.raw("no JSON", &problem(400, "malformed"), json, b"{");
    bench.raw("nothing", &problem(400, "malformed"), json, b"");
    bench.raw("an array", &problem(400, "malformed"), json, b"[]");
    let twice = good.to_string().replacen('{', "{\"v\":1,", 1);
    bench.raw("a member twice", &problem(400, "malformed").at("/v"), json, twice.as_bytes());
    let twice = good.to_string().replacen("\"order\":{", "\"order\":{\"version\":1,", 1);
    bench.raw("a member twice, deep", &problem(400, "malformed"), json, twice.as_bytes());
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    bench.raw("too deep", &problem(400, "malformed"), json, deep.as_bytes());
    bench.raw("not UTF-8", &problem(400, "malformed"), json, b"{\"v\":\"\xff\"}");
    bench.raw("another media type", &problem(415, "media-type"), "text/plain", good.to_string().as_bytes());
    let long = vec![b' '; 8 * 1024 * 1024 + 1];
    bench.raw("too long", &problem(413, "too-long"), json, &long);
    bench.post("a number as text", &problem(400, "malformed").at("/v"), &with("v", json!("1")));
    bench.post("another version", &problem(400, "malformed").at("/v"), &with("v", json!(2)));
    bench.post("an unknown member", &problem(400, "malformed"), &with("force", json!(true)));
    bench.post(
        "an unknown type",
        &problem(400, "malformed").at("/type"),
        &with("type", json!("request.won")),
    );
    bench.post("a path as id", &problem(400, "malformed").at("/id"), &with("id", json!("../x")));
    let mut event = good.clone();
    event["data"]["force"] = json!(true);
    bench.post("an unknown member of data", &problem(400, "malformed").rule("F-01"), &event);
    let mut event = good.clone();
    event["data"]["order"]["sha256"] = json!("00");
    bench.post("half a digest", &problem(400, "malformed").rule("F-01"), &event);
    let policy = format!("sha256:{}", Digest::of(b"another"));
    bench.post("another policy", &problem(409, "conflict").rule("F-03"), &with("policy", json!(policy)));
    bench.post("another rule set", &problem(422, "refused").at("/rules"), &with("rules", json!(9)));
    bench.post(
        "an event of the daemon's",
        &problem(403, "forbidden"),
        &with("type", json!("bundle.released")),
    );
    bench.post("the daemon's name", &problem(403, "forbidden"), &with("actor", json!("daemon")));
    let get =
        |path: &'static str| move |connection: &mut Connection| connection.get(path).expect("an answer");
    bench.call("no such route", &problem(404, "not-found"), get("/v2/events"));
    bench.call("no such entry", &problem(404, "not-found"), get("/v1/receipts/999"));
    bench.call("no such request", &problem(404, "not-found"), get("/v1/requests/REQ-NONE"));
    bench.call("no such disclosure", &problem(404, "not-found"), get("/v1/disclosures/DIS-NONE"));
    bench.call("no such method", &problem(405, "method-not-allowed"), |connection| {
        connection.call("DELETE", "/v1/checkpoint", "application/json", b"").expect("an answer")
    });
    bench.conclude(25);
}

#[test]
fn each_line_of_a_stream_stands_alone() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    let before = size(&mut connection);
    let good = [events::received("REQ-1"), events::received("REQ-2")];
    let body = format!("{}\nnot an event\n{}\n{}\n", good[0], good[1], good[0]);
    let answer = connection.call("POST", "/v1/events", "application/x-ndjson", body.as_bytes());
    let answer = answer.expect("an answer").text();
    let lines: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let statuses: Vec<_> = lines.iter().map(|line| line["status"].as_u64().expect("a status")).collect();
    assert_eq!(statuses, [201, 400, 201, 200]);
    assert_eq!(lines[1]["id"], Value::Null);
    assert_eq!(lines[1]["problem"]["type"], "urn:probity:problem:malformed");
    assert_eq!((&lines[3]["index"], &lines[3]["repeated"]), (&lines[0]["index"], &json!(true)));
    assert_eq!(size(&mut connection), before + 2);
}

#[test]
fn events_that_the_practice_refuses() {
    let mut bench = Bench::new();
    let (received, authenticated) = (events::received("REQ-1"), events::authenticated("REQ-1"));
    let (classified, reviewed) = (events::classified("REQ-1", ADA), events::reviewed("REQ-1", ADA));
    let mut connection = bench.daemon.connect();
    bench.post("before its request", &problem(409, "conflict").rule("I-04"), &authenticated);
    events::must(&mut connection, &received);
    bench.post("a review before the demand is classified", &problem(409, "conflict").rule("I-03"), &reviewed);
    let mut other = received.clone();
    other["data"]["channel"] = json!("email");
    bench.post("the id of another event", &problem(409, "id-reused").at("/id"), &other);
    other["id"] = json!("another-id");
    bench.post("the request a second time", &problem(409, "conflict"), &other);
    let mut stranger = authenticated.clone();
    stranger["data"]["agency"] = json!("ministry-of-nothing");
    bench.post("an agency of no directory", &problem(422, "refused").at("/data/agency"), &stranger);
    events::must(&mut connection, &authenticated);

    let mut vague = classified.clone();
    vague["data"]["identifiers"] = json!([]);
    bench.post("no specific account", &problem(422, "refused").rule("S-06"), &vague);
    let mut subpoena = classified.clone();
    subpoena["data"]["issuer"] = json!("the_king");
    bench.post("an issuer of no list", &problem(400, "malformed").rule("F-01"), &subpoena);
    events::must(&mut connection, &classified);
    for event in events::screened("REQ-1", ADA) {
        events::must(&mut connection, &event);
    }
    let mut wider = reviewed.clone();
    let scope = String::from_utf8(events::scope(ADA)).expect("text").replace("2026-04-01", "2026-05-01");
    wider["data"]["scope"] = json!(STANDARD.encode(scope));
    bench.post("a scope wider than the order", &problem(422, "refused").rule("S-09"), &wider);
    for person in ["p-nobody", "p-intake-1"] {
        let mut unqualified = reviewed.clone();
        unqualified["actor"] = json!(person);
        unqualified["data"]["reviewer"] = json!(person);
        bench.post("a review by somebody who is no reviewer", &problem(403, "forbidden"), &unqualified);
    }
    events::must(&mut connection, &reviewed);
    bench.post("a review of what was reviewed", &problem(409, "id-reused"), &wider);
    bench.conclude(11);
}

/// The same event under an id of its own.
fn renamed(event: &Value, id: &str) -> Value {
    let mut event = event.clone();
    event["id"] = json!(id);
    event
}

#[test]
fn approvals_that_approve_nothing() {
    let mut bench = Bench::new();
    let mut connection = bench.daemon.connect();
    for event in events::intake("REQ-1", ADA) {
        events::must(&mut connection, &event);
    }
    let act = events::act(&mut connection, "REQ-1", "disclose");
    let stranger = Person { id: "p-reviewer-1", role: "reviewer", key: new_key() };
    let altered = |alter: &dyn Fn(&mut Act)| {
        let mut act = act.clone();
        alter(&mut act);
        events::signed(act, &bench.home.reviewer, A_DAY)
    };
    let life = |iat_ms, exp_ms| events::signed(act.clone(), &bench.home.reviewer, Life { iat_ms, exp_ms });
    let mut unsigned = altered(&|_| {});
    unsigned["envelopes"] = json!([]);
    let mut other_person = altered(&|_| {});
    other_person["actor"] = json!("p-senior-1");
    let mut broken = altered(&|_| {});
    broken["envelopes"] = json!(["?"]);
    let refused = |rule| problem(422, "refused").rule(rule);
    let stale = |rule| problem(409, "conflict").rule(rule);
    let cases = [
        ("unsigned", problem(400, "malformed").rule("F-04"), unsigned),
        ("an envelope that is no base64", problem(400, "malformed").at("/envelopes/0"), broken),
        (
            "signed by an unknown key",
            problem(403, "forbidden").rule("I-08"),
            events::signed(act.clone(), &stranger, A_DAY),
        ),
        ("of another person than its actor", refused("A-12"), other_person),
        ("expired", refused("A-07"), life(-2 * HOUR_MS, -HOUR_MS)),
        ("from the future", refused("A-06"), life(HOUR_MS, 2 * HOUR_MS)),
        ("for a year", refused("A-08"), life(0, 365 * 24 * HOUR_MS)),
        ("of another scope", stale("I-05"), altered(&|act| act.scope_sha256 = Some(Digest::of(b"wider")))),
        (
            "of another order",
            stale("A-03"),
            altered(&|act| {
                if let Some(order) = &mut act.order {
                    order.version = 2;
                }
            }),
        ),
        (
            "to other recipients",
            stale("A-05"),
            altered(&|act| act.recipients = vec![Digest::of(b"age1thief")]),
        ),
        ("under another policy", stale("A-04"), altered(&|act| act.policy = Digest::of(b"none"))),
        (
            "of another entry",
            stale("A-02"),
            altered(&|act| {
                act.context.index = probity::tlog::LeafIndex::new(4);
            }),
        ),
        ("a refusal posted as an approval", refused("A-12"), altered(&|act| act.decision = Decision::Refuse)),
    ];
    let count = cases.len();
    for (what, expected, event) in &cases {
        bench.post(what, expected, event);
    }
    let good = events::signed(act.clone(), &bench.home.reviewer, A_DAY);
    events::must(&mut connection, &good);
    // A person who approved approves no more by doing it again, or by sending it again.
    let again = events::signed(act, &bench.home.reviewer, A_DAY);
    let before = size(&mut connection);
    for event in [renamed(&good, "again"), again] {
        assert_eq!(events::post(&mut connection, &event).expect(200)["repeated"], true);
    }
    assert_eq!(size(&mut connection), before);
    // Nor does it approve anything else.
    for event in events::intake("REQ-2", ADA) {
        events::must(&mut connection, &event);
    }
    let mut elsewhere = renamed(&good, "elsewhere");
    elsewhere["request"] = json!("REQ-2");
    bench.post("replayed for another request", &problem(422, "refused").rule("A-12"), &elsewhere);
    events::check_custody(&mut connection, "REQ-1");
    let body = json!({"id": "too-early", "request": "REQ-1", "actor": "p-operator-1"});
    bench.call("a disclosure with one approval", &stale("I-05"), |connection| {
        connection.post("/v1/disclosures", &body).expect("an answer")
    });
    bench.conclude(count + 2);
}
