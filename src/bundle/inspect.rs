//! Looking at a bundle without a key.
//!
//! **In scope**: what an age header and a file's size and digests tell anybody.
//! **Out of scope**: everything inside; an X25519 stanza does not even say for whom it is.

use std::fs::File;
use std::io::BufReader;

use crate::ops::age::{self, AgeError, Header, Sealed, StanzaSummary};

/// What anybody can see of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Type and number of arguments of each stanza, in their order.
    pub stanzas: Vec<StanzaSummary>,
    /// Length of the header in bytes.
    pub header_bytes: usize,
    /// Digests and size of the file, as the log states them.
    pub sealed: Sealed,
}

/// Reads a bundle to its end. That it is intact only a key can tell.
///
/// # Errors
/// [`AgeError`] if it does not begin with an age header or cannot be read.
pub fn inspect(bundle: File) -> Result<Inspection, AgeError> {
    let mut input = BufReader::new(bundle);
    let header = Header::read(&mut input)?;
    let sealed = age::measure(&header, &mut input).map_err(AgeError::Io)?;
    Ok(Inspection { stanzas: header.stanzas().to_vec(), header_bytes: header.bytes(), sealed })
}
