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
        Ok(Trust {
            replaced: if is_clear {
                None
            } else {
                replaced_authorities()?
            },
            further: self.authorities()?,
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
}

/// Reads the certificate authorities that variables name in place of those built in and the system's.
/// It is an error if they name none.
pub fn replaced_authorities() -> Result<Option<Vec<Vec<u8>>>, SettingError> {
    let directories = env::trusted_directories();
    let mut bundles = Vec::new();
    match env::trusted_file() {
        Some(path) => bundles.push(read("SSL_CERT_FILE", path)?),
        None if directories.is_empty() => return Ok(None),
        None => {}
    }
    let below: Vec<_> = directories.iter().flat_map(|it| usable_below(it)).collect();
    if let (Some(first), true) = (directories.first(), below.is_empty()) {
        return Err(SettingError::NoAuthorities {
            by: "SSL_CERT_DIR",
            path: first.clone(),
        });
    }
    bundles.extend(below);
    Ok(Some(bundles))
}

fn read(by: &'static str, path: PathBuf) -> Result<Vec<u8>, SettingError> {
    if path.as_os_str().is_empty() {
        return Err(SettingError::Empty(by));
    }
    match fsx::read_file(&path, AUTHORITIES_MAX_BYTES) {
        Ok(bundle) if has_certificate(&bundle) => Ok(bundle),
        Ok(_) => Err(SettingError::NoAuthorities { by, path }),
        Err(source) => Err(SettingError::Authorities { by, path, source }),
    }
}

/// Reads the files in the directory that have a certificate.
fn usable_below(directory: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return Vec::new();
    };
    let read = entries
        .flatten()
        .filter_map(|entry| fsx::read_file(&entry.path(), AUTHORITIES_MAX_BYTES).ok());
    read.filter(|bundle| has_certificate(bundle)).collect()
}
