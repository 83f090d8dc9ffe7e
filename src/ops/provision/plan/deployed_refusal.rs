//! Why what is deployed, or may be, keeps a slot from being provisioned.

use std::fmt;

use super::Slot;
use crate::{
    config::Position,
    domain::{Binding, Hint, NamespaceId, Suggestion, Title},
    ops::target::{Deployable, sides},
};

/// A slot that the file leaves open, and what is deployed under the name of its binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedRefusal {
    /// The slot.
    pub slot: Slot,
    /// What is deployed, or would have been asked.
    pub deployable: Deployable,
    /// What is wrong.
    pub why: Obstacle,
}

/// What keeps the namespace that is deployed from being adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It could not be asked for, and the binding may be deployed.
    NotAsked {
        /// Where the entry is, if there is one.
        position: Option<Position>,
        /// What the service said.
        said: String,
    },
    /// The account does not list it.
    Gone(NamespaceId),
    /// It is another one than the one named.
    OtherTitle {
        /// Its id.
        id: NamespaceId,
        /// Its title.
        has: String,
        /// The title that was named.
        wanted: Title,
    },
    /// Previews of a Pages project use another one than production.
    Differs {
        /// Production's, if it has one.
        production: Option<NamespaceId>,
        /// The previews'.
        preview: NamespaceId,
        /// The bindings to name where previews get a section of their own.
        wanted: Vec<Binding>,
    },
    /// Another section of the same Worker has another id.
    Disagrees {
        /// The namespace that is deployed.
        id: NamespaceId,
        /// The slot with an id.
        with: Slot,
        /// That id.
        other: NamespaceId,
    },
}

impl fmt::Display for DeployedRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            slot,
            deployable,
            why,
        } = self;
        match why {
            Obstacle::NotAsked { position, said } => {
                let line = position.map(|at| format!(" (line {})", at.line));
                write!(
                    f,
                    "there is no {slot}{}, the {deployable} may bind a namespace for it, and asking \
                     that was refused: {said}",
                    line.unwrap_or_default()
                )
            }
            Obstacle::Gone(id) => write!(
                f,
                "the {slot} would be {id}, which the deployed {deployable} binds, but the account \
                 does not list it"
            ),
            Obstacle::OtherTitle { id, has, wanted } => write!(
                f,
                "the {slot} would be {id}, which the deployed {deployable} binds, titled `{has}`, \
                 not `{wanted}`"
            ),
            Obstacle::Differs {
                production,
                preview,
                ..
            } => write!(
                f,
                "the {slot} stands for {}",
                sides(deployable, production.as_ref(), preview)
            ),
            Obstacle::Disagrees { id, with, other } => write!(
                f,
                "the {slot} would be {id}, which the deployed {deployable} binds, but the {with}, of \
                 the same Worker, is {other}"
            ),
        }
    }
}

impl DeployedRefusal {
    /// Says what to do about it.
    pub(super) fn remedy(&self) -> Hint {
        let Self {
            slot, deployable, ..
        } = self;
        match &self.why {
            Obstacle::NotAsked { .. } => Hint::from(format!(
                "{}, or pass `--not-deployed` if the {deployable} is \
                 not deployed",
                deployable.permission().grant()
            )),
            Obstacle::Gone(id) => Hint::from(format!(
                "if {id} was deleted, write another id into the file, or deploy without the binding \
                 first; if it is in another account, see `--account-id`"
            )),
            Obstacle::OtherTitle { .. } => {
                Hint::run(slot.command(None)).text(" to adopt the namespace that is deployed")
            }
            Obstacle::Differs { wanted, .. } => Hint::run(Suggestion::provision_previews(wanted))
                .text(
                    " to give previews a section of their own, then provision the rest; repeat \
                     `vars` and bindings of other kinds in that section, which inherits none",
                ),
            Obstacle::Disagrees { with, .. } => Hint::from(format!(
                "correct the {with}, or write the id that this section should have"
            )),
        }
    }
}
