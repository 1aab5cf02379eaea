//! Each of KMS's condition keys, as policies see it.

use api_kms::operations::{
    CreateAlias, CreateKey, DescribeKey, EnableKeyRotation, GenerateDataKeyPairWithoutPlaintext,
    GenerateMac, GetParametersForImport, PutKeyPolicy, ReEncrypt, ReplicateKey,
    ScheduleKeyDeletion, Sign, TagResource, UntagResource, UpdatePrimaryRegion,
};
use api_kms::{
    CreateAliasRequest, CreateKeyRequest, DescribeKeyRequest, EnableKeyRotationRequest,
    GenerateDataKeyPairWithoutPlaintextRequest, GenerateMacRequest, GetParametersForImportRequest,
    PutKeyPolicyRequest, ReEncryptRequest, ReplicateKeyRequest, ScheduleKeyDeletionRequest,
    SignRequest, Tag, TagResourceRequest, UntagResourceRequest, UpdatePrimaryRegionRequest,
};
use platform::Caller;
use shape::Operation;

use crate::common::{Kms, OWNER, allow, context, delegation, name, policy, refused, root};

/// A statement that allows every action under a condition.
fn on(condition: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{condition}}}"#)
}

/// A condition that a key equals a value.
fn equals(key: &str, value: &str) -> String {
    format!(r#"{{"StringEquals":{{"{key}":"{value}"}}}}"#)
}

impl Kms {
    /// Fails unless a user with this condition on all that it may do is let through, or refused, as `expected`.
    async fn judges<O: Operation>(&self, input: O::Input, condition: &str, expected: bool)
    where
        O::Input: Clone,
    {
        let user = self.user("conditional", &on(condition)).await;
        let result = name(self.by::<O>(&user, input).await);
        assert_eq!(result != "AccessDeniedException", expected, "{condition}: {result}");
    }

    /// The ARN of a new key.
    async fn make(&self, request: CreateKeyRequest) -> String {
        let made = self.by::<CreateKey>(&root(), request).await.expect("a key");
        made.key_metadata.expect("metadata").arn.expect("an ARN")
    }

    async fn make_of(&self, spec: &str, usage: &str) -> String {
        let request = CreateKeyRequest {
            key_spec: Some(spec.into()),
            key_usage: Some(usage.into()),
            ..CreateKeyRequest::default()
        };
        self.make(request).await
    }

    async fn alias(&self, key: &str, alias: &str) {
        let request =
            CreateAliasRequest { alias_name: Some(alias.into()), target_key_id: Some(key.into()) };
        self.by::<CreateAlias>(&root(), request).await.expect("an alias");
    }
}

fn describe(key: &str) -> DescribeKeyRequest {
    DescribeKeyRequest { key_id: Some(key.into()), ..DescribeKeyRequest::default() }
}

#[tokio::test]
async fn what_follows_from_the_key() {
    let kms = Kms::new().await;
    let key = kms.make_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    for (name, value) in [
        ("kms:KeySpec", "ECC_NIST_P256"),
        ("kms:CustomerMasterKeySpec", "ECC_NIST_P256"),
        ("kms:KeyUsage", "SIGN_VERIFY"),
        ("kms:CustomerMasterKeyUsage", "SIGN_VERIFY"),
        ("kms:KeyOrigin", "AWS_KMS"),
        ("kms:CallerAccount", OWNER),
    ] {
        kms.judges::<DescribeKey>(describe(&key), &equals(name, value), true).await;
        kms.judges::<DescribeKey>(describe(&key), &equals(name, "other"), false).await;
    }
    let multi_region = r#"{"Bool":{"kms:MultiRegion":true}}"#;
    kms.judges::<DescribeKey>(describe(&key), multi_region, false).await;
    let primary =
        kms.make(CreateKeyRequest { multi_region: Some(true), ..Default::default() }).await;
    kms.judges::<DescribeKey>(describe(&primary), multi_region, true).await;
    let kind = |kind| equals("kms:MultiRegionKeyType", kind);
    kms.judges::<DescribeKey>(describe(&primary), &kind("PRIMARY"), true).await;
    kms.judges::<DescribeKey>(describe(&primary), &kind("REPLICA"), false).await;
    kms.judges::<DescribeKey>(describe(&key), &kind("PRIMARY"), false).await;
}

#[tokio::test]
async fn aliases_of_the_key_and_of_the_request() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    kms.alias(&key, "alias/one").await;
    kms.alias(&key, "alias/two").await;
    let any = |alias: &str| {
        format!(r#"{{"ForAnyValue:StringEquals":{{"kms:ResourceAliases":"{alias}"}}}}"#)
    };
    kms.judges::<DescribeKey>(describe(&key), &any("alias/two"), true).await;
    kms.judges::<DescribeKey>(describe(&key), &any("alias/three"), false).await;
    let by = |alias: &str| equals("kms:RequestAlias", alias);
    kms.judges::<DescribeKey>(describe("alias/one"), &by("alias/one"), true).await;
    let arn = format!("arn:aws:kms:us-east-1:{OWNER}:alias/one");
    kms.judges::<DescribeKey>(describe(&arn), &by("alias/one"), true).await;
    kms.judges::<DescribeKey>(describe("alias/two"), &by("alias/one"), false).await;
    kms.judges::<DescribeKey>(describe(&key), &by("alias/one"), false).await;
}

#[tokio::test]
async fn tags_of_key_caller_and_request() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let same = on(&equals("aws:ResourceTag/team", "${aws:PrincipalTag/team}"));
    let red = kms.user_with("red", &same, &[("team", "red")], None).await;
    let blue = kms.user_with("blue", &same, &[("team", "blue")], None).await;
    let because = "because no identity-based policy allows the kms:Encrypt action";
    refused(kms.encrypt(&red, &key, &[]).await, because);
    let tag = |value: &str| TagResourceRequest {
        key_id: Some(key.clone()),
        tags: Some(vec![Tag { tag_key: Some("team".into()), tag_value: Some(value.into()) }]),
    };
    kms.by::<TagResource>(&root(), tag("red")).await.expect("tagged");
    kms.encrypt(&red, &key, &[]).await.expect("the same team");
    refused(kms.encrypt(&blue, &key, &[]).await, because);

    let request = |value: &str| equals("aws:RequestTag/team", value);
    kms.judges::<TagResource>(tag("blue"), &request("blue"), true).await;
    kms.judges::<TagResource>(tag("green"), &request("blue"), false).await;
    let keys = r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}"#;
    kms.judges::<TagResource>(tag("blue"), keys, true).await;
    let untag = |tag: &str| UntagResourceRequest {
        key_id: Some(key.clone()),
        tag_keys: Some(vec![tag.into()]),
    };
    kms.judges::<UntagResource>(untag("cost"), keys, false).await;
    kms.judges::<UntagResource>(untag("team"), keys, true).await;
}

