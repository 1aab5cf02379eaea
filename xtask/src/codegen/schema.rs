//! Writes `schema.rs`, `error.rs` and `service.rs`: the tables.

use super::Error;
use super::model::{Namespace, Reference, ShapeDef, Type};
use super::pattern;
use super::plan::Plan;

/// `schema.rs`: one static a shape.
pub(super) fn schemas(plan: &Plan<'_>) -> Result<String, Error> {
    let mut body = String::new();
    for (name, constant) in &plan.schemas {
        let def = plan.shape(name)?;
        let plain = format!("Schema::plain({name:?}, {})", kind(plan, name, def)?);
        let sensitive = if def.sensitive { "sensitive: true, " } else { "" };
        let constraints = constraints(def);
        let schema = if sensitive.is_empty() && constraints.is_empty() {
            plain
        } else {
            format!("Schema {{ {sensitive}{constraints}..{plain} }}")
        };
        body.push_str(&format!("pub static {constant}: Schema = {schema};\n"));
    }
    if let Some((constant, name)) = &plan.unit {
        body.push_str(&format!(
            "/// What stands for an input or output that the model does not have.\n\
             pub static {constant}: Schema = Schema::plain({name:?}, Kind::Structure(&[]));\n"
        ));
    }
    let imports = [
        ("Constraints", "Constraints {"),
        ("Kind", "Kind::"),
        ("Location", "Location::"),
        ("Member", "Member {"),
        ("Schema", "Schema::"),
        ("TimestampFormat", "TimestampFormat::"),
        ("Traits", "Traits"),
        ("XmlNamespace", "XmlNamespace {"),
    ];
    let imports = imports.into_iter().filter(|(_, used)| body.contains(used)).map(|(name, _)| name);
    let imports = imports.collect::<Vec<_>>().join(", ");
    Ok(format!("//! Schemas of every operation's shapes.\n\nuse shape::{{{imports}}};\n\n{body}"))
}

/// `error.rs`: one static an error.
pub(super) fn errors(plan: &Plan<'_>) -> Result<String, Error> {
    let mut body = String::new();
    for (name, constant) in &plan.errors {
        let def = plan.shape(name)?;
        let error = def.error.as_ref();
        let fault = def.fault || error.is_some_and(|e| e.fault);
        let status = error.and_then(|e| e.http_status_code);
        let status = status.unwrap_or(if fault { 500 } else { 400 });
        let code = error.and_then(|e| e.code.as_deref()).filter(|code| code != name);
        // A model that gives a server's status does not always say `fault` too.
        let fault = if fault || status >= 500 { "Server" } else { "Client" };
        body.push_str(&format!(
            "pub static {constant}: ErrorSchema = ErrorSchema {{ name: {name:?}, \
             query_code: {code:?}, status: {status}, fault: Fault::{fault} }};\n"
        ));
    }
    let imports = if body.is_empty() { "" } else { "use shape::{ErrorSchema, Fault};\n\n" };
    Ok(format!("//! Errors of the model.\n\n{imports}{body}"))
}

/// `service.rs`: the service and its operations.
pub(super) fn service(plan: &Plan<'_>) -> Result<String, Error> {
    let metadata = &plan.model.metadata;
    let namespace = plan.service.xml_namespace.as_ref().or(metadata.xml_namespace.as_ref());
    let operations: String =
        plan.operations.values().map(|constant| format!("&{constant},")).collect();
    let mut body = format!(
        "/// The service.\n\
         pub static SERVICE: ServiceSchema = ServiceSchema {{\
         name: {:?}, sdk_id: {:?}, signing_name: {:?}, endpoint_prefix: {:?}, target_prefix: {:?}, \
         api_version: {:?}, protocols: &[{}], xml_namespace: {namespace:?}, query_compatible: {}, \
         event_source: {:?}, operations: &[{operations}] }};\n\n",
        plan.service.name,
        metadata.service_id,
        metadata.signing_name.as_deref().unwrap_or(&metadata.endpoint_prefix),
        metadata.endpoint_prefix,
        metadata.target_prefix,
        metadata.api_version,
        protocols(plan)?,
        metadata.aws_query_compatible.is_some(),
        plan.service.event_source,
    );
    for (name, constant) in &plan.operations {
        body.push_str(&operation(plan, name, constant));
    }
    let namespaces = if body.contains("XmlNamespace {") { ", XmlNamespace" } else { "" };
    let errors = if body.contains("&error::") { "use crate::error;\n" } else { "" };
    let schemas = if body.contains("&schema::") { "use crate::schema;\n" } else { "" };
    Ok(format!(
        "//! The service and the table of its operations.\n\n\
         use shape::{{Http, OperationSchema, Protocol, ServiceSchema{namespaces}}};\n\n\
         {errors}{schemas}\n{body}"
    ))
}

