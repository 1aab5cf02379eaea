use std::collections::BTreeMap;

use api_kms::operations::{
    CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant, ScheduleKeyDeletion,
};
use api_kms::{
    CreateGrantRequest, CreateGrantResponse, GrantConstraints, GrantListEntry, GrantOperation,
    ListGrantsRequest, ListRetirableGrantsRequest, RetireGrantRequest, RevokeGrantRequest,
    ScheduleKeyDeletionRequest,
};
use shape::Failure;

use crate::common::{HOME, Kms, OWNER, STRANGER, days, name, text};

fn role(account: &str, role: &str) -> String {
    format!("arn:aws:iam::{account}:role/{role}")
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn request(key: &str, operations: &[&str]) -> CreateGrantRequest {
    CreateGrantRequest {
        key_id: Some(key.into()),
        grantee_principal: Some(role(OWNER, "worker")),
        operations: Some(operations.iter().map(|op| GrantOperation::from(*op)).collect()),
        ..CreateGrantRequest::default()
    }
}

impl Kms {
    async fn grant(&self, request: CreateGrantRequest) -> Result<CreateGrantResponse, Failure> {
        self.call::<CreateGrant>(request).await
    }

    async fn grants(&self, filter: ListGrantsRequest) -> Vec<GrantListEntry> {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let request =
                ListGrantsRequest { limit: Some(2), marker: marker.take(), ..filter.clone() };
            let page = self.call::<ListGrants>(request).await.expect("a page");
            seen.extend(page.grants.expect("grants"));
            match page.next_marker {
                Some(next) => marker = Some(next),
                None => return seen,
            }
        }
    }

    async fn grants_of(&self, key: &str) -> Vec<GrantListEntry> {
        self.grants(ListGrantsRequest { key_id: Some(key.into()), ..Default::default() }).await
    }

    async fn retirable(&self, account: &str, by: &str) -> Vec<GrantListEntry> {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let request = ListRetirableGrantsRequest {
                limit: Some(1),
                marker: marker.take(),
                retiring_principal: Some(by.into()),
                ..Default::default()
            };
            let page = self.call_as::<ListRetirableGrants>(account, HOME, request).await;
            let page = page.expect("a page");
            seen.extend(page.grants.expect("grants"));
            match page.next_marker {
                Some(next) => marker = Some(next),
                None => return seen,
            }
        }
    }
}

#[tokio::test]
async fn grants_are_made_listed_and_revoked() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let mut wanted = request(&key, &["Encrypt", "Decrypt"]);
    wanted.name = Some("for-the-worker".into());
    wanted.constraints = Some(GrantConstraints {
        encryption_context_subset: Some(BTreeMap::from([("a".into(), "b".into())])),
        ..GrantConstraints::default()
    });
    let made = kms.grant(wanted).await.expect("a grant");
    let id = made.grant_id.expect("an id");
    assert_eq!(id.len(), 64);
    for _ in 0..4 {
        kms.grant(request(&key, &["DescribeKey"])).await.expect("a grant");
    }
    assert_eq!(kms.grants_of(&key).await.len(), 5);
    let filter = ListGrantsRequest {
        key_id: Some(key.clone()),
        grant_id: Some(id.clone()),
        ..Default::default()
    };
    let listed = kms.grants(filter).await;
    assert_eq!(listed.len(), 1);
    let entry = &listed[0];
    assert_eq!(entry.name.as_deref(), Some("for-the-worker"));
    assert_eq!(entry.issuing_account, Some(root(OWNER)));
    assert_eq!(entry.key_id, Some(format!("arn:aws:kms:{HOME}:{OWNER}:key/{key}")));
    assert_eq!(entry.operations.as_ref().expect("operations").len(), 2);
    assert!(entry.constraints.is_some());
    let filter = ListGrantsRequest {
        key_id: Some(key.clone()),
        grantee_principal: Some(role(OWNER, "nobody")),
        ..Default::default()
    };
    assert!(kms.grants(filter).await.is_empty());

    let revoke = |id: &str| RevokeGrantRequest {
        key_id: Some(key.clone()),
        grant_id: Some(id.into()),
        dry_run: None,
    };
    kms.call::<RevokeGrant>(revoke(&id)).await.expect("revoked");
    let again = text(kms.call::<RevokeGrant>(revoke(&id)).await);
    assert_eq!(again, format!("NotFoundException: Grant ID {id} not found"));
    assert_eq!(name(kms.call::<RevokeGrant>(revoke("x")).await), "InvalidGrantIdException");
    assert_eq!(kms.grants_of(&key).await.len(), 4);
}

