//! One tar of regular files under one prefix: POSIX ustar, with pax records where a size
//! or a name does not fit (POSIX.1-2017, `pax`).
//!
//! **In scope**: writing it so that equal files give equal bytes; reading such a tar from
//! a hostile sender. **Out of scope**: the meaning of the files; directories, links,
//! devices, owners and times, none of which a bag needs.
//!
//! ```text
//! [ pax header block | records, padded ]?  ustar header block | data, padded to 512
//! …
//! 1,024 zero bytes, and nothing after them
//! ```

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use super::layout::{BagPath, PathFault};
use crate::model::id::ProductionId;

/// Modification time of every member: 2000-01-01T00:00:00Z. The host's would say when and
/// where a file was handled; zero makes GNU tar warn.
pub const MTIME_SECONDS: u64 = 946_684_800;
/// Longest pax records that are read, in bytes: a size and a path.
const PAX_BYTES_MAX: u64 = 1024;
/// The size field of ustar holds eleven octal digits.
const USTAR_SIZE_MAX: u64 = 0o777_7777_7777;

const BLOCK_BYTES: usize = 512;
const BLOCK_BYTES_U64: u64 = 512;

/// Why a tar was refused or could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Reading or writing failed; for a sealed bundle this may mean that a chunk did not
    /// authenticate.
    #[error("reading or writing the archive failed")]
    Io(#[source] io::Error),
    /// A block that should be a header is none: wrong magic or checksum, or text in it.
    #[error("member {member} has no valid header")]
    Header {
        /// Position in the archive, from 0.
        member: u64,
    },
    /// A link, directory, device or an extension that is not read.
    #[error("member {member} is not a regular file")]
    NotRegular {
        /// Position in the archive, from 0.
        member: u64,
    },
    /// Not below the one directory that the first member names.
    #[error("member {member} lies outside the bag's directory")]
    OutsidePrefix {
        /// Position in the archive, from 0.
        member: u64,
    },
    /// A path that is not safe to unpack.
    #[error("member {member} has a path that is refused")]
    Path {
        /// Position in the archive, from 0.
        member: u64,
        /// Why.
        #[source]
        source: PathFault,
    },
    /// Bytes after the end, or padding that is not zero: a place to hide data.
    #[error("the archive holds bytes that belong to no file")]
    Hidden,
    /// More members than the caller allows.
    #[error("the archive has more than {members_max} members")]
    TooManyMembers {
        /// The caller's bound.
        members_max: u64,
    },
}

/// Writes members one after the other.
pub struct Writer<W: Write> {
    out: W,
    prefix: ProductionId,
}

impl<W: Write> Writer<W> {
    /// An archive whose members all lie under `prefix/`.
    pub fn new(prefix: ProductionId, out: W) -> Self {
        Self { out, prefix }
    }

    /// Writes a member of exactly `bytes` bytes, which `fill` writes.
    ///
    /// # Errors
    /// Those of `fill`, which must itself see to it that it writes exactly `bytes` bytes,
    /// and [`ArchiveError::Io`].
    pub fn append<E: From<ArchiveError>>(
        &mut self,
        path: &BagPath,
        bytes: u64,
        fill: impl FnOnce(&mut W) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = format!("{}/{path}", self.prefix);
        self.write_headers(&name, bytes).map_err(ArchiveError::Io)?;
        fill(&mut self.out)?;
        self.pad(bytes).map_err(ArchiveError::Io)?;
        Ok(())
    }

