//! What the integration tests share: a home, its people, the daemon, its socket, the oracles.

pub(crate) mod daemon;
pub(crate) mod events;
pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod oracle;

pub(crate) use daemon::Daemon;
pub(crate) use home::Home;
pub(crate) use http::{Answer, Connection};

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program under test.
pub(crate) const PROBITY: &str = env!("CARGO_BIN_EXE_probity");

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let output = command.output();
    output.unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display())).into()
}

/// Runs `probity` with nobody's trust directory but the arguments' own keys.
pub(crate) fn probity<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    run(Command::new(PROBITY).args(arguments).env("XDG_CONFIG_HOME", "/nonexistent"))
}

/// The program in a shell whose files may not grow beyond `bytes`, as on a disk that is full
/// (`RLIMIT_FSIZE`; the signal is ignored, so that the write fails): it needs no root and no file
/// system of its own.
pub(crate) fn with_file_limit(bytes: u64) -> Command {
    let mut shell = oracle::tool("sh");
    // The shell counts in blocks of 512 bytes.
    let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    shell.args(["-c", &limit, PROBITY]);
    shell
}

/// Every file below `root`, sorted.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("a directory that reads") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(root, &mut found);
    found.sort();
    found
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to)).expect(0);
}
