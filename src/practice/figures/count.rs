//! The figures of one period, from the rows of every request.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Location, Period, Row, SecurityRow, Table};
use crate::model::time::Timestamp;
use crate::practice::directory::Level;
use crate::practice::outcome::Outcome;
use crate::practice::policy::{CountryCode, Process, ReportCategory};
use crate::practice::vocabulary::AccountRef;

/// Requests by outcome: disjoint, and together all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition(BTreeMap<Outcome, u64>);

impl Partition {
    /// How many ended so.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0.get(&outcome).copied().unwrap_or(0)
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those that are over: what the published figures count. What still goes on, or is before a
    /// court, has a column of its own, and moves into the others when it ends.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.total() - self.of(Outcome::Pending) - self.of(Outcome::ChallengedPending)
    }

    /// Those of which something left (F8 of enterprises).
    #[must_use]
    pub fn disclosed(&self) -> u64 {
        self.of(Outcome::DisclosedContent) + self.of(Outcome::DisclosedNoncontent)
    }

    /// Those that were rejected, withdrawn, redirected or found nothing (S-79).
    #[must_use]
    pub fn undisclosed(&self) -> u64 {
        [Outcome::Rejected, Outcome::Withdrawn, Outcome::NoData, Outcome::Redirected]
            .into_iter()
            .map(|outcome| self.of(outcome))
            .sum()
    }

    fn add(&mut self, outcome: Outcome) {
        *self.0.entry(outcome).or_default() += 1;
    }

    fn join(&mut self, other: &Self) {
        for (outcome, count) in &other.0 {
            *self.0.entry(*outcome).or_default() += count;
        }
    }
}

/// Secrecy orders on decided legal demands of one country (S-69 … S-71).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecrecyCount {
    /// Orders by level, each once, on however many demands it is.
    pub orders: BTreeMap<Level, u64>,
    /// Demands with at least one.
    pub demands: u64,
}

impl SecrecyCount {
    /// All orders.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.orders.values().sum()
    }
}

/// One category of national security.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecurityCount {
    /// Orders received or active in the period (S-111).
    pub orders: u64,
    /// Accounts on services that they concern, each once (S-112).
    pub accounts: u64,
    /// Customer selectors that they name.
    pub selectors: u64,
}

/// A range in which a figure is published (50 USC 1874): both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The least it can be.
    pub least: u64,
    /// The most it can be.
    pub most: u64,
}

impl Band {
    /// The band of that width that holds the figure. Zero is in the first one.
    ///
    /// # Panics
    /// If the width is zero, which no policy has.
    #[must_use]
    pub fn of(figure: u64, width: u32) -> Self {
        let width = u64::from(width);
        let least = figure / width * width;
        Self { least, most: least + (width - 1) }
    }
}

/// What is counted together.
type Cell = (Table, Option<CountryCode>, Group);

/// The figures of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    cells: BTreeMap<Cell, Partition>,
    treaty: BTreeMap<(Table, CountryCode), Partition>,
    abroad: BTreeMap<(CountryCode, Location), u64>,
    foreign_customers: BTreeMap<CountryCode, (u64, u64)>,
    content_by_order: (u64, u64),
    secrecy: BTreeMap<CountryCode, SecrecyCount>,
    security: BTreeMap<Option<ReportCategory>, SecurityCount>,
    delayed: u64,
    answered_ms: BTreeMap<Table, Vec<i64>>,
}

impl Figures {
    /// Counts, for a report that is published then: what the law delays beyond it is in no
    /// [`super::Figure`] about national security, and in [`Figures::delayed`].
    #[must_use]
    pub fn count(rows: &[Row], period: Period, published_at: Timestamp) -> Self {
        let received: Vec<&Row> = rows.iter().filter(|row| period.holds(row.received_at)).collect();
        Self {
            cells: cells(&received),
            treaty: treaty(&received),
            abroad: abroad(&received),
            foreign_customers: foreign_customers(&received),
            content_by_order: content_by_order(&received),
            secrecy: secrecy(&received),
            security: security(rows, period, published_at),
            delayed: active(rows, period).filter(|order| order.is_delayed(published_at)).count() as u64,
            answered_ms: answered(&received),
        }
    }

