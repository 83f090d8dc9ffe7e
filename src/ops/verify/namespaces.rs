//! The check `namespaces`: every id exists in the account, with the expected title.

use super::{
    Check, Finding, Subject,
    context::{CheckContext, local_id},
};
use crate::{
    config::{Entry, Field, Scope},
    domain::NamespaceId,
    ops::provision::{
        desired::{self, in_section},
        titles::preview,
    },
    wire::NamespaceInfo,
};

pub(super) async fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Namespaces;
    let scopes = match context.scopes() {
        Ok(scopes) => scopes,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    if context.is_local() {
        return local(&scopes);
    }
    let all = match context.namespaces().await {
        Ok(all) => all,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let near = context
        .client()
        .is_ok_and(crate::api::Client::is_on_this_machine);
    let mut findings = Vec::new();
    for scope in &scopes {
        for entry in &scope.entries {
            for field in [Field::Id, Field::PreviewId] {
                let declared = entry.declared(field);
                let Some(id) = declared.valid_where(|_| near) else {
                    continue;
                };
                let bound = Bound {
                    scope,
                    entry,
                    field,
                    id,
                };
                findings.push(bound.judge(context, all));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::skip(check, "no binding has an id"));
    }
    findings
}

/// Says which namespace of the local store each binding has.
fn local(scopes: &[&Scope]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for scope in scopes {
        for entry in &scope.entries {
            let subject = Subject::binding(&scope.section, &entry.binding);
            let message = match local_id(entry) {
                Some(id) => format!("`wrangler dev` stores it under {id}"),
                None => "`wrangler dev` stores it under the id in the file".to_owned(),
            };
            findings.push(Finding::pass(Check::Namespaces, message).about(subject));
        }
    }
    if findings.is_empty() {
        let reason = "no KV namespaces are bound";
        findings.push(Finding::skip(Check::Namespaces, reason));
    }
    findings
}

/// An id of the file.
struct Bound<'a> {
    scope: &'a Scope,
    entry: &'a Entry,
    field: Field,
    id: &'a NamespaceId,
}

impl Bound<'_> {
    fn judge(&self, context: &CheckContext<'_>, all: &[NamespaceInfo]) -> Finding {
        let check = Check::Namespaces;
        let environment = &self.scope.section;
        let subject = Subject::binding(environment, &self.entry.binding);
        let subject = match self.field {
            Field::PreviewId => subject.with("preview_id"),
            Field::Id | Field::Binding => subject,
        };
        let position = self.entry.field(self.field).map(|at| at.position);
        let place = context.place(position.unwrap_or(self.entry.position));
        let id = self.id;
        let Some(found) = all.iter().find(|known| known.id == *id) else {
            let account = context
                .account()
                .map(ToString::to_string)
                .unwrap_or_default();
            let message = format!("{id} is not in account {account}");
            return Finding::fail(check, message)
                .about(subject)
                .at(place)
                .hint(format!(
                    "it was deleted or belongs to another account; `kvctl provision --replace-id \
                     {id}` replaces it"
                ));
        };
        let title = &found.title;
        match self.expected(context) {
            Expected::Declared(wanted) if wanted != *title => Finding::fail(
                check,
                format!("{id} is titled `{title}`, but kvctl.toml says `{wanted}`"),
            )
            .hint(format!(
                "bind the right namespace, or run `kvctl namespace rename --namespace-id {id} --to \
                 {wanted}`"
            ))
            .at(place),
            Expected::OneOf(titles) if !titles.contains(title) => {
                let usual = titles.first().map_or("", String::as_str);
                let message = format!("{id} is titled `{title}`, expected `{usual}`");
                Finding::warn(check, message)
                    .at(place)
                    .hint("check the id, or set the expected `title` in kvctl.toml")
            }
            Expected::Declared(_) | Expected::OneOf(_) => {
                Finding::pass(check, format!("{id} exists, titled `{title}`"))
            }
        }
        .about(subject)
    }

    fn expected(&self, context: &CheckContext<'_>) -> Expected {
        let binding = &self.entry.binding;
        let environment = &self.scope.section;
        let is_preview = self.field == Field::PreviewId
            && self.entry.declared(Field::PreviewId) != self.entry.declared(Field::Id);
        let declared = context.options.manifest;
        let declared = declared.and_then(|m| m.namespace(binding)?.title.as_ref());
        if let Some(title) = declared.and_then(|title| in_section(title, environment).ok()) {
            return match preview(&title) {
                Ok(twin) if is_preview => Expected::OneOf(vec![twin.to_string()]),
                _ => Expected::Declared(title.to_string()),
            };
        }
        let Ok(document) = context.document() else {
            return Expected::OneOf(Vec::new());
        };
        let Ok(usual) = desired::conventional_titles(document.project(), self.scope, binding)
        else {
            return Expected::OneOf(Vec::new());
        };
        let titles = [usual.wanted].into_iter().chain(usual.deploy_form);
        let titles = titles.chain(usual.bare).map(|title| match preview(&title) {
            Ok(twin) if is_preview => twin.to_string(),
            _ => title.to_string(),
        });
        Expected::OneOf(titles.collect())
    }
}

/// What a namespace should be titled.
enum Expected {
    /// So, because `kvctl.toml` says so.
    Declared(String),
    /// One of these by convention, the usual one first.
    OneOf(Vec<String>),
}
