//! Whether a request was meant for this server. Imports nothing of this crate.
//!
//! Any web page can make a browser send requests to this machine. Requests of another site have its
//! `Origin`; those of a site whose name resolves to this machine (DNS rebinding) have its `Host`.

use std::net::IpAddr;

use hyper::{
    HeaderMap, Uri,
    header::{HOST, HeaderName, ORIGIN},
};

/// Whether `Host` names this machine (by an address, as `localhost` or below it, or as one of
/// `hosts`), and `Origin` the same or a page of this machine. Either may be absent.
pub(super) fn is_ours(headers: &HeaderMap, hosts: &[String]) -> bool {
    let (Ok(host), Ok(origin)) = (name(headers, &HOST), name(headers, &ORIGIN)) else {
        return false;
    };
    let is_name = |name: &str| {
        let known = |known: &String| known.eq_ignore_ascii_case(name);
        name == "localhost" || name.ends_with(".localhost") || hosts.iter().any(known)
    };
    let is_host = |host: &str| host.parse::<IpAddr>().is_ok() || is_name(host);
    let is_origin = |origin: &str| {
        let is_loopback = origin.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        is_loopback || is_name(origin) || host.as_deref() == Some(origin)
    };
    host.as_deref().is_none_or(is_host) && origin.as_deref().is_none_or(is_origin)
}

/// A header that cannot be trusted.
struct Unreadable;

/// Returns the host in a header, in lower case and without the brackets of an address.
fn name(headers: &HeaderMap, header: &HeaderName) -> Result<Option<String>, Unreadable> {
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let uri = value.to_str().ok().and_then(|text| text.parse().ok());
    match (uri.as_ref().and_then(Uri::host), values.next()) {
        (Some(host), None) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            Ok(Some(bare.to_ascii_lowercase()))
        }
        _ => Err(Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let hosts = ["kv.test".to_owned()];
        for (name, value, expected) in [
            (HOST, "127.0.0.1:8799", true),
            (HOST, "[::1]:1", true),
            (HOST, "LocalHost", true),
            (HOST, "a.localhost:80", true),
            (HOST, "KV.test:80", true),
            (HOST, "192.168.0.7", true),
            (HOST, "evil.example", false),
            (HOST, "localhost.evil.example", false),
            (HOST, "127.0.0.1.nip.io", false),
            (HOST, "xlocalhost", false),
            (HOST, "", false),
            (ORIGIN, "http://localhost:5173", true),
            (ORIGIN, "https://kv.test", true),
            (ORIGIN, "http://[::1]", true),
            (ORIGIN, "http://192.168.0.7", false),
            (ORIGIN, "https://evil.example", false),
            (ORIGIN, "null", false),
        ] {
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            assert_eq!(is_ours(&headers, &hosts), expected, "{value}");
        }
        assert!(is_ours(&HeaderMap::new(), &[]));
        let mut two = HeaderMap::new();
        two.append(HOST, "192.168.0.7:8799".parse().unwrap());
        two.append(ORIGIN, "http://192.168.0.7:8799".parse().unwrap());
        assert!(is_ours(&two, &hosts), "the same place");
        two.clear();
        two.append(HOST, "localhost".parse().unwrap());
        two.append(HOST, "evil.example".parse().unwrap());
        assert!(!is_ours(&two, &[]));
    }
}
