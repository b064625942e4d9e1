//! How far each collection is: what runs from memory, what is done from the log.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use super::PackageError;
use super::packager::QUEUE_MAX;
use crate::collect::Suspect;
use crate::model::id::{DisclosureId, ProductionId, RequestId};
use crate::practice::case::{Disclosure, Step};
use crate::practice::vocabulary::{DestroyReason, LeafRef};

/// Failures whose detail is remembered; older ones have what the log says.
const PROBLEMS_MAX: usize = 1_024;
/// Collections whose suspects are remembered.
const SUSPECTED_MAX: usize = 64;

/// How far a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Recorded, and waiting for the worker.
    Queued,
    /// The sources are being read the first time.
    Collecting,
    /// What goes into the bundle is decided.
    Planned,
    /// The bundle is being written.
    Packing,
    /// The bundle waits for its release.
    Sealed,
    /// The bundle is in the outbox.
    Released,
    /// Everything was searched and nothing found: a reviewer certifies it, or did.
    NothingFound,
    /// There is no bundle, and none will come of it.
    Failed,
}

impl State {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Collecting => "collecting",
            Self::Planned => "planned",
            Self::Packing => "packing",
            Self::Sealed => "sealed",
            Self::Released => "released",
            Self::NothingFound => "nothing_found",
            Self::Failed => "failed",
        }
    }
}

/// How much of the current read is done, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of the sources, or written of the payload.
    pub done_bytes: u64,
    /// Bytes of the payload; unknown in the first read.
    pub total_bytes: Option<u64>,
}

/// Why a collection failed: a stable word and a sentence, never data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The cause, e.g. `source-changed`.
    pub code: &'static str,
    /// The cause in a sentence.
    pub detail: String,
}

/// One collection as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub disclosure: DisclosureId,
    /// Of which request.
    pub request: RequestId,
    /// How far it is.
    pub state: State,
    /// How far within that.
    pub progress: Progress,
    /// The bundle's name, once it has one.
    pub production: Option<ProductionId>,
    /// The entry that a release must be signed over, once sealed.
    pub sealed: Option<LeafRef>,
    /// Why it failed, if it did.
    pub problem: Option<Problem>,
    /// What was withheld because it looks like key material: as long as this process remembers.
    pub suspects: Vec<Suspect>,
}

/// What the worker is at.
#[derive(Clone, Copy)]
pub(super) struct Running {
    state: State,
    progress: Progress,
}

#[derive(Default)]
struct Notes {
    /// Of every collection in the log.
    requests: HashMap<DisclosureId, RequestId>,
    running: HashMap<DisclosureId, Running>,
    problems: HashMap<DisclosureId, Problem>,
    suspects: HashMap<DisclosureId, Vec<Suspect>>,
}

/// What is written where everybody sees it.
#[derive(Default)]
pub(super) struct Board(Mutex<Notes>);

impl Board {
    /// Notes a collection of the log.
    pub(super) fn know(&self, disclosure: &DisclosureId, request: &RequestId) {
        self.lock().requests.insert(disclosure.clone(), request.clone());
    }

    /// Which request a collection belongs to.
    pub(super) fn request(&self, disclosure: &DisclosureId) -> Result<RequestId, PackageError> {
        let request = self.lock().requests.get(disclosure).cloned();
        request.ok_or_else(|| PackageError::Unknown(disclosure.clone()))
    }

    /// Takes a place in the queue before anything is recorded: what is in the log must run.
    pub(super) fn reserve(&self, disclosure: &DisclosureId) -> Result<(), PackageError> {
        let mut notes = self.lock();
        if notes.running.len() >= QUEUE_MAX {
            return Err(PackageError::QueueFull { queue_max: QUEUE_MAX });
        }
        // Attack: the id of a collection that runs, with another actor; its place is not given away.
        if notes.running.contains_key(disclosure) {
            return Err(PackageError::NotNow { state: "a collection of that id is running" });
        }
        let queued = Running { state: State::Queued, progress: Progress::default() };
        notes.running.insert(disclosure.clone(), queued);
        Ok(())
    }

