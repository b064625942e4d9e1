//! The matrix where data is hosted: instrument × issuer × class × regime (S-93 … S-95).
//!
//! A regime adds to the matrix of rule set 1 and never takes away: a location alone refuses
//! nothing (S-62) and reaches nothing (S-63). Where the policy has no regime, nothing is added
//! here; a person weighs that country's law (`profile`, I-56).

use crate::model::class::DataClass;
use crate::practice::policy::{ContentMinProcess, CountryCode, Hosting, Instrument, Issuer, Policy, Process};
use crate::practice::rule::Rule;
use crate::practice::rules1::matrix;

/// Whether the instrument, issued by `issuer`, reaches the class of what is hosted there.
///
/// # Errors
/// The rule that stops it: the matrix's own, then S-93 … S-95 by the country of hosting.
pub(in crate::practice) fn reaches_hosted(
    policy: &Policy,
    instrument: &Instrument,
    issuer: Issuer,
    class: DataClass,
    hosted_in: Option<CountryCode>,
) -> Result<(), Rule> {
    matrix::reaches(policy, instrument, issuer, class)?;
    let regime = hosted_in.and_then(|country| hosting(policy, country));
    regime.map_or(Ok(()), |regime| is_strong_enough(policy, instrument, class, regime))
}

/// The regime of that country, if the policy has it.
fn hosting(policy: &Policy, country: CountryCode) -> Option<&Hosting> {
    policy.hosting.iter().find(|row| row.country == country)
}

/// A domestic instrument is at least as strong as the weakest that the regime names. What a
/// provider reports or decides by itself is judged by its own list.
fn is_strong_enough(
    policy: &Policy,
    instrument: &Instrument,
    class: DataClass,
    regime: &Hosting,
) -> Result<(), Rule> {
    let is_domestic = instrument.country == Some(regime.country);
    let weakest = if class.is_content() { &regime.content_min } else { &regime.noncontent_min };
    let weakest = weakest.as_ref().and_then(|code| policy.instrument(code));
    let (true, true, Some(weakest)) = (is_domestic, is_compulsory(instrument), weakest) else {
        return Ok(());
    };
    // The switch of S-26 speaks for the regime too: where an order is enough, it is enough here.
    let by_order = class.is_content() && policy.switches.content_min_process == ContentMinProcess::CourtOrder;
    let due = if by_order { weakest.process.min(Process::CourtOrder) } else { weakest.process };
    if instrument.process >= due { Ok(()) } else { Err(rule_of(regime.country)) }
}

/// Process that compels: what can conflict with another country's law.
pub(super) const fn is_compulsory(instrument: &Instrument) -> bool {
    matches!(instrument.process, Process::Subpoena | Process::CourtOrder | Process::Warrant)
}

/// The statement about that country's regime; another country's is judged like the first.
pub(super) fn rule_of(country: CountryCode) -> Rule {
    match country.as_str() {
        "IE" => Rule::S94,
        "LU" => Rule::S95,
        _ => Rule::S93,
    }
}

/// Whether the country's law is not the one the instrument stands on: its authorities do not use it.
pub(super) fn is_foreign(policy: &Policy, instrument: &Instrument, country: CountryCode) -> bool {
    let Some(home) = instrument.country.filter(|_| is_compulsory(instrument)) else { return false };
    let uses_it = policy.country(country).is_some_and(|row| row.instruments_of.contains(&home));
    home != country && !uses_it
}
