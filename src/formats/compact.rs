//! JSON without the blanks between its tokens, and otherwise as it was written.

use std::borrow::Cow;

/// Takes the blanks out of `json`, which must be JSON; strings and numbers keep their spelling.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    let blank = |b: u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    if !json.bytes().any(blank) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    text.extend(json.chars().filter(|&c| {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            return true;
        }
        quoted = c == '"';
        !u8::try_from(c).is_ok_and(blank)
    }));
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn blanks_go_and_strings_stay() {
        assert_eq!(compact("{ \"a b\" :\n\t1.0 }"), r#"{"a b":1.0}"#);
        assert_eq!(compact(r#"[ "a \" b", "\\" , 1 ]"#), r#"["a \" b","\\",1]"#);
        assert_eq!(compact("1"), "1");
    }
}