#[tokio::test]
async fn a_named_grant_is_made_once() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let named = |operation: &str| CreateGrantRequest {
        name: Some("once".into()),
        ..request(&key, &[operation])
    };
    let first = kms.grant(named("Encrypt")).await.expect("a grant");
    let again = kms.grant(named("Encrypt")).await.expect("the same grant");
    assert_eq!(first.grant_id, again.grant_id);
    assert_ne!(first.grant_token, again.grant_token);
    let other = kms.grant(named("Decrypt")).await.expect("another grant");
    assert_ne!(first.grant_id, other.grant_id);
    assert_eq!(kms.grants_of(&key).await.len(), 2);
    // Either token retires the one grant.
    for (token, expected) in
        [(again.grant_token, "success"), (first.grant_token, "NotFoundException")]
    {
        let retire = RetireGrantRequest { grant_token: token, ..Default::default() };
        assert_eq!(name(kms.call::<RetireGrant>(retire).await), expected);
    }
    assert_eq!(kms.grants_of(&key).await.len(), 1);
}

#[tokio::test]
async fn a_principal_of_another_account_finds_and_retires_its_grants() {
    let kms = Kms::new().await;
    let (key, second) = (kms.key().await, kms.key().await);
    for key in [&key, &second] {
        let wanted = CreateGrantRequest {
            retiring_principal: Some(root(STRANGER)),
            ..request(key, &["Encrypt"])
        };
        kms.grant(wanted).await.expect("a grant");
    }
    let private = kms.grant(request(&key, &["Encrypt"])).await.expect("a grant");
    let found = kms.retirable(STRANGER, &root(STRANGER)).await;
    assert_eq!(found.len(), 2);
    assert!(kms.retirable(OWNER, &root(OWNER)).await.is_empty());
    let foreign = ListRetirableGrantsRequest {
        retiring_principal: Some(root(STRANGER)),
        ..Default::default()
    };
    let foreign = kms.call::<ListRetirableGrants>(foreign).await;
    assert_eq!(name(foreign), "AccessDeniedException");

    let arn = format!("arn:aws:kms:{HOME}:{OWNER}:key/{key}");
    let own = found.iter().find(|grant| grant.key_id.as_ref() == Some(&arn)).expect("a grant");
    let retire = |grant: &Option<String>| RetireGrantRequest {
        key_id: Some(arn.clone()),
        grant_id: grant.clone(),
        ..Default::default()
    };
    let refused = kms.call_as::<RetireGrant>(STRANGER, HOME, retire(&private.grant_id)).await;
    assert_eq!(name(refused), "AccessDeniedException");
    kms.call_as::<RetireGrant>(STRANGER, HOME, retire(&own.grant_id)).await.expect("retired");
    assert_eq!(kms.retirable(STRANGER, &root(STRANGER)).await.len(), 1);
    let records = kms.records().await;
    let record =
        records.iter().find(|r| r["eventName"] == "RetireGrant").expect("shown to the owner");
    assert_eq!(record["additionalEventData"]["grantId"], own.grant_id.as_deref().expect("an id"));
    assert!(record["sharedEventID"].is_string());
}

