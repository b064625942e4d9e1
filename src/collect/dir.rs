//! Opening below a directory, one component at a time, never through a link.
//!
//! A name is checked and then opened as the same descriptor: between a check of a path and the
//! opening of it somebody could put a link there, between `openat` and `fstat` nobody can.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::model::digest::Digest;

/// Bytes read at once.
pub(super) const CHUNK_BYTES: usize = 1 << 16;

/// Why a name below a directory was not opened.
#[derive(Debug)]
pub(super) enum OpenFault {
    /// It is not there.
    Missing,
    /// It, or a directory on the way, is a link or of another type.
    NotRegular,
    /// The system refused.
    Io(io::Error),
}

impl From<Errno> for OpenFault {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Missing,
            // A link where none is followed, a file where a directory should be, a socket.
            Errno::LOOP | Errno::NOTDIR | Errno::MLINK | Errno::NXIO => Self::NotRegular,
            other => Self::Io(other.into()),
        }
    }
}

/// A directory, held open.
pub(super) struct Directory(OwnedFd);

/// What tells two states of a file apart without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    identity: (u64, u64),
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Directory {
    /// Opens the directory that the operator named; this one may be reached through links.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Opens a regular file below.
    pub(super) fn open_file<S: AsRef<str>>(&self, path: &[S]) -> Result<(File, Stamp), OpenFault> {
        let (name, above) = path.split_last().ok_or(OpenFault::NotRegular)?;
        let parent = self.walk(above)?;
        let parent = parent.as_ref().unwrap_or(&self.0);
        // Not to hang on a pipe that nobody writes to.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(parent, name.as_ref(), flags, Mode::empty())?);
        let stamp = Stamp::of(&file).map_err(OpenFault::Io)?;
        if file.metadata().map_err(OpenFault::Io)?.is_file() {
            Ok((file, stamp))
        } else {
            Err(OpenFault::NotRegular)
        }
    }

    /// The names in a directory below, sorted as bytes, at most `names_max` + 1 of them; names
    /// that are not UTF-8 come as none.
    pub(super) fn names<S: AsRef<str>>(
        &self,
        path: &[S],
        names_max: usize,
    ) -> Result<Vec<Option<String>>, OpenFault> {
        let below = self.walk(path)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(below.as_ref().unwrap_or(&self.0).as_fd())? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            let is_dots = matches!(name, b"." | b"..")
                && matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            if !is_dots {
                names.push(String::from_utf8(name.to_vec()).ok());
            }
            if names.len() > names_max {
                break;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn walk<S: AsRef<str>>(&self, path: &[S]) -> Result<Option<OwnedFd>, OpenFault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut at: Option<OwnedFd> = None;
        for name in path {
            at = Some(rustix::fs::openat(
                at.as_ref().unwrap_or(&self.0),
                name.as_ref(),
                flags,
                Mode::empty(),
            )?);
        }
        Ok(at)
    }
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        Ok(Self {
            bytes: data.size(),
            identity: (data.dev(), data.ino()),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }
}

/// A file being read from its beginning to its end, hashed on the way.
pub(super) struct Tracked {
    reader: BufReader<Hashed>,
    stamp: Stamp,
    /// Bytes consumed so far.
    at: u64,
}

struct Hashed {
    file: File,
    sha256: Sha256,
    bytes: u64,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.sha256.update(buffer.get(..n).unwrap_or_default());
        self.bytes += u64::try_from(n).unwrap_or_default();
        Ok(n)
    }
}

/// The file is not what it was when it was opened.
pub(super) struct Changed;

impl Tracked {
    pub(super) fn new(file: File, stamp: Stamp) -> Self {
        let hashed = Hashed { file, sha256: Sha256::new(), bytes: 0 };
        Self { reader: BufReader::with_capacity(CHUNK_BYTES, hashed), stamp, at: 0 }
    }

    pub(super) const fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// The bytes at hand; none at the end.
    pub(super) fn chunk(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.reader.consume(n);
        self.at += u64::try_from(n).unwrap_or_default();
    }

    /// Bytes and digest of the whole file, once all of it was read.
    pub(super) fn finish(self) -> io::Result<Result<(u64, Digest), Changed>> {
        let hashed = self.reader.into_inner();
        let unchanged = Stamp::of(&hashed.file)? == self.stamp && hashed.bytes == self.stamp.bytes;
        Ok(if unchanged {
            Ok((hashed.bytes, Digest::from_bytes(hashed.sha256.finalize().into())))
        } else {
            Err(Changed)
        })
    }
}
