//! What must be equal between a case and what the codecs made of it.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use shape::{Kind, Location, Member, Protocol, Schema, Shape, Value, View};
use wire::request::Response;

use crate::document::{Element, Tree, cbor, json, map_keys, xml};

/// Compares values that a client sent with those that were decoded.
///
/// Not every message carries everything: forms and query strings have no empty collections, a token that the client
/// makes up is in the message only, and a map of all query parameters also holds those with members of their own.
pub fn input(protocol: Protocol, sent: &dyn Shape, decoded: &dyn Shape) -> Result<(), String> {
    let schema = sent.schema();
    let form = matches!(protocol, Protocol::AwsQuery | Protocol::Ec2Query);
    for (index, member) in schema.members().iter().enumerate() {
        let (a, b) = (sent.field(index), decoded.field(index));
        let bound = member.traits.location != Location::Body;
        if member.traits.idempotency_token && a.is_absent()
            || (form || bound) && is_empty(a) && b.is_absent()
        {
            continue;
        }
        if member.traits.location == Location::Query
            && matches!(member.target.kind, Kind::Map { .. })
        {
            all_parameters(schema, a, b)?;
            continue;
        }
        value(a, b, &|a, b| input(protocol, a, b))
            .map_err(|reason| format!("{}: {reason}", member.name))?;
    }
    Ok(())
}

fn is_empty(value: &dyn Value) -> bool {
    match value.view() {
        View::List(list) => list.is_empty(),
        View::Map(map) => map.is_empty(),
        _ => false,
    }
}

fn all_parameters(schema: &Schema, sent: &dyn Value, decoded: &dyn Value) -> Result<(), String> {
    let View::Map(decoded) = decoded.view() else {
        return if sent.is_absent() { Ok(()) } else { Err("there is no map".into()) };
    };
    let mut left: Vec<_> = decoded.entries().collect();
    if let View::Map(sent) = sent.view() {
        for (key, entry) in sent.entries() {
            let at = left.iter().position(|(found, _)| *found == key);
            let (_, found) = left.remove(at.ok_or_else(|| format!("no entry {key}"))?);
            value(entry, found, &|_, _| Ok(()))?;
        }
    }
    let named = |name: &str| {
        let mut members = schema.members().iter();
        members.any(|m| m.traits.location == Location::Query && m.wire_name() == name)
    };
    // Literals of the path template are parameters as well.
    match left.into_iter().find(|(name, _)| !named(name) && *name != "foo") {
        Some((name, _)) => Err(format!("unexpected entry {name}")),
        None => Ok(()),
    }
}

type Structures<'c> = &'c dyn Fn(&dyn Shape, &dyn Shape) -> Result<(), String>;

fn value(a: &dyn Value, b: &dyn Value, structures: Structures<'_>) -> Result<(), String> {
    let same = match (a.view(), b.view()) {
        (View::Absent, View::Absent) => true,
        (View::Boolean(a), View::Boolean(b)) => a == b,
        (View::Integer(a), View::Integer(b)) => a == b,
        (View::Double(a), View::Double(b)) => a == b || a.is_nan() && b.is_nan(),
        (View::String(a), View::String(b)) => a == b,
        (View::Blob(a), View::Blob(b)) => a == b,
        (View::Timestamp(a), View::Timestamp(b)) => a == b,
        (View::Document(a), View::Document(b)) => a == b,
        (View::Shape(a), View::Shape(b)) => return structures(a, b),
        (View::List(a), View::List(b)) if a.len() == b.len() => {
            return (0..a.len()).try_for_each(|at| value(a.at(at), b.at(at), structures));
        }
        (View::Map(a), View::Map(b)) if a.len() == b.len() => {
            return a.entries().zip(b.entries()).try_for_each(|((key, a), (found, b))| {
                if key != found {
                    return Err(format!("{key} is not {found}"));
                }
                value(a, b, structures)
            });
        }
        _ => false,
    };
    if same { Ok(()) } else { Err(format!("{} is not {}", show(a), show(b))) }
}

fn show(value: &dyn Value) -> String {
    match value.view() {
        View::Absent => "null".into(),
        View::Boolean(b) => b.to_string(),
        View::Integer(n) => n.to_string(),
        View::Double(n) => n.to_string(),
        View::String(s) => format!("{s:?}"),
        View::Blob(b) => format!("{:?}", String::from_utf8_lossy(b)),
        View::Timestamp(t) => t.to_string(),
        View::Document(d) => format!("{d:?}"),
        View::List(l) => format!("a list of {}", l.len()),
        View::Map(m) => format!("a map of {}", m.len()),
        View::Shape(s) => s.schema().name.into(),
    }
}

