//! The tables of the policy, one type each.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::class::DataClass;
#[cfg(test)]
use crate::model::id::ID_PATTERN;
use crate::model::id::{ID_BYTES_MAX, IdError, ServiceId};
use crate::model::time::Timestamp;
use crate::practice::directory::Level;

/// A name within the policy, such as `us.warrant_2703`: the alphabet of ids.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = ID_PATTERN)))]
pub struct Code(Box<str>);

/// ISO 3166-1 alpha-2, or `EU` for instruments of the Union.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = "^[A-Z]{2}$")))]
pub struct CountryCode(#[cfg_attr(test, schemars(with = "String"))] [u8; 2]);

impl Code {
    /// Parses a code.
    ///
    /// # Errors
    /// [`IdError`] if the text breaks the alphabet or the length of ids.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        let starts = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        if fits && starts && text.len() <= ID_BYTES_MAX { Ok(Self(text.into())) } else { Err(IdError) }
    }

    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CountryCode {
    /// Parses two capital letters.
    ///
    /// # Errors
    /// [`IdError`] for anything else.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let letters: [u8; 2] = text.as_bytes().try_into().map_err(|_| IdError)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(IdError) }
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

macro_rules! text_type {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
text_type!(Code);
text_type!(CountryCode);

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
        }
    )+};
}

words! {
    /// How well a table is founded.
    Conf {
        /// The statute or an official page was read.
        Text,
        /// A secondary source.
        Second,
        /// General knowledge; counsel must confirm.
        Memory,
    }
    /// The way a request with this instrument takes through the practice.
    Path {
        /// Stored data for a criminal investigation, on compulsory process.
        Criminal,
        /// Live data: interception, pen registers.
        Prospective,
        /// Nothing is disclosed.
        Preservation,
        /// Danger of death or serious injury.
        Emergency,
        /// The provider's own report.
        Voluntary,
        /// A report that a statute demands.
        StatutoryReport,
        /// Letters and orders about national security.
        NationalSecurity,
        /// Litigants.
        Civil,
        /// Arrives as a domestic instrument.
        Treaty,
    }
    /// The strength of the process behind an instrument, for S-05 and S-26.
    Process {
        /// A letter; compels nothing.
        Request,
        /// The provider decides, on a ground that the law lists.
        Voluntary,
        /// A statute orders the report.
        Statutory,
        /// A subpoena or its local equivalent.
        Subpoena,
        /// A court's order short of a warrant.
        CourtOrder,
        /// A warrant or its local equivalent.
        Warrant,
    }
    /// Who may issue an instrument.
    Issuer {
        /// A grand jury.
        GrandJury,
        /// A prosecutor.
        Prosecutor,
        /// An agency that a statute empowers.
        AgencyWithStatutoryPower,
        /// The clerk of a court.
        CourtClerk,
        /// A judge.
        Judge,
        /// A magistrate.
        Magistrate,
        /// A military judge.
        MilitaryJudge,
        /// A judge of a federal district court.
        FederalDistrictJudge,
        /// A state judge whom a statute empowers.
        StateJudgeByStatute,
        /// Any governmental entity.
        GovernmentalEntity,
        /// The director of the FBI or a designee.
        FbiDirectorOrDesignee,
        /// The Foreign Intelligence Surveillance Court.
        Fisc,
        /// The Attorney General and the Director of National Intelligence, jointly.
        AttorneyGeneralAndDni,
        /// An attorney as an officer of the court.
        AttorneyAsOfficerOfCourt,
        /// A court.
        Court,
        /// An investigating judge.
        InvestigatingJudge,
        /// A judge of the Crown Court.
        CrownCourtJudge,
        /// The High Court of Justiciary or a sheriff.
        HighCourtOfJusticiaryOrSheriff,
        /// The Crown Court in Northern Ireland.
        NiCrownCourt,
        /// The Office for Communications Data Authorisations.
        Ocda,
        /// A designated senior officer.
        DesignatedSeniorOfficer,
        /// A Secretary of State with a Judicial Commissioner.
        SecretaryOfStateWithJudicialCommissioner,
        /// A police officer, on their own authority.
        PoliceOfficer,
        /// A lawyer's or anybody else's letter.
        PrivateParty,
    }
    /// The category of national-security reports.
    ReportCategory {
        /// National security letters.
        Nsl,
        /// FISA orders for content (S-109).
        FisaContent,
        /// FISA orders for noncontent (S-110).
        FisaNoncontent,
    }
    /// The period a band is published for.
    BandPeriod {
        /// Half a year.
        Semiannual,
        /// A year.
        Annual,
    }
    /// A row of a band table.
    BandRow {
        /// National security letters.
        Nsl,
        /// Their selectors.
        NslSelectors,
        /// FISA content orders.
        FisaContentOrders,
        /// Their selectors.
        FisaContentSelectors,
        /// FISA noncontent orders.
        FisaNoncontentOrders,
        /// Their selectors.
        FisaNoncontentSelectors,
        /// All process together.
        AllProcessCombined,
        /// All selectors together.
        AllSelectorsCombined,
    }
}

