//! The handle that the socket holds.

use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard};

use ed25519_dalek::SigningKey;

use super::board::Board;
use super::logbook::{leaf_ref, raw};
use super::recovery::{self, Recovered, is_stale};
use super::steps::{Released, Sealed};
use super::workbench::Workbench;
use super::worker::{Job, Message, Worker, destroy};
use super::{PackageError, State, Status};
use crate::bundle::{open_me, receipt};
use crate::ledger::{Draft, Ledger, Poster};
use crate::model::approval::{Approval, Decision, Kind};
use crate::model::digest::Digest;
use crate::model::dsse::Envelope;
use crate::model::id::{DisclosureId, EventId, PersonId, ProductionId, RequestId};
use crate::model::opening::Logged;
use crate::ops::config::Home;
use crate::practice::case::{Disclosure, Step};
use crate::practice::vocabulary::{ApprovalRecord, DestroyReason, DisclosureOpened, EventType, LeafRef};

/// Collections that wait or run; one more is refused. A person starts each, so few suffice.
pub const QUEUE_MAX: usize = 64;

/// What a packager needs.
pub struct Start<'a> {
    /// Where steps are recorded.
    pub ledger: Ledger,
    /// Staging, outbox and quarantine.
    pub home: Home,
    /// The provider's name in the bag.
    pub organization: String,
    /// The file that declares the sources (`sources.toml`); what it names lies below its
    /// directory. None: nothing can be collected.
    pub sources: Option<PathBuf>,
    /// Signs bags and receipt files.
    pub disclosure_key: SigningKey,
    /// The log's key, to be looked for in what is about to leave.
    pub log_key: &'a SigningKey,
    /// The at-rest key file's text, for the same.
    pub at_rest_text: &'a str,
}

/// A packager that runs.
pub struct Started {
    /// The handle.
    pub packager: Packager,
    /// Its thread.
    pub worker: Worker,
    /// What had to be set right.
    pub recovered: Recovered,
}

/// Opens, watches and releases disclosures. Clones share one worker. Every method reads the
/// disk and may wait for the ledger: never call one on an asynchronous runtime's own threads.
#[derive(Clone)]
pub struct Packager(Arc<Shared>);

struct Shared {
    bench: Arc<Workbench>,
    board: Arc<Board>,
    queue: SyncSender<Message>,
    /// One opening or release at a time: each looks before it records.
    turn: Mutex<()>,
}

/// A release as somebody posts it.
pub struct Release {
    /// Who hands it in, and may post approvals.
    pub poster: Poster,
    /// The client's id of the approval's event.
    pub id: EventId,
    /// Who signed.
    pub actor: PersonId,
    /// The signed approval: a DSSE envelope.
    pub envelope: Vec<u8>,
}

/// A bundle in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its name.
    pub production: ProductionId,
    /// The directory it is in.
    pub dir: PathBuf,
    /// The files' names.
    pub files: [String; 3],
    /// The receipt of `bundle.released`: a tlog-proof.
    pub receipt: String,
    /// Its opening: JSON.
    pub opening: String,
}

impl Packager {
    /// Sets right what a crash left, then starts the worker. Blocks; reads every request's state
    /// once, and every staged bundle.
    ///
    /// # Errors
    /// [`PackageError`] if the home or the ledger cannot be used. A single collection that cannot
    /// be settled stops nothing: see [`Recovered::unsettled`].
    pub fn start(start: Start<'_>) -> Result<Started, PackageError> {
        let bench = Arc::new(Workbench::new(start)?);
        let board = Arc::new(Board::default());
        let recovered = recovery::recover(&bench, &board)?;
        // Every job has reserved its place, and there is one more for the end.
        let (queue, jobs) = mpsc::sync_channel(QUEUE_MAX + 1);
        let worker = Worker::start(Arc::clone(&bench), Arc::clone(&board), jobs)?;
        let packager = Self(Arc::new(Shared { bench, board, queue, turn: Mutex::new(()) }));
        Ok(Started { packager, worker, recovered })
    }

