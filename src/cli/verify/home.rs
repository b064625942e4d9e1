//! What a home has besides its log: the anchor, and the bundles that wait in the outbox.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::audit::{Code, Finding, GivenHead, Location, Report};
use crate::bundle::{open_me, receipt};
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

/// What waited in an outbox, or why that cannot be told.
pub(super) struct Outbox(io::Result<Vec<PathBuf>>);

/// Lists the outbox; one that is not there yet is empty.
pub(super) fn outbox(root: &Path) -> Outbox {
    match list(&Home::new(root).outbox()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outbox(Ok(Vec::new())),
        listed => Outbox(listed),
    }
}

impl Outbox {
    /// Holds each production against what the log released: nothing else is there, and the bundle is
    /// the one that was sealed. What was fetched meanwhile is gone.
    pub(super) fn check(&self, released: Option<&BTreeMap<ProductionId, Digest>>, report: &mut Report) {
        let waiting = match &self.0 {
            Ok(waiting) => waiting,
            Err(error) => return report.add(unreadable("outbox", error)),
        };
        let Some(released) = released else {
            let location = Location::file("outbox");
            return report.add(Finding::new(
                Code::NotReplayed,
                location,
                "what the log released",
                "not known",
            ));
        };
        for path in waiting {
            let name = name(path);
            let place = format!("outbox/{name}");
            let known = ProductionId::new(&name).ok().and_then(|id| Some((released.get(&id)?, id)));
            match known {
                Some((sealed, production)) => check_production(path, &place, &production, sealed, report),
                None => report.add(unknown(place)),
            }
        }
    }
}

fn check_production(
    dir: &Path,
    place: &str,
    production: &ProductionId,
    sealed: &Digest,
    report: &mut Report,
) {
    let files = match list(dir) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return report.add(unknown(place.to_owned()));
        }
        Err(error) => return report.add(unreadable(place, &error)),
    };
    let bundle = receipt::bundle_name(production);
    let others = [receipt::receipt_name(production), open_me::NAME.to_owned()];
    for file in files {
        let name = name(&file);
        // A link or a pipe of that name is not what was put there; it is not opened.
        let is_file = fs::symlink_metadata(&file).is_ok_and(|found| found.is_file());
        let inside = format!("{place}/{name}");
        if !is_file || (name != bundle && !others.contains(&name)) {
            report.add(unknown(inside));
        } else if name == bundle {
            match digest(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => report.add(unreadable(&inside, &error)),
                Ok(found) if found == *sealed => {}
                Ok(found) => {
                    report.add(Finding::new(Code::OutboxAltered, Location::file(inside), sealed, found));
                }
            }
        }
    }
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<_> = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn unknown(place: String) -> Finding {
    Finding::new(Code::OutboxUnknown, Location::file(place), "what the log released", "no release of it")
}

fn unreadable(place: &str, error: &io::Error) -> Finding {
    Finding::new(Code::FileUnreadable, Location::file(place), "what the log released", error)
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut sha256 = Sha256::new();
    io::copy(&mut File::open(path)?, &mut sha256)?;
    Ok(Digest::from_bytes(sha256.finalize().into()))
}
