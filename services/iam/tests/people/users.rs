use api_iam::operations as op;
use api_iam::*;

use crate::common::{ACCOUNT, World, some};

fn named(name: &str) -> GetUserRequest {
    GetUserRequest { user_name: some(name) }
}

fn rename(name: &str, to: Option<&str>, path: Option<&str>) -> UpdateUserRequest {
    UpdateUserRequest {
        user_name: some(name),
        new_user_name: to.map(str::to_owned),
        new_path: path.map(str::to_owned),
    }
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case_and_keep_theirs() {
    let world = World::new().await;
    let exists = "EntityAlreadyExists: User with name ADA already exists.";
    let again = CreateUserRequest { user_name: some("ADA"), ..CreateUserRequest::default() };
    assert_eq!(world.refused::<op::CreateUser>(again).await, exists);
    let found = world.root::<op::GetUser>(named("ADA")).await.user.expect("a user");
    assert_eq!(found.user_name, some("ada"));
    world.user("bob").await;
    assert_eq!(
        world.refused::<op::UpdateUser>(rename("bob", some("ADA").as_deref(), None)).await,
        exists
    );
    world.root::<op::UpdateUser>(rename("ada", Some("Ada"), None)).await;
    let found = world.root::<op::GetUser>(named("ada")).await.user.expect("a user");
    assert_eq!(found.user_name, some("Ada"));
}

#[tokio::test]
async fn a_renamed_user_stays_who_it_was() {
    let world = World::new().await;
    world.group("staff").await;
    world.join("ada", "staff").await;
    let key = CreateAccessKeyRequest { user_name: some("ada") };
    let key = world.root::<op::CreateAccessKey>(key).await.access_key.expect("a key");
    let before = world.root::<op::GetUser>(named("ada")).await.user.expect("a user");
    world.root::<op::UpdateUser>(rename("ada", Some("lovelace"), Some("/maths/"))).await;
    let after = world.root::<op::GetUser>(named("lovelace")).await.user.expect("a user");
    assert_eq!(after.user_id, before.user_id);
    assert_eq!(after.arn, Some(format!("arn:aws:iam::{ACCOUNT}:user/maths/lovelace")));
    assert_eq!(
        world.refused::<op::GetUser>(named("ada")).await,
        "NoSuchEntity: The user with name ada cannot be found."
    );
    let of = ListGroupsForUserRequest { user_name: some("lovelace"), ..Default::default() };
    assert_eq!(
        world.root::<op::ListGroupsForUser>(of).await.groups.map(|groups| groups.len()),
        Some(1)
    );
    let last = GetAccessKeyLastUsedRequest { access_key_id: key.access_key_id };
    let last = world.root::<op::GetAccessKeyLastUsed>(last).await;
    assert_eq!(last.user_name.as_deref(), Some("lovelace"));
}

#[tokio::test]
async fn renaming_takes_permission_for_both_names() {
    let world = World::new().await;
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"arn:aws:iam::{ACCOUNT}:user/a*"}}}}"#
    );
    world
        .root::<op::PutUserPolicy>(PutUserPolicyRequest {
            user_name: some("ada"),
            policy_name: some("rename"),
            policy_document: Some(policy),
        })
        .await;
    let denied = world.by::<op::UpdateUser>("ada", rename("ada", Some("bob"), None)).await;
    let denied = denied.expect_err("a refusal");
    assert!(denied.contains(&format!("resource: arn:aws:iam::{ACCOUNT}:user/bob")), "{denied}");
    world.by::<op::UpdateUser>("ada", rename("ada", Some("abe"), None)).await.expect("renamed");
}

#[tokio::test]
async fn a_user_goes_when_nothing_hangs_on_it() {
    let world = World::new().await;
    let delete = || DeleteUserRequest { user_name: some("ada") };
    let conflict = async |what: &str| {
        let expected = format!("DeleteConflict: Cannot delete entity, must {what} first.");
        assert_eq!(world.refused::<op::DeleteUser>(delete()).await, expected);
    };
    world.group("staff").await;
    world.join("ada", "staff").await;
    conflict("remove users from group").await;
    let key = CreateAccessKeyRequest { user_name: some("ada") };
    let key = world.root::<op::CreateAccessKey>(key).await.access_key.expect("a key");
    conflict("delete access keys").await;
    world.empower("ada").await;
    conflict("detach all policies").await;

    let arn = some("arn:aws:iam::aws:policy/AdministratorAccess");
    let detach = DetachUserPolicyRequest { user_name: some("ada"), policy_arn: arn };
    world.root::<op::DetachUserPolicy>(detach).await;
    let gone = DeleteAccessKeyRequest { user_name: some("ada"), access_key_id: key.access_key_id };
    world.root::<op::DeleteAccessKey>(gone).await;
    let leave = RemoveUserFromGroupRequest { user_name: some("ada"), group_name: some("staff") };
    world.root::<op::RemoveUserFromGroup>(leave).await;
    world.root::<op::DeleteUser>(delete()).await;
    assert_eq!(
        world.refused::<op::DeleteUser>(delete()).await,
        "NoSuchEntity: The user with name ada cannot be found."
    );
    let former = world.user("ada").await;
    assert_ne!(former.user_id, world.user("bob").await.user_id);
}

#[tokio::test]
async fn the_caller_is_meant_where_nobody_is_named() {
    let world = World::new().await;
    world.empower("ada").await;
    let me = world.by::<op::GetUser>("ada", GetUserRequest::default()).await.expect("a user");
    assert_eq!(me.user.expect("a user").user_name, some("ada"));
    let root = world.root::<op::GetUser>(GetUserRequest::default()).await.user.expect("root");
    assert_eq!(root.arn, Some(format!("arn:aws:iam::{ACCOUNT}:root")));
    assert_eq!((root.user_id, root.user_name), (some(ACCOUNT), None));
}
