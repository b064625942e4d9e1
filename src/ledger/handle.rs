//! The handles that everything above holds: one to record, one to read.

use std::collections::VecDeque;
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
        self.enqueue(draft)?.acknowledged().await
    }

    /// [`Self::submit`] for callers without a runtime. Blocks.
    ///
    /// # Errors
    /// As [`Self::submit`].
    ///
    /// # Panics
    /// If called from within an asynchronous context.
    pub fn submit_blocking(&self, draft: Draft) -> Result<Ack, SubmitError> {
        self.enqueue(draft)?.acknowledged_blocking()
    }

    /// Queues one event, so that a caller can queue the next before this one is on the disk.
    /// Events are recorded in the order in which they are queued.
    ///
    /// # Errors
    /// [`SubmitError::Busy`], [`SubmitError::TooLong`], [`SubmitError::Forbidden`],
    /// [`SubmitError::Poisoned`]: nothing was queued.
    pub fn enqueue(&self, draft: Draft) -> Result<Queued, SubmitError> {
        let answer = self.send(draft)?;
        Ok(Queued { answer, reader: self.reader.clone(), poison: self.poison.clone() })
    }

    /// Records many events with up to `in_flight_max` of them queued at a time, and hands each
    /// answer to `answered`, in order. Blocks. What a load generator or an import calls.
    ///
    /// # Panics
    /// If called from within an asynchronous context.
    pub fn submit_many_blocking(
        &self,
        drafts: impl IntoIterator<Item = Draft>,
        in_flight_max: usize,
        mut answered: impl FnMut(Result<Ack, SubmitError>),
    ) {
        let mut in_flight: VecDeque<Result<Queued, SubmitError>> = VecDeque::new();
        let mut wait = |queued: Result<Queued, SubmitError>| {
            answered(queued.and_then(Queued::acknowledged_blocking));
        };
        for draft in drafts {
            if in_flight.len() >= in_flight_max.max(1) {
                in_flight.pop_front().into_iter().for_each(&mut wait);
            }
            in_flight.push_back(self.enqueue(draft));
        }
        in_flight.into_iter().for_each(wait);
    }

    /// What the ledger doubts, if it does: the process must then exit with 70.
    #[must_use]
    pub fn doubt(&self) -> Option<Arc<Doubt>> {
        self.poison.first()
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

    fn send(&self, draft: Draft) -> Result<oneshot::Receiver<Result<Answered, SubmitError>>, SubmitError> {
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
}

/// An event that is queued. Dropping this cancels nothing: the event will be recorded.
pub struct Queued {
    answer: oneshot::Receiver<Result<Answered, SubmitError>>,
    reader: Reader,
    poison: Poison,
}

impl Queued {
    /// Waits until the event is on the disk and in the anchor. Cancel safe in that nothing is
    /// undone; the same draft again gets the same answer.
    ///
    /// # Errors
    /// As [`Ledger::submit`].
    pub async fn acknowledged(self) -> Result<Ack, SubmitError> {
        let answer = self.answer.await;
        finish(answer, &self.reader, &self.poison)
    }

    /// [`Self::acknowledged`] for callers without a runtime. Blocks.
    ///
    /// # Errors
    /// As [`Ledger::submit`].
    ///
    /// # Panics
    /// If called from within an asynchronous context.
    pub fn acknowledged_blocking(self) -> Result<Ack, SubmitError> {
        let answer = self.answer.blocking_recv();
        finish(answer, &self.reader, &self.poison)
    }
}

/// Makes receipt and opening, on the thread of whoever waited.
fn finish(
    answer: Result<Result<Answered, SubmitError>, oneshot::error::RecvError>,
    reader: &Reader,
    poison: &Poison,
) -> Result<Ack, SubmitError> {
    // A channel that closed without an answer: the sequencer stopped in or before its batch.
    let answered = answer.map_err(|_| SubmitError::Poisoned)??;
    let ack = match (&answered.outcome, &answered.batch) {
        (Outcome::Earlier { index }, _) => reader.first_ack(*index),
        (Outcome::Fresh { fresh, repeated }, Some(batch)) => batch.ack(fresh, reader.origin(), *repeated),
        // A fresh entry is always of a batch that was written.
        (Outcome::Fresh { .. }, None) => Err(Doubt::Panicked),
    };
    ack.map_err(|doubt| {
        poison.set(doubt);
        SubmitError::Poisoned
    })
}
