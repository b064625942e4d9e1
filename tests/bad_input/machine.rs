//! What is wrong with the machine or its configuration: the daemon says so and does not start,
//! or stops without losing what it acknowledged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::harness::{Connection, Daemon, Home, PROBITY, copy, events, probity, repository, with_file_limit};

#[test]
fn a_home_that_cannot_be_served_says_why() {
    let home = Home::found();
    let config = home.root.join("probity.toml");
    let good = fs::read_to_string(&config).expect("a configuration");
    let check = |exit: i32, says: &str| {
        let refused = Daemon::refused(&home).expect(exit);
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
        fs::write(&config, &good).expect("written");
    };
    home.configure("home_version = 1", "home_version = 2");
    check(78, "home_version is 2, this program reads 1; run the version that made this home");
    home.configure("home_version = 1", "home_version = 1\nforce = true");
    check(78, "force");
    home.configure("origin = \"log.example/tests\"", "origin = \"log.example/others\"");
    check(70, "");
    let policy = crate::harness::home::policy();
    fs::write(home.root.join("policy.toml"), format!("{policy}# a note\n")).expect("written");
    check(78, "the policy file has the SHA-256");
    fs::write(home.root.join("policy.toml"), &policy).expect("written");

    let key = home.root.join("keys/log.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("set");
    check(78, "can be read by others (mode 640); run: chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");

    // The key of another log: nothing in this one was signed with it.
    let kept = fs::read(&key).expect("read");
    copy(&repository().join("keys-example/log.pem"), &key);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    check(78, "is one of the example keys, which everybody knows; make your own with: probity keygen");
    home.configure("demonstration = false", "demonstration = true");
    check(70, "the anchor holds a note that the log key did not sign");
    fs::write(&key, kept).expect("written");

    // Nor are bundles signed with a key that the log does not name.
    let key = home.root.join("keys/disclosure.pem");
    let kept = fs::read(&key).expect("read");
    copy(&repository().join("keys-example/disclosure.pem"), &key);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    home.configure("demonstration = false", "demonstration = true");
    check(70, "the disclosure key");
    fs::write(&key, kept).expect("written");

    let anchor = home.root.join("anchor");
    let kept = fs::read(&anchor).expect("read");
    fs::remove_file(&anchor).expect("removed");
    check(78, "this home has no anchor");
    fs::write(&anchor, &kept[1..]).expect("written");
    check(70, "the anchor has 8191 bytes instead of 8192");
    fs::write(&anchor, vec![0; 8192]).expect("written");
    check(70, "the anchor was damaged or overwritten");
    fs::write(&anchor, kept).expect("written");
    Daemon::start(&home).stop();
}

#[test]
fn a_home_and_a_socket_have_one_daemon() {
    let home = Home::found();
    let daemon = Daemon::start(&home);
    let second = home.probity(&["serve"]).expect(78);
    assert!(second.stderr.contains("another process holds the lock"), "{}", second.stderr);
    let other = Home::found();
    other.configure("run/probity.sock", &home.socket().display().to_string());
    let root = other.root.display().to_string();
    let second = probity(["serve", "--home", &root]).expect(78);
    assert!(second.stderr.contains("socket in use: a process already answers on"), "{}", second.stderr);
    // The first one was not disturbed.
    events::must(&mut daemon.connect(), &events::received("REQ-1"));
    // A socket that a killed daemon left is no obstacle; a file in its place is left alone.
    daemon.kill();
    assert!(home.socket().exists());
    Daemon::start(&home).stop();
    let _ = fs::remove_file(home.socket());
    fs::write(home.socket(), "a letter").expect("written");
    let refused = home.probity(&["serve"]).expect(78);
    assert!(refused.stderr.contains("is not a socket"), "{}", refused.stderr);
    assert_eq!(fs::read(home.socket()).expect("read"), b"a letter");
}

#[test]
fn an_account_that_is_no_peer_gets_one_answer() {
    let home = Home::found();
    let uid = rustix::process::getuid().as_raw();
    home.configure(&format!("uid = {uid}"), &format!("uid = {}", uid + 1));
    // Nobody who is asked says that this daemon is ready, so it is not waited for.
    let mut child = Command::new(PROBITY);
    child.args(["serve", "--home"]).arg(&home.root).stderr(std::process::Stdio::null());
    let mut child = child.spawn().expect("starts");
    let began = std::time::Instant::now();
    let mut connection = loop {
        match Connection::open(&home.socket()) {
            Ok(connection) => break connection,
            Err(error) => assert!(began.elapsed().as_secs() < 30, "{error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    for path in ["/v1/checkpoint", "/v1/requests", "/v1/nothing"] {
        let answer = connection.get(path).expect("an answer");
        let expected = "this account is not among the peers of this daemon";
        assert_eq!(answer.expect(403)["detail"], expected, "{path}");
    }
    let posted = events::post(&mut connection, &events::received("REQ-1"));
    assert_eq!(posted.expect(403)["type"], "urn:probity:problem:unknown-peer");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

#[test]
fn example_keys_need_a_demonstration() {
    let home = Home::prepare();
    fs::rename(home.beside("roles.toml"), home.beside("roles.toml.own")).expect("renamed");
    fs::copy(repository().join("config/roles.toml"), home.beside("roles.toml")).expect("copied");
    let refused = home.init(&[]).expect(78);
    assert!(refused.stderr.contains("is one of the example keys"), "{}", refused.stderr);
    fs::remove_dir_all(&home.root).expect("removed");
    // An agency's published key would open its bundles to everybody.
    let own = fs::read_to_string(home.beside("roles.toml.own")).expect("reads");
    fs::write(home.beside("roles.toml"), own).expect("written");
    fs::copy(repository().join("config/directory.toml"), home.beside("directory.toml")).expect("copied");
    let refused = home.init(&[]).expect(78);
    assert!(refused.stderr.contains("is one of the example keys"), "{}", refused.stderr);
    fs::remove_dir_all(&home.root).expect("removed");
    fs::copy(repository().join("config/roles.toml"), home.beside("roles.toml")).expect("copied");
    home.init(&["--demonstration"]).expect(0);
    // A founded home is not founded again.
    let again = home.init(&["--demonstration"]).expect(73);
    assert!(again.stderr.contains("this home has a ledger already"), "{}", again.stderr);
}

#[test]
fn commands_that_cannot_do_their_work_say_why() {
    let home = Home::found();
    let check = |arguments: &[&str], exit: i32, says: &str| {
        let ended = home.probity(arguments).expect(exit);
        assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
    };
    let (key, event) = (home.beside("p-senior-1.pem"), home.beside("event.json"));
    let (key, event) = (key.display().to_string(), event.display().to_string());
    fs::write(&event, events::received("REQ-1").to_string()).expect("written");
    check(&["post", &event], 69, "no daemon answers on");
    check(&["post", "/nonexistent"], 66, "/nonexistent");
    check(&["verify", "/nonexistent"], 66, "neither a directory nor a file");
    check(&["verify", &event], 1, "");
    check(&["keygen", "person", "--out", &key], 73, "p-senior-1.pem");
    check(&["nothing"], 64, "unrecognized subcommand");
    let root = home.root.display().to_string();
    check(&["export", &root], 73, "is there already");
    let daemon = Daemon::start(&home);
    fs::write(&event, "{").expect("written");
    check(&["post", &event], 65, "");
    fs::write(&event, events::authenticated("REQ-9").to_string()).expect("written");
    check(&["post", &event], 3, "hint: post request.received first");
    check(&["case", "REQ-9"], 66, "there is no such request");
    daemon.stop();
}

/// A full disk, as a process meets it whose files may not grow any more.
#[test]
fn a_disk_that_takes_no_more_loses_nothing() {
    let home = Home::found();
    // The write-ahead log fills them after some tens of events.
    let shell = with_file_limit(80 << 10);
    let mut daemon = Daemon::spawn(&home, shell).unwrap_or_else(|ended| panic!("{ended:?}"));
    let mut connection = daemon.connect();
    let mut recorded = Vec::new();
    let refused = loop {
        assert!(recorded.len() < 2000, "the disk never fills");
        let event = events::received(&format!("REQ-{}", recorded.len()));
        let answer = events::post(&mut connection, &event);
        match answer.status {
            201 => recorded.push((event, answer.json())),
            _ => break answer,
        }
    };
    let code = refused.json()["type"].as_str().expect("a type").to_owned();
    assert!(["storage-doubt", "disk-full"].iter().any(|known| code.ends_with(known)), "{}", refused.text());
    assert!(!recorded.is_empty());
    let status = daemon.ended();
    assert_eq!(status.code(), Some(70), "{}", daemon.said());
    drop(daemon);

    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    for (event, answer) in &recorded {
        let known = events::post(&mut connection, event).expect(200);
        assert_eq!(known["index"], answer["index"]);
    }
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
}
