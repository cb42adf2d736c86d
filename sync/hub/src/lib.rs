//! The keeper at headquarters.
