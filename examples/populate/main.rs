//! Makes a ledger from a population file: every request event by event, through the admission of
//! the daemon's own sequencer, under a clock that the tool sets.
//!
//! ```text
//! cargo run --release --example populate -- --population FILE --home DIR [--noise] [--seed N]
//! ```
//!
//! The home it leaves can be exported, audited and read like any other. What is synthetic in it
//! (accounts, agencies, dates, documents, what collections found) is made from the seed; no data
//! is collected and no bundle written, so the events of a collection are the tool's own.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's output")]
#![allow(clippy::indexing_slicing, reason = "members of JSON objects, which are added by indexing")]

#[allow(dead_code, reason = "the bench of the replay keeps what is told here")]
mod population;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use population::{Cell, Settings, claimed, populate};
use probity::practice::figures::{Figure, Value};

/// The legal tables that come with the program.
const POLICY: &str = include_str!("../../config/policy.toml");

/// Make a ledger from a population file, and print its figures.
#[derive(Parser)]
#[command(after_help = "Example:\n  cargo run --release --example populate -- \\\n    \
    --population examples/populate/h1_2022.csv --home /tmp/h1-2022 --noise")]
struct Args {
    /// Cells of requests, in the columns of `examples/populate/h1_2022.csv`.
    #[arg(long, value_name = "FILE")]
    population: PathBuf,
    /// The directory to make; it must not exist.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Add what must not change the figures: emergencies, litigants, national security, other periods.
    #[arg(long)]
    noise: bool,
    /// What the synthetic part is made from.
    #[arg(long, default_value_t = 2022, value_name = "N")]
    seed: u64,
    /// Other legal tables than the draft.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("populate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let named = |path: &PathBuf| path.display().to_string();
    let text = std::fs::read_to_string(&args.population).with_context(|| named(&args.population))?;
    let cells = Cell::parse_all(&text).with_context(|| named(&args.population))?;
    let policy = match &args.policy {
        Some(path) => std::fs::read_to_string(path).with_context(|| named(path))?,
        None => POLICY.to_owned(),
    };
    let settings = Settings { seed: args.seed, noise: args.noise, policy, keep: false };
    let populated = populate(&cells, &settings, &args.home, &|done, all| {
        eprint!("\r{done} of {all} requests have begun");
    })?;
    eprintln!();
    for figure in Figure::ALL {
        let value = populated.figures.value(*figure);
        if args.json {
            println!("{}", line(*figure, value));
        } else {
            println!("{:<44} {}", figure.id(), words(value));
        }
    }
    for (figure, count) in claimed(&cells) {
        let found = populated.figures.value(figure);
        anyhow::ensure!(
            found == Value::Count(count),
            "the file says that {} is {count}, the ledger {}",
            figure.id(),
            words(found)
        );
    }
    eprintln!(
        "{} entries; the auditor's set is in {}",
        populated.entries,
        args.home.join("export").display()
    );
    Ok(())
}

fn words(value: Value) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Part { part, whole } => {
            let percent = value.percent().map_or_else(String::new, |percent| format!(" ({percent} %)"));
            format!("{part} of {whole}{percent}")
        }
    }
}

/// One figure with all that is said beside it.
fn line(figure: Figure, value: Value) -> serde_json::Value {
    let (count, whole) = match value {
        Value::Count(count) => (count, None),
        Value::Part { part, whole } => (part, Some(whole)),
    };
    serde_json::json!({
        "figure": figure.id(), "value": count, "of": whole, "percent": value.percent(),
        "unit": format!("{:?}", figure.unit()).to_lowercase(), "definition": figure.definition(),
        "caveat": figure.caveat(),
    })
}
