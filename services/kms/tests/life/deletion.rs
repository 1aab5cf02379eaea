use api_kms::operations::{
    CancelKeyDeletion, CreateAlias, DisableKey, EnableKey, EnableKeyRotation, GetKeyRotationStatus,
    ScheduleKeyDeletion,
};
use api_kms::{
    CancelKeyDeletionRequest, CreateAliasRequest, DisableKeyRequest, EnableKeyRequest,
    EnableKeyRotationRequest, GetKeyRotationStatusRequest, ScheduleKeyDeletionRequest,
};

use crate::common::{HOME, Kms, days, name, text};

fn schedule(key: &str, days: Option<i32>) -> ScheduleKeyDeletionRequest {
    ScheduleKeyDeletionRequest { key_id: Some(key.into()), pending_window_in_days: days }
}

fn cancel(key: &str) -> CancelKeyDeletionRequest {
    CancelKeyDeletionRequest { key_id: Some(key.into()) }
}

#[tokio::test]
async fn a_key_is_deleted_when_its_waiting_period_ends() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let alias = CreateAliasRequest {
        alias_name: Some("alias/doomed".into()),
        target_key_id: Some(key.clone()),
    };
    kms.call::<CreateAlias>(alias).await.expect("an alias");
    let answer = kms.call::<ScheduleKeyDeletion>(schedule(&key, Some(7))).await.expect("scheduled");
    assert_eq!(answer.deletion_date, Some(kms.now() + days(7)));
    assert_eq!(answer.pending_window_in_days, Some(7));
    let described = kms.describe(&key).await;
    assert_eq!(described.key_state.expect("a state").as_str(), "PendingDeletion");
    assert_eq!(described.deletion_date, answer.deletion_date);

    kms.advance(days(7) - std::time::Duration::from_secs(1)).await;
    assert_eq!(kms.state(&key).await, "PendingDeletion");
    kms.advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(name(kms.try_describe(HOME, &key).await), "NotFoundException");
    assert_eq!(name(kms.try_describe(HOME, "alias/doomed").await), "NotFoundException");
    let records = kms.records().await;
    let record = records.iter().find(|r| r["eventName"] == "DeleteKey").expect("a record");
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert!(record["resources"][0]["ARN"].as_str().expect("an ARN").ends_with(&key));
    kms.advance(days(400)).await;
    assert_eq!(kms.recorded("DeleteKey").await, 1);
}

#[tokio::test]
async fn a_deletion_can_be_cancelled_and_leaves_the_key_disabled() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let not_pending = text(kms.call::<CancelKeyDeletion>(cancel(&key)).await);
    assert!(not_pending.starts_with("KMSInvalidStateException: arn:aws:kms:"), "{not_pending}");
    assert!(not_pending.ends_with(" is not pending deletion."), "{not_pending}");

    kms.call::<ScheduleKeyDeletion>(schedule(&key, None)).await.expect("scheduled");
    kms.advance(days(29)).await;
    kms.call::<CancelKeyDeletion>(cancel(&key)).await.expect("cancelled");
    assert_eq!(kms.state(&key).await, "Disabled");
    assert!(kms.describe(&key).await.deletion_date.is_none());
    kms.advance(days(30)).await;
    assert_eq!(kms.state(&key).await, "Disabled");
    let enable = EnableKeyRequest { key_id: Some(key.clone()) };
    kms.call::<EnableKey>(enable).await.expect("enabled");
    assert_eq!(kms.state(&key).await, "Enabled");
}

#[tokio::test]
async fn waiting_periods_have_bounds() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    for window in [1, 6, 31, 365] {
        let result = kms.call::<ScheduleKeyDeletion>(schedule(&key, Some(window))).await;
        assert_eq!(name(result), "ValidationException", "{window}");
    }
    let answer = kms.call::<ScheduleKeyDeletion>(schedule(&key, None)).await.expect("scheduled");
    assert_eq!(answer.pending_window_in_days, Some(30));
    let again = text(kms.call::<ScheduleKeyDeletion>(schedule(&key, None)).await);
    assert!(again.ends_with("is pending deletion."), "{again}");
}

#[tokio::test]
async fn rotation_rests_while_a_key_is_pending_deletion_or_disabled() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let rotate =
        EnableKeyRotationRequest { key_id: Some(key.clone()), rotation_period_in_days: Some(90) };
    kms.call::<EnableKeyRotation>(rotate).await.expect("enabled");
    kms.call::<ScheduleKeyDeletion>(schedule(&key, Some(30))).await.expect("scheduled");
    let status = || GetKeyRotationStatusRequest { key_id: Some(key.clone()) };
    let shown = kms.call::<GetKeyRotationStatus>(status()).await.expect("a status");
    assert_eq!(shown.key_rotation_enabled, Some(false));
    assert!(shown.next_rotation_date.is_none());
    kms.call::<CancelKeyDeletion>(cancel(&key)).await.expect("cancelled");
    let shown = kms.call::<GetKeyRotationStatus>(status()).await.expect("a status");
    assert_eq!(shown.key_rotation_enabled, Some(true));

    // Disabled past the date: the rotation is made up for at once when the key is enabled again.
    kms.advance(days(100)).await;
    assert_eq!(kms.recorded("RotateKey").await, 0);
    let enable = EnableKeyRequest { key_id: Some(key.clone()) };
    kms.call::<EnableKey>(enable).await.expect("enabled");
    kms.advance(days(0)).await;
    assert_eq!(kms.recorded("RotateKey").await, 1);
    let shown = kms.call::<GetKeyRotationStatus>(status()).await.expect("a status");
    assert_eq!(shown.next_rotation_date, Some(kms.now() + days(90) - days(10)));
}

#[tokio::test]
async fn a_key_can_be_disabled_and_enabled() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let disable = DisableKeyRequest { key_id: Some(key.clone()) };
    kms.call::<DisableKey>(disable).await.expect("disabled");
    assert_eq!(kms.state(&key).await, "Disabled");
    assert_eq!(kms.describe(&key).await.enabled, Some(false));
    let rotate =
        EnableKeyRotationRequest { key_id: Some(key.clone()), rotation_period_in_days: None };
    let refused = text(kms.call::<EnableKeyRotation>(rotate).await);
    assert!(refused.starts_with("DisabledException: ") && refused.ends_with(" is disabled."));
    let alias = EnableKeyRequest { key_id: Some("alias/any".into()) };
    assert_eq!(
        text(kms.call::<EnableKey>(alias).await),
        "NotFoundException: Invalid keyId 'alias/any'"
    );
}
