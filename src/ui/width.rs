//! How many columns a terminal uses for a text.

/// Measures texts.
pub(super) trait Width {
    /// Returns how many columns a terminal uses at most. Some draw a joined emoji, as a family, in two
    /// columns, and others its people one beside the other: no line may be too wide on either.
    fn width(&self) -> usize;
}

impl Width for str {
    fn width(&self) -> usize {
        // What makes an emoji of the character before it makes that wide.
        let presented = self.matches('\u{fe0f}').count();
        let apart: usize = self
            .chars()
            .map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(1))
            .sum();
        (apart + presented).max(unicode_width::UnicodeWidthStr::width(self))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn joined_emoji_count_as_what_they_are_made_of() {
        for (text, width) in [
            ("", 0),
            ("abc", 3),
            ("鍵", 2),
            ("e\u{301}", 1),
            ("👨\u{200d}👩\u{200d}👧\u{200d}👦", 8),
            ("👩\u{200d}💻", 4),
            ("👍🏽", 4),
            ("❤\u{fe0f}", 2),
        ] {
            assert_eq!(text.width(), width, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_terminal_needs_more(a in "\\PC{0,12}", b in "(👩|\u{200d}|👍|🏽|❤|\u{fe0f}|e|\u{301}){0,12}") {
            let text = a + &b;
            let apart: usize = text.chars().map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(0)).sum();
            prop_assert!(text.width() >= apart);
            prop_assert!(text.width() >= unicode_width::UnicodeWidthStr::width(text.as_str()));
        }
    }
}
