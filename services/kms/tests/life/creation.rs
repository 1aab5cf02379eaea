use api_kms::operations::{CreateKey, DescribeKey, UpdateKeyDescription};
use api_kms::{CreateKeyRequest, DescribeKeyRequest, Tag, UpdateKeyDescriptionRequest};

use crate::common::{ABROAD, HOME, Kms, OWNER, STRANGER, name, text};

#[tokio::test]
async fn a_key_without_parameters_is_symmetric() {
    let kms = Kms::new().await;
    let made = kms.make(CreateKeyRequest::default()).await;
    let id = made.key_id.clone().expect("an id");
    assert_eq!(made.arn, Some(format!("arn:aws:kms:{HOME}:{OWNER}:key/{id}")));
    assert_eq!(made.key_state.as_ref().expect("a state").as_str(), "Enabled");
    assert_eq!(made.key_spec.as_ref().expect("a spec").as_str(), "SYMMETRIC_DEFAULT");
    assert_eq!(made.customer_master_key_spec.expect("a spec").as_str(), "SYMMETRIC_DEFAULT");
    assert_eq!(made.key_usage.as_ref().expect("a usage").as_str(), "ENCRYPT_DECRYPT");
    assert_eq!(made.key_manager.expect("a manager").as_str(), "CUSTOMER");
    assert_eq!(made.origin.expect("an origin").as_str(), "AWS_KMS");
    assert_eq!((made.enabled, made.multi_region), (Some(true), Some(false)));
    assert_eq!(made.current_key_material_id.expect("a material").len(), 64);
    assert_eq!(made.creation_date, Some(kms.now()));
    for form in [id.clone(), made.arn.expect("an ARN")] {
        assert_eq!(kms.describe(&form).await.key_id.as_ref(), Some(&id));
    }
}

#[tokio::test]
async fn every_spec_can_be_made_with_its_usages_only() {
    let kms = Kms::new().await;
    let usages = [
        "ENCRYPT_DECRYPT",
        "SIGN_VERIFY",
        "GENERATE_VERIFY_MAC",
        "KEY_AGREEMENT",
        "ENCAPSULATE_DECAPSULATE",
    ];
    let allowed = |spec: &str| -> Vec<&str> {
        match spec {
            "SYMMETRIC_DEFAULT" => vec![usages[0]],
            // Larger RSA keys only take longer to make.
            "RSA_2048" => vec![usages[0], usages[1]],
            "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_NIST_P521" => vec![usages[1], usages[3]],
            spec if spec.starts_with("HMAC") => vec![usages[2]],
            spec if spec.starts_with("ML_KEM") => vec![usages[4]],
            _ => vec![usages[1]],
        }
    };
    for spec in api_kms::KeySpec::VALUES.iter().copied() {
        if matches!(spec, "RSA_3072" | "RSA_4096" | "SM2") {
            continue;
        }
        for usage in usages {
            let request = CreateKeyRequest {
                key_spec: Some(spec.into()),
                key_usage: Some(usage.into()),
                ..CreateKeyRequest::default()
            };
            let made = kms.call::<CreateKey>(request).await;
            let expected = match allowed(spec).contains(&usage) {
                true => "success".to_owned(),
                false => format!(
                    "ValidationException: KeyUsage {usage} is not compatible with KeySpec {spec}"
                ),
            };
            assert_eq!(text(made), expected, "{spec} {usage}");
        }
    }
}

