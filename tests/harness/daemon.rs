//! `probity serve` as a child process.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Connection, Ended, Home, PROBITY};

/// Longest wait for a start or an end; a loaded machine gets it, a good one needs little of it.
const WAIT: Duration = Duration::from_secs(30);

/// A daemon that answers; it is killed when this goes out of scope.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) socket: PathBuf,
    pub(crate) log: PathBuf,
}

impl Daemon {
    /// Starts one that must become ready.
    pub(crate) fn start(home: &Home) -> Self {
        Self::spawn(home, Command::new(PROBITY)).unwrap_or_else(|ended| panic!("{ended:?}"))
    }

    /// Starts one that must not.
    pub(crate) fn refused(home: &Home) -> Ended {
        match Self::spawn(home, Command::new(PROBITY)) {
            Ok(_) => panic!("the daemon serves, and must not"),
            Err(ended) => ended,
        }
    }

    /// Starts `command` with the arguments of the daemon behind its own, and waits until the
    /// daemon answers or is gone.
    pub(crate) fn spawn(home: &Home, mut command: Command) -> Result<Self, Ended> {
        let log = home.beside("daemon.log");
        let stderr = OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        let said = stderr.metadata().expect("its length").len();
        command.args(["serve", "--home"]).arg(&home.root);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let child = command.spawn().expect("the daemon starts");
        let mut daemon = Self { child, socket: home.socket(), log };
        let began = Instant::now();
        loop {
            if let Some(status) = daemon.child.try_wait().expect("its state") {
                let log = fs::read(&daemon.log).expect("a log");
                let said = usize::try_from(said).expect("a short log");
                let stderr = String::from_utf8_lossy(&log[said..]).into_owned();
                return Err(Ended { code: status.code(), stdout: String::new(), stderr });
            }
            if daemon.is_ready() {
                return Ok(daemon);
            }
            assert!(began.elapsed() < WAIT, "the daemon neither answers nor ends");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn is_ready(&self) -> bool {
        let ready = Connection::open(&self.socket).and_then(|mut connection| connection.get("/readyz"));
        ready.is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.socket).expect("the daemon accepts")
    }

    /// SIGKILL: no handler, no flush, no end of anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// SIGTERM, and a clean end.
    pub(crate) fn stop(mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, Signal::TERM).expect("signalled");
        let status = self.ended();
        assert!(status.success(), "{status}: {}", self.said());
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(began.elapsed() < WAIT, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Everything on its standard error, of earlier daemons on this home too.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
