//! `kvctl scaffold`: look, plan, show, write.

mod report;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::{
    cli::{PartArg, ScaffoldArgs},
    commands::{CheckFailed, Misused, Refused},
    config::{Document, Manifest, Part, Scope},
    context::Context,
    domain::Binding,
    ops::scaffold::{
        self, bindings,
        plan::{Action, Plan, Reason},
    },
    scaffold::{Overrides, Settings},
    ui::quantity,
};

pub(super) use report::ScaffoldReport;

pub(super) fn run(context: &Context, args: &ScaffoldArgs) -> anyhow::Result<()> {
    let start = match &args.directory {
        Some(directory) => directory_of(context, directory)?,
        None => context.directory().to_owned(),
    };
    let document = context.document_in(&start)?;
    let beside = document.as_ref().and_then(|d| d.path().parent());
    let manifest = Manifest::read(beside.unwrap_or(&start))?;
    let root = match &args.directory {
        Some(_) => start,
        None => beside.map_or(start, Path::to_path_buf),
    };
    let scopes = scopes(context, document.as_ref())?;
    let bindings = bindings(document.as_ref(), &scopes, &[], manifest.as_ref())?;
    let settings = Settings::new(manifest.as_ref(), overrides(args));
    let found = scaffold::look(&root, &settings)?;
    let plan = scaffold::plan::plan(found, &settings, &bindings, args.force)?;
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
    context
        .ui
        .conclude(&report, verdict.map_err(anyhow::Error::from))
}

fn directory_of(context: &Context, directory: &Path) -> Result<PathBuf, Misused> {
    // Without `..` in it: what is above it is searched for the wrangler file.
    match fs_err::canonicalize(context.resolve(directory)) {
        Ok(path) if path.is_dir() => return Ok(path),
        Ok(_) | Err(_) => {}
    }
    Err(Misused::new(
        format!("`{}` is not a directory", directory.display()),
        "name the directory of the project",
    ))
}

/// Returns the section that is named, else all of them: one code serves every section.
fn scopes<'d>(context: &Context, document: Option<&'d Document>) -> anyhow::Result<Vec<&'d Scope>> {
    let Some(document) = document else {
        return Ok(Vec::new());
    };
    match context.environment()? {
        None => Ok(document.project().scopes().collect()),
        named => Ok(vec![document.scope(named.as_ref())?]),
    }
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

/// What is to be scaffolded, once it is known.
#[derive(Debug)]
pub(super) struct Scaffolding {
    root: PathBuf,
    plan: Plan,
}

impl Scaffolding {
    /// Plans for the project of `document`, which will also have the bindings `asked` for. Files
    /// that were edited by hand are refused.
    pub(super) fn beside(
        context: &Context,
        document: &Document,
        asked: &[Binding],
        manifest: Option<&Manifest>,
    ) -> anyhow::Result<Self> {
        let scopes: Vec<&Scope> = document.project().scopes().collect();
        let bindings = bindings(Some(document), &scopes, asked, manifest)?;
        let settings = Settings::new(manifest, Overrides::default());
        let root = document.path().parent().unwrap_or(context.directory());
        let found = scaffold::look(root, &settings)?;
        let plan = scaffold::plan::plan(found, &settings, &bindings, false)?;
        let root = root.to_owned();
        Ok(Self { root, plan })
    }

    /// Whether something is to be done.
    pub(super) fn is_pending(&self) -> bool {
        self.plan.is_pending()
    }

    /// Says what was, or would be, done.
    pub(super) fn report(&self, context: &Context, dry_run: bool) -> ScaffoldReport {
        ScaffoldReport::new(context, &self.root, &self.plan, dry_run)
    }

    /// Makes all changes or none, after saying where.
    pub(super) fn write(&self, context: &Context) -> anyhow::Result<()> {
        if !self.is_pending() {
            return Ok(());
        }
        let root = self.root.display();
        context.ui.status(&format!("scaffolding in {root}"));
        self.plan.write().context("nothing was scaffolded")
    }

    /// Refuses if there are files that are not as kvctl generated them.
    pub(super) fn refuse(&self, context: &Context) -> Result<(), Refused> {
        let refused: Vec<String> = self
            .plan
            .refused()
            .map(|(step, reason)| {
                let file = context.display(&step.path);
                match reason {
                    Reason::Edited => format!("{file} was edited by hand"),
                    Reason::Foreign => format!("{file} was not generated by kvctl"),
                    Reason::Newer(version) => format!("{file} was generated by kvctl {version}"),
                }
            })
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(Refused {
            what: format!("{}; nothing was written", refused.join(", ")),
            allow: "`kvctl scaffold --force` overwrites such files, keeping each as FILE.bak; \
                    `--only` leaves them out"
                .to_owned(),
        })
    }

    fn check(&self, context: &Context) -> anyhow::Result<()> {
        let count = |step: &&scaffold::plan::Step| step.action != Action::Keep;
        let count = self.plan.steps.iter().filter(count).count();
        let verdict = if count == 0 {
            Ok(())
        } else {
            let files = quantity(count, "file");
            Err(CheckFailed::new(format!("`kvctl scaffold` would change {files}")).into())
        };
        context.ui.conclude(&self.report(context, true), verdict)
    }
}
