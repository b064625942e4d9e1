//! `probity open`, `inspect` and `ack`: what an agency does with a bundle.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use super::trust::TrustArgs;
use crate::bundle::ack;
use crate::bundle::extract::ExtractError;
use crate::bundle::inspect;
use crate::bundle::open::{self, OpenError, Opened, Trust};
use crate::bundle::sshsig;
use crate::ops::age::{self, AgeError, Identities};
use crate::ops::{files, machine};

/// Longest receipt file, acknowledgement or signers file in bytes.
const OBJECT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Decrypt a bundle, check everything, and only then show it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  probity open PRD-2026-7QK4M2XA.tar.age --identity agency.age --out PRD-2026-7QK4M2XA \\\n    \
    --receipt PRD-2026-7QK4M2XA.receipt.json --log-key log.vkey --ack PRD-2026-7QK4M2XA.ack.json\n\n\
    Exit codes: 0 everything checked, 1 refused and nothing left on disk, 2 unpacked but something could not be checked, \
    73 the directory is there already or cannot be written."
)]
pub(super) struct OpenArgs {
    /// The bundle.
    #[arg(value_name = "FILE.tar.age")]
    bundle: PathBuf,
    /// The agency's age identity.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// The receipt file that came with it.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// The directory to make; it must not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// The provider's signing keys, OpenSSH lines as `allowed_signers` has them.
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
    /// Write an acknowledgement here, to be signed with `probity ack` or `ssh-keygen -Y sign`.
    #[arg(long, value_name = "FILE")]
    ack: Option<PathBuf>,
}

/// Look at a bundle without a key: how it is wrapped, how long it is, its digests.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity inspect PRD-2026-7QK4M2XA.tar.age")]
pub(super) struct InspectArgs {
    /// The bundle.
    #[arg(value_name = "FILE.tar.age")]
    bundle: PathBuf,
}

/// Sign an acknowledgement of delivery.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity ack PRD-2026-7QK4M2XA.ack.json --key agency_ed25519\n  \
    ssh-keygen -Y sign -f agency_ed25519 -n probity-ack PRD-2026-7QK4M2XA.ack.json   # does the same")]
pub(super) struct AckArgs {
    /// The acknowledgement that `probity open --ack` wrote.
    #[arg(value_name = "FILE.ack.json")]
    ack: PathBuf,
    /// The agency's acknowledgement key: OpenSSH format, Ed25519, without a passphrase.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(super) fn run(args: &OpenArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let identities = load_identities(&args.identity)?;
    let read = |path: &PathBuf| files::read(path, OBJECT_BYTES_MAX).map_err(Failure::with(Exit::NoInput));
    let receipt = args.receipt.as_ref().map(read).transpose()?;
    let trust = Trust {
        log: args.trust.load()?.keys().to_vec(),
        disclosure: args.signers.as_deref().map(read_signers).transpose()?.unwrap_or_default(),
    };
    let bundle = File::open(&args.bundle).map_err(Failure::with(Exit::NoInput))?;
    let opened = match open::open(bundle, &identities, receipt.as_deref(), &trust, &args.out) {
        Ok(opened) => opened,
        Err(OpenError::Refused { faults }) => {
            for fault in &faults {
                terminal.line(chain(fault))?;
            }
            let error =
                anyhow::anyhow!("{} is refused; nothing of it was left on disk", args.bundle.display());
            return Err(
                Failure::new(Exit::Findings, error).hint("ask the provider; do not use what it may contain")
            );
        }
        Err(OpenError::Extract(error)) => return Err(not_unpacked(error)),
    };
    if let Some(path) = &args.ack {
        let at = machine::now().map_err(Failure::with(Exit::Config))?;
        files::write_new(path, &ack::opened(&opened, at), files::PUBLIC_MODE)
            .map_err(Failure::with(Exit::CannotCreate))?;
    }
    conclude(&opened, &args.out, terminal)
}

/// Nothing was unpacked: because of the bundle, because of the key, or because of this machine.
fn not_unpacked(error: ExtractError) -> Failure {
    match &error {
        ExtractError::Exists { .. } | ExtractError::Write { .. } => Failure::new(Exit::CannotCreate, error),
        ExtractError::Age(AgeError::NoMatchingIdentity) => Failure::new(Exit::Findings, error)
            .hint("give the identity of the recipient that the provider has of you with --identity"),
        _ => Failure::new(Exit::Findings, error).hint("ask the provider for the bundle again"),
    }
}

