//! Goal: a disk that fills while a bundle is sealed costs that bundle and nothing else.
//! Method: the daemon's files may grow to a size that its database never reaches and the bundle
//! does (`RLIMIT_FSIZE`; no root, no file system of its own). The disclosure must fail with a code
//! of its own, the log must say that it failed and nothing more, staging and outbox must be empty,
//! the daemon must go on; and with room again the same request is disclosed.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::harness::events::{self, ADA};
use crate::harness::{Connection, Daemon, Home, files, with_file_limit};

/// The most a file may hold: far above the database of one request.
const LIMIT_BYTES: u64 = 2 << 20;
/// Messages of March, of a quarter of the limit each.
const MESSAGES: usize = 8;

/// Makes the mailbox larger than any file may be.
fn fill_mailbox(home: &Home) {
    let path = home.beside("sources/mail/0001.mbox");
    let mut mailbox = fs::read_to_string(&path).expect("a mailbox");
    let body = "All of this is in scope.\n".repeat(usize::try_from(LIMIT_BYTES / 4 / 25).expect("small"));
    for nth in 0..MESSAGES {
        let date = "Wed, 18 Mar 2026 16:05:11 +0000";
        write!(
            mailbox,
            "\nFrom dana@shop.example Wed Mar 18 16:05:11 2026\nDate: {date}\nFrom: Dana <dana@shop.example>\n\
             To: {ADA}\nMessage-ID: <long-{nth}@shop.example>\nSubject: long\n\n{body}\n"
        )
        .expect("memory");
    }
    assert!(u64::try_from(mailbox.len()).expect("small") > LIMIT_BYTES);
    fs::write(path, mailbox).expect("written");
}

/// The types of what is recorded about a request, oldest first, reads left out.
fn timeline(connection: &mut Connection, request: &str) -> Vec<String> {
    let case = connection.get(&format!("/v1/requests/{request}")).expect("an answer").expect(200);
    let mut rows: Vec<_> = case["timeline"].as_array().expect("a list").clone();
    rows.sort_by_key(|row| row["index"].as_u64());
    let type_ = |row: &Value| row["type"].as_str().expect("a type").to_owned();
    rows.iter().map(type_).filter(|type_| type_ != "access.read").collect()
}

/// The names in a directory of the home.
fn names(home: &Home, dir: &str) -> Vec<String> {
    let entries = fs::read_dir(home.root.join(dir)).expect("reads");
    entries.map(|entry| entry.expect("an entry").file_name().display().to_string()).collect()
}

/// Discloses a request on a disk that takes no more than `limit` bytes of a file; what stays is
/// the record of the failure, and what was staged before. Returns the problem.
fn fails(home: &Home, request: &str, limit: u64) -> Value {
    let daemon = Daemon::spawn(home, with_file_limit(limit)).unwrap_or_else(|ended| panic!("{ended:?}"));
    let mut connection = daemon.connect();
    let staged = names(home, "staging");
    events::walk_to_approved(&mut connection, request, ADA, [&home.reviewer, &home.senior]);
    let before = timeline(&mut connection, request);
    let failed = events::disclose(&mut connection, request);
    assert_eq!(failed["state"], "failed", "{failed}");
    let detail = failed["problem"]["detail"].as_str().expect("a text");
    assert!(detail.contains("the disk has no room"), "{failed}");

    // What the log says: that it was begun, what was found, and that nothing came of it.
    let after = timeline(&mut connection, request);
    assert_eq!(after[..before.len()], before);
    let since: Vec<_> = after[before.len()..].iter().map(String::as_str).collect();
    assert_eq!(
        (since.first(), since.last()),
        (Some(&"disclosure.opened"), Some(&"bundle.destroyed")),
        "{since:?}"
    );
    assert!(!since.contains(&"bundle.sealed"), "{since:?}");
    assert_eq!(
        [names(home, "staging"), names(home, "outbox"), names(home, "quarantine")],
        [staged, vec![], vec![]]
    );
    // It goes on.
    events::must(&mut connection, &events::received(&format!("{request}-next")));
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
    failed["problem"].clone()
}

/// The same request again, under ids of its own, once who holds the keys was asked again.
fn disclose_again(connection: &mut Connection) -> Value {
    let mut asked = events::custody_checked("REQ-1");
    asked["id"] = json!("REQ-1-custody-again");
    events::must(connection, &asked);
    let body = json!({"id": "REQ-1-again", "request": "REQ-1", "actor": "p-operator-1"});
    let opened = connection.post("/v1/disclosures", &body).expect("an answer").expect(202);
    events::settled(connection, opened["disclosure"].as_str().expect("an id"))
}

#[test]
fn a_disk_that_fills_while_sealing_costs_the_bundle_alone() {
    let home = Home::found();
    fill_mailbox(&home);
    let in_the_middle = fails(&home, "REQ-1", LIMIT_BYTES);

    let daemon = Daemon::start(&home);
    let sealed = disclose_again(&mut daemon.connect());
    assert_eq!(sealed["state"], "sealed", "{sealed}");
    daemon.stop();
    let staged = files(&home.root.join("staging"));
    let bytes = staged.iter().map(|path| fs::metadata(path).expect("there").len()).max().expect("a bundle");
    assert!(bytes > LIMIT_BYTES, "{staged:?}");

    // The same data again, with room for all but what is written last.
    let at_the_end = fails(&home, "REQ-2", bytes - 8192);
    for problem in [in_the_middle, at_the_end] {
        let type_ = problem["type"].as_str().expect("a type");
        assert_eq!(type_, "urn:probity:problem:disclosure:disk-full", "{problem}");
    }
}
