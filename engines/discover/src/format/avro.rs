//! Avro object container files (<https://avro.apache.org/docs/1.12.0/specification/>): blocks of records by the schema in the
//! header, one block in memory at a time.

use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

use serde_json::Value as Json;

use super::fields::{Fields, push_key};
use super::{Unreadable, Walk};
use crate::classification::Location;

/// What every file begins with.
pub(crate) const MAGIC: &[u8] = b"Obj\x01";
/// Largest header and largest block, packed or not, in bytes.
const HEADER_MAX_BYTES: usize = 16 << 20;
const BLOCK_MAX_BYTES: u64 = 128 << 20;
/// Values within values, at most.
const NESTING_MAX: usize = 128;
/// Bytes of the mark between blocks.
const SYNC_BYTES: usize = 16;

/// A schema, with names resolved when it is met.
enum Schema {
    Null,
    Boolean,
    Int,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum,
    Array(Rc<Schema>),
    Map(Rc<Schema>),
    Union(Vec<Rc<Schema>>),
    Record(Vec<(String, Rc<Schema>)>),
    Named(String),
}

type Names = HashMap<String, Rc<Schema>>;

fn damaged(what: &str) -> Unreadable {
    Unreadable::Damaged(what.to_owned())
}

pub(crate) fn scan(walk: &mut Walk<'_, '_>, source: &mut dyn Read) -> Result<(), Unreadable> {
    let mut magic = [0; 4];
    source.read_exact(&mut magic)?;
    let (schema, codec) = header(source)?;
    let mut names = Names::new();
    let schema = parse(&schema, &mut names, 0)?;
    let mut sync = [0; SYNC_BYTES];
    source.read_exact(&mut sync)?;
    let mut reading = Reading { fields: Fields::new(), names, path: String::from("$"), record: 0 };
    while let Some(count) = long_or_end(source)? {
        let size = long(source)?;
        let size = u64::try_from(size).map_err(|_| damaged("a block of no size"))?;
        if size > BLOCK_MAX_BYTES {
            return Err(Unreadable::Limit("128 MiB of a block"));
        }
        let mut packed = Vec::new();
        Read::take(&mut *source, size).read_to_end(&mut packed)?;
        if packed.len() as u64 != size {
            return Err(damaged("it is cut short"));
        }
        let block = unpack(&codec, packed)?;
        let mut rest = block.as_slice();
        for _ in 0..count.max(0) {
            let before = rest.len();
            reading.path.truncate(1);
            reading.value(walk, &schema, &mut rest, 0, 0)?;
            reading.record += 1;
            // Records that take no bytes hold nothing, however many there are said to be.
            if rest.len() == before {
                break;
            }
        }
        let mut mark = [0; SYNC_BYTES];
        source.read_exact(&mut mark)?;
        if mark != sync {
            return Err(damaged("a block that does not end where it should"));
        }
    }
    Ok(())
}

/// The schema and the codec of the metadata.
fn header(source: &mut dyn Read) -> Result<(Json, String), Unreadable> {
    let (mut schema, mut codec) = (None, String::from("null"));
    loop {
        let mut count = long(source)?;
        if count == 0 {
            break;
        }
        if count < 0 {
            long(source)?;
            count = -count;
        }
        for _ in 0..count {
            let key = bytes(source)?;
            let value = bytes(source)?;
            match key.as_slice() {
                b"avro.schema" => {
                    schema = Some(
                        serde_json::from_slice(&value)
                            .map_err(|_| damaged("its schema is no JSON"))?,
                    );
                }
                b"avro.codec" => codec = String::from_utf8_lossy(&value).into_owned(),
                _ => {}
            }
        }
    }
    Ok((schema.ok_or_else(|| damaged("it has no schema"))?, codec))
}

fn bytes(source: &mut dyn Read) -> Result<Vec<u8>, Unreadable> {
    let length = usize::try_from(long(source)?).ok().filter(|length| *length <= HEADER_MAX_BYTES);
    let length = length.ok_or_else(|| damaged("a length beyond reason"))?;
    let mut out = Vec::new();
    Read::take(source, length as u64).read_to_end(&mut out)?;
    if out.len() == length { Ok(out) } else { Err(damaged("it is cut short")) }
}

fn long(source: &mut dyn Read) -> Result<i64, Unreadable> {
    long_or_end(source)?.ok_or_else(|| damaged("it is cut short"))
}

