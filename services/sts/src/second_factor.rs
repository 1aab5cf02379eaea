//! The second factor that a request shows: the serial number of a device, and a code of it.

use base::Timestamp;
use identity::mfa::Verdict;
use identity::record::MfaOwner;
use platform::{Call, Identity};
use shape::Failure;
use shape::error::ACCESS_DENIED;

/// Checks the code of a request and uses it up. Returns when a second factor was shown: now, or not at all.
///
/// # Errors
/// `AccessDenied` for a device that is not the caller's, a wrong code, or one of both without the other.
pub(crate) async fn check(
    call: &mut Call,
    serial_number: Option<&str>,
    token_code: Option<&str>,
) -> Result<Option<Timestamp>, Failure> {
    let refused = |why: &str| {
        let text = format!("MultiFactorAuthentication failed{why}");
        Err(ACCESS_DENIED.because(text))
    };
    let (serial, code) = match (serial_number, token_code) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => return refused(", must provide both MFA serial number and one time pass code."),
    };
    // Only who has a device of its own can show one.
    let owner = match (&call.caller.identity, &call.caller.session) {
        (Identity::Root, None) => Some(MfaOwner::Root),
        (Identity::User { name, .. }, None) => Some(MfaOwner::User(name.clone())),
        _ => None,
    };
    let verdict = match &owner {
        Some(owner) => call.verify_mfa(owner, serial, code).await?,
        None => Verdict::NotTheirs,
    };
    match verdict {
        Verdict::Accepted => Ok(Some(call.now.trunc_seconds())),
        Verdict::WrongCode => refused(" with invalid MFA one time pass code. "),
        Verdict::NotTheirs => refused(
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
        ),
    }
}
