//! `probity policy`: what a policy text says, and what another would change.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::model::digest::Digest;
use crate::ops::files;
use crate::practice::Policy;
use crate::practice::policy::{Alteration, Conf, Difference, Differences, POLICY_BYTES_MAX};

/// Longest text that is read: one byte more than a policy has, so that the fault is named.
const TEXT_BYTES_MAX: u64 = POLICY_BYTES_MAX as u64 + 1;

/// Check a policy, or compare two.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity policy check policy.toml\n  \
    probity policy diff policy.toml new.toml --home /var/lib/probity\n\n\
    With --home or --socket, diff also lists the open requests that another policy in force would\n\
    send back to their review: approvals name the policy they were given under (I-10).")]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Subcommand, Debug)]
enum PolicyCommand {
    /// Parse and check a text, and say in short what is in it; exit 1 names the fault.
    #[command(after_help = "Example:\n  probity policy check policy.toml")]
    Check {
        /// The text.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Say what the second text would change.
    #[command(after_help = "Example:\n  probity policy diff policy.toml new.toml")]
    Diff {
        /// The policy as it is.
        #[arg(value_name = "A")]
        from: PathBuf,
        /// The policy as it would be.
        #[arg(value_name = "B")]
        to: PathBuf,
    },
}

/// `socket`: the daemon to ask, if the command line or the environment names one.
pub(super) fn run(args: &PolicyArgs, socket: Option<&Path>, terminal: Terminal) -> Result<Exit, Failure> {
    match &args.command {
        PolicyCommand::Check { file } => check(&Text::read(file)?, terminal),
        PolicyCommand::Diff { from, to } => diff(&Text::read(from)?, &Text::read(to)?, socket, terminal),
    }
}

/// A sound policy and the digest of its text.
struct Text {
    sha256: Digest,
    bytes: usize,
    policy: Policy,
}

impl Text {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_text(path, TEXT_BYTES_MAX).map_err(Failure::with(Exit::NoInput))?;
        let policy = Policy::parse(&text).map_err(|error| {
            Failure::new(Exit::Findings, error).hint(format!("{} cannot be adopted as it is", path.display()))
        })?;
        Ok(Self { sha256: Digest::of(text.as_bytes()), bytes: text.len(), policy })
    }
}