/// A zigzag number of variable length; `None` at the end.
fn long_or_end(source: &mut dyn Read) -> Result<Option<i64>, Unreadable> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        match source.read(&mut byte)? {
            0 if shift == 0 => return Ok(None),
            0 => return Err(damaged("it is cut short")),
            _ => {}
        }
        value |= u64::from(byte[0] & 0x7F) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(Some((value >> 1) as i64 ^ -((value & 1) as i64)));
        }
    }
    Err(damaged("a number that is too long"))
}

fn unpack(codec: &str, packed: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    let mut out = Vec::new();
    let limit = BLOCK_MAX_BYTES + 1;
    match codec {
        "null" => return Ok(packed),
        "deflate" => flate2::read::DeflateDecoder::new(packed.as_slice())
            .take(limit)
            .read_to_end(&mut out)?,
        "snappy" => {
            let body =
                packed.len().checked_sub(4).ok_or_else(|| damaged("a block that is too short"))?;
            let length = snap::raw::decompress_len(&packed[..body])
                .map_err(|_| damaged("a block that does not unpack"))?;
            if length as u64 > BLOCK_MAX_BYTES {
                return Err(Unreadable::Limit("128 MiB of a block"));
            }
            out = snap::raw::Decoder::new()
                .decompress_vec(&packed[..body])
                .map_err(|_| damaged("a block that does not unpack"))?;
            out.len()
        }
        "zstandard" => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(packed.as_slice());
            let decoder = decoder.map_err(|_| damaged("a block that does not unpack"))?;
            decoder.take(limit).read_to_end(&mut out)?
        }
        "bzip2" => {
            bzip2::read::BzDecoder::new(packed.as_slice()).take(limit).read_to_end(&mut out)?
        }
        "xz" => {
            lzma_rust2::XzReader::new(packed.as_slice(), true).take(limit).read_to_end(&mut out)?
        }
        _ => return Err(Unreadable::Unsupported("this codec of Avro")),
    };
    if out.len() as u64 > BLOCK_MAX_BYTES {
        Err(Unreadable::Limit("128 MiB of a block"))
    } else {
        Ok(out)
    }
}

/// Reads a schema; records, enumerations and fixed types are remembered by name.
fn parse(schema: &Json, names: &mut Names, depth: usize) -> Result<Rc<Schema>, Unreadable> {
    if depth > NESTING_MAX {
        return Err(damaged("a schema that is too deep"));
    }
    let primitive = |name: &str| match name {
        "null" => Schema::Null,
        "boolean" => Schema::Boolean,
        "int" | "long" => Schema::Int,
        "float" => Schema::Float,
        "double" => Schema::Double,
        "bytes" => Schema::Bytes,
        "string" => Schema::String,
        other => Schema::Named(short(other).to_owned()),
    };
    let object = match schema {
        Json::String(name) => return Ok(Rc::new(primitive(name))),
        Json::Array(branches) => {
            let branches = branches.iter().map(|branch| parse(branch, names, depth + 1));
            return Ok(Rc::new(Schema::Union(branches.collect::<Result<_, _>>()?)));
        }
        Json::Object(object) => object,
        _ => return Err(damaged("a schema that is none")),
    };
    let kind = object.get("type").ok_or_else(|| damaged("a schema without a type"))?;
    let Json::String(kind) = kind else { return parse(kind, names, depth + 1) };
    let inner = |key: &str, names: &mut Names| {
        let inner = object.get(key).ok_or_else(|| damaged("a schema without its parts"))?;
        parse(inner, names, depth + 1)
    };
    let built = match kind.as_str() {
        "array" => Schema::Array(inner("items", names)?),
        "map" => Schema::Map(inner("values", names)?),
        "enum" => Schema::Enum,
        "fixed" => {
            let size = object
                .get("size")
                .and_then(Json::as_u64)
                .and_then(|size| usize::try_from(size).ok());
            Schema::Fixed(size.ok_or_else(|| damaged("a fixed type without a size"))?)
        }
        "record" | "error" => {
            let fields = object
                .get("fields")
                .and_then(Json::as_array)
                .ok_or_else(|| damaged("a record without fields"))?;
            let mut out = Vec::new();
            for field in fields {
                let name = field.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
                let kind = field.get("type").ok_or_else(|| damaged("a field without a type"))?;
                out.push((name, parse(kind, names, depth + 1)?));
            }
            Schema::Record(out)
        }
        name => primitive(name),
    };
    let built = Rc::new(built);
    if let Some(name) = object.get("name").and_then(Json::as_str) {
        names.insert(short(name).to_owned(), built.clone());
    }
    Ok(built)
}

