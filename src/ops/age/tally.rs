//! Digests of an age file, taken as it passes: whole, and from the end of its header on.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::model::digest::Digest;

/// What the log commits to of a finished age file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of the whole file.
    pub file_sha256: Digest,
    /// Its length in bytes.
    pub file_bytes: u64,
    /// SHA-256 of nonce ‖ payload: everything after the header.
    pub payload_sha256: Digest,
}

/// Digests a file as it passes: whole, and from the end of its header on.
pub(super) struct Tally {
    file: Sha256,
    payload: Sha256,
    bytes: u64,
    at: Position,
}

/// Where in the file the next byte lies. The first line that begins with `---` is the
/// MAC line: a stanza line begins with `-> `, a body line has no `-` at all.
enum Position {
    Header { column: usize, dashes: usize },
    Payload,
}

impl Tally {
    pub(super) fn new() -> Self {
        let at = Position::Header { column: 0, dashes: 0 };
        Self { file: Sha256::new(), payload: Sha256::new(), bytes: 0, at }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.file.update(bytes);
        self.bytes += u64::try_from(bytes.len()).expect("usize has at most 64 bits");
        let payload = self.after_header(bytes);
        self.payload.update(payload);
    }

    fn after_header<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes.iter();
        while let Position::Header { column, dashes } = &mut self.at {
            let Some(byte) = rest.next() else { break };
            if *byte == b'\n' {
                self.at = match *dashes {
                    3 => Position::Payload,
                    _ => Position::Header { column: 0, dashes: 0 },
                };
            } else {
                if *column < 3 && *byte == b'-' {
                    *dashes += 1;
                }
                *column += 1;
            }
        }
        rest.as_slice()
    }

    pub(super) fn finish(self) -> Sealed {
        Sealed {
            file_sha256: Digest::from_bytes(self.file.finalize().into()),
            file_bytes: self.bytes,
            payload_sha256: Digest::from_bytes(self.payload.finalize().into()),
        }
    }
}

/// A writer, or a reader, with a tally of what passed.
pub(super) struct Tallied<T> {
    pub(super) inner: T,
    pub(super) tally: Tally,
}

impl<W: Write> Write for Tallied<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buf)?;
        self.tally.update(buf.get(..written).unwrap_or(buf));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Tallied<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.tally.update(buf.get(..read).unwrap_or(&[]));
        Ok(read)
    }
}
