//! The files of `wrangler kv bulk`.
//!
//! `put` takes an array of records:
//!
//! ```json
//! [
//! {"key":"greeting","value":"hello","expiration":1767225600,"metadata":{"lang":"en"}},
//! {"key":"logo","value":"iVBORw0=","base64":true}
//! ]
//! ```
//!
//! `get` and `delete` take an array of keys, each a string or an object with `name`, as
//! `wrangler kv key list` prints them: `["greeting", {"name": "logo"}]`.
//!
//! Arrays are read entry by entry, never as a whole. A field that the service does not know is an
//! error, since it is most likely a misspelt one that would be lost.

mod elements;
mod keys;
mod reader;
mod writer;

pub use keys::{KeyListReader, ListedKey};
pub use reader::WranglerReader;
pub use writer::WranglerWriter;
