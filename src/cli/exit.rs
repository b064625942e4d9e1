//! Exit codes: what a script or a supervisor may rely on.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

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

impl Exit {
    /// The last part of a problem's `type`, and its title: what kind of end it is.
    const fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::Clean => ("clean", "nothing to object to"),
            Self::Findings => ("findings", "a check found something"),
            Self::Unchecked => ("unchecked", "the check could not be made, or the signer is not trusted"),
            Self::Refused => ("refused", "the practice refuses it"),
            Self::Usage => ("usage", "the command line is wrong"),
            Self::Data => ("data", "the input is not what it should be"),
            Self::NoInput => ("no-input", "the input is not there or cannot be read"),
            Self::Unavailable => ("unavailable", "the daemon does not answer"),
            Self::Storage => ("storage-doubt", "the storage is in doubt"),
            Self::CannotCreate => ("cannot-create", "the output exists or cannot be made"),
            Self::Busy => ("busy", "the daemon is busy"),
            Self::NotPermitted => ("not-permitted", "this account may not do that"),
            Self::Config => ("config", "the configuration or a key is wrong"),
        }
    }
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

    /// The failure as one object in the manner of RFC 9457, for programs.
    pub(super) fn to_problem(&self) -> Value {
        let (type_, title) = self.exit.in_words();
        let members = [
            ("type", Some(json!(format!("urn:probity:exit:{type_}")))),
            ("title", Some(json!(title))),
            ("detail", Some(json!(self.to_string()))),
            ("exit", Some(json!(self.exit as u8))),
            ("hint", self.hint.as_ref().map(|hint| json!(hint))),
            ("rule", self.rule().map(|rule| json!(rule))),
        ];
        let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(there.collect())
    }

    /// The rule of the practice that refuses, if one does.
    #[cfg(feature = "ledger")]
    pub(super) fn rule(&self) -> Option<&str> {
        match self.error.downcast_ref() {
            Some(super::client::ClientError::Problem { rule, .. }) => rule.as_deref(),
            _ => None,
        }
    }

    #[cfg(not(feature = "ledger"))]
    #[expect(clippy::unused_self, reason = "only the daemon names rules")]
    pub(super) const fn rule(&self) -> Option<&str> {
        None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_object_for_programs() {
        let failure = Failure::new(Exit::NoInput, anyhow::anyhow!("no such file").context("cannot read x"));
        let expected = json!({
            "type": "urn:probity:exit:no-input", "title": "the input is not there or cannot be read",
            "detail": "cannot read x: no such file", "exit": 66,
        });
        assert_eq!(failure.to_problem(), expected);
        assert_eq!(failure.hint("look").to_problem()["hint"], "look");
    }

    #[cfg(feature = "ledger")]
    #[test]
    fn a_refusal_names_its_rule() {
        let problem = json!({"detail": "no content", "rule": "S-31", "cure": "leave it out"});
        let failure = Failure::from(crate::cli::client::ClientError::from_problem(422, &problem));
        let said = failure.to_problem();
        assert_eq!(
            (&said["rule"], &said["hint"], &said["exit"]),
            (&json!("S-31"), &json!("leave it out"), &json!(3))
        );
    }
}
