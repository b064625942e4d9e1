//! Goal: what is copied is exactly what the scope names; every trick is withheld or refused;
//! a source that changed is refused.
//! Method: small trees of sources in a scratch directory, one scope, and the whole outcome
//! compared: files with contents, counts by rule, the collected scope.

mod leaks;
mod tricks;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::minimise::{AccountLabels, Selection};
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::ServiceId;
use crate::model::scope::{FieldTable, Scope, ScopeItem};
use crate::model::time::Timestamp;

const MARCH: Option<(&str, &str)> = Some(("2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"));

fn dictionary() -> FieldTable {
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    FieldTable::from([
        (DataClass::Existence, names(&["account_exists"])),
        (
            DataClass::Bsi,
            names(&["name", "email_address", "registration_time", "session_times", "session_ip"]),
        ),
        (
            DataClass::RecordsOther,
            names(&["to_from_cc_bcc", "message_timestamps", "message_id", "message_sizes", "file_sizes"]),
        ),
        (
            DataClass::ContentStored,
            names(&["message_body", "subject_line", "attachment", "file", "file_name"]),
        ),
    ])
}

fn item(account: &str, class: DataClass, interval: Option<(&str, &str)>) -> ScopeItem {
    let time = |text| Timestamp::parse(text).expect("a time");
    ScopeItem {
        account: account.into(),
        service: ServiceId::new("mail").expect("an id"),
        class,
        from: interval.map(|(from, _)| time(from)),
        to: interval.map(|(_, to)| time(to)),
        fields: None,
    }
}

/// A directory of sources with its declarations.
struct Tree {
    dir: TempDir,
    config: String,
    /// What two people found not to be key material.
    cleared: BTreeSet<Suspect>,
}

impl Tree {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a scratch directory"),
            config: "v = 1\n".into(),
            cleared: BTreeSet::new(),
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn file(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("below")).expect("a directory");
        fs::write(path, bytes).expect("a file");
        self
    }

    fn declare(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self
    }

    fn open(&self) -> Sources {
        let config = self.path().join("sources.toml");
        fs::write(&config, &self.config).expect("a file");
        Sources::open(&config, self.path()).expect("sources")
    }

    fn plan(&self, items: Vec<ScopeItem>) -> Result<(Sources, Plan, Scope), CollectError> {
        let scope = Scope::new(items).expect("a scope");
        let sources = self.open();
        let selection = Selection::new(&scope, &dictionary(), None);
        let plan = plan(
            &sources,
            &selection,
            &AccountLabels::of(&scope),
            &ProvenanceKey::new([7; 32]),
            &self.cleared,
            &mut |_| {},
        )?;
        Ok((sources, plan, scope))
    }

    /// Plans, copies, and checks what holds for every plan.
    fn collect(&self, items: Vec<ScopeItem>) -> Outcome {
        let (sources, plan, scope) = self.plan(items).expect("a plan");
        let mut files = BTreeMap::new();
        for file in &plan.files {
            let mut bytes = Vec::new();
            file.copy_to(&sources, &mut bytes).expect("unchanged");
            assert_eq!(
                (file.bytes, file.sha256),
                (u64::try_from(bytes.len()).expect("small"), Digest::of(&bytes))
            );
            files.insert(file.path.clone(), bytes);
        }
        assert!(plan.files.is_sorted_by(|a, b| a.path < b.path));
        assert_eq!(
            plan.provenance().count(),
            plan.files.iter().map(|f| usize::try_from(f.records).expect("small")).sum::<usize>()
        );
        for report in &plan.sources {
            assert_eq!(report.records, report.kept + report.withheld.total(), "{}", report.source);
            assert_eq!(report.kept, report.classes.values().sum::<u64>(), "{}", report.source);
            let of_scope = |class: &DataClass| scope.items().iter().any(|item| item.class == *class);
            assert!(report.classes.keys().all(of_scope), "{}", report.source);
        }
        if !plan.touched.is_empty() {
            let touched = Scope::new(plan.touched.clone()).expect("a scope");
            assert!(touched.is_within(&scope, &dictionary()));
        }
        Outcome { files, plan }
    }
}

