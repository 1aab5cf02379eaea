//! Reading JSON into a shape.
//!
//! Unknown members are skipped and null is absence, as AWS does. What parsers disagree about is refused: two values
//! for one member, text after the document, text that is not UTF-8.

use std::collections::BTreeMap;
use std::fmt;

use base::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use shape::{Document, Kind, Scalar, Schema, Shape, TimestampFormat};

use crate::codec::budget::Budget;
use crate::codec::error::{DecodeError, FALSE, NUMBER, STRING, TRUE};
use crate::codec::target::Target;
use crate::codec::{Scope, TYPE_MEMBER, exactly_one, text};

const FORMAT: &str = "JSON";

/// Fills `into` from a document whose root is an object with the members in `scope`.
pub(crate) fn read(body: &[u8], scope: Scope, into: &mut dyn Shape) -> Result<(), DecodeError> {
    let mut context = Context::default();
    let mut json = document(body)?;
    let root = Root { shape: into, scope, context: &mut context };
    let result = root.deserialize(&mut json).and_then(|()| json.end());
    context.finish(result)
}

/// Fills one value from a whole document.
pub(crate) fn read_value(body: &[u8], target: Target<'_>) -> Result<(), DecodeError> {
    let mut context = Context::default();
    let mut json = document(body)?;
    let slot = Slot { target, context: &mut context };
    let result = slot.deserialize(&mut json).and_then(|()| json.end());
    context.finish(result)
}

fn document(
    body: &[u8],
) -> Result<serde_json::Deserializer<serde_json::de::StrRead<'_>>, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|error| DecodeError::malformed(FORMAT, error))?;
    Ok(serde_json::Deserializer::from_str(text))
}

/// What the visitors share. The parser's own error type cannot carry ours, so ours waits here.
#[derive(Default)]
struct Context {
    budget: Budget,
    error: Option<DecodeError>,
}

impl Context {
    /// Notes our error and gives the parser something to stop with.
    fn stop<E: Error>(&mut self, error: DecodeError) -> E {
        self.error = Some(error);
        E::custom("")
    }

    fn check<T, E: Error>(&mut self, result: Result<T, DecodeError>) -> Result<T, E> {
        result.map_err(|error| self.stop(error))
    }

    fn finish(self, result: Result<(), serde_json::Error>) -> Result<(), DecodeError> {
        result.map_err(|error| match self.error {
            Some(error) => error,
            // The parser's own text for these quotes the value.
            None if error.is_data() => DecodeError::malformed(FORMAT, "it is not an object"),
            None => DecodeError::malformed(FORMAT, error),
        })
    }
}

/// The whole document: an object with the members of a structure.
struct Root<'a, 'c> {
    shape: &'a mut dyn Shape,
    scope: Scope,
    context: &'c mut Context,
}

impl<'de> DeserializeSeed<'de> for Root<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        structure(self.shape, self.scope, entries, self.context)
    }
}

/// One value, wherever it goes.
struct Slot<'a, 'c> {
    target: Target<'a>,
    context: &'c mut Context,
}

impl Slot<'_, '_> {
    fn set<E: Error>(self, found: &'static str, scalar: Scalar) -> Result<(), E> {
        let result = self.target.set(found, scalar);
        self.context.check(result)
    }

    fn number<E: Error>(self, number: f64, scalar: Scalar) -> Result<(), E> {
        match self.target.kind() {
            Kind::Timestamp(_) => match moment(&self.target, number) {
                Ok(time) => self.set(NUMBER, Scalar::Timestamp(time)),
                Err(error) => Err(self.context.stop(error)),
            },
            Kind::Boolean | Kind::String | Kind::Enum(_) | Kind::Blob => {
                let error = DecodeError::mismatch(NUMBER, self.target.kind());
                Err(self.context.stop(error))
            }
            _ => self.set(NUMBER, scalar),
        }
    }
}

fn moment(target: &Target<'_>, seconds: f64) -> Result<Timestamp, DecodeError> {
    match text::timestamp_format(target.member, TimestampFormat::EpochSeconds) {
        TimestampFormat::EpochSeconds => {
            Timestamp::from_seconds_f64(seconds).ok_or(DecodeError::Timestamp)
        }
        _ => Err(DecodeError::mismatch(NUMBER, target.kind())),
    }
}