/// Compares a successful answer.
pub fn output(
    protocol: Protocol,
    expected: &Json,
    schema: &Schema,
    response: &Response,
) -> Result<(), String> {
    head(expected, response)?;
    let body = match &expected["body"] {
        Json::Null => return Ok(()),
        body => body.as_str().expect("text"),
    };
    let raw = |member: &&Member| {
        let kind = member.target.kind;
        member.traits.location == Location::Payload
            && matches!(kind, Kind::Blob | Kind::String | Kind::Enum(_))
    };
    let found = &response.body;
    if body.is_empty() != found.is_empty() || schema.members().iter().find(raw).is_some() {
        let found = String::from_utf8_lossy(found);
        return if body == found { Ok(()) } else { Err(format!("{body:?} is not {found:?}")) };
    }
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 => {
            same(json(body.as_bytes())?, json(found)?)
        }
        Protocol::RpcV2Cbor => same(cbor(&decoded(body))?, cbor(found)?),
        Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => {
            let read = |body: &[u8]| -> Result<Element, String> {
                let mut keys = BTreeSet::new();
                map_keys(schema, &mut keys);
                let mut root = xml(body)?;
                root.remove(&["requestId", "ResponseMetadata"]);
                root.order(&keys);
                Ok(root)
            };
            same(read(body.as_bytes())?, read(found)?)
        }
    }
}

/// Compares a failure by what a client reads: status, code, message, members.
pub fn failure(
    protocol: Protocol,
    case: &Json,
    schema: &Schema,
    response: &Response,
) -> Result<(), String> {
    let expected = &case["response"];
    let mut head_only = expected.clone();
    let headers = head_only["headers"].as_object_mut();
    let named = headers.and_then(|headers| headers.remove("X-Amzn-Errortype"));
    head(&head_only, response)?;
    let body = expected["body"].as_str().unwrap_or_default();
    let found = &response.body;
    let message = case["errorMessage"].as_str();
    match protocol {
        Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => {
            let (a, b) = (error_element(body.as_bytes())?, error_element(found)?);
            same(text(&a, "Code"), text(&b, "Code"))?;
            if a.child("Type").is_some() {
                same(text(&a, "Type"), text(&b, "Type"))?;
            }
            if let Some(message) = message {
                same(message, text(&b, "Message").unwrap_or_default())?;
            }
            let members = schema.members().iter().filter(|m| m.traits.location == Location::Body);
            for name in members.map(Member::wire_name).filter(|name| *name != "Message") {
                same(a.child(name), b.child(name))?;
            }
            Ok(())
        }
        _ => {
            let read = |body: &[u8]| match protocol {
                Protocol::RpcV2Cbor => cbor(body),
                _ => json(body),
            };
            let bytes = match protocol {
                Protocol::RpcV2Cbor => decoded(body),
                _ => body.as_bytes().to_vec(),
            };
            let (a, b) = (read(&bytes)?, read(found)?);
            let header = response.headers.get("x-amzn-errortype");
            let header = header.map(|value| value.to_str().expect("text").to_owned());
            let named = named.and_then(|named| named.as_str().map(str::to_owned));
            same(code(named, &a), code(header, &b))?;
            if let Some(message) = message {
                let found = b.get("message").or(b.get("Message")).and_then(Tree::text);
                same(message, found.unwrap_or_default())?;
            }
            same(members(a), members(b))
        }
    }
}

/// What clients take for the code: without a namespace before and a URI behind.
fn code(header: Option<String>, body: &Tree) -> String {
    let body = || body.get("__type").or(body.get("code")).and_then(Tree::text).map(str::to_owned);
    let code = header.or_else(body).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}

fn members(body: Tree) -> Vec<(String, Tree)> {
    let Tree::Map(mut members) = body else { return Vec::new() };
    members.retain(|(name, _)| {
        !["__type", "code"].contains(&&**name) && !name.eq_ignore_ascii_case("message")
    });
    members
}

fn error_element(body: &[u8]) -> Result<Element, String> {
    let mut root = xml(body)?;
    root.order(&BTreeSet::new());
    let inner = root.child("Errors").unwrap_or(&root);
    inner.child("Error").cloned().ok_or_else(|| format!("no error in {root:?}"))
}

fn text<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element.child(name).map(|child| child.text.as_str())
}

fn decoded(body: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(body).expect("Base64")
}

fn head(expected: &Json, response: &Response) -> Result<(), String> {
    let status = expected["status_code"].as_u64().expect("a status");
    same(status, u64::from(response.status))?;
    for (name, value) in expected["headers"].as_object().into_iter().flatten() {
        // The length is the connection's business; the target belongs to requests.
        if ["Content-Length", "X-Amz-Target"].contains(&&**name) {
            continue;
        }
        let found = response.headers.get(name.as_str());
        let found = found.map(|found| found.to_str().expect("text"));
        // Of a content type, its parameters differ between the cases of one protocol.
        let media = |value: Option<&str>| match name.as_str() {
            "Content-Type" => value.and_then(|value| value.split(';').next()).map(str::to_owned),
            _ => value.map(str::to_owned),
        };
        if media(found) != media(value.as_str()) {
            return Err(format!("{name} is {found:?}, not {value}"));
        }
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(a: T, b: T) -> Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("{a:?} is not {b:?}")) }
}
