//! `probity demo`: the main job from demand to verified bundle, told as it happens.
//!
//! Nothing here is staged: the daemon is this program started as `serve`, every step goes
//! through its socket, people sign with keys made a moment ago, and the bundle holds mail
//! and records read from files. Only the people, the orders and the data are invented.

mod cast;
mod demand;
mod story;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use super::client::Client;
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use crate::ops::files;
use cast::Cast;
use story::Story;

/// The draft legal tables that come with the program.
const DRAFT: &str = include_str!("../../config/policy.toml");
/// Longest text of legal tables in bytes.
const TABLES_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest wait for the daemon to answer.
const START_WAIT: Duration = Duration::from_secs(20);
/// Longest wait for it to stop.
const STOP_WAIT: Duration = Duration::from_secs(20);

/// See the whole of it in half a minute: two demands, two reviewers, two bundles, an agency,
/// an auditor, and what happens when one byte of the log is changed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  probity demo --home /tmp/probity-demo\n\n\
    It needs no root and no network, and leaves everything in DIR for you to look at.")]
pub(super) struct DemoArgs {
    /// The legal tables to found the log under; without it the draft that comes with the program.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(super) fn run(args: &DemoArgs, dir: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        let error = anyhow::anyhow!("{} is not empty", dir.display());
        return Err(Failure::new(Exit::CannotCreate, error).hint("name a directory that does not exist yet"));
    }
    let dir = std::path::absolute(dir).map_err(Failure::with(Exit::CannotCreate))?;
    let read =
        |path: &PathBuf| files::read_text(path, TABLES_BYTES_MAX).map_err(Failure::with(Exit::NoInput));
    let tables = args.policy.as_ref().map_or_else(|| Ok(DRAFT.to_owned()), read)?;
    let cast = Cast::found(&dir, &tables)?;
    let mut daemon = Daemon::start(&dir)?;
    let client = Client::new(&cast.socket)?;
    daemon.wait_until_ready(&client)?;
    let story = Story::new(&dir, &cast, client, terminal);
    story.tell()?;
    daemon.stop()?;
    story.conclude()?;
    Ok(Exit::Clean)
}

/// The daemon as a child process; stopped when this goes out of scope.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn start(dir: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::with(Exit::Unavailable))?;
        let log = dir.join("daemon.log");
        let stderr = File::create(&log).map_err(Failure::with(Exit::CannotCreate))?;
        let child = Command::new(program)
            .args(["serve", "--home"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .map_err(Failure::with(Exit::Unavailable))?;
        Ok(Self { child, log })
    }

    fn wait_until_ready(&mut self, client: &Client) -> Result<(), Failure> {
        let began = Instant::now();
        while client.text("/readyz").is_err() {
            let has_ended = self.child.try_wait().map_err(Failure::with(Exit::Unavailable))?;
            if has_ended.is_some() || began.elapsed() > START_WAIT {
                let error = anyhow::anyhow!("the daemon did not start");
                return Err(
                    Failure::new(Exit::Unavailable, error).hint(format!("see {}", self.log.display()))
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Stops it as an operator would, and expects a clean end.
    fn stop(mut self) -> Result<(), Failure> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .map_err(Failure::with(Exit::Unavailable))?;
        }
        let began = Instant::now();
        loop {
            match self.child.try_wait().map_err(Failure::with(Exit::Unavailable))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let error = anyhow::anyhow!("the daemon ended with {status}");
                    return Err(
                        Failure::new(Exit::Unavailable, error).hint(format!("see {}", self.log.display()))
                    );
                }
                None if began.elapsed() > STOP_WAIT => {
                    return Err(Failure::new(Exit::Unavailable, anyhow::anyhow!("the daemon does not stop")));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Daemon {
    /// After a failure in the story; after a clean stop the child has ended and this does nothing.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
