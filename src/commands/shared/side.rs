//! A side of a copy or of a comparison: a namespace that is named in one word.

use super::namespace::{Access, NamespaceSelection, OpenNamespace, document_with, read_id};
use crate::{
    cli::side::{NamespaceArg, SideArg},
    config,
    context::Context,
    domain::{Binding, EnvName, Hint, Section, nearest, shell_quoted},
    error::{Failure, Result},
    ops::target::{self, NoBinding, Selector},
};

/// Finds a namespace, in the local store or at the service.
pub(crate) async fn open_namespace(
    context: &Context,
    local: bool,
    which: NamespaceArg,
    access: Access,
) -> Result<OpenNamespace> {
    let is_local = local || context.is_local();
    let select = |selector, document| NamespaceSelection {
        selector,
        document,
        access,
    };
    match which {
        NamespaceArg::Id(id) => {
            let selector = Selector::Id(read_id(&id, is_local)?);
            select(selector, None).open_at(context, is_local).await
        }
        NamespaceArg::Title(title) => {
            let selector = Selector::Title(title);
            select(selector, None).open_at(context, is_local).await
        }
        NamespaceArg::Binding(binding, environment) => {
            let selected = context.section()?;
            let section = environment.clone().map_or(selected.clone(), Section::from);
            let document = document_with(context, &binding, &section, None, access)?;
            let named = Named {
                local,
                binding: &binding,
                environment: environment.as_ref(),
                selected: &selected,
            };
            if let Err(error) = document.scope(&section) {
                return Err(named.outside(error));
            }
            let selector = Selector::Binding {
                section,
                binding: binding.clone(),
                preview: None,
            };
            let choice = select(selector, Some(document));
            let opened = choice.open_at(context, is_local).await;
            opened.map_err(|error| named.unbound(error))
        }
    }
}

/// A binding as a side names it, `local:binding:NAME@ENV`.
struct Named<'a> {
    /// Whether the side itself says so.
    local: bool,
    binding: &'a Binding,
    environment: Option<&'a EnvName>,
    /// What the command line selects for sides without an environment.
    selected: &'a Section,
}

impl Named<'_> {
    /// Says which environment there is, where the file does not have the one that the side names.
    fn outside(&self, error: config::Error) -> Failure {
        let hint = match (&error, self.environment) {
            (config::Error::UnknownEnvironment { known, .. }, Some(wanted)) => {
                let near = nearest(wanted.as_str(), known.iter().map(EnvName::as_str));
                match known.iter().find(|it| Some(it.as_str()) == near) {
                    Some(near) => self.did_you_mean(self.binding, Some(near)),
                    None if known.is_empty() => format!("leave out `@{wanted}`").into(),
                    None => format!("name one of them, or leave out `@{wanted}`").into(),
                }
            }
            _ => return error.into(),
        };
        Failure::from(error).map_hint(|_| hint)
    }

    /// Says which side there is, where the section does not have the binding.
    fn unbound(&self, error: Failure) -> Failure {
        let hint = match error.find() {
            Some(target::Error::NoBinding(missing)) => self.bound(missing),
            _ => None,
        };
        match hint {
            Some(hint) => error.map_hint(|_| hint),
            None => error,
        }
    }

    fn bound(&self, missing: &NoBinding) -> Option<Hint> {
        let Some(other) = missing.elsewhere.first() else {
            let known = &missing.known;
            let near = nearest(self.binding.as_str(), known.iter().map(Binding::as_str))?;
            let near = known.iter().find(|it| it.as_str() == near)?;
            return Some(self.did_you_mean(near, self.environment));
        };
        if other.is_previews() {
            return Some(format!("it is bound {}", other.place()).into());
        }
        match (other.environment(), self.environment) {
            (Some(_), _) => Some(self.did_you_mean(self.binding, other.environment())),
            (None, Some(environment)) => {
                let select = if self.selected.is_top() {
                    ""
                } else {
                    ", and select the top level with `--env ''`"
                };
                let hint =
                    format!("it is bound at the top level: leave out `@{environment}`{select}");
                Some(hint.into())
            }
            // The option that selects the section is what is wrong.
            (None, None) => None,
        }
    }

    fn did_you_mean(&self, binding: &Binding, environment: Option<&EnvName>) -> Hint {
        let which = NamespaceArg::Binding(binding.clone(), environment.cloned());
        let local = self.local;
        let side = SideArg::Namespace { local, which }.to_string();
        format!("did you mean `{}`?", shell_quoted(&side)).into()
    }
}
