//! GetSessionToken: temporary credentials of the calling user itself, usually to show a second factor once for many calls.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use api_sts::operations::GetSessionToken;
use api_sts::{GetSessionTokenRequest, GetSessionTokenResponse};
use identity::session::Actor;
use platform::{Audit, Call, Facts, Handle, Identity};
use shape::Failure;
use shape::error::ACCESS_DENIED;

use crate::passed::Passed;
use crate::{Sts, second_factor, session};

impl Handle<GetSessionToken> for Sts {
    // No policy decides about it: it only shows who somebody is.
    const FACTS: Facts = Facts::read("sts:GetSessionToken")
        .free()
        .audited(Audit::REQUEST_AND_RESPONSE.without_request(&["TokenCode"]));

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetSessionTokenRequest,
    ) -> Result<GetSessionTokenResponse, Failure> {
        session::long_term_only(call, "GetSessionToken")?;
        session::no_minimum_size(input.minimum_session_token_size)?;
        let actor = match &call.caller.identity {
            Identity::Root => Actor::Root,
            Identity::User { name, unique_id, .. } => {
                Actor::User { name: name.clone(), unique_id: unique_id.clone() }
            }
            _ => return Err(ACCESS_DENIED.because("Only users can call GetSessionToken")),
        };
        let (serial, code) = (input.serial_number.as_deref(), input.token_code.as_deref());
        let mfa = second_factor::check(call, serial, code).await?;
        let lasts = session::of_user(call, input.duration_seconds);
        let mut session = session::begin(call, call.account(), actor, lasts);
        session.mfa = mfa;
        let opened = session::open(call, session, Passed::default())?;
        Ok(GetSessionTokenResponse {
            credentials: opened.credentials,
            session_token_size: opened.token_size,
            session_token_utilization: opened.token_utilization,
        })
    }
}
