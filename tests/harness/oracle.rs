//! Programs that others wrote, or that were written from the formats page alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Ended, PROBITY, repository, run};

/// A tool of the machine, which must be there: a test that skips proves nothing.
pub(crate) fn tool(name: &str) -> Command {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()));
    assert!(found, "{name} is not installed: run 'make setup'");
    Command::new(name)
}

/// A program of the Python environment that `make setup` makes beside the build.
pub(crate) fn venv(name: &str) -> Command {
    // target/release/probity: the environment is in the same target directory, wherever that is.
    let beside_build = Path::new(PROBITY).ancestors().nth(2).map(|target| target.join("venv/bin"));
    let candidates = [Some(repository().join("target/venv/bin")), beside_build];
    let found: Option<PathBuf> =
        candidates.into_iter().flatten().map(|bin| bin.join(name)).find(|program| program.is_file());
    Command::new(found.unwrap_or_else(|| panic!("target/venv has no {name}: run 'make setup'")))
}

/// The independent verifier.
pub(crate) fn verify_py(arguments: &[&Path]) -> Ended {
    let script = repository().join("tests/independent/verify.py");
    run(venv("python").arg(script).args(arguments))
}
