//! What the environment says about the way to a host: proxies and certificate authorities.

use std::path::PathBuf;

use hyper_util::client::proxy::matcher::Matcher;

use super::of_library;

/// A proxy, as the HTTP library will use it. Holds no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Scheme, host and port.
    pub url: String,
    /// Whether a user and a password are sent to it.
    pub has_credentials: bool,
    /// The variable that names it; none, if the system does.
    pub variable: Option<&'static str>,
}

/// Returns the proxy through which requests to `url` go, decided by the library that will send them.
pub fn proxy_for(url: &str) -> Option<Proxy> {
    let proxy = Matcher::from_system().intercept(&url.parse().ok()?)?;
    let uri = proxy.uri();
    let port = uri
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Some(Proxy {
        // Built from parts, so it holds nothing else.
        url: format!(
            "{}://{}{port}",
            uri.scheme_str().unwrap_or("http"),
            uri.host().unwrap_or_default()
        ),
        has_credentials: proxy.basic_auth().is_some() || proxy.raw_auth().is_some(),
        variable: proxy_variable(url),
    })
}

/// Returns the variable that names the proxy in use for `url`, or an error with the one whose value
/// is invalid: the library would ignore it and bypass the proxy.
pub fn usable_proxy(url: &str) -> Result<Option<&'static str>, &'static str> {
    let (Some(variable), Ok(uri)) = (proxy_variable(url), url.parse()) else {
        return Ok(None);
    };
    let exceptions = of_library("NO_PROXY").or_else(|| of_library("no_proxy"));
    let any = Matcher::builder()
        .all("http://proxy.invalid")
        .no(exceptions.unwrap_or_default())
        .build();
    if any.intercept(&uri).is_none() {
        return Ok(None);
    }
    let named = Matcher::builder()
        .all(of_library(variable).unwrap_or_default())
        .build();
    let usable = named.intercept(&uri).is_some_and(|proxy| {
        let scheme = proxy.uri().scheme_str();
        matches!(scheme, Some("http" | "https"))
    });
    if usable {
        Ok(Some(variable))
    } else {
        Err(variable)
    }
}

/// Returns the variable that names a proxy for `url`, whether or not it is used.
pub fn proxy_variable(url: &str) -> Option<&'static str> {
    let own: [&'static str; 2] = if url.starts_with("https:") {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let names = own.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    names.into_iter().find(|name| of_library(name).is_some())
}

/// Returns the file of certificate authorities that replaces the system's. An empty name counts.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn trusted_file() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").map(PathBuf::from)
}

/// Returns the directories of certificate authorities that replace the system's.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn trusted_directories() -> Vec<PathBuf> {
    let set = std::env::var_os("SSL_CERT_DIR");
    let directories = set.iter().flat_map(std::env::split_paths);
    directories
        .filter(|path| !path.as_os_str().is_empty())
        .collect()
}
