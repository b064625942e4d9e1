//! Where the bytes of a set come from.
//!
//! **In scope**: a list of names and a way to open each. **Out of scope**: directories,
//! databases. An export directory and a live home are the same to an audit: a set of
//! files of one size. The home's reader shows its rows under the names an export would
//! give them, so that there is one path of verification and none can skip a step.

use std::collections::BTreeSet;
use std::io::{self, Read};

/// Opens one file of the set for reading from its start.
pub type Open<'a> = dyn Fn(&str) -> io::Result<Box<dyn Read>> + Sync + 'a;

/// A set of files to audit.
pub struct Source<'a> {
    /// Every name there is, `/` between parts; the audit accounts for each.
    pub names: BTreeSet<String>,
    /// Opens one of them. `NotFound` means that it is missing; every other error, that it
    /// could not be checked. Several threads call it at once.
    pub open: &'a Open<'a>,
}

/// A file could not be had.
#[derive(Debug)]
pub(super) enum Unavailable {
    /// There is none.
    Missing,
    /// The system refused.
    Refused(io::Error),
    /// Longer than its kind may be.
    TooLong(u64),
}

impl Source<'_> {
    /// A file as a stream.
    pub(super) fn stream(&self, name: &str) -> Result<Box<dyn Read>, Unavailable> {
        (self.open)(name).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unavailable::Missing,
            _ => Unavailable::Refused(error),
        })
    }

    /// A whole file of at most `bytes_max` bytes.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, Unavailable> {
        let mut bytes = Vec::new();
        let mut stream = self.stream(name)?.take(bytes_max.saturating_add(1));
        stream.read_to_end(&mut bytes).map_err(Unavailable::Refused)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
            Ok(bytes)
        } else {
            Err(Unavailable::TooLong(bytes_max))
        }
    }
}