#[tokio::test]
async fn encryption_contexts() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    /// A condition operator, an encryption context, and whether it is let through.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], bool);
    let cases: [Case<'_>; 7] = [
        (r#"{"StringEquals":{"kms:EncryptionContext:App":"x"}}"#, &[("App", "x")], true),
        (r#"{"StringEquals":{"kms:EncryptionContext:App":"x"}}"#, &[("App", "X")], false),
        (r#"{"StringEquals":{"kms:EncryptionContext:App":"x"}}"#, &[], false),
        (
            r#"{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"App"}}"#,
            &[("app", "x")],
            false,
        ),
        (
            r#"{"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["App","Stage"]}}"#,
            &[("App", "x"), ("Other", "x")],
            false,
        ),
        (r#"{"Null":{"kms:EncryptionContextKeys":false}}"#, &[("App", "x")], true),
        (r#"{"StringEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#, &[], true),
    ];
    for (condition, pairs, expected) in cases {
        let user = kms.user("conditional", &on(condition)).await;
        let made = kms.encrypt(&user, &key, pairs).await;
        assert_eq!(made.is_ok(), expected, "{condition} {pairs:?}");
    }
}

#[tokio::test]
async fn through_a_service() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let condition = equals("kms:ViaService", "secretsmanager.us-east-1.amazonaws.com");
    let alice = kms.user("alice", &on(&condition)).await;
    let because = "because no identity-based policy allows the kms:Encrypt action";
    refused(kms.encrypt(&alice, &key, &[]).await, because);
    let through = |service| Caller { invoked_by: Some(service), ..alice.clone() };
    kms.encrypt(&through("secretsmanager.amazonaws.com"), &key, &[]).await.expect("through it");
    refused(kms.encrypt(&through("ssm.amazonaws.com"), &key, &[]).await, because);
}

#[tokio::test]
async fn re_encryption_needs_both_sides() {
    let kms = Kms::new().await;
    let (from, to) = (kms.key().await, kms.key().await);
    let made = kms.encrypt(&root(), &from, &[("side", "from")]).await.expect("encrypted");
    let request = |to: &str| ReEncryptRequest {
        ciphertext_blob: made.ciphertext_blob.clone(),
        source_encryption_context: context(&[("side", "from")]),
        destination_key_id: Some(to.into()),
        destination_encryption_context: context(&[("side", "to")]),
        ..ReEncryptRequest::default()
    };
    let statement = |action: &str, key: &str, side: &str| {
        let condition = equals("kms:EncryptionContext:side", side);
        format!(
            r#"{{"Effect":"Allow","Action":"{action}","Resource":"{key}","Condition":{condition}}}"#
        )
    };
    let read = statement("kms:ReEncryptFrom", &from, "from");
    let write = statement("kms:ReEncryptTo", &to, "to");
    let alice = kms.user("alice", &format!("{read},{write}")).await;
    kms.by::<ReEncrypt>(&alice, request(&to)).await.expect("both");
    let reader = kms.user("reader", &read).await;
    refused(
        kms.by::<ReEncrypt>(&reader, request(&to)).await,
        "because no identity-based policy allows the kms:ReEncryptTo action",
    );
    let writer = kms.user("writer", &write).await;
    assert_eq!(name(kms.by::<ReEncrypt>(&writer, request(&to)).await), "AccessDeniedException");
    let same = r#"{"Bool":{"kms:ReEncryptOnSameKey":true}}"#;
    kms.judges::<ReEncrypt>(request(&to), same, false).await;
    kms.judges::<ReEncrypt>(request(&from), same, true).await;
}

#[tokio::test]
async fn parameters_of_cryptography() {
    let kms = Kms::new().await;
    let signing = kms.make_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    let sign = SignRequest {
        key_id: Some(signing),
        message: Some((&b"x"[..]).into()),
        signing_algorithm: Some("ECDSA_SHA_256".into()),
        ..SignRequest::default()
    };
    let algorithm = |name| equals("kms:SigningAlgorithm", name);
    kms.judges::<Sign>(sign.clone(), &algorithm("ECDSA_SHA_256"), true).await;
    kms.judges::<Sign>(sign.clone(), &algorithm("ECDSA_SHA_384"), false).await;
    kms.judges::<Sign>(sign.clone(), &equals("kms:MessageType", "RAW"), true).await;
    kms.judges::<Sign>(sign, &equals("kms:MessageType", "DIGEST"), false).await;

    let hmac = kms.make_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
    let mac = GenerateMacRequest {
        key_id: Some(hmac),
        message: Some((&b"x"[..]).into()),
        mac_algorithm: Some("HMAC_SHA_256".into()),
        ..GenerateMacRequest::default()
    };
    kms.judges::<GenerateMac>(mac.clone(), &equals("kms:MacAlgorithm", "HMAC_SHA_256"), true).await;
    kms.judges::<GenerateMac>(mac, &equals("kms:MacAlgorithm", "HMAC_SHA_512"), false).await;

    let pair = GenerateDataKeyPairWithoutPlaintextRequest {
        key_id: Some(kms.key().await),
        key_pair_spec: Some("ECC_NIST_P256".into()),
        ..GenerateDataKeyPairWithoutPlaintextRequest::default()
    };
    let spec = |name| equals("kms:DataKeyPairSpec", name);
    type Op = GenerateDataKeyPairWithoutPlaintext;
    kms.judges::<Op>(pair.clone(), &spec("ECC_NIST_P256"), true).await;
    kms.judges::<Op>(pair, &spec("RSA_2048"), false).await;
}

#[tokio::test]
async fn parameters_of_administration() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let rotate = EnableKeyRotationRequest { key_id: Some(key.clone()), ..Default::default() };
    let period = r#"{"NumericLessThanEquals":{"kms:RotationPeriodInDays":"180"}}"#;
    kms.judges::<EnableKeyRotation>(rotate.clone(), period, false).await;
    let shorter = EnableKeyRotationRequest { rotation_period_in_days: Some(180), ..rotate };
    kms.judges::<EnableKeyRotation>(shorter, period, true).await;

    let external =
        kms.make(CreateKeyRequest { origin: Some("EXTERNAL".into()), ..Default::default() }).await;
    let import = GetParametersForImportRequest {
        key_id: Some(external),
        wrapping_algorithm: Some("RSAES_OAEP_SHA_256".into()),
        wrapping_key_spec: Some("RSA_2048".into()),
    };
    for (key, value, expected) in [
        ("kms:WrappingAlgorithm", "RSAES_OAEP_SHA_256", true),
        ("kms:WrappingAlgorithm", "RSAES_OAEP_SHA_1", false),
        ("kms:WrappingKeySpec", "RSA_4096", false),
        ("kms:KeyOrigin", "EXTERNAL", true),
    ] {
        kms.judges::<GetParametersForImport>(import.clone(), &equals(key, value), expected).await;
    }

    let put = PutKeyPolicyRequest {
        key_id: Some(key.clone()),
        policy: Some(policy(&delegation(OWNER))),
        bypass_policy_lockout_safety_check: Some(true),
        ..PutKeyPolicyRequest::default()
    };
    let bypass = |value| format!(r#"{{"Bool":{{"kms:BypassPolicyLockoutSafetyCheck":{value}}}}}"#);
    kms.judges::<PutKeyPolicy>(put.clone(), &bypass(false), false).await;
    kms.judges::<PutKeyPolicy>(put, &bypass(true), true).await;

    let primary =
        kms.make(CreateKeyRequest { multi_region: Some(true), ..Default::default() }).await;
    let promote = |region: &str| UpdatePrimaryRegionRequest {
        key_id: Some(primary.clone()),
        primary_region: Some(region.into()),
    };
    let europe = equals("kms:PrimaryRegion", "eu-west-1");
    kms.judges::<UpdatePrimaryRegion>(promote("eu-west-1"), &europe, true).await;
    kms.judges::<UpdatePrimaryRegion>(promote("us-west-2"), &europe, false).await;

    let schedule = |days| ScheduleKeyDeletionRequest {
        key_id: Some(key.clone()),
        pending_window_in_days: days,
    };
    let window = r#"{"NumericGreaterThan":{"kms:ScheduleKeyDeletionPendingWindowInDays":"20"}}"#;
    kms.judges::<ScheduleKeyDeletion>(schedule(Some(7)), window, false).await;
    kms.judges::<ScheduleKeyDeletion>(schedule(None), window, true).await;
}

#[tokio::test]
async fn a_replica_is_a_new_key_in_its_region() {
    let kms = Kms::new().await;
    let primary =
        kms.make(CreateKeyRequest { multi_region: Some(true), ..Default::default() }).await;
    let replicate = |region: &str| ReplicateKeyRequest {
        key_id: Some(primary.clone()),
        replica_region: Some(region.into()),
        ..ReplicateKeyRequest::default()
    };
    let alone = kms.user("alone", &allow(r#""kms:ReplicateKey""#)).await;
    refused(
        kms.by::<ReplicateKey>(&alone, replicate("eu-west-1")).await,
        "because no identity-based policy allows the kms:CreateKey action",
    );
    let there = format!(
        r#"{},{{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*","Condition":{}}}"#,
        allow(r#""kms:ReplicateKey""#),
        equals("aws:RequestedRegion", "eu-west-1")
    );
    let alice = kms.user("alice", &there).await;
    let denied = kms.by::<ReplicateKey>(&alice, replicate("us-west-2")).await;
    assert_eq!(name(denied), "AccessDeniedException");
    kms.by::<ReplicateKey>(&alice, replicate("eu-west-1")).await.expect("replicated");
    let records = kms.records().await;
    let record = records
        .iter()
        .find(|r| r["eventName"] == "ReplicateKey" && r["errorCode"].is_null())
        .expect("recorded");
    let named = record["resources"].as_array().expect("resources");
    assert_eq!(named.len(), 1, "{named:?}");
    assert_eq!(named[0]["ARN"], primary);
}
