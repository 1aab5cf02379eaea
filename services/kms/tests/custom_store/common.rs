//! What the tests share: a KMS that reaches the proxy, a store on it, keys in the store.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use api_kms::operations::{
    ConnectCustomKeyStore, CreateCustomKeyStore, CreateKey, Decrypt, DescribeCustomKeyStores,
    DescribeKey, DisconnectCustomKeyStore, Encrypt,
};
use api_kms::{
    ConnectCustomKeyStoreRequest, CreateCustomKeyStoreRequest, CreateKeyRequest,
    CustomKeyStoreType, CustomKeyStoresListEntry, DecryptRequest, DescribeCustomKeyStoresRequest,
    DescribeKeyRequest, DisconnectCustomKeyStoreRequest, EncryptRequest, KeyMetadata,
    XksProxyAuthenticationCredentialType, XksProxyConnectivityType,
};
use base::clock;
use platform::outbound;
use platform::testing::Harness;
use shape::Failure;

use crate::proxy::{ACCESS_KEY_ID, Proxy, SECRET};

/// Long enough for a busy machine.
pub const PATIENT: Duration = Duration::from_secs(30);
/// Where the tests' proxy is said to be.
pub const ENDPOINT: &str = "https://xks.example.com";
pub const PATH: &str = "/tests/kms/xks/v1";

/// A platform with KMS alone, and a proxy.
pub struct Kms {
    harness: Harness,
    pub proxy: Proxy,
}

impl Deref for Kms {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.harness
    }
}

/// A failure as `Name: message`.
pub fn text<T>(result: Result<T, Failure>) -> String {
    match result {
        Ok(_) => "success".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

/// A failure's name.
pub fn name<T>(result: Result<T, Failure>) -> &'static str {
    match result {
        Ok(_) => "success",
        Err(failure) => failure.error.name,
    }
}

/// A request that makes a store on the tests' proxy.
pub fn store(name: &str) -> CreateCustomKeyStoreRequest {
    CreateCustomKeyStoreRequest {
        custom_key_store_name: Some(name.to_owned()),
        custom_key_store_type: Some(CustomKeyStoreType::ExternalKeyStore),
        xks_proxy_uri_endpoint: Some(ENDPOINT.to_owned()),
        xks_proxy_uri_path: Some(PATH.to_owned()),
        xks_proxy_connectivity: Some(XksProxyConnectivityType::PublicEndpoint),
        xks_proxy_authentication_credential: Some(credential(SECRET)),
        ..CreateCustomKeyStoreRequest::default()
    }
}

pub fn credential(secret: &str) -> XksProxyAuthenticationCredentialType {
    XksProxyAuthenticationCredentialType {
        access_key_id: Some(ACCESS_KEY_ID.to_owned()),
        raw_secret_access_key: Some(secret.to_owned()),
    }
}

/// A request that makes a key in a store.
pub fn external_key(store: &str, id: &str) -> CreateKeyRequest {
    CreateKeyRequest {
        origin: Some("EXTERNAL_KEY_STORE".into()),
        custom_key_store_id: Some(store.to_owned()),
        xks_key_id: Some(id.to_owned()),
        ..CreateKeyRequest::default()
    }
}

impl Kms {
    pub async fn new() -> Self {
        Self::waiting(PATIENT).await
    }

    /// One that waits for its proxy this long.
    pub async fn waiting(time_out: Duration) -> Self {
        let proxy = Proxy::start().await;
        let route = format!("xks.example.com=http://127.0.0.1:{}", proxy.port);
        let config =
            outbound::Config { extra_roots: None, routes: vec![route.parse().expect("a route")] };
        let clock = Arc::new(clock::System::default());
        let client = outbound::Client::new(config, clock).expect("a client");
        let proxies = Some(kms::Proxies { client, time_out });
        let harness = Harness::new(|keyring| {
            vec![kms::service(kms::Deps { keyring: keyring.clone(), nitro_root: None, proxies })]
        });
        Self { harness: harness.await, proxy }
    }

    /// The id of a new store.
    pub async fn store(&self) -> String {
        let made = self.call::<CreateCustomKeyStore>(store("tests")).await.expect("a store");
        made.custom_key_store_id.expect("an id")
    }

    /// The id of a new store that is connected.
    pub async fn connected(&self) -> String {
        let id = self.store().await;
        self.connect(&id).await.expect("connects");
        assert_eq!(self.connection(&id).await, "CONNECTED");
        id
    }

    /// Starts connecting, and does what is due.
    pub async fn connect(&self, id: &str) -> Result<(), Failure> {
        let request = ConnectCustomKeyStoreRequest { custom_key_store_id: Some(id.to_owned()) };
        self.call::<ConnectCustomKeyStore>(request).await?;
        self.advance(Duration::ZERO).await;
        Ok(())
    }

    pub async fn disconnect(&self, id: &str) -> Result<(), Failure> {
        let request = DisconnectCustomKeyStoreRequest { custom_key_store_id: Some(id.to_owned()) };
        self.call::<DisconnectCustomKeyStore>(request).await.map(drop)
    }

    pub async fn describe_store(&self, id: &str) -> CustomKeyStoresListEntry {
        let request = DescribeCustomKeyStoresRequest {
            custom_key_store_id: Some(id.to_owned()),
            ..DescribeCustomKeyStoresRequest::default()
        };
        let found = self.call::<DescribeCustomKeyStores>(request).await.expect("a store");
        found.custom_key_stores.expect("a list").remove(0)
    }

    /// The store's connection state, with the error code behind a failure.
    pub async fn connection(&self, id: &str) -> String {
        let entry = self.describe_store(id).await;
        let state = entry.connection_state.expect("a state").to_string();
        match entry.connection_error_code {
            Some(code) => format!("{state} {code}"),
            None => state,
        }
    }

    /// The id of a new key in the store.
    pub async fn key(&self, store: &str) -> String {
        let made = self.call::<CreateKey>(external_key(store, "key-1")).await.expect("a key");
        made.key_metadata.expect("metadata").key_id.expect("an id")
    }

    pub async fn describe(&self, key: &str) -> KeyMetadata {
        let request =
            DescribeKeyRequest { key_id: Some(key.to_owned()), ..DescribeKeyRequest::default() };
        let found = self.call::<DescribeKey>(request).await.expect("a key");
        found.key_metadata.expect("metadata")
    }

    pub async fn state(&self, key: &str) -> String {
        self.describe(key).await.key_state.expect("a state").to_string()
    }

    pub async fn encrypt(&self, key: &str, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        let request = EncryptRequest {
            key_id: Some(key.to_owned()),
            plaintext: Some(plaintext.into()),
            encryption_context: Some(context()),
            ..EncryptRequest::default()
        };
        let made = self.call::<Encrypt>(request).await?;
        Ok(made.ciphertext_blob.expect("a blob").to_vec())
    }

    pub async fn decrypt(&self, blob: &[u8]) -> Result<Vec<u8>, Failure> {
        let request = DecryptRequest {
            ciphertext_blob: Some(blob.into()),
            encryption_context: Some(context()),
            ..DecryptRequest::default()
        };
        let opened = self.call::<Decrypt>(request).await?;
        Ok(opened.plaintext.expect("a plaintext").to_vec())
    }
}

/// The encryption context of the tests.
pub fn context() -> BTreeMap<String, String> {
    [("purpose".to_owned(), "test-context".to_owned())].into()
}
