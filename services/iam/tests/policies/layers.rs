//! Identity policies: inline and managed, of the user, its groups and roles; versions.

use api_iam::operations as op;
use api_iam::*;
use identity::record::{self, Group, User};
use store::Scope;

use super::common::*;

#[tokio::test]
async fn nothing_is_allowed_without_a_policy() {
    let world = World::with_user().await;
    assert_eq!(
        world.ada_sees().await.expect_err("nothing allows it"),
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: iam:GetUser on resource: \
             arn:aws:iam::{ACCOUNT}:user/ada because no identity-based policy allows the iam:GetUser action"
        )
    );
}

#[tokio::test]
async fn inline_and_managed_policies_add_up_and_a_denial_wins() {
    let world = World::with_user().await;
    world.put_inline("see", &allow("iam:Get*")).await;
    assert_eq!(world.ada_sees().await, Ok(()));
    let arn = world.create_policy("no", &deny("iam:GetUser")).await;
    world.attach(&arn).await;
    let refusal = world.ada_sees().await.expect_err("denied");
    assert!(refusal.contains(&format!("an explicit deny in an identity-based policy: {arn}")));
    world
        .root::<op::DetachUserPolicy>(DetachUserPolicyRequest {
            user_name: Some("ada".into()),
            policy_arn: Some(arn),
        })
        .await;
    assert_eq!(world.ada_sees().await, Ok(()));
    world
        .root::<op::DeleteUserPolicy>(DeleteUserPolicyRequest {
            user_name: Some("ada".into()),
            policy_name: Some("see".into()),
        })
        .await;
    assert!(world.ada_sees().await.is_err());
}

#[tokio::test]
async fn the_default_version_is_in_force_at_once() {
    let world = World::with_user().await;
    let arn = world.create_policy("p", &allow("iam:GetUser")).await;
    world.attach(&arn).await;
    assert_eq!(world.ada_sees().await, Ok(()));
    let second = |default| CreatePolicyVersionRequest {
        policy_arn: Some(arn.clone()),
        policy_document: Some(document(&allow("iam:ListUsers"))),
        set_as_default: Some(default),
    };
    world.root::<op::CreatePolicyVersion>(second(false)).await;
    assert_eq!(world.ada_sees().await, Ok(()), "v1 is still the default");
    let set = |version: &str| SetDefaultPolicyVersionRequest {
        policy_arn: Some(arn.clone()),
        version_id: Some(version.into()),
    };
    world.root::<op::SetDefaultPolicyVersion>(set("v2")).await;
    assert!(world.ada_sees().await.is_err());
    world.root::<op::SetDefaultPolicyVersion>(set("v1")).await;
    assert_eq!(world.ada_sees().await, Ok(()));
    world.root::<op::CreatePolicyVersion>(second(true)).await;
    assert!(world.ada_sees().await.is_err());
}

#[tokio::test]
async fn a_groups_policies_are_its_members() {
    let world = World::with_user().await;
    let store = world.harness.platform.store();
    let scope = Scope::global(ACCOUNT.parse().expect("an account"));
    let mut tx = store.begin();
    let group = Group {
        name: "Staff".into(),
        path: "/".into(),
        unique_id: "AGPAAAAAAAAAAAAAAAAAA".into(),
        created: world.harness.now(),
        policies: record::Policies::default(),
    };
    tx.create(&scope, &record::id("Staff"), &group).expect("a new record");
    let ada = tx.get::<User>(&scope, "ada").await.expect("the store").expect("ada");
    tx.put(&scope, "ada", &User { groups: vec!["Staff".into()], ..User::clone(&ada) })
        .expect("a record");
    store.commit(tx).await.expect("a commit");

    world
        .root::<op::PutGroupPolicy>(PutGroupPolicyRequest {
            group_name: Some("staff".into()),
            policy_name: Some("see".into()),
            policy_document: Some(document(&allow("iam:GetUser"))),
        })
        .await;
    assert_eq!(world.ada_sees().await, Ok(()));
    let arn = world.create_policy("no", &deny("iam:*")).await;
    world
        .root::<op::AttachGroupPolicy>(AttachGroupPolicyRequest {
            group_name: Some("Staff".into()),
            policy_arn: Some(arn),
        })
        .await;
    assert!(world.ada_sees().await.is_err());
}

#[tokio::test]
async fn a_role_has_what_is_attached_to_it() {
    let world = World::with_user().await;
    world.root::<op::CreateRole>(role("reader", &trust(r#""*""#))).await;
    let session = || world.harness.role("reader", "s");
    assert!(world.sees(session().await, "ada").await.is_err());
    let attach = AttachRolePolicyRequest {
        role_name: Some("reader".into()),
        policy_arn: Some("arn:aws:iam::aws:policy/AdministratorAccess".into()),
    };
    world.root::<op::AttachRolePolicy>(attach).await;
    assert_eq!(world.sees(session().await, "ada").await, Ok(()));
    let put = PutRolePolicyRequest {
        role_name: Some("reader".into()),
        policy_name: Some("not".into()),
        policy_document: Some(document(
            r#"{"Effect":"Deny","NotAction":"iam:ListUsers","Resource":"*"}"#,
        )),
    };
    world.root::<op::PutRolePolicy>(put).await;
    assert!(world.sees(session().await, "ada").await.is_err());
}
