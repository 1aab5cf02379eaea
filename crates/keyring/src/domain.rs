//! [`Keyring`]: the root key at work, and what is sealed under it.
//!
//! Each account and Region has a domain key of its own, derived from the root key with HKDF-SHA256
//! (RFC 5869) and kept while the process runs. Sealing is AES-256-GCM with a random nonce; the
//! version, the domain and the caller's context are bound as additional data. Sealed bytes moved to
//! another account, Region or record do not open.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::hmac;
use base::{AccountId, Region};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::error::OrEngine as _;
use crate::{Error, Secret, Source, random};

/// Version of the derivation and of the sealed form.
const VERSION: u8 = 1;
/// Bytes of a root key and of every key derived from it.
pub(crate) const KEY_LEN: usize = 32;
/// Bytes of the authentication tag of AES-GCM.
const TAG_LEN: usize = 16;
/// Bytes by which sealed data is longer than its plaintext.
pub const SEAL_OVERHEAD: usize = 1 + NONCE_LEN + TAG_LEN;
/// Domain keys kept at most; past it the cache starts anew, so that a caller who makes up accounts
/// cannot fill memory.
const DOMAINS_MAX: usize = 4096;

const SALT: &[u8] = b"bastide keyring v1";
const INFO_DOMAIN: &[u8] = b"domain v1";
const INFO_MATERIAL_ID: &[u8] = b"material id v1";
const INFO_FINGERPRINT: &[u8] = b"fingerprint v1";

/// The root key and the keys derived from it. One per process, shared by reference.
pub struct Keyring {
    root: Prk,
    domains: RwLock<HashMap<(AccountId, Region), Arc<LessSafeKey>>>,
}

impl Keyring {
    /// Opens the root key at `source`, creating it on first use. Argon2id makes the passphrase
    /// source slow (about a second); call it once.
    ///
    /// # Errors
    /// [`Error::RootFile`], [`Error::RootFormat`], [`Error::WrongPassphrase`].
    pub fn open(source: &Source) -> Result<Self, Error> {
        Ok(Self::from_root_key(&source.load()?))
    }

    /// A keyring on a root key that is gone when the process ends, for tests and throw-away
    /// servers.
    ///
    /// # Errors
    /// [`Error::Engine`] when the system has no entropy.
    pub fn ephemeral() -> Result<Self, Error> {
        Ok(Self::from_root_key(&random::random_bytes(KEY_LEN)?))
    }

    pub(crate) fn from_root_key(root: &Secret) -> Self {
        Self {
            root: Salt::new(HKDF_SHA256, SALT).extract(root.expose()),
            domains: RwLock::default(),
        }
    }

