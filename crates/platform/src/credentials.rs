//! Access keys: which account one belongs to, and its secret.
//!
//! Secrets are sealed before they reach the store and are held in memory only as signing material that redacts
//! itself. Root credentials are here already; keys of users and sessions of roles join them with IAM.

use std::sync::Arc;

use base::{AccountId, Random, Timestamp};
use keyring::{Keyring, Sealed};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use store::{Record, Scope, Store, StoreError};
use thiserror::Error;
use wire::sigv4::SecretKey;

/// Credentials kept ready in memory.
const CACHED: usize = 10_000;
/// Characters of an access key id behind its four-letter prefix.
const ACCESS_KEY_ID_CHARS: usize = 16;
/// Random bytes of a secret access key; 40 characters in base64, as AWS's are.
const SECRET_BYTES: usize = 30;
/// What a sealed secret is bound to besides its account.
const SEAL_CONTEXT: &[u8] = b"platform/access-key/";

/// A failure to read or make credentials.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The store did not answer.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A secret could not be sealed or unsealed.
    #[error("a secret could not be sealed or unsealed: is this the right root key?")]
    Seal(#[source] keyring::Error),
    /// A stored secret is not text.
    #[error("a stored secret is damaged")]
    Damaged,
}

/// A known access key.
#[derive(Debug)]
pub struct Credential {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its secret.
    pub secret: SecretKey,
}

/// The access keys of all accounts.
pub struct Credentials {
    store: Store,
    keyring: Arc<Keyring>,
    cache: Cache<String, Arc<Credential>>,
}

/// New root credentials: shown once, when they are made.
pub struct RootCredentials {
    /// The account.
    pub account: AccountId,
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key. The only copy in the clear.
    pub secret_access_key: keyring::Secret,
}

impl Credentials {
    pub(crate) fn new(store: Store, keyring: Arc<Keyring>) -> Self {
        Self { store, keyring, cache: Cache::new(CACHED) }
    }

    /// The credential with this access key id.
    pub async fn find(
        &self,
        access_key_id: &str,
    ) -> Result<Option<Arc<Credential>>, CredentialsError> {
        if let Some(known) = self.cache.get(access_key_id) {
            return Ok(Some(known));
        }
        let tx = self.store.begin();
        let record = tx.peek::<AccessKey>(&Scope::system(), access_key_id).await?;
        let Some(record) = record else { return Ok(None) };
        let secret = self
            .keyring
            .unseal(
                record.account,
                &Scope::system().region,
                &context(access_key_id),
                &record.secret,
            )
            .map_err(CredentialsError::Seal)?;
        let secret = std::str::from_utf8(secret.expose()).map_err(|_| CredentialsError::Damaged)?;
        let credential =
            Arc::new(Credential { account: record.account, secret: SecretKey::new(secret) });
        self.cache.insert(access_key_id.to_owned(), credential.clone());
        Ok(Some(credential))
    }

    /// Makes root credentials for `account` unless it has some; `None` if it has.
    pub async fn create_root(
        &self,
        account: AccountId,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Option<RootCredentials>, CredentialsError> {
        let mut tx = self.store.begin();
        if tx.get::<RootAccount>(&Scope::system(), account.as_str()).await?.is_some() {
            return Ok(None);
        }
        let access_key_id = new_access_key_id(random);
        let secret = keyring::random_bytes(SECRET_BYTES).map_err(CredentialsError::Seal)?;
        let secret = keyring::Secret::new(base64_text(secret.expose()));
        let sealed = self
            .keyring
            .seal(account, &Scope::system().region, &context(&access_key_id), secret.expose())
            .map_err(CredentialsError::Seal)?;
        let key = AccessKey { account, secret: sealed, created: now };
        tx.create(&Scope::system(), &access_key_id, &key)?;
        let root = RootAccount { access_key_id: access_key_id.clone() };
        tx.create(&Scope::system(), account.as_str(), &root)?;
        self.store.commit(tx).await?;
        Ok(Some(RootCredentials { account, access_key_id, secret_access_key: secret }))
    }

    /// Forgets what is held in memory, after the store was emptied.
    pub(crate) fn clear(&self) {
        self.cache.clear();
    }
}

#[derive(Serialize, Deserialize)]
struct AccessKey {
    account: AccountId,
    secret: Sealed,
    created: Timestamp,
}

impl Record for AccessKey {
    const SERVICE: &'static str = "platform";
    const KIND: &'static str = "access-key";
}

#[derive(Serialize, Deserialize)]
struct RootAccount {
    access_key_id: String,
}

impl Record for RootAccount {
    const SERVICE: &'static str = "platform";
    const KIND: &'static str = "root-account";
}

fn context(access_key_id: &str) -> Vec<u8> {
    [SEAL_CONTEXT, access_key_id.as_bytes()].concat()
}

/// `AKIA` and 16 characters of base32, as AWS's long-term access key ids.
fn new_access_key_id(random: &dyn Random) -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = [0; ACCESS_KEY_ID_CHARS];
    random.fill(&mut bytes);
    let tail = bytes.iter().map(|byte| char::from(BASE32[usize::from(byte & 31)]));
    "AKIA".chars().chain(tail).collect()
}

/// Base64 without padding, built here so that the bytes never stand in a buffer that is not wiped.
fn base64_text(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len() * 4 / 3);
    for group in bytes.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for shift in [18, 12, 6, 0] {
            text.push(ALPHABET[(bits >> shift) as usize & 63]);
        }
    }
    text
}
