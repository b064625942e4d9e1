//! What an audit finds, as data.
//!
//! **In scope**: the codes, how much each weighs, where a finding points. **Out of scope**: how many
//! are kept and what they amount to ([`super::report`]), printing.
//!
//! Codes are stable: other programs match on them (docs/VERIFY.md lists them). Words are
//! for people and may change.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::id::RequestId;
use crate::tlog::LeafIndex;

/// Longest text kept of what was expected or found, in bytes: room for three hashes.
const DETAIL_BYTES_MAX: usize = 240;

/// How much a finding weighs: what has to be looked at first. All but a doubt are exit 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The log is not what was signed, or customer data moved, or may have, against the practice.
    Grave,
    /// The practice or the set is broken elsewhere.
    Serious,
    /// A duty was neglected, and the log says so.
    Minor,
    /// The check could not be made, or nobody vouches for the signer: exit 2.
    Doubt,
}

impl Severity {
    /// Every one, the gravest first.
    pub const ALL: [Self; 4] = [Self::Grave, Self::Serious, Self::Minor, Self::Doubt];

    /// The stable text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grave => "grave",
            Self::Serious => "serious",
            Self::Minor => "minor",
            Self::Doubt => "doubt",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $severity:ident, $hint:literal;)+) => {
        /// What is wrong. The text form is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of docs/VERIFY.md.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable text of this code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How much it weighs, unless the finding knows better.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What to do about it; empty where nothing general can be said.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

codes! {
    /// A file of the set is not there.
    FileMissing = "file_missing", Grave, "ask for the export again; keep this one as evidence";
    /// A file that does not belong to the set.
    FileExtra = "file_extra", Serious, "nothing in the log accounts for it";
    /// A file is longer or shorter than its content says.
    FileLength = "file_length", Grave, "";
    /// The operating system would not hand out a file.
    FileUnreadable = "file_unreadable", Doubt, "look at permissions and the disk, then verify again";
    /// Lengths inside a file do not add up.
    Framing = "framing", Grave, "what follows in this file could not be read";

    /// The keyring does not parse, does not continue the one before, or lacks a signature.
    Keyring = "keyring", Grave, "";
    /// A key file beside the keyring says something else than the keyring.
    KeyFile = "key_file", Serious, "";
    /// Trust was given, and none of its keys signed this.
    NotTrusted = "signature_not_trusted", Grave, "compare the key with the one you got from the provider";
    /// No trust was given: consistent with itself, by whomever.
    SignerUnknown = "signer_not_trusted", Doubt, "give the log's key with --log-key FILE";
    /// Signed only by a key that is no longer in force.
    SignerRetired = "signer_retired", Doubt, "give a newer checkpoint, or the export";

    /// A checkpoint or another note does not parse.
    Checkpoint = "checkpoint", Grave, "";
    /// A signature fails, or the one of the key in force is missing.
    Signature = "signature", Grave, "";
    /// Signed heads in another order, or not ending in the set's own.
    CheckpointOrder = "checkpoint_order", Grave, "";
    /// The entries do not lead to a signed root.
    Root = "root", Grave, "compare with another copy of the log";
    /// Two signed heads contradict each other.
    Fork = "fork", Grave, "keep both: together they prove that the log signed two histories";
    /// A head that somebody was given is not a prefix of this log.
    NotAPrefix = "not_a_prefix", Grave, "entries were lost, rolled back or rewritten since";

    /// An entry is not the one that was signed.
    EntryAltered = "entry_altered", Grave, "expected is the leaf hash that was signed";
    /// A hash tile is not the one that was signed.
    TileAltered = "tile_altered", Grave, "the entries are right; the tile is not";
    /// Entry and hash tile differ, and neither leads to the signed root.
    EntryOrTile = "entry_or_tile", Grave, "both may have been altered";
    /// A tile above the leaves does not hash the level below.
    Tile = "tile", Grave, "";
    /// An entry is not in the one form.
    EntryForm = "entry_form", Grave, "";
    /// An entry bears another index.
    EntryIndex = "entry_index", Grave, "";
    /// An entry is not there.
    EntryMissing = "entry_missing", Grave, "";
    /// `prev` is not the leaf hash of the entry before.
    Chain = "chain", Grave, "";
    /// Time goes backwards.
    TimeOrder = "time_order", Grave, "";

    /// The sealed bytes are not those of the entry.
    PayloadHash = "payload_hash", Grave, "";
    /// Not version 1, or too short to be sealed.
    PayloadVersion = "payload_version", Grave, "";
    /// The payload was withheld from this copy.
    PayloadWithheld = "payload_withheld", Doubt, "ask the provider for it, or why not";
    /// keys.jsonl is not in its form or order.
    KeyRows = "key_rows", Grave, "";
    /// A payload is sealed under a key that no row names.
    KeyUnknown = "key_unknown", Grave, "";
    /// A row names a key that seals nothing.
    KeyUnused = "key_unused", Serious, "";
    /// A row says that a key was erased, which no entry can order under rule set 1.
    KeyErased = "key_erased", Grave, "no rule erases a key; ask for the wrapped key";
    /// Not an age file.
    KekFile = "kek_file", Grave, "";

    /// A receipt does not parse.
    Receipt = "receipt", Grave, "";
    /// The path does not lead from the entry to the root.
    Proof = "proof", Grave, "";
    /// An opening does not parse, or is of another entry.
    Opening = "opening", Grave, "";

    /// The identity opens no key-encryption key.
    NotARecipient = "not_a_recipient", Doubt, "an auditor's identity must be among the recipients of kek/*.age";
    /// A KEK is not the one the log names, or its file is not in its form.
    KekAltered = "kek_altered", Grave, "";
    /// A wrapped data key does not unwrap.
    KeyAltered = "key_altered", Grave, "";
    /// The key commitment differs.
    PayloadCommit = "payload_commit", Grave, "";
    /// The payload does not decrypt.
    PayloadTag = "payload_tag", Grave, "";
    /// The padding is not the one form.
    PayloadPadding = "payload_padding", Grave, "";
    /// The event breaks the JSON profile or its type's members.
    PayloadEvent = "payload_event", Grave, "";
    /// There is no key to open a payload with, and nobody may have removed it.
    PayloadNotOpened = "payload_not_opened", Grave, "what this entry records was not judged";
    /// An identity was given, and yet the practice was not replayed over every entry.
    NotReplayed = "not_replayed", Doubt, "nothing is known of the rules; verify the whole auditor set";
    /// A key id serves where it must not.
    KeyUse = "key_use", Grave, "";
    /// What the first entry says of the log is not so.
    Founding = "founding", Serious, "";
    /// An entry that the rules do not admit.
    Rule = "rule", Serious, "the daemon should have refused this; rule names the statement of the practice";
    /// A duty whose time passed, which the log says, and which nobody fulfilled since.
    Late = "late", Minor, "fulfil it; that it was late stays on record";
    /// The home's anchor is missing or in no valid form.
    Anchor = "anchor", Grave, "the log may have been rolled back; compare with a head that was kept elsewhere";
    /// What waits in the outbox was not released, by this log.
    OutboxUnknown = "outbox_unknown", Grave, "keep it from everybody; the daemon quarantines it at its next start";
    /// What waits in the outbox is not what was sealed.
    OutboxAltered = "outbox_altered", Grave, "keep it from everybody, and keep it";
    /// Admitted under rules this program does not know.
    RulesUnknown = "rules_unknown", Doubt, "use a newer version of this program";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Where a finding points. What is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Location {
    /// File of the set, or the name under which the object was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Entry.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "index_number")]
    pub index: Option<LeafIndex>,
    /// Request, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Statement of the practice, e.g. `S-26`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn index_number<S: Serializer>(index: &Option<LeafIndex>, serializer: S) -> Result<S::Ok, S::Error> {
    index.map(LeafIndex::get).serialize(serializer)
}

impl Location {
    /// A file of the set.
    #[must_use]
    pub fn file(name: impl Into<String>) -> Self {
        Self { file: Some(name.into()), ..Self::default() }
    }

    /// An entry, wherever it stands.
    #[must_use]
    pub fn entry(index: u64) -> Self {
        Self { index: Some(LeafIndex::new(index)), ..Self::default() }
    }

    /// The same place, at this entry.
    #[must_use]
    pub fn at(mut self, index: u64) -> Self {
        self.index = Some(LeafIndex::new(index));
        self
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Finding {
    /// A finding with what was expected and what was found.
    #[must_use]
    pub fn new(
        code: Code,
        location: Location,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        let severity = code.severity();
        // A file's name may be hostile too.
        let location = Location { file: location.file.map(clip), ..location };
        Self {
            code,
            severity,
            location,
            expected: clip(expected.to_string()),
            found: clip(found.to_string()),
        }
    }

    /// The same, as grave as what it is about.
    #[must_use]
    pub const fn weighing(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:", self.severity.as_str(), self.code.as_str())?;
        if let Some(index) = self.location.index {
            write!(f, " entry {}", index.get())?;
        }
        if let Some(file) = &self.location.file {
            write!(f, " {file}")?;
        }
        if let Some(request) = &self.location.request {
            write!(f, " request {request}")?;
        }
        if let Some(rule) = &self.location.rule {
            write!(f, " rule {rule}")?;
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

/// Keeps a text short and printable: it may come from a hostile file.
fn clip(text: String) -> String {
    let is_plain = |c: char| !c.is_control();
    if text.len() <= DETAIL_BYTES_MAX && text.chars().all(is_plain) {
        return text;
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.len() >= DETAIL_BYTES_MAX {
            short.push('…');
            break;
        }
        short.push(if is_plain(c) { c } else { '\u{fffd}' });
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        Finding::new(Code::Chain, Location::file("tile/entries/000").at(4), "a", "b")
    }

    #[test]
    fn codes_are_distinct_and_documented() {
        let page = include_str!("../../docs/VERIFY.md");
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        for text in &texts {
            assert!(page.contains(&format!("`{text}`")), "docs/VERIFY.md explains {text}");
        }
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn hostile_text_is_clipped() {
        let found = Finding::new(Code::Chain, Location::entry(1), "x", "\u{1b}[2J".repeat(500));
        assert!(found.found.len() < 300 && !found.found.contains('\u{1b}'));
        assert_eq!(
            serde_json::to_string(&finding()).expect("serialises"),
            r#"{"code":"chain","severity":"grave","file":"tile/entries/000","index":4,"expected":"a","found":"b"}"#
        );
    }
}
