//! Planning mail: one mailbox belongs to one account, each message is kept whole or not at all,
//! and a noncontent scope gets a row of header facts instead.
//!
//! An mbox is split by ourselves at `From ` at the beginning of a line after a blank one, and its
//! bytes are never touched: a library that unescapes `>From ` would deliver what nobody received.
//! A line of a body that looks like a separator makes a piece without a date, which is withheld.

use std::io;
use std::sync::Arc;

use ring::hmac;
use sha2::{Digest as _, Sha256};

use crate::minimise::Rule;
use crate::minimise::mail::{
    self, Facts, HEADER_BYTES_MAX, HeaderColumn, MESSAGE_BYTES_MAX, MESSAGE_FIELDS, is_blank, is_separator,
};
use crate::minimise::names;
use crate::minimise::secrets::Scanner;
use crate::minimise::selection::{Access, Field, Selection, closest_miss};
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::ServiceId;

use super::CollectError;
use super::config::Source;
use super::copy::print_facts;
use super::dir::{CHUNK_BYTES, OpenFault, Tracked};
use super::plan::{Commitment, Fingerprint, Kept, Place, Shape, SourceReport, len};
use super::planner::{Delivery, Planner};

/// Most files in a directory of messages.
pub(super) const EML_FILES_MAX: usize = 1_000_000;

/// The schema of `headers.csv`: date (RFC 3339 UTC), from, to, cc (bare addresses, separated by a
/// space), `message_id`, `size_bytes`; a column that is not in scope is empty.
const HEADERS_SCHEMA: &str = "urn:probity:mail-headers:v1";

/// What of a mailbox is selected, and when.
struct MailAccess {
    /// Each of [`MESSAGE_FIELDS`]: all of them, or no message.
    whole: [Access; 3],
    facts: [Access; 6],
}

impl MailAccess {
    fn new(selection: &Selection, service: &ServiceId, owner: &str) -> Self {
        let content = |name: &str| {
            let field = Field { class: DataClass::ContentStored, name: name.to_owned() };
            selection.access(service, owner, &field)
        };
        let facts = HeaderColumn::ALL.map(|column| selection.access(service, owner, &column.field()));
        Self { whole: MESSAGE_FIELDS.map(content), facts }
    }
}

/// A mailbox being read.
struct Mailbox<'a> {
    at: usize,
    source: &'a Source,
    owner: &'a str,
    label: String,
    access: MailAccess,
    facts_shape: Arc<Shape>,
    verbatim: Arc<Shape>,
}

/// One message being read. Its body passes by in chunks; only its header is held.
struct Message {
    from: u64,
    bytes: u64,
    header: Vec<u8>,
    decision: Option<Decision>,
    oversized: bool,
}

/// Made as soon as the header is complete, or the message is.
struct Decision {
    facts: Facts,
    whole: Result<usize, Rule>,
    /// The first item that selects a column, if any does.
    row: Option<usize>,
    missed: Vec<Rule>,
    scanner: Scanner,
    sha256: Sha256,
    /// Of the file the message would be added to.
    output: Sha256,
    commitment: hmac::Context,
}

