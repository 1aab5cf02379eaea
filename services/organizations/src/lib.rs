//! Organizations: accounts in a tree of units, and the policies that bind them. Records that decisions rest on are `identity`'s,
//! and the platform enforces them; here the API changes them.
//!
//! Organizations is global: everything is kept in the management account's scope outside all Regions. Absent are billing's
//! responsibility transfers, GovCloud accounts and the validation of effective policies.

mod access;
mod accounts;
mod attach;
mod content;
mod creation;
mod delegation;
mod effective;
mod events;
mod features;
mod find;
mod handshakes;
mod ids;
mod invite;
mod kinds;
mod leaving;
mod merge;
mod organization;
mod paging;
mod policies;
mod policy_types;
mod record;
mod refuse;
mod tags;
mod tree;
mod trust;
mod units;

use std::sync::Arc;

use platform::Service;

/// The service. It has no state of its own.
pub(crate) struct Organizations;

/// Organizations, ready to be added to the platform.
pub fn service() -> Service {
    let parts: [fn(Service, &Arc<Organizations>) -> Service; 15] = [
        accounts::operations,
        attach::operations,
        creation::operations,
        delegation::operations,
        effective::operations,
        features::operations,
        handshakes::operations,
        invite::operations,
        leaving::operations,
        organization::operations,
        policies::operations,
        policy_types::operations,
        tags::operations,
        tree::operations,
        trust::operations,
    ];
    let organizations = Arc::new(Organizations);
    let service = units::operations(Service::new(&api_organizations::SERVICE), &organizations);
    parts.into_iter().fold(service, |service, part| part(service, &organizations))
}
