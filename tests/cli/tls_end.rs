//! A certificate authority, and a relay that speaks TLS before a service in clear.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a certificate is like.
pub(crate) struct Leaf {
    pub(crate) host: &'static str,
    /// The year in which it expires.
    pub(crate) until: i32,
}

pub(crate) const GOOD: Leaf = Leaf {
    host: "localhost",
    until: 2100,
};

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL takes a certificate with the name of its issuer for one that signs itself.
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Speaks TLS for the service at `upstream`, to the end of the test, and returns the URL.
    pub(crate) fn serve(&self, leaf: &Leaf, upstream: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([leaf.host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(leaf.until, 1, 1);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream = upstream.trim_start_matches("http://");
        let (host, path) = upstream.split_once('/').unwrap();
        let upstream = host.parse().unwrap();
        std::thread::spawn(move || relay(listener, &Arc::new(config).into(), upstream));
        format!("https://localhost:{port}/{path}")
    }
}

fn relay(listener: TcpListener, acceptor: &TlsAcceptor, upstream: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((near, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                near.set_nodelay(true)?;
                let mut near = acceptor.accept(near).await?;
                let mut far = tokio::net::TcpStream::connect(upstream).await?;
                far.set_nodelay(true)?;
                tokio::io::copy_bidirectional(&mut near, &mut far).await
            });
        }
    });
}
