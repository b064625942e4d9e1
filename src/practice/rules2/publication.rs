//! Reports, figures and the review of the screening (S-10, S-11, S-51, I-46 … I-48, I-58).
//!
//! That the root of I-46 is the log's own takes the tree, which the daemon and the auditor have: see
//! [`crate::practice::Quoted`].

use std::sync::Arc;

use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::Stamp;
use crate::practice::change::{Change, Claim};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now};
use crate::practice::policy::{BandOption, BandPeriod, BandRow};
use crate::practice::records::{FIGURES_MAX, HALVES_MAX, LastReport, REPORTS_MAX, Records};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::governing::is_short;
use crate::practice::vocabulary::{
    FigureDeclared, ProcessReviewed, ReportCorrected, ReportPublished, Series,
};
use crate::practice::world::World;
use crate::tlog::TreeSize;

/// Days that figures under FISA wait after their period (50 USC 1874(b)).
const FISA_WAIT_DAYS: i64 = 180;
/// How the two first days of a half-year end, in UTC.
const HALVES: [&str; 2] = ["-01-01T00:00:00.000Z", "-07-01T00:00:00.000Z"];

/// Days of the shortest half-year, the first one of a year that does not leap.
const HALF_DAYS_MIN: i64 = 181;

/// The world with its records changed.
pub(super) fn recording(context: &Context<'_>, change: impl FnOnce(&mut Records)) -> Change {
    let mut world = context.world.clone();
    let mut records = (*world.records).clone();
    change(&mut records);
    world.records = Arc::new(records);
    Change::of_world(world)
}

/// F-06: a list that is full takes nothing more.
pub(super) fn has_room(context: &Context<'_>, len: usize, most: usize) -> Result<(), Refusal> {
    if len < most { Ok(()) } else { Err(not_now(context.kind, "as many are open as there may be")) }
}

/// Duties begin with the log's first entry under this rule set.
pub(super) fn begin(mut founded: Change, stamp: Stamp) -> Change {
    if let Some(world) = &mut founded.world
        && world.records.since.is_none()
    {
        let mut records = (*world.records).clone();
        records.since = Some((stamp.index, stamp.time));
        world.records = Arc::new(records);
    }
    founded
}

/// The first entry of a half-year is noted, whatever it is.
pub(super) fn note_half(before: &World, change: &mut Change, stamp: Stamp) {
    let world = change.world.as_ref().unwrap_or(before);
    let last = world.records.halves.last_key_value();
    // What lies so shortly after a half-year's first instant lies in it: no calendar is asked.
    if last.is_some_and(|(last, _)| stamp.time < last.saturating_add_ms(HALF_DAYS_MIN * DAY_MS)) {
        return;
    }
    let Some(half) = half_of(stamp.time) else { return };
    if world.records.since.is_none() || last.is_some_and(|(last, _)| *last >= half) {
        return;
    }
    let mut world = world.clone();
    let mut records = (*world.records).clone();
    records.halves.insert(half, stamp.index);
    if records.halves.len() > HALVES_MAX {
        records.halves.pop_first();
    }
    world.records = Arc::new(records);
    change.world = Some(world);
}

/// S-51: the review looks at human rights too.
pub(super) fn process_reviewed(context: &Context<'_>, data: &ProcessReviewed) -> Result<Change, Refusal> {
    if !data.covers_human_rights {
        let reason = "a review of the screening process covers human rights";
        return Err(Refusal::invalid(
            Rule::S51,
            "/data/covers_human_rights",
            reason,
            "review that part as well",
        ));
    }
    Ok(recording(context, |records| {
        records.process_review = Some((context.stamp.index, context.stamp.time));
    }))
}

/// S-11: for one half-year, once.
pub(super) fn figure_declared(context: &Context<'_>, data: &FigureDeclared) -> Result<Change, Refusal> {
    is_a_half_year(Rule::S11, data.period_from, data.period_to)?;
    let records = &context.world.records;
    let is_it = |row: &&_| {
        let (figure, from, _): &(_, Timestamp, u64) = row;
        *figure == data.figure && *from == data.period_from
    };
    if records.figures.iter().any(|row| is_it(&row)) {
        return Err(not_now(context.kind, "the figure is declared for that period"));
    }
    has_room(context, records.figures.len(), FIGURES_MAX)?;
    Ok(recording(context, |records| {
        records.figures.insert((data.figure, data.period_from, data.value));
    }))
}

pub(super) fn published(context: &Context<'_>, data: &ReportPublished) -> Result<Change, Refusal> {
    is_a_half_year(Rule::I48, data.period_from, data.period_to)?;
    let records = &context.world.records;
    let last = records.series.get(&data.series);
    if let Some(last) = last.filter(|last| last.period_to != data.period_from) {
        let reason = format!("the last report of this series ends at {}", last.period_to);
        return Err(Refusal::invalid(Rule::I48, "/data/period_from", reason, "leave no gap and no overlap"));
    }
    if last.is_none() {
        is_the_first(records.since, data)?;
    }
    has_bands(context, last.copied(), data)?;
    is_out_in_time(context, data)?;
    is_a_size(context, data.size, data.period_to)?;
    has_room(context, records.reports.len(), REPORTS_MAX)?;
    let change = recording(context, |records| {
        let last =
            LastReport { index: context.stamp.index, period_to: data.period_to, band_width: data.band_width };
        records.series.insert(data.series, last);
        records.reports.insert(data.report.clone(), (data.series, data.period_to));
    });
    Ok(change.claiming(Claim::Report(data.report.clone())).quoting(data.size, data.root))
}

