//! Sealed things moving, and proof that they arrived.
