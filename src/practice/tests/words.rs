//! Goal: what people read of a rule, a refusal or a name is whole, and what may be personal is not
//! in it; the names by which the index and the auditor find things stay as they are.
//! Method: one of each, written out.

use serde_json::json;

use super::log::{Log, REQUEST, item};
use crate::model::approval::Nonce;
use crate::model::digest::Digest;
use crate::practice::vocabulary::{AccountProfile, AccountRef, Base64, ExactScope, Identifier};
use crate::practice::{Claim, EventType, Refusal, Rule};

#[test]
fn a_refusal_names_rule_reason_place_and_cure() {
    let refusal = |pointer| Refusal::invalid(Rule::S31, pointer, "it reaches no content", "narrow it");
    let placed = refusal("/data/scope").to_string();
    assert_eq!(placed, "S-31: it reaches no content (at /data/scope); narrow it");
    assert_eq!(refusal("").to_string(), "S-31: it reaches no content; narrow it");
    assert_eq!((format!("{:?}", Rule::S31), Rule::S31.to_string()), ("Rule(S-31)".into(), "S-31".into()));
}

#[test]
fn what_may_be_personal_is_not_in_the_words_for_it() {
    let scope = json!({"v": 1, "items": [item("a@example.org", "bsi")]}).to_string();
    let exact = ExactScope::parse(scope.as_bytes()).expect("a scope");
    assert_eq!(exact.bytes(), scope.as_bytes());
    assert_eq!(format!("{exact:?}"), format!("ExactScope({})", Digest::of(scope.as_bytes())));
    assert_eq!(format!("{:?}", Base64::new(*b"a key")), "Base64(5 bytes)");
    let account = json!({"service": "mail", "account": "a@example.org"});
    let account: AccountRef = serde_json::from_value(account).expect("an account");
    assert_eq!(format!("{account:?}"), "AccountRef(at mail)");
    let named =
        json!({"kind": "email", "value": "a@example.org", "service": "mail", "account": "a@example.org"});
    let named: Identifier = serde_json::from_value(named).expect("an identifier");
    assert_eq!(format!("{named:?}"), "Identifier(Email at mail)");
    let profile: AccountProfile =
        serde_json::from_value(super::path2::consumer("a@example.org")).expect("a profile");
    assert_eq!(format!("{profile:?}"), "AccountProfile(Consumer at mail)");
    let case = format!("{:?}", Log::at2("delivery.acknowledged").case());
    assert!(case.contains(REQUEST) && !case.contains("example.org"), "{case}");
}

#[test]
fn i_04_each_kind_of_name_has_a_key_of_its_own() {
    let (document, keyid) = (Digest::of(b"a document"), Digest::of(b"a key"));
    let nonce = Nonce::from_bytes(*keyid.as_bytes().first_chunk().expect("32 bytes"));
    let id = "X-1";
    let rows = [
        (Claim::Request(id.parse().expect("an id")), "request/X-1".to_owned()),
        (Claim::Document(document), format!("document/{document}")),
        (Claim::Disclosure(id.parse().expect("an id")), "disclosure/X-1".to_owned()),
        (Claim::Production(id.parse().expect("an id")), "production/X-1".to_owned()),
        (Claim::Invoice(id.parse().expect("an id")), "invoice/X-1".to_owned()),
        (Claim::Incident(id.parse().expect("an id")), "incident/X-1".to_owned()),
        (Claim::Report(id.parse().expect("an id")), "report/X-1".to_owned()),
        (Claim::Nonce { keyid, nonce }, format!("nonce/{keyid}/{nonce}")),
    ];
    for (claim, key) in rows {
        assert_eq!(claim.to_key(), key.into_bytes(), "{claim:?}");
    }
}

#[test]
fn an_auditor_looks_first_at_what_moves_data() {
    let moves: Vec<_> =
        EventType::ALL.iter().filter(|kind| kind.moves_data()).map(|kind| kind.as_str()).collect();
    let expected = [
        "approval.given",
        "disclosure.opened",
        "data.received",
        "data.planned",
        "data.filtered",
        "bundle.provenance",
        "bundle.sealed",
        "bundle.released",
        "key.used",
        "scan.cleared",
        "voluntary.disclosed",
        "ncmec.reported",
    ];
    assert_eq!(std::collections::BTreeSet::from_iter(moves), expected.into());
}
