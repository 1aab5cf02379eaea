//! AssumeRole: a session of a role, for who its trust policy lets in.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use api_sts::operations::AssumeRole;
use api_sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use base::AccountId;
use identity::ids;
use identity::record::Role;
use identity::session::Actor;
use platform::{Audit, Call, Facts, Handle, Identity, Resource};
use shape::Failure;
use shape::error::{ACCESS_DENIED, VALIDATION};

use crate::passed::{self, Passed};
use crate::role::{Needs, Target};
use crate::{Sts, second_factor, session};

/// Condition keys that a role's trust policy may ask for. Those of an issuer are the calling session's.
const KEYS: &[&str] = &[
    "accounts.google.com:aud",
    "accounts.google.com:sub",
    "aws:TagKeys",
    "aws:RequestTag/${TagKey}",
    "sts:TransitiveTagKeys",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "iam:ResourceTag/${TagKey}",
];

impl Handle<AssumeRole> for Sts {
    // CloudTrail calls it read-only and records the answer nevertheless.
    const FACTS: Facts = Facts::read("sts:AssumeRole")
        .on(&["role"])
        .keys(KEYS)
        .audited(Audit::REQUEST_AND_RESPONSE.without_request(&["TokenCode"]));

    async fn resources(
        &self,
        call: &mut Call,
        input: &AssumeRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        no_root(call).await?;
        session::no_federated_user(call, "AssumeRole")?;
        let (serial, code) = (input.serial_number.as_deref(), input.token_code.as_deref());
        second_factor::check(call, serial, code).await?;
        let source_identity = source_identity(call, input)?.is_some();
        let inherits = passed::inherited(call.caller.session.as_deref()).next().is_some();
        let tags = inherits || input.tags.as_ref().is_some_and(|tags| !tags.is_empty());
        let target = Target::find(call, input.role_arn()).await?;
        Ok(target.resources(Needs { tags, source_identity }))
    }

    fn conditions(&self, call: &Call, input: &AssumeRoleRequest, request: &mut authz::Request) {
        let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
        passed::tag_conditions(request, &passed::pairs(input.tags.as_ref()), transitive);
        request.context.set("sts:RoleSessionName", input.role_session_name().to_owned());
        if let Some(id) = &input.external_id {
            request.context.set("sts:ExternalId", id.clone());
        }
        if let Ok(Some(source)) = source_identity(call, input) {
            request.context.set("sts:SourceIdentity", source);
        }
        // Whoever shows a code in this very request has shown a second factor: `resources` has checked it.
        if input.token_code.is_some() {
            request.context.set("aws:MultiFactorAuthPresent", true);
            request.context.set("aws:MultiFactorAuthAge", 0);
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AssumeRoleRequest,
    ) -> Result<AssumeRoleResponse, Failure> {
        if input.provided_contexts.is_some() {
            return Err(VALIDATION.because("ProvidedContexts are not supported by this endpoint."));
        }
        session::no_minimum_size(input.minimum_session_token_size)?;
        let target = Target::find(call, input.role_arn()).await?;
        let chained = matches!(call.caller.identity, Identity::Role { .. });
        let lasts = target.duration(input.duration_seconds, chained)?;
        let (account, role) = (target.account, target.role()?);

        let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
        let passed = Passed::default()
            .policies(call, account, input.policy.as_deref(), input.policy_arns.as_ref())
            .await?
            .tags(
                &passed::pairs(input.tags.as_ref()),
                transitive,
                call.caller.session.as_deref(),
            )?;
        let name = input.role_session_name();
        let mut session = session::begin(call, account, actor(role, name, chained), lasts);
        session.mfa = input.token_code.is_some().then(|| call.now.trunc_seconds());
        session.source_identity = source_identity(call, input)?;
        let source_identity = session.source_identity.clone();
        let opened = session::open(call, session, passed)?;
        Ok(AssumeRoleResponse {
            credentials: opened.credentials,
            assumed_role_user: Some(assumed(account, role, name)),
            packed_policy_size: opened.packed_policy_size,
            source_identity,
            session_token_size: opened.token_size,
            session_token_utilization: opened.token_utilization,
        })
    }
}

/// Who acts in a session of `role`.
pub(crate) fn actor(role: &Role, session: &str, chained: bool) -> Actor {
    Actor::Role {
        name: role.name.clone(),
        path: role.path.clone(),
        unique_id: role.unique_id.clone(),
        session: session.to_owned(),
        chained,
    }
}

/// A session of `role` as the API shows it.
pub(crate) fn assumed(account: AccountId, role: &Role, session: &str) -> AssumedRoleUser {
    AssumedRoleUser {
        assumed_role_id: Some(format!("{}:{session}", role.unique_id)),
        arn: Some(ids::role_session_arn(account, &role.name, session)),
    }
}

/// The root user may not assume roles. In dev mode an access key that nobody made only stands in for whoever tests, and may
/// (docs/decisions/0080-sessions.md).
async fn no_root(call: &Call) -> Result<(), Failure> {
    if call.caller.identity != Identity::Root {
        return Ok(());
    }
    let made = match &call.caller.access_key_id {
        Some(id) => call.credentials().find(id).await.map_err(Failure::internal)?.is_some(),
        None => true,
    };
    if made || call.caller.session.is_some() {
        return Err(ACCESS_DENIED.because("Roles may not be assumed by root accounts."));
    }
    Ok(())
}

/// The source identity of the session: the one that is asked for, or the one that the caller's own session bears, which
/// nobody can change
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>).
fn source_identity(call: &Call, input: &AssumeRoleRequest) -> Result<Option<String>, Failure> {
    let borne = call.caller.session.as_ref().and_then(|session| session.source_identity.as_ref());
    match (borne, &input.source_identity) {
        (Some(borne), Some(asked)) if borne != asked => {
            Err(ACCESS_DENIED
                .because("The source identity of the calling session cannot be changed."))
        }
        (None, Some(asked)) if asked.to_ascii_lowercase().starts_with("aws:") => {
            Err(VALIDATION.because("SourceIdentity must not begin with aws:."))
        }
        (borne, asked) => Ok(borne.or(asked.as_ref()).cloned()),
    }
}
