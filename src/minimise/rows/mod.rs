//! Records of named fields, CSV or NDJSON: read, decided field by field, printed.
//!
//! The same [`Projection`] prints on both reads of a source, so that the second can be
//! compared with the first byte for byte.

use std::collections::BTreeMap;

use crate::model::class::DataClass;
use crate::model::id::{ServiceId, SourceId};
use crate::model::time::Timestamp;

use super::dated::TimeForm;
use super::json::{self, Shape, Verdict};
use super::selection::{Access, Field, Selection, closest_miss};
use super::withheld::{Rule, Tally};
use super::{csv, secrets};

/// The schema of `subscriber.json`:
/// `{"schema":…,"account":"A001","account_exists":true?,"records":[{"source","service","values":{…}}]}`.
/// `values` has the selected fields under the names of the source; from CSV they are strings, from
/// NDJSON the bytes of the source. `account_exists` stands there only if the scope asks for it.
pub const SUBSCRIBER_SCHEMA: &str = "urn:probity:subscriber:v1";
/// The schema of CSV records: a header row, then the selected columns under the names of the source;
/// the column of instants is RFC 3339 UTC with milliseconds; an empty cell is empty or not in scope.
pub const CSV_SCHEMA: &str = "urn:probity:csv-records:v1";
/// The schema of NDJSON records: the selected members of each, values byte for byte.
pub const NDJSON_SCHEMA: &str = "urn:probity:ndjson-records:v1";

/// How a source declares one of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Class and dictionary name.
    pub field: Field,
    /// Whether everything below the member belongs to it; else only a scalar does.
    pub covers_structure: bool,
}

/// What the records of a source look like.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The columns of a CSV in their order; none for NDJSON.
    pub columns: Option<Vec<String>>,
    /// The field that names the account.
    pub account: String,
    /// The field that holds the instant, and its notation.
    pub time: Option<(String, TimeForm)>,
    /// Every field that is not content, by name or path.
    pub declared: BTreeMap<String, Declaration>,
}

/// One record, read.
pub struct Row<'a> {
    /// The account it belongs to. Personal data.
    pub account: String,
    /// Its instant, if it has a usable one.
    pub time: Option<Timestamp>,
    body: Body<'a>,
}

enum Body<'a> {
    Cells(Vec<String>),
    Object(&'a str),
}

impl Layout {
    /// Reads one record.
    ///
    /// # Errors
    /// [`Rule::Malformed`] if its parts cannot be told apart for sure.
    pub fn read<'a>(&self, record: &'a [u8]) -> Result<Row<'a>, Rule> {
        let time_of = |form: TimeForm, text: &str| form.read(text);
        if let Some(columns) = &self.columns {
            let cells = csv::fields(record)?;
            if cells.len() != columns.len() {
                return Err(Rule::Malformed);
            }
            let cell = |name: &str| cells.iter().zip(columns).find(|(_, c)| *c == name).map(|(cell, _)| cell);
            let account = cell(&self.account).cloned().unwrap_or_default();
            let time = self.time.as_ref().and_then(|(name, form)| time_of(*form, cell(name)?));
            return Ok(Row { account, time, body: Body::Cells(cells) });
        }
        let text = std::str::from_utf8(record).map_err(|_| Rule::Malformed)?.trim();
        json::check(text, &mut |_| {})?;
        let string = |path: &str| serde_json::from_str::<String>(json::find(text, path)?).ok();
        let time = self.time.as_ref().and_then(|(path, form)| match form {
            TimeForm::Rfc3339 => time_of(*form, &string(path)?),
            TimeForm::UnixS | TimeForm::UnixMs => time_of(*form, json::find(text, path)?),
        });
        Ok(Row { account: string(&self.account).unwrap_or_default(), time, body: Body::Object(text) })
    }

    fn field(&self, name: &str) -> Field {
        let declared = self.declared.get(name).map(|d| d.field.clone());
        declared.unwrap_or_else(|| Field { class: DataClass::ContentStored, name: name.to_owned() })
    }

    fn is_branch(&self, path: &str) -> bool {
        let below = format!("{path}{}", json::PATH_SEPARATOR);
        self.declared.range(below.clone()..).next().is_some_and(|(name, _)| name.starts_with(&below))
    }
}

