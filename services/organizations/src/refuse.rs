//! Refusals in Organizations' words, with the reason that the API gives besides the message.

use api_organizations::error::{
    ACCESS_DENIED_EXCEPTION, AWS_ORGANIZATIONS_NOT_IN_USE_EXCEPTION,
    CONSTRAINT_VIOLATION_EXCEPTION, HANDSHAKE_CONSTRAINT_VIOLATION_EXCEPTION,
    INVALID_INPUT_EXCEPTION,
};
use api_organizations::{
    ConstraintViolationException, ConstraintViolationExceptionReason,
    HandshakeConstraintViolationException, HandshakeConstraintViolationExceptionReason,
    InvalidInputException, InvalidInputExceptionReason,
};
pub(crate) use platform::OrInternal;
use shape::Failure;

/// `ConstraintViolationException`: a rule or quota of the organization stands against it.
pub(crate) fn constraint(reason: ConstraintViolationExceptionReason, text: &str) -> Failure {
    let fields = ConstraintViolationException { reason: Some(reason), message: None };
    Failure { fields: Some(Box::new(fields)), ..CONSTRAINT_VIOLATION_EXCEPTION.because(text) }
}

/// `InvalidInputException`: the request itself is wrong.
pub(crate) fn invalid(reason: InvalidInputExceptionReason, text: &str) -> Failure {
    let fields = InvalidInputException { reason: Some(reason), message: None };
    Failure { fields: Some(Box::new(fields)), ..INVALID_INPUT_EXCEPTION.because(text) }
}

/// `HandshakeConstraintViolationException`: the handshake cannot be begun or ended so.
pub(crate) fn handshake(
    reason: HandshakeConstraintViolationExceptionReason,
    text: &str,
) -> Failure {
    let fields = HandshakeConstraintViolationException { reason: Some(reason), message: None };
    let failure = HANDSHAKE_CONSTRAINT_VIOLATION_EXCEPTION.because(text);
    Failure { fields: Some(Box::new(fields)), ..failure }
}

/// The caller's account is in no organization.
pub(crate) fn not_in_use() -> Failure {
    AWS_ORGANIZATIONS_NOT_IN_USE_EXCEPTION
        .because("Your account is not a member of an organization.")
}

/// The operation is not the caller's account's to call.
pub(crate) fn denied() -> Failure {
    ACCESS_DENIED_EXCEPTION.because("You don't have permissions to access this resource.")
}
