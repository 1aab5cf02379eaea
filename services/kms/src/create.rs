//! CreateKey: which keys can be made, and making them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api_kms::error::UNSUPPORTED_OPERATION_EXCEPTION;
use api_kms::operations::CreateKey;
use api_kms::{CreateKeyRequest, CreateKeyResponse};
use keyring::{KeyId, KeySpec};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;
use store::Scope;

use crate::custom_store::{self, StoreKey};
use crate::lookup::OrInternal as _;
use crate::record::{KeyRecord, Manager, MultiRegion, Origin, Rotation, State, Usage};
use crate::{Kms, conditions, describe, facts, policy, tags};

/// What distinguishes a new key from others.
pub(crate) struct Blueprint {
    pub spec: KeySpec,
    pub usage: Usage,
    pub origin: Origin,
    pub external: Option<StoreKey>,
    pub manager: Manager,
    pub multi_region: bool,
    pub description: String,
    pub policy: Arc<str>,
    pub tags: BTreeMap<String, String>,
}

impl Kms {
    /// Makes a key in `scope`, with its material unless that is to be imported. The caller writes it.
    pub(crate) async fn new_key(
        &self,
        call: &Call,
        scope: &Scope,
        blueprint: Blueprint,
    ) -> Result<KeyRecord, Failure> {
        let Blueprint {
            spec,
            usage,
            origin,
            external,
            manager,
            multi_region,
            description,
            policy,
            tags,
        } = blueprint;
        let mut random = [0; 16];
        call.random().fill(&mut random);
        let id = KeyId::from_random(multi_region, random).to_string();
        let (state, materials) = match origin {
            Origin::External => (State::PendingImport, Vec::new()),
            // A key in an external key store has material of its own besides the external key.
            Origin::AwsKms | Origin::ExternalKeyStore => {
                let material = self.generate(call, spec).await?;
                (State::Enabled, vec![self.seal(scope, &id, &material, call.now)?])
            }
        };
        let family = || MultiRegion { primary: scope.region.clone(), replicas: BTreeSet::new() };
        Ok(KeyRecord {
            account: scope.account,
            region: scope.region.clone(),
            id,
            created: call.now,
            description,
            spec,
            usage,
            origin,
            external,
            manager,
            state,
            deletion: None,
            policy,
            tags,
            aliases: BTreeSet::new(),
            multi_region: multi_region.then(family),
            materials,
            rotation: Rotation::default(),
        })
    }
}

impl Handle<CreateKey> for Kms {
    const FACTS: Facts = Facts::write("kms:CreateKey").keys(facts::CREATE_KEY);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let region = call.region.clone();
        Ok(tags::permission(call, &region, input.tags.as_deref()).into_iter().collect())
    }

    fn conditions(&self, call: &Call, input: &CreateKeyRequest, request: &mut authz::Request) {
        conditions::caller(call, request);
        conditions::bypass(request, input.bypass_policy_lockout_safety_check);
        conditions::tags(request, input.tags.as_deref());
        let legacy = input.customer_master_key_spec.as_ref().map(|spec| spec.as_str());
        let spec = input.key_spec.as_ref().map(|spec| spec.as_str()).or(legacy);
        let spec = spec.unwrap_or(KeySpec::SymmetricDefault.as_str());
        let usage = input.key_usage.as_ref().map(|usage| usage.as_str());
        let usage = usage.unwrap_or(Usage::EncryptDecrypt.as_str());
        let origin = input.origin.as_ref().map(|origin| origin.as_str());
        for (name, value) in [
            ("kms:KeySpec", spec),
            ("kms:CustomerMasterKeySpec", spec),
            ("kms:KeyUsage", usage),
            ("kms:CustomerMasterKeyUsage", usage),
            ("kms:KeyOrigin", origin.unwrap_or(Origin::AwsKms.as_str())),
        ] {
            conditions::text(request, name, Some(value));
        }
        let multi_region = input.multi_region.unwrap_or(false);
        request.context.set("kms:MultiRegion", multi_region);
        if multi_region {
            request.context.set("kms:MultiRegionKeyType", "PRIMARY");
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateKeyRequest,
    ) -> Result<CreateKeyResponse, Failure> {
        let origin = origin(call, input).await?;
        let (spec, usage) = spec_and_usage(input)?;
        let external = match origin {
            Origin::ExternalKeyStore => {
                Some(custom_store::choose_home(self, call, input, spec, usage).await?)
            }
            Origin::AwsKms | Origin::External => None,
        };
        let bypass = input.bypass_policy_lockout_safety_check.unwrap_or(false);
        let region = call.region.clone();
        let future = conditions::future_key(call, &region);
        let mut blueprint = Blueprint {
            spec,
            usage,
            origin,
            external,
            manager: Manager::Customer,
            multi_region: input.multi_region.unwrap_or(false),
            description: input.description.clone().unwrap_or_default(),
            policy: policy::chosen(call, future, input.policy.as_deref(), bypass).await?,
            tags: BTreeMap::new(),
        };
        tags::add(&mut blueprint.tags, input.tags.as_deref().unwrap_or_default())?;
        let scope = call.scope();
        let key = self.new_key(call, &scope, blueprint).await?;
        custom_store::claim(call, &key)?;
        call.tx.create(&scope, &key.id, &key).or_internal()?;
        call.resources.push(key.resource());
        Ok(CreateKeyResponse { key_metadata: Some(describe::metadata(&key)) })
    }
}

