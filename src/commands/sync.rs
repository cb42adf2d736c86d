//! `amanat sync [--watch]`.

use super::context::Context;
use crate::{failure::Failure, runtime::home::Home};

/// Carries documents to the hub and back; the hub's name.
pub(super) fn carry_documents(_context: &Context, _home: &mut Home) -> Result<String, Failure> {
    Err(Failure::unreachable("calling the hub — not built yet", ""))
}
