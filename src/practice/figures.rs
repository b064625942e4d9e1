//! What reports count: every request once, from its case alone (S-64 … S-71, S-78 … S-82, S-109 … S-116).
//!
//! **In scope**: one [`Row`] for each request, the [`Figures`] of a period, what each figure means.
//! **Out of scope**: the form in which a report is published, and its bands' choice.
//!
//! A request belongs to the period in which it was *received*, whenever it was decided. What is
//! under secrecy is counted like everything else (S-114): no rule here looks at a secrecy order
//! but to count it.

mod count;
mod definition;
pub mod inference;

use std::collections::BTreeSet;

pub use count::{Band, Figures, Partition, SecrecyCount, SecurityCount};
pub use definition::{Figure, Unit, Value};

use super::case::{Case, Screening};
use super::directory::{Directory, Level};
use super::outcome::{self, Outcome};
use super::policy::{CountryCode, Policy, Process, ReportCategory};
use super::vocabulary::{AccountProfile, AccountRef, EmergencyCategory, RequestKind};
use crate::model::id::SecrecyId;
use crate::model::time::{DAY_MS, Timestamp};

/// A period of a report: from its first instant up to, and not with, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Timestamp,
    /// The end, exclusive.
    pub to: Timestamp,
}

impl Period {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// The table of a report that a request stands in, and in no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Compulsory process of governments (S-64).
    LegalDemands,
    /// Emergencies: no legal demands (S-49).
    Emergencies,
    /// Keeping without disclosing.
    Preservations,
    /// Litigants (S-104).
    Civil,
    /// National security, published in bands.
    NationalSecurity,
    /// Demands for capabilities and programmes, none of them complied with (S-03, S-84).
    Capabilities,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 6] = [
        Self::LegalDemands,
        Self::Emergencies,
        Self::Preservations,
        Self::Civil,
        Self::NationalSecurity,
        Self::Capabilities,
    ];

    const fn of(kind: RequestKind) -> Self {
        match kind {
            RequestKind::LegalDemand => Self::LegalDemands,
            RequestKind::Emergency => Self::Emergencies,
            RequestKind::Preservation => Self::Preservations,
            RequestKind::Civil => Self::Civil,
            RequestKind::NationalSecurity => Self::NationalSecurity,
            RequestKind::Capability | RequestKind::Programme => Self::Capabilities,
        }
    }
}

/// Whose accounts a request is about. One that is about several counts under the last of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Not profiled: it ended before anybody looked, or has not come so far.
    Unprofiled,
    /// Consumers.
    Consumer,
    /// Organisations with no more seats than the policy's number.
    Commercial,
    /// Organisations with more (S-66), by the seats at receipt.
    Enterprise,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 4] = [Self::Unprofiled, Self::Consumer, Self::Commercial, Self::Enterprise];

    fn of(policy: &Policy, account: &AccountProfile) -> Self {
        match account.seats {
            None => Self::Consumer,
            Some(_) if Screening::is_enterprise(account, policy.times.enterprise_seats) => Self::Enterprise,
            Some(_) => Self::Commercial,
        }
    }
}

/// Where the content lies that a demand seeks (S-65).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// No content is sought.
    NotSought,
    /// All of it in the country of the process.
    Domestic,
    /// Some of it in another country.
    Abroad,
    /// Nobody knows of some of it, and none is known to be abroad: counted apart, as neither.
    Unknown,
}

/// What a national-security order adds (S-109 … S-112).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityRow {
    /// Its category, by the policy's table; none as long as it is not classified, or where its
    /// instrument has none.
    pub category: Option<ReportCategory>,
    /// Customer selectors, as far as they are recorded.
    pub selectors: u64,
    /// The accounts it concerns, as recorded: each on each service.
    pub accounts: BTreeSet<AccountRef>,
    /// Since when it counts: received or effective, whichever is earlier.
    pub from: Timestamp,
    /// Until when, exclusive; none: it goes on.
    pub to: Option<Timestamp>,
    /// Until when the law keeps it out of what is published: a FISA order for a new capability
    /// (50 USC 1874(b), case 56).
    pub delayed_until: Option<Timestamp>,
}

impl SecurityRow {
    /// Whether the law keeps it out of a report that is published then.
    #[must_use]
    pub fn is_delayed(&self, published_at: Timestamp) -> bool {
        self.delayed_until.is_some_and(|until| published_at < until)
    }
}

/// One request, as reports count it. It holds no personal data but the accounts of a
/// national-security order, which are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its table.
    pub table: Table,
    /// When it was received, as people say: its period.
    pub received_at: Timestamp,
    /// The authority's country: of its demand, or its own as long as that is not classified.
    pub country: Option<CountryCode>,
    /// The country that asked for it by treaty, which is counted beside (S-52).
    pub foreign_origin: Option<CountryCode>,
    /// The level of government, likewise.
    pub level: Option<Level>,
    /// Whose accounts.
    pub group: Group,
    /// How it ended, in exactly one way.
    pub outcome: Outcome,
    /// How strong the process is, once it is classified.
    pub process: Option<Process>,
    /// Where the content lies that it seeks.
    pub location: Location,
    /// Whether an account is a customer's outside the process's country, with data abroad (F4).
    pub is_foreign_customers: bool,
    /// The secrecy orders on it, each by name and level. One order may be on several requests.
    pub secrecy: BTreeSet<(SecrecyId, Level)>,
    /// The kind of emergency.
    pub emergency: Option<EmergencyCategory>,
    /// What a national-security order adds.
    pub security: Option<SecurityRow>,
    /// Milliseconds from receipt until a bundle for it was sealed, the first one (S-12).
    pub answered_ms: Option<i64>,
}

