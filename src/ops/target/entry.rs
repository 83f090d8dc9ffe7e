//! An entry of the wrangler file: what the file itself says of the namespace it leads to.

use super::{BindingPlace, EntryPlace, Error, NoBinding, NoIdReason, Source, Target};
use crate::{
    config::{Document, Entry, Field, Location, Position},
    domain::{Binding, LocalIdError, NamespaceId, Section, ShowPath as _, is_mistyped_id},
};

/// An entry of the wrangler file.
pub(super) struct Found<'d> {
    pub(super) place: BindingPlace,
    document: &'d Document,
    pub(super) entry: &'d Entry,
}

pub(super) fn find_entry<'d>(
    document: &'d Document,
    section: &Section,
    binding: &Binding,
) -> Result<Found<'d>, Error> {
    let scope = document.scope(section)?;
    let has_it = |entry: &&Entry| entry.binding == *binding;
    let others = document.project().scopes().filter(|other| {
        other.section != scope.section && other.entries.iter().any(|e| e.binding == *binding)
    });
    let elsewhere: Vec<Section> = others.map(|other| other.section.clone()).collect();
    let Some(entry) = scope.entries.iter().find(has_it) else {
        return Err(Error::NoBinding(Box::new(NoBinding {
            file: document.path().shown().into_owned(),
            binding: binding.clone(),
            section: scope.section.clone(),
            known: scope.entries.iter().map(|e| e.binding.clone()).collect(),
            elsewhere,
        })));
    };
    Ok(Found {
        place: BindingPlace {
            binding: binding.clone(),
            section: scope.section.clone(),
            elsewhere,
            not_preview: false,
        },
        document,
        entry,
    })
}

impl Found<'_> {
    pub(super) fn entry_at(&self, position: Position) -> EntryPlace {
        EntryPlace {
            at: Location {
                path: self.document.path().to_owned(),
                position,
            },
            binding: self.place.binding.clone(),
            section: self.place.section.clone(),
        }
    }

    fn file(&self) -> String {
        let name = self.document.path().file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    pub(super) fn no_id(&self, field: Field, why: NoIdReason) -> Error {
        // A damaged id is to be corrected, whatever else could give one.
        let text = self.entry.field(field);
        let text = text.filter(|text| is_mistyped_id(&text.value) && why != NoIdReason::Local);
        let position = text.map_or(self.entry.position, |text| text.position);
        Error::NoId {
            entry: self.entry_at(position).into(),
            field,
            why: text.map_or(why, |text| NoIdReason::Mistyped(text.value.clone())),
        }
    }

    pub(super) fn target(&self, (id, source): (NamespaceId, Source)) -> Target {
        Target {
            id,
            binding: Some(self.place.clone()),
            title: None,
            source,
            local: false,
            caution: None,
        }
    }

    /// Returns the id that a field of the file has, if the service can know it. Ids of the local kind
    /// count only where the service is `near`.
    pub(super) fn declared(&self, near: bool, field: Field) -> Option<(NamespaceId, Source)> {
        let declared = self.entry.declared(field);
        let id = declared.valid_where(|_| near)?.clone();
        Some((id, Source::File(field, self.file())))
    }

    /// Returns the id that the file gives, which the service can know.
    pub(super) fn in_file(
        &self,
        near: bool,
        preview: Option<bool>,
    ) -> Result<Option<(NamespaceId, Source)>, Error> {
        let wanted = preview == Some(true);
        let field = if wanted { Field::PreviewId } else { Field::Id };
        if let Some(declared) = self.declared(near, field) {
            return Ok(Some(declared));
        }
        if wanted {
            return Err(self.no_id(field, self.why_no_preview()));
        }
        match &self.entry.preview_id {
            Some(preview_id) if self.entry.id.is_none() && preview.is_none() => Err(
                Error::OnlyPreview(self.entry_at(preview_id.position).into()),
            ),
            _ => Ok(None),
        }
    }

    /// Says what stands against a `preview_id`.
    fn why_no_preview(&self) -> NoIdReason {
        let BindingPlace {
            binding, section, ..
        } = &self.place;
        let project = self.document.project();
        if binding.is_placeholder() {
            return NoIdReason::Placeholder;
        }
        if project.is_pages {
            return NoIdReason::Pages;
        }
        match project.deployed_name(section) {
            Err(error) if !section.is_previews() => NoIdReason::Nameless(error),
            _ => NoIdReason::Nothing,
        }
    }

    pub(super) fn local(&self, preview: Option<bool>) -> Result<(NamespaceId, Source), Error> {
        if preview == Some(true) && self.entry.preview_id.is_none() {
            return Err(self.no_id(Field::PreviewId, NoIdReason::Local));
        }
        let named = if preview == Some(false) {
            local_name(&Entry {
                preview_id: None,
                ..self.entry.clone()
            })
        } else {
            local_name(self.entry)
        };
        match named {
            Ok((id, Field::Binding)) => Ok((id, Source::Name)),
            Ok((id, field)) => Ok((id, Source::File(field, self.file()))),
            Err(LocalNameError {
                field,
                position,
                source,
            }) => Err(Error::LocalId {
                entry: self.entry_at(position).into(),
                field,
                source,
            }),
        }
    }
}