#[tokio::test]
async fn algorithms_follow_from_spec_and_usage() {
    let kms = Kms::new().await;
    let rsa = kms.key_of("RSA_2048", "SIGN_VERIFY").await;
    let rsa = kms.describe(&rsa).await;
    assert_eq!(rsa.signing_algorithms.expect("some").len(), 6);
    assert!(rsa.encryption_algorithms.is_none());
    assert!(rsa.current_key_material_id.is_none());
    let agreement = kms.key_of("ECC_NIST_P384", "KEY_AGREEMENT").await;
    let agreement = kms.describe(&agreement).await;
    assert_eq!(agreement.key_agreement_algorithms.expect("some")[0].as_str(), "ECDH");
    assert!(agreement.signing_algorithms.is_none());
    let post_quantum = kms.key_of("ML_DSA_44", "SIGN_VERIFY").await;
    assert!(kms.describe(&post_quantum).await.customer_master_key_spec.is_none());
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_in_aws_words() {
    let kms = Kms::new().await;
    let with = |change: fn(&mut CreateKeyRequest)| {
        let mut request = CreateKeyRequest::default();
        change(&mut request);
        request
    };
    let cases = [
        (
            with(|r| r.key_spec = Some("RSA_2048".into())),
            "ValidationException: You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
        (
            with(|r| {
                r.key_spec = Some("RSA_2048".into());
                r.customer_master_key_spec = Some("RSA_2048".into());
            }),
            "ValidationException: You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
        ),
        (
            with(|r| {
                r.key_spec = Some("SM2".into());
                r.key_usage = Some("SIGN_VERIFY".into());
            }),
            "UnsupportedOperationException: KeySpec SM2 is not supported in this Region.",
        ),
        (
            with(|r| {
                r.origin = Some("AWS_CLOUDHSM".into());
                r.custom_key_store_id = Some("cks-1".into());
            }),
            "CustomKeyStoreNotFoundException: Custom key store cks-1 does not exist.",
        ),
        (
            with(|r| r.origin = Some("EXTERNAL_KEY_STORE".into())),
            "ValidationException: You must specify a custom key store ID when the Origin is EXTERNAL_KEY_STORE.",
        ),
        (
            with(|r| r.policy = Some("{}".into())),
            "MalformedPolicyDocumentException: Syntax errors in policy.",
        ),
        (
            with(|r| {
                r.tags =
                    Some(vec![Tag { tag_key: Some("aws:x".into()), tag_value: Some("".into()) }])
            }),
            "TagException: aws: prefixed tag key names are not allowed for external use.",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(text(kms.call::<CreateKey>(request).await), expected);
    }
}

#[tokio::test]
async fn external_keys_wait_for_their_material() {
    let kms = Kms::new().await;
    let request =
        CreateKeyRequest { origin: Some("EXTERNAL".into()), ..CreateKeyRequest::default() };
    let made = kms.make(request).await;
    assert_eq!(made.key_state.expect("a state").as_str(), "PendingImport");
    assert_eq!(made.enabled, Some(false));
    assert!(made.expiration_model.is_none() && made.current_key_material_id.is_none());
}

#[tokio::test]
async fn keys_that_are_not_there_are_named_in_the_error() {
    let kms = Kms::new().await;
    let ghost = "00000000-0000-4000-8000-000000000000";
    let arn = format!("arn:aws:kms:{HOME}:{OWNER}:key/{ghost}");
    let missing = format!("NotFoundException: Key '{arn}' does not exist");
    let cases = [
        (ghost, missing.clone()),
        (&arn, missing),
        (
            "alias/none",
            format!("NotFoundException: Alias arn:aws:kms:{HOME}:{OWNER}:alias/none is not found."),
        ),
        ("nonsense", "NotFoundException: Invalid keyId 'nonsense'".to_owned()),
        (
            "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000",
            "NotFoundException: Invalid arn eu-west-1".to_owned(),
        ),
        ("arn:aws:s3:::bucket", "InvalidArnException: Invalid arn arn:aws:s3:::bucket".to_owned()),
        (
            "arn:aws:kms:us-east-1:123456789012:key/alias/x",
            "InvalidArnException: Invalid arn arn:aws:kms:us-east-1:123456789012:key/alias/x"
                .to_owned(),
        ),
    ];
    for (key, expected) in cases {
        assert_eq!(text(kms.try_describe(HOME, key).await), expected, "{key}");
    }
}

#[tokio::test]
async fn keys_belong_to_one_account_and_region() {
    let kms = Kms::new().await;
    let made = kms.make(CreateKeyRequest::default()).await;
    let (id, arn) = (made.key_id.expect("an id"), made.arn.expect("an ARN"));
    let request = |key: &str| DescribeKeyRequest { key_id: Some(key.into()), grant_tokens: None };
    assert_eq!(name(kms.try_describe(ABROAD, &id).await), "NotFoundException");
    let by_id = kms.call_as::<DescribeKey>(STRANGER, HOME, request(&id)).await;
    assert_eq!(name(by_id), "NotFoundException");
    let by_arn = kms.call_as::<DescribeKey>(STRANGER, HOME, request(&arn)).await;
    assert_eq!(name(by_arn), "AccessDeniedException");
    let change = UpdateKeyDescriptionRequest { key_id: Some(arn), description: Some("x".into()) };
    let change = kms.call_as::<UpdateKeyDescription>(STRANGER, HOME, change).await;
    assert_eq!(name(change), "AccessDeniedException");
}

#[tokio::test]
async fn creation_is_recorded_with_the_key() {
    let kms = Kms::new().await;
    let id = kms.key().await;
    let records = kms.records().await;
    let record = records.iter().find(|r| r["eventName"] == "CreateKey").expect("a record");
    assert_eq!(record["responseElements"]["keyMetadata"]["keyId"], id.as_str());
    assert_eq!(record["resources"][0]["type"], "AWS::KMS::Key");
    assert_eq!(record["readOnly"], false);
    let change = UpdateKeyDescriptionRequest { key_id: Some(id), description: Some("new".into()) };
    kms.call::<UpdateKeyDescription>(change).await.expect("a change");
    let records = kms.records().await;
    let arn = &record["resources"][0]["ARN"];
    assert_eq!(&records[0]["responseElements"]["keyId"], arn);
}

#[tokio::test]
async fn predefined_aliases_make_their_key_when_described() {
    let kms = Kms::new().await;
    let made = kms.describe("alias/aws/s3").await;
    assert_eq!(made.key_manager.as_ref().expect("a manager").as_str(), "AWS");
    let again = kms.describe("alias/aws/s3").await;
    assert_eq!(made.key_id, again.key_id);
    assert_eq!(name(kms.try_describe(HOME, "alias/aws/nonsense").await), "NotFoundException");
    let change = UpdateKeyDescriptionRequest {
        key_id: made.key_id.clone(),
        description: Some("mine".into()),
    };
    let change = kms.call::<UpdateKeyDescription>(change).await;
    assert_eq!(name(change), "AccessDeniedException");
    let foreign = format!("arn:aws:kms:{HOME}:{OWNER}:alias/aws/ebs");
    let request = DescribeKeyRequest { key_id: Some(foreign), grant_tokens: None };
    let described = kms.call_as::<DescribeKey>(STRANGER, HOME, request).await;
    assert_eq!(name(described), "AccessDeniedException");
}
