//! Which namespace a command works on: named by its arguments, then opened.

use super::choice::{choose_among_titled, choose_binding, choose_namespace};
use crate::{
    api::Namespace,
    cli::key::NamespaceArgs,
    config::{self, Document},
    context::{Context, Session},
    domain::{Binding, Hint, NamespaceId, Section, Suggestion, quantity, shell_quoted},
    error::{Failure, Result},
    ops::{
        protect::Place,
        target::{self, LocalCaution, Selector, Target},
    },
    ui::Ui,
};

/// What a command is about to do with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read them: defaults to the only binding.
    Read,
    /// Change them: the namespace must be named.
    Write,
}

impl Access {
    /// Asks which namespace is meant.
    fn question(self) -> &'static str {
        match self {
            Self::Read => "Which namespace?",
            Self::Write => "Change the keys of which namespace?",
        }
    }
}

/// A namespace as the command line names it, before anything was sent.
pub(crate) struct NamespaceSelection {
    pub(crate) selector: Selector,
    pub(crate) document: Option<Document>,
    pub(crate) access: Access,
}

/// Decides which namespace to use.
pub(crate) async fn select_namespace(
    context: &Context,
    args: NamespaceArgs,
    access: Access,
) -> Result<NamespaceSelection> {
    let NamespaceArgs {
        binding,
        preview,
        namespace,
        namespace_id,
    } = args;
    let preview = preview.said();
    let by_binding = |binding, document| {
        Ok(NamespaceSelection {
            selector: Selector::Binding {
                section: context.section()?,
                binding,
                preview,
            },
            document: Some(document),
            access,
        })
    };
    let selector = match (namespace_id, namespace, binding) {
        (Some(id), ..) => Selector::Id(read_id(&id, context.is_local())?),
        (None, Some(title), _) => Selector::Title(title),
        (None, None, Some(binding)) => {
            let section = context.section()?;
            let document = document_with(context, &binding, &section, preview, access)?;
            return by_binding(binding, document);
        }
        (None, None, None) => {
            let document = match context.files.document() {
                Err(config::Error::NotFound { .. }) => {
                    return choose_of_account(context, access).await;
                }
                document => document?,
            };
            let section = context.section()?;
            let known = target::bindings(&document, &section)?;
            if known.is_empty() {
                return choose_of_account(context, access).await;
            }
            if let ([only], Access::Read) = (known.as_slice(), access) {
                return by_binding(only.clone(), document);
            }
            let ask = match access {
                Access::Read => "Which binding?",
                Access::Write => "Change the keys of which binding?",
            };
            let chosen = choose_binding(context, &document, &section, &known, ask).await?;
            return match chosen {
                Some(binding) => by_binding(binding, document),
                None => Err(target::Error::Unnamed(known).into()),
            };
        }
    };
    Ok(NamespaceSelection {
        selector,
        document: None,
        access,
    })
}

/// Reads the wrangler file for the sake of `binding`; where there is none, says how to create one that has it.
pub(crate) fn document_with(
    context: &Context,
    binding: &Binding,
    section: &Section,
    preview: Option<bool>,
    access: Access,
) -> Result<Document> {
    let error = match context.files.document() {
        Err(error @ config::Error::NotFound { .. }) => Failure::from(error),
        document => return Ok(document?),
    };
    let wants_preview = preview == Some(true);
    // The local store takes no preview that the file does not name.
    if section.is_previews() || (wants_preview && context.is_local()) {
        return Err(error);
    }
    let mut create = Suggestion::provision(binding, section).flag("--init");
    if section.environment().is_some() {
        create = create.flag("--add-env");
    }
    if wants_preview {
        create = create.option("--preview", "separate");
    }
    Err(error.map_hint(|_| match access {
        Access::Write => Hint::run(create)
            .text(" to create a wrangler.toml here, and a namespace for the binding; or name the file with `-c FILE`"),
        // A new namespace has nothing to read.
        Access::Read => {
            Hint::from("run in the directory of the project, or name the file with `-c FILE`; ")
                .command(create.as_example())
                .text(" creates a wrangler.toml here, and a namespace for the binding")
        }
    }))
}

/// Has the user choose one of the namespaces of the account, where there are not too many.
async fn choose_of_account(context: &Context, access: Access) -> Result<NamespaceSelection> {
    match choose_namespace(context, access.question()).await? {
        Some(id) => Ok(NamespaceSelection {
            selector: Selector::Id(id),
            document: None,
            access,
        }),
        None => Err(target::Error::Unnamed(Vec::new()).into()),
    }
}

/// Reads the id of a namespace: in the local store any text is one.
pub(crate) fn read_id(text: &str, local: bool) -> Result<NamespaceId> {
    if local {
        return Ok(NamespaceId::verbatim(text)?);
    }
    Ok(text.parse::<NamespaceId>()?)
}

