//! Records before steps: a value becomes [`Logged`] once the log's own words prove it.

use std::slice;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::PackageError;
use crate::ledger::{Ack, Draft, Ledger, Poster, Reader, SubmitError};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::id::{EventId, RequestId};
use crate::model::json;
use crate::model::opening::{self, Logged, OpenedEntry, Opening};
use crate::ops::machine::{self, MachineError};
use crate::practice::DAEMON;
use crate::practice::vocabulary::{EventType, LeafRef};
use crate::tlog::LeafIndex;

/// How often a step waits for room in the ledger's queue; then the collection fails, and says why.
const BUSY_WAITS_MAX: u32 = 60;

/// The daemon's pen.
#[derive(Clone)]
pub(super) struct Logbook(Ledger);

impl Logbook {
    pub(super) const fn new(ledger: Ledger) -> Self {
        Self(ledger)
    }

    pub(super) const fn reader(&self) -> &Reader {
        self.0.reader()
    }

    /// Records `value` as the daemon's, under a fresh id.
    pub(super) fn append<T: Serialize>(
        &self,
        request: &RequestId,
        type_: EventType,
        value: T,
    ) -> Result<Logged<T>, PackageError> {
        let id = fresh_id()?;
        let draft = by_daemon(request, type_, id, &value);
        let mut waits = 0;
        loop {
            match self.record(draft.clone()) {
                Err(PackageError::Submit(SubmitError::Busy { retry_after_s })) if waits < BUSY_WAITS_MAX => {
                    waits += 1;
                    std::thread::sleep(Duration::from_secs(retry_after_s));
                }
                recorded => return self.check(value, &draft, &recorded?),
            }
        }
    }

    /// Records `value` as the daemon's under a client's id, without waiting for room.
    pub(super) fn append_as<T: Serialize>(
        &self,
        request: &RequestId,
        type_: EventType,
        id: EventId,
        value: T,
    ) -> Result<Logged<T>, PackageError> {
        let draft = by_daemon(request, type_, id, &value);
        let ack = self.record(draft.clone())?;
        self.check(value, &draft, &ack)
    }

    /// Records what somebody else posts. Its entry may be an older one that says the same.
    pub(super) fn forward(&self, draft: Draft) -> Result<OpenedEntry, PackageError> {
        let ack = self.record(draft)?;
        self.open(ack.receipt.as_bytes(), ack.opening.as_bytes())
    }

    /// The evidence for an entry of the log, made anew: its data, receipt and opening.
    pub(super) fn recorded<T: DeserializeOwned>(&self, index: LeafIndex) -> Result<Logged<T>, PackageError> {
        let event = self.reader().open(index)?.event;
        let value = json::parse(event.data.get().as_bytes()).map_err(opening::OpeningError::from)?;
        let (receipt, opening) = (self.reader().receipt(index)?, self.reader().opening(index)?);
        let keys = slice::from_ref(self.reader().vkey());
        let members = event.submitted_members();
        Ok(Logged::check(value, &event.id, &members, receipt.as_bytes(), opening.as_bytes(), keys)?)
    }

    fn record(&self, draft: Draft) -> Result<Ack, PackageError> {
        Ok(self.0.submit_blocking(draft)?)
    }

    fn check<T>(&self, value: T, draft: &Draft, ack: &Ack) -> Result<Logged<T>, PackageError> {
        let keys = slice::from_ref(self.reader().vkey());
        let (receipt, opening) = (ack.receipt.as_bytes(), ack.opening.as_bytes());
        Ok(Logged::check(value, &draft.id, &submitted_members(draft), receipt, opening, keys)?)
    }

    fn open(&self, receipt: &[u8], opening: &[u8]) -> Result<OpenedEntry, PackageError> {
        let receipt = opening::verify_receipt(receipt, slice::from_ref(self.reader().vkey()))?;
        Ok(opening::check(&receipt, &Opening::parse(opening)?)?)
    }
}

/// The place of an entry, as events and approvals name it.
pub(super) fn leaf_ref(entry: &OpenedEntry) -> LeafRef {
    LeafRef { index: entry.entry().index, leaf: entry.entry().leaf_hash() }
}

/// An id that nobody can take before it is used.
fn fresh_id() -> Result<EventId, MachineError> {
    let random: [u8; 16] = machine::random()?;
    Ok(EventId::new(&format!("package-{}", hex::encode(random))).expect("a word and 32 hex digits are an id"))
}

fn by_daemon(request: &RequestId, type_: EventType, id: EventId, data: &impl Serialize) -> Draft {
    Draft {
        poster: Poster::Daemon,
        id,
        type_,
        request: Some(request.clone()),
        actor: DAEMON.to_owned(),
        rules: None,
        policy: None,
        data: raw(data),
        envelopes: Vec::new(),
    }
}

pub(super) fn raw(data: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(data).expect("ids, numbers, digests and times print")
}

/// What the draft's id stands for; rules and policy are not among it.
fn submitted_members(draft: &Draft) -> Vec<u8> {
    let event = Event {
        rules: 0,
        id: draft.id.clone(),
        type_: draft.type_.to_string(),
        request: draft.request.clone(),
        actor: draft.actor.clone(),
        policy: Digest::from_bytes([0; 32]),
        data: draft.data.clone(),
        envelopes: draft.envelopes.clone(),
    };
    event.submitted_members()
}
