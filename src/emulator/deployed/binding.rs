//! The bindings of a version: what was uploaded, and what is kept of it. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The fields of a binding that hold a secret.
const SECRET_FIELDS: [&str; 3] = ["text", "key_base64", "key_jwk"];

/// A binding as it was uploaded, of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::emulator) struct Binding(Map<String, Value>);

/// Why the bindings of an upload are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum BindingError {
    /// One has no name.
    Unnamed,
    /// Two have this name.
    Repeated(String),
    /// The one with this name has no kind.
    Untyped(String),
    /// The one with this name should be inherited, and there is none.
    NotInherited(String),
}

/// What an upload takes from the latest version.
#[derive(Clone, Copy, Debug)]
pub(in crate::emulator) struct Inheritance<'a> {
    /// The bindings of that version.
    pub(in crate::emulator) latest: &'a [Binding],
    /// The kinds of bindings that stay though the upload does not have them.
    pub(in crate::emulator) kept_kinds: &'a [String],
    /// Whether a binding that cannot be inherited fails the upload; else it is left out.
    pub(in crate::emulator) strict: bool,
}

impl Binding {
    /// A binding of a namespace.
    pub(in crate::emulator) fn namespace(name: &str, id: &str) -> Self {
        let fields = [
            ("name", name),
            ("type", "kv_namespace"),
            ("namespace_id", id),
        ];
        Self(
            fields
                .into_iter()
                .map(|(field, text)| (field.to_owned(), text.into()))
                .collect(),
        )
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }

    /// Returns the name; empty if there is none.
    pub(in crate::emulator) fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// Returns the kind, such as `kv_namespace`; empty if there is none.
    pub(in crate::emulator) fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// Returns the id of the namespace that it binds, if it binds one. Empty if it has none.
    pub(in crate::emulator) fn namespace_id(&self) -> Option<&str> {
        let is_namespace = self.kind() == "kv_namespace";
        is_namespace.then(|| self.text("namespace_id").unwrap_or_default())
    }

    /// Whether it holds a secret.
    pub(in crate::emulator) fn is_secret(&self) -> bool {
        self.kind().starts_with("secret_") && self.kind() != "secrets_store_secret"
    }

    /// The same under another name.
    fn renamed(&self, name: &str) -> Self {
        let mut fields = self.0.clone();
        fields.insert("name".to_owned(), name.into());
        Self(fields)
    }

    /// The same without the secret, which is never shown again.
    fn without_secret(mut self) -> Self {
        if self.is_secret() {
            for field in SECRET_FIELDS {
                self.0.remove(field);
            }
        }
        self
    }
}

impl Inheritance<'_> {
    /// Returns the bindings of the version that `sent` makes.
    pub(in crate::emulator) fn resolve(
        self,
        sent: Vec<Binding>,
    ) -> Result<Vec<Binding>, BindingError> {
        let mut bindings: Vec<Binding> = Vec::new();
        let mut names = Vec::new();
        for binding in sent {
            let name = binding.name().to_owned();
            if name.is_empty() {
                return Err(BindingError::Unnamed);
            }
            if names.contains(&name) {
                return Err(BindingError::Repeated(name));
            }
            match binding.kind() {
                "" => return Err(BindingError::Untyped(name)),
                "inherit" => {
                    let of = binding.text("old_name").unwrap_or(&name);
                    match self.latest.iter().find(|latest| latest.name() == of) {
                        Some(latest) => bindings.push(latest.renamed(&name)),
                        None if self.strict => return Err(BindingError::NotInherited(name)),
                        None => {}
                    }
                }
                _ => bindings.push(binding.without_secret()),
            }
            names.push(name);
        }
        let is_kept = |binding: &&Binding| {
            let (name, kind) = (binding.name(), binding.kind());
            self.kept_kinds.iter().any(|kept| kept == kind)
                && !names.iter().any(|sent| sent == name)
        };
        bindings.extend(self.latest.iter().filter(is_kept).cloned());
        Ok(bindings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bindings(json: Value) -> Vec<Binding> {
        serde_json::from_value(json).unwrap()
    }

    fn resolve(strict: bool, sent: Value) -> Result<Value, BindingError> {
        let latest = bindings(json!([
            { "name": "A", "type": "kv_namespace", "namespace_id": "1" },
            { "name": "S", "type": "secret_text" },
        ]));
        let inheritance = Inheritance {
            latest: &latest,
            kept_kinds: &["secret_text".to_owned()],
            strict,
        };
        let resolved = inheritance.resolve(bindings(sent))?;
        Ok(serde_json::to_value(resolved).unwrap())
    }

    #[test]
    fn a_binding_is_inherited_from_the_latest_version() {
        let sent = json!([{ "name": "A", "type": "inherit" }]);
        let expected = json!([
            { "name": "A", "type": "kv_namespace", "namespace_id": "1" },
            { "name": "S", "type": "secret_text" },
        ]);
        assert_eq!(resolve(true, sent), Ok(expected));
        let renamed = json!([{ "name": "B", "type": "inherit", "old_name": "A" }]);
        let resolved = resolve(true, renamed).unwrap();
        assert_eq!(resolved[0]["name"], "B");
        assert_eq!(resolved[0]["namespace_id"], "1");
    }

    #[test]
    fn what_cannot_be_inherited_fails_a_strict_upload_only() {
        let sent = json!([{ "name": "B", "type": "inherit" }]);
        let error = BindingError::NotInherited("B".to_owned());
        assert_eq!(resolve(true, sent.clone()), Err(error));
        let kept = json!([{ "name": "S", "type": "secret_text" }]);
        assert_eq!(resolve(false, sent), Ok(kept));
    }

    #[test]
    fn a_secret_is_not_kept_and_a_new_one_replaces_it() {
        let sent = json!([
            { "name": "S", "type": "secret_text", "text": "hidden" },
            { "name": "K", "type": "secret_key", "key_base64": "aGlkZGVu" },
            { "name": "P", "type": "plain_text", "text": "shown" },
        ]);
        let expected = json!([
            { "name": "S", "type": "secret_text" },
            { "name": "K", "type": "secret_key" },
            { "name": "P", "type": "plain_text", "text": "shown" },
        ]);
        assert_eq!(resolve(true, sent), Ok(expected));
    }

    #[test]
    fn a_binding_has_a_name_of_its_own_and_a_kind() {
        for (sent, error) in [
            (json!([{ "type": "kv_namespace" }]), BindingError::Unnamed),
            (
                json!([{ "name": "", "type": "inherit" }]),
                BindingError::Unnamed,
            ),
            (
                json!([{ "name": 1, "type": "inherit" }]),
                BindingError::Unnamed,
            ),
            (
                json!([{ "name": "X" }]),
                BindingError::Untyped("X".to_owned()),
            ),
            (
                json!([{ "name": "A", "type": "inherit" }, { "name": "A", "type": "json" }]),
                BindingError::Repeated("A".to_owned()),
            ),
        ] {
            assert_eq!(resolve(true, sent.clone()), Err(error), "{sent}");
        }
    }
}
