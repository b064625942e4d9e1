//! `probity post`: events from a file or standard input, receipts to standard output.

#![expect(clippy::indexing_slicing, reason = "serde_json answers null for a member that is not there")]

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::client::{Client, ClientError};
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::ops::files;

/// Most bytes of input a call sends; larger populations are split by their maker.
const INPUT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Post one event, or a stream of them, and print the receipts.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity post event.json\n  cat events.ndjson | probity post -")]
pub(super) struct PostArgs {
    /// A file with one JSON event, or (ending in .ndjson, or with --lines) one event a line; - reads standard input.
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// One event a line (NDJSON), whatever the file's name says.
    #[arg(long)]
    lines: bool,
}

pub(super) fn run(args: &PostArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let bytes = read(&args.input)?;
    let client = Client::new(socket)?;
    let is_lines = args.lines || args.input.extension().is_some_and(|e| e == "ndjson") || holds_lines(&bytes);
    if is_lines { post_lines(&client, bytes, terminal) } else { post_one(&client, bytes, terminal) }
}

fn read(input: &Path) -> Result<Vec<u8>, Failure> {
    if input != Path::new("-") {
        return files::read(input, INPUT_BYTES_MAX).map_err(Failure::with(Exit::NoInput));
    }
    let mut bytes = Vec::new();
    std::io::stdin().take(INPUT_BYTES_MAX).read_to_end(&mut bytes).map_err(Failure::with(Exit::NoInput))?;
    Ok(bytes)
}

fn post_one(client: &Client, bytes: Vec<u8>, terminal: Terminal) -> Result<Exit, Failure> {
    let result = client.post_raw("/v1/events", "application/json", bytes)?.json()?;
    let receipt = result.get("receipt").and_then(Value::as_str).unwrap_or_default();
    terminal.data(&result, receipt.trim_end())?;
    terminal.say(format_args!("recorded as entry {}", result["index"]));
    Ok(Exit::Clean)
}

/// Whether there is more than one JSON object, each on a line of its own.
fn holds_lines(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let is_object =
        |line: Option<&[u8]>| line.is_some_and(|line| line.starts_with(b"{") && line.ends_with(b"}"));
    is_object(lines.next()) && is_object(lines.next())
}

/// Each line stands alone: the worst outcome decides how the command ends.
fn post_lines(client: &Client, bytes: Vec<u8>, terminal: Terminal) -> Result<Exit, Failure> {
    let sent = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
    let answer = client.post_raw("/v1/events", "application/x-ndjson", bytes)?;
    if answer.status() != 200 {
        answer.json()?;
        return Ok(Exit::Clean);
    }
    let (mut answered, mut refused, mut worst) = (0_usize, 0_usize, Exit::Clean);
    for line in answer.body().split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let result: Value = serde_json::from_slice(line).map_err(ClientError::Json)?;
        answered += 1;
        terminal.line(&result)?;
        if let Some(problem) = result.get("problem") {
            refused += 1;
            let status =
                result["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
            let error = ClientError::from_problem(status, problem);
            let id = result["id"].as_str().unwrap_or("a line that is no event");
            terminal.say(format_args!("{id}: {error}"));
            // A refusal is final, a busy daemon is not: trying again would help.
            worst = if worst == Exit::Clean || worst == Exit::Busy { error.exit() } else { worst };
        }
    }
    terminal.say(format_args!("{answered} of {sent} answered, {refused} refused"));
    if answered < sent {
        return Err(Failure::new(
            Exit::Data,
            anyhow::anyhow!(
                "line {} is over the bound or broken; it and what follows was not recorded",
                answered + 1
            ),
        ));
    }
    Ok(worst)
}
