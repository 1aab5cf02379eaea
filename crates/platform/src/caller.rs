//! Who calls, once that has been shown.

use std::sync::Arc;

use base::AccountId;
use identity::{Session, Standing, ids};

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account that the caller belongs to.
    pub account: AccountId,
    /// What kind of identity it is.
    pub identity: Identity,
    /// The access key that signed, if the request was signed.
    pub access_key_id: Option<String>,
    /// The session, if the credentials are temporary.
    pub session: Option<Arc<Session>>,
    /// The user or role behind the call, with the policies that it had when the call began. A federated user has that of the user
    /// who vouches for it.
    pub standing: Option<Arc<Standing>>,
    /// The service that calls on the caller's behalf, such as `secretsmanager.amazonaws.com`.
    pub invoked_by: Option<&'static str>,
}

/// Kinds of identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The root user of the account.
    Root,
    /// A user, with long-term credentials or a session of `GetSessionToken`.
    User {
        /// Its name.
        name: String,
        /// `AIDA…`.
        unique_id: String,
        /// Its ARN.
        arn: String,
    },
    /// The session of a role.
    Role {
        /// The role's name.
        name: String,
        /// `AROA…`.
        unique_id: String,
        /// The role's ARN.
        role_arn: String,
        /// The session's name.
        session: String,
    },
    /// A federated user's session.
    Federated {
        /// Its name.
        name: String,
        /// The ARN of the user who vouches for it; the account's root user's if nobody else does.
        user_arn: String,
    },
    /// Bastide itself doing due work, named by the service's principal, such as `kms.amazonaws.com`.
    Service(&'static str),
    /// Somebody known to an outside provider, who asks for a role.
    Outsider(Box<Outsider>),
    /// Nobody known yet.
    Anonymous,
}

/// Somebody for whom an outside identity provider vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outsider {
    /// `WebIdentityUser` or `SAMLUser`, as the audit record has it.
    pub kind: &'static str,
    /// The provider's ARN, or its host for the built-in ones.
    pub provider: String,
    /// `provider:audience:subject`, or what SAML has in its place.
    pub principal_id: String,
    /// The subject.
    pub user_name: String,
    /// What the provider calls itself: the issuer.
    pub issuer: String,
    /// Condition keys that the assertion fills.
    pub conditions: Vec<(String, Vec<String>)>,
    /// Tags that it asks for the session.
    pub tags: Vec<(String, String)>,
    /// Keys of those that are to follow into sessions of further roles.
    pub transitive: Vec<String>,
    /// The source identity that it asks for the session.
    pub source_identity: Option<String>,
}

impl Caller {
    /// The root user of an account, with the access key that signed.
    pub fn root(account: AccountId, access_key_id: Option<String>) -> Self {
        Self { access_key_id, ..Self::of(account, Identity::Root) }
    }

    /// An identity without credentials.
    pub fn of(account: AccountId, identity: Identity) -> Self {
        Self {
            account,
            identity,
            access_key_id: None,
            session: None,
            standing: None,
            invoked_by: None,
        }
    }

    /// The caller's ARN.
    pub fn arn(&self) -> String {
        match &self.identity {
            Identity::Root => self.account.root_arn(),
            Identity::User { arn, .. } => arn.clone(),
            Identity::Role { name, session, .. } => {
                ids::role_session_arn(self.account, name, session)
            }
            Identity::Federated { name, .. } => ids::federated_user_arn(self.account, name),
            Identity::Service(principal) => (*principal).to_owned(),
            Identity::Outsider(outsider) => outsider.principal_id.clone(),
            Identity::Anonymous => "anonymous".to_owned(),
        }
    }

    /// The caller's unique id, as `GetCallerIdentity` has it: `AIDA…`, `AROA…:session`, `account:name`, the account's number.
    pub fn user_id(&self) -> String {
        match &self.identity {
            Identity::Root => self.account.to_string(),
            Identity::User { unique_id, .. } => unique_id.clone(),
            Identity::Role { unique_id, session, .. } => format!("{unique_id}:{session}"),
            Identity::Federated { name, .. } => format!("{}:{name}", self.account),
            Identity::Service(_) | Identity::Outsider(_) | Identity::Anonymous => self.arn(),
        }
    }
}
