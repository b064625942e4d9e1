//! What a crash left, set right before anything new begins.
//!
//! | found | done |
//! |---|---|
//! | a collection under way in the log | what is staged of it deleted, `bundle.destroyed{unrecorded}` |
//! | everything searched, nothing found (from rule set 2 on) | it waits for its certificate |
//! | sealed, and the staged file has the digest | receipt file and instructions made again; it waits for its release |
//! | sealed, and the staged file is missing or another | deleted, `bundle.destroyed{lost}` |
//! | sealed, and the request ended or its review changed | deleted, `bundle.destroyed{ordered}` |
//! | released, and still staged with the digest | moved to the outbox |
//! | released, and staged with another digest | moved to the quarantine |
//! | staged, and no record knows it | deleted |
//! | in the outbox, and no release is recorded | moved to the quarantine |
//!
//! A released bundle that is not in the outbox was fetched. Every case is read once, because a
//! start must not rely on files to know what was begun.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use super::PackageError;
use super::board::Board;
use super::steps::{Released, Sealed};
use super::workbench::Workbench;
use super::worker::destroy;
use crate::ledger::PAGE_ROWS_MAX;
use crate::model::digest::Digest;
use crate::model::id::{DisclosureId, ProductionId};
use crate::practice::World;
use crate::practice::case::{Case, Disclosure, Stage, Step};
use crate::practice::vocabulary::DestroyReason;

/// What a start set right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Bundles whose recorded step was finished: they wait for release, or are in the outbox.
    pub finished: Vec<ProductionId>,
    /// Collections of which nothing is left but the record.
    pub destroyed: Vec<(DisclosureId, DestroyReason)>,
    /// Staged things that no record knew.
    pub deleted: Vec<PathBuf>,
    /// Where things are now that nobody may fetch: a finding for people to look at.
    pub quarantined: Vec<PathBuf>,
    /// Collections that could not be settled, because of the clock or a disk; the next start tries again.
    pub unsettled: Vec<DisclosureId>,
}

/// Sets everything right and fills the board.
pub(super) fn recover(bench: &Workbench, board: &Board) -> Result<Recovered, PackageError> {
    let mut recovered = Recovered::default();
    // By the names of directories: what may stay staged, what may be in the outbox.
    let (mut staged, mut released) = (BTreeSet::new(), BTreeSet::new());
    let mut after = None;
    loop {
        let page = bench.logbook.reader().requests(after.as_ref(), PAGE_ROWS_MAX)?;
        let Some(last) = page.last() else { break };
        after = Some(last.request.clone());
        for case in &page {
            for disclosure in &case.disclosures {
                board.know(&disclosure.id, &case.request);
                match settle(bench, case, disclosure, &mut recovered) {
                    Err(error) if error.is_of_the_ledger() => return Err(error),
                    Err(error) => {
                        tracing::error!(disclosure = %disclosure.id, %error, "a collection could not be settled");
                        recovered.unsettled.push(disclosure.id.clone());
                        staged.extend(name(disclosure));
                    }
                    Ok(Keep::Nothing) => {}
                    Ok(Keep::Staged) => staged.extend(name(disclosure)),
                    Ok(Keep::Released) => released.extend(name(disclosure)),
                }
            }
        }
    }
    sweep(bench, &staged, &released, &mut recovered)?;
    Ok(recovered)
}

/// Where a collection's files may be.
enum Keep {
    Nothing,
    Staged,
    Released,
}

fn settle(
    bench: &Workbench,
    case: &Case,
    disclosure: &Disclosure,
    recovered: &mut Recovered,
) -> Result<Keep, PackageError> {
    match disclosure.step {
        Step::Destroyed => Ok(Keep::Nothing),
        Step::Released | Step::Expired | Step::Acknowledged => delivered(bench, disclosure, recovered),
        Step::Sealed if is_stale(case, disclosure, &*bench.logbook.reader().world()?) => {
            end(bench, case, disclosure, DestroyReason::Ordered, recovered)
        }
        Step::Sealed => {
            let Some(context) = disclosure.sealed.as_ref().map(|sealed| sealed.context) else {
                return Ok(Keep::Nothing);
            };
            let sealed = Sealed::recorded(bench, context)?;
            if !sealed.is_staged(bench)? {
                return end(bench, case, disclosure, DestroyReason::Lost, recovered);
            }
            sealed.complete(bench)?;
            recovered.finished.push(sealed.production().clone());
            Ok(Keep::Staged)
        }
        Step::Filtered if case.yields.found_nothing(&disclosure.id) => Ok(Keep::Nothing),
        Step::Opened | Step::Received | Step::Planned | Step::Filtered | Step::Traced => {
            end(bench, case, disclosure, DestroyReason::Unrecorded, recovered)
        }
    }
}

