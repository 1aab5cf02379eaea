//! Access keys: whose one is, and its secret.
//!
//! Secrets are sealed before they reach the store and are held in memory only as signing material that redacts itself. A key that
//! was deleted leaves a tombstone: in dev mode a key that nobody made acts as root, and a deleted one must not.

use std::sync::Arc;

use base::{AccountId, Random, Timestamp};
use keyring::{Keyring, Sealed, Secret};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use store::{Record, Scope, Store, Tx};
use wire::sigv4::SecretKey;

use crate::error::IdentityError;
use crate::ids;
use crate::mfa::Attempts;
use crate::record::SERVICE;
use crate::session::{Session, Sessions};

/// Credentials kept ready in memory.
const CACHED: usize = 10_000;
/// Random bytes of a secret access key; 40 characters in base64, as AWS's are.
const SECRET_BYTES: usize = 30;
/// What a sealed secret is bound to besides its account.
const SEAL_CONTEXT: &[u8] = b"platform/access-key/";

/// A long-term access key as it is kept, in its account's global scope under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccessKey {
    /// Whose it is.
    pub owner: Owner,
    /// The secret, sealed.
    secret: Sealed,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it may be used.
    pub status: Status,
}

/// Whose an access key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// The account's root user's.
    Root,
    /// A user's.
    User {
        /// The user's name.
        name: String,
        /// The user's unique id.
        unique_id: String,
    },
}

/// Whether an access key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Yes.
    Active,
    /// Not for now.
    Inactive,
    /// Never again.
    Deleted,
}

impl Record for AccessKey {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "access-key";
}

/// A long-term access key, ready to check signatures with.
#[derive(Debug)]
pub struct Credential {
    /// The account it belongs to.
    pub account: AccountId,
    /// The record.
    pub key: Arc<AccessKey>,
    /// Its secret; only that of an active key is opened.
    pub secret: Option<SecretKey>,
}

/// A new access key: its secret is shown once, when it is made.
pub struct NewAccessKey {
    /// The account.
    pub account: AccountId,
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key. The only copy in the clear.
    pub secret_access_key: Secret,
}

/// The access keys of all accounts, and the sessions.
pub struct Credentials {
    store: Store,
    keyring: Arc<Keyring>,
    cache: Cache<String, Arc<Credential>>,
    sessions: Sessions,
    mfa_attempts: Attempts,
}

impl Credentials {
    /// Those in `store`, sealed by `keyring`.
    pub fn new(store: Store, keyring: Arc<Keyring>) -> Self {
        let sessions = Sessions::new(keyring.clone());
        let (cache, mfa_attempts) = (Cache::new(CACHED), Attempts::new());
        Self { store, keyring, cache, sessions, mfa_attempts }
    }

    /// The long-term credential with this access key id, whatever its status.
    ///
    /// # Errors
    /// A failing store or keyring.
    pub async fn find(
        &self,
        access_key_id: &str,
    ) -> Result<Option<Arc<Credential>>, IdentityError> {
        let Some(account) = ids::account_of(access_key_id) else { return Ok(None) };
        let tx = self.store.begin();
        let key = tx.peek::<AccessKey>(&Scope::global(account), access_key_id).await?;
        let Some(key) = key else { return Ok(None) };
        // The record is asked for every time and the cache holds only what it costs to open it.
        if let Some(known) = self.cache.get(access_key_id)
            && Arc::ptr_eq(&known.key, &key)
        {
            return Ok(Some(known));
        }
        let active = key.status == Status::Active;
        let secret = active.then(|| self.unseal(account, access_key_id, &key)).transpose()?;
        let credential = Arc::new(Credential { account, key, secret });
        self.cache.insert(access_key_id.to_owned(), credential.clone());
        Ok(Some(credential))
    }

    fn unseal(
        &self,
        account: AccountId,
        access_key_id: &str,
        key: &AccessKey,
    ) -> Result<SecretKey, IdentityError> {
        let (region, context) = (&Scope::system().region, context(access_key_id));
        let secret = self.keyring.unseal(account, region, &context, &key.secret);
        let secret = secret.map_err(IdentityError::Seal)?;
        let secret = std::str::from_utf8(secret.expose());
        secret.map(SecretKey::new).map_err(|_| IdentityError::Damaged("secret access key"))
    }