struct Outcome {
    files: BTreeMap<String, Vec<u8>>,
    plan: Plan,
}

impl Outcome {
    fn text(&self, path: &str) -> &str {
        std::str::from_utf8(self.files.get(path).expect(path)).expect("UTF-8")
    }

    fn paths(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    fn withheld(&self) -> Vec<(&'static str, u64)> {
        self.plan.withheld.iter().map(|(rule, count)| (rule.code(), count)).collect()
    }
}

const ADA: &str = "ada@mail.example";
const MBOX: &str = "[[source]]\nid = \"mbox\"\nservice = \"mail\"\nkind = \"mbox\"\npath = \"ada.mbox\"\nowner = \"ada@mail.example\"\n";
const EML: &str = "[[source]]\nid = \"eml\"\nservice = \"mail\"\nkind = \"eml\"\npath = \"eml\"\nowner = \"ada@mail.example\"\n";
const CRM: &str = r#"
[[source]]
id = "crm"
service = "mail"
kind = "csv"
path = "crm.csv"
into = "subscriber"
account = "account"
[source.fields]
account = { class = "bsi", name = "email_address" }
name = { class = "bsi" }
"#;
const LOGINS: &str = r#"
[[source]]
id = "logins"
service = "mail"
kind = "ndjson"
path = "logins.ndjson"
into = "access"
account = "account"
time = "at"
[source.fields]
account = { class = "bsi", name = "email_address" }
at = { class = "bsi", name = "session_times" }
ip = { class = "bsi", name = "session_ip" }
token = { class = "credentials" }
"#;
const DRIVE: &str = r#"
[[source]]
id = "drive"
service = "mail"
kind = "files"
path = "drive"
index = "drive.csv"
account = "account"
file = "stored"
time = "at"
[source.fields]
size = { class = "records_other", name = "file_sizes" }
at = { class = "records_other", name = "message_timestamps" }
name = { class = "content_stored", name = "file_name" }
"#;

fn message(day: &str, subject: &str) -> String {
    format!(
        "From cy@mail.example {day} 10:00:00 2026\nFrom: \"Cy C\" <cy@mail.example>\nTo: {ADA}\n\
         Message-ID: <{subject}@mail.example>\nSubject: {subject}\n\nbody of {subject}\n>From quoted\n\n"
    )
}

#[test]
fn mbox_messages_keep_their_bytes() {
    let (february, march) = (message("Sat Feb 28", "one"), message("Tue Mar 3", "two"));
    let odd = "From the beginning of a body line\nno date here\n\n".to_owned();
    let last = message("Tue Mar 31", "three");
    let tree = Tree::new().declare(MBOX).file("ada.mbox", [&*february, &march, &odd, &last].concat());
    let content = tree.collect(vec![item(ADA, DataClass::ContentStored, MARCH)]);
    assert_eq!(content.paths(), ["A001/mail/mail-0001.mbox"]);
    assert_eq!(content.text("A001/mail/mail-0001.mbox"), [&*march, &last].concat());
    assert_eq!(content.withheld(), [("S-09.interval", 1), ("S-09.undated", 1)]);
    let from = u64::try_from(february.len()).expect("small");
    let row = content.plan.provenance().next().map(|row| (row.from, row.to, row.commitment.clone()));
    let commitment = Commitment::Sha256(Digest::of(march.as_bytes()));
    assert_eq!(row, Some((from, from + u64::try_from(march.len()).expect("small"), commitment)));
    // The collected scope is measured: from the first to the last message kept.
    let touched: Vec<_> = content.plan.touched.iter().map(|item| (item.from, item.to)).collect();
    let time = |text| Some(Timestamp::parse(text).expect("a time"));
    assert_eq!(touched, [(time("2026-03-03T10:00:00.000Z"), time("2026-03-31T10:00:00.001Z"))]);
}

#[test]
fn noncontent_orders_get_header_rows_only() {
    let tree = Tree::new()
        .declare(MBOX)
        .declare(EML)
        .file("ada.mbox", [message("Tue Mar 3", "two"), message("Fri Apr 3", "four")].concat())
        .file("eml/b.eml", "Date: Tue, 10 Mar 2026 10:00:00 +0100\r\nFrom: bo@mail.example\r\nCc: Ada <ada@mail.example>\r\n\r\nx");
    let facts = tree.collect(vec![item(ADA, DataClass::RecordsOther, MARCH)]);
    assert_eq!(facts.paths(), ["A001/mail/headers.csv"]);
    let bytes = message("Tue Mar 3", "two").len();
    let expected = format!(
        "date,from,to,cc,message_id,size_bytes\n\
         2026-03-03T10:00:00.000Z,cy@mail.example,{ADA},,two@mail.example,{bytes}\n\
         2026-03-10T09:00:00.000Z,bo@mail.example,,{ADA},,{}\n",
        fs::metadata(tree.path().join("eml/b.eml")).expect("there").len()
    );
    assert_eq!(facts.text("A001/mail/headers.csv"), expected);
    assert_eq!(facts.withheld(), [("S-09.interval", 1)]);
}

#[test]
fn eml_files_are_numbered_by_what_is_kept() {
    let mail =
        |date: &str| format!("Received: from x by y; {date}\nDate: Tue, 3 Mar 2026 10:00:00 +0000\n\nbody\n");
    let tree = Tree::new()
        .declare(EML)
        .file("eml/1.eml", mail("Tue, 3 Feb 2026 10:00:00 +0000"))
        .file("eml/2.eml", mail("Tue, 3 Mar 2026 10:00:00 +0000"))
        .file("eml/3.eml", "Subject: undated\n\nbody\n")
        .file("eml/4.txt", mail("Tue, 3 Mar 2026 10:00:00 +0000"));
    let outcome = tree.collect(vec![item(ADA, DataClass::ContentStored, MARCH)]);
    assert_eq!(outcome.paths(), ["A001/mail/000001.eml"]);
    assert_eq!(outcome.text("A001/mail/000001.eml"), mail("Tue, 3 Mar 2026 10:00:00 +0000"));
    assert_eq!(outcome.withheld(), [("S-09.interval", 1), ("S-09.undated", 1), ("form.malformed", 1)]);
}

#[test]
fn records_and_files() {
    let tree = Tree::new()
        .declare(CRM)
        .declare(LOGINS)
        .declare(DRIVE)
        .file("crm.csv", "account,name,diary\nada@mail.example,\"Ada, A\",secret\nbo@mail.example,Bo,secret\n")
        .file(
            "logins.ndjson",
            concat!(
                "{\"account\":\"ada@mail.example\",\"at\":\"2026-03-01T00:00:00Z\",\"ip\":\"192.0.2.1\",\"token\":\"t\",\"new\":1}\n\n",
                "{\"account\":\"ada@mail.example\",\"at\":\"2026-04-01T00:00:00Z\",\"ip\":\"192.0.2.2\"}\n",
                "{\"account\":\"ada@mail.example\",\"ip\":\"192.0.2.3\"}",
            ),
        )
        .file("drive.csv", "account,stored,name,size,at\nada@mail.example,aa/1,diary.txt,3,2026-03-02T00:00:00Z\nada@mail.example,aa/2,old.txt,3,2026-02-02T00:00:00Z\n")
        .file("drive/aa/1", "one")
        .file("drive/aa/2", "two");
    let bsi = ScopeItem { fields: Some(vec!["name".into()]), ..item(ADA, DataClass::Bsi, None) };
    let ip = ScopeItem { fields: Some(vec!["session_ip".into()]), ..item(ADA, DataClass::Bsi, MARCH) };
    let exists = item(ADA, DataClass::Existence, None);
    let noncontent = tree.collect(vec![bsi, ip, exists, item(ADA, DataClass::RecordsOther, MARCH)]);
    assert_eq!(
        noncontent.paths(),
        ["A001/access/logins.ndjson", "A001/files/files.csv", "A001/subscriber/subscriber.json"]
    );
    assert_eq!(noncontent.text("A001/access/logins.ndjson"), "{\"ip\":\"192.0.2.1\"}\n");
    assert_eq!(
        noncontent.text("A001/files/files.csv"),
        "delivered_as,size,at\n,3,2026-03-02T00:00:00.000Z\n"
    );
    assert_eq!(
        noncontent.text("A001/subscriber/subscriber.json"),
        "{\"schema\":\"urn:probity:subscriber:v1\",\"account\":\"A001\",\"records\":[\
         {\"source\":\"crm\",\"service\":\"mail\",\"values\":{\"name\":\"Ada, A\"}}],\"account_exists\":true}\n"
    );
    assert_eq!(noncontent.withheld(), [("S-09.account", 1), ("S-09.interval", 2), ("S-09.undated", 1)]);

    let content = tree.collect(vec![item(ADA, DataClass::ContentStored, MARCH)]);
    assert_eq!(
        content.paths(),
        ["A001/access/logins.ndjson", "A001/files/F000001.bin", "A001/files/files.csv"]
    );
    assert_eq!(content.text("A001/access/logins.ndjson"), "{\"new\":1}\n");
    assert_eq!(content.text("A001/files/F000001.bin"), "one");
    assert_eq!(
        content.text("A001/files/files.csv"),
        "delivered_as,account,stored,name\nF000001.bin,ada@mail.example,aa/1,diary.txt\n"
    );
}

/// The sources that the demonstration ships, under a warrant for March.
#[test]
fn the_example_sources() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sources");
    let sources = Sources::open(&dir.join("sources.toml"), &dir).expect("sources");
    let cleo = "cleo.specimen@mail.example";
    let drive = ScopeItem {
        service: ServiceId::new("drive").expect("an id"),
        ..item("ada.example@mail.example", DataClass::ContentStored, MARCH)
    };
    let items = vec![
        item("ada.example@mail.example", DataClass::ContentStored, MARCH),
        item("ada.example@mail.example", DataClass::Bsi, None),
        item(cleo, DataClass::RecordsOther, Some(("2025-01-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"))),
        item(cleo, DataClass::Bsi, None),
        drive,
    ];
    let scope = Scope::new(items).expect("a scope");
    let selection = Selection::new(&scope, &dictionary(), None);
    let plan = plan(
        &sources,
        &selection,
        &AccountLabels::of(&scope),
        &ProvenanceKey::new([7; 32]),
        &BTreeSet::new(),
        &mut |_| {},
    );
    let plan = plan.expect("a plan");
    let mut all = Vec::new();
    for file in &plan.files {
        file.copy_to(&sources, &mut all).expect("unchanged");
    }
    let all = String::from_utf8(all).expect("text");
    let records: Vec<_> = plan.files.iter().map(|file| (file.path.as_str(), file.records)).collect();
    assert_eq!(
        records,
        [
            ("A001/access/account-events.ndjson", 2),
            ("A001/access/ip-connections.csv", 13),
            ("A001/files/F000001.bin", 1),
            ("A001/files/files.csv", 1),
            ("A001/mail/mail-0001.mbox", 3),
            ("A001/subscriber/subscriber.json", 1),
            ("A002/access/ip-connections.csv", 12),
            ("A002/mail/headers.csv", 2),
            ("A002/subscriber/subscriber.json", 1),
        ]
    );
    for canary in [
        "dinner",
        "argon2id",
        "0000-1111",
        "example-token",
        "The boat sails well",
        "previous owner",
        "Opening night",
        "PuTTY",
        "PRIVATE KEY",
    ] {
        assert!(!all.contains(canary), "{canary}");
    }
    assert!(all.contains("Bill of sale") && all.contains("hello@gallery.example"));
}

#[test]
fn only_what_the_scope_asks_of_is_opened() {
    let tree = Tree::new().declare(MBOX).declare(&CRM.replace("\"mail\"", "\"drive\""));
    let outcome = tree.collect(vec![item("bo@mail.example", DataClass::ContentStored, MARCH)]);
    assert!(outcome.files.is_empty());
    assert!(outcome.plan.sources.iter().all(|report| report.fingerprint.is_none()));
}
