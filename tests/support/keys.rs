//! Scripts of keys, as tests write them and as a keyboard would send them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The keys of a script: `F4 Down*3 Enter "text as typed" C-z`.
pub(crate) fn read_script(script: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = script.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (typed, after) = quoted.split_once('"').expect("a quote that is never closed");
            keys.extend(typed.chars().map(|letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
            rest = after.trim_start();
            continue;
        }
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = after.trim_start();
        let (name, times) = word.split_once('*').map_or((word, 1), |(name, times)| (name, times.parse().unwrap()));
        keys.extend(std::iter::repeat_n(key(name), times));
    }
    keys
}

fn key(name: &str) -> KeyEvent {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    match name {
        "Enter" => plain(KeyCode::Enter),
        "Esc" => plain(KeyCode::Esc),
        "Tab" => plain(KeyCode::Tab),
        "S-Tab" => KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
        "Up" => plain(KeyCode::Up),
        "Down" => plain(KeyCode::Down),
        "Left" => plain(KeyCode::Left),
        "Right" => plain(KeyCode::Right),
        "PgUp" => plain(KeyCode::PageUp),
        "PgDn" => plain(KeyCode::PageDown),
        "Home" => plain(KeyCode::Home),
        "End" => plain(KeyCode::End),
        "Space" => plain(KeyCode::Char(' ')),
        "Backspace" => plain(KeyCode::Backspace),
        "Delete" => plain(KeyCode::Delete),
        name if name.starts_with("S-") => KeyEvent { modifiers: KeyModifiers::SHIFT, ..key(&name[2..]) },
        name => match (name.strip_prefix("C-"), name.strip_prefix('F')) {
            (Some(letter), _) => KeyEvent::new(KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::CONTROL),
            (None, Some(number)) => plain(KeyCode::F(number.parse().unwrap())),
            (None, None) => panic!("no key is called {name}"),
        },
    }
}

/// What a keyboard sends for a key (xterm).
pub(crate) fn bytes_of(key: &KeyEvent) -> Vec<u8> {
    let text = |text: &str| text.as_bytes().to_vec();
    match key.code {
        KeyCode::Char(letter) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            vec![u8::try_from(letter).unwrap() & 0x1f]
        }
        KeyCode::Char(letter) => letter.to_string().into_bytes(),
        KeyCode::Left if key.modifiers == KeyModifiers::SHIFT => text("\x1b[1;2D"),
        KeyCode::Right if key.modifiers == KeyModifiers::SHIFT => text("\x1b[1;2C"),
        KeyCode::Enter => text("\r"),
        KeyCode::Esc => text("\x1b"),
        KeyCode::Tab => text("\t"),
        KeyCode::BackTab => text("\x1b[Z"),
        KeyCode::Backspace => text("\x7f"),
        KeyCode::Delete => text("\x1b[3~"),
        KeyCode::Up => text("\x1b[A"),
        KeyCode::Down => text("\x1b[B"),
        KeyCode::Right => text("\x1b[C"),
        KeyCode::Left => text("\x1b[D"),
        KeyCode::Home => text("\x1b[H"),
        KeyCode::End => text("\x1b[F"),
        KeyCode::PageUp => text("\x1b[5~"),
        KeyCode::PageDown => text("\x1b[6~"),
        KeyCode::F(number @ 1..=4) => text(["\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS"][usize::from(number) - 1]),
        KeyCode::F(number) => {
            let code = [15, 17, 18, 19, 20, 21, 23, 24][usize::from(number) - 5];
            format!("\x1b[{code}~").into_bytes()
        }
        other => panic!("no keyboard has {other:?}"),
    }
}
