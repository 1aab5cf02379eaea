//! Tags of roles and policies, and that they count for the next call.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: Some(key.into()), value: Some(value.into()) }
}

#[tokio::test]
async fn tags_are_set_listed_and_taken_away() {
    let world = World::with_user().await;
    world.root::<op::CreateRole>(role("r", &trust(r#""*""#))).await;
    world
        .put_inline(
            "red",
            r#"{"Effect":"Allow","Action":"iam:GetRole","Resource":"*",
                "Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}"#,
        )
        .await;
    let sees = async || {
        let get = GetRoleRequest { role_name: Some("r".into()) };
        world.ada::<op::GetRole>(get).await.is_ok()
    };
    let set = |tags: Vec<Tag>| TagRoleRequest { role_name: Some("r".into()), tags: Some(tags) };
    assert!(!sees().await);
    world.root::<op::TagRole>(set(vec![tag("Team", "red"), tag("x", "y")])).await;
    assert!(sees().await);
    world.root::<op::TagRole>(set(vec![tag("team", "blue")])).await;
    assert!(!sees().await);
    let list = ListRoleTagsRequest {
        role_name: Some("r".into()),
        max_items: Some(1),
        ..ListRoleTagsRequest::default()
    };
    let first = world.root::<op::ListRoleTags>(list).await;
    assert_eq!(first.is_truncated, Some(true));
    let untag = UntagRoleRequest {
        role_name: Some("r".into()),
        tag_keys: Some(vec!["TEAM".into(), "absent".into()]),
    };
    world.root::<op::UntagRole>(untag).await;
    let list =
        ListRoleTagsRequest { role_name: Some("r".into()), ..ListRoleTagsRequest::default() };
    let left = world.root::<op::ListRoleTags>(list).await.tags.expect("tags");
    assert_eq!(left.len(), 1);
    let twice = set(vec![tag("a", "1"), tag("A", "2")]);
    assert_eq!(world.refused::<op::TagRole>(twice).await.error.query_code(), "InvalidInput");
}

#[tokio::test]
async fn who_may_not_tag_cannot_get_in_by_tagging() {
    let world = World::with_user().await;
    world.create_policy("p", &allow("*")).await;
    let arn = Some(format!("arn:aws:iam::{ACCOUNT}:policy/p"));
    world
        .put_inline(
            "own",
            r#"{"Effect":"Allow","Action":["iam:TagPolicy","iam:GetPolicy"],"Resource":"*",
                "Condition":{"StringEquals":{"aws:ResourceTag/owner":"ada"}}}"#,
        )
        .await;
    let set = TagPolicyRequest { policy_arn: arn.clone(), tags: Some(vec![tag("owner", "ada")]) };
    assert!(world.ada::<op::TagPolicy>(set.clone()).await.is_err());
    world.root::<op::TagPolicy>(set).await;
    assert!(world.ada::<op::GetPolicy>(GetPolicyRequest { policy_arn: arn }).await.is_ok());
}
