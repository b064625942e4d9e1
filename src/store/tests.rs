//! Goal: both stores keep the one contract. Method: the same script against each, through the
//! traits alone, and what a reopen shows afterwards.

use super::*;

const ROWS: [(&[u8], &[u8]); 4] = [(b"", b"empty key"), (b"a", b"1"), (b"a\x00", b"2"), (b"b", b"")];

fn keys(view: &dyn View, family: Family, from: &[u8]) -> Vec<Vec<u8>> {
    view.scan(family, from).map(|row| row.expect("the scan goes well").0.into()).collect()
}

fn fill(store: &dyn Store) {
    let mut batch = Batch::default();
    for (key, value) in ROWS {
        batch.put(Family::Keys, key, value);
    }
    batch.put(Family::Cases, b"z".as_slice(), b"gone".as_slice());
    batch.delete(Family::Cases, b"z".as_slice());
    store.commit(batch).expect("the commit goes well");
}

fn check(store: &dyn Store) {
    fill(store);
    for (key, value) in ROWS {
        assert_eq!(store.get(Family::Keys, key).expect("readable").as_deref(), Some(value));
    }
    assert_eq!(store.get(Family::Cases, b"z").expect("readable"), None);
    assert_eq!(keys(store, Family::Keys, b"a\x00"), [b"a\x00".to_vec(), b"b".to_vec()]);
    assert_eq!(store.last(Family::Keys).expect("readable").map(|row| row.0), Some(b"b".as_slice().into()));
    assert_eq!(store.last(Family::Entries).expect("readable"), None);

    let before = store.snapshot();
    let mut batch = Batch::default();
    batch.put(Family::Keys, b"c".as_slice(), b"3".as_slice());
    batch.delete(Family::Keys, b"a".as_slice());
    store.commit(batch).expect("the commit goes well");
    assert_eq!(keys(&*before, Family::Keys, b"").len(), ROWS.len(), "a snapshot does not move");
    assert_eq!(before.get(Family::Keys, b"c").expect("readable"), None);
    assert_eq!(before.last(Family::Keys).expect("readable").map(|r| r.0), Some(b"b".as_slice().into()));
    assert_eq!(keys(store, Family::Keys, b"b"), [b"b".to_vec(), b"c".to_vec()]);
}

#[test]
fn memory_keeps_the_contract() {
    check(&MemoryStore::new());
}

#[test]
fn rocks_keeps_the_contract_and_its_rows() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let store = RocksStore::create(dir.path()).expect("created");
    check(&store);
    let expected = keys(&store, Family::Keys, b"");
    let seen = SecondaryView::open(dir.path()).expect("a second reader");
    assert_eq!(keys(&seen, Family::Keys, b""), expected, "unflushed rows are seen by a secondary");
    drop(store);
    let store = RocksStore::open(dir.path()).expect("opened again");
    assert_eq!(keys(&store, Family::Keys, b""), expected);
}

#[test]
fn a_secondary_writes_nothing_to_the_home() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    drop(RocksStore::create(dir.path()).map(|store| fill(&store)));
    let listing = || {
        let files = std::fs::read_dir(dir.path()).expect("listed");
        let mut files: Vec<_> = files
            .map(|file| {
                let file = file.expect("listed");
                let meta = file.metadata().expect("there");
                (file.file_name(), meta.len(), meta.modified().expect("dated"))
            })
            .collect();
        files.sort();
        files
    };
    let before = listing();
    let view = SecondaryView::open(dir.path()).expect("opened");
    assert_eq!(keys(&view, Family::Keys, b"").len(), ROWS.len());
    drop(view);
    assert_eq!(listing(), before);
}

#[test]
fn a_missing_database_is_not_made() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    assert!(matches!(RocksStore::open(&dir.path().join("db")), Err(StoreError::Open { .. })));
}

#[test]
fn faults_come_in_pairs() {
    for (fault, after_kill, after_power_cut) in
        [(Fault::Lost, false, false), (Fault::Persisted, true, true), (Fault::Visible, true, false)]
    {
        for power_cut in [false, true] {
            let store = MemoryStore::new();
            fill(&store);
            store.plan([Some(fault)]);
            let mut batch = Batch::default();
            batch.put(Family::Keys, b"new".as_slice(), b"x".as_slice());
            assert!(store.commit(batch).is_err());
            let (store, expected) =
                if power_cut { (store.power_cut(), after_power_cut) } else { (store.reopen(), after_kill) };
            let found = store.get(Family::Keys, b"new").expect("readable").is_some();
            assert_eq!(found, expected, "{fault:?}, power cut: {power_cut}");
            fill(&store);
        }
    }
}

#[test]
fn reads_can_fail_too() {
    let store = MemoryStore::new();
    fill(&store);
    store.fail_reads_after(2);
    assert!(store.get(Family::Keys, b"a").is_ok());
    let rows: Vec<_> = store.scan(Family::Keys, b"").collect();
    assert_eq!(rows.len(), 2, "one row, then the error, then the end");
    assert!(rows.last().is_some_and(Result::is_err));
    store.heal_reads();
    assert!(store.get(Family::Keys, b"a").is_ok());
}

#[test]
fn one_process_per_home() {
    let home = tempfile::tempdir().expect("a scratch directory");
    let held = HomeLock::acquire(home.path()).expect("free");
    assert!(matches!(HomeLock::acquire(home.path()), Err(StoreError::Locked { .. })));
    drop(held);
    HomeLock::acquire(home.path()).expect("free again");
}
