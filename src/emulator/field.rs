//! Fields of headers that are a word with parameters, such as media types. Pure.
//!
//! The word and the names of parameters may be written in any case (RFC 9110, 5.6.6 and 8.3.1), and
//! there may be blanks around each `;`.

/// A word and its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The word, in lower case.
    pub(super) word: String,
    /// The names in lower case, and the values as they are, without quotes.
    parameters: Vec<(String, String)>,
}

impl Field {
    /// Reads the value of a header.
    pub(super) fn read(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let (word, mut rest) = text.split_once(';').unwrap_or((&text, ""));
        let mut parameters = Vec::new();
        while let Some((name, from)) = rest.split_once('=') {
            // Skip parts without a value.
            let name = name.rsplit(';').next().unwrap_or_default();
            let (value, after) = value_at(from.trim_start_matches(BLANK));
            parameters.push((name.trim_matches(BLANK).to_ascii_lowercase(), value));
            rest = after.split_once(';').map_or("", |(_, rest)| rest);
        }
        Self {
            word: word.trim_matches(BLANK).to_ascii_lowercase(),
            parameters,
        }
    }

    /// Returns a parameter; the first, if it is given twice.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Whitespace allowed around words.
const BLANK: [char; 2] = [' ', '\t'];

/// Takes a value from the start of `text`, and returns what follows.
fn value_at(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim_matches(BLANK).to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_blanks_do_not_matter() {
        for text in [
            "multipart/form-data; boundary=aB",
            "Multipart/Form-Data;BOUNDARY=aB",
            " multipart/FORM-data \t;\tx ; charset=UTF-8 ; boundary = \"aB\" ",
            "multipart/form-data; x=\"a;boundary=no\\\"\"; boundary=\"a\\B\"; boundary=2",
        ] {
            let field = Field::read(text.as_bytes());
            assert_eq!(field.word, "multipart/form-data", "{text}");
            assert_eq!(field.parameter("boundary"), Some("aB"), "{text}");
        }
        let field = Field::read(b"form-data; name=");
        assert_eq!(field.parameter("name"), Some(""));
        for text in [
            "multipart/form-datax",
            "multipart",
            "",
            ";=",
            "\"multipart/form-data\"",
        ] {
            let field = Field::read(text.as_bytes());
            assert_ne!(field.word, "multipart/form-data", "{text}");
            assert_eq!(field.parameter("boundary"), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in "[^\\r\\n]{0,20}", word in "[A-Za-z/-]{1,10}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let field = Field::read(format!("{word} ; A=b;Name=\"{quoted}\"; c=d").as_bytes());
            prop_assert_eq!(field.word.as_str(), word.to_ascii_lowercase());
            prop_assert_eq!(field.parameter("name"), Some(value.as_str()));
            prop_assert_eq!(field.parameter("c"), Some("d"));
        }

        #[test]
        fn nothing_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            Field::read(&bytes);
        }
    }
}
