//! The founding, what is put in force later, access, the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::approving::{clock_is_approved, proposal_is_approved};
use super::{Context, not_now};
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::time::HOUR_MS;
use crate::practice::approvals;
use crate::practice::change::{Change, Mark};
use crate::practice::directory::Directory;
use crate::practice::policy::Policy;
use crate::practice::records::{AGENCIES_MAX, Records};
use crate::practice::refusal::Refusal;
use crate::practice::roles::Roles;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{
    AccessDenied, AccessRead, ActProposed, Activated, ClockAccepted, Data, EventType, LeafRef, LogCreated,
};
use crate::practice::world::{Active, PROPOSALS_OPEN_MAX, Proposal, World};
use crate::practice::{RuleSet, Stamp};
use crate::tlog::{Hash, LeafIndex};

/// Longest reason or verb in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// I-01: index 0 creates the log; policy, directory and roles follow it at 1, 2 and 3,
/// unsigned, because there is nobody yet who could sign. Auditors see them as the founding.
pub(in crate::practice) fn found(
    rules: RuleSet,
    world: &World,
    event: &Event,
    stamp: Stamp,
    data: Data,
) -> Result<Change, Refusal> {
    let mut world = world.clone();
    let index = stamp.index;
    match (index.get(), data) {
        (0, Data::LogCreated(created)) if world.origin.is_none() => {
            is_whole(rules, &created)?;
            world.rules = Some(rules);
            // Nothing of this rule set looks at it; a later one does (S-87).
            let encryption = Some(created.crypto);
            world.records = Arc::new(Records { encryption, ..(*world.records).clone() });
            world.origin = Some(created.origin);
            world.announced_policy = Some(event.policy);
        }
        (1, Data::PolicyActivated(new)) if world.origin.is_some() => {
            is_announced(&world, &new)?;
            world.policy = Some(policy(index, &founding(&new)?.text)?);
        }
        (2, Data::DirectoryActivated(new)) if world.policy.is_some() => {
            world.directory = Some(directory(index, &founding(&new)?.text)?);
        }
        (3, Data::RolesActivated(new)) if world.directory.is_some() => {
            world.roles = Some(roles(index, &founding(&new)?.text)?);
        }
        _ => {
            let reason = format!("entry {index} is not what the founding has there");
            let cure = "log.created, policy.activated, directory.activated, roles.activated, in this order";
            return Err(Refusal::conflict(Rule::I01, "/type", reason, cure));
        }
    }
    Ok(Change::of_world(world))
}

pub(in crate::practice) fn is_whole(rules: RuleSet, created: &LogCreated) -> Result<(), Refusal> {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let names_key = created.system_key_id.len() == 32 && created.system_key_id.bytes().all(is_hex);
    let ascending = created.recipients.is_sorted_by(|a, b| a < b) && !created.recipients.is_empty();
    let (pointer, reason) = if created.rules != rules.number() {
        ("/data/rules", "a log begins under the rule set that its first entry names")
    } else if created.epoch != 1 {
        ("/data/epoch", "epochs count from 1")
    } else if !names_key {
        ("/data/system_key_id", "a key id is 32 hex digits")
    } else if !ascending {
        ("/data/recipients", "recipients are ascending, distinct, at least one")
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(Rule::F06, pointer, reason, "begin the log again with probity init"))
}

pub(in crate::practice) fn is_announced(world: &World, new: &Activated) -> Result<(), Refusal> {
    if world.announced_policy == Some(new.sha256) {
        return Ok(());
    }
    let reason = "not the policy that index 0 names";
    Err(Refusal::invalid(Rule::F03, "/data/sha256", reason, "begin the log again with probity init"))
}

pub(in crate::practice) fn founding(new: &Activated) -> Result<&Activated, Refusal> {
    if new.proposal.is_some() {
        let reason = "the founding refers to no proposal";
        return Err(Refusal::invalid(Rule::F01, "/data/proposal", reason, "send proposal: null"));
    }
    has_its_digest(&new.text, new.sha256)?;
    Ok(new)
}

