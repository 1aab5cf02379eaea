//! The second factor that a request shows: the serial number of a device, and a code of it.

use base::Timestamp;
use platform::Call;
use shape::Failure;
use shape::error::ACCESS_DENIED;

/// Checks the code of a request. Returns when a second factor was shown: now, or not at all.
///
/// # Errors
/// `AccessDenied` for a device that is not the caller's, a wrong code, or one of both without the other.
pub(crate) async fn check(
    _call: &mut Call,
    serial_number: Option<&str>,
    token_code: Option<&str>,
) -> Result<Option<Timestamp>, Failure> {
    match (serial_number, token_code) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ACCESS_DENIED.because(
            "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.",
        )),
        _ => Err(ACCESS_DENIED.because(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )),
    }
}
