//! Groups. Who is in one stands in the users' records.

use base::Timestamp;
use serde::{Deserialize, Serialize};
use store::Record;

use super::{Policies, SERVICE};

/// A group. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The name as it was given.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// `AGPA…`.
    pub unique_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// Inline and attached policies.
    #[serde(default)]
    pub policies: Policies,
}

impl Record for Group {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "group";
}
