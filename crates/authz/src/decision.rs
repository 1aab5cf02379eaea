//! The answer and its reasons, and AWS's sentence about a refusal
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Position;
use crate::request::Request;

/// Whether a request may go on, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The answer.
    pub allowed: bool,
    /// What led to it, the decisive reason first. Refused by a statement: every policy that denies. Refused for want
    /// of a permission: the layers that lack one, then those that have it. Allowed: what each needed layer has.
    pub reasons: Vec<Reason>,
}

/// What one layer contributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Which layer.
    pub layer: Layer,
    /// What it said.
    pub verdict: Verdict,
    /// The policy's name, or a grant's id; absent where no policy spoke.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<Arc<str>>,
    /// The statement that decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub statement: Option<StatementRef>,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatementRef {
    /// Its place among the statements, from 0.
    pub index: usize,
    /// Its `Sid`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sid: Option<Arc<str>>,
    /// Where it starts in the policy's text.
    pub at: Position,
}

/// The layers of evaluation, in the documented order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Layer {
    /// Resource control policies of the resource's account.
    ResourceControl,
    /// Service control policies of the caller's account.
    ServiceControl,
    /// The VPC endpoint that the call came through.
    Endpoint,
    /// The resource's policy, key policies among them.
    Resource,
    /// The role's trust policy.
    Trust,
    /// A grant on the key.
    Grant,
    /// The caller is the root user of its account.
    RootUser,
    /// Policies of the user with its groups, or of the role.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Policies passed when the session was made.
    Session,
}

/// What a layer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Explicit deny.
    Denies,
    /// Implicit deny: nothing in it allows, and something must.
    LacksAllow,
    /// Allows.
    Allows,
}

impl Decision {
    /// The reason that decided.
    pub fn decisive(&self) -> Option<&Reason> {
        self.reasons.first()
    }

    /// AWS's sentence about the refusal; `None` if the request is allowed.
    pub fn message(&self, request: &Request) -> Option<String> {
        let reason = self.decisive().filter(|_| !self.allowed)?;
        let (principal, action) = (&request.principal.arn, request.action());
        let of_resource = matches!(reason.layer, Layer::Resource | Layer::Grant);
        if of_resource && request.is_cross_account() && action.starts_with("kms:") {
            return Some(unseen(principal, action, &request.resource));
        }
        let mut message = beginning(principal, action, &request.resource);
        let policy = reason.layer.policy_phrase();
        match reason.verdict {
            Verdict::Denies => {
                message.push_str(&format!(" with an explicit deny in {}", policy.denying));
                // https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
                let arn = reason.policy.as_deref().filter(|name| name.starts_with("arn:"));
                if let Some(arn) = arn.filter(|_| policy.arn && !request.is_cross_account()) {
                    message.push_str(&format!(": {arn}"));
                }
            }
            Verdict::LacksAllow | Verdict::Allows => message
                .push_str(&format!(" because no {} allows the {action} action", policy.lacking)),
        }
        Some(message)
    }
}

/// KMS's sentence about a key of another account, which does not tell whether there is one.
pub fn unseen(principal: &str, action: &str, resource: &str) -> String {
    beginning(principal, action, resource)
        + " because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
}

fn beginning(principal: &str, action: &str, resource: &str) -> String {
    let mut message = format!("User: {principal} is not authorized to perform: {action}");
    if resource != "*" {
        message.push_str(&format!(" on resource: {resource}"));
    }
    message
}

/// How AWS's sentences call the policies of a layer.
struct Phrase {
    denying: &'static str,
    lacking: &'static str,
    /// Whether the policy's ARN is told.
    arn: bool,
}

impl Layer {
    fn policy_phrase(self) -> Phrase {
        let (denying, lacking, arn) = match self {
            Self::ResourceControl => ("a resource control policy", "resource control policy", true),
            Self::ServiceControl => ("a service control policy", "service control policy", true),
            Self::Endpoint => ("a VPC endpoint policy", "VPC endpoint policy", false),
            Self::Resource | Self::Grant => {
                ("a resource-based policy", "resource-based policy", false)
            }
            Self::Trust => ("the role trust policy", "role trust policy", false),
            Self::RootUser | Self::Identity => {
                ("an identity-based policy", "identity-based policy", true)
            }
            Self::Boundary => ("a permissions boundary", "permissions boundary", true),
            Self::Session => ("a session policy", "session policy", true),
        };
        Phrase { denying, lacking, arn }
    }
}