impl<'de> DeserializeSeed<'de> for Slot<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let counted = self.context.budget.node();
        self.context.check(counted)?;
        if let Kind::Document = self.target.kind() {
            let document = Untyped { context: self.context }.deserialize(deserializer)?;
            return match document {
                Document::Null => self.visit_unit(),
                document => self.set(STRING, Scalar::Document(document)),
            };
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slot<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        let result = self.target.null();
        self.context.check(result)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.set(if value { TRUE } else { FALSE }, Scalar::Boolean(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(number as f64, Scalar::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.number(number, Scalar::Double(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        match self.target.kind() {
            Kind::String | Kind::Enum(_) => self.set(STRING, Scalar::String(value.to_owned())),
            Kind::Boolean | Kind::Integer | Kind::Long => {
                let error = DecodeError::mismatch(STRING, self.target.kind());
                Err(self.context.stop(error))
            }
            Kind::Float | Kind::Double if !text::NOT_FINITE.contains(&value) => {
                let error = DecodeError::mismatch(STRING, self.target.kind());
                Err(self.context.stop(error))
            }
            Kind::Timestamp(_)
                if text::timestamp_format(self.target.member, TimestampFormat::EpochSeconds)
                    == TimestampFormat::EpochSeconds =>
            {
                Err(self.context.stop(DecodeError::Timestamp))
            }
            _ => {
                let parsed = text::parse(self.target.member, value, TimestampFormat::EpochSeconds);
                let scalar = self.context.check(parsed)?;
                self.set(STRING, scalar)
            }
        }
    }

    fn visit_string<E: Error>(self, value: String) -> Result<(), E> {
        match self.target.kind() {
            Kind::String | Kind::Enum(_) => self.set(STRING, Scalar::String(value)),
            _ => self.visit_str(&value),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { target, context } = self;
        let Kind::List { member, sparse } = target.kind() else {
            return Err(context.stop(DecodeError::Container("list")));
        };
        let opened = target.open();
        let Some(list) = context.check(opened)?.list_mut() else {
            return Err(context.stop(DecodeError::Container("list")));
        };
        let entered = context.budget.enter();
        context.check(entered)?;
        loop {
            let target = Target::element(list, member, sparse);
            if items.next_element_seed(Slot { target, context })?.is_none() {
                break;
            }
        }
        context.budget.leave();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { target, context } = self;
        let kind = target.kind();
        let opened = target.open();
        let place = context.check(opened)?;
        if let Kind::Map { value: member, sparse, .. } = kind {
            let Some(map) = place.map_mut() else {
                return Err(context.stop(DecodeError::Container("structure or map")));
            };
            let entered = context.budget.enter();
            context.check(entered)?;
            while let Some(key) = entries.next_key::<String>()? {
                let target = Target::entry(map, key, member, sparse);
                entries.next_value_seed(Slot { target, context })?;
            }
            context.budget.leave();
            return Ok(());
        }
        match place.shape_mut() {
            Some(shape) => structure(shape, Scope::All, entries, context),
            None => Err(context.stop(DecodeError::Container("structure or map"))),
        }
    }
}

fn structure<'de, A: MapAccess<'de>>(
    shape: &mut dyn Shape,
    scope: Scope,
    mut entries: A,
    context: &mut Context,
) -> Result<(), A::Error> {
    let schema = shape.schema();
    let union = matches!(schema.kind, Kind::Union(_));
    let entered = context.budget.structure(schema);
    context.check(entered)?;
    while let Some(found) = entries.next_key_seed(MemberName(shape.schema(), scope))? {
        match found {
            Found::Member(index) => {
                let field = Target::field(shape, index);
                let target = context.check(field)?;
                entries.next_value_seed(Slot { target, context })?;
            }
            Found::Unknown { type_name } => {
                if union && !type_name {
                    if entries.next_value::<Option<IgnoredAny>>()?.is_some() {
                        return Err(context.stop(DecodeError::Union(schema.name)));
                    }
                } else {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
    }
    context.budget.leave();
    if union {
        let complete = exactly_one(shape);
        context.check(complete)?;
    }
    Ok(())
}

/// Reads a key and finds the member it names, without copying it.
struct MemberName(&'static Schema, Scope);

enum Found {
    Member(usize),
    Unknown { type_name: bool },
}

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Found, E> {
        Ok(match self.1.member(self.0, name) {
            Some(index) => Found::Member(index),
            None => Found::Unknown { type_name: name == TYPE_MEMBER },
        })
    }
}

/// A value of any type.
struct Untyped<'c> {
    context: &'c mut Context,
}

impl<'de> DeserializeSeed<'de> for Untyped<'_> {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        let counted = self.context.budget.node();
        self.context.check(counted)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Untyped<'_> {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Document, E> {
        Ok(Document::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Document, E> {
        Ok(Document::Boolean(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Document, E> {
        Ok(Document::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Document, E> {
        Ok(i64::try_from(number).map_or(Document::Double(number as f64), Document::Integer))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Document, E> {
        Ok(Document::Double(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Document, E> {
        Ok(Document::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let entered = self.context.budget.enter();
        self.context.check(entered)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Untyped { context: self.context })? {
            let counted = Budget::entries(list.len() + 1);
            self.context.check(counted)?;
            list.push(item);
        }
        self.context.budget.leave();
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Document, A::Error> {
        let entered = self.context.budget.enter();
        self.context.check(entered)?;
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            let counted = Budget::entries(map.len() + 1);
            self.context.check(counted)?;
            let value = entries.next_value_seed(Untyped { context: self.context })?;
            if map.insert(key, value).is_some() {
                let error = DecodeError::Duplicate("a key of a document".to_owned());
                return Err(self.context.stop(error));
            }
        }
        self.context.budget.leave();
        Ok(Document::Map(map))
    }
}
