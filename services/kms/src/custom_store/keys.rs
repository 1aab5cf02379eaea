//! Keys in external key stores: where they may be made, double encryption, and what their store's state does to them.

use std::sync::Arc;

use api_kms::CreateKeyRequest;
use api_kms::error::{
    CUSTOM_KEY_STORE_INVALID_STATE_EXCEPTION, UNSUPPORTED_OPERATION_EXCEPTION,
    XKS_KEY_ALREADY_IN_USE_EXCEPTION, XKS_KEY_INVALID_CONFIGURATION_EXCEPTION,
};
use keyring::blob::Header;
use keyring::blob::external::{Outer, external_aad};
use keyring::{KeySpec, Material, Secret};
use platform::Call;
use serde::{Deserialize, Serialize};
use shape::Failure;
use shape::error::VALIDATION;
use store::Record;
use xks::{Ciphertext, Metadata};

use super::failure::{During, failure};
use super::{Connection, StoreRecord, find, with_proxy};
use crate::Kms;
use crate::crypto::{Context, invalid_ciphertext, refusal};
use crate::lookup::OrInternal as _;
use crate::record::{KeyRecord, SERVICE, Usage};

/// The text for keys whose store is not connected, as AWS words it.
const NOT_CONNECTED: &str = "This KMS key is in a custom key store that is not connected to its external key store proxy. Connect the external key store and try the request again.";

/// Where the external half of a key is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoreKey {
    /// `CustomKeyStoreId`.
    pub store_id: String,
    /// `XksKeyId`.
    pub xks_key_id: String,
    /// The store, put here when the key is looked up ([`super::attach`]).
    #[serde(skip)]
    pub store: Option<Arc<StoreRecord>>,
}

impl StoreKey {
    /// Whether the external key can be used.
    pub(crate) fn is_connected(&self) -> bool {
        self.store.as_ref().is_some_and(|store| store.connection == Connection::Connected)
    }
}

/// Which KMS key an external key belongs to. Its id in the store is [`prefix`] and the external key's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ExternalKey {
    key_id: String,
}

impl Record for ExternalKey {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "custom-key-store-key";
}

/// How the ids of a store's [`ExternalKey`] records begin.
pub(super) fn prefix(store_id: &str) -> String {
    format!("{store_id}/")
}

/// The place of a new key of origin EXTERNAL_KEY_STORE, once the store and the external key have been found fit.
///
/// # Errors
/// `ValidationException`, `UnsupportedOperationException`, `CustomKeyStoreNotFoundException`,
/// `CustomKeyStoreInvalidStateException`, `XksKeyAlreadyInUseException`, `XksKeyInvalidConfigurationException`,
/// `XksKeyNotFoundException`, `KMSInvalidStateException`.
pub(crate) async fn choose_home(
    kms: &Kms,
    call: &mut Call,
    input: &CreateKeyRequest,
    spec: KeySpec,
    usage: Usage,
) -> Result<StoreKey, Failure> {
    let required = |what: &str| {
        let text = format!("You must specify {what} when the Origin is EXTERNAL_KEY_STORE.");
        VALIDATION.because(text)
    };
    let store_id = input.custom_key_store_id.as_ref();
    let store_id = store_id.ok_or_else(|| required("a custom key store ID"))?;
    let xks_key_id = input.xks_key_id.as_ref().ok_or_else(|| required("an XksKeyId"))?;
    if spec != KeySpec::SymmetricDefault || usage != Usage::EncryptDecrypt {
        return Err(UNSUPPORTED_OPERATION_EXCEPTION.because(format!(
            "KeySpec {spec} with KeyUsage {} is not supported in custom key stores.",
            usage.as_str()
        )));
    }
    if input.multi_region == Some(true) {
        return Err(UNSUPPORTED_OPERATION_EXCEPTION
            .because("Multi-Region keys are not supported in custom key stores."));
    }
    let scope = call.scope();
    let store = find(call, &scope, store_id).await?;
    if store.connection != Connection::Connected {
        return Err(CUSTOM_KEY_STORE_INVALID_STATE_EXCEPTION.because(NOT_CONNECTED));
    }
    let index = prefix(store_id) + xks_key_id;
    if call.tx.get::<ExternalKey>(&scope, &index).await.or_internal()?.is_some() {
        return Err(XKS_KEY_ALREADY_IN_USE_EXCEPTION.because(format!(
            "The external key {xks_key_id} is already associated with a KMS key in this external key store."
        )));
    }
    let caller = call.caller.arn();
    let via = via_service(call);
    let metadata = Metadata {
        aws_principal_arn: Some(&caller),
        kms_via_service: via.as_deref(),
        kms_operation: "CreateKey",
        kms_request_id: &call.request_id,
        ..Metadata::default()
    };
    let found = with_proxy(kms, &scope, store_id, &store, async |proxy| {
        proxy.key_metadata(xks_key_id, &metadata).await
    });
    let found = found.await?.map_err(|error| failure(&error, During::KeyCreation))?;
    if let Some(why) = found.unfit() {
        return Err(XKS_KEY_INVALID_CONFIGURATION_EXCEPTION.because(format!(
            "The external key {xks_key_id} does not meet the requirements for an external key store: {why}."
        )));
    }
    let (store_id, xks_key_id) = (store_id.clone(), xks_key_id.clone());
    Ok(StoreKey { store_id, xks_key_id, store: Some(store) })
}

