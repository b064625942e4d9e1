//! A ledger under test, and the check of everything it wrote.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::ledger::*;
use crate::model::digest::Digest;
use crate::model::entry::Entry;
use crate::model::id::{EventId, RequestId};
use crate::model::opening::{self, Opening};
use crate::model::time::Timestamp;
use crate::ops::age::{Identities, Identity, Recipients};
use crate::practice::EventType;
use crate::practice::vocabulary::PeerRole;
use crate::store::{Family, MemoryStore, RocksStore, Store, View};
use crate::tlog::{
    CompactRange, LogSigner, Node, Origin, PublicKey, SignedCheckpoint, Tile, TileNodes, TreeSize, Vkey,
    leaf_hash,
};

pub(in crate::ledger) const ORIGIN: &str = "log.example/test";
const START_MS: i64 = 1_795_000_000_000;

pub(in crate::ledger) fn texts() -> Texts {
    Texts {
        policy: include_str!("../../../config/policy.toml").to_owned(),
        directory: include_str!("../../../config/directory.toml").to_owned(),
        roles: include_str!("../../../config/roles.toml").to_owned(),
    }
}

pub(in crate::ledger) fn signer() -> LogSigner {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    LogSigner::new(Origin::new(ORIGIN).expect("an origin"), key).expect("a good key")
}

pub(in crate::ledger) fn vkey() -> Vkey {
    signer().vkey().clone()
}

/// The machine around the ledger: a clock that the test sets, randomness that repeats.
#[derive(Clone)]
pub(in crate::ledger) struct Machine {
    pub(in crate::ledger) wall_ms: Arc<AtomicI64>,
    pub(in crate::ledger) boottime_ms: Arc<AtomicI64>,
    pub(in crate::ledger) boot_id: Arc<Mutex<String>>,
    pub(in crate::ledger) digest: Digest,
    /// Free bytes of the disk; none: the system cannot tell.
    pub(in crate::ledger) free: Arc<Mutex<Option<u64>>>,
    drawn: Arc<AtomicU64>,
}

impl Machine {
    fn new() -> Self {
        Self {
            wall_ms: Arc::new(AtomicI64::new(START_MS)),
            boottime_ms: Arc::new(AtomicI64::new(1_000)),
            boot_id: Arc::new(Mutex::new("boot-1".to_owned())),
            digest: Digest::of(b"machine 1"),
            free: Arc::new(Mutex::new(Some(u64::MAX))),
            drawn: Arc::default(),
        }
    }

    pub(in crate::ledger) fn advance(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.boottime_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub(in crate::ledger) fn environment(&self) -> Environment {
        let (clock, random, disk) = (self.clone(), self.clone(), self.clone());
        Environment {
            clock: Arc::new(move || {
                Ok(ClockReading {
                    wall: Timestamp::from_ms(clock.wall_ms.load(Ordering::SeqCst)).expect("in range"),
                    boot_id: clock.boot_id.lock().expect("unpoisoned").clone(),
                    boottime_ms: clock.boottime_ms.load(Ordering::SeqCst),
                })
            }),
            random: Arc::new(move || {
                let count = random.drawn.fetch_add(1, Ordering::SeqCst);
                Ok(*Digest::of(format!("test randomness {count}").as_bytes()).as_bytes())
            }),
            machine: self.digest,
            free_space: Arc::new(move || {
                let free = *disk.free.lock().expect("unpoisoned");
                free.ok_or_else(|| std::io::Error::other("no such disk"))
            }),
        }
    }
}

/// A store that can be opened again.
pub(in crate::ledger) enum Disk {
    Memory(MemoryStore),
    Rocks(tempfile::TempDir),
}

/// A ledger with everything around it.
pub(in crate::ledger) struct TestLog {
    pub(in crate::ledger) disk: Disk,
    pub(in crate::ledger) anchor: MemoryAnchor,
    pub(in crate::ledger) machine: Machine,
    pub(in crate::ledger) home: tempfile::TempDir,
    pub(in crate::ledger) identity: String,
    pub(in crate::ledger) running: Option<(Ledger, Running)>,
    /// What was acknowledged, by index: it must be there for ever.
    pub(in crate::ledger) acknowledged: HashMap<u64, Ack>,
    pub(in crate::ledger) config: LedgerConfig,
}

impl TestLog {
    pub(in crate::ledger) fn unfounded(disk: Disk) -> Self {
        let identity = Identity::generate();
        let key_file = identity.to_key_file();
        Self {
            disk,
            anchor: MemoryAnchor::new(),
            machine: Machine::new(),
            home: tempfile::tempdir().expect("a scratch directory"),
            identity: key_file.to_string(),
            running: None,
            acknowledged: HashMap::new(),
            config: LedgerConfig::default(),
        }
    }

