//! GetSessionToken and GetFederationToken.

use serde_json::json;

use crate::common::{EVERYTHING, HOME, TRUST_HOME, World, statement};

#[tokio::test]
async fn a_session_of_a_user_acts_as_the_user() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[]).await;
    let answer = world.sts(&alice, "GetSessionToken", &[]).await;
    assert_eq!(answer.text("Expiration"), "2026-01-01T12:00:00Z");
    let keys = answer.keys();
    assert_eq!(world.arn(&keys).await, "arn:aws:iam::123456789012:user/alice");
    let record = world.newest(HOME).await;
    assert_eq!(record["userIdentity"]["type"], "IAMUser");
    assert_eq!(record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"], "false");
    for operation in ["GetSessionToken", "GetFederationToken"] {
        let refusal = world.sts(&keys, operation, &[("Name", "bob")]).await.refusal();
        let why = format!("AccessDenied: Cannot call {operation} with session credentials");
        assert_eq!(refusal, why);
    }
    let role = world.role(HOME, "R", TRUST_HOME, &[]).await;
    assert_eq!(world.assume(&keys, &role, &[]).await.status, 403, "the user may not");
    world.user(HOME, "alice", &[EVERYTHING]).await;
    assert!(world.arn(&keys).await.starts_with("InvalidClientTokenId"), "another alice");
}

#[tokio::test]
async fn sessions_of_root_are_an_hour_at_most() {
    let world = World::new().await;
    let root = World::stand_in(HOME);
    let answer = world.sts(&root, "GetSessionToken", &[("DurationSeconds", "43200")]).await;
    assert_eq!(answer.text("Expiration"), "2026-01-01T01:00:00Z");
    assert_eq!(world.arn(&answer.keys()).await, "arn:aws:iam::123456789012:root");
}

#[tokio::test]
async fn a_federated_user_has_what_user_and_policy_both_allow() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let lists = statement("Allow", "kms:ListKeys", "*");
    let members = [("Name", "bob"), ("Policy", lists.as_str()), ("DurationSeconds", "900")];
    let answer = world.sts(&alice, "GetFederationToken", &members).await;
    assert_eq!(answer.text("FederatedUserId"), "123456789012:bob");
    assert_eq!(answer.text("Expiration"), "2026-01-01T00:15:00Z");
    let keys = answer.keys();
    assert_eq!(world.arn(&keys).await, "arn:aws:sts::123456789012:federated-user/bob");
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 200);
    assert_eq!(world.kms(&keys, "CreateKey", json!({})).await.status, 400);
    // Without a policy a federated user may nothing.
    let answer = world.sts(&alice, "GetFederationToken", &[("Name", "eve")]).await;
    let refused = world.kms(&answer.keys(), "ListKeys", json!({})).await;
    assert!(refused.body.contains("no session policy allows"), "{}", refused.body);
    // And no user can hand out what it lacks.
    let policy = world
        .policy(
            "Federate",
            &statement(
                "Allow",
                "sts:GetFederationToken",
                "arn:aws:sts::123456789012:federated-user/bob",
            ),
        )
        .await;
    let poor = world.user(HOME, "poor", &[&policy]).await;
    let keys = world.sts(&poor, "GetFederationToken", &members).await.keys();
    let refused = world.kms(&keys, "ListKeys", json!({})).await;
    assert!(refused.body.contains("no identity-based policy allows"), "{}", refused.body);
    let refusal = world.sts(&poor, "GetFederationToken", &[("Name", "eve")]).await.refusal();
    assert!(refusal.contains("on resource: arn:aws:sts::123456789012:federated-user/eve"));
    let tags = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "red")];
    let members = [&members[..], &tags].concat();
    let refusal = world.sts(&poor, "GetFederationToken", &members).await.refusal();
    assert!(refusal.contains("sts:TagSession"), "{refusal}");
}

#[tokio::test]
async fn a_federated_user_opens_no_sessions() {
    let world = World::new().await;
    let everything = statement("Allow", "*", "*");
    let members = [("Name", "bob"), ("Policy", everything.as_str())];
    let root = World::stand_in(HOME);
    let keys = world.sts(&root, "GetFederationToken", &members).await.keys();
    assert_eq!(world.kms(&keys, "CreateKey", json!({})).await.status, 200);
    let role = world.role(HOME, "R", TRUST_HOME, &[]).await;
    let refusal = world.assume(&keys, &role, &[]).await.refusal();
    assert_eq!(refusal, "AccessDenied: Cannot call AssumeRole with federated user credentials");
    let refusal = world.sts(&keys, "GetFederationToken", &members).await.refusal();
    assert!(refusal.starts_with("AccessDenied: Cannot call GetFederationToken"), "{refusal}");
}

#[tokio::test]
async fn iam_takes_sessions_of_roles_only() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    let of_role = world.assume(&alice, &role, &[]).await.keys();
    let of_user = world.sts(&alice, "GetSessionToken", &[]).await.keys();
    let everything = statement("Allow", "*", "*");
    let members = [("Name", "bob"), ("Policy", everything.as_str())];
    let federated = world.sts(&alice, "GetFederationToken", &members).await.keys();
    let list = async |keys| world.query(Some(keys), ("iam", "2010-05-08"), "ListUsers", &[]).await;
    assert_eq!(list(&alice).await.status, 200);
    assert_eq!(list(&of_role).await.status, 200);
    for keys in [&of_user, &federated] {
        let refusal = list(keys).await.refusal();
        assert!(refusal.starts_with("InvalidClientTokenId: "), "{refusal}");
    }
}
