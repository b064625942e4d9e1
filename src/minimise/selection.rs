//! The approved scope, compiled: which field of which record at which instant.
//!
//! Deny by default. A field is selected only by an item of the scope that names its
//! account, service, class and field, and whose half-open interval holds the record's
//! instant. Items are never merged into a hull: each one selects for itself.

use std::collections::BTreeMap;

use crate::model::class::DataClass;
use crate::model::id::ServiceId;
use crate::model::scope::{FieldTable, Scope, ScopeItem};
use crate::model::time::Timestamp;

use super::withheld::Rule;

/// A field of a source as the policy's dictionary knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its data class.
    pub class: DataClass,
    /// Its name in the dictionary of that class.
    pub name: String,
}

/// An approved scope, compiled for look-ups by service and account.
#[derive(Clone, Debug)]
pub struct Selection {
    items: Vec<ScopeItem>,
    accounts: BTreeMap<ServiceId, BTreeMap<String, Vec<usize>>>,
    dictionary: FieldTable,
    stored_before: Option<Timestamp>,
}

/// When one field of one account is selected, and by which item of the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    windows: Vec<Window>,
    /// The rule that answers when there is no window at all.
    closed_by: Rule,
    stored_before: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    from_ms: i64,
    to_ms: i64,
    item: usize,
}

impl Window {
    /// Only an item without interval asks for data that has no date.
    const fn is_timeless(&self) -> bool {
        self.from_ms == i64::MIN && self.to_ms == i64::MAX
    }
}

impl Selection {
    /// Compiles `scope`.
    ///
    /// `dictionary` is the policy's list of the fields of each class: null fields of an
    /// item stand for exactly these. `stored_before` is the instant the order was served:
    /// an order for stored data reaches nothing from then on, whatever its interval says.
    #[must_use]
    pub fn new(scope: &Scope, dictionary: &FieldTable, stored_before: Option<Timestamp>) -> Self {
        let mut accounts: BTreeMap<ServiceId, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        for (at, item) in scope.items().iter().enumerate() {
            let of_service = accounts.entry(item.service.clone()).or_default();
            of_service.entry(item.account.clone()).or_default().push(at);
        }
        Self { items: scope.items().to_vec(), accounts, dictionary: dictionary.clone(), stored_before }
    }

    /// Whether any item names this service: a source of another one is not even opened.
    #[must_use]
    pub fn has_service(&self, service: &ServiceId) -> bool {
        self.accounts.contains_key(service)
    }

    /// Whether any item names this account on this service. Compared as bytes: no case
    /// folding, no aliases; a near miss is a deficiency of the order, not our guess (S-06).
    #[must_use]
    pub fn has_account(&self, service: &ServiceId, account: &str) -> bool {
        self.accounts.get(service).is_some_and(|accounts| accounts.contains_key(account))
    }

    /// The items of the scope, in their order; [`Access::decide`] answers with positions in it.
    #[must_use]
    pub fn items(&self) -> &[ScopeItem] {
        &self.items
    }

    /// The names of content that the scope lists for this account.
    #[must_use]
    pub fn listed_content(&self, service: &ServiceId, account: &str) -> Vec<&str> {
        let positions = self.accounts.get(service).and_then(|accounts| accounts.get(account));
        let items = positions.into_iter().flatten().filter_map(|&at| self.items.get(at));
        let content = items.filter(|item| item.class == DataClass::ContentStored);
        content.flat_map(|item| item.fields.iter().flatten()).map(String::as_str).collect()
    }

    /// The field as the dictionary has it: one that a source declares in a class whose
    /// closed list does not name it is content (S-98).
    #[must_use]
    pub fn settle(&self, field: &Field) -> Field {
        let listed = self.dictionary.get(&field.class).is_some_and(|names| names.contains(&field.name));
        let keeps_class = listed || field.class.has_open_fields() || field.class.is_never_disclosable();
        let class = if keeps_class { field.class } else { DataClass::ContentStored };
        Field { class, name: field.name.clone() }
    }