fn check(text: &Text, terminal: Terminal) -> Result<Exit, Failure> {
    let policy = &text.policy;
    let members = |value: serde_json::Result<Value>| match value {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let groups = [
        ("switch", members(serde_json::to_value(policy.switches))),
        ("limit", members(serde_json::to_value(policy.limits))),
        ("time", members(serde_json::to_value(policy.times))),
    ];
    let is_unread = |conf: &[Conf]| conf.contains(&Conf::Memory);
    let unread = policy.instruments.iter().filter(|instrument| is_unread(&instrument.conf)).count();
    if terminal.is_json() {
        let codes: Vec<_> = policy.instruments.iter().map(|instrument| &instrument.code).collect();
        let [switches, limits, times] = groups.map(|(_, members)| members);
        let value = json!({
            "policy_id": policy.policy_id, "sha256": text.sha256, "bytes": text.bytes, "rules": policy.rules,
            "instruments": codes, "to_be_confirmed": unread, "switches": switches, "limits": limits,
            "times": times,
        });
        terminal.data(&value, "")?;
        return Ok(Exit::Clean);
    }
    terminal.line(format_args!("policy      {}, {} bytes", policy.policy_id, text.bytes))?;
    terminal.line(format_args!("SHA-256     {}", text.sha256))?;
    terminal.line(format_args!("rule set    {}", policy.rules))?;
    terminal.line(format_args!(
        "instruments {}, of which {unread} rest on memory: counsel must confirm them",
        policy.instruments.len()
    ))?;
    for (what, members) in &groups {
        for (name, value) in members {
            terminal.line(format_args!("{what:<11} {name} = {}", plain(value)))?;
        }
    }
    terminal.say("the text is sound and can be proposed");
    Ok(Exit::Clean)
}

fn diff(from: &Text, to: &Text, socket: Option<&Path>, terminal: Terminal) -> Result<Exit, Failure> {
    let differences = Differences::between(&from.policy, &to.policy);
    let is_same_text = from.sha256 == to.sha256;
    let open = socket.filter(|_| !is_same_text).and_then(|socket| ask(socket, terminal));
    if terminal.is_json() {
        let value = json!({
            "from": from.sha256, "to": to.sha256, "members": differences.members,
            "reach": differences.reach, "back_to_review": open,
        });
        terminal.data(&value, "")?;
        return Ok(Exit::Clean);
    }
    for difference in &differences.members {
        terminal.line(in_words(difference))?;
    }
    for reach in &differences.reach {
        let (gained, lost) = (reach.gained.iter().map(ToString::to_string), reach.lost.iter());
        let changes = signed(gained, lost.map(ToString::to_string));
        terminal.line(format_args!("{:<11} {}: {changes}", "reaches", reach.instrument))?;
    }
    for open in open.iter().flatten() {
        terminal.line(format_args!("{:<11} {} ({})", "to review", open.request, open.state))?;
    }
    match (is_same_text, differences.is_empty()) {
        (true, _) => terminal.say("the texts are the same, byte for byte"),
        (false, true) => terminal.say("both mean the same; the texts differ, and approvals name the text"),
        (false, false) => {}
    }
    Ok(Exit::Clean)
}

/// One line: what kind of thing, where, how it changed.
fn in_words(difference: &Difference) -> String {
    let kind = match difference.table.as_str() {
        "switches" => "switch",
        "limits" => "limit",
        "times" => "time",
        table => table,
    };
    let place = [difference.row.as_deref(), difference.member.as_deref()];
    let place: Vec<_> = place.into_iter().flatten().collect();
    let change = match &difference.change {
        Alteration::Added => "new".to_owned(),
        Alteration::Removed => "gone".to_owned(),
        Alteration::Prose => "other words, which no rule reads".to_owned(),
        Alteration::Set { from, to } => format!("{} → {}", plain(from), plain(to)),
        Alteration::Words { added, removed } if added.is_empty() && removed.is_empty() => {
            "another order".to_owned()
        }
        Alteration::Words { added, removed } => signed(added.iter().cloned(), removed.iter().cloned()),
    };
    format!("{kind:<11} {}: {change}", place.join(" "))
}

fn signed(added: impl Iterator<Item = String>, removed: impl Iterator<Item = String>) -> String {
    let added = added.map(|word| format!("+{word}"));
    let all: Vec<_> = added.chain(removed.map(|word| format!("−{word}"))).collect();
    all.join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "not stated".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A request whose review and approvals name the policy in force.
#[derive(Debug, serde::Serialize)]
struct Open {
    request: String,
    state: String,
}

/// The requests that stand on a review now; nothing, and a word about it, if nobody answers.
#[cfg(feature = "ledger")]
fn ask(socket: &Path, terminal: Terminal) -> Option<Vec<Open>> {
    open_requests(socket)
        .map_err(|failure| terminal.say(format_args!("open requests were not looked at: {failure}")))
        .ok()
}

#[cfg(not(feature = "ledger"))]
fn ask(_: &Path, terminal: Terminal) -> Option<Vec<Open>> {
    terminal.say("open requests were not looked at: this build has no client for the daemon's socket");
    None
}

/// States that rest on a review and are not over: another policy voids what was approved.
#[cfg(feature = "ledger")]
const ON_A_REVIEW: [&str; 4] = ["reviewed", "approved", "collecting", "sealed"];

#[cfg(feature = "ledger")]
fn open_requests(socket: &Path) -> Result<Vec<Open>, Failure> {
    let client = super::client::Client::new(socket)?;
    let mut open = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let from = after.as_ref().map(|id| format!("&after={id}")).unwrap_or_default();
        let page = client.json(&format!("/v1/requests?limit=500{from}"))?;
        for row in page.get("requests").and_then(Value::as_array).into_iter().flatten() {
            let text = |member| row.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
            if ON_A_REVIEW.contains(&text("state").as_str()) {
                open.push(Open { request: text("id"), state: text("state") });
            }
        }
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Ok(open);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a person reads at a glance what would change. Method: lines made from differences
    //! of the shipped text.

    use super::*;

    const DRAFT: &str = include_str!("../../config/policy.toml");

    fn lines(from: &str, to: &str) -> Vec<String> {
        let policy = |text: &str| Policy::parse(text).expect("sound");
        let changed = policy(&DRAFT.replacen(from, to, 1));
        Differences::between(&policy(DRAFT), &changed).members.iter().map(in_words).collect()
    }

    #[test]
    fn changes_read_as_one_line_each() {
        let of = |from, to| lines(from, to).join("|");
        assert_eq!(
            of("content_min_process = \"warrant\"", "content_min_process = \"court_order\""),
            "switch      content_min_process: warrant → court_order"
        );
        assert_eq!(
            of(
                "issuers = [\"judge\", \"magistrate\", \"military_judge\"]",
                "issuers = [\"judge\", \"court\"]"
            ),
            "instrument  us.warrant_2703 issuers: +court −magistrate −military_judge"
        );
        assert_eq!(
            of("execute_within_days = 14\n", ""),
            "instrument  us.warrant_2703 execute_within_days: 14 → not stated"
        );
        assert_eq!(
            of("note = \"Basic subscriber", "note = \"Basic"),
            "data_class  bsi note: other words, which no rule reads"
        );
    }

    #[test]
    fn a_fault_is_a_finding() {
        let dir = tempfile::tempdir().expect("a scratch directory");
        let path = dir.path().join("policy.toml");
        std::fs::write(&path, DRAFT.replacen("schema = 1", "schema = 7", 1)).expect("written");
        let failure = Text::read(&path).map(|_| ()).expect_err("not sound");
        assert_eq!(failure.exit, Exit::Findings);
        assert!(failure.to_string().contains("schema is 7"), "{failure}");
        let failure = Text::read(&dir.path().join("none.toml")).map(|_| ()).expect_err("not there");
        assert_eq!(failure.exit, Exit::NoInput);
    }
}
