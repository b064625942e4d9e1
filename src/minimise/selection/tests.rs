//! Goal: a field is selected exactly when one item of the scope says so.
//! Method: a table of single decisions with the rule each miss is counted under.

use std::collections::BTreeSet;

use super::*;

fn time(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).expect("small")
}

fn service(name: &str) -> ServiceId {
    ServiceId::new(name).expect("an id")
}

fn dictionary() -> FieldTable {
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    FieldTable::from([
        (DataClass::Bsi, names(&["name", "address", "registration_ip"])),
        (DataClass::BsiNsl, names(&["name", "toll_billing_records"])),
        (DataClass::IdentOnly, names(&["registration_ip"])),
        (DataClass::RecordsOther, names(&["message_sizes"])),
        (DataClass::ContentStored, names(&["message_body"])),
    ])
}

fn item(class: DataClass, interval: Option<(i64, i64)>, fields: Option<&[&str]>) -> ScopeItem {
    ScopeItem {
        account: "a".into(),
        service: service("mail"),
        class,
        from: interval.map(|(from, _)| time(from)),
        to: interval.map(|(_, to)| time(to)),
        fields: fields.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
    }
}

fn field(class: DataClass, name: &str) -> Field {
    Field { class, name: name.into() }
}

#[test]
fn each_miss_has_its_rule() {
    use DataClass::{Bsi, BsiNsl, ContentStored, Credentials, IdentOnly, KeyMaterial, RecordsOther};
    let check = |items: &[ScopeItem], field: Field, at: Option<i64>, expected: Result<usize, Rule>| {
        let scope = Scope::new(items.to_vec()).expect("a scope");
        let selection = Selection::new(&scope, &dictionary(), Some(time(1_000)));
        let access = selection.access(&service("mail"), "a", &field);
        assert_eq!(access.decide(at.map(time)), expected, "{items:?} {field:?} {at:?}");
    };
    let march = || item(ContentStored, Some((10, 20)), None);
    let ever = || item(Bsi, None, None);
    let body = || field(ContentStored, "message_body");

    // Half-open, at both ends, to the millisecond.
    for (at, expected) in [(9, Err(Rule::Interval)), (10, Ok(0)), (19, Ok(0)), (20, Err(Rule::Interval))] {
        check(&[march()], body(), Some(at), expected);
    }
    check(&[march()], body(), None, Err(Rule::Undated));
    // Overlapping ranges of different classes are a product of sets, not a hull.
    check(&[ever(), march()], field(Bsi, "name"), None, Ok(0));
    check(&[ever(), march()], body(), Some(30), Err(Rule::Interval));
    check(&[ever(), march()], field(RecordsOther, "message_sizes"), Some(15), Err(Rule::Class));
    // Two intervals with a gap.
    let april = item(ContentStored, Some((30, 40)), None);
    check(&[march(), april.clone()], body(), Some(25), Err(Rule::Interval));
    check(&[march(), april], body(), Some(35), Ok(1));
    // Fields: listed only, and what the dictionary does not know is content (S-98).
    check(&[item(Bsi, None, Some(&["name"]))], field(Bsi, "address"), None, Err(Rule::Field));
    check(&[ever()], field(Bsi, "favourite_colour"), None, Err(Rule::Class));
    check(&[march()], field(Bsi, "favourite_colour"), Some(15), Ok(0));
    check(
        &[item(ContentStored, Some((10, 20)), Some(&["message_body"]))],
        field(Bsi, "x"),
        Some(15),
        Err(Rule::Field),
    );
    // Subsets of basic subscriber information reach what they list.
    check(&[item(BsiNsl, None, None)], field(Bsi, "name"), None, Ok(0));
    check(&[item(BsiNsl, None, None)], field(Bsi, "address"), None, Err(Rule::Class));
    check(&[item(IdentOnly, None, None)], field(Bsi, "registration_ip"), None, Ok(0));
    check(&[ever()], field(BsiNsl, "toll_billing_records"), None, Err(Rule::Class));
    // Never, even if a scope asked for it.
    for class in [Credentials, KeyMaterial] {
        let asked = item(class, Some((0, 900)), None);
        check(&[asked, ever()], field(class, "password_hash"), Some(5), Err(Rule::NeverDisclosable));
    }
    // A range that extends past service yields nothing from service on.
    let long = item(ContentStored, Some((10, 5_000)), None);
    check(std::slice::from_ref(&long), body(), Some(999), Ok(0));
    check(std::slice::from_ref(&long), body(), Some(1_000), Err(Rule::AfterService));
    check(&[ever()], field(Bsi, "name"), Some(1_000), Err(Rule::AfterService));
    check(
        &[item(DataClass::ContentLive, Some((10, 5_000)), None)],
        field(DataClass::ContentLive, "x"),
        Some(2_000),
        Ok(0),
    );
}

#[test]
fn accounts_and_services_are_compared_as_bytes() {
    let scope = Scope::new(vec![item(DataClass::Bsi, None, None)]).expect("a scope");
    let selection = Selection::new(&scope, &dictionary(), None);
    for (name, account, known) in
        [("mail", "a", true), ("mail", "A", false), ("drive", "a", false), ("mail", "a ", false)]
    {
        assert_eq!(selection.has_account(&service(name), account), known, "{name} {account}");
        let access = selection.access(&service(name), account, &field(DataClass::Bsi, "name"));
        assert_eq!(access.decide(None).is_ok(), known);
    }
}

#[test]
fn labels_follow_the_scope() {
    let of_account =
        |account: &str| ScopeItem { account: account.into(), ..item(DataClass::Bsi, None, None) };
    let names: Vec<_> = (0..1_001).map(|n| format!("u{n}")).collect();
    let scope = Scope::new(names.iter().chain(&names).map(|n| of_account(n)).collect()).expect("a scope");
    let labels = AccountLabels::of(&scope);
    assert_eq!(
        (labels.label("u0"), labels.label("u999"), labels.label("x")),
        (Some("A001"), Some("A1000"), None)
    );
    let pairs = labels.pairs();
    assert_eq!((pairs.first(), pairs.last()), (Some(&("A001", "u0")), Some(&("A1001", "u1000"))));
}
