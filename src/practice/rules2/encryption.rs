//! Which algorithms keep the data, as the log names them (S-86, S-87).
//!
//! The first entry names them. A program that starts with others says so before it does anything
//! else, so that whoever reads the log knows with what each later entry was made.

use super::publication::recording;
use crate::practice::change::Change;
use crate::practice::envelope::{Context, not_now};
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::Crypto;

/// Only others than the log names: a start with the same is no news.
pub(super) fn recorded(context: &Context<'_>, data: &Crypto) -> Result<Change, Refusal> {
    if context.world.records.encryption.as_ref() == Some(data) {
        return Err(not_now(context.kind, "the log names these algorithms already"));
    }
    Ok(recording(context, |records| records.encryption = Some(data.clone())))
}
