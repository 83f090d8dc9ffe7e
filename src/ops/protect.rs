//! Which namespaces the rules of a project are about, and which they protect from deletion, whole or
//! in mass.

use crate::{
    config::{Entry, Field, Manifest, ManifestNamespace, Project, Scope},
    domain::{Classification, Classify, DeclaredId, ErrorClass, Hint, NamespaceId, Section, Title},
    ops::{
        provision::{desired, titles::preview},
        target::local_name,
    },
};

/// A namespace, and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its id.
    pub id: &'a NamespaceId,
    /// Whether it is in the local store.
    pub local: bool,
}

/// What was typed to confirm is not the title, or nothing was and the rules require it.
#[derive(Debug, thiserror::Error)]
pub enum Unconfirmed {
    /// Another text than the title was typed.
    #[error("`--confirm {typed}` does not match the title `{title}`; nothing was {done}")]
    Other {
        /// What was typed.
        typed: String,
        /// The title.
        title: String,
        /// What was not done.
        done: &'static str,
    },
    /// The namespace is protected.
    #[error("kvctl.toml protects `{title}`; nothing was {done}")]
    Protected {
        /// The title.
        title: String,
        /// What was not done.
        done: &'static str,
    },
}

impl Classify for Unconfirmed {
    fn classify(&self) -> Classification {
        let (title, why) = match self {
            Self::Other { title, .. } => (title, "if this is the right namespace"),
            Self::Protected { title, .. } => (title, "to proceed"),
        };
        let hint = Hint::from("pass ").option("--confirm", title);
        ErrorClass::Refused.hint(hint.text(format!(" {why}")))
    }
}

/// Whether it is a mass of keys, as `protect` means it: all but a single key that was named on the
/// command line.
pub fn is_mass(named: bool, keys: usize) -> bool {
    !named || keys != 1
}

/// Decides about a deletion, or about writing a mass of keys. Returns whether the title was typed;
/// nothing else confirms what is protected.
pub fn check(
    title: &str,
    typed: Option<&str>,
    protected: bool,
    done: &'static str,
) -> Result<bool, Unconfirmed> {
    match typed {
        Some(typed) if typed == title => Ok(true),
        Some(typed) => Err(Unconfirmed::Other {
            typed: typed.to_owned(),
            title: title.to_owned(),
            done,
        }),
        None if protected => Err(Unconfirmed::Protected {
            title: title.to_owned(),
            done,
        }),
        None => Ok(false),
    }
}

/// Whether `entry` of `section` binds the namespace, as either of its ids. In the local store ids are
/// texts as written, and an entry without one goes by its name.
pub fn is_bound_to(section: &Section, entry: &Entry, place: Place<'_>) -> bool {
    let Place { id, local } = place;
    let ids = [Field::Id, Field::PreviewId];
    if !local {
        let valid = DeclaredId::Valid(id.clone());
        return ids.into_iter().any(|field| entry.declared(field) == valid);
    }
    let is_written = |field| {
        let text = entry.field(field);
        text.is_some_and(|text| text.value == id.as_str())
    };
    let opened = local_name(entry).is_ok_and(|(name, _)| name == *id);
    !section.is_previews() && (opened || ids.into_iter().any(is_written))
}

/// Whether `manifest` protects the namespace: because a protected binding leads to it, in any
/// section of the wrangler file, or because it has the title of one.
pub fn is_protected(
    manifest: &Manifest,
    project: Option<&Project>,
    place: Place<'_>,
    title: &str,
) -> bool {
    let mut protected = manifest.namespaces.iter().filter(|n| n.protect);
    protected.any(|n| is_about(n, project, place, Some(title)))
}

/// Whether `rules` are about the namespace: because their binding leads to it, in any section of
/// the wrangler file, or because its title, if known, is one of the binding's.
pub fn is_about(
    rules: &ManifestNamespace,
    project: Option<&Project>,
    place: Place<'_>,
    title: Option<&str>,
) -> bool {
    let is_titled = |other: &Title| title == Some(other.as_str());
    let in_scope = |scope: &Scope| {
        let bound = |e: &Entry| e.binding == rules.binding && is_bound_to(&scope.section, e, place);
        let usual =
            project.and_then(|p| desired::conventional_titles(p, scope, &rules.binding).ok());
        let environment = &scope.section;
        let declared = rules
            .title
            .as_ref()
            .map(|t| desired::in_section(t, environment));
        let declared = declared.and_then(Result::ok);
        let usual = usual.map(|usual| [Some(usual.wanted), usual.deploy_form]);
        let all = usual.into_iter().flatten().chain([declared]);
        let mut all = all.flatten();
        all.any(|one| is_titled(&one) || preview(&one).is_ok_and(|twin| is_titled(&twin)))
            || scope.entries.iter().any(bound)
    };
    let mut scopes = project.into_iter().flat_map(Project::scopes);
    rules.title.as_ref().is_some_and(is_titled) || scopes.any(in_scope)
}
