use api_kms::operations::{
    CancelKeyDeletion, CreateKey, DisableKey, EnableKeyRotation, GetKeyPolicy,
    GetKeyRotationStatus, ListResourceTags, ReplicateKey, RotateKeyOnDemand, ScheduleKeyDeletion,
    UpdatePrimaryRegion,
};
use api_kms::{
    CancelKeyDeletionRequest, CreateKeyRequest, DisableKeyRequest, EnableKeyRotationRequest,
    GetKeyPolicyRequest, GetKeyRotationStatusRequest, KeyMetadata, ListResourceTagsRequest,
    ReplicateKeyRequest, ReplicateKeyResponse, RotateKeyOnDemandRequest,
    ScheduleKeyDeletionRequest, Tag, UpdatePrimaryRegionRequest,
};
use shape::Failure;
use store::Scope;

use crate::common::{ABROAD, HOME, Kms, OWNER, days, name, text};

const FAR: &str = "ap-southeast-2";

fn schedule(key: &str) -> ScheduleKeyDeletionRequest {
    ScheduleKeyDeletionRequest { key_id: Some(key.into()), pending_window_in_days: Some(7) }
}

fn role(key: &KeyMetadata) -> (String, String, Vec<String>) {
    let family = key.multi_region_configuration.as_ref().expect("a multi-Region key");
    let region = |key: &api_kms::MultiRegionKey| key.region.clone().expect("a Region");
    (
        family.multi_region_key_type.as_ref().expect("a type").to_string(),
        region(family.primary_key.as_ref().expect("a primary")),
        family.replica_keys.iter().flatten().map(region).collect(),
    )
}

fn expected(kind: &str, primary: &str, replicas: &[&str]) -> (String, String, Vec<String>) {
    (kind.into(), primary.into(), replicas.iter().map(|region| (*region).into()).collect())
}

impl Kms {
    async fn replicate(
        &self,
        from: &str,
        key: &str,
        to: &str,
    ) -> Result<ReplicateKeyResponse, Failure> {
        let request = ReplicateKeyRequest {
            key_id: Some(key.into()),
            replica_region: Some(to.into()),
            description: Some("a copy".into()),
            tags: Some(vec![Tag { tag_key: Some("where".into()), tag_value: Some(to.into()) }]),
            ..ReplicateKeyRequest::default()
        };
        self.call_as::<ReplicateKey>(OWNER, from, request).await
    }

    async fn promote(&self, from: &str, key: &str, to: &str) -> Result<(), Failure> {
        let request = UpdatePrimaryRegionRequest {
            key_id: Some(key.into()),
            primary_region: Some(to.into()),
        };
        self.call_as::<UpdatePrimaryRegion>(OWNER, from, request).await.map(drop)
    }
}

#[tokio::test]
async fn replicas_share_what_is_shared_and_own_the_rest() {
    let kms = Kms::new().await;
    let key = kms.primary().await;
    assert!(key.starts_with("mrk-"));
    let made = kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    assert_eq!(made.replica_tags.expect("tags").len(), 1);
    kms.replicate(HOME, &key, FAR).await.expect("another");

    let (home, abroad) = (kms.describe(&key).await, kms.describe_in(ABROAD, &key).await);
    assert_eq!(role(&home), expected("PRIMARY", HOME, &[FAR, ABROAD]));
    assert_eq!(role(&abroad), expected("REPLICA", HOME, &[FAR, ABROAD]));
    assert_eq!(home.current_key_material_id, abroad.current_key_material_id);
    assert_eq!(abroad.description.as_deref(), Some("a copy"));
    assert_eq!(home.description.as_deref(), Some(""));
    let request = ListResourceTagsRequest { key_id: Some(key.clone()), ..Default::default() };
    let tags = kms.call::<ListResourceTags>(request).await.expect("tags");
    assert!(tags.tags.expect("tags").is_empty());
    let request = GetKeyPolicyRequest { key_id: Some(key.clone()), policy_name: None };
    let policy = kms.call_as::<GetKeyPolicy>(OWNER, ABROAD, request).await.expect("a policy");
    assert_eq!(policy.policy, made.replica_policy);

    let disable = DisableKeyRequest { key_id: Some(key.clone()) };
    kms.call_as::<DisableKey>(OWNER, ABROAD, disable).await.expect("disabled");
    assert_eq!(kms.state_in(ABROAD, &key).await, "Disabled");
    assert_eq!(kms.state(&key).await, "Enabled");

    let scope = Scope::new(OWNER.parse().expect("an account"), ABROAD.parse().expect("a Region"));
    let records = kms.records_of(scope).await;
    assert!(records.iter().any(|r| r["eventName"] == "CreateKey" && r["awsRegion"] == ABROAD));
}

