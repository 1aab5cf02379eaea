//! Parameter Store on a platform with KMS: what is stored, who may read it, and what the clock does.

use std::time::Duration;

use api_kms::CreateKeyRequest;
use api_kms::operations::{CreateKey, DisableKey};
use api_ssm::operations as op;
use api_ssm::{
    DescribeParametersRequest, GetParameterHistoryRequest, GetParameterRequest,
    GetParametersByPathRequest, LabelParameterVersionRequest, ParameterStringFilter, ParameterTier,
    ParameterType, PutParameterRequest, PutResourcePolicyRequest,
};
use base::time::DAY;
use platform::testing::Harness;
use shape::Failure;

const ACCOUNT: &str = "123456789012";
const OTHER: &str = "210987654321";
const REGION: &str = "us-east-1";

async fn harness() -> Harness {
    Harness::new(|keyring| {
        let kms = kms::Deps { keyring: keyring.clone(), nitro_root: None, proxies: None };
        vec![kms::service(kms), ssm::service()]
    })
    .await
}

fn parameter(name: &str, value: &str) -> PutParameterRequest {
    PutParameterRequest {
        name: Some(name.into()),
        value: Some(value.into()),
        r#type: Some(ParameterType::String),
        ..PutParameterRequest::default()
    }
}

fn secure(name: &str, value: &str) -> PutParameterRequest {
    PutParameterRequest { r#type: Some(ParameterType::SecureString), ..parameter(name, value) }
}

async fn put(harness: &Harness, request: PutParameterRequest) -> Result<i64, Failure> {
    let put = harness.call::<op::PutParameter>(request).await?;
    Ok(put.version.unwrap_or_default())
}

async fn get(harness: &Harness, name: &str, decrypt: bool) -> Result<String, Failure> {
    let request = GetParameterRequest { name: Some(name.into()), with_decryption: Some(decrypt) };
    let got = harness.call::<op::GetParameter>(request).await?;
    Ok(got.parameter.and_then(|parameter| parameter.value).unwrap_or_default())
}

fn error(result: Result<impl Sized, Failure>) -> &'static str {
    result.err().map_or("success", |failure| failure.error.name)
}

#[tokio::test]
async fn versions_and_labels_are_found_behind_the_colon() {
    let harness = harness().await;
    put(&harness, parameter("/a/b", "one")).await.expect("version 1");
    assert_eq!(error(put(&harness, parameter("/a/b", "two")).await), "ParameterAlreadyExists");
    let two = PutParameterRequest { overwrite: Some(true), ..parameter("/a/b", "two") };
    assert_eq!(put(&harness, two).await.expect("version 2"), 2);
    let label = |version, labels: &[&str]| LabelParameterVersionRequest {
        name: Some("/a/b".into()),
        parameter_version: Some(version),
        labels: Some(labels.iter().map(|label| (*label).to_owned()).collect()),
    };
    let labelled = harness.call::<op::LabelParameterVersion>(label(1, &["prod", "1st"])).await;
    assert_eq!(labelled.expect("labels").invalid_labels, Some(vec!["1st".to_owned()]));
    for (name, value) in [("/a/b", "two"), ("/a/b:1", "one"), ("/a/b:prod", "one")] {
        assert_eq!(get(&harness, name, false).await.expect(name), value);
    }
    // A label moves.
    harness.call::<op::LabelParameterVersion>(label(2, &["prod"])).await.expect("labels");
    assert_eq!(get(&harness, "/a/b:prod", false).await.expect("labelled"), "two");
    assert_eq!(error(get(&harness, "/a/b:3", false).await), "ParameterVersionNotFound");
    assert_eq!(error(get(&harness, "/a/c", false).await), "ParameterNotFound");
}

#[tokio::test]
async fn the_oldest_version_goes_unless_a_label_holds_it() {
    let harness = harness().await;
    for n in 1..=101 {
        let request =
            PutParameterRequest { overwrite: Some(n > 1), ..parameter("/a", &n.to_string()) };
        put(&harness, request).await.expect("a version");
    }
    let request = GetParameterHistoryRequest {
        name: Some("/a".into()),
        ..GetParameterHistoryRequest::default()
    };
    let page = harness.call::<op::GetParameterHistory>(request).await.expect("history");
    let first = page.parameters.as_ref().and_then(|page| page[0].version);
    assert_eq!((first, page.next_token.is_some()), (Some(2), true));
    let label = LabelParameterVersionRequest {
        name: Some("/a".into()),
        parameter_version: Some(2),
        labels: Some(vec!["keep".into()]),
    };
    harness.call::<op::LabelParameterVersion>(label).await.expect("a label");
    let next = PutParameterRequest { overwrite: Some(true), ..parameter("/a", "x") };
    assert_eq!(error(put(&harness, next).await), "ParameterMaxVersionLimitExceeded");
}

