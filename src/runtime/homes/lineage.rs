//! The chain of rosters from the first, whose hash is the agency, step by step to the newest.

use amanat_keys::{
    canonical,
    error::KeysError,
    fingerprint::{AgencyId, Digest},
    roster::Roster,
    statement::{Purpose, Statement},
    trust::{Trust, signing_agency},
};

use crate::{failure::Failure, runtime::fault};

/// Walks the chain and gives the trust that it leads to.
///
/// # Errors
/// Refused, naming the version that breaks it.
pub fn walk(rosters: &[Vec<u8>], agency: &AgencyId) -> Result<Trust, Failure> {
    let broken = |version: u64, why: &str| {
        Failure::refused(
            format!("walking the chain of rosters — roster {version}: {why}"),
            "Ask the admin for the whole pack: amanat roster publish --out FILE.",
        )
    };
    let mut trust: Option<Trust> = None;
    for (bytes, version) in rosters.iter().zip(1_u64..) {
        let step = |error: KeysError| broken(version, &fault::told(&error));
        match &mut trust {
            None => trust = Some(Trust::pin_hash(bytes, &Digest::from_bytes(*agency.as_bytes())).map_err(step)?),
            Some(trust) => {
                trust.adopt(bytes).map_err(step)?;
            }
        }
        signed_by_its_own(bytes).map_err(step)?;
    }
    trust.ok_or_else(|| broken(1, "missing"))
}

/// A roster is signed over its agency, roster 1 over zeros.
fn signed_by_its_own(bytes: &[u8]) -> Result<(), KeysError> {
    let statement = Statement::from_bytes(bytes)?.expect::<Roster>(Purpose::Roster)?;
    let roster: Roster = canonical::decode(statement.statement().payload())?;
    statement.verify_quorum(&signing_agency(&roster), &roster.voters(), roster.needed()).map(drop)
}

/// The rosters of a chain as values, oldest first. That they follow one on another was checked when they were adopted.
///
/// # Errors
/// Refused when one of them is no roster.
pub fn rosters(statements: &[Vec<u8>]) -> Result<Vec<Roster>, Failure> {
    let doing = "reading the rosters";
    let read = |bytes: &Vec<u8>| {
        let statement = Statement::from_bytes(bytes).map_err(|error| fault::keys(doing, &error.into()))?;
        canonical::decode(statement.payload()).map_err(|error| fault::keys(doing, &error.into()))
    };
    statements.iter().map(read).collect()
}
