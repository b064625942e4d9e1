//! Exit codes: what a script or a supervisor may rely on.

use std::fmt;
use std::process::ExitCode;

/// How a command ended. The numbers above 63 are those of sysexits(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "the daemon's outcomes keep their numbers"))]
pub(crate) enum Exit {
    /// Nothing to object to.
    Clean = 0,
    /// A check found something. Findings win over every other outcome of a check.
    Findings = 1,
    /// A check could not be made, or the signer is not trusted.
    Unchecked = 2,
    /// The practice refuses it; the message names the rule.
    Refused = 3,
    /// The command line is wrong.
    Usage = 64,
    /// The input is not what it should be.
    Data = 65,
    /// The input is not there or cannot be read.
    NoInput = 66,
    /// The daemon does not answer on its socket.
    Unavailable = 69,
    /// Storage doubt: never restarted automatically, start-up recovery decides.
    Storage = 70,
    /// The output exists or cannot be made.
    CannotCreate = 73,
    /// The daemon is busy: try again later, with the same event ids.
    Busy = 75,
    /// This account may not do that.
    NotPermitted = 77,
    /// The configuration or a key is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // The discriminants above are all below 256.
        Self::from(exit as u8)
    }
}

/// A command's failure: what went wrong, how it ends, and what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    /// How the process ends.
    pub(super) exit: Exit,
    /// What went wrong, with its causes.
    pub(super) error: anyhow::Error,
    /// What to do about it, if that is known.
    pub(super) hint: Option<String>,
}

impl Failure {
    /// A failure that ends with `exit`.
    pub(super) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    /// For `map_err`: ends the command with `exit`.
    pub(super) fn with<E: Into<anyhow::Error>>(exit: Exit) -> impl FnOnce(E) -> Self {
        move |error| Self::new(exit, error)
    }

    /// Adds what to do about it.
    #[must_use]
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        // A cause whose text its parent already repeats is not printed again.
        let mut said = self.error.to_string();
        for cause in self.error.chain().skip(1) {
            let text = cause.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
        }
        Ok(())
    }
}
