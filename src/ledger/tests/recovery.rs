//! Start-up against every way in which store, anchor, keys and files can disagree.

use super::harness::*;
use crate::ledger::*;
use crate::model::digest::Digest;
use crate::store::{Family, View};

fn with_entries(count: u64) -> TestLog {
    let mut log = TestLog::memory();
    for n in 0..count {
        log.submit(received(n)).expect("recorded");
    }
    log
}

#[test]
fn a_rolled_back_database_is_refused_with_its_indices() {
    let mut log = with_entries(3);
    let backup = log.memory_store().fork();
    log.submit(received(3)).expect("recorded");
    log.submit(received(4)).expect("recorded");
    log.stop();
    log.disk = Disk::Memory(backup);
    let error = log.start().expect_err("refused");
    assert!(matches!(&error, RecoveryError::Lost { anchor, found } if (anchor.get(), found.get()) == (9, 7)));
    let text = error.to_string();
    assert!(text.contains("entries 7 to 8"), "{text}");
}

#[test]
fn a_rolled_back_home_that_went_on_is_a_fork() {
    let mut log = with_entries(2);
    let (backup, anchor) = (log.memory_store().fork(), log.anchor.bytes());
    log.submit(received(2)).expect("recorded");
    log.stop();
    let newest = log.anchor.bytes();
    // The other line goes on from the backup with an anchor of its own.
    log.disk = Disk::Memory(backup);
    log.anchor.set(anchor);
    log.start().expect("a whole old home starts: nothing here can tell");
    log.acknowledged.retain(|index, _| *index < 6);
    log.submit(received(7)).expect("recorded");
    log.stop();
    log.anchor.set(newest);
    assert!(matches!(log.start(), Err(RecoveryError::Forked { .. })));
    let evidence = log.home.path().join("evidence");
    let note = |name| std::fs::read(evidence.join(name)).expect("kept");
    let open = |note: Vec<u8>| crate::tlog::SignedCheckpoint::open(&note, &[vkey()]).expect("signed");
    let (ours, theirs) = (open(note("fork-anchor.note")), open(note("fork-database.note")));
    assert_eq!(ours.size(), theirs.size());
    assert_ne!(ours.root(), theirs.root());
}

#[test]
fn an_anchor_that_lags_is_advanced_by_one_batch_only() {
    let mut log = with_entries(1);
    let one_behind = log.anchor.bytes();
    log.submit(received(1)).expect("recorded");
    log.stop();
    log.anchor.set(one_behind.clone());
    log.start().expect("one batch is what a crash explains");
    log.submit(received(2)).expect("recorded");
    log.submit(received(3)).expect("recorded");
    log.stop();
    log.anchor.set(one_behind);
    assert!(matches!(log.start(), Err(RecoveryError::AnchorLag { batches: 3, .. })));
    let start = StartUp { anchor_lag: AnchorLag::Accepted, ..log.start_up() };
    log.start_with(start).expect("an operator looked into it");
    log.submit(received(4)).expect("recorded");
    log.check(9);
    log.restart().expect("started again");
    log.check(9);
}

#[test]
fn another_machine_is_refused_unless_moved() {
    let mut log = with_entries(1);
    log.stop();
    log.machine.digest = Digest::of(b"machine 2");
    assert!(matches!(log.start(), Err(RecoveryError::OtherMachine)));
    let start = StartUp { other_machine: OtherMachine::Accepted, ..log.start_up() };
    log.start_with(start).expect("moved");
    log.submit(received(1)).expect("recorded");
    log.restart().expect("the anchor names the new machine now");
    log.check(6);
}

#[test]
fn damaged_anchors_are_refused() {
    let mut log = with_entries(2);
    log.stop();
    let good = log.anchor.bytes().expect("there");
    let newest = if good[50..58] > good[4096 + 50..4096 + 58] { 0 } else { 4096 };
    for (what, bytes) in [
        ("cut", good[..8191].to_vec()),
        ("longer", [&good[..], &[0]].concat()),
        ("empty", Vec::new()),
        ("both torn", vec![0; 8192]),
        ("swapped", [&good[4096..], &good[..4096]].concat()),
    ] {
        log.anchor.set(Some(bytes));
        assert!(log.start().is_err(), "{what}");
    }
    for at in [newest, newest + 20, newest + 57, newest + 100, newest + 4000, newest + 4095] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        log.anchor.set(Some(bytes));
        log.start().expect("one torn slot is normal, the other is one batch behind");
        log.check(6);
        log.stop();
        assert_ne!(log.anchor.bytes(), None);
    }
    log.check(6);
}

#[test]
fn a_slot_signed_by_another_key_is_not_fallen_back_from() {
    let mut log = with_entries(1);
    log.stop();
    let other = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let origin = crate::tlog::Origin::new(ORIGIN).expect("an origin");
    let other = crate::tlog::LogSigner::new(origin.clone(), other).expect("a good key");
    let head =
        crate::tlog::Checkpoint::new(origin, crate::tlog::TreeSize::new(9), crate::tlog::Hash::empty_root());
    let head = head.expect("not empty");
    let note = crate::tlog::SignedCheckpoint::sign(&head, &[&other]).expect("signed").to_bytes();
    let slot = crate::model::anchor::Slot { machine: log.machine.digest, sequence: 9, note };
    let mut bytes = log.anchor.bytes().expect("there");
    bytes[4096..].copy_from_slice(&slot.encode().expect("fits"));
    log.anchor.set(Some(bytes));
    assert!(matches!(log.start(), Err(RecoveryError::AnchorNote { .. })));
}