fn conclude(opened: &Opened, out: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let unproven: Vec<String> = opened.unproven.iter().map(ToString::to_string).collect();
    let value = json!({
        "production": opened.production, "origin": opened.origin, "dir": out, "files": opened.files,
        "payload_bytes": opened.payload_bytes, "index": opened.index, "unproven": unproven,
        "tagmanifest_sha256": opened.tagmanifest_sha256, "signer": sshsig::fingerprint(&opened.signer),
    });
    terminal.data(&value, out.display())?;
    terminal.say(format_args!(
        "{}: {} files, {} bytes, every digest right",
        opened.production, opened.files, opened.payload_bytes
    ));
    if let Some(index) = opened.index {
        terminal.say(format_args!(
            "the log of {} names this very file in entry {}",
            opened.origin.as_str(),
            index.get()
        ));
    }
    for line in &unproven {
        terminal.say(line);
    }
    Ok(if unproven.is_empty() { Exit::Clean } else { Exit::Unchecked })
}

pub(super) fn inspect(args: &InspectArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let bundle = File::open(&args.bundle).map_err(Failure::with(Exit::NoInput))?;
    let seen = inspect::inspect(bundle).map_err(Failure::with(Exit::Findings))?;
    let stanzas: Vec<String> = seen.stanzas.iter().map(|stanza| stanza.tag.clone()).collect();
    let value = json!({
        "stanzas": stanzas, "header_bytes": seen.header_bytes, "file_bytes": seen.sealed.file_bytes,
        "file_sha256": seen.sealed.file_sha256, "payload_sha256": seen.sealed.payload_sha256,
    });
    let text = format!(
        "recipients      {}\nheader          {} bytes\nfile            {} bytes\nfile_sha256     {}\npayload_sha256  {}",
        stanzas.join(", "),
        seen.header_bytes,
        seen.sealed.file_bytes,
        seen.sealed.file_sha256,
        seen.sealed.payload_sha256
    );
    terminal.data(&value, text)?;
    Ok(Exit::Clean)
}

pub(super) fn ack(args: &AckArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let bytes = files::read(&args.ack, OBJECT_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
    files::check_private(&args.key).map_err(Failure::with(Exit::Config))?;
    let pem = zeroize::Zeroizing::new(
        files::read_text(&args.key, 64 * 1024).map_err(Failure::with(Exit::NoInput))?,
    );
    let key = sshsig::parse_private_key(&pem).map_err(Failure::with(Exit::Config))?;
    let mut path = args.ack.clone().into_os_string();
    path.push(".sig");
    let path = PathBuf::from(path);
    files::write_new(&path, ack::sign(&bytes, &key).as_bytes(), files::PUBLIC_MODE)
        .map_err(Failure::with(Exit::CannotCreate))?;
    terminal.data(&json!({"signature": path}), path.display())?;
    terminal.say("send both files back to the provider");
    Ok(Exit::Clean)
}

pub(super) fn load_identities(path: &Path) -> Result<Identities, Failure> {
    files::check_private(path).map_err(Failure::with(Exit::Config))?;
    let bytes_max = u64::try_from(age::KEY_FILE_BYTES_MAX).map_err(Failure::with(Exit::Config))?;
    let text = zeroize::Zeroizing::new(files::read(path, bytes_max).map_err(Failure::with(Exit::NoInput))?);
    Identities::parse_key_file(&text).map_err(Failure::with(Exit::Config))
}

/// Takes the key of each `allowed_signers` line, or bare `ssh-ed25519 AAAA…` lines.
fn read_signers(path: &Path) -> Result<Vec<ed25519_dalek::VerifyingKey>, Failure> {
    let text = files::read_text(path, OBJECT_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|line| {
        sshsig::parse_public_key(line.find("ssh-ed25519").map_or(line, |at| line.split_at(at).1))
    });
    keys.collect::<Result<_, _>>().map_err(Failure::with(Exit::Data))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