    /// A public name of the root key, 32 hex digits. Store it beside the data, and refuse to start
    /// when it differs: nothing sealed under another root key can ever be opened.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn fingerprint(&self) -> Result<String, Error> {
        Ok(hex::encode(&self.derive(&[INFO_FINGERPRINT])?[..16]))
    }

    /// Seals `plaintext` for one account and Region. `context` names the record that it belongs to.
    ///
    /// The nonce is random: keep one domain below 2^32 seals (NIST SP 800-38D, section 8.3).
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn seal(
        &self,
        account: AccountId,
        region: &Region,
        context: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, Error> {
        let mut nonce = [0; NONCE_LEN];
        random::fill(&mut nonce)?;
        let mut out = Vec::with_capacity(SEAL_OVERHEAD + plaintext.len());
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plaintext);
        let tag = self
            .domain(account, region)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(additional_data(account, region, context)),
                &mut out[1 + NONCE_LEN..],
            )
            .or_engine("seal")?;
        out.extend_from_slice(tag.as_ref());
        Ok(Sealed(out))
    }

    /// Opens what [`Keyring::seal`] made for the same account, Region and context.
    ///
    /// # Errors
    /// [`Error::Unseal`].
    pub fn unseal(
        &self,
        account: AccountId,
        region: &Region,
        context: &[u8],
        sealed: &Sealed,
    ) -> Result<Secret, Error> {
        let (&version, rest) = sealed.0.split_first().ok_or(Error::Unseal)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Error::Unseal)?;
        if version != VERSION {
            return Err(Error::Unseal);
        }
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .domain(account, region)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(additional_data(account, region, context)),
                &mut buffer,
            )
            .map_err(|_| Error::Unseal)?
            .len();
        buffer.truncate(length);
        Ok(buffer.into())
    }

    /// The key that names key material in an account. It has no Region in it: replicas of a
    /// multi-Region key share their material, and so its id.
    pub(crate) fn material_id_key(&self, account: AccountId) -> Result<hmac::Key, Error> {
        let key = self.derive(&[INFO_MATERIAL_ID, account.as_str().as_bytes()])?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &key[..]))
    }

    fn domain(&self, account: AccountId, region: &Region) -> Result<Arc<LessSafeKey>, Error> {
        let name = (account, region.clone());
        let domains = self.domains.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(domain) = domains.get(&name) {
            return Ok(domain.clone());
        }
        drop(domains);
        let key =
            self.derive(&[INFO_DOMAIN, account.as_str().as_bytes(), region.as_str().as_bytes()])?;
        let key = UnboundKey::new(&AES_256_GCM, &key[..]).or_engine("domain key")?;
        let domain = Arc::new(LessSafeKey::new(key));
        let mut domains = self.domains.write().unwrap_or_else(PoisonError::into_inner);
        if domains.len() >= DOMAINS_MAX {
            domains.clear();
        }
        domains.insert(name, domain.clone());
        Ok(domain)
    }

    /// HKDF-Expand with `info` as length-prefixed parts, so that no two lists of parts collide.
    fn derive(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; KEY_LEN]>, Error> {
        let lengths: Vec<[u8; 2]> =
            info.iter().map(|part| (part.len() as u16).to_be_bytes()).collect();
        let parts: Vec<&[u8]> =
            lengths.iter().zip(info).flat_map(|(length, part)| [&length[..], part]).collect();
        let mut key = Zeroizing::new([0; KEY_LEN]);
        self.root
            .expand(&parts, OutputLength)
            .and_then(|okm| okm.fill(&mut key[..]))
            .or_engine("key derivation")?;
        Ok(key)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// Sealed bytes: safe to store and to log. Serialises as base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Bytes that were sealed before. Whether they open is known when they are opened.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl serde::Serialize for Sealed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> serde::Deserialize<'de> for Sealed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Version, domain and context; account and Region are length-prefixed, the context is what
/// remains.
fn additional_data(account: AccountId, region: &Region, context: &[u8]) -> Vec<u8> {
    let (account, region) = (account.as_str().as_bytes(), region.as_str().as_bytes());
    let mut out = Vec::with_capacity(3 + account.len() + region.len() + context.len());
    out.push(VERSION);
    for part in [account, region] {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
    out.extend_from_slice(context);
    out
}

struct OutputLength;

impl KeyType for OutputLength {
    fn len(&self) -> usize {
        KEY_LEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().expect("a Region")
    }

    #[test]
    fn sealed_data_opens_only_where_it_was_sealed() {
        let keyring = Keyring::ephemeral().expect("entropy");
        let (account, home) = (AccountId::DEFAULT, region("eu-central-1"));
        let sealed = keyring.seal(account, &home, b"key/1", b"material").expect("seals");
        assert_eq!(sealed.as_bytes().len(), 8 + SEAL_OVERHEAD);
        let open =
            |keyring: &Keyring, account, region: &Region, context: &[u8], sealed: &Sealed| {
                keyring.unseal(account, region, context, sealed).map(|s| s.expose().to_vec())
            };
        assert_eq!(open(&keyring, account, &home, b"key/1", &sealed).expect("opens"), b"material");
        let other = Keyring::ephemeral().expect("entropy");
        let stranger: AccountId = "000000000042".parse().expect("valid");
        assert!(open(&other, account, &home, b"key/1", &sealed).is_err());
        assert!(open(&keyring, stranger, &home, b"key/1", &sealed).is_err());
        assert!(open(&keyring, account, &region("eu-west-1"), b"key/1", &sealed).is_err());
        assert!(open(&keyring, account, &home, b"key/2", &sealed).is_err());
        for i in 0..sealed.0.len() {
            let mut bad = sealed.clone();
            bad.0[i] ^= 1;
            assert!(open(&keyring, account, &home, b"key/1", &bad).is_err(), "byte {i}");
            bad.0.truncate(i);
            assert!(open(&keyring, account, &home, b"key/1", &bad).is_err(), "length {i}");
        }
    }

    #[test]
    fn sealed_is_base64_in_records_and_a_length_in_logs() {
        let sealed = Sealed::from_bytes(vec![1, 2, 3]);
        let json = serde_json::to_string(&sealed).expect("a string");
        assert_eq!(json, "\"AQID\"");
        assert_eq!(serde_json::from_str::<Sealed>(&json).expect("base64"), sealed);
        assert_eq!(format!("{sealed:?}"), "Sealed(3 bytes)");
    }

    #[test]
    fn derivation_is_pinned() {
        // The value was computed with another implementation of HKDF. Changing it orphans all
        // stored data.
        let keyring = Keyring::from_root_key(&Secret::new(vec![7; KEY_LEN]));
        let other = Keyring::from_root_key(&Secret::new(vec![8; KEY_LEN]));
        let print = keyring.fingerprint().expect("derives");
        assert_eq!(print, "7c544ec029735653e1830bd61343d1f8");
        assert_ne!(print, other.fingerprint().expect("derives"));
    }

    #[test]
    fn data_sealed_by_the_first_version_opens() {
        // Made with another implementation, as above.
        let hex = "01000102030405060708090a0bbf63c9303064d7ea610e9f3b16941bdac62a805e4cbd44c5";
        let sealed = Sealed::from_bytes(hex::decode(hex).expect("hex"));
        let keyring = Keyring::from_root_key(&Secret::new(vec![7; KEY_LEN]));
        let home = region("eu-central-1");
        let opened = keyring.unseal(AccountId::DEFAULT, &home, b"record", &sealed);
        assert!(opened.expect("opens").equals(b"material"));
    }

    #[test]
    fn the_cache_is_bounded() {
        let keyring = Keyring::ephemeral().expect("entropy");
        let home = Region::default();
        for n in 0..=DOMAINS_MAX as u64 {
            let account = AccountId::from_u64(n).expect("twelve digits");
            keyring.domain(account, &home).expect("derives");
        }
        assert!(keyring.domains.read().expect("not poisoned").len() <= DOMAINS_MAX);
    }
}
