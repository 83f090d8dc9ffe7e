//! Files that options name, which may be pipes: `--token-file <(pass show token)`.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::Context;
use crate::{
    credentials::{TOKEN_FILE_MAX_BYTES, TokenFile},
    fsx::{self, FileKind},
};

/// The most that a file with certificate authorities may hold, in bytes.
pub(super) const AUTHORITIES_MAX_BYTES: u64 = 16 << 20;

/// What came through pipes, or why nothing did. A pipe can be read only once.
pub(super) type Pipes = BTreeMap<PathBuf, Result<Vec<u8>, String>>;

impl Context {
    /// Reads what comes through the pipes that options name, on threads of their own, so that
    /// Ctrl-C is heard meanwhile.
    pub async fn read_pipes(&mut self) {
        let token = self.globals.token_file.as_ref();
        let token = token.map(|file| (self.resolve(file), TOKEN_FILE_MAX_BYTES));
        let authorities = self.authority_files().into_iter();
        let authorities = authorities.map(|(path, _)| (path, AUTHORITIES_MAX_BYTES));
        let named: Vec<_> = token.into_iter().chain(authorities).collect();
        for (path, limit) in named {
            if fsx::kind_of(&path) != Some(FileKind::Pipe) || self.pipes.contains_key(&path) {
                continue;
            }
            let pipe = path.clone();
            let read = move || fsx::read_file_or_pipe(&pipe, limit);
            let read = match tokio::task::spawn_blocking(read).await {
                Ok(read) => read.map_err(|e| e.to_string()),
                Err(e) => Err(e.to_string()),
            };
            self.pipes.insert(path, read);
        }
    }

    /// Reads a file that an option names, or gives what came through it, if it is a pipe.
    pub(super) fn read_named(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        match self.pipes.get(path) {
            Some(Ok(bytes)) => Ok(bytes.clone()),
            Some(Err(said)) => Err(io::Error::other(said.clone())),
            None => fsx::read_file(path, limit),
        }
    }

    pub(super) fn token_file(&self, path: &Path) -> TokenFile {
        let path = self.resolve(path);
        let bytes = self.read_named(&path, TOKEN_FILE_MAX_BYTES);
        TokenFile { path, bytes }
    }
}
