//! Shapes whose schema is known only at run time: for conformance cases and fuzzing, where no struct is generated.
//!
//! A [`Dynamic`] holds what a generated struct would hold and takes what its schema says, so that codecs and walkers
//! cannot tell the two apart. The schema must be `'static`; whoever builds one at run time leaks it. Nothing here
//! serves requests.

use std::collections::BTreeMap;
use std::fmt;

use base::Timestamp;

use crate::{
    Blob, Document, Kind, List, Map, Member, Mismatch, Redacted, Scalar, Schema, Shape, Value, View,
};

/// A structure or union of any schema.
#[derive(Clone)]
pub struct Dynamic {
    schema: &'static Schema,
    fields: Vec<DynamicValue>,
}

impl Dynamic {
    /// A structure with no fields set.
    pub fn new(schema: &'static Schema) -> Self {
        let fields = schema.members().iter().map(DynamicValue::absent).collect();
        Self { schema, fields }
    }
}

impl Shape for Dynamic {
    fn schema(&self) -> &'static Schema {
        self.schema
    }
    fn field(&self, index: usize) -> &dyn Value {
        &self.fields[index]
    }
    fn field_mut(&mut self, index: usize) -> &mut dyn Value {
        &mut self.fields[index]
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

impl fmt::Debug for Dynamic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Redacted(self).fmt(f)
    }
}

/// A value of any schema, absent at first.
#[derive(Clone)]
struct DynamicValue {
    schema: &'static Schema,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Absent,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    String(String),
    Blob(Blob),
    Timestamp(Timestamp),
    Document(Document),
    List(DynamicList),
    Map(DynamicMap),
    Shape(Box<Dynamic>),
}

impl DynamicValue {
    fn absent(member: &Member) -> Self {
        Self { schema: member.target, content: Content::Absent }
    }
}

impl Value for DynamicValue {
    fn view(&self) -> View<'_> {
        match &self.content {
            Content::Absent => View::Absent,
            Content::Boolean(b) => View::Boolean(*b),
            Content::Integer(n) => View::Integer(*n),
            Content::Double(d) => View::Double(*d),
            Content::String(s) => View::String(s),
            Content::Blob(b) => View::Blob(b),
            Content::Timestamp(t) => View::Timestamp(*t),
            Content::Document(d) => View::Document(d),
            Content::List(list) => View::List(list),
            Content::Map(map) => View::Map(map),
            Content::Shape(shape) => View::Shape(shape.as_ref()),
        }
    }

    fn set(&mut self, scalar: Scalar) -> Result<(), Mismatch> {
        self.content = match (self.schema.kind, scalar) {
            (Kind::Boolean, Scalar::Boolean(b)) => Content::Boolean(b),
            (Kind::Integer, number) => {
                let mut narrow = 0i32;
                narrow.set(number)?;
                Content::Integer(i64::from(narrow))
            }
            (Kind::Long, number) => {
                let mut wide = 0i64;
                wide.set(number)?;
                Content::Integer(wide)
            }
            (Kind::Float, number) => {
                let mut narrow = 0f32;
                narrow.set(number)?;
                Content::Double(f64::from(narrow))
            }
            (Kind::Double, number) => {
                let mut wide = 0f64;
                wide.set(number)?;
                Content::Double(wide)
            }
            (Kind::String | Kind::Enum(_), Scalar::String(s)) => Content::String(s),
            (Kind::Blob, Scalar::Blob(bytes)) => Content::Blob(bytes.into()),
            (Kind::Timestamp(_), Scalar::Timestamp(t)) => Content::Timestamp(t),
            (Kind::Document, Scalar::Document(d)) => Content::Document(d),
            _ => return Err(Mismatch),
        };
        Ok(())
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        let Kind::List { member, .. } = self.schema.kind else { return None };
        if matches!(self.content, Content::Absent) {
            self.content = Content::List(DynamicList { member, items: Vec::new() });
        }
        match &mut self.content {
            Content::List(list) => Some(list),
            _ => None,
        }
    }

    fn map_mut(&mut self) -> Option<&mut dyn Map> {
        let Kind::Map { value, .. } = self.schema.kind else { return None };
        if matches!(self.content, Content::Absent) {
            self.content = Content::Map(DynamicMap { value, entries: BTreeMap::new() });
        }
        match &mut self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    fn shape_mut(&mut self) -> Option<&mut dyn Shape> {
        let (Kind::Structure(_) | Kind::Union(_)) = self.schema.kind else { return None };
        if matches!(self.content, Content::Absent) {
            self.content = Content::Shape(Box::new(Dynamic::new(self.schema)));
        }
        match &mut self.content {
            Content::Shape(shape) => Some(shape.as_mut()),
            _ => None,
        }
    }
}

#[derive(Clone)]
struct DynamicList {
    member: &'static Member,
    items: Vec<DynamicValue>,
}

impl List for DynamicList {
    fn len(&self) -> usize {
        self.items.len()
    }
    fn at(&self, index: usize) -> &dyn Value {
        &self.items[index]
    }
    fn push(&mut self) -> &mut dyn Value {
        self.items.push(DynamicValue::absent(self.member));
        let last = self.items.len() - 1;
        &mut self.items[last]
    }
}

#[derive(Clone)]
struct DynamicMap {
    value: &'static Member,
    entries: BTreeMap<String, DynamicValue>,
}

impl Map for DynamicMap {
    fn len(&self) -> usize {
        self.entries.len()
    }
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, &dyn Value)> + '_> {
        Box::new(self.entries.iter().map(|(key, value)| (key.as_str(), value as &dyn Value)))
    }
    fn entry(&mut self, key: String) -> &mut dyn Value {
        self.entries.entry(key).or_insert_with(|| DynamicValue::absent(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Traits;

    static TEXT: Schema = Schema::plain("Text", Kind::String);
    static COUNT: Schema = Schema::plain("Count", Kind::Integer);
    static ELEMENT: Member =
        Member { name: "member", target: &THING, required: false, traits: Traits::NONE };
    static THINGS: Schema = Schema::plain("Things", Kind::List { member: &ELEMENT, sparse: false });
    static THING: Schema = Schema::plain(
        "Thing",
        Kind::Structure(&[
            Member { name: "Name", target: &TEXT, required: false, traits: Traits::NONE },
            Member { name: "Count", target: &COUNT, required: false, traits: Traits::NONE },
            Member { name: "Inner", target: &THINGS, required: false, traits: Traits::NONE },
        ]),
    );

    #[test]
    fn takes_what_the_schema_says_and_nothing_else() {
        let mut thing = Dynamic::new(&THING);
        assert_eq!(thing.field_mut(0).set(Scalar::String("a".into())), Ok(()));
        assert_eq!(thing.field_mut(0).set(Scalar::Boolean(true)), Err(Mismatch));
        assert_eq!(thing.field_mut(1).set(Scalar::Integer(1 << 40)), Err(Mismatch));
        assert_eq!(thing.field_mut(1).set(Scalar::Double(3.0)), Ok(()));
        assert!(thing.field_mut(1).list_mut().is_none());
        assert!(thing.field_mut(2).map_mut().is_none());
        let inner = thing.field_mut(2).list_mut().expect("a list").push();
        inner.shape_mut().expect("a shape").field_mut(1).set(Scalar::Integer(1)).expect("fits");
        assert_eq!(
            format!("{thing:?}"),
            r#"Thing { Name: "a", Count: 3, Inner: [Thing { Count: 1 }] }"#
        );
    }
}