/// Why an entry names no namespace of the local store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNameError {
    /// The field that should name it.
    pub field: Field,
    /// Where that is.
    pub position: Position,
    /// Why it does not.
    pub source: LocalIdError,
}

/// Returns the name that `wrangler dev` opens, and which part of the entry it is: `preview_id`, else
/// `id`, else the binding, as written.
pub fn local_name(entry: &Entry) -> Result<(NamespaceId, Field), LocalNameError> {
    // An empty id makes wrangler refuse the file; an empty preview_id makes it lose values.
    let id = entry.id.as_ref().filter(|id| !id.value.is_empty());
    let preview_id = entry.preview_id.as_ref();
    let (field, text, position) = match (preview_id, id) {
        (Some(text), _) => (Field::PreviewId, text.value.as_str(), text.position),
        (None, Some(text)) => (Field::Id, text.value.as_str(), text.position),
        (None, None) => (Field::Binding, entry.binding.as_str(), entry.position),
    };
    match NamespaceId::verbatim(text) {
        Ok(id) => Ok((id, field)),
        Err(source) => Err(LocalNameError {
            field,
            position,
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Classify as _;

    fn entry(fields: &str) -> Document {
        let text = format!("[[kv_namespaces]]\nbinding = \"KV\"\n{fields}");
        Document::create("wrangler.toml".into(), text).unwrap()
    }

    const ID: &str = "0F2AC74B498B48028CB68387C421E279";
    const LOCAL: &str = "10ca110c2ab167c823b7649da152dc95";

    #[test]
    fn an_id_of_the_local_kind_counts_on_this_machine_only() {
        let document = entry(&format!("id = \"{LOCAL}\""));
        let found = find_entry(&document, &Section::TOP, &"KV".parse().unwrap()).unwrap();
        let in_file = |near| found.in_file(near, None).unwrap();
        assert_eq!(in_file(true).unwrap().0.as_str(), LOCAL);
        assert_eq!(in_file(false), None);
    }

    #[test]
    fn a_damaged_id_is_to_be_corrected_and_not_made_anew() {
        let document = entry("id = '0f2ac74b498b48028cb68387c421e27O'");
        let found = find_entry(&document, &Section::TOP, &"KV".parse().unwrap()).unwrap();
        let error = found.no_id(Field::Id, NoIdReason::Nothing);
        insta::assert_snapshot!(error, @"wrangler.toml:3:6: binding `KV` at the top level has no id yet: `0f2ac74b498b48028cb68387c421e27O` looks like one and is not one of 32 hexadecimal digits");
        assert_eq!(error.hint().unwrap().to_string(), "correct it in the file");
    }

    /// As `wrangler dev` has it.
    #[test]
    fn the_local_store_goes_by_the_text_as_written() {
        let opened = |fields: &str| {
            let document = entry(fields);
            let found = find_entry(&document, &Section::TOP, &"KV".parse().unwrap()).unwrap();
            let local = found.local(None);
            local.map(|(id, source)| format!("{id}: {source}"))
        };
        let cases = [
            ("", "KV: by the name of the binding"),
            ("id = ''", "KV: by the name of the binding"),
            ("id = 'dev-cache'", "dev-cache: id from wrangler.toml"),
            ("id = '<id>'", "<id>: id from wrangler.toml"),
            ("preview_id = 'p'", "p: preview_id from wrangler.toml"),
            (
                "id = 'i'\npreview_id = 'p'",
                "p: preview_id from wrangler.toml",
            ),
        ];
        for (fields, expected) in cases {
            assert_eq!(opened(fields).unwrap(), expected, "{fields}");
        }
        let both = entry("id = 'i'\npreview_id = 'p'");
        let found = find_entry(&both, &Section::TOP, &"KV".parse().unwrap()).unwrap();
        assert_eq!(found.local(Some(true)).unwrap().0.as_str(), "p");
        assert_eq!(found.local(Some(false)).unwrap().0.as_str(), "i");
        let upper = opened(&format!("id = '{ID}'")).unwrap();
        assert_eq!(upper, format!("{ID}: id from wrangler.toml"));
        let empty = opened("id = 'i'\npreview_id = ''").unwrap_err();
        insta::assert_snapshot!(empty, @"wrangler.toml:4:14: binding `KV` at the top level has a preview_id that names no namespace of the local store");
    }
}
