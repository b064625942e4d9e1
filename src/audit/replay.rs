//! The practice, replayed over every entry with an auditor's key.
//!
//! **In scope**: KEK files against the log, wrapped keys, payloads, which key seals what,
//! and each event through the same function by which the daemon admitted it.
//! **Out of scope**: age (the caller decrypts KEK files), the rules themselves
//! ([`crate::practice`]), hashes and signatures ([`super::integrity`] comes first).
//!
//! Payloads are opened on all cores; the events are judged in order.

use std::collections::BTreeMap;
use std::thread;

use zeroize::Zeroizing;

use super::finding::{Code, Finding, Location, Severity};
use super::integrity::{Integrity, Request, Summary};
use super::key_uses::KeyUses;
use super::keyfiles::read_rows;
use super::layout::{SetKind, kek_name};
use super::report::{Outcome, Report};
use super::run::{entries_name, payload_name, unavailable};
use super::signers::causes;
use super::source::Unavailable;
use super::{quotes, records};
use crate::model::datakey::{Kek, KeyLine, WrapContext, WrappedKey};
use crate::model::digest::Digest;
use crate::model::entry::{ENTRY_BYTES_MAX, Entry};
use crate::model::event::Event;
use crate::model::id::ProductionId;
use crate::model::payload::{DataKey, KeyId, PayloadFault, SEALED_BYTES_MAX, SealedPayload};
use crate::model::time::Timestamp;
use crate::practice::vocabulary::LogCreated;
use crate::practice::{self, EventType, Replay, RuleSet};
use crate::tlog::tile::Run;
use crate::tlog::{Hash, KeyringChain, LeafIndex, Origin, leaf_hash};

/// Largest `kek/<epoch>.age`: a header with a stanza for each of a hundred auditors.
const KEK_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Runs that one thread opens before they are judged: some thousand events in memory.
const RUNS_PER_THREAD: usize = 8;

/// What became of a KEK file in the hands of the auditor's identity.
pub enum Unsealed {
    /// Its plaintext.
    Opened(Zeroizing<Vec<u8>>),
    /// It is not sealed to this identity.
    NotARecipient,
    /// It is damaged; why.
    Damaged(String),
}

/// Decrypts one age file with the auditor's identity.
pub type Unseal<'a> = dyn Fn(&[u8]) -> Unsealed + 'a;

/// Evidence that a log was verified throughout: integrity under a trusted key, and every
/// entry admitted again. Nothing but [`replay`] makes one.
#[derive(Debug)]
pub struct VerifiedLog {
    summary: Summary,
    replay: Replay,
}

impl VerifiedLog {
    /// Origin, size and root.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Every case, and what is in force at the end.
    #[must_use]
    pub const fn replay(&self) -> &Replay {
        &self.replay
    }
}

/// The result of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// What was found, by the check of integrity and by the replay.
    pub report: Report,
    /// The log, if there was nothing to object to and nothing to doubt.
    pub verified: Option<VerifiedLog>,
    /// Every production that was released, with the digest of its file, if every entry was judged.
    pub released: Option<BTreeMap<ProductionId, Digest>>,
}

impl Replayed {
    /// Nothing was replayed.
    fn nothing(report: Report) -> Self {
        Self { report, verified: None, released: None }
    }

    /// The report of a caller who asked for a replay: never clean without the log.
    #[must_use]
    pub fn into_report(mut self) -> Report {
        if self.verified.is_none() && self.report.outcome() == Outcome::Clean {
            let location = Location::file("payload/");
            self.report.add(Finding::new(Code::NotReplayed, location, "every entry judged", "not all"));
        }
        self.report
    }
}

/// The data keys of a log. `None` is one under a KEK that was not opened, which was reported;
/// a key that is not here at all leaves its payloads unopened without an excuse.
type Keys = BTreeMap<KeyId, Option<DataKey>>;

/// An entry with its event, if it opens.
struct Opened {
    index: LeafIndex,
    time: Timestamp,
    leaf: Hash,
    event: Result<(KeyId, Event), Option<Box<Finding>>>,
}

