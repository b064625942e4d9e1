//! Scope: which data, of which account, in which interval. The unit of every order,
//! approval and bundle.
//!
//! **In scope**: the format `application/vnd.probity.scope.v1+json`, and `⊆` on what
//! it expands to: (service, account, class, field, half-open interval).
//! **Out of scope**: whether an instrument reaches a class; whether an account exists.
//!
//! A scope is the union of its items, never their hull: basic subscriber
//! information for ever and content for March do not add up to content for ever.

mod cover;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::cover::Gathering;
use super::class::DataClass;
use super::digest::Digest;
use super::id::ServiceId;
use super::json;
use super::time::Timestamp;

/// DSSE payload type and media type of a scope.
pub const SCOPE_TYPE: &str = "application/vnd.probity.scope.v1+json";
/// Most items of a scope: 5,000 accounts in four classes each, the largest order foreseen.
/// Every item is checked in the sequencer, while all others wait.
pub const SCOPE_ITEMS_MAX: usize = 20_000;
/// Longest scope in bytes: [`SCOPE_ITEMS_MAX`] items of some 200 bytes each. It also bounds
/// the fields of all items together, which their number does not.
pub const SCOPE_BYTES_MAX: usize = 4 << 20;
/// Longest account name in bytes: an RFC 5321 mailbox (64 + 1 + 255).
pub const ACCOUNT_BYTES_MAX: usize = 320;
/// Longest field name in bytes.
pub const FIELD_BYTES_MAX: usize = 64;
/// Most fields one item may list.
pub const ITEM_FIELDS_MAX: usize = 256;

/// The names of the fields that the policy lists for each class.
pub type FieldTable = BTreeMap<DataClass, BTreeSet<String>>;

/// Which data may be touched: the union of its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scope {
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    v: u8,
    items: Vec<ScopeItem>,
}

/// One account on one service, one class, one half-open interval.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScopeItem {
    /// The account as the service names it. Personal data: never in logs or errors.
    pub account: String,
    /// The service that holds it.
    pub service: ServiceId,
    /// The class of data.
    pub class: DataClass,
    /// Inclusive start; null with `to` for classes without time.
    #[serde(deserialize_with = "json::nullable")]
    pub from: Option<Timestamp>,
    /// Exclusive end; null with `from` for classes without time.
    #[serde(deserialize_with = "json::nullable")]
    pub to: Option<Timestamp>,
    /// The fields, or null for every field of the class.
    #[serde(deserialize_with = "json::nullable")]
    pub fields: Option<Vec<String>>,
}

impl std::fmt::Debug for ScopeItem {
    /// The account is left out: a `Debug` must not carry personal data into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ScopeItem({} {} {:?}..{:?} {:?})",
            self.service, self.class, self.from, self.to, self.fields
        )
    }
}

/// Why bytes are not a scope. Items are named by their position, never by account.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not the JSON it should be.
    #[error("scope: {0}")]
    Json(#[from] json::JsonError),
    /// Another version than 1.
    #[error("scope: v is {0}, this version reads 1")]
    Version(u8),
    /// More than [`SCOPE_BYTES_MAX`].
    #[error("scope: {0} bytes, at most {SCOPE_BYTES_MAX}; ask for fewer items in one order")]
    TooLong(usize),
    /// No items: "everything" cannot be asked for.
    #[error("scope: items is empty; name at least one account (S-06)")]
    Empty,
    /// More than [`SCOPE_ITEMS_MAX`].
    #[error("scope: {0} items, at most {SCOPE_ITEMS_MAX}")]
    TooMany(usize),
    /// An account or field that is empty, too long or holds control characters.
    #[error("scope: items/{item}/{member} is empty, too long or holds control characters")]
    Text {
        /// Position in `items`.
        item: usize,
        /// The member that is wrong.
        member: &'static str,
    },
    /// One end of the interval only, both null for a class with time, or an end not after its start.
    #[error("scope: items/{item}: {class} needs from before to, both or (for classes without time) neither")]
    Interval {
        /// Position in `items`.
        item: usize,
        /// Its class.
        class: DataClass,
    },
    /// An empty list of fields, or one twice.
    #[error("scope: items/{item}/fields is empty, too long or names a field twice; null means every field")]
    Fields {
        /// Position in `items`.
        item: usize,
    },
}

/// The key under which intervals are united.
type Cell<'a> = (&'a str, &'a str, DataClass);

