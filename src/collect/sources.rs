//! The declared sources below their directory.

use std::io::Read;
use std::path::Path;

use crate::minimise::Rule;
use crate::model::id::{ServiceId, SourceId};
use crate::model::time::Timestamp;

use super::CollectError;
use super::config::{self, CONFIG_BYTES_MAX, ConfigError, Ownership, Source};
use super::dir::{Directory, OpenFault, Stamp, Tracked};

/// The declared sources, and the directory they are in, held open.
pub struct Sources {
    base: Directory,
    list: Vec<Source>,
    ownership: Ownership,
}

impl Sources {
    /// Reads the declarations in the file `config` and opens the directory `dir`, below which all
    /// their paths lie. The sources themselves are opened when a scope asks for their service.
    ///
    /// # Errors
    /// [`CollectError::Config`] and [`CollectError::Directory`].
    pub fn open(config: &Path, dir: &Path) -> Result<Self, CollectError> {
        let file = std::fs::File::open(config).map_err(ConfigError::Read)?;
        let mut text = String::new();
        file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(ConfigError::Read)?;
        if text.len() > usize::try_from(CONFIG_BYTES_MAX).unwrap_or(usize::MAX) {
            return Err(ConfigError::TooLarge.into());
        }
        let (list, ownership) = config::parse(&text)?;
        let base = Directory::open(dir).map_err(CollectError::Directory)?;
        Ok(Self { base, list, ownership })
    }

    /// The ids of the declared sources, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &SourceId> {
        self.list.iter().map(|source| &source.id)
    }

    pub(super) const fn base(&self) -> &Directory {
        &self.base
    }

    pub(super) fn list(&self) -> &[Source] {
        &self.list
    }

    /// An address may have had an owner before (nasty case 4): where ownership intervals are
    /// declared, a record from outside them, or from no known instant, is somebody else's.
    pub(super) fn owned(
        &self,
        service: &ServiceId,
        account: &str,
        time: Option<Timestamp>,
    ) -> Result<(), Rule> {
        if self.ownership.is_empty() {
            return Ok(());
        }
        let Some(intervals) = self.ownership.get(&(service.clone(), account.to_owned())) else {
            return Ok(());
        };
        let ms = time.ok_or(Rule::Ownership)?.as_ms();
        let is_owned = intervals.iter().any(|&(from, to)| from <= ms && ms < to);
        if is_owned { Ok(()) } else { Err(Rule::Ownership) }
    }

    /// Opens a file below for its first read.
    pub(super) fn track<S: AsRef<str>>(&self, source: &Source, path: &[S]) -> Result<Tracked, CollectError> {
        let (file, stamp) = self.base.open_file(path).map_err(|fault| source.fault(fault))?;
        Ok(Tracked::new(file, stamp))
    }

    /// Opens a file below for its second read, if it still is what it was.
    pub(super) fn reopen(
        &self,
        source: &Source,
        path: &[String],
        stamp: &Stamp,
    ) -> Result<std::fs::File, CollectError> {
        match self.base.open_file(path) {
            Ok((file, now)) if now == *stamp => Ok(file),
            Err(OpenFault::Io(cause)) => Err(source.read_error(cause)),
            Ok(_) | Err(OpenFault::Missing | OpenFault::NotRegular) => Err(source.changed()),
        }
    }
}

impl Source {
    pub(super) fn fault(&self, fault: OpenFault) -> CollectError {
        let source_id = self.id.clone();
        match fault {
            OpenFault::Missing => CollectError::Missing { source_id },
            OpenFault::NotRegular => CollectError::NotRegular { source_id },
            OpenFault::Io(cause) => CollectError::Read { source_id, cause },
        }
    }

    pub(super) fn read_error(&self, cause: std::io::Error) -> CollectError {
        CollectError::Read { source_id: self.id.clone(), cause }
    }

    pub(super) fn changed(&self) -> CollectError {
        CollectError::SourceChanged { source_id: self.id.clone() }
    }
}
