//! ConnectCustomKeyStore and DisconnectCustomKeyStore. Connecting is due work: the call starts it and does not wait.

use std::sync::Arc;

use api_kms::error::CUSTOM_KEY_STORE_INVALID_STATE_EXCEPTION;
use api_kms::operations::{ConnectCustomKeyStore, DisconnectCustomKeyStore};
use api_kms::{
    ConnectCustomKeyStoreRequest, ConnectCustomKeyStoreResponse, ConnectionErrorCodeType,
    DisconnectCustomKeyStoreRequest, DisconnectCustomKeyStoreResponse,
};
use base::Timestamp;
use platform::{Call, Facts, Handle, Work};
use shape::Failure;
use xks::Metadata;

use super::failure::connection_error;
use super::{Connection, StoreRecord, own, save, with_proxy};
use crate::lookup::OrInternal as _;
use crate::record::SERVICE;
use crate::{Kms, conditions, facts};

/// Connects stores that wait for it.
pub(crate) struct ConnectionWork(pub Arc<Kms>);

impl Handle<ConnectCustomKeyStore> for Kms {
    const FACTS: Facts = Facts::write("kms:ConnectCustomKeyStore").keys(facts::STORE);

    fn conditions(
        &self,
        call: &Call,
        _input: &ConnectCustomKeyStoreRequest,
        request: &mut authz::Request,
    ) {
        conditions::caller(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ConnectCustomKeyStoreRequest,
    ) -> Result<ConnectCustomKeyStoreResponse, Failure> {
        let id = input.custom_key_store_id();
        let mut store = own(call, id).await?;
        match store.connection {
            Connection::Failed(_) => return Err(wrong_state(id, &store)),
            Connection::Connected | Connection::Connecting => {}
            Connection::Disconnected => {
                store.connection = Connection::Connecting;
                save(call, id, &store)?;
                set_due(call, id, Some(call.now))?;
            }
        }
        note(call, id, &store);
        Ok(ConnectCustomKeyStoreResponse {})
    }
}

impl Handle<DisconnectCustomKeyStore> for Kms {
    const FACTS: Facts = Facts::write("kms:DisconnectCustomKeyStore").keys(facts::STORE);

    fn conditions(
        &self,
        call: &Call,
        _input: &DisconnectCustomKeyStoreRequest,
        request: &mut authz::Request,
    ) {
        conditions::caller(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DisconnectCustomKeyStoreRequest,
    ) -> Result<DisconnectCustomKeyStoreResponse, Failure> {
        let id = input.custom_key_store_id();
        let mut store = own(call, id).await?;
        if store.connection == Connection::Disconnected {
            return Err(wrong_state(id, &store));
        }
        store.connection = Connection::Disconnected;
        save(call, id, &store)?;
        set_due(call, id, None)?;
        note(call, id, &store);
        Ok(DisconnectCustomKeyStoreResponse {})
    }
}

impl Work for ConnectionWork {
    const KIND: &'static str = "custom-key-store-connection";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        set_due(call, id, None)?;
        let scope = call.scope();
        let store = call.tx.get::<StoreRecord>(&scope, id).await.or_internal()?;
        let Some(store) = store.filter(|store| store.connection == Connection::Connecting) else {
            return Ok(());
        };
        let request_id = call.request_id.clone();
        let metadata = Metadata {
            kms_operation: "ConnectCustomKeyStore",
            kms_request_id: &request_id,
            ..Metadata::default()
        };
        let health =
            with_proxy(&self.0, &scope, id, &store, async |proxy| proxy.health(&metadata).await);
        let connection = match health.await? {
            Ok(health) if health.serves() => {
                tracing::info!(store = id, proxy = health.proxy, "connected an external key store");
                Connection::Connected
            }
            Ok(_) => failed(&ConnectionErrorCodeType::XksProxyNotReachable),
            Err(error) => failed(&connection_error(&error)),
        };
        save(call, id, &StoreRecord { connection, ..StoreRecord::clone(&store) })
    }
}

fn failed(code: &ConnectionErrorCodeType) -> Connection {
    Connection::Failed(code.as_str().to_owned())
}

fn set_due(call: &mut Call, id: &str, at: Option<Timestamp>) -> Result<(), Failure> {
    let scope = call.scope();
    call.tx.put_due(&scope, SERVICE, ConnectionWork::KIND, id, at).or_internal()
}

/// What the audit record of an operation on a store says besides its id.
pub(super) fn note(call: &mut Call, id: &str, store: &StoreRecord) {
    call.notes.additional = Some(serde_json::json!({
        "customKeyStoreId": id,
        "customKeyStoreName": store.name,
    }));
}

impl Connection {
    /// `ConnectionState`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Disconnected => "DISCONNECTED",
            Self::Connecting => "CONNECTING",
            Self::Connected => "CONNECTED",
            Self::Failed(_) => "FAILED",
        }
    }
}

/// The refusal of an operation that the store's connection does not allow.
pub(super) fn wrong_state(id: &str, store: &StoreRecord) -> Failure {
    CUSTOM_KEY_STORE_INVALID_STATE_EXCEPTION.because(format!(
        "The operation is not valid for custom key store {id} in the connection state {}.",
        store.connection.name()
    ))
}
