//! Goal: what is malformed, hidden, oversized, secret or changed is never delivered.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::minimise::csv::{HeaderError, ROW_BYTES_MAX};
use crate::minimise::mail::HEADER_BYTES_MAX;

fn all() -> Vec<ScopeItem> {
    vec![
        item(ADA, DataClass::ContentStored, MARCH),
        item(ADA, DataClass::Bsi, None),
        item(ADA, DataClass::RecordsOther, MARCH),
    ]
}

fn content() -> Vec<ScopeItem> {
    vec![item(ADA, DataClass::ContentStored, MARCH)]
}

#[test]
fn refuses_sources_as_a_whole() {
    let check = |tree: Tree, expected: fn(&CollectError) -> bool| {
        let error = tree.plan(all()).err().expect("refused");
        assert!(expected(&error), "{error:?}");
        assert!(!error.to_string().contains("ada@"), "{error}");
    };
    let duplicate =
        |e: &CollectError| matches!(e, CollectError::Header { cause: HeaderError::Duplicate(3), .. });
    check(Tree::new().declare(CRM).file("crm.csv", "account,name,name\n"), duplicate);
    check(Tree::new().declare(CRM).file("crm.csv", ""), |e| matches!(e, CollectError::Header { .. }));
    check(Tree::new().declare(CRM).file("crm.csv", "account,nom\n"), |e| {
        matches!(e, CollectError::Column { .. })
    });
    check(Tree::new().declare(CRM), |e| matches!(e, CollectError::Missing { .. }));
    check(Tree::new().declare(MBOX).file("ada.mbox", "Hello\n"), |e| {
        matches!(e, CollectError::NotMbox { .. })
    });
    let linked = Tree::new().declare(CRM).file("real.csv", "account,name\n");
    symlink(linked.path().join("real.csv"), linked.path().join("crm.csv")).expect("a link");
    check(linked, |e| matches!(e, CollectError::NotRegular { .. }));
    let behind =
        Tree::new().declare(&CRM.replace("crm.csv", "link/crm.csv")).file("real/crm.csv", "account,name\n");
    symlink(behind.path().join("real"), behind.path().join("link")).expect("a link");
    check(behind, |e| matches!(e, CollectError::NotRegular { .. }));
    check(Tree::new().declare(CRM).file("crm.csv/x", ""), |e| matches!(e, CollectError::NotRegular { .. }));
}

#[test]
fn unsafe_names_are_not_opened() {
    let mail = "Date: Tue, 3 Mar 2026 10:00:00 +0000\n\nbody\n";
    let tree =
        Tree::new().declare(EML).file("eml/ok.eml", mail).file("elsewhere", mail).file("eml/dir.eml/x", mail);
    let eml = tree.path().join("eml");
    symlink(tree.path().join("elsewhere"), eml.join("link.eml")).expect("a link");
    rustix::fs::mkfifoat(rustix::fs::CWD, eml.join("pipe.eml"), rustix::fs::Mode::RUSR).expect("a pipe");
    for name in [&b"new\nline.eml"[..], "b\u{202e}idi.eml".as_bytes(), b"\xff.eml"] {
        fs::write(eml.join(std::ffi::OsStr::from_bytes(name)), mail).expect("a file");
    }
    let outcome = tree.collect(content());
    assert_eq!(outcome.paths(), ["A001/mail/000001.eml"]);
    assert_eq!(outcome.withheld(), [("form.path", 6)]);

    let rows: String = ["../elsewhere", "/etc/hostname", "link", "dir", "b\u{202e}idi", "a\\b", "gone", "ok"]
        .map(|name| format!("{ADA},{name},x,1,2026-03-02T00:00:00Z\n"))
        .concat();
    let tree = Tree::new()
        .declare(DRIVE)
        .file("drive.csv", format!("account,stored,name,size,at\n{rows}"))
        .file("elsewhere", "CANARY")
        .file("drive/dir/x", "CANARY")
        .file("drive/ok", "");
    symlink(tree.path().join("elsewhere"), tree.path().join("drive/link")).expect("a link");
    let contents =
        ScopeItem { fields: Some(vec!["file".into()]), ..item(ADA, DataClass::ContentStored, MARCH) };
    let outcome = tree.collect(vec![contents]);
    // A file of no bytes is a file.
    assert_eq!(outcome.paths(), ["A001/files/F000001.bin", "A001/files/files.csv"]);
    assert_eq!(outcome.withheld(), [("form.path", 6), ("form.missing", 1)]);
}

