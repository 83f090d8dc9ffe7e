//! Figures as a line of bars.

/// Draws one bar for each value, the highest for the greatest; nothing at all is a dot.
pub fn spark(values: impl IntoIterator<Item = u64>) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<u64> = values.into_iter().collect();
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
        assert_eq!(spark([0, 1, 2, 3, 4, 5, 6, 7, 8]), "·▁▂▃▄▅▆▇█");
        assert_eq!(spark([0, 0]), "··");
        assert_eq!(spark([1, 1_000_000]), "▁█");
        assert_eq!(spark([u64::MAX, u64::MAX / 2]), "█▄");
        assert_eq!(spark([]), "");
    }
}