    /// Writes the end of the archive and gives the output back.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn finish(mut self) -> Result<W, ArchiveError> {
        self.out.write_all(&[0; 2 * BLOCK_BYTES]).map_err(ArchiveError::Io)?;
        Ok(self.out)
    }

    fn write_headers(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        let mut header = blank_header(EntryType::Regular, bytes.min(USTAR_SIZE_MAX));
        let mut records = String::new();
        if header.set_path(name).is_err() {
            records.push_str(&pax_record("path", name));
            header.set_path(format!("{}/long-name", self.prefix))?;
        }
        if bytes > USTAR_SIZE_MAX {
            records.push_str(&pax_record("size", &bytes.to_string()));
        }
        if !records.is_empty() {
            let length = u64::try_from(records.len()).map_err(io::Error::other)?;
            let mut pax = blank_header(EntryType::XHeader, length);
            pax.set_path(format!("{}/pax-records", self.prefix))?;
            pax.set_cksum();
            self.out.write_all(pax.as_bytes())?;
            self.out.write_all(records.as_bytes())?;
            self.pad(length)?;
        }
        header.set_cksum();
        self.out.write_all(header.as_bytes())
    }

    fn pad(&mut self, bytes: u64) -> io::Result<()> {
        let zeros = [0; BLOCK_BYTES];
        self.out.write_all(zeros.get(..padding(bytes)).unwrap_or_default())
    }
}

/// Zeros after `bytes` bytes of data, up to the next block.
fn padding(bytes: u64) -> usize {
    let over = bytes % BLOCK_BYTES_U64;
    usize::try_from((BLOCK_BYTES_U64 - over) % BLOCK_BYTES_U64).expect("less than a block")
}

fn blank_header(kind: EntryType, bytes: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME_SECONDS);
    header
}

/// `<length> <key>=<value>\n`, where the length counts itself.
fn pax_record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

/// Reads members one after the other; each must be consumed before the next.
pub struct Reader<R: Read> {
    input: R,
    /// The first member's directory; all others must lie below it too.
    prefix: Option<ProductionId>,
    members: u64,
    members_max: u64,
}

/// A member's name and size; its data is next in the stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path within the bag.
    pub path: BagPath,
    /// Its length in bytes.
    pub bytes: u64,
}

impl<R: Read> Reader<R> {
    /// An archive of at most `members_max` members below one directory.
    pub fn new(members_max: u64, input: R) -> Self {
        Self { input, prefix: None, members: 0, members_max }
    }

    /// The directory of all members, once the first was read.
    pub const fn prefix(&self) -> Option<&ProductionId> {
        self.prefix.as_ref()
    }

    /// The next member's header; none at the end, after which nothing may follow.
    ///
    /// # Errors
    /// [`ArchiveError`] names the member by position.
    pub fn next_member(&mut self) -> Result<Option<Member>, ArchiveError> {
        let Some(mut header) = self.read_header()? else { return Ok(None) };
        if self.members == self.members_max {
            return Err(ArchiveError::TooManyMembers { members_max: self.members_max });
        }
        let member = self.members;
        let mut pax = PaxRecords::default();
        if header.entry_type() == EntryType::XHeader {
            pax = self.read_pax(&header)?;
            header = self.read_header()?.ok_or(ArchiveError::Header { member })?;
        }
        if header.entry_type() != EntryType::Regular {
            return Err(ArchiveError::NotRegular { member });
        }
        let name = match pax.path {
            Some(path) => path,
            None => String::from_utf8(header.path_bytes().into_owned())
                .map_err(|_| ArchiveError::Path { member, source: PathFault::Alphabet })?,
        };
        let bytes = match pax.size {
            Some(size) => size,
            None => header.entry_size().map_err(|_| ArchiveError::Header { member })?,
        };
        let outside = ArchiveError::OutsidePrefix { member };
        let Some((directory, path)) = name.split_once('/') else { return Err(outside) };
        let Ok(directory) = ProductionId::new(directory) else { return Err(outside) };
        if *self.prefix.get_or_insert_with(|| directory.clone()) != directory {
            return Err(outside);
        }
        let path = BagPath::parse(path).map_err(|source| ArchiveError::Path { member, source })?;
        self.members += 1;
        Ok(Some(Member { path, bytes }))
    }

