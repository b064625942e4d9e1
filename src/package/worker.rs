//! The one thread that reads sources and writes bundles: one at a time, off the runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};

use super::board::Board;
use super::shelf::io_error;
use super::steps::{Approved, Sealed};
use super::workbench::Workbench;
use super::{PackageError, Progress, State};
use crate::ledger::{ReadError, SubmitError};
use crate::model::id::{DisclosureId, RequestId};
use crate::model::opening::Logged;
use crate::practice::vocabulary::{BundleDestroyed, DestroyReason, DisclosureOpened, EventType};

/// A collection that was recorded and is to be run.
pub(super) struct Job {
    pub(super) request: RequestId,
    pub(super) opened: Logged<DisclosureOpened>,
}

/// What the worker is told.
pub(super) enum Message {
    /// Run this.
    Run(Box<Job>),
    /// End, whoever still holds a handle: an abandoned call must not keep the process alive.
    Stop,
}

/// The thread: join it after [`super::Packager::stop`], or when the last handle is gone.
#[derive(Debug)]
pub struct Worker(JoinHandle<()>);

impl Worker {
    pub(super) fn start(
        bench: Arc<Workbench>,
        board: Arc<Board>,
        queue: Receiver<Message>,
    ) -> Result<Self, PackageError> {
        let run = move || {
            while let Ok(Message::Run(job)) = queue.recv() {
                work(&bench, &board, *job);
            }
        };
        let thread = thread::Builder::new().name("packager".to_owned()).spawn(run);
        Ok(Self(thread.map_err(io_error("start a thread for", std::path::Path::new("packaging")))?))
    }

    /// Waits until what was queued is done; it ends early if the packager stopped.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the packaging thread broke off; the next start settles its collection");
        }
    }
}

fn work(bench: &Workbench, board: &Board, job: Job) {
    let Job { request, opened } = job;
    let disclosure = opened.value().disclosure.clone();
    let sealed = caught(|| run(bench, board, opened));
    match &sealed {
        Ok(sealed) => {
            let (production, index) = (sealed.production(), sealed.context().index.get());
            tracing::info!(%disclosure, %production, index, "a bundle is sealed and waits for its release");
        }
        Err(PackageError::NothingFound) => {
            tracing::info!(%disclosure, "nothing was found; it waits for a reviewer's certificate");
        }
        Err(error) => {
            tracing::error!(%disclosure, code = error.code(), %error, "a collection failed");
            if let Err(error) = give_up(bench, &request, &disclosure, error) {
                tracing::error!(%disclosure, %error, "that it failed could not be recorded; the next start does it");
            }
        }
    }
    board.finish(&disclosure, sealed.as_ref().err());
}

/// A panic is a fault of ours in one collection: it fails, and the worker goes on to the next.
///
/// What unwinds leaves nothing half-done in memory: a collection owns its state, the board's lock is
/// not held while one runs, and what is on the disk is deleted as after every other failure.
fn caught(run: impl FnOnce() -> Result<Sealed, PackageError>) -> Result<Sealed, PackageError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(PackageError::Panicked))
}

/// Every step, in order.
fn run(bench: &Workbench, board: &Board, opened: Logged<DisclosureOpened>) -> Result<Sealed, PackageError> {
    bench.go_on()?;
    let disclosure = opened.value().disclosure.clone();
    let note = |state| {
        let disclosure = disclosure.clone();
        move |progress: Progress| board.note(&disclosure, state, progress)
    };
    note(State::Collecting)(Progress::default());
    let collected = Approved::new(bench, opened)?.collect(bench, &mut note(State::Collecting))?;
    board.suspect(&disclosure, collected.suspects());
    let minimised = collected.minimise(bench)?;
    note(State::Planned)(Progress::default());
    let packed = minimised.pack(bench)?;
    note(State::Packing)(Progress::default());
    packed.seal(bench, &mut note(State::Packing))
}

/// Records that a collection came to nothing, once nothing is left of it.
fn give_up(
    bench: &Workbench,
    request: &RequestId,
    disclosure: &DisclosureId,
    error: &PackageError,
) -> Result<(), PackageError> {
    let is_unknown = matches!(
        error,
        PackageError::Submit(SubmitError::Poisoned | SubmitError::Closed)
            | PackageError::Read(ReadError::Poisoned | ReadError::Doubt)
            | PackageError::Unproven(_)
    );
    // The record may be on the disk: what is staged is kept for the next start to judge.
    if is_unknown { Ok(()) } else { destroy(bench, request, disclosure, error.destroy_reason()) }
}

/// Deletes what is staged of a collection, then records that it is gone.
///
/// If we crash between the two, the next start records it.
pub(super) fn destroy(
    bench: &Workbench,
    request: &RequestId,
    disclosure: &DisclosureId,
    reason: DestroyReason,
) -> Result<(), PackageError> {
    let case = bench.logbook.reader().case(request)?;
    let live = case.live_disclosure().filter(|live| live.id == *disclosure);
    let Some(live) = live else { return Ok(()) };
    let production = live.production.clone();
    if let Some(production) = &production {
        bench.shelf.discard(production)?;
    }
    let data = BundleDestroyed { disclosure: disclosure.clone(), production, reason };
    bench.logbook.append(request, EventType::BundleDestroyed, data)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Goal: a panic ends one collection, and not the worker.
    //! Method: a run that panics.

    use super::*;

    #[test]
    fn a_panic_is_a_failure_like_another() {
        let outcome = caught(|| panic!("a fault of ours"));
        let Err(error) = outcome else { panic!("nothing was sealed") };
        assert!(matches!(error, PackageError::Panicked), "{error}");
        assert_eq!(error.destroy_reason(), DestroyReason::Failed);
    }
}
