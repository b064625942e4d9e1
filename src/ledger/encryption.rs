//! Says at a start which algorithms this program uses, where the log names others (S-86, S-87).
//!
//! **In scope**: the entry. **Out of scope**: when it is legal (the practice).

use super::draft::{Draft, Poster};
use super::error::{ReadError, SubmitError};
use super::handle::Ledger;
use crate::model::id::EventId;
use crate::ops::machine::{self, MachineError};
use crate::practice::vocabulary::{Crypto, EventType};
use crate::practice::{DAEMON, RuleSet};

/// Records what this program uses, before it makes any other entry, unless the log names it already or is under rule set 1.
///
/// Cancel safe: what was queued is recorded or not, and the next start looks again.
///
/// # Errors
/// [`EncryptionError`] if the log cannot be read, or does not take the entry.
pub async fn record_encryption(ledger: &Ledger, current: &Crypto) -> Result<(), EncryptionError> {
    let reader = ledger.reader().clone();
    let world = tokio::task::spawn_blocking(move || reader.world()).await;
    let world = world.map_err(|_| EncryptionError::Interrupted)??;
    if world.rules() < Some(RuleSet::Two) || world.records().encryption.as_ref() == Some(current) {
        return Ok(());
    }
    let data = serde_json::value::to_raw_value(current).expect("five texts print");
    // A name of its own each time: a program that comes back after another one says so again. Twice in
    // a row the rules refuse it.
    let name = machine::random::<16>()?;
    let draft = Draft {
        poster: Poster::Daemon,
        id: EventId::new(&format!("encryption-{}", hex::encode(name))).expect("43 letters are an id"),
        type_: EventType::EncryptionRecorded,
        request: None,
        actor: DAEMON.to_owned(),
        rules: None,
        policy: None,
        data,
        envelopes: Vec::new(),
    };
    ledger.submit(draft).await?;
    tracing::info!("the log names the algorithms of this program now");
    Ok(())
}

/// What this program uses is not in the log.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    /// The log cannot be read.
    #[error("the log could not be read")]
    Read(#[from] ReadError),
    /// The log does not take it.
    #[error("the log did not take encryption.recorded")]
    Submit(#[from] SubmitError),
    /// The machine gives no randomness.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The task that reads ended.
    #[error("reading was interrupted")]
    Interrupted,
}
