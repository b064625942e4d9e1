//! `probity case`: the timeline of one request.

#![expect(clippy::indexing_slicing, reason = "serde_json answers null for a member that is not there")]

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::approve;
use super::client::Client;
use super::exit::{Exit, Failure};
use super::terminal::{Terminal, visible};
use crate::model::approval::Kind;
use crate::model::id::RequestId;
use crate::ops::files;

/// Show one request: its timeline, who decided what and why, what may come next and what is due.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  probity case REQ-2026-1\n  probity case REQ-2026-1 --packet REQ-2026-1.packet"
)]
pub(super) struct CaseArgs {
    /// The request.
    #[arg(value_name = "REQ")]
    request: RequestId,
    /// Write what a reviewer needs to decide on a machine without the socket.
    #[arg(long, value_name = "FILE")]
    packet: Option<PathBuf>,
}

pub(super) fn run(args: &CaseArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    if let Some(path) = &args.packet {
        let packet = approve::fetch(socket, args.request.as_str(), Kind::Disclose)?;
        let bytes = serde_json::to_vec(&packet).map_err(Failure::with(Exit::Data))?;
        files::write_new(path, &bytes, files::PRIVATE_MODE).map_err(Failure::with(Exit::CannotCreate))?;
        terminal.say(format_args!("decide with: probity approve --packet {} --out FILE", path.display()));
        return Ok(Exit::Clean);
    }
    let case = Client::new(socket)?.json(&format!("/v1/requests/{}", args.request))?;
    if terminal.is_json() {
        terminal.data(&case, "")?;
        return Ok(Exit::Clean);
    }
    print(&case, terminal)?;
    Ok(Exit::Clean)
}

fn print(case: &Value, terminal: Terminal) -> Result<(), Failure> {
    let rows = |member: &str| case.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
    terminal.line(format_args!("{}  {}", text(&case["id"]), text(&case["state"])))?;
    terminal.line(format_args!("agency      {}", text(&case["agency"])))?;
    terminal.line(format_args!("instrument  {}", text(&case["instrument"])))?;
    terminal.line(format_args!(
        "order       version {}, SHA-256 {}",
        case["order"]["version"],
        text(&case["order"]["sha256"])
    ))?;
    for entry in rows("timeline") {
        terminal.line(format_args!(
            "{:>10}  {}  {:<24} {:<14} {}",
            entry["index"],
            text(&entry["time"]),
            text(&entry["type"]),
            text(&entry["actor"]),
            text(&entry["says"])
        ))?;
    }
    decisions(case, terminal)?;
    terminal.line(format_args!("state       {}", text(&case["state"])))?;
    outlook(case, terminal)
}

/// What was refused and why, who signed what, what became of it.
fn decisions(case: &Value, terminal: Terminal) -> Result<(), Failure> {
    let rows = |member: &str| case.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
    for refused in case["review"].get("refused").and_then(Value::as_array).into_iter().flatten() {
        terminal.line(format_args!(
            "refused     item {} under {}: {}",
            refused["item"],
            text(&refused["rule"]),
            visible(&text(&refused["reason"]))
        ))?;
    }
    for reason in rows("rejected_for") {
        terminal.line(format_args!("rejected    {} ({})", text(&reason["code"]), text(&reason["rule"])))?;
    }
    for privilege in rows("privileges") {
        let privilege = text(&privilege);
        terminal
            .line(format_args!("privileged  {privilege}: a bundle goes to the agency's filter team alone"))?;
    }
    for approval in rows("approvals") {
        terminal.line(format_args!(
            "{:<11} {} by {} as {}, until {}",
            text(&approval["decision"]),
            text(&approval["kind"]),
            text(&approval["person"]),
            text(&approval["role"]),
            text(&approval["exp"])
        ))?;
    }
    for order in rows("secrecy") {
        let end = order["ended_at"].as_str().or_else(|| order["to"].as_str()).unwrap_or("no end");
        terminal.line(format_args!(
            "secrecy     {}  {} to {end}",
            text(&order["id"]),
            text(&order["from"])
        ))?;
        for gap in order["gaps"].as_array().into_iter().flatten() {
            let (from, to) = (text(&gap["from"]), text(&gap["to"]));
            terminal.line(format_args!(
                "gap         {}  {from} to {to}: notice was due (I-28)",
                text(&order["id"])
            ))?;
        }
    }
    for disclosure in rows("disclosures") {
        terminal.line(format_args!(
            "disclosure  {}  {}  {}",
            text(&disclosure["id"]),
            text(&disclosure["state"]),
            text(&disclosure["production"])
        ))?;
    }
    Ok(())
}

/// What may come next, what is due, what can be signed.
fn outlook(case: &Value, terminal: Terminal) -> Result<(), Failure> {
    let rows = |member: &str| case.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
    let next: Vec<_> = rows("next").iter().map(text).collect();
    terminal.line(format_args!(
        "next        {}",
        if next.is_empty() { "nothing".to_owned() } else { next.join(", ") }
    ))?;
    for deadline in rows("deadlines") {
        terminal.line(format_args!(
            "due         {}  {} under {}, set by entry {}",
            text(&deadline["at"]),
            text(&deadline["deadline"]),
            text(&deadline["rule"]),
            deadline["set_by"]
        ))?;
    }
    for template in rows("sign") {
        terminal.line(format_args!(
            "sign        {} on entry {}",
            text(&template["kind"]),
            template["context"]["index"]
        ))?;
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}
