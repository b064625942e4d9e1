//! The command line: one file per command, each with an example in its help.
//!
//! **In scope**: arguments, what is printed, exit codes. **Out of scope**: deciding
//! anything; every command is a few calls into the layers below.

mod exit;
mod terminal;
mod trust;

mod approve;
mod keygen;
mod open;
mod policy;
mod verify;

#[cfg(feature = "ledger")]
mod case;
#[cfg(feature = "ledger")]
mod client;
#[cfg(feature = "ledger")]
mod clock;
#[cfg(feature = "ledger")]
mod demo;
#[cfg(feature = "ledger")]
mod disclose;
#[cfg(feature = "ledger")]
mod due;
#[cfg(feature = "ledger")]
mod export;
#[cfg(feature = "ledger")]
mod home;
#[cfg(feature = "ledger")]
mod init;
#[cfg(feature = "ledger")]
mod post;
#[cfg(feature = "ledger")]
mod serve;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::model::digest::Digest;
use crate::ops::config::{Config, Socket};

use exit::Exit;
use exit::Failure;
use terminal::Terminal;

/// Enforces, proves and counts how a provider answers legal demands for its customers' data.
#[derive(Parser, Debug)]
#[command(name = "probity", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 clean, 1 findings, 2 not checked or signer not trusted, 3 refused by the practice,\n\
64 usage, 65 bad input, 66 no input, 69 no daemon, 70 storage doubt, 73 output exists, 75 busy, 77 not permitted, 78 configuration.\n\n\
Example:\n  probity demo --home /tmp/probity-demo"
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Args, Debug)]
pub struct GlobalArgs {
    /// The home of the ledger; without it `/var/lib/probity`.
    #[arg(long, global = true, env = "PROBITY_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// The daemon's socket, if it is not the one the home's configuration names.
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Print data as JSON, and an error as one JSON object on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors.
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    #[cfg(feature = "ledger")]
    Init(init::InitArgs),
    #[cfg(feature = "ledger")]
    Serve(serve::ServeArgs),
    #[cfg(feature = "ledger")]
    Post(post::PostArgs),
    Approve(approve::ApproveArgs),
    #[cfg(feature = "ledger")]
    Disclose(disclose::DiscloseArgs),
    #[cfg(feature = "ledger")]
    Release(disclose::ReleaseArgs),
    #[cfg(feature = "ledger")]
    Case(case::CaseArgs),
    #[cfg(feature = "ledger")]
    Due(due::DueArgs),
    #[cfg(feature = "ledger")]
    Clock(clock::ClockArgs),
    Verify(verify::VerifyArgs),
    #[cfg(feature = "ledger")]
    Export(export::ExportArgs),
    /// Go on from a backup. This version refuses, and says what to do.
    #[cfg(feature = "ledger")]
    #[command(after_help = "Example:\n  probity restore")]
    Restore,
    Open(open::OpenArgs),
    Inspect(open::InspectArgs),
    Ack(open::AckArgs),
    Policy(policy::PolicyArgs),
    Keygen(keygen::KeygenArgs),
    #[cfg(feature = "ledger")]
    Demo(demo::DemoArgs),
}

/// Parses the command line, runs the command and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let terminal = Terminal::new(&cli.global);
    match run(cli.command, &cli.global, terminal) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.fail(&failure);
            failure.exit.into()
        }
    }
}

/// clap prints help and version to standard output, faults to standard error.
fn misread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default();
        let detail = first.strip_prefix("error: ").unwrap_or(first).to_owned();
        let failure =
            Failure::new(Exit::Usage, anyhow::anyhow!(detail)).hint(lines.collect::<Vec<_>>().join(" "));
        Terminal::json().fail(&failure);
        return Exit::Usage.into();
    }
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Clean.into() }
}

