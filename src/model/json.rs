//! The JSON profile: one meaning for every document that is signed, hashed or stored.
//!
//! **In scope**: UTF-8 without byte order mark; no member twice at any depth, compared
//! after unescaping; integers `-?(0|[1-9][0-9]*)` with |n| < 2^53 and never `-0`; no lone
//! surrogates; depth ≤ 16, the outermost value being 1; nothing after the value.
//! **Out of scope**: which members a document has; its type says so, with
//! `deny_unknown_fields`.
//!
//! Two parsers that disagree about a duplicate member are a filter bypass, so the scan
//! comes first and the typed reader only sees what has one reading.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;

/// Deepest nesting; the outermost value has depth 1. Bounds the scanner's stack.
pub const DEPTH_MAX: usize = 16;
/// Integers are below 2^53, so that a reader with IEEE doubles sees the same number.
pub const INTEGER_BOUND: u64 = 1 << 53;
/// Objects with more members look duplicates up in a set instead of a list.
const SMALL_OBJECT: usize = 16;

/// Why bytes are not a document of the profile. Places are JSON pointers (RFC 6901) into
/// what was read so far; values never appear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A byte order mark stands first.
    #[error("begins with a byte order mark; leave it out")]
    ByteOrderMark,
    /// Not JSON.
    #[error("not JSON at byte {at}: {what}")]
    Syntax {
        /// Offset in bytes.
        at: usize,
        /// What was expected there.
        what: &'static str,
    },
    /// A member stands twice in one object.
    #[error("{pointer} stands twice")]
    Duplicate {
        /// Where.
        pointer: String,
    },
    /// A fraction, an exponent, a leading zero, `-0`, or too large.
    #[error("{pointer} is not an integer below 2^53 in its shortest form")]
    Number {
        /// Where.
        pointer: String,
    },
    /// Half of a surrogate pair.
    #[error("{pointer} holds a lone surrogate")]
    Surrogate {
        /// Where.
        pointer: String,
    },
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("{pointer} is nested deeper than {DEPTH_MAX}")]
    Depth {
        /// Where.
        pointer: String,
    },
    /// Another member, another type, or one missing.
    #[error("{}{what}", place(pointer))]
    Shape {
        /// Where; empty for the document itself.
        pointer: String,
        /// What was expected.
        what: String,
    },
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("{pointer}: ") }
}

impl JsonError {
    /// The place as a JSON pointer, if it is known; empty for the document itself.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::NotUtf8 | Self::ByteOrderMark | Self::Syntax { .. } => None,
            Self::Duplicate { pointer }
            | Self::Number { pointer }
            | Self::Surrogate { pointer }
            | Self::Depth { pointer }
            | Self::Shape { pointer, .. } => Some(pointer),
        }
    }
}

/// Checks that `bytes` are one document of the profile.
///
/// # Errors
/// [`JsonError`], the first fault met; never [`JsonError::Shape`].
pub fn check(bytes: &[u8]) -> Result<(), JsonError> {
    scan(bytes, usize::MAX).map(drop)
}

/// Checks the profile, then reads `T`, whose type decides about members.
///
/// # Errors
/// [`JsonError`].
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| shape_error(bytes, &error))
}

/// Reads `T` from a part of a document that was checked as a whole: a member kept in its exact
/// bytes. Checking it again would be half of what reading an event costs.
///
/// # Errors
/// [`JsonError::Shape`].
pub fn read_part<T: DeserializeOwned>(part: &RawValue) -> Result<T, JsonError> {
    serde_json::from_str(part.get()).map_err(|error| shape_error(part.get().as_bytes(), &error))
}

/// For a member that may be null but not absent: `#[serde(deserialize_with = "json::nullable")]`.
/// Without it serde reads an absent member as null, and one fact would have two spellings.
///
/// # Errors
/// The deserializer's.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// For a member that may be absent but not null, which came after others had been written without it:
/// `#[serde(default, deserialize_with = "json::present")]`.
///
/// # Errors
/// The deserializer's.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a string by `parse`, without a copy of it: digests, times and ids are most of what an event
/// holds.
///
/// # Errors
/// The deserializer's: no string, or what `parse` says.
pub fn text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct Text<F>(F);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<X: serde::de::Error>(self, text: &str) -> Result<T, X> {
            (self.0)(text).map_err(X::custom)
        }
    }

    deserializer.deserialize_str(Text(parse))
}

