//! Planning CSV and NDJSON sources, record by record.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::minimise::csv::{self, HeaderError, ROW_BYTES_MAX, RowEnd};
use crate::minimise::json::RECORD_BYTES_MAX;
use crate::minimise::rows::{CSV_SCHEMA, Layout, NDJSON_SCHEMA, Projection, Row, SUBSCRIBER_SCHEMA};
use crate::minimise::{Rule, mail};

use crate::model::digest::Digest;

use super::CollectError;
use super::config::{Family, Kind, Source};
use super::copy::print_fields;
use super::dir::Tracked;
use super::plan::{Commitment, Fingerprint, Kept, Place, RowForm, Shape, SourceReport};
use super::planner::{Delivery, Planner};

/// One record of a stream.
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) oversized: bool,
}

/// Reads the next record into `buffer`, up to a line feed (of a CSV: outside quotes). Of one that
/// is too long only the beginning is kept, but all of it is passed over.
pub(super) fn next_record(
    tracked: &mut Tracked,
    mut quotes: Option<RowEnd>,
    bytes_max: usize,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Span>> {
    buffer.clear();
    let from = tracked.at();
    let mut oversized = false;
    loop {
        let chunk = tracked.chunk()?;
        if chunk.is_empty() {
            let to = tracked.at();
            return Ok((to > from).then_some(Span { from, to, oversized }));
        }
        let end = match &mut quotes {
            Some(quotes) => quotes.find(chunk),
            None => chunk.iter().position(|&b| b == b'\n').map(|at| at + 1),
        };
        let taken = end.unwrap_or(chunk.len());
        oversized |= buffer.len() + taken > bytes_max;
        if !oversized {
            buffer.extend_from_slice(chunk.get(..taken).unwrap_or_default());
        }
        tracked.consume(taken);
        if end.is_some() {
            return Ok(Some(Span { from, to: tracked.at(), oversized }));
        }
    }
}

/// Reads the header row of a CSV and checks that the declared columns are there.
pub(super) fn read_columns(
    tracked: &mut Tracked,
    source: &Source,
    layout: &Layout,
    more: &[&str],
) -> Result<Layout, CollectError> {
    let header = |cause| CollectError::Header { source_id: source.id.clone(), cause };
    let mut row = Vec::new();
    let span = next_record(tracked, Some(RowEnd::default()), ROW_BYTES_MAX, &mut row);
    match span.map_err(|cause| source.read_error(cause))? {
        Some(span) if !span.oversized => {}
        _ => return Err(header(HeaderError::Form)),
    }
    let columns = csv::header(&row).map_err(header)?;
    let declared = layout.declared.keys().map(String::as_str);
    let named = layout.time.iter().map(|(name, _)| name.as_str()).chain([layout.account.as_str()]);
    for column in declared.chain(named).chain(more.iter().copied()) {
        if !columns.iter().any(|c| c == column) {
            return Err(CollectError::Column { source_id: source.id.clone(), column: column.to_owned() });
        }
    }
    Ok(Layout { columns: Some(columns), ..layout.clone() })
}

/// What is known of one account while a source is read.
struct OfAccount {
    path: String,
    shape: Arc<Shape>,
    existence: Arc<Shape>,
}

struct Reader<'a> {
    at: usize,
    source: &'a Source,
    family: Family,
    layout: Arc<Layout>,
    place: Arc<Place>,
    accounts: BTreeMap<String, OfAccount>,
}

pub(super) fn plan_records(
    planner: &mut Planner<'_>,
    at: usize,
    source: &Source,
    family: Family,
    layout: &Layout,
    report: &mut SourceReport,
) -> Result<Fingerprint, CollectError> {
    let mut tracked = planner.sources.track(source, &source.path)?;
    let is_csv = matches!(source.kind, Kind::Csv { .. });
    let layout = if is_csv { read_columns(&mut tracked, source, layout, &[])? } else { layout.clone() };
    let place = Arc::new(Place { path: source.path.clone(), stamp: tracked.stamp().clone() });
    let mut reader =
        Reader { at, source, family, layout: Arc::new(layout), place, accounts: BTreeMap::new() };
    let (quotes, bytes_max) =
        if is_csv { (Some(RowEnd::default()), ROW_BYTES_MAX) } else { (None, RECORD_BYTES_MAX) };
    let mut buffer = Vec::new();
    let next = |tracked: &mut Tracked, buffer: &mut Vec<u8>| {
        next_record(tracked, quotes, bytes_max, buffer).map_err(|cause| source.read_error(cause))
    };
    while let Some(span) = next(&mut tracked, &mut buffer)? {
        planner.advance(&source.id, span.to - span.from);
        if !mail::is_blank(&buffer) {
            let outcome = if span.oversized { Err(Rule::Oversized) } else { Ok(()) };
            let outcome = match outcome {
                Ok(()) => reader.decide(planner, &span, &buffer, report)?,
                Err(rule) => Err(rule),
            };
            planner.count(report, outcome);
        }
    }
    Planner::fingerprint(source, tracked)
}

