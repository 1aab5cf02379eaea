//! Schemas and values from the small models in the case files. Schemas are leaked, as the tables of a real service
//! are never freed either; recursion is unrolled to a depth that no case reaches.

use std::cell::RefCell;
use std::collections::BTreeMap;

use base::Timestamp;
use serde_json::Value as Json;
use shape::{
    Constraints, Document, ErrorSchema, Fault, Http, Kind, Location, Member, OperationSchema,
    Protocol, Scalar, Schema, ServiceSchema, Shape, TimestampFormat, Traits, Value, XmlNamespace,
};

const DEPTH: usize = 16;

/// One suite: a service with its shapes.
pub struct Model<'a> {
    suite: &'a Json,
    pub protocol: Protocol,
    /// The schema of operations without an output.
    pub empty: &'static Schema,
    schemas: RefCell<BTreeMap<(String, usize), &'static Schema>>,
}

impl<'a> Model<'a> {
    pub fn new(suite: &'a Json) -> Self {
        let metadata = &suite["metadata"];
        let protocol = match metadata["protocol"].as_str().expect("a protocol") {
            "json" if metadata["jsonVersion"] == "1.0" => Protocol::AwsJson10,
            "json" => Protocol::AwsJson11,
            "rest-json" => Protocol::RestJson1,
            "rest-xml" => Protocol::RestXml,
            "query" => Protocol::AwsQuery,
            "ec2" => Protocol::Ec2Query,
            "smithy-rpc-v2-cbor" => Protocol::RpcV2Cbor,
            other => panic!("unknown protocol {other}"),
        };
        let empty = leak(Schema::plain("Empty", Kind::Structure(&[])));
        Self { suite, protocol, empty, schemas: RefCell::default() }
    }

    pub fn operation(&self, case: &Json) -> &'static OperationSchema {
        let given = &case["given"];
        let shape = |side: &str| {
            let name = given[side]["shape"].as_str()?;
            Some(self.schema(name, DEPTH))
        };
        let name = text(&given["name"]).expect("a name");
        let root = given["output"]["shape"].as_str();
        let result_wrapper = match self.protocol {
            // The models of Query services name it like this; those of the cases leave it out.
            Protocol::AwsQuery => Some(&*format!("{name}Result").leak()),
            Protocol::RestXml => root.and_then(|root| text(&self.shape(root)["locationName"])),
            _ => None,
        };
        leak(OperationSchema {
            name,
            http: Http {
                method: text(&given["http"]["method"]).expect("a method"),
                uri: text(&given["http"]["requestUri"]).expect("a URI"),
                status: given["http"]["responseCode"].as_u64().unwrap_or(200) as u16,
            },
            input: shape("input"),
            output: shape("output"),
            input_name: None,
            input_namespace: None,
            result_wrapper,
            errors: &[],
        })
    }

    pub fn service(&self, case: &Json) -> &'static ServiceSchema {
        let root = case["given"]["output"]["shape"].as_str();
        let xml_namespace = match self.protocol {
            Protocol::AwsQuery | Protocol::Ec2Query => Some("https://example.com/"),
            Protocol::RestXml => root.and_then(|root| text(&self.shape(root)["xmlNamespace"])),
            _ => None,
        };
        leak(ServiceSchema {
            name: "example",
            sdk_id: "Example",
            signing_name: "example",
            endpoint_prefix: "example",
            target_prefix: None,
            api_version: "2020-01-01",
            protocols: &[],
            xml_namespace,
            query_compatible: self.suite["metadata"]["awsQueryCompatible"].is_object(),
            event_source: "example.amazonaws.com",
            operations: &[],
        })
    }

    /// The error of a case and its members.
    pub fn error(&self, case: &Json) -> (&'static ErrorSchema, &'static Schema) {
        let name = text(&case["given"]["errors"][0]["shape"]).expect("an error");
        let shape = self.shape(name);
        let fault = shape["fault"] == true;
        let status = shape["error"]["httpStatusCode"].as_u64();
        let error = leak(ErrorSchema {
            name,
            query_code: text(&shape["error"]["code"]),
            status: status.unwrap_or(if fault { 500 } else { 400 }) as u16,
            fault: if fault { Fault::Server } else { Fault::Client },
        });
        (error, self.schema(name, DEPTH))
    }

    fn shape(&self, name: &str) -> &'a Json {
        &self.suite["shapes"][name]
    }

    fn schema(&self, name: &str, depth: usize) -> &'static Schema {
        let key = (name.to_owned(), depth);
        if let Some(known) = self.schemas.borrow().get(&key) {
            return known;
        }
        let shape = self.shape(name);
        let kind = if shape["document"] == true { Kind::Document } else { self.kind(shape, depth) };
        let schema = leak(Schema {
            name: name.to_owned().leak(),
            kind,
            sensitive: false,
            constraints: Constraints::NONE,
        });
        self.schemas.borrow_mut().insert(key, schema);
        schema
    }

    fn kind(&self, shape: &Json, depth: usize) -> Kind {
        let member =
            |name: &str| -> &'static Member { leak(self.member(name, &shape[name], shape, depth)) };
        match shape["type"].as_str().expect("a type") {
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "blob" => Kind::Blob,
            "string" => Kind::String,
            "timestamp" => Kind::Timestamp(shape["timestampFormat"].as_str().map(|f| match f {
                "iso8601" => TimestampFormat::DateTime,
                "rfc822" => TimestampFormat::HttpDate,
                "unixTimestamp" => TimestampFormat::EpochSeconds,
                other => panic!("unknown timestamp format {other}"),
            })),
            "list" => Kind::List { member: member("member"), sparse: false },
            "map" => Kind::Map { key: member("key"), value: member("value"), sparse: false },
            "structure" => {
                let members = shape["members"].as_object().expect("members");
                let members: Vec<Member> = members
                    .iter()
                    .filter(|_| depth > 0)
                    .map(|(name, member)| self.member(name, member, shape, depth))
                    .collect();
                match shape["union"] == true {
                    true => Kind::Union(members.leak()),
                    false => Kind::Structure(members.leak()),
                }
            }
            other => panic!("unknown type {other}"),
        }
    }

    fn member(&self, name: &str, member: &Json, parent: &Json, depth: usize) -> Member {
        let target = member["shape"].as_str().expect("a shape");
        let shape = self.shape(target);
        let rest = matches!(self.protocol, Protocol::RestJson1 | Protocol::RestXml);
        let payload = rest && parent["payload"] == name;
        let location = match member["location"].as_str() {
            Some("header") => Location::Header,
            Some("headers") => Location::Headers,
            Some("querystring") => Location::Query,
            Some("uri") => Location::Uri,
            Some("statusCode") => Location::StatusCode,
            Some(other) => panic!("unknown location {other}"),
            None if payload => Location::Payload,
            None => Location::Body,
        };
        // A shape's own name counts only where the shape is the root of the body, and is hidden there by a member's name
        // only if that is more than the member's name again.
        let own = text(&member["locationName"]).filter(|own| !payload || *own != name);
        let wire_name = own.or_else(|| text(&shape["locationName"]).filter(|_| payload));
        let inherited = if rest { &shape["xmlNamespace"] } else { &Json::Null };
        let namespace = [&member["xmlNamespace"], inherited];
        Member {
            name: name.to_owned().leak(),
            target: self.schema(target, depth.saturating_sub(1)),
            required: false,
            traits: Traits {
                location,
                wire_name,
                xml_attribute: member["xmlAttribute"] == true,
                flattened: member["flattened"] == true || shape["flattened"] == true,
                xml_namespace: namespace.into_iter().find_map(xml_namespace),
                idempotency_token: member["idempotencyToken"] == true,
                json_value: member["jsonvalue"] == true,
                ..Traits::NONE
            },
        }
    }
}

