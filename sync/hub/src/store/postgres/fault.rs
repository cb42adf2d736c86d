//! What PostgreSQL's refusals mean: the server is away and may come back, the disk is full, or the store is broken; and what of them
//! may be told. A refusal's details can repeat what was to be stored, so only its code and first sentence are.

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::StoreFault;

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server went away, or another now leads: the same again can succeed once it is back, and whether what was asked has happened
    /// is not known.
    Away(Told),
    /// Two transactions were in each other's way, and this one has not happened: the same again can succeed at once.
    Crossed(Told),
    /// Trying again would not help.
    Store(StoreFault),
}

/// What may be told of a refusal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Told(String);

impl Failure {
    /// What the caller hears who can wait no longer.
    pub(super) fn into_fault(self) -> StoreFault {
        match self {
            Self::Away(told) | Self::Crossed(told) => StoreFault::Database(Box::new(told)),
            Self::Store(fault) => fault,
        }
    }
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let told = Told(tell(&error));
        match error.code() {
            Some(code) if *code == SqlState::DISK_FULL => Self::Store(StoreFault::Full),
            Some(code) if CROSSED.contains(code) => Self::Crossed(told),
            Some(code) if passes(code) => Self::Away(told),
            Some(_) => Self::Store(StoreFault::Database(Box::new(told))),
            None if error.is_closed() || by_the_system(&error).is_some() => Self::Away(told),
            None => Self::Store(StoreFault::Database(Box::new(told))),
        }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => error.into(),
            PoolError::Timeout(_) => Self::Away(Told("no connection came free in time".to_owned())),
            PoolError::Closed => Self::Store(StoreFault::Stopped),
            other @ (PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(HookError::Message(_))) => {
                Self::Store(StoreFault::Database(Box::new(other)))
            }
        }
    }
}

/// A deadlock was broken here, or a transaction that sees one moment came too late.
const CROSSED: [SqlState; 2] = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];

/// Whether a refusal passes by itself: the server starts, stops or follows another now.
fn passes(code: &SqlState) -> bool {
    let known = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    known.contains(code) || code.code().starts_with("08")
}

fn by_the_system(error: &Error) -> Option<&std::io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

fn tell(error: &Error) -> String {
    match (error.as_db_error(), by_the_system(error)) {
        (Some(refusal), _) => format!("PostgreSQL refuses with {}: {}", refusal.code().code(), refusal.message()),
        (None, Some(system)) => format!("{error}: {system}"),
        (None, None) => error.to_string(),
    }
}
