//! A stick is read: documents, then entries piece by piece, each verified and kept as if it had been pushed.

use std::io::Read;
use std::sync::Arc;

use amanat_keys::error::{KeysError, Stale};
use amanat_keys::fingerprint::DeviceId;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::statement::{Purpose, Statement};
use amanat_sync::bundle::{self, Bundle, BundleFault, Missing};
use amanat_sync::entry::EntryRef;
use amanat_sync::receipt::{Checkpoint, Receipt};
use amanat_sync::stories::{About, Heard, Word};
use amanat_sync::wire::limits::{BUNDLE_DOCUMENTS, BUNDLE_WORDS};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::accept::Push;
use crate::api::reply::Failure;
use crate::home_bundle::{ends, told as told_of};
use crate::hub::HubFault;
use crate::lineage;
use crate::parts::{FromStick, from_stick};
use crate::{Adoption, Hub};

/// What a stick brought.
#[derive(Debug)]
pub(crate) struct Taken {
    from: DeviceId,
    announced: u64,
    read: u64,
    new: u64,
    documents: u64,
    /// The roster in force behind it, and whether this stick brought it.
    roster: u64,
    roster_new: bool,
    /// Attachments that are held since.
    parts: u64,
    parts_missing: usize,
    refused: Vec<String>,
    missing: Vec<Missing>,
    /// What no honest life of this hub explains: words in its own name that it cannot have signed so.
    distrust: Vec<String>,
    fault: Option<BundleFault>,
}

impl Taken {
    /// One JSON document.
    pub(crate) fn json(&self) -> Value {
        let missing = self.missing.iter().map(|it| {
            json!({"device": it.device.to_string(), "journal": it.journal.to_string(), "from": it.from, "upto": it.upto})
        });
        json!({
            "from": self.from.to_string(), "announced": self.announced, "read": self.read, "new": self.new,
            "documents": self.documents, "roster": self.roster, "roster_new": self.roster_new, "parts": self.parts, "parts_missing": self.parts_missing, "refused": self.refused, "missing": missing.collect::<Vec<_>>(),
            "distrust": self.distrust, "whole": self.fault.is_none(),
            "fault": self.fault.as_ref().map(ToString::to_string),
            "ends": if self.distrust.is_empty() { self.fault.as_ref().map_or(0, ends) } else { 5 },
        })
    }
}

impl Hub {
    /// Takes in a stick as far as it is whole, outside of the runtime; what came of it as one JSON document.
    ///
    /// # Errors
    /// A [`BundleFault`] when it cannot be opened or trusted at all, or the store fails; what was kept by then stays kept.
    pub fn read_stick<R: Read>(
        self: &Arc<Self>,
        on: &Handle,
        identity: &ReadIdentity,
        input: R,
    ) -> Result<Value, BundleFault> {
        read(self, on, std::slice::from_ref(identity), input).map(|taken| taken.json())
    }
}

/// Takes in a bundle as far as it is whole.
///
/// # Errors
/// A [`BundleFault`] when it cannot be opened or trusted at all, or the store fails; what was kept by then stays kept.
pub(crate) fn read<R: Read>(
    hub: &Arc<Hub>,
    on: &Handle,
    identities: &[ReadIdentity],
    input: R,
) -> Result<Taken, BundleFault> {
    let mut bundle = bundle::open(identities, input)?;
    if bundle.manifest().agency != hub.standing().agency {
        return Err(BundleFault::OtherAgency);
    }
    let mut taken = Taken {
        from: bundle.manifest().from,
        announced: bundle.manifest().count(),
        read: 0,
        new: 0,
        documents: 0,
        roster: hub.standing().trust.roster_version(),
        roster_new: false,
        parts: 0,
        parts_missing: 0,
        refused: Vec::new(),
        missing: Vec::new(),
        distrust: Vec::new(),
        fault: None,
    };
    let (words, mut ended) = papers(hub, on, &mut bundle, &mut taken)?;
    bundle.prove(&hub.standing().trust)?;
    if ended.is_ok() {
        ended = items(hub, on, &mut bundle, &mut taken);
    }
    if ended.is_ok() {
        ended = parts(hub, on, &mut bundle, &mut taken);
    }
    taken.distrust = contradictions(hub, on, &words)?;
    taken.fault = match ended {
        Ok(()) => None,
        Err(fault @ (BundleFault::Storage(_) | BundleFault::Io(_))) => return Err(fault),
        Err(fault) => Some(fault),
    };
    taken.read = bundle.read();
    taken.missing = bundle.missing();
    taken.parts_missing = bundle.parts_missing();
    let (device, new, distrust) = (taken.from, taken.new, taken.distrust.len());
    tracing::info!(%device, entries = taken.read, new, distrust, whole = taken.fault.is_none(), "bundle");
    Ok(taken)
}