impl Reader<'_> {
    fn decide(
        &mut self,
        planner: &mut Planner<'_>,
        span: &Span,
        record: &[u8],
        report: &mut SourceReport,
    ) -> Result<Result<(), Rule>, CollectError> {
        let layout = Arc::clone(&self.layout);
        let row = match layout.read(record) {
            Ok(row) => row,
            Err(rule) => return Ok(Err(rule)),
        };
        if let Err(rule) = check_account(planner, self.source, &row) {
            return Ok(Err(rule));
        }
        if !self.accounts.contains_key(&row.account) {
            let of_account = self.of_account(planner, &row.account)?;
            self.accounts.insert(row.account.clone(), of_account);
        }
        let Some(account) = self.accounts.get(&row.account) else { return Ok(Err(Rule::Account)) };
        let Shape::Fields { projection, .. } = &*account.shape else { return Ok(Err(Rule::Account)) };
        let existence = match self.family {
            Family::Subscriber => projection.existence(row.time),
            Family::Access => None,
        };
        let mut printed = Vec::new();
        let fields = projection.project(&layout, &row).and_then(|kept| {
            let is_clean = !kept.has_key_material() || planner.clears(self.source, Digest::of(record));
            if is_clean { Ok(kept) } else { Err(Rule::KeyMaterial) }
        });
        let (shape, scope_item) = match (&fields, existence) {
            (Ok(kept), _) => (&account.shape, kept.taken.first().map_or(0, |&(item, _)| item)),
            (Err(_), Some(item)) => (&account.existence, item),
            (Err(rule), None) => return Ok(Err(*rule)),
        };
        self.begin(planner, account, projection)?;
        if let Ok(kept) = &fields {
            let is_first = planner.is_unprinted(&account.path);
            print_fields(&account.shape, Some(kept), is_first, 0, &mut printed);
            kept.taken.iter().for_each(|(item, field)| planner.note(*item, field, row.time));
            report.parts_withheld.merge(&kept.left_out);
        }
        if let Some(item) = existence {
            planner.note(item, "account_exists", row.time);
            planner.end_with(&account.path, b"],\"account_exists\":true}\n");
        }
        let mut context = planner.commitment_context();
        context.update(record);
        let commitment = Commitment::hmac(context);
        let kept = Kept { from: span.from, to: span.to, scope_item, delivered_as: 0, commitment };
        let to = Delivery { path: &account.path, source: self.at, part: 0, place: &self.place, shape };
        planner.add_printed(&to, kept, &printed)?;
        Ok(Ok(()))
    }

    fn of_account(&self, planner: &Planner<'_>, account: &str) -> Result<OfAccount, CollectError> {
        let label = planner.label(account)?;
        let (id, service) = (&self.source.id, &self.source.service);
        let is_csv = self.layout.columns.is_some();
        let (path, form) = match self.family {
            Family::Subscriber => {
                let form = RowForm::Subscriber { source: id.clone(), service: service.clone() };
                (format!("{label}/subscriber/subscriber.json"), form)
            }
            Family::Access if is_csv => (format!("{label}/access/{id}.csv"), RowForm::Csv),
            Family::Access => (format!("{label}/access/{id}.ndjson"), RowForm::Ndjson),
        };
        let projection = Projection::new(&self.layout, planner.selection, service, account);
        let shape = Arc::new(Shape::Fields { form, layout: Arc::clone(&self.layout), projection });
        Ok(OfAccount { path, shape, existence: Arc::new(Shape::Existence) })
    }

    fn begin(
        &self,
        planner: &mut Planner<'_>,
        account: &OfAccount,
        projection: &Projection,
    ) -> Result<(), CollectError> {
        let mut prologue = Vec::new();
        match self.family {
            Family::Subscriber => {
                let label = account.path.split('/').next().ok_or(CollectError::Unlabelled)?;
                let opening = format!(r#"{{"schema":"{SUBSCRIBER_SCHEMA}","account":"{label}","records":["#);
                planner.begin(&account.path, Some(SUBSCRIBER_SCHEMA), opening.into_bytes(), b"]}\n");
            }
            Family::Access if self.layout.columns.is_some() => {
                csv::print_row(projection.open_columns(), &mut prologue);
                planner.begin(&account.path, Some(CSV_SCHEMA), prologue, b"");
            }
            Family::Access => planner.begin(&account.path, Some(NDJSON_SCHEMA), prologue, b""),
        }
        Ok(())
    }
}

/// Whether the scope names the account of a row, and the account was its present owner's then.
pub(super) fn check_account(planner: &Planner<'_>, source: &Source, row: &Row<'_>) -> Result<(), Rule> {
    if !planner.selection.has_account(&source.service, &row.account) {
        return Err(Rule::Account);
    }
    planner.sources.owned(&source.service, &row.account, row.time)
}