/// Half-open, in ms; timeless items span everything.
type Interval = (i64, i64);

impl Scope {
    /// Builds a scope from its items.
    ///
    /// # Errors
    /// [`ScopeError`] for whatever [`Scope::parse`] refuses too, but for the length in bytes,
    /// which only what is received has.
    pub fn new(items: Vec<ScopeItem>) -> Result<Self, ScopeError> {
        let scope = Self { v: 1, items };
        scope.check()?;
        Ok(scope)
    }

    /// Parses the exact bytes that an approval hashes.
    ///
    /// # Errors
    /// [`ScopeError`] names the item by position and the member.
    pub fn parse(bytes: &[u8]) -> Result<Self, ScopeError> {
        if bytes.len() > SCOPE_BYTES_MAX {
            return Err(ScopeError::TooLong(bytes.len()));
        }
        let scope: Self = json::parse(bytes)?;
        scope.check()?;
        Ok(scope)
    }

    /// The items, in their order.
    #[must_use]
    pub fn items(&self) -> &[ScopeItem] {
        &self.items
    }

    /// Prints compact JSON; [`Scope::parse`] reads it back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and lists always print")
    }

    /// SHA-256 of [`Scope::to_bytes`]; where a scope was received, hash the bytes received instead.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    fn check(&self) -> Result<(), ScopeError> {
        if self.v != 1 {
            return Err(ScopeError::Version(self.v));
        }
        match self.items.len() {
            0 => return Err(ScopeError::Empty),
            n if n > SCOPE_ITEMS_MAX => return Err(ScopeError::TooMany(n)),
            _ => {}
        }
        self.items.iter().enumerate().try_for_each(|(at, item)| item.check(at))
    }

    /// Positions of the items of `self` that are not wholly inside `outer`, decided on
    /// the expanded set (S-09, I-06). Empty means `self ⊆ outer`.
    ///
    /// `fields` is the policy's list of each class; null fields expand to it, and for a
    /// class with open fields also to those nobody listed, which no explicit list covers.
    /// Costs O((n + m) log n) for n and m items, times the fields that an item has.
    #[must_use]
    pub fn items_outside(&self, outer: &Self, fields: &FieldTable) -> Vec<usize> {
        let mut cells: BTreeMap<Cell<'_>, Gathering<'_>> = BTreeMap::new();
        for item in &outer.items {
            cells.entry(item.cell()).or_default().add(item.fields.as_deref(), item.interval());
        }
        let cells: BTreeMap<_, _> = cells.into_iter().map(|(cell, items)| (cell, items.unite())).collect();
        let is_outside = |item: &ScopeItem| {
            let Some(cover) = cells.get(&item.cell()) else { return true };
            !item.expanded_fields(fields).into_iter().all(|field| cover.covers(field, item.interval()))
        };
        self.items.iter().enumerate().filter(|(_, item)| is_outside(item)).map(|(at, _)| at).collect()
    }

    /// Whether `self ⊆ outer`; see [`Scope::items_outside`].
    #[must_use]
    pub fn is_within(&self, outer: &Self, fields: &FieldTable) -> bool {
        self.items_outside(outer, fields).is_empty()
    }
}

impl ScopeItem {
    fn check(&self, at: usize) -> Result<(), ScopeError> {
        let is_text = |text: &str, bytes_max: usize| {
            !text.is_empty() && text.len() <= bytes_max && !text.chars().any(char::is_control)
        };
        if !is_text(&self.account, ACCOUNT_BYTES_MAX) {
            return Err(ScopeError::Text { item: at, member: "account" });
        }
        let ordered = match (self.from, self.to) {
            (Some(from), Some(to)) => from < to,
            (None, None) => self.class.is_timeless(),
            _ => false,
        };
        if !ordered {
            return Err(ScopeError::Interval { item: at, class: self.class });
        }
        let Some(fields) = &self.fields else { return Ok(()) };
        if !fields.iter().all(|field| is_text(field, FIELD_BYTES_MAX)) {
            return Err(ScopeError::Text { item: at, member: "fields" });
        }
        let distinct: BTreeSet<_> = fields.iter().collect();
        if fields.is_empty() || fields.len() > ITEM_FIELDS_MAX || distinct.len() != fields.len() {
            return Err(ScopeError::Fields { item: at });
        }
        Ok(())
    }

