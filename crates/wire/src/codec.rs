//! From an HTTP message to a typed input, and from a typed output or failure to an HTTP message, in every protocol.
//!
//! All codecs walk the schema through `dyn` and exist once, not per shape. They take and give complete messages,
//! know no socket and keep no state. What a request may cost is bounded by [`crate::limits`]; no input makes them
//! panic. The client's side of the protocols is absent.

mod budget;
mod cbor;
mod ec2;
mod error;
mod failure;
mod form;
mod json;
mod query;
mod rest;
mod target;
mod text;
mod xml;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use shape::{Location, Member, OperationSchema, Protocol, Schema, ServiceSchema, Shape};

pub use error::DecodeError;
pub use failure::encode_error;

use crate::request::{Request, Response};

/// Reads `request` as the input of `operation` into `into`, which must be a fresh value of the operation's input.
///
/// `labels` are the values of the path's labels by name, percent-decoded; protocols without paths have none.
/// Constraints of the model are not checked here, only types.
pub fn decode_input(
    protocol: Protocol,
    operation: &OperationSchema,
    request: &Request,
    labels: &[(&str, String)],
    into: &mut dyn Shape,
) -> Result<(), DecodeError> {
    if operation.input.is_none() {
        return Ok(());
    }
    match protocol {
        // Clients of operations without members may send nothing at all.
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor
            if request.body.is_empty() =>
        {
            Ok(())
        }
        Protocol::AwsJson10 | Protocol::AwsJson11 => json::read(&request.body, Scope::All, into),
        Protocol::RpcV2Cbor => cbor::read(&request.body, into),
        Protocol::RestJson1 => rest::read(rest::Format::Json, request, labels, into),
        Protocol::RestXml => rest::read(rest::Format::Xml, request, labels, into),
        Protocol::AwsQuery => query::read(query::Dialect::Query, request, into),
        Protocol::Ec2Query => query::read(query::Dialect::Ec2, request, into),
    }
}

/// Writes `output` as the successful answer of `operation`.
pub fn encode_output(
    protocol: Protocol,
    service: &ServiceSchema,
    operation: &OperationSchema,
    output: &dyn Shape,
    request_id: &str,
) -> Response {
    let mut body = Vec::new();
    match protocol {
        // An answer without a modelled output is an empty object in 1.0 and nothing in 1.1, as the services have it.
        Protocol::AwsJson11 | Protocol::RpcV2Cbor if operation.output.is_none() => {}
        Protocol::AwsJson10 | Protocol::AwsJson11 => {
            body.reserve(BODY_CAPACITY);
            json::write(output, Scope::All, &mut body);
        }
        Protocol::RpcV2Cbor => cbor::write(&[], Some(output), &mut body),
        Protocol::AwsQuery => {
            body = xml(|out| query::write(service, operation, output, request_id, out));
        }
        Protocol::Ec2Query => {
            body = xml(|out| ec2::write(service, operation, output, request_id, out));
        }
        Protocol::RestJson1 | Protocol::RestXml => {}
    }
    let mut response = answer(protocol, service, operation.http.status, request_id, body);
    match protocol {
        Protocol::RestJson1 => {
            rest::write(rest::Format::Json, service, operation, output, &mut response);
        }
        Protocol::RestXml => {
            rest::write(rest::Format::Xml, service, operation, output, &mut response);
        }
        _ => {}
    }
    response
}

fn xml(write: impl FnOnce(&mut String)) -> Vec<u8> {
    let mut out = String::with_capacity(BODY_CAPACITY);
    write(&mut out);
    out.into_bytes()
}

/// Bytes set aside for an answer's body before it is written.
const BODY_CAPACITY: usize = 512;

/// The member by which JSON and CBOR documents name a type.
const TYPE_MEMBER: &str = "__type";
/// The request id of every service but S3.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// S3's request id.
const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
/// The protocol of an rpcv2Cbor answer.
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// A response with the headers that every answer in `protocol` has.
fn answer(
    protocol: Protocol,
    service: &ServiceSchema,
    status: u16,
    request_id: &str,
    body: Vec<u8>,
) -> Response {
    let mut headers = HeaderMap::with_capacity(4);
    let id = if is_s3(service) { S3_REQUEST_ID } else { REQUEST_ID };
    headers.insert(id, header_value(request_id));
    if protocol == Protocol::RpcV2Cbor {
        headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
    }
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type(protocol)));
    Response { status, headers, body: Bytes::from(body) }
}

/// S3 names its request id differently and does not wrap its errors.
fn is_s3(service: &ServiceSchema) -> bool {
    service.signing_name == "s3"
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::AwsJson10 => "application/x-amz-json-1.0",
        Protocol::AwsJson11 => "application/x-amz-json-1.1",
        Protocol::RestJson1 => "application/json",
        Protocol::RestXml => "application/xml",
        Protocol::AwsQuery => "text/xml",
        Protocol::Ec2Query => "text/xml;charset=UTF-8",
        Protocol::RpcV2Cbor => "application/cbor",
    }
}

/// A header's value. What no header can carry becomes a space, so that no value ends a header early.
fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| {
        let carried = |b: u8| if b < b' ' && b != b'\t' || b == 0x7f { b' ' } else { b };
        let bytes: Vec<u8> = text.bytes().map(carried).collect();
        HeaderValue::from_bytes(&bytes).unwrap_or(HeaderValue::from_static(""))
    })
}

/// Which members of a structure stand in the document. HTTP bindings count at the root of a REST message only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// All: everywhere but at the root of a REST message.
    All,
    /// Those of a REST request, in which nothing is bound to a status.
    Request,
    /// Those of a REST answer, in which nothing is bound to a path or a query string.
    Answer,
}

impl Scope {
    fn holds(self, member: &Member) -> bool {
        match (self, member.traits.location) {
            (Self::All, _) | (_, Location::Body) => true,
            (Self::Request, location) => location == Location::StatusCode,
            (Self::Answer, location) => matches!(location, Location::Uri | Location::Query),
        }
    }

    /// The member with this name on the wire.
    fn member(self, schema: &Schema, name: &str) -> Option<usize> {
        let named = |member: &Member| member.wire_name() == name && self.holds(member);
        schema.members().iter().position(named)
    }

    /// Whether any member of a structure stands in the document.
    fn any(self, schema: &Schema) -> bool {
        schema.members().iter().any(|member| self.holds(member))
    }
}

/// Checks that a union has one member.
fn exactly_one(union: &dyn Shape) -> Result<(), DecodeError> {
    let schema = union.schema();
    let set = (0..schema.members().len()).filter(|&index| !union.field(index).is_absent()).count();
    if set == 1 { Ok(()) } else { Err(DecodeError::Union(schema.name)) }
}
