//! The names of Workers.

/// Whether wrangler accepts `name` for a Worker: lower-case letters, digits, dashes and underscores,
/// not beginning with a dash. Names of Pages projects are among these.
///
/// Placeholders such as `<YOUR_WORKER_NAME>` and `YOUR_NAME` are refused, and so is `<name>-<env>` with
/// an environment in upper case: wrangler lets it pass, and the service does not.
pub fn is_worker_name(name: &str) -> bool {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_no_worker_name() {
        for name in ["bio", "my_bio-2", "_x", "0"] {
            assert!(is_worker_name(name), "{name}");
        }
        let refused = [
            "",
            " ",
            "-x",
            "<YOUR_WORKER_NAME>",
            "YOUR_NAME",
            "{{name}}",
            "${NAME}",
            "my worker",
            "bio\n",
            "go.example.dev",
            "传记",
        ];
        for name in refused {
            assert!(!is_worker_name(name), "{name}");
        }
    }
}
