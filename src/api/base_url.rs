//! Where the API is, and which addresses may be sent credentials.

use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

use crate::domain::{Classification, Classify, ComplianceRegion, ErrorClass};

/// The address below which every endpoint lies.
///
/// `https`, or `http` to this machine: credentials never cross a network in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a string is not a [`BaseUrl`]. The text is never repeated, since it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL.
    #[error("it is not a URL ({0})")]
    Unparsable(#[from] url::ParseError),
    /// Neither `https` nor `http`.
    #[error("its scheme is `{0}`, not https")]
    Scheme(String),
    /// Plain `http` to another machine.
    #[error(
        "it would send the token to {0} unencrypted; plain http is for loopback addresses only"
    )]
    Plain(String),
    /// A user name, a password, a query or a fragment.
    #[error(
        "it has a user name, password, query or fragment; give scheme, host, port and path only"
    )]
    Extra,
}

impl Classify for BaseUrlError {
    fn classify(&self) -> Classification {
        match self {
            Self::Unparsable(_) | Self::Scheme(_) | Self::Plain(_) | Self::Extra => {
                ErrorClass::Usage.into()
            }
        }
    }
}

impl BaseUrl {
    /// Cloudflare's own address.
    pub const DEFAULT: &str = "https://api.cloudflare.com/client/v4";

    /// Cloudflare's address for accounts on the network for `FedRAMP` High.
    const FEDRAMP_HIGH: &str = "https://api.fed.cloudflare.com/client/v4";

    /// Returns Cloudflare's own address for accounts of a region.
    pub fn of_region(region: ComplianceRegion) -> &'static str {
        match region {
            ComplianceRegion::Public => Self::DEFAULT,
            ComplianceRegion::FedrampHigh => Self::FEDRAMP_HIGH,
        }
    }

    /// Whether the address is on this machine, so no proxy is used.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether the address is one of Cloudflare's own.
    pub fn is_cloudflare(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        host == "api.cloudflare.com" || host == "api.fed.cloudflare.com"
    }

    /// Whether requests are not encrypted, so no certificate is checked.
    pub fn is_clear(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Returns the URL of `path`, whose segments are percent-encoded already.
    ///
    /// Joined as text: `Url::join` would fold `..` and so turn one object into another.
    pub(super) fn join(&self, path: &str, query: &[(&'static str, String)]) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// Whether `url` leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let url: Url = s.trim().parse()?;
        let extra = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if extra {
            return Err(BaseUrlError::Extra);
        }
        let base = Self(url);
        match base.0.scheme() {
            "https" => Ok(base),
            "http" if base.is_loopback() => Ok(base),
            "http" => Err(BaseUrlError::Plain(
                base.0.host_str().unwrap_or_default().to_owned(),
            )),
            other => Err(BaseUrlError::Scheme(other.to_owned())),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for good in [
            BaseUrl::DEFAULT,
            "http://127.0.0.1:8787/client/v4",
            "http://[::1]:1/",
            "http://localhost:1",
            "http://127.9.9.9",
        ] {
            assert!(good.parse::<BaseUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://api.cloudflare.com/client/v4",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "https://user:secret@example.com",
            "https://example.com?x=1",
            "api.cloudflare.com",
        ] {
            let error = bad.parse::<BaseUrl>().unwrap_err();
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn each_region_has_its_own_host() {
        for (region, expected) in [
            (ComplianceRegion::Public, "api.cloudflare.com"),
            (ComplianceRegion::FedrampHigh, "api.fed.cloudflare.com"),
        ] {
            let base: BaseUrl = BaseUrl::of_region(region).parse().unwrap();
            let url = base.join("graphql", &[]);
            assert_eq!(
                url.as_str(),
                format!("https://{expected}/client/v4/graphql")
            );
        }
    }

    #[test]
    fn paths_are_appended_not_resolved() {
        let base: BaseUrl = "https://h/client/v4/".parse().unwrap();
        let url = base.join("accounts/a%2F..", &[("prefix", "a+b c".to_owned())]);
        assert_eq!(
            url.as_str(),
            "https://h/client/v4/accounts/a%2F..?prefix=a%2Bb+c"
        );
    }
}
