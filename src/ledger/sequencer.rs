//! The one thread that writes: it takes everything that queued up while the last sync ran.
//!
//! **In scope**: the order of the durable steps, and what each caller is told when.
//! **Out of scope**: what a batch holds ([`super::assemble`]).
//!
//! ```text
//! take all queued → assemble, sign, verify          nothing is durable: a crash loses nothing acknowledged
//! one WriteBatch, synced                            durable, unknown to anyone: start-up advances the anchor
//! anchor slot, fdatasync                            durable and anchored
//! publish the head, answer the callers              a head leaves the process only here
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

use super::agenda::Agenda;
use super::anchor::{AnchorMedium, Slot};
use super::assemble::{Assembler, Outcome};
use super::clock;
use super::committed::{Committed, Published};
use super::doubt::{Doubt, Poison};
use super::draft::Draft;
use super::environment::{Environment, LedgerConfig};
use super::error::SubmitError;
use super::head::Head;
use super::keys::Vault;
use crate::model::anchor;
use crate::model::id::RequestId;
use crate::practice::World;
use crate::store::Store;

/// A draft on its way, and where its answer goes.
pub(crate) struct Submission {
    pub(crate) draft: Draft,
    pub(crate) bytes: usize,
    pub(crate) answer: oneshot::Sender<Result<Answered, SubmitError>>,
}

/// What a caller makes its receipt from.
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    /// The batch it waited for.
    pub(crate) batch: Option<Arc<Committed>>,
}

/// A caller, and what its event came to; until it is judged that is doubt.
struct Waiting {
    answer: oneshot::Sender<Result<Answered, SubmitError>>,
    outcome: Result<Outcome, SubmitError>,
}

/// Everything the thread owns.
pub(crate) struct Sequencer {
    pub(crate) queue: mpsc::Receiver<Submission>,
    pub(crate) bytes_waiting: Arc<AtomicUsize>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) anchor: Box<dyn AnchorMedium>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) environment: Environment,
    pub(crate) config: LedgerConfig,
    pub(crate) published: watch::Sender<Arc<Published>>,
    pub(crate) agenda: Arc<Agenda>,
    pub(crate) poison: Poison,
    pub(crate) head: Head,
}

impl Sequencer {
    /// Works until every [`super::Ledger`] handle is gone, or until doubt.
    pub(crate) fn run(mut self) {
        let poison = self.poison.clone();
        // A panic below is a bug of ours in the middle of a batch: as bad as a failed write.
        let mut on_unwind = PoisonOnUnwind { poison: poison.clone(), is_armed: true };
        let mut taken = Vec::with_capacity(self.config.batch_events_max);
        let mut waiting = Vec::with_capacity(self.config.batch_events_max);
        while self.queue.blocking_recv_many(&mut taken, self.config.batch_events_max) > 0 {
            let bytes = taken.iter().map(|submission| submission.bytes).sum();
            self.bytes_waiting.fetch_sub(bytes, Ordering::SeqCst);
            if let Err(doubt) = self.batch(&mut taken, &mut waiting) {
                poison.set(doubt);
                // State first: nothing may be answered from it any more. Only now may the callers
                // in `taken`, in `waiting` and in the queue see their channel close, which reads as
                // poisoned: whoever was told of the doubt finds every other answer doubtful too.
                break;
            }
        }
        on_unwind.is_armed = false;
    }

    /// On doubt, whoever was not answered stays in `taken` or in `waiting`.
    fn batch(&mut self, taken: &mut Vec<Submission>, waiting: &mut Vec<Waiting>) -> Result<(), Doubt> {
        let reading = (self.environment.clock)()?;
        let stamp = clock::stamp(&self.head.last_stamp, &reading);
        let before = Arc::clone(&self.head.world);
        let low = self.low_disk();
        let mut assembler =
            Assembler::new(&mut self.head, &*self.store, &self.vault, &self.environment, &self.config)
                .with_low_disk(low);
        taken.reverse();
        while let Some(Submission { draft, answer, .. }) = taken.pop() {
            waiting.push(Waiting { answer, outcome: Err(SubmitError::Poisoned) });
            let outcome = assembler.admit(draft, &stamp, &reading)?;
            if let Some(last) = waiting.last_mut() {
                last.outcome = outcome;
            }
        }
        let batch = match assembler.finish()? {
            None => None,
            Some(ready) => {
                // If we crash before this commit, nothing happened. If we crash in it, or it
                // fails, the batch is there whole or not at all, and nobody was told.
                self.store.commit(ready.batch)?;
                // If we crash here, start-up finds the database one signed batch ahead of the
                // anchor, checks it and advances the anchor.
                let note = ready.committed.checkpoint.to_bytes();
                let slot = anchor::Slot { machine: self.environment.machine, sequence: ready.sequence, note };
                let slot = slot.encode().map_err(|_| Doubt::Row { what: "the anchor slot" })?;
                let written = self.anchor.write_slot(Slot::of(ready.sequence), &slot);
                written.map_err(Doubt::Anchor)?;
                // From here on the batch counts. A crash now leaves callers without an answer;
                // they ask again with the same id and get the same receipt.
                self.published.send_replace(Arc::new(ready.published));
                self.note_due(&before, &ready.changed);
                Some(Arc::new(ready.committed))
            }
        };
        // Refusals wait for the commit too: they may rest on an entry of this batch.
        for Waiting { answer, outcome } in waiting.drain(..) {
            let answered = outcome.map(|outcome| Answered { outcome, batch: batch.clone() });
            // A caller that went away cancels nothing: its entry is in the log.
            drop(answer.send(answered));
        }
        Ok(())
    }
}

impl Sequencer {
    /// The free bytes of the home's file system, if they are below the mark. A disk that runs full
    /// fails a write, and after that only a new start helps: so we stop before.
    fn low_disk(&self) -> Option<u64> {
        let mark = self.config.low_water_bytes;
        // Where the system cannot tell how much room there is, we count on none.
        let free = if mark == 0 { mark } else { (self.environment.free_space)().unwrap_or(0) };
        (free < mark).then_some(free)
    }

    /// Tells the agenda what the batch changed. After the publication: whoever reads everything
    /// anew then reads it under what is in force.
    fn note_due(&self, before: &Arc<World>, changed: &[RequestId]) {
        let world = &self.head.world;
        if before.rules() != world.rules() || before.policy_sha256() != world.policy_sha256() {
            return self.agenda.forget();
        }
        if !Arc::ptr_eq(before, world) {
            self.agenda.world_changed(world);
        }
        for open in changed.iter().filter_map(|request| self.head.kept.case(request)) {
            self.agenda.case_changed(world, &open.case);
        }
    }
}

struct PoisonOnUnwind {
    poison: Poison,
    is_armed: bool,
}

impl Drop for PoisonOnUnwind {
    fn drop(&mut self) {
        if self.is_armed {
            self.poison.set(Doubt::Panicked);
        }
    }
}