    /// Founded and running, in memory.
    pub(in crate::ledger) fn memory() -> Self {
        Self::founded(Disk::Memory(MemoryStore::new()))
    }

    /// Founded and running, in RocksDB.
    pub(in crate::ledger) fn rocks() -> Self {
        Self::founded(Disk::Rocks(tempfile::tempdir().expect("a scratch directory")))
    }

    fn founded(disk: Disk) -> Self {
        let mut log = Self::unfounded(disk);
        log.found().expect("founded");
        log.start().expect("started");
        log
    }

    pub(in crate::ledger) fn memory_store(&self) -> &MemoryStore {
        match &self.disk {
            Disk::Memory(store) => store,
            Disk::Rocks(_) => panic!("this test drives the store in memory"),
        }
    }

    pub(in crate::ledger) fn identities(&self) -> Identities {
        Identities::parse_key_file(self.identity.as_bytes()).expect("a key file")
    }

    fn store(&self) -> Arc<dyn Store> {
        match &self.disk {
            Disk::Memory(store) => Arc::new(store.clone()),
            Disk::Rocks(dir) => Arc::new(RocksStore::create(dir.path()).expect("opened")),
        }
    }

    pub(in crate::ledger) fn found(&mut self) -> Result<Founded, FoundingError> {
        self.found_with(&texts())
    }

    pub(in crate::ledger) fn found_with(&mut self, texts: &Texts) -> Result<Founded, FoundingError> {
        let at_rest = self.identities();
        let recipients = Recipients::new(at_rest.recipients().collect()).expect("a recipient");
        let disclosure = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key();
        let founding = Founding {
            signer: signer(),
            disclosure: PublicKey::from_bytes(disclosure.as_bytes()).expect("a good key"),
            at_rest: &at_rest,
            recipients: &recipients,
            texts,
            home_version: 1,
            kek_dir: &self.home.path().join("kek"),
        };
        found(&*self.store(), &mut self.anchor.clone(), founding, &self.machine.environment())
    }

    pub(in crate::ledger) fn start_up(&self) -> StartUp {
        let disclosure = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key();
        StartUp {
            signer: signer(),
            disclosure: PublicKey::from_bytes(disclosure.as_bytes()).expect("a good key"),
            at_rest: self.identities(),
            kek_dir: self.home.path().join("kek"),
            texts: texts(),
            other_machine: OtherMachine::Refused,
            anchor_lag: AnchorLag::Refused,
            evidence_dir: self.home.path().join("evidence"),
            environment: self.machine.environment(),
            config: self.config,
        }
    }

    pub(in crate::ledger) fn start(&mut self) -> Result<(), RecoveryError> {
        self.start_with(self.start_up())
    }

    pub(in crate::ledger) fn start_with(&mut self, start: StartUp) -> Result<(), RecoveryError> {
        let unverified = UnverifiedStore::new(self.store(), Box::new(self.anchor.clone()));
        self.running = Some(unverified.verify(start)?);
        Ok(())
    }

    /// Ends the process: what was queued is recorded, or lost with the poison.
    pub(in crate::ledger) fn stop(&mut self) {
        if let Some((ledger, running)) = self.running.take() {
            drop(ledger);
            running.join().expect("the sequencer does not panic");
        }
    }

