//! Instance profiles, and that putting a role into one passes it.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

fn add(profile: &str, role: &str) -> AddRoleToInstanceProfileRequest {
    AddRoleToInstanceProfileRequest {
        instance_profile_name: Some(profile.into()),
        role_name: Some(role.into()),
    }
}

async fn world() -> World {
    let world = World::with_user().await;
    let profile = CreateInstanceProfileRequest {
        instance_profile_name: Some("web".into()),
        ..CreateInstanceProfileRequest::default()
    };
    world.root::<op::CreateInstanceProfile>(profile).await;
    world.root::<op::CreateRole>(role("r", &trust(r#"{"Service":"ec2.amazonaws.com"}"#))).await;
    world
}

#[tokio::test]
async fn a_profile_holds_one_role_and_holds_it_fast() {
    let world = world().await;
    world.root::<op::AddRoleToInstanceProfile>(add("web", "r")).await;
    let refusal = world.refused::<op::AddRoleToInstanceProfile>(add("web", "r")).await;
    assert_eq!(refusal.error.query_code(), "LimitExceeded");
    let get = GetInstanceProfileRequest { instance_profile_name: Some("WEB".into()) };
    let shown = world.root::<op::GetInstanceProfile>(get).await.instance_profile.expect("it");
    assert_eq!(shown.roles.map(|roles| roles.len()), Some(1));
    let of_role = ListInstanceProfilesForRoleRequest {
        role_name: Some("r".into()),
        ..ListInstanceProfilesForRoleRequest::default()
    };
    let listed = world.root::<op::ListInstanceProfilesForRole>(of_role).await.instance_profiles;
    assert_eq!(listed.map(|profiles| profiles.len()), Some(1));

    let role = DeleteRoleRequest { role_name: Some("r".into()) };
    let refusal = world.refused::<op::DeleteRole>(role.clone()).await;
    assert_eq!(
        refusal.message,
        "Cannot delete entity, must remove roles from instance profile first."
    );
    let profile = DeleteInstanceProfileRequest { instance_profile_name: Some("web".into()) };
    let refusal = world.refused::<op::DeleteInstanceProfile>(profile.clone()).await;
    assert_eq!(refusal.error.query_code(), "DeleteConflict");
    let remove = RemoveRoleFromInstanceProfileRequest {
        instance_profile_name: Some("web".into()),
        role_name: Some("r".into()),
    };
    world.root::<op::RemoveRoleFromInstanceProfile>(remove.clone()).await;
    let refusal = world.refused::<op::RemoveRoleFromInstanceProfile>(remove).await;
    assert_eq!(refusal.error.query_code(), "NoSuchEntity");
    world.root::<op::DeleteRole>(role).await;
    world.root::<op::DeleteInstanceProfile>(profile).await;
}

#[tokio::test]
async fn only_who_may_pass_the_role_may_put_it_in() {
    let world = world().await;
    world.put_inline("add", &allow("iam:AddRoleToInstanceProfile")).await;
    let refusal = world.ada::<op::AddRoleToInstanceProfile>(add("web", "r")).await;
    let refusal = refusal.map(|_| ()).expect_err("no PassRole").message;
    assert!(refusal.contains(&format!("iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/r")));
    let pass = |service: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*",
                "Condition":{{"StringEquals":{{"iam:PassedToService":"{service}"}}}}}}"#
        )
    };
    world.put_inline("pass", &pass("lambda.amazonaws.com")).await;
    assert!(world.ada::<op::AddRoleToInstanceProfile>(add("web", "r")).await.is_err());
    world.put_inline("pass", &pass("ec2.amazonaws.com")).await;
    assert!(world.ada::<op::AddRoleToInstanceProfile>(add("web", "r")).await.is_ok());
}