/// Replays every entry of a set whose integrity was checked.
///
/// Entries that integrity already refused are passed over here.
#[must_use]
pub fn replay(request: &Request<'_>, integrity: Integrity, unseal: &Unseal<'_>) -> Replayed {
    let chain = integrity.chain().cloned();
    let mut report = integrity.report;
    let (Some(summary), Some(chain)) = (integrity.summary, chain) else {
        return Replayed::nothing(report);
    };
    if summary.set == SetKind::Public {
        let location = Location::file("payload/");
        report.add(Finding::new(Code::NotARecipient, location, "an auditor's set", "a public one"));
        return Replayed::nothing(report);
    }
    let Some((keys, kek_ids)) = open_keys(request, &summary.origin, unseal, &mut report) else {
        return Replayed::nothing(report);
    };
    let mut judge = Judge {
        chain: &chain,
        kek_ids: &kek_ids,
        uses: KeyUses::default(),
        replay: Replay::with_room(summary.size.get()),
        opened: 0,
    };
    let mut runs = Run::all(summary.size.get());
    loop {
        let round: Vec<Run> = runs.by_ref().take(RUNS_PER_THREAD * request.threads.get()).collect();
        let Some(last) = round.last() else { break };
        let done = last.start() + u64::from(last.width());
        for opened in open_round(request, &keys, &chain, &round) {
            judge.take(opened, &mut report);
        }
        (request.progress)(done, summary.size.get());
    }
    judge.add_neglected(&mut report);
    judge.add_unlisted(&mut report);
    quotes::check(&request.source, summary.size, judge.replay.quoted(), &mut report);
    // An entry that was passed over for whatever reason is not evidence of anything.
    let is_whole = judge.opened == summary.size.get();
    let released = is_whole.then(|| judge.replay.released());
    let is_sound = is_whole && report.outcome() == Outcome::Clean;
    let verified = is_sound.then_some(VerifiedLog { summary, replay: judge.replay });
    Replayed { report, verified, released }
}

/// The KEKs that the identity opens, by epoch, and every data key wrapped under them.
fn open_keys(
    request: &Request<'_>,
    origin: &Origin,
    unseal: &Unseal<'_>,
    report: &mut Report,
) -> Option<(Keys, BTreeMap<u32, Digest>)> {
    let source = &request.source;
    // Rows that do not parse were reported by the check of integrity.
    let mut rows = Vec::new();
    read_rows(source, &mut Report::default(), |row, location, _| rows.push((row, location.clone())));
    let epochs = rows.iter().filter_map(|(row, _)| match row {
        KeyLine::Wrapped { wrapped, .. } => Some(wrapped.epoch()),
        KeyLine::Erased { .. } => None,
    });
    let mut by_epoch: BTreeMap<u32, Option<Kek>> = BTreeMap::new();
    for epoch in epochs {
        by_epoch.entry(epoch).or_insert_with(|| {
            let file = source.read(&kek_name(epoch), KEK_FILE_BYTES_MAX);
            open_kek(epoch, file, origin, unseal, report)
        });
    }
    // No epoch at all is no excuse: each payload is then reported as not opened.
    if !by_epoch.is_empty() && by_epoch.values().all(Option::is_none) {
        return None;
    }
    let mut keys = Keys::new();
    for (row, location) in rows {
        let KeyLine::Wrapped { key_id, wrapped } = row else { continue };
        match by_epoch.get(&wrapped.epoch()).and_then(Option::as_ref) {
            None => drop(keys.insert(key_id, None)),
            Some(kek) => {
                if let Some(key) = unwrap(&wrapped, kek, key_id, origin, location, report) {
                    keys.insert(key_id, Some(key));
                }
            }
        }
    }
    let ids = by_epoch.iter().filter_map(|(epoch, kek)| Some((*epoch, kek.as_ref()?.id()))).collect();
    Some((keys, ids))
}

fn open_kek(
    epoch: u32,
    file: Result<Vec<u8>, Unavailable>,
    origin: &Origin,
    unseal: &Unseal<'_>,
    report: &mut Report,
) -> Option<Kek> {
    let name = kek_name(epoch);
    let file = match file {
        Ok(file) => file,
        Err(error) => {
            report.add(unavailable(&name, error));
            return None;
        }
    };
    let altered = |found: String| {
        let expected = format!("the key-encryption key of epoch {epoch} of {origin}");
        Finding::new(Code::KekAltered, Location::file(name.clone()), expected, found)
    };
    let plaintext = match unseal(&file) {
        Unsealed::Opened(plaintext) => plaintext,
        Unsealed::NotARecipient => {
            let location = Location::file(name);
            report.add(Finding::new(
                Code::NotARecipient,
                location,
                "this identity among the recipients",
                "others",
            ));
            return None;
        }
        Unsealed::Damaged(why) => {
            report.add(altered(why));
            return None;
        }
    };
    match Kek::parse_file(&plaintext) {
        Ok((kek, its_origin, its_epoch)) if its_origin == *origin && its_epoch == epoch => Some(kek),
        Ok((_, its_origin, its_epoch)) => {
            report.add(altered(format!("that of epoch {its_epoch} of {its_origin}")));
            None
        }
        Err(error) => {
            report.add(altered(causes(&error)));
            None
        }
    }
}

