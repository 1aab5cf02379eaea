//! What the tests share: a KMS of their own, and keys in it.

use std::ops::Deref;
use std::time::Duration;

use api_kms::operations::{CreateKey, DescribeKey};
use api_kms::{CreateKeyRequest, DescribeKeyRequest, KeyMetadata};
use platform::testing::Harness;
use shape::Failure;

/// Another account than the default one.
pub const STRANGER: &str = "999988887777";
/// The default account.
pub const OWNER: &str = "123456789012";
/// The default Region.
pub const HOME: &str = "us-east-1";
/// Another Region.
pub const ABROAD: &str = "eu-west-1";

/// A platform with KMS alone.
pub struct Kms(Harness);

impl Deref for Kms {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.0
    }
}

pub fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

/// A failure as `Name: message`.
pub fn text<T>(result: Result<T, Failure>) -> String {
    match result {
        Ok(_) => "success".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

/// A failure's name.
pub fn name<T>(result: Result<T, Failure>) -> &'static str {
    match result {
        Ok(_) => "success",
        Err(failure) => failure.error.name,
    }
}

impl Kms {
    pub async fn new() -> Self {
        Self(
            Harness::new(|keyring| {
                let deps = kms::Deps { keyring: keyring.clone(), nitro_root: None, proxies: None };
                vec![kms::service(deps)]
            })
            .await,
        )
    }

    /// A new key, as `CreateKey` describes it.
    pub async fn make(&self, request: CreateKeyRequest) -> KeyMetadata {
        let response = self.call::<CreateKey>(request).await.expect("a key");
        response.key_metadata.expect("metadata")
    }

    /// The id of a new symmetric key.
    pub async fn key(&self) -> String {
        self.make(CreateKeyRequest::default()).await.key_id.expect("an id")
    }

    /// The id of a new key of a spec and usage.
    pub async fn key_of(&self, spec: &str, usage: &str) -> String {
        let request = CreateKeyRequest {
            key_spec: Some(spec.into()),
            key_usage: Some(usage.into()),
            ..CreateKeyRequest::default()
        };
        self.make(request).await.key_id.expect("an id")
    }

    /// The id of a new multi-Region primary key.
    pub async fn primary(&self) -> String {
        let request = CreateKeyRequest { multi_region: Some(true), ..CreateKeyRequest::default() };
        self.make(request).await.key_id.expect("an id")
    }

    pub async fn try_describe(&self, region: &str, key: &str) -> Result<KeyMetadata, Failure> {
        let request =
            DescribeKeyRequest { key_id: Some(key.to_owned()), ..DescribeKeyRequest::default() };
        let response = self.call_as::<DescribeKey>(OWNER, region, request).await?;
        Ok(response.key_metadata.expect("metadata"))
    }

    pub async fn describe_in(&self, region: &str, key: &str) -> KeyMetadata {
        self.try_describe(region, key).await.expect("a key")
    }

    pub async fn describe(&self, key: &str) -> KeyMetadata {
        self.describe_in(HOME, key).await
    }

    /// The key state.
    pub async fn state_in(&self, region: &str, key: &str) -> String {
        self.describe_in(region, key).await.key_state.expect("a state").to_string()
    }

    pub async fn state(&self, key: &str) -> String {
        self.state_in(HOME, key).await
    }

    /// How often the audit of the default scope has a record of this name.
    pub async fn recorded(&self, event_name: &str) -> usize {
        let records = self.records().await;
        records.iter().filter(|record| record["eventName"] == event_name).count()
    }
}