/// I-48: the first report of a series is about the half-year in which the log began, or one before.
fn is_the_first(
    since: Option<(crate::tlog::LeafIndex, Timestamp)>,
    data: &ReportPublished,
) -> Result<(), Refusal> {
    if since.is_none_or(|(_, since)| data.period_from <= since) {
        return Ok(());
    }
    let reason = "no report of this series is about the half-year in which the log began";
    Err(Refusal::invalid(Rule::I48, "/data/period_from", reason, "publish that half-year first"))
}

/// I-46: a report is computed from entries before its own, and leaves none of its period out: its
/// size holds an entry after the period, or everything there is.
fn is_a_size(context: &Context<'_>, size: TreeSize, period_to: Timestamp) -> Result<(), Refusal> {
    let most = context.stamp.index.get();
    let after = context.world.records.halves.range(period_to..).next();
    let least = after.map_or(most, |(_, first)| first.get() + 1);
    if (least..=most).contains(&size.get()) {
        return Ok(());
    }
    let reason = format!("the log has {most} entries, and the period is over with {least}");
    Err(Refusal::invalid(Rule::I46, "/data/size", reason, "compute it from a signed size after the period"))
}

/// I-47: national security alone has bands, of one width of the policy's, and the same as before.
fn has_bands(context: &Context<'_>, last: Option<LastReport>, data: &ReportPublished) -> Result<(), Refusal> {
    // Both series are of half-years, and these rows are apart: structures of a year, or of everything
    // together, are others.
    let is_of_half_years = |option: &&BandOption| {
        option.period == BandPeriod::Semiannual && !option.rows.contains(&BandRow::AllProcessCombined)
    };
    let options = context.force.policy.value.bands.iter().flat_map(|bands| &bands.option);
    let widths = options.filter(is_of_half_years);
    let fits = match (data.series, data.band_width) {
        (Series::LawEnforcement, None) => true,
        (Series::NationalSecurity, Some(width)) => {
            widths.map(|option| option.width).any(|listed| listed == width)
                && last.is_none_or(|last| last.band_width == Some(width))
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let reason = "the bands are not those of the policy, or not those of the series so far";
    Err(Refusal::invalid(Rule::I47, "/data/band_width", reason, "keep to one of the policy's structures"))
}

/// I-47: nothing is published before its period is over, and nothing under FISA before its time.
fn is_out_in_time(context: &Context<'_>, data: &ReportPublished) -> Result<(), Refusal> {
    let wait_days = if data.series == Series::NationalSecurity { FISA_WAIT_DAYS } else { 0 };
    let earliest = data.period_to.saturating_add_ms(wait_days * DAY_MS);
    if data.published_at >= earliest && data.published_at <= context.stamp.time {
        return Ok(());
    }
    let reason = format!("published_at is before {earliest}, or in the future");
    Err(Refusal::invalid(Rule::I47, "/data/published_at", reason, "wait for the law's delay"))
}

pub(super) fn corrected(context: &Context<'_>, data: &ReportCorrected) -> Result<Change, Refusal> {
    is_short("/data/reason", &data.reason)?;
    let Some((_, period_to)) = context.world.records.reports.get(&data.report) else {
        return Err(not_now(context.kind, "no report of that name is published"));
    };
    is_a_size(context, data.size, *period_to)?;
    Ok(Change::nothing().quoting(data.size, data.root))
}

/// The half-years of UTC are the one grid of both series (S-10).
fn is_a_half_year(rule: Rule, from: Timestamp, to: Timestamp) -> Result<(), Refusal> {
    let is_first = HALVES.iter().any(|half| from.to_string().ends_with(half));
    if is_first && next_half(from) == Some(to) {
        return Ok(());
    }
    let reason = "a period is a half-year in UTC, from 1 January or 1 July";
    Err(Refusal::invalid(
        rule,
        "/data/period_from",
        reason,
        "send the half-year's first day and the next one's",
    ))
}

/// The first instant of the half-year in which `at` lies.
fn half_of(at: Timestamp) -> Option<Timestamp> {
    let text = at.to_string();
    let [first, second] = HALVES;
    let half = if text.get(5..7)? < "07" { first } else { second };
    Timestamp::parse(&format!("{}{half}", text.get(..4)?)).ok()
}

/// The first day of the next half-year; `None` after the year 9999.
fn next_half(at: Timestamp) -> Option<Timestamp> {
    let text = at.to_string();
    let year: u16 = text.get(..4)?.parse().ok()?;
    let is_first_half = text.get(5..7)? < "07";
    let (year, half) = if is_first_half { (year, HALVES[1]) } else { (year.checked_add(1)?, HALVES[0]) };
    Timestamp::parse(&format!("{year:04}{half}")).ok()
}

/// The next review of the screening, and the next report of each series.
pub(super) fn due(world: &World, due: &mut Vec<Due>) {
    let (Some(policy), Some(since)) = (world.policy(), world.records.since) else { return };
    let times = &policy.value.times;
    let after = |at: Timestamp, days: u32| at.saturating_add_ms(i64::from(days) * DAY_MS);
    let (set_by, last) = world.records.process_review.unwrap_or(since);
    due.push(Due::new(after(last, times.process_review_days), Deadline::ProcessReview, None, set_by));
    for series in [Series::LawEnforcement, Series::NationalSecurity] {
        let last = world.records.series.get(&series);
        let (set_by, from) = last.map_or(since, |last| (last.index, last.period_to));
        let Some(end) = next_half(from) else { continue };
        let at = after(end, times.report_due_days);
        due.push(Due::new(at, Deadline::of_series(series), None, set_by));
    }
}