fn operation(plan: &Plan<'_>, name: &str, constant: &str) -> String {
    let operation = &plan.model.operations[name];
    let schema = |used: &Option<Reference>| match used {
        Some(used) => format!("Some(&schema::{})", plan.schemas[used.shape.as_str()]),
        None => "None".to_owned(),
    };
    let errors = operation.errors.iter();
    let errors: String =
        errors.map(|error| format!("&error::{},", plan.errors[error.shape.as_str()])).collect();
    let input = operation.input.as_ref();
    let output = operation.output.as_ref();
    format!(
        "pub(crate) static {constant}: OperationSchema = OperationSchema {{ name: {name:?}, \
         http: Http {{ method: {:?}, uri: {:?}, status: {} }}, input: {}, output: {}, \
         input_name: {:?}, input_namespace: {}, result_wrapper: {:?}, errors: &[{errors}] }};\n\n",
        operation.http.method,
        operation.http.request_uri,
        operation.http.response_code.unwrap_or(200),
        schema(&operation.input),
        schema(&operation.output),
        input.and_then(|input| input.location_name.as_deref()),
        xml_namespace(input.and_then(|input| input.xml_namespace.as_ref())),
        output.and_then(|output| output.result_wrapper.as_deref()),
    )
}

fn protocols(plan: &Plan<'_>) -> Result<String, Error> {
    let metadata = &plan.model.metadata;
    let mut names: Vec<&str> = vec![&metadata.protocol];
    let others = plan.service.protocols.as_ref().unwrap_or(&metadata.protocols);
    names.extend(others.iter().map(String::as_str).filter(|name| *name != metadata.protocol));
    names
        .into_iter()
        .map(|name| {
            Ok(match name {
                "json" if metadata.json_version.as_deref() == Some("1.0") => "Protocol::AwsJson10,",
                "json" => "Protocol::AwsJson11,",
                "rest-json" => "Protocol::RestJson1,",
                "rest-xml" => "Protocol::RestXml,",
                "query" => "Protocol::AwsQuery,",
                "ec2" => "Protocol::Ec2Query,",
                "smithy-rpc-v2-cbor" => "Protocol::RpcV2Cbor,",
                _ => return Err(unknown("protocol", name)),
            })
        })
        .collect()
}

fn kind(plan: &Plan<'_>, name: &str, def: &ShapeDef) -> Result<String, Error> {
    let element = |label: &str, used: &Option<Reference>| -> Result<String, Error> {
        let used = used.as_ref().ok_or_else(|| unknown("collection without element", name))?;
        Ok(format!("&{}", member(plan, def, label, used)?))
    };
    Ok(match def.kind {
        _ if def.document => "Kind::Document".to_owned(),
        Type::Boolean => "Kind::Boolean".to_owned(),
        Type::Integer => "Kind::Integer".to_owned(),
        Type::Long => "Kind::Long".to_owned(),
        Type::Float => "Kind::Float".to_owned(),
        Type::Double => "Kind::Double".to_owned(),
        Type::Timestamp => {
            let format = def.timestamp_format.as_deref().map(timestamp_format).transpose()?;
            match format {
                Some(format) => format!("Kind::Timestamp(Some({format}))"),
                None => "Kind::Timestamp(None)".to_owned(),
            }
        }
        Type::Blob => "Kind::Blob".to_owned(),
        Type::String if def.is_enum() => format!("Kind::Enum(&{:?})", def.values),
        Type::String => "Kind::String".to_owned(),
        Type::List => {
            let member = element("member", &def.member)?;
            format!("Kind::List {{ member: {member}, sparse: {} }}", def.sparse)
        }
        Type::Map => {
            let (key, value) = (element("key", &def.key)?, element("value", &def.value)?);
            format!("Kind::Map {{ key: {key}, value: {value}, sparse: {} }}", def.sparse)
        }
        Type::Structure => {
            let kind = if def.union || def.eventstream { "Union" } else { "Structure" };
            let members = def.members.0.iter();
            let members: Result<String, Error> =
                members.map(|(name, used)| Ok(member(plan, def, name, used)? + ",")).collect();
            format!("Kind::{kind}(&[{}])", members?)
        }
    })
}