/// F-05.
pub(in crate::practice) fn has_its_digest(text: &str, sha256: Digest) -> Result<(), Refusal> {
    if Digest::of(text.as_bytes()) == sha256 {
        return Ok(());
    }
    let reason = "sha256 is not the digest of the text beside it";
    Err(Refusal::invalid(Rule::F05, "/data/sha256", reason, "hash the exact text"))
}

pub(in crate::practice) fn unreadable(error: &impl std::fmt::Display) -> Refusal {
    Refusal::invalid(Rule::F05, "/data/text", error.to_string(), "correct the text")
}

pub(in crate::practice) fn policy(index: LeafIndex, text: &str) -> Result<Arc<Active<Policy>>, Refusal> {
    Ok(Active::new(index, text, Policy::parse(text).map_err(|error| unreadable(&error))?))
}

pub(in crate::practice) fn directory(
    index: LeafIndex,
    text: &str,
) -> Result<Arc<Active<Directory>>, Refusal> {
    Ok(Active::new(index, text, Directory::parse(text).map_err(|error| unreadable(&error))?))
}

pub(in crate::practice) fn roles(index: LeafIndex, text: &str) -> Result<Arc<Active<Roles>>, Refusal> {
    Ok(Active::new(index, text, Roles::parse(text).map_err(|error| unreadable(&error))?))
}

pub(in crate::practice) fn policy_activated(
    context: &Context<'_>,
    new: &Activated,
) -> Result<Change, Refusal> {
    let mut world = activate(context, new, Kind::Policy)?;
    world.policy = Some(policy(context.stamp.index, &new.text)?);
    Ok(Change::of_world(world))
}

pub(in crate::practice) fn directory_activated(
    context: &Context<'_>,
    new: &Activated,
) -> Result<Change, Refusal> {
    let mut world = activate(context, new, Kind::Directory)?;
    world.directory = Some(directory(context.stamp.index, &new.text)?);
    world.records = Arc::new(remembering(&context.force.directory.value, &world.records));
    Ok(Change::of_world(world))
}

/// An agency that leaves the directory, perhaps for the very key it lost, stays one that an incident may
/// name (rule set 2, I-34), also if it left under rule set 1.
fn remembering(before: &Directory, records: &Records) -> Records {
    let mut records = records.clone();
    let room = AGENCIES_MAX.saturating_sub(records.agencies.len());
    let ids = before.agencies().map(|agency| agency.id.clone());
    let new: Vec<_> = ids.filter(|id| !records.agencies.contains(id)).take(room).collect();
    records.agencies.extend(new);
    records
}

pub(in crate::practice) fn roles_activated(
    context: &Context<'_>,
    new: &Activated,
) -> Result<Change, Refusal> {
    let mut world = activate(context, new, Kind::Role)?;
    world.roles = Some(roles(context.stamp.index, &new.text)?);
    Ok(Change::of_world(world))
}

/// I-50: exactly the text that two people approved, and it is used up.
pub(in crate::practice) fn activate(
    context: &Context<'_>,
    new: &Activated,
    kind: Kind,
) -> Result<World, Refusal> {
    let cure = "propose the text with act.proposed and have two people approve that entry";
    has_its_digest(&new.text, new.sha256)?;
    let index = new.proposal.ok_or_else(|| {
        Refusal::forbidden(Rule::I50, "/data/proposal", "only the founding needs no proposal", cure)
    })?;
    let proposal = context.world.proposals().get(&index).filter(|open| open.kind == kind);
    let proposal = proposal.filter(|open| open.sha256 == new.sha256).ok_or_else(|| {
        let reason = format!("entry {index} is no open proposal of exactly this text");
        Refusal::conflict(Rule::I50, "/data/proposal", reason, cure)
    })?;
    proposal_is_approved(context, proposal)?;
    let mut world = context.world.clone();
    let mut proposals = (*world.proposals).clone();
    proposals.remove(&index);
    world.proposals = Arc::new(proposals);
    Ok(world)
}