/// serde's texts quote values, and values may be personal data: keep what was expected. The
/// last ", expected " is serde's own; an earlier one may stand in the value.
fn shape_error(bytes: &[u8], error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let quotes_value = text.starts_with("invalid ") || text.starts_with("unknown variant ");
    let what = match text.rsplit_once(", expected ") {
        Some((_, expected)) if quotes_value => format!("expected {expected}"),
        _ => text.to_owned(),
    };
    let line_start = bytes
        .split_inclusive(|b| *b == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum::<usize>();
    let offset = line_start + error.column().saturating_sub(1);
    let pointer = scan(bytes, offset).ok().flatten().unwrap_or_default();
    JsonError::Shape { pointer, what }
}

/// Scans the whole document; returns the pointer of what stands at byte `watch`.
fn scan(bytes: &[u8], watch: usize) -> Result<Option<String>, JsonError> {
    std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(JsonError::ByteOrderMark);
    }
    let mut scanner = Scanner { bytes, at: 0, path: Vec::new(), watch, watched: None };
    scanner.space();
    scanner.value()?;
    scanner.space();
    if scanner.at == bytes.len() { Ok(scanner.watched) } else { Err(scanner.syntax("the end")) }
}

enum Step<'a> {
    Member(Cow<'a, str>),
    Item(usize),
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    path: Vec<Step<'a>>,
    watch: usize,
    watched: Option<String>,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn syntax(&self, what: &'static str) -> JsonError {
        JsonError::Syntax { at: self.at, what }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.syntax(what))
        }
    }

    fn pointer(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            text.push('/');
            match step {
                Step::Member(name) => text.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Item(index) => text.push_str(&index.to_string()),
            }
        }
        text
    }

    /// The recursion is bounded by [`DEPTH_MAX`].
    fn value(&mut self) -> Result<(), JsonError> {
        if self.path.len() >= DEPTH_MAX {
            return Err(JsonError::Depth { pointer: self.pointer() });
        }
        match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => {
                self.string()?;
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            _ => return Err(self.syntax("a value")),
        }
        // The innermost value that ends behind the watched byte is the one that holds it.
        if self.watched.is_none() && self.at > self.watch {
            self.watched = Some(self.pointer());
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), JsonError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.syntax("true, false or null"))
        }
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            self.path.push(Step::Item(index));
            self.space();
            self.value()?;
            self.path.pop();
            self.space();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        self.expect(b']', "a comma or ]")
    }

    fn object(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut names = Names::default();
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.syntax("a member's name"));
            }
            let name = self.string()?;
            let is_new = names.insert(name.clone());
            self.path.push(Step::Member(name));
            if !is_new {
                return Err(JsonError::Duplicate { pointer: self.pointer() });
            }
            self.space();
            self.expect(b':', "a colon")?;
            self.space();
            self.value()?;
            self.path.pop();
            self.space();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        self.expect(b'}', "a comma or }")
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let is_shortest = !digits.is_empty()
            && digits.iter().all(u8::is_ascii_digit)
            && (digits == b"0" || !digits.starts_with(b"0"))
            && text != b"-0";
        // Seventeen digits are more than 2^53 has and cannot overflow a u64.
        let magnitude =
            digits.iter().take(17).fold(0_u64, |n, b| n * 10 + u64::from(b.wrapping_sub(b'0') % 10));
        if is_shortest && digits.len() <= 16 && magnitude < INTEGER_BOUND {
            Ok(())
        } else {
            Err(JsonError::Number { pointer: self.pointer() })
        }
    }

    /// Reads a string and returns its text, borrowed where nothing was escaped.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let mut unescaped: Option<String> = None;
        let mut plain_from = start;
        loop {
            match self.peek() {
                None | Some(0..=0x1F) => {
                    return Err(self.syntax("the end of a string, without control characters"));
                }
                Some(b'"') => {
                    let plain = self.text(plain_from)?;
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(plain),
                        Some(text) => Cow::Owned(text + plain),
                    });
                }
                Some(b'\\') => {
                    let plain = self.text(plain_from)?;
                    let text = unescaped.get_or_insert_default();
                    text.push_str(plain);
                    self.at += 1;
                    let unescaped_char = self.escape()?;
                    unescaped.get_or_insert_default().push(unescaped_char);
                    plain_from = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn text(&self, from: usize) -> Result<&'a str, JsonError> {
        let bytes = self.bytes.get(from..self.at).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.peek().ok_or_else(|| self.syntax("an escape"))?;
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.syntax("an escape")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let lone = |scanner: &Self| JsonError::Surrogate { pointer: scanner.pointer() };
        let high = self.hex4()?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| lone(self));
        }
        if self.bytes.get(self.at..).is_none_or(|rest| !rest.starts_with(b"\\u")) {
            return Err(lone(self));
        }
        self.at += 2;
        let low = self.hex4()?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(lone(self));
        }
        let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        char::from_u32(code).ok_or_else(|| lone(self))
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|d| std::str::from_utf8(d).ok());
        let is_hex = |d: &&str| d.bytes().all(|b| b.is_ascii_hexdigit());
        let digits = digits.filter(is_hex).ok_or_else(|| self.syntax("four hex digits"))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.syntax("four hex digits"))
    }
}

/// The names of one object; a set only where a list would be slow.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.len() < SMALL_OBJECT {
            let is_new = !self.few.contains(&name);
            self.few.push(name);
            return is_new;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().cloned());
        }
        self.many.insert(name)
    }
}

#[cfg(test)]
mod tests;
