//! Failures, written the way the clients of each protocol read them.

use http::header::HeaderName;
use shape::{Failure, Fault, Protocol, ServiceSchema, Shape};

use super::query::namespace;
use super::{Scope, TYPE_MEMBER, answer, cbor, header_value, is_s3, json, rest, xml};
use crate::request::Response;

/// The error's name, for clients that read headers before the body.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The Query protocol's error code and fault, for clients of services that once spoke it.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// Writes `failure` as the answer of `service`.
pub fn encode_error(
    protocol: Protocol,
    service: &ServiceSchema,
    failure: &Failure,
    request_id: &str,
) -> Response {
    let mut body = Vec::new();
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => {
            json_body(protocol, service, failure, &mut body);
        }
        Protocol::RpcV2Cbor => {
            let name = type_name(protocol, service, failure);
            let before = [(TYPE_MEMBER, &*name), (message_member(failure), &*failure.message)];
            let used = if failure.message.is_empty() { 1 } else { 2 };
            cbor::write(&before[..used], failure.fields.as_deref(), &mut body);
        }
        Protocol::Ec2Query => body = super::xml(|out| ec2(failure, request_id, out)),
        Protocol::RestXml if is_s3(service) => {
            body = super::xml(|out| s3(failure, request_id, out));
        }
        Protocol::AwsQuery | Protocol::RestXml => {
            let scope = scope(protocol);
            body = super::xml(|out| wrapped(service, failure, scope, request_id, out));
        }
    }
    let mut response =
        answer(protocol, service, status(protocol, service, failure), request_id, body);
    if protocol == Protocol::RestJson1 {
        response.headers.insert(ERROR_TYPE, header_value(failure.error.name));
    }
    if let (Protocol::RestJson1 | Protocol::RestXml, Some(fields)) = (protocol, &failure.fields) {
        rest::bound(fields.as_ref(), &mut response);
    }
    let names_itself = !matches!(protocol, Protocol::AwsQuery | Protocol::Ec2Query);
    if let (true, true, Some(code)) =
        (service.query_compatible, names_itself, failure.error.query_code)
    {
        let value = format!("{code};{}", fault(failure));
        response.headers.insert(QUERY_ERROR, header_value(&value));
    }
    response
}

/// Query and most of restXml: the error in an envelope with the request id.
fn wrapped(
    service: &ServiceSchema,
    failure: &Failure,
    scope: Scope,
    request_id: &str,
    out: &mut String,
) {
    xml::Writer::new(out).wrap("ErrorResponse", namespace(service), |xml| {
        xml.wrap("Error", None, |xml| {
            xml.text("Type", None, fault(failure));
            xml_members(failure, scope, xml);
        });
        xml.text("RequestId", None, request_id);
    });
}

fn ec2(failure: &Failure, request_id: &str, out: &mut String) {
    let mut xml = xml::Writer::new(out);
    xml.declaration();
    xml.wrap("Response", None, |xml| {
        xml.wrap("Errors", None, |xml| {
            xml.wrap("Error", None, |xml| xml_members(failure, Scope::All, xml))
        });
        xml.text("RequestID", None, request_id);
    });
}

fn s3(failure: &Failure, request_id: &str, out: &mut String) {
    let mut xml = xml::Writer::new(out);
    xml.declaration();
    xml.wrap("Error", None, |xml| {
        xml_members(failure, Scope::Answer, xml);
        xml.text("RequestId", None, request_id);
    });
}

fn xml_members(failure: &Failure, scope: Scope, xml: &mut xml::Writer<'_>) {
    xml.text("Code", None, failure.error.query_code());
    xml.text("Message", None, &failure.message);
    if let Some(fields) = &failure.fields {
        xml.members(fields.as_ref(), scope);
    }
}

/// Which of an error's members stand in the body.
fn scope(protocol: Protocol) -> Scope {
    match protocol {
        Protocol::RestJson1 | Protocol::RestXml => Scope::Answer,
        _ => Scope::All,
    }
}

/// The status. Front ends of the RPC protocols answer 400 where others say 403; services that once spoke Query have
/// statuses in their models that only hold there.
fn status(protocol: Protocol, service: &ServiceSchema, failure: &Failure) -> u16 {
    let rpc = matches!(protocol, Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor);
    match (protocol, failure.error.fault) {
        (Protocol::AwsQuery | Protocol::Ec2Query, _) => failure.error.status,
        (_, Fault::Client) if rpc && failure.error.status == 403 => 400,
        _ if !service.query_compatible => failure.error.status,
        (_, Fault::Client) => 400,
        (_, Fault::Server) => 500,
    }
}

fn json_body(protocol: Protocol, service: &ServiceSchema, failure: &Failure, out: &mut Vec<u8>) {
    let mut object = json::Object::open(out);
    if protocol != Protocol::RestJson1 {
        json::string(&type_name(protocol, service, failure), object.key(TYPE_MEMBER));
    }
    if !failure.message.is_empty() {
        json::string(&failure.message, object.key(message_member(failure)));
    }
    if let Some(fields) = &failure.fields {
        object.members(fields.as_ref(), scope(protocol));
    }
    object.close();
}

/// JSON 1.0 and CBOR name errors with their namespace, which clients cut off; JSON 1.1 without.
fn type_name(protocol: Protocol, service: &ServiceSchema, failure: &Failure) -> String {
    match protocol {
        Protocol::AwsJson11 => failure.error.name.to_owned(),
        _ => format!("com.amazonaws.{}#{}", service.name, failure.error.name),
    }
}

/// Models spell the message's member both ways; where the failure does not carry its shape, the usual one is used.
fn message_member(failure: &Failure) -> &'static str {
    let members = failure.fields.as_deref().map(|fields: &dyn Shape| fields.schema().members());
    members
        .into_iter()
        .flatten()
        .map(|member| member.wire_name())
        .find(|name| name.eq_ignore_ascii_case("message"))
        .unwrap_or("message")
}

fn fault(failure: &Failure) -> &'static str {
    match failure.error.fault {
        Fault::Client => "Sender",
        Fault::Server => "Receiver",
    }
}
