//! AssumeRoleWithWebIdentity: a session of a role for who shows a token of an OpenID Connect issuer that the account knows.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>. The request is not signed; the token takes
//! the signature's place, and once it is verified its subject is the caller whom the role's trust policy judges. Built-in providers
//! (Login with Amazon, Facebook, Cognito) are absent: their access tokens only their own servers can read.

use api_sts::error::INVALID_IDENTITY_TOKEN_EXCEPTION;
use api_sts::operations::AssumeRoleWithWebIdentity;
use api_sts::{AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse};
use base::AccountId;
use federation::Token;
use identity::record::OidcProvider;
use identity::session::PROVIDER;
use platform::{Audit, Call, Caller, Facts, Handle, Identity, Outsider, Resource};
use shape::Failure;
use store::Scope;

use crate::assume_role::{actor, assumed};
use crate::passed::{self, Passed};
use crate::role::{Needs, Target};
use crate::{Sts, issuer, session};

/// Longest URL of a provider, in bytes (`CreateOpenIDConnectProvider`).
const PROVIDER_URL_MAX_BYTES: usize = 255;
/// The one issuer whose tokens name their audience apart from who asked for them.
const GOOGLE: &str = "accounts.google.com";
/// Condition keys that a role's trust policy may ask for, besides those named after the issuer.
const KEYS: &[&str] = &[
    "accounts.google.com:aud",
    "accounts.google.com:oaud",
    "accounts.google.com:sub",
    "aws:TagKeys",
    "aws:RequestTag/${TagKey}",
    "sts:TransitiveTagKeys",
    "sts:SourceIdentity",
    "sts:RoleSessionName",
];

impl Handle<AssumeRoleWithWebIdentity> for Sts {
    const FACTS: Facts = Facts::read("sts:AssumeRoleWithWebIdentity")
        .unsigned()
        .on(&["role"])
        .keys(KEYS)
        .audited(Audit::REQUEST_AND_RESPONSE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AssumeRoleWithWebIdentityRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let target = Target::find(call, input.role_arn()).await?;
        // Whoever guards the role learns of the attempt, also if it fails. Strangers write into no other account's record.
        if target.exists() {
            call.caller = Caller::of(target.account, Identity::Anonymous);
        }
        let outsider = self.outsider(call, target.account, input).await?;
        let needs = Needs {
            tags: !outsider.tags.is_empty(),
            source_identity: outsider.source_identity.is_some(),
        };
        call.caller = Caller::of(target.account, Identity::Outsider(Box::new(outsider)));
        Ok(target.resources(needs))
    }

    fn conditions(
        &self,
        call: &Call,
        input: &AssumeRoleWithWebIdentityRequest,
        request: &mut authz::Request,
    ) {
        request.context.set("sts:RoleSessionName", input.role_session_name().to_owned());
        let Identity::Outsider(outsider) = &call.caller.identity else { return };
        passed::tag_conditions(request, &outsider.tags, &outsider.transitive);
        if let Some(source) = &outsider.source_identity {
            request.context.set("sts:SourceIdentity", source.clone());
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AssumeRoleWithWebIdentityRequest,
    ) -> Result<AssumeRoleWithWebIdentityResponse, Failure> {
        session::no_minimum_size(input.minimum_session_token_size)?;
        let target = Target::find(call, input.role_arn()).await?;
        let lasts = target.duration(input.duration_seconds, false)?;
        let (account, role) = (target.account, target.role()?);
        let Identity::Outsider(outsider) = call.caller.identity.clone() else {
            return Err(Failure::internal("the token's subject did not become the caller"));
        };
        let passed = Passed::default()
            .policies(call, account, input.policy.as_deref(), input.policy_arns.as_ref())
            .await?
            .tags(&outsider.tags, &outsider.transitive, None)?;
        let name = input.role_session_name();
        let mut session = session::begin(call, account, actor(role, name, false), lasts);
        session.source_identity.clone_from(&outsider.source_identity);
        // What has one value stays with the session.
        let single = |(key, values): &(String, Vec<String>)| match values.as_slice() {
            [value] => Some((key.clone(), value.clone())),
            _ => None,
        };
        session.federated = outsider.conditions.iter().filter_map(single).collect();
        let opened = session::open(call, session, passed)?;
        let claim = |name: &str| {
            let key = format!("{}:{name}", outsider.issuer);
            let (_, values) = outsider.conditions.iter().find(|(known, _)| *known == key)?;
            values.first().cloned()
        };
        Ok(AssumeRoleWithWebIdentityResponse {
            credentials: opened.credentials,
            subject_from_web_identity_token: Some(outsider.user_name.clone()),
            assumed_role_user: Some(assumed(account, role, name)),
            packed_policy_size: opened.packed_policy_size,
            audience: claim("aud"),
            provider: Some(outsider.provider.clone()),
            source_identity: outsider.source_identity.clone(),
            session_token_size: opened.token_size,
            session_token_utilization: opened.token_utilization,
        })
    }
}

impl Sts {
    /// Who shows the token of a request, if a provider of `account` vouches for it.
    async fn outsider(
        &self,
        call: &mut Call,
        account: AccountId,
        input: &AssumeRoleWithWebIdentityRequest,
    ) -> Result<Outsider, Failure> {
        let invalid = |text: &str| INVALID_IDENTITY_TOKEN_EXCEPTION.because(text);
        if input.provider_id.is_some() {
            return Err(invalid("Tokens of built-in identity providers are not supported."));
        }
        let token = Token::parse(input.web_identity_token()).map_err(issuer::refused)?;
        let url = token.issuer().strip_prefix("https://").unwrap_or(token.issuer()).to_owned();
        let mut provider = None;
        if (1..=PROVIDER_URL_MAX_BYTES).contains(&url.len()) {
            let id = url.to_ascii_lowercase();
            let found = call.tx.get::<OidcProvider>(&Scope::global(account), &id).await;
            provider = found.map_err(Failure::internal)?;
        }
        let provider = provider.filter(|provider| provider.url == url).ok_or_else(|| {
            let issuer = token.issuer();
            invalid(&format!("No OpenIDConnect provider found in your account for {issuer}"))
        })?;
        let identity = self.issuers.identify(&token, &url, &provider.client_ids).await?;
        let arn = format!("arn:aws:iam::{account}:oidc-provider/{url}");
        let mut conditions = vec![
            (PROVIDER.to_owned(), vec![arn.clone()]),
            (format!("{url}:aud"), vec![identity.audience.clone()]),
            (format!("{url}:sub"), vec![identity.subject.clone()]),
        ];
        if url == GOOGLE {
            conditions.push((format!("{url}:oaud"), identity.audiences));
        }
        if !identity.methods.is_empty() {
            conditions.push((format!("{url}:amr"), identity.methods));
        }
        Ok(Outsider {
            kind: "WebIdentityUser",
            principal_id: format!("{arn}:{}:{}", identity.audience, identity.subject),
            provider: arn,
            user_name: identity.subject,
            issuer: url,
            conditions,
            tags: identity.tags,
            transitive: identity.transitive,
            source_identity: identity.source_identity,
        })
    }
}
