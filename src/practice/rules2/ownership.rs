//! Whose an account was, and when: recycled addresses and numbers (S-09).
//!
//! A profile has the time in which the account was the customer's that it is about. An item without
//! an interval asks for the facts of every owner that there ever was, dated or not.

use crate::model::scope::ScopeItem;
use crate::practice::vocabulary::AccountProfile;

/// Whether the item asks only for what is another owner's: by its own interval, or, if it has none,
/// by those of every other item about the account.
pub(super) fn is_anothers(account: &AccountProfile, item: &ScopeItem, order: &[ScopeItem]) -> bool {
    if has_dates(item) {
        return is_beside(account, item);
    }
    let is_about_it = |other: &&ScopeItem| other.service == item.service && other.account == item.account;
    let mut dated = order.iter().filter(is_about_it).filter(|other| has_dates(other)).peekable();
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

const fn has_dates(item: &ScopeItem) -> bool {
    item.from.is_some() || item.to.is_some()
}
