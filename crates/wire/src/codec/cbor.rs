//! CBOR documents (RFC 8949) of rpcv2Cbor, read and written by walking the schema.
//!
//! Reading takes definite and indefinite lengths and every width of numbers; writing uses definite lengths. Moments
//! are tag 1. Smithy's documents do not exist in this protocol.

use std::convert::Infallible;

use base::Timestamp;
use minicbor::data::{IanaTag, Type};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};
use shape::{Kind, Member, Scalar, Shape, Value, View};

use super::budget::Budget;
use super::error::{DecodeError, FALSE, NUMBER, STRING, TRUE};
use super::target::Target;
use super::{Scope, TYPE_MEMBER, exactly_one};

const FORMAT: &str = "CBOR";
/// How messages call bytes.
const BYTES: &str = "BYTES_VALUE";
/// How messages call a moment.
const TIME: &str = "TIMESTAMP_VALUE";

/// Fills `into` from a document whose root is a map.
pub(crate) fn read(body: &[u8], into: &mut dyn Shape) -> Result<(), DecodeError> {
    let mut cbor = Cbor { decoder: Decoder::new(body), budget: Budget::default() };
    if !matches!(cbor.peek()?, Type::Map | Type::MapIndef) {
        return Err(DecodeError::malformed(FORMAT, "the document is not a map"));
    }
    cbor.structure(into)?;
    if cbor.decoder.position() < body.len() {
        return Err(DecodeError::malformed(FORMAT, "there are bytes after the document"));
    }
    Ok(())
}

fn malformed(error: Error) -> DecodeError {
    DecodeError::malformed(FORMAT, error)
}

struct Cbor<'b> {
    decoder: Decoder<'b>,
    budget: Budget,
}

impl Cbor<'_> {
    fn peek(&self) -> Result<Type, DecodeError> {
        self.decoder.datatype().map_err(malformed)
    }

    /// Whether an item follows in a collection of which `left` items are left, or an unknown number.
    fn more(&mut self, left: &mut Option<u64>) -> Result<bool, DecodeError> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.peek()? == Type::Break => {
                self.decoder.set_position(self.decoder.position() + 1);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        // A definite text is an iterator of one.
        let mut text = String::new();
        for part in self.decoder.str_iter().map_err(malformed)? {
            text.push_str(part.map_err(malformed)?);
        }
        Ok(text)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, DecodeError> {
        let mut bytes = Vec::new();
        for part in self.decoder.bytes_iter().map_err(malformed)? {
            bytes.extend_from_slice(part.map_err(malformed)?);
        }
        Ok(bytes)
    }

    fn number(&mut self) -> Result<Scalar, DecodeError> {
        Ok(match self.peek()? {
            Type::F16 => Scalar::Double(f64::from(self.decoder.f16().map_err(malformed)?)),
            Type::F32 => Scalar::Double(f64::from(self.decoder.f32().map_err(malformed)?)),
            Type::F64 => Scalar::Double(self.decoder.f64().map_err(malformed)?),
            _ => {
                let number = i128::from(self.decoder.int().map_err(malformed)?);
                // Nothing that is so large fits anywhere but in a floating-point number.
                i64::try_from(number).map_or(Scalar::Double(number as f64), Scalar::Integer)
            }
        })
    }

    fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        let tag = self.decoder.tag().map_err(malformed)?;
        if tag != IanaTag::Timestamp.tag() {
            return Err(DecodeError::Timestamp);
        }
        let seconds = match self.number()? {
            Scalar::Integer(number) => number as f64,
            Scalar::Double(number) => number,
            _ => return Err(DecodeError::Timestamp),
        };
        Timestamp::from_seconds_f64(seconds).ok_or(DecodeError::Timestamp)
    }

    fn value(&mut self, target: Target<'_>) -> Result<(), DecodeError> {
        self.budget.node()?;
        let kind = target.kind();
        match self.peek()? {
            Type::Null | Type::Undefined => {
                self.decoder.skip().map_err(malformed)?;
                target.null()
            }
            Type::Bool => {
                let value = self.decoder.bool().map_err(malformed)?;
                target.set(if value { TRUE } else { FALSE }, Scalar::Boolean(value))
            }
            Type::String | Type::StringIndef => {
                let text = self.text()?;
                target.set(STRING, Scalar::String(text))
            }
            Type::Bytes | Type::BytesIndef => {
                let bytes = self.bytes()?;
                target.set(BYTES, Scalar::Blob(bytes))
            }
            Type::Tag if matches!(kind, Kind::Timestamp(_)) => {
                let time = self.timestamp()?;
                target.set(TIME, Scalar::Timestamp(time))
            }
            Type::Array | Type::ArrayIndef => self.list(target),
            Type::Map | Type::MapIndef => match kind {
                Kind::Map { .. } => self.map(target),
                _ => match target.open()?.shape_mut() {
                    Some(shape) => self.structure(shape),
                    None => Err(DecodeError::Container("structure or map")),
                },
            },
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int
            | Type::F16
            | Type::F32
            | Type::F64 => {
                let number = self.number()?;
                match kind {
                    Kind::Integer | Kind::Long | Kind::Float | Kind::Double => {
                        target.set(NUMBER, number)
                    }
                    _ => Err(DecodeError::mismatch(NUMBER, kind)),
                }
            }
            other => Err(DecodeError::malformed(FORMAT, format!("unexpected {other}"))),
        }
    }

    fn list(&mut self, target: Target<'_>) -> Result<(), DecodeError> {
        let Kind::List { member, sparse } = target.kind() else {
            return Err(DecodeError::Container("list"));
        };
        let list = target.open()?.list_mut().ok_or(DecodeError::Container("list"))?;
        self.budget.enter()?;
        let mut left = self.decoder.array().map_err(malformed)?;
        while self.more(&mut left)? {
            self.value(Target::element(list, member, sparse))?;
        }
        self.budget.leave();
        Ok(())
    }

    fn map(&mut self, target: Target<'_>) -> Result<(), DecodeError> {
        let Kind::Map { value, sparse, .. } = target.kind() else {
            return Err(DecodeError::Container("map"));
        };
        let map = target.open()?.map_mut().ok_or(DecodeError::Container("map"))?;
        self.budget.enter()?;
        let mut left = self.decoder.map().map_err(malformed)?;
        while self.more(&mut left)? {
            let key = self.text()?;
            self.value(Target::entry(map, key, value, sparse))?;
        }
        self.budget.leave();
        Ok(())
    }

    fn structure(&mut self, shape: &mut dyn Shape) -> Result<(), DecodeError> {
        let schema = shape.schema();
        let union = matches!(schema.kind, Kind::Union(_));
        self.budget.structure(schema)?;
        let mut left = self.decoder.map().map_err(malformed)?;
        while self.more(&mut left)? {
            let name = self.text()?;
            match Scope::All.member(schema, &name) {
                Some(index) => self.value(Target::field(shape, index)?)?,
                None => {
                    let null = matches!(self.peek()?, Type::Null | Type::Undefined);
                    if union && !null && name != TYPE_MEMBER {
                        return Err(DecodeError::Union(schema.name));
                    }
                    self.decoder.skip().map_err(malformed)?;
                }
            }
        }
        self.budget.leave();
        if union { exactly_one(shape) } else { Ok(()) }
    }
}

