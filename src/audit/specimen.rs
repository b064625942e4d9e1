//! Small exports to audit and to damage, built from the formats alone.
//!
//! Tiles come from the definition of the tree, not from the code that writes a home's: a
//! fault there must not be repeated here.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::num::NonZeroUsize;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;

use super::heads::note_order;
use super::keyfiles::{allowed_signer, disclosure_pem};
use super::{GivenHead, Integrity, Request, Source, Trust, verify};
use crate::model::digest::Digest;
use crate::model::entry::Entry;
use crate::model::time::Timestamp;
use crate::tlog::tile::Run;
use crate::tlog::vkey::PublicKey;
use crate::tlog::{
    Checkpoint, Hash, Keyring, LeafIndex, LogSigner, Origin, SignedCheckpoint, TreeSize, Vkey, leaf_hash,
    node_hash, note,
};

/// 2026-11-23T19:04:15.123Z
const START_MS: i64 = 1_795_460_655_123;

/// The files of a set by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A log in memory.
#[derive(Clone)]
pub(super) struct Specimen {
    pub(super) origin: Origin,
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) payloads: Vec<Vec<u8>>,
    /// Seed of the log key.
    seed: u8,
}

pub(super) fn origin() -> Origin {
    Origin::new("log.example/audit-test").expect("an origin")
}

