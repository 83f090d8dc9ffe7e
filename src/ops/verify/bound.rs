//! Where a binding of the selected sections leads.

use super::{Subject, blocked::Blocked};
use crate::{
    config::{Entry, Position},
    domain::{NamespaceId, Section},
    ops::target::{self, Target},
};

/// A namespace to probe, and the first binding that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProbeTarget {
    pub(super) subject: Subject,
    pub(super) id: NamespaceId,
    pub(super) position: Position,
}

/// Where a binding leads.
pub(super) struct Bound {
    pub(super) section: Section,
    pub(super) entry: Entry,
    /// The namespace that the Worker uses: at the service the file's `id`, else what is deployed; in
    /// the local store what `wrangler dev` opens.
    pub(super) target: Result<Target, Unbound>,
    /// The namespace that its `preview_id` names, at the service.
    pub(super) preview: Option<Target>,
}

impl Bound {
    /// Whether it is about this binding.
    pub(super) fn is(&self, section: &Section, entry: &Entry) -> bool {
        self.section == *section && self.entry.binding == entry.binding
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::binding(&self.section, &self.entry.binding)
    }
}

/// Why a binding leads to no namespace.
pub(super) enum Unbound {
    /// It could not be found out; another check says why.
    Blocked(Blocked),
    /// Neither the file nor what is deployed names one.
    Nothing(target::Error),
}

impl From<target::Error> for Unbound {
    fn from(error: target::Error) -> Self {
        Self::Nothing(error)
    }
}
