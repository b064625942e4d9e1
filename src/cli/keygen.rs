//! `probity keygen`: keys for people and machines, private halves 0600.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use ed25519_dalek::SigningKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::model::dsse;
use crate::ops::{age, files, keys, machine};

/// Make a key.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  probity keygen person --out reviewer.pem\n  probity keygen age --out agency.age"
)]
pub(super) struct KeygenArgs {
    /// What the key is for.
    #[arg(value_enum)]
    kind: KeyKind,
    /// The private key's file; public halves are written beside it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeyKind {
    /// Ed25519, PEM: a reviewer's approvals; also log and disclosure keys.
    Person,
    /// Ed25519, OpenSSH: an agency's acknowledgements.
    Ack,
    /// age X25519: opens bundles (agency) or the log (auditor, at-rest).
    Age,
}

pub(super) fn run(args: &KeygenArgs, terminal: Terminal) -> Result<Exit, Failure> {
    match args.kind {
        KeyKind::Person => {
            let seed = Zeroizing::new(machine::random::<32>().map_err(Failure::with(Exit::Config))?);
            let key = SigningKey::from_bytes(&seed);
            keys::write_pair(&args.out, &key).map_err(Failure::with(Exit::CannotCreate))?;
            let public = keys::openssh_line(&key.verifying_key());
            let keyid = dsse::keyid(&key.verifying_key());
            // What roles.toml takes as `public`.
            let base64 = STANDARD.encode(key.verifying_key().as_bytes());
            let value = json!({"public": base64, "keyid": keyid, "openssh": public, "private": args.out});
            terminal.data(&value, &base64)?;
        }
        KeyKind::Ack => {
            let seed = Zeroizing::new(machine::random::<32>().map_err(Failure::with(Exit::Config))?);
            let key = SigningKey::from_bytes(&seed);
            keys::write_openssh_pair(&args.out, &key).map_err(Failure::with(Exit::CannotCreate))?;
            let public = keys::openssh_line(&key.verifying_key());
            terminal.data(&json!({"openssh": public, "private": args.out}), &public)?;
        }
        KeyKind::Age => {
            let identity = age::Identity::generate();
            let text = identity.to_key_file();
            files::write_new(&args.out, text.as_bytes(), files::PRIVATE_MODE)
                .map_err(Failure::with(Exit::CannotCreate))?;
            let recipient = identity.recipient();
            terminal.data(&json!({"recipient": recipient.to_string(), "private": args.out}), &recipient)?;
        }
    }
    terminal.say(format_args!(
        "the private key is in {}; keep it where only its owner reads",
        args.out.display()
    ));
    Ok(Exit::Clean)
}