    /// Makes an access key for `owner` in `tx`. The user's record must name it, which is the caller's part.
    ///
    /// # Errors
    /// A failing keyring, or a store that does not take the record.
    pub fn create(
        &self,
        tx: &mut Tx,
        account: AccountId,
        owner: Owner,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<NewAccessKey, IdentityError> {
        let access_key_id = ids::access_key_id(account, false, random);
        let secret = secret_access_key()?;
        let sealed = self
            .keyring
            .seal(account, &Scope::system().region, &context(&access_key_id), secret.expose())
            .map_err(IdentityError::Seal)?;
        let key = AccessKey { owner, secret: sealed, created: now, status: Status::Active };
        tx.create(&Scope::global(account), &access_key_id, &key)?;
        Ok(NewAccessKey { account, access_key_id, secret_access_key: secret })
    }

    /// Sets the status of an access key in `tx`. A deleted one loses its secret and stays deleted.
    ///
    /// # Errors
    /// A failing store.
    pub async fn set_status(
        &self,
        tx: &mut Tx,
        account: AccountId,
        access_key_id: &str,
        status: Status,
    ) -> Result<(), IdentityError> {
        let scope = Scope::global(account);
        let Some(key) = tx.get::<AccessKey>(&scope, access_key_id).await? else { return Ok(()) };
        if key.status == Status::Deleted {
            return Ok(());
        }
        let secret = match status {
            Status::Deleted => Sealed::from_bytes(Vec::new()),
            Status::Active | Status::Inactive => key.secret.clone(),
        };
        let key = AccessKey { owner: key.owner.clone(), secret, created: key.created, status };
        Ok(tx.put(&scope, access_key_id, &key)?)
    }

    /// Gives a key's record the user's new name.
    ///
    /// # Errors
    /// A failing store.
    pub async fn rename_owner(
        &self,
        tx: &mut Tx,
        account: AccountId,
        access_key_id: &str,
        name: &str,
    ) -> Result<(), IdentityError> {
        let scope = Scope::global(account);
        let Some(key) = tx.get::<AccessKey>(&scope, access_key_id).await? else { return Ok(()) };
        let Owner::User { unique_id, .. } = &key.owner else { return Ok(()) };
        let owner = Owner::User { name: name.to_owned(), unique_id: unique_id.clone() };
        let AccessKey { secret, created, status, .. } = &*key;
        let key = AccessKey { owner, secret: secret.clone(), created: *created, status: *status };
        Ok(tx.put(&scope, access_key_id, &key)?)
    }

    /// Makes root credentials for `account` unless it has some; `None` if it has.
    ///
    /// # Errors
    /// A failing store or keyring.
    pub async fn create_root(
        &self,
        account: AccountId,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Option<NewAccessKey>, IdentityError> {
        let mut tx = self.store.begin();
        let scope = Scope::global(account);
        if tx.get::<RootUser>(&scope, account.as_str()).await?.is_some() {
            return Ok(None);
        }
        let made = self.create(&mut tx, account, Owner::Root, random, now)?;
        let root =
            RootUser { access_keys: vec![made.access_key_id.clone()], ..RootUser::default() };
        tx.create(&scope, account.as_str(), &root)?;
        self.store.commit(tx).await?;
        Ok(Some(made))
    }

    /// Temporary credentials for `session`.
    ///
    /// # Errors
    /// A failing keyring.
    pub fn open_session(
        &self,
        session: Session,
        random: &dyn Random,
    ) -> Result<crate::session::NewSession, IdentityError> {
        self.sessions.mint(session, &secret_access_key()?, random)
    }

    /// The sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The keyring that seals what belongs to identities.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) fn mfa_attempts(&self) -> &Attempts {
        &self.mfa_attempts
    }

    /// Forgets what is held in memory, after the store was emptied.
    pub fn clear(&self) {
        self.cache.clear();
        self.mfa_attempts.clear();
        self.sessions.clear();
    }
}

/// What an account's root user has; filed under the account's number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RootUser {
    /// Ids of its access keys.
    pub access_keys: Vec<String>,
    /// Names of its MFA devices.
    #[serde(default)]
    pub mfa_devices: Vec<String>,
    /// When the account was set up, if that was seen.
    #[serde(default)]
    pub created: Option<Timestamp>,
}

impl Record for RootUser {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "root-user";
}

fn context(access_key_id: &str) -> Vec<u8> {
    [SEAL_CONTEXT, access_key_id.as_bytes()].concat()
}

fn secret_access_key() -> Result<Secret, IdentityError> {
    let bytes = keyring::random_bytes(SECRET_BYTES).map_err(IdentityError::Seal)?;
    Ok(Secret::new(base64_text(bytes.expose())))
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
