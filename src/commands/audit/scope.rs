//! Which namespaces are audited, and by which rules.

use crate::{
    cli::{audit::AuditArgs, key::NamespaceArgs},
    commands::shared::namespace::{Access, OpenNamespace, select_namespace},
    config::{Document, ManifestNamespace},
    context::{Context, Session},
    domain::Binding,
    error::Result,
    ops::{
        bulk::audit::rules::Rules,
        protect::is_about,
        target::{self, Selector, Target},
    },
};

/// One namespace, and what its keys must be like.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) target: Target,
    pub(super) rules: Option<Rules>,
}

/// Namespaces of one account.
pub(super) struct Scope {
    pub(super) session: Session,
    pub(super) subjects: Vec<Subject>,
    /// Bindings that have rules, and that the environment does not have.
    pub(super) unbound: Vec<Binding>,
}

impl Scope {
    /// Takes the namespace that is named, else the bindings of the environment.
    pub(super) async fn open(context: &Context, args: &AuditArgs) -> Result<Self> {
        let NamespaceArgs {
            binding,
            namespace,
            namespace_id,
            ..
        } = &args.namespace;
        if binding.is_none() && namespace.is_none() && namespace_id.is_none() {
            return Self::of_environment(context).await;
        }
        let choice = select_namespace(context, args.namespace.clone(), Access::Read).await?;
        let keyspace = choice.open(context).await?;
        let subject = Subject {
            rules: rules(context, &keyspace)?,
            target: keyspace.target,
        };
        Ok(Self {
            session: keyspace.session,
            subjects: vec![subject],
            unbound: Vec::new(),
        })
    }

    /// Selects the bindings with rules, or all bindings if there are no rules.
    async fn of_environment(context: &Context) -> Result<Self> {
        let document = context.files.document()?;
        let section = context.section()?;
        let manifest = context.files.manifest(&document)?.unwrap_or_default();
        let bound = target::bindings(&document, &section)?;
        let with_rules = |n: &ManifestNamespace| Some((n.binding.clone(), Some(Rules::of(n)?)));
        let all: Vec<_> = manifest.namespaces.iter().filter_map(with_rules).collect();
        let is_here = |(binding, _): &(Binding, _)| bound.contains(binding);
        let (mut chosen, absent): (Vec<_>, Vec<_>) = all.into_iter().partition(is_here);
        let unbound: Vec<Binding> = absent.iter().map(|(binding, _)| binding.clone()).collect();
        for binding in &unbound {
            let place = section.place();
            context.ui.warn(&format!(
                "kvctl.toml has rules for `{binding}`, which is not bound {place}"
            ));
        }
        if chosen.is_empty() {
            // Rules for others only are wrong, as looking for the first of those will say.
            chosen = absent;
        }
        if chosen.is_empty() {
            chosen = bound.into_iter().map(|binding| (binding, None)).collect();
        }
        if chosen.is_empty() {
            return Err(target::Error::Unnamed(Vec::new()).into());
        }
        let session = context.connect(Some(&document)).await?;
        let resolver = session.resolver(Some(&document));
        let mut subjects = Vec::new();
        for (binding, rules) in chosen {
            let selector = Selector::Binding {
                section: section.clone(),
                binding,
                preview: None,
            };
            let target = resolver.locate(&selector).await?;
            subjects.push(Subject { target, rules });
        }
        drop(resolver);
        Ok(Self {
            session,
            subjects,
            unbound,
        })
    }
}

/// Finds the rules for a namespace that was named: those of its binding, or those that lead to it.
pub(super) fn rules(context: &Context, keyspace: &OpenNamespace) -> Result<Option<Rules>> {
    let document = keyspace.document(context)?;
    let Some(manifest) = context.files.manifest_beside(document.as_ref())? else {
        return Ok(None);
    };
    let target = &keyspace.target;
    let project = document.as_ref().map(Document::project);
    let is_meant = |n: &&ManifestNamespace| match target.binding() {
        Some(binding) => n.binding == *binding,
        None => is_about(n, project, keyspace.place(), target.title.as_deref()),
    };
    let mut meant = manifest.namespaces.iter().filter(is_meant);
    Ok(meant.find_map(Rules::of))
}
