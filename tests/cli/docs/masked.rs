//! Comparing what a page shows with what a command printed.

/// Whether both are the same but for ids, hashes and times. A line of `…` in what is shown stands for any lines.
pub(crate) fn same(shown: &str, printed: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        let text = text.trim_matches('\n');
        text.lines().map(masked).collect()
    };
    matches(&lines(shown), &lines(printed))
}

fn matches(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, others)| line == first && matches(rest, others)),
    }
}

/// Puts a word in place of what differs from run to run.
fn masked(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.trim_end();
    while let Some(c) = rest.chars().next() {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"-:.".contains(c))
            .unwrap_or(rest.len());
        let word = &rest[..end.max(c.len_utf8())];
        out.push_str(mask(word).unwrap_or(word));
        rest = &rest[word.len()..];
    }
    out
}

fn mask(word: &str) -> Option<&'static str> {
    let word = word.trim_matches(':');
    let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let hex = word.chars().all(digits);
    match word.len() {
        32 if hex => Some("ID"),
        64 if hex => Some("HASH"),
        // UNIX seconds of these years.
        10 if word.starts_with('1') && word.chars().all(|c| c.is_ascii_digit()) => Some("SECONDS"),
        20.. if word.parse::<jiff::Timestamp>().is_ok() => Some("TIME"),
        _ => None,
    }
}

#[test]
fn ids_and_times_may_differ_and_nothing_else() {
    let id = "0f2ac74b498b48028cb68387c421e279";
    let other = id.replace('0', "1");
    assert!(same(
        &format!("a ({id}) b\n"),
        &format!("a ({other}) b\n\n")
    ));
    assert!(!same(&format!("a {id} b"), &format!("a  {id} b")));
    assert!(same("at 2026-11-26T10:00:00Z", "at 2027-01-01T00:00:01Z"));
    assert!(same("a\n…\nd", "a\nb\nc\nd"));
    assert!(same("a\n…\nd", "a\nd"));
    assert!(!same("a\n…\nd", "a\nb"));
    assert!(!same("a", "a\nb"));
}
