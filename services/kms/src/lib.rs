//! AWS Key Management Service: its operations, written on records in the store and on the keyring.
//!
//! One file a topic. Handlers receive validated, authorized input and change state only through the call's
//! transaction; key bytes stay inside the keyring's types.

use std::sync::Arc;

use keyring::Keyring;
use platform::Service;

mod alias;
mod aws_managed;
mod conditions;
mod create;
mod custom_store;
mod describe;
mod due;
mod facts;
mod grant;
mod grant_end;
mod grant_list;
mod grant_record;
mod grant_source;
mod grant_token;
mod life;
mod list;
mod lookup;
mod material;
mod multi_region;
mod paging;
mod policy;
mod principal;
mod record;
mod rotation;
mod state;
mod tags;

// crypto and imports: modules
mod crypto;
mod dry_run;
mod import;
mod import_delete;
mod import_token;
mod material_cache;
mod recipient;
mod usage;
// crypto and imports: end of modules

pub use custom_store::Proxies;

/// What KMS is built on.
pub struct Deps {
    /// The keyring that key material is made and sealed with.
    pub keyring: Arc<Keyring>,
    /// The root certificate (DER or PEM) that attestation documents must lead to; without one they are refused.
    pub nitro_root: Option<Vec<u8>>,
    /// The way to external key store proxies; without one none can be reached.
    pub proxies: Option<Proxies>,
}

/// The service. It has no state of its own besides caches.
pub(crate) struct Kms {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) nitro_root: Option<Vec<u8>>,
    /// Material that is ready for use.
    pub(crate) materials: material_cache::MaterialCache,
    pub(crate) outside: custom_store::Outside,
}

impl Kms {
    fn new(deps: Deps) -> Self {
        Self {
            keyring: deps.keyring,
            nitro_root: deps.nitro_root,
            materials: material_cache::MaterialCache::new(),
            outside: custom_store::Outside::new(deps.proxies),
        }
    }
}

/// KMS, ready to be added to the platform.
pub fn service(deps: Deps) -> Service {
    let kms = Arc::new(Kms::new(deps));
    life(crypto(Service::new(&api_kms::SERVICE), &kms), &kms)
}

fn life(service: Service, kms: &Arc<Kms>) -> Service {
    use api_kms::operations as op;
    service
        .operation::<op::CancelKeyDeletion, _>(kms)
        .operation::<op::ConnectCustomKeyStore, _>(kms)
        .operation::<op::CreateAlias, _>(kms)
        .operation::<op::CreateCustomKeyStore, _>(kms)
        .operation::<op::CreateGrant, _>(kms)
        .operation::<op::CreateKey, _>(kms)
        .operation::<op::DeleteAlias, _>(kms)
        .operation::<op::DeleteCustomKeyStore, _>(kms)
        .operation::<op::DescribeCustomKeyStores, _>(kms)
        .operation::<op::DescribeKey, _>(kms)
        .operation::<op::DisableKey, _>(kms)
        .operation::<op::DisableKeyRotation, _>(kms)
        .operation::<op::DisconnectCustomKeyStore, _>(kms)
        .operation::<op::EnableKey, _>(kms)
        .operation::<op::EnableKeyRotation, _>(kms)
        .operation::<op::GetKeyPolicy, _>(kms)
        .operation::<op::GetKeyRotationStatus, _>(kms)
        .operation::<op::ListAliases, _>(kms)
        .operation::<op::ListGrants, _>(kms)
        .operation::<op::ListKeyPolicies, _>(kms)
        .operation::<op::ListKeyRotations, _>(kms)
        .operation::<op::ListKeys, _>(kms)
        .operation::<op::ListResourceTags, _>(kms)
        .operation::<op::ListRetirableGrants, _>(kms)
        .operation::<op::PutKeyPolicy, _>(kms)
        .operation::<op::ReplicateKey, _>(kms)
        .operation::<op::RetireGrant, _>(kms)
        .operation::<op::RevokeGrant, _>(kms)
        .operation::<op::RotateKeyOnDemand, _>(kms)
        .operation::<op::ScheduleKeyDeletion, _>(kms)
        .operation::<op::TagResource, _>(kms)
        .operation::<op::UntagResource, _>(kms)
        .operation::<op::UpdateAlias, _>(kms)
        .operation::<op::UpdateCustomKeyStore, _>(kms)
        .operation::<op::UpdateKeyDescription, _>(kms)
        .operation::<op::UpdatePrimaryRegion, _>(kms)
        .grants(kms)
        .work(&Arc::new(custom_store::ConnectionWork(kms.clone())))
        .work(&Arc::new(due::DeletionWork(kms.clone())))
        .work(&Arc::new(due::ExpiryWork(kms.clone())))
        .work(&Arc::new(due::RotationWork(kms.clone())))
}

fn crypto(service: Service, kms: &Arc<Kms>) -> Service {
    use api_kms::operations as op;
    // crypto and imports: registrations
    let forgetful = kms.clone();
    service
        .operation::<op::Decapsulate, _>(kms)
        .operation::<op::Decrypt, _>(kms)
        .operation::<op::DeleteImportedKeyMaterial, _>(kms)
        .operation::<op::DeriveSharedSecret, _>(kms)
        .operation::<op::Encapsulate, _>(kms)
        .operation::<op::Encrypt, _>(kms)
        .operation::<op::GenerateDataKey, _>(kms)
        .operation::<op::GenerateDataKeyPair, _>(kms)
        .operation::<op::GenerateDataKeyPairWithoutPlaintext, _>(kms)
        .operation::<op::GenerateDataKeyWithoutPlaintext, _>(kms)
        .operation::<op::GenerateMac, _>(kms)
        .operation::<op::GenerateRandom, _>(kms)
        .operation::<op::GetKeyLastUsage, _>(kms)
        .operation::<op::GetParametersForImport, _>(kms)
        .operation::<op::GetPublicKey, _>(kms)
        .operation::<op::ImportKeyMaterial, _>(kms)
        .operation::<op::ReEncrypt, _>(kms)
        .operation::<op::Sign, _>(kms)
        .operation::<op::Verify, _>(kms)
        .operation::<op::VerifyMac, _>(kms)
        .on_reset(move || forgetful.materials.clear())
    // crypto and imports: end of registrations
}
