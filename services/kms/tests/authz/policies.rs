//! Key policies beside the policies of identities, within an account.

use std::sync::Arc;

use api_kms::operations::{
    DescribeKey, EnableKey, Encrypt, GetKeyPolicy, ListAliases, ListKeys, ScheduleKeyDeletion,
};
use api_kms::{
    DescribeKeyRequest, EnableKeyRequest, EncryptRequest, GetKeyPolicyRequest, ListAliasesRequest,
    ListKeysRequest, ScheduleKeyDeletionRequest,
};
use base::{AccountId, Timestamp};
use identity::Session;
use identity::session::Actor;
use platform::Caller;

use crate::common::{Kms, OWNER, allow, delegation, name, policy, refused, root, text, user_arn};

const BY_KEY: &str = "because no resource-based policy allows the kms:Encrypt action";
const BY_IAM: &str = "because no identity-based policy allows the kms:Encrypt action";

fn naming(arn: &str, actions: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":{actions},"Resource":"*"}}"#
    )
}

#[tokio::test]
async fn without_delegation_the_key_policy_shuts_iam_out() {
    let kms = Kms::new().await;
    let key = kms.key_with(&naming(&user_arn("alice"), r#""kms:Encrypt""#)).await;
    let alice = kms.user("alice", "").await;
    let bob = kms.user("bob", &allow(r#""kms:*""#)).await;
    kms.encrypt(&alice, &key, &[]).await.expect("the key policy names her");
    refused(kms.encrypt(&bob, &key, &[]).await, BY_KEY);
    refused(kms.encrypt(&root(), &key, &[]).await, BY_KEY);
    let full = text(kms.encrypt(&bob, &key, &[]).await);
    let expected = format!(
        "AccessDeniedException: User: {} is not authorized to perform: kms:Encrypt on resource: {key} {BY_KEY}",
        user_arn("bob")
    );
    assert_eq!(full, expected);
}

#[tokio::test]
async fn delegation_lets_iam_decide() {
    let kms = Kms::new().await;
    let (key, other) = (kms.key().await, kms.key().await);
    let one = format!(r#"{{"Effect":"Allow","Action":"kms:Encrypt","Resource":"{key}"}}"#);
    let alice = kms.user("alice", &one).await;
    let bob = kms.user("bob", "").await;
    kms.encrypt(&alice, &key, &[]).await.expect("allowed on this key");
    refused(kms.encrypt(&alice, &other, &[]).await, BY_IAM);
    refused(kms.encrypt(&bob, &key, &[]).await, BY_IAM);
    kms.encrypt(&root(), &key, &[]).await.expect("the account");
}

#[tokio::test]
async fn a_change_is_in_force_with_the_next_call() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let alice = kms.user("alice", &allow(r#""kms:Encrypt""#)).await;
    kms.encrypt(&alice, &key, &[]).await.expect("delegated");
    kms.put_policy(OWNER, &key, &naming("*", r#""kms:DescribeKey""#)).await;
    refused(kms.encrypt(&alice, &key, &[]).await, BY_KEY);
}

#[tokio::test]
async fn an_explicit_deny_wins() {
    let kms = Kms::new().await;
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*",
        "Condition":{"StringEquals":{"kms:EncryptionContext:Stage":"production"}}}"#;
    let key = kms.key_with(&format!("{},{deny}", delegation(OWNER))).await;
    let alice = kms.user("alice", &allow(r#""kms:*""#)).await;
    kms.encrypt(&alice, &key, &[("Stage", "test")]).await.expect("another stage");
    for pairs in [&[("Stage", "production")][..], &[("stage", "production"), ("Stage", "test")]] {
        refused(
            kms.encrypt(&alice, &key, pairs).await,
            "with an explicit deny in a resource-based policy",
        );
        refused(
            kms.encrypt(&root(), &key, pairs).await,
            "with an explicit deny in a resource-based policy",
        );
    }
}

#[tokio::test]
async fn a_boundary_limits_what_iam_gives() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let boundary = kms.managed("limits", &allow(r#""kms:DescribeKey""#)).await;
    let everything = allow(r#""kms:*""#);
    let alice = kms.user_with("alice", &everything, &[], Some(&boundary)).await;
    let because = "because no permissions boundary allows the kms:Encrypt action";
    refused(kms.encrypt(&alice, &key, &[]).await, because);
    let describe = DescribeKeyRequest { key_id: Some(key.clone()), ..Default::default() };
    kms.by::<DescribeKey>(&alice, describe).await.expect("within the boundary");
    // What the key policy gives to the user itself, the boundary does not hold back.
    kms.put_policy(OWNER, &key, &naming(&user_arn("alice"), r#""kms:Encrypt""#)).await;
    kms.encrypt(&alice, &key, &[]).await.expect("given outright");
}

#[tokio::test]
async fn a_session_policy_limits_a_role() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let worker = kms.role("worker", &allow(r#""kms:*""#)).await;
    kms.encrypt(&worker, &key, &[]).await.expect("the role may");
    let session = Session {
        account: AccountId::DEFAULT,
        actor: Actor::Root,
        issued: Timestamp::from_millis(0),
        expires: Timestamp::from_millis(i64::MAX),
        mfa: None,
        policies: vec![policy(&allow(r#""kms:DescribeKey""#)).into()],
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive: Vec::new(),
        source_identity: None,
        federated: Vec::new(),
    };
    let limited = Caller { session: Some(Arc::new(session)), ..worker };
    let because = "because no session policy allows the kms:Encrypt action";
    refused(kms.encrypt(&limited, &key, &[]).await, because);
    // To the role is not yet to the session; to the session is.
    let role = naming(&format!("arn:aws:iam::{OWNER}:role/worker"), r#""kms:*""#);
    kms.put_policy(OWNER, &key, &format!("{},{role}", delegation(OWNER))).await;
    refused(kms.encrypt(&limited, &key, &[]).await, because);
    let session = format!("arn:aws:sts::{OWNER}:assumed-role/worker/s");
    kms.put_policy(OWNER, &key, &naming(&session, r#""kms:*""#)).await;
    kms.encrypt(&limited, &key, &[]).await.expect("given to the session outright");
}

#[tokio::test]
async fn dry_runs_are_judged() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let dry = EncryptRequest {
        key_id: Some(key),
        plaintext: Some((&b"x"[..]).into()),
        dry_run: Some(true),
        ..EncryptRequest::default()
    };
    let alice = kms.user("alice", &allow(r#""kms:Encrypt""#)).await;
    let bob = kms.user("bob", "").await;
    assert_eq!(name(kms.by::<Encrypt>(&alice, dry.clone()).await), "DryRunOperationException");
    refused(kms.by::<Encrypt>(&bob, dry).await, BY_IAM);
}

#[tokio::test]
async fn lists_are_the_identitys_to_allow() {
    let kms = Kms::new().await;
    kms.key_with(&naming(&user_arn("bob"), r#""kms:*""#)).await;
    let alice = kms.user("alice", &allow(r#"["kms:ListKeys","kms:ListAliases"]"#)).await;
    let bob = kms.user("bob", "").await;
    kms.by::<ListKeys>(&alice, ListKeysRequest::default()).await.expect("allowed");
    kms.by::<ListAliases>(&alice, ListAliasesRequest::default()).await.expect("allowed");
    let refusal = text(kms.by::<ListKeys>(&bob, ListKeysRequest::default()).await);
    let because = "because no identity-based policy allows the kms:ListKeys action";
    let expected = format!(
        "AccessDeniedException: User: {} is not authorized to perform: kms:ListKeys {because}",
        user_arn("bob")
    );
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn nobody_changes_an_aws_managed_key() {
    let kms = Kms::new().await;
    let describe =
        DescribeKeyRequest { key_id: Some("alias/aws/ebs".into()), ..Default::default() };
    let described = kms.call::<DescribeKey>(describe).await.expect("made when asked for");
    let key = described.key_metadata.expect("metadata").arn.expect("an ARN");
    let alice = kms.user("alice", &allow(r#""kms:*""#)).await;
    for caller in [&root(), &alice] {
        let enable = EnableKeyRequest { key_id: Some(key.clone()) };
        refused(
            kms.by::<EnableKey>(caller, enable).await,
            "because no resource-based policy allows the kms:EnableKey action",
        );
        let schedule =
            ScheduleKeyDeletionRequest { key_id: Some(key.clone()), ..Default::default() };
        refused(
            kms.by::<ScheduleKeyDeletion>(caller, schedule).await,
            "because no resource-based policy allows the kms:ScheduleKeyDeletion action",
        );
        refused(kms.encrypt(caller, &key, &[]).await, BY_KEY);
        let read = GetKeyPolicyRequest { key_id: Some(key.clone()), policy_name: None };
        kms.by::<GetKeyPolicy>(caller, read).await.expect("the account may look");
        // The service that it belongs to uses it for whoever may use the service.
        let through = |service| Caller { invoked_by: Some(service), ..caller.clone() };
        kms.encrypt(&through("ec2.amazonaws.com"), &key, &[]).await.expect("through EC2");
        refused(kms.encrypt(&through("s3.amazonaws.com"), &key, &[]).await, BY_KEY);
    }
}
