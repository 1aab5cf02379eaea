use api_kms::operations::{
    Decrypt, DisableKeyRotation, EnableKeyRotation, Encrypt, GetKeyRotationStatus,
    ListKeyRotations, ReplicateKey, RotateKeyOnDemand,
};
use api_kms::{
    CreateKeyRequest, DecryptRequest, DisableKeyRotationRequest, EnableKeyRotationRequest,
    EncryptRequest, GetKeyRotationStatusRequest, GetKeyRotationStatusResponse, IncludeKeyMaterial,
    ListKeyRotationsRequest, ReplicateKeyRequest, RotateKeyOnDemandRequest, RotationsListEntry,
};

use shape::Blob;

use crate::common::{ABROAD, HOME, Kms, OWNER, days, name, text};

fn enable(key: &str, days: Option<i32>) -> EnableKeyRotationRequest {
    EnableKeyRotationRequest { key_id: Some(key.into()), rotation_period_in_days: days }
}

fn on_demand(key: &str) -> RotateKeyOnDemandRequest {
    RotateKeyOnDemandRequest { key_id: Some(key.into()) }
}

impl Kms {
    async fn rotation(&self, key: &str) -> GetKeyRotationStatusResponse {
        let request = GetKeyRotationStatusRequest { key_id: Some(key.into()) };
        self.call::<GetKeyRotationStatus>(request).await.expect("a status")
    }

    async fn rotations(&self, key: &str, all: bool) -> Vec<RotationsListEntry> {
        let request = ListKeyRotationsRequest {
            key_id: Some(key.into()),
            include_key_material: all.then_some(IncludeKeyMaterial::AllKeyMaterial),
            ..ListKeyRotationsRequest::default()
        };
        let response = self.call::<ListKeyRotations>(request).await.expect("a list");
        response.rotations.expect("rotations")
    }
}

#[tokio::test]
async fn a_year_passes_and_the_key_rotates() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    assert_eq!(kms.rotation(&key).await.key_rotation_enabled, Some(false));
    kms.call::<EnableKeyRotation>(enable(&key, None)).await.expect("enabled");
    let status = kms.rotation(&key).await;
    assert_eq!(status.rotation_period_in_days, Some(365));
    assert_eq!(status.next_rotation_date, Some(kms.now() + days(365)));

    let first = kms.describe(&key).await.current_key_material_id;
    kms.advance(days(364)).await;
    assert_eq!(kms.describe(&key).await.current_key_material_id, first);
    kms.advance(days(1)).await;
    let second = kms.describe(&key).await.current_key_material_id;
    assert_ne!(first, second);
    assert_eq!(kms.rotation(&key).await.next_rotation_date, Some(kms.now() + days(365)));

    let rotations = kms.rotations(&key, false).await;
    assert_eq!(rotations.len(), 1);
    assert_eq!(rotations[0].key_material_id, second);
    assert_eq!(rotations[0].rotation_date, Some(kms.now()));
    assert_eq!(rotations[0].rotation_type.as_ref().expect("a type").as_str(), "AUTOMATIC");
    let all = kms.rotations(&key, true).await;
    let states: Vec<_> =
        all.iter().map(|r| r.key_material_state.as_ref().expect("a state").as_str()).collect();
    assert_eq!(states, ["NON_CURRENT", "CURRENT"]);
    assert_eq!(all[0].key_material_id, first);
    assert!(all[0].rotation_date.is_none());

    let records = kms.records().await;
    let record = records.iter().find(|r| r["eventName"] == "RotateKey").expect("a record");
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["serviceEventDetails"]["rotationType"], "AUTOMATIC");
    assert_eq!(record["serviceEventDetails"]["keyId"], key.as_str());
}

#[tokio::test]
async fn long_absence_is_made_up_for_once() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    kms.call::<EnableKeyRotation>(enable(&key, Some(90))).await.expect("enabled");
    kms.advance(days(1000)).await;
    assert_eq!(kms.recorded("RotateKey").await, 1);
    assert_eq!(kms.rotation(&key).await.next_rotation_date, Some(kms.now() + days(90)));
    for _ in 0..4 {
        kms.advance(days(90)).await;
    }
    assert_eq!(kms.recorded("RotateKey").await, 5);
}

#[tokio::test]
async fn a_new_period_counts_from_the_call_that_sets_it() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let start = kms.now();
    kms.call::<EnableKeyRotation>(enable(&key, Some(180))).await.expect("enabled");
    kms.advance(days(100)).await;
    kms.call::<EnableKeyRotation>(enable(&key, Some(180))).await.expect("repeated");
    assert_eq!(kms.rotation(&key).await.next_rotation_date, Some(start + days(180)));
    kms.call::<EnableKeyRotation>(enable(&key, Some(90))).await.expect("changed");
    assert_eq!(kms.rotation(&key).await.next_rotation_date, Some(kms.now() + days(90)));
    for period in [89, 2561] {
        let refused = kms.call::<EnableKeyRotation>(enable(&key, Some(period))).await;
        assert_eq!(name(refused), "ValidationException", "{period}");
    }
    let disable = DisableKeyRotationRequest { key_id: Some(key.clone()) };
    kms.call::<DisableKeyRotation>(disable).await.expect("disabled");
    kms.advance(days(1000)).await;
    assert_eq!(kms.recorded("RotateKey").await, 0);
}

