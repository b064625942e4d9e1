//! `probity verify`: integrity with public keys alone; with an auditor's identity, every
//! rule of the practice, replayed.

#[cfg(feature = "ledger")]
mod home;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::terminal::{Terminal, Unit};
use super::trust::TrustArgs;
use crate::audit::receipt::Named;
use crate::audit::replay::{Unseal, Unsealed};
use crate::audit::{self, GivenHead, Outcome, Report, Request, SetKind, Severity, Source, Summary, Trust};
use crate::model::digest::Digest;
use crate::model::id::ProductionId;
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

impl VerifyArgs {
    /// A flag that the target has no use for is an error: somebody believes that it was looked at.
    fn check_flags(&self, is_receipt: bool) -> Result<(), Failure> {
        let useless = if is_receipt {
            let others = [
                ("--identity", self.identity.is_some()),
                ("--since", self.since.is_some()),
                ("--against", !self.against.is_empty()),
            ];
            others.into_iter().find(|(_, is_given)| *is_given).map(|(flag, _)| (flag, "a receipt"))
        } else {
            self.opening.as_ref().map(|_| ("--opening", "a whole log"))
        };
        let Some((flag, target)) = useless else { return Ok(()) };
        let error = anyhow::anyhow!("{flag} does not go with {target}; nothing was checked");
        Err(Failure::new(Exit::Usage, error).hint("probity verify --help says what goes with what"))
    }
}

pub(super) fn run(args: &VerifyArgs, root: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let target = args.target.as_deref().unwrap_or(root);
    args.check_flags(target.is_file())?;
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
    let verified = verify_export(&Checks::new(args, target, trust)?, terminal)?;
    conclude(&verified.report, verified.summary.as_ref(), terminal)
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
/// verification, and none can skip a step. Its anchor is a head like another, given.
#[cfg(feature = "ledger")]
fn verify_home(args: &VerifyArgs, root: &Path, trust: Trust, terminal: Terminal) -> Result<Exit, Failure> {
    // Both before the log is: a daemon that runs may be ahead of them, never behind.
    let anchor = home::anchor(root);
    let waiting = home::outbox(root);
    let scratch = tempfile::tempdir().map_err(Failure::with(Exit::CannotCreate))?;
    let dir = scratch.path().join("export");
    // A home whose database cannot be read is a finding, not a missing argument.
    super::export::export(root, &dir, crate::ledger::ExportSet::Auditor)
        .map_err(|failure| Failure { exit: Exit::Findings, ..failure })?;
    let mut checks = Checks::new(args, &dir, trust)?;
    let missing = anchor.map(|head| checks.given.push(head)).err();
    let mut verified = verify_export(&checks, terminal)?;
    missing.into_iter().for_each(|finding| verified.report.add(*finding));
    if checks.identities.is_some() {
        waiting.check(verified.released.as_ref(), &mut verified.report);
    }
    conclude(&verified.report, verified.summary.as_ref(), terminal)
}

#[cfg(not(feature = "ledger"))]
fn verify_home(_: &VerifyArgs, home: &Path, _: Trust, _: Terminal) -> Result<Exit, Failure> {
    let error = anyhow::anyhow!("{} is a home, and this build has no database", home.display());
    Err(Failure::new(Exit::Unchecked, error).hint("export it first, where it is: probity export DIR"))
}

/// What a check came to.
pub(super) struct Verified {
    pub(super) report: Report,
    pub(super) summary: Option<Summary>,
    /// What was released, where an identity opened every entry.
    #[cfg_attr(
        not(feature = "ledger"),
        expect(dead_code, reason = "only a home has more to hold against it")
    )]
    released: Option<BTreeMap<ProductionId, Digest>>,
}

pub(super) fn verify_export(checks: &Checks, terminal: Terminal) -> Result<Verified, Failure> {
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
    let (report, released) = match &checks.identities {
        None => (integrity.report, None),
        Some(identities) => {
            let unseal = |file: &[u8]| unseal(identities, file);
            let unseal: &Unseal<'_> = &unseal;
            let mut replayed = audit::replay::replay(&request, integrity, unseal);
            let released = replayed.released.take();
            (replayed.into_report(), released)
        }
    };
    bar.finish_and_clear();
    Ok(Verified { report, summary, released })
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
    match outcome {
        Outcome::Clean => terminal.say("clean"),
        Outcome::Findings => terminal.say(format_args!("NOT clean: {}", counts(report))),
        Outcome::Doubts => terminal.say("not everything could be checked, or the signer is not trusted"),
    }
    Ok(exit(report))
}

/// How many of each severity, the gravest first.
fn counts(report: &Report) -> String {
    let counts = Severity::ALL.map(|severity| (report.count(severity), severity.as_str()));
    let named = counts.into_iter().filter(|(count, _)| *count > 0);
    named.map(|(count, severity)| format!("{count} {severity}")).collect::<Vec<_>>().join(", ")
}

/// How a check ends: findings win over doubts.
pub(super) fn exit(report: &Report) -> Exit {
    match report.outcome() {
        Outcome::Clean => Exit::Clean,
        Outcome::Findings => Exit::Findings,
        Outcome::Doubts => Exit::Unchecked,
    }
}
