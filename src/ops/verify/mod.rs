//! `verify`: whether a project's KV works, as a list of named checks.
//!
//! Each check is a function from the `context` to findings; shared facts are fetched once, there.
//! The checks run concurrently, and each waits only for what it needs. An API error fails one check
//! (`blocked`), and the checks that depend on it are skipped, so one cause fails one check.
//!
//! A new check is such a function in the file of its subject (`project`, `service` or one of its
//! own), a variant of [`Check`], and a line in `run_one`.

mod assertions;
mod blocked;
mod bound;
mod check;
mod context;
mod deployed;
mod everywhere;
mod finding;
mod namespaces;
mod near;
mod obstacles;
mod options;
mod previews;
mod probe;
mod probe_keys;
mod project;
mod redirect;
mod resolution;
mod service;
mod sharing;
mod subject;
mod unknown;

use std::collections::BTreeMap;

use futures_util::future;

pub use check::{Check, Selection, UnknownCheck};
pub use finding::{Class, Finding, Findings, Status};
pub use options::{Denial, File, NamedAccount, Options, Service, WorkerRoute};
pub use probe::PREFIX as PROBE_PREFIX;
pub use probe_keys::ProbeKeys;
pub use subject::{Part, Places, Subject, place};

use context::CheckContext;
use obstacles::Obstacles;

use crate::{
    config::{Document, Location, Manifest},
    domain::{Binding, Classification, Classify, ErrorClass, Hint, nearest},
};

/// An assertion about an unknown binding.
#[derive(Debug, thiserror::Error)]
#[error("{place}: assertion names unknown binding `{binding}`")]
pub struct UnknownBinding {
    /// The location of the assertion.
    pub place: Location,
    /// The binding.
    binding: Binding,
    /// The nearest that there is, if one is near.
    nearest: Option<Binding>,
}

impl Classify for UnknownBinding {
    fn classify(&self) -> Classification {
        ErrorClass::Config.hint(match &self.nearest {
            Some(nearest) => Hint::from(format!("did you mean `{nearest}`?")),
            None => "an assertion names a binding of the wrangler file or of kvctl.toml".into(),
        })
    }
}

/// Checks that every assertion is about a binding that the files know, in whatever section.
pub fn check_bindings(document: &Document, manifest: &Manifest) -> Result<(), UnknownBinding> {
    let bound = document.project().scopes().flat_map(|scope| &scope.entries);
    let declared = manifest.namespaces.iter().map(|n| &n.binding);
    let known: Vec<&Binding> = bound.map(|entry| &entry.binding).chain(declared).collect();
    for assertion in &manifest.asserts {
        if !known.contains(&&assertion.binding) {
            let near = nearest(assertion.binding.as_str(), known.iter().map(|b| b.as_str()));
            return Err(UnknownBinding {
                place: manifest.place(assertion.position),
                binding: assertion.binding.clone(),
                nearest: near.and_then(|name| name.parse().ok()),
            });
        }
    }
    Ok(())
}

/// What was verified.
#[derive(Debug)]
pub struct Verified {
    /// What the checks have to say, in their order.
    pub findings: Findings,
    /// The ids of the namespaces, by `BINDING` or `SECTION/BINDING`.
    pub ids: BTreeMap<String, String>,
}

/// Makes the checks that are selected, and tells `done` of each when it is done with.
pub async fn run(options: &Options<'_>, done: &(dyn Fn(Check) + Sync)) -> Verified {
    let context = CheckContext::new(options);
    let checks = options.selection.checks().map(|check| {
        let context = &context;
        async move {
            let findings = run_one(check, context).await;
            done(check);
            findings
        }
    });
    let findings = future::join_all(checks).await;
    let obstacles = Obstacles::of(&context);
    let findings = findings.into_iter().flatten();
    let findings = findings.map(|it| it.map_hint(&|hint| obstacles.first(hint)));
    let findings = future::join_all(findings.map(|it| near::decided(&context, it))).await;
    let findings = Findings::new(findings);
    Verified {
        findings: everywhere::united(&context, &obstacles, findings).await,
        ids: context.ids(),
    }
}

async fn run_one(check: Check, context: &CheckContext<'_>) -> Vec<Finding> {
    match check {
        Check::Connection => service::connection(context).await,
        Check::Credentials => service::credentials(context).await,
        Check::Account => service::account(context).await,
        Check::Permission => service::permission(context).await,
        Check::Configuration => project::configuration(context).await,
        Check::Environments => project::environments(context).await,
        Check::Preview => previews::preview(context).await,
        Check::Pages => project::pages(context),
        Check::Namespaces => namespaces::check(context).await,
        Check::Deployed => {
            let redirected = redirect::check(context);
            let deployed = deployed::check(context).await;
            redirected.into_iter().chain(deployed).collect()
        }
        Check::Probe => probe::check(context).await,
        Check::Quota => service::quota(context).await,
        Check::Clock => service::clock(context).await,
        Check::Assertions => assertions::check(context).await,
        Check::Scaffold => project::scaffold(context),
        Check::Worker => service::worker(context).await,
    }
}
