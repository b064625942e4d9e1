//! Start-up: from a store that nobody vouches for to a ledger that works.
//!
//! ```text
//! UnverifiedStore ──anchor, tail, keys, texts──▶ Ledger
//! ```
//! RocksDB opens with whatever survived and calls it good. Everything it shows is therefore
//! held against what this process signed and anchored before anything is built on it: loss,
//! rollback and rewriting are refused with the indices they concern.
//!
//! **In scope**: the head against the anchor, the last batch byte by byte, the keys against
//! the log, the texts in force against the files, derived rows. **Out of scope**: every older
//! entry (that is `verify`), restoring a backup.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::{mpsc, watch};

mod anchored;
mod refusal;
mod tail;
mod unlock;

pub use refusal::RecoveryError;

use super::agenda::Agenda;
use super::anchor::{AnchorMedium, Slot};
use super::clock::LastStamp;
use super::committed::Published;
use super::doubt::{Doubt, Poison};
use super::environment::{Environment, LedgerConfig};
use super::founding::Texts;
use super::handle::{Ledger, Running};
use super::head::Head;
use super::reader::Reader;
use super::recheck::Recheck;
use super::sequencer::Sequencer;
use super::{derived, rebuild, rows, tree};
use crate::model::anchor;
use crate::ops::age::Identities;
use crate::store::Store;
use crate::tlog::{LogSigner, Node, PublicKey};
use tail::Tail;

/// A database whose anchor was written by another machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherMachine {
    /// It may be a copy that runs twice: refuse.
    #[default]
    Refused,
    /// An operator says that the home was moved (`--moved`).
    Accepted,
}

/// A database that is ahead of its anchor by more than the one batch a crash explains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnchorLag {
    /// Somebody restored the anchor, or its disk lies: refuse.
    #[default]
    Refused,
    /// An operator looked into it (`--accept-anchor-lag`).
    Accepted,
}

/// What a start needs beside the store.
pub struct StartUp {
    /// Signs checkpoints; names the log.
    pub signer: LogSigner,
    /// The disclosure key's public half: bundles are signed with the key that entry 0 names.
    pub disclosure: PublicKey,
    /// Opens the KEK file.
    pub at_rest: Identities,
    /// Where KEK files are kept.
    pub kek_dir: PathBuf,
    /// The texts as they stand in the files now: they must be the ones in force.
    pub texts: Texts,
    /// Whether the home may come from another machine.
    pub other_machine: OtherMachine,
    /// Whether the anchor may lag.
    pub anchor_lag: AnchorLag,
    /// Where both notes of a fork are written, for people to keep.
    pub evidence_dir: PathBuf,
    /// Clocks, randomness, the machine.
    pub environment: Environment,
    /// Bounds.
    pub config: LedgerConfig,
}

/// A store that was opened and not looked at.
pub struct UnverifiedStore {
    store: Arc<dyn Store>,
    anchor: Box<dyn AnchorMedium>,
}

impl UnverifiedStore {
    /// The store and the anchor of one home.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, anchor: Box<dyn AnchorMedium>) -> Self {
        Self { store, anchor }
    }

    /// Checks the store and starts the sequencer.
    ///
    /// # Errors
    /// [`RecoveryError`]; nothing was written, except the anchor where a crash had left it one
    /// batch behind, tiles that were missing, and rows that are derived from the entries.
    pub fn verify(mut self, start: StartUp) -> Result<(Ledger, Running), RecoveryError> {
        let store = &*self.store;
        let slot = anchored::newest_slot(&*self.anchor, start.signer.vkey())?;
        anchored::check_machine(&slot, &start)?;
        let tail = tail::check(store, start.signer.vkey())?;
        let standing = anchored::compare(store, &tail, &slot, &start)?;

        let vault = unlock::open_vault(store, &start)?;
        // Only now, with everything about the database checked, is the anchor moved.
        if standing.is_ahead() {
            let slot = anchor::Slot {
                machine: start.environment.machine,
                sequence: standing.sequence,
                note: tail.checkpoint.to_bytes(),
            };
            let encoded = slot.encode().map_err(|_| Doubt::Row { what: "the anchor" })?;
            self.anchor.write_slot(Slot::of(standing.sequence), &encoded).map_err(RecoveryError::Anchor)?;
        }
        let head = load_head(store, tail, &vault, standing.sequence, start.signer, &start.environment)?;
        unlock::check_texts(&head.world, &start.texts)?;
        Ok(run(self, head, vault, start.environment, start.config))
    }
}

fn load_head(
    store: &dyn Store,
    tail: Tail,
    vault: &super::keys::Vault,
    sequence: u64,
    signer: LogSigner,
    environment: &Environment,
) -> Result<Head, RecoveryError> {
    let size = tail.checkpoint.size();
    if !tail.missing_tiles.is_empty() {
        store.commit(tail.missing_tiles)?;
    }
    let index_key = derived::read_index_key(store, vault)?;
    let world = derived::read_world(store, vault)?;
    let derived_size = rows::derived_size(store)?;
    let (index_key, world) = match (index_key, world) {
        (Some(index_key), Some(world)) if derived_size == Some(size.get()) => (index_key, world),
        _ => rebuild::derive(store, vault, size, environment)?,
    };
    let last_stamp = rows::last_stamp(store)?.filter(|stamp| stamp.time == tail.last_time);
    let peaks: Result<Vec<_>, _> = Node::peaks(size)
        .map(|peak| tree::node(&tail.edge, store, peak).map(|hash| (peak.level, hash)))
        .collect();
    Ok(Head {
        signer,
        index_key,
        recheck: Recheck::new(size, peaks.map_err(Doubt::from)?, tail.last_leaf),
        edge: tail.edge,
        last_leaf: tail.last_leaf,
        last_stamp: last_stamp.unwrap_or(LastStamp::of_entry(tail.last_time)),
        signed: Some(tail.checkpoint),
        sequence,
        world: Arc::new(world),
        kept: super::kept::Kept::new(),
    })
}

fn run(
    unverified: UnverifiedStore,
    head: Head,
    vault: super::keys::Vault,
    environment: Environment,
    config: LedgerConfig,
) -> (Ledger, Running) {
    let UnverifiedStore { store, anchor } = unverified;
    let vkey = head.signer.vkey().clone();
    let signed = head.signed.clone().expect("recovery ends with a signed head");
    let first =
        Published { checkpoint: signed, edge: Arc::new(head.edge.clone()), world: Arc::clone(&head.world) };
    let (published, newest) = watch::channel(Arc::new(first));
    let (sender, queue) = mpsc::channel(config.queue_events_max);
    let (vault, poison, bytes_waiting) = (Arc::new(vault), Poison::new(), Arc::new(AtomicUsize::new(0)));
    let agenda = Arc::new(Agenda::new(config.deadlines));
    let shared = (Arc::clone(&store), Arc::clone(&vault), Arc::clone(&agenda));
    let clock = Arc::clone(&environment.clock);
    let reader = Reader::new(shared, vkey, newest, poison.clone(), clock);
    let ledger = Ledger::new(sender, Arc::clone(&bytes_waiting), config, poison.clone(), reader);
    let sequencer = Sequencer {
        queue,
        bytes_waiting,
        store,
        anchor,
        vault,
        environment,
        config,
        published,
        agenda,
        poison,
        head,
    };
    let thread = std::thread::Builder::new().name("sequencer".to_owned()).spawn(move || sequencer.run());
    (ledger, Running::new(thread.expect("a process that starts can start a thread")))
}
