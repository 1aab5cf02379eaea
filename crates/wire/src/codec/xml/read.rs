//! Reading XML into a shape.
//!
//! Namespaces are not checked and prefixes ignored, unknown elements and attributes skipped. Document type
//! definitions are refused, so no entity but XML's own five exists. The root element may have any name: clients
//! disagree about it.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use shape::{Kind, Schema, Shape};

use super::{ENTRY, TIMESTAMP};
use crate::codec::budget::Budget;
use crate::codec::error::{DecodeError, STRING};
use crate::codec::target::Target;
use crate::codec::{Scope, exactly_one, text};

const FORMAT: &str = "XML";

/// Fills `into` from a document whose root holds the members of a request's body.
pub(crate) fn read(body: &[u8], into: &mut dyn Shape) -> Result<(), DecodeError> {
    document(body, |xml, root| xml.structure(into, Scope::Request, root))
}

/// Fills one value from the root of a document.
pub(crate) fn read_value(body: &[u8], target: Target<'_>) -> Result<(), DecodeError> {
    document(body, |xml, root| xml.value(target, root))
}

fn document<'b>(
    body: &'b [u8],
    fill: impl FnOnce(&mut Xml<'b>, &BytesStart<'b>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let text = std::str::from_utf8(body).map_err(malformed)?;
    let mut xml = Xml::new(text);
    let mut fill = Some(fill);
    loop {
        match xml.next()? {
            Event::Start(root) => match fill.take() {
                Some(fill) => fill(&mut xml, &root)?,
                None => return Err(malformed("there is more than one root element")),
            },
            Event::Text(text) if text.trim_ascii().is_empty() => {}
            Event::Eof if fill.is_none() => return Ok(()),
            Event::Eof => return Err(malformed("there is no root element")),
            _ => return Err(malformed("there is text outside of the root element")),
        }
    }
}

fn malformed(reason: impl ToString) -> DecodeError {
    DecodeError::malformed(FORMAT, reason)
}

struct Xml<'b> {
    reader: Reader<&'b [u8]>,
    budget: Budget,
}

impl<'b> Xml<'b> {
    fn new(text: &'b str) -> Self {
        let mut reader = Reader::from_str(text);
        // An empty element then looks like a start and an end.
        reader.config_mut().expand_empty_elements = true;
        Self { reader, budget: Budget::default() }
    }

