//! Goal: nothing personal gets where it does not belong.
//! Method: canaries stand in every personal field of events and of every kind of source, and in a
//! service that is not asked for at all; a request is walked to its acknowledged bundle with every log line switched on, and refused on the way with
//! problems. No canary may occur in the daemon's log, in problems, in health answers, in the
//! public set or in a file name; in the decrypted bundle only what the scope covers.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::oracle::tool;
use crate::harness::{Daemon, Home, PROBITY, events, files, run};

/// Inside the approved scope: the account, its name, a message and a file of March.
const COVERED: [&str; 6] = [
    "canary-account",
    "Canary-Name",
    "canary-march",
    "canary-eml-march",
    "canary-file-march",
    "canary-kept-march",
];
/// Never: credentials, other accounts, what is of other times or none, other services, what the
/// files of a source are called, notes of the staff.
const NEVER: [&str; 13] = [
    "canary-password",
    "canary-recovery",
    "canary-note",
    "canary-february",
    "canary-april",
    "canary-other",
    "canary-eml-april",
    "canary-eml-never",
    "canary-eml-name",
    "canary-file-april",
    "canary-kept-april",
    "canary-drive",
    "canary-stored",
];

/// Messages in files and plain files of the service that is asked for.
const MORE_SOURCES: &str = r#"
[[source]]
id = "eml-more"
service = "mail"
kind = "eml"
path = "more-eml"
owner = "canary-account@mail.example"

[[source]]
id = "files-more"
service = "mail"
kind = "files"
path = "more-files"
index = "more-files.csv"
account = "account"
file = "stored_as"
time = "uploaded_at"
[source.fields]
account = { class = "bsi", name = "email_address" }
stored_as = { class = "key_material" }
original_name = { class = "content_stored", name = "file_name" }
"#;

/// Canaries in directories of messages, in plain files, and in the drive, which no item names.
fn plant_more(sources: &Path, account: &str) {
    let write = |name: &str, text: String| {
        let path = sources.join(name);
        fs::create_dir_all(path.parent().expect("below")).expect("a directory");
        fs::write(path, text).expect("written");
    };
    let declared = fs::read_to_string(sources.join("sources.toml")).expect("a source");
    write("sources.toml", declared.replace("[[ownership]]", &format!("{MORE_SOURCES}\n[[ownership]]")));
    for (canary, date) in [
        ("march", "Date: Wed, 18 Mar 2026 16:05:11 +0000\n"),
        ("april", "Date: Wed, 15 Apr 2026 16:05:11 +0000\n"),
        ("never", ""),
    ] {
        let head =
            format!("{date}From: Dana <dana@shop.example>\nTo: {account}\nSubject: canary-eml-{canary}\n");
        write(&format!("more-eml/canary-eml-name-{canary}.eml"), format!("{head}\ncanary-eml-{canary}\n"));
    }
    let mut index = "account,stored_as,original_name,uploaded_at\n".to_owned();
    for (whose, month, canary) in
        [(account, 3, "march"), (account, 4, "april"), ("x@mail.example", 3, "other")]
    {
        index +=
            &format!("{whose},canary-stored-{canary},canary-kept-{canary},2026-{month:02}-10T10:00:00Z\n");
        write(&format!("more-files/canary-stored-{canary}"), format!("canary-file-{canary}\n"));
    }
    write("more-files.csv", index);
    let drive = fs::read_to_string(sources.join("drive/index.csv")).expect("a source");
    let header = drive.lines().next().expect("a header");
    let row = header.split(',').map(|column| match column {
        "account" => account,
        "stored_as" => "canary-drive-1",
        "uploaded_at" => "2026-03-10T10:00:00Z",
        _ => "canary-drive",
    });
    write("drive/index.csv", format!("{drive}{}\n", row.collect::<Vec<_>>().join(",")));
    write("drive/canary-drive-1", "canary-drive in a file\n".to_owned());
}

fn plant(home: &Home) -> String {
    let account = "canary-account@mail.example".to_owned();
    let sources = home.beside("sources");
    let edit = |name: &str, from: &str, to: &str| {
        let path = sources.join(name);
        let text = fs::read_to_string(&path).expect("a source");
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(&path, text.replace(from, to)).expect("written");
    };
    for name in
        ["sources.toml", "subscribers.csv", "ip-connections.csv", "account-events.ndjson", "mail/0001.mbox"]
    {
        edit(name, "ada.example@mail.example", &account);
    }
    let subscribers = fs::read_to_string(sources.join("subscribers.csv")).expect("a source");
    let header = subscribers.lines().next().expect("a header");
    let row = format!(
        "{account},Canary-Name,1 Street,WA,US,98000,2019-04-02T09:12:44Z,192.0.2.17,+1-555-0100,\
         canary-password,canary-recovery,canary-note"
    );
    let other = "canary-other@mail.example,canary-other,2 Road,OR,US,97000,2021-11-19T17:40:05Z,198.51.100.23,\
                 +1-555-0101,x,y,z";
    fs::write(sources.join("subscribers.csv"), format!("{header}\n{row}\n{other}\n")).expect("written");
    let months = [("Feb", "february"), ("Mar", "march"), ("Apr", "april")];
    let mbox = months.map(|(month, canary)| {
        format!(
            "From dana@shop.example Wed {month} 18 16:05:11 2026\n\
                 Received: from relay.example by mail.example; Wed, 18 {month} 2026 16:05:11 +0000\n\
                 Date: Wed, 18 {month} 2026 16:05:11 +0000\nFrom: Dana <dana@shop.example>\nTo: {account}\n\
                 Message-ID: <{canary}@shop.example>\nSubject: canary-{canary}\n\n\
                 canary-{canary} in the text\n\n"
        )
    });
    fs::write(sources.join("mail/0001.mbox"), mbox.concat()).expect("written");
    plant_more(&sources, &account);
    account
}

