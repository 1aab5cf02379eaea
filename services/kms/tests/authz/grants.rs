//! Grants, where policies do not allow.

use api_kms::operations::{
    CreateGrant, Decrypt, DescribeKey, ListGrants, RetireGrant, RevokeGrant, Sign,
};
use api_kms::{
    CreateGrantRequest, CreateGrantResponse, DecryptRequest, DescribeKeyRequest, GrantConstraints,
    GrantOperation, ListGrantsRequest, RetireGrantRequest, RevokeGrantRequest, SignRequest,
};
use platform::{Caller, Identity};
use shape::Failure;

use crate::common::{
    HOME, Kms, OWNER, STRANGER, allow, context, delegation, name, refused, root, user_arn,
};

const BY_IAM: &str = "because no identity-based policy allows the kms:Encrypt action";

fn request(key: &str, grantee: &str, operations: &[&str]) -> CreateGrantRequest {
    CreateGrantRequest {
        key_id: Some(key.into()),
        grantee_principal: Some(grantee.into()),
        operations: Some(operations.iter().map(|op| GrantOperation::from(*op)).collect()),
        ..CreateGrantRequest::default()
    }
}

fn subset(pairs: &[(&str, &str)]) -> Option<GrantConstraints> {
    let encryption_context_subset = context(pairs);
    Some(GrantConstraints { encryption_context_subset, ..GrantConstraints::default() })
}

fn retire(key: &str, made: &CreateGrantResponse) -> RetireGrantRequest {
    RetireGrantRequest {
        key_id: Some(key.into()),
        grant_id: made.grant_id.clone(),
        ..RetireGrantRequest::default()
    }
}

impl Kms {
    async fn grant(&self, request: CreateGrantRequest) -> CreateGrantResponse {
        self.by::<CreateGrant>(&root(), request).await.expect("a grant")
    }

    async fn grant_by(
        &self,
        caller: &Caller,
        request: CreateGrantRequest,
    ) -> Result<CreateGrantResponse, Failure> {
        self.by::<CreateGrant>(caller, request).await
    }
}

#[tokio::test]
async fn a_grant_allows_its_operations_until_it_ends() {
    let kms = Kms::new().await;
    let (key, other) = (kms.key().await, kms.key().await);
    let bob = kms.user("bob", "").await;
    let carol = kms.user("carol", "").await;
    let made = kms.grant(request(&key, &user_arn("bob"), &["Encrypt"])).await;
    kms.encrypt(&bob, &key, &[]).await.expect("granted");
    refused(kms.encrypt(&bob, &other, &[]).await, BY_IAM);
    refused(kms.encrypt(&carol, &key, &[]).await, BY_IAM);
    let describe = || DescribeKeyRequest { key_id: Some(key.clone()), ..Default::default() };
    assert_eq!(name(kms.by::<DescribeKey>(&bob, describe()).await), "AccessDeniedException");
    let revoke =
        RevokeGrantRequest { key_id: Some(key.clone()), grant_id: made.grant_id, dry_run: None };
    let denied = kms.by::<RevokeGrant>(&bob, revoke.clone()).await;
    assert_eq!(name(denied), "AccessDeniedException");
    kms.by::<RevokeGrant>(&root(), revoke).await.expect("revoked");
    refused(kms.encrypt(&bob, &key, &[]).await, BY_IAM);
}

#[tokio::test]
async fn constraints_hold_back() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let bob = kms.user("bob", "").await;
    let constrained = CreateGrantRequest {
        constraints: subset(&[("Dept", "IT")]),
        ..request(&key, &user_arn("bob"), &["Encrypt", "Decrypt"])
    };
    kms.grant(constrained).await;
    let made = kms.encrypt(&bob, &key, &[("Dept", "IT"), ("x", "y")]).await.expect("within");
    refused(kms.encrypt(&bob, &key, &[("Dept", "HR")]).await, BY_IAM);
    refused(kms.encrypt(&bob, &key, &[]).await, BY_IAM);
    kms.decrypt(&bob, &made, &[("Dept", "IT"), ("x", "y")]).await.expect("within");
    let bare = kms.encrypt(&root(), &key, &[]).await.expect("encrypted");
    assert_eq!(name(kms.decrypt(&bob, &bare, &[]).await), "AccessDeniedException");
    // A second grant, without constraints, adds to the first.
    kms.grant(request(&key, &user_arn("bob"), &["Encrypt"])).await;
    kms.encrypt(&bob, &key, &[]).await.expect("by the other grant");
}

