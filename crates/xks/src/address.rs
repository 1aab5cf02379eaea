//! Where a proxy's API is: host and path, and the paths of its operations.

use crate::Error;

/// Longest URI of a request to a proxy, in bytes.
const URI_MAX_BYTES: usize = 256;
/// Longest path of a proxy's API, in bytes.
const PATH_MAX_BYTES: usize = 128;
/// Longest id of an external key, in bytes.
const KEY_ID_MAX_BYTES: usize = 128;
const SCHEME: &str = "https://";
/// How the path of version 1 of the API ends.
const API_PATH: &str = "/kms/xks/v1";

/// The address of a proxy's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    path: String,
}

impl Address {
    /// From `XksProxyUriEndpoint` (`https://` and a host name, no port) and `XksProxyUriPath` (ends with
    /// `/kms/xks/v1`).
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn new(endpoint: &str, path: &str) -> Result<Self, Error> {
        let host = endpoint
            .strip_prefix(SCHEME)
            .ok_or(Error::Address("it does not begin with https://"))?;
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        if host.is_empty() || !host.bytes().all(letters) {
            return Err(Error::Address("the endpoint is not https:// and a host name"));
        }
        let prefix = path.strip_suffix(API_PATH);
        let prefix = prefix.ok_or(Error::Address("the URI path does not end with /kms/xks/v1"))?;
        let letters = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
        if path.len() > PATH_MAX_BYTES
            || !(prefix.is_empty() || prefix.starts_with('/'))
            || !prefix.bytes().all(letters)
        {
            return Err(Error::Address(
                "the URI path is too long or has characters that are not allowed",
            ));
        }
        Ok(Self { host: host.to_ascii_lowercase(), path: path.to_owned() })
    }

    /// The proxy's host name, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path of the API.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of GetHealthStatus.
    pub(crate) fn health(&self) -> String {
        format!("{}/health", self.path)
    }

    /// The path of an operation on an external key.
    pub(crate) fn key(&self, id: &str, operation: &str) -> Result<String, Error> {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        // Path segments of dots alone would name something else than a key.
        let dots = id.bytes().all(|b| b == b'.');
        if id.len() > KEY_ID_MAX_BYTES || dots || !id.bytes().all(letters) {
            return Err(Error::KeyId);
        }
        let path = format!("{}/keys/{id}/{operation}", self.path);
        if SCHEME.len() + self.host.len() + path.len() > URI_MAX_BYTES {
            return Err(Error::KeyId);
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let address =
            Address::new("https://XKS.example.com", "/a/b-c_d/kms/xks/v1").expect("valid");
        assert_eq!((address.host(), address.path()), ("xks.example.com", "/a/b-c_d/kms/xks/v1"));
        assert_eq!(address.health(), "/a/b-c_d/kms/xks/v1/health");
        assert_eq!(
            address.key("k.1_x-Y", "encrypt").expect("valid"),
            "/a/b-c_d/kms/xks/v1/keys/k.1_x-Y/encrypt"
        );
        assert!(Address::new("https://xks.example.com", "/kms/xks/v1").is_ok());
        for (endpoint, path) in [
            ("http://xks.example.com", "/kms/xks/v1"),
            ("https://", "/kms/xks/v1"),
            ("https://xks.example.com:8443", "/kms/xks/v1"),
            ("https://user@xks.example.com", "/kms/xks/v1"),
            ("https://xks.example.com", "/kms/xks/v2"),
            ("https://xks.example.com", "/kms/xks"),
            ("https://xks.example.com", "a/kms/xks/v1"),
            ("https://xks.example.com", "/a?b=/kms/xks/v1"),
            ("https://xks.example.com", "/a/../kms/xks/v1"),
        ] {
            assert!(Address::new(endpoint, path).is_err(), "{endpoint} {path}");
        }
    }

    #[test]
    fn key_ids_stay_inside_their_path_segment() {
        let address = Address::new("https://xks.example.com", "/kms/xks/v1").expect("valid");
        let long = "k".repeat(129);
        for id in ["", ".", "..", "a/b", "a%2fb", "ä", long.as_str()] {
            assert!(matches!(address.key(id, "encrypt"), Err(Error::KeyId)), "{id}");
        }
    }
}
