//! Journals: where they are kept, and what the command line says about an interrupted run.

use std::path::PathBuf;

use crate::{
    cli::transfer::ResumeArgs,
    context::{Backend, Context, Session},
    domain::NamespaceId,
    ops::bulk::journal::{
        Journals, ResumePolicy,
        run_id::{NamespaceRef, Store},
    },
};

/// Turns flags into what to do about an earlier run.
pub(crate) fn resume_policy(args: ResumeArgs) -> ResumePolicy {
    match (args.resume, args.restart) {
        (true, _) => ResumePolicy::Resume,
        (false, true) => ResumePolicy::Restart,
        (false, false) => ResumePolicy::Refuse,
    }
}

/// Returns how a journal names `namespace` of `session`.
pub(crate) fn namespace_ref(session: &Session, namespace: &NamespaceId) -> NamespaceRef {
    NamespaceRef {
        store: match &session.place {
            Backend::Remote => Store::Account(session.account.clone()),
            Backend::Local(directory) => Store::local(directory),
        },
        namespace: namespace.clone(),
    }
}

/// Where the journals of the user are.
pub(crate) struct JournalDirectory<'a> {
    context: &'a Context,
    directory: Option<PathBuf>,
}

impl<'a> JournalDirectory<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        let state = context.variables.state_directory();
        Self {
            context,
            directory: state.map(|state| state.join("journals")),
        }
    }

    /// Says how to try again what failed after `confirmed` were done.
    pub(crate) fn retry_hint(&self, confirmed: usize) -> &'static str {
        if confirmed == 0 || self.directory.is_none() {
            "run the same command again"
        } else {
            "run the same command with `--resume` to send those again, and no others"
        }
    }

    pub(crate) fn journals(&self) -> Journals<'_> {
        Journals {
            directory: self.directory.as_deref(),
            reporter: &self.context.ui,
        }
    }
}