pub(super) fn signer(seed: u8) -> LogSigner {
    LogSigner::new(origin(), SigningKey::from_bytes(&[seed; 32])).expect("a key made from a seed")
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

impl Specimen {
    /// A log of `size` entries; `bend` may spoil one before the next is chained to it.
    pub(super) fn grow(size: u64, seed: u8, bend: impl Fn(&mut Entry)) -> Self {
        let payloads = (0..size).map(|index| {
            // Two requests and the system take turns.
            let key_id = [u8::try_from(index % 3).expect("below 3") + 1; 16];
            let body = Digest::of(&index.to_be_bytes());
            [&[1], key_id.as_slice(), body.as_bytes(), body.as_bytes(), &[seed; 40]].concat()
        });
        Self::of(payloads.collect(), seed, bend)
    }

    /// The log of these sealed payloads.
    pub(super) fn of(payloads: Vec<Vec<u8>>, seed: u8, bend: impl Fn(&mut Entry)) -> Self {
        let mut log = Self { origin: origin(), entries: Vec::new(), payloads, seed };
        for (index, sealed) in (0..).zip(&log.payloads) {
            let ms = START_MS + i64::try_from(index).expect("small") * 1000;
            let mut entry = Entry {
                index: LeafIndex::new(index),
                time: Timestamp::from_ms(ms).expect("in range"),
                prev: log.entries.last().map_or(Hash::ZERO, |entry: &Vec<u8>| leaf_hash(entry)),
                payload: Digest::of(sealed),
            };
            bend(&mut entry);
            log.entries.push(entry.to_bytes());
        }
        log
    }

    /// The first and only keyring.
    pub(super) fn keyring(&self) -> Keyring {
        let disclosure = SigningKey::from_bytes(&[99; 32]).verifying_key();
        let disclosure = PublicKey::from_bytes(disclosure.as_bytes()).expect("a sound key");
        Keyring::first(self.origin.clone(), *self.vkey().public_key(), disclosure).expect("two keys")
    }

    pub(super) fn vkey(&self) -> Vkey {
        signer(self.seed).vkey().clone()
    }

    fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    /// The signed head of the first `size` entries.
    pub(super) fn head(&self, size: usize) -> Vec<u8> {
        let root = mth(&self.leaves()[..size]);
        let size = TreeSize::new(u64::try_from(size).expect("small"));
        let checkpoint = Checkpoint::new(self.origin.clone(), size, root).expect("not empty");
        SignedCheckpoint::sign(&checkpoint, &[&signer(self.seed)]).expect("signs").to_bytes()
    }

    /// The auditor set, with a head after each of `batches` and one at the end.
    pub(super) fn export(&self, batches: &[usize]) -> Files {
        let mut files = self.public();
        let mut heads: Vec<_> = batches.iter().map(|size| (*size, self.head(*size))).collect();
        heads.push((self.entries.len(), self.head(self.entries.len())));
        heads.sort_by_key(|(size, note)| (*size, note_order(note)));
        let listed =
            heads.iter().flat_map(|(_, note)| [format!("{}\n", note.len()).as_bytes(), note].concat());
        files.insert("checkpoints".to_owned(), listed.collect());
        for run in Run::all(u64::try_from(self.entries.len()).expect("small")) {
            let members = || run.members().map(|index| usize::try_from(index).expect("small"));
            let entries = members().flat_map(|index| {
                let entry = &self.entries[index];
                [&u16::try_from(entry.len()).expect("short").to_be_bytes(), entry.as_slice()].concat()
            });
            files.insert(format!("tile/entries/{run}"), entries.collect());
            let payloads = members().flat_map(|index| {
                let sealed = &self.payloads[index];
                [&u32::try_from(sealed.len()).expect("short").to_be_bytes(), sealed.as_slice()].concat()
            });
            files.insert(format!("payload/{run}"), payloads.collect());
        }
        let rows = (1..=self.entries.len().min(3)).map(|id| {
            let id = u8::try_from(id).expect("at most 3");
            let wrapped = [&[1, 0, 0, 0, 1], [id; 60].as_slice()].concat();
            let (id, wrapped) = (hex::encode([id; 16]), STANDARD.encode(wrapped));
            format!("{{\"v\":1,\"key_id\":\"{id}\",\"epoch\":1,\"wrapped\":\"{wrapped}\"}}\n")
        });
        files.insert("keys.jsonl".to_owned(), rows.collect::<String>().into_bytes());
        files.insert("kek/1.age".to_owned(), b"age-encryption.org/v1\n-> X25519 ...".to_vec());
        let disclosure = SigningKey::from_bytes(&[99; 32]).verifying_key();
        files.insert("disclosure.pub".to_owned(), disclosure_pem(disclosure.as_bytes()).into_bytes());
        files.insert("allowed_signers".to_owned(), allowed_signer(disclosure.as_bytes()).into_bytes());
        files
    }

    /// The public set.
    pub(super) fn public(&self) -> Files {
        let mut files = Files::new();
        let signer = signer(self.seed);
        let ring = note::sign(&self.keyring().text(), &[&signer]).expect("signs").to_bytes();
        files.insert("keyring".to_owned(), [format!("{}\n", ring.len()).as_bytes(), &ring].concat());
        files.insert("log.vkey".to_owned(), format!("{}\n", signer.vkey()).into_bytes());
        files.insert("checkpoint".to_owned(), self.head(self.entries.len()));
        let mut hashes = self.leaves();
        for level in 0.. {
            if hashes.is_empty() {
                break;
            }
            for run in Run::all(u64::try_from(hashes.len()).expect("small")) {
                let bytes =
                    run.members().flat_map(|at| *hashes[usize::try_from(at).expect("small")].as_bytes());
                files.insert(format!("tile/{level}/{run}"), bytes.collect());
            }
            hashes = hashes.chunks_exact(256).map(mth).collect();
        }
        files
    }
}

/// Audits files in memory.
pub(super) fn audit(files: &Files, trust: Vec<Vkey>, given: Vec<GivenHead>, threads: usize) -> Integrity {
    with_request(files, trust, given, threads, verify)
}

/// Hands the files out as a source.
pub(super) fn with_request<T>(
    files: &Files,
    trust: Vec<Vkey>,
    given: Vec<GivenHead>,
    threads: usize,
    use_it: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let open = |name: &str| -> io::Result<Box<dyn Read>> {
        let bytes = files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes.clone())))
    };
    use_it(&Request {
        source: Source { names: files.keys().cloned().collect(), open: &open },
        trust: Trust::new(trust),
        given,
        threads: NonZeroUsize::new(threads).expect("at least one"),
        progress: &|_, _| {},
    })
}
