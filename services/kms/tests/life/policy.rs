use api_kms::operations::{GetKeyPolicy, ListKeyPolicies, PutKeyPolicy};
use api_kms::{CreateKeyRequest, GetKeyPolicyRequest, ListKeyPoliciesRequest, PutKeyPolicyRequest};
use shape::Failure;

use crate::common::{Kms, OWNER, name, text};

const LOCKED: &str =
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}"#;
const OPEN: &str =
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}"#;

impl Kms {
    async fn put_policy(&self, key: &str, policy: &str, bypass: bool) -> Result<(), Failure> {
        let request = PutKeyPolicyRequest {
            key_id: Some(key.into()),
            policy: Some(policy.into()),
            bypass_policy_lockout_safety_check: Some(bypass),
            ..PutKeyPolicyRequest::default()
        };
        self.call::<PutKeyPolicy>(request).await.map(drop)
    }

    async fn policy(&self, key: &str, policy: Option<&str>) -> Result<String, Failure> {
        let request = GetKeyPolicyRequest {
            key_id: Some(key.into()),
            policy_name: policy.map(str::to_owned),
        };
        let response = self.call::<GetKeyPolicy>(request).await?;
        assert_eq!(response.policy_name.as_deref(), Some("default"));
        Ok(response.policy.expect("a policy"))
    }
}

#[tokio::test]
async fn keys_have_the_default_policy_until_another_is_put() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let default = kms.policy(&key, None).await.expect("a policy");
    assert!(default.contains(r#""Id" : "key-default-1""#), "{default}");
    assert!(default.contains(&format!("arn:aws:iam::{OWNER}:root")), "{default}");
    kms.put_policy(&key, OPEN, false).await.expect("put");
    assert_eq!(kms.policy(&key, Some("default")).await.expect("a policy"), OPEN);
    assert_eq!(name(kms.policy(&key, Some("AWS_RAM")).await), "NotFoundException");
    let request = ListKeyPoliciesRequest { key_id: Some(key), ..Default::default() };
    let names = kms.call::<ListKeyPolicies>(request).await.expect("names");
    assert_eq!(names.policy_names, Some(vec!["default".to_owned()]));
    assert_eq!(names.truncated, Some(false));
}

#[tokio::test]
async fn policies_that_lock_out_their_author_need_a_bypass() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    assert_eq!(
        text(kms.put_policy(&key, LOCKED, false).await),
        "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future."
    );
    kms.put_policy(&key, LOCKED, true).await.expect("put all the same");
    let request = CreateKeyRequest {
        policy: Some(LOCKED.into()),
        bypass_policy_lockout_safety_check: Some(true),
        ..CreateKeyRequest::default()
    };
    kms.make(request).await;
}

#[tokio::test]
async fn long_policies_are_refused() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let long = format!("{OPEN}{}", " ".repeat(32 * 1024));
    assert_eq!(name(kms.put_policy(&key, &long, false).await), "LimitExceededException");
    assert_eq!(name(kms.put_policy(&key, "{", false).await), "MalformedPolicyDocumentException");
}