    pub(super) fn note(&self, disclosure: &DisclosureId, state: State, progress: Progress) {
        if let Some(running) = self.lock().running.get_mut(disclosure) {
            *running = Running { state, progress };
        }
    }

    /// Remembers what looked like key material. It is not in the log: what an item's digest is a
    /// person needs only to clear it, and a new collection tells it again.
    pub(super) fn suspect(&self, disclosure: &DisclosureId, suspects: &BTreeSet<Suspect>) {
        let mut notes = self.lock();
        if notes.suspects.len() >= SUSPECTED_MAX {
            notes.suspects.clear();
        }
        if !suspects.is_empty() {
            notes.suspects.insert(disclosure.clone(), suspects.iter().cloned().collect());
        }
    }

    /// Gives the place back; from here on the log says how far it is.
    pub(super) fn finish(&self, disclosure: &DisclosureId, error: Option<&PackageError>) {
        let mut notes = self.lock();
        notes.running.remove(disclosure);
        if notes.problems.len() >= PROBLEMS_MAX {
            notes.problems.clear();
        }
        let problem = error.map(|error| Problem { code: error.code(), detail: error.detail() });
        notes.problems.extend(problem.map(|problem| (disclosure.clone(), problem)));
    }

    /// What the worker is at with a collection; none once it is done with it. Ask before reading
    /// the log: what is not running then stands in the log as it will stay.
    pub(super) fn running(&self, disclosure: &DisclosureId) -> Option<Running> {
        self.lock().running.get(disclosure).copied()
    }

    /// How far a collection is: by the worker as long as it runs, then by the log.
    pub(super) fn status(&self, request: RequestId, running: Option<Running>, logged: &Disclosure) -> Status {
        let notes = self.lock();
        let problem = notes.problems.get(&logged.id).cloned();
        let suspects = notes.suspects.get(&logged.id).cloned().unwrap_or_default();
        drop(notes);
        let state = match (running, logged.step) {
            (Some(running), _) => running.state,
            (None, Step::Released | Step::Expired | Step::Acknowledged) => State::Released,
            (None, Step::Sealed) => State::Sealed,
            (None, _) => State::Failed,
        };
        let bundle_bytes = logged.sealed.as_ref().map(|sealed| sealed.bundle.file_bytes);
        let done = Progress { done_bytes: bundle_bytes.unwrap_or_default(), total_bytes: bundle_bytes };
        Status {
            disclosure: logged.id.clone(),
            request,
            state,
            progress: running.map_or(done, |running| running.progress),
            production: logged.production.clone(),
            sealed: logged.sealed.as_ref().filter(|_| running.is_none()).map(|sealed| sealed.context),
            problem: problem.or_else(|| (state == State::Failed).then(|| destroyed(logged.destroyed))),
            suspects,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// What the log alone says of a failure.
fn destroyed(reason: Option<DestroyReason>) -> Problem {
    let (code, detail) = match reason {
        Some(DestroyReason::Unrecorded) => ("interrupted", "the daemon ended before the bundle was recorded"),
        Some(DestroyReason::Lost) => ("lost", "the sealed file was missing, or another one"),
        Some(DestroyReason::Ordered) => ("not-recorded", "the request ended, or what was approved changed"),
        Some(DestroyReason::SourceChanged) => ("source-changed", "a source changed between its two reads"),
        Some(DestroyReason::KeyFound) => ("own-key", "one of the daemon's own keys occurred in the output"),
        Some(DestroyReason::Failed) => ("failed", "the collection failed"),
        None => (
            "unsettled",
            "it was broken off, and that is not recorded yet; the next start does it, or another opening",
        ),
    };
    Problem { code, detail: detail.to_owned() }
}
