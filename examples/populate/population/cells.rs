//! The population file: cells of requests that share everything a figure looks at.

use std::collections::BTreeMap;

use anyhow::Context as _;
use probity::practice::figures::Figure;
use serde::Deserialize;

/// Some requests of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cell {
    /// Its name.
    #[serde(rename = "cell")]
    pub(crate) name: String,
    /// How many requests.
    pub(crate) n: u32,
    /// Whose accounts.
    pub(crate) segment: Segment,
    /// The requester's country.
    pub(crate) requester_country: Requester,
    /// The level of government.
    pub(crate) level: Level,
    /// The instrument.
    pub(crate) instrument: Instrument,
    /// What is asked for.
    pub(crate) sought: Sought,
    /// Where the content lies.
    pub(crate) content_location: Place,
    /// Whether the customer is a US person; consumers are not asked.
    pub(crate) customer_us: Answer,
    /// How they end.
    pub(crate) outcome: Ending,
    /// How many of them are under a secrecy order.
    pub(crate) secrecy_n: u32,
    /// The published figures they count in, by the file.
    pub(crate) counts_in: String,
}

/// Whose accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Segment {
    /// A consumer's.
    Consumer,
    /// An organisation's with at most 50 seats.
    CommercialLe50,
    /// An organisation's with more.
    EnterpriseGt50,
}

/// Where the requester is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Requester {
    /// The United States.
    US,
    /// Elsewhere; the tool lets them come from the United Kingdom.
    #[serde(rename = "non_US")]
    NonUs,
}

/// The level of government.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Federal.
    Federal,
    /// A state's.
    State,
    /// A city's or county's.
    Local,
    /// A nation's, elsewhere.
    National,
}

/// The instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Instrument {
    /// A warrant.
    #[serde(rename = "us.warrant_2703")]
    Warrant,
    /// A subpoena.
    #[serde(rename = "us.subpoena")]
    Subpoena,
    /// A court order.
    #[serde(rename = "us.order_2703d")]
    Order,
    /// A warrant's equivalent elsewhere.
    #[serde(rename = "local.warrant_equiv")]
    WarrantElsewhere,
    /// A subpoena's equivalent elsewhere.
    #[serde(rename = "local.subpoena_equiv")]
    SubpoenaElsewhere,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sought {
    /// Content, and who it is.
    Content,
    /// No content.
    Noncontent,
}

/// Where the content lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// In the United States.
    Us,
    /// Elsewhere.
    NonUs,
    /// It is not sought.
    Na,
}

/// Yes, no, or not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Yes.
    True,
    /// No.
    False,
    /// Not asked.
    Na,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// Content leaves.
    DisclosedContent,
    /// Something leaves, and no content.
    DisclosedNoncontent,
    /// Nothing is found.
    NoData,
    /// The provider does not comply.
    Rejected,
    /// The agency takes it back.
    Withdrawn,
    /// The requester goes to the customer.
    Redirected,
}

/// What happens to a few requests on their way and changes no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    /// Nothing.
    None,
    /// The same document comes a second time.
    Duplicated,
    /// The agency replaces its order.
    Amended,
    /// It is rejected first, and reopened by another document.
    Reopened,
}

impl Cell {
    /// Reads a population file.
    ///
    /// # Errors
    /// A row that is not of these columns, by its line; secrecy on more requests than there are.
    pub(crate) fn parse_all(text: &str) -> anyhow::Result<Vec<Self>> {
        let mut cells = Vec::new();
        for (at, row) in csv::Reader::from_reader(text.as_bytes()).deserialize::<Self>().enumerate() {
            let cell = row.with_context(|| format!("line {}", at + 2))?;
            anyhow::ensure!(
                cell.secrecy_n <= cell.n,
                "line {}: secrecy_n is {}, but there are {} requests",
                at + 2,
                cell.secrecy_n,
                cell.n
            );
            cells.push(cell);
        }
        Ok(cells)
    }
}

/// What the file says that the figures are, by its column `counts_in`: for whoever compares.
pub(crate) fn claimed(cells: &[Cell]) -> BTreeMap<Figure, u64> {
    let mut claimed: BTreeMap<Figure, u64> = BTreeMap::new();
    for cell in cells {
        for code in cell.counts_in.split(';') {
            let figure = match code {
                "F1" => Figure::UsConsumer,
                "F2" => Figure::UsConsumerAbroad,
                "F3" => Figure::UsEnterprise,
                "F6" => Figure::Enterprise,
                "F7" => Figure::EnterpriseUndisclosed,
                "F8" => Figure::EnterpriseDisclosed,
                "F9" => Figure::EnterpriseContent,
                "F10" => Figure::EnterpriseNoncontent,
                "F11" => Figure::EnterpriseContentUs,
                "SO" => Figure::UsSecrecyOrders,
                _ => continue,
            };
            let count = if figure == Figure::UsSecrecyOrders { cell.secrecy_n } else { cell.n };
            *claimed.entry(figure).or_default() += u64::from(count);
        }
    }
    claimed
}

impl Twist {
    /// The first few requests of three cells, as the noise has it: 6, 5 and 3.
    pub(super) fn of(cell: &Cell, nth: u32) -> Self {
        match (cell.name.as_str(), nth) {
            ("A7", 0..6) => Self::Duplicated,
            ("A8", 0..5) => Self::Amended,
            ("A6a", 0..3) => Self::Reopened,
            _ => Self::None,
        }
    }
}
