//! The numbers that refusals and findings cite.
//!
//! S-numbers are statements of the published practice, all of them, whether a rule refuses under
//! them or they are recorded to be counted (docs/practice.md); I-numbers the invariants that an
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
    S01 "S-01" "no government has direct access: the only way out is a sealed bundle";
    S02 "S-02" "no encryption key and no credential is disclosed to anybody";
    S03 "S-03" "nobody is helped to break encryption: a demand for a capability is never complied with";
    S04 "S-04" "an item's data class is one that the instrument authorises";
    S05 "S-05" "noncontent needs at least a subpoena or its equivalent";
    S06 "S-06" "a demand names specific accounts";
    S07 "S-07" "people review every request before anything else happens to it";
    S08 "S-08" "an invalid demand ends unless a new document cures it";
    S09 "S-09" "only the data specified is disclosed: bundle within approval within order";
    S10 "S-10" "a report on each series is published every six months";
    S11 "S-11" "the share of accounts touched is stated over a declared number, or not at all";
    S12 "S-12" "demands are answered around the clock: times of each step are recorded";
    S13 "S-13" "the law decides, not discretion: a decision cites the rule that it follows";
    S14 "S-14" "data is disclosed only on valid legal process that this rule set can walk";
    S15 "S-15" "the demand is within the agency's authority: its level, and the powers it is registered with";
    S16 "S-16" "the demand is of its agency's own country; what a court may not order is its reviewer's to refuse";
    S17 "S-17" "the demand is signed";
    S18 "S-18" "the instrument was issued by somebody who may issue it";
    S19 "S-19" "the demand's dates are possible";
    S20 "S-20" "the demand is addressed to the entity that holds the data";
    S21 "S-21" "the demand has no material mistake";
    S22 "S-22" "the demand is not overly broad";
    S23 "S-23" "to reject and to challenge are different: a challenge has a court's record";
    S24 "S-24" "a demand is an official document, kept by its digest";
    S25 "S-25" "an instrument is one that the policy knows for its country";
    S26 "S-26" "content needs a warrant or its local equivalent";
    S27 "S-27" "a demand that is too broad is narrowed, by agreement or by court, never widened";
    S28 "S-28" "a demand for an organisation's data is redirected to the organisation first";
    S29 "S-29" "redirection is left out only for a reason of the closed list, by two persons";
    S30 "S-30" "what is challenged in court is recorded, and a stay is kept";
    S31 "S-31" "a US subpoena never reaches content";
    S32 "S-32" "local law and procedure are checked before a response";
    S33 "S-33" "data serves an authorised criminal investigation";
    S34 "S-34" "human rights are considered, and a high risk is decided by two persons";
    S35 "S-35" "without a demand, data is disclosed only on a ground of the closed list";
    S36 "S-36" "images of child exploitation are reported to NCMEC and to nobody else, and kept a year";
    S37 "S-37" "a threat is reported with few classes and never with content";
    S38 "S-38" "a report for a victim names who the victim is and of which crime";
    S39 "S-39" "an emergency is danger of death or serious physical injury, as a named reviewer believes";
    S40 "S-40" "an emergency may come from any country";
    S41 "S-41" "an emergency request is in writing";
    S42 "S-42" "an emergency request is on official letterhead, compared with a reference";
    S43 "S-43" "an emergency request is signed by an authority, verified by a number that is not the letter's";
    S44 "S-44" "an emergency request summarises the emergency";
    S45 "S-45" "an emergency request explains how the data will help";
    S46 "S-46" "an emergency request is evaluated before any data leaves";
    S47 "S-47" "an emergency disclosure holds only what addresses the emergency";
    S48 "S-48" "the kind of emergency is recorded";
    S49 "S-49" "emergencies are counted apart from legal demands";
    S50 "S-50" "the reviewer is qualified for the demand's country";
    S51 "S-51" "the screening itself is reviewed at regular intervals";
    S52 "S-52" "the demand comes from a country the provider answers directly";
    S53 "S-53" "a consumer is told before data leaves";
    S54 "S-54" "telling is left out by law only under an order that covers the request and the account now";
    S55 "S-55" "a consumer is not told where somebody would be in danger";
    S56 "S-56" "a consumer is not told where it would defeat its purpose, and another way was tried";
    S57 "S-57" "a consumer is told when the secrecy ends";
    S58 "S-58" "after secrecy a consumer is left untold only by two persons on a ground of the list";
    S59 "S-59" "an organisation is told before data leaves, of every third party's request";
    S60 "S-60" "an organisation is told when the secrecy ends, without exception";
    S61 "S-61" "an organisation is left untold only where the law forbids it";
    S62 "S-62" "data is reached where the provider controls it, wherever it is";
    S63 "S-63" "a location never widens an authority";
    S64 "S-64" "demands from the US for consumers' data are counted";
    S65 "S-65" "warrants that seek content stored abroad are counted by what they seek";
    S66 "S-66" "demands from the US for organisations above the seat limit are counted, by seats at receipt";
    S67 "S-67" "content of foreign organisations stored abroad is counted, zero as zero";
    S68 "S-68" "a secrecy order has grounds, a judge and an end; what it lacks is recorded";
    S69 "S-69" "the share of demands under secrecy is stated with both integers";
    S70 "S-70" "secrecy orders are counted, apart from the demands they cover";
    S71 "S-71" "secrecy orders are counted by level of government";
    S72 "S-72" "challenges of secrecy and their results are recorded";
    S73 "S-73" "customers attacked by a state are told";
    S74 "S-74" "the notice of an attack has one fixed text";
    S75 "S-75" "permission to notify is sought, and only what was sought is answered";
    S76 "S-76" "a challenged secrecy order may end in withdrawal and the customer giving the data itself";
    S77 "S-77" "secrecy without end is looked at every ninety days";
    S78 "S-78" "requests for organisations' data are counted worldwide";
    S79 "S-79" "requests for organisations' data that led to none are counted by outcome";
    S80 "S-80" "requests for organisations' data that led to some are counted once, as content or noncontent";
    S81 "S-81" "content of organisations disclosed to the US is counted";
    S82 "S-82" "requests are counted by segment";
    S83 "S-83" "nothing flows in bulk or without end: a recurring delivery has an instrument and an end";
    S84 "S-84" "no voluntary programme is joined";
    S85 "S-85" "no product is changed to ease access";
    S86 "S-86" "data is encrypted to named recipients and at rest";
    S87 "S-87" "the details of encryption are recorded";
    S88 "S-88" "who holds the keys to an account is recorded";
    S89 "S-89" "each key of the provider's that a source declares is recorded as used, in its collection, before the seal";
    S90 "S-90" "where the customer holds its keys the provider never has them";
    S91 "S-91" "there is no back door: no override, no hidden verb";
    S92 "S-92" "declined requests for voluntary access are counted";
    S93 "S-93" "data hosted in the United States falls under its law";
    S94 "S-94" "data hosted in Ireland falls under Irish and Union law, and a foreign order opens a comity check";
    S95 "S-95" "data of the Luxembourg entity is demanded from that entity";
    S96 "S-96" "basic subscriber information is the list of the dictionary";
    S97 "S-97" "other noncontent is the list of the dictionary";
    S98 "S-98" "content is what customers create, communicate and store; an unknown field is content";
    S99 "S-99" "noncontent needs a valid demand";
    S100 "S-100" "a litigant's demand is valid legal process";
    S101 "S-101" "a litigant gets content only with the owner's specific, lawful, unrevoked consent";
    S102 "S-102" "a customer is told of every litigant's demand unless the law forbids it";
    S103 "S-103" "a litigant's demand meets the rules of every other demand";
    S104 "S-104" "litigants' demands are counted apart";
    S105 "S-105" "cost is charged only for instruments that allow it";
    S106 "S-106" "what is charged is at most what was incurred";
    S107 "S-107" "an emergency is never charged";
    S108 "S-108" "known child exploitation is never charged; what was charged is credited";
    S109 "S-109" "FISA orders for content are the listed sections";
    S110 "S-110" "FISA orders for noncontent are the listed sections";
    S111 "S-111" "national-security orders count in each period in which they were received or are active";
    S112 "S-112" "accounts are counted per service";
    S113 "S-113" "that such figures overstate the number of people is said beside them";
    S114 "S-114" "every request is in the reports, under secrecy or not";
    S115 "S-115" "whether a judge approved a secrecy order, and for how long, is recorded";
    S116 "S-116" "the screening is documented for those who make policy";
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
    I11 "I-11" "every disclosed item's class is one that the instrument authorises under the policy at the decision";
    I12 "I-12" "no item of a class that is never disclosable";
    I13 "I-13" "content has the process the policy demands, never a US subpoena";
    I14 "I-14" "every account in a bundle is one that an identifier of the order names";
    I15 "I-15" "every item's time lies within the order's own dates, converted from its zone to half-open UTC";
    I16 "I-16" "every record read is kept or withheld, and withheld for a reason";
    I17 "I-17" "one approval leads to one bundle";
    I18 "I-18" "after a terminal state nothing is packaged";
    I19 "I-19" "nothing is sealed or released while a stay or a deficiency is open";
    I20 "I-20" "a rejection has a reason from the list";
    I21 "I-21" "narrowing yields less, and not the same";
    I22 "I-22" "an organisation's demand was redirected, or exempted by two persons, before its approval";
    I23 "I-23" "before a bundle leaves the customer was told and could act, or the law forbade it, or a ground of the list held";
    I24 "I-24" "organisations and litigants' subjects are never left untold on a ground";
    I25 "I-25" "when secrecy ends notice follows, or an allowed waiver";
    I26 "I-26" "a waiver has two persons, a ground and a date to look again";
    I27 "I-27" "no notice names a request while a secrecy order covers it";
    I28 "I-28" "an extension after the end leaves a gap, and in the gap notice was due";
    I29 "I-29" "secrecy without end is reviewed in time";
    I30 "I-30" "an emergency has all that one must have, and a call-back by a number of the directory";
    I31 "I-31" "an emergency's scope is what the need statements say, and content takes a third person";
    I32 "I-32" "legal process follows an emergency, or its absence is recorded";
    I33 "I-33" "the requester is verified, and its keys are valid, when the bundle is sealed";
    I34 "I-34" "a lost agency key leads to an incident that lists every bundle sealed to it";
    I35 "I-35" "of customer-held data no plaintext is packaged without the customer's release";
    I36 "I-36" "every use of a provider's key lies within a collection";
    I37 "I-37" "a litigant's content is within a consent that stands at release";
    I38 "I-38" "a report to NCMEC goes there alone, is kept a year, and no request depends on it";
    I39 "I-39" "a voluntary disclosure has a ground of the list and never counts as a demand";
    I40 "I-40" "preservation discloses nothing and lapses";
    I41 "I-41" "cost is charged within the limits, and credited where it must not have been";
    I42 "I-42" "a demand for a capability is never approved";
    I43 "I-43" "a standing order has an instrument that allows it and an end";
    I44 "I-44" "one document is one request";
    I45 "I-45" "each request has exactly one outcome";
    I46 "I-46" "a published report is what the log says";
    I47 "I-47" "bands have one width, and FISA figures wait";
    I48 "I-48" "reports follow each other without gap or overlap, or their lateness is recorded";
    I49 "I-49" "an erasure has a basis and two persons, and nothing is held";
    I50 "I-50" "policy, directory and roles change by entries that two persons approved";
    I51 "I-51" "no discretionary act without two persons and a reason";
    I52 "I-52" "access to sealed material is recorded";
    I53 "I-53" "checkpoints are signed at regular intervals";
    I54 "I-54" "local law was read, in a version not later than the decision";
    I55 "I-55" "a high risk to human rights was escalated";
    I56 "I-56" "a conflict of laws was assessed in time";
    I57 "I-57" "a deadline has an answer or a record of its lateness, and lateness relaxes nothing";
    I58 "I-58" "the screening process is reviewed in time";
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
