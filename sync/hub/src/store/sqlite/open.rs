//! Opening the file: pragmas, the numbered schema, and what a disagreement about it is called.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::super::StoreFault;

/// Each step once, in order; `user_version` counts how many are applied. A step that was released is never edited.
const STEPS: [&str; 3] = [
    include_str!("../schema/sqlite/1.sql"),
    include_str!("../schema/sqlite/2.sql"),
    include_str!("../schema/sqlite/3.sql"),
];

/// The connection that writes; it makes the file and brings its schema up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreFault> {
    let mut connection = Connection::open(path).map_err(fault)?;
    connection
        .execute_batch(
            "pragma journal_mode=wal; pragma synchronous=full; pragma trusted_schema=off; pragma temp_store=memory;
             pragma secure_delete=fast;",
        )
        .map_err(fault)?;
    migrate(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    connection
        .execute_batch("pragma trusted_schema=off; pragma temp_store=memory; pragma query_only=on;")
        .map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let found: i64 = transaction.query_row("pragma user_version", [], |row| row.get(0)).map_err(fault)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreFault::TooNew { found, known });
    }
    let applied = usize::try_from(found).map_err(|_negative| StoreFault::Damaged("schema version"))?;
    for step in STEPS.iter().skip(applied) {
        transaction.execute_batch(step).map_err(fault)?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(fault)?;
    transaction.commit().map_err(fault)
}

/// The one place where SQLite's errors become ours.
pub(super) fn fault(source: rusqlite::Error) -> StoreFault {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreFault::Full,
        _ => StoreFault::Database(Box::new(source)),
    }
}
