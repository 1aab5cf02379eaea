//! From output or failure back to bytes.

use shape::error::UNKNOWN_OPERATION;
use shape::{ErrorSchema, Failure, Fault, Protocol, ServiceSchema, Shape};
use wire::Response;
use wire::codec::{encode_error, encode_output};
use wire::route::RouteError;

use super::route::Route;

/// The answer to a routed call.
pub(crate) fn encode(
    route: &Route,
    outcome: &Result<Box<dyn Shape>, Failure>,
    request_id: &str,
) -> Response {
    let Route { protocol, service, operation, .. } = route;
    match outcome {
        Ok(output) => encode_output(*protocol, service, operation, output.as_ref(), request_id),
        Err(failure) => encode_error(*protocol, service, failure, request_id),
    }
}

/// The answer to a request that leads nowhere: no service, or no operation of it.
pub(crate) fn unrouted(error: &RouteError, request_id: &str) -> Response {
    let schema = if error.status() == 404 { &NOTHING_THERE } else { &UNKNOWN_OPERATION };
    encode_error(error.protocol, &NOBODY, &schema.because(&error.message), request_id)
}

/// The answer to a request that was refused before anybody looked for its service.
pub(crate) fn early(failure: &Failure, request_id: &str) -> Response {
    encode_error(Protocol::AwsJson11, &NOBODY, failure, request_id)
}

/// [`UNKNOWN_OPERATION`] with the status that protocols with paths give it.
static NOTHING_THERE: ErrorSchema = ErrorSchema {
    name: "UnknownOperationException",
    query_code: None,
    status: 404,
    fault: Fault::Client,
};

/// Who answers when no service does.
static NOBODY: ServiceSchema = ServiceSchema {
    name: "bastide",
    sdk_id: "Bastide",
    signing_name: "bastide",
    endpoint_prefix: "bastide",
    target_prefix: None,
    api_version: "",
    protocols: &[Protocol::AwsJson11],
    query_compatible: false,
    xml_namespace: None,
    event_source: "",
    operations: &[],
};
