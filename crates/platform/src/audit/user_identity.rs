//! The `userIdentity` element of an audit record.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use std::collections::BTreeMap;

use base::AccountId;
use identity::session::Actor;
use serde::Serialize;

use crate::caller::{Caller, Identity};

/// Who called, as the record has it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserIdentity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<SessionIssuer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_id_federation_data: Option<WebIdFederationData<'a>>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
}

/// The outside provider that vouched for who opened the session.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebIdFederationData<'a> {
    federated_provider: &'a str,
    attributes: BTreeMap<&'a str, &'a str>,
}

/// The role or user that the session rests on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'a> {
    r#type: &'static str,
    principal_id: String,
    arn: String,
    account_id: String,
    user_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

impl<'a> UserIdentity<'a> {
    /// Bastide itself, on behalf of an account.
    pub(super) fn internal(account: AccountId) -> Self {
        let (account_id, invoked_by) = (Some(account.to_string()), Some("AWS Internal"));
        Self { account_id, invoked_by, ..Self::default() }
    }

    /// The caller, as another account is told of it: by account and id alone.
    pub(super) fn stranger(caller: &'a Caller) -> Self {
        match &caller.identity {
            Identity::Service(_) | Identity::Outsider(_) | Identity::Anonymous => Self::of(caller),
            _ => Self {
                r#type: Some("AWSAccount"),
                principal_id: Some(caller.user_id()),
                account_id: Some(caller.account.to_string()),
                invoked_by: caller.invoked_by,
                ..Self::default()
            },
        }
    }

    /// The caller.
    pub(super) fn of(caller: &'a Caller) -> Self {
        let named = |kind| Self {
            r#type: Some(kind),
            principal_id: Some(caller.user_id()),
            arn: Some(caller.arn()),
            account_id: Some(caller.account.to_string()),
            access_key_id: caller.access_key_id.as_deref(),
            session_context: session_context(caller),
            invoked_by: caller.invoked_by,
            ..Self::default()
        };
        match &caller.identity {
            Identity::Root => named("Root"),
            Identity::User { name, .. } => Self { user_name: Some(name), ..named("IAMUser") },
            Identity::Role { .. } => named("AssumedRole"),
            Identity::Federated { .. } => named("FederatedUser"),
            Identity::Service(principal) => {
                Self { r#type: Some("AWSService"), invoked_by: Some(principal), ..Self::default() }
            }
            Identity::Outsider(outsider) => Self {
                r#type: Some(outsider.kind),
                principal_id: Some(outsider.principal_id.clone()),
                user_name: Some(&outsider.user_name),
                identity_provider: Some(&outsider.provider),
                ..Self::default()
            },
            Identity::Anonymous => Self {
                r#type: Some("AWSAccount"),
                principal_id: Some(String::new()),
                account_id: Some("anonymous".to_owned()),
                ..Self::default()
            },
        }
    }
}

fn session_context(caller: &Caller) -> Option<SessionContext<'_>> {
    let session = caller.session.as_ref()?;
    let issuer = |kind, user_name, unique_id: &str| SessionIssuer {
        r#type: kind,
        principal_id: unique_id.to_owned(),
        arn: caller.standing.as_ref().map(|standing| standing.arn.clone()).unwrap_or_default(),
        account_id: caller.account.to_string(),
        user_name,
    };
    let session_issuer = match &session.actor {
        Actor::Role { name, unique_id, .. } => Some(issuer("Role", name, unique_id)),
        Actor::Federated { user: Some(user), unique_id, .. } => {
            Some(issuer("IAMUser", user, unique_id))
        }
        Actor::Federated { user: None, unique_id, .. } => Some(issuer("Root", "", unique_id)),
        Actor::Root | Actor::User { .. } => None,
    };
    let provider = session.federated.iter().find(|(key, _)| key == identity::session::PROVIDER);
    Some(SessionContext {
        session_issuer,
        web_id_federation_data: provider.map(|(_, provider)| WebIdFederationData {
            federated_provider: provider,
            attributes: BTreeMap::new(),
        }),
        attributes: Attributes {
            creation_date: session.issued.trunc_seconds().rfc3339(),
            mfa_authenticated: if session.mfa.is_some() { "true" } else { "false" },
        },
        source_identity: session.source_identity.as_deref(),
    })
}
