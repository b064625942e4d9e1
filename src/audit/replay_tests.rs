//! Goal: with an auditor's key nothing stays unread: keys, payloads, events, rules. Receipts
//! alone are judged like those of an export.
//! Method: seal small logs with known keys, spoil one thing, look at the code that comes
//! out; for receipts and openings the shared vectors, good and refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use super::specimen::{Files, Specimen, origin, with_request};
use super::*;
use crate::model::datakey::{Kek, KeyLine, WrapContext, WrappedKey};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::id::{EventId, RequestId};
use crate::model::payload::{DataKey, KeyId, seal};
use crate::practice::vocabulary::{Crypto, LogCreated};
use crate::tlog::{LeafIndex, Vkey};

const SYSTEM: KeyId = KeyId::from_bytes([1; 16]);
const OTHER: KeyId = KeyId::from_bytes([2; 16]);

fn kek() -> Kek {
    Kek::from_bytes([50; 32])
}

fn data_key(key_id: KeyId) -> DataKey {
    DataKey::from_bytes([key_id.as_bytes()[0] + 100; 32])
}

fn event(index: u64, type_: &str, request: Option<&str>, data: String) -> Event {
    Event {
        rules: 1,
        id: EventId::new(&format!("ev-{index}")).expect("an id"),
        type_: type_.to_owned(),
        request: request.map(|request| RequestId::new(request).expect("an id")),
        actor: "daemon".to_owned(),
        policy: Digest::of(b"policy"),
        data: RawValue::from_string(data).expect("JSON"),
        envelopes: Vec::new(),
    }
}

fn created() -> LogCreated {
    let ring = Specimen::grow(0, 7, |_| {}).keyring();
    LogCreated {
        origin: origin(),
        log_vkey: ring.log_keys()[0].key().to_string(),
        disclosure_key: ring.disclosure_keys()[0].key().to_base64(),
        keyring_sha256: Digest::of(ring.text().as_bytes()),
        epoch: 1,
        kek_id: kek().id(),
        system_key_id: SYSTEM.to_string(),
        recipients: vec![Digest::of(b"auditor")],
        home_version: 1,
        crypto: Crypto::current(),
        rules: 1,
    }
}

/// The founding entry, as `created` has it, then these; each sealed under its key.
fn log_of(created: &LogCreated, more: Vec<(KeyId, Event)>) -> Files {
    let data = serde_json::to_string(created).expect("serialises");
    let first = (SYSTEM, event(0, "log.created", None, data));
    let mut key_ids = Vec::new();
    let mut payloads = Vec::new();
    for (index, (key_id, event)) in (0..).zip(std::iter::once(first).chain(more)) {
        let key = data_key(key_id);
        let sealed =
            seal(&key, key_id, &origin(), LeafIndex::new(index), &[9; 32], &event.to_bytes()).expect("fits");
        payloads.push(sealed.0.into_bytes());
        key_ids.push(key_id);
    }
    key_ids.sort();
    key_ids.dedup();
    let log = Specimen::of(payloads, 7, |_| {});
    let mut files = log.export(&[]);
    let rows = key_ids.iter().map(|key_id| {
        let context = WrapContext { origin: &origin(), key_id: *key_id, epoch: 1 };
        let wrapped = WrappedKey::wrap(&kek(), &data_key(*key_id), &context, [3; 12]);
        format!("{}\n", KeyLine::Wrapped { key_id: *key_id, wrapped }.to_json())
    });
    files.insert("keys.jsonl".to_owned(), rows.collect::<String>().into_bytes());
    files
}

fn trusted() -> Vec<Vkey> {
    vec![Specimen::grow(0, 7, |_| {}).vkey()]
}

/// Audits and replays, with the KEK file opened as `unseal` says.
fn run(files: &Files, unseal: &Unseal<'_>) -> Replayed {
    with_request(files, trusted(), Vec::new(), 1, |request| replay(request, verify(request), unseal))
}

fn opened(_: &[u8]) -> Unsealed {
    Unsealed::Opened(kek().to_file(&origin(), 1))
}

fn codes(replayed: &Replayed) -> Vec<Code> {
    replayed.report.findings().iter().map(|finding| finding.code).collect()
}

