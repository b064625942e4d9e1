//! Whose signatures count: `--log-key FILE`, or `$XDG_CONFIG_HOME/probity/trust/*.vkey`.
//!
//! Keys inside an audited object are never taken; an object cannot vouch for itself.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Failure};
use crate::audit::Trust;
use crate::ops::files;
use crate::tlog::Vkey;

/// Longest file of verifier keys in bytes.
const VKEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Trust, as every checking command takes it.
#[derive(Args, Debug, Default)]
pub(super) struct TrustArgs {
    /// A file with the log's verifier key, one a line; may be given several times.
    #[arg(long = "log-key", value_name = "FILE")]
    pub(super) log_keys: Vec<PathBuf>,
}

impl TrustArgs {
    /// The keys of the files, or those of the trust directory.
    pub(super) fn load(&self) -> Result<Trust, Failure> {
        let paths = if self.log_keys.is_empty() { trusted_files() } else { self.log_keys.clone() };
        let mut keys = Vec::new();
        for path in &paths {
            keys.extend(read(path)?);
        }
        Ok(Trust::new(keys))
    }
}

fn trusted_files() -> Vec<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let entries = config.and_then(|dir| std::fs::read_dir(dir.join("probity/trust")).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "vkey")).collect();
    paths.sort();
    paths
}

/// Reads verifier keys, one a line; `#` begins a comment.
pub(super) fn read(path: &Path) -> Result<Vec<Vkey>, Failure> {
    let text = files::read_text(path, VKEY_FILE_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(str::parse::<Vkey>).collect::<Result<Vec<_>, _>>();
    keys.map_err(|error| Failure::new(Exit::Data, error).hint(format!("look at {}", path.display())))
}
