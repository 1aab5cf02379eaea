//! Trust policies name identities by their unique ids, and show them by their ARNs.

use api_iam::operations as op;
use api_iam::*;
use identity::record::{Role, User};
use store::Scope;

use super::common::*;

async fn shown(world: &World, name: &str) -> String {
    let get = GetRoleRequest { role_name: Some(name.into()) };
    let role = world.root::<op::GetRole>(get).await.role.expect("the role");
    decoded(role.assume_role_policy_document.as_deref().expect("its trust"))
}

#[tokio::test]
async fn a_trusted_user_is_the_one_who_was_meant() {
    let world = World::with_user().await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    let written = trust(&format!(r#"{{"AWS": [ "{arn}", "*" ],"Service":"ec2.amazonaws.com"}}"#));
    world.root::<op::CreateRole>(role("r", &written)).await;
    assert_eq!(shown(&world, "r").await, written);

    let scope = Scope::global(ACCOUNT.parse().expect("an account"));
    let mut tx = world.harness.platform.store().begin();
    let kept = tx.get::<Role>(&scope, "r").await.expect("the store").expect("the role");
    let ada = tx.get::<User>(&scope, "ada").await.expect("the store").expect("ada");
    assert!(kept.trust.contains(&ada.unique_id) && !kept.trust.contains(&arn), "{}", kept.trust);

    // Another ada is not the one whom the role trusts.
    tx.delete::<User>(&scope, "ada").expect("a key");
    world.harness.platform.store().commit(tx).await.expect("a commit");
    world.root::<op::CreateUser>(user("ada")).await;
    assert_eq!(shown(&world, "r").await, written.replace(&arn, &ada.unique_id));
}

#[tokio::test]
async fn principals_must_exist() {
    let world = World::with_user().await;
    for (principal, named) in [
        (format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:user/nobody"}}"#), "\"AWS\":\"arn:aws:iam::"),
        (format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:user/x/ada"}}"#), "\"AWS\":\"arn:aws:iam::"),
        (format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:group/ada"}}"#), "\"AWS\":\"arn:aws:iam::"),
        (r#"{"AWS":"AIDAAAAAAAAAAAAAAAAAA"}"#.to_owned(), "\"AWS\":\"AIDA"),
        (r#"{"Service":"nowhere"}"#.to_owned(), "\"Service\":\"nowhere\""),
    ] {
        let refusal = world.refused::<op::CreateRole>(role("r", &trust(&principal))).await;
        assert_eq!(refusal.error.query_code(), "MalformedPolicyDocument");
        let expected = format!("Invalid principal in policy: {named}");
        assert!(refusal.message.starts_with(&expected), "{}", refusal.message);
    }
}

#[tokio::test]
async fn an_account_is_shown_as_its_root() {
    let world = World::new().await;
    world.root::<op::CreateRole>(role("r", &trust(r#"{"AWS":"210987654321"}"#))).await;
    assert_eq!(shown(&world, "r").await, trust(r#"{"AWS":"arn:aws:iam::210987654321:root"}"#));
    let no_trust = document(&allow("sts:AssumeRole"));
    let update = UpdateAssumeRolePolicyRequest {
        role_name: Some("r".into()),
        policy_document: Some(no_trust),
    };
    let refusal = world.refused::<op::UpdateAssumeRolePolicy>(update).await;
    assert_eq!(refusal.error.query_code(), "MalformedPolicyDocument");
}
