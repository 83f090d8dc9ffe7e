//! TLS errors, which a retry does not fix.

use std::{error::Error, io};

use rustls::CertificateError;

/// Why the TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsFault {
    /// The certificate is not valid at this time, by this machine's clock.
    Time,
    /// The certificate is for another host.
    Host,
    /// The certificate is not trusted.
    Certificate,
    /// It does not speak HTTPS.
    Plain,
    /// Both have no version or method in common.
    Incompatible,
}

/// Finds the fault in a chain of errors.
pub(super) fn fault(error: &reqwest::Error) -> Option<TlsFault> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = rustls_error(error).and_then(of) {
            return Some(fault);
        }
        cause = error.source();
    }
    None
}

/// An [`io::Error`] does not name what it wraps as its source, and may wrap another one.
fn rustls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    while let Some(outer) = error.downcast_ref::<io::Error>() {
        error = outer.get_ref()?;
    }
    error.downcast_ref()
}

fn of(error: &rustls::Error) -> Option<TlsFault> {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => Some(TlsFault::Time),
        Tls::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some(TlsFault::Host),
        Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented => Some(TlsFault::Certificate),
        Tls::InvalidMessage(_) => Some(TlsFault::Plain),
        Tls::PeerIncompatible(_) | Tls::AlertReceived(_) => Some(TlsFault::Incompatible),
        _ => None,
    }
}
