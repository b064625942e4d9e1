//! What the readers of each kind share while a plan is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ring::hmac;
use sha2::{Digest as _, Sha256};

use crate::minimise::selection::AccountLabels;
use crate::minimise::touched::Touched;
use crate::minimise::{Rule, Selection, Tally};
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::SourceId;
use crate::model::time::Timestamp;

use super::config::{Kind, Source};
use super::dir::Tracked;
use super::plan::{
    Fingerprint, KEPT_RECORDS_MAX, Kept, Place, Plan, PlannedFile, Progress, ProvenanceKey, SUSPECTS_MAX,
    Segment, Shape, SourceReport, Suspect, len,
};
use super::{CollectError, Sources, files, mailbox, records};

/// Bytes between two reports of progress.
const PROGRESS_BYTES: u64 = 4 << 20;

/// A file being planned.
struct Output {
    schema: Option<&'static str>,
    prologue: Vec<u8>,
    epilogue: Vec<u8>,
    sha256: Sha256,
    bytes: u64,
    records: u64,
    segments: Vec<Segment>,
}

/// What the readers of each kind share.
pub(super) struct Planner<'a> {
    pub(super) sources: &'a Sources,
    pub(super) selection: &'a Selection,
    touched: Touched,
    labels: &'a AccountLabels,
    key: &'a ProvenanceKey,
    outputs: BTreeMap<String, Output>,
    numbers: BTreeMap<(String, &'static str), u32>,
    kept_records: u64,
    /// The most sensitive class that was kept of the record being read.
    record_class: Option<DataClass>,
    /// Items that two people found not to be key material.
    cleared: &'a BTreeSet<Suspect>,
    suspects: BTreeSet<Suspect>,
    progress: &'a mut dyn FnMut(Progress<'_>),
    bytes_read: u64,
    bytes_reported: u64,
}

/// Where a record goes, and from where.
pub(super) struct Delivery<'a> {
    pub(super) path: &'a str,
    pub(super) source: usize,
    pub(super) part: u64,
    pub(super) place: &'a Arc<Place>,
    pub(super) shape: &'a Arc<Shape>,
}

