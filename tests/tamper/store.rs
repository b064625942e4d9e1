//! The same through the database, where no export stands between the attacker and the log.

use std::fs;

use probity::ledger::{ExportSet, export};
use probity::store::{Batch, Family, RocksStore, Store, View};
use probity::tlog::LeafIndex;

use super::{Specimen, load};
use crate::harness::{Daemon, copy, events};

/// Families whose rows are the log; all others are derived from it, or sealed for the daemon.
const LOG: [Family; 4] = [Family::Entries, Family::Payloads, Family::Checkpoints, Family::Keys];

/// One row altered: a byte of it flipped, or the row gone.
fn alterations(value: &[u8]) -> Vec<Option<Vec<u8>>> {
    let flip = |at: usize| {
        let mut bytes = value.to_vec();
        bytes[at] ^= 0x10;
        Some(bytes)
    };
    vec![flip(0), flip(value.len() / 2), flip(value.len() - 1), None]
}

fn write(store: &RocksStore, family: Family, key: &[u8], value: Option<&[u8]>) {
    let mut batch = Batch::default();
    match value {
        Some(value) => batch.put(family, key, value),
        None => batch.delete(family, key),
    }
    store.commit(batch).expect("committed");
}

#[test]
fn every_row_of_the_log_counts() {
    let specimen = Specimen::make();
    let (root, vkey) = (&specimen.home.root, &specimen.trust.keys()[0]);
    let store = RocksStore::open(&root.join("db")).expect("opens");
    let mut cases = 0;
    for family in LOG {
        let rows: Vec<_> = store.scan(family, &[]).map(|row| row.expect("reads")).collect();
        assert!(!rows.is_empty(), "{}", family.name());
        for (key, value) in rows {
            for altered in alterations(&value) {
                // A head less proves less and hides nothing, as every later head covers its
                // entries; that the last one is gone is for the anchor to tell, below.
                if family == Family::Checkpoints && altered.is_none() {
                    continue;
                }
                write(&store, family, &key, altered.as_deref());
                let dir = specimen.home.beside("tampered");
                // A row that cannot even be exported is an objection too; it has to say where.
                let exported = export(&store, vkey, &root.join("kek"), ExportSet::Auditor, &dir);
                let what = format!("{} row {key:02x?}", family.name());
                if exported.is_ok() {
                    let report = specimen.audit(&load(&dir));
                    assert_ne!(report.outcome(), super::Outcome::Clean, "{what}");
                    let index = key.first_chunk().filter(|_| key.len() == 8).map(|k| u64::from_be_bytes(*k));
                    let is_named = report.findings().iter().any(|finding| {
                        index.is_none() || finding.location.index.map(LeafIndex::get) == index
                    });
                    assert!(is_named || family == Family::Checkpoints, "{what}: {:?}", report.findings());
                    fs::remove_dir_all(&dir).expect("removed");
                }
                write(&store, family, &key, Some(&value));
                cases += 1;
            }
        }
    }
    export(&store, vkey, &root.join("kek"), ExportSet::Auditor, &specimen.home.beside("restored"))
        .expect("good again");
    assert!(cases > 80, "{cases} cases");
}

#[test]
fn a_daemon_does_not_start_on_what_it_did_not_write() {
    let specimen = Specimen::make();
    let home = &specimen.home;
    let (db, good) = (home.root.join("db"), home.beside("db-good"));
    copy(&db, &good);
    let cases: [(Family, Option<u64>, bool, &str); 7] = [
        (Family::Entries, None, true, "entry"),
        (Family::Entries, Some(2), true, "an entry was changed"),
        (Family::Payloads, None, true, "the payload of entry"),
        (Family::Checkpoints, None, true, "not signed by the log key"),
        (Family::Entries, None, false, "end at"),
        (Family::Payloads, None, false, "end at"),
        (Family::Checkpoints, None, false, "end at"),
    ];
    for (family, index, alters, says) in cases {
        let store = RocksStore::open(&db).expect("opens");
        let (key, value) = match index {
            None => store.last(family).expect("reads").expect("a row"),
            Some(index) => {
                let key = index.to_be_bytes();
                let value = store.get(family, &key).expect("reads").expect("a row");
                (key.into(), value.into())
            }
        };
        let mut bytes = value.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        write(&store, family, &key, alters.then_some(bytes.as_slice()));
        drop(store);
        let refused = Daemon::refused(home).expect(70);
        assert!(refused.stderr.contains(says), "{}, altered: {alters}: {}", family.name(), refused.stderr);
        fs::remove_dir_all(&db).expect("removed");
        copy(&good, &db);
    }
    Daemon::start(home).stop();
}

#[test]
fn a_database_that_was_rolled_back_is_refused_and_found() {
    let specimen = Specimen::make();
    let home = &specimen.home;
    let (db, anchor) = (home.root.join("db"), home.root.join("anchor"));
    copy(&db, &home.beside("db-old"));
    copy(&anchor, &home.beside("anchor-old"));

    let daemon = Daemon::start(home);
    let recorded = events::must(&mut daemon.connect(), &events::received("REQ-2"));
    events::must(&mut daemon.connect(), &events::received("REQ-3"));
    daemon.stop();
    let receipt = home.beside("kept.tlog-proof");
    fs::write(&receipt, recorded["receipt"].as_str().expect("a receipt")).expect("written");
    let receipt = receipt.display().to_string();
    home.verify(&home.root, &["--against", &receipt]).expect(0);

    fs::remove_dir_all(&db).expect("removed");
    copy(&home.beside("db-old"), &db);
    let refused = Daemon::refused(home).expect(70);
    let size = recorded["index"].as_u64().expect("an index");
    let says = format!(
        "entries {size} to {} were acknowledged and are gone: the anchor stands at size {}, the database at {size}; \
         it was rolled back or lost its tail",
        size + 1,
        size + 2
    );
    assert!(refused.stderr.contains(&says), "{}", refused.stderr);
    let found = home.verify(&home.root, &["--against", &receipt]).expect(1);
    assert!(found.stdout.contains("not_a_prefix") && found.stdout.contains(&receipt), "{}", found.stdout);

    // With the anchor rolled back too the machine knows nothing more; whoever has a receipt does.
    fs::remove_file(&anchor).expect("removed");
    copy(&home.beside("anchor-old"), &anchor);
    let daemon = Daemon::start(home);
    for request in ["REQ-4", "REQ-5", "REQ-6"] {
        events::must(&mut daemon.connect(), &events::received(request));
    }
    daemon.stop();
    home.verify(&home.root, &[]).expect(0);
    let found = home.verify(&home.root, &["--against", &receipt]).expect(1);
    assert!(found.stdout.contains(&receipt), "{}", found.stdout);
}
