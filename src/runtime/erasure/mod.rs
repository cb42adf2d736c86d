//! What goes: cases erased by order, copies let go when their time has come, cases handed in.

pub(in crate::runtime) mod erasing;
pub mod handing_in;
pub(in crate::runtime) mod heard;
pub mod order;
pub mod receipt;
pub mod retention;
