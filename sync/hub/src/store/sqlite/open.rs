//! Opening the file: pragmas, the numbered schema, and what a disagreement about it is called.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};

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
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let applied = |at: &Connection| at.query_row("pragma user_version", [], |row| row.get::<_, i64>(0)).map_err(fault);
    // A file that is up to date is not written: a hub whose disk is full must be able to start and serve what it has.
    if applied(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let found = applied(&transaction)?;
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
    let Some(error) = source.sqlite_error() else { return StoreFault::Database(Box::new(source)) };
    match (error.code, error.extended_code) {
        (ErrorCode::DiskFull, _) => StoreFault::Full,
        // A write that the system refuses half way is what a quota looks like through some file systems.
        (
            ErrorCode::SystemIoFailure,
            ffi::SQLITE_IOERR_WRITE
            | ffi::SQLITE_IOERR_TRUNCATE
            | ffi::SQLITE_IOERR_SHMSIZE
            | ffi::SQLITE_IOERR_SHMOPEN,
        ) => StoreFault::Full,
        _ => StoreFault::Database(Box::new(source)),
    }
}