#[tokio::test]
async fn rotations_on_demand_have_a_limit_and_leave_the_schedule_alone() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    kms.call::<EnableKeyRotation>(enable(&key, None)).await.expect("enabled");
    let planned = kms.rotation(&key).await.next_rotation_date;
    for _ in 0..25 {
        kms.call::<RotateKeyOnDemand>(on_demand(&key)).await.expect("rotated");
    }
    let refused = kms.call::<RotateKeyOnDemand>(on_demand(&key)).await;
    assert_eq!(name(refused), "LimitExceededException");
    assert_eq!(kms.rotation(&key).await.next_rotation_date, planned);
    let rotations = kms.rotations(&key, false).await;
    assert_eq!(rotations.len(), 25);
    assert!(
        rotations.iter().all(|r| r.rotation_type.as_ref().expect("a type").as_str() == "ON_DEMAND")
    );
    kms.advance(days(365)).await;
    assert_eq!(kms.rotations(&key, false).await.len(), 26);
}

#[tokio::test]
async fn rotations_are_listed_page_by_page() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    for _ in 0..5 {
        kms.call::<RotateKeyOnDemand>(on_demand(&key)).await.expect("rotated");
    }
    let whole = kms.rotations(&key, true).await;
    let (mut seen, mut marker) = (Vec::new(), None);
    loop {
        let request = ListKeyRotationsRequest {
            key_id: Some(key.clone()),
            include_key_material: Some(IncludeKeyMaterial::AllKeyMaterial),
            limit: Some(4),
            marker: marker.take(),
        };
        let page = kms.call::<ListKeyRotations>(request).await.expect("a page");
        seen.extend(page.rotations.expect("rotations"));
        assert_eq!(page.truncated, Some(page.next_marker.is_some()));
        match page.next_marker {
            Some(next) => marker = Some(next),
            None => break,
        }
    }
    let ids = |list: &[RotationsListEntry]| -> Vec<_> {
        list.iter().map(|entry| entry.key_material_id.clone()).collect()
    };
    assert_eq!(ids(&seen), ids(&whole));
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn only_symmetric_keys_rotate() {
    let kms = Kms::new().await;
    let hmac = kms.key_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
    let pair = kms.key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    for (key, spec) in [(hmac, "HMAC_256"), (pair, "ECC_NIST_P256")] {
        let results = [
            text(kms.call::<EnableKeyRotation>(enable(&key, None)).await),
            text(kms.call::<RotateKeyOnDemand>(on_demand(&key)).await),
        ];
        for result in results {
            assert!(result.starts_with("UnsupportedOperationException: arn:aws:kms:"), "{result}");
            let end = format!(" key spec is {spec} which is not valid for this operation.");
            assert!(result.ends_with(&end), "{result}");
        }
    }
    let request =
        CreateKeyRequest { origin: Some("EXTERNAL".into()), ..CreateKeyRequest::default() };
    let external = kms.make(request).await.key_id.expect("an id");
    let result = text(kms.call::<EnableKeyRotation>(enable(&external, None)).await);
    assert!(result.ends_with(" origin is EXTERNAL which is not valid for this operation."));
    let result = text(kms.call::<RotateKeyOnDemand>(on_demand(&external)).await);
    assert!(result.ends_with("is pending import."), "{result}");
}

#[tokio::test]
async fn aws_managed_keys_rotate_every_year() {
    let kms = Kms::new().await;
    let key = kms.describe("alias/aws/s3").await.key_id.expect("an id");
    assert_eq!(kms.rotation(&key).await.key_rotation_enabled, Some(true));
    kms.advance(days(365)).await;
    kms.advance(days(365)).await;
    assert_eq!(kms.rotations(&key, false).await.len(), 2);
    let disable = DisableKeyRotationRequest { key_id: Some(key) };
    assert_eq!(name(kms.call::<DisableKeyRotation>(disable).await), "AccessDeniedException");
}

#[tokio::test]
async fn old_ciphertexts_decrypt_after_every_rotation() {
    let kms = Kms::new().await;
    let key = kms.primary().await;
    let replicate = ReplicateKeyRequest {
        key_id: Some(key.clone()),
        replica_region: Some(ABROAD.into()),
        ..ReplicateKeyRequest::default()
    };
    kms.call::<ReplicateKey>(replicate).await.expect("a replica");
    let mut blobs = Vec::new();
    for n in 0..3_u8 {
        for region in [HOME, ABROAD] {
            let request = EncryptRequest {
                key_id: Some(key.clone()),
                plaintext: Some(Blob::from(vec![n])),
                ..EncryptRequest::default()
            };
            let response = kms.call_as::<Encrypt>(OWNER, region, request).await.expect("encrypted");
            blobs.push((n, response.ciphertext_blob));
        }
        kms.call::<RotateKeyOnDemand>(on_demand(&key)).await.expect("rotated");
    }
    for (n, blob) in blobs {
        for region in [HOME, ABROAD] {
            let request = DecryptRequest { ciphertext_blob: blob.clone(), ..Default::default() };
            let response = kms.call_as::<Decrypt>(OWNER, region, request).await.expect("decrypted");
            assert_eq!(response.plaintext, Some(Blob::from(vec![n])));
        }
    }
}

#[tokio::test]
async fn rotations_are_announced_on_the_event_bus() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    kms.call::<RotateKeyOnDemand>(on_demand(&key)).await.expect("rotated");
    let events = kms.platform.store().outbox(10).await.expect("the outbox");
    let event: serde_json::Value = serde_json::from_slice(&events[0].body).expect("JSON");
    assert_eq!(event["source"], "aws.kms");
    assert_eq!(event["detail-type"], "KMS CMK Rotation");
    assert_eq!(event["detail"]["key-id"], key.as_str());
    assert_eq!(event["region"], HOME);
}
