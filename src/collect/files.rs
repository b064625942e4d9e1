//! Planning plain files: an index says whose each is and from when; its name is content.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::minimise::Rule;
use crate::minimise::csv::{self, ROW_BYTES_MAX, RowEnd};
use crate::minimise::mail::is_blank;
use crate::minimise::names;
use crate::minimise::rows::{Layout, Projection, Row};
use crate::minimise::secrets::Scanner;
use crate::minimise::selection::{Access, Field, closest_miss};
use crate::model::class::DataClass;
use crate::model::digest::Digest;

use super::CollectError;
use super::config::{ConfigError, DELIVERED_AS, Source};
use super::copy::{file_name, print_fields};
use super::dir::{OpenFault, Tracked};
use super::plan::{Commitment, Fingerprint, Kept, Place, RowForm, Shape, SourceReport, len};
use super::planner::{Delivery, Planner};
use super::records::{Span, check_account, next_record, read_columns};

/// Largest plain file that is delivered, in bytes: larger ones are withheld for a person to look at.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 40;

/// The schema of `files.csv`: `delivered_as` (the file beside it; empty if its contents are not
/// in scope), then the selected columns of the index.
const FILES_SCHEMA: &str = "urn:probity:files:v1";

/// The dictionary name of a file's contents.
const FILE_FIELD: &str = "file";

/// How the index is read.
pub(super) struct Index<'a> {
    /// Its path below the directory of the sources.
    pub(super) path: &'a [String],
    /// The column with the path of the file below the source's own path.
    pub(super) file: &'a str,
    pub(super) layout: &'a Layout,
}

struct OfAccount {
    label: String,
    list_path: String,
    shape: Arc<Shape>,
    contents: Access,
}

struct Reader<'a> {
    at: usize,
    source: &'a Source,
    file_column: &'a str,
    layout: Arc<Layout>,
    place: Arc<Place>,
    verbatim: Arc<Shape>,
    accounts: BTreeMap<String, OfAccount>,
}

/// A file that was read and may be kept.
struct Blob {
    place: Arc<Place>,
    bytes: u64,
    sha256: Digest,
    digest: Sha256,
    item: usize,
}

pub(super) fn plan_files(
    planner: &mut Planner<'_>,
    at: usize,
    source: &Source,
    index: &Index<'_>,
    report: &mut SourceReport,
) -> Result<Fingerprint, CollectError> {
    let mut tracked = planner.sources.track(source, index.path)?;
    let layout = Arc::new(read_columns(&mut tracked, source, index.layout, &[index.file])?);
    if layout.columns.iter().flatten().any(|column| column == DELIVERED_AS) {
        return Err(ConfigError::Field(source.id.clone()).into());
    }
    let place = Arc::new(Place { path: index.path.to_vec(), stamp: tracked.stamp().clone() });
    let (file_column, verbatim) = (index.file, Arc::new(Shape::Verbatim));
    let mut reader = Reader { at, source, file_column, layout, place, verbatim, accounts: BTreeMap::new() };
    let mut record = Vec::new();
    let mut part = 0;
    while let Some(span) = next_record(&mut tracked, Some(RowEnd::default()), ROW_BYTES_MAX, &mut record)
        .map_err(|cause| source.read_error(cause))?
    {
        planner.advance(&source.id, span.to - span.from);
        if span.oversized {
            planner.count(report, Err(Rule::Oversized));
        } else if !is_blank(&record) {
            let outcome = reader.decide(planner, &span, part, &record, report)?;
            planner.count(report, outcome);
        }
        part += 1;
    }
    Planner::fingerprint(source, tracked)
}