type Ended = Result<(), BundleFault>;

fn papers<R: Read>(
    hub: &Hub,
    on: &Handle,
    bundle: &mut Bundle<R>,
    taken: &mut Taken,
) -> Result<(Vec<Vec<u8>>, Ended), BundleFault> {
    let (mut words, mut documents) = (Vec::new(), Vec::new());
    let ended = loop {
        match bundle.paper() {
            Err(fault) => break Err(fault),
            Ok(None) => break Ok(()),
            Ok(Some(paper)) if is_word(&paper) => {
                if words.len() >= BUNDLE_WORDS {
                    break Err(BundleFault::TooBig("words of the hub"));
                }
                words.push(paper);
            }
            Ok(Some(paper)) => documents.push(paper),
        }
        if documents.len() >= BUNDLE_DOCUMENTS {
            adopt(hub, on, std::mem::take(&mut documents), taken)?;
        }
    };
    adopt(hub, on, documents, taken)?;
    Ok((words, ended))
}

fn is_word(paper: &[u8]) -> bool {
    let statement = Statement::from_bytes(paper);
    statement.is_ok_and(|statement| matches!(statement.purpose(), Purpose::Receipt | Purpose::Checkpoint))
}

fn adopt(hub: &Hub, on: &Handle, documents: Vec<Vec<u8>>, taken: &mut Taken) -> Result<(), BundleFault> {
    let (mut rosters, others): (Vec<_>, Vec<_>) =
        documents.into_iter().partition(|document| lineage::version(document).is_some());
    rosters.sort_by_cached_key(|roster| lineage::version(roster));
    let mut told = |done: Result<bool, HubFault>| match done {
        Ok(new) => {
            taken.documents = taken.documents.saturating_add(u64::from(new));
            Ok(())
        }
        Err(HubFault::Trust(fault)) => {
            tracing::info!(cause = %fault, "a document of a bundle was not taken");
            Ok(())
        }
        Err(fault) => Err(broken(fault)),
    };
    for roster in &rosters {
        let adopted = on.block_on(hub.adopt(roster));
        match &adopted {
            Ok(Adoption::Adopted(version)) => (taken.roster, taken.roster_new) = (*version, true),
            // Every stick brings the older ones along, for those who have to go step by step.
            Ok(Adoption::AlreadyHeld(_)) | Err(HubFault::Trust(KeysError::Expired(Stale::Rollback { .. }))) => {}
            Err(fault) => {
                taken.refused.push(format!("roster {}: {}", lineage::version(roster).unwrap_or(0), told_of(fault)))
            }
        }
        told(adopted.map(|adoption| matches!(adoption, Adoption::Adopted(_))))?;
    }
    if !rosters.is_empty() {
        told(on.block_on(hub.complete(&rosters)).map(|()| false))?;
    }
    let before = hub.shelf();
    for document in others {
        told(on.block_on(hub.keep(&document)).map(|_kept| false))?;
    }
    let after = hub.shelf();
    let moved = after.iter().filter(|line| !before.contains(line)).count();
    taken.documents = taken.documents.saturating_add(u64::try_from(moved).unwrap_or(0));
    Ok(())
}

