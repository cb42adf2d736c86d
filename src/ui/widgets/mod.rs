//! Parts of screens: a field, a list, a bar. None knows a screen.

pub(crate) mod bars;
pub(crate) mod canvas;
pub(crate) mod choice;
pub(crate) mod date;
pub(crate) mod field;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod menu;
pub(crate) mod path;
pub(crate) mod problems;
pub(crate) mod text;
mod text_seen;
