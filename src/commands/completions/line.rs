//! A line of bash up to the cursor: its words, and how to continue the last one.

/// The words of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Without quotes and escapes; the last is the one to complete.
    pub(super) words: Vec<String>,
    /// What precedes, in the last word, the part that bash replaces.
    kept: String,
    quote: Quote,
}

/// How the part that bash replaces is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
    /// In a way that cannot be continued safely.
    Closed,
}

impl Line {
    /// Reads a line. `breaks` are the characters at which bash begins a part that it replaces.
    pub(super) fn read(text: &str, breaks: &str) -> Self {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut kept = String::new();
        let mut quote = Quote::None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let open = word.get_or_insert_default();
            match (quote, c) {
                (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::Closed,
                (Quote::Double, '\\') => match rest.next() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => open.push(c),
                    Some(c) => open.extend(['\\', c]),
                    None => {}
                },
                (Quote::Single | Quote::Double, c) => open.push(c),
                (_, '\'') => (quote, kept) = (Quote::Single, open.clone()),
                (_, '"') => (quote, kept) = (Quote::Double, open.clone()),
                (_, '\\') => open.extend(rest.next()),
                (_, c) if c.is_whitespace() => {
                    words.extend(
                        word.take()
                            .filter(|it| !it.is_empty() || quote == Quote::Closed),
                    );
                    kept.clear();
                    quote = Quote::None;
                }
                (_, c) => {
                    open.push(c);
                    if breaks.contains(c) {
                        (quote, kept) = (Quote::None, open.clone());
                    }
                }
            }
        }
        words.push(word.unwrap_or_default());
        Self { words, kept, quote }
    }

    /// Returns what bash puts in for `candidate`, quoted; nothing if it cannot be put in safely.
    pub(super) fn insertion(&self, candidate: &str) -> Option<String> {
        let rest = candidate.strip_prefix(&self.kept)?;
        match self.quote {
            Quote::Closed => None,
            Quote::Single => (!rest.contains('\'')).then(|| rest.to_owned()),
            Quote::Double => {
                let is_plain = !rest.contains(['"', '\\', '$', '`', '!']);
                is_plain.then(|| rest.to_owned())
            }
            Quote::None => Some(escaped(rest)),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let is_plain = c.is_ascii_alphanumeric() || !c.is_ascii() || "_-=.,:/@%+".contains(c);
        if !is_plain {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use proptest::prelude::*;

    use super::*;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    fn words(text: &str) -> Vec<String> {
        Line::read(text, BREAKS).words
    }

    #[test]
    fn words_are_those_of_the_shell() {
        assert_eq!(words("kvctl key "), ["kvctl", "key", ""]);
        assert_eq!(
            words(r#"kvctl -c 'a b' "c\"d" e\ f"#),
            ["kvctl", "-c", "a b", "c\"d", "e f"]
        );
        assert_eq!(words("kvctl '' x"), ["kvctl", "", "x"]);
        assert_eq!(words("kvctl 'a b"), ["kvctl", "a b"]);
        assert_eq!(words(""), [""]);
    }

    #[test]
    fn only_what_bash_replaces_is_put_in() {
        let put = |text: &str, candidate: &str| Line::read(text, BREAKS).insertion(candidate);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            put("kvctl copy --from binding:O", "binding:ONE"),
            some("ONE")
        );
        assert_eq!(
            put("kvctl key get --binding=O", "--binding=ONE"),
            some("ONE")
        );
        assert_eq!(
            put("kvctl key get it", "it's; rm *"),
            some(r"it\'s\;\ rm\ \*")
        );
        assert_eq!(put("kvctl key get 'it", "it s"), some("it s"));
        assert_eq!(put("kvctl key get 'it", "it's"), None);
        assert_eq!(put("kvctl key get \"a", "a$(b)"), None);
        assert_eq!(put("kvctl key get 'a'b", "abc"), None);
        assert_eq!(put("kvctl key get a\\:b", "a:bc"), some("a:bc"));
    }

    #[cfg(unix)]
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_inserted_word_is_the_candidate(candidate in "[ -~é🦀]{1,12}") {
            let put = Line::read("kvctl ", BREAKS).insertion(&candidate).unwrap();
            let line = format!("kvctl {put}");
            let read = words(&line);
            prop_assert_eq!(&read[1..], std::slice::from_ref(&candidate));
            let mut shell = std::process::Command::new("bash");
            if let Ok(said) = shell.args(["-c", &format!("printf %s {put}")]).output() {
                prop_assert_eq!(String::from_utf8_lossy(&said.stdout), candidate);
            }
        }
    }
}
