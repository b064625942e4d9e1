//! What every step works with and none changes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::logbook::Logbook;
use super::shelf::Shelf;
use super::{PackageError, Start};
use crate::collect::Sources;
use crate::minimise::secrets::OwnKeys;

/// The tools of one packager.
pub(super) struct Workbench {
    pub(super) logbook: Logbook,
    pub(super) shelf: Shelf,
    pub(super) organization: String,
    pub(super) disclosure_key: SigningKey,
    pub(super) own_keys: OwnKeys,
    sources: Option<PathBuf>,
    stopping: AtomicBool,
}

impl Workbench {
    pub(super) fn new(start: Start<'_>) -> Result<Self, PackageError> {
        let mut secrets: Vec<Zeroizing<Vec<u8>>> = vec![
            Zeroizing::new(start.log_key.to_bytes().to_vec()),
            Zeroizing::new(start.disclosure_key.to_bytes().to_vec()),
        ];
        let lines = start.at_rest_text.lines().map(str::trim);
        let identities = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        secrets.extend(identities.map(|line| Zeroizing::new(line.as_bytes().to_vec())));
        Ok(Self {
            logbook: Logbook::new(start.ledger),
            shelf: Shelf::of(&start.home)?,
            organization: start.organization,
            disclosure_key: start.disclosure_key,
            own_keys: OwnKeys::new(&secrets)?,
            sources: start.sources,
            stopping: AtomicBool::new(false),
        })
    }

    /// The declared sources as they are now; their paths are relative to the declaration.
    pub(super) fn sources(&self) -> Result<Sources, PackageError> {
        let config = self.sources.as_deref().ok_or(PackageError::NoSources)?;
        let dir = config.parent().ok_or(PackageError::NoSources)?;
        Ok(Sources::open(config, dir)?)
    }

    /// Whether anything can be collected at all.
    pub(super) const fn has_sources(&self) -> bool {
        self.sources.is_some()
    }

    /// Lets long work end early.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Fails once the daemon stops.
    pub(super) fn go_on(&self) -> Result<(), PackageError> {
        if self.stopping.load(Ordering::Relaxed) { Err(PackageError::Interrupted) } else { Ok(()) }
    }
}
