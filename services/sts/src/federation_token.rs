//! GetFederationToken: a session for somebody whom only the calling user knows, with permissions that both the user's policies and
//! the passed ones allow.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>

use api_sts::operations::GetFederationToken;
use api_sts::{FederatedUser, GetFederationTokenRequest, GetFederationTokenResponse};
use base::Arn;
use identity::ids;
use identity::session::Actor;
use platform::{Audit, Call, Facts, Handle, Identity, Resource};
use shape::Failure;
use shape::error::ACCESS_DENIED;

use crate::passed::{self, Passed};
use crate::role::TAG_SESSION;
use crate::{Sts, session};

/// The type of federated users in audit records.
const FEDERATED_USER: &str = "AWS::STS::FederatedUser";

impl Handle<GetFederationToken> for Sts {
    const FACTS: Facts = Facts::read("sts:GetFederationToken")
        .on(&["federated-user", "user"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"])
        .audited(Audit::REQUEST_AND_RESPONSE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetFederationTokenRequest,
    ) -> Result<Vec<Resource>, Failure> {
        session::long_term_only(call, "GetFederationToken")?;
        let arn = ids::federated_user_arn(call.account(), input.name());
        let arn: Arn = arn.parse().map_err(Failure::internal)?;
        let user = Resource::new(arn, FEDERATED_USER, call.account());
        let tags = input.tags.as_ref().is_some_and(|tags| !tags.is_empty());
        let tagged = tags.then(|| user.clone().for_action(TAG_SESSION));
        Ok(std::iter::once(user).chain(tagged).collect())
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GetFederationTokenRequest,
        request: &mut authz::Request,
    ) {
        passed::tag_conditions(request, &passed::pairs(input.tags.as_ref()), &[]);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetFederationTokenRequest,
    ) -> Result<GetFederationTokenResponse, Failure> {
        session::no_minimum_size(input.minimum_session_token_size)?;
        let (account, name) = (call.account(), input.name());
        let (user, unique_id) = match &call.caller.identity {
            Identity::Root => (None, account.to_string()),
            Identity::User { name, unique_id, .. } => (Some(name.clone()), unique_id.clone()),
            _ => return Err(ACCESS_DENIED.because("Only users can call GetFederationToken")),
        };
        let passed = Passed::default()
            .policies(call, account, input.policy.as_deref(), input.policy_arns.as_ref())
            .await?
            .tags(&passed::pairs(input.tags.as_ref()), &[], None)?;
        let actor = Actor::Federated { name: name.to_owned(), user, unique_id };
        let lasts = session::of_user(call, input.duration_seconds);
        let session = session::begin(call, account, actor, lasts);
        let opened = session::open(call, session, passed)?;
        Ok(GetFederationTokenResponse {
            credentials: opened.credentials,
            federated_user: Some(FederatedUser {
                federated_user_id: Some(format!("{account}:{name}")),
                arn: Some(ids::federated_user_arn(account, name)),
            }),
            packed_policy_size: opened.packed_policy_size,
            session_token_size: opened.token_size,
            session_token_utilization: opened.token_utilization,
        })
    }
}
