//! Selects a namespace by id, title or binding.

use std::fmt;

use serde::Serialize;

use crate::{
    api::{self, Client, Namespace},
    config::{self, Document, Field},
    domain::{
        AccountId, Binding, Classification, Classify, DeclaredId, ErrorClass, Hint, NamespaceId,
        Section,
    },
    wire::NamespaceInfo,
};

/// The ways to name a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// By its id.
    Id(NamespaceId),
    /// By its title in the account.
    Title(String),
    /// By a binding of the wrangler file.
    Binding {
        /// The section.
        section: Section,
        /// The binding.
        binding: Binding,
        /// Whether to use its `preview_id`.
        preview: bool,
    },
}

/// A namespace that keys are read from or written to. That it exists is for the service to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its id.
    pub id: NamespaceId,
    /// The binding that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// Its title, if that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, binding, title } = self;
        match (binding, title) {
            (Some(binding), _) => write!(f, "`{binding}` ({id})"),
            (None, Some(title)) => write!(f, "`{title}` ({id})"),
            (None, None) => write!(f, "namespace {id}"),
        }
    }
}

/// Why a selector names nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No namespace of the account has the title.
    #[error("no namespace in account {account} is titled `{title}`")]
    NoTitle {
        /// The account that was asked.
        account: AccountId,
        /// The title.
        title: String,
        /// Titles that are nearly the same.
        similar: Vec<String>,
    },
    /// The file has no such binding.
    #[error("{file} has no binding `{binding}` {place}; it has {known}")]
    NoBinding {
        /// The file.
        file: String,
        /// The binding.
        binding: Binding,
        /// In which section.
        place: String,
        /// The bindings there are.
        known: String,
    },
    /// The binding has no id yet.
    #[error("binding `{binding}` has no {field} yet in {file}")]
    NoId {
        /// The binding.
        binding: Binding,
        /// Which id.
        field: Field,
        /// The file.
        file: String,
    },
    /// None was selected, and there is not exactly one binding.
    #[error("no namespace is selected{}", choices(.0))]
    Unnamed(Vec<Binding>),
    /// The file.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The service.
    #[error("could not look up the namespace")]
    Api(#[from] api::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::NoTitle { similar, .. } if !similar.is_empty() => {
                ErrorClass::NotFound.hint(format!("did you mean `{}`?", similar.join("` or `")))
            }
            Self::NoTitle { .. } => {
                ErrorClass::NotFound.hint(Hint::run("namespace list", "to list the titles"))
            }
            Self::NoBinding { .. } => ErrorClass::Config.into(),
            Self::NoId { field, .. } => {
                let preview = ["--preview", "separate"].map(str::to_owned);
                let arguments = match field {
                    Field::PreviewId => preview.as_slice(),
                    Field::Binding | Field::Id => &[],
                };
                let arguments = arguments.iter().cloned();
                ErrorClass::Config.hint(Hint::run_with("provision", arguments, "to create one"))
            }
            Self::Unnamed(bindings) => {
                let binding = bindings.first().map_or("NAME", Binding::as_str);
                ErrorClass::Refused.hint(format!(
                    "select one with `--binding {binding}`, `--namespace TITLE` or `--namespace-id ID`"
                ))
            }
            Self::Config(e) => e.classify(),
            Self::Api(e) => e.classify(),
        }
    }
}

impl Selector {
    /// Finds the namespace. `document` is required for a binding.
    pub async fn find(
        &self,
        client: &Client,
        account: &AccountId,
        document: Option<&Document>,
    ) -> Result<NamespaceInfo, Error> {
        match self {
            Self::Id(id) => Ok(Namespace {
                client,
                account,
                id,
            }
            .info()
            .await?),
            Self::Title(title) => {
                let all = client.namespaces(account).await?;
                by_title(all, account, title)
            }
            Self::Binding {
                section,
                binding,
                preview,
            } => {
                let document = document.ok_or_else(|| Error::NoBinding {
                    file: "the command".to_owned(),
                    binding: binding.clone(),
                    place: "because it reads no wrangler file".to_owned(),
                    known: "none".to_owned(),
                })?;
                let field = if *preview {
                    Field::PreviewId
                } else {
                    Field::Id
                };
                let near = client.is_on_this_machine();
                let id = bound_id(document, section, binding, field, near)?;
                let id = &id;
                Ok(Namespace {
                    client,
                    account,
                    id,
                }
                .info()
                .await?)
            }
        }
    }
}

impl Selector {
    /// Finds the namespace without asking whether it exists: only a title costs a request.
    pub async fn locate(
        self,
        client: &Client,
        account: &AccountId,
        document: Option<&Document>,
        local: bool,
    ) -> Result<Target, Error> {
        let (id, binding, title) = match self {
            Self::Id(id) => (id, None, None),
            Self::Title(title) => {
                let found = by_title(client.namespaces(account).await?, account, &title)?;
                (found.id, None, Some(title))
            }
            Self::Binding {
                section,
                binding,
                preview,
            } => {
                let document = document.ok_or_else(|| Error::Unnamed(Vec::new()))?;

                let preview = preview || local && has_preview(document, &section, &binding)?;
                let field = if preview { Field::PreviewId } else { Field::Id };
                let near = client.is_on_this_machine();
                let id = bound_id(document, &section, &binding, field, near)?;
                (id, Some(binding), None)
            }
        };
        Ok(Target { id, binding, title })
    }
}

/// Whether the file gives the binding a `preview_id`, which is then what `wrangler dev` uses.
fn has_preview(document: &Document, section: &Section, binding: &Binding) -> Result<bool, Error> {
    let scope = document.scope(section)?;
    let entry = scope.entries.iter().find(|e| e.binding == *binding);
    Ok(entry.is_some_and(|e| e.declared(Field::PreviewId) != DeclaredId::Absent))
}

/// Returns the bindings of a section, to choose from.
pub fn bindings(document: &Document, section: &Section) -> Result<Vec<Binding>, Error> {
    let scope = document.scope(section)?;
    Ok(scope.entries.iter().map(|e| e.binding.clone()).collect())
}

fn choices(bindings: &[Binding]) -> String {
    let names: Vec<&str> = bindings.iter().map(Binding::as_str).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("; the file binds {}", names.join(", "))
    }
}

fn by_title(
    all: Vec<NamespaceInfo>,
    account: &AccountId,
    title: &str,
) -> Result<NamespaceInfo, Error> {
    let folded = title.to_lowercase();
    let mut similar = Vec::new();
    for namespace in all {
        if namespace.title == title {
            return Ok(namespace);
        }
        if namespace.title.to_lowercase().contains(&folded) && similar.len() < 3 {
            similar.push(namespace.title);
        }
    }
    Err(Error::NoTitle {
        account: account.clone(),
        title: title.to_owned(),
        similar,
    })
}

/// Reads the id of a binding from the file. Ids of the local kind count only where the service is
/// `near`.
pub fn bound_id(
    document: &Document,
    section: &Section,
    binding: &Binding,
    field: Field,
    near: bool,
) -> Result<NamespaceId, Error> {
    let file = document.path().display().to_string();
    let scope = document.scope(section)?;
    let Some(entry) = scope.entries.iter().find(|e| e.binding == *binding) else {
        let known: Vec<&str> = scope.entries.iter().map(|e| e.binding.as_str()).collect();
        return Err(Error::NoBinding {
            file,
            binding: binding.clone(),
            place: section.place(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        });
    };
    entry
        .declared(field)
        .valid_where(|_| near)
        .cloned()
        .ok_or(Error::NoId {
            binding: binding.clone(),
            field,
            file,
        })
}
