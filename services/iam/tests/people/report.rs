use std::time::Duration;

use api_iam::operations as op;
use api_iam::*;

use crate::common::{World, some};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn generate(world: &World) {
    let made = world.root::<op::GenerateCredentialReport>(Unit::default()).await;
    assert_eq!(made.state, Some(ReportStateType::Complete));
}

async fn read(world: &World) -> String {
    let report = world.root::<op::GetCredentialReport>(Unit::default()).await;
    String::from_utf8(report.content.expect("a report").to_vec()).expect("text")
}

#[tokio::test]
async fn a_report_is_the_same_for_four_hours() {
    let world = World::new().await;
    let none = world.refused::<op::GetCredentialReport>(Unit::default()).await;
    assert!(none.starts_with("ReportNotPresent"), "{none}");
    generate(&world).await;
    let first = read(&world).await;
    world.user("bob").await;
    world.0.advance(4 * HOUR - Duration::from_secs(1)).await;
    generate(&world).await;
    assert_eq!(read(&world).await, first);
    world.0.advance(Duration::from_secs(1)).await;
    let expired = world.refused::<op::GetCredentialReport>(Unit::default()).await;
    assert!(expired.starts_with("ReportExpired"), "{expired}");
    generate(&world).await;
    assert!(read(&world).await.contains("\nbob,"));
}

#[tokio::test]
async fn its_columns_and_values_are_the_documented_ones() {
    let world = World::new().await;
    generate(&world).await;
    let report = read(&world).await;
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(
        lines,
        [
            "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
             password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
             access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
             access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
             access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
             cert_1_last_rotated,cert_2_active,cert_2_last_rotated",
            "<root_account>,arn:aws:iam::123456789012:root,N/A,not_supported,no_information,\
             not_supported,not_supported,FALSE,FALSE,N/A,N/A,N/A,N/A,FALSE,N/A,N/A,N/A,N/A,FALSE,N/A,\
             FALSE,N/A",
            "ada,arn:aws:iam::123456789012:user/ada,2026-01-01T00:00:00+00:00,FALSE,N/A,N/A,N/A,FALSE,\
             FALSE,N/A,N/A,N/A,N/A,FALSE,N/A,N/A,N/A,N/A,FALSE,N/A,FALSE,N/A",
        ]
    );
}

#[tokio::test]
async fn a_report_of_many_users_is_whole() {
    let world = World::new().await;
    // Paths as long as can be make a report of more than one part.
    let path = format!("/{}/", "x".repeat(510));
    for n in 0..200 {
        let input = CreateUserRequest {
            user_name: Some(format!("user,{n}")),
            path: some(&path),
            ..CreateUserRequest::default()
        };
        world.root::<op::CreateUser>(input).await;
    }
    generate(&world).await;
    let report = read(&world).await;
    assert!(report.len() > 128 * 1024);
    assert_eq!(report.lines().count(), 203);
    for n in [0, 123, 199] {
        let row = format!("\n\"user,{n}\",\"arn:aws:iam::123456789012:user{path}user,{n}\",2026");
        assert!(report.contains(&row), "{n}");
    }
}

#[tokio::test]
async fn the_summary_counts_what_is_there() {
    let world = World::new().await;
    world.group("staff").await;
    world.root::<op::CreateAccessKey>(CreateAccessKeyRequest::default()).await;
    let summary = world.root::<op::GetAccountSummary>(Unit::default()).await;
    let summary = summary.summary_map.expect("a summary");
    for (name, number) in [
        ("Users", 1),
        ("UsersQuota", 5_000),
        ("Groups", 1),
        ("GroupsQuota", 300),
        ("Roles", 0),
        ("MFADevices", 0),
        ("AccountAccessKeysPresent", 1),
        ("AccountMFAEnabled", 0),
        ("GroupPolicySizeQuota", 5_120),
    ] {
        assert_eq!(summary.get(name), Some(&number), "{name}");
    }
}

#[tokio::test]
async fn tags_of_users_and_devices_are_kept() {
    let world = World::new().await;
    let tag = |key: &str| Tag { key: some(key), value: some("v") };
    let input = TagUserRequest { user_name: some("ada"), tags: Some(vec![tag("Team"), tag("b")]) };
    world.root::<op::TagUser>(input).await;
    let input = UntagUserRequest { user_name: some("ada"), tag_keys: Some(vec!["team".into()]) };
    world.root::<op::UntagUser>(input).await;
    let input = ListUserTagsRequest { user_name: some("ada"), ..Default::default() };
    let tags = world.root::<op::ListUserTags>(input).await.tags.expect("tags");
    assert_eq!(tags.into_iter().map(|tag| tag.key).collect::<Vec<_>>(), [some("b")]);

    let input = CreateVirtualMFADeviceRequest {
        virtual_mfa_device_name: some("phone"),
        ..Default::default()
    };
    let device = world.root::<op::CreateVirtualMFADevice>(input).await.virtual_mfa_device;
    let serial = device.expect("a device").serial_number;
    let input = TagMFADeviceRequest { serial_number: serial.clone(), tags: Some(vec![tag("a")]) };
    world.root::<op::TagMFADevice>(input).await;
    let input = ListMFADeviceTagsRequest { serial_number: serial, ..Default::default() };
    assert_eq!(
        world.root::<op::ListMFADeviceTags>(input).await.tags.map(|tags| tags.len()),
        Some(1)
    );
}
