//! What went wrong while HTTPS was set up, which no retry heals.

use std::{error::Error, io};

use rustls::CertificateError;

/// Why there is no HTTPS with whoever was connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The certificate is not valid at this time, by this machine's clock.
    Time,
    /// The certificate is not trusted, or that of somebody else.
    Certificate,
    /// It does not speak HTTPS.
    Plain,
    /// Both have no version or method in common.
    Incompatible,
}

/// Finds the fault in a chain of errors.
pub(super) fn fault(error: &reqwest::Error) -> Option<Fault> {
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

fn of(error: &rustls::Error) -> Option<Fault> {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => Some(Fault::Time),
        Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented => Some(Fault::Certificate),
        Tls::InvalidMessage(_) => Some(Fault::Plain),
        Tls::PeerIncompatible(_) | Tls::AlertReceived(_) => Some(Fault::Incompatible),
        _ => None,
    }
}
