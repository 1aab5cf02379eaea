//! Security Token Service: temporary credentials, and what can be asked about credentials and refusals.
//!
//! Nothing is stored here. A session is its token, which `identity` makes; whether somebody may have one is judged by the
//! pipeline, to which the role is a resource with its trust policy. Roles and users are IAM's records.
//! Sessions of SAML assertions, of root users of member accounts and outbound federation are absent.

mod assume_role;
mod federation_token;
mod inquiry;
mod passed;
mod role;
mod second_factor;
mod session;
mod session_token;

use std::sync::Arc;

use api_sts::operations as op;
use platform::Service;

/// The service. It has no state of its own.
pub(crate) struct Sts;

/// The service with its operations.
pub fn service() -> Service {
    let sts = Arc::new(Sts);
    Service::new(&api_sts::SERVICE)
        .operation::<op::AssumeRole, _>(&sts)
        .operation::<op::DecodeAuthorizationMessage, _>(&sts)
        .operation::<op::GetAccessKeyInfo, _>(&sts)
        .operation::<op::GetCallerIdentity, _>(&sts)
        .operation::<op::GetFederationToken, _>(&sts)
        .operation::<op::GetSessionToken, _>(&sts)
}
