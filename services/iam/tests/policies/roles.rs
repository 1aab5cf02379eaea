//! Roles as records.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

fn get(name: &str) -> GetRoleRequest {
    GetRoleRequest { role_name: Some(name.into()) }
}

#[tokio::test]
async fn a_role_is_made_changed_and_deleted() {
    let world = World::new().await;
    let request = CreateRoleRequest {
        path: Some("/team/".into()),
        description: Some("first".into()),
        max_session_duration: Some(7_200),
        ..role("R", &trust(r#""*""#))
    };
    let made = world.root::<op::CreateRole>(request.clone()).await.role.expect("the role");
    assert_eq!(made.arn, Some(format!("arn:aws:iam::{ACCOUNT}:role/team/R")));
    assert!(made.role_id.is_some_and(|id| id.starts_with("AROA")));
    let again = CreateRoleRequest { role_name: Some("r".into()), ..request };
    let refusal = world.refused::<op::CreateRole>(again).await;
    assert_eq!(refusal.message, "Role with name r already exists.");

    let update = UpdateRoleRequest { role_name: Some("R".into()), ..UpdateRoleRequest::default() };
    world.root::<op::UpdateRole>(update).await;
    let shown = world.root::<op::GetRole>(get("r")).await.role.expect("the role");
    assert_eq!(
        (shown.description.as_deref(), shown.max_session_duration),
        (Some("first"), Some(3_600))
    );
    let describe = UpdateRoleDescriptionRequest {
        role_name: Some("R".into()),
        description: Some("second".into()),
    };
    let shown = world.root::<op::UpdateRoleDescription>(describe).await.role.expect("the role");
    assert_eq!(shown.description.as_deref(), Some("second"));

    let delete = DeleteRoleRequest { role_name: Some("R".into()) };
    let arn = world.create_policy("p", &allow("s3:*")).await;
    let (role_name, policy_arn) = (Some("R".to_owned()), Some(arn));
    world
        .root::<op::AttachRolePolicy>(AttachRolePolicyRequest {
            role_name: role_name.clone(),
            policy_arn: policy_arn.clone(),
        })
        .await;
    let refusal = world.refused::<op::DeleteRole>(delete.clone()).await;
    assert_eq!(refusal.message, "Cannot delete entity, must detach all policies first.");
    world.root::<op::DetachRolePolicy>(DetachRolePolicyRequest { role_name, policy_arn }).await;
    world.root::<op::DeleteRole>(delete).await;
    let refusal = world.refused::<op::GetRole>(get("R")).await;
    assert_eq!(refusal.message, "The role with name R cannot be found.");
}

#[tokio::test]
async fn reserved_paths_and_sizes() {
    let world = World::new().await;
    let reserved = CreateRoleRequest {
        path: Some("/aws-service-role/kms.amazonaws.com/".into()),
        ..role("r", &trust(r#""*""#))
    };
    let refusal = world.refused::<op::CreateRole>(reserved).await;
    assert_eq!(refusal.error.query_code(), "InvalidInput");
    let accounts: Vec<String> = (0..160).map(|n| format!("\"{:012}\"", n)).collect();
    let long = trust(&format!(r#"{{"AWS":[{}]}}"#, accounts.join(",")));
    let refusal = world.refused::<op::CreateRole>(role("r", &long)).await;
    assert_eq!(refusal.message, "Cannot exceed quota for ACLSizePerRole: 2048");
}

#[tokio::test]
async fn the_last_use_is_told() {
    let world = World::new().await;
    world.root::<op::CreateRole>(role("r", &trust(r#""*""#))).await;
    let used = async || {
        let role = world.root::<op::GetRole>(get("r")).await.role.expect("the role");
        role.role_last_used.and_then(|used| Some((used.last_used_date?, used.region?)))
    };
    assert_eq!(used().await, None);
    let put = PutRolePolicyRequest {
        role_name: Some("r".into()),
        policy_name: Some("p".into()),
        policy_document: Some(document(&allow("iam:GetRole"))),
    };
    world.root::<op::PutRolePolicy>(put).await;
    let session = world.harness.role("r", "s").await;
    let call = world.harness.call_with::<op::GetRole>(session, Default::default(), get("r"));
    call.await.expect("the role may");
    assert_eq!(used().await, Some((world.harness.now(), "us-east-1".to_owned())));
    let listed = world.root::<op::ListRoles>(ListRolesRequest::default()).await.roles;
    assert!(listed.is_some_and(|roles| roles.len() == 1 && roles[0].role_last_used.is_none()));
}
