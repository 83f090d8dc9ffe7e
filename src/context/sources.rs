//! Where settings came from, for whoever asks.

use std::path::PathBuf;

use super::Context;
use crate::{config::DotenvError, env::Var};

/// An env file that was read, and what it decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFileSource {
    /// The file.
    pub path: PathBuf,
    /// The variables that it set: those that nobody had set before.
    pub variables: Vec<Var>,
}

impl Context {
    /// Returns the env files that were read, the one that wins first.
    pub fn env_files(&self) -> &[EnvFileSource] {
        &self.env_files
    }

    /// Returns why env files could not be read.
    pub fn env_file_trouble(&self) -> Option<&DotenvError> {
        self.trouble.as_ref()
    }

    /// Returns the name of a variable, and the env file that set it if one did.
    pub fn origin(&self, name: &str) -> String {
        let files = self.env_files.iter();
        let mut files = files.filter(|it| it.variables.iter().any(|var| var.name() == name));
        files.next().map_or_else(
            || name.to_owned(),
            |file| format!("{name} in {}", self.display(&file.path)),
        )
    }

    /// Returns whether a variable is set to anything.
    pub fn is_set(&self, var: Var) -> bool {
        self.env.get(var).is_some()
    }
}
