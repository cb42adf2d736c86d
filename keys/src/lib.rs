//! Who may speak and who may read.
