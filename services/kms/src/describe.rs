//! DescribeKey, and the metadata that CreateKey and ReplicateKey answer with too.

use api_kms::operations::DescribeKey;
use api_kms::{
    CustomerMasterKeySpec, DescribeKeyRequest, DescribeKeyResponse, ExpirationModelType,
    KeyManagerType, KeyMetadata, MultiRegionConfiguration, MultiRegionKey, MultiRegionKeyType,
    XksKeyConfigurationType,
};
use base::Region;
use platform::{Audit, Call, Facts, Handle, Resource};
use shape::Failure;

use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, MaterialState, Origin, State, Usage};
use crate::{Kms, aws_managed, facts, grant_token, state};

/// Grant tokens stay out of the record.
const AUDIT: Audit = Audit::REQUEST.without_request(&["GrantTokens"]);

impl Handle<DescribeKey> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:DescribeKey").audited(AUDIT), facts::NAMED);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DescribeKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        // A predefined alias gets its AWS managed key the first time that somebody asks for it.
        aws_managed::ensure(self, call, input.key_id()).await?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeKeyRequest,
    ) -> Result<DescribeKeyResponse, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        let key = lookup::find(call, input.key_id(), Accepts::KeyOrAlias).await?;
        state::check::<DescribeKey>(&key)?;
        Ok(DescribeKeyResponse { key_metadata: Some(metadata(&key)) })
    }
}

/// `KeyMetadata` of a key.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>
pub(crate) fn metadata(key: &KeyRecord) -> KeyMetadata {
    let spec = key.spec.as_str();
    let legacy_spec = CustomerMasterKeySpec::VALUES.contains(&spec);
    let manager = match key.is_customer_managed() {
        true => KeyManagerType::Customer,
        false => KeyManagerType::Aws,
    };
    let waits_for_replicas = key.state == State::PendingReplicaDeletion;
    let window = key.deletion.filter(|_| waits_for_replicas).map(|deletion| deletion.window_days);
    let mut metadata = KeyMetadata {
        aws_account_id: Some(key.account.to_string()),
        key_id: Some(key.id.clone()),
        arn: Some(key.arn()),
        creation_date: Some(key.created),
        enabled: Some(key.effective_state() == State::Enabled),
        description: Some(key.description.clone()),
        key_usage: Some(key.usage.as_str().into()),
        key_state: Some(key.effective_state().as_str().into()),
        deletion_date: key.deletion.and_then(|deletion| deletion.at),
        origin: Some(key.origin.as_str().into()),
        key_manager: Some(manager),
        customer_master_key_spec: legacy_spec.then(|| spec.into()),
        key_spec: Some(spec.into()),
        multi_region: Some(key.multi_region.is_some()),
        multi_region_configuration: multi_region(key),
        custom_key_store_id: key.external.as_ref().map(|place| place.store_id.clone()),
        xks_key_configuration: key
            .external
            .as_ref()
            .map(|place| XksKeyConfigurationType { id: Some(place.xks_key_id.clone()) }),
        pending_deletion_window_in_days: window.and_then(|days| i32::try_from(days).ok()),
        ..KeyMetadata::default()
    };
    describe_algorithms(key, &mut metadata);
    describe_material(key, &mut metadata);
    metadata
}

fn describe_algorithms(key: &KeyRecord, metadata: &mut KeyMetadata) {
    let spec = key.spec;
    match key.usage {
        Usage::EncryptDecrypt => {
            metadata.encryption_algorithms = names(spec.encryption_algorithms(), |a| a.as_str());
        }
        Usage::SignVerify => {
            metadata.signing_algorithms = names(spec.signing_algorithms(), |a| a.as_str());
        }
        Usage::GenerateVerifyMac => {
            metadata.mac_algorithms = names(spec.mac_algorithms(), |a| a.as_str());
        }
        Usage::KeyAgreement => {
            metadata.key_agreement_algorithms =
                names(spec.key_agreement_algorithms(), |a| a.as_str());
        }
        Usage::EncapsulateDecapsulate => {
            metadata.encapsulation_algorithms =
                names(spec.encapsulation_algorithms(), |a| a.as_str());
        }
    }
}

/// Turns the keyring's algorithms into the API's.
pub(crate) fn names<A: Copy, B: From<&'static str>>(
    algorithms: &[A],
    name: impl Fn(A) -> &'static str,
) -> Option<Vec<B>> {
    Some(algorithms.iter().map(|algorithm| B::from(name(*algorithm))).collect())
}

fn describe_material(key: &KeyRecord, metadata: &mut KeyMetadata) {
    if key.spec == keyring::KeySpec::SymmetricDefault {
        metadata.current_key_material_id = key.current().map(|material| material.id.clone());
    }
    if key.origin != Origin::External {
        return;
    }
    // Only material that belongs to the key for good counts, and only while it is there.
    let present = key.materials.iter().filter(|material| {
        material.sealed.is_some()
            && matches!(material.state, MaterialState::Current | MaterialState::NonCurrent)
    });
    let imports: Vec<_> = present.filter_map(|material| material.import.as_ref()).collect();
    if imports.is_empty() {
        return;
    }
    metadata.valid_to = imports.iter().filter_map(|import| import.expires).min();
    metadata.expiration_model = Some(match metadata.valid_to {
        Some(_) => ExpirationModelType::KeyMaterialExpires,
        None => ExpirationModelType::KeyMaterialDoesNotExpire,
    });
}

fn multi_region(key: &KeyRecord) -> Option<MultiRegionConfiguration> {
    let family = key.multi_region.as_ref()?;
    let entry = |region: &Region| MultiRegionKey {
        arn: Some(format!("arn:aws:kms:{region}:{}:key/{}", key.account, key.id)),
        region: Some(region.to_string()),
    };
    Some(MultiRegionConfiguration {
        multi_region_key_type: Some(match key.is_primary() {
            true => MultiRegionKeyType::Primary,
            false => MultiRegionKeyType::Replica,
        }),
        primary_key: Some(entry(&family.primary)),
        replica_keys: Some(family.replicas.iter().map(entry).collect()),
    })
}