    /// Copies the data of the member just read, in parts, to `take`, then its padding.
    ///
    /// # Errors
    /// Those of `take`; [`ArchiveError`] if the archive ends within or pads with anything
    /// but zeros.
    pub fn copy_data<E: From<ArchiveError>>(
        &mut self,
        bytes: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut buffer = vec![0; COPY_BYTES];
        let mut left = bytes;
        while left > 0 {
            let length = usize::try_from(left).map_or(COPY_BYTES, |left| left.min(COPY_BYTES));
            let part = buffer.get_mut(..length).unwrap_or_default();
            self.input.read_exact(part).map_err(ArchiveError::Io)?;
            take(part)?;
            left = left.saturating_sub(COPY_BYTES_U64);
        }
        self.expect_zeros(padding(bytes))?;
        Ok(())
    }

    /// Reads one header block; none for the two zero blocks at the very end.
    fn read_header(&mut self) -> Result<Option<Header>, ArchiveError> {
        let mut block = [0; BLOCK_BYTES];
        self.input.read_exact(&mut block).map_err(ArchiveError::Io)?;
        if block == [0; BLOCK_BYTES] {
            self.expect_zeros(BLOCK_BYTES)?;
            let mut beyond = [0];
            return match self.input.read(&mut beyond).map_err(ArchiveError::Io)? {
                0 => Ok(None),
                _ => Err(ArchiveError::Hidden),
            };
        }
        let header = Header::from_byte_slice(&block).clone();
        let mut canonical = header.clone();
        canonical.set_cksum();
        // One spelling: a checksum that is right but written otherwise is refused too.
        let is_header = header.as_ustar().is_some() && canonical.as_bytes() == header.as_bytes();
        if is_header { Ok(Some(header)) } else { Err(ArchiveError::Header { member: self.members }) }
    }

    fn read_pax(&mut self, header: &Header) -> Result<PaxRecords, ArchiveError> {
        let fault = ArchiveError::Header { member: self.members };
        let length = match header.entry_size() {
            Ok(length) if length <= PAX_BYTES_MAX => length,
            _ => return Err(fault),
        };
        let mut text = Vec::new();
        self.copy_data::<ArchiveError>(length, |part| {
            text.extend_from_slice(part);
            Ok(())
        })?;
        String::from_utf8(text).ok().as_deref().and_then(PaxRecords::parse).ok_or(fault)
    }

    fn expect_zeros(&mut self, count: usize) -> Result<(), ArchiveError> {
        let mut block = [0; BLOCK_BYTES];
        let zeros = block.get_mut(..count).unwrap_or_default();
        self.input.read_exact(zeros).map_err(ArchiveError::Io)?;
        if zeros.iter().all(|b| *b == 0) { Ok(()) } else { Err(ArchiveError::Hidden) }
    }
}

/// Data is handed on in parts of an age chunk: one decryption, one write.
const COPY_BYTES: usize = 64 * 1024;
const COPY_BYTES_U64: u64 = 64 * 1024;

/// The two records that may precede a member.
#[derive(Default)]
struct PaxRecords {
    path: Option<String>,
    size: Option<u64>,
}

impl PaxRecords {
    /// Accepts what [`pax_record`] prints, `path` before `size`, and nothing else.
    fn parse(text: &str) -> Option<Self> {
        let mut records = Self::default();
        for line in text.split_inclusive('\n') {
            let (key, value) = line.split_once(' ')?.1.strip_suffix('\n')?.split_once('=')?;
            match key {
                "path" => records.path = Some(value.to_owned()),
                "size" => records.size = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        let mut printed = String::new();
        if let Some(path) = &records.path {
            printed.push_str(&pax_record("path", path));
        }
        if let Some(size) = records.size {
            printed.push_str(&pax_record("size", &size.to_string()));
        }
        (printed == text && !text.is_empty()).then_some(records)
    }
}

#[cfg(test)]
mod tests;