/// The origin, where it is one that is served. Keys in CloudHSM key stores need such a store, and there is none.
async fn origin(call: &mut Call, input: &CreateKeyRequest) -> Result<Origin, Failure> {
    let name = input.origin.as_ref().map_or(Origin::AwsKms.as_str(), |origin| origin.as_str());
    let store = input.custom_key_store_id.as_deref();
    match (Origin::parse(name), store) {
        (Some(Origin::ExternalKeyStore), _) => Ok(Origin::ExternalKeyStore),
        (Some(_), None) if input.xks_key_id.is_some() => Err(VALIDATION
            .because("You can specify XksKeyId only when the Origin is EXTERNAL_KEY_STORE.")),
        (Some(origin), None) => Ok(origin),
        (Some(_), Some(_)) => Err(VALIDATION.because(format!(
            "You cannot specify a custom key store ID with an Origin value of {name}."
        ))),
        (None, None) => Err(VALIDATION
            .because(format!("You must specify a custom key store ID when the Origin is {name}."))),
        (None, Some(store)) => {
            let scope = call.scope();
            custom_store::find(call, &scope, store).await?;
            Err(VALIDATION.because(format!(
                "Custom key store {store} is an external key store, which has no keys of Origin {name}."
            )))
        }
    }
}

fn spec_and_usage(input: &CreateKeyRequest) -> Result<(KeySpec, Usage), Failure> {
    let legacy = input.customer_master_key_spec.as_ref().map(|spec| spec.as_str());
    let name = match (input.key_spec.as_ref().map(|spec| spec.as_str()), legacy) {
        (Some(_), Some(_)) => {
            return Err(VALIDATION.because(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
            ));
        }
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => KeySpec::SymmetricDefault.as_str(),
    };
    // Of the model's specs only SM2 is unknown to the keyring.
    let spec = KeySpec::parse(name).ok_or_else(|| {
        UNSUPPORTED_OPERATION_EXCEPTION
            .because(format!("KeySpec {name} is not supported in this Region."))
    })?;
    let usage = match input.key_usage.as_ref().and_then(|usage| Usage::parse(usage.as_str())) {
        Some(usage) => usage,
        None if spec == KeySpec::SymmetricDefault => Usage::EncryptDecrypt,
        None => {
            return Err(VALIDATION.because(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ));
        }
    };
    if allows(spec, usage) {
        Ok((spec, usage))
    } else {
        Err(VALIDATION
            .because(format!("KeyUsage {} is not compatible with KeySpec {spec}", usage.as_str())))
    }
}

/// Whether keys of `spec` can have `usage`.
pub(crate) fn allows(spec: KeySpec, usage: Usage) -> bool {
    match usage {
        Usage::EncryptDecrypt => !spec.encryption_algorithms().is_empty(),
        Usage::SignVerify => !spec.signing_algorithms().is_empty(),
        Usage::GenerateVerifyMac => !spec.mac_algorithms().is_empty(),
        Usage::KeyAgreement => !spec.key_agreement_algorithms().is_empty(),
        Usage::EncapsulateDecapsulate => !spec.encapsulation_algorithms().is_empty(),
    }
}
