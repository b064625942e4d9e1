//! Goal: nothing outside the scope is ever in what is copied, and everything inside is.
//! Method: every field of every generated record is a canary of its own. A checker that knows
//! nothing of the code under test, only the definition of a scope, says which may occur; the
//! bytes and the names of what is copied are searched for all of them. Every kind of source is
//! there for every service, and one service is never asked for.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const ACCOUNTS: [&str; 3] = ["ada@mail.example", "bo@mail.example", "cy@mail.example"];
/// (column, class, dictionary name); the last two are undeclared and never disclosable.
const FIELDS: [(&str, DataClass, &str); 5] = [
    ("name", DataClass::Bsi, "name"),
    ("ip", DataClass::Bsi, "session_ip"),
    ("size", DataClass::RecordsOther, "message_sizes"),
    ("diary", DataClass::ContentStored, "diary"),
    ("token", DataClass::Credentials, "token"),
];
/// The contents of a plain file; no column has them.
const FILE: (DataClass, &str) = (DataClass::ContentStored, "file");
/// Scopes name the first two; the third is a source that nobody asks for.
const SERVICES: [&str; 3] = ["mail", "drive", "vault"];

/// Day of March of a record; 0 has no time.
#[derive(Clone, Debug)]
struct Record {
    account: usize,
    day: u8,
}

#[derive(Clone, Debug)]
struct Asked {
    account: usize,
    service: usize,
    class: DataClass,
    days: Option<(u8, u8)>,
    field: Option<&'static str>,
}

/// What one canary stands for.
struct Canary {
    text: String,
    account: usize,
    service: usize,
    /// Any of these would do.
    reached_by: Vec<(DataClass, &'static str)>,
    day: u8,
}

impl Canary {
    fn number(&self) -> String {
        self.text.trim_start_matches("CNRY").trim_end_matches('x').to_owned()
    }

