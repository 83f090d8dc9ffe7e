//! One segment of a key as names of files, and back.

use std::{fmt::Write as _, str};

use crate::{domain::is_device_name, formats::Problem};

/// The longest name, without the two bytes of an ending, in bytes. File systems take 255.
const NAME_MAX_BYTES: usize = 240;

/// The name of an empty segment.
const EMPTY: &str = "%_";

/// Ends the name of a directory whose segment continues in the next name.
const CONTINUED: &str = "%+";

/// Suffix of a directory next to a file for the same segment.
const BESIDE: &str = "%=";

/// Encodes a segment as one name, or several if it is long; all but the last are directories.
pub(super) fn encode(segment: &str) -> Vec<String> {
    if segment.is_empty() {
        return vec![EMPTY.to_owned()];
    }
    let mut names = Vec::new();
    let mut name = String::new();
    for (at, c) in segment.char_indices() {
        let rest = &segment[at..];
        let mut coded = coded(c, rest, name.is_empty());
        if name.len() + coded.len() > NAME_MAX_BYTES {
            names.push(name + CONTINUED);
            name = String::new();
            coded = self::coded(c, rest, true);
        }
        name.push_str(&coded);
    }
    names.push(name);
    names
}

/// Marks the name of a directory as standing beside a file of the same segment.
pub(super) fn beside(name: &mut String) {
    name.push_str(BESIDE);
}

/// The spelling of `c`, which begins `rest`, the part of the segment that is not yet encoded.
fn coded(c: char, rest: &str, first: bool) -> String {
    let last = rest.len() == c.len_utf8();
    let encode = c.is_ascii_control()
        || "%<>:\"\\|?*/".contains(c)
        || (first && (c == '.' || is_device_name(rest)))
        || (last && matches!(c, '.' | ' '));
    let mut coded = String::new();
    if !encode {
        coded.push(c);
        return coded;
    }
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        if write!(coded, "%{byte:02X}").is_err() {
            break;
        }
    }
    coded
}

/// Decodes the name of a file: the last segment of a key, or the end of it.
pub(super) fn of_file(name: &str) -> Result<String, Problem> {
    if name == EMPTY {
        return Ok(String::new());
    }
    decode(name)
}

/// Decodes the name of a directory, and returns whether the segment continues.
pub(super) fn of_directory(name: &str) -> Result<(String, bool), Problem> {
    if let Some(start) = name.strip_suffix(CONTINUED) {
        return Ok((decode(start)?, true));
    }
    let name = name.strip_suffix(BESIDE).unwrap_or(name);
    Ok((of_file(name)?, false))
}

fn decode(name: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%'
            && let Some((code, behind)) = after.split_at_checked(2)
            && let Some(decoded) = hexadecimal(code)
        {
            bytes.push(decoded);
            rest = behind;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    if bytes.contains(&b'/') {
        return Err(Problem::NameWithSlash);
    }
    String::from_utf8(bytes).map_err(|_shows_the_name| Problem::NameNotUtf8)
}

fn hexadecimal(code: &[u8]) -> Option<u8> {
    if !code.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_readable_where_they_can() {
        let one = |segment: &str| encode(segment).join("|");
        assert_eq!(one("user 42.json"), "user 42.json");
        assert_eq!(one("café😀"), "café😀");
        assert_eq!(one(""), "%_");
        assert_eq!(one("%_"), "%25_");
        assert_eq!(one("."), "%2E");
        assert_eq!(one(".."), "%2E%2E");
        assert_eq!(one("..."), "%2E.%2E");
        assert_eq!(one(".kvctl.ndjson"), "%2Ekvctl.ndjson");
        assert_eq!(one("a. "), "a.%20");
        assert_eq!(one("a\\b:c\n"), "a%5Cb%3Ac%0A");
        assert_eq!(one("NUL.txt"), "%4EUL.txt");
        assert_eq!(one("com1"), "%63om1");
        assert_eq!(one("CONOUT$"), "%43ONOUT$");
        assert_eq!(one("lpt²"), "%6Cpt²");
        assert_eq!(one("comet"), "comet");
    }

    #[test]
    fn a_long_segment_becomes_several_names() {
        let names = encode(&format!("{}.é", "x".repeat(240)));
        assert_eq!(names, [format!("{}%+", "x".repeat(240)), "%2Eé".to_owned()]);
        assert!(
            encode(&"\n".repeat(512))
                .iter()
                .all(|name| name.len() <= 255)
        );
    }

    #[test]
    fn names_that_are_no_keys_are_refused() {
        assert!(matches!(decode("a%2Fb"), Err(Problem::NameWithSlash)));
        assert!(matches!(decode("%FF"), Err(Problem::NameNotUtf8)));
        assert_eq!(decode("100%").unwrap(), "100%");
        assert_eq!(decode("%é").unwrap(), "%é");
        assert_eq!(decode("%+1").unwrap(), "%+1");
    }
}
