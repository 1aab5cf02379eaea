//! Permissions boundaries, and that nobody who is held by one gets out of it.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

fn put(arn: &str) -> PutUserPermissionsBoundaryRequest {
    PutUserPermissionsBoundaryRequest {
        user_name: Some("ada".into()),
        permissions_boundary: Some(arn.into()),
    }
}

#[tokio::test]
async fn a_boundary_limits_and_does_not_allow() {
    let world = World::with_user().await;
    let arn = world.create_policy("bound", &allow("iam:Get*")).await;
    world.root::<op::PutUserPermissionsBoundary>(put(&arn)).await;
    let refusal = world.ada_sees().await.expect_err("a boundary alone allows nothing");
    assert!(refusal.contains("no identity-based policy allows"), "{refusal}");
    world.put_inline("all", &allow("*")).await;
    assert_eq!(world.ada_sees().await, Ok(()));
    let list = world.ada::<op::ListUsers>(ListUsersRequest::default()).await;
    let refusal = list.map(|_| ()).expect_err("outside of the boundary").message;
    assert!(refusal.contains("no permissions boundary allows the iam:ListUsers action"));
    let none = DeleteUserPermissionsBoundaryRequest { user_name: Some("ada".into()) };
    world.root::<op::DeleteUserPermissionsBoundary>(none.clone()).await;
    assert!(world.ada::<op::ListUsers>(ListUsersRequest::default()).await.is_ok());
    let again = world.refused::<op::DeleteUserPermissionsBoundary>(none).await;
    assert_eq!(again.error.query_code(), "NoSuchEntity");
}

#[tokio::test]
async fn a_boundary_must_exist_and_stays_while_it_is_one() {
    let world = World::with_user().await;
    let gone = format!("arn:aws:iam::{ACCOUNT}:policy/gone");
    let refusal = world.refused::<op::PutUserPermissionsBoundary>(put(&gone)).await;
    assert_eq!(refusal.message, format!("Scope ARN: {gone} does not exist or is not attachable."));
    let bounded = CreateUserRequest { permissions_boundary: Some(gone.clone()), ..user("bob") };
    let refusal = world.refused::<op::CreateUser>(bounded).await;
    assert_eq!(refusal.error.query_code(), "NoSuchEntity");

    let arn = world.create_policy("bound", &allow("*")).await;
    world.root::<op::PutUserPermissionsBoundary>(put(&arn)).await;
    let get = || GetPolicyRequest { policy_arn: Some(arn.clone()) };
    let shown = world.root::<op::GetPolicy>(get()).await.policy.expect("the policy");
    assert_eq!(
        (shown.attachment_count, shown.permissions_boundary_usage_count),
        (Some(0), Some(1))
    );
    let delete = DeletePolicyRequest { policy_arn: Some(arn.clone()) };
    let refusal = world.refused::<op::DeletePolicy>(delete).await;
    assert_eq!(refusal.error.query_code(), "DeleteConflict");
    world
        .root::<op::PutUserPermissionsBoundary>(put("arn:aws:iam::aws:policy/AdministratorAccess"))
        .await;
    let shown = world.root::<op::GetPolicy>(get()).await.policy.expect("the policy");
    assert_eq!(shown.permissions_boundary_usage_count, Some(0));
}

/// The documented way to delegate: who makes identities must give them the same boundary
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate>).
#[tokio::test]
async fn a_delegate_makes_bounded_roles_only_and_cannot_unbind_anybody() {
    let world = World::with_user().await;
    let arn = world.create_policy("bound", &allow("iam:*")).await;
    let only_bounded = format!(
        r#"{{"Effect":"Allow","Resource":"*",
            "Action":["iam:CreateRole","iam:AttachRolePolicy","iam:PutRolePolicy","iam:PutRolePermissionsBoundary"],
            "Condition":{{"StringEquals":{{"iam:PermissionsBoundary":"{arn}"}}}}}},
        {}"#,
        deny("iam:Delete*Boundary")
    );
    world.put_inline("delegate", &only_bounded).await;
    let free = role("free", &trust(r#""*""#));
    assert!(world.ada::<op::CreateRole>(free.clone()).await.is_err());
    let bounded = CreateRoleRequest {
        permissions_boundary: Some(arn.clone()),
        ..role("bounded", &trust(r#""*""#))
    };
    assert!(world.ada::<op::CreateRole>(bounded).await.is_ok());
    world.root::<op::CreateRole>(free).await;
    for (name, may) in [("bounded", true), ("free", false)] {
        let attach = AttachRolePolicyRequest {
            role_name: Some(name.into()),
            policy_arn: Some("arn:aws:iam::aws:policy/AdministratorAccess".into()),
        };
        assert_eq!(world.ada::<op::AttachRolePolicy>(attach).await.is_ok(), may, "{name}");
        let put = PutRolePolicyRequest {
            role_name: Some(name.into()),
            policy_name: Some("p".into()),
            policy_document: Some(document(&allow("*"))),
        };
        assert_eq!(world.ada::<op::PutRolePolicy>(put).await.is_ok(), may, "{name}");
        let unbind = DeleteRolePermissionsBoundaryRequest { role_name: Some(name.into()) };
        assert!(world.ada::<op::DeleteRolePermissionsBoundary>(unbind).await.is_err());
    }
    let wider = PutRolePermissionsBoundaryRequest {
        role_name: Some("bounded".into()),
        permissions_boundary: Some("arn:aws:iam::aws:policy/AdministratorAccess".into()),
    };
    assert!(world.ada::<op::PutRolePermissionsBoundary>(wider).await.is_err());
}
