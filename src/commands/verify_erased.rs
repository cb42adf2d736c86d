//! What `amanat verify` says of missing envelopes: one may be missing only where an order of the admins and a custodian's stand-in say so,
//! or where a stand-in holds the same in its place.

use std::collections::HashSet;

use amanat_keys::{
    erasure::{Doomed, Erasure},
    fingerprint::DeviceId,
    quorum,
    roster::Roster,
    statement::{Purpose, Statement},
};
use amanat_sync::{documents::DocumentKind, entry::EntryRef, journal::Journal as _};

use super::verify_findings::{Findings, Met};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{home::Home, lineage},
    },
};

/// Checks every order again, and that each missing envelope is one that an order and a stand-in of one who might took away. Both are
/// held against every roster that the agency ever had: admins and custodians may have changed since.
pub(super) fn erasures(home: &Home, met: &Met, findings: &mut Findings) -> Result<(), Failure> {
    let filed = home.journal().documents().map_err(|error| fault::sync("reading the documents", &error))?;
    let rosters = lineage::rosters(&home.pack()?.rosters)?;
    let mut named: HashSet<Doomed> = HashSet::new();
    for document in filed.iter().map(|filed| &filed.document).filter(|it| it.kind == DocumentKind::Erasure) {
        match proven(home, &document.bytes, &rosters)? {
            Some(order) => named.extend(order.targets),
            None => findings.note(None, format!("erasure order {}: no roster's admins signed it", document.about)),
        }
    }
    let (me, tenure) = (home.device(), home.tenure());
    for (target, header) in &met.bare {
        let at = EntryRef { device: target.device, journal: target.journal, seq: target.seq };
        let may = |signer: &DeviceId| tenure.ever(signer, &target.device);
        let stood = met.stood.get(target).into_iter().flatten().any(may);
        let replaced = met.replaced.get(target).into_iter().flatten().any(may);
        match (named.contains(target), stood) {
            (true, true) => findings.erased += 1,
            (true, false) => findings.note(Some(at), "its envelope is gone, and no custodian stood in for that"),
            (false, _) if replaced || home.gone_along(&at)? => findings.replaced += 1,
            // What the hub has of others' entries may have come there damaged: nobody here can tell.
            (false, _) if target.device != me => {}
            (false, _) if home.headquarters_opened(header) => findings.dropped += 1,
            (false, _) => {
                findings
                    .note(Some(at), "its envelope is gone: no order names it, and no reader at headquarters opened it");
            }
        }
    }
    Ok(())
}

fn proven(home: &Home, bytes: &[u8], rosters: &[Roster]) -> Result<Option<Erasure>, Failure> {
    let agency = home.agency()?;
    let Ok(statement) = Statement::from_bytes(bytes) else { return Ok(None) };
    let signed =
        rosters.iter().any(|roster| quorum::check(&statement, &agency, &roster.voters(), roster.needed()).is_ok());
    let order = Erasure::proposed(&statement).ok().filter(|order| order.agency == agency);
    Ok(order.filter(|_| signed && statement.purpose() == Purpose::Erasure))
}