pub(super) fn plan_mbox(
    planner: &mut Planner<'_>,
    at: usize,
    source: &Source,
    owner: &str,
    report: &mut SourceReport,
) -> Result<Fingerprint, CollectError> {
    let mailbox = Mailbox::new(planner, at, source, owner)?;
    let mut tracked = planner.sources.track(source, &source.path)?;
    let place = Arc::new(Place { path: source.path.clone(), stamp: tracked.stamp().clone() });
    let number = planner.next_number(&mailbox.label, "mbox");
    let path = format!("{}/mail/mail-{number:04}.mbox", mailbox.label);
    let to = Delivery { path: &path, source: at, part: 0, place: &place, shape: &mailbox.verbatim };
    let mut piece = Vec::new();
    let mut message: Option<Message> = None;
    // The beginning of the file counts as after a blank line.
    let (mut begins_line, mut after_blank) = (true, true);
    loop {
        let from = tracked.at();
        next_piece(&mut tracked, &mut piece).map_err(|cause| source.read_error(cause))?;
        if piece.is_empty() {
            break;
        }
        planner.advance(&source.id, len(&piece));
        if begins_line && after_blank && is_separator(&piece) {
            if let Some(message) = message.take() {
                let outcome = message.finish(planner, &mailbox, &to, report)?;
                planner.count(report, outcome);
            }
            message = Some(Message::new(from));
        }
        let Some(message) = &mut message else {
            return Err(CollectError::NotMbox { source_id: source.id.clone() });
        };
        message.push(&piece, begins_line, planner, &mailbox, &path);
        after_blank = begins_line && is_blank(&piece);
        begins_line = piece.ends_with(b"\n");
    }
    if let Some(message) = message {
        let outcome = message.finish(planner, &mailbox, &to, report)?;
        planner.count(report, outcome);
    }
    // A gap in the numbers would tell of a mailbox that is not delivered.
    if !planner.is_begun(&path) {
        planner.give_back_number(&mailbox.label, "mbox");
    }
    Planner::fingerprint(source, tracked)
}

pub(super) fn plan_eml(
    planner: &mut Planner<'_>,
    at: usize,
    source: &Source,
    owner: &str,
    report: &mut SourceReport,
) -> Result<Fingerprint, CollectError> {
    let mailbox = Mailbox::new(planner, at, source, owner)?;
    let listed = planner.sources.base().names(&source.path, EML_FILES_MAX);
    let listed = listed.map_err(|fault| source.fault(fault))?;
    if listed.len() > EML_FILES_MAX {
        return Err(CollectError::TooManyFiles { source_id: source.id.clone(), files_max: EML_FILES_MAX });
    }
    let (mut bytes, mut digests) = (0, Sha256::new());
    for (name, part) in listed.into_iter().zip(0..) {
        let is_safe = |name: &String| names::components(name).is_some_and(|parts| parts.len() == 1);
        let Some(name) = name.filter(is_safe) else {
            planner.count(report, Err(Rule::Path));
            continue;
        };
        let is_eml =
            name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("eml"));
        let path: Vec<String> = source.path.iter().cloned().chain([name]).collect();
        let tracked = match planner.sources.base().open_file(&path) {
            Ok((file, stamp)) if is_eml => Tracked::new(file, stamp),
            Ok(_) => {
                planner.count(report, Err(Rule::Malformed));
                continue;
            }
            Err(OpenFault::NotRegular) => {
                planner.count(report, Err(Rule::Path));
                continue;
            }
            Err(OpenFault::Missing) => return Err(source.changed()),
            Err(OpenFault::Io(cause)) => return Err(source.read_error(cause)),
        };
        let fingerprint = mailbox.plan_file(planner, tracked, path, part, report)?;
        bytes += fingerprint.bytes;
        digests.update(format!("{} {}\n", fingerprint.sha256, fingerprint.bytes));
    }
    Ok(Fingerprint { bytes, sha256: Digest::from_bytes(digests.finalize().into()) })
}

/// Reads a line, or as much of it as fits a chunk.
fn next_piece(tracked: &mut Tracked, piece: &mut Vec<u8>) -> io::Result<()> {
    piece.clear();
    while piece.len() < CHUNK_BYTES && !piece.ends_with(b"\n") {
        let chunk = tracked.chunk()?;
        if chunk.is_empty() {
            break;
        }
        let room = chunk.len().min(CHUNK_BYTES - piece.len());
        let chunk = chunk.get(..room).unwrap_or_default();
        let taken = chunk.iter().position(|&b| b == b'\n').map_or(chunk.len(), |at| at + 1);
        piece.extend_from_slice(chunk.get(..taken).unwrap_or_default());
        tracked.consume(taken);
    }
    Ok(())
}