#[tokio::test]
async fn a_deny_beats_a_grant() {
    let kms = Kms::new().await;
    let deny = format!(
        r#"{{"Effect":"Deny","Principal":{{"AWS":"{}"}},"Action":"kms:Encrypt","Resource":"*"}}"#,
        user_arn("bob")
    );
    let key = kms.key_with(&format!("{},{deny}", delegation(OWNER))).await;
    let bob = kms.user("bob", "").await;
    kms.grant(request(&key, &user_arn("bob"), &["Encrypt"])).await;
    refused(kms.encrypt(&bob, &key, &[]).await, "with an explicit deny in a resource-based policy");
}

#[tokio::test]
async fn grants_work_where_the_key_policy_delegates_nothing() {
    let kms = Kms::new().await;
    let administrator = format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"kms:CreateGrant","Resource":"*"}}"#,
        user_arn("admin")
    );
    let key = kms.key_with(&administrator).await;
    let admin = kms.user("admin", "").await;
    let worker = kms.role("worker", "").await;
    let role = format!("arn:aws:iam::{OWNER}:role/worker");
    kms.grant_by(&admin, request(&key, &role, &["Encrypt"])).await.expect("a grant");
    kms.encrypt(&worker, &key, &[]).await.expect("every session of the role");
    // To the account: its own policies decide who.
    let account = format!("arn:aws:iam::{OWNER}:root");
    kms.grant_by(&admin, request(&key, &account, &["Encrypt"])).await.expect("a grant");
    let alice = kms.user("alice", &allow(r#""kms:Encrypt""#)).await;
    let bob = kms.user("bob", "").await;
    kms.encrypt(&alice, &key, &[]).await.expect("her account lets her");
    refused(kms.encrypt(&bob, &key, &[]).await, BY_IAM);
}

#[tokio::test]
async fn a_grant_crosses_accounts() {
    let kms = Kms::new().await;
    let key = kms.key_of(STRANGER).await;
    let wanted = request(&key, &user_arn("bob"), &["Encrypt", "Decrypt", "DescribeKey"]);
    let made = kms.call_as::<CreateGrant>(STRANGER, HOME, wanted).await.expect("a grant");
    let bob = kms.user("bob", "").await;
    let blob = kms.encrypt(&bob, &key, &[]).await.expect("granted");
    let request = DecryptRequest {
        ciphertext_blob: blob.ciphertext_blob,
        grant_tokens: made.grant_token.map(|token| vec![token]),
        ..DecryptRequest::default()
    };
    kms.by::<Decrypt>(&bob, request.clone()).await.expect("granted, with the token too");
    let forged = DecryptRequest { grant_tokens: Some(vec!["x.y.z".into()]), ..request };
    assert_eq!(name(kms.by::<Decrypt>(&bob, forged).await), "InvalidGrantTokenException");
    let carol = kms.user("carol", &allow(r#""kms:*""#)).await;
    assert_eq!(name(kms.encrypt(&carol, &key, &[]).await), "AccessDeniedException");
}

#[tokio::test]
async fn a_token_gives_its_bearer_nothing() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let made = kms.grant(request(&key, &user_arn("bob"), &["DescribeKey"])).await;
    let carol = kms.user("carol", "").await;
    let describe = DescribeKeyRequest {
        key_id: Some(key),
        grant_tokens: made.grant_token.map(|token| vec![token]),
    };
    assert_eq!(name(kms.by::<DescribeKey>(&carol, describe).await), "AccessDeniedException");
}

#[tokio::test]
async fn grantees_pass_on_no_more_than_they_have() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let bob = kms.user("bob", "").await;
    let carol = kms.user("carol", "").await;
    let parent = CreateGrantRequest {
        constraints: subset(&[("Dept", "IT")]),
        ..request(&key, &user_arn("bob"), &["CreateGrant", "Encrypt"])
    };
    kms.grant(parent).await;
    let child = |operations: &[&str], constraints| CreateGrantRequest {
        constraints,
        ..request(&key, &user_arn("carol"), operations)
    };
    let within = subset(&[("Dept", "IT"), ("Team", "red")]);
    for (operations, constraints, expected) in [
        (&["Encrypt"][..], None, "AccessDeniedException"),
        (&["Encrypt"], subset(&[("Team", "red")]), "AccessDeniedException"),
        (&["Encrypt", "Decrypt"], within.clone(), "AccessDeniedException"),
        (&["Encrypt"], within, "success"),
    ] {
        let made = kms.grant_by(&bob, child(operations, constraints)).await;
        assert_eq!(name(made), expected, "{operations:?}");
    }
    kms.encrypt(&carol, &key, &[("Dept", "IT"), ("Team", "red")]).await.expect("passed on");
    refused(kms.encrypt(&carol, &key, &[("Dept", "IT")]).await, BY_IAM);
    let further = child(&["Encrypt"], subset(&[("Dept", "IT"), ("Team", "red")]));
    assert_eq!(name(kms.grant_by(&carol, further).await), "AccessDeniedException");
}

#[tokio::test]
async fn conditions_limit_what_may_be_granted() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let statement = |condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{condition}}}"#
        )
    };
    let bob = user_arn("bob");
    let cases = [
        (format!(r#"{{"StringEquals":{{"kms:GranteePrincipal":"{bob}"}}}}"#), true),
        (r#"{"StringEquals":{"kms:GranteePrincipal":"arn:aws:iam::1:root"}}"#.to_owned(), false),
        (
            r#"{"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt"]}}"#
                .to_owned(),
            true,
        ),
        (r#"{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt"]}}"#.to_owned(), false),
        (
            r#"{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextEquals"}}"#.to_owned(),
            false,
        ),
        (r#"{"StringEquals":{"kms:EncryptionContext:Dept":"IT"}}"#.to_owned(), true),
        (r#"{"Bool":{"kms:GrantIsForAWSResource":"true"}}"#.to_owned(), false),
        (r#"{"Bool":{"kms:GrantIsForAWSResource":"false"}}"#.to_owned(), true),
        (r#"{"Null":{"kms:RetiringPrincipal":"true"}}"#.to_owned(), true),
    ];
    for (condition, expected) in cases {
        let admin = kms.user("admin", &statement(&condition)).await;
        let wanted = CreateGrantRequest {
            constraints: subset(&[("Dept", "IT")]),
            ..request(&key, &bob, &["Encrypt"])
        };
        let allowed = kms.grant_by(&admin, wanted).await.is_ok();
        assert_eq!(allowed, expected, "{condition}");
    }
    let for_aws = statement(r#"{"Bool":{"kms:GrantIsForAWSResource":true}}"#);
    let admin = kms.user("admin", &for_aws).await;
    let through = Caller { invoked_by: Some("ec2.amazonaws.com"), ..admin };
    kms.grant_by(&through, request(&key, &bob, &["Encrypt"])).await.expect("for a volume");
}

#[tokio::test]
async fn a_grant_says_who_retires_it() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let bob = kms.user("bob", "").await;
    let carol = kms.user("carol", "").await;
    let grant = |operations: &[&str], retiring: Option<&str>| CreateGrantRequest {
        retiring_principal: retiring.map(user_arn),
        ..request(&key, &user_arn("bob"), operations)
    };
    let plain = kms.grant(grant(&["Encrypt"], Some("carol"))).await;
    let denied = kms.by::<RetireGrant>(&bob, retire(&key, &plain)).await;
    assert_eq!(name(denied), "AccessDeniedException");
    kms.by::<RetireGrant>(&carol, retire(&key, &plain)).await.expect("retired by whom it names");
    let own = kms.grant(grant(&["Encrypt", "RetireGrant"], None)).await;
    let denied = kms.by::<RetireGrant>(&carol, retire(&key, &own)).await;
    assert_eq!(name(denied), "AccessDeniedException");
    kms.by::<RetireGrant>(&bob, retire(&key, &own)).await.expect("retired by its grantee");

    // The account lets its own retire, whatever the key policy says, and keeps them from it.
    let third = kms.grant(grant(&["Encrypt"], Some("carol"))).await;
    let policy = format!(
        r#"{},{{"Effect":"Deny","Principal":"*","Action":"kms:RetireGrant","Resource":"*"}}"#,
        delegation(OWNER)
    );
    kms.put_policy(OWNER, &key, &policy).await;
    let deny = r#"{"Effect":"Deny","Action":"kms:RetireGrant","Resource":"*"}"#;
    let carol = kms.user("carol", deny).await;
    let denied = kms.by::<RetireGrant>(&carol, retire(&key, &third)).await;
    refused(denied, "with an explicit deny in an identity-based policy");
    let alice = kms.user("alice", &allow(r#""kms:RetireGrant""#)).await;
    kms.by::<RetireGrant>(&alice, retire(&key, &third)).await.expect("let by the account");
}

#[tokio::test]
async fn the_account_that_made_a_grant_retires_it_on_another_accounts_key() {
    let kms = Kms::new().await;
    let key = kms.key_of(STRANGER).await;
    kms.put_policy(STRANGER, &key, &format!("{},{}", delegation(STRANGER), delegation(OWNER)))
        .await;
    let made = kms.grant(request(&key, &user_arn("bob"), &["Encrypt"])).await;
    let alice = kms.user("alice", &allow(r#""kms:RetireGrant""#)).await;
    let carol = kms.user("carol", "").await;
    let denied = kms.by::<RetireGrant>(&carol, retire(&key, &made)).await;
    assert_eq!(name(denied), "AccessDeniedException");
    kms.by::<RetireGrant>(&alice, retire(&key, &made)).await.expect("her account made it");
    // There is nothing to be learnt about grants on others' keys.
    let missing = kms.by::<RetireGrant>(&alice, retire(&key, &made)).await;
    assert_eq!(name(missing), "AccessDeniedException");
}

#[tokio::test]
async fn services_have_what_key_policies_and_grants_give_them() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let owner = root().account;
    let service = Caller::of(owner, Identity::Service("logs.us-east-1.amazonaws.com"));
    let unseen = kms.encrypt(&service, &key, &[]).await;
    refused(unseen, "because no resource-based policy allows the kms:Encrypt action");
    kms.grant(request(&key, "logs.us-east-1.amazonaws.com", &["Encrypt"])).await;
    kms.encrypt(&service, &key, &[]).await.expect("granted");
    let other = kms
        .key_with(
            r#"{"Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},"Action":"kms:Encrypt","Resource":"*"}"#,
        )
        .await;
    kms.encrypt(&service, &other, &[]).await.expect("named by the key policy");
}

#[tokio::test]
async fn one_grant_is_found_among_many() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    for number in 0..600 {
        kms.grant(request(&key, &user_arn(&format!("bob{number}")), &["Encrypt"])).await;
    }
    let constrained = CreateGrantRequest {
        constraints: subset(&[("Dept", "IT")]),
        ..request(&key, &user_arn("bob"), &["Encrypt"])
    };
    kms.grant(constrained).await;
    let bob = kms.user("bob", "").await;
    kms.encrypt(&bob, &key, &[("Dept", "IT")]).await.expect("granted");
    refused(kms.encrypt(&bob, &key, &[]).await, BY_IAM);
    let list = ListGrantsRequest { key_id: Some(key.clone()), ..Default::default() };
    assert_eq!(name(kms.by::<ListGrants>(&bob, list).await), "AccessDeniedException");
    let sign = SignRequest {
        key_id: Some(key),
        message: Some((&b"x"[..]).into()),
        signing_algorithm: Some("ECDSA_SHA_256".into()),
        ..SignRequest::default()
    };
    assert_eq!(name(kms.by::<Sign>(&bob, sign).await), "AccessDeniedException");
}
