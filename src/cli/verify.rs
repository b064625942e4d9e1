//! `probity verify`: integrity with public keys alone; with an auditor's identity, every
//! rule of the practice, replayed.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::terminal::{Terminal, Unit};
use super::trust::TrustArgs;
use crate::audit::receipt::Named;
use crate::audit::replay::{Unseal, Unsealed};
use crate::audit::{self, GivenHead, Outcome, Report, Request, SetKind, Source, Summary, Trust};
use crate::ops::age::{self, AgeError, Identities};
use crate::ops::export_dir::ExportDir;
use crate::ops::files;

/// Longest receipt, opening or checkpoint file in bytes.
const OBJECT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Longest plaintext of a KEK file in bytes: four short lines.
const KEK_BYTES_MAX: usize = 1024;

/// Check an export, a live home, or a receipt.
///
/// Trust comes from --log-key or from `$XDG_CONFIG_HOME/probity/trust/*.vkey`, never from the
/// object itself: without any, the most it can be is consistent with itself (exit 2).
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity verify export/ --log-key log.vkey\n  \
    probity verify export/ --log-key log.vkey --identity auditor.age\n  \
    probity verify 41.tlog-proof --opening 41.json --log-key log.vkey\n\n\
    Exit codes: 0 clean, 1 findings, 2 something could not be checked or the signer is not trusted.")]
pub(super) struct VerifyArgs {
    /// An export directory, a home, or a receipt; without it the home.
    #[arg(value_name = "TARGET")]
    target: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// An auditor's age identity: opens every payload and replays every rule.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The opening of a receipt's entry.
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// A checkpoint seen earlier: it must be a prefix of this log.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Receipts or checkpoints that others hold: each must be a prefix of this log.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    against: Vec<PathBuf>,
}

pub(super) fn run(args: &VerifyArgs, root: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let target = args.target.as_deref().unwrap_or(root);
    let trust = args.trust.load()?;
    if target.is_file() {
        return verify_receipt(args, target, &trust, terminal);
    }
    if !target.is_dir() {
        let error = anyhow::anyhow!("{} is neither a directory nor a file", target.display());
        return Err(Failure::new(Exit::NoInput, error));
    }
    if target.join(crate::ops::config::CONFIG_FILE).exists() {
        return verify_home(args, target, trust, terminal);
    }
    let (report, summary) = verify_export(&Checks::new(args, target, trust)?, terminal)?;
    conclude(&report, summary.as_ref(), terminal)
}

/// What to check an export for.
pub(super) struct Checks {
    dir: PathBuf,
    trust: Trust,
    given: Vec<GivenHead>,
    identities: Option<Identities>,
}

