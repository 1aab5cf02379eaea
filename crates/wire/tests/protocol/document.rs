//! Messages of the three formats as trees that can be compared.

use std::collections::BTreeSet;

use minicbor::Decoder;
use minicbor::data::Type;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value as Json;
use shape::{Kind, Schema};

/// A JSON or CBOR document: numbers without their width, so that 1 is 1.0.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
    Time(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn number(number: f64) -> String {
    format!("{number:?}")
}

fn sorted(mut entries: Vec<(String, Tree)>) -> Tree {
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Tree::Map(entries)
}

pub fn json(body: &[u8]) -> Result<Tree, String> {
    if body.is_empty() {
        return Ok(Tree::Null);
    }
    let json: Json = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(from_json(&json))
}

fn from_json(json: &Json) -> Tree {
    match json {
        Json::Null => Tree::Null,
        Json::Bool(value) => Tree::Boolean(*value),
        Json::Number(n) => Tree::Number(number(n.as_f64().expect("a number"))),
        Json::String(text) => Tree::Text(text.clone()),
        Json::Array(items) => Tree::List(items.iter().map(from_json).collect()),
        Json::Object(entries) => {
            sorted(entries.iter().map(|(key, item)| (key.clone(), from_json(item))).collect())
        }
    }
}

pub fn cbor(body: &[u8]) -> Result<Tree, String> {
    if body.is_empty() {
        return Ok(Tree::Null);
    }
    let mut decoder = Decoder::new(body);
    from_cbor(&mut decoder).map_err(|error| error.to_string())
}

fn from_cbor(cbor: &mut Decoder<'_>) -> Result<Tree, minicbor::decode::Error> {
    Ok(match cbor.datatype()? {
        Type::Null | Type::Undefined => {
            cbor.skip()?;
            Tree::Null
        }
        Type::Bool => Tree::Boolean(cbor.bool()?),
        Type::F16 => Tree::Number(number(f64::from(cbor.f16()?))),
        Type::F32 => Tree::Number(number(f64::from(cbor.f32()?))),
        Type::F64 => Tree::Number(number(cbor.f64()?)),
        Type::String | Type::StringIndef => {
            Tree::Text(cbor.str_iter()?.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Type::Bytes | Type::BytesIndef => {
            Tree::Bytes(cbor.bytes_iter()?.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Type::Tag => {
            cbor.tag()?;
            match from_cbor(cbor)? {
                Tree::Number(seconds) => Tree::Time(seconds),
                other => other,
            }
        }
        Type::Array | Type::ArrayIndef => {
            let left = cbor.array()?;
            let mut items = Vec::new();
            while more(cbor, left, items.len())? {
                items.push(from_cbor(cbor)?);
            }
            Tree::List(items)
        }
        Type::Map | Type::MapIndef => {
            let left = cbor.map()?;
            let mut entries = Vec::new();
            while more(cbor, left, entries.len())? {
                let key = from_cbor(cbor)?;
                entries.push((key.text().unwrap_or_default().to_owned(), from_cbor(cbor)?));
            }
            sorted(entries)
        }
        _ => Tree::Number(number(i128::from(cbor.int()?) as f64)),
    })
}

fn more(
    cbor: &mut Decoder<'_>,
    len: Option<u64>,
    read: usize,
) -> Result<bool, minicbor::decode::Error> {
    match len {
        Some(len) => Ok((read as u64) < len),
        None if cbor.datatype()? == Type::Break => {
            cbor.skip()?;
            Ok(false)
        }
        None => Ok(true),
    }
}

/// An XML element. Children of different names have no order between them, and neither have a map's entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Puts children in an order that does not depend on how they were written.
    pub fn order(&mut self, keys: &BTreeSet<&str>) {
        self.children.iter_mut().for_each(|child| child.order(keys));
        self.children.sort_by_key(|child| {
            let key = child.children.iter().find(|inner| keys.contains(&*inner.name));
            (child.name.clone(), key.map(|key| key.text.clone()))
        });
        self.attributes.sort();
        // White space that only lays the document out.
        if !self.children.is_empty() || self.text.trim().is_empty() && self.text.contains('\n') {
            self.text.clear();
        }
    }

    /// Removes the elements with these names, however deep.
    pub fn remove(&mut self, names: &[&str]) {
        self.children.retain(|child| !names.contains(&&*child.name));
        self.children.iter_mut().for_each(|child| child.remove(names));
    }
}

/// The names of all elements that hold a map's key.
pub fn map_keys<'s>(schema: &'s Schema, keys: &mut BTreeSet<&'s str>) {
    match schema.kind {
        Kind::List { member, .. } => map_keys(member.target, keys),
        Kind::Map { key, value, .. } => {
            keys.insert(key.wire_name());
            map_keys(value.target, keys);
        }
        _ => schema.members().iter().for_each(|member| map_keys(member.target, keys)),
    }
}

pub fn xml(body: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(&start)),
            Event::End(_) => {
                let element = open.pop().expect("an element");
                open.last_mut().expect("a parent").children.push(element);
            }
            Event::Text(text) => top(&mut open).push_str(&text),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().expect("a reference") {
                Some(character) => top(&mut open).push(character),
                None => top(&mut open).push_str(
                    quick_xml::escape::resolve_predefined_entity(&entity).expect("an entity"),
                ),
            },
            Event::Eof => {
                return Ok(open.remove(0).children.into_iter().next().unwrap_or_default());
            }
            _ => {}
        }
    }
}

fn top(open: &mut [Element]) -> &mut String {
    &mut open.last_mut().expect("an element").text
}

fn element(start: &BytesStart<'_>) -> Element {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("an attribute");
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).expect("a value");
        (attribute.key.0.to_owned(), value.into_owned())
    });
    Element {
        name: start.name().0.to_owned(),
        attributes: attributes.collect(),
        ..Element::default()
    }
}