    /// Kill and restart: the page cache stays.
    pub(in crate::ledger) fn restart(&mut self) -> Result<(), RecoveryError> {
        self.stop();
        if let Disk::Memory(store) = &self.disk {
            drop(store.reopen());
        }
        self.start()
    }

    pub(in crate::ledger) fn ledger(&self) -> &Ledger {
        &self.running.as_ref().expect("running").0
    }

    pub(in crate::ledger) fn reader(&self) -> &Reader {
        self.ledger().reader()
    }

    pub(in crate::ledger) fn submit(&mut self, draft: Draft) -> Result<Ack, SubmitError> {
        let ack = self.ledger().submit_blocking(draft)?;
        self.acknowledged.entry(ack.index.get()).or_insert_with(|| ack.clone());
        Ok(ack)
    }

    /// Queues drafts so that they make one batch, and waits for all.
    pub(in crate::ledger) fn submit_together(&mut self, drafts: Vec<Draft>) -> Vec<Result<Ack, SubmitError>> {
        let threads: Vec<_> = drafts
            .into_iter()
            .map(|draft| {
                let ledger = self.ledger().clone();
                std::thread::spawn(move || ledger.submit_blocking(draft))
            })
            .collect();
        let acks: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        for ack in acks.iter().flatten() {
            self.acknowledged.entry(ack.index.get()).or_insert_with(|| ack.clone());
        }
        acks
    }

    /// Reads everything again and finds it to be one good log of `size` entries.
    pub(in crate::ledger) fn check(&self, size: u64) {
        let store = self.running.as_ref().map_or_else(|| self.store(), |_| self.shared());
        check_store(&*store, size);
        for (index, ack) in &self.acknowledged {
            check_ack(&*store, *index, ack);
        }
    }

