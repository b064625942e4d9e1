//! The key files of a set: what the keyring already says in other forms, and keys at rest.
//!
//! **In scope**: `log.vkey`, `disclosure.pub`, `allowed_signers`, the form of `keys.jsonl`,
//! which KEK files there are. **Out of scope**: what wrapped keys and KEK files hold; that
//! takes an identity ([`super::replay()`]).

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::finding::{Code, Finding, Location};
use super::fold::Totals;
use super::layout::{SetKind, kek_name};
use super::report::Report;
use super::run::unavailable;
use super::source::{Source, Unavailable};
use crate::model::datakey::{KEY_LINE_BYTES_MAX, KeyLine};
use crate::model::payload::KEY_ID_BYTES;
use crate::tlog::{Keyring, TreeSize};

/// Largest of the small key files in bytes: a line for each of a thousand disclosure keys.
const KEY_FILE_BYTES_MAX: u64 = 256 * 1024;

/// What every age file begins with.
const AGE_MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// DER of an Ed25519 SPKI up to the key (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The public keys, byte for byte as the keyring has them.
pub(super) fn check_public(
    source: &Source<'_>,
    set: SetKind,
    ring: &Keyring,
    size: TreeSize,
    report: &mut Report,
) {
    let mut wanted = Vec::new();
    if let Some(keys) = ring.log_key_for_size(size) {
        wanted.push(("log.vkey", format!("{}\n", keys.in_force.key())));
    }
    if set == SetKind::Auditor {
        if let Some(key) = size.last_index().and_then(|last| ring.disclosure_key_at(last)) {
            wanted.push(("disclosure.pub", disclosure_pem(key.as_bytes())));
        }
        let lines = ring.disclosure_keys().iter().map(|line| allowed_signer(line.key().as_bytes()));
        wanted.push(("allowed_signers", lines.collect()));
    }
    for (name, wanted) in wanted {
        match source.read(name, KEY_FILE_BYTES_MAX) {
            Ok(found) if found == wanted.as_bytes() => {}
            Ok(found) => {
                let found = String::from_utf8_lossy(&found).into_owned();
                report.add(Finding::new(
                    Code::KeyFile,
                    Location::file(name),
                    wanted.trim_end(),
                    found.trim_end(),
                ));
            }
            Err(error) => report.add(unavailable(name, error)),
        }
    }
    if ring.last_change().get() >= size.get() {
        let expected = format!("a change below entry {size}");
        report.add(Finding::new(Code::Keyring, Location::file("keyring"), expected, ring.last_change()));
    }
}

/// The text of `disclosure.pub`: SPKI in PEM.
#[must_use]
pub fn disclosure_pem(public: &[u8; 32]) -> String {
    let der = [SPKI_PREFIX.as_slice(), public].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

/// A line of `allowed_signers`, as `ssh-keygen -Y verify` reads it.
#[must_use]
pub fn allowed_signer(public: &[u8; 32]) -> String {
    let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), public].concat();
    format!("provider namespaces=\"probity-disclosure\" ssh-ed25519 {}\n", STANDARD.encode(blob))
}

/// The rows of `keys.jsonl`: their form and order, a row for each key in use and no other,
/// a KEK file for each epoch in use. Returns the epochs.
pub(super) fn check_rows(source: &Source<'_>, totals: &Totals, report: &mut Report) -> BTreeSet<u32> {
    let mut epochs = BTreeSet::new();
    let mut key_ids = BTreeSet::new();
    let is_complete = read_rows(source, report, |row, location, report| {
        match &row {
            KeyLine::Wrapped { wrapped, .. } => {
                epochs.insert(wrapped.epoch());
            }
            // The row is unsigned and rule set 1 has no event that would order it: believed,
            // it would hide every entry of a request from the replay.
            KeyLine::Erased { key_id, erased_by } => {
                let found = format!("erased by entry {erased_by}");
                let expected = format!("the wrapped key {key_id}");
                report.add(Finding::new(Code::KeyErased, location.clone(), expected, found));
            }
        }
        key_ids.insert(*row.key_id().as_bytes());
    });
    let rows = || Location::file("keys.jsonl");
    for key_id in totals.key_ids.difference(&key_ids) {
        report.add(Finding::new(
            Code::KeyUnknown,
            rows(),
            format!("a row of key id {}", hex::encode(key_id)),
            "none",
        ));
    }
    // With payloads out of sight nobody can say that a key seals nothing.
    if is_complete && !totals.payloads_unseen {
        for key_id in key_ids.difference(&totals.key_ids) {
            let found = format!("a row of key id {}", hex::encode(key_id));
            report.add(Finding::new(Code::KeyUnused, rows(), "a payload sealed under it", found));
        }
    }
    for epoch in &epochs {
        check_kek(source, &kek_name(*epoch), report);
    }
    epochs
}

/// Gives out every row that parses; says whether the file was read to its end.
pub(super) fn read_rows(
    source: &Source<'_>,
    report: &mut Report,
    mut each: impl FnMut(KeyLine, &Location, &mut Report),
) -> bool {
    const NAME: &str = "keys.jsonl";
    let mut stream = match source.stream(NAME) {
        Ok(stream) => BufReader::new(stream),
        Err(error) => {
            report.add(unavailable(NAME, error));
            return false;
        }
    };
    // One more for the line feed: a longer row is cut there and does not parse.
    let line_bytes_max = u64::try_from(KEY_LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
    let mut before: Option<[u8; KEY_ID_BYTES]> = None;
    let mut line = Vec::new();
    for number in 1_u64.. {
        let location = Location::file(format!("{NAME}:{number}"));
        line.clear();
        match (&mut stream).take(line_bytes_max).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                report.add(unavailable(NAME, Unavailable::Refused(error)));
                return false;
            }
        }
        let row = line.strip_suffix(b"\n").and_then(|line| KeyLine::parse(line).ok());
        let Some(row) = row else {
            let found = String::from_utf8_lossy(&line).into_owned();
            report.add(Finding::new(
                Code::KeyRows,
                location,
                "a row in its one form, with a line feed",
                found,
            ));
            continue;
        };
        let key_id = *row.key_id().as_bytes();
        if before.is_some_and(|before| before >= key_id) {
            report.add(Finding::new(
                Code::KeyRows,
                location.clone(),
                "key ids ascending",
                hex::encode(key_id),
            ));
        }
        before = Some(key_id);
        each(row, &location, report);
    }
    true
}

fn check_kek(source: &Source<'_>, name: &str, report: &mut Report) {
    let mut head = Vec::new();
    let length = u64::try_from(AGE_MAGIC.len()).unwrap_or(u64::MAX);
    let read = source
        .stream(name)
        .and_then(|stream| stream.take(length).read_to_end(&mut head).map_err(Unavailable::Refused));
    match read {
        Ok(_) if head == AGE_MAGIC => {}
        Ok(_) => {
            let found = String::from_utf8_lossy(&head).into_owned();
            report.add(Finding::new(Code::KekFile, Location::file(name), "an age file", found));
        }
        Err(error) => report.add(unavailable(name, error)),
    }
}
