//! Goal: of a record exactly the selected fields are printed, from CSV and NDJSON alike.
//! Method: one account, one scope, a table of records with what is left of each or why nothing is.

use std::collections::BTreeSet;

use crate::model::scope::{FieldTable, Scope, ScopeItem};

use super::*;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn service() -> ServiceId {
    ServiceId::new("mail").expect("an id")
}

/// Subscriber name for ever, IP addresses in March.
fn selection() -> Selection {
    let item = |class, interval: Option<(&str, &str)>, field: &str| ScopeItem {
        account: "ada@mail.example".into(),
        service: service(),
        class,
        from: interval.map(|(from, _)| time(from)),
        to: interval.map(|(_, to)| time(to)),
        fields: Some(vec![field.to_owned()]),
    };
    let march = ("2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z");
    let items = vec![
        item(DataClass::Bsi, None, "name"),
        item(DataClass::RecordsOther, Some(march), "ip_history_full"),
    ];
    let listed = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let dictionary = FieldTable::from([
        (DataClass::Bsi, listed(&["name", "address", "email_address"])),
        (DataClass::RecordsOther, listed(&["ip_history_full"])),
    ]);
    Selection::new(&Scope::new(items).expect("a scope"), &dictionary, None)
}

fn layout(columns: Option<&[&str]>) -> Layout {
    let declared = |class, name: &str| Declaration {
        field: Field { class, name: name.into() },
        covers_structure: false,
    };
    Layout {
        columns: columns.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        account: "account".into(),
        time: Some(("at".into(), TimeForm::Rfc3339)),
        declared: BTreeMap::from([
            ("account".into(), declared(DataClass::Bsi, "email_address")),
            ("name".into(), declared(DataClass::Bsi, "name")),
            ("at".into(), declared(DataClass::RecordsOther, "ip_history_full")),
            ("net.ip".into(), declared(DataClass::RecordsOther, "ip_history_full")),
            ("ip".into(), declared(DataClass::RecordsOther, "ip_history_full")),
            ("pw".into(), declared(DataClass::Credentials, "password_hash")),
        ]),
    }
}

fn print(layout: &Layout, record: &str) -> Result<String, Rule> {
    let row = layout.read(record.as_bytes())?;
    let projection = Projection::new(layout, &selection(), &service(), &row.account);
    let kept = projection.project(layout, &row)?;
    let mut out = Vec::new();
    match layout.columns {
        Some(_) => kept.print_csv(&projection, &[], &mut out),
        None => kept.print_ndjson(&mut out),
    }
    Ok(String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn csv_cells() {
    let layout = layout(Some(&["account", "at", "ip", "name", "pw", "note"]));
    let check = |row: &str, expected: Result<&str, Rule>| {
        assert_eq!(print(&layout, row), expected.map(str::to_owned), "{row}");
    };
    check(
        "ada@mail.example,2026-03-31T23:59:59+00:00,192.0.2.1,Ada,x,no\n",
        Ok("2026-03-31T23:59:59.000Z,192.0.2.1,Ada\n"),
    );
    check("ada@mail.example,2026-04-01T00:00:00Z,192.0.2.1,Ada,x,no\n", Ok(",,Ada\n"));
    check("ada@mail.example,,192.0.2.1,Ada,x,no\n", Ok(",,Ada\n"));
    check("bo@mail.example,2026-03-02T00:00:00Z,192.0.2.1,Bo,x,no\n", Err(Rule::Account));
    check("ada@mail.example,2026-03-02T00:00:00Z,192.0.2.1,Ada,x\n", Err(Rule::Malformed));
    check("ada@mail.example,2026-03-02T00:00:00Z,192.0.2.1,Ada,x,no,more\n", Err(Rule::Malformed));
}

#[test]
fn json_members() {
    let layout = layout(None);
    let check = |record: &str, expected: Result<&str, Rule>| {
        assert_eq!(print(&layout, record), expected.map(str::to_owned), "{record}");
    };
    check(
        r#"{"pw":"x","account":"ada@mail.example","at":"2026-03-02T00:00:00Z","net":{"ip":"\u0031","x":1},"new":{"a":1}}"#,
        Ok("{\"at\":\"2026-03-02T00:00:00Z\",\"net\":{\"ip\":\"\\u0031\"}}\n"),
    );
    check(
        r#"{"account":"ada@mail.example","at":"2026-05-02T00:00:00Z","net":{"ip":"1"}}"#,
        Err(Rule::Interval),
    );
    check(r#"{"account":"ada@mail.example","net":{"ip":"1"}}"#, Err(Rule::Undated));
    check(r#"{"account":"ada@mail.example","at":1772409600,"net":{"ip":"1"}}"#, Err(Rule::Undated));
    check(r#"{"account":["ada@mail.example"],"name":"Ada"}"#, Err(Rule::Account));
    check(r#"{"account":"ada@mail.example","name":{"first":"Ada"}}"#, Err(Rule::Field));
    check(r#"{"account":"ada@mail.example"}"#, Err(Rule::Field));
    check(r#"{"account":"ada@mail.example","account":"bo","name":"Ada"}"#, Err(Rule::Malformed));
}

#[test]
fn keys_are_seen_through_escapes() {
    let layout = layout(None);
    for (name, expected) in [("\\u0041GE-SECRET-KEY-1Q", true), ("Ada", false)] {
        let record = format!(r#"{{"account":"ada@mail.example","name":"{name}"}}"#);
        let row = layout.read(record.as_bytes()).expect("well-formed");
        let projection = Projection::new(&layout, &selection(), &service(), &row.account);
        let kept = projection.project(&layout, &row).expect("kept");
        assert_eq!(kept.has_key_material(), expected, "{name}");
    }
}

#[test]
fn subscriber_records() {
    let source = SourceId::new("crm").expect("an id");
    for (columns, record) in [
        (Some(&["account", "name"][..]), "ada@mail.example,\"Ada \"\"A\"\"\""),
        (None, r#"{"account":"ada@mail.example","name":"Ada \"A\""}"#),
    ] {
        let mut layout = layout(columns);
        layout.time = None;
        let row = layout.read(record.as_bytes()).expect("well-formed");
        let projection = Projection::new(&layout, &selection(), &service(), &row.account);
        let mut out = Vec::new();
        projection.project(&layout, &row).expect("kept").print_subscriber(
            &projection,
            &source,
            &service(),
            &mut out,
        );
        let expected = r#"{"source":"crm","service":"mail","values":{"name":"Ada \"A\""}}"#;
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }
}
