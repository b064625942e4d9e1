//! An operator who has every key and does not keep to the rules: writes entries that no daemon
//! would have admitted, and signs them.
//!
//! The tree is built from its definition, not by the code that writes a home's.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use probity::model::datakey::{Kek, KeyLine, WrapContext};
use probity::model::digest::Digest;
use probity::model::entry::Entry;
use probity::model::event::Event;
use probity::model::id::RequestId;
use probity::model::payload::{self, DataKey, KeyId, SealedPayload};
use probity::model::time::Timestamp;
use probity::ops::age::{self, Identities};
use probity::tlog::tile::Run;
use probity::tlog::{
    Checkpoint, Hash, LeafIndex, LogSigner, Origin, SignedCheckpoint, TreeSize, leaf_hash, node_hash,
};
use serde_json::Value;

const MINUTE_MS: i64 = 60_000;

/// An exported log, whole, with what opens and continues it.
pub(super) struct Forger {
    origin: Origin,
    signer: LogSigner,
    entries: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    keys: HashMap<KeyId, DataKey>,
    /// Under which key each request's events are; the log's own under none.
    key_of: HashMap<Option<RequestId>, KeyId>,
    /// Everything there is, opened.
    pub(super) events: Vec<Event>,
    /// How long after the last entry the next one comes.
    pause_ms: i64,
}

impl Forger {
    /// Reads the export of a home, and opens all of it.
    pub(super) fn of(home: &Path) -> Self {
        let export = home.join("export");
        let pem = fs::read_to_string(home.join("keys/log.pem")).expect("the log's key");
        let key = SigningKey::from_pkcs8_pem(&pem).expect("a key");
        let origin = Origin::new("log.example/population").expect("an origin");
        let signer = LogSigner::new(origin.clone(), key).expect("a signer");
        let identity = fs::read(home.join("auditor.age")).expect("an identity");
        let identities = Identities::parse_key_file(&identity).expect("an identity");
        let sealed = fs::read(export.join("kek/1.age")).expect("a KEK");
        let opened = age::decrypt_bytes(&sealed, &identities, 4096).expect("it opens");
        let (kek, _, epoch) = Kek::parse_file(&opened).expect("a KEK");

        let mut keys = HashMap::new();
        for line in fs::read_to_string(export.join("keys.jsonl")).expect("keys").lines() {
            let KeyLine::Wrapped { key_id, wrapped } = KeyLine::parse(line.as_bytes()).expect("a row") else {
                panic!("nothing is erased here");
            };
            let context = WrapContext { origin: &origin, key_id, epoch };
            keys.insert(key_id, wrapped.unwrap(&kek, &context).expect("it unwraps"));
        }
        let head = fs::read_to_string(export.join("checkpoint")).expect("a head");
        let size = head.lines().nth(1).expect("a size").parse().expect("a number");
        let entries = framed(&export, "tile/entries", size, 2);
        let payloads = framed(&export, "payload", size, 4);
        let (key_of, events, pause_ms) = (HashMap::new(), Vec::new(), MINUTE_MS);
        let mut forger = Self { origin, signer, entries, payloads, keys, key_of, events, pause_ms };
        forger.open_all();
        forger
    }

