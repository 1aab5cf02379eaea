//! Writing a shape as XML: members in the model's order, absent ones left out, no white space.

use shape::{Kind, Member, Shape, Value, View, XmlNamespace};

use super::{ENTRY, TIMESTAMP};
use crate::codec::{Scope, text};

/// An XML document that is being written.
pub(crate) struct Writer<'o> {
    out: &'o mut String,
}

impl<'o> Writer<'o> {
    /// Appends to `out`.
    pub(crate) fn new(out: &'o mut String) -> Self {
        Self { out }
    }

    /// The declaration that some services begin with.
    pub(crate) fn declaration(&mut self) {
        self.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    /// An element around what `content` writes, declaring `namespace`.
    pub(crate) fn wrap(
        &mut self,
        name: &str,
        namespace: Option<XmlNamespace>,
        content: impl FnOnce(&mut Writer<'_>),
    ) {
        self.open(name, namespace);
        self.out.push('>');
        content(self);
        self.close(name);
    }

    /// The members of a structure in `scope` as the element `name`, with their attributes.
    pub(crate) fn structure(
        &mut self,
        shape: &dyn Shape,
        scope: Scope,
        name: &str,
        namespace: Option<XmlNamespace>,
    ) {
        self.open(name, namespace);
        for (index, member) in shape.schema().members().iter().enumerate() {
            let value = text::render(shape.field(index).view(), member, TIMESTAMP);
            if let Some(value) = value.filter(|_| member.traits.xml_attribute) {
                self.out.push(' ');
                self.out.push_str(member.wire_name());
                self.out.push_str("=\"");
                escape(&value, true, self.out);
                self.out.push('"');
            }
        }
        self.out.push('>');
        self.members(shape, scope);
        self.close(name);
    }

    /// The elements of all members in `scope` that are present.
    pub(crate) fn members(&mut self, shape: &dyn Shape, scope: Scope) {
        for (index, member) in shape.schema().members().iter().enumerate() {
            if scope.holds(member) && !member.traits.xml_attribute {
                self.member(shape.field(index), member);
            }
        }
    }

    fn member(&mut self, value: &dyn Value, member: &Member) {
        let name = member.wire_name();
        match (value.view(), member.target.kind) {
            (View::List(list), Kind::List { member: element, .. }) if member.traits.flattened => {
                for index in 0..list.len() {
                    self.element(list.at(index), element, name);
                }
            }
            (View::Map(map), Kind::Map { key, value, .. }) if member.traits.flattened => {
                for (text, entry) in map.entries() {
                    self.entry(name, member.traits.xml_namespace, (key, text), (value, entry));
                }
            }
            _ => self.element(value, member, name),
        }
    }

    /// One value as the element `name`; nothing if it is absent.
    pub(crate) fn element(&mut self, value: &dyn Value, member: &Member, name: &str) {
        let namespace = member.traits.xml_namespace;
        match (value.view(), member.target.kind) {
            (View::Absent | View::Document(_), _) => {}
            (View::Shape(shape), _) => self.structure(shape, Scope::All, name, namespace),
            (View::List(list), Kind::List { member, .. }) => {
                self.wrap(name, namespace, |out| {
                    for index in 0..list.len() {
                        out.element(list.at(index), member, member.wire_name());
                    }
                });
            }
            (View::Map(map), Kind::Map { key, value, .. }) => {
                self.wrap(name, namespace, |out| {
                    for (text, entry) in map.entries() {
                        out.entry(ENTRY, None, (key, text), (value, entry));
                    }
                });
            }
            (scalar, _) => {
                let text = text::render(scalar, member, TIMESTAMP).unwrap_or_default();
                self.text(name, namespace, &text);
            }
        }
    }

    fn entry(
        &mut self,
        name: &str,
        namespace: Option<XmlNamespace>,
        (key_member, key): (&Member, &str),
        (value_member, value): (&Member, &dyn Value),
    ) {
        self.wrap(name, namespace, |out| {
            out.text(key_member.wire_name(), key_member.traits.xml_namespace, key);
            out.element(value, value_member, value_member.wire_name());
        });
    }

    /// An element with a text.
    pub(crate) fn text(&mut self, name: &str, namespace: Option<XmlNamespace>, text: &str) {
        self.open(name, namespace);
        self.out.push('>');
        escape(text, false, self.out);
        self.close(name);
    }

    fn open(&mut self, name: &str, namespace: Option<XmlNamespace>) {
        self.out.push('<');
        self.out.push_str(name);
        if let Some(XmlNamespace { prefix, uri }) = namespace {
            self.out.push_str(" xmlns");
            if let Some(prefix) = prefix {
                self.out.push(':');
                self.out.push_str(prefix);
            }
            self.out.push_str("=\"");
            escape(uri, true, self.out);
            self.out.push('"');
        }
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }
}

/// Appends `text` so that a parser reads it back as it is. Carriage returns are written as references, because parsers
/// normalise them otherwise; characters that XML 1.0 cannot carry in any way are replaced, because clients would refuse
/// the whole answer.
fn escape(text: &str, attribute: bool, out: &mut String) {
    let mut from = 0;
    for (at, character) in text.char_indices() {
        let instead = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' if attribute => "&quot;",
            '\n' if attribute => "&#xA;",
            '\t' if attribute => "&#x9;",
            '\r' => "&#xD;",
            '\n' | '\t' => continue,
            '\0'..'\x20' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(instead);
        from = at + character.len_utf8();
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_for_their_place() {
        let escaped = |attribute| {
            let mut out = String::new();
            escape("a<b>&\"é\"\r\n\t\u{1}\u{ffff}", attribute, &mut out);
            out
        };
        assert_eq!(escaped(false), "a&lt;b&gt;&amp;\"é\"&#xD;\n\t\u{fffd}\u{fffd}");
        assert_eq!(escaped(true), "a&lt;b&gt;&amp;&quot;é&quot;&#xD;&#xA;&#x9;\u{fffd}\u{fffd}");
    }
}
