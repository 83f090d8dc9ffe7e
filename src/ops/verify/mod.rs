//! `verify`: whether a project's KV works, as a list of named checks.
//!
//! One file a check, each a function from what is known to findings; what several need to know is
//! asked for once (`facts`). The checks run at once, and each waits for just what it needs. An
//! error of the service belongs to one check (`blame`), and whatever depends on that one is skipped,
//! so one cause makes one check fail.
//!
//! A new check is a file with a function `check`, a variant of [`Check`], and a line in `run_one`.

mod account;
mod assertions;
mod blame;
mod check;
mod clock;
mod configuration;
mod connection;
mod credentials;
mod environments;
mod facts;
mod finding;
mod namespaces;
mod pages;
mod permission;
mod preview;
mod probe;
mod quota;
mod request;
mod scaffold;
mod targets;
mod traces;
mod worker;

use futures_util::future;

pub use check::{Check, Selection, UnknownCheck};
pub use finding::{Class, Finding, Findings, Status, Subject};
pub use probe::PREFIX as PROBE_PREFIX;
pub use request::{Denial, File, Request, Service, WorkerRoute};
pub use traces::Traces;

use facts::Facts;

use crate::{
    config::{Document, Location, Manifest},
    domain::{Binding, nearest},
};

/// An assertion about a binding that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("{place}: there is no binding `{binding}` to assert something of")]
pub struct UnknownBinding {
    /// Where the assertion stands.
    pub place: Location,
    /// The binding.
    binding: Binding,
    /// The nearest that there is.
    nearest: Option<Binding>,
}

impl UnknownBinding {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match &self.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "neither the wrangler file nor kvctl.toml has a binding".to_owned(),
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

/// Makes the checks that are selected, and tells `done` of each when it is done with. The findings
/// are in the order of the checks.
pub async fn run(request: &Request<'_>, done: &(dyn Fn(Check) + Sync)) -> Findings {
    let facts = Facts::new(request);
    let checks = request.selection.checks().map(|check| {
        let facts = &facts;
        async move {
            let findings = run_one(check, facts).await;
            done(check);
            findings
        }
    });
    let findings = future::join_all(checks).await;
    Findings::new(findings.into_iter().flatten().collect())
}

async fn run_one(check: Check, facts: &Facts<'_>) -> Vec<Finding> {
    match check {
        Check::Connection => connection::check(facts).await,
        Check::Credentials => credentials::check(facts).await,
        Check::Account => account::check(facts).await,
        Check::Permission => permission::check(facts).await,
        Check::Configuration => configuration::check(facts),
        Check::Environments => environments::check(facts),
        Check::Preview => preview::check(facts),
        Check::Pages => pages::check(facts),
        Check::Namespaces => namespaces::check(facts).await,
        Check::Probe => probe::check(facts).await,
        Check::Quota => quota::check(facts).await,
        Check::Clock => clock::check(facts).await,
        Check::Assertions => assertions::check(facts).await,
        Check::Scaffold => scaffold::check(facts),
        Check::Worker => worker::check(facts).await,
    }
}
