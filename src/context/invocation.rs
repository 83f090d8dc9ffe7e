//! The options of this run that a command to run next needs as well.

use super::Context;
use crate::{
    cli::Globals,
    domain::{Hint, Invocation, ShowPath as _, option_words},
    env::{Env, Var},
};

impl Context {
    /// Returns the options of this run that a command to run next needs as well.
    pub fn invocation(&self) -> Invocation {
        let ambient = self.variables.get(Var::Environment);
        Invocation {
            ambient_environment: ambient.is_some_and(|name| !name.is_empty()),
            ..Self::invocation_of(&self.globals, &self.variables.env)
        }
    }

    /// The same, as far as it is known before env files are read.
    pub fn invocation_of(globals: &Globals, env: &Env) -> Invocation {
        let option = |name: &str, value: Option<String>| {
            let value = value.into_iter();
            value.flat_map(|value| option_words(name, &value)).collect()
        };
        let path = |name: &str, path: Option<&std::path::PathBuf>| -> Vec<String> {
            option(name, path.map(|path| path.shown().into_owned()))
        };
        let mut section: Vec<String> = option("--env", globals.environment.clone());
        section.extend(globals.in_previews.then(|| "--in-previews".to_owned()));
        let env_files = globals.env_file.iter();
        let env_files = env_files.flat_map(|file| path("--env-file", Some(file)));
        let account = globals.account_id.as_ref().map(ToString::to_string);
        let profile = globals.profile.as_ref().map(ToString::to_string);
        Invocation {
            section,
            ambient_environment: env.get(Var::Environment).is_some_and(|it| !it.is_empty()),
            files: path("--config", globals.config.as_ref())
                .into_iter()
                .chain(path("--cwd", globals.cwd.as_ref()))
                .chain(env_files)
                .collect(),
            access: option("--account-id", account)
                .into_iter()
                .chain(path("--token-file", globals.token_file.as_ref()))
                .chain(option("--profile", profile))
                .chain(globals.remote.then(|| "--remote".to_owned()))
                .chain(path("--ca-file", globals.ca_file.as_ref()))
                .collect(),
            local: Self::asks_for_local(globals, env),
            store: path("--persist-to", globals.persist_to.as_ref()),
        }
    }

    /// Prints a note that may name commands.
    pub fn note(&self, note: &Hint) {
        self.ui.note(&note.render(&self.invocation()));
    }
}