    /// The definition of a scope, read literally.
    fn is_allowed(&self, scope: &[Asked]) -> bool {
        scope.iter().any(|asked| {
            asked.account == self.account
                && asked.service == self.service
                && asked.class != DataClass::Credentials
                && self
                    .reached_by
                    .iter()
                    .any(|&(class, field)| asked.class == class && asked.field.is_none_or(|f| f == field))
                && match asked.days {
                    None => true,
                    Some((from, to)) => self.day != 0 && from <= self.day && self.day < to,
                }
        })
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let class = prop_oneof![
        Just(DataClass::Bsi),
        Just(DataClass::RecordsOther),
        Just(DataClass::ContentStored),
        Just(DataClass::Credentials),
    ];
    (0..3_usize, 0..2_usize, class, 1..20_u8, 1..10_u8, any::<bool>(), 0..7_usize).prop_map(
        |(account, service, class, from, length, timeless, field)| Asked {
            account,
            service,
            class,
            days: if timeless && class.is_timeless() { None } else { Some((from, from + length)) },
            field: FIELDS
                .map(|f| (f.1, f.2))
                .iter()
                .chain([&FILE])
                .nth(field)
                .filter(|f| f.0 == class)
                .map(|f| f.1),
        },
    )
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    proptest::collection::vec(
        (0..3_usize, 0..30_u8).prop_map(|(account, day)| Record { account, day }),
        1..12,
    )
}

fn at(day: u8) -> String {
    if day == 0 { String::new() } else { format!("2026-03-{day:02}T12:00:00+01:00") }
}

fn next(
    canaries: &mut Vec<Canary>,
    service: usize,
    record: &Record,
    reached_by: &[(DataClass, &'static str)],
) -> String {
    let text = format!("CNRY{}x", canaries.len());
    let reached_by = reached_by.to_vec();
    canaries.push(Canary {
        text: text.clone(),
        account: record.account,
        service,
        reached_by,
        day: record.day,
    });
    text
}

fn declaration(service: &str, kind: &str, file: &str) -> String {
    let mut text = format!(
        "[[source]]\nid = \"{service}-{kind}\"\nservice = \"{service}\"\nkind = \"{kind}\"\npath = \"{file}\"\n\
         into = \"access\"\naccount = \"account\"\ntime = \"at\"\n[source.fields]\n"
    );
    for (column, class, name) in FIELDS.iter().filter(|f| f.0 != "diary") {
        writeln!(text, "{column} = {{ class = \"{class}\", name = \"{name}\" }}").expect("memory");
    }
    text
}

/// When a message was sent, as an mbox and as a header have it.
fn sent(day: u8) -> (String, String) {
    match day {
        0 => ("never".into(), "never".into()),
        _ => (
            format!("{} Mar {day} 11:00:00 2026", weekday(day)),
            format!("{}, {day} Mar 2026 11:00:00 +0000", weekday(day)),
        ),
    }
}

/// Plain files of a service with their index: each is called, and is, a canary.
fn plain_files(mut tree: Tree, service: usize, records: &[Record], canaries: &mut Vec<Canary>) -> Tree {
    let name = SERVICES[service];
    let mut index = "account,at,stored,name,ip,size,diary,token\n".to_owned();
    for record in records {
        let mut canary =
            |reached_by: &[(DataClass, &'static str)]| next(canaries, service, record, reached_by);
        // Where a file is kept stands in a column that nobody declared.
        let stored = canary(&[(DataClass::ContentStored, "stored")]);
        let cells = FIELDS.map(|(_, class, field)| canary(&[(class, field)]));
        let row = format!("{},{},{stored},{}\n", ACCOUNTS[record.account], at(record.day), cells.join(","));
        index.push_str(&row);
        tree = tree.file(&format!("{name}-files/{stored}"), canary(&[FILE]));
    }
    let declared = declaration(name, "files", &format!("{name}-files"))
        .replace("into = \"access\"", &format!("index = \"{name}-index.csv\"\nfile = \"stored\""));
    tree.declare(&declared).file(&format!("{name}-index.csv"), index)
}

/// A tree with each kind of source on each service, and the canaries in it.
fn tree(records: &[Record]) -> (Tree, Vec<Canary>) {
    let (mut tree, mut canaries) = (Tree::new(), Vec::new());
    for (service, name) in SERVICES.iter().enumerate() {
        let (mut csv, mut ndjson) = ("account,at,name,ip,size,diary,token\n".to_owned(), String::new());
        let mut boxes = vec![String::new(); ACCOUNTS.len()];
        for record in records {
            let (account, time) = (ACCOUNTS[record.account], at(record.day));
            let mut canary =
                |reached_by: &[(DataClass, &'static str)]| next(&mut canaries, service, record, reached_by);
            let cells = FIELDS.map(|(_, class, field)| canary(&[(class, field)]));
            writeln!(csv, "{account},{time},{}", cells.join(",")).expect("memory");
            let members = FIELDS
                .map(|(column, class, field)| format!("\"{column}\":\"{}\"", canary(&[(class, field)])));
            let members = members.join(",");
            writeln!(ndjson, "{{\"account\":\"{account}\",\"at\":\"{time}\",{members}}}").expect("memory");
            // A message is whole only under an item that lists no fields: no listed one is enough here.
            let whole = (DataClass::ContentStored, "*");
            let (separated, dated) = sent(record.day);
            let mut message = |date: String| {
                let sender = canary(&[whole, (DataClass::RecordsOther, "to_from_cc_bcc")]);
                let (display, subject, body) = (canary(&[whole]), canary(&[whole]), canary(&[whole]));
                format!("{date}\nFrom: {display} <{sender}@mail.example>\nSubject: {subject}\n\n{body}\n\n")
            };
            boxes[record.account].push_str(&message(format!("From x {separated}")));
            let eml = message(format!("Date: {dated}"));
            // What a file of the source is called is nobody's to see.
            let file = canary(&[]);
            tree = tree.file(&format!("{name}-eml-{}/{file}.eml", record.account), eml);
        }
        tree =
            tree.declare(&declaration(name, "csv", &format!("{name}.csv"))).file(&format!("{name}.csv"), csv);
        tree = tree
            .declare(&declaration(name, "ndjson", &format!("{name}.nd")))
            .file(&format!("{name}.nd"), ndjson);
        for (n, text) in boxes.into_iter().enumerate() {
            let file = format!("{name}-{n}.mbox");
            let declared = MBOX
                .replace("\"mail\"", &format!("\"{name}\""))
                .replace("\"mbox\"\nservice", &format!("\"{name}-{n}\"\nservice"))
                .replace("ada.mbox", &file)
                .replace(ADA, ACCOUNTS[n]);
            tree = tree.declare(&declared).file(&file, text);
            let dir = format!("{name}-eml-{n}");
            let declared = EML
                .replace("\"mail\"", &format!("\"{name}\""))
                .replace("\"eml\"\nservice", &format!("\"{dir}\"\nservice"))
                .replace("path = \"eml\"", &format!("path = \"{dir}\""))
                .replace(ADA, ACCOUNTS[n]);
            fs::create_dir_all(tree.path().join(&dir)).expect("a directory");
            tree = tree.declare(&declared);
        }
        tree = plain_files(tree, service, records, &mut canaries);
    }
    (tree, canaries)
}

/// 1 March 2026 was a Sunday.
fn weekday(day: u8) -> &'static str {
    ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"][usize::from(day % 7)]
}

fn items(scope: &[Asked]) -> Vec<ScopeItem> {
    let time = |day: u8| Timestamp::parse(&format!("2026-03-{day:02}T00:00:00.000Z")).expect("a time");
    let item = |asked: &Asked| ScopeItem {
        account: ACCOUNTS[asked.account].into(),
        service: ServiceId::new(SERVICES[asked.service]).expect("an id"),
        class: asked.class,
        from: asked.days.map(|(from, _)| time(from)),
        to: asked.days.map(|(_, to)| time(to)),
        fields: asked.field.map(|field| vec![field.to_owned()]),
    };
    scope.iter().map(item).collect()
}

/// The canaries in what was copied, the files' names included.
fn canaries_in(outcome: &Outcome) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, bytes) in &outcome.files {
        let text = format!("{path}\n{}", String::from_utf8_lossy(bytes));
        found.extend(text.split("CNRY").skip(1).filter_map(|rest| rest.split('x').next()).map(str::to_owned));
    }
    found
}

/// The search above would find nothing anywhere if nothing were ever copied.
#[test]
fn canaries_of_every_kind_of_source_are_copied_where_they_are_asked_for() {
    let records = [Record { account: 0, day: 5 }];
    let (tree, canaries) = tree(&records);
    let classes = [DataClass::Bsi, DataClass::RecordsOther, DataClass::ContentStored];
    let asked = |class, service| Asked { account: 0, service, class, days: Some((1, 20)), field: None };
    let scope: Vec<_> = classes.iter().flat_map(|class| [asked(*class, 0), asked(*class, 1)]).collect();
    let outcome = tree.collect(items(&scope));
    let found = canaries_in(&outcome);
    for kind in [".csv", ".ndjson", ".mbox", ".eml", ".bin", "files.csv", "headers.csv"] {
        let copied = outcome.files.iter().filter(|(path, _)| path.ends_with(kind));
        let with_canaries = copied.filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains("CNRY"));
        assert!(with_canaries.count() > 0, "{kind} in {:?}", outcome.files.keys());
    }
    let expected: BTreeSet<_> =
        canaries.iter().filter(|canary| canary.is_allowed(&scope)).map(Canary::number).collect();
    assert!(found == expected && found.len() > 20 && found.len() < canaries.len(), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_canary_outside_the_scope(records in records(), scope in proptest::collection::vec(asked(), 1..6)) {
        let (tree, canaries) = tree(&records);
        let outcome = tree.collect(items(&scope));
        let found = canaries_in(&outcome);
        for canary in &canaries {
            let allowed = canary.is_allowed(&scope);
            prop_assert_eq!(found.contains(&canary.number()), allowed, "{} of {:?}", canary.text, canary.reached_by);
        }
        // Nor in the account of what was withheld, nor an account's name anywhere in the plan's rows.
        let account = serde_json::to_string(&outcome.plan.sources).expect("prints");
        let rows = serde_json::to_string(&outcome.plan.provenance().collect::<Vec<_>>()).expect("prints");
        prop_assert!(!account.contains("CNRY") && !rows.contains("CNRY"));
        prop_assert!(ACCOUNTS.iter().all(|name| !account.contains(name) && !rows.contains(name)));
    }
}