    /// Records `disclosure.opened` for the review in force and queues the collection. The same
    /// id again names the same disclosure.
    ///
    /// If we crash after the record, the next start records that nothing came of it.
    ///
    /// # Errors
    /// [`PackageError::Submit`] with the practice's refusal, or why nothing can be queued.
    pub fn open(
        &self,
        request: &RequestId,
        collector: &PersonId,
        id: EventId,
    ) -> Result<DisclosureId, PackageError> {
        let _turn = self.turn();
        let Shared { bench, board, queue, .. } = &*self.0;
        bench.go_on()?;
        let disclosure = disclosure_of(&id);
        let case = bench.logbook.reader().case(request)?;
        if case.disclosure(&disclosure).is_some_and(|known| known.collector == *collector) {
            return Ok(disclosure);
        }
        if !bench.has_sources() {
            return Err(PackageError::NoSources);
        }
        // Nothing is destroyed for a collection that has no place to run.
        board.reserve(&disclosure)?;
        let opened = self
            .begin(request, collector, id, &disclosure)
            .inspect_err(|_| board.finish(&disclosure, None))?;
        board.know(&disclosure, request);
        let job = Box::new(Job { request: request.clone(), opened });
        // Only a worker that ended takes none; the next start settles what was recorded.
        queue.try_send(Message::Run(job)).map_err(|_| {
            board.finish(&disclosure, None);
            PackageError::Interrupted
        })?;
        Ok(disclosure)
    }

    /// Makes way for the collection and records that it begins.
    ///
    /// If we crash in between, what was there is gone and nothing new began: the same call again
    /// begins it.
    fn begin(
        &self,
        request: &RequestId,
        collector: &PersonId,
        id: EventId,
        disclosure: &DisclosureId,
    ) -> Result<Logged<DisclosureOpened>, PackageError> {
        let bench = &*self.0.bench;
        let mut case = bench.logbook.reader().case(request)?;
        if let Some((over, reason)) = self.is_over(request)? {
            destroy(bench, request, &over, reason)?;
            case = bench.logbook.reader().case(request)?;
        }
        let review = case.review.ok_or(PackageError::NotNow { state: "the request is not reviewed" })?;
        let data = DisclosureOpened {
            disclosure: disclosure.clone(),
            collector: collector.clone(),
            order: case.order,
            review: review.context,
            scope_sha256: review.scope.sha256(),
        };
        bench.logbook.append_as(request, EventType::DisclosureOpened, id, data)
    }

    /// The request's last collection, if nothing comes of it any more, and why.
    fn is_over(&self, request: &RequestId) -> Result<Option<(DisclosureId, DestroyReason)>, PackageError> {
        let Shared { bench, board, .. } = &*self.0;
        let case = bench.logbook.reader().case(request)?;
        let Some(id) = case.live_disclosure().map(|live| live.id.clone()) else { return Ok(None) };
        if board.running(&id).is_some() {
            return Ok(None);
        }
        // Read after the worker was seen to be done with it: it may have sealed meanwhile.
        let case = bench.logbook.reader().case(request)?;
        let Some(live) = case.live_disclosure().filter(|live| live.id == id) else { return Ok(None) };
        // Whoever opens another one searches again instead of certifying.
        let found_nothing = live.step == Step::Filtered && case.yields.found_nothing(&live.id);
        let (is_sealed, world) = (live.step == Step::Sealed, bench.logbook.reader().world()?);
        Ok(if found_nothing || is_sealed && is_stale(&case, live, &world) {
            Some((id, DestroyReason::Ordered))
        } else if live.step < Step::Sealed {
            // It broke off, and that could not be recorded then, e.g. while the clock was in doubt.
            Some((id, DestroyReason::Failed))
        } else {
            None
        })
    }

    /// How far a collection is.
    ///
    /// # Errors
    /// [`PackageError::Unknown`], [`PackageError::Read`].
    pub fn status(&self, disclosure: &DisclosureId) -> Result<Status, PackageError> {
        let Shared { bench, board, .. } = &*self.0;
        let request = board.request(disclosure)?;
        let running = board.running(disclosure);
        let case = bench.logbook.reader().case(&request)?;
        let logged = case.disclosure(disclosure).ok_or_else(|| PackageError::Unknown(disclosure.clone()))?;
        let is_over =
            logged.step == Step::Filtered || logged.step == Step::Destroyed && logged.destroyed.is_none();
        let status = board.status(request, running, logged);
        if running.is_none() && is_over && case.yields.found_nothing(disclosure) {
            return Ok(Status { state: State::NothingFound, problem: None, ..status });
        }
        Ok(status)
    }