impl Reader<'_> {
    fn decide(
        &mut self,
        planner: &mut Planner<'_>,
        span: &Span,
        part: u64,
        record: &[u8],
        report: &mut SourceReport,
    ) -> Result<Result<(), Rule>, CollectError> {
        let layout = Arc::clone(&self.layout);
        let row =
            match layout.read(record).and_then(|row| check_account(planner, self.source, &row).map(|()| row))
            {
                Ok(row) => row,
                Err(rule) => return Ok(Err(rule)),
            };
        if !self.accounts.contains_key(&row.account) {
            let of_account = self.of_account(planner, &row.account)?;
            self.accounts.insert(row.account.clone(), of_account);
        }
        let Some(account) = self.accounts.get(&row.account) else { return Ok(Err(Rule::Account)) };
        let Shape::Fields { projection, .. } = &*account.shape else { return Ok(Err(Rule::Account)) };
        let fields = projection.project(&layout, &row).and_then(|kept| {
            let is_clean = !kept.has_key_material() || planner.clears(self.source, Digest::of(record));
            if is_clean { Ok(kept) } else { Err(Rule::KeyMaterial) }
        });
        // A row and its file are one item: what is wrong with either withholds both.
        let contents = match (&fields, account.contents.decide(row.time)) {
            (Err(Rule::KeyMaterial), _) => return Ok(Err(Rule::KeyMaterial)),
            (_, Ok(item)) => match self.read_blob(planner, &row, item)? {
                Ok(blob) => Ok(blob),
                Err(rule) => return Ok(Err(rule)),
            },
            (_, Err(rule)) => Err(rule),
        };
        let scope_item = match (&contents, &fields) {
            (Err(rule), Err(other)) => return Ok(Err(closest_miss([*rule, *other]))),
            (Ok(blob), _) => blob.item,
            (Err(rule), Ok(kept)) => {
                report.parts_withheld.add(*rule);
                kept.taken.first().map_or(0, |&(item, _)| item)
            }
        };
        let delivered_as = match contents {
            Ok(blob) => {
                planner.note(blob.item, FILE_FIELD, row.time);
                self.deliver(planner, &account.label, blob, part)?
            }
            Err(_) => 0,
        };
        let mut names = Vec::new();
        csv::print_row(std::iter::once(DELIVERED_AS).chain(projection.open_columns()), &mut names);
        planner.begin(&account.list_path, Some(FILES_SCHEMA), names, b"");
        let fields = fields.ok();
        if let Some(kept) = &fields {
            kept.taken.iter().for_each(|(item, field)| planner.note(*item, field, row.time));
            report.parts_withheld.merge(&kept.left_out);
        }
        let mut printed = Vec::new();
        print_fields(&account.shape, fields.as_ref(), false, delivered_as, &mut printed);
        let mut context = planner.commitment_context();
        context.update(record);
        let commitment = Commitment::hmac(context);
        let kept = Kept { from: span.from, to: span.to, scope_item, delivered_as, commitment };
        let shape = &account.shape;
        let to = Delivery { path: &account.list_path, source: self.at, part: 0, place: &self.place, shape };
        planner.add_printed(&to, kept, &printed)?;
        Ok(Ok(()))
    }

    fn of_account(&self, planner: &mut Planner<'_>, account: &str) -> Result<OfAccount, CollectError> {
        let label = planner.label(account)?.to_owned();
        let list_path = match planner.next_number(&label, "files.csv") {
            1 => format!("{label}/files/files.csv"),
            number => format!("{label}/files/files-{number:04}.csv"),
        };
        let service = &self.source.service;
        let projection = Projection::new(&self.layout, planner.selection, service, account);
        let field = Field { class: DataClass::ContentStored, name: FILE_FIELD.to_owned() };
        let contents = planner.selection.access(service, account, &field);
        let shape = Shape::Fields { form: RowForm::Index, layout: Arc::clone(&self.layout), projection };
        Ok(OfAccount { label, list_path, shape: Arc::new(shape), contents })
    }

    fn read_blob(
        &self,
        planner: &mut Planner<'_>,
        row: &Row<'_>,
        item: usize,
    ) -> Result<Result<Blob, Rule>, CollectError> {
        let Some(below) = row.cell(&self.layout, self.file_column).and_then(names::components) else {
            return Ok(Err(Rule::Path));
        };
        let path: Vec<String> =
            self.source.path.iter().cloned().chain(below.iter().map(|&p| p.to_owned())).collect();
        let (file, stamp) = match planner.sources.base().open_file(&path) {
            Ok(opened) => opened,
            Err(OpenFault::Missing) => return Ok(Err(Rule::Missing)),
            Err(OpenFault::NotRegular) => return Ok(Err(Rule::Path)),
            Err(OpenFault::Io(cause)) => return Err(self.source.read_error(cause)),
        };
        if stamp.bytes > FILE_BYTES_MAX {
            return Ok(Err(Rule::Oversized));
        }
        let place = Arc::new(Place { path, stamp: stamp.clone() });
        let mut tracked = Tracked::new(file, stamp);
        let (mut scanner, mut digest) = (Scanner::new(), Sha256::new());
        loop {
            let chunk = tracked.chunk().map_err(|cause| self.source.read_error(cause))?;
            if chunk.is_empty() {
                break;
            }
            scanner.push(chunk);
            digest.update(chunk);
            let n = chunk.len();
            planner.advance(&self.source.id, len(chunk));
            tracked.consume(n);
        }
        let Fingerprint { bytes, sha256 } = Planner::fingerprint(self.source, tracked)?;
        let is_clean = scanner.found().is_none() || planner.clears(self.source, sha256);
        Ok(if is_clean { Ok(Blob { place, bytes, sha256, digest, item }) } else { Err(Rule::KeyMaterial) })
    }

    /// Plans the file itself; the number under which it is delivered.
    fn deliver(
        &self,
        planner: &mut Planner<'_>,
        label: &str,
        blob: Blob,
        part: u64,
    ) -> Result<u32, CollectError> {
        let number = planner.next_number(label, "file");
        let path = format!("{label}/files/{}", file_name(number));
        let to = Delivery { path: &path, source: self.at, part, place: &blob.place, shape: &self.verbatim };
        let commitment = Commitment::Sha256(blob.sha256);
        let kept = Kept { from: 0, to: blob.bytes, scope_item: blob.item, delivered_as: 0, commitment };
        planner.add(&to, kept, blob.digest, blob.bytes)?;
        Ok(number)
    }
}