impl<'a> Mailbox<'a> {
    fn new(
        planner: &Planner<'_>,
        at: usize,
        source: &'a Source,
        owner: &'a str,
    ) -> Result<Self, CollectError> {
        let label = planner.label(owner)?.to_owned();
        let access = MailAccess::new(planner.selection, &source.service, owner);
        let facts_shape = Arc::new(Shape::HeaderFacts(access.facts.clone()));
        Ok(Self { at, source, owner, label, access, facts_shape, verbatim: Arc::new(Shape::Verbatim) })
    }

    /// Plans one EML file, numbered among those of its account.
    fn plan_file(
        &self,
        planner: &mut Planner<'_>,
        mut tracked: Tracked,
        path: Vec<String>,
        part: u64,
        report: &mut SourceReport,
    ) -> Result<Fingerprint, CollectError> {
        let place = Arc::new(Place { path, stamp: tracked.stamp().clone() });
        let mut message = Message::new(0);
        let mut piece = Vec::new();
        let mut begins_line = true;
        // Its number is known only if it is kept, so that numbers tell nothing of what is not.
        let unnumbered = String::new();
        loop {
            next_piece(&mut tracked, &mut piece).map_err(|cause| self.source.read_error(cause))?;
            if piece.is_empty() {
                break;
            }
            planner.advance(&self.source.id, len(&piece));
            message.push(&piece, begins_line, planner, self, &unnumbered);
            begins_line = piece.ends_with(b"\n");
        }
        message.complete(planner, self, &unnumbered);
        let path = if message.is_whole(planner, self) {
            let number = planner.next_number(&self.label, "eml");
            format!("{}/mail/{number:06}.eml", self.label)
        } else {
            unnumbered
        };
        let to = Delivery { path: &path, source: self.at, part, place: &place, shape: &self.verbatim };
        let outcome = message.finish(planner, self, &to, report)?;
        planner.count(report, outcome);
        Planner::fingerprint(self.source, tracked)
    }
}

impl Message {
    const fn new(from: u64) -> Self {
        Self { from, bytes: 0, header: Vec::new(), decision: None, oversized: false }
    }

    fn push(
        &mut self,
        piece: &[u8],
        begins_line: bool,
        planner: &Planner<'_>,
        mailbox: &Mailbox<'_>,
        path: &str,
    ) {
        self.bytes += len(piece);
        self.oversized |= self.bytes > MESSAGE_BYTES_MAX;
        if self.oversized {
            return;
        }
        if let Some(decision) = &mut self.decision {
            decision.push(piece);
            return;
        }
        self.header.extend_from_slice(piece);
        if self.header.len() > HEADER_BYTES_MAX {
            self.oversized = true;
            self.header = Vec::new();
        } else if begins_line && is_blank(piece) {
            self.complete(planner, mailbox, path);
        }
    }

    /// The header is complete, by its blank line or because the message ends.
    fn complete(&mut self, planner: &Planner<'_>, mailbox: &Mailbox<'_>, path: &str) {
        if self.decision.is_none() && !self.oversized {
            let mut decision = Decision::new(Facts::read(&self.header), planner, mailbox, path);
            decision.push(&self.header);
            self.decision = Some(decision);
            self.header = Vec::new();
        }
    }

    fn is_whole(&self, planner: &mut Planner<'_>, mailbox: &Mailbox<'_>) -> bool {
        let mut is_clean = |decision: &Decision| {
            let sha256 = || Digest::from_bytes(decision.sha256.clone().finalize().into());
            decision.scanner.found().is_none() || planner.clears(mailbox.source, sha256())
        };
        let decision = self.decision.as_ref().filter(|decision| decision.whole.is_ok());
        !self.oversized && decision.is_some_and(&mut is_clean)
    }

