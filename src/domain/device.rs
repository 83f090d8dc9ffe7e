//! Names of files that Windows takes for devices.

/// Names of devices. `com` and `lpt` have a digit, too.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Whether Windows takes the name of a file for a device, whatever its extension.
pub fn is_device_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_lowercase();
    let numbered = |port: &str| {
        let digit = stem.strip_prefix(port);
        // Superscripts are digits, too.
        digit.is_some_and(|d| d.chars().count() == 1 && d.contains(is_digit))
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '¹' | '²' | '³')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_any_case_and_extension() {
        for name in ["NUL", "nul.txt", "aux .c", "Com1", "lpt³.a.b", "CONIN$"] {
            assert!(is_device_name(name), "{name}");
        }
        for name in ["null", "com", "com10", "comet", "a.nul", "console", ""] {
            assert!(!is_device_name(name), "{name}");
        }
    }
}