fn xml_namespace(json: &Json) -> Option<XmlNamespace> {
    match json {
        Json::String(_) => Some(XmlNamespace { prefix: None, uri: text(json)? }),
        _ => Some(XmlNamespace { prefix: text(&json["prefix"]), uri: text(&json["uri"])? }),
    }
}

fn text(json: &Json) -> Option<&'static str> {
    json.as_str().map(|text| &*text.to_owned().leak())
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// The members of an error other than its message, which the failure carries by itself.
pub fn without_message(error: &Json) -> Json {
    let mut error = error.clone();
    if let Some(members) = error.as_object_mut() {
        members.retain(|name, _| !name.eq_ignore_ascii_case("message"));
    }
    error
}

/// Fills a structure from the values of a case.
pub fn fill_shape(shape: &mut dyn Shape, json: &Json) {
    for (name, json) in json.as_object().into_iter().flatten() {
        let index = shape.schema().member_index(name).unwrap_or_else(|| panic!("no member {name}"));
        let member = &shape.schema().members()[index];
        fill(shape.field_mut(index), member, json);
    }
}

fn fill(value: &mut dyn Value, member: &Member, json: &Json) {
    let scalar = match (member.target.kind, json) {
        (_, Json::Null) => return,
        (Kind::Document, json) => Scalar::Document(document(json)),
        (Kind::Structure(_) | Kind::Union(_), json) => {
            return fill_shape(value.shape_mut().expect("a shape"), json);
        }
        (Kind::List { member, .. }, Json::Array(items)) => {
            let list = value.list_mut().expect("a list");
            return items.iter().for_each(|item| fill(list.push(), member, item));
        }
        (Kind::Map { value: member, .. }, Json::Object(entries)) => {
            let map = value.map_mut().expect("a map");
            return entries.iter().for_each(|(k, item)| fill(map.entry(k.clone()), member, item));
        }
        (Kind::Blob, Json::String(text)) => Scalar::Blob(text.as_bytes().to_vec()),
        (Kind::Timestamp(_), Json::Number(number)) => {
            let seconds = number.as_f64().expect("a number");
            Scalar::Timestamp(Timestamp::from_seconds_f64(seconds).expect("a moment"))
        }
        (Kind::Float | Kind::Double, Json::String(name)) => {
            Scalar::Double(name.parse().expect("a number that is not finite"))
        }
        (_, Json::Bool(value)) => Scalar::Boolean(*value),
        (_, Json::String(text)) => Scalar::String(text.clone()),
        (_, Json::Number(number)) => match number.as_i64() {
            Some(number) => Scalar::Integer(number),
            None => Scalar::Double(number.as_f64().expect("a number")),
        },
        (_, json) => panic!("{json} does not fit {}", member.name),
    };
    value.set(scalar).unwrap_or_else(|_| panic!("{json} does not fit {}", member.name));
}

fn document(json: &Json) -> Document {
    match json {
        Json::Null => Document::Null,
        Json::Bool(value) => Document::Boolean(*value),
        Json::Number(number) => number.as_i64().map_or_else(
            || Document::Double(number.as_f64().expect("a number")),
            Document::Integer,
        ),
        Json::String(text) => Document::String(text.clone()),
        Json::Array(items) => Document::List(items.iter().map(document).collect()),
        Json::Object(entries) => {
            Document::Map(entries.iter().map(|(key, item)| (key.clone(), document(item))).collect())
        }
    }
}
