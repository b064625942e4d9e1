//! The daemon's own clock: it writes into the log that a time is over.
//!
//! A deadline passes whether somebody looks or not. That it did is a fact of the log like any
//! other (`deadline.passed`), posted by the daemon once the time has come. The rules judge it
//! as they judge everything: not early, not twice, and only what the log itself has open.
//!
//! **In scope**: when to look, what to post, when to leave off. **Out of scope**: which deadlines
//! there are ([`super::agenda`]), and what follows from one that passed (the practice).

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::watch;

use super::agenda::word;
use super::draft::{Draft, Poster};
use super::error::{ReadError, SubmitError};
use super::handle::Ledger;
use crate::model::digest::Digest;
use crate::model::id::{EventId, RequestId};
use crate::model::time::Timestamp;
use crate::ops::machine::{self, MachineError};
use crate::practice::vocabulary::{DeadlinePassed, EventType};
use crate::practice::{DAEMON, Due, RuleSet};

/// Longest rest between two looks: what a batch made due meanwhile is seen this much late.
const REST_MAX: Duration = Duration::from_mins(1);
/// Deadlines confirmed in one look; what is left is taken up by the next one at once.
const ROUND_MAX: usize = 256;
/// Hex digits in an id of the digest of when it is due and whose it is: they keep apart two deadlines of
/// one kind that one entry set.
const DIGEST_DIGITS: usize = 8;

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Everything that was over was posted.
    Done,
    /// Something could not be recorded now: rest before the next look.
    Rest,
    /// The ledger stopped.
    Over,
}

/// Confirms deadlines as they pass, until `stopping` says true or the ledger stops.
///
/// Under rule set 1 nothing is due and nothing is posted. A look that is broken off cancels
/// nothing: what it queued is recorded, and the next start posts the rest under the same ids.
pub async fn keep_time(
    ledger: Ledger,
    now: impl Fn() -> Result<Timestamp, MachineError>,
    mut stopping: watch::Receiver<bool>,
) {
    let looks = async {
        while let Some(rest) = look(&ledger, now()).await {
            tokio::time::sleep(rest).await;
        }
    };
    tokio::select! {
        biased;
        stop = stopping.wait_for(|stop| *stop) => drop(stop),
        doubt = ledger.doubted() => drop(doubt),
        () = looks => {}
    }
}

/// One look at the agenda; the time until the next one, `None` when there is no ledger any more.
async fn look(ledger: &Ledger, now: Result<Timestamp, MachineError>) -> Option<Duration> {
    let Ok(now) = now else { return Some(REST_MAX) };
    let reader = ledger.reader().clone();
    let read = move || {
        let rules = reader.world()?.rules();
        if rules < Some(RuleSet::Two) {
            return Ok((Vec::new(), None));
        }
        reader.overdue(now, ROUND_MAX)
    };
    let (over, next) = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(agenda)) => agenda,
        Ok(Err(ReadError::Poisoned | ReadError::Doubt)) | Err(_) => return None,
        Ok(Err(_)) => return Some(REST_MAX),
    };
    let is_full = over.len() >= ROUND_MAX;
    let post = |draft| {
        let ledger = ledger.clone();
        async move { ledger.submit(draft).await.map(drop) }
    };
    match round(&over, post).await {
        Round::Done if is_full => Some(Duration::ZERO),
        Round::Done => Some(rest(now, next)),
        Round::Rest => Some(REST_MAX),
        Round::Over => None,
    }
}

/// Posts that each of `over` passed, in their order.
async fn round<P: Future<Output = Result<(), SubmitError>>>(
    over: &[Due],
    mut post: impl FnMut(Draft) -> P,
) -> Round {
    let mut round = Round::Done;
    for due in over {
        let mut answer = post(passing(due)).await;
        if let Err(SubmitError::IdReused { .. }) = answer
            && let Ok(salt) = machine::random::<16>()
        {
            // Attack: somebody posted something else under the id that was to be expected. That it
            // passed is recorded once all the same: the rules refuse it a second time.
            let id = EventId::new(&format!("due-{}", hex::encode(salt))).expect("36 letters are an id");
            answer = post(Draft { id, ..passing(due) }).await;
        }
        match answer {
            Ok(()) => {}
            Err(SubmitError::Poisoned | SubmitError::Closed) => return Round::Over,
            // Answered meanwhile, or the ledger's clock is a little behind: the next look tells.
            Err(SubmitError::Refused(_) | SubmitError::IdReused { .. }) => round = Round::Rest,
            // A full queue has better things to take than this; so has a clock in doubt.
            Err(_) => return Round::Rest,
        }
    }
    round
}

/// Until the next deadline, and at most until the longest rest.
fn rest(now: Timestamp, next: Option<Timestamp>) -> Duration {
    let ms = next.map_or(i64::MAX, |next| next.as_ms().saturating_sub(now.as_ms()));
    Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(REST_MAX)
}

/// The event, under an id that is the same whenever it is posted.
fn passing(due: &Due) -> Draft {
    let request = due.request.as_ref().map_or("", RequestId::as_str);
    let digest = Digest::of(format!("{} {request}", due.at).as_bytes()).to_string();
    let digits = digest.get(..DIGEST_DIGITS).unwrap_or_default();
    let id = format!("due-{}-{}-{digits}", word(due.deadline), due.set_by);
    let data = DeadlinePassed { deadline: due.deadline, set_by: due.set_by, due_at: due.at };
    Draft {
        poster: Poster::Daemon,
        id: EventId::new(&id).expect("words, numbers and hex digits of fewer than 64 letters are an id"),
        type_: EventType::DeadlinePassed,
        request: due.request.clone(),
        actor: DAEMON.to_owned(),
        rules: None,
        policy: None,
        data: raw(&data),
        envelopes: Vec::new(),
    }
}

fn raw(data: &DeadlinePassed) -> Box<RawValue> {
    serde_json::value::to_raw_value(data).expect("a word, a number and a time print")
}

#[cfg(test)]
mod tests;
