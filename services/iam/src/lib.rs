//! Identity and Access Management: users, groups, roles, policies and what belongs to them. Records are `identity`'s, decisions
//! `authz`'s; here the API is translated into the one and asked of the other.
//!
//! IAM is global: everything is kept in the account's scope outside all Regions.

mod access_keys;
mod attachments;
mod bearer;
mod boundaries;
mod documents;
mod find;
mod groups;
mod holder;
mod inline;
mod managed;
mod members;
mod paging;
mod policies;
mod roles;
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
    let service = policies::operations(service, &iam);
    let service = versions::operations(service, &iam);
    let service = attachments::operations(service, &iam);
    let service = inline::operations(service, &iam);
    let service = boundaries::operations(service, &iam);
    roles::operations(service, &iam)
}