/// Returns the bindings of the wrangler file, if it can be read.
pub(crate) fn binding_names(context: &Context) -> Vec<String> {
    let document = context.files.document_if_any().ok().flatten();
    let scopes = document.iter().flat_map(|it| it.project().scopes());
    let entries = scopes.flat_map(|scope| &scope.entries);
    entries.map(|entry| entry.binding.to_string()).collect()
}

/// The keys of one namespace.
pub(crate) struct OpenNamespace {
    pub(crate) session: Session,
    pub(crate) target: Target,
    /// The wrangler file, if the namespace was named by a binding.
    document: Option<Document>,
}

impl NamespaceSelection {
    pub(crate) async fn open(self, context: &Context) -> Result<OpenNamespace> {
        self.open_at(context, context.is_local()).await
    }

    /// Opens it in the local store or at the service, whatever the global options say.
    pub(crate) async fn open_at(self, context: &Context, local: bool) -> Result<OpenNamespace> {
        let Self {
            selector,
            document,
            access,
        } = self;
        let section = match &selector {
            Selector::Binding { section, .. } => section.clone(),
            Selector::Id(_) | Selector::Title(_) => context.section()?,
        };
        let session = context
            .connect_at(document.as_ref(), section, local)
            .await?;
        let resolver = session.resolver(document.as_ref());
        let located = match access {
            Access::Read => resolver.locate_to_read(&selector).await,
            Access::Write => resolver.locate(&selector).await,
        };
        drop(resolver);
        let target = match located {
            Err(target::Error::TitleTwice { title, ids }) => {
                let all = ids.clone();
                let ask = access.question();
                match choose_among_titled(context, &session, &title, all, ask).await? {
                    Some(id) => session.resolver(None).locate(&Selector::Id(id)).await?,
                    None => return Err(target::Error::TitleTwice { title, ids }.into()),
                }
            }
            located => located?,
        };
        warn_of_wrangler(context, &target);
        Ok(OpenNamespace {
            session,
            target,
            document,
        })
    }
}

/// Says where wrangler uses another namespace than this one of the local store.
pub(crate) fn warn_of_wrangler(context: &Context, target: &Target) {
    let name = match (&target.binding, &target.title) {
        (Some(place), _) => place.binding.as_str(),
        (None, Some(title)) => title.as_str(),
        (None, None) => return,
    };
    match &target.caution {
        Some(LocalCaution::Remote) => context.ui.warn(&format!(
            "`wrangler dev` does not use the local store for `{name}`, but the account's \
             namespace: `remote` is true"
        )),
        Some(LocalCaution::BothIds) => context.ui.note(&format!(
            "`{name}` has both ids: this uses preview_id, as `wrangler dev` does; `wrangler kv \
             --local` uses id"
        )),
        Some(LocalCaution::TextId) => {
            let word = shell_quoted(name);
            context.ui.warn(&format!(
                "`{name}` is the title of {}, and the id of another namespace of the local store; \
                 `--namespace-id {word}` selects that",
                target.id
            ));
        }
        Some(LocalCaution::NewText(near)) => context.ui.warn(&format!(
            "no namespace of the local store is called `{name}`, so this is a new one; did you mean \
             `{near}`?"
        )),
        None => {}
    }
}

impl OpenNamespace {
    /// Returns the handle of the namespace.
    pub(crate) fn namespace(&self) -> Namespace<'_> {
        self.session.namespace(&self.target.id)
    }

    /// Returns which namespace it is, as rules of the project look at it.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            id: &self.target.id,
            local: self.session.is_local(),
        }
    }

    /// Says where changes go: which namespace, why that one, and in which account or store.
    pub(crate) fn describe(&self) -> String {
        format!("{}, {}", self.target, self.session.describe())
    }

    /// Says what is read, and where, before data go to stdout. A namespace that was named by its id or
    /// title needs no explanation.
    pub(crate) fn announce(&self, ui: &Ui, reading: &str) {
        if self.target.binding.is_some() {
            ui.status(&format!("{reading} {}", self.describe()));
        }
    }

    /// Returns the wrangler file, also where the namespace was not named by a binding of it.
    pub(crate) fn document(&self, context: &Context) -> Result<Option<Document>> {
        Ok(match &self.document {
            Some(document) => Some(document.clone()),
            None => context.files.document_if_any()?,
        })
    }
}

/// Says how many namespaces of the local store no list has.
pub(crate) fn note_unlisted(ui: &Ui, count: usize) {
    if count > 0 {
        let others = quantity(count, "more namespace");
        ui.note(&format!(
            "{others} in the local store; neither a title nor the wrangler file gives a name"
        ));
    }
}