#[test]
fn items_with_keys_are_withheld_and_the_rest_goes_on() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n";
    let encoded = STANDARD.encode(key);
    let plain = |n: usize, body: &str| {
        format!("From a Tue Mar  3 10:00:0{n} 2026\nFrom: a@mail.example\n\n{body}\n\n")
    };
    // A body longer than a chunk, with the key across its border.
    let long = format!("{}{key}", "x".repeat(dir::CHUNK_BYTES - 70));
    let messages =
        [plain(1, "fine"), plain(2, key), plain(3, &encoded), plain(4, &long), plain(5, "fine too")];
    let tree = Tree::new()
        .declare(MBOX)
        .declare(CRM)
        .declare(LOGINS)
        .declare(DRIVE)
        .file("ada.mbox", messages.concat())
        .file("crm.csv", format!("account,name\n{ADA},\"{key}\"\n{ADA},Ada\n"))
        .file(
            "logins.ndjson",
            format!(
                "{{\"account\":\"{ADA}\",\"ip\":\"\\u0041GE-SECRET-KEY-1Q\"}}\n{{\"account\":\"{ADA}\",\"ip\":\"::1\",\"token\":\"AGE-SECRET-KEY-1Q\"}}\n"
            ),
        )
        .file("drive.csv", format!("account,stored,name,size,at\n{ADA},k,k,1,2026-03-02T00:00:00Z\n"))
        .file("drive/k", "PuTTY-User-Key-File-3: ssh-ed25519\n");
    let outcome =
        tree.collect(vec![item(ADA, DataClass::ContentStored, MARCH), item(ADA, DataClass::Bsi, None)]);
    assert_eq!(outcome.text("A001/mail/mail-0001.mbox"), [&*messages[0], &messages[4]].concat());
    assert_eq!(outcome.plan.withheld.count(crate::minimise::Rule::KeyMaterial), 6);
    assert!(outcome.text("A001/access/logins.ndjson").contains("::1"));
    assert!(outcome.text("A001/subscriber/subscriber.json").contains("\"name\":\"Ada\""));
    assert!(!outcome.files.contains_key("A001/files/F000001.bin"));
    for (path, bytes) in &outcome.files {
        assert_eq!(crate::minimise::secrets::Scanner::scan(bytes), None, "{path}");
    }

    // Each is named for people to look at; what two of them clear goes out, and nothing else does.
    let suspects = outcome.plan.suspects.clone();
    assert_eq!(suspects.len(), 6);
    let of = |bytes: &[u8]| {
        let item = suspects.iter().find(|suspect| suspect.item_sha256 == Digest::of(bytes));
        item.expect("named by its bytes").clone()
    };
    let file = of(b"PuTTY-User-Key-File-3: ssh-ed25519\n");
    let mut other_source = file.clone();
    other_source.source = of(messages[1].as_bytes()).source;
    let tree = Tree { cleared: [of(messages[1].as_bytes()), file, other_source].into(), ..tree };
    let outcome =
        tree.collect(vec![item(ADA, DataClass::ContentStored, MARCH), item(ADA, DataClass::Bsi, None)]);
    assert_eq!(
        outcome.text("A001/mail/mail-0001.mbox"),
        [&*messages[0], &messages[1], &messages[4]].concat()
    );
    assert!(outcome.files.contains_key("A001/files/F000001.bin"));
    assert_eq!(outcome.plan.withheld.count(crate::minimise::Rule::KeyMaterial), 4);
    assert_eq!(outcome.plan.suspects.len(), 4);
}

#[test]
fn oversized_and_malformed_records_are_passed_over() {
    let row = |name: &str| format!("{ADA},{name}\n");
    let tree = Tree::new().declare(CRM).declare(LOGINS).declare(MBOX).file(
        "crm.csv",
        [
            "account,name\n",
            &row(&"x".repeat(ROW_BYTES_MAX)),
            &row("Ada"),
            &row("a\"b\"c"),
            &format!("{ADA},Ada,more\n"),
            // A quote that never closes takes the rest of the file with it.
            &format!("{ADA},\"open\n{ADA},CANARY\n"),
        ]
        .concat(),
    );
    let tree = tree
        .file(
            "logins.ndjson",
            format!("{{\"account\":\"{ADA}\",\"ip\":\"1\",\"ip\":\"2\"}}\n{{\"ip\":\n[]\n"),
        )
        .file(
            "ada.mbox",
            [
                format!("From a Tue Mar  3 10:00:00 2026\nX: {}\n\nbody\n\n", "x".repeat(HEADER_BYTES_MAX)),
                message("Tue Mar 3", "fine"),
            ]
            .concat(),
        );
    let outcome =
        tree.collect(vec![item(ADA, DataClass::ContentStored, MARCH), item(ADA, DataClass::Bsi, None)]);
    assert_eq!(outcome.paths(), ["A001/mail/mail-0001.mbox", "A001/subscriber/subscriber.json"]);
    assert_eq!(outcome.withheld(), [("form.oversized", 2), ("form.malformed", 6)]);
    assert!(!outcome.text("A001/subscriber/subscriber.json").contains("CANARY"));
}

