//! Goal: an auditor who is let at a live home sees also what an export cannot show: a database
//! that was rolled back behind its anchor, and bundles that wait without a release or were altered.
//! Method: a released disclosure; `probity verify` of the home while the daemon runs; then one
//! thing of the home is spoiled at a time and put right again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::events::{self, ADA};
use crate::harness::{Daemon, Ended, Home, copy};

fn verified(home: &Home, more: &[&str]) -> Ended {
    home.verify(&home.root, more)
}

/// Codes and severities of the findings, and where they point.
fn found(home: &Home) -> Vec<[String; 3]> {
    let ended = verified(home, &["--json"]).expect(1);
    let report: Value = serde_json::from_str(&ended.stdout).expect("a report");
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("a list").iter();
    findings.map(|finding| ["code", "severity", "file"].map(|member| text(finding, member))).collect()
}

fn the_only_file(dir: &Path, end: &str) -> PathBuf {
    let all = crate::harness::files(dir);
    let mut ends = all.into_iter().filter(|path| path.to_string_lossy().ends_with(end));
    let one = ends.next().expect("a file of that kind");
    assert_eq!(ends.next(), None);
    one
}

#[test]
fn a_home_is_held_against_its_log() {
    let home = Home::found();
    let before = home.beside("db-before");
    copy(&home.root.join("db"), &before);
    let daemon = Daemon::start(&home);
    let mut connection = daemon.connect();
    events::walk_to_approved(&mut connection, "REQ-1", ADA, [&home.reviewer, &home.senior]);
    let sealed = events::disclose(&mut connection, "REQ-1");
    let body = events::release(&mut connection, "REQ-1", &home.senior);
    let path = format!("/v1/disclosures/{}/release", sealed["disclosure"].as_str().expect("an id"));
    connection.post(&path, &body).expect("an answer").expect(200);
    verified(&home, &[]).expect(0);
    daemon.stop();
    verified(&home, &[]).expect(0);

    let bundle = the_only_file(&home.root.join("outbox"), ".tar.age");
    let mut bytes = fs::read(&bundle).expect("readable");
    let production =
        bundle.parent().and_then(Path::file_name).expect("a production").to_string_lossy().into_owned();
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&bundle, &bytes).expect("written");
    let at = format!("outbox/{production}/{production}.tar.age");
    assert_eq!(found(&home), [["outbox_altered", "grave", at.as_str()]]);
    // A doubt about the log's signer hides nothing of the outbox.
    let root = home.root.display().to_string();
    let identity = home.beside("auditor.age").display().to_string();
    let untrusted = crate::harness::probity(["verify", &root, "--identity", &identity, "--json"]).expect(1);
    assert!(untrusted.stdout.contains("outbox_altered"), "{}", untrusted.stdout);
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&bundle, &bytes).expect("written");

    fs::create_dir(home.root.join("outbox/PRD-0000")).expect("made");
    assert_eq!(found(&home), [["outbox_unknown", "grave", "outbox/PRD-0000"]]);
    fs::remove_dir(home.root.join("outbox/PRD-0000")).expect("removed");
    fs::write(home.root.join("outbox/mail.mbox\u{1b}[2K"), "plain").expect("written");
    assert_eq!(found(&home), [["outbox_unknown", "grave", "outbox/mail.mbox\u{fffd}[2K"]]);
    fs::remove_file(home.root.join("outbox/mail.mbox\u{1b}[2K")).expect("removed");
    let beside = bundle.with_extension("txt");
    fs::write(&beside, "plain").expect("written");
    let at = format!("outbox/{production}/{}", beside.file_name().expect("a name").to_string_lossy());
    assert_eq!(found(&home), [["outbox_unknown", "grave", at.as_str()]]);
    fs::remove_file(&beside).expect("removed");

    // A file of the outbox that the agency fetched and somebody removed is no finding.
    fs::remove_file(&bundle).expect("removed");
    verified(&home, &[]).expect(0);

    let anchor = home.root.join("anchor");
    let held = fs::read(&anchor).expect("readable");
    fs::remove_file(&anchor).expect("removed");
    assert_eq!(found(&home), [["anchor", "grave", "anchor"]]);
    fs::write(&anchor, vec![0; held.len()]).expect("written");
    assert_eq!(found(&home), [["anchor", "grave", "anchor"]]);
    fs::write(&anchor, &held).expect("written");

    fs::remove_dir_all(home.root.join("db")).expect("removed");
    copy(&before, &home.root.join("db"));
    let codes = found(&home);
    assert!(codes.contains(&["not_a_prefix", "grave", "anchor"].map(str::to_owned)), "{codes:?}");
}

#[test]
fn flags_without_a_use_are_refused() {
    let home = Home::found();
    let export = home.export("export");
    let log_key = home.vkey().display().to_string();
    let said = |target: &Path, flag: &str| {
        let target = target.display().to_string();
        let arguments = ["verify", target.as_str(), "--log-key", log_key.as_str(), flag, log_key.as_str()];
        crate::harness::probity(arguments).expect(64).stderr
    };
    assert!(said(&export, "--opening").contains("--opening does not go with a whole log"));
    for flag in ["--identity", "--since", "--against"] {
        assert!(said(&export.join("checkpoint"), flag).contains(flag), "{flag}");
    }
}
