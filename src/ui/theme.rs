//! How things look: roles instead of colours, so that one value decides between colour and none.

/// Who puts Urdu letters in their shapes and order: exactly one of the two (`LIBRARIES.md`: never both).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Bidi {
    /// The program shapes and reorders; the terminal shows cells as they come.
    #[default]
    App,
    /// The terminal does it; text goes out in logical order.
    Terminal,
}

/// Whether colours may be used; chosen outside (`NO_COLOR`, `--plain`, the terminal's abilities).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Theme {
    /// The terminal's sixteen colours, used sparingly; no state is told by colour alone.
    #[default]
    Colour,
    /// Bold, dim, underlined and reversed only.
    Plain,
}
