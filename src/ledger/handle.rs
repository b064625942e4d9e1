//! The handles that everything above holds: one to record, one to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::assemble::Outcome;
use super::committed::Ack;
use super::doubt::{Doubt, Poison};
use super::draft::{Draft, Poster};
use super::environment::LedgerConfig;
use super::error::SubmitError;
use super::reader::Reader;
use super::sequencer::{Answered, Submission};

/// Records events. Clones share one sequencer, which works until the last of them is gone.
#[derive(Clone)]
pub struct Ledger {
    queue: mpsc::Sender<Submission>,
    bytes_waiting: Arc<AtomicUsize>,
    config: LedgerConfig,
    poison: Poison,
    reader: Reader,
}

/// The sequencer's thread: join it after the last [`Ledger`] is dropped, so that what was
/// queued is recorded before the process ends.
#[derive(Debug)]
pub struct Running {
    thread: JoinHandle<()>,
}

impl Running {
    pub(crate) const fn new(thread: JoinHandle<()>) -> Self {
        Self { thread }
    }

    /// Waits until everything queued is recorded. Blocks as long as a [`Ledger`] lives.
    ///
    /// # Errors
    /// [`Doubt::Panicked`] if the sequencer broke off; the process must exit with 70.
    pub fn join(self) -> Result<(), Doubt> {
        self.thread.join().map_err(|_| Doubt::Panicked)
    }
}

impl Ledger {
    pub(crate) fn new(
        queue: mpsc::Sender<Submission>,
        bytes_waiting: Arc<AtomicUsize>,
        config: LedgerConfig,
        poison: Poison,
        reader: Reader,
    ) -> Self {
        Self { queue, bytes_waiting, config, poison, reader }
    }

    /// Records one event and returns its receipt and opening, once it is on the disk and in
    /// the anchor.
    ///
    /// Dropping the future cancels nothing: what is queued will be recorded. The same draft
    /// again gets the same answer.
    ///
    /// # Errors
    /// [`SubmitError`]; only [`SubmitError::Poisoned`] leaves open whether it was recorded.
    pub async fn submit(&self, draft: Draft) -> Result<Ack, SubmitError> {
        let answer = self.enqueue(draft)?.await;
        self.finish(answer)
    }

    /// [`Self::submit`] for callers without a runtime. Blocks.
    ///
    /// # Errors
    /// As [`Self::submit`].
    ///
    /// # Panics
    /// If called from within an asynchronous context.
    pub fn submit_blocking(&self, draft: Draft) -> Result<Ack, SubmitError> {
        let answer = self.enqueue(draft)?.blocking_recv();
        self.finish(answer)
    }

    /// Waits until the ledger doubts its store or itself: the process must then exit with 70,
    /// and must not be restarted without a person looking. Cancel safe.
    pub async fn doubted(&self) -> Arc<Doubt> {
        self.poison.wait().await
    }

    /// The reading handle.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    pub(crate) fn enqueue(
        &self,
        draft: Draft,
    ) -> Result<oneshot::Receiver<Result<Answered, SubmitError>>, SubmitError> {
        if self.poison.is_set() {
            return Err(SubmitError::Poisoned);
        }
        if draft.poster == Poster::Founding {
            return Err(SubmitError::Forbidden { type_: draft.type_ });
        }
        let bytes = draft.bytes();
        if bytes > self.config.event_bytes_max {
            return Err(SubmitError::TooLong { bytes_max: self.config.event_bytes_max, found: bytes });
        }
        let busy = || SubmitError::Busy { retry_after_s: self.config.retry_after_s };
        let waiting = self.bytes_waiting.fetch_add(bytes, Ordering::SeqCst);
        let give_back = || self.bytes_waiting.fetch_sub(bytes, Ordering::SeqCst);
        if waiting.saturating_add(bytes) > self.config.queue_bytes_max {
            give_back();
            return Err(busy());
        }
        let (answer, receiver) = oneshot::channel();
        match self.queue.try_send(Submission { draft, bytes, answer }) {
            Ok(()) => Ok(receiver),
            Err(mpsc::error::TrySendError::Full(_)) => {
                give_back();
                Err(busy())
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                give_back();
                Err(SubmitError::Poisoned)
            }
        }
    }

    fn finish(
        &self,
        answer: Result<Result<Answered, SubmitError>, oneshot::error::RecvError>,
    ) -> Result<Ack, SubmitError> {
        // A channel that closed without an answer: the sequencer stopped in or before its batch.
        let answered = answer.map_err(|_| SubmitError::Poisoned)??;
        let ack = match (&answered.outcome, &answered.batch) {
            (Outcome::Earlier { index }, _) => self.reader.first_ack(*index),
            (Outcome::Fresh { fresh, repeated }, Some(batch)) => {
                batch.ack(fresh, self.reader.origin(), *repeated)
            }
            // A fresh entry is always of a batch that was written.
            (Outcome::Fresh { .. }, None) => Err(Doubt::Panicked),
        };
        ack.map_err(|doubt| {
            self.poison.set(doubt);
            SubmitError::Poisoned
        })
    }
}
