//! What a home has besides its log: the anchor, and the bundles that wait in the outbox.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Exit, Failure};
use crate::audit::{Code, Finding, GivenHead, Location, Report};
use crate::bundle::receipt;
use crate::model::anchor::{self, ANCHOR_BYTES};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
use crate::ops::config::Home;
use crate::ops::files;

/// The head that the anchor of a home holds, or what is wrong with it.
pub(super) fn anchor(root: &Path) -> Result<GivenHead, Box<Finding>> {
    let finding = |found: String| {
        Box::new(Finding::new(Code::Anchor, Location::file("anchor"), "the last acknowledged head", found))
    };
    let bytes = files::read(&Home::new(root).anchor(), ANCHOR_BYTES as u64);
    let bytes = bytes.map_err(|error| finding(error.to_string()))?;
    let slot = anchor::newest(&bytes).map_err(|fault| finding(fault.to_string()))?;
    Ok(GivenHead { name: "anchor".to_owned(), bytes: slot.note })
}

/// What waited in an outbox.
pub(super) struct Outbox {
    waiting: Vec<PathBuf>,
}

/// Lists the outbox; one that is not there yet is empty.
pub(super) fn outbox(root: &Path) -> Result<Outbox, Failure> {
    let dir = Home::new(root).outbox();
    let list = |dir: &Path| -> io::Result<Vec<PathBuf>> {
        let mut paths: Vec<_> =
            fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.sort();
        Ok(paths)
    };
    match list(&dir) {
        Ok(waiting) => Ok(Outbox { waiting }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Outbox { waiting: Vec::new() }),
        Err(error) => Err(unreadable(&dir, error)),
    }
}

impl Outbox {
    /// Holds each production against what the log released. One that was fetched meanwhile is gone.
    pub(super) fn check(
        &self,
        released: &BTreeMap<ProductionId, Digest>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        for path in &self.waiting {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let location = Location::file(format!("outbox/{name}"));
            let known = ProductionId::new(&name).ok().and_then(|id| Some((released.get(&id)?, id)));
            let Some((sealed, production)) = known else {
                let finding =
                    Finding::new(Code::OutboxUnknown, location, "a released production", "no release");
                report.add(finding);
                continue;
            };
            let bundle = path.join(receipt::bundle_name(&production));
            match digest(&bundle) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&bundle, error)),
                Ok(found) if found == *sealed => {}
                Ok(found) => report.add(Finding::new(Code::OutboxAltered, location, sealed, found)),
            }
        }
        Ok(())
    }
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut sha256 = Sha256::new();
    io::copy(&mut File::open(path)?, &mut sha256)?;
    Ok(Digest::from_bytes(sha256.finalize().into()))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    let error = anyhow::Error::new(error).context(format!("cannot read {}", path.display()));
    Failure::new(Exit::Unchecked, error)
}
