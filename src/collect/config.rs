//! `sources.toml`: where data is, whose it is, when it is from, what class it is.
//!
//! Unknown members are refused. A field that is not declared is content (S-98).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::minimise::dated::TimeForm;
use crate::minimise::json::PATH_SEPARATOR;
use crate::minimise::names;
use crate::minimise::rows::{Declaration, Layout};
use crate::minimise::selection::Field;
use crate::model::class::DataClass;
use crate::model::id::{ServiceId, SourceId};
use crate::model::time::Timestamp;

/// Largest `sources.toml`, in bytes.
pub(super) const CONFIG_BYTES_MAX: u64 = 4 << 20;
/// The column of the index of delivered files that says under which name a file is delivered.
pub(super) const DELIVERED_AS: &str = "delivered_as";

/// Longest name of a key, in bytes.
const KEY_NAME_BYTES_MAX: usize = 512;

/// Why `sources.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not readable.
    #[error("sources.toml cannot be read")]
    Read(#[source] std::io::Error),
    /// Larger than the bound.
    #[error("sources.toml is larger than {CONFIG_BYTES_MAX} bytes")]
    TooLarge,
    /// Not TOML, or not these members.
    #[error("sources.toml: {0}")]
    Syntax(String),
    /// Another version.
    #[error("sources.toml: v is {0}, this version reads 1")]
    Version(u8),
    /// Two ids that a file system could take for one, or one that Windows takes for a device.
    #[error("sources.toml: source {0}: the id repeats an earlier one or cannot be a file name everywhere")]
    Id(SourceId),
    /// A path that is absolute or leaves the directory of the sources.
    #[error("sources.toml: source {0}: a path must be relative and stay below the directory of the sources")]
    Path(SourceId),
    /// A declared field is empty, or nested inside another declared one.
    #[error("sources.toml: source {0}: a field is empty, reserved, or declared inside another one")]
    Field(SourceId),
    /// The name of a key is empty or too long.
    #[error("sources.toml: source {0}: key_name has 1 to {KEY_NAME_BYTES_MAX} bytes")]
    KeyName(SourceId),
    /// An ownership interval that ends before it begins.
    #[error("sources.toml: ownership {0}: from is not before to")]
    Ownership(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    v: u8,
    #[serde(default)]
    source: Vec<SourceText>,
    #[serde(default)]
    ownership: Vec<OwnershipText>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum SourceText {
    Mbox(MailText),
    Eml(MailText),
    Csv(RecordsText),
    Ndjson(RecordsText),
    Files(FilesText),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailText {
    id: SourceId,
    service: ServiceId,
    path: String,
    key_name: Option<String>,
    owner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordsText {
    id: SourceId,
    service: ServiceId,
    path: String,
    key_name: Option<String>,
    into: Family,
    account: String,
    time: Option<String>,
    #[serde(default)]
    time_form: TimeForm,
    #[serde(default)]
    fields: BTreeMap<String, FieldText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesText {
    id: SourceId,
    service: ServiceId,
    path: String,
    key_name: Option<String>,
    index: String,
    account: String,
    file: String,
    time: Option<String>,
    #[serde(default)]
    time_form: TimeForm,
    #[serde(default)]
    fields: BTreeMap<String, FieldText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldText {
    class: DataClass,
    name: Option<String>,
    #[serde(default)]
    covers_structure: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnershipText {
    service: ServiceId,
    account: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Where the records of a CSV or NDJSON source are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Family {
    /// Merged into `subscriber/subscriber.json`.
    Subscriber,
    /// `access/<source id>.csv` or `.ndjson`.
    Access,
}

/// A declared source.
pub(super) struct Source {
    pub(super) id: SourceId,
    pub(super) service: ServiceId,
    /// Components below the directory of the sources.
    pub(super) path: Vec<String>,
    /// The name of the provider's key with which the data system decrypted it. A source without
    /// one counts as never encrypted under a provider's key: an undeclared use cannot be seen.
    pub(super) key_name: Option<String>,
    pub(super) kind: Kind,
}

impl Source {
    fn new(
        id: SourceId,
        service: ServiceId,
        path: Vec<String>,
        key_name: Option<String>,
        kind: Kind,
    ) -> Result<Self, ConfigError> {
        let fits = |name: &String| !name.is_empty() && name.len() <= KEY_NAME_BYTES_MAX;
        if key_name.as_ref().is_some_and(|name| !fits(name)) {
            return Err(ConfigError::KeyName(id));
        }
        Ok(Self { id, service, path, key_name, kind })
    }
}

/// What a source consists of. `columns` of a layout are filled in when the header row is read.
pub(super) enum Kind {
    Mbox { owner: String },
    Eml { owner: String },
    Csv { family: Family, layout: Layout },
    Ndjson { family: Family, layout: Layout },
    Files { index: Vec<String>, file: String, layout: Layout },
}

/// (service, account) → the half-open intervals in ms in which the account is its present owner's.
pub(super) type Ownership = BTreeMap<(ServiceId, String), Vec<(i64, i64)>>;

/// Parses and checks the declarations.
pub(super) fn parse(text: &str) -> Result<(Vec<Source>, Ownership), ConfigError> {
    // The library's full message quotes the line, which may name an account; its cause does not.
    let document: Document = toml::from_str(text).map_err(|e| ConfigError::Syntax(e.message().to_owned()))?;
    if document.v != 1 {
        return Err(ConfigError::Version(document.v));
    }
    let sources = document.source.into_iter().map(SourceText::check).collect::<Result<Vec<_>, _>>()?;
    let mut ids = BTreeSet::new();
    for source in &sources {
        let id = source.id.as_str();
        if !ids.insert(id.to_ascii_lowercase()) || names::is_windows_device(id) {
            return Err(ConfigError::Id(source.id.clone()));
        }
    }
    let mut ownership = Ownership::new();
    for (at, owned) in document.ownership.into_iter().enumerate() {
        let from = owned.from.map_or(i64::MIN, Timestamp::as_ms);
        let to = owned.to.map_or(i64::MAX, Timestamp::as_ms);
        if from >= to {
            return Err(ConfigError::Ownership(at));
        }
        ownership.entry((owned.service, owned.account)).or_default().push((from, to));
    }
    Ok((sources, ownership))
}

impl SourceText {
    fn check(self) -> Result<Source, ConfigError> {
        match self {
            Self::Mbox(mail) => mail.check(|owner| Kind::Mbox { owner }),
            Self::Eml(mail) => mail.check(|owner| Kind::Eml { owner }),
            Self::Csv(records) => records.check(|family, layout| Kind::Csv { family, layout }),
            Self::Ndjson(records) => records.check(|family, layout| Kind::Ndjson { family, layout }),
            Self::Files(files) => files.check(),
        }
    }
}

impl MailText {
    fn check(self, kind: impl FnOnce(String) -> Kind) -> Result<Source, ConfigError> {
        let path = components(&self.id, &self.path)?;
        Source::new(self.id, self.service, path, self.key_name, kind(self.owner))
    }
}

impl RecordsText {
    fn check(self, kind: impl FnOnce(Family, Layout) -> Kind) -> Result<Source, ConfigError> {
        let path = components(&self.id, &self.path)?;
        let layout = layout(&self.id, self.account, self.time, self.time_form, self.fields)?;
        Source::new(self.id, self.service, path, self.key_name, kind(self.into, layout))
    }
}

impl FilesText {
    fn check(self) -> Result<Source, ConfigError> {
        let path = components(&self.id, &self.path)?;
        let index = components(&self.id, &self.index)?;
        let layout = layout(&self.id, self.account, self.time, self.time_form, self.fields)?;
        if self.file.is_empty() || layout.declared.contains_key(DELIVERED_AS) {
            return Err(ConfigError::Field(self.id));
        }
        let kind = Kind::Files { index, file: self.file, layout };
        Source::new(self.id, self.service, path, self.key_name, kind)
    }
}

fn components(id: &SourceId, path: &str) -> Result<Vec<String>, ConfigError> {
    let parts = names::components(path).ok_or_else(|| ConfigError::Path(id.clone()))?;
    Ok(parts.into_iter().map(str::to_owned).collect())
}

fn layout(
    id: &SourceId,
    account: String,
    time: Option<String>,
    form: TimeForm,
    fields: BTreeMap<String, FieldText>,
) -> Result<Layout, ConfigError> {
    let mut declared = BTreeMap::new();
    for (path, text) in fields {
        // BTreeMap order puts a member right before what is declared below it.
        let nests = |above: &String| path.starts_with(&format!("{above}{PATH_SEPARATOR}"));
        let name = text.name.unwrap_or_else(|| path.clone());
        if path.is_empty() || name.is_empty() || declared.keys().any(nests) {
            return Err(ConfigError::Field(id.clone()));
        }
        let field = Field { class: text.class, name };
        declared.insert(path, Declaration { field, covers_structure: text.covers_structure });
    }
    if account.is_empty() || time.as_ref().is_some_and(String::is_empty) {
        return Err(ConfigError::Field(id.clone()));
    }
    Ok(Layout { columns: None, account, time: time.map(|name| (name, form)), declared })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "v = 1\n[[source]]\nid = \"m\"\nservice = \"mail\"\nkind = \"mbox\"\npath = \"a.mbox\"\nowner = \"ada@mail.example\"\n";
    const ROWS: &str = "[[source]]\nid = \"r\"\nservice = \"mail\"\nkind = \"csv\"\npath = \"a.csv\"\ninto = \"access\"\naccount = \"account\"\n";

    #[test]
    fn says_what_it_cannot_use() {
        let check = |text: &str, expected: Option<&str>| {
            let error = parse(text).err().map(|e| e.to_string());
            match (&error, expected) {
                (None, None) => {}
                (Some(error), Some(part)) => {
                    assert!(error.contains(part), "{error}");
                    assert!(!error.contains("ada@"), "an account in an error: {error}");
                }
                _ => panic!("{text}: {error:?}"),
            }
        };
        check(&format!("{MAIL}{ROWS}"), None);
        check(
            &format!("{MAIL}{ROWS}[source.fields]\nip = {{ class = \"bsi\", name = \"session_ip\" }}\n"),
            None,
        );
        check("v = 2", Some("v is 2"));
        check(&format!("{MAIL}color = 1\n"), Some("unknown field"));
        check(&format!("{MAIL}{ROWS}color = 1\n"), Some("unknown field"));
        check(
            &format!("{MAIL}{ROWS}[source.fields]\nip = {{ class = \"everything\" }}\n"),
            Some("unknown variant"),
        );
        check(
            &format!("{MAIL}{}", MAIL.trim_start_matches("v = 1\n").replace("\"m\"", "\"M\"")),
            Some("source M: the id"),
        );
        check(&MAIL.replace("\"m\"", "\"nul\""), Some("source nul: the id"));
        check(&MAIL.replace("owner =", "key_name = \"kms/mail/7\"\nowner ="), None);
        check(&MAIL.replace("owner =", "key_name = \"\"\nowner ="), Some("source m: key_name"));
        for path in ["/etc/passwd", "../a", "a/../b", "a//b", "a\\u202eb", ""] {
            check(&MAIL.replace("a.mbox", path), Some("source m: a path"));
        }
        check(
            &format!(
                "{MAIL}{ROWS}[source.fields]\na = {{ class = \"bsi\" }}\n\"a.b\" = {{ class = \"bsi\" }}\n"
            ),
            Some("inside another"),
        );
        check(
            &format!(
                "{MAIL}[[ownership]]\nservice = \"mail\"\naccount = \"ada@mail.example\"\nfrom = \"2026-01-01T00:00:00.000Z\"\nto = \"2026-01-01T00:00:00.000Z\"\n"
            ),
            Some("ownership 0"),
        );
    }
}