    /// When `field` of `account` is selected.
    #[must_use]
    pub fn access(&self, service: &ServiceId, account: &str, field: &Field) -> Access {
        let field = self.settle(field);
        let prospective = matches!(field.class, DataClass::AddressingProspective | DataClass::ContentLive);
        let stored_before = if prospective { None } else { self.stored_before.map(Timestamp::as_ms) };
        let closed = |closed_by| Access { windows: Vec::new(), closed_by, stored_before };
        if field.class.is_never_disclosable() {
            return closed(Rule::NeverDisclosable);
        }
        let Some(positions) = self.accounts.get(service).and_then(|accounts| accounts.get(account)) else {
            return closed(Rule::Account);
        };
        let mut access = closed(Rule::Class);
        for (item, position) in positions.iter().filter_map(|&at| Some((self.items.get(at)?, at))) {
            if !self.class_reaches(item.class, &field) {
                continue;
            }
            access.closed_by = Rule::Field;
            if item.fields.as_ref().is_none_or(|names| names.contains(&field.name)) {
                let (from_ms, to_ms) = item.interval();
                access.windows.push(Window { from_ms, to_ms, item: position });
            }
        }
        access
    }

    /// `bsi_nsl` and `ident_only` are subsets of `bsi`: their dictionary lists say which of
    /// its fields they reach. Otherwise a class reaches itself alone.
    fn class_reaches(&self, asked: DataClass, field: &Field) -> bool {
        let is_subset = matches!(asked, DataClass::BsiNsl | DataClass::IdentOnly);
        let lists = || self.dictionary.get(&asked).is_some_and(|names| names.contains(&field.name));
        !asked.is_never_disclosable()
            && (asked == field.class || is_subset && field.class == DataClass::Bsi && lists())
    }
}

impl Access {
    /// Whether no instant at all would be selected.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.windows.is_empty()
    }

    /// The position of the item that selects the field of a record from `time`.
    ///
    /// # Errors
    /// The [`Rule`] under which it is withheld.
    pub fn decide(&self, time: Option<Timestamp>) -> Result<usize, Rule> {
        if self.windows.is_empty() {
            return Err(self.closed_by);
        }
        let ms = time.map(Timestamp::as_ms);
        if let (Some(ms), Some(end)) = (ms, self.stored_before)
            && ms >= end
        {
            return Err(Rule::AfterService);
        }
        let holds = |w: &&Window| w.is_timeless() || ms.is_some_and(|ms| w.from_ms <= ms && ms < w.to_ms);
        match (self.windows.iter().find(holds), ms) {
            (Some(window), _) => Ok(window.item),
            (None, Some(_)) => Err(Rule::Interval),
            (None, None) => Err(Rule::Undated),
        }
    }
}

/// The rule to count a record under of which nothing was selected: that of the field which
/// came closest, so that "outside the interval" is not hidden behind "another class".
#[must_use]
pub fn closest_miss(misses: impl IntoIterator<Item = Rule>) -> Rule {
    const fn closeness(rule: Rule) -> u8 {
        match rule {
            Rule::Account => 7,
            Rule::Interval => 6,
            Rule::AfterService => 5,
            Rule::Undated => 4,
            Rule::Field => 3,
            Rule::Class => 2,
            Rule::NeverDisclosable => 1,
            _ => 0,
        }
    }
    misses.into_iter().max_by_key(|&rule| closeness(rule)).unwrap_or(Rule::Class)
}

/// The opaque names under which a bundle files its accounts: `A001` and so on, by the
/// order in which the scope first names them.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountLabels(BTreeMap<String, String>);

impl AccountLabels {
    /// Labels every account of the scope.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        let mut labels = BTreeMap::new();
        for item in scope.items() {
            if !labels.contains_key(&item.account) {
                let label = format!("A{:03}", labels.len() + 1);
                labels.insert(item.account.clone(), label);
            }
        }
        Self(labels)
    }

    /// The label of an account.
    #[must_use]
    pub fn label(&self, account: &str) -> Option<&str> {
        self.0.get(account).map(String::as_str)
    }

    /// (label, account) by label. The account is personal data: it belongs inside the
    /// encrypted bundle and nowhere else.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<_> =
            self.0.iter().map(|(account, label)| (label.as_str(), account.as_str())).collect();
        // By length first, because A1000 follows A999.
        pairs.sort_by_key(|&(label, _)| (label.len(), label));
        pairs
    }
}

impl std::fmt::Debug for AccountLabels {
    /// Counts only: a `Debug` must not carry personal data into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountLabels({})", self.0.len())
    }
}

#[cfg(test)]
mod tests;
