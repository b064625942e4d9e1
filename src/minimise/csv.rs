//! CSV, strictly as RFC 4180 has it: the reading that leaves no second one.
//!
//! A lenient reader and another lenient reader disagree about a stray quote, and what one
//! takes for a cell the other takes for three. So a field is either quoted from end to end
//! or holds no quote, every row is as wide as the header, and anything else is withheld.

use std::collections::BTreeSet;

use super::withheld::Rule;

/// Longest row in bytes, the header too.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// Most columns.
pub const COLUMNS_MAX: usize = 1_024;

const BOM: &str = "\u{feff}";

/// Why a header row cannot be used. Columns are named by position, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No row, one that breaks RFC 4180, or one that is not UTF-8.
    #[error("the header row is missing, too long, or not RFC 4180 in UTF-8")]
    Form,
    /// An empty name.
    #[error("column {0} has no name")]
    Unnamed(usize),
    /// The same name twice: which one a rule means could not be told.
    #[error("column {0} has the name of an earlier one")]
    Duplicate(usize),
    /// More than [`COLUMNS_MAX`].
    #[error("{0} columns, at most {COLUMNS_MAX}")]
    TooMany(usize),
}

/// Finds where rows end in a stream: at a line feed outside quotes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowEnd {
    quoted: bool,
}

impl RowEnd {
    /// The length of the part of `chunk` that ends the row, its line feed included, if it does.
    pub fn find(&mut self, chunk: &[u8]) -> Option<usize> {
        for (at, &byte) in chunk.iter().enumerate() {
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' if !self.quoted => return Some(at + 1),
                _ => {}
            }
        }
        None
    }
}

/// Splits one row, with or without its line end, into its fields.
///
/// # Errors
/// [`Rule::Malformed`] if it is not RFC 4180 in UTF-8.
pub fn fields(row: &[u8]) -> Result<Vec<String>, Rule> {
    let text = std::str::from_utf8(row).map_err(|_| Rule::Malformed)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut rest = text.strip_suffix('\r').unwrap_or(text);
    let mut fields = Vec::new();
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => bare(rest)?,
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

type FieldAndRest<'a> = (String, Option<&'a str>);

fn bare(text: &str) -> Result<FieldAndRest<'_>, Rule> {
    let (field, after) = text.split_once(',').map_or((text, None), |(f, a)| (f, Some(a)));
    if field.contains(['"', '\r', '\n']) { Err(Rule::Malformed) } else { Ok((field.to_owned(), after)) }
}

fn unquote(text: &str) -> Result<FieldAndRest<'_>, Rule> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or(Rule::Malformed)?;
        field.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
        } else if after.is_empty() {
            return Ok((field, None));
        } else {
            return Ok((field, Some(after.strip_prefix(',').ok_or(Rule::Malformed)?)));
        }
    }
}

/// The column names of a header row.
///
/// # Errors
/// [`HeaderError`]; such a source is refused as a whole.
pub fn header(row: &[u8]) -> Result<Vec<String>, HeaderError> {
    if row.len() > ROW_BYTES_MAX {
        return Err(HeaderError::Form);
    }
    let row = row.strip_prefix(BOM.as_bytes()).unwrap_or(row);
    let names = fields(row).map_err(|_| HeaderError::Form)?;
    if names.len() > COLUMNS_MAX {
        return Err(HeaderError::TooMany(names.len()));
    }
    let mut seen = BTreeSet::new();
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(HeaderError::Unnamed(at + 1));
        }
        if !seen.insert(name.as_str()) {
            return Err(HeaderError::Duplicate(at + 1));
        }
    }
    Ok(names)
}

/// Appends one row, quoting only what must be, ended by a line feed.
pub fn print_row<'a>(fields: impl IntoIterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (at, field) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(field.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(field.as_bytes());
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    //! Goal: one reading only. Method: a table of what is refused, a round trip, and the csv
    //! crate as an oracle for what is accepted.

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_has_two_readings() {
        for row in ["a\"b", "\"a\"b", "\"a", "a,\"b\" ", " \"a\"", "\"a\"\"", "a\rb", "\"a\"\r\r"] {
            assert_eq!(fields(row.as_bytes()), Err(Rule::Malformed), "{row:?}");
        }
        assert_eq!(fields(b"a,\xff"), Err(Rule::Malformed));
    }

    #[test]
    fn headers_have_distinct_names() {
        let check = |row: &str, expected| assert_eq!(header(row.as_bytes()), expected, "{row:?}");
        check("\u{feff}a,b\r\n", Ok(vec!["a".to_owned(), "b".to_owned()]));
        check("a,b,a", Err(HeaderError::Duplicate(3)));
        check("a,\"a\"", Err(HeaderError::Duplicate(2)));
        check("a,,b", Err(HeaderError::Unnamed(2)));
        check("", Err(HeaderError::Unnamed(1)));
        check("a\"b", Err(HeaderError::Form));
        check(&vec!["x"; COLUMNS_MAX + 1].join(","), Err(HeaderError::TooMany(COLUMNS_MAX + 1)));
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(row in proptest::collection::vec("[a\",\r\n ;ä]{0,6}", 1..5)) {
            let mut printed = Vec::new();
            print_row(row.iter().map(String::as_str), &mut printed);
            prop_assert_eq!(RowEnd::default().find(&printed), Some(printed.len()));
            prop_assert_eq!(fields(&printed), Ok(row));
        }

        #[test]
        fn agrees_with_the_csv_crate(text in "[a\",\r\n]{1,12}") {
            let mut ends = RowEnd::default();
            let row = &text.as_bytes()[..ends.find(text.as_bytes()).unwrap_or(text.len())];
            if let Ok(ours) = fields(row) && !ours.iter().all(String::is_empty) {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row);
                let theirs = reader.records().next().expect("a row").expect("UTF-8");
                prop_assert_eq!(ours, theirs.iter().map(str::to_owned).collect::<Vec<_>>());
            }
        }
    }
}
