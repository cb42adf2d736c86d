//! What travels between a device and a hub, version 1. `WIRE.md` says it byte by byte; `v1` holds the shapes, `elision` leaves
//! out what the other side can rebuild, `codec` turns bytes into shapes and never fails otherwise than with *malformed*.
#![doc = include_str!("../../WIRE.md")]

pub mod codec;
mod elision;
pub mod limits;
pub mod messages;
pub mod parts;
pub mod team;
#[cfg(test)]
mod tests;
pub mod v1;
