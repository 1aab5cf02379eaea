//! DryRun: the whole request is checked, authorization included, and nothing is done.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html>

use api_kms::DryRunModifierType;
use api_kms::error::DRY_RUN_OPERATION_EXCEPTION;
use shape::Failure;

/// Ends a dry run. Called where the operation would begin to take effect.
///
/// # Errors
/// `DryRunOperationException`, which says that the request would have succeeded.
pub(crate) fn stop(dry_run: Option<bool>) -> Result<(), Failure> {
    if dry_run == Some(true) {
        let text = "The request would have succeeded, but the DryRun option is set.";
        return Err(DRY_RUN_OPERATION_EXCEPTION.because(text));
    }
    Ok(())
}

/// Whether this is a dry run that looks at permissions alone, not at the ciphertext.
pub(crate) fn ignores_ciphertext(
    dry_run: Option<bool>,
    modifiers: Option<&Vec<DryRunModifierType>>,
) -> bool {
    dry_run == Some(true)
        && modifiers.is_some_and(|list| list.contains(&DryRunModifierType::IgnoreCiphertext))
}
