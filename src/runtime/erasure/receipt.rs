//! What became of an erasure, as one paper says it: the order, who stood in for how much of it, what is gone here, and whether headquarters'
//! hub has signed for the stand-ins. It claims nothing of copies that this device cannot know.

use std::collections::HashSet;

use amanat_keys::{
    erasure::Erasure,
    fingerprint::{CaseId, Digest},
    statement::Statement,
};
use amanat_sync::{
    documents::DocumentKind,
    entry::{Change, EntryRef, SealedEntry},
    journal::Journal as _,
};

use crate::{
    failure::Failure,
    model::Moment,
    runtime::{fault, homes::home::Home},
};

const DOING: &str = "writing the receipt of an erasure";

/// One order about a case, and how far it is carried out.
#[derive(Debug)]
pub struct ErasureReceipt {
    /// The signed order verbatim: whoever has the agency's roster can check it.
    pub statement: Vec<u8>,
    /// The hash of its payload.
    pub order: Digest,
    /// The header of the entry that holds its reason.
    pub reason: Digest,
    /// Entries that it names.
    pub named: usize,
    /// Of them those for which a custodian stood in who may.
    pub stood_in: usize,
    /// Of them those whose envelope this device has no more.
    pub gone: usize,
    /// By the hub's clock, when the first of them went here.
    pub since: Option<Moment>,
    /// Stand-ins of this device that the hub has signed for, and all of them. Those of others came from the hub.
    pub at_hub: (usize, usize),
}

impl Home {
    /// How far the orders about a case are carried out, as far as this device can know. What is open must have been read before.
    ///
    /// # Errors
    /// Refused where no order names anything of the case; what the journal refuses.
    pub fn erasure_receipts(&self, case: CaseId) -> Result<Vec<ErasureReceipt>, Failure> {
        let filed = self.journal.documents().map_err(|error| fault::sync(DOING, &error))?;
        let mut receipts = Vec::new();
        for document in filed.into_iter().map(|filed| filed.document).filter(|it| it.kind == DocumentKind::Erasure) {
            let statement = Statement::from_bytes(&document.bytes).map_err(Into::into);
            let statement = statement.map_err(|error| fault::keys(DOING, &error))?;
            let order = Erasure::proposed(&statement).map_err(|error| fault::keys(DOING, &error))?;
            if order.case == case {
                receipts.push(self.receipt(&order, document.bytes, statement.payload_hash())?);
            }
        }
        if receipts.is_empty() {
            return Err(Failure::refused(
                format!("{DOING} — no order that the admins have signed names anything of this case"),
                "Sync first; an order is carried out with: amanat case erase ID --signed FILE.",
            ));
        }
        Ok(receipts)
    }

    fn receipt(&self, order: &Erasure, statement: Vec<u8>, hash: Digest) -> Result<ErasureReceipt, Failure> {
        let tenure = self.tenure();
        let stood_in = order.targets.iter().filter(|target| self.erasures.in_force(target, tenure)).count();
        let mut gone = 0;
        for target in &order.targets {
            let at = EntryRef { device: target.device, journal: target.journal, seq: target.seq };
            let here = self.header_at(&at)?.is_some_and(|held| held.envelope.is_some());
            gone += usize::from(!here);
        }
        let targets: HashSet<Digest> = order.targets.iter().map(|target| target.hash).collect();
        Ok(ErasureReceipt {
            statement,
            order: hash,
            reason: order.reason,
            named: order.targets.len(),
            stood_in,
            gone,
            since: self.erasures.since(&hash).map(Moment::pkt),
            at_hub: self.own_stand_ins(&targets)?,
        })
    }

    /// Own stand-ins for these that the hub has signed for, and all of them.
    fn own_stand_ins(&self, targets: &HashSet<Digest>) -> Result<(usize, usize), Failure> {
        let me = self.device();
        let status = self.status()?;
        let (mut received, mut all) = (0, 0);
        for own in status.own {
            self.each_held((me, own.journal), 0, |entries| {
                let erases = |entry: &&SealedEntry| {
                    let target = entry.header.target.filter(|target| target.change == Change::Erasure);
                    target.is_some_and(|target| targets.contains(&target.hash))
                };
                for entry in entries.iter().filter(erases) {
                    all += 1;
                    received += usize::from(entry.header.seq <= own.received);
                }
                Ok(())
            })?;
        }
        Ok((received, all))
    }
}
