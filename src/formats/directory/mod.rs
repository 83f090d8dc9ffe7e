//! A directory: a file for each key, whose content is the value.
//!
//! `/` in a key is `/` in the path. What a file system cannot hold, or reads in its own way, is
//! percent-encoded, so that every key has a path inside the directory, and the path tells the key:
//!
//! | in the key | in the path |
//! | --- | --- |
//! | `%`, control characters, `<>:"\|?*` | `%25`, `%0A`, … |
//! | `.` at the beginning of a segment, `.` or a space at its end | `%2E`, `%20` |
//! | a segment that is a device on Windows (`con`, `nul.txt`) | its first letter is encoded |
//! | an empty segment (`/a`, `a//b`, `a/`) | a file or directory named `%_` |
//! | a segment of more than 240 bytes, encoded | directories that end in `%+`, without a `/` |
//! | `a/b` where the key `a` exists too | the directory is `a%=`, beside the file `a` |
//!
//! Expiration and metadata are in the index, `.kvctl.ndjson`: a header, and one line for each key
//! that has either, in the order of the keys' bytes:
//!
//! ```json
//! {"kvctl":1,"kind":"index"}
//! {"key":"a/b","expiration":1767225600,"metadata":{"lang":"en"}}
//! ```
//!
//! The header of an export of keys with certain prefixes names them: `"prefix":"a"`, or an array.
//!
//! Any directory can be read: a `%` that encodes nothing is literal. Names that begin with `.` are
//! skipped, with everything below them, unless they are included; the skipped names are reported at
//! the end. Links are followed only to files inside the directory. Keys come in the order of their
//! bytes; the names of the directories on the way to the current one are held in memory, nothing
//! else. Keys that differ only in case, or only in how an accent is composed, are one file on some
//! systems; that is not solved here.

mod index;
mod layout;
mod names;
mod reader;
mod walk;

pub use layout::{Layout, Placed, path_of};
pub use reader::DirectoryReader;
pub use walk::Skipped;

/// The name of the index, in the directory itself.
pub const INDEX: &str = ".kvctl.ndjson";