#[test]
fn a_sound_log_is_evidence_and_a_doubtful_one_is_not() {
    let files = log_of(&created(), Vec::new());
    let replayed = run(&files, &opened);
    assert_eq!(replayed.report, Report::default());
    assert_eq!(replayed.verified.expect("evidence").summary().size.get(), 1);

    let untrusted =
        with_request(&files, Vec::new(), Vec::new(), 1, |request| replay(request, verify(request), &opened));
    assert_eq!(codes(&untrusted), [Code::SignerUnknown]);
    assert!(untrusted.verified.is_none(), "nobody vouches for it");
    let stranger = run(&files, &|_| Unsealed::NotARecipient);
    assert_eq!((codes(&stranger), stranger.report.outcome()), (vec![Code::NotARecipient], Outcome::Doubts));
}

#[test]
fn keys_at_rest_are_held_against_the_log() {
    let files = log_of(&created(), Vec::new());
    let altered: [&Unseal<'_>; 3] = [
        &|_| Unsealed::Damaged("cut".to_owned()),
        &|_| Unsealed::Opened(kek().to_file(&origin(), 2)),
        &|_| Unsealed::Opened(zeroize::Zeroizing::new(b"probity/kek/v1\n".to_vec())),
    ];
    for unseal in altered {
        assert_eq!(codes(&run(&files, unseal)), [Code::KekAltered]);
    }
    let another = |_: &[u8]| Unsealed::Opened(Kek::from_bytes([51; 32]).to_file(&origin(), 1));
    assert_eq!(
        codes(&run(&files, &another)),
        [Code::KeyAltered, Code::PayloadNotOpened],
        "a KEK that somebody else sealed to the auditor"
    );

    // Every byte of the wrapped key that public keys cannot see.
    let rows = files["keys.jsonl"].clone();
    let start = rows.windows(11).position(|part| part == b"\"wrapped\":\"").expect("a wrapped key") + 11;
    for at in start..rows.len() - 3 {
        let mut damaged = files.clone();
        damaged.get_mut("keys.jsonl").expect("the file")[at] ^= 1;
        assert_eq!(run(&damaged, &opened).report.outcome(), Outcome::Findings, "byte {at}");
    }
}

/// The log with the rows of these keys turned into erased ones.
fn erase(files: &Files, erased: &[KeyId]) -> Files {
    let text = String::from_utf8(files["keys.jsonl"].clone()).expect("text");
    let rows = text.lines().map(|row| {
        let key_id = erased.iter().find(|key_id| row.contains(&key_id.to_string()));
        let erased_by = LeafIndex::new(0);
        key_id.map_or(row.to_owned(), |key_id| KeyLine::Erased { key_id: *key_id, erased_by }.to_json())
    });
    let rows: String = rows.map(|row| row + "\n").collect();
    let mut files = files.clone();
    files.insert("keys.jsonl".to_owned(), rows.into_bytes());
    files
}

#[test]
fn an_erased_row_hides_nothing() {
    let early = event(1, "request.received", Some("REQ-1"), "{}".to_owned());
    let sound = log_of(&created(), vec![(OTHER, early)]);
    let replayed = run(&erase(&sound, &[OTHER]), &opened);
    assert_eq!(codes(&replayed), [Code::KeyErased, Code::PayloadNotOpened]);
    assert_eq!(replayed.report.findings()[1].location.index, Some(LeafIndex::new(1)));
    assert_eq!(replayed.report.outcome(), Outcome::Findings);
    assert!(replayed.verified.is_none(), "an entry was not judged");

    // With no wrapped key left there is no epoch, and so no KEK file either.
    let mut all = erase(&sound, &[SYSTEM, OTHER]);
    all.remove("kek/1.age");
    let found = [Code::KeyErased, Code::KeyErased, Code::PayloadNotOpened, Code::PayloadNotOpened];
    assert_eq!(codes(&run(&all, &opened)), found);
}

#[test]
fn no_report_is_clean_without_evidence() {
    let nothing = Replayed { report: Report::default(), verified: None, released: None };
    assert_eq!(nothing.into_report().outcome(), Outcome::Doubts);
    let sound = run(&log_of(&created(), Vec::new()), &opened);
    assert_eq!(sound.into_report(), Report::default());
    let public = Specimen::grow(1, 7, |_| {}).public();
    let replayed = run(&public, &opened);
    assert_eq!((codes(&replayed), replayed.report.outcome()), (vec![Code::NotARecipient], Outcome::Doubts));
}

#[test]
fn the_founding_speaks_of_this_log() {
    let spoiled: [fn(&mut LogCreated); 5] = [
        |created| created.kek_id = Digest::of(b"another"),
        |created| created.system_key_id = OTHER.to_string(),
        |created| created.keyring_sha256 = Digest::of(b"another"),
        |created| created.log_vkey.push('x'),
        |created| created.disclosure_key.push('x'),
    ];
    for spoil in spoiled {
        let mut created = created();
        spoil(&mut created);
        assert_eq!(codes(&run(&log_of(&created, Vec::new()), &opened)), [Code::Founding]);
    }
}

