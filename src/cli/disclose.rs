//! `probity disclose` and `probity release`: from an approved request to a file in the outbox.

#![expect(clippy::indexing_slicing, reason = "serde_json answers null for a member that is not there")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::approve::{self, Signing};
use super::client::Client;
use super::exit::{Exit, Failure};
use super::terminal::{Terminal, Unit};
use super::trust::TrustArgs;
use crate::model::approval::Kind;
use crate::model::id::{DisclosureId, PersonId, RequestId};
use crate::ops::machine;

/// How often progress is asked for.
const POLL: Duration = Duration::from_millis(100);
/// Longest wait of one call; the daemon goes on, and the command can be repeated.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Collect, minimise, pack and seal what was approved.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity disclose REQ-2026-1 --person p-operator-1")]
pub(super) struct DiscloseArgs {
    /// The request, with its approvals.
    #[arg(value_name = "REQ")]
    request: RequestId,
    /// Who collects; never one of the approvers.
    #[arg(long, value_name = "ID")]
    person: PersonId,
}

/// Let a sealed bundle out, with a senior reviewer's signature.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  probity release DIS-7QK4M2XA --key senior.pem --person p-senior-1 --log-key log.vkey"
)]
pub(super) struct ReleaseArgs {
    /// The disclosure.
    #[arg(value_name = "DISCLOSURE")]
    disclosure: DisclosureId,
    /// The senior reviewer's private key (PEM, 0600).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The senior reviewer's id.
    #[arg(long, value_name = "ID")]
    person: PersonId,
    #[command(flatten)]
    trust: TrustArgs,
}

pub(super) fn run(args: &DiscloseArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let client = Client::new(socket)?;
    let id = hex::encode(machine::random::<8>().map_err(Failure::with(Exit::Config))?);
    let body = json!({"id": format!("disclose-{id}"), "request": args.request, "actor": args.person});
    let opened = client.post("/v1/disclosures", &body)?;
    let disclosure = opened.get("disclosure").and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = wait(&client, &disclosure, terminal)?;
    for suspect in status.get("suspects").and_then(Value::as_array).into_iter().flatten() {
        let text = |member: &str| suspect[member].as_str().unwrap_or_default().to_owned();
        terminal.say(format_args!(
            "withheld: an item of {} looks like key material; if it is none, two people may clear it: \
             scan.cleared with item_sha256 {}",
            text("source"),
            text("item_sha256")
        ));
    }
    if let Some(problem) = status.get("problem").filter(|problem| !problem.is_null()) {
        return Err(super::client::ClientError::from_problem(422, problem).into());
    }
    terminal.data(&status, &disclosure)?;
    terminal.say(format_args!(
        "sealed as {}; release it with: probity release {disclosure} --key FILE",
        status["production"]
    ));
    Ok(Exit::Clean)
}

/// Follows a disclosure until it is sealed or failed.
pub(super) fn wait(client: &Client, disclosure: &str, terminal: Terminal) -> Result<Value, Failure> {
    let bar = terminal.progress("collecting", 0, Unit::Bytes);
    let began = Instant::now();
    loop {
        let status = client.json(&format!("/v1/disclosures/{disclosure}"))?;
        let number = |member: &str| status["progress"].get(member).and_then(Value::as_u64).unwrap_or(0);
        bar.set_length(number("total_bytes"));
        bar.set_position(number("done_bytes"));
        if matches!(status["state"].as_str(), Some("sealed" | "released" | "failed")) {
            bar.finish_and_clear();
            return Ok(status);
        }
        if began.elapsed() > WAIT_MAX {
            let error = anyhow::anyhow!("{disclosure} is not sealed yet; the daemon goes on");
            return Err(Failure::new(Exit::Busy, error));
        }
        std::thread::sleep(POLL);
    }
}

pub(super) fn release(args: &ReleaseArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let client = Client::new(socket)?;
    let status = client.json(&format!("/v1/disclosures/{}", args.disclosure))?;
    let request = status.get("request").and_then(Value::as_str).unwrap_or_default().to_owned();
    let packet = approve::fetch(socket, &request, Kind::Release)?;
    if packet.act.kind != Kind::Release {
        let error = anyhow::anyhow!("{} is {}, not sealed", args.disclosure, status["state"]);
        return Err(Failure::new(Exit::Refused, error).hint(format!("see: probity case {request}")));
    }
    packet.prove(args.trust.load()?.keys())?;
    let signing = Signing { key: &args.key, person: &args.person, role: "senior_reviewer", hours: 24 };
    let event = signing.sign(packet.act)?;
    let envelope = event["envelopes"][0].as_str().unwrap_or_default();
    debug_assert!(STANDARD.decode(envelope).is_ok(), "sign prints base64");
    let body = json!({"id": event["id"], "actor": args.person, "envelope": envelope});
    let answer = client.post(&format!("/v1/disclosures/{}/release", args.disclosure), &body)?;
    terminal.data(&answer, answer["production"].as_str().unwrap_or_default())?;
    terminal.say("released to the outbox");
    Ok(Exit::Clean)
}