fn run(command: Command, global: &GlobalArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let home = &global.home()?;
    match command {
        #[cfg(feature = "ledger")]
        Command::Init(args) => init::run(&args, home, terminal),
        #[cfg(feature = "ledger")]
        Command::Serve(args) => serve::run(&args, home, global.socket.as_deref(), terminal),
        #[cfg(feature = "ledger")]
        Command::Post(args) => post::run(&args, &global.socket(home), terminal),
        Command::Approve(args) => approve::run(&args, &global.socket(home), terminal),
        #[cfg(feature = "ledger")]
        Command::Disclose(args) => disclose::run(&args, &global.socket(home), terminal),
        #[cfg(feature = "ledger")]
        Command::Release(args) => disclose::release(&args, &global.socket(home), terminal),
        #[cfg(feature = "ledger")]
        Command::Case(args) => case::run(&args, &global.socket(home), terminal),
        #[cfg(feature = "ledger")]
        Command::Due(args) => due::run(&args, &global.socket(home), terminal),
        #[cfg(feature = "ledger")]
        Command::Clock(args) => clock::run(&args, &global.socket(home), terminal),
        Command::Verify(args) => verify::run(&args, home, terminal),
        #[cfg(feature = "ledger")]
        Command::Export(args) => export::run(&args, home, terminal),
        #[cfg(feature = "ledger")]
        Command::Restore => Err(restore()),
        Command::Open(args) => open::run(&args, terminal),
        Command::Inspect(args) => open::inspect(&args, terminal),
        Command::Ack(args) => open::ack(&args, terminal),
        Command::Policy(args) => {
            // Without a word about where, no daemon is looked for.
            let is_named = global.home.is_some() || global.socket.is_some();
            let socket = is_named.then(|| global.socket(home));
            policy::run(&args, socket.as_deref(), terminal)
        }
        Command::Keygen(args) => keygen::run(&args, terminal),
        #[cfg(feature = "ledger")]
        Command::Demo(args) => {
            // Never the place of a real home.
            let dir = global.home.clone().unwrap_or_else(|| PathBuf::from("probity-demo"));
            demo::run(&args, &dir, terminal)
        }
    }
}

impl GlobalArgs {
    /// The home as an absolute path: whether a key lies inside it must not depend on how it
    /// was written.
    fn home(&self) -> Result<PathBuf, Failure> {
        let home = self.home.clone().unwrap_or_else(|| PathBuf::from("/var/lib/probity"));
        let absolute = std::path::absolute(&home).map_err(Failure::with(Exit::Usage))?;
        // Links are resolved where there is something to resolve.
        Ok(absolute.canonicalize().unwrap_or(absolute))
    }

    /// The socket: as named, as the home's configuration names it, or where it is by default.
    fn socket(&self, home: &Path) -> PathBuf {
        let configured = || Config::load(home).ok().map(|config| config.socket.path);
        let default = || home.join(Socket::default().path);
        self.socket.clone().or_else(configured).unwrap_or_else(default)
    }
}

/// Going on from a backup that lacks acknowledged entries would fork the log.
#[cfg(feature = "ledger")]
fn restore() -> Failure {
    let error = anyhow::anyhow!("this version does not restore");
    Failure::new(Exit::Refused, error).hint(
        "put the newest backup of db/ in place and start: start-up compares it with the anchor, goes on if nothing \
         is missing, and otherwise names the entries that are gone; then call your auditors",
    )
}

/// A digest's first digits, for ids and messages.
fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: there is no back door at the command line (S-91): no hidden command or option, none that
    //! overrides a rule, and none that the operators' page does not have.
    //! Method: the whole tree of commands, as the parser knows it.

    use clap::{Arg, Command, CommandFactory as _};

    use super::Cli;

    const OVERRIDES: [&str; 8] =
        ["force", "override", "bypass", "skip", "unsafe", "decrypt", "unseal", "ignore"];

    /// Every command below this one with its path, hidden ones too.
    fn all<'c>(command: &'c Command, path: &str, found: &mut Vec<(String, &'c Command)>) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        found.push((path.clone(), command));
        for inner in command.get_subcommands() {
            all(inner, &path, found);
        }
    }

    fn names(argument: &Arg) -> Vec<String> {
        let long = argument.get_long().into_iter().chain(argument.get_all_aliases().unwrap_or_default());
        long.map(str::to_owned).chain([argument.get_id().to_string()]).collect()
    }

    #[test]
    fn s_91_nothing_is_hidden_and_nothing_overrides() {
        let program = Cli::command();
        let mut commands = Vec::new();
        all(&program, "", &mut commands);
        for (path, command) in commands {
            assert!(!command.is_hide_set(), "{path} is hidden");
            let options = command.get_arguments();
            let shown: Vec<&Arg> = options.filter(|argument| argument.get_id() != "help").collect();
            assert!(shown.iter().all(|argument| !argument.is_hide_set()), "{path} hides an option");
            let words = shown.into_iter().flat_map(names).chain([command.get_name().to_owned()]);
            let words = words.chain(command.get_all_aliases().map(str::to_owned));
            for word in words {
                assert!(!OVERRIDES.iter().any(|bad| word.contains(bad)), "{path} {word}");
            }
        }
    }

    #[cfg(feature = "ledger")]
    #[test]
    fn s_91_the_operators_page_has_each_command_and_no_other() {
        let page = include_str!("../../docs/OPERATIONS.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `probity ")?.split_once('`'));
        let rows: std::collections::BTreeSet<&str> = rows.map(|(name, _)| name).collect();
        let program = Cli::command();
        let commands = program.get_subcommands().map(Command::get_name);
        assert_eq!(commands.collect::<std::collections::BTreeSet<_>>(), rows);
    }
}
