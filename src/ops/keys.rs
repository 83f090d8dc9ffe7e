//! Single keys: the error for one that does not exist.

use crate::{
    api,
    domain::{Classification, Classify, ErrorClass, Hint, Suggestion},
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
    /// The command that lists the keys of the namespace.
    pub list: Suggestion,
    /// Whether it is in the local store.
    pub local: bool,
    /// Other sections of the wrangler file that have a binding of that name, ready to be shown.
    pub elsewhere: Vec<String>,
}

impl Classify for Absent {
    fn classify(&self) -> Classification {
        let list = Hint::run(self.list.clone());
        if !self.elsewhere.is_empty() {
            let elsewhere = self.elsewhere.join(", ");
            let hint = Hint::from(format!("the same name is bound {elsewhere} as well; "));
            return ErrorClass::NotFound.hint(hint.and(list).text(" to see the keys of this one"));
        }
        ErrorClass::NotFound.hint(list.text(if self.local {
            " to see the keys there are"
        } else {
            " to see the keys there are; one that was written within the last minute may not be seen \
             everywhere yet"
        }))
    }
}

/// Whether `error` says that the key does not exist, and not that something above it does not.
pub fn is_absent(error: &api::Error) -> bool {
    error.has_code(code::KEY_NOT_FOUND)
}