fn unwrap(
    wrapped: &WrappedKey,
    kek: &Kek,
    key_id: KeyId,
    origin: &Origin,
    location: Location,
    report: &mut Report,
) -> Option<DataKey> {
    let context = WrapContext { origin, key_id, epoch: wrapped.epoch() };
    match wrapped.unwrap(kek, &context) {
        Ok(key) => Some(key),
        Err(error) => {
            let expected = format!("data key {key_id} wrapped under epoch {}", wrapped.epoch());
            report.add(Finding::new(Code::KeyAltered, location, expected, causes(&error)));
            None
        }
    }
}

/// Opens the entries of several runs on several threads, in order.
fn open_round(request: &Request<'_>, keys: &Keys, chain: &KeyringChain, round: &[Run]) -> Vec<Opened> {
    let open_part = |runs: &[Run]| runs.iter().flat_map(|run| open_run(request, keys, chain, *run)).collect();
    let parts: Vec<_> = round.chunks(RUNS_PER_THREAD).collect();
    if let [only] = parts.as_slice() {
        return open_part(only);
    }
    thread::scope(|scope| {
        let workers: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || open_part(part))).collect();
        let open = workers.into_iter().map(|worker| -> Vec<Opened> {
            worker.join().expect("opening returns findings, it does not panic")
        });
        open.flatten().collect()
    })
}

/// The entries of one run, each with its event. What integrity refused is left out.
fn open_run(request: &Request<'_>, keys: &Keys, chain: &KeyringChain, run: Run) -> Vec<Opened> {
    let bound = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut entries = Vec::new();
    if let Ok(mut stream) = request.source.stream(&entries_name(run)) {
        let each = |_: u16, bytes: &[u8]| entries.push((leaf_hash(bytes), Entry::parse(bytes).ok()));
        // Broken lengths were reported; what stands before them is used.
        drop(records::for_each::<2>(
            &mut *stream,
            run.width(),
            bound(ENTRY_BYTES_MAX),
            &mut Vec::new(),
            each,
        ));
    }
    let mut opened = Vec::new();
    let Ok(mut stream) = request.source.stream(&payload_name(run)) else { return opened };
    let name = payload_name(run);
    let each = |record: u16, sealed: &[u8]| {
        let Some((leaf, Some(entry))) = entries.get(usize::from(record)) else { return };
        let index = LeafIndex::new(run.start() + u64::from(record));
        let event = open_event(sealed, entry, index, keys, chain, &name);
        opened.push(Opened { index, time: entry.time, leaf: *leaf, event });
    };
    drop(records::for_each::<4>(&mut *stream, run.width(), bound(SEALED_BYTES_MAX), &mut Vec::new(), each));
    opened
}

/// The event of one payload. An error without a finding was reported by integrity, or
/// lies under a KEK whose file was reported.
fn open_event(
    sealed: &[u8],
    entry: &Entry,
    index: LeafIndex,
    keys: &Keys,
    chain: &KeyringChain,
    name: &str,
) -> Result<(KeyId, Event), Option<Box<Finding>>> {
    if sealed.is_empty() || Digest::of(sealed) != entry.payload {
        return Err(None);
    }
    let sealed = SealedPayload::from_bytes(sealed.to_vec());
    let location = || Location::file(name).at(index.get());
    let not_opened = |found: String| {
        Some(Box::new(Finding::new(Code::PayloadNotOpened, location(), "a payload that opens", found)))
    };
    let origin =
        chain.last().origin_at(index).ok_or_else(|| not_opened("no origin at this entry".to_owned()))?;
    let key_id = sealed.key_id().map_err(|_| None)?;
    let key = keys.get(&key_id).ok_or_else(|| not_opened(format!("no key {key_id}")))?;
    let key = key.as_ref().ok_or(None)?;
    let event = sealed.open(key, origin, index).map_err(|fault| {
        let (code, expected) = match fault {
            PayloadFault::Commit => (Code::PayloadCommit, "the commitment to this key, origin and index"),
            PayloadFault::Tag => (Code::PayloadTag, "a ciphertext of this key"),
            PayloadFault::Padding => (Code::PayloadPadding, "the shortest padding, zeros"),
            _ => (Code::PayloadEvent, "an event"),
        };
        Some(Box::new(Finding::new(code, location(), expected, causes(&fault))))
    })?;
    match Event::parse(&event) {
        Ok(event) => Ok((key_id, event)),
        Err(error) => {
            Err(Some(Box::new(Finding::new(Code::PayloadEvent, location(), "an event", causes(&error)))))
        }
    }
}

