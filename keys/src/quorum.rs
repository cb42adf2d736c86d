//! The one place where signatures are counted against a threshold.

use std::collections::BTreeSet;

use crate::error::Forgery;
use crate::fingerprint::{AgencyId, KeyId, MemberId};
use crate::statement::Statement;
use crate::verifying_key::VerifyingKey;

/// A member whose signature counts, with the key that the roster gives for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// Who: two keys of one member are one vote.
    pub member: MemberId,
    /// Their key.
    pub key: VerifyingKey,
}

/// How many distinct members signed. Key ids are recomputed from the keys; unknown and wrong signatures are passed over.
pub fn count(statement: &Statement, agency: &AgencyId, voters: &[Voter]) -> usize {
    let signed = |voter: &&Voter| {
        let id: KeyId = voter.key.key_id();
        statement.signatures().iter().any(|(held, signature)| {
            *held == id && voter.key.verify(statement.purpose(), agency, statement.payload(), signature).is_ok()
        })
    };
    // A key shared by two members is one voice as well: the set is of both.
    let mut keys = BTreeSet::new();
    let mut members = BTreeSet::new();
    for voter in voters.iter().filter(signed) {
        if !members.contains(&voter.member) && keys.insert(voter.key) {
            members.insert(voter.member);
        }
    }
    members.len()
}

/// Demands `threshold` distinct members.
///
/// # Errors
/// [`Forgery::TooFewSignatures`]; a threshold of nought is refused as well.
pub fn check(statement: &Statement, agency: &AgencyId, voters: &[Voter], threshold: usize) -> Result<(), Forgery> {
    let have = count(statement, agency, voters);
    if threshold == 0 || have < threshold {
        return Err(Forgery::TooFewSignatures { have, need: threshold });
    }
    Ok(())
}
