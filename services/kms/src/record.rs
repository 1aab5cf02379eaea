//! What KMS keeps: keys with their materials, and aliases. Grants have records of their own in [`crate::grant_record`].
//!
//! A record lives in its owner's account and Region. Key bytes are in it only as [`Sealed`]; a copy of a multi-Region key
//! in another Region is a record of its own, sealed for that Region. Nothing here changes state or knows an API shape.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::{AccountId, Arn, Region, Timestamp};
use keyring::{KeySpec, Sealed};
use platform::Resource;
use serde::{Deserialize, Serialize};
use store::{Record, Scope};

use crate::custom_store::StoreKey;

/// The service's name in store keys, due entries and ARNs.
pub(crate) const SERVICE: &str = "kms";
/// CloudFormation's name of a KMS key, as audit records bear it.
pub(crate) const KEY_TYPE: &str = "AWS::KMS::Key";
/// CloudFormation's name of an alias.
pub(crate) const ALIAS_TYPE: &str = "AWS::KMS::Alias";

/// A KMS key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key's Region.
    pub region: Region,
    /// The key id: a UUID, or `mrk-` and 32 hex digits.
    pub id: String,
    pub created: Timestamp,
    pub description: String,
    pub spec: KeySpec,
    pub usage: Usage,
    pub origin: Origin,
    /// Where the external half of the key is, if its origin is EXTERNAL_KEY_STORE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<StoreKey>,
    pub manager: Manager,
    pub state: State,
    /// Set while the deletion is scheduled.
    pub deletion: Option<Deletion>,
    /// The key policy `default`, as it was given.
    pub policy: Arc<str>,
    pub tags: BTreeMap<String, String>,
    /// Names of the aliases that point here, `alias/` included. Each has an [`AliasRecord`].
    pub aliases: BTreeSet<String>,
    /// The related keys, if this is a multi-Region key. The same in all of them.
    pub multi_region: Option<MultiRegion>,
    /// Every material that the key ever had, in order of arrival. One at most is [`MaterialState::Current`]; none before the
    /// first import.
    pub materials: Vec<MaterialRecord>,
    pub rotation: Rotation,
}

impl Record for KeyRecord {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "key";
}

impl KeyRecord {
    /// Where the record is kept.
    pub fn scope(&self) -> Scope {
        Scope::new(self.account, self.region.clone())
    }

    /// The key ARN.
    pub fn arn(&self) -> String {
        key_arn(&self.scope(), &self.id)
    }

    /// The key as the audit sees it, and authorization with the conditions of [`crate::conditions::judged`].
    pub fn resource(&self) -> Resource {
        let arn = Arn::new(SERVICE, &self.region, self.account, &format!("key/{}", self.id));
        Resource {
            policy: Some(self.policy.clone()),
            policy_kind: authz::Kind::Key,
            tags: self.tags.clone(),
            ..Resource::new(arn, KEY_TYPE, self.account)
        }
    }

    /// The material that new ciphertexts, signatures and codes are made with.
    pub fn current(&self) -> Option<&MaterialRecord> {
        self.materials.iter().find(|material| material.state == MaterialState::Current)
    }

    /// The material with this id.
    pub fn material(&self, id: &str) -> Option<&MaterialRecord> {
        self.materials.iter().find(|material| material.id == id)
    }

    /// The material with this id, to change it.
    pub fn material_mut(&mut self, id: &str) -> Option<&mut MaterialRecord> {
        self.materials.iter_mut().find(|material| material.id == id)
    }

    /// Whether every material that was ever current can be used: what `PendingImport` waits for. A material whose rotation is
    /// pending does not count; it was never in use.
    pub fn is_complete(&self) -> bool {
        self.current().is_some()
            && self.materials.iter().all(|m| m.state.is_pending() || m.sealed.is_some())
    }

    /// Whether this is the primary of a multi-Region key.
    pub fn is_primary(&self) -> bool {
        self.multi_region.as_ref().is_some_and(|family| family.primary == self.region)
    }

    /// Whether this is a replica of a multi-Region key.
    pub fn is_replica(&self) -> bool {
        self.multi_region.as_ref().is_some_and(|family| family.primary != self.region)
    }

    /// The scopes of the other keys of a multi-Region key.
    pub fn relatives(&self) -> Vec<Scope> {
        let Some(family) = &self.multi_region else { return Vec::new() };
        std::iter::once(&family.primary)
            .chain(&family.replicas)
            .filter(|region| **region != self.region)
            .map(|region| Scope::new(self.account, region.clone()))
            .collect()
    }

    /// The key's state as others see it. A key whose store is not connected is unavailable whatever its record says,
    /// unless it is on its way out; the record keeps what the key returns to.
    pub fn effective_state(&self) -> State {
        let away = self.external.as_ref().is_some_and(|place| !place.is_connected());
        match self.state {
            State::Enabled | State::Disabled if away => State::Unavailable,
            state => state,
        }
    }

    /// Whether a customer may change the key.
    pub fn is_customer_managed(&self) -> bool {
        self.manager == Manager::Customer
    }
}