impl Row {
    /// The row of a case, under the policy and the directory in force.
    #[must_use]
    pub fn of(policy: &Policy, directory: &Directory, case: &Case) -> Self {
        let classified = case.classified.as_ref();
        // A demand that could not be classified, for want of a signature say, still came from somewhere.
        let agency = case.agency.as_ref().and_then(|agency| directory.agency(agency));
        let accounts = case.screening.accounts();
        let sealed = case.disclosures.iter().find_map(|disclosure| disclosure.sealed.as_ref());
        let order = |order: &super::case::Secrecy| (order.id.clone(), order.level);
        Self {
            table: Table::of(case.received.kind),
            received_at: case.received.received_at,
            country: classified.map(|found| found.country).or(agency.map(|agency| agency.country)),
            foreign_origin: classified.and_then(|found| found.foreign_origin),
            level: classified.map(|found| found.level).or(agency.map(|agency| agency.level)),
            group: accounts.iter().map(|row| Group::of(policy, row)).max().unwrap_or(Group::Unprofiled),
            outcome: outcome::of(case),
            process: classified
                .and_then(|found| policy.instrument(&found.instrument))
                .map(|instrument| instrument.process),
            location: location(case),
            is_foreign_customers: accounts.iter().any(|row| is_foreign_customers(case, row)),
            secrecy: case.telling.orders.iter().map(order).collect(),
            emergency: case.special.emergency.as_ref().map(|found| found.category),
            security: security(policy, case),
            answered_ms: sealed
                .map(|sealed| sealed.at.as_ms().saturating_sub(case.received.received_at.as_ms())),
        }
    }
}

/// S-65: of the accounts whose content is sought.
fn location(case: &Case) -> Location {
    let Some(classified) = &case.classified else { return Location::NotSought };
    let content = classified.scope.scope().items().iter().filter(|item| item.class.is_content());
    let lies = |hosted: Option<CountryCode>| match hosted {
        None => Location::Unknown,
        Some(country) if country == classified.country => Location::Domestic,
        Some(_) => Location::Abroad,
    };
    let profile = |service, account| case.screening.profile(service, account);
    let hosted = content.map(|item| profile(&item.service, &item.account).and_then(|row| row.hosted_in));
    hosted.map(lies).reduce(foremost).unwrap_or(Location::NotSought)
}

/// What is known to be abroad outweighs what nobody knows, and that outweighs the rest.
fn foremost(a: Location, b: Location) -> Location {
    let rank = |location| match location {
        Location::NotSought => 0,
        Location::Domestic => 1,
        Location::Unknown => 2,
        Location::Abroad => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// F4: a customer of another country, whose data is known to lie outside the process's.
fn is_foreign_customers(case: &Case, account: &AccountProfile) -> bool {
    let Some(classified) = &case.classified else { return false };
    let is_other = |country: Option<CountryCode>| country.is_some_and(|found| found != classified.country);
    is_other(account.customer_country) && is_other(account.hosted_in)
}

fn security(policy: &Policy, case: &Case) -> Option<SecurityRow> {
    if Table::of(case.received.kind) != Table::NationalSecurity {
        return None;
    }
    let instrument = case.classified.as_ref().and_then(|found| policy.instrument(&found.instrument));
    let category = instrument.and_then(|instrument| instrument.report_category);
    let received = case.received.received_at;
    Some(match &case.special.security {
        Some(found) => SecurityRow {
            category,
            selectors: u64::from(found.selectors),
            accounts: found.accounts.clone(),
            from: found.effective_from.min(received),
            // It was received in its period, even if it was over by then.
            to: found.effective_to.map(|end| end.max(received.saturating_add_ms(1))),
            delayed_until: found.capability_since.and_then(|since| delay(policy, category, since)),
        },
        // Nobody recorded how long it is in force: it counts where it was received, and nowhere else.
        None => SecurityRow {
            category,
            selectors: 0,
            accounts: BTreeSet::new(),
            from: received,
            to: Some(received.saturating_add_ms(1)),
            // Nobody recorded whether its capability is new: it waits as if it were the first.
            delayed_until: delay(policy, category, received),
        },
    })
}

/// A letter waits for nothing; of the policy's structures the longest delay counts.
fn delay(policy: &Policy, category: Option<ReportCategory>, since: Timestamp) -> Option<Timestamp> {
    let is_fisa = matches!(category, Some(ReportCategory::FisaContent | ReportCategory::FisaNoncontent));
    let options = policy.bands.iter().flat_map(|bands| &bands.option).filter(|_| is_fisa);
    let days = options.filter_map(|option| option.new_capability_delay_days).max()?;
    Some(since.saturating_add_ms(i64::from(days) * DAY_MS))
}
