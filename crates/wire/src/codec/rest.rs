//! restJson1 and restXml: members bound to the path, the query string, headers, the status and the body.
//!
//! The body is JSON or XML: either a document of the members that are bound to nothing else, or the one member that
//! is the payload.

mod header;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use shape::{
    Kind, Location, Member, OperationSchema, Scalar, ServiceSchema, Shape, TimestampFormat, Value,
    View,
};

use super::error::{DecodeError, STRING};
use super::target::Target;
use super::{Scope, form, header_value, json, query, text, xml};
use crate::limits::MAX_QUERY_PARAMS;
use crate::request::{Request, Response};

/// How paths and query strings write moments.
const TIMESTAMP: TimestampFormat = TimestampFormat::DateTime;

/// What the body is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

/// Fills `into` from all parts of the request.
pub(crate) fn read(
    format: Format,
    request: &Request,
    labels: &[(&str, String)],
    into: &mut dyn Shape,
) -> Result<(), DecodeError> {
    let schema = into.schema();
    let parameters = if schema.members().iter().any(|m| m.traits.location == Location::Query) {
        form::pairs(request.query.as_bytes(), MAX_QUERY_PARAMS)?
    } else {
        Vec::new()
    };
    for (index, member) in schema.members().iter().enumerate() {
        match member.traits.location {
            Location::Uri => {
                if let Some((_, label)) = labels.iter().find(|(n, _)| *n == member.wire_name()) {
                    let scalar = text::parse(member, label, TIMESTAMP)?;
                    Target::field(into, index)?.set(STRING, scalar)?;
                }
            }
            Location::Query => query_member(&parameters, into, index)?,
            Location::Header => header::read(&request.headers, into, index)?,
            Location::Headers => header::read_prefixed(&request.headers, into, index)?,
            Location::Payload => payload(format, &request.body, into, index)?,
            Location::Body | Location::StatusCode => {}
        }
    }
    if request.body.is_empty() || !Scope::Request.any(schema) {
        return Ok(());
    }
    match format {
        Format::Json => json::read(&request.body, Scope::Request, into),
        Format::Xml => xml::read(&request.body, into),
    }
}

fn query_member(
    parameters: &[(String, String)],
    into: &mut dyn Shape,
    index: usize,
) -> Result<(), DecodeError> {
    let member = &into.schema().members()[index];
    let mut values = parameters.iter().filter(|(name, _)| name == member.wire_name());
    match member.target.kind {
        Kind::List { member: element, sparse } => {
            for (_, value) in values {
                let list = into.field_mut(index).list_mut();
                let list = list.ok_or(DecodeError::Container("list"))?;
                let scalar = text::parse(element, value, TIMESTAMP)?;
                Target::element(list, element, sparse).set(STRING, scalar)?;
            }
        }
        // All parameters, also those that have members of their own (Smithy, 'httpQueryParams trait').
        Kind::Map { value: element, sparse, .. } => {
            for (at, (name, value)) in parameters.iter().enumerate() {
                let map = into.field_mut(index).map_mut();
                let map = map.ok_or(DecodeError::Container("map"))?;
                match element.target.kind {
                    Kind::List { member, sparse } => {
                        let list = map.entry(name.clone()).list_mut();
                        let list = list.ok_or(DecodeError::Container("list"))?;
                        let scalar = text::parse(member, value, TIMESTAMP)?;
                        Target::element(list, member, sparse).set(STRING, scalar)?;
                    }
                    _ if parameters[..at].iter().any(|(earlier, _)| earlier == name) => {}
                    _ => {
                        let scalar = text::parse(element, value, TIMESTAMP)?;
                        Target::entry(map, name.clone(), element, sparse).set(STRING, scalar)?;
                    }
                }
            }
        }
        _ => {
            if let Some((name, value)) = values.next() {
                if values.next().is_some() {
                    return Err(DecodeError::Duplicate(name.clone()));
                }
                let scalar = text::parse(member, value, TIMESTAMP)?;
                Target::field(into, index)?.set(STRING, scalar)?;
            }
        }
    }
    Ok(())
}

