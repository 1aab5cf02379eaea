//! What is asked: who, which action, on what, in which circumstances.

use base::AccountId;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::template::fold;

/// One question to the engine.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// As AWS writes it, such as `kms:Decrypt`.
    action: String,
    /// In lower case.
    action_folded: String,
    /// The resource's ARN, or `*` for actions without a resource.
    pub resource: String,
    /// The account that owns the resource; absent where there is none, which counts as the caller's own.
    pub resource_account: Option<AccountId>,
    /// Condition keys. [`Principal::describe`] fills those that follow from the principal.
    pub context: Context,
    /// The encryption context of a KMS call, for the constraints of grants.
    pub encryption_context: Vec<(String, String)>,
}

impl Request {
    /// A request without context.
    pub fn new(principal: Principal, action: &str, resource: &str) -> Self {
        Self {
            principal,
            action: action.to_owned(),
            action_folded: fold(action).into_owned(),
            resource: resource.to_owned(),
            resource_account: None,
            context: Context::default(),
            encryption_context: Vec::new(),
        }
    }

    /// Asks about another action and resource in the same circumstances, as calls do that need several permissions.
    pub fn ask(&mut self, action: &str, resource: &str) {
        action.clone_into(&mut self.action);
        self.action_folded = fold(action).into_owned();
        resource.clone_into(&mut self.resource);
    }

    /// The action, as AWS writes it.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The action in lower case.
    pub(crate) fn action_folded(&self) -> &str {
        &self.action_folded
    }

