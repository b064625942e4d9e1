//! The second read: the planned bytes again, or a refusal.

use std::io::{BufRead as _, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};

use sha2::{Digest as _, Sha256};

use crate::minimise::csv;
use crate::minimise::mail::{Facts, HEADER_BYTES_MAX, HeaderColumn, is_blank};
use crate::minimise::rows::Kept as KeptFields;
use crate::minimise::selection::Access;
use crate::model::digest::Digest;

use super::config::Source;
use super::dir::{CHUNK_BYTES, Stamp};
use super::plan::{Kept, PlannedFile, RowForm, Segment, Shape, len};
use super::{CollectError, Sources};

/// Prints the header facts of a message, the unselected ones empty.
pub(super) fn print_facts(accesses: &[Access; 6], facts: &Facts, message_bytes: u64, out: &mut Vec<u8>) {
    let cell = |(column, access): (HeaderColumn, &Access)| match access.decide(facts.time) {
        Ok(_) => facts.column(column, message_bytes),
        Err(_) => String::new(),
    };
    let cells: Vec<_> = HeaderColumn::ALL.into_iter().zip(accesses).map(cell).collect();
    csv::print_row(cells.iter().map(String::as_str), out);
}

/// The name under which a plain file is delivered.
pub(super) fn file_name(number: u32) -> String {
    format!("F{number:06}.bin")
}

/// Prints the kept fields of a record in its shape; `None` is a row of the index of which only
/// the file itself is delivered.
pub(super) fn print_fields(
    shape: &Shape,
    kept: Option<&KeptFields>,
    is_first: bool,
    delivered_as: u32,
    out: &mut Vec<u8>,
) {
    let Shape::Fields { form, projection, .. } = shape else { return };
    match (form, kept) {
        (RowForm::Csv, Some(kept)) => kept.print_csv(projection, &[], out),
        (RowForm::Ndjson, Some(kept)) => kept.print_ndjson(out),
        (RowForm::Subscriber { source, service }, Some(kept)) => {
            if !is_first {
                out.push(b',');
            }
            kept.print_subscriber(projection, source, service, out);
        }
        (RowForm::Index, kept) => {
            let name = if delivered_as == 0 { String::new() } else { file_name(delivered_as) };
            match kept {
                Some(kept) => kept.print_csv(projection, &[&name], out),
                None => csv::print_row(
                    std::iter::once(name.as_str()).chain(projection.open_columns().iter().map(|_| "")),
                    out,
                ),
            }
        }
        (RowForm::Csv | RowForm::Ndjson | RowForm::Subscriber { .. }, None) => {}
    }
}

impl PlannedFile {
    /// Writes the file, reading only the planned ranges of its sources again, in constant memory.
    ///
    /// What is written is compared with the plan on the way and never exceeds its size; after an
    /// error it must be thrown away.
    ///
    /// # Errors
    /// [`CollectError::SourceChanged`] names the source that is not what it was;
    /// [`CollectError::Read`] and [`CollectError::Write`] keep the system's reason.
    pub fn copy_to<W: Write>(&self, sources: &Sources, out: &mut W) -> Result<(), CollectError> {
        let mut copied = Copied { out, sha256: Sha256::new(), bytes: 0, bytes_max: self.bytes };
        let mut last = None;
        copied.write(&self.prologue)?;
        for segment in &self.segments {
            let Some(source) = sources.list().get(segment.source) else { continue };
            last = Some(source);
            if !matches!(*segment.shape, Shape::Existence) {
                segment.copy_to(sources, source, &mut copied, len(&self.prologue))?;
            }
        }
        copied.write(&self.epilogue)?;
        let is_same =
            copied.bytes == self.bytes && Digest::from_bytes(copied.sha256.finalize().into()) == self.sha256;
        match last {
            Some(source) if !is_same => Err(source.changed()),
            _ => Ok(()),
        }
    }
}

