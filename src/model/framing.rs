//! The containers of an export: records with their length before them.
//!
//! ```text
//! tile/entries/<N>   u16 BE length ‖ entry, repeated
//! payload/<N>        u32 BE length ‖ sealed payload, repeated; length 0 = withheld
//! checkpoints,
//! keyring            decimal length "\n" ‖ signed note, repeated
//! ```
//!
//! **In scope**: cutting and joining. **Out of scope**: what the records say.

use super::entry::ENTRY_BYTES_MAX;
use super::payload::SEALED_BYTES_MAX;

/// Longest note of a container; a signed note's own bound.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;
/// Longest decimal length before a note.
const DECIMAL_BYTES_MAX: usize = 6;

/// Where a container cannot be cut any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {record} at byte {at}: {what}")]
pub struct FramingError {
    /// The record, from 0.
    pub record: usize,
    /// The offset in bytes at which it begins.
    pub at: usize,
    /// What is wrong with it.
    pub what: FramingFault,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingFault {
    /// The container ends inside it.
    #[error("the file ends inside it")]
    Truncated,
    /// Its length is beyond its kind's bound.
    #[error("its length is impossible")]
    Length,
}

/// Adds an entry.
///
/// # Errors
/// [`FramingFault::Length`] beyond 65,535 bytes.
pub fn push_entry(out: &mut Vec<u8>, entry: &[u8]) -> Result<(), FramingFault> {
    let length = u16::try_from(entry.len()).map_err(|_| FramingFault::Length)?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(entry);
    Ok(())
}

/// Adds a sealed payload; an empty one says that it is withheld.
///
/// # Errors
/// [`FramingFault::Length`] beyond [`SEALED_BYTES_MAX`].
pub fn push_payload(out: &mut Vec<u8>, sealed: &[u8]) -> Result<(), FramingFault> {
    let length = u32::try_from(sealed.len()).map_err(|_| FramingFault::Length)?;
    if sealed.len() > SEALED_BYTES_MAX {
        return Err(FramingFault::Length);
    }
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(sealed);
    Ok(())
}

/// Adds a signed note.
pub fn push_note(out: &mut Vec<u8>, note: &[u8]) {
    out.extend_from_slice(format!("{}\n", note.len()).as_bytes());
    out.extend_from_slice(note);
}

/// Cuts a file of entries.
///
/// # Errors
/// [`FramingError`] names the record and the offset.
pub fn entries(bytes: &[u8]) -> Result<Vec<&[u8]>, FramingError> {
    cut(bytes, |rest| {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(FramingFault::Truncated)?;
        take(rest, usize::from(u16::from_be_bytes(*length)), ENTRY_BYTES_MAX)
    })
}

/// Cuts a file of payloads; an empty one is withheld.
///
/// # Errors
/// [`FramingError`] names the record and the offset.
pub fn payloads(bytes: &[u8]) -> Result<Vec<&[u8]>, FramingError> {
    cut(bytes, |rest| {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(FramingFault::Truncated)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| FramingFault::Length)?;
        take(rest, length, SEALED_BYTES_MAX)
    })
}

/// Cuts a file of signed notes.
///
/// # Errors
/// [`FramingError`] names the record and the offset.
pub fn notes(bytes: &[u8]) -> Result<Vec<&[u8]>, FramingError> {
    cut(bytes, |rest| {
        let digits = rest.iter().take(DECIMAL_BYTES_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
        let (decimal, rest) = rest.split_at_checked(digits).ok_or(FramingFault::Truncated)?;
        let is_canonical =
            !decimal.is_empty() && decimal.len() <= DECIMAL_BYTES_MAX && !decimal.starts_with(b"0");
        if !is_canonical {
            return Err(FramingFault::Length);
        }
        let length = decimal.iter().fold(0, |n, b| n * 10 + usize::from(b - b'0'));
        let rest = match rest.split_first() {
            Some((b'\n', rest)) => rest,
            Some(_) => return Err(FramingFault::Length),
            None => return Err(FramingFault::Truncated),
        };
        take(rest, length, NOTE_BYTES_MAX)
    })
}

/// A record and what follows it.
type Cut<'a> = (&'a [u8], &'a [u8]);

fn take(rest: &[u8], length: usize, bytes_max: usize) -> Result<Cut<'_>, FramingFault> {
    if length > bytes_max {
        return Err(FramingFault::Length);
    }
    rest.split_at_checked(length).ok_or(FramingFault::Truncated)
}

fn cut<'a>(
    bytes: &'a [u8],
    next: impl Fn(&'a [u8]) -> Result<Cut<'a>, FramingFault>,
) -> Result<Vec<&'a [u8]>, FramingError> {
    let (mut records, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let place = |what| FramingError { record: records.len(), at, what };
        let (record, after) = next(rest).map_err(place)?;
        records.push(record);
        rest = after;
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn faults_name_record_and_offset() {
        let error = |record, at, what| Err(FramingError { record, at, what });
        assert_eq!(entries(b"\x00\x01a\x00\x02b"), error(1, 3, FramingFault::Truncated));
        assert_eq!(payloads(b"\xFF\xFF\xFF\xFF"), error(0, 0, FramingFault::Length));
        assert_eq!(payloads(b"\x00\x00\x00\x00\x00"), error(1, 4, FramingFault::Truncated));
        assert_eq!(notes(b"1\na01\nb"), error(1, 3, FramingFault::Length));
        assert_eq!(notes(b"3\nab"), error(0, 0, FramingFault::Truncated));
        assert_eq!(notes(b"3"), error(0, 0, FramingFault::Truncated));
        assert_eq!(notes(b"1234567\n"), error(0, 0, FramingFault::Length));
    }

    proptest! {
        #[test]
        fn cuts_what_it_joins(records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..20)) {
            let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
            for record in &records {
                push_entry(&mut a, record).expect("short");
                push_payload(&mut b, record).expect("short");
                push_note(&mut c, record);
            }
            let expected: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(entries(&a).expect("joined"), expected.clone());
            prop_assert_eq!(payloads(&b).expect("joined"), expected.clone());
            prop_assert_eq!(notes(&c).expect("joined"), expected);
        }
    }
}