/// A data class with the fields that the dictionary lists for it (S-96 … S-98).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTable {
    /// The class.
    pub id: DataClass,
    /// 0 (existence) to 5 (live content).
    pub tier: u8,
    /// The class it is a part of.
    pub subset_of: Option<DataClass>,
    /// Its fields.
    pub fields: Vec<String>,
    /// For people.
    pub note: Option<String>,
}

/// A legal instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Its code.
    pub code: Code,
    /// Its name, for people.
    pub name: String,
    /// The way it takes through the practice.
    pub path: Path,
    /// The country (or `EU`) whose instrument it is.
    pub country: Option<CountryCode>,
    /// Its strength.
    pub process: Process,
    /// Where it stands.
    #[serde(default)]
    pub law: Vec<String>,
    /// Who may issue it; nobody means that it is not issued.
    pub issuers: BTreeSet<Issuer>,
    /// The levels of government whose agencies may use it; empty: all (S-15).
    #[serde(default)]
    pub levels: BTreeSet<Level>,
    /// Who alone may serve it; empty: the law leaves it open (S-18).
    #[serde(default)]
    pub served_by: Vec<Code>,
    /// The classes it reaches.
    pub authorises: BTreeSet<DataClass>,
    /// Classes it also reaches if a court order is enough for content (S-26).
    #[serde(default)]
    pub under_court_order: BTreeSet<DataClass>,
    /// Classes a subpoena also reaches in the wider practice.
    #[serde(default)]
    pub under_wider_subpoena: BTreeSet<DataClass>,
    /// Classes it reaches with the owner's consent (S-101).
    #[serde(default)]
    pub with_owner_consent: BTreeSet<DataClass>,
    /// Classes no switch can add.
    #[serde(default)]
    pub never: BTreeSet<DataClass>,
    /// Kinds of data that the law takes out: content of an account that has them is not reached (S-04).
    #[serde(default)]
    pub excluded: Vec<Code>,
    /// What the document must carry, for people: whether it does is read off the document, and noted
    /// as a deficiency where it does not.
    #[serde(default)]
    pub required: Vec<Code>,
    /// Days from its issue within which what it asks for is sealed (S-19).
    pub execute_within_days: Option<u32>,
    /// Days from its issue within which it is served (S-19).
    pub serve_within_days: Option<u32>,
    /// Days from its issue that it lives: afterwards nothing is reviewed, approved or collected under
    /// it (S-19), and what reaches ahead ends with it (I-43).
    pub life_days: Option<u32>,
    /// Days that one extension of a preservation adds. An order is extended by an amendment, which
    /// has an issue date of its own.
    pub extension_days: Option<u32>,
    /// Days data is preserved.
    pub preserve_days: Option<u32>,
    /// Hours to answer.
    pub deadline_hours: Option<u32>,
    /// Hours to answer, or for the order to follow, in an emergency.
    pub emergency_hours: Option<u32>,
    /// Days to object.
    pub objection_days: Option<u32>,
    /// Days after which process is asked for.
    pub followup_days: Option<u32>,
    /// Days between notice and release.
    pub notice_wait_days: Option<u32>,
    /// The secrecy that comes with it.
    pub secrecy: Option<Code>,
    /// Since when it exists.
    pub applies_from: Option<Timestamp>,
    /// Whether cost may be charged (S-105).
    #[serde(default)]
    pub reimbursable: bool,
    /// Whether reports count it as a request.
    #[serde(default = "counts")]
    pub counts_as_request: bool,
    /// Its category in national-security reports.
    pub report_category: Option<ReportCategory>,
    /// How well founded.
    pub conf: Vec<Conf>,
    /// For people.
    pub note: Option<String>,
}