fn items<R: Read>(hub: &Hub, on: &Handle, bundle: &mut Bundle<R>, taken: &mut Taken) -> Ended {
    let heads = bundle.manifest().runs.clone();
    let mut push = Push::new(hub, hub.standing(), bundle.manifest().from, heads.len());
    let ended = loop {
        match bundle.piece() {
            Ok(Some(runs)) => on.block_on(push.offer(runs)).map_err(failed)?,
            Ok(None) => break Ok(()),
            Err(fault) => break Err(fault),
        }
    };
    on.block_on(push.settle()).map_err(failed)?;
    // A run of which nothing came is judged as it stands, as in a push that only asks.
    let agency = bundle.manifest().agency;
    let unheard = heads.iter().map(|head| amanat_sync::wire::codec::empty_run(&agency, head)).enumerate();
    let unheard: Vec<_> = unheard.filter(|(index, _)| !push.has_answered(*index)).collect();
    on.block_on(push.take(unheard)).map_err(failed)?;
    taken.new = push.new_entries();
    let (reply, _newest) = on.block_on(push.conclude()).map_err(failed)?;
    for (head, answer) in heads.iter().zip(&reply.answers) {
        use amanat_sync::wire::messages::RunAnswer as A;
        let what = match answer {
            A::Accepted(..) | A::AlreadyHeld(..) => continue,
            A::Gap(has, _) => format!("begins at {}, and {has} are held here", head.first),
            A::Fork(at, _) => format!("has another history here from number {at} on"),
            A::Refused(why, _) => format!("{:?}", amanat_sync::batch::Why::from_number(*why)),
        };
        taken.refused.push(format!("device {} journal {}: {what}", head.device, head.journal));
    }
    for (index, seq, why) in &reply.refused {
        if let Some(head) = usize::try_from(*index).ok().and_then(|index| heads.get(index)) {
            let why = amanat_sync::batch::Why::from_number(*why);
            taken.refused.push(format!("device {} journal {} number {seq}: {why:?}", head.device, head.journal));
        }
    }
    ended
}

/// Attachments of entries that are held here, behind what an earlier reading brought of them.
fn parts<R: Read>(hub: &Arc<Hub>, on: &Handle, bundle: &mut Bundle<R>, taken: &mut Taken) -> Ended {
    let mut wanted = false;
    while let Some((line, from, bytes)) = bundle.part()? {
        if from > 0 && !wanted {
            continue;
        }
        let became = on.block_on(from_stick(hub, &line, from, bytes)).map_err(|fault| broken(fault.into()))?;
        wanted = became == FromStick::Taken;
        match became {
            FromStick::Held => taken.parts = taken.parts.saturating_add(1),
            FromStick::Refused => {
                let EntryRef { device, journal, seq } = line.at.entry;
                let what = "an attachment that is not what its header names";
                taken.refused.push(format!("device {device} journal {journal} number {seq}: {what}"));
            }
            FromStick::Taken | FromStick::NotWanted => {}
        }
    }
    Ok(())
}

/// Words in this hub's own name, held against its newest checkpoint and against one another. One beyond that checkpoint means that
/// this store is older than its own word; two that differ mean that the key spoke twice.
fn contradictions(hub: &Hub, on: &Handle, words: &[Vec<u8>]) -> Result<Vec<String>, BundleFault> {
    let standing = hub.standing();
    let (newest, _list) = on.block_on(hub.keeper.newest()).map_err(|fault| broken(fault.into()))?;
    let mut heard = Heard::default();
    heard.hear(Word::checkpoint(&newest.checkpoint, &newest.statement));
    let mut found = Vec::new();
    for bytes in words {
        let Ok(statement) = Statement::from_bytes(bytes) else { continue };
        let (word, epoch, number) = if statement.purpose() == Purpose::Checkpoint {
            let Ok(word) = Checkpoint::prove(statement, &standing.trust, &hub.id) else { continue };
            (Word::checkpoint(&word, bytes), word.epoch, word.number)
        } else {
            let Ok(word) = Receipt::prove(statement, &standing.trust, &hub.id) else { continue };
            (Word::receipt(&word, bytes), word.epoch, word.checkpoint)
        };
        if epoch == newest.checkpoint.epoch && number > newest.checkpoint.number {
            found.push(format!(
                "this hub signed checkpoint {number} and its store ends at {}: it was restored from an older backup",
                newest.checkpoint.number
            ));
        }
        if let Some(story) = heard.hear(word) {
            found.push(match story.about {
                About::Checkpoint(_, epoch, number) => {
                    format!("two different checkpoints {number} of epoch {epoch} bear this hub's signature")
                }
                About::Place(_, _, device, journal, seq) => {
                    format!("two different links at number {seq} of journal {journal} of device {device} bear this hub's signature")
                }
            });
        }
    }
    found.sort();
    found.dedup();
    for what in &found {
        tracing::error!(what, "a bundle shows another story");
    }
    Ok(found)
}

fn failed(failure: Failure) -> BundleFault {
    match failure {
        Failure::Store(fault) => broken(fault.into()),
        other => BundleFault::Io(std::io::Error::other(format!("{other:?}"))),
    }
}

fn broken(fault: HubFault) -> BundleFault {
    match fault {
        HubFault::Disk(error) => BundleFault::Io(error),
        other => BundleFault::Io(std::io::Error::other(other)),
    }
}
