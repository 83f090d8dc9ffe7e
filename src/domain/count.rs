//! Numbers and their nouns, as all messages write them.

use std::fmt::Display;

/// Returns a whole number with a comma between groups of three digits: `12,345`.
pub fn thousands(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a count with its noun: `1 key`, `2 keys`, `3 entries`.
pub fn quantity(count: impl Display, noun: &str) -> String {
    let count = thousands(count);
    if count == "1" {
        return format!("{count} {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_its_noun_and_groups_of_three_digits() {
        for (count, noun, text) in [
            (0_u64, "key", "0 keys"),
            (1, "key", "1 key"),
            (2, "entry", "2 entries"),
            (1, "entry", "1 entry"),
            (999, "byte", "999 bytes"),
            (1000, "record", "1,000 records"),
            (u64::MAX, "byte", "18,446,744,073,709,551,615 bytes"),
        ] {
            assert_eq!(quantity(count, noun), text);
        }
    }
}
