//! What each figure means, in words that are published beside it (S-113, S-116).

use super::{Figures, Group, Location, Table};
use crate::practice::directory::Level;
use crate::practice::outcome::Outcome;
use crate::practice::policy::{CountryCode, ReportCategory};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Requests, each once.
    Requests,
    /// Orders, on however many requests they are.
    Orders,
    /// Accounts on services, each once.
    Accounts,
}

/// A figure's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Count(u64),
    /// A part of a whole, with both numbers: a percentage alone hides what it divides.
    Part {
        /// The part.
        part: u64,
        /// The whole.
        whole: u64,
    },
}

impl Value {
    /// The percentage of a part, rounded half up; none of a count, or of nothing.
    #[must_use]
    pub fn percent(self) -> Option<u64> {
        match self {
            Self::Count(_) | Self::Part { whole: 0, .. } => None,
            Self::Part { part, whole } => Some((part * 200 + whole) / (whole * 2)),
        }
    }
}

macro_rules! figures {
    ($($variant:ident = $id:literal, $unit:ident, $definition:literal, $caveat:expr;)+) => {
        /// A published figure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Figure { $(#[doc = $definition] $variant,)+ }

        impl Figure {
            /// Every figure.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name, the same in every report.
            #[must_use]
            pub const fn id(self) -> &'static str { match self { $(Self::$variant => $id,)+ } }

            /// What it counts, in words.
            #[must_use]
            pub const fn definition(self) -> &'static str {
                match self { $(Self::$variant => $definition,)+ }
            }

            /// In what it counts.
            #[must_use]
            pub const fn unit(self) -> Unit { match self { $(Self::$variant => Unit::$unit,)+ } }

            /// What must be said beside it.
            #[must_use]
            pub const fn caveat(self) -> Option<&'static str> {
                match self { $(Self::$variant => $caveat,)+ }
            }
        }
    };
}

const RECEIVED: Option<&str> = Some(
    "By the day of receipt. Demands that go on or are before a court have a column of their own and \
     are not in it.",
);
const OVERSTATES: Option<&str> = Some(
    "Each account on each service is counted once, so the number of people is likely lower: one \
     person may have several accounts.",
);
const BANDED: Option<&str> = Some("Published as a range, as the law demands; zero is in the first one.");

figures! {
    UsConsumer = "us_consumer_demands", Requests,
        "Legal demands of United States authorities for consumers' data.", RECEIVED;
    UsConsumerAbroad = "us_consumer_warrants_content_abroad", Requests,
        "Warrants among them that sought content lying outside the United States, whether or not any was disclosed.",
        Some("Sought, not disclosed. A place that nobody knows counts as neither.");
    UsEnterprise = "us_enterprise_demands", Requests,
        "Legal demands of United States authorities for data of organisations above the policy's number of seats.",
        Some("By the seats at receipt; later growth changes nothing.");
    UsEnterpriseAbroad = "us_enterprise_content_of_foreign_customers", Requests,
        "Demands among them that disclosed content of a customer outside the United States with data outside it, of all about such customers.",
        None;
    UsSecrecyOrders = "us_secrecy_orders", Orders,
        "Secrecy orders on legal demands of United States authorities.",
        Some("One order may be on several demands, and is one order.");
    UsSecrecyFederal = "us_secrecy_orders_federal", Orders,
        "Federal ones among them.", None;
    UsSecrecyShare = "us_secrecy_orders_per_demand", Orders,
        "Secrecy orders, of all decided legal demands of United States authorities.",
        Some("Orders over demands, not the share of demands under secrecy, which stands beside it.");
    UsUnderSecrecy = "us_demands_under_secrecy", Requests,
        "Legal demands of United States authorities with at least one secrecy order, of all that are decided.", None;
    Enterprise = "enterprise_demands", Requests,
        "Legal demands from anywhere for data of organisations above the policy's number of seats.", RECEIVED;
    EnterpriseUndisclosed = "enterprise_nothing_disclosed", Requests,
        "Of those: rejected, withdrawn, redirected, or nothing found.", None;
    EnterpriseDisclosed = "enterprise_disclosed", Requests, "Of those: something was disclosed.", None;
    EnterpriseContent = "enterprise_content", Requests, "Of those: content was disclosed.",
        Some("A demand that got content and more counts here, and only here.");
    EnterpriseNoncontent = "enterprise_noncontent_only", Requests,
        "Of those: something was disclosed, and none of it content.", None;
    EnterpriseContentUs = "enterprise_content_us", Requests,
        "Of those with content: by United States authorities.", None;
    ContentByOrder = "content_by_court_order", Requests,
        "Decided legal demands that content was disclosed on by a court's order that is no warrant, of all that content was disclosed on.",
        Some("Not zero only where the provider's policy takes a court's order for content; a warrant is what its statements promise in one place, a warrant or court order in others.");
    Capabilities = "capability_demands_complied_with", Requests,
        "Demands to decrypt, to weaken a product or to join a programme that were complied with, of all such demands.", None;
    ConsumerShare = "consumer_share", Requests,
        "Decided legal demands about consumers, of all that are decided.", None;
    Emergencies = "emergencies", Requests, "Emergency requests received.",
        Some("No legal demands: they are in no other figure.");
    Civil = "civil_demands", Requests, "Litigants' demands received.",
        Some("No demands of governments: they are in no other figure.");
    Nsl = "nsl", Orders, "National security letters received or active in the period.", BANDED;
    FisaContentOrders = "fisa_content_orders", Orders,
        "FISA orders for content (50 USC 1805, 1824, 1881a and following), received or active in the period.", BANDED;
    FisaContentAccounts = "fisa_content_accounts", Accounts,
        "Accounts that those concern.", OVERSTATES;
    FisaNoncontentOrders = "fisa_noncontent_orders", Orders,
        "FISA orders for noncontent (50 USC 1861, 1842), received or active in the period.", BANDED;
    FisaNoncontentAccounts = "fisa_noncontent_accounts", Accounts,
        "Accounts that those concern.", OVERSTATES;
    SecurityUnclassified = "national_security_unclassified", Orders,
        "Demands about national security, received in the period, that are in none of those categories: rejected before anybody could classify them, or not classified yet.",
        BANDED;
}