    /// RocksDB cannot be opened twice: look through the running ledger's own handle.
    pub(in crate::ledger) fn shared(&self) -> Arc<dyn Store> {
        match &self.disk {
            Disk::Memory(store) => Arc::new(store.clone()),
            Disk::Rocks(_) => self.reader().store_for_tests(),
        }
    }
}

/// An acknowledgement still holds: the receipt verifies, and the store has that very entry.
fn check_ack(view: &dyn View, index: u64, ack: &Ack) {
    let receipt = opening::verify_receipt(ack.receipt.as_bytes(), &[vkey()]).expect("the receipt verifies");
    assert_eq!(receipt.index().get(), index);
    let stored = view.get(Family::Entries, &index.to_be_bytes()).expect("readable");
    assert_eq!(stored.as_deref(), Some(receipt.entry()), "acknowledged entry {index} is there");
    let opening = Opening::parse(ack.opening.as_bytes()).expect("an opening");
    opening::check(&receipt, &opening).expect("the opening opens the entry");
}

/// Every row that `verify` would look at, by the definitions of RFC 6962 and the format page.
pub(in crate::ledger) fn check_store(view: &dyn View, size: u64) {
    let rows = |family| view.scan(family, &[]).map(|row| row.expect("readable"));
    let mut range = CompactRange::new();
    let mut roots = HashMap::new();
    let mut leaves = Vec::new();
    let (mut prev, mut time) = (Entry::no_predecessor(), None);
    for ((key, bytes), (payload_key, sealed)) in rows(Family::Entries).zip(rows(Family::Payloads)) {
        let entry = Entry::parse(&bytes).expect("canonical");
        let index = u64::try_from(leaves.len()).expect("few");
        assert_eq!(*key, index.to_be_bytes());
        assert_eq!(key, payload_key);
        assert_eq!((entry.index.get(), entry.prev), (index, prev));
        assert!(time.is_none_or(|time| time <= entry.time), "time never goes back");
        assert_eq!(entry.payload, Digest::of(&sealed));
        (prev, time) = (leaf_hash(&bytes), Some(entry.time));
        range.push(prev);
        leaves.push(prev);
        roots.insert(index + 1, range.root());
    }
    assert_eq!(u64::try_from(leaves.len()).expect("few"), size, "entries");
    assert_eq!(rows(Family::Payloads).count(), leaves.len(), "payloads");
    let mut signed = BTreeSet::new();
    for (key, note) in rows(Family::Checkpoints) {
        let checkpoint = SignedCheckpoint::open(&note, &[vkey()]).expect("signed");
        assert_eq!(checkpoint.storage_key().as_slice(), &*key);
        assert_eq!(Some(checkpoint.root()), roots.get(&checkpoint.size().get()));
        signed.insert(checkpoint.size().get());
    }
    assert_eq!(signed.last().copied(), (size > 0).then_some(size), "the last checkpoint covers all");
    check_tiles(view, &leaves);
    check_ids(view, size);
}

fn check_tiles(view: &dyn View, leaves: &[crate::tlog::Hash]) {
    let size = TreeSize::new(u64::try_from(leaves.len()).expect("few"));
    let full: Vec<_> = Tile::all(size).filter(|tile| tile.run().is_full()).collect();
    assert_eq!(view.scan(Family::Tiles, &[]).count(), full.len(), "tiles");
    for tile in full {
        let key = [[tile.level()].as_slice(), &tile.run().index().to_be_bytes()].concat();
        let bytes = view.get(Family::Tiles, &key).expect("readable").expect("there");
        let nodes = TileNodes::parse(&bytes, 256).expect("a tile");
        for (hash, index) in nodes.hashes().iter().zip(tile.run().members()) {
            let (from, to) = (index << (8 * tile.level()), (index + 1) << (8 * tile.level()));
            let mut range = CompactRange::new();
            let below = &leaves[usize::try_from(from).expect("few")..usize::try_from(to).expect("few")];
            for leaf in below {
                range.push(*leaf);
            }
            assert_eq!(*hash, range.root(), "{} at {index}", tile.path());
            assert!(Node { level: tile.level() * 8, index }.is_complete_in(size));
        }
    }
}

/// Each entry's id is recorded once: as many rows with a body as there are entries.
fn check_ids(view: &dyn View, size: u64) {
    let rows = view.scan(Family::Idempotency, &[]).map(|row| row.expect("readable").1);
    let mut indices: Vec<_> = rows.filter(|row| row.len() == 40).map(|row| row[..8].to_vec()).collect();
    indices.sort();
    let expected: Vec<_> = (0..size).map(|index| index.to_be_bytes().to_vec()).collect();
    assert_eq!(indices, expected, "ids");
}

pub(in crate::ledger) fn draft(id: &str, type_: EventType, request: Option<&str>, data: &str) -> Draft {
    Draft {
        poster: Poster::Peer(BTreeSet::from([PeerRole::ReviewSystem])),
        id: EventId::new(id).expect("an id"),
        type_,
        request: request.map(|request| RequestId::new(request).expect("an id")),
        actor: "p-intake-1".to_owned(),
        rules: None,
        policy: None,
        data: serde_json::value::RawValue::from_string(data.to_owned()).expect("JSON"),
        envelopes: Vec::new(),
    }
}

/// `request.received` of request `R-<n>`, with the id `E-<n>`.
pub(in crate::ledger) fn received(n: u64) -> Draft {
    let sha256 = Digest::of(n.to_string().as_bytes());
    let data = format!(
        r#"{{"kind":"legal_demand","order":{{"version":1,"sha256":"{sha256}"}},"media_type":"application/pdf","channel":"portal","received_at":"2026-11-01T00:00:00.000Z","agency_claimed":null}}"#
    );
    draft(&format!("E-{n}"), EventType::RequestReceived, Some(&format!("R-{n}")), &data)
}

/// `request.withdrawn` of request `R-<n>`, with the id `W-<n>`.
pub(in crate::ledger) fn withdrawn(n: u64) -> Draft {
    let sha256 = Digest::of(b"letter");
    let data = format!(r#"{{"document_sha256":"{sha256}","received_at":"2026-11-01T00:00:00.000Z"}}"#);
    draft(&format!("W-{n}"), EventType::RequestWithdrawn, Some(&format!("R-{n}")), &data)
}
