//! The wrangler file of a provisioning: found, or made up.

use crate::{
    cli::{ProvisionArgs, again_without},
    commands::{Refused, UsageError},
    config::{self, Document, Project, Scope, WorkerNameError},
    context::Context,
    domain::{ErrorClass, Hint, listed},
    env,
    error::{ClassExt as _, Failure, Result, ResultExt as _},
    ops::provision::desired::DEFAULT_BINDINGS,
};

/// Opens the wrangler file; where there is none and `--init` allows it, one that is still to be made.
pub(super) fn open(context: &Context, args: &ProvisionArgs) -> Result<Document> {
    let init = args.init;
    let missing = match context.files.document() {
        Err(e @ config::Error::NotFound { .. }) if !init => {
            return Err(or_create(context, args, e));
        }
        Err(e @ (config::Error::NotFound { .. } | config::Error::Missing { .. })) if init => e,
        Ok(document) if init && document.path().parent() != Some(context.files.directory()) => {
            let file = context.files.display(document.path());
            context
                .ui
                .warn(&format!("`--init` created no file, because {file} exists"));
            return Ok(document);
        }
        other => return Ok(other?),
    };
    let path = match (&context.globals.config, missing) {
        (Some(path), config::Error::Missing { .. }) => context.files.resolve(path),
        _ => context.files.directory().join("wrangler.toml"),
    };
    let typescript = path.with_file_name(config::TYPESCRIPT_NAME);
    if typescript.is_file() {
        return Err(config::Error::TypeScript { path: typescript }.into());
    }
    let directory = path.parent().unwrap_or(context.files.directory());
    let directory = fs_err::canonicalize(directory).class(ErrorClass::Failed);
    let directory = directory.context("could not create a wrangler file")?;
    let last = directory.file_name().unwrap_or_default().to_string_lossy();
    let name = worker_name(&last).ok_or_else(|| {
        Refused::new(
            format!("could not derive a Worker name from the directory name `{last}`"),
            "write a wrangler.toml with a line `name = \"…\"`, then run again",
        )
    })?;
    let date = context.now().strftime("%Y-%m-%d").to_string();
    Ok(Document::minimal(path, &name, &date)?)
}

/// Says how this run creates the file, and what it creates besides.
fn or_create(context: &Context, args: &ProvisionArgs, error: config::Error) -> Failure {
    let failure = Failure::from(error);
    let again = again_without(&env::arguments(), "--check");
    let (Some(again), Ok(section)) = (again, context.section()) else {
        return failure;
    };
    if section.is_previews() {
        return failure;
    }
    let adds = section.environment().is_some() && !args.scope.all_envs && !args.add_env;
    let again = again.flag("--init");
    let again = if adds { again.flag("--add-env") } else { again };
    let named: Vec<String> = if args.wanted.is_empty() {
        let manifest = context.files.manifest_beside(None);
        let manifest = manifest.ok().flatten().unwrap_or_default();
        manifest
            .namespaces
            .iter()
            .map(|it| it.binding.to_string())
            .collect()
    } else {
        args.wanted
            .iter()
            .map(|it| it.binding.to_string())
            .collect()
    };
    let named = if named.is_empty() {
        DEFAULT_BINDINGS.map(str::to_owned).to_vec()
    } else {
        named
    };
    let what = format!(
        " to create a wrangler.toml here, and namespaces for {}; or name the file with `-c FILE`",
        listed(&named)
    );
    failure.map_hint(|_| Hint::run(again).text(what))
}

/// Adds the environment that is selected, where the file does not have it and `add` allows it.
pub(super) fn with_environment(
    context: &Context,
    document: Document,
    add: bool,
) -> Result<Document> {
    if !add {
        return Ok(document);
    }
    let section = context.section()?;
    let Some(name) = section.environment() else {
        let what = "`--add-env` adds the environment that is selected, and none is";
        return Err(UsageError::new(what, "select one with `--env NAME`").into());
    };
    let document = document.with_environment(name.clone());
    // Added, it could not be deployed.
    if let Err(error @ WorkerNameError::Environment { .. }) =
        document.project().deployed_name(&section)
    {
        return Err(error.into());
    }
    Ok(document)
}

/// Refuses environments that Pages does not know.
pub(super) fn check_environments(project: &Project, scopes: &[&Scope]) -> Result<()> {
    let is_selected = |it: &&Scope| scopes.iter().any(|scope| scope.section == it.section);
    let Some(unknown) = project.pages_refuses().find(is_selected) else {
        return Ok(());
    };
    let line = unknown.position.map(|at| format!(" (line {})", at.line));
    let what = format!(
        "a Pages project cannot have {}{}",
        unknown.section,
        line.unwrap_or_default()
    );
    let hint = "Pages knows only `--env production` and `--env preview`";
    Err(Refused::new(what, hint).into())
}

/// Makes a Worker's name out of a directory's: letters, digits and dashes.
///
/// `None` if nothing is left: a name that every such directory shared would make them share
/// namespaces, too.
fn worker_name(directory: &str) -> Option<String> {
    let dashed: String = directory
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_becomes_a_worker_name_or_none() {
        for (directory, name) in [
            ("My Bio_App", Some("my-bio-app")),
            ("--x--", Some("x")),
            ("你好", None),
        ] {
            assert_eq!(worker_name(directory).as_deref(), name);
        }
    }
}
