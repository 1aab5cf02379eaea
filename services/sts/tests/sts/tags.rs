//! Session tags and source identities: what they need, where they go, what they decide.

use serde_json::json;

use crate::common::{EVERYTHING, HOME, TRUST_HOME, World, trust};

const TEAM: [(&str, &str); 2] = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "red")];
const TRANSITIVE: (&str, &str) = ("TransitiveTagKeys.member.1", "Team");
/// Lets the session do what its team may.
const FOR_RED: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"sts:*","Resource":"*"},
    {"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}}]}"#;
/// Lets assume, and neither tag nor name a source.
const ASSUME_ONLY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;

#[tokio::test]
async fn tags_need_a_permission_of_their_own() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", ASSUME_ONLY, &[]).await;
    assert_eq!(world.assume(&alice, &role, &[]).await.status, 200);
    let refusal = world.assume(&alice, &role, &TEAM).await.refusal();
    assert!(
        refusal.contains("not authorized to perform: sts:TagSession on resource: "),
        "{refusal}"
    );
    let refusal = world.assume(&alice, &role, &[("SourceIdentity", "al")]).await.refusal();
    assert!(refusal.contains("not authorized to perform: sts:SetSourceIdentity"), "{refusal}");
    let red = trust(
        HOME,
        r#"{"StringEquals":{"aws:RequestTag/Team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}}"#,
    );
    let role = world.role(HOME, "R", &red, &[]).await;
    assert_eq!(world.assume(&alice, &role, &TEAM).await.status, 200);
    assert_eq!(world.assume(&alice, &role, &[]).await.status, 403);
}

#[tokio::test]
async fn tags_decide_and_transitive_ones_follow() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let policy = world.policy("ForRed", FOR_RED).await;
    let first = world.role(HOME, "First", TRUST_HOME, &[&policy]).await;
    let second = world.role(HOME, "Second", TRUST_HOME, &[&policy]).await;
    let may = async |keys| world.kms(keys, "ListKeys", json!({})).await.status == 200;

    let plain = world.assume(&alice, &first, &[]).await.keys();
    assert!(!may(&plain).await);
    let tagged = world.assume(&alice, &first, &TEAM).await.keys();
    assert!(may(&tagged).await);
    let behind = world.assume(&tagged, &second, &[]).await.keys();
    assert!(!may(&behind).await, "a tag that is not transitive stays behind");

    let members = [&TEAM[..], &[TRANSITIVE]].concat();
    let tagged = world.assume(&alice, &first, &members).await.keys();
    let behind = world.assume(&tagged, &second, &[]).await.keys();
    assert!(may(&behind).await);
    let again = world.assume(&behind, &first, &[]).await.keys();
    assert!(may(&again).await, "and goes on following");
    // Nobody on the way can give it another value.
    let blue = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")];
    let refusal = world.assume(&tagged, &second, &blue).await.refusal();
    assert!(refusal.starts_with("InvalidParameterValue: One of the specified"), "{refusal}");
    // Where the next role does not take tags, neither does it take those that follow.
    let shut = world.role(HOME, "Shut", ASSUME_ONLY, &[]).await;
    let refusal = world.assume(&tagged, &shut, &[]).await.refusal();
    assert!(refusal.contains("sts:TagSession"), "{refusal}");
}

#[tokio::test]
async fn a_source_identity_stays() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    let answer = world.assume(&alice, &role, &[("SourceIdentity", "alice-7")]).await;
    assert_eq!(answer.text("SourceIdentity"), "alice-7");
    let keys = answer.keys();
    let next = trust(
        HOME,
        r#"{"StringEquals":{"sts:SourceIdentity":"alice-7","aws:SourceIdentity":"alice-7"}}"#,
    );
    let next = world.role(HOME, "Next", &next, &[EVERYTHING]).await;
    assert_eq!(world.assume(&alice, &next, &[("SourceIdentity", "alice-7")]).await.status, 403);
    let answer = world.assume(&keys, &next, &[]).await;
    assert_eq!(answer.text("SourceIdentity"), "alice-7");
    world.arn(&answer.keys()).await;
    let record = world.newest(HOME).await;
    assert_eq!(record["userIdentity"]["sessionContext"]["sourceIdentity"], "alice-7");
    let refusal = world.assume(&keys, &next, &[("SourceIdentity", "bob")]).await.refusal();
    assert!(refusal.starts_with("AccessDenied: The source identity"), "{refusal}");
    let refusal = world.assume(&alice, &role, &[("SourceIdentity", "AWS:x")]).await.refusal();
    assert!(refusal.starts_with("ValidationError: "), "{refusal}");
}

#[tokio::test]
async fn wrong_tags_are_refused() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[]).await;
    let double = [("Tags.member.2.Key", "TEAM"), ("Tags.member.2.Value", "blue")];
    let reserved = [("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "y")];
    for members in [[&TEAM[..], &double].concat(), reserved.to_vec(), vec![TRANSITIVE]] {
        let refusal = world.assume(&alice, &role, &members).await.refusal();
        assert!(refusal.starts_with("InvalidParameterValue: "), "{refusal}");
    }
    let members: Vec<(String, String)> = (1..=50)
        .flat_map(|n| {
            let key = (format!("Tags.member.{n}.Key"), format!("key-{n}"));
            [key, (format!("Tags.member.{n}.Value"), "v".repeat(100))]
        })
        .collect();
    let members: Vec<(&str, &str)> = members.iter().map(|(k, v)| (&**k, &**v)).collect();
    let refusal = world.assume(&alice, &role, &members).await.refusal();
    assert_eq!(
        refusal,
        "PackedPolicyTooLarge: Packed policy consumes 130% of allotted space, please use smaller policy."
    );
    assert_eq!(world.assume(&alice, &role, &members[..70]).await.status, 200);
}
