//! The policy language as it is written: a document with its statements, every part with its place. A [`Document`]
//! follows the grammar (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>); whether
//! it is a policy of some [`Kind`] is [`Document::validate`]'s to say, with IAM's texts. Nothing is judged here.

mod parse;
mod validate;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Position};
use crate::operator::Comparison;

/// What a policy is attached to, which decides what it may say and how it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Attached to a user, group or role; managed or inline.
    Identity,
    /// A permissions boundary of a user or role.
    Boundary,
    /// Passed when a session was made.
    Session,
    /// Attached to a resource.
    Resource,
    /// A KMS key policy.
    Key,
    /// Who may assume a role.
    Trust,
    /// A service control policy of an organization.
    ServiceControl,
    /// A resource control policy of an organization.
    ResourceControl,
    /// A VPC endpoint's policy.
    Endpoint,
}

/// A parsed policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The version of the language; absent means [`Version::V2008`].
    pub version: Option<Version>,
    /// `Id`.
    pub id: Option<String>,
    /// The statements; one at least.
    pub statements: Vec<Statement>,
}

/// Versions of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`: variables are plain text.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Where it starts.
    pub at: Position,
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// Whether the effect is written exactly so; IAM's older parser insists.
    pub(crate) effect_exact: bool,
    /// `Principal` or `NotPrincipal`.
    pub principal: Option<Principals>,
    /// `Action` or `NotAction`.
    pub action: Option<Terms>,
    /// `Resource` or `NotResource`.
    pub resource: Option<Terms>,
    /// `Condition`, one entry a key and operator; all must hold.
    pub conditions: Vec<Condition>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

/// A list of actions or resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Where the element starts.
    pub at: Position,
    /// `NotAction`, `NotResource`.
    pub negated: bool,
    /// The patterns.
    pub terms: Vec<Term>,
}

/// One pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Where it stands.
    pub at: Position,
    /// As written.
    pub text: String,
}

/// A list of principals.
#[derive(Clone, Debug, PartialEq)]
pub struct Principals {
    /// Where the element starts.
    pub at: Position,
    /// `NotPrincipal`.
    pub negated: bool,
    /// Who; a plain `"*"` is an entry of type [`PrincipalType::Aws`], which it equals.
    pub entries: Vec<PrincipalEntry>,
}

/// One principal of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalEntry {
    /// Where it stands.
    pub at: Position,
    /// The key that it stands under.
    pub of: PrincipalType,
    /// As written.
    pub text: String,
}

/// The keys of a `Principal` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalType {
    /// `AWS`: accounts, users, roles, sessions, everyone.
    Aws,
    /// `Service`
    Service,
    /// `Federated`
    Federated,
    /// `CanonicalUser`
    CanonicalUser,
}

/// One key of a condition block.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Where the key stands.
    pub at: Position,
    /// The operator.
    pub comparison: Comparison,
    /// The context key, as written.
    pub key: String,
    /// The values, as text; one must match, or with a negated operator none.
    pub values: Vec<String>,
}

impl Document {
    /// Reads a policy's text.
    ///
    /// # Errors
    /// [`Error::Syntax`] where it is not JSON or not the grammar, [`Error::Limit`] where it is too large.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse::document(text)
    }

    /// Checks what IAM checks of a policy of this kind, in IAM's order, so that the first finding is the one IAM names.
    ///
    /// # Errors
    /// [`Error::Malformed`] with IAM's text.
    pub fn validate(&self, kind: Kind) -> Result<(), Error> {
        validate::document(self, kind)
    }

    /// Whether policy variables are resolved.
    pub fn has_variables(&self) -> bool {
        self.version == Some(Version::V2012)
    }
}

impl Kind {
    /// Whether its statements name principals.
    pub fn names_principals(self) -> bool {
        match self {
            Self::Resource | Self::Key | Self::Trust | Self::ResourceControl | Self::Endpoint => {
                true
            }
            Self::Identity | Self::Boundary | Self::Session | Self::ServiceControl => false,
        }
    }
}
