//! Users.

use base::Timestamp;
use serde::{Deserialize, Serialize};
use store::Record;

use super::{Policies, SERVICE, Tags};

/// A user. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name as it was given.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// `AIDA…`.
    pub unique_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Inline and attached policies.
    #[serde(default)]
    pub policies: Policies,
    /// Names of the groups that it is in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The ARN of its permissions boundary.
    #[serde(default)]
    pub boundary: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
    /// Ids of its access keys; two at most.
    #[serde(default)]
    pub access_keys: Vec<String>,
    /// Names of its MFA devices; eight at most.
    #[serde(default)]
    pub mfa_devices: Vec<String>,
    /// Ids of its SSH public keys; five at most.
    #[serde(default)]
    pub ssh_public_keys: Vec<String>,
    /// Ids of its signing certificates; two at most.
    #[serde(default)]
    pub signing_certificates: Vec<String>,
    /// Its console password, if it has one (its login profile).
    #[serde(default)]
    pub password: Option<Password>,
}

/// A password, as a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// In PHC string format.
    pub hash: String,
    /// Hashes before it, newest first, as far as the password policy forbids their reuse.
    #[serde(default)]
    pub earlier: Vec<String>,
    /// When the login profile was made.
    pub created: Timestamp,
    /// When the password was set.
    pub changed: Timestamp,
    /// Whether the next sign-in must change it.
    pub reset_required: bool,
}

impl User {
    /// A user with nothing but a name.
    pub fn new(name: &str, unique_id: String, created: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id,
            created,
            policies: Policies::default(),
            groups: Vec::new(),
            boundary: None,
            tags: Tags::new(),
            access_keys: Vec::new(),
            mfa_devices: Vec::new(),
            ssh_public_keys: Vec::new(),
            signing_certificates: Vec::new(),
            password: None,
        }
    }
}

impl Record for User {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "user";
}
