//! Homes from inside, a story in each file.

mod carrying;
mod confirming;
pub(in crate::runtime) mod guarding;
pub(in crate::runtime) mod handed;
mod heard;
pub(in crate::runtime) mod home;
pub(in crate::runtime) mod lists;
mod lists_under;
pub(in crate::runtime) mod people;
mod posted;
mod retaining;
