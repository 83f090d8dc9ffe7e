//! kvctl's own format: NDJSON with a header and a footer.
//!
//! ```json
//! {"kvctl":1,"kind":"records"}
//! {"key":"greeting","value":"hello","expiration":1767225600,"metadata":{"lang":"en"}}
//! {"key":"logo","value":"iVBORw0=","base64":true}
//! {"kvctl":1,"kind":"end","records":2,"sha256":"…"}
//! ```
//!
//! A record is what one entry of wrangler's array is. `value` is the text of the value if it is
//! UTF-8, otherwise its base64, which `base64` then says; text whose escapes would make a line of
//! more than 40 MiB is base64 too. `metadata` keeps the spelling of its numbers and the order of
//! its fields.
//!
//! The checksum is over the lines between header and footer, each without its line ending and
//! followed by one LF: `sed '1d;$d' FILE | sha256sum`. Blank lines do not count, so that a file
//! survives a passage through Windows.
//!
//! A file with neither header nor footer is taken too, since anyone may write one by hand; then
//! [`Summary::verified`](super::Summary::verified) is false.

mod reader;
mod resume;
mod writer;

pub use reader::NdjsonReader;
pub use resume::{Partial, PartialError};
pub use writer::NdjsonWriter;