/// Whether a sealed bundle can no longer be released: what it rests on is not in force any more, or it
/// opens for somebody whom its agency no longer has in the directory or whose key is lost (A-05, I-33).
///
/// No validity is looked at: a machine whose clock is wrong must not destroy what was approved.
pub(super) fn is_stale(case: &Case, disclosure: &Disclosure, world: &World) -> bool {
    case.stage != Stage::Reviewed
        || case.review.as_ref().map(|review| review.context) != Some(disclosure.review)
        || !may_be_sent(disclosure, world)
}

fn may_be_sent(disclosure: &Disclosure, world: &World) -> bool {
    let Some(sealed) = &disclosure.sealed else { return true };
    let agency = sealed.agency.as_ref().zip(world.directory());
    let agency = agency.and_then(|(id, directory)| directory.value.agency(id));
    let listed = agency.into_iter().flat_map(|agency| &agency.recipients);
    let listed: BTreeSet<_> = listed.map(|recipient| Digest::of(recipient.age.as_bytes())).collect();
    let recipients = &sealed.bundle.recipients;
    recipients.is_subset(&listed) && recipients.is_disjoint(&world.records().lost_recipients)
}

fn end(
    bench: &Workbench,
    case: &Case,
    disclosure: &Disclosure,
    reason: DestroyReason,
    recovered: &mut Recovered,
) -> Result<Keep, PackageError> {
    destroy(bench, &case.request, &disclosure.id, reason)?;
    tracing::warn!(disclosure = %disclosure.id, ?reason, "a collection is gone");
    recovered.destroyed.push((disclosure.id.clone(), reason));
    Ok(Keep::Nothing)
}

/// A release is in the log: whatever of it is still staged goes where it belongs.
fn delivered(
    bench: &Workbench,
    disclosure: &Disclosure,
    recovered: &mut Recovered,
) -> Result<Keep, PackageError> {
    let (Some(sealed), Some(index)) = (&disclosure.sealed, disclosure.released) else {
        return Ok(Keep::Nothing);
    };
    let production = &sealed.bundle.production;
    match bench.shelf.staged_sha256(production)? {
        None => {}
        Some(found) if found == sealed.bundle.file_sha256 => {
            Sealed::recorded(bench, sealed.context)?.complete(bench)?;
            Released::recorded(bench, index)?.deliver(bench)?;
            recovered.finished.push(production.clone());
        }
        Some(_) => {
            let to = bench.shelf.quarantine_staged(production)?;
            tracing::error!(%production, "what is staged is not what was released; it is in the quarantine");
            recovered.quarantined.push(to);
        }
    }
    Ok(Keep::Released)
}

/// Only the log lets a file stay.
fn sweep(
    bench: &Workbench,
    staged: &BTreeSet<OsString>,
    released: &BTreeSet<OsString>,
    recovered: &mut Recovered,
) -> Result<(), PackageError> {
    let is_known = |path: &PathBuf, known: &BTreeSet<OsString>| {
        path.file_name().is_some_and(|name| known.contains(name)) && path.is_dir()
    };
    for path in bench.shelf.staged()?.into_iter().filter(|path| !is_known(path, staged)) {
        bench.shelf.delete(&path)?;
        tracing::warn!(path = %path.display(), "staged without a record: deleted");
        recovered.deleted.push(path);
    }
    for path in bench.shelf.outgoing()?.into_iter().filter(|path| !is_known(path, released)) {
        let to = bench.shelf.quarantine(&path)?;
        tracing::error!(path = %to.display(), "in the outbox without a recorded release: quarantined");
        recovered.quarantined.push(to);
    }
    Ok(())
}

fn name(disclosure: &Disclosure) -> Option<OsString> {
    disclosure.production.as_ref().map(|production| production.as_str().into())
}
