//! Roles, and instance profiles, which hand a role to machines.

use std::sync::Arc;

use base::Timestamp;
use serde::{Deserialize, Serialize};
use store::Record;

use super::{Policies, SERVICE, Tags};

/// A role. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The name as it was given.
    pub name: String,
    /// Begins and ends with `/`; `/aws-service-role/…/` for service-linked ones.
    pub path: String,
    /// `AROA…`. A session of a role that was deleted and made again bears the old one, and is nobody's.
    pub unique_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Who may assume it. Users and roles are named by their unique ids.
    pub trust: Arc<str>,
    /// What those ids stand for.
    #[serde(default)]
    pub trusted: Vec<TrustedPrincipal>,
    /// The longest session, in seconds (3,600 to 43,200).
    pub max_session: u32,
    /// Names of the instance profiles that it is in.
    #[serde(default)]
    pub instance_profiles: Vec<String>,
    /// Inline and attached policies.
    #[serde(default)]
    pub policies: Policies,
    /// The ARN of its permissions boundary.
    #[serde(default)]
    pub boundary: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A user or role that a trust policy names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedPrincipal {
    /// `AIDA…` or `AROA…`, as it stands in the policy.
    pub unique_id: String,
    /// The ARN that it was given by.
    pub arn: String,
}

impl Role {
    /// A role with nothing but a name and a trust policy; its sessions last an hour at most.
    pub fn new(name: &str, unique_id: String, created: Timestamp, trust: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id,
            created,
            description: None,
            trust: trust.into(),
            trusted: Vec::new(),
            max_session: 3600,
            instance_profiles: Vec::new(),
            policies: Policies::default(),
            boundary: None,
            tags: Tags::new(),
        }
    }

    /// Whether it is linked to a service, which alone may use and change it.
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

/// An instance profile. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// The name as it was given.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// `AIPA…`.
    pub unique_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// The name of the role in it; the role's record names the profile in turn.
    #[serde(default)]
    pub role: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

impl Record for InstanceProfile {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "instance-profile";
}

impl Record for Role {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "role";
}