    fn cell(&self) -> Cell<'_> {
        (self.service.as_str(), &self.account, self.class)
    }

    /// The interval in ms since 1970, half-open; a timeless item spans all of it.
    #[must_use]
    pub fn interval(&self) -> (i64, i64) {
        (self.from.map_or(i64::MIN, Timestamp::as_ms), self.to.map_or(i64::MAX, Timestamp::as_ms))
    }

    /// Whether the instant lies in the half-open interval.
    #[must_use]
    pub fn contains_time(&self, time: Timestamp) -> bool {
        let (from, to) = self.interval();
        from <= time.as_ms() && time.as_ms() < to
    }

    /// `None` stands for the fields that no list names.
    fn expanded_fields<'a>(&'a self, table: &'a FieldTable) -> Vec<Option<&'a str>> {
        if let Some(fields) = &self.fields {
            return fields.iter().map(|f| Some(f.as_str())).collect();
        }
        let listed = table.get(&self.class).into_iter().flatten().map(|f| Some(f.as_str()));
        let mut expanded: Vec<_> = listed.collect();
        // A class without a list would expand to nothing, and nothing is inside everything.
        if self.class.has_open_fields() || expanded.is_empty() {
            expanded.push(None);
        }
        expanded
    }
}

#[cfg(test)]
mod tests {
    //! Goal: `⊆` is decided on the union, with no hull and no rounding.
    //! Method: a table of pairs, and a brute-force model over small integers.

    use proptest::prelude::*;

    use super::*;

    fn item(
        account: &str,
        class: DataClass,
        from: Option<i64>,
        to: Option<i64>,
        fields: Option<&[&str]>,
    ) -> ScopeItem {
        let time = |ms| Timestamp::from_ms(ms).expect("small");
        ScopeItem {
            account: account.into(),
            service: ServiceId::new("mail").expect("an id"),
            class,
            from: from.map(time),
            to: to.map(time),
            fields: fields.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        }
    }

    fn table() -> FieldTable {
        FieldTable::from([
            (DataClass::Bsi, BTreeSet::from(["name".to_owned(), "address".to_owned()])),
            (DataClass::ContentStored, BTreeSet::from(["message_body".to_owned()])),
        ])
    }

    #[test]
    fn product_of_sets_not_hull() {
        use DataClass::{Bsi, ContentStored};
        let scope = |items: Vec<ScopeItem>| Scope::new(items).expect("a scope");
        let check = |inner: Vec<ScopeItem>, outer: Vec<ScopeItem>, outside: &[usize]| {
            assert_eq!(scope(inner).items_outside(&scope(outer), &table()), outside);
        };
        let bsi = || item("a", Bsi, None, None, None);
        let march = || item("a", ContentStored, Some(10), Some(20), None);
        check(vec![bsi(), march()], vec![bsi(), march()], &[]);
        check(vec![item("a", ContentStored, Some(9), Some(20), None)], vec![bsi(), march()], &[0]);
        check(vec![item("a", ContentStored, Some(10), Some(21), None)], vec![march()], &[0]);
        check(vec![item("b", Bsi, None, None, None)], vec![bsi()], &[0]);
        let halves = vec![
            item("a", ContentStored, Some(5), Some(15), None),
            item("a", ContentStored, Some(15), Some(30), None),
        ];
        check(vec![march()], halves, &[]);
        check(vec![bsi()], vec![item("a", Bsi, None, None, Some(&["name"]))], &[0]);
        check(vec![bsi()], vec![item("a", Bsi, None, None, Some(&["name", "address"]))], &[]);
        // Content is open: the list of today does not cover the field of tomorrow.
        check(
            vec![march()],
            vec![item("a", ContentStored, Some(10), Some(20), Some(&["message_body"]))],
            &[0],
        );
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        use DataClass::{Bsi, ContentStored};
        let check = |items: Vec<ScopeItem>, error: ScopeError| assert_eq!(Scope::new(items), Err(error));
        check(vec![], ScopeError::Empty);
        check(vec![item("", Bsi, None, None, None)], ScopeError::Text { item: 0, member: "account" });
        check(vec![item("a\nb", Bsi, None, None, None)], ScopeError::Text { item: 0, member: "account" });
        for (from, to) in
            [(None, None), (Some(1), None), (None, Some(1)), (Some(2), Some(2)), (Some(3), Some(2))]
        {
            let error = ScopeError::Interval { item: 0, class: ContentStored };
            check(vec![item("a", ContentStored, from, to, None)], error);
        }
        for fields in [&[][..], &["name", "name"]] {
            check(vec![item("a", Bsi, None, None, Some(fields))], ScopeError::Fields { item: 0 });
        }
    }

