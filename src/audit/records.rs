//! Length-prefixed records as far as they can be read.
//!
//! The strict readers of [`crate::model::framing`] refuse a file with one wrong byte as a
//! whole. An audit has to say more: which records stand there, at which one the lengths
//! stop adding up, and what comes after the last.

use std::io::{self, Read};

/// Where and how the lengths of a file stop adding up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Break {
    /// The record it happened at, counted from 0 in this file.
    pub(super) record: u16,
    /// What should follow there.
    pub(super) expected: String,
    /// What does.
    pub(super) found: String,
}

/// Why a file could not be read to its end.
#[derive(Debug)]
pub(super) enum RecordError {
    Break(Break),
    Io(io::Error),
}

/// Reads `count` records, each after its length in `PREFIX` bytes (big-endian), and gives
/// each to `each` with its place. Nothing may follow the last.
///
/// One record at a time is in memory, in `buffer`: payloads have up to 16 MiB each.
///
/// # Errors
/// [`RecordError`]; the records before it were given out.
pub(super) fn for_each<const PREFIX: usize>(
    stream: &mut dyn Read,
    count: u16,
    record_bytes_max: u64,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(u16, &[u8]),
) -> Result<(), RecordError> {
    for record in 0..count {
        let stop = |expected: String, found: String| RecordError::Break(Break { record, expected, found });
        fill(stream, u64::try_from(PREFIX).unwrap_or(u64::MAX), buffer)?;
        if buffer.len() < PREFIX {
            return Err(stop(format!("a length of {PREFIX} bytes"), format!("{} bytes", buffer.len())));
        }
        let length = buffer.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        if length > record_bytes_max {
            return Err(stop(format!("a length of at most {record_bytes_max}"), length.to_string()));
        }
        fill(stream, length, buffer)?;
        if u64::try_from(buffer.len()) != Ok(length) {
            return Err(stop(format!("{length} bytes"), format!("{} bytes", buffer.len())));
        }
        each(record, buffer);
    }
    fill(stream, 1, buffer)?;
    if buffer.is_empty() {
        Ok(())
    } else {
        let found = "more bytes".to_owned();
        Err(RecordError::Break(Break { record: count, expected: "the end of the file".to_owned(), found }))
    }
}

/// Reads up to `length` bytes into the emptied buffer; fewer at the end of the stream.
fn fill(stream: &mut dyn Read, length: u64, buffer: &mut Vec<u8>) -> Result<(), RecordError> {
    buffer.clear();
    stream.take(length).read_to_end(buffer).map_err(RecordError::Io)?;
    Ok(())
}

/// Longest decimal length before a note, with its line feed.
const NOTE_LENGTH_BYTES_MAX: usize = 8;

/// Notes one after the other, each after its byte length in decimal on a line.
pub(super) struct Notes {
    stream: Box<dyn Read>,
    note_bytes_max: u64,
    place: u64,
    is_over: bool,
}

/// A note and its place in the file, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlacedNote {
    pub(super) place: u64,
    pub(super) bytes: Vec<u8>,
}

/// Why no further note can be had: the file is not in its form from `place` on, or not readable.
#[derive(Debug)]
pub(super) enum NotesError {
    Form { place: u64, expected: String },
    Io(io::Error),
}

impl Notes {
    pub(super) fn new(stream: Box<dyn Read>, note_bytes_max: u64) -> Self {
        let stream = Box::new(io::BufReader::new(stream));
        Self { stream, note_bytes_max, place: 0, is_over: false }
    }

    /// The decimal before a note; none at the end of the file.
    fn length(&mut self) -> Result<Option<u64>, NotesError> {
        let mut line = Vec::new();
        let mut byte = Vec::new();
        loop {
            byte.clear();
            (&mut self.stream).take(1).read_to_end(&mut byte).map_err(NotesError::Io)?;
            match byte.first() {
                None if line.is_empty() => return Ok(None),
                Some(b'\n') => break,
                Some(digit) if digit.is_ascii_digit() && line.len() < NOTE_LENGTH_BYTES_MAX => {
                    line.push(*digit);
                }
                _ => return Err(self.form("a length in decimal")),
            }
        }
        let is_canonical = line.first().is_some_and(|digit| *digit != b'0');
        let length = line.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        if is_canonical && length <= self.note_bytes_max {
            Ok(Some(length))
        } else {
            Err(self.form("a length of a note"))
        }
    }

    fn form(&self, expected: &str) -> NotesError {
        NotesError::Form { place: self.place, expected: expected.to_owned() }
    }

    fn advance(&mut self) -> Result<Option<PlacedNote>, NotesError> {
        let Some(length) = self.length()? else { return Ok(None) };
        let mut bytes = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut bytes).map_err(NotesError::Io)?;
        if u64::try_from(bytes.len()) != Ok(length) {
            return Err(self.form(&format!("{length} bytes of a note")));
        }
        let place = self.place;
        self.place += 1;
        Ok(Some(PlacedNote { place, bytes }))
    }
}

impl Iterator for Notes {
    type Item = Result<PlacedNote, NotesError>;

    /// Ends after the first error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.advance().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], count: u16) -> (Vec<Vec<u8>>, Option<Break>) {
        let mut records = Vec::new();
        let mut stream = bytes;
        let end =
            for_each::<2>(&mut stream, count, 4, &mut Vec::new(), |_, record| records.push(record.to_vec()));
        match end {
            Ok(()) => (records, None),
            Err(RecordError::Break(at)) => (records, Some(at)),
            Err(RecordError::Io(error)) => panic!("memory does not fail: {error}"),
        }
    }

    #[test]
    fn gives_what_stands_before_the_break() {
        let file = b"\x00\x01a\x00\x00\x00\x02bc";
        let all = vec![b"a".to_vec(), Vec::new(), b"bc".to_vec()];
        assert_eq!(read(file, 3), (all.clone(), None));
        assert_eq!(read(file, 2).1.map(|at| at.record), Some(2), "bytes after the last");
        for cut in 0..file.len() {
            let (records, at) = read(&file[..cut], 3);
            assert_eq!(at.map(|at| usize::from(at.record)), Some(records.len()), "cut at {cut}");
        }
        assert_eq!(read(b"\x00\x05aaaaa", 1).1.map(|at| at.record), Some(0), "longer than its kind");
    }

    #[test]
    fn notes_end_at_the_first_break() {
        let read = |bytes: &'static [u8]| {
            let notes = Notes::new(Box::new(bytes), 10);
            notes.map(|note| note.map(|note| note.bytes).map_err(|_| ())).collect::<Vec<_>>()
        };
        assert_eq!(read(b""), []);
        assert_eq!(read(b"3\nabc2\nde"), [Ok(b"abc".to_vec()), Ok(b"de".to_vec())]);
        for bad in [&b"3\nab"[..], b"03\nabc", b"0\n", b"x\n", b"11\n", b"3", b"\n", b"99999999999\n"] {
            assert_eq!(read(bad), [Err(())], "{bad:?}");
        }
    }
}
