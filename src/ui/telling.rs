//! Answers in words, as the screens say them: what paper says too stands in `report`.

pub(crate) use crate::report::told::{answer, clock, label, value};

/// The words before any explanation in brackets: enough for a column. A bracket that belongs to a number, as in *s.3(2)*, explains nothing.
pub(crate) fn brief(label: &str) -> &str {
    let ends = [" (", ";"].into_iter().filter_map(|sign| label.find(sign));
    label.get(..ends.min().unwrap_or(label.len())).unwrap_or(label).trim()
}

/// A size in bytes as people say it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_before_a_bracket_are_enough() {
        assert_eq!(brief("Trafficking in persons (victim is exploited)"), "Trafficking in persons");
        assert_eq!(brief("PTPA18 s.3(2) Trafficking of a child (2018 text)"), "PTPA18 s.3(2) Trafficking of a child");
    }
}
