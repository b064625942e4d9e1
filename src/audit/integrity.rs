//! The whole check that needs public keys alone.
//!
//! Every byte of every file of the set is accounted for: files that belong to the set are
//! read to their end, files that do not are findings. There is one path through here, for
//! exports and homes alike, and no step of it can be left out.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::thread;

use serde::Serialize;

use super::finding::{Code, Finding, Location};
use super::fold::{Fold, Totals};
use super::heads::{Handout, HeadNote, HeadSource};
use super::keyfiles;
use super::layout::{self, SetKind};
use super::receipt;
use super::records::Notes;
use super::report::Report;
use super::run::{self, Job, Shared};
use super::signers::{Signers, Trust, broken_notes};
use super::source::Source;
use crate::tlog::note::NOTE_BYTES_MAX;
use crate::tlog::tile::Run;
use crate::tlog::{Checkpoint, Hash, KeyringChain, Origin, TreeSize};

/// Runs that one thread checks before results are joined: long enough that starting
/// threads costs nothing, short enough that the results of one round are small.
const RUNS_PER_THREAD: usize = 64;

/// A head that somebody was given before: `--since`, `--against`.
#[derive(Debug, Clone)]
pub struct GivenHead {
    /// The name under which it is reported.
    pub name: String,
    /// A checkpoint or a receipt.
    pub bytes: Vec<u8>,
}

/// What to audit, and how.
pub struct Request<'a> {
    /// The files.
    pub source: Source<'a>,
    /// Whose signatures count.
    pub trust: Trust,
    /// Heads that must be prefixes of this log.
    pub given: Vec<GivenHead>,
    /// Threads to work on.
    pub threads: NonZeroUsize,
    /// Called now and then with the number of entries done and of all.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

/// What was audited.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Which set it is.
    pub set: SetKind,
    /// Its origin.
    pub origin: Origin,
    /// Number of entries.
    pub size: TreeSize,
    /// Root of the tree.
    pub root: Hash,
    /// Signed heads held against the entries.
    pub heads: u64,
    /// Keyrings in the chain.
    pub keyrings: usize,
}

/// The result of the check with public keys.
pub struct Integrity {
    /// What was found.
    pub report: Report,
    /// What was audited; none if there was no head to start from.
    pub summary: Option<Summary>,
    chain: Option<KeyringChain>,
}

impl Integrity {
    /// The keyrings of the set, each signed as the one before it demands; none if they are not.
    /// Whether to believe them is in the report.
    #[must_use]
    pub const fn chain(&self) -> Option<&KeyringChain> {
        self.chain.as_ref()
    }
}

/// Audits a set with public keys alone.
#[must_use]
pub fn verify(request: &Request<'_>) -> Integrity {
    let mut report = Report::default();
    let set = layout::kind(&request.source.names);
    let Some(signers) = Signers::read(&request.source, &request.trust, &mut report) else {
        return Integrity { report, summary: None, chain: None };
    };
    let chain = Some(signers.chain().clone());
    let Some((own, checkpoint)) = read_head(&request.source, &signers, &mut report) else {
        return Integrity { report, summary: None, chain };
    };
    let size = checkpoint.size();
    keyfiles::check_public(&request.source, set, signers.chain().last(), size, &mut report);
    let shared = Shared { source: &request.source, set, size, signers: &signers };
    let (mut report, totals) = fold_runs(request, &shared, own, &checkpoint, report);
    let mut epochs = BTreeSet::new();
    if set == SetKind::Auditor {
        epochs = keyfiles::check_rows(&request.source, &totals, &mut report);
    }
    let wanted: BTreeSet<String> = layout::names(set, size, &epochs).collect();
    for name in request.source.names.difference(&wanted) {
        report.add(Finding::new(Code::FileExtra, Location::file(name), "no such file in this set", "one"));
    }
    report.absolve_payloads();
    let summary = Summary {
        set,
        origin: checkpoint.origin().clone(),
        size,
        root: *checkpoint.root(),
        heads: totals.heads,
        keyrings: signers.chain().rings().len(),
    };
    Integrity { report, summary: Some(summary), chain }
}

