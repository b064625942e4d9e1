//! Goal: the socket's description is what the socket serves.
//! Method: the page made from the handlers' types against the golden file that clients read,
//! and against the router's own table, in both directions.
//!
//! `UPDATE_GOLDEN=1 cargo test --release openapi` writes the golden file again; the difference
//! is then for a person to read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn page() -> Value {
    serde_json::from_str(&probity::api::document()).expect("JSON")
}

#[test]
fn the_golden_page_is_current() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openapi.json");
    let document = probity::api::document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &document).expect("written");
    }
    let found = fs::read_to_string(&golden).expect("the golden page is checked in");
    assert!(
        found == document,
        "tests/golden/openapi.json differs from the handlers; UPDATE_GOLDEN=1 writes it again"
    );
}

#[test]
fn routes_and_page_name_each_other() {
    let page = page();
    let paths = page["paths"].as_object().expect("an object");
    let documented: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("an object").keys();
            methods.map(|method| (path.clone(), method.clone())).collect::<Vec<_>>()
        })
        .collect();
    // A wildcard of the router is a plain parameter of the page.
    let listed = probity::api::listed().into_iter();
    let served: BTreeSet<_> =
        listed.map(|route| (route.path.replace("{*", "{"), route.method.to_owned())).collect();
    assert_eq!(documented, served);
}

#[test]
fn every_route_wants_a_role() {
    for route in probity::api::listed() {
        assert!(!route.roles.is_empty(), "{} {} is open to every peer", route.method, route.path);
    }
}

#[test]
fn references_lead_somewhere() {
    fn walk<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let page = page();
    let mut found = BTreeSet::new();
    walk(&page, &mut found);
    assert!(!found.is_empty(), "the walk finds references");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the page");
        assert!(page.pointer(pointer).is_some(), "{reference}");
    }
}
