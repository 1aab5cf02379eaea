//! Which operation is meant? The answer is `wire`'s; the services that it may be are the platform's.

use wire::Request;
pub(crate) use wire::route::{Route, RouteError};

use crate::platform::Shared;

/// Finds the operation of a request.
pub(crate) fn route(shared: &Shared, request: &Request) -> Result<Route, RouteError> {
    shared.router.route(request)
}
