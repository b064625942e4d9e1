//! A population of requests, made into a ledger.
//!
//! [`cells`] reads the file, [`people`] registers who acts, [`tale`] is one request's life in
//! phases, [`paths`] the lives there are, [`noise`] what must not change the figures,
//! [`under_way`] what the log's end leaves unfinished, [`press`] the ledger with its clock.

mod cells;
mod demand;
mod noise;
mod paths;
mod people;
mod press;
mod seed;
mod special;
mod tale;
mod under_way;

use std::collections::BTreeMap;
use std::path::Path;

use cells::Twist;
pub(crate) use cells::{Cell, claimed};
use press::{Press, TICKS_IN_HALF_YEAR};
use probity::model::event::Event;
use probity::model::time::Timestamp;
use probity::practice::figures::{Figures, Period, Row};
use probity::tlog::Hash;
use seed::Seed;
use tale::Tale;

/// How a population is made.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What the synthetic part is made from.
    pub(crate) seed: u64,
    /// Whether to add what must not change the figures.
    pub(crate) noise: bool,
    /// The legal tables.
    pub(crate) policy: String,
    /// Whether to read every entry again and give it back.
    pub(crate) keep: bool,
}

/// What was made.
pub(crate) struct Populated {
    /// The figures of the half-year, from the cases as the ledger has them.
    pub(crate) figures: Figures,
    /// Entries of the log.
    pub(crate) entries: u64,
    /// The entries themselves, if they were to be kept.
    pub(crate) told: Vec<Told>,
}

/// An entry as a replay takes it: when, its hash, what happened.
pub(crate) type Told = (Timestamp, Hash, Event);

/// The half-year that the population is about: January to June 2022, in UTC.
///
/// # Panics
/// Never: both times are written out.
#[must_use]
pub(crate) fn period() -> Period {
    let time = |text: &str| Timestamp::parse(text).expect("a time in the log's form");
    Period { from: time("2022-01-01T00:00:00.000Z"), to: time("2022-07-01T00:00:00.000Z") }
}

/// Makes the ledger in `home`, which must not exist, and exports it.
///
/// # Errors
/// The home cannot be made, or the ledger refuses an event, which is a fault of the tool or of the
/// policy: the error names the event and the rule.
pub(crate) fn populate(
    cells: &[Cell],
    settings: &Settings,
    home: &Path,
    progress: &dyn Fn(usize, usize),
) -> anyhow::Result<Populated> {
    let seed = Seed::new(settings.seed);
    let mut begins = demands(cells, settings, seed);
    if settings.noise {
        for tale in noise::all(seed).into_iter().chain(under_way::all()) {
            begins.entry(tale.begins()).or_default().push(Begin::Told(Box::new(tale)));
        }
    }
    let all: usize = begins.values().map(Vec::len).sum();
    let mut press = Press::found(home, &settings.policy)?;
    let mut tales: Vec<Tale> = Vec::new();
    let mut begun = 0;
    while press.tick() < press::END_TICK {
        for begin in begins.remove(&press.tick()).unwrap_or_default() {
            begun += 1;
            tales.push(begin.into_tale(seed));
        }
        press.turn(&mut tales)?;
        tales.retain(|tale| !tale.is_over());
        progress(begun, all);
    }
    anyhow::ensure!(tales.is_empty() && begins.is_empty(), "the clock ended before {} tales", tales.len());
    press.publish(&period())?;
    let figures = Figures::count(&rows(&press)?, period(), press.now());
    let told = if settings.keep { press.told()? } else { Vec::new() };
    let entries = press.close()?;
    Ok(Populated { figures, entries, told })
}

/// A request that has not begun: its tale is told only when it does, because it is long.
enum Begin {
    Demand { cell: Cell, nth: u32, tick: i64, twist: Twist },
    Told(Box<Tale>),
}

impl Begin {
    fn into_tale(self, seed: Seed) -> Tale {
        match self {
            Self::Demand { cell, nth, tick, twist } => paths::demand(&cell, nth, tick, twist, seed),
            Self::Told(tale) => *tale,
        }
    }
}

/// Every request of every cell, spread over the half-year.
fn demands(cells: &[Cell], settings: &Settings, seed: Seed) -> BTreeMap<i64, Vec<Begin>> {
    let mut begins: BTreeMap<i64, Vec<Begin>> = BTreeMap::new();
    for cell in cells {
        for nth in 0..cell.n {
            // Received in the six hours before the tick, so the first tick of the period is left out.
            let draw = seed.draw(&format!("{}/{nth}/day", cell.name), TICKS_IN_HALF_YEAR - 2);
            let tick = press::HALF_YEAR_TICK + 1 + draw;
            let twist = if settings.noise { Twist::of(cell, nth) } else { Twist::None };
            begins.entry(tick).or_default().push(Begin::Demand { cell: cell.clone(), nth, tick, twist });
        }
    }
    begins
}

fn rows(press: &Press) -> anyhow::Result<Vec<Row>> {
    let world = press.world()?;
    let policy = &world.policy().expect("a founded log has a policy").value;
    let directory = &world.directory().expect("a founded log has a directory").value;
    press.cases(|case| Row::of(policy, directory, case))
}
