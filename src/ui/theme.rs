//! How things look: roles instead of colours, so that one value decides between colour and none.
//!
//! A state is never told by colour alone: each has a sign or a word beside it. The colours are the terminal's own, in
//! pairs that stay apart for the colour-blind (blue, yellow, magenta; never red against green).

use ratatui::style::{Color, Modifier, Style};

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

/// The mark that stands before what is chosen, or is one's own: it points at the text behind it, which runs leftwards in Urdu.
pub(crate) const fn pointer(rtl: bool) -> &'static str {
    if rtl { "◂" } else { "▸" }
}

/// What a piece of text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ordinary text.
    Text,
    /// Headings, and what is focused.
    Strong,
    /// What may be passed over.
    Faint,
    /// The one thing that draws the eye.
    Accent,
    /// All is well.
    Good,
    /// Look here before going on.
    Warn,
    /// Does not go on like this.
    Bad,
    /// A key on the keyboard.
    Key,
    /// The row that the next key acts on.
    Selected,
    /// The frame around things.
    Frame,
    /// Where text is typed.
    Field,
}

impl Theme {
    pub(crate) fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let tint = |colour: Color| if self == Self::Colour { plain.fg(colour) } else { plain };
        match role {
            Role::Text => plain,
            Role::Strong => plain.add_modifier(Modifier::BOLD),
            Role::Faint => match self {
                Self::Colour => plain.fg(Color::DarkGray),
                Self::Plain => plain.add_modifier(Modifier::DIM),
            },
            Role::Frame => tint(Color::DarkGray),
            Role::Accent => tint(Color::Cyan).add_modifier(Modifier::BOLD),
            Role::Good => tint(Color::Blue).add_modifier(Modifier::BOLD),
            Role::Warn => tint(Color::Yellow).add_modifier(Modifier::BOLD),
            Role::Bad => tint(Color::Magenta).add_modifier(Modifier::BOLD),
            Role::Key => tint(Color::Cyan).add_modifier(Modifier::BOLD),
            Role::Selected => plain.add_modifier(Modifier::REVERSED),
            Role::Field => plain.add_modifier(Modifier::UNDERLINED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red and green look alike to one man in twelve, and stand for each other nowhere here; good, look here and bad differ in how blue and how
    /// bright they are. Without colours no role has one: what a sign or a word does not say is then not said at all.
    #[test]
    fn colours_stay_apart_for_the_colour_blind_and_none_is_left_without_them() {
        use Role::{Accent, Bad, Faint, Field, Frame, Good, Key, Selected, Strong, Text, Warn};
        for role in [Text, Strong, Faint, Accent, Good, Warn, Bad, Key, Selected, Frame, Field] {
            let colour = Theme::Colour.style(role).fg;
            let told = [None, Some(Color::Blue), Some(Color::Yellow), Some(Color::Magenta), Some(Color::Cyan)];
            assert!(told.contains(&colour) || colour == Some(Color::DarkGray), "{role:?}: {colour:?}");
            assert_eq!((Theme::Plain.style(role).fg, Theme::Plain.style(role).bg), (None, None), "{role:?}");
        }
        let states = [Good, Warn, Bad].map(|role| Theme::Colour.style(role).fg);
        assert_eq!(states, [Some(Color::Blue), Some(Color::Yellow), Some(Color::Magenta)]);
    }
}
