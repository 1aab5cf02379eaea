//! Secrets and the keys derived from them.
//!
//! A [`SecretKey`] shows itself to nobody, is wiped when dropped and is not cloned. [`SigningKeys`] keeps what was
//! derived, so that a request costs one HMAC instead of five; its entries name their secret by a digest. Source:
//! IAM User Guide, 'Create a signed AWS API request', step 4.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use super::TERMINATOR;
use super::asymmetric::PublicKey;
use super::scope::Scope;
use crate::limits::SIGNING_KEYS_CACHED;

/// A secret access key.
pub struct SecretKey {
    text: Zeroizing<String>,
    /// Tells secrets apart without holding them.
    id: [u8; 32],
}

impl SecretKey {
    /// Takes the secret; the caller's copy is gone with it.
    pub fn new(secret: impl Into<String>) -> Self {
        let text = Zeroizing::new(secret.into());
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        Self { text, id }
    }

    /// `prefix` and the secret in one buffer, the root of every derivation.
    pub(super) fn prefixed(&self, prefix: &str) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(prefix.len() + self.text.len()));
        bytes.extend_from_slice(prefix.as_bytes());
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }
}

impl From<String> for SecretKey {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for SecretKey {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

/// Derived keys, ready for use. One serves a whole process; it is bounded and may be shared between threads.
pub struct SigningKeys {
    symmetric: Cache<Name, Arc<hmac::Key>>,
    public: Cache<Name, Arc<PublicKey>>,
}

impl SigningKeys {
    /// Keeps up to `capacity` keys of either kind.
    pub fn new(capacity: usize) -> Self {
        Self { symmetric: Cache::new(capacity), public: Cache::new(capacity) }
    }

    /// The signing key of `secret` for `scope`.
    pub(crate) fn symmetric(&self, secret: &SecretKey, scope: &Scope) -> Arc<hmac::Key> {
        let name = NameRef { secret: &secret.id, of: scope.as_str() };
        if let Some(key) = self.symmetric.get(&name) {
            return key;
        }
        let key = Arc::new(derive(secret, scope));
        self.symmetric.insert(name.to_owned(), Arc::clone(&key));
        key
    }

    /// The public half of the Signature Version 4A key of `secret`; `None` if derivation fails, which it does
    /// not for any secret in practice.
    pub(super) fn public(&self, secret: &SecretKey, access_key_id: &str) -> Option<Arc<PublicKey>> {
        let name = NameRef { secret: &secret.id, of: access_key_id };
        if let Some(key) = self.public.get(&name) {
            return Some(key);
        }
        let key = Arc::new(PublicKey::derive(secret, access_key_id)?);
        self.public.insert(name.to_owned(), Arc::clone(&key));
        Some(key)
    }
}

impl Default for SigningKeys {
    fn default() -> Self {
        Self::new(SIGNING_KEYS_CACHED)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("symmetric", &self.symmetric.len()).finish()
    }
}

/// The chain of HMACs from the secret over date, Region and service.
fn derive(secret: &SecretKey, scope: &Scope) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, &secret.prefixed("AWS4"));
    [scope.date(), scope.region(), scope.service(), TERMINATOR].into_iter().fold(
        root,
        |key, part| {
            let tag = hmac::sign(&key, part.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
        },
    )
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name {
    secret: [u8; 32],
    of: Box<str>,
}

/// A [`Name`] to look up by. Hashes as one, field by field.
#[derive(Hash)]
struct NameRef<'a> {
    secret: &'a [u8; 32],
    of: &'a str,
}

impl NameRef<'_> {
    fn to_owned(&self) -> Name {
        Name { secret: *self.secret, of: self.of.into() }
    }
}

impl Equivalent<Name> for NameRef<'_> {
    fn equivalent(&self, name: &Name) -> bool {
        *self.secret == name.secret && *self.of == *name.of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let secret = SecretKey::new("wJalrXUtnFEMI");
        assert_eq!(format!("{secret:?} {secret:#?}"), "SecretKey(redacted) SecretKey(redacted)");
    }

    #[test]
    fn the_documented_derivation() {
        // IAM User Guide, 'Examples of how to derive a signing key'.
        let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let scope = Scope::new("20120215", "us-east-1", "iam");
        let key = derive(&secret, &scope);
        let known = hex::decode("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")
            .expect("hex");
        let known = hmac::Key::new(hmac::HMAC_SHA256, &known);
        assert_eq!(hmac::sign(&key, b"x").as_ref(), hmac::sign(&known, b"x").as_ref());
    }

    #[test]
    fn the_cache_tells_secrets_and_scopes_apart_and_stays_bounded() {
        let keys = SigningKeys::new(8);
        let tag = |secret: &str, service: &str| {
            let scope = Scope::new("20260101", "eu-west-1", service);
            let key = keys.symmetric(&SecretKey::new(secret), &scope);
            hmac::sign(&key, b"x").as_ref().to_vec()
        };
        let first = tag("a", "kms");
        assert_eq!(first, tag("a", "kms"));
        assert_ne!(first, tag("b", "kms"));
        assert_ne!(first, tag("a", "sts"));
        for n in 0..100 {
            tag(&n.to_string(), "kms");
        }
        assert!(keys.symmetric.len() <= 8);
        assert_eq!(first, tag("a", "kms"));
    }
}