    fn open_all(&mut self) {
        for (index, sealed) in (0..).zip(&self.payloads) {
            let sealed = SealedPayload::from_bytes(sealed.clone());
            let id = sealed.key_id().expect("a payload");
            let key = &self.keys[&id];
            let bytes = sealed.open(key, &self.origin, LeafIndex::new(index)).expect("it opens");
            let event = Event::parse(&bytes).expect("an event");
            self.key_of.entry(event.request.clone()).or_insert(id);
            self.events.push(event);
        }
    }

    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.entries.len()).expect("few")
    }

    /// The hash of an entry.
    pub(super) fn leaf(&self, index: u64) -> Hash {
        leaf_hash(&self.entries[usize::try_from(index).expect("few")])
    }

    /// When an entry was written.
    pub(super) fn time(&self, index: u64) -> Timestamp {
        Entry::parse(&self.entries[usize::try_from(index).expect("few")]).expect("an entry").time
    }

    /// The first entry about a request that is of that type, and what it says.
    pub(super) fn first(&self, request: &str, type_: &str) -> (u64, Value) {
        let is_it = |event: &Event| {
            event.type_ == type_ && event.request.as_ref().is_some_and(|id| id.as_str() == request)
        };
        let at = self.events.iter().position(is_it).unwrap_or_else(|| panic!("{request} has {type_}"));
        let data = serde_json::from_str(self.events[at].data.get()).expect("JSON");
        (u64::try_from(at).expect("few"), data)
    }

    /// So many days go by before the next entry.
    pub(super) const fn wait(&mut self, days: i64) {
        self.pause_ms = days * 86_400_000;
    }

    /// Writes one entry after the last, a minute later or after the wait, and tells its index.
    pub(super) fn write(&mut self, event: Event) -> u64 {
        let time = self.time(self.size() - 1).as_ms() + self.pause_ms;
        self.pause_ms = MINUTE_MS;
        let index = LeafIndex::new(self.size());
        let id = self.key_of[&event.request];
        let salt = *Digest::of(format!("salt {index}").as_bytes()).as_bytes();
        let bytes = event.to_bytes();
        let sealed = payload::seal(&self.keys[&id], id, &self.origin, index, &salt, &bytes);
        let (sealed, _) = sealed.expect("short");
        let entry = Entry {
            index,
            time: Timestamp::from_ms(time).expect("a time"),
            prev: self.leaf(index.get() - 1),
            payload: sealed.digest(),
        };
        self.entries.push(entry.to_bytes());
        self.payloads.push(sealed.into_bytes());
        self.events.push(event);
        index.get()
    }

    /// The export again, with what was written, under a new signed head.
    pub(super) fn publish(&self, from: &Path, to: &Path) {
        crate::harness::copy(from, to);
        let mut hashes: Vec<Hash> = self.entries.iter().map(|entry| leaf_hash(entry)).collect();
        let root = mth(&hashes);
        let checkpoint =
            Checkpoint::new(self.origin.clone(), TreeSize::new(self.size()), root).expect("not empty");
        let note = SignedCheckpoint::sign(&checkpoint, &[&self.signer]).expect("signs").to_bytes();
        let mut heads = fs::read(to.join("checkpoints")).expect("heads");
        heads.extend([format!("{}\n", note.len()).as_bytes(), &note].concat());
        fs::write(to.join("checkpoints"), heads).expect("written");
        fs::write(to.join("checkpoint"), &note).expect("written");
        fs::remove_dir_all(to.join("tile")).expect("removed");
        fs::remove_dir_all(to.join("payload")).expect("removed");
        write_framed(to, "tile/entries", &self.entries, 2);
        write_framed(to, "payload", &self.payloads, 4);
        for level in 0.. {
            if hashes.is_empty() {
                break;
            }
            for run in Run::all(u64::try_from(hashes.len()).expect("few")) {
                let members = run.members().map(|at| hashes[usize::try_from(at).expect("few")]);
                let bytes: Vec<u8> = members.flat_map(|hash| *hash.as_bytes()).collect();
                put(&to.join(format!("tile/{level}/{run}")), &bytes);
            }
            hashes = hashes.chunks_exact(256).map(mth).collect();
        }
    }
}

/// MTH(D) of RFC 6962 §2.1, as its text has it.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            node_hash(&mth(&leaves[..split]), &mth(&leaves[split..]))
        }
    }
}

fn framed(export: &Path, dir: &str, size: u64, width: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for run in Run::all(size) {
        let bytes = fs::read(export.join(format!("{dir}/{run}"))).expect("a file of the export");
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (length, tail) = rest.split_at(width);
            let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let (item, tail) = tail.split_at(length);
            found.push(item.to_vec());
            rest = tail;
        }
    }
    found
}

fn write_framed(to: &Path, dir: &str, items: &[Vec<u8>], width: usize) {
    for run in Run::all(u64::try_from(items.len()).expect("few")) {
        let mut bytes = Vec::new();
        for at in run.members() {
            let item = &items[usize::try_from(at).expect("few")];
            let length = u32::try_from(item.len()).expect("short").to_be_bytes();
            bytes.extend_from_slice(&length[4 - width..]);
            bytes.extend_from_slice(item);
        }
        put(&to.join(format!("{dir}/{run}")), &bytes);
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, bytes).expect("written");
}