    /// Requests of a table: of one country or of all, about one group's accounts or all.
    #[must_use]
    pub fn requests(&self, table: Table, country: Option<CountryCode>, group: Option<Group>) -> Partition {
        let mut sum = Partition::default();
        let is_meant = |(in_table, of, about): &Cell| {
            *in_table == table && (country.is_none() || *of == country) && group.is_none_or(|it| it == *about)
        };
        self.cells.iter().filter(|(cell, _)| is_meant(cell)).for_each(|(_, cell)| sum.join(cell));
        sum
    }

    /// The countries whose authorities sent something for a table; none for what nobody classified.
    #[must_use]
    pub fn countries(&self, table: Table) -> BTreeSet<Option<CountryCode>> {
        self.cells.keys().filter(|cell| cell.0 == table).map(|cell| cell.1).collect()
    }

    /// The countries that asked for something of a table by treaty (case 43).
    #[must_use]
    pub fn treaty_countries(&self, table: Table) -> BTreeSet<CountryCode> {
        self.treaty.keys().filter(|(of, _)| *of == table).map(|(_, country)| *country).collect()
    }

    /// What a country asked for by treaty. It stands in [`Figures::requests`] too, once, under the
    /// country whose authority acted for it.
    #[must_use]
    pub fn by_treaty(&self, table: Table, country: CountryCode) -> Partition {
        self.treaty.get(&(table, country)).cloned().unwrap_or_default()
    }

    /// Every request received in the period, whatever its table (S-114).
    #[must_use]
    pub fn received(&self) -> u64 {
        self.cells.values().map(Partition::total).sum()
    }

    /// Decided warrants about consumers that seek content lying there (S-65): sought, not disclosed.
    #[must_use]
    pub fn warrants_seeking_content(&self, country: CountryCode, location: Location) -> u64 {
        self.abroad.get(&(country, location)).copied().unwrap_or(0)
    }

    /// Decided demands about enterprises outside that country with data outside it, and those among
    /// them that content was disclosed on.
    #[must_use]
    pub fn foreign_enterprises(&self, country: CountryCode) -> (u64, u64) {
        self.foreign_customers.get(&country).copied().unwrap_or_default()
    }

    /// Decided legal demands that content was disclosed on, and those among them whose process is a
    /// court's order and no warrant (S-26): none as long as the policy's switch stands as it is drafted.
    #[must_use]
    pub const fn content_by_order(&self) -> (u64, u64) {
        self.content_by_order
    }

    /// Secrecy on decided demands of that country.
    #[must_use]
    pub fn secrecy(&self, country: CountryCode) -> SecrecyCount {
        self.secrecy.get(&country).cloned().unwrap_or_default()
    }

    /// A category of national security; none: the demands that are in no category.
    #[must_use]
    pub fn security(&self, category: Option<ReportCategory>) -> SecurityCount {
        self.security.get(&category).copied().unwrap_or_default()
    }

    /// Orders about national security, received or active in the period, that the law keeps out of the
    /// figures as yet. Not to be published itself.
    #[must_use]
    pub const fn delayed(&self) -> u64 {
        self.delayed
    }

    /// The time from receipt until the first bundle was sealed, in milliseconds, that `percent` of
    /// the answered requests of a table did not exceed (nearest rank); none if none was answered.
    #[must_use]
    pub fn answered_within_ms(&self, table: Table, percent: u8) -> Option<i64> {
        let times = self.answered_ms.get(&table)?;
        let rank = (times.len() * usize::from(percent.min(100))).div_ceil(100).max(1);
        times.get(rank - 1).copied()
    }
}

fn cells(received: &[&Row]) -> BTreeMap<Cell, Partition> {
    let mut cells: BTreeMap<Cell, Partition> = BTreeMap::new();
    for row in received {
        cells.entry((row.table, row.country, row.group)).or_default().add(row.outcome);
    }
    cells
}