/// What of one account's records is selected from one source.
#[derive(Clone, Debug)]
pub struct Projection {
    account_field: String,
    time_field: Option<String>,
    declared: BTreeMap<String, (Access, Declaration)>,
    columns: Option<Vec<(String, Access, Field)>>,
    /// For what nobody declared: by name where the scope lists it, else as content without one.
    listed_content: BTreeMap<String, Access>,
    content: Access,
    existence: Access,
}

/// What a projection kept of one record.
#[derive(Debug)]
pub struct Kept {
    values: Values,
    /// Which item of the scope selected which field.
    pub taken: Vec<(usize, String)>,
    /// The fields left out, by rule.
    pub left_out: Tally,
}

#[derive(Debug)]
enum Values {
    Cells(Vec<Option<String>>),
    Object(String),
}

impl Row<'_> {
    /// The cell of a CSV row in the column of this name.
    #[must_use]
    pub fn cell(&self, layout: &Layout, name: &str) -> Option<&str> {
        let Body::Cells(cells) = &self.body else { return None };
        let named = cells.iter().zip(layout.columns.iter().flatten());
        named.filter(|(_, column)| *column == name).map(|(cell, _)| cell.as_str()).next()
    }
}

impl Projection {
    /// Compiles the selection for one account of a source.
    #[must_use]
    pub fn new(layout: &Layout, selection: &Selection, service: &ServiceId, account: &str) -> Self {
        let access = |field: &Field| selection.access(service, account, field);
        let of_column = |name: &String| {
            let field = layout.field(name);
            (name.clone(), access(&field), selection.settle(&field))
        };
        let content = |name: &str| access(&Field { class: DataClass::ContentStored, name: name.to_owned() });
        let listed = selection.listed_content(service, account);
        let exists = Field { class: DataClass::Existence, name: "account_exists".to_owned() };
        let declared = layout.declared.iter().map(|(name, declaration)| {
            let settled = Declaration { field: selection.settle(&declaration.field), ..declaration.clone() };
            (name.clone(), (access(&declaration.field), settled))
        });
        Self {
            account_field: layout.account.clone(),
            time_field: layout.time.as_ref().map(|(name, _)| name.clone()),
            declared: declared.collect(),
            columns: layout.columns.as_ref().map(|columns| columns.iter().map(of_column).collect()),
            listed_content: listed.into_iter().map(|name| (name.to_owned(), content(name))).collect(),
            // No field has an empty name: only items without a list of fields select this.
            content: content(""),
            existence: access(&exists),
        }
    }

    /// The item of the scope that asks whether the account exists, answered by any record of it.
    #[must_use]
    pub fn existence(&self, time: Option<Timestamp>) -> Option<usize> {
        self.existence.decide(time).ok()
    }

    /// The columns of a CSV of which some instant is selected.
    #[must_use]
    pub fn open_columns(&self) -> Vec<&str> {
        let columns = self.columns.iter().flatten();
        columns.filter(|(_, access, _)| !access.is_closed()).map(|(name, ..)| name.as_str()).collect()
    }

    /// Decides every field of a record.
    ///
    /// # Errors
    /// The [`Rule`] under which the whole record is withheld: nothing of it is selected but, at
    /// most, the account it belongs to, which would say only how many such records there are.
    pub fn project(&self, layout: &Layout, row: &Row<'_>) -> Result<Kept, Rule> {
        let mut decided =
            Decided { time: row.time, taken: Vec::new(), misses: Vec::new(), is_beyond_account: false };
        let values = match &row.body {
            Body::Cells(cells) => {
                let columns = self.columns.iter().flatten();
                let keep = |(cell, (name, access, field)): (&String, &(String, Access, Field))| {
                    let kept = decided.keep(access, &field.name, *name == self.account_field);
                    let is_time = self.time_field.as_ref() == Some(name);
                    kept.then(|| match row.time {
                        Some(time) if is_time => time.to_string(),
                        _ => cell.clone(),
                    })
                };
                Some(Values::Cells(cells.iter().zip(columns).map(keep).collect()))
            }
            Body::Object(text) => {
                let mut decide = |path: &str, shape: Shape| self.verdict(layout, path, shape, &mut decided);
                json::project(text, &mut decide)?.map(Values::Object)
            }
        };
        match values {
            Some(values) if decided.is_beyond_account => {
                let mut left_out = Tally::default();
                decided.misses.iter().for_each(|&rule| left_out.add(rule));
                Ok(Kept { values, taken: decided.taken, left_out })
            }
            _ => Err(closest_miss(decided.misses)),
        }
    }