/// Nasty case 4: a recycled address had an owner before.
#[test]
fn records_of_a_previous_owner_are_withheld() {
    let ownership = "[[ownership]]\nservice = \"mail\"\naccount = \"ada@mail.example\"\nfrom = \"2026-03-15T00:00:00.000Z\"\n";
    let tree = Tree::new().declare(MBOX).declare(CRM).declare(ownership);
    let tree = tree
        .file("ada.mbox", [message("Tue Mar 3", "before"), message("Fri Mar 20", "after")].concat())
        .file("crm.csv", format!("account,name\n{ADA},CANARY\n"));
    let outcome = tree.collect(all());
    assert_eq!(outcome.text("A001/mail/mail-0001.mbox"), message("Fri Mar 20", "after"));
    assert_eq!(outcome.text("A001/mail/headers.csv").lines().count(), 2);
    assert_eq!(outcome.plan.withheld.count(crate::minimise::Rule::Ownership), 2);
}

/// The same item twice, an empty source and an empty result are all fine.
#[test]
fn nothing_and_twice() {
    let twice = message("Tue Mar 3", "two").repeat(2);
    let tree = Tree::new().declare(MBOX).file("ada.mbox", &twice);
    assert_eq!(tree.collect(content()).text("A001/mail/mail-0001.mbox"), twice);
    let empty = Tree::new().declare(MBOX).declare(CRM).file("ada.mbox", "").file("crm.csv", "account,name");
    assert!(empty.collect(all()).files.is_empty());
}

#[test]
fn a_changed_source_is_refused_by_name() {
    type Change = fn(&Path) -> io::Result<()>;
    let changes: [(&str, Change); 5] = [
        ("one byte of a kept message", |path| {
            let mut bytes = fs::read(path)?;
            let last = bytes.len() - 3;
            bytes[last] ^= 1;
            fs::write(path, bytes)
        }),
        ("something at the end", |path| {
            let bytes = [fs::read(path)?, b"more\n".to_vec()].concat();
            fs::write(path, bytes)
        }),
        ("nothing is left", |path| fs::write(path, "")),
        ("gone", |path| fs::remove_file(path)),
        ("a link to a copy", |path| {
            let copy = path.with_extension("copy");
            fs::rename(path, &copy)?;
            symlink(&copy, path)
        }),
    ];
    for (what, change) in changes {
        let tree = Tree::new()
            .declare(MBOX)
            .declare(CRM)
            .file("ada.mbox", message("Tue Mar 3", "two"))
            .file("crm.csv", format!("account,name\n{ADA},Ada\n"));
        let (sources, plan, _) = tree.plan(all()).expect("a plan");
        for (file, name) in [("ada.mbox", "mbox"), ("crm.csv", "crm")] {
            change(&tree.path().join(file)).expect("changed");
            let errors = plan.files.iter().filter_map(|f| f.copy_to(&sources, &mut io::sink()).err());
            let refused = errors.filter(
                |e| matches!(e, CollectError::SourceChanged { source_id } if source_id.as_str() == name),
            );
            assert!(refused.count() >= 1, "{what}: {name}");
        }
    }
}

/// Even with its times and size put back, other bytes are noticed by their digest.
#[test]
fn other_bytes_under_the_same_stamp_are_refused() {
    let tree = Tree::new().declare(CRM).file("crm.csv", format!("account,name\n{ADA},Ada\n"));
    let (sources, mut plan, _) = tree.plan(all()).expect("a plan");
    fs::write(tree.path().join("crm.csv"), format!("account,name\n{ADA},Bob\n")).expect("changed");
    let (_, again, _) = tree.plan(all()).expect("a plan");
    let (file, forged) =
        (plan.files.first_mut().expect("a file"), again.files.into_iter().next().expect("a file"));
    file.segments = forged.segments;
    let error = file.copy_to(&sources, &mut io::sink()).err();
    assert!(matches!(error, Some(CollectError::SourceChanged { .. })), "{error:?}");
}
