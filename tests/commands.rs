//! Goal: what people and programs at a terminal rely on: commands that show, compare and sign.
//! Method: the built program against a daemon on a home of its own.

mod disclosure;

use serde_json::{Value, json};

use crate::harness::events::{self, ADA};
use crate::harness::oracle::tool;
use crate::harness::{Daemon, Ended, Home, home, probity, repository, run};
use probity::model::digest::Digest;

/// A home whose log is founded under these rules, whatever the draft says.
fn founded_under(rules: u32) -> Home {
    let home = Home::prepare();
    let mut tables: toml::Table = home::policy().parse().expect("the tables are TOML");
    tables.insert("rules".to_owned(), rules.into());
    std::fs::write(home.beside("policy.toml"), toml::to_string(&tables).expect("prints")).expect("written");
    home.init(&[]).expect(0);
    home
}

/// The one object that a failed command leaves for programs.
fn problem(ended: &Ended) -> Value {
    assert_eq!(ended.stdout, "", "data is not where an error is");
    let last = ended.stderr.lines().last().expect("a line");
    serde_json::from_str(last).expect("one JSON object on the last line")
}

#[test]
fn a_request_is_told_and_a_policy_compared_with_open_requests() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    for event in events::intake("REQ-1", ADA) {
        events::must(&mut daemon.connect(), &event);
    }
    events::must(&mut daemon.connect(), &events::received("REQ-2"));
    let told = home.probity(&["case", "REQ-1"]).expect(0).stdout;
    for part in [
        "request.received         p-intake-1     agency claimed metro-police, channel portal, kind legal_demand",
        "review.completed         p-reviewer-1   order version 1, reviewer p-reviewer-1",
        "state       reviewed",
        "next        approval.given, approval.refused",
        "sign        disclose on entry",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(!told.contains(ADA), "no account in a timeline:\n{told}");
    let case: Value =
        serde_json::from_str(&home.probity(&["case", "REQ-1", "--json"]).expect(0).stdout).expect("JSON");
    assert_eq!(case["state"], "reviewed");

    let wider = home.beside("wider.toml").display().to_string();
    let switched = home::policy()
        .replace("subpoena_reaches_records_other = false", "subpoena_reaches_records_other = true");
    std::fs::write(&wider, switched).expect("written");
    let policy = home.beside("policy.toml").display().to_string();
    let found = home.probity(&["policy", "diff", &policy, &wider]).expect(0).stdout;
    for line in [
        "switch      subpoena_reaches_records_other: false → true",
        "reaches     us.subpoena: +records_other",
        "to review   REQ-1 (reviewed)",
    ] {
        assert!(found.lines().any(|found| found == line), "{line} is not in\n{found}");
    }
    assert!(!found.contains("REQ-2"), "it stands on no review:\n{found}");
    daemon.stop();
    let late = home.probity(&["policy", "diff", &policy, &wider, "--json"]).expect(0);
    let late: Value = serde_json::from_str(&late.stdout).expect("JSON");
    assert_eq!(late["back_to_review"], Value::Null, "nobody answered");
    std::fs::write(&wider, "schema = 9\n").expect("written");
    home.probity(&["policy", "check", &wider]).expect(1);
    home.probity(&["policy", "check", &policy]).expect(0);
}

#[test]
fn errors_are_one_object_for_programs() {
    let home = Home::found();
    let ask = ["case", "REQ-1", "--json"];
    let said = problem(&home.probity(&ask).expect(69));
    assert_eq!((&said["type"], &said["exit"]), (&json!("urn:probity:exit:unavailable"), &json!(69)));
    assert!(said["hint"].is_string(), "{said}");
    let daemon = Daemon::start(&home);
    let said = problem(&home.probity(&ask).expect(66));
    assert_eq!(said["title"], "the input is not there or cannot be read");
    let mut hasty = events::authenticated("REQ-1");
    hasty["request"] = json!("REQ-9");
    std::fs::write(home.beside("event.json"), hasty.to_string()).expect("written");
    let event = home.beside("event.json").display().to_string();
    let said = problem(&home.probity(&["post", &event, "--json"]).expect(3));
    assert_eq!((&said["rule"], &said["type"]), (&json!("I-04"), &json!("urn:probity:exit:refused")));
    assert_eq!(problem(&probity(["verify", "--json", "--no-such-flag"]).expect(64))["exit"], 64);
    daemon.stop();
}

#[test]
fn a_clock_that_is_right_is_shown_and_not_accepted() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let shown = home.probity(&["clock", "show"]).expect(0).stdout;
    assert!(shown.starts_with("last entry  3 at ") && shown.contains("\nstamps      "), "{shown}");
    std::fs::write(home.beside("one.json"), "{}").expect("written");
    let one = home.beside("one.json").display().to_string();
    let accept = ["clock", "accept", "--approval", &one, "--approval", &one];
    let refused = home.probity(&accept).expect(3).stderr;
    assert!(refused.contains("not in doubt"), "{refused}");
    home.probity(&["clock", "accept", "--approval", &one]).expect(64);
    let (key, out, vkey) = (home.key_file(&home.senior), home.beside("clock.json"), home.vkey());
    let [key, out, vkey] = [key, out, vkey].map(|path| path.display().to_string());
    let sign =
        ["approve", "--clock", "--key", &key, "--person", "p-senior-1", "--out", &out, "--log-key", &vkey];
    home.probity(&sign).expect(3);
    daemon.stop();
}

