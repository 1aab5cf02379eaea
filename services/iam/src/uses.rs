//! How many identities use a managed policy, counted in a record of its own for each policy.
//!
//! The count changes in the transaction that attaches, and deleting the policy reads it in its own, so a policy is never deleted
//! while an attachment of it commits. It stands apart from the policy so that attaching changes nothing that callers' standings
//! rest on, and so that AWS's policies, which are no records, have one too (docs/decisions/0075).

use std::sync::Arc;

use identity::record::{self, Uses};
use platform::Call;
use shape::Failure;

use crate::find::{self, OrInternal as _};

/// The uses of the policy with this ARN.
///
/// # Errors
/// A failing store.
pub(crate) async fn of(call: &mut Call, arn: &str) -> Result<Uses, Failure> {
    let found = call.tx.get::<Uses>(&find::scope(call), &record::id(arn)).await.or_internal()?;
    Ok(found.map_or(Uses::default(), |uses| *uses))
}

/// As [`of`], where being a moment old does no harm.
///
/// # Errors
/// A failing store.
pub(crate) async fn shown(call: &Call, arn: &str) -> Result<Uses, Failure> {
    let found: Option<Arc<Uses>> =
        call.tx.peek(&find::scope(call), &record::id(arn)).await.or_internal()?;
    Ok(found.map_or(Uses::default(), |uses| *uses))
}

/// Counts one more attachment.
///
/// # Errors
/// A failing store.
pub(crate) async fn attached(call: &mut Call, arn: &str) -> Result<(), Failure> {
    change(call, arn, |uses| uses.attached = uses.attached.saturating_add(1)).await
}

/// Counts one attachment less.
///
/// # Errors
/// A failing store.
pub(crate) async fn detached(call: &mut Call, arn: &str) -> Result<(), Failure> {
    change(call, arn, |uses| uses.attached = uses.attached.saturating_sub(1)).await
}

/// Counts one more user or role that it bounds.
///
/// # Errors
/// A failing store.
pub(crate) async fn bounds(call: &mut Call, arn: &str) -> Result<(), Failure> {
    change(call, arn, |uses| uses.boundaries = uses.boundaries.saturating_add(1)).await
}

/// Counts one user or role less that it bounds.
///
/// # Errors
/// A failing store.
pub(crate) async fn releases(call: &mut Call, arn: &str) -> Result<(), Failure> {
    change(call, arn, |uses| uses.boundaries = uses.boundaries.saturating_sub(1)).await
}

async fn change(call: &mut Call, arn: &str, by: impl FnOnce(&mut Uses)) -> Result<(), Failure> {
    let mut uses = of(call, arn).await?;
    by(&mut uses);
    let (scope, id) = (find::scope(call), record::id(arn));
    match uses == Uses::default() {
        true => call.tx.delete::<Uses>(&scope, &id).or_internal(),
        false => call.tx.put(&scope, &id, &uses).or_internal(),
    }
}