const fn counts() -> bool {
    true
}

/// A kind of secrecy order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrecy {
    /// Its code.
    pub code: Code,
    /// Where it stands.
    pub law: Vec<String>,
    /// Who may issue it, for people: an order binds until a court says that it does not (S-68).
    #[serde(default)]
    pub issuers: BTreeSet<Issuer>,
    /// Whether the provider itself must be silent.
    pub binds_provider: bool,
    /// The grounds the law lists, for people, like the issuers.
    #[serde(default)]
    pub grounds: Vec<Code>,
    /// Longest duration in days. A longer order binds all the same, until a court shortens it, and is
    /// looked at as often as one without end (S-77).
    pub cap_days: Option<u32>,
    /// Whether it may have no end, for people: one without end binds, and is looked at (S-77).
    #[serde(default)]
    pub indefinite_allowed: bool,
    /// How often one without end is looked at (S-77).
    pub review_every_days: Option<u32>,
    /// How well founded.
    pub conf: Vec<Conf>,
    /// For people.
    pub note: Option<String>,
}

/// A country whose demands the practice knows (S-52).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// ISO 3166-1.
    pub code: CountryCode,
    /// Whether its demands are answered directly; otherwise they go by treaty.
    pub answered: bool,
    /// Whose instruments its authorities use.
    pub instruments_of: BTreeSet<CountryCode>,
    /// How well founded.
    pub conf: Vec<Conf>,
    /// For people.
    pub note: Option<String>,
}

/// One of the provider's legal entities (S-20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its id.
    pub id: Code,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub country: CountryCode,
    /// The services whose data it holds.
    pub services: BTreeSet<ServiceId>,
    /// For people.
    pub note: Option<String>,
}

/// The regime where data is hosted (S-93 … S-95).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosting {
    /// Where.
    pub country: CountryCode,
    /// The law, for people.
    pub regime: String,
    /// The weakest domestic instrument for noncontent.
    pub noncontent_min: Option<Code>,
    /// The weakest domestic instrument for content.
    pub content_min: Option<Code>,
    /// Products hosted there, for people.
    #[serde(default)]
    pub products: Vec<String>,
    /// How well founded.
    pub conf: Vec<Conf>,
    /// For people.
    pub note: Option<String>,
}

/// A way to object to a conflict of laws (I-56).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comity {
    /// Its code.
    pub code: Code,
    /// Where it stands.
    pub law: Vec<String>,
    /// Days from service.
    pub motion_within_days: u32,
    /// What must be shown.
    pub needs: Vec<Code>,
    /// Countries whose law qualifies.
    pub qualifying: BTreeSet<CountryCode>,
    /// How well founded.
    pub conf: Vec<Conf>,
    /// For people.
    pub note: Option<String>,
}

/// Cost (S-105 … S-108).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reimbursement {
    /// Where it stands.
    pub law: Vec<String>,
    /// When nothing is charged.
    pub never_for: Vec<Code>,
    /// S-106: never more than was incurred.
    pub charged_at_most_incurred: bool,
    /// How well founded.
    pub conf: Vec<Conf>,
    /// For people.
    pub note: Option<String>,
}

/// Reporting bands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Where they stand.
    pub law: Vec<String>,
    /// The structures, of which a report picks one.
    pub option: Vec<BandOption>,
    /// For people.
    pub note: Option<String>,
}

/// One structure of bands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandOption {
    /// Its number.
    pub id: u8,
    /// Width of a band.
    pub width: u32,
    /// The period.
    pub period: BandPeriod,
    /// The rows.
    pub rows: Vec<BandRow>,
    /// Days between a FISA period's end and publication.
    pub fisa_delay_days: u32,
    /// Days before a new capability is counted.
    pub new_capability_delay_days: Option<u32>,
    /// How well founded.
    pub conf: Vec<Conf>,
}
