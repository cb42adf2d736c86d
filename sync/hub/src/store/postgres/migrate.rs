//! The numbered schema, and what a disagreement about it is called.

use deadpool_postgres::{Object, Transaction};

use super::super::StoreFault;
use super::fault::Failure;

/// Each step once, in order; the table `amanat_schema` counts how many are applied. A step that was released is never edited.
const STEPS: [&str; 2] = [include_str!("../schema/postgres/1.sql"), include_str!("../schema/postgres/2.sql")];

/// The tables that each step makes: where some are there and the count says otherwise, a step was applied by half.
const TABLES: [&[&str]; 2] = [
    &[
        "devices",
        "heads",
        "entries",
        "readers",
        "reach",
        "owed",
        "evidence",
        "ordered",
        "stand_ins",
        "checkpoints",
        "documents",
    ],
    &["parts"],
];

/// Any number that no other program on the same database takes for its own lock; this is "amanat" in ASCII.
const LOCK: i64 = 0x616d_616e_6174;

/// Brings the schema up to date in one transaction, while no other hub does the same.
pub(super) async fn migrate(mut client: Object) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    // Another hub may be at it, and an index over what is held takes its time.
    transaction.batch_execute("set local statement_timeout = 0; set local lock_timeout = 0;").await?;
    transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute("create table if not exists amanat_schema (step bigint primary key)").await?;
    let row = transaction.query_one("select coalesce(max(step), 0) from amanat_schema", &[]).await?;
    let found: i64 = row.try_get(0)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreFault::TooNew { found, known }.into());
    }
    let applied = usize::try_from(found).map_err(|_negative| StoreFault::Damaged("schema version"))?;
    for (step, (tables, script)) in (1_i64..).zip(TABLES.iter().zip(STEPS)) {
        let there = count(&transaction, tables).await?;
        let is_applied = usize::try_from(step).is_ok_and(|step| step <= applied);
        if there != if is_applied { tables.len() } else { 0 } {
            return Err(StoreFault::HalfApplied { step }.into());
        }
        if !is_applied {
            transaction.batch_execute(script).await?;
            transaction.execute("insert into amanat_schema (step) values ($1)", &[&step]).await?;
        }
    }
    Ok(transaction.commit().await?)
}

/// How many of these tables are there, where the connection looks for tables.
async fn count(transaction: &Transaction<'_>, tables: &[&str]) -> Result<usize, Failure> {
    let row = transaction
        .query_one(
            "select count(*) from unnest($1::text[]) as t (name) where to_regclass(t.name) is not null",
            &[&tables],
        )
        .await?;
    let there: i64 = row.try_get(0)?;
    Ok(usize::try_from(there).unwrap_or(usize::MAX))
}
