//! Certificate authorities: how many a PEM bundle has.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// How many certificates a PEM bundle has that can be authorities, and how many that cannot be
/// decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Number of usable certificates.
    pub usable: usize,
    /// Number of certificates that cannot be decoded.
    pub unusable: usize,
}

/// Counts the certificates in `bundle`.
pub fn certificates(bundle: &[u8]) -> Certificates {
    let mut roots = RootCertStore::empty();
    let mut found = Certificates::default();
    for block in CertificateDer::pem_reader_iter(bundle) {
        let added = block.ok().and_then(|der| roots.add(der).ok());
        match added {
            Some(()) => found.usable += 1,
            None => found.unusable += 1,
        }
    }
    found
}
