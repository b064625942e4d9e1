//! JSON records: strict reading, and projection that leaves values byte-identical.
//!
//! A duplicate member is a way round every filter (one reader keeps the first, another the
//! last), so a record with one, at any depth, is withheld. A declared member is a scalar or a
//! list of scalars; what hides below it in objects is declared by its own path, or is content.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::withheld::Rule;

/// Longest record in bytes.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// Separates a member from the one it is in, in a declared path.
pub const PATH_SEPARATOR: char = '.';

/// The members of an object in their order, values as the bytes they were.
type Members<'a> = Vec<(String, &'a RawValue)>;

/// Checks that `record` is one JSON object without duplicate members at any depth, and shows
/// every string in it, unescaped, to `strings`.
///
/// # Errors
/// [`Rule::Malformed`].
pub fn check(record: &str, strings: &mut dyn FnMut(&str)) -> Result<(), Rule> {
    if !record.trim_start().starts_with('{') {
        return Err(Rule::Malformed);
    }
    let mut deserializer = serde_json::Deserializer::from_str(record);
    Unique { strings }.deserialize(&mut deserializer).map_err(|_| Rule::Malformed)?;
    deserializer.end().map_err(|_| Rule::Malformed)
}

/// The value at a declared path of a checked record.
#[must_use]
pub fn find<'a>(record: &'a str, path: &str) -> Option<&'a str> {
    let (first, rest) = path.split_once(PATH_SEPARATOR).map_or((path, None), |(f, r)| (f, Some(r)));
    let value = members(record).ok()?.into_iter().find(|(name, _)| name == first)?.1.get();
    match rest {
        None => Some(value),
        Some(rest) if value.starts_with('{') => find(value, rest),
        Some(_) => None,
    }
}

/// What a member looks like, for a projection to decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A scalar or a list of scalars.
    Flat,
    /// An object.
    Object,
    /// A list with structure in it.
    Nested,
    /// Its name holds a separator, so its path could be mistaken for another's.
    Ambiguous,
}

/// What becomes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Kept, byte for byte.
    Keep,
    /// Left out.
    Drop,
    /// Its own members are decided one by one; of anything but an object it is a refusal.
    Descend,
}

/// Prints a checked record with only the members that `decide` keeps, in their order; none if
/// that leaves nothing.
///
/// # Errors
/// [`Rule::Malformed`].
pub fn project(record: &str, decide: &mut dyn FnMut(&str, Shape) -> Verdict) -> Result<Option<String>, Rule> {
    project_below(record, "", decide)
}

fn project_below(
    object: &str,
    above: &str,
    decide: &mut dyn FnMut(&str, Shape) -> Verdict,
) -> Result<Option<String>, Rule> {
    let mut out = String::new();
    for (name, value) in members(object)? {
        let path = format!("{above}{name}");
        let shape = shape(&name, value);
        let printed = match decide(&path, shape) {
            Verdict::Keep => Some(value.get().to_owned()),
            Verdict::Descend if shape == Shape::Object => {
                project_below(value.get(), &format!("{path}{PATH_SEPARATOR}"), decide)?
            }
            Verdict::Drop | Verdict::Descend => None,
        };
        if let Some(printed) = printed {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(&string(&name));
            out.push(':');
            out.push_str(&printed);
        }
    }
    if out.is_empty() {
        return Ok(None);
    }
    out.push('}');
    Ok(Some(out))
}

/// A JSON string.
#[must_use]
pub fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn shape(name: &str, value: &RawValue) -> Shape {
    let is_scalar = |text: &str| !text.starts_with(['{', '[']);
    if name.contains(PATH_SEPARATOR) {
        return Shape::Ambiguous;
    }
    if value.get().starts_with('{') {
        return Shape::Object;
    }
    if is_scalar(value.get()) {
        return Shape::Flat;
    }
    let list: Result<Vec<&RawValue>, _> = serde_json::from_str(value.get());
    let is_flat = list.is_ok_and(|list| list.iter().all(|value| is_scalar(value.get())));
    if is_flat { Shape::Flat } else { Shape::Nested }
}

fn members(object: &str) -> Result<Members<'_>, Rule> {
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Members<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(object).deserialize_map(Object).map_err(|_| Rule::Malformed)
}

/// Walks a value, refusing duplicate members. The library bounds the depth at 128.
struct Unique<'a> {
    strings: &'a mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        (self.strings)(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Unique { strings: self.strings })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            (self.strings)(&name);
            map.next_value_seed(Unique { strings: self.strings })?;
            if !names.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_at_any_depth_and_other_tricks_are_refused() {
        for record in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":[{"b":{"c":1,"c":1}}]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1e999}"#,
            r#"{"a":1}{"#,
            r#"{"a":1} {}"#,
            r"[1]",
            r"1",
            "",
            "{",
            "{'a':1}",
            "\u{feff}{}",
        ] {
            assert_eq!(check(record, &mut |_| {}), Err(Rule::Malformed), "{record}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        assert_eq!(check(&deep, &mut |_| {}), Err(Rule::Malformed));
        let mut seen = Vec::new();
        check(r#"{"a":["x","\u0079"]}"#, &mut |s| seen.push(s.to_owned())).expect("well-formed");
        assert_eq!(seen, ["a", "x", "y"]);
    }

    #[test]
    fn keeps_bytes_and_drops_the_undeclared() {
        let check = |record: &str, kept: Option<&str>| {
            let mut decide = |path: &str, shape: Shape| match (path, shape) {
                ("n" | "a.b" | "tags", Shape::Flat) | ("w", _) => Verdict::Keep,
                ("a", _) => Verdict::Descend,
                _ => Verdict::Drop,
            };
            assert_eq!(project(record, &mut decide).expect("well-formed").as_deref(), kept, "{record}");
        };
        check(r#"{"z":1,"n": 1.50e+3,"x":"no"}"#, Some(r#"{"n":1.50e+3}"#));
        check(
            r#"{"n":"\u00e4\/","a":{"b":12345678901234567890,"c":"no"}}"#,
            Some(r#"{"n":"\u00e4\/","a":{"b":12345678901234567890}}"#),
        );
        check(r#"{"tags":[1, "two"],"w":{"any":[{}]}}"#, Some(r#"{"tags":[1, "two"],"w":{"any":[{}]}}"#));
        // A scalar's place taken by a structure, and a structure's by a scalar.
        check(r#"{"n":{"secret":1}}"#, None);
        check(r#"{"tags":[["no"]]}"#, None);
        check(r#"{"a":"no"}"#, None);
        // A dot in a name is not a path.
        check(r#"{"a.b":"no"}"#, None);
        check(r"{}", None);
    }

    #[test]
    fn finds_by_path() {
        let record = r#"{"a":{"b":"x"},"c":1}"#;
        assert_eq!(find(record, "a.b"), Some("\"x\""));
        assert_eq!(find(record, "c"), Some("1"));
        for path in ["a.c", "c.d", "b", ""] {
            assert_eq!(find(record, path), None, "{path}");
        }
    }
}
