//! Guards against deleting keys for good, or overwriting many of them, by mistake.

use super::namespace::OpenNamespace;
use crate::{
    config::{Document, Manifest, Project},
    context::Context,
    domain::quantity,
    error::{Result, ResultExt as _},
    ops::{
        bound::DeployedBindings,
        protect::{self, is_protected},
        target::Deployments,
    },
    ui::Question,
};

/// What the decision to proceed is based on.
pub(crate) struct Guard<'a> {
    pub(crate) context: &'a Context,
    /// How many keys are to go.
    pub(crate) keys: usize,
    /// What follows "keys" in the question, after a space: how they were selected.
    pub(crate) which: String,
    /// The title that was typed to confirm.
    pub(crate) confirm: Option<&'a str>,
    /// Whether the keys were named on the command line.
    pub(crate) named: bool,
}

impl Guard<'_> {
    /// Lets through one key that was named, a title typed correctly, and a yes.
    pub(crate) async fn check(&self, keyspace: &OpenNamespace) -> Result<()> {
        let mass = protect::is_mass(self.named, self.keys);
        let rules = if mass {
            rules(self.context, keyspace)?
        } else {
            None
        };
        if is_confirmed(keyspace, rules, self.confirm, "deleted").await? {
            return Ok(());
        }
        if !mass {
            return Ok(());
        }
        let keys = format!("{}{}", quantity(self.keys, "key"), self.which);
        Ok(self
            .context
            .ui
            .confirm(Question {
                what: format!("deleting {keys} from {} for good", keyspace.target),
                ask: format!("Delete {keys} for good?"),
                expect: None,
                flag: "--yes".to_owned(),
            })
            .await?)
    }
}

/// Lets many keys be written, unless `kvctl.toml` protects the namespace and its title was not typed.
pub(crate) async fn allow_writes(
    context: &Context,
    keyspace: &OpenNamespace,
    confirm: Option<&str>,
) -> Result<()> {
    let rules = rules(context, keyspace)?;
    is_confirmed(keyspace, rules, confirm, "written").await?;
    Ok(())
}

/// Allows rewriting many keys as [`allow_writes`] does, after confirming `what`.
pub(crate) async fn allow_rewrites(
    context: &Context,
    keyspace: &OpenNamespace,
    confirm: Option<&str>,
    what: String,
) -> Result<()> {
    let rules = rules(context, keyspace)?;
    if is_confirmed(keyspace, rules, confirm, "written").await? {
        return Ok(());
    }
    let question = Question {
        what,
        ask: "Rewrite them?".to_owned(),
        expect: None,
        flag: "--yes".to_owned(),
    };
    Ok(context.ui.confirm(question).await?)
}

/// Whether the title was typed, and correctly. Without it, what the rules protect is refused.
async fn is_confirmed(
    keyspace: &OpenNamespace,
    rules: Option<(Manifest, Option<Document>)>,
    confirm: Option<&str>,
    done: &'static str,
) -> Result<bool> {
    if confirm.is_none() && rules.is_none() {
        return Ok(false);
    }
    let title = title(keyspace).await?;
    let protected = match rules {
        Some((manifest, document)) if confirm.is_none() => {
            let project = document.as_ref().map(Document::project);
            let binding = keyspace.target.binding();
            let by_name = binding.and_then(|binding| manifest.namespace(binding));
            by_name.is_some_and(|rules| rules.protect)
                || is_protected(&manifest, project, keyspace.place(), &title)
                || is_deployed_protected(keyspace, &manifest, project).await?
        }
        _ => false,
    };
    Ok(protect::check(&title, confirm, protected, done)?)
}

/// Whether a protected binding of what is deployed leads to the namespace. What the credentials may
/// not ask does not count.
async fn is_deployed_protected(
    keyspace: &OpenNamespace,
    manifest: &Manifest,
    project: Option<&Project>,
) -> Result<bool> {
    let session = &keyspace.session;
    // A binding of the file was compared by its name.
    let named = session.is_local() || keyspace.target.binding().is_some();
    let Some(project) = project.filter(|_| !named) else {
        return Ok(false);
    };
    let deployments = Deployments::new(&session.client, &session.account);
    let found = DeployedBindings::of(&deployments, project, &keyspace.target.id).await;
    let found = found.context("could not ask whether a protected binding leads to it")?;
    Ok(found.is_protected(manifest))
}

/// Reads the project's rules, if some of them protect a namespace.
fn rules(
    context: &Context,
    keyspace: &OpenNamespace,
) -> Result<Option<(Manifest, Option<Document>)>> {
    let document = keyspace.document(context)?;
    let manifest = context.files.manifest_beside(document.as_ref())?;
    let strict = |m: &Manifest| m.namespaces.iter().any(|n| n.protect);
    Ok(manifest.filter(strict).map(|m| (m, document)))
}

/// Returns the title, which only some ways of naming a namespace tell.
async fn title(keyspace: &OpenNamespace) -> Result<String> {
    if let Some(title) = &keyspace.target.title {
        return Ok(title.clone());
    }
    let session = &keyspace.session;
    let found = keyspace.namespace().info().await;
    if session.is_local() && found.is_err() {
        // To `wrangler dev` a namespace needs no title, so the local store may know none.
        let binding = keyspace.target.binding();
        return Ok(binding.map_or_else(|| keyspace.target.id.to_string(), ToString::to_string));
    }
    let found = found.with_context(|| format!("could not look up {}", keyspace.target))?;
    Ok(found.title)
}
