//! Parameters as they are kept: one record for what is true of all versions, and one for each version.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{Arn, Timestamp};
use platform::Resource;
use serde::{Deserialize, Serialize};
use store::{Record, Scope};

use crate::policies::Policy;

/// The service that records are filed under.
pub(crate) const SERVICE: &str = "ssm";
/// CloudFormation's type of a parameter, as audit records name it.
pub(crate) const PARAMETER_TYPE: &str = "AWS::SSM::Parameter";
/// Versions that a parameter keeps.
pub(crate) const VERSIONS_MAX: usize = 100;
/// Between name and version in the id of a version; no name contains it.
const SEPARATOR: char = '!';

/// A parameter, kept under its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub tier: Tier,
    pub data_type: String,
    pub created: Timestamp,
    /// The number of the newest version.
    pub latest: u64,
    /// Numbers of the versions that are kept, oldest first.
    pub versions: Vec<u64>,
    /// Which version a label is on.
    pub labels: BTreeMap<String, u64>,
    pub tags: BTreeMap<String, String>,
    /// What else DescribeParameters tells: that of the newest version, so that describing reads one record.
    pub about: About,
    pub policies: Vec<Policy>,
    /// Policies by which it is shared with other accounts, by id.
    #[serde(default)]
    pub sharing: BTreeMap<String, Shared>,
}

/// A policy by which a parameter is shared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub policy: Arc<str>,
    /// What a change of it must name.
    pub hash: String,
}

/// What is said of a version besides its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    pub description: Option<String>,
    pub allowed_pattern: Option<String>,
    /// The key as the request named it, of a SecureString.
    pub key_id: Option<String>,
    pub modified: Timestamp,
    pub modified_by: String,
}

/// A version, kept under [`version_id`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub number: u64,
    pub tier: Tier,
    pub about: About,
    pub value: Value,
    pub data_type: String,
    pub policies: Vec<Policy>,
}

/// A version's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// As it was given.
    Plain(String),
    /// Encrypted by KMS itself (standard tier), base64.
    Kms(String),
    /// Encrypted under a data key that KMS encrypted (advanced tier), both base64.
    Envelope { data_key: String, sealed: String },
}

/// `Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    String,
    StringList,
    SecureString,
}

/// `Tier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tier {
    Standard,
    Advanced,
}

impl Record for Parameter {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "parameter";
}

impl Record for Version {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "parameter-version";
}

impl Kind {
    /// The API's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }

    /// The kind with the API's name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::String, Self::StringList, Self::SecureString]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl Tier {
    /// The API's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }

    /// Longest value, in bytes.
    pub fn value_max_bytes(self) -> usize {
        match self {
            Self::Standard => 4096,
            Self::Advanced => 8192,
        }
    }
}

impl Parameter {
    /// The parameter as authorization and audit see it.
    pub fn resource(&self, scope: &Scope) -> Resource {
        let sharing = sharing(&self.sharing);
        let resource = resource(scope, &self.name);
        Resource { policy: sharing, tags: self.tags.clone(), ..resource }
    }

    /// The labels of a version.
    pub fn labels_of(&self, version: u64) -> Vec<String> {
        let on_it = self.labels.iter().filter(|(_, number)| **number == version);
        on_it.map(|(label, _)| label.clone()).collect()
    }
}

/// The id of a version.
pub(crate) fn version_id(name: &str, number: u64) -> String {
    format!("{name}{SEPARATOR}{number:010}")
}

/// The ARN of a parameter.
pub(crate) fn arn(scope: &Scope, name: &str) -> Arn {
    Arn::new(SERVICE, &scope.region, scope.account, &format!("parameter{}", slashed(name)))
}

/// A parameter that may not exist, or a path, as authorization and audit see it.
pub(crate) fn resource(scope: &Scope, name: &str) -> Resource {
    Resource::new(arn(scope, name), PARAMETER_TYPE, scope.account)
}

/// All sharing policies as one document, which authorization reads.
fn sharing(policies: &BTreeMap<String, Shared>) -> Option<Arc<str>> {
    if policies.len() < 2 {
        return policies.values().next().map(|shared| shared.policy.clone());
    }
    let mut statements = Vec::new();
    for shared in policies.values() {
        // They were validated before they were stored.
        let document: serde_json::Value = serde_json::from_str(&shared.policy).unwrap_or_default();
        match &document["Statement"] {
            serde_json::Value::Array(several) => statements.extend(several.iter().cloned()),
            one => statements.push(one.clone()),
        }
    }
    let whole = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    Some(whole.to_string().into())
}

fn slashed(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("/{name}") }
}
