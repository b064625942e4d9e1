//! Data classes: the tiers the law distinguishes, finer than content and noncontent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of data a record or a field is. Which instrument reaches which class is policy;
/// that these are all the classes there are is code: an unknown one must not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Whether an account exists.
    Existence,
    /// Basic subscriber information, 18 USC 2703(c)(2).
    Bsi,
    /// The strict subset of `bsi` that a national security letter reaches, 18 USC 2709.
    BsiNsl,
    /// Data requested only to identify the user, Reg. (EU) 2023/1543.
    IdentOnly,
    /// Other records, 18 USC 2703(c)(1): more than a subpoena reaches.
    RecordsOther,
    /// Where somebody was.
    LocationHistoric,
    /// Dialling and routing, live.
    AddressingProspective,
    /// What customers create, communicate and store (S-98). Unknown fields belong here.
    ContentStored,
    /// What customers communicate, live.
    ContentLive,
    /// Passwords, tokens, recovery codes: never disclosable (S-02, I-12).
    Credentials,
    /// Encryption keys: never disclosable (S-02, I-12).
    KeyMaterial,
}

impl DataClass {
    /// Every class, in ascending order.
    pub const ALL: [Self; 11] = [
        Self::Existence,
        Self::Bsi,
        Self::BsiNsl,
        Self::IdentOnly,
        Self::RecordsOther,
        Self::LocationHistoric,
        Self::AddressingProspective,
        Self::ContentStored,
        Self::ContentLive,
        Self::Credentials,
        Self::KeyMaterial,
    ];

    /// The spelling used in every format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Existence => "existence",
            Self::Bsi => "bsi",
            Self::BsiNsl => "bsi_nsl",
            Self::IdentOnly => "ident_only",
            Self::RecordsOther => "records_other",
            Self::LocationHistoric => "location_historic",
            Self::AddressingProspective => "addressing_prospective",
            Self::ContentStored => "content_stored",
            Self::ContentLive => "content_live",
            Self::Credentials => "credentials",
            Self::KeyMaterial => "key_material",
        }
    }

    /// Content in the sense of S-98: what customers say, not that they said it.
    #[must_use]
    pub const fn is_content(self) -> bool {
        matches!(self, Self::ContentStored | Self::ContentLive)
    }

    /// No policy can make these selectable (S-02, I-12).
    #[must_use]
    pub const fn is_never_disclosable(self) -> bool {
        matches!(self, Self::Credentials | Self::KeyMaterial)
    }

    /// Facts about an account that carry no date: only their items may have a null interval.
    #[must_use]
    pub const fn is_timeless(self) -> bool {
        matches!(self, Self::Existence | Self::Bsi | Self::BsiNsl | Self::IdentOnly)
    }

    /// Content has no closed list of fields: one that nobody declared still belongs to it.
    #[must_use]
    pub const fn has_open_fields(self) -> bool {
        self.is_content()
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_everywhere() {
        for class in DataClass::ALL {
            let json = serde_json::to_string(&class).expect("a unit variant prints");
            assert_eq!(json, format!("\"{class}\""));
        }
        assert!(serde_json::from_str::<DataClass>("\"everything\"").is_err());
    }
}
