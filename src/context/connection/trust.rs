//! The certificate authorities to trust: files that add some, and files that replace the system's.

use std::path::{Path, PathBuf};

use crate::context::{Context, SettingError, files::AUTHORITIES_MAX_BYTES};
use crate::{
    api::{Trust, certificates, has_certificate},
    env::{self, Var},
    fsx,
};

impl Context {
    /// Returns which certificate authorities to trust; what a service in clear does not need is not checked.
    pub(super) fn trust(&self, is_clear: bool) -> Result<Trust, SettingError> {
        if !is_clear {
            self.check_trust()?;
        }
        Ok(Trust {
            further: self.authorities()?,
            replaced: env::trusted_file().is_some() || !env::trusted_directories().is_empty(),
        })
    }

    /// Reads the files of further certificate authorities.
    pub fn authorities(&self) -> Result<Vec<Vec<u8>>, SettingError> {
        let files = self.authority_files().into_iter();
        let bundles = files.map(|(path, by)| {
            let bundle = match self.files.read_named(&path, AUTHORITIES_MAX_BYTES) {
                Ok(bundle) => bundle,
                Err(source) => return Err(SettingError::Authorities { by, path, source }),
            };
            let found = certificates(&bundle);
            if found.unusable > 0 {
                return Err(SettingError::BadAuthority { by, path });
            }
            if found.usable == 0 {
                return Err(SettingError::NoAuthorities { by, path });
            }
            Ok(bundle)
        });
        bundles.collect()
    }

    /// Returns the files of further certificate authorities, and who names each.
    pub fn authority_files(&self) -> Vec<(PathBuf, &'static str)> {
        let flag = self.globals.ca_file.as_ref();
        let flag = flag.map(|file| (self.files.resolve(file), "--ca-file"));
        let variable = self.variables.get(Var::ExtraCaCerts).map(PathBuf::from);
        let variable = variable.map(|file| (self.files.resolve(&file), Var::ExtraCaCerts.name()));
        flag.into_iter().chain(variable).collect()
    }

    /// Checks that the variables that replace the system's certificate authorities name usable
    /// ones. The TLS library ignores those it cannot use, and would end up trusting none.
    pub fn check_trust(&self) -> Result<(), SettingError> {
        if let Some(path) = env::trusted_file() {
            check_file("SSL_CERT_FILE", path)?;
        }
        let directories = env::trusted_directories();
        match directories.first() {
            Some(first) if !directories.iter().any(|it| has_any(it)) => {
                Err(SettingError::NoAuthorities {
                    by: "SSL_CERT_DIR",
                    path: first.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

fn check_file(by: &'static str, path: PathBuf) -> Result<(), SettingError> {
    if path.as_os_str().is_empty() {
        return Err(SettingError::Empty(by));
    }
    match fsx::read_file(&path, AUTHORITIES_MAX_BYTES) {
        Ok(bundle) if has_certificate(&bundle) => Ok(()),
        Ok(_) => Err(SettingError::NoAuthorities { by, path }),
        Err(source) => Err(SettingError::Authorities { by, path, source }),
    }
}

/// Whether a file in the directory has a certificate.
fn has_any(directory: &Path) -> bool {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let read = fsx::read_file(&entry.path(), AUTHORITIES_MAX_BYTES);
        read.is_ok_and(|bundle| has_certificate(&bundle))
    })
}
