//! From two approvals to a bundle that stock tools open.

use std::fs::{self, File};
use std::process::Command;

use serde_json::json;

use super::bed::*;
use crate::bundle::open as bundle;
use crate::model::digest::Digest;
use crate::model::id::{PersonId, RequestId};
use crate::ops::age;
use crate::package::{Recovered, Release, State};
use crate::practice::EventType;
use crate::practice::case::Step;

/// What stands in the sources and was not approved.
const CANARIES: [&str; 8] = [
    "Placeholder Road",
    "Template Lane",
    "argon2id",
    "0000-1111",
    "example-token",
    "The boat sails well",
    "PuTTY",
    "private browsing",
];

#[test]
fn a_bundle_is_recorded_released_and_opens_everywhere() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi"), item(ADA, "records_other")]);
    let started = bed.packager();
    assert_eq!(started.recovered, Recovered::default());
    let packager = &started.packager;
    let disclosure = open(packager, "R-1").expect("opened");
    let status = settled(packager, &disclosure);
    assert_eq!((status.state, status.problem), (State::Sealed, None));
    let production = status.production.expect("named");
    assert_eq!(files_in(&bed.home().outbox()), Vec::<String>::new(), "nothing leaves before its release");

    let release = bed.release("R-1", "p-sen", "senior_reviewer");
    let (id, envelope) = (release.id.clone(), release.envelope.clone());
    let delivered = packager.release(&disclosure, release).expect("released");
    let mut files = delivered.files.to_vec();
    files.sort();
    assert_eq!(files_in(&delivered.dir), files);
    assert_eq!(files_in(&bed.home().staging()), Vec::<String>::new());
    assert_eq!(packager.status(&disclosure).expect("known").state, State::Released);
    let size = bed.ledger().reader().size().expect("runs");
    let again = Release { poster: poster(), id, actor: PersonId::new("p-sen").expect("an id"), envelope };
    assert_eq!(packager.release(&disclosure, again).expect("the same again").production, production);
    assert_eq!(bed.ledger().reader().size().expect("runs"), size, "nothing is recorded twice");

    // Our own reader, with trust in the log's key alone.
    let [bundle_file, receipt_file, _] = &delivered.files;
    let bundle_path = delivered.dir.join(bundle_file);
    let receipt = fs::read(delivered.dir.join(receipt_file)).expect("the receipt file");
    let trust = bundle::Trust { log: vec![vkey()], disclosure: vec![key("disclosure").verifying_key()] };
    let out = bed.dir.path().join("opened");
    let file = File::open(&bundle_path).expect("the bundle");
    let opened = bundle::open(file, &identities(&bed.agency), Some(&receipt), &trust, &out).expect("opens");
    assert_eq!((opened.production, opened.unproven), (production.clone(), vec![]));

    // Stock tools.
    let key_file = bed.dir.path().join("key.txt");
    fs::write(&key_file, &bed.agency).expect("written");
    let tar = bed.dir.path().join("bag.tar");
    let status =
        Command::new("age").arg("-d").arg("-i").arg(&key_file).arg("-o").arg(&tar).arg(&bundle_path).status();
    assert!(status.expect("age is installed").success());
    let unpacked = bed.dir.path().join("unpacked");
    fs::create_dir(&unpacked).expect("made");
    let status = Command::new("tar").arg("xf").arg(&tar).arg("-C").arg(&unpacked).status();
    assert!(status.expect("tar is installed").success());
    let bag = unpacked.join(production.as_str());
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        let status =
            Command::new("sha256sum").arg("-c").arg("--quiet").arg(manifest).current_dir(&bag).status();
        assert!(status.expect("coreutils").success());
    }
    let data = files_in(&bag.join("data"));
    assert!(data.iter().any(|path| path.ends_with("subscriber.json")), "{data:?}");
    assert!(data.iter().all(|path| path.starts_with("A001/")), "{data:?}");
    let bytes = fs::read(&tar).expect("the tar");
    for canary in CANARIES {
        let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "{canary} is in the bundle");
    }
    assert!(bytes.windows(ADA.len()).any(|window| window == ADA.as_bytes()));
    let custody = fs::read_to_string(bag.join("probity/custody.json")).expect("custody");
    for step in ["approval.given", "disclosure.opened", "data.received", "data.planned", "data.filtered"] {
        assert!(custody.contains(step), "{step}");
    }
    assert_eq!(bed.case("R-1").disclosures[0].step, Step::Released);
    end(started);
}

#[test]
fn one_client_id_is_one_disclosure() {
    let bed = Bed::new();
    bed.approved("R-1", &[item(ADA, "bsi")]);
    let started = bed.packager();
    let request = RequestId::new("R-1").expect("an id");
    let collector = PersonId::new("p-col").expect("an id");
    let id = event_id();
    let first = started.packager.open(&request, &collector, id.clone()).expect("opened");
    assert_eq!(started.packager.open(&request, &collector, id).expect("the same"), first);
    assert_eq!(settled(&started.packager, &first).state, State::Sealed);
    assert!(open(&started.packager, "R-1").is_err(), "one collection at a time");
    end(started);
}

#[test]
fn s_89_the_key_that_a_source_declares_is_recorded_as_used_before_the_seal() {
    let bed = Bed::new();
    let path = bed.sources().join("sources.toml");
    let text = fs::read_to_string(&path).expect("the sources");
    let keyed =
        text.replacen("id = \"subscribers\"\n", "id = \"subscribers\"\nkey_name = \"kms/mail/7\"\n", 1);
    assert_ne!(keyed, text);
    fs::write(&path, keyed).expect("written");
    bed.approved("R-1", &[item(ADA, "bsi"), item(ADA, "records_other")]);
    let started = bed.packager();
    let disclosure = open(&started.packager, "R-1").expect("opened");
    assert_eq!(settled(&started.packager, &disclosure).state, State::Sealed);
    // Of the sources that were read, one declares a key: one use, by the digest of the key's name.
    let used = bed.only("R-1", EventType::KeyUsed);
    assert_eq!(used["source"], "subscribers");
    assert_eq!(used["key_name_sha256"], Digest::of(b"kms/mail/7").to_string());
    assert!(used["items"].as_u64().is_some_and(|items| items > 0));
    end(started);
}

#[test]
fn case_35_what_may_be_privileged_is_sealed_for_the_filter_team_alone() {
    let bed = Bed::new();
    let note = json!({"privilege": "legal", "note_sha256": Digest::of(b"a lawyer writes")});
    bed.approved("R-1", &[item(ADA, "bsi")]);
    bed.approved_after("R-2", &[item(ADA, "bsi")], vec![(EventType::PrivilegeNoted, "p-rev", note)]);
    let started = bed.packager();
    for (request, opens, cannot) in
        [("R-1", &bed.agency, &bed.filter_team), ("R-2", &bed.filter_team, &bed.agency)]
    {
        let disclosure = open(&started.packager, request).expect("opened");
        assert_eq!(settled(&started.packager, &disclosure).state, State::Sealed);
        let delivered = started
            .packager
            .release(&disclosure, bed.release(request, "p-sen", "senior_reviewer"))
            .expect("released");
        let bundle = fs::read(delivered.dir.join(&delivered.files[0])).expect("the bundle");
        let plain = |key_file: &str| age::decrypt_bytes(&bundle, &identities(key_file), 1 << 24).is_ok();
        assert!(plain(opens) && !plain(cannot), "{request}");
    }
    end(started);
}
