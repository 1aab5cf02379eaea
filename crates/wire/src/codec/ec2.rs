//! ec2Query: how EC2's dialect differs from [`super::query`].
//!
//! Parameter names begin with a capital letter unless the model gives a name for queries, lists are always flat, and
//! answers have no result element but the request id among the members.

use shape::{Member, OperationSchema, ServiceSchema, Shape};

use super::query::namespace;
use super::{Scope, xml};

/// The name of a member's parameter.
pub(crate) fn parameter_name(member: &Member) -> String {
    if let Some(name) = member.traits.ec2_name {
        return name.to_owned();
    }
    let mut chars = member.wire_name().chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Writes an answer.
pub(crate) fn write(
    service: &ServiceSchema,
    operation: &OperationSchema,
    output: &dyn Shape,
    request_id: &str,
    out: &mut String,
) {
    let mut xml = xml::Writer::new(out);
    xml.declaration();
    xml.wrap(&format!("{}Response", operation.name), namespace(service), |xml| {
        xml.text("requestId", None, request_id);
        if operation.output.is_some() {
            xml.members(output, Scope::All);
        }
    });
}
