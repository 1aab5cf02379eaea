//! Security Token Service: so far, who the caller is. Roles and sessions come with IAM.

use std::sync::Arc;

use api_sts::operations::GetCallerIdentity;
use api_sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use platform::{Call, Facts, Handle, Identity, Service};
use shape::Failure;

/// The service.
pub struct Sts;

/// The service with its operations.
pub fn service() -> Service {
    let sts = Arc::new(Sts);
    Service::new(&api_sts::SERVICE).operation::<GetCallerIdentity, _>(&sts)
}

impl Handle<GetCallerIdentity> for Sts {
    const FACTS: Facts = Facts::read("sts:GetCallerIdentity");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, Failure> {
        let account = call.account().to_string();
        let user_id = match call.caller.identity {
            Identity::Root => account.clone(),
            Identity::Service(principal) => principal.to_owned(),
        };
        Ok(GetCallerIdentityResponse {
            user_id: Some(user_id),
            arn: Some(call.caller.arn()),
            account: Some(account),
        })
    }
}
