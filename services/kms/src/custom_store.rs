//! Custom key stores: their records, and the way to the external key store proxy behind one.
//!
//! A store of type EXTERNAL_KEY_STORE keeps no keys: each of its KMS keys has key material of its own here and an external
//! key behind the proxy, and both encrypt. Stores of type AWS_CLOUDHSM need CloudHSM clusters, of which there are none
//! yet, so that none can be made. `docs/decisions/0040-external-key-stores.md`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api_kms::error::CUSTOM_KEY_STORE_NOT_FOUND_EXCEPTION;
use base::Timestamp;
use keyring::Sealed;
use platform::{Call, outbound};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::{Range, Record, Scope};
use wire::sigv4::{SecretKey, SigningKeys};
use xks::{Address, Proxy};

use crate::Kms;
use crate::lookup::OrInternal as _;
use crate::record::{KeyRecord, SERVICE};

mod connection;
mod create;
mod delete;
mod describe;
mod failure;
mod keys;
mod transport;
mod update;

pub(crate) use connection::ConnectionWork;
pub(crate) use keys::{StoreKey, check_random, choose_home, claim, release};

/// Custom key stores in one account and Region at most (Quotas, KMS Developer Guide).
const STORES_MAX: usize = 10;

/// How KMS reaches external key store proxies.
#[derive(Clone, Debug)]
pub struct Proxies {
    /// What carries the requests.
    pub client: outbound::Client,
    /// How long to wait for a proxy; AWS waits [`xks::TIMEOUT`].
    pub time_out: Duration,
}

/// What the service keeps for asking proxies.
pub(crate) struct Outside {
    proxies: Option<Proxies>,
    keys: SigningKeys,
}

impl Outside {
    /// Without `proxies` none can be reached.
    pub(crate) fn new(proxies: Option<Proxies>) -> Self {
        Self { proxies, keys: SigningKeys::default() }
    }
}

/// A custom key store of type EXTERNAL_KEY_STORE. Its id in the store is its `CustomKeyStoreId`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoreRecord {
    /// `CustomKeyStoreName`, unique in account and Region.
    pub name: String,
    pub created: Timestamp,
    pub connection: Connection,
    /// `XksProxyUriEndpoint`.
    pub endpoint: String,
    /// `XksProxyUriPath`.
    pub path: String,
    pub credential: Credential,
}

impl Record for StoreRecord {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "custom-key-store";
}

/// What requests to the proxy are signed with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub access_key_id: String,
    /// The secret, sealed with [`secret_context`].
    pub secret: Sealed,
}

/// `ConnectionState` and, for a failure, `ConnectionErrorCode`. Disconnecting takes no time, so that DISCONNECTING is never
/// seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Connection {
    Disconnected,
    Connecting,
    Connected,
    Failed(String),
}

/// The names and addresses of all stores of an account and Region. Whoever makes, changes or deletes a store writes it, so
/// that two calls cannot both take a name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Directory {
    /// By store id.
    stores: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    /// Host and path of the proxy.
    address: (String, String),
}

impl Record for Directory {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "custom-key-store-directory";
}

/// The one directory of a scope.
const DIRECTORY_ID: &str = "all";

impl Directory {
    async fn load(call: &mut Call) -> Result<Self, Failure> {
        let scope = call.scope();
        let directory = call.tx.get::<Self>(&scope, DIRECTORY_ID).await.or_internal()?;
        Ok(directory.map(|directory| Self::clone(&directory)).unwrap_or_default())
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        let scope = call.scope();
        call.tx.put(&scope, DIRECTORY_ID, self).or_internal()
    }
}

/// What the secret of a store's credential is bound to.
fn secret_context(store_id: &str) -> Vec<u8> {
    format!("kms/custom-key-store/{store_id}").into_bytes()
}

/// The store with this id in `scope`.
///
/// # Errors
/// `CustomKeyStoreNotFoundException`.
pub(crate) async fn find(
    call: &mut Call,
    scope: &Scope,
    id: &str,
) -> Result<Arc<StoreRecord>, Failure> {
    // An id that cannot be a key in the store names nothing.
    let found = match id.contains('\0') {
        true => None,
        false => call.tx.get::<StoreRecord>(scope, id).await.or_internal()?,
    };
    found.ok_or_else(|| not_found(id))
}

fn not_found(id: &str) -> Failure {
    CUSTOM_KEY_STORE_NOT_FOUND_EXCEPTION.because(format!("Custom key store {id} does not exist."))
}

/// The caller's own store, to change.
async fn own(call: &mut Call, id: &str) -> Result<StoreRecord, Failure> {
    let scope = call.scope();
    Ok(StoreRecord::clone(&*find(call, &scope, id).await?))
}

fn save(call: &mut Call, id: &str, store: &StoreRecord) -> Result<(), Failure> {
    let scope = call.scope();
    call.tx.put(&scope, id, store).or_internal()
}

/// Whether any KMS key, also one pending deletion, is in the store.
async fn has_keys(call: &Call, id: &str) -> Result<bool, Failure> {
    let prefix = keys::prefix(id);
    let range = Range { prefix: &prefix, after: None };
    let found = call.tx.scan::<keys::ExternalKey>(&call.scope(), range, 1).await.or_internal()?;
    Ok(!found.is_empty())
}

/// Puts the store that `key` is in, if any, beside the key's record, so that the key shows and obeys the connection's state.
pub(crate) async fn attach(
    call: &mut Call,
    key: Arc<KeyRecord>,
) -> Result<Arc<KeyRecord>, Failure> {
    let Some(place) = &key.external else { return Ok(key) };
    let store = find(call, &key.scope(), &place.store_id).await?;
    let mut key = KeyRecord::clone(&key);
    if let Some(place) = &mut key.external {
        place.store = Some(store);
    }
    Ok(Arc::new(key))
}

/// Lets `ask` talk to the proxy of `store`, which is in `scope` under `id`.
async fn with_proxy<T>(
    kms: &Kms,
    scope: &Scope,
    id: &str,
    store: &StoreRecord,
    ask: impl AsyncFnOnce(Proxy<'_>) -> Result<T, xks::Error>,
) -> Result<Result<T, xks::Error>, Failure> {
    let Credential { access_key_id, secret } = &store.credential;
    let secret = kms
        .keyring
        .unseal(scope.account, &scope.region, &secret_context(id), secret)
        .map_err(Failure::internal)?;
    let secret = std::str::from_utf8(secret.expose()).map_err(Failure::internal)?;
    let address = match Address::new(&store.endpoint, &store.path) {
        Ok(address) => address,
        Err(error) => return Ok(Err(error)),
    };
    let Some(proxies) = &kms.outside.proxies else {
        return Ok(Err(xks::TransportError::Unreachable.into()));
    };
    let transport = transport::Outbound(&proxies.client);
    let proxy = Proxy {
        address: &address,
        access_key_id,
        secret: &SecretKey::new(secret),
        region: scope.region.as_str(),
        keys: &kms.outside.keys,
        transport: &transport,
        time_out: proxies.time_out,
    };
    let result = ask(proxy).await;
    if let Err(error) = &result {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(store = id, %error, cause, "an external key store proxy failed");
    }
    Ok(result)
}
