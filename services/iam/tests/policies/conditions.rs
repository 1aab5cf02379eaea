//! Conditions of the request: policies that may be attached, tags, addresses, time.

use std::net::IpAddr;
use std::time::Duration;

use api_iam::operations as op;
use api_iam::*;
use platform::Source;

use super::common::*;

#[tokio::test]
async fn which_policies_may_be_attached() {
    let world = World::with_user().await;
    world
        .put_inline(
            "attach",
            r#"{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*",
                "Condition":{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::*:policy/harmless/*"}}}"#,
        )
        .await;
    let harmless = CreatePolicyRequest {
        path: Some("/harmless/".into()),
        ..policy("p", &allow("iam:GetUser"))
    };
    let made = world.root::<op::CreatePolicy>(harmless).await;
    let harmless = made.policy.and_then(|policy| policy.arn).expect("its ARN");
    let attach = |arn: &str| AttachUserPolicyRequest {
        user_name: Some("ada".into()),
        policy_arn: Some(arn.into()),
    };
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    assert!(world.ada::<op::AttachUserPolicy>(attach(administrator)).await.is_err());
    assert!(world.ada::<op::AttachUserPolicy>(attach(&harmless)).await.is_ok());
    assert_eq!(world.ada_sees().await, Ok(()));
}

#[tokio::test]
async fn tags_of_the_request_and_of_the_resource() {
    let world = World::with_user().await;
    world
        .put_inline(
            "abac",
            r#"{"Effect":"Allow","Action":"iam:CreatePolicy","Resource":"*","Condition":{
                "StringEquals":{"aws:RequestTag/team":"red"},
                "ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}},
            {"Effect":"Allow","Action":["iam:GetPolicy","iam:DeletePolicy"],"Resource":"*","Condition":{
                "StringEquals":{"aws:ResourceTag/team":"red","iam:ResourceTag/team":"red"}}}"#,
        )
        .await;
    let tag = |key: &str, value: &str| Tag { key: Some(key.into()), value: Some(value.into()) };
    let tagged = |name: &str, tags: Vec<Tag>| CreatePolicyRequest {
        tags: Some(tags),
        ..policy(name, &allow("*"))
    };
    let extra = vec![tag("team", "red"), tag("x", "y")];
    for (tags, may) in [(vec![], false), (vec![tag("team", "blue")], false), (extra, false)] {
        assert_eq!(world.ada::<op::CreatePolicy>(tagged("p", tags)).await.is_ok(), may);
    }
    let red = tagged("red", vec![tag("team", "red")]);
    assert!(world.ada::<op::CreatePolicy>(red).await.is_ok());
    world.root::<op::CreatePolicy>(tagged("blue", vec![tag("team", "blue")])).await;
    for (name, may) in [("red", true), ("blue", false)] {
        let arn = Some(format!("arn:aws:iam::{ACCOUNT}:policy/{name}"));
        let get = GetPolicyRequest { policy_arn: arn.clone() };
        assert_eq!(world.ada::<op::GetPolicy>(get).await.is_ok(), may, "{name}");
        let delete = DeletePolicyRequest { policy_arn: arn };
        assert_eq!(world.ada::<op::DeletePolicy>(delete).await.is_ok(), may, "{name}");
    }
}

#[tokio::test]
async fn addresses_and_time() {
    let world = World::with_user().await;
    world
        .put_inline(
            "when-and-where",
            r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"*","Condition":{
                "IpAddress":{"aws:SourceIp":"10.0.0.0/8"},
                "DateLessThan":{"aws:CurrentTime":"2026-01-01T01:00:00Z"}}}"#,
        )
        .await;
    let from = async |ip: &str| {
        let source = Source { ip: ip.parse::<IpAddr>().ok(), ..Source::default() };
        let ada = world.harness.user("ada").await;
        let input = GetUserRequest::default();
        world.harness.call_with::<op::GetUser>(ada, source, input).await.is_ok()
    };
    assert!(from("10.1.2.3").await);
    assert!(!from("11.1.2.3").await);
    world.harness.advance(Duration::from_secs(3601)).await;
    assert!(!from("10.1.2.3").await);
}
