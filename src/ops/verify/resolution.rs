//! Finds where the bindings of the selected sections lead.

use std::collections::BTreeMap;

use super::{
    Subject,
    blocked::Blocked,
    bound::{Bound, ProbeTarget, Unbound},
    context::CheckContext,
};
use crate::{
    config::{Entry, Field, Scope},
    domain::{NamespaceId, Section},
    ops::target::{Deployable, Resolver, Selector, Target},
};

impl<'a> CheckContext<'a> {
    /// Returns where the bindings of the selected sections lead.
    pub(super) async fn bound(&self) -> Result<&[Bound], Blocked> {
        let bound = self.bound.get_or_init(|| self.resolve_all()).await;
        bound.as_deref().map_err(Clone::clone)
    }

    async fn resolve_all(&self) -> Result<Vec<Bound>, Blocked> {
        let scopes = if self.is_local() {
            self.scopes()?
        } else {
            self.scopes_with_previews()?
        };
        let resolver = self.resolver()?;
        let mut bound = Vec::new();
        for scope in scopes {
            for entry in &scope.entries {
                let target = self.resolve(resolver, scope, entry).await;
                let preview = if self.is_local() || scope.section.is_previews() {
                    None
                } else {
                    let preview = Field::PreviewId;
                    let in_file = resolver.in_file(&scope.section, &entry.binding, preview);
                    in_file.ok().flatten()
                };
                bound.push(Bound {
                    section: scope.section.clone(),
                    entry: entry.clone(),
                    target,
                    preview,
                });
            }
        }
        Ok(bound)
    }

    async fn resolve(
        &self,
        resolver: &Resolver<'a>,
        scope: &Scope,
        entry: &Entry,
    ) -> Result<Target, Unbound> {
        let (section, binding) = (&scope.section, &entry.binding);
        if self.is_local() {
            let selector = Selector::Binding {
                section: section.clone(),
                binding: binding.clone(),
                preview: None,
            };
            return resolver.locate(&selector).await.map_err(Unbound::Nothing);
        }
        if let Some(target) = resolver.in_file(section, binding, Field::Id)? {
            return Ok(target);
        }
        let project = self.document().map_err(Unbound::Blocked)?.project();
        if let Some(what) = Deployable::of(project, section) {
            self.deployment(&what).await.map_err(Unbound::Blocked)?;
        }
        Ok(resolver.in_use(section, binding).await?)
    }

    /// Returns the namespaces that bindings lead to, and that exist, each with the first binding that
    /// leads to it.
    pub(super) async fn targets(&self) -> Result<Vec<ProbeTarget>, Blocked> {
        let mut targets: Vec<ProbeTarget> = Vec::new();
        let bound = self.bound().await?.iter();
        for bound in bound.filter(|bound| !bound.section.is_previews()) {
            let Some(id) = self.existing(bound).await? else {
                continue;
            };
            if targets.iter().any(|target| target.id == id) {
                continue;
            }
            targets.push(ProbeTarget {
                subject: bound.subject(),
                id,
                position: bound.entry.position,
            });
        }
        Ok(targets)
    }

    /// Returns the ids that are known by now: by binding, with its section.
    pub(super) fn ids(&self) -> BTreeMap<String, String> {
        let named = |section: &Section, entry: &Entry, id: &NamespaceId| {
            let subject = Subject::binding(section, &entry.binding);
            (subject.to_string(), id.to_string())
        };
        if let Some(Ok(bound)) = self.bound.get() {
            let known = bound.iter().filter_map(|bound| {
                let target = bound.target.as_ref().ok()?;
                Some(named(&bound.section, &bound.entry, &target.id))
            });
            return known.collect();
        }
        let mut ids = BTreeMap::new();
        for scope in self.scopes().unwrap_or_default() {
            for entry in &scope.entries {
                if let Some(id) = entry.declared(Field::Id).valid_where(|_| true) {
                    ids.extend([named(&scope.section, entry, id)]);
                }
            }
        }
        ids
    }

    /// Returns the id to which a binding leads, if a namespace has it. The local store has every one.
    pub(super) async fn existing(&self, bound: &Bound) -> Result<Option<NamespaceId>, Blocked> {
        let id = match &bound.target {
            Ok(target) => &target.id,
            Err(Unbound::Blocked(blocked)) => return Err(blocked.clone()),
            Err(Unbound::Nothing(_)) => return Ok(None),
        };
        if !self.is_local() {
            let all = self.namespaces().await?;
            if !all.iter().any(|known| known.id == *id) {
                return Ok(None);
            }
        }
        Ok(Some(id.clone()))
    }
}