fn payload(
    format: Format,
    body: &Bytes,
    into: &mut dyn Shape,
    index: usize,
) -> Result<(), DecodeError> {
    if body.is_empty() {
        return Ok(());
    }
    let target = Target::field(into, index)?;
    match target.kind() {
        Kind::Blob => target.set(STRING, Scalar::Blob(body.to_vec())),
        Kind::String | Kind::Enum(_) => {
            let text = String::from_utf8(body.to_vec())
                .map_err(|error| DecodeError::malformed("UTF-8", error.utf8_error()))?;
            target.set(STRING, Scalar::String(text))
        }
        _ => match format {
            Format::Json => json::read_value(body, target),
            Format::Xml => xml::read_value(body, target),
        },
    }
}

/// Writes `output` into `response`, which has the headers that all answers have.
pub(crate) fn write(
    format: Format,
    service: &ServiceSchema,
    operation: &OperationSchema,
    output: &dyn Shape,
    response: &mut Response,
) {
    let content_type = response.headers.remove(CONTENT_TYPE);
    bound(output, response);
    let schema = output.schema();
    let members = schema.members().iter().enumerate();
    let payload = { members }.find(|(_, member)| member.traits.location == Location::Payload);
    let (body, content_type) = match payload {
        Some((index, member)) => write_payload(format, output.field(index), member, content_type),
        None if operation.output.is_none() => return,
        None => (document(format, service, operation, output), content_type),
    };
    response.body = Bytes::from(body);
    if let (Some(content_type), false) = (content_type, response.headers.contains_key(CONTENT_TYPE))
    {
        response.headers.insert(CONTENT_TYPE, content_type);
    }
}

/// Writes the headers and the status that members are bound to.
pub(crate) fn bound(shape: &dyn Shape, response: &mut Response) {
    for (index, member) in shape.schema().members().iter().enumerate() {
        let value = shape.field(index);
        match member.traits.location {
            Location::Header => {
                if let Some(text) = header::render(value, member) {
                    insert(&mut response.headers, member.wire_name(), &text);
                }
            }
            Location::Headers => {
                let View::Map(map) = value.view() else { continue };
                let Kind::Map { value: element, .. } = member.target.kind else { continue };
                for (name, entry) in map.entries() {
                    if let Some(text) = header::render(entry, element) {
                        let name = format!("{}{name}", member.wire_name());
                        insert(&mut response.headers, &name, &text);
                    }
                }
            }
            Location::StatusCode => {
                if let View::Integer(status) = value.view() {
                    response.status = u16::try_from(status).unwrap_or(response.status);
                }
            }
            _ => {}
        }
    }
}

/// Sets a header; a name that no header can have is left out, since the answer stands without it.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
        headers.insert(name, header_value(value));
    }
}

fn document(
    format: Format,
    service: &ServiceSchema,
    operation: &OperationSchema,
    output: &dyn Shape,
) -> Vec<u8> {
    match format {
        Format::Json => {
            let mut out = Vec::new();
            json::write(output, Scope::Answer, &mut out);
            out
        }
        // Without members in the body, JSON has an empty object and XML nothing.
        Format::Xml if !Scope::Answer.any(output.schema()) => Vec::new(),
        Format::Xml => {
            let name = operation.result_wrapper.unwrap_or(output.schema().name);
            let mut out = String::new();
            let mut xml = xml::Writer::new(&mut out);
            xml.declaration();
            xml.structure(output, Scope::Answer, name, query::namespace(service));
            out.into_bytes()
        }
    }
}

fn write_payload(
    format: Format,
    value: &dyn Value,
    member: &Member,
    content_type: Option<HeaderValue>,
) -> (Vec<u8>, Option<HeaderValue>) {
    match value.view() {
        View::Absent => (Vec::new(), None),
        View::Blob(bytes) => {
            (bytes.to_vec(), Some(HeaderValue::from_static("application/octet-stream")))
        }
        View::String(text) => {
            (text.as_bytes().to_vec(), Some(HeaderValue::from_static("text/plain")))
        }
        _ => {
            let body = match format {
                Format::Json => {
                    let mut out = Vec::new();
                    json::value(value, member, &mut out);
                    out
                }
                Format::Xml => {
                    let mut out = String::new();
                    let mut xml = xml::Writer::new(&mut out);
                    xml.declaration();
                    let name = member.traits.wire_name.unwrap_or(member.target.name);
                    xml.element(value, member, name);
                    out.into_bytes()
                }
            };
            (body, content_type)
        }
    }
}