#[tokio::test]
async fn grants_fit_their_key() {
    let kms = Kms::new().await;
    let symmetric = kms.key().await;
    let signing = kms.key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    let cases: [(&str, &[&str], &str); 6] = [
        (&symmetric, &["Sign"], "ValidationException"),
        (&symmetric, &["GetPublicKey"], "ValidationException"),
        (&symmetric, &[], "ValidationException"),
        (&signing, &["GenerateDataKey"], "ValidationException"),
        (&signing, &["Sign", "Verify", "GetPublicKey", "DescribeKey", "CreateGrant"], "success"),
        (&symmetric, &["ReEncryptFrom", "GenerateDataKeyPair", "RetireGrant"], "success"),
    ];
    for (key, operations, expected) in cases {
        assert_eq!(name(kms.grant(request(key, operations)).await), expected, "{operations:?}");
    }
    let context = GrantConstraints {
        encryption_context_equals: Some(BTreeMap::from([("a".into(), "b".into())])),
        ..GrantConstraints::default()
    };
    let wanted = CreateGrantRequest { constraints: Some(context), ..request(&signing, &["Sign"]) };
    assert_eq!(name(kms.grant(wanted).await), "ValidationException");
}

#[tokio::test]
async fn parties_are_checked() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let with = |change: fn(&mut CreateGrantRequest)| {
        let mut request = request(&key, &["Encrypt"]);
        change(&mut request);
        request
    };
    let service = |r: &mut CreateGrantRequest| {
        r.grantee_principal = None;
        r.grantee_service_principal = Some("s3.amazonaws.com".into());
    };
    let cases = [
        (with(|r| r.grantee_principal = Some("bob".into())), "InvalidArnException"),
        (with(|r| r.grantee_principal = None), "ValidationException"),
        (with(|r| r.retiring_principal = Some("arn:aws:s3:::x".into())), "InvalidArnException"),
        (with(|r| r.grant_tokens = Some(vec!["x".into()])), "InvalidGrantTokenException"),
        (with(|r| r.dry_run = Some(true)), "DryRunOperationException"),
        (with(service), "ValidationException"),
    ];
    for (request, expected) in cases {
        assert_eq!(name(kms.grant(request).await), expected);
    }
    assert!(kms.grants_of(&key).await.is_empty());
    let mut proper = with(service);
    proper.retiring_principal = Some(role(OWNER, "worker"));
    proper.constraints = Some(GrantConstraints {
        source_arn: Some("arn:aws:sns:us-east-1:123456789012:topic".into()),
        ..GrantConstraints::default()
    });
    kms.grant(proper).await.expect("a grant to a service");
}

#[tokio::test]
async fn tokens_stay_out_of_the_audit() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let made = kms.grant(request(&key, &["Encrypt"])).await.expect("a grant");
    let token = made.grant_token.expect("a token");
    let retire = RetireGrantRequest { grant_token: Some(token.clone()), ..Default::default() };
    kms.call::<RetireGrant>(retire).await.expect("retired");
    for record in kms.records().await {
        assert!(!record.to_string().contains(&token), "{record}");
    }
    let incomplete = RetireGrantRequest { key_id: Some(key), ..Default::default() };
    assert_eq!(name(kms.call::<RetireGrant>(incomplete).await), "ValidationException");
}

#[tokio::test]
async fn grants_go_with_their_key() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let wanted =
        CreateGrantRequest { retiring_principal: Some(root(OWNER)), ..request(&key, &["Encrypt"]) };
    kms.grant(wanted).await.expect("a grant");
    assert_eq!(kms.retirable(OWNER, &root(OWNER)).await.len(), 1);
    let schedule =
        ScheduleKeyDeletionRequest { key_id: Some(key), pending_window_in_days: Some(7) };
    kms.call::<ScheduleKeyDeletion>(schedule).await.expect("scheduled");
    kms.advance(days(7)).await;
    assert!(kms.retirable(OWNER, &root(OWNER)).await.is_empty());
}
