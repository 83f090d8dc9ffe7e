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
    domain::{Binding, Classification, Classify, EnvName, ErrorClass, nearest},
};

/// An assertion about what the files do not have, which would never be checked.
#[derive(Debug, thiserror::Error)]
#[error("{place}: assertion names unknown {what} `{name}`")]
pub struct UnknownName {
    /// The location of the assertion.
    pub place: Location,
    /// What it names.
    what: &'static str,
    /// The name.
    name: String,
    /// The nearest that there is, or what it may name.
    hint: String,
}

impl Classify for UnknownName {
    fn classify(&self) -> Classification {
        ErrorClass::Config.hint(self.hint.clone())
    }
}

/// Checks that every assertion is about a binding that the files know, in whatever section, and about an
/// environment that the wrangler file has, if about one alone.
pub fn check_names(document: &Document, manifest: &Manifest) -> Result<(), UnknownName> {
    let bound = document.project().scopes().flat_map(|scope| &scope.entries);
    let declared = manifest.namespaces.iter().map(|n| &n.binding);
    let bindings: Vec<&str> = bound
        .map(|entry| &entry.binding)
        .chain(declared)
        .map(Binding::as_str)
        .collect();
    let environments = document.project().environments.iter();
    let environments = environments.filter_map(|scope| scope.section.environment());
    let environments: Vec<&str> = environments.map(EnvName::as_str).collect();
    for assertion in &manifest.asserts {
        let unknown = |what, name: &str, known: &[&str], allowed: String| UnknownName {
            place: manifest.place(assertion.position),
            what,
            name: name.to_owned(),
            hint: nearest(name, known.iter().copied())
                .map_or(allowed, |near| format!("did you mean `{near}`?")),
        };
        let binding = assertion.binding.as_str();
        if !bindings.contains(&binding) {
            let allowed = "an assertion names a binding of the wrangler file or of kvctl.toml";
            return Err(unknown("binding", binding, &bindings, allowed.to_owned()));
        }
        let environment = assertion.environment.as_ref().map(EnvName::as_str);
        if let Some(name) = environment.filter(|name| !environments.contains(name)) {
            let allowed = if environments.is_empty() {
                "the wrangler file has no environments; remove `environment`".to_owned()
            } else {
                format!("the wrangler file has {}", environments.join(", "))
            };
            return Err(unknown("environment", name, &environments, allowed));
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
