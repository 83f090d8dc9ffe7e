//! `kvctl scaffold`: look, plan, show, write.

use std::path::{Path, PathBuf};

use crate::{
    cli::{PartArg, ScaffoldArgs},
    commands::{UsageError, shared::scaffolding::Scaffolding},
    config::{Document, Manifest, Part, Scope},
    context::Context,
    domain::ShowPath as _,
    error::{Failure, Result},
    fsx,
    ops::scaffold::{self, Note, bindings},
    scaffold::{Overrides, Settings},
};

pub(super) fn run(context: &Context, args: &ScaffoldArgs) -> Result<()> {
    let start = match &args.directory {
        Some(directory) => directory_of(context, directory)?,
        None => context.files.directory().to_owned(),
    };
    let document = context.files.document_in(&start)?;
    let typescript = context.files.typescript_in(&start);
    let beside = document.as_ref().and_then(|d| d.path().parent());
    let manifest = Manifest::read(beside.unwrap_or(&start))?;
    let root = match &args.directory {
        Some(_) => start,
        None => beside.map_or(start, Path::to_path_buf),
    };
    let scopes = scopes(context, document.as_ref())?;
    let bindings = bindings(document.as_ref(), &scopes, &[], manifest.as_ref())?;
    let settings = Settings::new(manifest.as_ref(), overrides(args));
    let found = scaffold::read_project(&root, &settings, document.as_ref())?;
    let mut plan = scaffold::plan::plan(found, &settings, &bindings, args.force)?;
    if let Some(path) = typescript {
        let path = PathBuf::from(context.files.display(&path));
        plan.notes.retain(|note| *note != Note::Unprovisioned);
        plan.notes.insert(0, Note::TypeScript(path));
    }
    let scaffolding = Scaffolding { root, plan };

    if args.check {
        return scaffolding.check(context);
    }
    let verdict = scaffolding.refuse(context);
    if verdict.is_ok() && !args.dry_run {
        scaffolding.write(context)?;
    }
    // Of a file that is refused the user has to see what would be lost.
    let report = scaffolding.report(context, args.dry_run);
    context.ui.conclude(&report, verdict.map_err(Failure::from))
}

fn directory_of(context: &Context, directory: &Path) -> Result<PathBuf, UsageError> {
    // Without `..` in it: what is above it is searched for the wrangler file.
    match fsx::real_path(&context.files.resolve(directory)) {
        Ok(path) if path.is_dir() => return Ok(path),
        Ok(_) | Err(_) => {}
    }
    Err(UsageError::new(
        format!("`{}` is not a directory", directory.shown()),
        "name the directory of the project",
    ))
}

/// Returns the section that is named, else all of them: one code serves every section.
fn scopes<'d>(context: &Context, document: Option<&'d Document>) -> Result<Vec<&'d Scope>> {
    let Some(document) = document else {
        return Ok(Vec::new());
    };
    let section = context.section()?;
    if section.is_top() {
        return Ok(document.project().deployed_scopes().collect());
    }
    Ok(vec![document.scope(&section)?])
}

fn overrides(args: &ScaffoldArgs) -> Overrides {
    let part = |part: &PartArg| match part {
        PartArg::Cache => Part::Cache,
        PartArg::Sessions => Part::Sessions,
        PartArg::RateLimit => Part::RateLimit,
        PartArg::Types => Part::Types,
    };
    Overrides {
        only: (!args.only.is_empty()).then(|| args.only.iter().map(part).collect()),
        out_dir: args.out_dir.clone(),
        types: args.types.clone(),
    }
}