    /// Whether the resource belongs to another account than the caller.
    pub fn is_cross_account(&self) -> bool {
        match (self.resource_account, self.principal.account) {
            (Some(owner), Some(caller)) => owner != caller,
            _ => false,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What kind of caller.
    pub kind: PrincipalKind,
    /// The caller's account; absent for services, anonymous callers and identities not yet exchanged for a session.
    pub account: Option<AccountId>,
    /// The caller's ARN, for sessions that of the session (`arn:aws:sts::…:assumed-role/name/session`).
    pub arn: String,
    /// The unique id (`AIDA…`; `AROA…:session` for role sessions); empty if it has none.
    pub id: String,
    /// The account's canonical user id, by which S3 names accounts; empty if unknown.
    pub canonical_user: String,
    /// Tags: the user's or role's with the session's over them.
    pub tags: Vec<(String, String)>,
    /// A service-linked role's session, which organization policies do not restrict.
    pub service_linked: bool,
}

/// Kinds of callers
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PrincipalKind {
    /// The account's root user.
    Root,
    /// An IAM user, with long-term credentials or a session of `GetSessionToken`.
    User,
    /// The session of a role.
    RoleSession {
        /// The role's ARN, with its path.
        role_arn: String,
    },
    /// A session of `GetFederationToken`.
    FederatedUser {
        /// The ARN of the user who asked for it.
        user_arn: String,
    },
    /// An identity that an outside provider vouches for and that asks for a role.
    Federated {
        /// The provider's ARN, or its host for the built-in ones.
        provider: String,
    },
    /// An AWS service by itself.
    Service {
        /// All of its names, such as `logs.amazonaws.com`.
        names: Vec<String>,
    },
    /// Nobody known.
    Anonymous,
}

impl Principal {
    /// The root user of an account.
    pub fn root(account: AccountId) -> Self {
        let arn = account.root_arn();
        Self { id: account.to_string(), ..Self::in_account(PrincipalKind::Root, account, arn) }
    }

    /// An IAM user.
    pub fn user(account: AccountId, arn: impl Into<String>) -> Self {
        Self::in_account(PrincipalKind::User, account, arn.into())
    }

    /// The session of a role.
    pub fn role_session(
        account: AccountId,
        arn: impl Into<String>,
        role_arn: impl Into<String>,
    ) -> Self {
        let kind = PrincipalKind::RoleSession { role_arn: role_arn.into() };
        Self::in_account(kind, account, arn.into())
    }

    /// A federated user's session.
    pub fn federated_user(
        account: AccountId,
        arn: impl Into<String>,
        user_arn: impl Into<String>,
    ) -> Self {
        let kind = PrincipalKind::FederatedUser { user_arn: user_arn.into() };
        Self::in_account(kind, account, arn.into())
    }

    /// An AWS service.
    pub fn service(name: impl Into<String>) -> Self {
        let name = name.into();
        Self::outside(PrincipalKind::Service { names: vec![name.clone()] }, name)
    }

    /// An identity of an outside provider.
    pub fn federated(provider: impl Into<String>) -> Self {
        let provider = provider.into();
        Self::outside(PrincipalKind::Federated { provider: provider.clone() }, provider)
    }

    /// Nobody known.
    pub fn anonymous() -> Self {
        Self::outside(PrincipalKind::Anonymous, "anonymous".to_owned())
    }

    fn in_account(kind: PrincipalKind, account: AccountId, arn: String) -> Self {
        Self { account: Some(account), ..Self::outside(kind, arn) }
    }

    fn outside(kind: PrincipalKind, arn: String) -> Self {
        Self {
            kind,
            account: None,
            arn,
            id: String::new(),
            canonical_user: String::new(),
            tags: Vec::new(),
            service_linked: false,
        }
    }

    /// The user or role behind a session; the principal itself where it is no session.
    pub fn entity_arn(&self) -> &str {
        match &self.kind {
            PrincipalKind::RoleSession { role_arn } => role_arn,
            PrincipalKind::FederatedUser { user_arn } => user_arn,
            _ => &self.arn,
        }
    }

    /// Fills the condition keys that follow from the principal: `aws:PrincipalArn`, `aws:PrincipalAccount`,
    /// `aws:PrincipalType`, `aws:PrincipalTag/…`, `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName(sList)`,
    /// `aws:userid`, `aws:username`
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
    pub fn describe(&self, context: &mut Context) {
        let kind = match &self.kind {
            PrincipalKind::Root => Some("Account"),
            PrincipalKind::User => Some("User"),
            PrincipalKind::RoleSession { .. } => Some("AssumedRole"),
            PrincipalKind::FederatedUser { .. } => Some("FederatedUser"),
            PrincipalKind::Anonymous => Some("Anonymous"),
            PrincipalKind::Federated { .. } | PrincipalKind::Service { .. } => None,
        };
        if let Some(kind) = kind {
            context.set("aws:principaltype", kind);
        }
        if let Some(account) = self.account {
            context.set("aws:principalaccount", account.to_string());
            // Of a role's session this is the role; of a federated user the session itself.
            let arn = match &self.kind {
                PrincipalKind::RoleSession { role_arn } => role_arn,
                _ => &self.arn,
            };
            context.set("aws:principalarn", arn.clone());
        }
        if !self.id.is_empty() {
            context.set("aws:userid", self.id.clone());
        }
        if self.kind == PrincipalKind::User
            && let Some(name) = self.arn.rsplit('/').next()
        {
            context.set("aws:username", name.to_owned());
        }
        let service = matches!(self.kind, PrincipalKind::Service { .. });
        context.set("aws:principalisawsservice", service);
        if let PrincipalKind::Service { names } = &self.kind {
            context.set_all("aws:principalservicenameslist", names.iter().cloned());
            if let Some(name) = names.first() {
                context.set("aws:principalservicename", name.clone());
            }
        }
        for (key, value) in &self.tags {
            context.set(format!("aws:PrincipalTag/{key}"), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Value;

    #[test]
    fn principals_describe_themselves() {
        let account = AccountId::DEFAULT;
        let session = "arn:aws:sts::123456789012:assumed-role/R/s";
        let role = "arn:aws:iam::123456789012:role/path/R";
        let mut principal = Principal::role_session(account, session, role);
        principal.tags.push(("Team".into(), "red".into()));
        let mut context = Context::default();
        principal.describe(&mut context);
        assert_eq!(context.get("aws:principalarn"), [Value::from(role.to_owned())]);
        assert_eq!(context.get("aws:principaltag/team"), [Value::from("red")]);
        assert!(context.get("aws:username").is_empty());
        let mut context = Context::default();
        Principal::user(account, "arn:aws:iam::123456789012:user/a/bob").describe(&mut context);
        assert_eq!(context.get("aws:username"), [Value::from("bob")]);
    }
}
