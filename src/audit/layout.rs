//! Which files a set has.
//!
//! **In scope**: the names of every file of an export at a given size. **Out of scope**:
//! what is in them.

use std::collections::BTreeSet;

use super::run::{entries_name, payload_name};
use crate::tlog::TreeSize;
use crate::tlog::tile::{Run, Tile};

/// What an export is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SetKind {
    /// Everything an auditor checks: entries and sealed payloads too.
    Auditor,
    /// Hash tiles and signed heads: the number of entries and nothing else.
    Public,
}

/// Files of both sets beside the tiles.
pub const PUBLIC_FILES: &[&str] = &["checkpoint", "keyring", "log.vkey"];
/// Files of the auditor set alone, beside entries, payloads and `kek/`.
pub const AUDITOR_FILES: &[&str] = &["allowed_signers", "checkpoints", "disclosure.pub", "keys.jsonl"];

/// Which set these names are of: one file that only auditors get makes it theirs, so that
/// a set cannot become the smaller one by losing some of its files.
pub(super) fn kind(names: &BTreeSet<String>) -> SetKind {
    let is_auditors = |name: &String| {
        AUDITOR_FILES.contains(&name.as_str())
            || ["tile/entries/", "payload/", "kek/"].iter().any(|folder| name.starts_with(folder))
    };
    if names.iter().any(is_auditors) { SetKind::Auditor } else { SetKind::Public }
}

/// Every file of a set of `size` entries, with a KEK file for each epoch in `epochs`.
///
/// A home shows its rows under these names.
pub fn names(kind: SetKind, size: TreeSize, epochs: &BTreeSet<u32>) -> impl Iterator<Item = String> {
    let is_auditors = kind == SetKind::Auditor;
    let runs = move || Run::all(if is_auditors { size.get() } else { 0 });
    let auditors = AUDITOR_FILES.iter().filter(move |_| is_auditors);
    let keks = epochs.iter().filter(move |_| is_auditors).map(|epoch| kek_name(*epoch));
    let fixed = PUBLIC_FILES.iter().chain(auditors).map(|name| (*name).to_owned());
    let bundles = runs().map(entries_name).chain(runs().map(payload_name));
    fixed.chain(Tile::all(size).map(Tile::path)).chain(bundles).chain(keks.collect::<Vec<_>>())
}

/// `kek/<epoch>.age`
#[must_use]
pub fn kek_name(epoch: u32) -> String {
    format!("kek/{epoch}.age")
}
