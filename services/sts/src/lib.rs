//! Security Token Service: so far, who the caller is. Roles and sessions come with IAM.

use std::sync::Arc;

use api_sts::operations::GetCallerIdentity;
use api_sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use platform::{Call, Facts, Handle, Service};
use shape::Failure;

/// The service.
pub struct Sts;

/// The service with its operations.
pub fn service() -> Service {
    let sts = Arc::new(Sts);
    Service::new(&api_sts::SERVICE).operation::<GetCallerIdentity, _>(&sts)
}

impl Handle<GetCallerIdentity> for Sts {
    const FACTS: Facts = Facts::read("sts:GetCallerIdentity").free();

    async fn handle(
        &self,
        call: &mut Call,
        _input: &GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, Failure> {
        Ok(GetCallerIdentityResponse {
            user_id: Some(call.caller.user_id()),
            arn: Some(call.caller.arn()),
            account: Some(call.account().to_string()),
        })
    }
}
