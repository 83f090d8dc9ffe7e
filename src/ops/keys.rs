//! Single keys: the error for one that does not exist.

use crate::{
    api,
    domain::{Classification, Classify, ErrorClass, Hint},
    wire::code,
};

/// The key does not exist, though its namespace does.
#[derive(Debug, thiserror::Error)]
#[error("key `{key}` does not exist in {namespace}")]
pub struct Absent {
    /// The key, ready to be shown.
    pub key: String,
    /// The namespace, as the user knows it.
    pub namespace: String,
    /// The arguments that select the namespace.
    pub selection: Vec<String>,
    /// Whether it is in the local store.
    pub local: bool,
    /// Other sections of the wrangler file that have a binding of that name, ready to be shown.
    pub elsewhere: Vec<String>,
}

impl Classify for Absent {
    fn classify(&self) -> Classification {
        let list = |purpose| Hint::run_with("key list", self.selection.clone(), purpose);
        if !self.elsewhere.is_empty() {
            let list = list("to see the keys of this one");
            let elsewhere = self.elsewhere.join(", ");
            return ErrorClass::NotFound
                .hint(format!("the same binding is also in {elsewhere}; {list}"));
        }
        ErrorClass::NotFound.hint(list(if self.local {
            "to see the keys there are"
        } else {
            "to see the keys there are; one that was written within the last minute may not be seen \
             everywhere yet"
        }))
    }
}

/// Whether `error` says that the key does not exist, and not that something above it does not.
pub fn is_absent(error: &api::Error) -> bool {
    error.has_code(code::KEY_NOT_FOUND)
}