#[tokio::test]
async fn what_cannot_be_replicated_is_refused() {
    let kms = Kms::new().await;
    let single = kms.key().await;
    let key = kms.primary().await;
    let refused = kms.replicate(HOME, &single, ABROAD).await;
    assert_eq!(name(refused), "UnsupportedOperationException");
    kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    assert_eq!(name(kms.replicate(HOME, &key, ABROAD).await), "AlreadyExistsException");
    assert_eq!(name(kms.replicate(HOME, &key, HOME).await), "AlreadyExistsException");
    assert_eq!(name(kms.replicate(ABROAD, &key, FAR).await), "UnsupportedOperationException");
    assert_eq!(
        name(kms.replicate(HOME, &key, "cn-north-1").await),
        "UnsupportedOperationException"
    );
    assert_eq!(name(kms.promote(ABROAD, &key, HOME).await), "UnsupportedOperationException");
    assert_eq!(name(kms.promote(HOME, &key, FAR).await), "NotFoundException");
}

#[tokio::test]
async fn rotation_happens_in_all_regions_at_once() {
    let kms = Kms::new().await;
    let key = kms.primary().await;
    kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    let first = kms.describe(&key).await.current_key_material_id;
    let rotate = RotateKeyOnDemandRequest { key_id: Some(key.clone()) };
    let refused = kms.call_as::<RotateKeyOnDemand>(OWNER, ABROAD, rotate.clone()).await;
    assert_eq!(name(refused), "UnsupportedOperationException");
    kms.call::<RotateKeyOnDemand>(rotate).await.expect("rotated");
    let second = kms.describe(&key).await.current_key_material_id;
    assert_ne!(first, second);
    assert_eq!(kms.describe_in(ABROAD, &key).await.current_key_material_id, second);

    let enable =
        EnableKeyRotationRequest { key_id: Some(key.clone()), rotation_period_in_days: Some(90) };
    let refused = kms.call_as::<EnableKeyRotation>(OWNER, ABROAD, enable.clone()).await;
    assert_eq!(name(refused), "UnsupportedOperationException");
    kms.call::<EnableKeyRotation>(enable).await.expect("enabled");
    let status = GetKeyRotationStatusRequest { key_id: Some(key.clone()) };
    let status =
        kms.call_as::<GetKeyRotationStatus>(OWNER, ABROAD, status).await.expect("a status");
    assert_eq!(status.key_rotation_enabled, Some(true));

    // The schedule goes with the role.
    kms.promote(HOME, &key, ABROAD).await.expect("promoted");
    kms.advance(days(90)).await;
    let third = kms.describe(&key).await.current_key_material_id;
    assert_ne!(second, third);
    assert_eq!(kms.describe_in(ABROAD, &key).await.current_key_material_id, third);
    assert_eq!(kms.recorded("RotateKey").await, 2);
}

