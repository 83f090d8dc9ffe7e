//! Paths as they are shown.

use std::{borrow::Cow, path::Path};

/// Shows paths, in messages, reports and JSON alike.
pub trait ShowPath {
    /// Returns the path with one separator: `/`, as in wrangler files and as GitHub wants it. On Windows, a path that
    /// begins with a drive or a server has `\`.
    fn shown(&self) -> Cow<'_, str>;
}

impl ShowPath for Path {
    fn shown(&self) -> Cow<'_, str> {
        let text = self.to_string_lossy();
        if cfg!(windows) {
            with_one_separator(&text).into()
        } else {
            // A `\` may be part of a name.
            text
        }
    }
}

/// Returns a path of Windows with one separator.
fn with_one_separator(text: &str) -> String {
    let has_drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if has_drive || text.starts_with(r"\\") {
        text.replace('/', r"\")
    } else {
        text.replace('\\', "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_windows_has_one_separator() {
        for (path, shown) in [
            (r"src/lib\kv/cache.ts", "src/lib/kv/cache.ts"),
            (r"..\dist\wrangler.json", "../dist/wrangler.json"),
            ("/nonexistent", "/nonexistent"),
            (r"C:\app/out/report.xml", r"C:\app\out\report.xml"),
            ("c:/app", r"c:\app"),
            (r"\\server\share\app/x", r"\\server\share\app\x"),
            (r"\\?\C:\app", r"\\?\C:\app"),
            ("é:/x", "é:/x"),
            ("", ""),
        ] {
            assert_eq!(with_one_separator(path), shown, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn elsewhere_a_backslash_is_part_of_a_name() {
        assert_eq!(Path::new(r"a/b\c").shown(), r"a/b\c");
        assert_eq!(Path::new(r"C:/b\c").shown(), r"C:/b\c");
    }
}
