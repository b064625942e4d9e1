//! Whose an account was, and when: recycled addresses and numbers (S-09).
//!
//! A profile has the time in which the account was the customer's that it is about. An item without
//! an interval asks for the facts of every owner that there ever was, dated or not.

use super::interval::has_interval;
use crate::model::scope::ScopeItem;
use crate::practice::vocabulary::AccountProfile;

/// Whether the item asks only for what is another owner's: by its own interval, or, if it has none,
/// by those of every other item about the account.
pub(super) fn is_anothers(account: &AccountProfile, item: &ScopeItem, order: &[ScopeItem]) -> bool {
    if has_interval(item) {
        return is_beside(account, item);
    }
    let is_about_it = |other: &&ScopeItem| other.service == item.service && other.account == item.account;
    let mut dated = order.iter().filter(is_about_it).filter(|other| has_interval(other)).peekable();
    dated.peek().is_some() && dated.all(|other| is_beside(account, other))
}

/// Whether all of the item lies in the customer's time. Without an interval it does only where there
/// was no other owner.
pub(super) fn is_within(account: &AccountProfile, item: &ScopeItem) -> bool {
    let begins = account.owned_from.is_none_or(|owned| item.from.is_some_and(|from| owned <= from));
    let ends = account.owned_to.is_none_or(|owned| item.to.is_some_and(|to| to <= owned));
    begins && ends
}

fn is_beside(account: &AccountProfile, item: &ScopeItem) -> bool {
    let before = item.to.zip(account.owned_from).is_some_and(|(to, owned)| to <= owned);
    let after = item.from.zip(account.owned_to).is_some_and(|(from, owned)| from >= owned);
    before || after
}

#[cfg(test)]
mod tests {
    //! Goal: an item without dates is another owner's only by the dated ones about that very account.
    //! Method: a former customer's account; beside the undated item one dated one, of this account or
    //! of one that shares its name or its service.

    use serde_json::{Value, json};

    use super::*;

    fn item(service: &str, account: &str, month: Option<(&str, &str)>) -> ScopeItem {
        let day = |day: &str| json!(format!("{day}T00:00:00.000Z"));
        let (from, to) = month.map_or((Value::Null, Value::Null), |(from, to)| (day(from), day(to)));
        let class = if month.is_some() { "content_stored" } else { "bsi" };
        let item = json!({"account": account, "service": service, "class": class, "from": from, "to": to,
            "fields": null});
        serde_json::from_value(item).expect("an item")
    }

    #[test]
    fn s_09_what_has_no_dates_goes_by_the_dated_items_about_the_same_account() {
        let profile = json!({"service": "mail", "account": "a@example.org", "segment": "consumer",
            "seats": null, "customer": null, "customer_country": "US", "us_person": true,
            "hosted_in": "US", "controller": "provider-us", "custody": "provider", "owned_from": null,
            "owned_to": "2026-03-01T00:00:00.000Z", "excluded": []});
        let profile: AccountProfile = serde_json::from_value(profile).expect("a profile");
        let undated = item("mail", "a@example.org", None);
        let after = Some(("2026-03-01", "2026-04-01"));
        let before = Some(("2026-02-01", "2026-03-01"));
        let says = |others: &[ScopeItem]| is_anothers(&profile, &undated, others);
        assert!(!says(&[]), "nothing says when");
        assert!(says(&[item("mail", "a@example.org", after)]));
        assert!(!says(&[item("mail", "a@example.org", before)]));
        assert!(!says(&[item("mail", "a@example.org", after), item("mail", "a@example.org", before)]));
        for (service, account) in [("mail", "b@example.org"), ("chat", "a@example.org")] {
            assert!(!says(&[item(service, account, after)]), "{account} at {service}");
            assert!(says(&[item("mail", "a@example.org", after), item(service, account, before)]));
        }
    }
}