#[tokio::test]
async fn the_primary_role_can_move() {
    let kms = Kms::new().await;
    let key = kms.primary().await;
    kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    kms.replicate(HOME, &key, FAR).await.expect("another");
    kms.promote(HOME, &key, FAR).await.expect("promoted");
    let replicas = [ABROAD, HOME];
    assert_eq!(role(&kms.describe(&key).await), expected("REPLICA", FAR, &replicas));
    assert_eq!(role(&kms.describe_in(FAR, &key).await), expected("PRIMARY", FAR, &replicas));
    assert_eq!(role(&kms.describe_in(ABROAD, &key).await), expected("REPLICA", FAR, &replicas));
    assert_eq!(kms.state_in(FAR, &key).await, "Enabled");
    kms.replicate(FAR, &key, "eu-north-1").await.expect("a replica of the new primary");
}

#[tokio::test]
async fn a_primary_is_deleted_after_its_last_replica() {
    let kms = Kms::new().await;
    let key = kms.primary().await;
    kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    let answer = kms.call::<ScheduleKeyDeletion>(schedule(&key)).await.expect("scheduled");
    assert_eq!(answer.key_state.expect("a state").as_str(), "PendingReplicaDeletion");
    assert!(answer.deletion_date.is_none());
    let described = kms.describe(&key).await;
    assert_eq!(described.pending_deletion_window_in_days, Some(7));
    let refused = text(kms.replicate(HOME, &key, FAR).await);
    assert!(refused.ends_with("is pending replica deletion."), "{refused}");
    kms.advance(days(60)).await;
    assert_eq!(kms.state(&key).await, "PendingReplicaDeletion");

    kms.call_as::<ScheduleKeyDeletion>(OWNER, ABROAD, schedule(&key)).await.expect("scheduled");
    kms.advance(days(7)).await;
    assert_eq!(name(kms.try_describe(ABROAD, &key).await), "NotFoundException");
    let described = kms.describe(&key).await;
    assert_eq!(described.key_state.as_ref().expect("a state").as_str(), "PendingDeletion");
    assert_eq!(described.deletion_date, Some(kms.now() + days(7)));
    assert_eq!(role(&described), expected("PRIMARY", HOME, &[]));
    kms.advance(days(7)).await;
    assert_eq!(name(kms.try_describe(HOME, &key).await), "NotFoundException");
}

#[tokio::test]
async fn a_waiting_primary_can_be_called_back() {
    let kms = Kms::new().await;
    let key = kms.primary().await;
    kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    kms.call::<ScheduleKeyDeletion>(schedule(&key)).await.expect("scheduled");
    let cancel = CancelKeyDeletionRequest { key_id: Some(key.clone()) };
    kms.call::<CancelKeyDeletion>(cancel).await.expect("cancelled");
    assert_eq!(kms.state(&key).await, "Disabled");
    kms.call_as::<ScheduleKeyDeletion>(OWNER, ABROAD, schedule(&key)).await.expect("scheduled");
    kms.advance(days(7)).await;
    assert_eq!(kms.state(&key).await, "Disabled");
    assert_eq!(role(&kms.describe(&key).await), expected("PRIMARY", HOME, &[]));
    // The Region is free again.
    let enable = api_kms::EnableKeyRequest { key_id: Some(key.clone()) };
    kms.call::<api_kms::operations::EnableKey>(enable).await.expect("enabled");
    kms.replicate(HOME, &key, ABROAD).await.expect("a new replica");
}

#[tokio::test]
async fn replicas_of_external_keys_wait_for_their_own_import() {
    let kms = Kms::new().await;
    let request = CreateKeyRequest {
        multi_region: Some(true),
        origin: Some("EXTERNAL".into()),
        ..CreateKeyRequest::default()
    };
    let made = kms.call::<CreateKey>(request).await.expect("a key").key_metadata.expect("metadata");
    let key = made.key_id.expect("an id");
    kms.replicate(HOME, &key, ABROAD).await.expect("a replica");
    assert_eq!(kms.state_in(ABROAD, &key).await, "PendingImport");
}
