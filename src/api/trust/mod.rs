//! Which certificate authorities are trusted.
//!
//! Those that browsers trust are built in, so that a service with a certificate of one of them costs no look at the
//! system's store: reading it takes several times as long as a request. What they do not know is checked against the
//! system's store, where companies add authorities of their own. Files that are named in place of both are trusted
//! alone, on every system alike.

mod certificates;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier as SystemVerifier;

pub use certificates::{certificates, has_certificate};

/// Whom to trust.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Further authorities, each a PEM bundle.
    pub further: Vec<Vec<u8>>,
    /// What replaces those built in and the system's store, each a PEM bundle, if variables name any.
    /// Certificates that cannot be decoded are left out.
    pub replaced: Option<Vec<Vec<u8>>>,
}

impl Trust {
    /// The settings of TLS connections, and what checks the certificates in them.
    pub(super) fn config(&self) -> Result<(ClientConfig, Arc<Verifier>), TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(Verifier::new(self, &provider)?);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok((config, verifier))
    }
}

/// Checks certificates: by the authorities built in, then by the system's store, which is read on demand.
#[derive(Debug)]
pub(super) struct Verifier {
    known: Option<Arc<WebPkiServerVerifier>>,
    /// Whether the authorities that are known are all that may be trusted.
    replaced: bool,
    system: OnceLock<Result<SystemVerifier, TlsError>>,
    system_was_needed: AtomicBool,
    further: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let blocks = trust
            .further
            .iter()
            .flat_map(|bundle| CertificateDer::pem_slice_iter(bundle));
        let further: Vec<_> = blocks.flatten().collect();
        let mut roots = RootCertStore::empty();
        for authority in &further {
            roots.add(authority.clone())?;
        }
        match &trust.replaced {
            Some(bundles) => {
                let blocks = bundles
                    .iter()
                    .flat_map(|bundle| CertificateDer::pem_slice_iter(bundle));
                roots.add_parsable_certificates(blocks.flatten());
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let known = if roots.is_empty() {
            None
        } else {
            Some(verifier_of(roots, provider)?)
        };
        Ok(Self {
            known,
            replaced: trust.replaced.is_some(),
            system: OnceLock::new(),
            system_was_needed: AtomicBool::new(false),
            further,
            provider: Arc::clone(provider),
        })
    }

    /// Whether a certificate was trusted that only the system's store knows.
    pub(super) fn system_was_needed(&self) -> bool {
        self.system_was_needed.load(Ordering::Relaxed)
    }

    fn system(&self) -> Result<&SystemVerifier, TlsError> {
        let read = || {
            SystemVerifier::new_with_extra_roots(self.further.clone(), Arc::clone(&self.provider))
        };
        self.system.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

fn verifier_of(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| TlsError::General(error.to_string()))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let refused = match &self.known {
            Some(known) => {
                match known.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                ) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => Some(error),
                }
            }
            None => None,
        };
        if self.replaced {
            let nobody = TlsError::InvalidCertificate(CertificateError::UnknownIssuer);
            return Err(refused.unwrap_or(nobody));
        }
        let system = self.system().map_err(|error| refused.unwrap_or(error))?;
        let verified = system.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        self.system_was_needed.store(true, Ordering::Relaxed);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What letsencrypt.org sent in July 2026, up to an authority that browsers trust.
    const PUBLIC: &[u8] = include_bytes!("../../../fixtures/trust/letsencrypt.org.pem");

    const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    /// Checks the certificate of letsencrypt.org as on 2026-08-15.
    fn check(verifier: &dyn ServerCertVerifier) -> Result<ServerCertVerified, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(PUBLIC)
            .collect::<Result<_, _>>()
            .unwrap();
        let name = ServerName::try_from("letsencrypt.org").unwrap();
        let seconds = 1_786_752_000;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], now)
    }

    fn verifier(trust: &Trust) -> Verifier {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Verifier::new(trust, &provider).unwrap()
    }

    #[test]
    fn what_browsers_trust_needs_no_look_at_the_systems_store() {
        let verifier = verifier(&Trust::default());
        check(&verifier).unwrap();
        assert!(!verifier.system_was_needed());
        assert!(verifier.system.get().is_none());
    }

    fn authority() -> Vec<u8> {
        let params = rcgen::CertificateParams::new(["ours".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem().into_bytes()
    }

    #[test]
    fn where_variables_name_a_store_nobody_else_is_trusted() {
        let unknown = TlsError::InvalidCertificate(CertificateError::UnknownIssuer);
        for (replaced, further) in [
            (vec![], vec![]),
            (vec![authority()], vec![]),
            (vec![], vec![authority()]),
        ] {
            let replaced = Some(replaced);
            let verifier = verifier(&Trust { further, replaced });
            assert_eq!(check(&verifier).unwrap_err(), unknown);
            assert!(verifier.system.get().is_none());
        }
    }

    #[test]
    fn a_store_that_variables_name_is_trusted_on_every_system() {
        let text = str::from_utf8(PUBLIC).unwrap();
        let last = text.rfind("-----BEGIN").unwrap();
        let bundle = format!("{BROKEN}{}", &text[last..]);
        let trust = Trust {
            replaced: Some(vec![bundle.into_bytes()]),
            ..Trust::default()
        };
        let verifier = verifier(&trust);
        check(&verifier).unwrap();
        assert!(verifier.system.get().is_none());
    }
}
