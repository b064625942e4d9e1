//! What should not have happened (I-34).

use crate::practice::change::Change;
use crate::practice::envelope::Context;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{IncidentClosed, IncidentOpened};

pub(super) fn opened(_context: &Context<'_>, _data: &IncidentOpened) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn closed(_context: &Context<'_>, _data: &IncidentClosed) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}
