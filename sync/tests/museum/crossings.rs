//! Judges of what another agency wrote: a case that it offers, and its reply.

use amanat_keys::{
    fingerprint::{Digest, UnitId},
    recipient::ReadIdentity,
    transfer::{Offer, Reply, Withdrawal},
    trust::Trust,
};
use amanat_sync::{
    SyncError,
    transfer::{self, Parcel, TransferFault},
};
use serde_json::Value;

use crate::specimens::{bytes, hex, named};
use crate::told;

fn opened(v: &Value) -> Result<Parcel, String> {
    let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
    let file = hex(&v["file"]);
    transfer::open([&identity], file.as_slice()).map(|(parcel, _)| parcel).map_err(|fault| of_file(&fault))
}

fn of_file(fault: &TransferFault) -> String {
    match fault {
        TransferFault::Unproven { number, source } => format!("Unproven({number}, {})", named(source)),
        TransferFault::Parcel(parcel) => format!("Parcel({parcel:?})"),
        other => format!("{other:?}"),
    }
}

fn of_trust(fault: amanat_keys::error::KeysError) -> String {
    told(&SyncError::Trust(fault))
}

/// `file`, the `identity` that it should open for, and the `words` that were read aloud.
pub(crate) fn transfer(v: &Value) -> Result<(), String> {
    let parcel = opened(v)?;
    let theirs = Trust::pin(&parcel.roster, &v["words"].as_str().unwrap().parse().unwrap()).map_err(of_trust)?;
    let offer = Offer::verify(&parcel.statement, &theirs).map_err(of_trust)?.into_value();
    parcel.prove(&offer, &theirs).map(drop).map_err(|fault| of_file(&fault))
}

/// `file`, the `identity` that it should open for, the `roster` that the offer named, and the `unit` that was asked.
pub(crate) fn reply(v: &Value) -> Result<(), String> {
    let parcel = opened(v)?;
    let theirs = Trust::pin_hash(&parcel.roster, &Digest::from_bytes(bytes(&v["roster"]))).map_err(of_trust)?;
    let unit = UnitId::from_bytes(bytes(&v["unit"]));
    Reply::verify(&parcel.statement, &theirs, &unit).map_err(of_trust)?;
    parcel.brings_nothing().map_err(|fault| of_file(&fault))
}

/// `file`, the `identity` that it should open for, and the `words` that were read aloud.
pub(crate) fn withdrawal(v: &Value) -> Result<(), String> {
    let parcel = opened(v)?;
    let theirs = Trust::pin(&parcel.roster, &v["words"].as_str().unwrap().parse().unwrap()).map_err(of_trust)?;
    Withdrawal::verify(&parcel.statement, &theirs).map_err(of_trust)?;
    parcel.brings_nothing().map_err(|fault| of_file(&fault))
}
