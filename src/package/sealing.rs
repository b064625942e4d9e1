//! What stands between the bag and its encryption: the search for our own keys, and the stop.

use std::io::{self, Write};

use super::workbench::Workbench;
use crate::minimise::secrets::{OwnKeyFound, OwnKeyScanner};

/// Why writing was broken off by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// One of the daemon's own keys occurs in the output.
    OwnKey(OwnKeyFound),
    /// The daemon stops.
    Stopping,
}

/// Lets bytes through that hold no key of ours, as long as the daemon runs.
pub(super) struct Checked<'a, W> {
    inner: W,
    scanner: OwnKeyScanner<'a>,
    bench: &'a Workbench,
    halt: Option<Halt>,
}

impl<'a, W: Write> Checked<'a, W> {
    pub(super) fn new(inner: W, bench: &'a Workbench) -> Self {
        Self { inner, scanner: bench.own_keys.scanner(), bench, halt: None }
    }

    /// The writer below, and why it was broken off, if we did it.
    pub(super) fn finish(self) -> (W, Option<Halt>) {
        (self.inner, self.halt)
    }
}

impl<W: Write> Write for Checked<'_, W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let halt = match self.scanner.push(buf) {
            Err(found) => Some(Halt::OwnKey(found)),
            Ok(()) => self.bench.go_on().err().map(|_| Halt::Stopping),
        };
        if halt.is_some() {
            self.halt = halt;
            return Err(io::Error::other("broken off"));
        }
        // All of it or an error: what was scanned must not be scanned again.
        self.inner.write_all(buf)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