/// Notes that the new key has its external key for itself.
pub(crate) fn claim(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    let Some(place) = &key.external else { return Ok(()) };
    let index = prefix(&place.store_id) + &place.xks_key_id;
    let record = ExternalKey { key_id: key.id.clone() };
    call.tx.create(&key.scope(), &index, &record).or_internal()
}

/// Gives the external key of a deleted key free.
pub(crate) fn release(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    let Some(place) = &key.external else { return Ok(()) };
    let index = prefix(&place.store_id) + &place.xks_key_id;
    call.tx.delete::<ExternalKey>(&key.scope(), &index).or_internal()
}

/// GenerateRandom from a custom key store: only CloudHSM key stores give random bytes, and there are none.
///
/// # Errors
/// `CustomKeyStoreNotFoundException`, `UnsupportedOperationException`.
pub(crate) async fn check_random(call: &mut Call, store_id: Option<&str>) -> Result<(), Failure> {
    let Some(id) = store_id else { return Ok(()) };
    let scope = call.scope();
    find(call, &scope, id).await?;
    Err(UNSUPPORTED_OPERATION_EXCEPTION.because(format!(
        "Custom key store {id} is an external key store, which does not generate random bytes."
    )))
}

impl Kms {
    /// Double encryption: with `material`, then with the external key at `place`.
    pub(crate) async fn encrypt_twice(
        &self,
        call: &Call,
        key: &KeyRecord,
        place: &StoreKey,
        inside: (&Material, &Header),
        context: &Context,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let (material, header) = inside;
        let inner = material.encrypt_inner(header, context, plaintext);
        let inner = inner.map_err(|error| refusal(&error))?;
        let outer = self.ask(call, key, place, async |proxy, metadata| {
            let (aad, payload) = (inner.aad(), inner.payload());
            proxy.encrypt(&place.xks_key_id, metadata, aad, payload).await
        });
        let Ciphertext { ciphertext, iv, tag, metadata } = outer.await?;
        inner.seal(&Outer { iv, tag, metadata, ciphertext }).map_err(Failure::internal)
    }

    /// Undoes [`Kms::encrypt_twice`].
    pub(crate) async fn decrypt_twice(
        &self,
        call: &Call,
        key: &KeyRecord,
        place: &StoreKey,
        material: &Material,
        context: &Context,
        blob: &[u8],
    ) -> Result<Secret, Failure> {
        let Outer { iv, tag, metadata, ciphertext } =
            Outer::parse(blob).map_err(|_| invalid_ciphertext())?;
        let outer = Ciphertext { ciphertext, iv, tag, metadata };
        let aad = external_aad(blob, context).map_err(|_| invalid_ciphertext())?;
        let inner = self.ask(call, key, place, async |proxy, metadata| {
            proxy.decrypt(&place.xks_key_id, metadata, &aad, &outer).await
        });
        let inner = inner.await?;
        material.decrypt_inner(context, blob, &inner).map_err(|error| refusal(&error))
    }

    async fn ask<T>(
        &self,
        call: &Call,
        key: &KeyRecord,
        place: &StoreKey,
        ask: impl AsyncFnOnce(xks::Proxy<'_>, &Metadata<'_>) -> Result<T, xks::Error>,
    ) -> Result<T, Failure> {
        let store = place.store.as_ref().filter(|store| store.connection == Connection::Connected);
        let store = store.ok_or_else(not_connected)?;
        let (caller, arn, via) = (call.caller.arn(), key.arn(), via_service(call));
        let scope = key.scope();
        let metadata = Metadata {
            aws_principal_arn: Some(&caller),
            kms_key_arn: Some(&arn),
            kms_via_service: via.as_deref(),
            kms_operation: operation(call.action),
            kms_request_id: &call.request_id,
        };
        let answer = with_proxy(self, &scope, &place.store_id, store, async |proxy| {
            ask(proxy, &metadata).await
        });
        answer.await?.map_err(|error| failure(&error, During::Use))
    }
}

/// The refusal to use a key whose store is not connected.
pub(crate) fn not_connected() -> Failure {
    api_kms::error::KMS_INVALID_STATE_EXCEPTION.because(NOT_CONNECTED)
}

/// The operation behind an IAM action; ReEncrypt has two actions.
fn operation(action: &str) -> &str {
    match action.strip_prefix("kms:").unwrap_or(action) {
        "ReEncryptFrom" | "ReEncryptTo" => "ReEncrypt",
        operation => operation,
    }
}

/// `kms:ViaService` of a call that a service makes on somebody's behalf.
fn via_service(call: &Call) -> Option<String> {
    let service = call.caller.invoked_by?.strip_suffix(".amazonaws.com")?;
    Some(format!("{service}.{}.amazonaws.com", call.region))
}
