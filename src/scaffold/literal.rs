//! TypeScript literals and import specifiers.

use std::{
    fmt::Write as _,
    path::{Component, Path},
};

/// Returns `text` as a string in single quotes.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // Line separators too: not every reader takes them inside a string.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a string cannot fail.
                write!(out, "\\u{{{:x}}}", u32::from(c)).ok();
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Returns how a file in `folder` imports the module `from`: a TypeScript file of the project, by
/// its path in the project, or a specifier, as it is.
pub(super) fn specifier(folder: &Path, from: &str) -> String {
    let Some(module) = module_path(from) else {
        return from.to_owned();
    };
    let plain = |path: &Path| -> Vec<String> {
        let normal = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        });
        normal.collect()
    };
    let (folder, module) = (plain(folder), plain(Path::new(module)));
    let shared = folder
        .iter()
        .zip(&module)
        .take_while(|(a, b)| a == b)
        .count();
    let up = "../".repeat(folder.len() - shared);
    let up = if up.is_empty() { "./" } else { &up };
    format!("{up}{}", module[shared..].join("/"))
}

/// Returns the path without its ending, if `from` is a TypeScript file.
fn module_path(from: &str) -> Option<&str> {
    let endings = [".d.ts", ".ts", ".tsx"];
    endings.iter().find_map(|ending| from.strip_suffix(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_holds_what_it_holds() {
        assert_eq!(string("profile:"), "'profile:'");
        assert_eq!(
            string("a'b\\c\n\u{0}\u{2028}é"),
            "'a\\'b\\\\c\\n\\u{0}\\u{2028}é'"
        );
    }

    #[test]
    fn a_file_of_the_project_is_imported_relatively() {
        let from = |folder: &str, from| specifier(Path::new(folder), from);
        assert_eq!(from("src/lib/kv", "src/lib/types.ts"), "../types");
        assert_eq!(from("./src/kv", "src/kv/x.d.ts"), "./x");
        assert_eq!(from("kv", "types.ts"), "../types");
        assert_eq!(from("src/kv", "@/lib/types"), "@/lib/types");
        assert_eq!(from("src/kv", "../types.js"), "../types.js");
    }
}
