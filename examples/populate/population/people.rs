//! Who acts in the population: the provider's people and the agencies, with keys that anybody can
//! make again from their names. Nobody real is among them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use probity::model::digest::Digest;
use probity::ops::age::Identity;
use ssh_key::PrivateKey;
use ssh_key::private::{Ed25519Keypair, KeypairData};

pub(super) const INTAKE: &str = "p-intake";
pub(super) const REVIEWER: &str = "p-reviewer";
pub(super) const SENIOR: &str = "p-senior";
pub(super) const THIRD: &str = "p-third";
pub(super) const COUNSEL: &str = "p-counsel";
pub(super) const PRIVACY: &str = "p-privacy";
pub(super) const COLLECTOR: &str = "p-collector";

/// Everybody: id, roles, whether they have a key.
const PEOPLE: [(&str, &str, bool); 7] = [
    (INTAKE, "\"intake\"", false),
    (REVIEWER, "\"reviewer\"", true),
    (SENIOR, "\"senior_reviewer\"", true),
    (THIRD, "\"senior_reviewer\"", true),
    (COUNSEL, "\"counsel\"", true),
    (PRIVACY, "\"privacy_officer\"", false),
    (COLLECTOR, "\"collector\"", false),
];

/// When they are registered: before the log begins.
const SINCE: &str = "2021-10-01T00:00:00.000Z";
/// When the agencies' numbers were confirmed: they stay good for a year, to the log's end.
pub(super) const CONFIRMED: &str = "2021-10-20T00:00:00.000Z";

/// An agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agency {
    pub(super) id: &'static str,
    pub(super) country: &'static str,
    pub(super) level: &'static str,
}

pub(super) const FEDERAL: Agency = Agency { id: "us-federal", country: "US", level: "federal" };
pub(super) const STATE: Agency = Agency { id: "us-state", country: "US", level: "state" };
pub(super) const LOCAL: Agency = Agency { id: "us-local", country: "US", level: "local" };
pub(super) const ELSEWHERE: Agency = Agency { id: "gb-national", country: "GB", level: "federal" };

const AGENCIES: [Agency; 4] = [FEDERAL, STATE, LOCAL, ELSEWHERE];

/// A person's signing key.
pub(super) fn signing_key(person: &str) -> SigningKey {
    SigningKey::from_bytes(Digest::of(format!("population/{person}").as_bytes()).as_bytes())
}

/// The key that an agency acknowledges with.
pub(super) fn acknowledging_key(agency: &str) -> anyhow::Result<PrivateKey> {
    let seed = Digest::of(format!("population/{agency}").as_bytes());
    let pair = Ed25519Keypair::from_seed(seed.as_bytes());
    Ok(PrivateKey::new(KeypairData::Ed25519(pair), "")?)
}

/// The people, as a text that the log adopts.
pub(super) fn roles() -> String {
    let person = |(id, roles, has_key): (&str, &str, bool)| {
        let key = if has_key {
            let public = STANDARD.encode(signing_key(id).verifying_key().as_bytes());
            format!("[[person.key]]\npublic = \"{public}\"\n")
        } else {
            String::new()
        };
        format!(
            "[[person]]\nid = \"{id}\"\nroles = [{roles}]\njurisdictions = [\"*\"]\nvalid_from = \"{SINCE}\"\n{key}"
        )
    };
    format!("schema = 1\n{}", PEOPLE.map(person).concat())
}

/// The agencies, as a text that the log adopts. Nothing is ever sealed to their recipients, so
/// nobody keeps the identities.
pub(super) fn directory() -> anyhow::Result<String> {
    let mut text = "schema = 1\n".to_owned();
    for Agency { id, country, level } in AGENCIES {
        let recipient = Identity::generate().recipient();
        let ssh = acknowledging_key(id)?.public_key().to_openssh()?;
        text.extend([format!(
            "[[agency]]\nid = \"{id}\"\nname = \"Agency {id} (synthetic)\"\ncountry = \"{country}\"\n\
             level = \"{level}\"\nvalid_from = \"{SINCE}\"\n\
             [[agency.recipient]]\nage = \"{}\"\nconfirmed = \"synthetic\"\nvalid_from = \"{SINCE}\"\n\
             [[agency.ack_key]]\nssh = \"{ssh}\"\nvalid_from = \"{SINCE}\"\n\
             [[agency.call_back]]\nnumber = \"+1 202 555 0100\"\nsource = \"synthetic\"\nconfirmed_at = \"{CONFIRMED}\"\n",
            recipient.as_str()
        )]);
    }
    Ok(text)
}
