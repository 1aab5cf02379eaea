use api_iam::operations as op;
use api_iam::*;

use crate::common::{ACCOUNT, World, some};

fn group(name: &str) -> GetGroupRequest {
    GetGroupRequest { group_name: some(name), ..GetGroupRequest::default() }
}

async fn members(world: &World, name: &str) -> Vec<String> {
    let users = world.root::<op::GetGroup>(group(name)).await.users.expect("users");
    users.into_iter().filter_map(|user| user.user_name).collect()
}

#[tokio::test]
async fn members_follow_a_group_to_its_new_name() {
    let world = World::new().await;
    world.user("bob").await;
    world.group("staff").await;
    for user in ["ada", "bob"] {
        world.join(user, "STAFF").await;
        world.join(user, "staff").await;
    }
    let input = PutGroupPolicyRequest {
        group_name: some("staff"),
        policy_name: some("all"),
        policy_document: some(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#,
        ),
    };
    world.root::<op::PutGroupPolicy>(input).await;
    let input = UpdateGroupRequest {
        group_name: some("staff"),
        new_group_name: some("Crew"),
        new_path: some("/ship/"),
    };
    world.root::<op::UpdateGroup>(input).await;
    assert_eq!(members(&world, "crew").await, ["ada", "bob"]);
    assert_eq!(
        world.refused::<op::GetGroup>(group("staff")).await,
        "NoSuchEntity: The group with name staff cannot be found."
    );
    let of = ListGroupsForUserRequest { user_name: some("ada"), ..Default::default() };
    let of = world.by::<op::ListGroupsForUser>("ada", of).await.expect("the group's policy allows");
    let arns: Vec<_> =
        of.groups.expect("groups").into_iter().filter_map(|group| group.arn).collect();
    assert_eq!(arns, [format!("arn:aws:iam::{ACCOUNT}:group/ship/Crew")]);
}

#[tokio::test]
async fn a_group_goes_when_it_is_empty() {
    let world = World::new().await;
    world.group("staff").await;
    world.join("ada", "staff").await;
    let delete = || DeleteGroupRequest { group_name: some("staff") };
    assert_eq!(
        world.refused::<op::DeleteGroup>(delete()).await,
        "DeleteConflict: Cannot delete entity, must remove users from group first."
    );
    let leave = || RemoveUserFromGroupRequest { user_name: some("ada"), group_name: some("staff") };
    // Once more is no error.
    world.root::<op::RemoveUserFromGroup>(leave()).await;
    world.root::<op::RemoveUserFromGroup>(leave()).await;
    world.root::<op::DeleteGroup>(delete()).await;
    // A group of the same name is another one.
    world.group("staff").await;
    assert!(members(&world, "staff").await.is_empty());
}

#[tokio::test]
async fn a_deletion_and_a_new_member_do_not_both_succeed() {
    for _ in 0..8 {
        let world = World::new().await;
        world.group("staff").await;
        let join = AddUserToGroupRequest { user_name: some("ada"), group_name: some("staff") };
        let delete = DeleteGroupRequest { group_name: some("staff") };
        let (joined, deleted) = tokio::join!(
            world.0.call::<op::AddUserToGroup>(join),
            world.0.call::<op::DeleteGroup>(delete)
        );
        assert_ne!(joined.is_ok(), deleted.is_ok());
    }
}

#[tokio::test]
async fn a_user_is_in_ten_groups_at_most() {
    let world = World::new().await;
    for n in 0..11 {
        world.group(&format!("g{n}")).await;
    }
    for n in 0..10 {
        world.join("ada", &format!("g{n}")).await;
    }
    let eleventh = AddUserToGroupRequest { user_name: some("ada"), group_name: some("g10") };
    assert_eq!(
        world.refused::<op::AddUserToGroup>(eleventh).await,
        "LimitExceeded: Cannot exceed quota for GroupsPerUser: 10"
    );
    world.join("ada", "g3").await;
}
