//! Routing of messages to the screen they are meant for.

use super::{App, Effect, Msg};

/// Takes one message; what comes out is to be performed in order.
pub fn update(_app: &mut App, _msg: Msg) -> Vec<Effect> {
    Vec::new()
}
