//! The walker that renders a shape for `requestParameters` and `responseElements`: names in lower camel case, without
//! sensitive members, without bytes, moments as CloudTrail writes them.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use shape::{Document, Kind, Schema, Shape, Value, View, lower_camel};

/// A shape, ready to be serialised.
pub(super) struct Rendered<'a> {
    shape: &'a dyn Shape,
    omit: &'static [&'static str],
}

impl<'a> Rendered<'a> {
    /// `None` if nothing of the shape would be shown; CloudTrail writes null then.
    pub(super) fn new(shape: &'a dyn Shape, omit: &'static [&'static str]) -> Option<Self> {
        let members = shape.schema().members();
        let any = members.iter().enumerate().any(|(index, member)| {
            !omit.contains(&member.name) && shown(shape.field(index), member.target)
        });
        any.then_some(Self { shape, omit })
    }
}

impl Serialize for Rendered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, member) in self.shape.schema().members().iter().enumerate() {
            let value = self.shape.field(index);
            if !self.omit.contains(&member.name) && shown(value, member.target) {
                map.serialize_entry(
                    &lower_camel(member.name),
                    &Item { value, schema: member.target },
                )?;
            }
        }
        map.end()
    }
}

fn shown(value: &dyn Value, schema: &Schema) -> bool {
    !schema.sensitive && !matches!(value.view(), View::Absent | View::Blob(_))
}

struct Item<'a> {
    value: &'a dyn Value,
    schema: &'static Schema,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value.view() {
            View::Absent | View::Blob(_) => serializer.serialize_none(),
            View::Boolean(b) => serializer.serialize_bool(b),
            View::Integer(n) => serializer.serialize_i64(n),
            View::Double(d) => serializer.serialize_f64(d),
            View::String(s) => serializer.serialize_str(s),
            View::Timestamp(t) => serializer.serialize_str(&t.medium()),
            View::Document(d) => DocumentItem(d).serialize(serializer),
            View::Shape(shape) => Rendered { shape, omit: &[] }.serialize(serializer),
            View::List(list) => {
                let Kind::List { member, .. } = self.schema.kind else {
                    return serializer.serialize_none();
                };
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                for index in 0..list.len() {
                    let (value, schema) = (list.at(index), member.target);
                    if shown(value, schema) {
                        seq.serialize_element(&Item { value, schema })?;
                    }
                }
                seq.end()
            }
            View::Map(map) => {
                let Kind::Map { value: member, .. } = self.schema.kind else {
                    return serializer.serialize_none();
                };
                let mut out = serializer.serialize_map(None)?;
                for (key, value) in map.entries() {
                    if shown(value, member.target) {
                        out.serialize_entry(key, &Item { value, schema: member.target })?;
                    }
                }
                out.end()
            }
        }
    }
}

struct DocumentItem<'a>(&'a Document);

impl Serialize for DocumentItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Document::Null => serializer.serialize_none(),
            Document::Boolean(b) => serializer.serialize_bool(*b),
            Document::Integer(n) => serializer.serialize_i64(*n),
            Document::Double(d) => serializer.serialize_f64(*d),
            Document::String(s) => serializer.serialize_str(s),
            Document::List(items) => serializer.collect_seq(items.iter().map(DocumentItem)),
            Document::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(k, v)| (k, DocumentItem(v))))
            }
        }
    }
}