    fn finish(
        mut self,
        planner: &mut Planner<'_>,
        mailbox: &Mailbox<'_>,
        to: &Delivery<'_>,
        report: &mut SourceReport,
    ) -> Result<Result<(), Rule>, CollectError> {
        self.complete(planner, mailbox, to.path);
        let is_whole = self.is_whole(planner, mailbox);
        let (from, bytes) = (self.from, self.bytes);
        let Some(decision) = self.decision.filter(|_| !self.oversized) else {
            return Ok(Err(Rule::Oversized));
        };
        let time = decision.facts.time;
        let mut outcome = Err(closest_miss(decision.missed.iter().copied()));
        if let Some(item) = decision.row {
            decision.add_row(planner, mailbox, to, (from, from + bytes), item)?;
            decision.missed.iter().for_each(|&rule| report.parts_withheld.add(rule));
            outcome = Ok(());
        }
        match decision.whole {
            Ok(item) if is_whole => {
                for field in MESSAGE_FIELDS {
                    planner.note(item, field, time);
                }
                let commitment = Commitment::Sha256(Digest::from_bytes(decision.sha256.finalize().into()));
                let kept = Kept { from, to: from + bytes, scope_item: item, delivered_as: 0, commitment };
                planner.add(to, kept, decision.output, bytes)?;
                outcome = Ok(());
            }
            Ok(_) if outcome.is_ok() => report.parts_withheld.add(Rule::KeyMaterial),
            Ok(_) => outcome = Err(Rule::KeyMaterial),
            Err(_) => {}
        }
        Ok(outcome)
    }
}

impl Decision {
    fn new(facts: Facts, planner: &Planner<'_>, mailbox: &Mailbox<'_>, path: &str) -> Self {
        let time = facts.time;
        let owned = planner.sources.owned(&mailbox.source.service, mailbox.owner, time);
        let mut missed = Vec::new();
        let mut decide = |access: &Access| {
            let decided = owned.and_then(|()| access.decide(time));
            missed.extend(decided.err());
            decided.ok()
        };
        let whole: Vec<_> = mailbox.access.whole.iter().map(&mut decide).collect();
        let row =
            mailbox.access.facts.iter().map(&mut decide).collect::<Vec<_>>().into_iter().flatten().min();
        let whole = match whole.as_slice() {
            [Some(item), Some(_), Some(_)] => Ok(*item),
            _ => Err(closest_miss(missed.iter().copied())),
        };
        Self {
            facts,
            whole,
            row,
            missed,
            scanner: Scanner::new(),
            sha256: Sha256::new(),
            output: planner.digest_so_far(path),
            commitment: planner.commitment_context(),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.whole.is_ok() {
            self.scanner.push(bytes);
            self.sha256.update(bytes);
            self.output.update(bytes);
        }
        if self.row.is_some() {
            self.commitment.update(bytes);
        }
    }

    /// Adds the row of header facts.
    fn add_row(
        &self,
        planner: &mut Planner<'_>,
        mailbox: &Mailbox<'_>,
        message: &Delivery<'_>,
        (from, end): (u64, u64),
        item: usize,
    ) -> Result<(), CollectError> {
        let time = self.facts.time;
        let mut names = Vec::new();
        mail::print_header_names(&mut names);
        let path = format!("{}/mail/headers.csv", mailbox.label);
        planner.begin(&path, Some(HEADERS_SCHEMA), names, b"");
        let mut printed = Vec::new();
        print_facts(&mailbox.access.facts, &self.facts, end - from, &mut printed);
        for (column, access) in HeaderColumn::ALL.into_iter().zip(&mailbox.access.facts) {
            if let Ok(item) = access.decide(time) {
                planner.note(item, &column.field().name, time);
            }
        }
        let commitment = Commitment::hmac(self.commitment.clone());
        let kept = Kept { from, to: end, scope_item: item, delivered_as: 0, commitment };
        let to = Delivery { path: &path, shape: &mailbox.facts_shape, ..*message };
        planner.add_printed(&to, kept, &printed)
    }
}
