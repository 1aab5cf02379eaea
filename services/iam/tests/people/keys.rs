use api_iam::operations as op;
use api_iam::*;

use crate::common::{World, some};

fn of(user: Option<&str>) -> CreateAccessKeyRequest {
    CreateAccessKeyRequest { user_name: user.map(str::to_owned) }
}

async fn listed(world: &World, user: Option<&str>) -> Vec<(String, StatusType)> {
    let input = ListAccessKeysRequest { user_name: user.map(str::to_owned), ..Default::default() };
    let keys = world.root::<op::ListAccessKeys>(input).await.access_key_metadata.expect("keys");
    keys.into_iter()
        .map(|key| (key.access_key_id.expect("an id"), key.status.expect("one")))
        .collect()
}

#[tokio::test]
async fn each_has_two_keys_at_most_and_its_own() {
    let world = World::new().await;
    for user in [Some("ada"), None] {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let key = world.root::<op::CreateAccessKey>(of(user)).await.access_key.expect("a key");
            assert_eq!(key.user_name.as_deref(), user);
            assert_eq!(key.secret_access_key.map(|secret| secret.len()), Some(40));
            ids.push((key.access_key_id.expect("an id"), StatusType::Active));
        }
        ids.sort_by(|(a, _), (b, _)| a.cmp(b));
        assert_eq!(listed(&world, user).await, ids);
        assert_eq!(
            world.refused::<op::CreateAccessKey>(of(user)).await,
            "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"
        );
    }
}

#[tokio::test]
async fn a_key_is_changed_and_deleted_by_its_holder_alone() {
    let world = World::new().await;
    world.user("bob").await;
    let key = world.root::<op::CreateAccessKey>(of(Some("ada"))).await.access_key.expect("a key");
    let id = key.access_key_id.expect("an id");
    let update = |user: &str, status| UpdateAccessKeyRequest {
        user_name: some(user),
        access_key_id: some(&id),
        status: Some(status),
    };
    let unknown = format!("NoSuchEntity: The Access Key with id {id} cannot be found.");
    let refused = world.refused::<op::UpdateAccessKey>(update("bob", StatusType::Inactive)).await;
    assert_eq!(refused, unknown);
    world.root::<op::UpdateAccessKey>(update("ada", StatusType::Inactive)).await;
    assert_eq!(listed(&world, Some("ada")).await, [(id.clone(), StatusType::Inactive)]);
    let delete = || DeleteAccessKeyRequest { user_name: some("ada"), access_key_id: some(&id) };
    world.root::<op::DeleteAccessKey>(delete()).await;
    assert_eq!(world.refused::<op::DeleteAccessKey>(delete()).await, unknown);
    let last = GetAccessKeyLastUsedRequest { access_key_id: some(&id) };
    let refused = world.refused::<op::GetAccessKeyLastUsed>(last).await;
    assert!(refused.starts_with("AccessDenied"), "{refused}");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_told() {
    let world = World::new().await;
    world.empower("ada").await;
    let key = world.root::<op::CreateAccessKey>(of(Some("ada"))).await.access_key.expect("a key");
    let last = GetAccessKeyLastUsedRequest { access_key_id: key.access_key_id.clone() };
    let never = world.root::<op::GetAccessKeyLastUsed>(last.clone()).await;
    let never = never.access_key_last_used.expect("an answer");
    assert_eq!(
        (never.last_used_date, never.service_name, never.region),
        (None, some("N/A"), some("N/A"))
    );

    let ada = world.0.user("ada").await;
    let caller = platform::Caller { access_key_id: key.access_key_id, ..ada };
    let input = GetUserRequest::default();
    let source = platform::Source::default();
    world.0.call_with::<op::GetUser>(caller, source, input).await.expect("allowed");
    let used = world.root::<op::GetAccessKeyLastUsed>(last).await;
    assert_eq!(used.user_name, some("ada"));
    let used = used.access_key_last_used.expect("an answer");
    assert_eq!((used.service_name, used.region), (some("iam"), some("us-east-1")));
    assert_eq!(used.last_used_date, Some(world.0.now()));
}
