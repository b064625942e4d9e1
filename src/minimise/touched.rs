//! The collected scope: what was really taken, told from the records themselves.
//!
//! It is measured, not copied from the approval: the interval spans the first to the last
//! record that an item selected, and the fields are those that were. Practice checks it
//! against the approved scope again (S-09, I-06).

use std::collections::BTreeSet;

use crate::model::scope::{FIELD_BYTES_MAX, ITEM_FIELDS_MAX, ScopeItem};
use crate::model::time::Timestamp;

/// Collects what each item of the scope selected.
#[derive(Clone, Debug)]
pub struct Touched(Vec<Option<Taken>>);

#[derive(Clone, Debug, Default)]
struct Taken {
    fields: BTreeSet<String>,
    span_ms: Option<(i64, i64)>,
}

impl Touched {
    /// Nothing taken yet of a scope of `items` items.
    #[must_use]
    pub fn new(items: usize) -> Self {
        Self(vec![None; items])
    }

    /// Notes that the item at position `item` selected `field` of a record from `time`.
    pub fn note(&mut self, item: usize, field: &str, time: Option<Timestamp>) {
        let Some(slot) = self.0.get_mut(item) else { return };
        let taken = slot.get_or_insert_with(Taken::default);
        if !taken.fields.contains(field) {
            taken.fields.insert(field.to_owned());
        }
        if let Some(ms) = time.map(Timestamp::as_ms) {
            taken.span_ms =
                Some(taken.span_ms.map_or((ms, ms), |(first, last)| (first.min(ms), last.max(ms))));
        }
    }

    /// Adds all that `other` noted.
    pub fn merge(&mut self, other: &Self) {
        for (at, taken) in other.0.iter().enumerate().filter_map(|(at, slot)| Some((at, slot.as_ref()?))) {
            let (first, last) = taken.span_ms.unzip();
            for field in &taken.fields {
                for ms in [first, last] {
                    self.note(at, field, ms.and_then(|ms| Timestamp::from_ms(ms).ok()));
                }
            }
        }
    }

    /// The items of the scope that selected something, narrowed to what they selected.
    #[must_use]
    pub fn items(&self, scope: &[ScopeItem]) -> Vec<ScopeItem> {
        let pairs = self.0.iter().zip(scope);
        pairs.filter_map(|(taken, item)| Some(taken.as_ref()?.narrow(item))).collect()
    }
}

impl Taken {
    fn narrow(&self, item: &ScopeItem) -> ScopeItem {
        let mut narrowed = item.clone();
        if let (Some(_), Some(_), Some((first, last))) = (item.from, item.to, self.span_ms) {
            narrowed.from = Timestamp::from_ms(first).ok();
            narrowed.to = Timestamp::from_ms(last.saturating_add(1)).ok();
        }
        // Names that nobody listed may not fit the format; null still says no more than
        // the item itself did.
        let fits = self.fields.len() <= ITEM_FIELDS_MAX
            && self.fields.iter().all(|f| f.len() <= FIELD_BYTES_MAX && !f.chars().any(char::is_control));
        if fits && !self.fields.is_empty() && (item.fields.is_some() || !item.class.has_open_fields()) {
            narrowed.fields = Some(self.fields.iter().cloned().collect());
        }
        narrowed
    }
}

#[cfg(test)]
mod tests {
    use crate::model::class::DataClass;
    use crate::model::id::ServiceId;
    use crate::model::scope::Scope;

    use super::*;

    fn time(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms).expect("small")
    }

    #[test]
    fn says_what_was_taken_and_no_more() {
        let item = |class, interval: Option<(i64, i64)>| ScopeItem {
            account: "a".into(),
            service: ServiceId::new("mail").expect("an id"),
            class,
            from: interval.map(|(from, _)| time(from)),
            to: interval.map(|(_, to)| time(to)),
            fields: None,
        };
        let scope = [
            item(DataClass::Bsi, None),
            item(DataClass::ContentStored, Some((10, 20))),
            item(DataClass::RecordsOther, Some((0, 99))),
        ];
        let mut one = Touched::new(scope.len());
        one.note(0, "name", Some(time(3)));
        let mut all = one.clone();
        one.note(1, "message_body", Some(time(12)));
        one.note(1, "message_body", Some(time(19)));
        all.merge(&one);
        let items = all.items(&scope);
        let expected = [
            ScopeItem { fields: Some(vec!["name".into()]), ..scope[0].clone() },
            ScopeItem { from: Some(time(12)), ..scope[1].clone() },
        ];
        assert_eq!(items, expected);
        let outer = Scope::new(scope.to_vec()).expect("valid");
        let table = [(DataClass::Bsi, BTreeSet::from(["name".to_owned()]))].into();
        assert!(Scope::new(items).expect("valid").is_within(&outer, &table));
    }
}