/// A name without its namespace.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

struct Reading {
    fields: Fields,
    names: Names,
    path: String,
    record: u64,
}

impl Reading {
    fn value(
        &mut self,
        walk: &mut Walk<'_, '_>,
        schema: &Schema,
        rest: &mut &[u8],
        field: usize,
        depth: usize,
    ) -> Result<(), Unreadable> {
        if depth > NESTING_MAX {
            return Err(damaged("a value that is too deep"));
        }
        match schema {
            Schema::Null => {}
            Schema::Boolean => drop(split(rest, 1)?),
            Schema::Int => {
                let number = long(rest)?;
                self.judge(walk, field, number.to_string().as_bytes());
            }
            Schema::Enum => drop(long(rest)?),
            Schema::Float => {
                let number = split(rest, 4)?;
                let number = f32::from_le_bytes([number[0], number[1], number[2], number[3]]);
                self.judge(walk, field, number.to_string().as_bytes());
            }
            Schema::Double => {
                let bits = split(rest, 8)?
                    .iter()
                    .rev()
                    .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
                self.judge(walk, field, f64::from_bits(bits).to_string().as_bytes());
            }
            Schema::String | Schema::Bytes => {
                let length =
                    usize::try_from(long(rest)?).map_err(|_| damaged("a length beyond reason"))?;
                let text = split(rest, length)?;
                if std::str::from_utf8(text).is_ok() {
                    self.judge(walk, field, text);
                }
            }
            Schema::Fixed(size) => drop(split(rest, *size)?),
            Schema::Named(name) => {
                let known = self
                    .names
                    .get(name)
                    .cloned()
                    .ok_or_else(|| damaged("a type that is not there"))?;
                self.value(walk, &known, rest, field, depth + 1)?;
            }
            Schema::Union(branches) => {
                let branch =
                    usize::try_from(long(rest)?).ok().and_then(|branch| branches.get(branch));
                let branch = branch.ok_or_else(|| damaged("a branch that is not there"))?;
                self.value(walk, branch, rest, field, depth + 1)?;
            }
            Schema::Record(fields) => {
                for (name, schema) in fields {
                    let end = self.path.len();
                    push_key(&mut self.path, name);
                    let inner = self.fields.enter(walk.engine, field, name.as_bytes());
                    self.value(walk, schema, rest, inner, depth + 1)?;
                    self.path.truncate(end);
                }
            }
            Schema::Array(items) => {
                let mut index = 0;
                self.blocks(rest, |this, rest| {
                    let end = this.path.len();
                    this.path.push_str(&format!("[{index}]"));
                    index += 1;
                    this.value(walk, items, rest, field, depth + 1)?;
                    this.path.truncate(end);
                    Ok(())
                })?;
            }
            Schema::Map(values) => self.blocks(rest, |this, rest| {
                let length =
                    usize::try_from(long(rest)?).map_err(|_| damaged("a length beyond reason"))?;
                let key = split(rest, length)?;
                let end = this.path.len();
                push_key(&mut this.path, &String::from_utf8_lossy(key));
                let inner = this.fields.enter(walk.engine, field, key);
                this.value(walk, values, rest, inner, depth + 1)?;
                this.path.truncate(end);
                Ok(())
            })?,
        }
        Ok(())
    }

    /// The blocks of an array or map. Items that take no bytes hold nothing, however many there are said to be.
    fn blocks(
        &mut self,
        rest: &mut &[u8],
        mut item: impl FnMut(&mut Self, &mut &[u8]) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        loop {
            let count = long(rest)?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                long(rest)?;
            }
            for _ in 0..count.unsigned_abs() {
                let before = rest.len();
                item(self, rest)?;
                if rest.len() == before {
                    break;
                }
            }
        }
    }

    fn judge(&self, walk: &mut Walk<'_, '_>, field: usize, text: &[u8]) {
        if text.len() < 2 {
            return;
        }
        let names: Vec<&str> = self.path.split(['.', '[', ']', '\'']).collect();
        walk.cell(self.fields.get(field), &names, text, || Location::Record {
            json_path: self.path.clone(),
            record_index: self.record,
        });
    }
}

/// Takes so many bytes off the front.
fn split<'b>(rest: &mut &'b [u8], length: usize) -> Result<&'b [u8], Unreadable> {
    let (head, tail) =
        rest.split_at_checked(length).ok_or_else(|| damaged("a value beyond its block"))?;
    *rest = tail;
    Ok(head)
}