    /// Records the signed approval to release, then `bundle.released`, then moves the files to
    /// the outbox. Reads the staged bundle once: what leaves is what was sealed. The same call
    /// again has the same outcome, also after a crash between the steps.
    ///
    /// # Errors
    /// [`PackageError::Submit`] with the practice's refusal; [`PackageError::Lost`] if the staged
    /// file is not what was sealed: that is then recorded, and the bundle is gone.
    pub fn release(&self, disclosure: &DisclosureId, release: Release) -> Result<Delivered, PackageError> {
        let _turn = self.turn();
        let Shared { bench, board, .. } = &*self.0;
        let request = board.request(disclosure)?;
        if board.running(disclosure).is_some() {
            return Err(PackageError::NotNow { state: "the bundle is not finished yet" });
        }
        let case = bench.logbook.reader().case(&request)?;
        let logged = case.disclosure(disclosure).ok_or_else(|| PackageError::Unknown(disclosure.clone()))?;
        let context = sealed_at(logged)?;
        let approval = bench.logbook.forward(approval(&request, context, release)?)?;
        let released = if let Some(index) = logged.released {
            Released::recorded(bench, index)?
        } else {
            let released = Sealed::recorded(bench, context)?.release(bench, leaf_ref(&approval));
            if matches!(released, Err(PackageError::Lost)) {
                destroy(bench, &request, disclosure, DestroyReason::Lost)?;
            }
            released?
        };
        // If we crash here, the next start moves the files.
        released.deliver(bench)?;
        let production = released.record().value().production.clone();
        let index = released.record().opened().entry().index;
        let reader = bench.logbook.reader();
        Ok(Delivered {
            dir: bench.shelf.released_dir(&production),
            files: [
                receipt::bundle_name(&production),
                receipt::receipt_name(&production),
                open_me::NAME.to_owned(),
            ],
            receipt: reader.receipt(index)?,
            opening: reader.opening(index)?,
            production,
        })
    }

    /// Lets what runs end early: a first read at its end, a second one at once. What was not
    /// sealed is recorded as destroyed. Nothing new is opened.
    pub fn stop(&self) {
        self.0.bench.stop();
        // It does not fit if it was said before, and is not taken if the worker is gone.
        let _ = self.0.queue.try_send(Message::Stop);
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().expect("no holder of this lock panics")
    }
}

/// One client id is one disclosure, also when the answer was lost.
fn disclosure_of(id: &EventId) -> DisclosureId {
    let digest = Digest::of(format!("probity/disclosure/v1\n{id}").as_bytes()).to_string();
    let short: String = digest.chars().take(24).collect();
    DisclosureId::new(&format!("DIS-{short}")).expect("letters, a hyphen and hex digits")
}

/// The entry that a release is about.
fn sealed_at(disclosure: &Disclosure) -> Result<LeafRef, PackageError> {
    let not_now = |state| PackageError::NotNow { state };
    match (disclosure.step, &disclosure.sealed) {
        (Step::Destroyed, _) => Err(not_now("the bundle is gone; open another disclosure")),
        (_, Some(sealed)) => Ok(sealed.context),
        (_, None) => Err(not_now("the bundle is not sealed yet")),
    }
}

/// The event of a signed approval to release. Who may sign, and whether the signature holds, is
/// for the practice to say when it is recorded.
fn approval(request: &RequestId, context: LeafRef, release: Release) -> Result<Draft, PackageError> {
    let refused = |reason: &str| PackageError::Envelope { reason: reason.to_owned() };
    let envelope = Envelope::parse(&release.envelope)?;
    let payload = envelope.unverified_payload();
    let approval = Approval::parse(payload).map_err(|error| refused(&error.to_string()))?;
    let [keyid] = envelope.keyids()[..] else { return Err(refused("an approval has one signature")) };
    if approval.kind != Kind::Release || approval.decision != Decision::Approve {
        return Err(refused("it is not an approval of kind release"));
    }
    if approval.context != context || approval.request.as_ref() != Some(request) {
        return Err(refused("it is about another bundle"));
    }
    let record = ApprovalRecord {
        kind: approval.kind,
        person: release.actor.clone(),
        keyid,
        context,
        approval_sha256: Digest::of(payload),
    };
    Ok(Draft {
        poster: release.poster,
        id: release.id,
        type_: EventType::ApprovalGiven,
        request: Some(request.clone()),
        actor: release.actor.to_string(),
        rules: None,
        policy: None,
        data: raw(&record),
        envelopes: vec![release.envelope],
    })
}
