//! What a hub that moves to another store takes along beside its entries.

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use deadpool_postgres::Object;

use super::super::{Beside, Evidence, Grant, KeptCheckpoint};
use super::fault::Failure;
use super::grants;
use super::read::{fixed, look, number, unsigned};
use super::write::{lock, rows};

pub(super) async fn beside(mut client: Object, device: DeviceId) -> Result<Beside, Failure> {
    let transaction = look(&mut client).await?;
    let (mut beside, id) = (Beside::default(), device.as_bytes().as_slice());
    for row in rows(&transaction, "select journal, slip, reader from readers where device = $1", &[&id]).await? {
        let place = (device, JournalId::from_bytes(fixed(&row, 0)?));
        beside.grants.insert(Grant { place, slip: unsigned(row.try_get(1)?)?, reader: fixed(&row, 2)? });
    }
    let evidence = "select journal, seq, hash, header, signature from evidence where device = $1";
    for row in rows(&transaction, evidence, &[&id]).await? {
        beside.evidence.insert(Evidence {
            place: (device, JournalId::from_bytes(fixed(&row, 0)?)),
            seq: unsigned(row.try_get(1)?)?,
            hash: Digest::from_bytes(fixed(&row, 2)?),
            header: row.try_get(3)?,
            signature: fixed(&row, 4)?,
        });
    }
    let attached = "select distinct digest from parts where device = $1 and state = 1";
    for row in rows(&transaction, attached, &[&id]).await? {
        beside.attached.insert(Digest::from_bytes(fixed(&row, 0)?));
    }
    Ok(beside)
}

pub(super) async fn orders(mut client: Object) -> Result<Vec<(Doomed, bool)>, Failure> {
    let transaction = look(&mut client).await?;
    let mut orders = Vec::new();
    for row in rows(&transaction, "select device, journal, seq, hash, erased from ordered", &[]).await? {
        let doomed = Doomed {
            device: DeviceId::from_bytes(fixed(&row, 0)?),
            journal: JournalId::from_bytes(fixed(&row, 1)?),
            seq: unsigned(row.try_get(2)?)?,
            hash: Digest::from_bytes(fixed(&row, 3)?),
        };
        orders.push((doomed, row.try_get(4)?));
    }
    Ok(orders)
}

pub(super) async fn checkpoints(
    mut client: Object,
    (epoch, after): (u64, u64),
    most: usize,
) -> Result<Vec<KeptCheckpoint>, Failure> {
    let transaction = look(&mut client).await?;
    let found = rows(
        &transaction,
        "select epoch, number, statement from checkpoints where (epoch, number) > ($1, $2) order by epoch, number limit $3",
        &[&number(epoch), &number(after), &i64::try_from(most).unwrap_or(i64::MAX)],
    )
    .await?;
    let mut checkpoints = Vec::new();
    for row in found {
        let (epoch, number) = (unsigned(row.try_get(0)?)?, unsigned(row.try_get(1)?)?);
        checkpoints.push(KeptCheckpoint { epoch, number, statement: row.try_get(2)? });
    }
    Ok(checkpoints)
}

/// Grants into journals of one device.
pub(super) async fn let_in(mut client: Object, device: &DeviceId, made: &[Grant]) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    lock(&transaction, device).await?;
    let made: Vec<&Grant> = made.iter().collect();
    grants::insert(&transaction, device, &made).await?;
    grants::open(&transaction, device, &made).await?;
    Ok(transaction.commit().await?)
}