/// The text must already be adoptable: nobody should be asked to approve what cannot hold.
pub(in crate::practice) fn act_proposed(context: &Context<'_>, act: &ActProposed) -> Result<Change, Refusal> {
    has_its_digest(&act.text, act.sha256)?;
    is_short("/data/reason", &act.reason)?;
    let index = context.stamp.index;
    match act.kind {
        Kind::Policy => policy(index, &act.text).map(drop)?,
        Kind::Directory => directory(index, &act.text).map(drop)?,
        Kind::Role => roles(index, &act.text).map(drop)?,
        _ => {
            let reason = "this rule set has no act of that kind";
            return Err(Refusal::invalid(
                Rule::I03,
                "/data/kind",
                reason,
                "propose policy, directory or role",
            ));
        }
    }
    let oldest_ms = i64::from(context.force.policy.value.limits.approval_age_hours_max) * HOUR_MS;
    let oldest = context.stamp.time.saturating_add_ms(-oldest_ms);
    let mut world = context.world.clone();
    let mut proposals = (*world.proposals).clone();
    proposals.retain(|_, open| open.at >= oldest && !is_refused(open));
    make_room(context, &mut proposals)?;
    let proposal = Proposal {
        kind: act.kind,
        sha256: act.sha256,
        context: LeafRef { index, leaf: Hash::ZERO },
        at: context.stamp.time,
        proposer: context.event.actor.clone(),
        approvals: Vec::new(),
    };
    proposals.insert(index, proposal);
    world.proposals = Arc::new(proposals);
    Ok(Change::of_world(world).marking(Mark::Proposal))
}

/// What somebody refused can never be put in force.
pub(in crate::practice) fn is_refused(open: &Proposal) -> bool {
    approvals::about(&open.approvals, open.kind, open.context)
        .any(|decision| decision.decision == Decision::Refuse)
}

/// A proposal costs no signature, so those that nobody stands behind must not block others:
/// the oldest of them gives way.
pub(in crate::practice) fn make_room(
    context: &Context<'_>,
    proposals: &mut BTreeMap<LeafIndex, Proposal>,
) -> Result<(), Refusal> {
    if proposals.len() < PROPOSALS_OPEN_MAX {
        return Ok(());
    }
    let is_unsigned =
        |open: &Proposal| approvals::standing(&open.approvals, open.kind, open.context).next().is_none();
    let oldest = proposals.iter().find(|(_, open)| is_unsigned(open)).map(|(index, _)| *index);
    let Some(oldest) = oldest else {
        return Err(not_now(context.kind, "too many proposals wait for their second approval"));
    };
    proposals.remove(&oldest);
    Ok(())
}

pub(in crate::practice) fn access_read(access: &AccessRead) -> Result<Change, Refusal> {
    is_count(access.count, access.first_at <= access.last_at)
}

pub(in crate::practice) fn access_denied(access: &AccessDenied) -> Result<Change, Refusal> {
    is_short("/data/verb", &access.verb)?;
    is_count(access.count, access.first_at <= access.last_at)
}

pub(in crate::practice) fn is_count(count: u64, in_order: bool) -> Result<Change, Refusal> {
    if count > 0 && in_order {
        return Ok(Change::nothing());
    }
    Err(Refusal::invalid(
        Rule::F06,
        "/data",
        "counts nothing, or ends before it begins",
        "count what happened",
    ))
}

pub(in crate::practice) fn is_short(pointer: &str, text: &str) -> Result<(), Refusal> {
    if !text.is_empty() && text.len() <= TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(Refusal::invalid(Rule::F06, pointer, "a text is empty or too long", "say it in 1 to 4096 bytes"))
}

/// I-02: `from` is the last entry's time, `to` this one's.
pub(in crate::practice) fn clock_accepted(
    context: &Context<'_>,
    clock: &ClockAccepted,
) -> Result<Change, Refusal> {
    let wrong = |pointer, reason| Refusal::conflict(Rule::I02, pointer, reason, "use probity clock accept");
    let (Some(head), Some(last)) = (context.stamp.head, context.stamp.index.previous()) else {
        return Err(not_now(EventType::ClockAccepted, "the log is empty"));
    };
    if clock.from != head.time {
        return Err(wrong("/data/from", "from is not the time of the last entry"));
    }
    if clock.to != context.stamp.time {
        return Err(wrong("/data/to", "to is not the time of this entry"));
    }
    let claims = clock_is_approved(context, LeafRef { index: last, leaf: head.leaf })?;
    Ok(claims.into_iter().fold(Change::nothing(), Change::claiming))
}