#[test]
fn events_are_judged_by_rule_key_and_rule_set() {
    let entry = |key_id, event| codes(&run(&log_of(&created(), vec![(key_id, event)]), &opened));
    let early = || event(1, "request.received", Some("REQ-1"), "{}".to_owned());
    assert_eq!(entry(OTHER, early()), [Code::Rule], "before policy, directory and roles");
    assert_eq!(entry(SYSTEM, early()), [Code::KeyUse, Code::Rule], "a request under the system's key");
    let policy = || event(1, "policy.activated", None, "{}".to_owned());
    assert_eq!(entry(OTHER, policy()), [Code::KeyUse, Code::Rule], "the system under another key");
    let later = Event { rules: 3, ..policy() };
    let replayed = run(&log_of(&created(), vec![(SYSTEM, later)]), &opened);
    assert_eq!((codes(&replayed), replayed.report.outcome()), (vec![Code::RulesUnknown], Outcome::Doubts));

    let rule = run(&log_of(&created(), vec![(OTHER, early())]), &opened).report.findings()[0].clone();
    assert_eq!(rule.location.index, Some(LeafIndex::new(1)));
    assert_eq!(rule.location.request.expect("named").as_str(), "REQ-1");
    assert!(rule.location.rule.is_some());
}

#[test]
fn payloads_are_opened_in_their_place_only() {
    // Two entries whose payloads were sealed for each other's place; the leaves name them.
    let policy = event(1, "policy.activated", None, "{}".to_owned());
    let sound = log_of(&created(), vec![(SYSTEM, policy.clone())]);
    let sealed = seal(&data_key(SYSTEM), SYSTEM, &origin(), LeafIndex::new(5), &[9; 32], &policy.to_bytes());
    let elsewhere = sealed.expect("fits").0.into_bytes();
    let (length, rest) = sound["payload/000.p/2"].split_first_chunk().expect("a length");
    let first = rest[..usize::try_from(u32::from_be_bytes(*length)).expect("short")].to_vec();
    let log = Specimen::of(vec![first, elsewhere], 7, |_| {});
    let mut files = log.export(&[]);
    files.insert("keys.jsonl".to_owned(), sound["keys.jsonl"].clone());
    let found = codes(&run(&files, &opened));
    assert_eq!(found, [Code::PayloadCommit], "sealed for entry 5");
}

fn vector(name: &str) -> serde_json::Value {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON")
}

fn trust_of(text: &serde_json::Value) -> Trust {
    Trust::new(vec![text.as_str().expect("text").parse().expect("a verifier key")])
}

fn decode(text: &serde_json::Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().expect("text")).expect("base64")
}

#[test]
fn receipts_and_openings_of_the_vectors() {
    let file = |case: &serde_json::Value| {
        let name = case["receipt"].as_str().expect("a file");
        std::fs::read(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).expect("there")
    };
    let openings = vector("opening.json");
    let check = |case: &serde_json::Value, trust: &Trust| {
        let (receipt, opening) = (file(case), decode(&case["opening_base64"]));
        let named = |name, bytes| Named { name, bytes };
        verify_receipt(named("r", &receipt), Some(named("o", &opening)), trust)
    };
    for case in openings["good"].as_array().expect("cases") {
        let audit = check(case, &trust_of(&case["vkey"]));
        assert_eq!(audit.report, Report::default());
        assert_eq!(audit.opened.expect("opened").event_bytes(), decode(&case["event_base64"]));
        assert_eq!(check(case, &Trust::default()).report.outcome(), Outcome::Doubts);
        assert_eq!(check(case, &Trust::new(trusted())).report.outcome(), Outcome::Findings, "another's key");
    }
    for case in openings["refused"].as_array().expect("cases") {
        let audit = check(case, &trust_of(&case["vkey"]));
        assert_eq!(audit.report.outcome(), Outcome::Findings, "{}", case["name"]);
        assert!(audit.opened.is_none());
    }
    for case in vector("negative-receipt.json")["cases"].as_array().expect("cases") {
        let receipt = decode(&case["receipt_base64"]);
        let audit = verify_receipt(Named { name: "r", bytes: &receipt }, None, &trust_of(&case["vkeys"][0]));
        assert_eq!(audit.report.outcome(), Outcome::Findings, "{}", case["name"]);
        assert!(audit.receipt.is_none());
    }
}
