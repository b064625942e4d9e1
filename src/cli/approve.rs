//! `probity approve`: a person sees what the log has, and signs it or refuses.
//!
//! What is shown and signed is not what the daemon says but what the log proves: the entry
//! decided upon is checked by its receipt and its opening, under the trusted log key, before
//! anything is shown.

mod shown;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use super::trust::TrustArgs;
use crate::model::approval::{APPROVAL_TYPE, Act, Approval, Decision, Kind, Nonce};
use crate::model::digest::Digest;
use crate::model::dsse;
use crate::model::id::{IdError, PersonId, RequestId};
use crate::model::opening::{self, OpenedEntry, Opening};
use crate::ops::keys::{self, ExampleKeys};
use crate::ops::{files, machine};
use crate::tlog::Vkey;

/// Longest packet in bytes: an entry of the largest size with its opening, in base64.
const PACKET_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long an approval holds unless --hours says otherwise.
const HOURS_DEFAULT: u32 = 72;

/// Look at what is to be decided, as the log proves it, and sign.
///
/// REQ is a request that was reviewed or sealed; INDEX the entry that proposes an act
/// (`act.proposed`), upon a request or upon the log. The private key never leaves its file's
/// machine: on one without the socket, give the packet that `probity case REQ --packet FILE`
/// wrote, and carry the signed event back with --out.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(
    after_help = "Example:\n  probity approve REQ-2026-1 --key reviewer.pem --person p-reviewer-1 --role reviewer \\\n    \
    --log-key log.vkey --post\n  \
    probity approve --packet REQ-2026-1.packet --key senior.pem --person p-senior-1 \\\n    \
    --role senior_reviewer --log-key log.vkey --out approval.json\n  \
    probity approve 17 --key senior.pem --person p-senior-1 --role senior_reviewer --log-key log.vkey --post"
)]
pub(super) struct ApproveArgs {
    /// The request; a number is the entry that proposes an act.
    #[arg(value_name = "REQ|INDEX", required_unless_present_any = ["packet", "entry", "request", "clock"])]
    decided: Option<Decided>,
    /// The request, if its name is a number.
    #[arg(long, value_name = "REQ", conflicts_with_all = ["decided", "packet", "entry", "clock"])]
    request: Option<RequestId>,
    /// The entry that proposes an act, the same as INDEX alone.
    #[arg(long, value_name = "INDEX", conflicts_with_all = ["decided", "packet", "clock"])]
    entry: Option<u64>,
    /// What was carried from the daemon's machine, instead of asking its socket.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["decided", "clock"])]
    packet: Option<PathBuf>,
    /// Accept the daemon's clock, which stands ahead: see `probity clock`. With --out, which gets
    /// the signed approval itself.
    #[arg(long, conflicts_with_all = ["decided", "post"])]
    clock: bool,
    /// The person's private key (PEM, 0600).
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// The person's id in the roles in force.
    #[arg(long, value_name = "ID")]
    pub(super) person: PersonId,
    /// The role in which the person decides.
    #[arg(long, value_name = "ROLE", default_value = "reviewer")]
    pub(super) role: String,
    /// Refuse instead of approving.
    #[arg(long)]
    refuse: bool,
    /// How long the decision holds; the policy has a limit.
    #[arg(long, value_name = "N", default_value_t = HOURS_DEFAULT)]
    hours: u32,
    /// Do not ask before signing.
    #[arg(long)]
    yes: bool,
    /// Post the signed decision to the daemon.
    #[arg(long, required_unless_present = "out")]
    post: bool,
    /// Write the signed event to a file, to be posted elsewhere with `probity post`.
    #[arg(long, value_name = "FILE", conflicts_with = "post")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) trust: TrustArgs,
}

/// What is decided upon, as the command line names it.
#[derive(Clone, Debug)]
enum Decided {
    /// A request.
    Request(RequestId),
    /// An entry that proposes an act.
    Entry(u64),
}

impl FromStr for Decided {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self::Entry).or_else(|_| text.parse().map(Self::Request))
    }
}

/// What a reviewer's machine needs: the act, and the entry it is about with its proofs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Packet {
    v: u8,
    /// The act that can be decided.
    pub(super) act: Act,
    /// Receipt of the entry that is decided upon.
    receipt: String,
    /// Its opening.
    opening: Box<RawValue>,
}