/// Judges events in order.
struct Judge<'a> {
    chain: &'a KeyringChain,
    kek_ids: &'a BTreeMap<u32, Digest>,
    uses: KeyUses,
    replay: Replay,
    /// Events that were judged.
    opened: u64,
}

impl Judge<'_> {
    fn take(&mut self, opened: Opened, report: &mut Report) {
        let Opened { index, time, leaf, event } = opened;
        let event = match event {
            Ok((key_id, event)) => {
                self.opened = self.opened.saturating_add(1);
                self.check_event(index, key_id, &event, report);
                Some(event)
            }
            Err(finding) => {
                if let Some(finding) = finding {
                    report.add(*finding);
                }
                None
            }
        };
        for found in self.replay.feed(index, time, leaf, event.as_ref()) {
            let is_known = event.as_ref().is_none_or(|event| RuleSet::numbered(event.rules).is_some());
            let code = if is_known { Code::Rule } else { Code::RulesUnknown };
            let moves_data = event.as_ref().and_then(|event| event.type_.parse().ok());
            let moves_data = is_known && moves_data.is_some_and(EventType::moves_data);
            let severity = if moves_data { Severity::Grave } else { code.severity() };
            let expected = format!("an entry that the practice admits ({})", found.pointer);
            let reason = found.reason.clone();
            report.add(Finding::new(code, place(found), expected, reason).weighing(severity));
        }
    }

    /// I-57: what was due before the last entry and is not answered: grave enough where nobody
    /// recorded it as late, and named where somebody did.
    fn add_neglected(&self, report: &mut Report) {
        let unrecorded = self.replay.overdue().into_iter().map(|found| (Code::Rule, found));
        let recorded = self.replay.late().into_iter().map(|found| (Code::Late, found));
        for (code, found) in unrecorded.chain(recorded) {
            let expected =
                if code == Code::Late { "an answer" } else { "an answer, or a record that it is late" };
            let reason = found.reason.clone();
            report.add(Finding::new(code, place(found), expected, reason));
        }
    }

    /// I-34: nobody may be told of a bundle that an incident leaves out.
    fn add_unlisted(&self, report: &mut Report) {
        for found in self.replay.unlisted() {
            let reason = found.reason.clone();
            report.add(Finding::new(
                Code::Rule,
                place(found),
                "every bundle that the lost key opens",
                reason,
            ));
        }
    }

    /// What the daemon's rules cannot see: which key seals the event, and whether the first
    /// entry speaks of this log.
    fn check_event(&mut self, index: LeafIndex, key_id: KeyId, event: &Event, report: &mut Report) {
        if index.get() == 0 {
            self.check_founding(key_id, event, report);
        }
        if let Some((expected, found)) = self.uses.note(key_id, event.request.as_ref()) {
            let mut location = Location::entry(index.get());
            location.request.clone_from(&event.request);
            report.add(Finding::new(Code::KeyUse, location, expected, found));
        }
    }

    fn check_founding(&mut self, key_id: KeyId, event: &Event, report: &mut Report) {
        self.uses.system = Some(key_id);
        let mut differs = |what: &str, expected: String, found: String| {
            if expected != found {
                let finding = format!("{what} {expected}");
                report.add(Finding::new(
                    Code::Founding,
                    Location::entry(0),
                    finding,
                    format!("{what} {found}"),
                ));
            }
        };
        differs("type", EventType::LogCreated.as_str().to_owned(), event.type_.clone());
        // Members of another form are a finding of the replay.
        let Ok(created) = serde_json::from_str::<LogCreated>(event.data.get()) else { return };
        let start = LeafIndex::new(0);
        if let Some(first) = self.chain.rings().first() {
            let text = first.text();
            differs(
                "keyring_sha256",
                Digest::of(text.as_bytes()).to_string(),
                created.keyring_sha256.to_string(),
            );
            differs("origin", first.origin().to_string(), created.origin.to_string());
            let vkey = first.log_keys().first().map(|line| line.key().to_string());
            differs("log_vkey", vkey.unwrap_or_default(), created.log_vkey);
            let disclosure = first.disclosure_key_at(start).map(crate::tlog::PublicKey::to_base64);
            differs("disclosure_key", disclosure.unwrap_or_default(), created.disclosure_key);
        }
        differs("system_key_id", key_id.to_string(), created.system_key_id);
        if let Some(kek_id) = self.kek_ids.get(&created.epoch) {
            differs("kek_id", kek_id.to_string(), created.kek_id.to_string());
        }
    }
}

/// The entry, request and rule of what the practice found.
fn place(found: practice::Finding) -> Location {
    let mut location = Location::entry(found.index.get());
    location.request = found.request;
    location.rule = Some(found.rule.to_string());
    location
}
