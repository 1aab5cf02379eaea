//! Customer managed policies. Those of AWS are in [`crate::managed`].

use std::sync::Arc;

use base::Timestamp;
use serde::{Deserialize, Serialize};
use store::Record;

use super::{SERVICE, Tags};

/// A customer managed policy. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// The name as it was given.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// `ANPA…`.
    pub unique_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When a version was last added or made the default.
    pub updated: Timestamp,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The number of the version in force.
    pub default_version: u32,
    /// The number that the next version gets; numbers are not used twice.
    pub next_version: u32,
    /// Its versions, oldest first; five at most.
    pub versions: Vec<PolicyVersion>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Its number: 3 for `v3`.
    pub number: u32,
    /// The document.
    pub document: Arc<str>,
    /// When it was made.
    pub created: Timestamp,
}

/// The uses of one managed policy within an account. Its id is the policy's ARN in lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// Identities that it is attached to.
    pub attached: u32,
    /// Users and roles that it bounds.
    pub boundaries: u32,
}

impl ManagedPolicy {
    /// The document in force.
    pub fn document(&self) -> Option<&Arc<str>> {
        self.version(self.default_version).map(|version| &version.document)
    }

    /// The version with this number.
    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.number == number)
    }
}

impl Record for ManagedPolicy {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "policy";
}

impl Record for Uses {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "policy-use";
}
