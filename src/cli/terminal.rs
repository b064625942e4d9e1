//! What commands print. The rules:
//!
//! - standard output is data: what was asked for, or one JSON object with `--json`;
//! - everything else goes to standard error, begins with `probity:`, has no capital
//!   and no full stop, and is silenced by `--quiet` unless it is an error;
//! - with `--json` an error is one JSON object, alone on the last line of standard error;
//! - a progress bar only where a person watches: standard error is a terminal and
//!   neither `--json` nor `--quiet` was given.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::exit::{Exit, Failure};

/// Where a command prints, by the global flags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    format: Format,
    talk: Talk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    Normal,
    Quiet,
}

impl Terminal {
    /// A terminal for the flags `--json` and `--quiet`.
    #[must_use]
    pub(super) fn new(flags: &super::GlobalArgs) -> Self {
        Self {
            format: if flags.json { Format::Json } else { Format::Text },
            talk: if flags.quiet { Talk::Quiet } else { Talk::Normal },
        }
    }

    /// A terminal for programs, before any flag was understood.
    #[must_use]
    pub(super) const fn json() -> Self {
        Self { format: Format::Json, talk: Talk::Normal }
    }

    /// Whether data is printed as JSON.
    #[must_use]
    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints the result: `value` as one line of JSON, or `text`.
    ///
    /// # Errors
    /// [`Failure`] if standard output is closed; a pipe closed early is no error.
    pub(super) fn data(self, value: &impl Serialize, text: impl Display) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.line(serde_json::to_string(value).map_err(|e| Failure::new(Exit::Data, e))?),
            Format::Text => self.line(text),
        }
    }

    /// Prints one line of data as it is.
    ///
    /// # Errors
    /// As [`Terminal::data`].
    #[expect(clippy::unused_self, reason = "printing goes through the terminal, whatever its flags")]
    pub(super) fn line(self, text: impl Display) -> Result<(), Failure> {
        match writeln!(std::io::stdout().lock(), "{text}") {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(Exit::CannotCreate, e)),
            _ => Ok(()),
        }
    }

    /// Shows a person a line of what they decide about; beside the data where that is for programs.
    ///
    /// # Errors
    /// As [`Terminal::data`].
    pub(super) fn show(self, text: impl Display) -> Result<(), Failure> {
        if !self.is_json() {
            return self.line(text);
        }
        talk(&text.to_string());
        Ok(())
    }

    /// Talks to the person at the terminal.
    pub(super) fn say(self, text: impl Display) {
        if self.talk == Talk::Normal {
            talk(&format!("probity: {text}"));
        }
    }

    /// Says a failure and its hint, as one object with `--json`; not silenced by `--quiet`.
    pub(super) fn fail(self, failure: &Failure) {
        if self.is_json() {
            talk(&failure.to_problem().to_string());
            return;
        }
        let rule = failure.rule().map(|rule| format!(" ({rule})")).unwrap_or_default();
        talk(&format!("probity: error: {failure}{rule}"));
        if let Some(hint) = &failure.hint {
            talk(&format!("probity: hint: {hint}"));
        }
    }

    /// A progress bar over `total` of `unit`, hidden where nobody watches.
    #[must_use]
    pub(super) fn progress(self, what: &'static str, total: u64, unit: Unit) -> ProgressBar {
        let is_watched =
            self.talk == Talk::Normal && self.format == Format::Text && std::io::stderr().is_terminal();
        let target = if is_watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template = match unit {
            Unit::Bytes => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            Unit::Entries => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style);
        bar.set_message(what);
        bar
    }
}

/// What a progress bar counts.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "ledger"), expect(dead_code, reason = "only collecting counts bytes"))]
pub(super) enum Unit {
    /// Bytes of data.
    Bytes,
    /// Entries of the log.
    Entries,
}

/// A closed standard error leaves nobody to tell.
fn talk(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Text by others on a terminal: what would move its cursor or turn its direction is spelled out.
pub(super) fn visible(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let spelled = |c: char| {
        if (c.is_control() && c != '\t') || turns(c) { c.escape_unicode().to_string() } else { c.to_string() }
    };
    text.chars().map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_move_the_cursor() {
        assert_eq!(visible("a\u{1b}[2Kb\u{202e}c\td"), "a\\u{1b}[2Kb\\u{202e}c\td");
    }
}