#[test]
fn every_byte_of_the_last_batch_counts() {
    let mut log = with_entries(2);
    log.stop();
    for (family, key) in [
        (Family::Entries, 5_u64.to_be_bytes().to_vec()),
        (Family::Payloads, 5_u64.to_be_bytes().to_vec()),
        (
            Family::Checkpoints,
            log.memory_store().last(Family::Checkpoints).expect("read").expect("there").0.into(),
        ),
    ] {
        let good = log.memory_store().get(family, &key).expect("read").expect("there");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            log.memory_store().tamper(family, &key, Some(&bad));
            assert!(log.start().is_err(), "{family:?} byte {at}");
        }
        log.memory_store().tamper(family, &key, None);
        assert!(log.start().is_err(), "{family:?} gone");
        log.memory_store().tamper(family, &key, Some(&good));
    }
    log.start().expect("as it was");
    log.check(6);
}

#[test]
fn an_older_entry_that_changed_is_seen_in_the_root() {
    let mut log = with_entries(3);
    log.stop();
    let good = log.memory_store().get(Family::Entries, &4_u64.to_be_bytes()).expect("read").expect("there");
    let text = String::from_utf8(good).expect("text").replace("\"index\":4", "\"index\":9");
    log.memory_store().tamper(Family::Entries, &4_u64.to_be_bytes(), Some(text.as_bytes()));
    assert!(matches!(log.start(), Err(RecoveryError::Root { .. })));
}

#[test]
fn rows_beyond_the_signed_head_are_refused() {
    let mut log = with_entries(1);
    log.stop();
    log.memory_store().tamper(Family::Entries, &5_u64.to_be_bytes(), Some(b"{}"));
    assert!(matches!(log.start(), Err(RecoveryError::Count { what: "entries", .. })));
}

#[test]
fn what_is_derived_is_made_again() {
    let mut log = TestLog::memory();
    log.submit_together((0..300).map(received).collect());
    log.submit(withdrawn(5)).expect("recorded");
    log.stop();
    let families = [Family::Tiles, Family::Cases, Family::Idempotency, Family::Meta];
    for lost in [&families[..1], &families[1..]] {
        for family in lost {
            let rows: Vec<_> =
                log.memory_store().scan(*family, &[]).map(|row| row.expect("read").0).collect();
            // The keyring is no derived row: it was signed.
            for key in rows.iter().filter(|key| !key.starts_with(b"keyring/")) {
                log.memory_store().tamper(*family, key, None);
            }
        }
        log.start().expect("made again");
        log.check(305);
        assert!(log.submit(received(17)).expect("known").repeated);
        let request = crate::model::id::RequestId::new("R-5").expect("an id");
        let stage = log.reader().case(&request).expect("there").stage;
        assert_eq!(stage, crate::practice::case::Stage::Withdrawn);
        let timeline = log.reader().timeline(&request, 10).expect("a timeline");
        assert_eq!(timeline.iter().map(|index| index.get()).collect::<Vec<_>>(), [timeline[0].get(), 304]);
        let newest = log.reader().timeline(&request, 1).expect("a timeline");
        assert_eq!(newest, [crate::tlog::LeafIndex::new(304)]);
        log.stop();
    }
    log.start().expect("started");
    log.submit(received(1000)).expect("recorded");
    log.check(306);
}

#[test]
fn texts_must_be_the_ones_in_force() {
    let mut log = with_entries(1);
    log.stop();
    let changed = |text: &mut String| text.push('\n');
    for (what, change) in [
        ("policy", (|texts: &mut Texts| &mut texts.policy) as fn(&mut Texts) -> &mut String),
        ("directory", |texts| &mut texts.directory),
        ("roles", |texts| &mut texts.roles),
    ] {
        let mut start = log.start_up();
        changed(change(&mut start.texts));
        let error = log.start_with(start).expect_err("refused");
        assert!(matches!(&error, RecoveryError::Text { what: found, .. } if *found == what), "{error}");
    }
    log.start().expect("as it was");
}

#[test]
fn another_home_s_kek_is_refused() {
    let mut log = with_entries(1);
    let mut other = TestLog::memory();
    other.identity.clone_from(&log.identity);
    log.stop();
    other.stop();
    // The same origin and epoch, sealed to the same identity: only the logged id tells.
    let at_rest = log.identities();
    let recipients = crate::ops::age::Recipients::new(at_rest.recipients().collect()).expect("a recipient");
    let kek = crate::model::datakey::Kek::from_bytes([3; 32]);
    let plaintext = kek.to_file(&crate::tlog::Origin::new(ORIGIN).expect("an origin"), 1);
    let sealed = crate::ops::age::encrypt_bytes(&recipients, &plaintext).expect("sealed");
    std::fs::write(log.home.path().join("kek/1.age"), sealed).expect("written");
    assert!(log.start().is_err());
    std::fs::copy(other.home.path().join("kek/1.age"), log.home.path().join("kek/1.age")).expect("copied");
    assert!(matches!(log.start(), Err(RecoveryError::Kek(_))), "another identity's file does not open");
}
