//! The records of identities, as they are kept in their account's global scope.
//!
//! Names are unique without regard to case, so a record's id is its name in lower case; the record keeps the name as it was
//! written. Inline policies and attachments stand in the record of the identity that has them: few, bounded by quotas, and
//! needed together.

mod group;
mod policy;
mod provider;
mod role;
mod user;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use group::Group;
pub use policy::{ManagedPolicy, PolicyVersion, Uses};
pub use provider::{MfaDevice, MfaOwner, OidcProvider, SamlProvider};
pub use role::{InstanceProfile, Role, TrustedPrincipal};
use serde::{Deserialize, Serialize};
pub use user::{Password, User};

/// The service that identity records are filed under.
pub const SERVICE: &str = "iam";

/// Tags of an identity, by key as written. Keys are unique without regard to case.
pub type Tags = BTreeMap<String, String>;

/// The policies of a user, group or role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policies {
    /// Inline policies: documents by name.
    pub inline: BTreeMap<String, Arc<str>>,
    /// ARNs of attached managed policies, in the order of attachment.
    pub attached: Vec<String>,
}

/// The id under which something named `name` is kept.
pub fn id(name: &str) -> String {
    name.to_ascii_lowercase()
}
