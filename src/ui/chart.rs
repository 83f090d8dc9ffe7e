//! Numbers that are drawn: bars and rows of bars.

/// How wide a bar is at most.
pub(super) const BAR_MAX: usize = 32;

/// Reads numbers that are separated by blanks.
pub(super) fn values(text: &str) -> Vec<u64> {
    let words = text.split(' ').filter(|word| !word.is_empty());
    words.map(|word| word.parse().unwrap_or_default()).collect()
}

/// Draws a bar that is `width` wide for the greatest value, in eighths. What is not zero is seen.
pub(super) fn bar(value: u64, greatest: u64, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if value == 0 || width == 0 {
        return String::new();
    }
    let eighths = u128::from(value) * (width as u128 * 8) / u128::from(greatest.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(usize::MAX);
    let eighths = eighths.clamp(1, width.saturating_mul(8));
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    "█".repeat(eighths / 8) + part
}

/// Draws a narrow bar per value, the highest for the maximum; zero is a dot. Where there are more
/// values than there is room for, one bar is the sum of some that follow each other.
pub(super) fn spark(mut values: Vec<u64>, width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if width == 0 {
        return String::new();
    }
    if values.len() > width {
        let size = values.len().div_ceil(width);
        let sum = |some: &[u64]| some.iter().fold(0_u64, |sum, one| sum.saturating_add(*one));
        // From the end, so that the last bar is as long as the others.
        values = values.rchunks(size).rev().map(sum).collect();
    }
    let greatest = u128::from(values.iter().copied().max().unwrap_or_default());
    let bar = |value: u64| {
        if value == 0 {
            return '·';
        }
        let eighth = (u128::from(value) * 8).div_ceil(greatest.max(1));
        let at = usize::try_from(eighth).unwrap_or(8).clamp(1, 8) - 1;
        BARS.get(at).copied().unwrap_or('█')
    };
    values.iter().copied().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_values() {
        let spark = |values: &[u64]| spark(values.to_vec(), 31);
        assert_eq!(spark(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), "·▁▂▃▄▅▆▇█");
        assert_eq!(spark(&[0, 0]), "··");
        assert_eq!(spark(&[1, 1_000_000]), "▁█");
        assert_eq!(spark(&[u64::MAX, u64::MAX / 2]), "█▄");
        assert_eq!(spark(&[]), "");
    }

    #[test]
    fn what_has_no_room_for_each_day_has_sums_of_several() {
        assert_eq!(spark(vec![8, 1, 1, 2, 2, 4, 4], 4), "█▂▄█");
        assert_eq!(spark(vec![1; 31], 7).chars().count(), 7);
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_nothing() {
        assert_eq!(bar(4, 4, 3), "███");
        assert_eq!(bar(2, 4, 3), "█▌");
        assert_eq!(bar(1, u64::MAX, 3), "▏");
        assert_eq!(bar(u64::MAX, u64::MAX, 2), "██");
        assert_eq!((bar(0, 4, 3), bar(1, 1, 0)), (String::new(), String::new()));
    }
}
