//! Identity and Access Management: users, groups, roles, policies and what belongs to them. Records are `identity`'s, decisions
//! `authz`'s; here the API is translated into the one and asked of the other.
//!
//! IAM is global: everything is kept in the account's scope outside all Regions.

mod find;
mod paging;
mod tags;
mod users;

use std::sync::Arc;

use platform::Service;

/// The service. It has no state of its own.
pub(crate) struct Iam;

/// IAM, ready to be added to the platform.
pub fn service() -> Service {
    let iam = Arc::new(Iam);
    users::operations(Service::new(&api_iam::SERVICE), &iam)
}