/// What the keyring binds sealed material to, besides account and Region: nothing sealed for one key or material opens as
/// another.
pub(crate) fn seal_context(key_id: &str, material_id: &str) -> Vec<u8> {
    format!("kms/material/{key_id}/{material_id}").into_bytes()
}

/// One key material.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MaterialRecord {
    /// `KeyMaterialId`: 64 hex digits.
    pub id: String,
    /// The sealed bytes ([`seal_context`]). None if imported material expired or was deleted; it may be imported again.
    pub sealed: Option<Sealed>,
    pub state: MaterialState,
    /// When it was generated or first imported.
    pub created: Timestamp,
    /// How it became current. None for a key's first material, and while its rotation is pending.
    pub rotated: Option<Rotated>,
    /// Present for imported material.
    pub import: Option<Import>,
}

/// What is known of imported material besides its bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Import {
    /// `KeyMaterialDescription`.
    pub description: Option<String>,
    /// `ValidTo`; none if it does not expire.
    pub expires: Option<Timestamp>,
}

/// The place of a material in its key's life (`KeyMaterialState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MaterialState {
    /// Encrypts and decrypts.
    Current,
    /// Decrypts only.
    NonCurrent,
    /// Imported, waits for RotateKeyOnDemand.
    PendingRotation,
    /// Imported into the primary, not yet into all replicas.
    PendingMultiRegionImportAndRotation,
}

impl MaterialState {
    /// Whether the material was never current.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::PendingRotation | Self::PendingMultiRegionImportAndRotation)
    }

    /// The API's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "CURRENT",
            Self::NonCurrent => "NON_CURRENT",
            Self::PendingRotation => "PENDING_ROTATION",
            Self::PendingMultiRegionImportAndRotation => "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
        }
    }
}

/// A completed rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotated {
    pub at: Timestamp,
    /// By RotateKeyOnDemand, not by the schedule.
    pub on_demand: bool,
}

/// The rotation schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    pub enabled: bool,
    pub period_days: u32,
    /// When the next automatic rotation is due. Kept while the key cannot rotate, so that a missed one is made up for.
    pub next: Option<Timestamp>,
    /// Rotations on demand so far.
    pub on_demand: u32,
}

/// `RotationPeriodInDays` unless chosen.
pub(crate) const ROTATION_PERIOD_DAYS: u32 = 365;

impl Default for Rotation {
    fn default() -> Self {
        Self { enabled: false, period_days: ROTATION_PERIOD_DAYS, next: None, on_demand: 0 }
    }
}

/// A scheduled deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletion {
    /// The waiting period in days.
    pub window_days: u32,
    /// When the key is deleted. None for a primary that waits for its replicas to go first.
    pub at: Option<Timestamp>,
}

/// The Regions of a multi-Region key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MultiRegion {
    pub primary: Region,
    pub replicas: BTreeSet<Region>,
}

/// An alias. Its id in the store is its name, `alias/` included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AliasRecord {
    /// The id of the key it points to, in the alias's own account and Region.
    pub target: String,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Record for AliasRecord {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "alias";
}

/// The ARN of a key.
pub(crate) fn key_arn(scope: &Scope, id: &str) -> String {
    format!("arn:aws:kms:{}:{}:key/{id}", scope.region, scope.account)
}

/// The ARN of an alias; `name` includes `alias/`.
pub(crate) fn alias_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:kms:{}:{}:{name}", scope.region, scope.account)
}

/// An alias as authorization and audit see it.
pub(crate) fn alias_resource(scope: &Scope, name: &str) -> Resource {
    let arn = Arn::new(SERVICE, &scope.region, scope.account, name);
    Resource::new(arn, ALIAS_TYPE, scope.account)
}

/// Who manages a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Manager {
    /// A customer managed key.
    Customer,
    /// An AWS managed key of this service, such as `s3`.
    Aws(String),
}

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) enum $type {
            $(#[serde(rename = $text)] $variant,)+
        }

        impl $type {
            /// The API's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

named! {
    /// `KeyUsage`.
    Usage {
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        SignVerify = "SIGN_VERIFY",
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        KeyAgreement = "KEY_AGREEMENT",
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

named! {
    /// `Origin` of the key material. AWS_CLOUDHSM is not served.
    Origin {
        AwsKms = "AWS_KMS",
        External = "EXTERNAL",
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

impl Usage {
    /// The usage with the API's name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::EncryptDecrypt,
            Self::SignVerify,
            Self::GenerateVerifyMac,
            Self::KeyAgreement,
            Self::EncapsulateDecapsulate,
        ];
        all.into_iter().find(|usage| usage.as_str() == name)
    }
}

impl Origin {
    /// The origin with the API's name, if it is served.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::AwsKms, Self::External, Self::ExternalKeyStore];
        all.into_iter().find(|origin| origin.as_str() == name)
    }
}

named! {
    /// `KeyState`.
    State {
        Enabled = "Enabled",
        Disabled = "Disabled",
        PendingImport = "PendingImport",
        PendingDeletion = "PendingDeletion",
        PendingReplicaDeletion = "PendingReplicaDeletion",
        Unavailable = "Unavailable",
        Creating = "Creating",
        Updating = "Updating",
    }
}
