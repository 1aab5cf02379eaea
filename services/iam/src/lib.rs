//! Identity and Access Management: users, groups, roles, policies and what belongs to them. Records are `identity`'s, decisions
//! `authz`'s; here the API is translated into the one and asked of the other.
//!
//! IAM is global: everything is kept in the account's scope outside all Regions.

mod access_keys;
mod account;
mod attachments;
mod bearer;
mod boundaries;
mod context_keys;
mod credential_report;
mod details;
mod documents;
mod entities;
mod find;
mod groups;
mod holder;
mod inline;
mod instance_profiles;
mod last_accessed;
mod managed;
mod members;
mod mfa_devices;
mod oidc;
mod paging;
mod password_policy;
mod passwords;
mod policies;
mod principal;
mod qr;
mod roles;
mod saml;
mod server_certificates;
mod service_linked;
mod signing_certificates;
mod simulate;
mod ssh_public_keys;
mod summary;
mod tagging;
mod tags;
mod trust;
mod users;
mod uses;
mod versions;

use std::sync::Arc;

use platform::Service;

/// The service. It has no state of its own.
pub(crate) struct Iam;

/// IAM, ready to be added to the platform.
pub fn service() -> Service {
    let iam = Arc::new(Iam);
    let service = users::operations(Service::new(&api_iam::SERVICE), &iam);
    let service = groups::operations(service, &iam);
    let service = members::operations(service, &iam);
    let service = access_keys::operations(service, &iam);
    let service = passwords::operations(service, &iam);
    let service = password_policy::operations(service, &iam);
    let service = mfa_devices::operations(service, &iam);
    let service = account::operations(service, &iam);
    let service = summary::operations(service, &iam);
    let service = credential_report::operations(service, &iam);
    let service = signing_certificates::operations(service, &iam);
    let service = server_certificates::operations(service, &iam);
    let service = ssh_public_keys::operations(service, &iam);
    let service = policies::operations(service, &iam);
    let service = versions::operations(service, &iam);
    let service = attachments::operations(service, &iam);
    let service = inline::operations(service, &iam);
    let service = boundaries::operations(service, &iam);
    let service = roles::operations(service, &iam);
    let service = entities::operations(service, &iam);
    let service = tagging::operations(service, &iam);
    let service = instance_profiles::operations(service, &iam);
    let service = service_linked::operations(service, &iam);
    let service = oidc::operations(service, &iam);
    let service = saml::operations(service, &iam);
    let service = details::operations(service, &iam);
    let service = simulate::operations(service, &iam);
    let service = context_keys::operations(service, &iam);
    last_accessed::operations(service, &iam)
}
