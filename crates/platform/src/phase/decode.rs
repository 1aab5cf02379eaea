//! From bytes to typed, valid input.

use shape::error::VALIDATION;
use shape::{Failure, Shape, validate, validation_message};
use wire::Request;

use super::route::Route;

/// Fills `input` from the request and checks its constraints.
pub(crate) fn decode(
    route: &Route,
    request: &Request,
    input: &mut dyn Shape,
) -> Result<(), Failure> {
    wire::codec::decode_input(route.protocol, route.operation, request, &route.labels, input)
        .map_err(Failure::from)?;
    match violations(input) {
        None => Ok(()),
        Some(failure) => Err(failure),
    }
}

/// The `ValidationException` for an input that breaks constraints.
pub(crate) fn violations(input: &dyn Shape) -> Option<Failure> {
    let violations = validate(input);
    (!violations.is_empty()).then(|| VALIDATION.because(validation_message(&violations)))
}