fn member(
    plan: &Plan<'_>,
    owner: &ShapeDef,
    name: &str,
    used: &Reference,
) -> Result<String, Error> {
    let required = owner.required.iter().any(|required| required == name);
    let traits = traits(plan, owner, name, used)?;
    let target = &plan.schemas[used.shape.as_str()];
    Ok(format!(
        "Member {{ name: {name:?}, target: &{target}, required: {required}, traits: {traits} }}"
    ))
}

fn traits(
    plan: &Plan<'_>,
    owner: &ShapeDef,
    name: &str,
    used: &Reference,
) -> Result<String, Error> {
    let target = plan.shape(&used.shape)?;
    let mut out = String::new();
    let location = match used.location.as_deref() {
        None if owner.payload.as_deref() == Some(name) => Some("Payload"),
        None => None,
        Some("header") => Some("Header"),
        Some("headers") => Some("Headers"),
        Some("querystring") => Some("Query"),
        Some("uri") => Some("Uri"),
        Some("statusCode") => Some("StatusCode"),
        Some(other) => return Err(unknown("location", other)),
    };
    if let Some(location) = location {
        out.push_str(&format!("location: Location::{location}, "));
    }
    let collection = matches!(target.kind, Type::List | Type::Map);
    let flattened = collection && (used.flattened || target.flattened);
    // Older models name the elements of a flattened list where Smithy names the member that holds it.
    let element = target.member.as_ref().filter(|_| flattened);
    let wire_name = used.location_name.as_ref().or(element.and_then(|e| e.location_name.as_ref()));
    if let Some(wire_name) = wire_name.filter(|wire_name| *wire_name != name) {
        out.push_str(&format!("wire_name: Some({wire_name:?}), "));
    }
    if let Some(query_name) = &used.query_name {
        out.push_str(&format!("ec2_name: Some({query_name:?}), "));
    }
    if let Some(namespace) = used.xml_namespace.as_ref().or(target.xml_namespace.as_ref()) {
        out.push_str(&format!("xml_namespace: {}, ", xml_namespace(Some(namespace))));
    }
    if let Some(format) = used.timestamp_format.as_deref() {
        out.push_str(&format!("timestamp_format: Some({}), ", timestamp_format(format)?));
    }
    for (flag, set) in [
        ("xml_attribute", used.xml_attribute),
        ("flattened", flattened),
        ("streaming", used.streaming || target.streaming || target.eventstream),
        ("idempotency_token", used.idempotency_token),
        ("json_value", used.jsonvalue),
    ] {
        if set {
            out.push_str(&format!("{flag}: true, "));
        }
    }
    Ok(if out.is_empty() {
        "Traits::NONE".to_owned()
    } else {
        format!("Traits {{ {out}..Traits::NONE }}")
    })
}

/// The field of a schema; empty without limits.
fn constraints(def: &ShapeDef) -> String {
    let mut set = Vec::new();
    for (name, limit) in [("min", &def.min), ("max", &def.max)] {
        if let Some(limit) = limit.as_ref().and_then(serde_json::Number::as_f64) {
            set.push(format!("{name}: Some({limit:?})"));
        }
    }
    if let Some(pattern) = &def.pattern {
        set.push(format!("pattern: Some({})", literal(&pattern::translated(pattern))));
    }
    let rest = if set.len() < 3 { ", ..Constraints::NONE" } else { "" };
    if set.is_empty() {
        String::new()
    } else {
        format!("constraints: Constraints {{ {}{rest} }}, ", set.join(", "))
    }
}

fn timestamp_format(name: &str) -> Result<&'static str, Error> {
    Ok(match name {
        "unixTimestamp" => "TimestampFormat::EpochSeconds",
        "iso8601" => "TimestampFormat::DateTime",
        "rfc822" => "TimestampFormat::HttpDate",
        _ => return Err(unknown("timestampFormat", name)),
    })
}

fn xml_namespace(namespace: Option<&Namespace>) -> String {
    match namespace {
        Some(Namespace { prefix, uri }) => {
            format!("Some(XmlNamespace {{ prefix: {prefix:?}, uri: {uri:?} }})")
        }
        None => "None".to_owned(),
    }
}

/// A string literal, raw where backslashes would otherwise double.
fn literal(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    match (plain && text.contains('\\'), text.contains('"')) {
        (true, true) if !text.contains("\"#") => format!("r#\"{text}\"#"),
        (true, false) => format!("r\"{text}\""),
        _ => format!("{text:?}"),
    }
}

fn unknown(what: &'static str, value: &str) -> Error {
    Error::Unknown { what, value: value.to_owned() }
}
