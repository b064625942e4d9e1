//! `probity clock`: what the clock rule says, and the end of its refusal.

#![expect(clippy::indexing_slicing, reason = "serde_json answers null for a member that is not there")]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::model::digest::Digest;
use crate::model::dsse::Envelope;
use crate::model::id::PersonId;
use crate::ops::files;

/// Longest signed approval in bytes.
const APPROVAL_BYTES_MAX: u64 = 64 * 1024;

/// Look at the daemon's clock, or have two people accept that it jumped.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity clock show\n  \
    probity approve --clock --key senior.pem --person p-senior-1 --role senior_reviewer --log-key log.vkey --out one.json\n  \
    probity clock accept --approval one.json --approval two.json\n\n\
    A stamp in the future has no cure, because no later entry may be older: so a clock that gained more\n\
    than time can have passed stops everything until two people say that it is right. If it is wrong,\n\
    set it right instead. Approvals hold for 300 s and for the last entry as it stands.")]
pub(super) struct ClockArgs {
    #[command(subcommand)]
    command: ClockCommand,
}

#[derive(Subcommand, Debug)]
enum ClockCommand {
    /// Say whether entries can be stamped now, and why not.
    #[command(after_help = "Example:\n  probity clock show")]
    Show,
    /// Post that two people accept the time, and go on.
    #[command(after_help = "Example:\n  probity clock accept --approval one.json --approval two.json")]
    Accept {
        /// A signed approval of `probity approve --clock`; two, of two people.
        #[arg(long = "approval", value_name = "FILE", required = true)]
        approvals: Vec<PathBuf>,
        /// Who posts it; without it the account's number.
        #[arg(long, value_name = "ID")]
        person: Option<PersonId>,
    },
}

pub(super) fn run(args: &ClockArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let client = Client::new(socket)?;
    let clock = client.json("/v1/clock")?;
    match &args.command {
        ClockCommand::Show => show(&clock, terminal),
        ClockCommand::Accept { approvals, person } => {
            let [one, two] = approvals.as_slice() else {
                let error = anyhow::anyhow!("two people accept a clock, not {}", approvals.len());
                return Err(Failure::new(Exit::Usage, error).hint("give --approval FILE twice"));
            };
            if clock["sign"].is_null() {
                return Err(nothing_to_accept(&clock));
            }
            let actor = person.as_ref().map(ToString::to_string);
            let actor = actor.unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()));
            let event = accepted(&clock, &actor, &[read(one)?, read(two)?]);
            let answer = client.post("/v1/events", &event)?;
            terminal.data(&answer, format_args!("recorded as entry {}", answer["index"]))?;
            terminal.say("entries are stamped again");
            Ok(Exit::Clean)
        }
    }
}

fn show(clock: &Value, terminal: Terminal) -> Result<Exit, Failure> {
    if terminal.is_json() {
        terminal.data(clock, "")?;
        return Ok(Exit::Clean);
    }
    let text = |member: &str| clock[member].as_str().unwrap_or("-").to_owned();
    terminal.line(format_args!("last entry  {} at {}", clock["index"], text("time")))?;
    terminal.line(format_args!("wall clock  {}", text("wall")))?;
    match clock["refusal"].as_str() {
        None => terminal.line(format_args!("stamps      {}", text("stamp")))?,
        Some(refusal) => terminal.line(format_args!("refuses     {refusal}"))?,
    }
    Ok(Exit::Clean)
}

fn nothing_to_accept(clock: &Value) -> Failure {
    let error =
        clock["refusal"].as_str().unwrap_or("the clock is not in doubt, so there is nothing to accept");
    Failure::new(Exit::Refused, anyhow::anyhow!("{error}")).hint("see: probity clock show")
}

/// A signed approval, as `probity approve --clock --out` writes it.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path, APPROVAL_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
    Envelope::parse(&bytes).map_err(|error| {
        Failure::new(Exit::Data, error).hint(format!("{} is not what probity approve wrote", path.display()))
    })?;
    Ok(bytes)
}

/// `clock.accepted` with the times that the daemon names.
fn accepted(clock: &Value, actor: &str, envelopes: &[Vec<u8>; 2]) -> Value {
    let both = Digest::of(&envelopes.concat());
    json!({
        "v": 1,
        // The same two signatures posted twice are the same event.
        "id": format!("clock-{}", super::short(&both)),
        "type": "clock.accepted",
        "request": null,
        "actor": actor,
        "data": {"from": clock["time"], "to": clock["wall"]},
        "envelopes": envelopes.each_ref().map(|envelope| STANDARD.encode(envelope)),
    })
}

#[cfg(test)]
mod tests {
    //! Goal: what is posted names the daemon's own times and carries both signatures. That a
    //! daemon then goes on is tested over its socket (`api::tests::clock`).

    use super::*;

    #[test]
    fn the_event_names_both_times_and_carries_both_signatures() {
        let clock = json!({"time": "2026-11-26T09:00:00.000Z", "wall": "2026-11-28T09:00:00.000Z"});
        let event = accepted(&clock, "p-operator-1", &[b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(event["data"], json!({"from": clock["time"], "to": clock["wall"]}));
        assert_eq!(event["envelopes"], json!(["b25l", "dHdv"]));
        assert_eq!((&event["request"], &event["actor"]), (&Value::Null, &json!("p-operator-1")));
        let swapped = accepted(&clock, "p-operator-1", &[b"two".to_vec(), b"one".to_vec()]);
        assert_ne!(event["id"], swapped["id"], "another body is another event");
    }
}
