//! Printing a shape without what must not be seen: sensitive members and all bytes.

use std::fmt;

use crate::{Member, Schema, Shape, Value, View};

/// A shape, printed field by field; absent fields are left out, sensitive ones shown as `<sensitive>`.
pub struct Redacted<'a>(pub &'a dyn Shape);

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = self.0.schema();
        let mut out = f.debug_struct(schema.name);
        for (index, member) in schema.members().iter().enumerate() {
            let value = self.0.field(index);
            if !value.is_absent() {
                out.field(member.name, &Field { value, schema: member.target });
            }
        }
        out.finish()
    }
}

struct Field<'a> {
    value: &'a dyn Value,
    schema: &'static Schema,
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.sensitive {
            return f.write_str("<sensitive>");
        }
        match self.value.view() {
            View::Absent => f.write_str("null"),
            View::Boolean(b) => b.fmt(f),
            View::Integer(n) => n.fmt(f),
            View::Double(d) => d.fmt(f),
            View::String(s) => fmt::Debug::fmt(s, f),
            View::Blob(b) => write!(f, "<{} bytes>", b.len()),
            View::Timestamp(t) => t.fmt(f),
            View::Document(d) => d.fmt(f),
            View::Shape(shape) => Redacted(shape).fmt(f),
            View::List(list) => {
                let schema = element(self.schema);
                let items = (0..list.len()).map(|i| Field { value: list.at(i), schema });
                f.debug_list().entries(items).finish()
            }
            View::Map(map) => {
                let schema = element(self.schema);
                let entries = map.entries().map(|(key, value)| (key, Field { value, schema }));
                f.debug_map().entries(entries).finish()
            }
        }
    }
}

fn element(schema: &'static Schema) -> &'static Schema {
    let member: &'static Member = match schema.kind {
        crate::Kind::List { member, .. } => member,
        crate::Kind::Map { value, .. } => value,
        _ => return schema,
    };
    member.target
}
