//! `probity export`: the log as static files, for an auditor or the public.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::ledger::{ExportError, ExportSet, export_view};
use crate::ops::config::{Config, Home};
use crate::ops::files;
use crate::store::SecondaryView;
use crate::tlog::Vkey;

/// Write the log as static C2SP files; the daemon may be running.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity export --home /var/lib/probity audit-2026-11\n  \
    probity export --public public-2026-11")]
pub(super) struct ExportArgs {
    /// The directory to make; it must not exist.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Hash tiles only: they reveal the number of entries and nothing else.
    #[arg(long)]
    public: bool,
}

pub(super) fn run(args: &ExportArgs, root: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    Config::load(root).map_err(Failure::with(Exit::Config))?;
    let set = if args.public { ExportSet::Public } else { ExportSet::Auditor };
    let (size, files) = export(root, &args.dir, set)?;
    terminal.data(&json!({"dir": args.dir, "size": size, "files": files}), args.dir.display())?;
    terminal.say(format_args!("{size} entries in {files} files"));
    Ok(Exit::Clean)
}

/// Exports a home through a view that writes nothing to it.
pub(super) fn export(root: &Path, dir: &Path, set: ExportSet) -> Result<(u64, u64), Failure> {
    let home = Home::new(root);
    let text = files::read_text(&home.log_vkey(), 4096).map_err(Failure::with(Exit::NoInput))?;
    let vkey: Vkey = text.trim_end().parse().map_err(Failure::with(Exit::Config))?;
    let view = SecondaryView::open(&home.database()).map_err(Failure::with(Exit::NoInput))?;
    let exported = export_view(&view, &vkey, &home.kek(), set, dir).map_err(|error| {
        let exit = match &error {
            ExportError::Exists { .. } => Exit::CannotCreate,
            _ => Exit::Findings,
        };
        Failure::new(exit, error)
    })?;
    Ok((exported.size.get(), exported.files))
}