/// Writing to memory cannot fail.
type Written = Result<(), minicbor::encode::Error<Infallible>>;

/// Writes a map with the members of `shape`, preceded by `before`: pairs of a name and a text.
pub(crate) fn write(before: &[(&str, &str)], shape: Option<&dyn Shape>, out: &mut Vec<u8>) {
    let _ = structure(before, shape, &mut Encoder::new(out));
}

fn structure(
    before: &[(&str, &str)],
    shape: Option<&dyn Shape>,
    out: &mut Encoder<&mut Vec<u8>>,
) -> Written {
    let members = shape.map_or(&[][..], |shape| shape.schema().members());
    let present = |index: usize| shape.is_some_and(|shape| !shape.field(index).is_absent());
    let count = (0..members.len()).filter(|&index| present(index)).count();
    out.map((before.len() + count) as u64)?;
    for (name, text) in before {
        out.str(name)?.str(text)?;
    }
    let Some(shape) = shape else { return Ok(()) };
    for (index, member) in members.iter().enumerate() {
        if present(index) {
            out.str(member.wire_name())?;
            value(shape.field(index), member, out)?;
        }
    }
    Ok(())
}

fn value(value: &dyn Value, member: &Member, out: &mut Encoder<&mut Vec<u8>>) -> Written {
    match (value.view(), member.target.kind) {
        (View::Absent | View::Document(_), _) => out.null().map(drop),
        (View::Boolean(b), _) => out.bool(b).map(drop),
        (View::Integer(number), _) => out.i64(number).map(drop),
        (View::Double(number), Kind::Float) => out.f32(number as f32).map(drop),
        (View::Double(number), _) => out.f64(number).map(drop),
        (View::String(text), _) => out.str(text).map(drop),
        (View::Blob(bytes), _) => out.bytes(bytes).map(drop),
        (View::Timestamp(time), _) => {
            out.tag(IanaTag::Timestamp)?.f64(time.seconds_f64()).map(drop)
        }
        (View::Shape(shape), _) => structure(&[], Some(shape), out),
        (View::List(list), kind) => {
            let Kind::List { member, .. } = kind else { return out.null().map(drop) };
            out.array(list.len() as u64)?;
            (0..list.len()).try_for_each(|index| self::value(list.at(index), member, out))
        }
        (View::Map(map), kind) => {
            let Kind::Map { value: member, .. } = kind else { return out.null().map(drop) };
            out.map(map.len() as u64)?;
            map.entries().try_for_each(|(key, entry)| {
                out.str(key)?;
                self::value(entry, member, out)
            })
        }
    }
}
