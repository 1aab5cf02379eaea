//! Where a host really is, when it is not at port 443 of its name: a private network, a test, a sidecar.

use std::str::FromStr;

use thiserror::Error;

/// A host that is reached elsewhere. Its certificate must still bear its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    host: String,
    to: String,
    port: u16,
    plain: bool,
}

/// A text that is not a route.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "not a route: {0:?}; write name=host:port, or name=http://127.0.0.1:port for plain HTTP on this machine"
)]
pub struct InvalidRoute(String);

impl Route {
    /// The name or address that leads there.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is plain HTTP.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether requests to `host` take it.
    pub(super) fn leads(&self, host: &str) -> bool {
        self.host.eq_ignore_ascii_case(host)
    }
}

impl FromStr for Route {
    type Err = InvalidRoute;

    /// `name=host:port` (HTTPS) or `name=http://host:port` (plain; the connection is refused unless it ends on
    /// loopback).
    fn from_str(text: &str) -> Result<Self, InvalidRoute> {
        let invalid = || InvalidRoute(text.to_owned());
        let (host, target) = text.split_once('=').ok_or_else(invalid)?;
        let (plain, target) = match target.strip_prefix("http://") {
            Some(target) => (true, target),
            None => (false, target.strip_prefix("https://").unwrap_or(target)),
        };
        let (to, port) = target.rsplit_once(':').ok_or_else(invalid)?;
        // An IPv6 address stands in brackets, which the resolver does not want.
        let to = to.strip_prefix('[').and_then(|to| to.strip_suffix(']')).unwrap_or(to);
        let port = port.parse().map_err(|_| invalid())?;
        if host.is_empty() || to.is_empty() || to.contains('/') {
            return Err(invalid());
        }
        Ok(Self { host: host.to_owned(), to: to.to_owned(), port, plain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let route: Route = "xks.example.com=10.0.0.1:8443".parse().expect("valid");
        assert_eq!((route.to(), route.port(), route.is_plain()), ("10.0.0.1", 8443, false));
        assert!(route.leads("XKS.example.com") && !route.leads("example.com"));
        let route: Route = "x=http://[::1]:80".parse().expect("valid");
        assert_eq!((route.to(), route.port(), route.is_plain()), ("::1", 80, true));
        for bad in ["", "x", "x=", "x=y", "=y:1", "x=:1", "x=y:70000", "x=http://y/z:1"] {
            assert!(bad.parse::<Route>().is_err(), "{bad}");
        }
    }
}