pub(super) fn run(args: &ApproveArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let packet = args.packet(socket)?;
    let entry = packet.prove(args.trust.load()?.keys())?;
    shown::show(&packet.act, &entry, terminal)?;
    if !args.yes && !confirmed(args.refuse)? {
        let error = anyhow::anyhow!("nothing was signed");
        return Err(Failure::new(Exit::Refused, error).hint("type the word, or give --yes"));
    }
    let is_clock = packet.act.kind == Kind::Clock;
    let decision = if args.refuse { Decision::Refuse } else { Decision::Approve };
    let signing = Signing { key: &args.key, person: &args.person, role: &args.role, hours: args.hours };
    let event = signing.sign(Act { decision, ..packet.act })?;
    if let Some(out) = args.out.as_ref().filter(|_| is_clock) {
        return write_envelope(out, &event, terminal);
    }
    if let Some(out) = &args.out {
        files::write_new(out, event.to_string().as_bytes(), files::PUBLIC_MODE)
            .map_err(Failure::with(Exit::CannotCreate))?;
        terminal.say(format_args!("signed; post it with: probity post {}", out.display()));
        return Ok(Exit::Clean);
    }
    post(socket, &event, terminal)
}

impl ApproveArgs {
    /// What is to be decided, from the file or the socket.
    fn packet(&self, socket: &Path) -> Result<Packet, Failure> {
        let request = self.request.clone().map(Decided::Request);
        let decided = self.decided.clone().or(request).or(self.entry.map(Decided::Entry));
        match (&self.packet, decided) {
            (Some(path), _) => read_packet(path),
            (None, Some(Decided::Request(request))) => fetch(socket, request.as_str(), Kind::Disclose),
            (None, Some(Decided::Entry(index))) => fetch_proposal(socket, index),
            (None, None) if self.clock => fetch_clock(socket),
            (None, None) => {
                Err(Failure::new(Exit::Usage, anyhow::anyhow!("name a request, an entry or a packet")))
            }
        }
    }
}

/// Two approvals of the clock are posted in one event: each is written as it was signed.
fn write_envelope(out: &Path, event: &Value, terminal: Terminal) -> Result<Exit, Failure> {
    let envelope = event.pointer("/envelopes/0").and_then(Value::as_str).unwrap_or_default();
    let envelope = STANDARD.decode(envelope).map_err(Failure::with(Exit::Data))?;
    files::write_new(out, &envelope, files::PUBLIC_MODE).map_err(Failure::with(Exit::CannotCreate))?;
    terminal.say(format_args!(
        "signed; when two people have: probity clock accept --approval {} …",
        out.display()
    ));
    Ok(Exit::Clean)
}

/// Who signs, for how long.
pub(super) struct Signing<'a> {
    pub(super) key: &'a Path,
    pub(super) person: &'a PersonId,
    pub(super) role: &'a str,
    pub(super) hours: u32,
}

impl Signing<'_> {
    /// Signs an act and returns the event that records it.
    pub(super) fn sign(&self, act: Act) -> Result<Value, Failure> {
        // The daemon refuses example keys by its own configuration; here a demonstration signs too.
        let key = keys::load_private(self.key, ExampleKeys::Accepted).map_err(Failure::with(Exit::Config))?;
        let iat = machine::now().map_err(Failure::with(Exit::Config))?;
        let exp = iat.saturating_add_ms(i64::from(self.hours) * 3_600_000);
        let nonce = Nonce::from_bytes(machine::random().map_err(Failure::with(Exit::Config))?);
        let (kind, decision, context) = (act.kind, act.decision, act.context);
        let request = act.request.clone();
        let approval = Approval::new(act, self.role.to_owned(), iat, exp, nonce);
        let payload = approval.sign_ready().map_err(Failure::with(Exit::Data))?;
        let envelope = dsse::sign(APPROVAL_TYPE, &payload, &[&key]).to_json();
        let type_ = match decision {
            Decision::Approve => "approval.given",
            Decision::Refuse => "approval.refused",
            Decision::Revoke => "approval.revoked",
        };
        let approval_sha256 = Digest::of(&payload);
        Ok(json!({
            "v": 1,
            // The same signature posted twice is the same event.
            "id": format!("approval-{}", super::short(&approval_sha256)),
            "type": type_,
            "request": request,
            "actor": self.person,
            "data": {
                "kind": kind,
                "person": self.person,
                "keyid": dsse::keyid(&key.verifying_key()),
                "context": context,
                "approval_sha256": approval_sha256,
            },
            "envelopes": [STANDARD.encode(envelope)],
        }))
    }
}

