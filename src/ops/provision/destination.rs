//! Where the provisioned text goes, looked at before anything is created that could not be
//! written down afterwards.

use std::path::{Path, PathBuf};

use crate::{
    config::Document,
    domain::{Classification, Classify, ErrorClass},
    fsx,
};

/// Where the text goes.
#[derive(Debug)]
pub enum Destination<'a> {
    /// Back into the file that was read.
    Original(&'a Document),
    /// Into a file that is still to be made.
    New(&'a Document),
    /// Into a copy; the original stays as it is.
    Copy {
        /// The file.
        path: PathBuf,
        /// What it holds now, if it exists.
        before: Option<Vec<u8>>,
    },
}

/// Why the text cannot go there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The copy would be the original.
    #[error("`--out` names the wrangler file itself")]
    SameFile,
    /// The system.
    #[error(transparent)]
    File(#[from] fsx::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::SameFile => ErrorClass::Usage.hint("omit `--out` to change the file in place"),
            Self::File(e) => e.classify(),
        }
    }
}

impl<'a> Destination<'a> {
    /// Chooses the place: `out` if given, else the document's own.
    pub fn choose(document: &'a Document, out: Option<PathBuf>) -> Result<Self, Error> {
        let Some(path) = out else {
            return Ok(match document.original() {
                Some(_) => Self::Original(document),
                None => Self::New(document),
            });
        };
        let real = |path: &Path| fs_err::canonicalize(path).ok();
        if real(&path).is_some() && real(&path) == real(document.path()) {
            return Err(Error::SameFile);
        }
        let before = match fsx::read_file_if_any(&path, 16 << 20) {
            Ok(before) => before,
            Err(source) => return Err(fsx::Error::Read { path, source }.into()),
        };
        Ok(Self::Copy { path, before })
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Original(document) | Self::New(document) => document.path(),
            Self::Copy { path, .. } => path,
        }
    }

    /// Returns what is there now.
    pub fn before(&self) -> Option<&[u8]> {
        match self {
            Self::Original(document) | Self::New(document) => document.original(),
            Self::Copy { before, .. } => before.as_deref(),
        }
    }

    /// Whether writing `text` destroys a file that this command did not read for its content.
    pub fn overwrites(&self, text: &str) -> bool {
        let different = |before: &[u8]| before != text.as_bytes();
        matches!(self, Self::Copy { before: Some(before), .. } if different(before))
    }

    /// Makes sure that a write could succeed.
    pub fn check(&self) -> Result<(), fsx::Error> {
        match self.before() {
            Some(_) => fsx::check_replaceable(self.path()),
            None => fsx::check_creatable(self.path()),
        }
    }

    /// Writes `text` if the file has not changed since. Equal bytes are left alone.
    pub fn write(&self, text: &str) -> Result<(), fsx::Error> {
        if let Some(before) = self.before() {
            return fsx::replace(self.path(), before, text.as_bytes());
        }
        match fsx::create(self.path(), text.as_bytes()) {
            Err(fsx::Error::Exists { .. }) if fsx::holds(self.path(), text.as_bytes()) => Ok(()),
            other => other,
        }
    }
}
