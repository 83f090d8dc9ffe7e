//! Private temporary files.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

use tempfile::TempDir;

use super::{Error, read, write_error};

/// A private file in a directory of its own. Both are removed when it is dropped.
#[derive(Debug)]
pub struct Private {
    directory: TempDir,
    name: String,
}

/// Creates a private temporary file called `name`.
///
/// It has a directory of its own because editors put copies beside what they edit.
pub fn private(name: &str, bytes: &[u8]) -> Result<Private, Error> {
    let (private, mut file) = private_writer(name)?;
    let written = file.write_all(bytes);
    written.map_err(|source| write_error(&private.path(), source))?;
    Ok(private)
}

/// Creates a private file called `name`, like [`private`], and returns a writer.
pub fn private_writer(name: &str) -> Result<(Private, File), Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("kvctl-");
    close_to_others(&mut builder);
    let made = builder.tempdir();
    let directory = made.map_err(|source| Error::Temporary {
        path: tempfile::env::temp_dir(),
        source,
    })?;
    let path = directory.path().join(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path);
    let file = file.map_err(|source| write_error(&path, source))?;
    let name = name.to_owned();
    Ok((Private { directory, name }, file))
}

impl Private {
    /// Returns where it is.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// Returns what it holds now.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let path = self.path();
        // More than any value may have.
        read::read_file(&path, 64 << 20).map_err(|source| Error::Read { path, source })
    }

    /// Leaves it where it is, and returns where that is.
    pub fn keep(self) -> PathBuf {
        let Self { directory, name } = self;
        directory.keep().join(name)
    }
}

#[cfg(unix)]
fn close_to_others(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o700));
}

/// On Windows the temporary folder is its user's own.
#[cfg(windows)]
fn close_to_others(_: &mut tempfile::Builder<'_, '_>) {}