    #[test]
    fn refuses_more_than_its_bounds() {
        let brief = |at: i64| item("a", DataClass::ContentStored, Some(at), Some(at + 1), None);
        let count = i64::try_from(SCOPE_ITEMS_MAX).expect("small");
        let items: Vec<_> = (0..=count).map(brief).collect();
        assert_eq!(Scope::new(items), Err(ScopeError::TooMany(SCOPE_ITEMS_MAX + 1)));
        let mut bytes = Scope::new(vec![brief(0)]).expect("a scope").to_bytes();
        bytes.resize(SCOPE_BYTES_MAX, b' ');
        assert!(Scope::parse(&bytes).is_ok());
        bytes.push(b' ');
        assert_eq!(Scope::parse(&bytes), Err(ScopeError::TooLong(SCOPE_BYTES_MAX + 1)));
    }

    /// Sorting all of them for each of them would take minutes here.
    #[test]
    fn a_full_scope_on_one_cell_lies_within_itself() {
        let count = i64::try_from(SCOPE_ITEMS_MAX).expect("small");
        let check = |length: i64, fields: fn(i64) -> Option<Vec<String>>| {
            let build = |at| ScopeItem {
                fields: fields(at),
                ..item("a", DataClass::ContentStored, Some(2 * at), Some(2 * at + length), None)
            };
            let mut items: Vec<_> = (0..count).rev().map(build).collect();
            let whole = Scope::new(items.clone()).expect("a scope");
            assert!(whole.is_within(&whole, &table()));
            let missing = items.remove(SCOPE_ITEMS_MAX - 1);
            let less = Scope::new(items).expect("a scope");
            assert_eq!(missing.from.map(Timestamp::as_ms), Some(0));
            assert_eq!(whole.items_outside(&less, &table()), &[SCOPE_ITEMS_MAX - 1]);
        };
        for length in [1, 2, 3] {
            check(length, |_| None);
            check(length, |at| if at % 2 == 0 { None } else { Some(vec![format!("field{at}")]) });
        }
    }

    #[test]
    fn null_is_not_absent() {
        let whole = r#"{"v":1,"items":[{"account":"a","service":"mail","class":"bsi","from":null,"to":null,"fields":null}]}"#;
        assert!(Scope::parse(whole.as_bytes()).is_ok());
        for member in [r#","from":null"#, r#","to":null"#, r#","fields":null"#] {
            let less = whole.replace(member, "");
            assert!(matches!(Scope::parse(less.as_bytes()), Err(ScopeError::Json(_))), "without {member}");
        }
    }

    fn small_items() -> impl Strategy<Value = Vec<ScopeItem>> {
        let one = ("[ab]", 0i64..6, 1i64..5, proptest::option::of(Just(vec!["message_body".to_owned()])));
        let build = |(account, from, length, fields): (String, i64, i64, Option<Vec<String>>)| ScopeItem {
            fields,
            ..item(&account, DataClass::ContentStored, Some(from), Some(from + length), None)
        };
        proptest::collection::vec(one.prop_map(build), 1..5)
    }

    proptest! {
        #[test]
        fn agrees_with_the_set_itself(inner in small_items(), outer in small_items()) {
            let points = |items: &[ScopeItem]| -> BTreeSet<(String, i64, Option<String>)> {
                let mut set = BTreeSet::new();
                for item in items {
                    let (from, to) = item.interval();
                    for at in from..to {
                        set.insert((item.account.clone(), at, Some("message_body".to_owned())));
                        if item.fields.is_none() { set.insert((item.account.clone(), at, None)); }
                    }
                }
                set
            };
            let expected = points(&inner).is_subset(&points(&outer));
            let (inner, outer) = (Scope::new(inner).expect("valid"), Scope::new(outer).expect("valid"));
            prop_assert_eq!(inner.is_within(&outer, &table()), expected);
        }

        #[test]
        fn prints_what_it_parses(items in small_items()) {
            let scope = Scope::new(items).expect("valid");
            prop_assert_eq!(Scope::parse(&scope.to_bytes()), Ok(scope));
        }
    }
}