fn treaty(received: &[&Row]) -> BTreeMap<(Table, CountryCode), Partition> {
    let mut found: BTreeMap<_, Partition> = BTreeMap::new();
    for row in received {
        if let Some(country) = row.foreign_origin {
            found.entry((row.table, country)).or_default().add(row.outcome);
        }
    }
    found
}

/// Decided legal demands, with the country of each: what the published figures are about.
fn decided<'r>(received: &'r [&'r Row]) -> impl Iterator<Item = (CountryCode, &'r Row)> {
    let is_over = |row: &&&Row| !matches!(row.outcome, Outcome::Pending | Outcome::ChallengedPending);
    let demands = received.iter().filter(|row| row.table == Table::LegalDemands).filter(is_over);
    demands.filter_map(|row| row.country.map(|country| (country, *row)))
}

fn abroad(received: &[&Row]) -> BTreeMap<(CountryCode, Location), u64> {
    let mut found = BTreeMap::new();
    let is_warrant = |row: &Row| row.process == Some(Process::Warrant) && row.group == Group::Consumer;
    for (country, row) in decided(received).filter(|(_, row)| is_warrant(row)) {
        *found.entry((country, row.location)).or_default() += 1;
    }
    found
}

fn foreign_customers(received: &[&Row]) -> BTreeMap<CountryCode, (u64, u64)> {
    let mut found: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    let is_one = |row: &Row| row.group == Group::Enterprise && row.is_foreign_customers;
    for (country, row) in decided(received).filter(|(_, row)| is_one(row)) {
        let (all, content) = found.entry(country).or_default();
        *all += 1;
        *content += u64::from(row.outcome == Outcome::DisclosedContent);
    }
    found
}

fn content_by_order(received: &[&Row]) -> (u64, u64) {
    let content = decided(received).filter(|(_, row)| row.outcome == Outcome::DisclosedContent);
    content.fold((0, 0), |(all, by_order), (_, row)| {
        (all + 1, by_order + u64::from(row.process == Some(Process::CourtOrder)))
    })
}

fn secrecy(received: &[&Row]) -> BTreeMap<CountryCode, SecrecyCount> {
    let mut found: BTreeMap<CountryCode, SecrecyCount> = BTreeMap::new();
    let mut named = BTreeSet::new();
    for (country, row) in decided(received).filter(|(_, row)| !row.secrecy.is_empty()) {
        let count = found.entry(country).or_default();
        count.demands += 1;
        for (id, level) in &row.secrecy {
            // An order on several demands is one order (S-70).
            if named.insert(id) {
                *count.orders.entry(*level).or_default() += 1;
            }
        }
    }
    found
}

/// S-111: not by receipt alone, because an order goes on.
fn active(rows: &[Row], period: Period) -> impl Iterator<Item = &SecurityRow> {
    let is_active =
        move |order: &&SecurityRow| order.from < period.to && order.to.is_none_or(|end| period.from < end);
    rows.iter().filter_map(|row| row.security.as_ref()).filter(is_active)
}

fn security(
    rows: &[Row],
    period: Period,
    published_at: Timestamp,
) -> BTreeMap<Option<ReportCategory>, SecurityCount> {
    let mut found: BTreeMap<Option<ReportCategory>, (SecurityCount, BTreeSet<&AccountRef>)> = BTreeMap::new();
    for order in active(rows, period).filter(|order| !order.is_delayed(published_at)) {
        let (count, accounts) = found.entry(order.category).or_default();
        count.orders += 1;
        count.selectors += order.selectors;
        accounts.extend(&order.accounts);
    }
    let counted = |(category, (count, accounts)): (_, (SecurityCount, BTreeSet<_>))| {
        (category, SecurityCount { accounts: accounts.len() as u64, ..count })
    };
    found.into_iter().map(counted).collect()
}

fn answered(received: &[&Row]) -> BTreeMap<Table, Vec<i64>> {
    let mut found: BTreeMap<Table, Vec<i64>> = BTreeMap::new();
    for row in received {
        if let Some(ms) = row.answered_ms {
            found.entry(row.table).or_default().push(ms);
        }
    }
    found.values_mut().for_each(|times| times.sort_unstable());
    found
}