#[tokio::test]
async fn a_secure_string_is_ciphertext_until_kms_opens_it() {
    let harness = harness().await;
    put(&harness, secure("/db/password", "hunter2")).await.expect("standard");
    let long = "s".repeat(6000);
    let advanced = PutParameterRequest {
        tier: Some(ParameterTier::IntelligentTiering),
        ..secure("/db/long", &long)
    };
    put(&harness, advanced).await.expect("advanced");
    for (name, value) in [("/db/password", "hunter2"), ("/db/long", long.as_str())] {
        assert_ne!(get(&harness, name, false).await.expect("ciphertext"), value);
        assert_eq!(get(&harness, name, true).await.expect("plaintext"), value);
    }
    let records = harness.records().await;
    let decrypt = records.iter().find(|record| record["eventName"] == "Decrypt");
    let decrypt = decrypt.expect("KMS was asked");
    assert_eq!(decrypt["userIdentity"]["invokedBy"], "ssm.amazonaws.com");
    let arn = &decrypt["requestParameters"]["encryptionContext"]["PARAMETER_ARN"];
    assert_eq!(arn, "arn:aws:ssm:us-east-1:123456789012:parameter/db/long");
    assert!(!records.iter().any(|record| record.to_string().contains("hunter2")));
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_told() {
    let harness = harness().await;
    let key = harness.call::<CreateKey>(CreateKeyRequest::default()).await.expect("a key");
    let key = key.key_metadata.and_then(|key| key.key_id).expect("an id");
    let request = PutParameterRequest { key_id: Some(key.clone()), ..secure("/a", "x") };
    put(&harness, request).await.expect("a parameter");
    let disable = api_kms::DisableKeyRequest { key_id: Some(key) };
    harness.call::<DisableKey>(disable).await.expect("disabled");
    assert_eq!(error(get(&harness, "/a", true).await), "InvalidKeyId");
    let missing = PutParameterRequest { key_id: Some("alias/none".into()), ..secure("/b", "x") };
    assert_eq!(error(put(&harness, missing).await), "InvalidKeyId");
    assert_eq!(error(get(&harness, "/b", false).await), "ParameterNotFound", "nothing was kept");
}

#[tokio::test]
async fn wrong_parameters_are_refused() {
    let harness = harness().await;
    let with = |change: fn(&mut PutParameterRequest)| {
        let mut request = parameter("/a", "value");
        change(&mut request);
        request
    };
    for (request, expected) in [
        (with(|r| r.r#type = None), "ValidationException"),
        (with(|r| r.name = Some("/aws/x".into())), "ValidationException"),
        (with(|r| r.name = Some("/a".repeat(16))), "HierarchyLevelLimitExceededException"),
        (with(|r| r.value = Some("x".repeat(4097))), "ValidationException"),
        (with(|r| r.value = Some(String::new())), "ValidationException"),
        (with(|r| r.allowed_pattern = Some("^\\d+$".into())), "ParameterPatternMismatchException"),
        (with(|r| r.allowed_pattern = Some("(".into())), "InvalidAllowedPatternException"),
        (
            with(|r| r.allowed_pattern = Some("(a{1000}){1000}".into())),
            "InvalidAllowedPatternException",
        ),
        (with(|r| r.key_id = Some("alias/x".into())), "ValidationException"),
        (with(|r| r.data_type = Some("aws:ec2:image".into())), "ValidationException"),
        (with(|r| r.policies = Some("[]".into())), "success"),
    ] {
        let told = error(put(&harness, request.clone()).await);
        assert_eq!(told, expected, "{:?}", request.name);
    }
    let list = PutParameterRequest {
        r#type: Some(ParameterType::StringList),
        overwrite: Some(true),
        ..parameter("/a", "a,b")
    };
    assert_eq!(error(put(&harness, list).await), "HierarchyTypeMismatchException");
}

#[tokio::test]
async fn paths_are_walked_level_by_level_and_page_by_page() {
    let harness = harness().await;
    for n in 0..12 {
        put(&harness, parameter(&format!("/app/{n:02}"), "x")).await.expect("a parameter");
    }
    put(&harness, parameter("/app/deep/er", "x")).await.expect("a parameter");
    put(&harness, parameter("/apple", "x")).await.expect("a parameter");
    for (recursive, expected) in [(false, 12), (true, 13)] {
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let request = GetParametersByPathRequest {
                path: Some("/app".into()),
                recursive: Some(recursive),
                max_results: Some(5),
                next_token: token,
                ..GetParametersByPathRequest::default()
            };
            let page = harness.call::<op::GetParametersByPath>(request).await.expect("a page");
            names.extend(page.parameters.into_iter().flatten().filter_map(|p| p.name));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        names.dedup();
        assert_eq!(names.len(), expected, "{names:?}");
    }
    let filter = |key: &str, option: &str, value: &str| ParameterStringFilter {
        key: Some(key.into()),
        option: Some(option.into()),
        values: Some(vec![value.into()]),
    };
    for (filter, expected) in [
        (filter("Name", "BeginsWith", "/app/"), 13),
        (filter("Name", "Contains", "deep"), 1),
        (filter("Path", "OneLevel", "/app"), 12),
        (filter("Path", "Recursive", "/app"), 13),
        (filter("Type", "Equals", "SecureString"), 0),
    ] {
        let request = DescribeParametersRequest {
            parameter_filters: Some(vec![filter]),
            ..DescribeParametersRequest::default()
        };
        let found = harness.call::<op::DescribeParameters>(request).await.expect("a page");
        assert_eq!(found.parameters.map_or(0, |found| found.len()), expected);
    }
}

async fn events(harness: &Harness) -> Vec<(String, String)> {
    let outbox = harness.platform.store().outbox(100).await.expect("the outbox");
    let event = |body: &[u8]| {
        let event: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        let what =
            event["detail"]["operation"].as_str().or(event["detail"]["policy-type"].as_str());
        let kind = event["detail-type"].as_str().unwrap_or_default().to_owned();
        (kind, what.unwrap_or_default().to_owned())
    };
    outbox.iter().map(|entry| event(&entry.body)).collect()
}

#[tokio::test]
async fn policies_are_carried_out_by_the_clock() {
    let harness = harness().await;
    let expires = (harness.now() + DAY * 30).rfc3339();
    let policies = format!(
        r#"[{{"Type":"Expiration","Version":"1.0","Attributes":{{"Timestamp":"{expires}"}}}},
            {{"Type":"ExpirationNotification","Version":"1.0","Attributes":{{"Before":"10","Unit":"Days"}}}},
            {{"Type":"NoChangeNotification","Version":"1.0","Attributes":{{"After":"5","Unit":"Days"}}}}]"#
    );
    let request = PutParameterRequest {
        tier: Some(ParameterTier::Advanced),
        policies: Some(policies.clone()),
        ..parameter("/a", "x")
    };
    put(&harness, request).await.expect("a parameter");
    let standard = PutParameterRequest { policies: Some(policies), ..parameter("/b", "x") };
    assert_eq!(error(put(&harness, standard).await), "ValidationException", "advanced tier only");

    let mut told = vec![("Parameter Store Change", "Create")];
    for (days, action) in [(5, "NoChangeNotification"), (15, "ExpirationNotification")] {
        harness.advance(DAY * days - Duration::from_secs(1)).await;
        assert_eq!(events(&harness).await.len(), told.len(), "not before its time");
        harness.advance(Duration::from_secs(1)).await;
        told.push(("Parameter Store Policy Action", action));
        assert_eq!(events(&harness).await.last().map(|(_, what)| what.as_str()), Some(action));
    }
    get(&harness, "/a", false).await.expect("it is still there");
    harness.advance(DAY * 10).await;
    told.extend([
        ("Parameter Store Policy Action", "Expiration"),
        ("Parameter Store Change", "Delete"),
    ]);
    let events = events(&harness).await;
    let events: Vec<_> = events.iter().map(|(kind, what)| (kind.as_str(), what.as_str())).collect();
    assert_eq!(events, told);
    assert_eq!(error(get(&harness, "/a", false).await), "ParameterNotFound");
}

#[tokio::test]
async fn a_shared_parameter_is_read_by_its_arn() {
    let harness = harness().await;
    let request =
        PutParameterRequest { tier: Some(ParameterTier::Advanced), ..parameter("/a", "x") };
    put(&harness, request).await.expect("a parameter");
    let arn = format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/a");
    let read = || GetParameterRequest { name: Some(arn.clone()), with_decryption: None };
    let refused = harness.call_as::<op::GetParameter>(OTHER, REGION, read()).await;
    assert_eq!(error(refused), "AccessDeniedException");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{OTHER}"}},
            "Action":["ssm:GetParameter"],"Resource":"{arn}"}}]}}"#
    );
    let share = PutResourcePolicyRequest {
        resource_arn: Some(arn.clone()),
        policy: Some(policy),
        ..PutResourcePolicyRequest::default()
    };
    harness.call::<op::PutResourcePolicy>(share).await.expect("shared");
    let got = harness.call_as::<op::GetParameter>(OTHER, REGION, read()).await.expect("read");
    assert_eq!(got.parameter.and_then(|parameter| parameter.value).as_deref(), Some("x"));
}
