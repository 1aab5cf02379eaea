//! The organization's own policy: what members may do by it.

use api_organizations::operations::{
    DeleteResourcePolicy, DescribeResourcePolicy, ListAccounts, ListPolicies, ListRoots,
    PutResourcePolicy, UpdatePolicy,
};
use api_organizations::{
    ListAccountsRequest, ListPoliciesRequest, ListRootsRequest, PutResourcePolicyRequest, Unit,
    UpdatePolicyRequest,
};

use crate::world::{BLIND, World, outcome};

fn put(content: String) -> PutResourcePolicyRequest {
    PutResourcePolicyRequest { content: Some(content), tags: None }
}

fn policy(account: &str, actions: &str, rest: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":[{actions}],"Resource":"*"{rest}}}]}}"#
    )
}

#[tokio::test]
async fn a_member_does_what_is_delegated_and_nothing_else() {
    let world = World::new().await;
    let (member, other) = (world.account("member").await, world.account("other").await);
    let list = || ListPoliciesRequest {
        filter: Some("SERVICE_CONTROL_POLICY".into()),
        ..Default::default()
    };
    let before = world.call_as::<ListPolicies>(&member, list()).await;
    assert_eq!(outcome(before), "AccessDenied");

    let actions = r#""organizations:ListPolicies","organizations:UpdatePolicy""#;
    let only =
        r#","Condition":{"StringEquals":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}"#;
    world.call::<PutResourcePolicy>(put(policy(&member, actions, only))).await.expect("put");
    let after = world.call_as::<ListPolicies>(&member, list()).await;
    assert_eq!(outcome(after), "ok");
    let tags = ListPoliciesRequest { filter: Some("TAG_POLICY".into()), ..Default::default() };
    assert_eq!(outcome(world.call_as::<ListPolicies>(&member, tags).await), "AccessDenied");
    let roots = world.call_as::<ListRoots>(&member, ListRootsRequest::default()).await;
    assert_eq!(outcome(roots), "AccessDenied");
    let theirs = world.call_as::<ListPolicies>(&other, list()).await;
    assert_eq!(outcome(theirs), "AccessDenied");

    let scp = world.policy("SERVICE_CONTROL_POLICY", "scp", BLIND).await;
    let update = |id: &str| UpdatePolicyRequest {
        policy_id: Some(id.into()),
        name: Some("renamed".into()),
        ..Default::default()
    };
    let updated = world.call_as::<UpdatePolicy>(&member, update(&scp)).await;
    assert_eq!(outcome(updated), "ok");
    let tag = r#"{"tags":{}}"#;
    let tag = world.policy("TAG_POLICY", "tag", tag).await;
    let updated = world.call_as::<UpdatePolicy>(&member, update(&tag)).await;
    assert_eq!(outcome(updated), "AccessDenied");

    world.call::<DeleteResourcePolicy>(Unit {}).await.expect("deleted");
    let gone = world.call::<DescribeResourcePolicy>(Unit {}).await;
    assert_eq!(outcome(gone), "ResourcePolicyNotFound");
    let after = world.call_as::<ListPolicies>(&member, list()).await;
    assert_eq!(outcome(after), "AccessDenied");
    let accounts = world.call_as::<ListAccounts>(&member, ListAccountsRequest::default()).await;
    assert_eq!(outcome(accounts), "AccessDenied");
}

#[tokio::test]
async fn only_what_can_be_delegated_is_taken() {
    let world = World::new().await;
    let list = r#""organizations:List*""#;
    let foreign = policy("111122223333", list, "")
        .replace(r#""Resource":"*""#, r#""Resource":"arn:aws:kms:us-east-1:111122223333:key/x""#);
    let cases = [
        (policy("111122223333", list, ""), "ok"),
        (
            policy("111122223333", r#""organizations:*""#, ""),
            "InvalidInput UNSUPPORTED_ACTION_IN_RESOURCE_POLICY",
        ),
        (
            policy("111122223333", r#""organizations:CloseAccount""#, ""),
            "InvalidInput UNSUPPORTED_ACTION_IN_RESOURCE_POLICY",
        ),
        (foreign, "InvalidInput UNSUPPORTED_RESOURCE_IN_RESOURCE_POLICY"),
        (
            policy("111122223333", list, "").replace("arn:aws:iam::111122223333:root", "*"),
            "InvalidInput INVALID_PRINCIPAL",
        ),
        ("{}".into(), "InvalidInput INVALID_RESOURCE_POLICY_JSON"),
    ];
    for (content, expected) in cases {
        let taken = world.call::<PutResourcePolicy>(put(content.clone())).await;
        assert_eq!(outcome(taken), expected, "{content}");
    }
}