    fn verdict(&self, layout: &Layout, path: &str, shape: Shape, decided: &mut Decided) -> Verdict {
        let declared = self.declared.get(path).filter(|_| shape != Shape::Ambiguous);
        let is_account = path == self.account_field;
        let kept = match declared {
            Some((access, declaration)) if shape == Shape::Flat || declaration.covers_structure => {
                decided.keep(access, &declaration.field.name, is_account)
            }
            None if shape == Shape::Object && layout.is_branch(path) => return Verdict::Descend,
            Some(_) | None => {
                let listed = self.listed_content.get(path).filter(|_| shape != Shape::Ambiguous);
                decided.keep(listed.unwrap_or(&self.content), path, is_account)
            }
        };
        if kept { Verdict::Keep } else { Verdict::Drop }
    }
}

struct Decided {
    time: Option<Timestamp>,
    taken: Vec<(usize, String)>,
    misses: Vec<Rule>,
    is_beyond_account: bool,
}

impl Decided {
    fn keep(&mut self, access: &Access, name: &str, is_account: bool) -> bool {
        match access.decide(self.time) {
            Ok(item) => {
                self.taken.push((item, name.to_owned()));
                self.is_beyond_account |= !is_account;
                true
            }
            Err(rule) => {
                self.misses.push(rule);
                false
            }
        }
    }
}

impl Kept {
    /// Appends a row of the open columns, and before them `leading`.
    pub fn print_csv(&self, projection: &Projection, leading: &[&str], out: &mut Vec<u8>) {
        let Values::Cells(cells) = &self.values else { return };
        let columns = projection.columns.iter().flatten();
        let open = cells.iter().zip(columns).filter(|(_, (_, access, _))| !access.is_closed());
        let cells = open.map(|(cell, _)| cell.as_deref().unwrap_or_default());
        csv::print_row(leading.iter().copied().chain(cells), out);
    }

    /// Appends the kept members as one line.
    pub fn print_ndjson(&self, out: &mut Vec<u8>) {
        if let Values::Object(object) = &self.values {
            // A record may have been printed over several lines by nobody: line feeds inside one
            // are white space between tokens of a kept structure, and would cut the line in two.
            out.extend(object.bytes().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }));
            out.push(b'\n');
        }
    }

    /// Appends a record of `subscriber.json`.
    pub fn print_subscriber(
        &self,
        projection: &Projection,
        source: &SourceId,
        service: &ServiceId,
        out: &mut Vec<u8>,
    ) {
        let values = match &self.values {
            Values::Object(object) => object.clone(),
            Values::Cells(cells) => {
                let named = cells.iter().zip(projection.columns.iter().flatten());
                let members = named.filter_map(|(cell, (name, ..))| {
                    Some(format!("{}:{}", json::string(name), json::string(cell.as_deref()?)))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        };
        let record = format!(r#"{{"source":"{source}","service":"{service}","values":{values}}}"#);
        out.extend_from_slice(record.as_bytes());
    }

    /// Whether a private key seems to stand in what was kept, read as text and, of JSON, as the
    /// strings that its escapes denote.
    #[must_use]
    pub fn has_key_material(&self) -> bool {
        let mut scanner = secrets::Scanner::new();
        match &self.values {
            Values::Cells(cells) => {
                for cell in cells.iter().flatten() {
                    scanner.push(cell.as_bytes());
                    scanner.push(b"\x01");
                }
            }
            Values::Object(object) => {
                scanner.push(object.as_bytes());
                let mut strings = secrets::Scanner::new();
                let read = json::check(object, &mut |text| {
                    strings.push(text.as_bytes());
                    strings.push(b"\x01");
                });
                return read.is_err() || scanner.found().is_some() || strings.found().is_some();
            }
        }
        scanner.found().is_some()
    }
}

#[cfg(test)]
mod tests;
