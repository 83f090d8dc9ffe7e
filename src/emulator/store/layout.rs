//! Where `wrangler dev` keeps what: the names of its files. Imports `domain`. Pure.
//!
//! Below the directory that `--persist-to` names, `.wrangler/state` otherwise:
//!
//! ```text
//! v3/kv/miniflare-KVNamespaceObject/<64 hex digits>.sqlite   one for each namespace
//! v3/kv/<name of the namespace>/blobs/<80 hex digits>        one for each value, bare
//! ```
//!
//! So it has been since the autumn of 2023. `metadata.sqlite` beside the databases is workerd's own,
//! and changes from version to version: it is not needed, and never made here.

use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::domain::hex;

/// The class whose objects hold the pairs, as miniflare calls it.
const CLASS: &str = "miniflare-KVNamespaceObject";

/// The longest name of a folder, in UTF-16 units.
const NAME_MAX: usize = 255;

/// Returns the database of a namespace, which holds all but the values.
pub(super) fn database(root: &Path, namespace: &str) -> PathBuf {
    let name = format!("{}.sqlite", object_id(namespace));
    databases(root).join(name)
}

/// Returns the folder of a namespace's values. Two namespaces may share one: names of values are
/// random.
pub(super) fn blobs(root: &Path, namespace: &str) -> PathBuf {
    namespaces(root).join(folder(namespace)).join("blobs")
}

/// How many characters the name of a value has.
const BLOB_CHARS: usize = 80;

/// Whether `name` is that of a value: hexadecimal digits, as many as [`hex`] makes of 40 bytes.
pub(super) fn is_blob(name: &str) -> bool {
    name.len() == BLOB_CHARS && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns all that a namespace is kept in, from the outside inwards.
pub(super) fn parts(root: &Path, namespace: &str) -> [PathBuf; 6] {
    let blobs = blobs(root, namespace);
    let own = blobs.parent().unwrap_or(&blobs).to_owned();
    [
        root.join("v3"),
        namespaces(root),
        databases(root),
        database(root, namespace),
        own,
        blobs,
    ]
}

/// Returns the folder of all databases.
pub(super) fn databases(root: &Path) -> PathBuf {
    namespaces(root).join(CLASS)
}

/// Returns the folder that holds a folder for each namespace.
pub(super) fn namespaces(root: &Path) -> PathBuf {
    root.join("v3").join("kv")
}

/// Returns the folder of what wrangler knows nothing of: titles, and counts.
pub(in crate::emulator) fn kvctl_directory(root: &Path) -> PathBuf {
    root.join("kvctl")
}

/// Returns where the database of a namespace was until September 2023.
pub(super) fn old_database(root: &Path, namespace: &str) -> PathBuf {
    namespaces(root).join(folder(namespace)).join(OLD_NAME)
}

/// What a namespace's database was called then, in the folder of its values.
pub(super) const OLD_NAME: &str = "db.sqlite";

/// The id that workerd gives to the object called `name`: half of it from the name, half from that
/// half.
fn object_id(name: &str) -> String {
    let key = Sha256::digest(CLASS);
    let half = |of: &[u8]| -> Option<Vec<u8>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(of);
        Some(mac.finalize().into_bytes()[..16].to_vec())
    };
    // A key of any length will do, so there are always two halves.
    let first = half(name.as_bytes()).unwrap_or_default();
    let second = half(&first).unwrap_or_default();
    hex(&[first, second].concat())
}

/// Makes a folder's name of a namespace's, by the rules of miniflare.
fn folder(namespace: &str) -> String {
    let slash = |c: char| matches!(c, '/' | '\\');
    let mut parts = namespace.split_inclusive(slash).map(|part| {
        let name = part.trim_end_matches(slash);
        let dots = !name.is_empty() && name.bytes().all(|byte| byte == b'.');
        part.chars()
            .map(|c| match c {
                '.' if dots => '_',
                '?' | '<' | '>' | '*' | '"' | '\'' | '^' | '/' | '\\' | ':' | '|' => '_',
                c if c.is_control() && c != '\u{7f}' => '_',
                c => c,
            })
            .collect::<String>()
    });
    let name: String = parts.by_ref().collect();
    if is_device(&name) {
        return "_".to_owned();
    }
    let inner = name.trim_start_matches(' ');
    let leading = name.len() - inner.len();
    let inner = inner.trim_end_matches(' ');
    let trailing = name.len() - leading - inner.len();
    let name = ["_".repeat(leading).as_str(), inner, &"_".repeat(trailing)].concat();
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= NAME_MAX
    };
    name.chars().take_while(fits).collect()
}

/// Whether Windows takes the name for a device, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" => true,
        _ => {
            let number = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
            number.is_some_and(|n| n.len() == 1 && n.bytes().all(|byte| byte.is_ascii_digit()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_where_wrangler_looks() {
        let root = Path::new("state");
        assert_eq!(
            database(root, "myns"),
            Path::new(
                "state/v3/kv/miniflare-KVNamespaceObject/\
                 c529f976ff0a37088424b0e1e89e93cc6e0a914f0af2f921eb69d453c4361f19.sqlite"
            )
        );
        assert_eq!(blobs(root, "myns"), Path::new("state/v3/kv/myns/blobs"));
    }

    #[test]
    fn a_folder_has_a_name_that_any_system_takes() {
        for (namespace, expected) in [
            (
                "0f2ac74b498b48028cb68387c421e279",
                "0f2ac74b498b48028cb68387c421e279",
            ),
            ("..", "__"),
            ("a/../b\\.", "a____b__"),
            ("...a", "...a"),
            ("CON", "_"),
            ("lpt9.txt", "_"),
            ("com10", "com10"),
            ("console", "console"),
            ("a b/c%é", "a b_c%é"),
            ("x:y*z", "x_y_z"),
            ("\0\u{1f}\u{7f}\u{80}", "__\u{7f}_"),
            ("  a ", "__a_"),
            ("   ", "___"),
        ] {
            assert_eq!(folder(namespace), expected, "{namespace:?}");
        }
        assert_eq!(folder(&"a".repeat(300)).len(), 255);
        assert_eq!(folder(&"🦀".repeat(200)).chars().count(), 127);
    }
}
