//! A signed approval, from its envelope to a registered person (A-11, I-08).

use crate::model::approval::{APPROVAL_TYPE, Approval};
use crate::model::digest::Digest;
use crate::model::dsse::Envelope;
use crate::model::time::Timestamp;
use crate::practice::refusal::Refusal;
use crate::practice::roles::{Person, Role, Roles};
use crate::practice::rule::Rule;

/// An approval whose signature verified under a key of a registered person.
pub(in crate::practice) struct SignedApproval<'a> {
    pub(in crate::practice) approval: Approval,
    pub(in crate::practice) person: &'a Person,
    pub(in crate::practice) keyid: Digest,
    /// SHA-256 of the signed payload.
    pub(in crate::practice) sha256: Digest,
    pub(in crate::practice) role: Role,
}

/// Opens one envelope. Order matters: nothing inside is believed before the signature is.
pub(in crate::practice) fn open<'a>(
    bytes: &[u8],
    pointer: &str,
    roles: &'a Roles,
    at: Timestamp,
) -> Result<SignedApproval<'a>, Refusal> {
    let cure = "sign the approval again with probity approve";
    let malformed = |reason: String| Refusal::malformed(Rule::F04, pointer, reason, cure);
    let envelope = Envelope::parse(bytes).map_err(|error| malformed(error.to_string()))?;
    let [keyid] = envelope.keyids()[..] else {
        return Err(malformed("an approval has one signature".to_owned()));
    };
    let (person, key) = roles.holder(&keyid).ok_or_else(|| {
        let reason = format!("the key {keyid} is nobody's in the roles in force");
        Refusal::forbidden(Rule::I08, pointer, reason, "register the person and the key first")
    })?;
    let payload = envelope
        .verify(APPROVAL_TYPE, &key.public)
        .map_err(|error| Refusal::forbidden(Rule::A11, pointer, error.to_string(), cure))?;
    let approval = Approval::parse(payload).map_err(|error| malformed(error.to_string()))?;
    let sha256 = Digest::of(payload);
    if !person.is_valid_at(at) || !key.is_valid_at(at) {
        let reason = format!("{} or this key of theirs is not valid at the entry's time", person.id);
        return Err(Refusal::forbidden(Rule::I08, pointer, reason, "sign with a valid key"));
    }
    let role =
        Role::named(approval.role.as_str()).filter(|role| person.roles.contains(role)).ok_or_else(|| {
            let reason = format!("{} does not have the role the approval names", person.id);
            Refusal::forbidden(Rule::I08, pointer, reason, "approve in a role you have")
        })?;
    Ok(SignedApproval { approval, person, keyid, sha256, role })
}
