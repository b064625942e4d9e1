//! What a person sees before signing: the decision as the proved entry has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cli::exit::{Exit, Failure};
use crate::cli::terminal::{Terminal, visible};
use crate::model::approval::{Act, Kind};
use crate::model::digest::Digest;
use crate::model::opening::OpenedEntry;
use crate::model::scope::Scope;
use crate::ops::machine;
use crate::practice::EventType;

/// Shows the decision as the proved entry has it: scope, what was refused, recipients.
pub(super) fn show(act: &Act, entry: &OpenedEntry, terminal: Terminal) -> Result<(), Failure> {
    let data: Value = serde_json::from_str(entry.event().data.get()).map_err(Failure::with(Exit::Data))?;
    let order = act.order.map(|order| format!("version {}, SHA-256 {}", order.version, order.sha256));
    terminal.show(format_args!("request     {}", act.request.as_ref().map_or("none", |id| id.as_str())))?;
    terminal.show(format_args!("act         {}", json!(act.kind).as_str().unwrap_or_default()))?;
    terminal.show(format_args!(
        "decided on  entry {}, {} at {}",
        act.context.index.get(),
        entry.event().type_,
        entry.entry().time
    ))?;
    terminal.show(format_args!("order       {}", order.as_deref().unwrap_or("none")))?;
    if act.kind == Kind::Clock {
        return terminal.show(format_args!(
            "you accept  that it is now {}, and that every later entry is later than that",
            machine::now().map_err(Failure::with(Exit::Config))?
        ));
    }
    if entry.event().type_ == EventType::ActProposed.as_str() {
        show_proposal(act, &data, terminal)?;
    }
    if let Some(scope) = data.get("scope").and_then(Value::as_str) {
        show_scope(scope, act.scope_sha256, terminal)?;
    }
    for refused in data.get("refused").and_then(Value::as_array).into_iter().flatten() {
        terminal.show(format_args!(
            "refused     item {} under {}: {}",
            refused["item"],
            text(&refused["rule"]),
            visible(text(&refused["reason"]))
        ))?;
    }
    for recipient in &act.recipients {
        terminal.show(format_args!("recipient   {recipient}"))?;
    }
    terminal.show(format_args!("policy      sha256:{}", act.policy))
}

/// The whole text that was proposed: nothing of it may be signed unseen.
fn show_proposal(act: &Act, data: &Value, terminal: Terminal) -> Result<(), Failure> {
    let member = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_it = data.get("kind") == Some(&json!(act.kind))
        && member("sha256") == Digest::of(member("text").as_bytes()).to_string();
    if !is_it {
        let error = anyhow::anyhow!("the entry proposes something else than what is to be signed");
        return Err(Failure::new(Exit::Findings, error).hint("sign nothing, and tell an auditor"));
    }
    terminal.show(format_args!("reason      {}", visible(member("reason"))))?;
    terminal.show(format_args!("SHA-256     {}", member("sha256")))?;
    terminal.show("text")?;
    // An act is JSON on one line; with a line for each member it can be read.
    let act: Option<Value> = serde_json::from_str(member("text")).ok();
    let pretty = act.and_then(|act| serde_json::to_string_pretty(&act).ok());
    for line in pretty.as_deref().unwrap_or(member("text")).lines() {
        terminal.show(format_args!("  {}", visible(line)))?;
    }
    Ok(())
}

fn show_scope(base64: &str, expected: Option<Digest>, terminal: Terminal) -> Result<(), Failure> {
    let bytes = STANDARD.decode(base64).map_err(Failure::with(Exit::Data))?;
    if expected.is_some_and(|expected| expected != Digest::of(&bytes)) {
        let error = anyhow::anyhow!("the scope in the entry is not the one to be signed");
        return Err(Failure::new(Exit::Findings, error).hint("sign nothing, and tell an auditor"));
    }
    let scope = Scope::parse(&bytes).map_err(Failure::with(Exit::Data))?;
    for item in scope.items() {
        let interval = match (item.from, item.to) {
            (Some(from), Some(to)) => format!("from {from} until before {to}"),
            _ => "no interval".to_owned(),
        };
        let fields =
            item.fields.as_ref().map_or("every field".to_owned(), |fields| visible(&fields.join(", ")));
        terminal.show(format_args!(
            "scope       {} at {}: {}, {interval}, {fields}",
            visible(item.account.as_str()),
            item.service,
            item.class
        ))?;
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