impl Packet {
    /// Proves the entry that is decided upon; nothing is believed before.
    pub(super) fn prove(&self, keys: &[Vkey]) -> Result<OpenedEntry, Failure> {
        if keys.is_empty() {
            let error = anyhow::anyhow!("no trusted log key, so nothing here can be believed");
            return Err(
                Failure::new(Exit::Unchecked, error).hint("give the log's verifier key with --log-key FILE")
            );
        }
        let receipt =
            opening::verify_receipt(self.receipt.as_bytes(), keys).map_err(Failure::with(Exit::Findings))?;
        let opening = Opening::parse(self.opening.get().as_bytes()).map_err(Failure::with(Exit::Findings))?;
        let entry = opening::check(&receipt, &opening).map_err(Failure::with(Exit::Findings))?;
        let is_context = receipt.index() == self.act.context.index
            && *receipt.leaf() == self.act.context.leaf
            && *receipt.checkpoint().origin() == self.act.origin
            // The clock is accepted over the last entry, whatever that is about.
            && (self.act.kind == Kind::Clock || entry.event().request == self.act.request);
        if is_context {
            Ok(entry)
        } else {
            let error = anyhow::anyhow!("the daemon asks to sign for another entry than the one it proves");
            Err(Failure::new(Exit::Findings, error).hint("sign nothing, and tell an auditor"))
        }
    }
}

