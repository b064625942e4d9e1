//! `probity due`: what is due when, as the log's own rules set it.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::model::time::Timestamp;

/// Rows of a page of the daemon's answer.
const PAGE_ROWS: u32 = 500;

/// List what is due, by time: duties of the practice, and times that only end.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity due\n  probity due --before 2026-12-31T00:00:00.000Z --json")]
pub(super) struct DueArgs {
    /// Only what is due before this time.
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    before: Option<Timestamp>,
}

pub(super) fn run(args: &DueArgs, socket: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let client = Client::new(socket)?;
    let before = args.before.map(|time| format!("&before={time}")).unwrap_or_default();
    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let from = after.as_ref().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let page = client.json(&format!("/v1/due?limit={PAGE_ROWS}{before}{from}"))?;
        rows.extend(page.get("due").and_then(Value::as_array).cloned().unwrap_or_default());
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    if terminal.is_json() {
        terminal.data(&json!({"due": rows}), "")?;
        return Ok(Exit::Clean);
    }
    for row in &rows {
        terminal.line(in_words(row))?;
    }
    if rows.is_empty() {
        terminal.say("nothing is due");
    }
    Ok(Exit::Clean)
}

/// When, what, whose, by which rule, and the entry that set it.
fn in_words(row: &Value) -> String {
    let text = |member: &str| row.get(member).and_then(Value::as_str);
    let is = |member: &str| row.get(member).and_then(Value::as_bool).unwrap_or_default();
    let whose = text("request").or_else(|| text("report")).unwrap_or("the log");
    let note = match (is("passed"), is("is_a_duty")) {
        (true, true) => "  PASSED",
        (true, false) => "  over",
        (false, _) => "",
    };
    format!(
        "{}  {:<24} {whose:<20} {:<6} entry {}{note}",
        text("at").unwrap_or("-"),
        text("deadline").unwrap_or("-").replace('_', " "),
        text("rule").unwrap_or("-"),
        row.get("set_by").unwrap_or(&Value::Null),
    )
}

#[cfg(test)]
mod tests {
    //! Goal: a row says when, what, whose, why. Method: rows as the daemon answers them.

    use super::*;

    #[test]
    fn a_row_is_a_line() {
        let mut row = json!({"at": "2026-12-01T00:00:00.000Z", "deadline": "notice_review", "is_a_duty": true,
            "rule": "I-26", "request": "REQ-1", "set_by": 17, "passed": false, "report": null});
        assert_eq!(
            in_words(&row),
            "2026-12-01T00:00:00.000Z  notice review            REQ-1                I-26   entry 17"
        );
        row["passed"] = json!(true);
        assert!(in_words(&row).ends_with("entry 17  PASSED"), "{}", in_words(&row));
        row["is_a_duty"] = json!(false);
        row["request"] = Value::Null;
        assert!(
            in_words(&row).contains("the log ") && in_words(&row).ends_with("  over"),
            "{}",
            in_words(&row)
        );
    }
}
