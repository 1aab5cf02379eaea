//! The service's own part: it names the resources, and once the caller may, does the work.

use shape::{Failure, Shape};

use super::authorize;
use crate::call::Call;
use crate::service::Entry;

/// Runs one attempt of an operation. What it writes stands in `call.tx`, not yet committed.
pub(crate) async fn handle(
    call: &mut Call,
    entry: &Entry,
    input: &dyn Shape,
) -> Result<Box<dyn Shape>, Failure> {
    call.resources = entry.run.resources(call, input).await?;
    authorize::authorize(call, entry, input).await?;
    entry.run.handle(call, input).await
}