/// Reads every source that the scope asks for, once, and plans what is delivered of it.
///
/// `labels` names the accounts of the scope; `key` commits to records that are not delivered
/// byte for byte; `cleared` are items that two people found not to be key material, whatever they
/// look like (`scan.cleared`); `progress` is called every few megabytes.
///
/// # Errors
/// [`CollectError`] names the source; nothing has been written anywhere.
pub fn plan(
    sources: &Sources,
    selection: &Selection,
    labels: &AccountLabels,
    key: &ProvenanceKey,
    cleared: &BTreeSet<Suspect>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Plan, CollectError> {
    let mut planner = Planner {
        sources,
        selection,
        touched: Touched::new(selection.items().len()),
        labels,
        key,
        outputs: BTreeMap::new(),
        numbers: BTreeMap::new(),
        kept_records: 0,
        record_class: None,
        cleared,
        suspects: BTreeSet::new(),
        progress,
        bytes_read: 0,
        bytes_reported: 0,
    };
    let mut reports = Vec::new();
    for (at, source) in sources.list().iter().enumerate() {
        let mut report = SourceReport::new(source);
        if planner.is_asked(source) {
            report.fingerprint = Some(match &source.kind {
                Kind::Mbox { owner } => mailbox::plan_mbox(&mut planner, at, source, owner, &mut report)?,
                Kind::Eml { owner } => mailbox::plan_eml(&mut planner, at, source, owner, &mut report)?,
                Kind::Csv { family, layout } | Kind::Ndjson { family, layout } => {
                    records::plan_records(&mut planner, at, source, *family, layout, &mut report)?
                }
                Kind::Files { index, file, layout } => files::plan_files(
                    &mut planner,
                    at,
                    source,
                    &files::Index { path: index, file, layout },
                    &mut report,
                )?,
            });
        }
        reports.push(report);
    }
    Ok(planner.finish(reports))
}

impl Planner<'_> {
    /// A mailbox whose owner is not named, or a service that is not, is not opened at all.
    fn is_asked(&self, source: &Source) -> bool {
        match &source.kind {
            Kind::Mbox { owner } | Kind::Eml { owner } => self.selection.has_account(&source.service, owner),
            Kind::Csv { .. } | Kind::Ndjson { .. } | Kind::Files { .. } => {
                self.selection.has_service(&source.service)
            }
        }
    }

    /// Whether an item that looks like key material may go out all the same. What may not is noted,
    /// so that people can look at it.
    pub(super) fn clears(&mut self, source: &Source, item_sha256: Digest) -> bool {
        let suspect = Suspect { source: source.id.clone(), item_sha256 };
        let is_cleared = self.cleared.contains(&suspect);
        if !is_cleared && self.suspects.len() < SUSPECTS_MAX {
            self.suspects.insert(suspect);
        }
        is_cleared
    }

    pub(super) fn label(&self, account: &str) -> Result<&str, CollectError> {
        self.labels.label(account).ok_or(CollectError::Unlabelled)
    }

    /// Notes that a field of the record being read is kept, and by which item.
    pub(super) fn note(&mut self, item: usize, field: &str, time: Option<Timestamp>) {
        self.touched.note(item, field, time);
        let class = self.selection.items().get(item).map(|item| item.class);
        self.record_class = self.record_class.max(class);
    }

    /// Counts the record that was read: a kept one by the most sensitive class of what is kept
    /// of it, so that a record with content in it counts as content (S-80).
    pub(super) fn count(&mut self, report: &mut SourceReport, outcome: Result<(), Rule>) {
        let most = || self.selection.items().iter().map(|item| item.class).max();
        let class = self.record_class.take().or_else(most);
        report.count(outcome.map(|()| class));
    }

    pub(super) fn commitment_context(&self) -> hmac::Context {
        self.key.context()
    }

    /// The next number of this label in a series, from 1.
    pub(super) fn next_number(&mut self, label: &str, series: &'static str) -> u32 {
        let number = self.numbers.entry((label.to_owned(), series)).or_default();
        *number += 1;
        *number
    }

    /// Takes back a number that was not used after all.
    pub(super) fn give_back_number(&mut self, label: &str, series: &'static str) {
        if let Some(number) = self.numbers.get_mut(&(label.to_owned(), series)) {
            *number = number.saturating_sub(1);
        }
    }

    /// Whether a file has a record.
    pub(super) fn is_begun(&self, path: &str) -> bool {
        self.outputs.contains_key(path)
    }

    /// Begins a file, unless it was begun before.
    pub(super) fn begin(
        &mut self,
        path: &str,
        schema: Option<&'static str>,
        prologue: Vec<u8>,
        epilogue: &[u8],
    ) {
        self.outputs.entry(path.to_owned()).or_insert_with(|| Output {
            schema,
            sha256: Sha256::new_with_prefix(&prologue),
            bytes: len(&prologue),
            prologue,
            epilogue: epilogue.to_vec(),
            records: 0,
            segments: Vec::new(),
        });
    }

    /// The end of a file, where it is known only when all is read.
    pub(super) fn end_with(&mut self, path: &str, epilogue: &[u8]) {
        if let Some(output) = self.outputs.get_mut(path) {
            output.epilogue = epilogue.to_vec();
        }
    }

    /// Whether nothing was printed to this file yet but its beginning.
    pub(super) fn is_unprinted(&self, path: &str) -> bool {
        self.outputs.get(path).is_none_or(|output| output.bytes == len(&output.prologue))
    }

    /// The digest of a file so far, to be carried on over a record of which nobody knows yet
    /// whether it will be kept.
    pub(super) fn digest_so_far(&self, path: &str) -> Sha256 {
        self.outputs.get(path).map(|output| output.sha256.clone()).unwrap_or_default()
    }

    /// Adds a record that was printed in memory.
    pub(super) fn add_printed(
        &mut self,
        to: &Delivery<'_>,
        kept: Kept,
        printed: &[u8],
    ) -> Result<(), CollectError> {
        let mut sha256 = self.digest_so_far(to.path);
        sha256.update(printed);
        self.add(to, kept, sha256, len(printed))
    }

    /// Adds a record of `bytes` bytes after which the file's digest is `sha256`.
    pub(super) fn add(
        &mut self,
        to: &Delivery<'_>,
        kept: Kept,
        sha256: Sha256,
        bytes: u64,
    ) -> Result<(), CollectError> {
        self.kept_records += 1;
        if self.kept_records > KEPT_RECORDS_MAX {
            return Err(CollectError::TooManyRecords);
        }
        self.begin(to.path, None, Vec::new(), b"");
        let Some(output) = self.outputs.get_mut(to.path) else { return Ok(()) };
        output.sha256 = sha256;
        output.bytes += bytes;
        output.records += 1;
        let continues = |s: &&mut Segment| Arc::ptr_eq(&s.place, to.place) && Arc::ptr_eq(&s.shape, to.shape);
        if let Some(segment) = output.segments.last_mut().filter(continues) {
            segment.records.push(kept);
        } else {
            let (place, shape) = (Arc::clone(to.place), Arc::clone(to.shape));
            output.segments.push(Segment {
                source: to.source,
                part: to.part,
                place,
                shape,
                records: vec![kept],
            });
        }
        Ok(())
    }

    /// Tells of `bytes` more bytes read.
    pub(super) fn advance(&mut self, source: &SourceId, bytes: u64) {
        self.bytes_read += bytes;
        if self.bytes_read - self.bytes_reported >= PROGRESS_BYTES {
            self.bytes_reported = self.bytes_read;
            (self.progress)(Progress { source, bytes: self.bytes_read });
        }
    }

    /// Ends the first read of a file.
    pub(super) fn fingerprint(source: &Source, tracked: Tracked) -> Result<Fingerprint, CollectError> {
        match tracked.finish() {
            Ok(Ok((bytes, sha256))) => Ok(Fingerprint { bytes, sha256 }),
            Ok(Err(_)) => Err(source.changed()),
            Err(cause) => Err(source.read_error(cause)),
        }
    }

    fn finish(self, sources: Vec<SourceReport>) -> Plan {
        let (mut withheld, mut parts_withheld) = (Tally::default(), Tally::default());
        for report in &sources {
            withheld.merge(&report.withheld);
            parts_withheld.merge(&report.parts_withheld);
        }
        let files = self.outputs.into_iter().map(|(path, output)| output.finish(path)).collect();
        let touched = self.touched.items(self.selection.items());
        let source_ids = sources.iter().map(|report| report.source.clone()).collect();
        let suspects = self.suspects;
        Plan { files, withheld, parts_withheld, sources, touched, suspects, source_ids }
    }
}

impl Output {
    fn finish(mut self, path: String) -> PlannedFile {
        self.sha256.update(&self.epilogue);
        PlannedFile {
            path,
            bytes: self.bytes + len(&self.epilogue),
            sha256: Digest::from_bytes(self.sha256.finalize().into()),
            schema: self.schema,
            records: self.records,
            prologue: self.prologue,
            segments: self.segments,
            epilogue: self.epilogue,
        }
    }
}