#[test]
fn nothing_is_due_under_rule_set_1() {
    let home = founded_under(1);
    let daemon = Daemon::start(&home);
    for event in [events::received("REQ-1"), events::authenticated("REQ-1"), events::classified("REQ-1", ADA)]
    {
        events::must(&mut daemon.connect(), &event);
    }
    let due = home.probity(&["due", "--before", "2100-01-01T00:00:00.000Z"]).expect(0);
    assert_eq!((due.stdout.as_str(), due.stderr.as_str()), ("", "probity: nothing is due\n"));
    let due: Value = serde_json::from_str(&home.probity(&["due", "--json"]).expect(0).stdout).expect("JSON");
    assert_eq!(due, json!({"due": []}));
    home.probity(&["due", "--before", "tomorrow"]).expect(64);
    daemon.stop();
}

/// Signs the entry of a proposal by its number alone.
fn approve(home: &Home, index: &Value, person: &home::Person) -> Ended {
    let (key, vkey) = (home.key_file(person).display().to_string(), home.vkey().display().to_string());
    let index = index.to_string();
    home.probity(&[
        "approve",
        &index,
        "--key",
        &key,
        "--person",
        person.id,
        "--role",
        person.role,
        "--log-key",
        &vkey,
        "--yes",
        "--post",
    ])
}

#[test]
fn an_act_upon_a_request_is_shown_in_full_and_signed_by_its_entry() {
    let home = founded_under(2);
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    for event in [events::received("REQ-1"), events::authenticated("REQ-1"), events::classified("REQ-1", ADA)]
    {
        events::must(&mut connection, &event);
    }
    let data = json!({"source": "mail-1", "item_sha256": Digest::of(b"item"), "reason": "a vector\u{202e} of a book"});
    let text = format!("{{\"type\":\"scan.cleared\",\"data\":{data}}}");
    let act = json!({"kind": "scan.clear", "text": text, "sha256": Digest::of(text.as_bytes()), "reason": "as discussed"});
    let proposed = events::event("REQ-1", "act.proposed", "p-reviewer-1", &act);
    let proposed = events::must(&mut connection, &proposed);
    for person in [&home.reviewer, &home.senior] {
        let signed = approve(&home, &proposed["index"], person).expect(0).stdout;
        for part in [
            "act         scan.clear",
            "  \"type\": \"scan.cleared\"",
            "\"reason\": \"a vector\\u{202e} of a book\"",
        ] {
            assert!(signed.contains(part), "{part} is not in\n{signed}");
        }
    }
    let case = connection.get("/v1/requests/REQ-1").expect("an answer").expect(200);
    let persons: Vec<_> =
        case["acts"][0]["approvals"].as_array().expect("a list").iter().map(|one| &one["person"]).collect();
    assert_eq!(persons, ["p-reviewer-1", "p-senior-1"]);
    approve(&home, &json!(4), &home.senior).expect(3);
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
}

#[test]
fn the_example_review_system_walks_either_rule_set() {
    for rules in [1, 2] {
        let home = founded_under(rules);
        let daemon = Daemon::start(&home);
        let socket = daemon.socket.display().to_string();
        let walk = || {
            let script = repository().join("examples/review_system.py");
            let names = [("--socket", socket.as_str()), ("--request", "REQ-1"), ("--agency", home::AGENCY)];
            let people = [("--reviewer", "p-reviewer-1"), ("--intake", "p-intake-1"), ("--account", ADA)];
            let arguments = names.into_iter().chain(people).flat_map(|(name, value)| [name, value]);
            run(tool("python3").arg(script).args(arguments)).expect(0).stdout
        };
        let walked = walk();
        assert_eq!(walked.contains("rights.screened"), rules == 2, "{walked}");
        assert!(walked.contains("REQ-1 is reviewed; 1 decision(s)"), "{walked}");
        assert!(
            walk().lines().filter(|line| line.contains("(recorded before)")).count() >= 4,
            "again is the same"
        );
        daemon.stop();
        home.verify(&home.root, &[]).expect(0);
    }
}

/// What the demonstration leaves for whoever looks further.
const LEFT_BY_THE_DEMO: [&str; 7] =
    ["probity.toml", "log.vkey", "export", "outbox", "agency/key.txt", "auditor/key.txt", "opened"];

#[test]
fn the_demonstration_refuses_releases_and_names_the_entry() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let home = scratch.path().join("demo");
    let told = probity(["demo", "--home", &home.display().to_string()]).expect(0).stdout;
    let refused = told.find("refused (422) under S-31").expect("the subpoena for mail is refused");
    let named = told.find("entry_altered: entry ").expect("the flipped bit is named");
    assert!(refused < named, "in the order of the story");
    for left in LEFT_BY_THE_DEMO {
        assert!(home.join(left).exists(), "{left}");
    }
    // What is told of the copy is true of it: the log itself is whole.
    let (export, vkey) =
        (home.join("export").display().to_string(), home.join("log.vkey").display().to_string());
    let identity = home.join("auditor/key.txt").display().to_string();
    probity(["verify", &export, "--log-key", &vkey, "--identity", &identity]).expect(0);
}