/// The set's own head.
fn read_head(source: &Source<'_>, signers: &Signers, report: &mut Report) -> Option<(HeadNote, Checkpoint)> {
    const NAME: &str = "checkpoint";
    let bytes = match source.read(NAME, u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX)) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.add(run::unavailable(NAME, error));
            return None;
        }
    };
    match signers.open(&bytes, &Location::file(NAME)) {
        Ok(checkpoint) => Some((HeadNote { source: HeadSource::Own, bytes }, checkpoint)),
        Err(finding) => {
            report.add(*finding);
            None
        }
    }
}

/// Checks all runs on all threads and joins them in order.
fn fold_runs(
    request: &Request<'_>,
    shared: &Shared<'_>,
    own: HeadNote,
    checkpoint: &Checkpoint,
    mut report: Report,
) -> (Report, Totals) {
    let mut given = given_heads(request, shared, &mut report);
    let own_note = own.bytes.clone();
    given.push((shared.size.get(), own));
    let mut handout = open_handout(shared, &mut report);
    let mut fold = Fold::new(shared, report);
    let mut runs = Run::all(shared.size.get());
    loop {
        let round = RUNS_PER_THREAD * request.threads.get();
        let jobs: Vec<Job> = runs
            .by_ref()
            .take(round)
            .map(|run| job(run, shared.size, handout.as_mut(), &mut given))
            .collect();
        if jobs.is_empty() {
            break;
        }
        for (run, checked) in check_round(shared, jobs) {
            (request.progress)(run.start() + u64::from(run.width()), shared.size.get());
            fold.join(run, checked);
        }
    }
    if let Some(handout) = handout {
        let (last, broken) = handout.finish();
        if let Some(error) = broken {
            fold.report.add(broken_notes("checkpoints", error));
        } else if last.as_ref() != Some(&own_note) {
            let location = Location::file("checkpoints");
            fold.report.add(Finding::new(
                Code::CheckpointOrder,
                location,
                "the file checkpoint as the last",
                "another",
            ));
        }
    }
    fold.finish(checkpoint.root())
}

/// A run and the heads whose size lies in it; the last run takes all that are left.
fn job(run: Run, size: TreeSize, handout: Option<&mut Handout>, given: &mut Vec<(u64, HeadNote)>) -> Job {
    let end = run.start() + u64::from(run.width());
    let end = if end == size.get() { u64::MAX } else { end };
    let mut heads = handout.map(|handout| handout.up_to(end)).unwrap_or_default();
    heads.extend(given.extract_if(.., |(size, _)| *size <= end).map(|(_, head)| head));
    Job { run, heads }
}

fn open_handout(shared: &Shared<'_>, report: &mut Report) -> Option<Handout> {
    const NAME: &str = "checkpoints";
    if shared.set == SetKind::Public {
        return None;
    }
    match shared.source.stream(NAME) {
        Ok(stream) => {
            let notes = Notes::new(stream, u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX));
            Some(Handout::new(notes, shared.size))
        }
        Err(error) => {
            report.add(run::unavailable(NAME, error));
            None
        }
    }
}

/// The given heads with their sizes. A receipt is checked first; then its head counts.
fn given_heads(request: &Request<'_>, shared: &Shared<'_>, report: &mut Report) -> Vec<(u64, HeadNote)> {
    let mut heads = Vec::new();
    for GivenHead { name, bytes } in &request.given {
        match receipt::head_of(name, bytes, shared.signers) {
            Ok((note, size)) => {
                heads.push((size.get(), HeadNote { source: HeadSource::Given(name.clone()), bytes: note }));
            }
            Err(finding) => report.add(*finding),
        }
    }
    heads
}

/// Checks jobs on several threads, each a contiguous part, and returns them in order.
fn check_round(shared: &Shared<'_>, jobs: Vec<Job>) -> Vec<(Run, run::Checked)> {
    let mut parts = Vec::new();
    let mut rest = jobs;
    while !rest.is_empty() {
        let tail = rest.split_off(rest.len().min(RUNS_PER_THREAD));
        parts.push(std::mem::replace(&mut rest, tail));
    }
    let check_part =
        |jobs: Vec<Job>| jobs.into_iter().map(|job| (job.run, run::check(shared, job))).collect::<Vec<_>>();
    if parts.len() <= 1 {
        return parts.into_iter().flat_map(check_part).collect();
    }
    thread::scope(|scope| {
        let workers: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| check_part(part))).collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().expect("a check returns findings, it does not panic"));
        results.flatten().collect()
    })
}
