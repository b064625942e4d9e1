//! The numbers that refusals and findings cite.
//!
//! S-numbers are statements of the published practice, I-numbers the invariants that an
//! auditor replays, A-numbers the conditions under which a signed approval counts
//! (docs/FORMATS.md, Approval, in the order written there), F-numbers the form of an event.
//! The list is closed: what a rule says never changes under its number.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! rules {
    ($($name:ident $number:literal $title:literal;)+) => {
        /// One numbered rule.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $title] $name,)+
        }

        impl Rule {
            /// Every rule, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The number, e.g. `S-31`.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self { $(Self::$name => $number,)+ }
            }

            /// What the rule demands, in one clause.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

rules! {
    S02 "S-02" "no encryption key and no credential is disclosed to anybody";
    S04 "S-04" "an item's data class is one that the instrument authorises";
    S05 "S-05" "noncontent needs at least a subpoena or its equivalent";
    S06 "S-06" "a demand names specific accounts";
    S07 "S-07" "people review every request before anything else happens to it";
    S09 "S-09" "only the data specified is disclosed: bundle within approval within order";
    S13 "S-13" "the law decides, not discretion: a decision cites the rule that it follows";
    S14 "S-14" "data is disclosed only on valid legal process that this rule set can walk";
    S15 "S-15" "the demand is within the agency's authority";
    S16 "S-16" "the demand is within the agency's jurisdiction";
    S17 "S-17" "the demand is signed";
    S18 "S-18" "the instrument was issued by somebody who may issue it";
    S19 "S-19" "the demand's dates are possible";
    S20 "S-20" "the demand is addressed to the entity that holds the data";
    S21 "S-21" "the demand has no material mistake";
    S22 "S-22" "the demand is not overly broad";
    S24 "S-24" "a demand is an official document, kept by its digest";
    S25 "S-25" "an instrument is one that the policy knows for its country";
    S26 "S-26" "content needs a warrant or its local equivalent";
    S31 "S-31" "a US subpoena never reaches content";
    S32 "S-32" "local law and procedure are checked before a response";
    S33 "S-33" "data serves an authorised criminal investigation";
    S50 "S-50" "the reviewer is qualified for the demand's country";
    S52 "S-52" "the demand comes from a country the provider answers directly";
    I01 "I-01" "indices count by one and the founding comes first";
    I02 "I-02" "time never goes back, and nothing is received after it is recorded";
    I03 "I-03" "every event is legal in the state it finds";
    I04 "I-04" "ids exist before they are used and are never used twice";
    I05 "I-05" "two persons with two keys, one of them a senior reviewer, approve the same scope";
    I06 "I-06" "the bundle is within the approved scope, that within the latest order's";
    I07 "I-07" "nobody approves what they submitted or collect";
    I08 "I-08" "who submits, approves or collects is registered in the role, and valid, at that entry";
    I09 "I-09" "approvals are younger than the policy's limit when the bundle is sealed";
    I10 "I-10" "an amended order or another policy voids approvals";
    I12 "I-12" "no item of a class that is never disclosable";
    I16 "I-16" "every record read is kept or withheld, and withheld for a reason";
    I17 "I-17" "one approval leads to one bundle";
    I18 "I-18" "after a terminal state nothing is packaged";
    I20 "I-20" "a rejection has a reason from the list";
    I50 "I-50" "policy, directory and roles change by entries that two persons approved";
    A01 "A-01" "an approval names this log's origin";
    A02 "A-02" "the leaf an approval names is the one at that index, and still what is decided";
    A03 "A-03" "an approval names the order in force";
    A04 "A-04" "an approval names the policy in force";
    A05 "A-05" "an approval names the agency's current recipients";
    A06 "A-06" "an approval is not issued in the future";
    A07 "A-07" "an approval has not expired";
    A08 "A-08" "an approval's life is positive and within the policy's limit";
    A09 "A-09" "a nonce is used once per key";
    A10 "A-10" "after a refusal or revocation the same person needs something new to approve";
    A11 "A-11" "an approval's envelope verifies under the key it names";
    A12 "A-12" "an event says exactly what its signed envelope says";
    A13 "A-13" "an acknowledgement is signed by the agency's key and names the sealed bundle";
    F01 "F-01" "an event has the members of its type and no other";
    F02 "F-02" "an event names the rule set in force";
    F03 "F-03" "an event names the policy in force";
    F04 "F-04" "an event carries exactly the signed things its type calls for";
    F05 "F-05" "an activated text parses and has the digest beside it";
    F06 "F-06" "lists and texts are within their bounds";
}

/// The text is not the number of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the number of a rule; the list is in docs/events.md")]
pub struct RuleError;

impl std::str::FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::ALL.iter().copied().find(|rule| rule.number() == text).ok_or(RuleError)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.number())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.number())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_read_back() {
        let distinct: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.number()).collect();
        assert_eq!(distinct.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert_eq!(rule.number().parse(), Ok(*rule));
        }
        assert_eq!("S-0".parse::<Rule>(), Err(RuleError));
    }
}
