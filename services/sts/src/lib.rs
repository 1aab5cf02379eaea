//! Security Token Service: temporary credentials, and what can be asked about credentials and refusals.
//!
//! Nothing is stored here. A session is its token, which `identity` makes; whether somebody may have one is judged by the
//! pipeline, to which the role is a resource with its trust policy. Roles, users and providers are IAM's records.
//! Sessions of SAML assertions, of root users of member accounts and outbound federation are absent.

mod assume_role;
mod federation_token;
mod inquiry;
mod issuer;
mod passed;
mod role;
mod second_factor;
mod session;
mod session_token;
mod web_identity;

use std::sync::Arc;

use api_sts::operations as op;
use platform::{Service, outbound};

/// What STS is built on.
pub struct Deps {
    /// The way to identity providers; without one no web identity is believed.
    pub outbound: Option<outbound::Client>,
}

/// The service. It has no state of its own besides the keys of issuers.
pub(crate) struct Sts {
    issuers: issuer::Issuers,
}

/// STS, ready to be added to the platform.
pub fn service(deps: Deps) -> Service {
    let sts = Arc::new(Sts { issuers: issuer::Issuers::new(deps.outbound) });
    let forgetful = sts.clone();
    Service::new(&api_sts::SERVICE)
        .operation::<op::AssumeRole, _>(&sts)
        .operation::<op::AssumeRoleWithWebIdentity, _>(&sts)
        .operation::<op::DecodeAuthorizationMessage, _>(&sts)
        .operation::<op::GetAccessKeyInfo, _>(&sts)
        .operation::<op::GetCallerIdentity, _>(&sts)
        .operation::<op::GetFederationToken, _>(&sts)
        .operation::<op::GetSessionToken, _>(&sts)
        .on_reset(move || forgetful.issuers.clear())
}