impl Checks {
    fn new(args: &VerifyArgs, dir: &Path, trust: Trust) -> Result<Self, Failure> {
        let given = args.since.iter().chain(&args.against).map(|path| {
            let bytes = files::read(path, OBJECT_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
            Ok(GivenHead { name: path.display().to_string(), bytes })
        });
        let given = given.collect::<Result<_, Failure>>()?;
        let identities = args.identity.as_deref().map(super::open::load_identities).transpose()?;
        Ok(Self { dir: dir.to_owned(), trust, given, identities })
    }

    /// An export under one trusted key, replayed if there is an identity.
    #[cfg(feature = "ledger")]
    pub(super) fn of(dir: &Path, log_key: &Path, identity: Option<&Path>) -> Result<Self, Failure> {
        let trust = Trust::new(super::trust::read(log_key)?);
        let identities = identity.map(super::open::load_identities).transpose()?;
        Ok(Self { dir: dir.to_owned(), trust, given: Vec::new(), identities })
    }
}

/// A home is read as an export of it, through a view that writes nothing: one path of
/// verification, and none can skip a step.
#[cfg(feature = "ledger")]
fn verify_home(args: &VerifyArgs, home: &Path, trust: Trust, terminal: Terminal) -> Result<Exit, Failure> {
    let scratch = tempfile::tempdir().map_err(Failure::with(Exit::CannotCreate))?;
    let dir = scratch.path().join("export");
    // A home whose database cannot be read is a finding, not a missing argument.
    super::export::export(home, &dir, crate::ledger::ExportSet::Auditor)
        .map_err(|failure| Failure { exit: Exit::Findings, ..failure })?;
    let (report, summary) = verify_export(&Checks::new(args, &dir, trust)?, terminal)?;
    conclude(&report, summary.as_ref(), terminal)
}

#[cfg(not(feature = "ledger"))]
fn verify_home(_: &VerifyArgs, home: &Path, _: Trust, _: Terminal) -> Result<Exit, Failure> {
    let error = anyhow::anyhow!("{} is a home, and this build has no database", home.display());
    Err(Failure::new(Exit::Unchecked, error).hint("export it first, where it is: probity export DIR"))
}

pub(super) fn verify_export(
    checks: &Checks,
    terminal: Terminal,
) -> Result<(Report, Option<Summary>), Failure> {
    let listed = ExportDir::list(&checks.dir).map_err(Failure::with(Exit::Findings))?;
    let bar = terminal.progress("verifying", 0, Unit::Entries);
    let progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let open = |name: &str| listed.open(name);
    let request = Request {
        source: Source { names: listed.names().clone(), open: &open },
        trust: checks.trust.clone(),
        given: checks.given.clone(),
        threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        progress: &progress,
    };
    let integrity = audit::verify(&request);
    let summary = integrity.summary.clone();
    let report = match &checks.identities {
        None => integrity.report,
        Some(identities) => {
            let unseal = |file: &[u8]| unseal(identities, file);
            let unseal: &Unseal<'_> = &unseal;
            audit::replay::replay(&request, integrity, unseal).into_report()
        }
    };
    bar.finish_and_clear();
    Ok((report, summary))
}

fn unseal(identities: &Identities, file: &[u8]) -> Unsealed {
    match age::decrypt_bytes(file, identities, KEK_BYTES_MAX) {
        Ok(plaintext) => Unsealed::Opened(plaintext),
        Err(AgeError::NoMatchingIdentity) => Unsealed::NotARecipient,
        Err(error) => Unsealed::Damaged(error.to_string()),
    }
}

fn verify_receipt(
    args: &VerifyArgs,
    path: &Path,
    trust: &Trust,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let read = |path: &Path| files::read(path, OBJECT_BYTES_MAX).map_err(Failure::with(Exit::NoInput));
    let bytes = read(path)?;
    let opening = args.opening.as_deref();
    let opening =
        opening.map(|path| read(path).map(|bytes| (path.display().to_string(), bytes))).transpose()?;
    let name = path.display().to_string();
    let audit = audit::verify_receipt(
        Named { name: &name, bytes: &bytes },
        opening.as_ref().map(|(name, bytes)| Named { name, bytes }),
        trust,
    );
    if let Some(receipt) = &audit.receipt {
        let head = receipt.checkpoint();
        terminal.say(format_args!(
            "entry {} of {} stands under the root of size {}",
            receipt.index().get(),
            head.origin().as_str(),
            head.size().get()
        ));
    }
    if let Some(opened) = &audit.opened {
        terminal.line(String::from_utf8_lossy(opened.event_bytes()))?;
    }
    conclude(&audit.report, None, terminal)
}

/// Prints findings and the summary, and says how it ended.
fn conclude(report: &Report, summary: Option<&Summary>, terminal: Terminal) -> Result<Exit, Failure> {
    let outcome = report.outcome();
    if terminal.is_json() {
        let value = json!({
            "outcome": outcome, "findings": report.findings(), "more": report.more(), "summary": summary,
        });
        terminal.data(&value, "")?;
    } else {
        for finding in report.findings() {
            terminal.line(finding)?;
            let hint = finding.code.hint();
            if !hint.is_empty() {
                terminal.say(format_args!("hint: {hint}"));
            }
        }
        if report.more() > 0 {
            terminal.say(format_args!("and {} more", report.more()));
        }
        if let Some(summary) = summary {
            let seen = match summary.set {
                SetKind::Auditor => "",
                SetKind::Public => "; public set: hashes only, no entry and no payload was looked at",
            };
            terminal.line(format_args!(
                "{}: {} entries, root {}, {} signed heads{seen}",
                summary.origin.as_str(),
                summary.size.get(),
                summary.root,
                summary.heads
            ))?;
        }
    }
    terminal.say(match outcome {
        Outcome::Clean => "clean",
        Outcome::Findings => "NOT clean: see the findings above",
        Outcome::Doubts => "not everything could be checked, or the signer is not trusted",
    });
    Ok(exit(report))
}

/// How a check ends: findings win over doubts.
pub(super) fn exit(report: &Report) -> Exit {
    match report.outcome() {
        Outcome::Clean => Exit::Clean,
        Outcome::Findings => Exit::Findings,
        Outcome::Doubts => Exit::Unchecked,
    }
}
