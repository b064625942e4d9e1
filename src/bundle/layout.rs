//! Names inside a bag: safe on every file system an agency may use.
//!
//! **In scope**: the grammar of one path, and that a set of paths can be unpacked side by
//! side without one replacing another. **Out of scope**: what the files hold.

use std::collections::BTreeMap;
use std::fmt;

/// Longest path within the bag, in bytes: with a base directory of ordinary length it
/// stays below the 260 characters of Windows.
pub const PATH_BYTES_MAX: usize = 150;
/// The payload directory of a bag (RFC 8493 §2.1.2).
pub const PAYLOAD_DIR: &str = "data/";

/// Device names that Windows reserves in every directory, with or without extension.
const WINDOWS_DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with one digit after them.
const WINDOWS_PORTS: [&str; 2] = ["com", "lpt"];

/// Why a text is no path of a bag. The path itself is not repeated: it is bounded by
/// nothing yet and may come from a hostile archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Empty, or longer than [`PATH_BYTES_MAX`].
    #[error("a path in a bag has 1 to {PATH_BYTES_MAX} characters")]
    Length,
    /// A character other than `A-Z a-z 0-9 . _ -` and the separator.
    #[error("a path in a bag consists of A-Z a-z 0-9 . _ - and /")]
    Alphabet,
    /// An empty part, or one that begins or ends with a dot.
    #[error("no part of a path in a bag is empty or begins or ends with a dot")]
    Dot,
    /// A name that Windows takes for a device.
    #[error("a part of the path is a device name on Windows")]
    Device,
}

/// A path within a bag, relative to its base directory, `/` between its parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BagPath(Box<str>);

impl BagPath {
    /// Parses a path.
    ///
    /// # Errors
    /// [`PathFault`] for whatever would not unpack to the same name everywhere: `..`,
    /// absolute paths, `%` and control characters are outside the alphabet or the rule on dots.
    pub fn parse(text: &str) -> Result<Self, PathFault> {
        if text.is_empty() || text.len() > PATH_BYTES_MAX {
            return Err(PathFault::Length);
        }
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
        if !text.bytes().all(fits) {
            return Err(PathFault::Alphabet);
        }
        text.split('/').try_for_each(check_part)?;
        Ok(Self(text.into()))
    }

    /// The path's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lies in the payload directory.
    #[must_use]
    pub fn is_payload(&self) -> bool {
        self.0.starts_with(PAYLOAD_DIR)
    }
}

fn check_part(part: &str) -> Result<(), PathFault> {
    if part.is_empty() || part.starts_with('.') || part.ends_with('.') {
        return Err(PathFault::Dot);
    }
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let is_port = |port: &str| {
        stem.strip_prefix(port)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    if WINDOWS_DEVICES.contains(&stem.as_str()) || WINDOWS_PORTS.into_iter().any(is_port) {
        return Err(PathFault::Device);
    }
    Ok(())
}

impl fmt::Display for BagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BagPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BagPath({})", self.0)
    }
}

/// Two paths of one bag that cannot stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} collides with {with} (equal, equal but for case, or a file where a directory is)")]
pub struct Collision {
    /// The later one.
    pub path: BagPath,
    /// What stood there already.
    pub with: Box<str>,
}

/// Paths that can be unpacked side by side, also where case does not count.
#[derive(Debug, Default)]
pub struct PathSet {
    /// By the lower-case spelling: the exact one, and whether it is a file.
    taken: BTreeMap<String, (Box<str>, Kind)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Directory,
    File,
}

impl PathSet {
    /// Adds a file and the directories above it.
    ///
    /// # Errors
    /// [`Collision`] names both paths; the set is then of no further use.
    pub fn insert(&mut self, path: &BagPath) -> Result<(), Collision> {
        let text = path.as_str();
        for (at, _) in text.match_indices('/') {
            let (directory, _) = text.split_at(at);
            self.take(path, directory, Kind::Directory)?;
        }
        self.take(path, text, Kind::File)
    }

    fn take(&mut self, path: &BagPath, spelling: &str, kind: Kind) -> Result<(), Collision> {
        let folded = spelling.to_ascii_lowercase();
        match self.taken.get(&folded) {
            None => {
                self.taken.insert(folded, (spelling.into(), kind));
                Ok(())
            }
            Some((with, Kind::Directory)) if kind == Kind::Directory && **with == *spelling => Ok(()),
            Some((with, _)) => Err(Collision { path: path.clone(), with: with.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_names_that_unpack_everywhere() {
        let longest = format!("data/{}", "a".repeat(PATH_BYTES_MAX - 5));
        for good in ["bagit.txt", "data/A001/mail/mail-0001.mbox", "data/-x", "data/_", "com10", &longest] {
            assert_eq!(BagPath::parse(good).map(|p| p.to_string()), Ok(good.to_owned()));
        }
        let too_long = format!("{longest}a");
        for (bad, why) in [
            ("", PathFault::Length),
            (too_long.as_str(), PathFault::Length),
            ("data/a b", PathFault::Alphabet),
            ("data/%41", PathFault::Alphabet),
            ("data\\a", PathFault::Alphabet),
            ("data/a\n", PathFault::Alphabet),
            ("data/\u{e4}", PathFault::Alphabet),
            ("C:a", PathFault::Alphabet),
            ("/data", PathFault::Dot),
            ("data/", PathFault::Dot),
            ("data//a", PathFault::Dot),
            ("data/../a", PathFault::Dot),
            ("./data", PathFault::Dot),
            ("data/.hidden", PathFault::Dot),
            ("data/a.", PathFault::Dot),
            ("data/NUL", PathFault::Device),
            ("con.txt", PathFault::Device),
            ("data/Com1.a.b", PathFault::Device),
            ("lpt9/x", PathFault::Device),
        ] {
            assert_eq!(BagPath::parse(bad), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn collisions_are_seen_before_they_overwrite() {
        for (first, second, fits) in [
            ("data/a", "data/b", true),
            ("data/a/x", "data/a/y", true),
            ("data/a", "data/a", false),
            ("data/a", "data/A", false),
            ("data/a/x", "data/A/y", false),
            ("data/a", "data/a/x", false),
            ("data/a/x", "data/a", false),
        ] {
            let mut set = PathSet::default();
            let path = |text| BagPath::parse(text).expect("a good path");
            set.insert(&path(first)).expect("the first one fits");
            assert_eq!(set.insert(&path(second)).is_ok(), fits, "{first} {second}");
        }
    }

    proptest! {
        /// Whatever parses stays below its base directory and prints as it was.
        #[test]
        fn nothing_escapes(text in "[A-Za-z0-9._/%\\\\ -]{0,40}") {
            if let Ok(path) = BagPath::parse(&text) {
                prop_assert_eq!(path.as_str(), text.as_str());
                let parts = std::path::Path::new(path.as_str()).components();
                prop_assert!(parts.into_iter().all(|c| matches!(c, std::path::Component::Normal(_))));
            }
        }
    }
}
