//! Where a hub may be called: by TLS, or in plain on this machine and nowhere else. Judged before a byte leaves.

use crate::transport::{Refusal, RefusalReason, TransportError};

/// Whether devices of this version will call a hub at this address: whoever writes an address into a roster asks first.
///
/// # Errors
/// A refusal that says what is wrong with it.
pub fn check_address(url: &str) -> Result<(), TransportError> {
    Address::read(url).map(drop)
}

/// Whether calling this address needs a TLS key on the roster.
#[must_use]
pub fn needs_tls_key(url: &str) -> bool {
    Address::read(url).is_ok_and(|address| address.secure)
}

/// An address that this version may call: by TLS, or in plain on this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) secure: bool,
    /// Host and port, the scheme's own left out.
    pub(crate) authority: String,
}

impl Address {
    pub(crate) fn read(url: &str) -> Result<Self, TransportError> {
        let (secure, rest) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return refuse(url, "the address must begin with https:// (or http:// on this machine)"),
        };
        let Some(authority) = authority_of(rest) else {
            return refuse(url, "the address must be a host and a port only");
        };
        if !secure && !is_loopback(&authority) {
            let why = "plain http is only for a hub on this machine, because everything could be watched; use https";
            return refuse(url, why);
        }
        let usual = if secure { ":443" } else { ":80" };
        let authority = authority.strip_suffix(usual).unwrap_or(&authority).to_owned();
        Ok(Self { secure, authority })
    }
}

/// A no of our own, before anything is sent.
pub(crate) fn refuse<T>(url: &str, sentence: &str) -> Result<T, TransportError> {
    let sentence = format!("calling the hub at {url}: {sentence}");
    Err(TransportError::Refused(Refusal { reason: RefusalReason::Address, sentence, request: String::new() }))
}

/// Whether a URL names this machine, whatever its scheme.
pub fn names_this_machine(url: &str) -> bool {
    url.split_once("://")
        .and_then(|(_scheme, rest)| authority_of(rest))
        .is_some_and(|authority| is_loopback(&authority))
}

/// Host and port, in small letters, where a URL has nothing else.
fn authority_of(rest: &str) -> Option<String> {
    let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
    (!authority.contains(['/', '@', '?', '#']) && !authority.is_empty()).then_some(authority)
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for url in ["http://127.0.0.1:7070", "http://127.9.9.9:1/", "http://[::1]:7070", "http://LOCALHOST:7070"] {
            assert!(Address::read(url).is_ok_and(|address| !address.secure), "{url}");
        }
        let authority = |url| Address::read(url).unwrap().authority;
        assert_eq!(
            (authority("http://127.0.0.1:80"), authority("http://127.0.0.1:443")),
            ("127.0.0.1".into(), "127.0.0.1:443".into())
        );
        assert_eq!(
            (authority("https://Hub.Example:443/"), authority("https://hub:80")),
            ("hub.example".into(), "hub:80".into())
        );
        for url in ["https://127.0.0.1", "https://hub.example:7070", "https://10.0.0.1:7070/", "https://[2001:db8::1]"]
        {
            assert!(needs_tls_key(url), "{url}");
        }
        for url in [
            "http://10.0.0.1:7070",
            "http://hub.example:7070",
            "http://127.0.0.1.example:7070",
            "http://localhost@evil.example",
            "http://evil.example/localhost",
            "http://",
            "ftp://127.0.0.1",
            "https://",
            "https://hub.example/path",
            "https://localhost@evil.example",
            "HTTPS://hub.example",
            "127.0.0.1:7070",
        ] {
            let refused = Address::read(url).unwrap_err();
            assert!(matches!(refused, TransportError::Refused(r) if r.reason == RefusalReason::Address), "{url}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names_and_nothing_else() {
        for url in
            ["http://127.0.0.1:7070", "http://127.3.2.1", "http://localhost:1/", "http://[::1]:7070", "https://[::1]"]
        {
            assert!(names_this_machine(url), "{url}");
        }
        for url in
            ["http://10.0.0.1", "https://hub.example", "http://127.0.0.1.example:1", "localhost", "http://[::2]:1"]
        {
            assert!(!names_this_machine(url), "{url}");
        }
    }
}