fn read_packet(path: &Path) -> Result<Packet, Failure> {
    let bytes = files::read(path, PACKET_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
    crate::model::json::parse(&bytes).map_err(Failure::with(Exit::Data))
}

fn confirmed(refuses: bool) -> Result<bool, Failure> {
    let mut stdin = std::io::stdin().lock();
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let word = if refuses { "refuse" } else { "approve" };
    write!(std::io::stderr(), "probity: type {word} to sign: ").map_err(Failure::with(Exit::Usage))?;
    let mut line = String::new();
    stdin.read_line(&mut line).map_err(Failure::with(Exit::Usage))?;
    Ok(line.trim() == word)
}

#[cfg(feature = "ledger")]
pub(super) use online::{fetch, post};
#[cfg(feature = "ledger")]
use online::{fetch_clock, fetch_proposal};

#[cfg(not(feature = "ledger"))]
use offline::{fetch, fetch_clock, fetch_proposal, post};

/// With the daemon's socket.
#[cfg(feature = "ledger")]
#[expect(clippy::indexing_slicing, reason = "serde_json answers null for a member that is not there")]
mod online {
    use super::{Act, Exit, Failure, Kind, Packet, Path, Terminal, Value, json};
    use crate::cli::client::Client;

    /// Asks the daemon what can be decided about a request, and for the proofs of it.
    pub(in crate::cli) fn fetch(socket: &Path, request: &str, preferred: Kind) -> Result<Packet, Failure> {
        let client = Client::new(socket)?;
        let case = client.json(&format!("/v1/requests/{request}"))?;
        let templates = case.get("sign").and_then(Value::as_array).cloned().unwrap_or_default();
        let wanted = json!(preferred);
        let template =
            templates.iter().find(|template| template.get("kind") == Some(&wanted)).or(templates.first());
        let Some(template) = template else {
            let error =
                anyhow::anyhow!("nothing about {request} can be approved now; it is {}", case["state"]);
            return Err(Failure::new(Exit::Refused, error).hint(format!("see: probity case {request}")));
        };
        packet(&client, template)
    }

    /// A template of the daemon's, with the proofs of the entry it names.
    fn packet(client: &Client, template: &Value) -> Result<Packet, Failure> {
        let mut template = template.clone();
        if let Some(members) = template.as_object_mut() {
            members.remove("v");
        }
        let act: Act = serde_json::from_value(template).map_err(Failure::with(Exit::Data))?;
        let entry = client.json(&format!("/v1/entries/{}", act.context.index.get()))?;
        let packet = json!({"v": 1, "act": act, "receipt": entry["receipt"], "opening": entry["opening"]});
        crate::model::json::parse(packet.to_string().as_bytes()).map_err(Failure::with(Exit::Data))
    }

    /// Asks for the last entry, over which a clock is accepted, and for its proofs.
    pub(super) fn fetch_clock(socket: &Path) -> Result<Packet, Failure> {
        let client = Client::new(socket)?;
        let clock = client.json("/v1/clock")?;
        if clock["sign"].is_null() {
            let refusal = clock["refusal"].as_str();
            let error = refusal.unwrap_or("the clock is not in doubt, so there is nothing to accept");
            let error = anyhow::anyhow!("{error}");
            return Err(Failure::new(Exit::Refused, error).hint("see: probity clock show"));
        }
        packet(&client, &clock["sign"])
    }

    /// Asks for an entry that proposes an act, and for its proofs.
    pub(super) fn fetch_proposal(socket: &Path, index: u64) -> Result<Packet, Failure> {
        let client = Client::new(socket)?;
        let entry = client.json(&format!("/v1/entries/{index}"))?;
        let event = &entry["event"];
        if event["type"] != "act.proposed" {
            let error = anyhow::anyhow!("entry {index} is {}, not act.proposed", event["type"]);
            return Err(Failure::new(Exit::Refused, error).hint("for a disclosure name the request instead"));
        }
        if let Some(request) = event["request"].as_str() {
            let case = client.json(&format!("/v1/requests/{request}"))?;
            let templates = case["sign"].as_array().into_iter().flatten();
            let mut of_it = templates.filter(|template| template["context"]["index"] == index);
            let Some(template) = of_it.next() else {
                let error = anyhow::anyhow!("entry {index} waits for no approval now");
                return Err(Failure::new(Exit::Refused, error).hint(format!("see: probity case {request}")));
            };
            return packet(&client, template);
        }
        let opening: Value = entry["opening"].clone();
        let act = json!({
            "origin": opening["origin"], "request": event["request"], "kind": event["data"]["kind"],
            "decision": "approve", "order": null, "scope_sha256": null, "recipients": [],
            "policy": event["policy"], "context": {"index": index, "leaf": entry["leaf"]},
        });
        let packet = json!({"v": 1, "act": act, "receipt": entry["receipt"], "opening": opening});
        crate::model::json::parse(packet.to_string().as_bytes()).map_err(Failure::with(Exit::Data))
    }

    /// Posts a signed event and prints its receipt.
    pub(in crate::cli) fn post(socket: &Path, event: &Value, terminal: Terminal) -> Result<Exit, Failure> {
        let answer = Client::new(socket)?.post("/v1/events", event)?;
        terminal.data(&answer, format_args!("recorded as entry {}", answer["index"]))?;
        Ok(Exit::Clean)
    }
}

/// Without: what a reviewer installs on a machine of their own.
#[cfg(not(feature = "ledger"))]
mod offline {
    use super::{Exit, Failure, Kind, Packet, Path, Terminal, Value};

    fn no_socket<T>() -> Result<T, Failure> {
        let error = anyhow::anyhow!("this build has no client for the daemon's socket");
        Err(Failure::new(Exit::Unavailable, error).hint("use --packet FILE and --out FILE"))
    }

    pub(super) fn fetch(_: &Path, _: &str, _: Kind) -> Result<Packet, Failure> {
        no_socket()
    }

    pub(super) fn fetch_proposal(_: &Path, _: u64) -> Result<Packet, Failure> {
        no_socket()
    }

    pub(super) fn fetch_clock(_: &Path) -> Result<Packet, Failure> {
        no_socket()
    }

    pub(super) fn post(_: &Path, _: &Value, _: Terminal) -> Result<Exit, Failure> {
        no_socket()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_entry_and_anything_else_a_request() {
        for (text, is_entry) in [("17", true), ("REQ-17", false), ("17a", false)] {
            assert_eq!(matches!(text.parse(), Ok(Decided::Entry(_))), is_entry, "{text}");
        }
        assert!("no id".parse::<Decided>().is_err());
    }
}
