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

/// Whether `bundle` has a certificate that can be an authority: looks no further than for the first.
pub fn has_certificate(bundle: &[u8]) -> bool {
    let mut roots = RootCertStore::empty();
    let usable = |der| roots.add(der).is_ok();
    CertificateDer::pem_reader_iter(bundle)
        .flatten()
        .any(usable)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_usable_certificate_is_enough() {
        let params = rcgen::CertificateParams::new(["ours".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let ours = params.self_signed(&key).unwrap().pem();
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (bundle, usable) in [
            (String::new(), 0),
            ("no certificate".to_owned(), 0),
            (bad.to_owned(), 0),
            (ours.clone(), 1),
            (format!("{bad}{ours}{bad}{ours}"), 2),
        ] {
            assert_eq!(certificates(bundle.as_bytes()).usable, usable);
            assert_eq!(has_certificate(bundle.as_bytes()), usable > 0);
        }
    }
}
