//! `probity serve`: the daemon.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Exit, Failure};
use super::home::LoadedHome;
use super::terminal::Terminal;
use crate::api::{self, App, BindError, Drained};
use crate::ledger::{AnchorLag, Ledger, OtherMachine, record_encryption};
use crate::package::{Packager, Start, Started};
use crate::practice::vocabulary::Crypto;

/// Run the daemon on its Unix socket until SIGTERM or SIGINT.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity serve --home /var/lib/probity --check\n  \
    probity serve --home /var/lib/probity\n\n\
    Exit code 70 is storage doubt: do not restart it automatically; look, then start it once.")]
pub(super) struct ServeArgs {
    /// Check configuration, keys and texts, and exit; the database is not looked at.
    #[arg(long)]
    check: bool,
    /// The home was moved here from another machine, which no longer uses it.
    #[arg(long)]
    moved: bool,
    /// The anchor is known to lag behind the database, and why.
    #[arg(long)]
    accept_anchor_lag: bool,
}

pub(super) fn run(
    args: &ServeArgs,
    root: &Path,
    socket: Option<&Path>,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let mut loaded = LoadedHome::load(root)?;
    if let Some(socket) = socket {
        socket.clone_into(&mut loaded.config.socket.path);
    }
    if args.check {
        terminal.say("configuration, keys and texts are good");
        return Ok(Exit::Clean);
    }
    start_log();
    log_panics();
    // Before the database: RocksDB's own lock would look like storage doubt.
    let _lock = loaded.lock()?;
    let machine = if args.moved { OtherMachine::Accepted } else { OtherMachine::Refused };
    let lag = if args.accept_anchor_lag { AnchorLag::Accepted } else { AnchorLag::Refused };
    let (ledger, running) = loaded.start(machine, lag)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::with(Exit::Unavailable))?;
    // Before anything else is recorded: what follows is made with these.
    if let Err(error) = runtime.block_on(record_encryption(&ledger, &Crypto::current())) {
        // A clock or a disk in doubt refuses every other entry too, and says why; the next start tries again.
        tracing::warn!(cause = causes(&error), "which algorithms are in use is not recorded");
    }
    let Started { packager, worker, recovered } = start_packager(&loaded, &ledger)?;
    tracing::info!(?recovered, "what a crash may have left is settled");
    let limits = loaded.config.limits.clone();
    let app = App::new(ledger.clone(), packager.clone(), &loaded.config.peers, limits);
    let drained = runtime.block_on(async {
        let listener = api::bind(&loaded.config.socket.path).map_err(bind_failure)?;
        tracing::info!(origin = loaded.origin.as_str(), "serving");
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::with(Exit::Unavailable))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::with(Exit::Unavailable))?;
        let doubted = ledger.clone();
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
                _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
                // The ledger refuses everything from here on; what is left is to say so and go.
                doubt = doubted.doubted() => tracing::error!(cause = causes(&doubt), "storage doubt"),
            }
        };
        Ok::<Drained, Failure>(api::serve(listener, app, shutdown).await)
    });
    // Collections end early and say so in the log, as long as there is one.
    packager.stop();
    drop(packager);
    runtime.shutdown_timeout(std::time::Duration::from_secs(loaded.config.limits.drain_seconds));
    worker.join();
    // Asked last: it may have come while calls were drained, or with the packager's last record.
    let doubt = ledger.doubt();
    drop(ledger);
    let ended = running.join().map_err(Arc::new);
    // Only now, with the sequencer's thread gone: a process that ends under it aborts.
    let drained = drained?;
    if drained != Drained::Fully {
        tracing::warn!(?drained, "some clients were not answered; they may ask again with the same ids");
    }
    match doubt.map_or(ended, Err) {
        Ok(()) => Ok(Exit::Clean),
        Err(doubt) => Err(Failure::new(Exit::Storage, doubt)
            .hint("do not restart automatically; the next start checks everything")),
    }
}

fn start_packager(loaded: &LoadedHome, ledger: &Ledger) -> Result<Started, Failure> {
    let start = Start {
        ledger: ledger.clone(),
        home: loaded.home.clone(),
        organization: loaded.config.organization.clone(),
        sources: loaded.config.sources.clone(),
        disclosure_key: loaded.disclosure_key.clone(),
        log_key: &loaded.log_key,
        at_rest_text: &loaded.at_rest_text,
    };
    Packager::start(start).map_err(|error| {
        // A ledger in doubt is not started again by itself.
        let exit = if error.is_of_the_ledger() { Exit::Storage } else { Exit::Unavailable };
        Failure::new(exit, error)
    })
}

/// An error with all that caused it: at 3 a.m. "the database failed" is not enough.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn bind_failure(error: BindError) -> Failure {
    Failure::new(Exit::Config, error)
}

/// A panic says where it was and not what its message says: that may quote data.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(at, thread = thread.name().unwrap_or_default(), "a fault of this program");
    }));
}

/// Structured lines on standard error; `RUST_LOG` sets the level.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second subscriber in one process is refused; the first one stays.
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