impl Figures {
    /// The value of a figure. Those about national security are published as [`super::Band`]s only.
    ///
    /// # Panics
    /// Never: the country is two capital letters.
    #[must_use]
    pub fn value(&self, figure: Figure) -> Value {
        let us = CountryCode::new("US").expect("two capital letters");
        let demands = |country, group| self.requests(Table::LegalDemands, country, group);
        let enterprise = demands(None, Some(Group::Enterprise));
        let secrecy = self.secrecy(us);
        let us_demands = demands(Some(us), None).decided();
        let count = match figure {
            Figure::UsConsumer => demands(Some(us), Some(Group::Consumer)).decided(),
            Figure::UsConsumerAbroad => self.warrants_seeking_content(us, Location::Abroad),
            Figure::UsEnterprise => demands(Some(us), Some(Group::Enterprise)).decided(),
            Figure::UsEnterpriseAbroad => {
                let (whole, part) = self.foreign_enterprises(us);
                return Value::Part { part, whole };
            }
            Figure::UsSecrecyOrders => secrecy.total(),
            Figure::UsSecrecyFederal => secrecy.orders.get(&Level::Federal).copied().unwrap_or(0),
            Figure::UsSecrecyShare => return Value::Part { part: secrecy.total(), whole: us_demands },
            Figure::UsUnderSecrecy => return Value::Part { part: secrecy.demands, whole: us_demands },
            Figure::Enterprise => enterprise.decided(),
            Figure::EnterpriseUndisclosed => enterprise.undisclosed(),
            Figure::EnterpriseDisclosed => enterprise.disclosed(),
            Figure::EnterpriseContent => enterprise.of(Outcome::DisclosedContent),
            Figure::EnterpriseNoncontent => enterprise.of(Outcome::DisclosedNoncontent),
            Figure::EnterpriseContentUs => {
                demands(Some(us), Some(Group::Enterprise)).of(Outcome::DisclosedContent)
            }
            Figure::ContentByOrder => {
                let (whole, part) = self.content_by_order();
                return Value::Part { part, whole };
            }
            Figure::Capabilities => {
                let all = self.requests(Table::Capabilities, None, None);
                return Value::Part { part: all.disclosed(), whole: all.total() };
            }
            Figure::ConsumerShare => {
                let part = demands(None, Some(Group::Consumer)).decided();
                return Value::Part { part, whole: demands(None, None).decided() };
            }
            Figure::Emergencies => self.requests(Table::Emergencies, None, None).total(),
            Figure::Civil => self.requests(Table::Civil, None, None).total(),
            Figure::Nsl => self.security(Some(ReportCategory::Nsl)).orders,
            Figure::FisaContentOrders => self.security(Some(ReportCategory::FisaContent)).orders,
            Figure::FisaContentAccounts => self.security(Some(ReportCategory::FisaContent)).accounts,
            Figure::FisaNoncontentOrders => self.security(Some(ReportCategory::FisaNoncontent)).orders,
            Figure::FisaNoncontentAccounts => self.security(Some(ReportCategory::FisaNoncontent)).accounts,
            Figure::SecurityUnclassified => self.security(None).orders,
        };
        Value::Count(count)
    }
}