fn has(bytes: &[u8], canary: &str) -> bool {
    bytes.windows(canary.len()).any(|window| window.eq_ignore_ascii_case(canary.as_bytes()))
}

/// No canary at all.
fn check_clean(what: &str, bytes: &[u8]) {
    for canary in COVERED.iter().chain(&NEVER) {
        assert!(!has(bytes, canary), "{what} has {canary}");
    }
}

#[test]
fn canaries_stay_where_they_belong() {
    let home = Home::prepare();
    let account = plant(&home);
    home.init(&[]).expect(0);
    let mut command = Command::new(PROBITY);
    command.env("RUST_LOG", "trace");
    let daemon = Daemon::spawn(&home, command).unwrap_or_else(|ended| panic!("{ended:?}"));
    let mut connection = daemon.connect();

    // Refusals of events full of canaries: problems name places, not values.
    let mut outside = Vec::new();
    for event in events::intake("REQ-1", &account) {
        for pointer in ["", "/data", "/data/identifiers/0", "/data/legality", "/data/order"] {
            let mut bad = event.clone();
            if let Some(members) = bad.pointer_mut(pointer).and_then(|value| value.as_object_mut()) {
                members.insert("extra".to_owned(), "canary-note".into());
                outside.push(events::post(&mut connection, &bad));
            }
        }
        let mut bad = event.clone();
        bad["data"]["agency"] = "canary-other".into();
        bad["data"]["channel"] = "canary-other".into();
        bad["data"]["reviewer"] = "canary-other".into();
        outside.push(events::post(&mut connection, &bad));
        events::must(&mut connection, &event);
    }
    outside.push(connection.get("/v1/requests/canary-other").expect("an answer"));
    outside.push(connection.get("/v1/canary-account").expect("an answer"));
    for answer in &outside {
        assert!((400..500).contains(&answer.status), "{}", answer.text());
    }
    outside.push(connection.get("/healthz").expect("an answer"));
    outside.push(connection.get("/readyz").expect("an answer"));

    for person in [&home.reviewer, &home.senior] {
        let act = events::act(&mut connection, "REQ-1", "disclose");
        events::must(&mut connection, &events::signed(act, person, events::A_DAY));
    }
    let sealed = events::disclose(&mut connection, "REQ-1");
    assert_eq!(sealed["state"], "sealed", "{sealed}");
    check_clean("the state of a disclosure", sealed.to_string().as_bytes());
    let body = events::release(&mut connection, "REQ-1", &home.senior);
    let path = format!("/v1/disclosures/{}/release", sealed["disclosure"].as_str().expect("an id"));
    let released = connection.post(&path, &body).expect("an answer").expect(200);
    let production = released["production"].as_str().expect("a production");

    // What is in clear: the log, the problems, names of files, the public set, the home's bytes.
    for answer in &outside {
        check_clean(&answer.text(), answer.text().as_bytes());
    }
    for file in files(&home.root) {
        check_clean("a file's name", file.display().to_string().as_bytes());
        check_clean(&file.display().to_string(), &fs::read(&file).unwrap_or_default());
    }
    let public = home.beside("public");
    home.probity(&["export", "--public", &public.display().to_string()]).expect(0);
    for file in files(&public).iter().chain(&files(&home.export("export"))) {
        check_clean(&file.display().to_string(), &fs::read(file).expect("read"));
    }

    // The decrypted bundle: everything covered and nothing else.
    let tar = home.beside("bundle.tar");
    let bundle = home.root.join("outbox").join(production).join(format!("{production}.tar.age"));
    run(tool("age").arg("-d").arg("-i").arg(home.beside("agency.age")).arg("-o").arg(&tar).arg(bundle))
        .expect(0);
    let bytes = fs::read(&tar).expect("read");
    for canary in COVERED {
        assert!(has(&bytes, canary), "{canary} is covered and not there");
    }
    for canary in NEVER {
        assert!(!has(&bytes, canary), "{canary} is in the bundle");
    }
    let log = daemon.log.clone();
    daemon.stop();
    let said = fs::read(log).expect("a log");
    assert!(has(&said, "serving"), "the log is there");
    check_clean("the daemon's log", &said);
}
