//! May this caller do this to these resources?
//!
//! Callers are account roots for now: a root may do everything to what its own account owns and nothing to what others own. The
//! policy engine takes this decision over with the identities that it judges; nothing is let through in its absence.

use shape::Failure;

use crate::call::{Call, Identity};

/// Fails with AWS's words when the answer is no.
pub(crate) fn authorize(call: &Call) -> Result<(), Failure> {
    match call.caller.identity {
        Identity::Service(_) => Ok(()),
        Identity::Root => {
            let foreign = call.resources.iter().find(|resource| resource.owner != call.account());
            let Some(resource) = foreign else { return Ok(()) };
            Err(call.denied(&resource.arn))
        }
    }
}
