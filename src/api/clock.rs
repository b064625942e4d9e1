//! `GET /v1/clock`: what the clock rule says (docs/FORMATS.md, Clock rule), and what two people
//! would sign to end its refusal.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::problem::Problem;
use super::sign::{LeafView, Template};
use crate::ledger::{ClockRefusal, ReadError, Reader};
use crate::practice::template::approvable_clock;
use crate::practice::vocabulary::LeafRef;
use crate::tlog::{LeafIndex, leaf_hash};

/// The clock.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClockView {
    /// The last entry.
    #[serde(flatten)]
    last: LeafView,
    /// The time it bears.
    time: String,
    /// What the wall clock says.
    wall: String,
    /// The time that an entry would bear now; null while nothing can be stamped.
    stamp: Option<String>,
    /// Why nothing can be stamped.
    refusal: Option<String>,
    /// What two people sign to accept that the clock is right; null unless it stands ahead.
    sign: Option<Template>,
}

/// Ask whether entries can be stamped now.
#[utoipa::path(
    get, path = "/v1/clock", tag = "log",
    responses((status = 200, description = "What the clock rule says.", body = ClockView))
)]
pub(super) async fn clock(State(app): State<App>) -> Result<Json<ClockView>, Problem> {
    Ok(Json(app.read(view).await?))
}

fn view(reader: &Reader) -> Result<ClockView, ReadError> {
    let state = reader.clock()?;
    // A log is founded before it is served: it has a last entry.
    let index = LeafIndex::new(reader.size()?.get().saturating_sub(1));
    let last = LeafRef { index, leaf: leaf_hash(&reader.entry(index)?) };
    // Only a clock that stands ahead can be accepted; one that stands back is set right.
    let sign = match &state.stamp {
        Err(ClockRefusal::Ahead { .. }) => approvable_clock(&*reader.world()?, last).ok(),
        _ => None,
    };
    Ok(ClockView {
        last: last.into(),
        time: state.last.to_string(),
        wall: state.wall.to_string(),
        stamp: state.stamp.as_ref().ok().map(ToString::to_string),
        refusal: state.stamp.as_ref().err().map(ToString::to_string),
        sign: sign.map(|template| template.act.into()),
    })
}