impl Segment {
    fn copy_to<W: Write>(
        &self,
        sources: &Sources,
        source: &Source,
        out: &mut Copied<'_, W>,
        prologue_bytes: u64,
    ) -> Result<(), CollectError> {
        let file = sources.reopen(source, &self.place.path, &self.place.stamp)?;
        let mut reader = BufReader::with_capacity(CHUNK_BYTES, file);
        let mut at = 0;
        let mut record = Vec::new();
        for kept in &self.records {
            seek(&mut reader, at, kept.from).map_err(|cause| source.read_error(cause))?;
            at = kept.to;
            match &*self.shape {
                Shape::Verbatim => out.copy(source, &mut reader, kept.to - kept.from)?,
                Shape::HeaderFacts(accesses) => {
                    record.clear();
                    let read = read_header(&mut reader, kept, &mut record)
                        .map_err(|cause| source.read_error(cause))?;
                    at = kept.from + read;
                    let mut printed = Vec::new();
                    print_facts(accesses, &Facts::read(&record), kept.to - kept.from, &mut printed);
                    out.write_of(source, &printed)?;
                }
                Shape::Fields { layout, projection, form } => {
                    record.clear();
                    let wanted = kept.to - kept.from;
                    let read = (&mut reader).take(wanted).read_to_end(&mut record);
                    read.map_err(|cause| source.read_error(cause))?;
                    // A record that does not parse any more is not the one that was planned.
                    let row = layout.read(&record).map_err(|_| source.changed())?;
                    let fields = match projection.project(layout, &row) {
                        Ok(fields) => Some(fields),
                        Err(_) if matches!(form, RowForm::Index) => None,
                        Err(_) => return Err(source.changed()),
                    };
                    let is_first = out.bytes == prologue_bytes;
                    let mut printed = Vec::new();
                    print_fields(&self.shape, fields.as_ref(), is_first, kept.delivered_as, &mut printed);
                    out.write_of(source, &printed)?;
                }
                Shape::Existence => {}
            }
        }
        let now = Stamp::of(reader.get_ref()).map_err(|cause| source.read_error(cause))?;
        if now == self.place.stamp { Ok(()) } else { Err(source.changed()) }
    }
}

/// Goes on from `at` to `to` without throwing the buffer away if it reaches that far.
fn seek<R: Read + Seek>(reader: &mut BufReader<R>, at: u64, to: u64) -> std::io::Result<()> {
    match i64::try_from(i128::from(to) - i128::from(at)) {
        Ok(offset) => reader.seek_relative(offset),
        Err(_) => reader.seek(SeekFrom::Start(to)).map(|_| ()),
    }
}

/// Reads the header of a message, up to its blank line; how many bytes were consumed.
fn read_header<R: Read>(
    reader: &mut BufReader<R>,
    kept: &Kept,
    header: &mut Vec<u8>,
) -> std::io::Result<u64> {
    let bound = (kept.to - kept.from).min(u64::try_from(HEADER_BYTES_MAX).unwrap_or(u64::MAX));
    let mut limited = reader.take(bound);
    loop {
        let before = header.len();
        let read = limited.read_until(b'\n', header)?;
        if read == 0 || is_blank(header.get(before..).unwrap_or_default()) {
            return Ok(len(header));
        }
    }
}

/// A writer that hashes, counts, and does not write more than was planned.
struct Copied<'a, W> {
    out: &'a mut W,
    sha256: Sha256,
    bytes: u64,
    bytes_max: u64,
}

impl<W: Write> Copied<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), CollectError> {
        self.sha256.update(bytes);
        self.bytes += len(bytes);
        self.out.write_all(bytes).map_err(CollectError::Write)
    }

    /// An archive has promised the size before: one byte more would break it for what follows.
    fn write_of(&mut self, source: &Source, bytes: &[u8]) -> Result<(), CollectError> {
        if self.bytes + len(bytes) > self.bytes_max { Err(source.changed()) } else { self.write(bytes) }
    }

    fn copy<R: Read>(&mut self, source: &Source, from: &mut R, bytes: u64) -> Result<(), CollectError> {
        let mut left = bytes;
        let mut chunk = vec![0; CHUNK_BYTES];
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            let buffer = chunk.get_mut(..wanted).unwrap_or_default();
            from.read_exact(buffer).map_err(|cause| match cause.kind() {
                ErrorKind::UnexpectedEof => source.changed(),
                _ => source.read_error(cause),
            })?;
            self.write_of(source, buffer)?;
            left -= len(buffer);
        }
        Ok(())
    }
}
