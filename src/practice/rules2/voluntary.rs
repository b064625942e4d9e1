//! What the provider reports by itself (S-35 … S-38, I-38, I-39), and what it declines.

use crate::practice::change::Change;
use crate::practice::due::Due;
use crate::practice::envelope::Context;
use crate::practice::refusal::Refusal;
use crate::practice::vocabulary::{
    AttackNotified, NcmecExpired, NcmecReported, VoluntaryDeclined, VoluntaryDisclosed,
};
use crate::practice::world::World;

pub(super) fn disclosed(_context: &Context<'_>, _data: &VoluntaryDisclosed) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn declined(_context: &Context<'_>, _data: &VoluntaryDeclined) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn ncmec_reported(_context: &Context<'_>, _data: &NcmecReported) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn ncmec_expired(_context: &Context<'_>, _data: &NcmecExpired) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

pub(super) fn attack_notified(_context: &Context<'_>, _data: &AttackNotified) -> Result<Change, Refusal> {
    Ok(Change::nothing())
}

/// What it has open.
pub(super) fn due(_world: &World, _due: &mut Vec<Due>) {}