    /// The next event that carries anything.
    fn next(&mut self) -> Result<Event<'b>, DecodeError> {
        loop {
            match self.reader.read_event().map_err(malformed)? {
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::DocType(_) => {
                    return Err(malformed("document type definitions are not allowed"));
                }
                event => return Ok(event),
            }
        }
    }

    /// The next child element; `None` at the end of the parent. Text between children carries nothing.
    fn child(&mut self) -> Result<Option<BytesStart<'b>>, DecodeError> {
        loop {
            match self.next()? {
                Event::Start(child) => {
                    self.budget.node()?;
                    return Ok(Some(child));
                }
                Event::End(_) => return Ok(None),
                Event::Eof => return Err(malformed("the document ends within an element")),
                _ => {}
            }
        }
    }

    fn skip(&mut self, start: &BytesStart<'_>) -> Result<(), DecodeError> {
        self.reader.read_to_end(start.name()).map(drop).map_err(malformed)
    }

    /// The text of an element without children, up to its end.
    fn text(&mut self) -> Result<String, DecodeError> {
        let mut content = String::new();
        loop {
            match self.next()? {
                Event::Text(text) => content.push_str(&text.xml10_content()),
                Event::CData(text) => content.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    match reference.resolve_char_ref().map_err(malformed)? {
                        Some(character) => content.push(character),
                        None => content.push_str(
                            quick_xml::escape::resolve_predefined_entity(&reference)
                                .ok_or_else(|| malformed("there is an unknown entity"))?,
                        ),
                    }
                }
                Event::Start(_) => return Err(DecodeError::Container("structure or map")),
                Event::End(_) => return Ok(content),
                _ => return Err(malformed("the document ends within an element")),
            }
        }
    }

    fn value(&mut self, target: Target<'_>, start: &BytesStart<'b>) -> Result<(), DecodeError> {
        match target.kind() {
            Kind::Structure(_) | Kind::Union(_) => match target.open()?.shape_mut() {
                Some(shape) => self.structure(shape, Scope::All, start),
                None => Err(DecodeError::Container("structure or map")),
            },
            Kind::List { member, sparse } => {
                let list = target.open()?.list_mut().ok_or(DecodeError::Container("list"))?;
                self.budget.enter()?;
                while let Some(child) = self.child()? {
                    if child.local_name().as_ref() == local(member.wire_name()) {
                        self.value(Target::element(list, member, sparse), &child)?;
                    } else {
                        self.skip(&child)?;
                    }
                }
                self.budget.leave();
                Ok(())
            }
            Kind::Map { .. } => {
                let member = target.member;
                let map = target.open()?.map_mut().ok_or(DecodeError::Container("map"))?;
                self.budget.enter()?;
                while let Some(child) = self.child()? {
                    if child.local_name().as_ref() == ENTRY {
                        self.entry(map, member.target)?;
                    } else {
                        self.skip(&child)?;
                    }
                }
                self.budget.leave();
                Ok(())
            }
            kind => {
                let content = self.text()?;
                let content = match kind {
                    Kind::String | Kind::Enum(_) => content.as_str(),
                    _ => content.trim_ascii(),
                };
                let scalar = text::parse(target.member, content, TIMESTAMP)?;
                target.set(STRING, scalar)
            }
        }
    }

    /// One entry of a map, in which the key stands before the value.
    fn entry(
        &mut self,
        map: &mut dyn shape::Map,
        schema: &'static Schema,
    ) -> Result<(), DecodeError> {
        let Kind::Map { key, value, sparse } = schema.kind else {
            return Err(DecodeError::Container("map"));
        };
        let mut found = None;
        self.budget.enter()?;
        while let Some(child) = self.child()? {
            let name = child.local_name();
            if name.as_ref() == local(key.wire_name()) {
                if found.replace(self.text()?).is_some() {
                    return Err(DecodeError::Duplicate("the key of a map's entry".into()));
                }
            } else if name.as_ref() == local(value.wire_name()) {
                let Some(name) = found.take() else {
                    return Err(malformed("a map's value stands before its key"));
                };
                self.value(Target::entry(map, name, value, sparse), &child)?;
            } else {
                self.skip(&child)?;
            }
        }
        self.budget.leave();
        // A key that is left over has no value, which is null.
        found.map_or(Ok(()), |name| Target::entry(map, name, value, sparse).null())
    }

    fn structure(
        &mut self,
        shape: &mut dyn Shape,
        scope: Scope,
        start: &BytesStart<'b>,
    ) -> Result<(), DecodeError> {
        let schema = shape.schema();
        let union = matches!(schema.kind, Kind::Union(_));
        self.budget.structure(schema)?;
        self.attributes(shape, scope, start)?;
        while let Some(child) = self.child()? {
            match member(schema, scope, child.local_name().as_ref(), false) {
                Some(index) => self.member(shape, index, &child)?,
                None if union => return Err(DecodeError::Union(schema.name)),
                None => self.skip(&child)?,
            }
        }
        self.budget.leave();
        if union { exactly_one(shape) } else { Ok(()) }
    }

    fn member(
        &mut self,
        shape: &mut dyn Shape,
        index: usize,
        start: &BytesStart<'b>,
    ) -> Result<(), DecodeError> {
        let member = &shape.schema().members()[index];
        if member.traits.flattened {
            match member.target.kind {
                Kind::List { member: element, sparse } => {
                    let list = shape.field_mut(index).list_mut();
                    let list = list.ok_or(DecodeError::Container("list"))?;
                    return self.value(Target::element(list, element, sparse), start);
                }
                Kind::Map { .. } => {
                    let map = shape.field_mut(index).map_mut();
                    let map = map.ok_or(DecodeError::Container("map"))?;
                    return self.entry(map, member.target);
                }
                _ => {}
            }
        }
        self.value(Target::field(shape, index)?, start)
    }

    fn attributes(
        &mut self,
        shape: &mut dyn Shape,
        scope: Scope,
        start: &BytesStart<'b>,
    ) -> Result<(), DecodeError> {
        // Comparing every attribute with every other would cost their number squared; a member given twice is found
        // by its field.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(malformed)?;
            let name = attribute.key.local_name();
            let Some(index) = member(shape.schema(), scope, name.as_ref(), true) else { continue };
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(malformed)?;
            let target = Target::field(shape, index)?;
            let scalar = text::parse(target.member, &value, TIMESTAMP)?;
            target.set(STRING, scalar)?;
        }
        Ok(())
    }
}

/// The member in `scope` with this element or attribute name.
fn member(schema: &Schema, scope: Scope, name: &str, attribute: bool) -> Option<usize> {
    schema.members().iter().position(|member| {
        member.traits.xml_attribute == attribute
            && local(member.wire_name()) == name
            && scope.holds(member)
    })
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}
