//! Making keys, giving them policies and names: what that takes besides the operation's own permission.

use api_kms::operations::{CreateAlias, CreateKey, DeleteAlias, PutKeyPolicy, UpdateAlias};
use api_kms::{
    CreateAliasRequest, CreateKeyRequest, DeleteAliasRequest, PutKeyPolicyRequest, Tag,
    UpdateAliasRequest,
};

use crate::common::{Kms, OWNER, allow, delegation, name, policy, refused, root, text, user_arn};

const LOCKED_OUT: &str = "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.";

fn tagged() -> CreateKeyRequest {
    let tag = Tag { tag_key: Some("team".into()), tag_value: Some("red".into()) };
    CreateKeyRequest { tags: Some(vec![tag]), ..CreateKeyRequest::default() }
}

#[tokio::test]
async fn tags_at_birth_are_a_permission_of_their_own() {
    let kms = Kms::new().await;
    let alice = kms.user("alice", &allow(r#""kms:CreateKey""#)).await;
    kms.by::<CreateKey>(&alice, CreateKeyRequest::default()).await.expect("without tags");
    refused(
        kms.by::<CreateKey>(&alice, tagged()).await,
        "because no identity-based policy allows the kms:TagResource action",
    );
    let keys = format!(
        r#"{},{{"Effect":"Allow","Action":"kms:TagResource","Resource":"arn:aws:kms:*:{OWNER}:key/*"}}"#,
        allow(r#""kms:CreateKey""#)
    );
    let bob = kms.user("bob", &keys).await;
    kms.by::<CreateKey>(&bob, tagged()).await.expect("with tags");
    let records = kms.records().await;
    let record = records.iter().find(|r| r["errorCode"].is_null()).expect("recorded");
    let resources = record["resources"].as_array().expect("resources");
    assert_eq!(resources.len(), 1, "the key that was made: {resources:?}");
}

#[tokio::test]
async fn conditions_limit_what_is_made() {
    let kms = Kms::new().await;
    let make = |condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":["kms:CreateKey","kms:TagResource"],"Resource":"*","Condition":{condition}}}"#
        )
    };
    let rsa = CreateKeyRequest {
        key_spec: Some("RSA_2048".into()),
        key_usage: Some("SIGN_VERIFY".into()),
        ..CreateKeyRequest::default()
    };
    let plain = CreateKeyRequest::default;
    let cases = [
        (r#"{"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT"}}"#, plain(), true),
        (r#"{"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT"}}"#, rsa.clone(), false),
        (r#"{"StringEquals":{"kms:KeyUsage":"ENCRYPT_DECRYPT"}}"#, rsa, false),
        (r#"{"StringEquals":{"kms:KeyOrigin":"AWS_KMS"}}"#, plain(), true),
        (
            r#"{"StringEquals":{"kms:KeyOrigin":"AWS_KMS"}}"#,
            CreateKeyRequest { origin: Some("EXTERNAL".into()), ..plain() },
            false,
        ),
        (r#"{"Bool":{"kms:MultiRegion":false}}"#, plain(), true),
        (
            r#"{"Bool":{"kms:MultiRegion":false}}"#,
            CreateKeyRequest { multi_region: Some(true), ..plain() },
            false,
        ),
        (r#"{"Bool":{"kms:BypassPolicyLockoutSafetyCheck":false}}"#, plain(), true),
        (r#"{"StringEquals":{"aws:RequestTag/team":"red"}}"#, tagged(), true),
        (r#"{"StringEquals":{"aws:RequestTag/team":"red"}}"#, plain(), false),
        (r#"{"StringEquals":{"aws:RequestTag/team":"blue"}}"#, tagged(), false),
    ];
    for (condition, request, expected) in cases {
        let alice = kms.user("alice", &make(condition)).await;
        let made = kms.by::<CreateKey>(&alice, request).await;
        assert_eq!(made.is_ok(), expected, "{condition}");
    }
}

#[tokio::test]
async fn authors_must_not_lock_themselves_out() {
    let kms = Kms::new().await;
    let to = |arn: &str, action: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"{action}","Resource":"*"}}"#
        )
    };
    let create = |statements: &str, bypass| CreateKeyRequest {
        policy: Some(policy(statements)),
        bypass_policy_lockout_safety_check: Some(bypass),
        ..CreateKeyRequest::default()
    };
    let maker = kms.user("maker", &allow(r#""kms:CreateKey""#)).await;
    let admin = kms.user("admin", &allow(r#""kms:*""#)).await;
    let account = delegation(OWNER);
    let own = to(&user_arn("maker"), "kms:PutKeyPolicy");
    let use_only = to(&user_arn("maker"), "kms:Encrypt");
    let condition =
        r#""Condition":{"StringEquals":{"kms:ViaService":"x.us-east-1.amazonaws.com"}}"#;
    let through = own.replace(r#""Resource":"*""#, &format!(r#""Resource":"*",{condition}"#));
    let denied = format!(
        r#"{own},{{"Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}}"#
    );
    let other_statement = own.replace(r#","Resource":"*""#, "");
    for (caller, statements, allowed) in [
        (&maker, &own, true),
        (&maker, &use_only, false),
        (&maker, &account, false),
        (&admin, &account, true),
        (&maker, &through, false),
        (&maker, &denied, false),
        (&maker, &other_statement, false),
        (&root(), &own, false),
    ] {
        let made = text(kms.by::<CreateKey>(caller, create(statements, false)).await);
        assert_eq!(made, if allowed { "success" } else { LOCKED_OUT }, "{statements}");
        kms.by::<CreateKey>(caller, create(statements, true)).await.expect("bypassed");
    }
    let key = kms.key_with(&own).await;
    let put = |statements: &str| PutKeyPolicyRequest {
        key_id: Some(key.clone()),
        policy: Some(policy(statements)),
        ..PutKeyPolicyRequest::default()
    };
    assert_eq!(text(kms.by::<PutKeyPolicy>(&maker, put(&use_only)).await), LOCKED_OUT);
    kms.by::<PutKeyPolicy>(&maker, put(&own)).await.expect("put");
}

#[tokio::test]
async fn aliases_take_permission_on_the_alias_and_on_the_keys() {
    let kms = Kms::new().await;
    let (first, second) = (kms.key().await, kms.key().await);
    let create = |alias: &str, key: &str| CreateAliasRequest {
        alias_name: Some(alias.into()),
        target_key_id: Some(key.into()),
    };
    let update = |alias: &str, key: &str| UpdateAliasRequest {
        alias_name: Some(alias.into()),
        target_key_id: Some(key.into()),
    };
    let on = |resources: &[&str]| {
        let list = serde_json::to_string(resources).expect("a list");
        format!(
            r#"{{"Effect":"Allow","Action":["kms:CreateAlias","kms:UpdateAlias","kms:DeleteAlias"],"Resource":{list}}}"#
        )
    };
    let team = format!("arn:aws:kms:us-east-1:{OWNER}:alias/team-*");
    let alice = kms.user("alice", &on(&[&team, &first])).await;
    let keyless = kms.user("keyless", &on(&[&team])).await;
    let nameless = kms.user("nameless", &on(&[&first, &second])).await;
    for (caller, alias, expected) in [
        (&keyless, "alias/team-a", "AccessDeniedException"),
        (&nameless, "alias/team-a", "AccessDeniedException"),
        (&alice, "alias/other", "AccessDeniedException"),
        (&alice, "alias/team-a", "success"),
    ] {
        assert_eq!(name(kms.by::<CreateAlias>(caller, create(alias, &first)).await), expected);
    }
    let moved = kms.by::<UpdateAlias>(&alice, update("alias/team-a", &second)).await;
    assert_eq!(name(moved), "AccessDeniedException", "not on the new key");
    let both = kms.user("both", &on(&[&team, &first, &second])).await;
    kms.by::<UpdateAlias>(&both, update("alias/team-a", &second)).await.expect("moved");
    let delete = DeleteAliasRequest { alias_name: Some("alias/team-a".into()) };
    let denied = kms.by::<DeleteAlias>(&alice, delete.clone()).await;
    assert_eq!(name(denied), "AccessDeniedException", "not on the key it names now");
    kms.by::<DeleteAlias>(&both, delete).await.expect("deleted");
}
