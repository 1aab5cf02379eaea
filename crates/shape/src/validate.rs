//! The constraint walker: checks a decoded input against its schema and reports every violation at once,
//! in the words of AWS's front ends.
//!
//! Patterns are compiled once and kept. A pattern that this regular-expression engine cannot read is not checked;
//! a test over the generated tables keeps the list of those empty.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use regex::Regex;

use crate::{Kind, Member, Schema, Shape, Value, View, lower_camel};

/// Violations that one message names at the most; the rest are only counted.
pub const VIOLATIONS_MAX: usize = 32;
/// Longest excerpt of an offending value in a message, in characters.
const VALUE_MAX_CHARS: usize = 512;

/// One broken constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path, such as `tags.1.member.tagKey`.
    pub path: String,
    /// The offending value where it may be shown.
    pub value: Option<String>,
    /// What must hold, such as `Member must not be null`.
    pub constraint: String,
}

/// Checks `shape`. An empty answer means that all constraints hold.
pub fn validate(shape: &dyn Shape) -> Vec<Violation> {
    let mut found = Vec::new();
    structure(shape, "", &mut found);
    found
}

/// The text of a `ValidationException` for these violations.
pub fn validation_message(violations: &[Violation]) -> String {
    let many = if violations.len() == 1 { "error" } else { "errors" };
    let texts: Vec<String> = violations.iter().take(VIOLATIONS_MAX).map(Violation::text).collect();
    format!("{} validation {many} detected: {}", violations.len(), texts.join("; "))
}

impl Violation {
    fn text(&self) -> String {
        let value = match &self.value {
            Some(value) => format!("Value {value} at"),
            None => "Value at".to_owned(),
        };
        format!("{value} '{}' failed to satisfy constraint: {}", self.path, self.constraint)
    }
}

fn structure(shape: &dyn Shape, path: &str, found: &mut Vec<Violation>) {
    let schema = shape.schema();
    for (index, member) in schema.members().iter().enumerate() {
        let value = shape.field(index);
        // The path costs an allocation, so it is built only where something is wrong or nested.
        let name = || join(path, &lower_camel(member.name));
        if value.is_absent() {
            if member.required {
                found.push(Violation {
                    path: name(),
                    value: Some("null".into()),
                    constraint: "Member must not be null".into(),
                });
            }
            continue;
        }
        check(value, member, &name, found);
    }
}

fn check(
    value: &dyn Value,
    member: &Member,
    path: &dyn Fn() -> String,
    found: &mut Vec<Violation>,
) {
    let schema = member.target;
    match value.view() {
        View::String(text) => {
            if let Kind::Enum(known) = schema.kind
                && !known.contains(&text)
            {
                let set = format!("Member must satisfy enum value set: [{}]", known.join(", "));
                return found.push(violation(path(), schema, text, set));
            }
            length(text.chars().count(), schema, path, Some(text), found);
            pattern(text, schema, path, found);
        }
        View::Blob(bytes) => length(bytes.len(), schema, path, None, found),
        View::Integer(number) => range(number as f64, number, schema, path, found),
        View::Double(number) => range(number, number, schema, path, found),
        View::List(list) => {
            length(list.len(), schema, path, None, found);
            if let Kind::List { member, .. } = schema.kind {
                for index in 0..list.len() {
                    let inner = || format!("{}.{}.member", path(), index + 1);
                    nested(list.at(index), member, &inner, found);
                }
            }
        }
        View::Map(map) => {
            length(map.len(), schema, path, None, found);
            if let Kind::Map { key, value, .. } = schema.kind {
                for (name, entry) in map.entries() {
                    let inner = || format!("{}.{name}", path());
                    length(name.chars().count(), key.target, &inner, Some(name), found);
                    pattern(name, key.target, &inner, found);
                    nested(entry, value, &inner, found);
                }
            }
        }
        View::Shape(shape) => structure(shape, &path(), found),
        View::Absent | View::Boolean(_) | View::Timestamp(_) | View::Document(_) => {}
    }
}

fn nested(
    value: &dyn Value,
    member: &Member,
    path: &dyn Fn() -> String,
    found: &mut Vec<Violation>,
) {
    if !value.is_absent() {
        check(value, member, path, found);
    }
}

fn length(
    length: usize,
    schema: &Schema,
    path: &dyn Fn() -> String,
    text: Option<&str>,
    found: &mut Vec<Violation>,
) {
    let mut report = |constraint| {
        found.push(match text {
            Some(text) => violation(path(), schema, text, constraint),
            None => Violation { path: path(), value: None, constraint },
        });
    };
    if let Some(min) = schema.constraints.min
        && (length as f64) < min
    {
        report(format!("Member must have length greater than or equal to {min}"));
    }
    if let Some(max) = schema.constraints.max
        && (length as f64) > max
    {
        report(format!("Member must have length less than or equal to {max}"));
    }
}

fn range(
    number: f64,
    shown: impl ToString,
    schema: &Schema,
    path: &dyn Fn() -> String,
    found: &mut Vec<Violation>,
) {
    if let Some(min) = schema.constraints.min
        && number < min
    {
        let constraint = format!("Member must have value greater than or equal to {min}");
        found.push(violation(path(), schema, &shown.to_string(), constraint));
    }
    if let Some(max) = schema.constraints.max
        && number > max
    {
        let constraint = format!("Member must have value less than or equal to {max}");
        found.push(violation(path(), schema, &shown.to_string(), constraint));
    }
}

fn pattern(text: &str, schema: &Schema, path: &dyn Fn() -> String, found: &mut Vec<Violation>) {
    let Some(pattern) = schema.constraints.pattern else { return };
    if compiled(pattern).is_some_and(|regex| !regex.is_match(text)) {
        let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
        found.push(violation(path(), schema, text, constraint));
    }
}

fn violation(path: String, schema: &Schema, text: &str, constraint: String) -> Violation {
    let shown = || format!("'{}'", text.chars().take(VALUE_MAX_CHARS).collect::<String>());
    Violation { path, value: (!schema.sensitive).then(shown), constraint }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The compiled pattern, anchored at both ends as the models mean it; `None` if it cannot be compiled.
pub(crate) fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    type Cache = RwLock<HashMap<&'static str, Option<Arc<Regex>>>>;
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);
    let read = CACHE.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(known) = read.get(pattern) {
        return known.clone();
    }
    drop(read);
    let regex = Regex::new(&format!("^(?:{})$", ascii_classes(pattern))).ok().map(Arc::new);
    let mut write = CACHE.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    write.entry(pattern).or_insert(regex).clone()
}

/// `\w`, `\d` and `\s` as the models mean them: ASCII only. Unicode's would let the digits of every script pass as digits,
/// and cost megabytes where they are repeated.
fn ascii_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next().unwrap_or('\\');
                let members = match escaped.to_ascii_lowercase() {
                    'w' => "0-9A-Za-z_",
                    'd' => "0-9",
                    's' => r"\t\n\x0B\f\r ",
                    _ => "",
                };
                match (members.is_empty(), in_class, escaped.is_ascii_uppercase()) {
                    (false, true, false) => out.push_str(members),
                    (false, false, false) => out.extend(["[", members, "]"]),
                    (false, false, true) => out.extend(["[^", members, "]"]),
                    _ => out.extend(['\\', escaped]),
                }
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blob, Constraints, Traits};

    static NAME: Schema = Schema {
        constraints: Constraints { min: Some(1.0), max: Some(4.0), pattern: Some("[a-z]+") },
        ..Schema::plain("Name", Kind::String)
    };
    static SECRET: Schema = Schema {
        sensitive: true,
        constraints: Constraints { max: Some(2.0), ..Constraints::NONE },
        ..Schema::plain("Secret", Kind::Blob)
    };
    static COLOUR: Schema = Schema::plain("Colour", Kind::Enum(Colour::VALUES));
    static ELEMENT: Member =
        Member { name: "member", target: &THING, required: false, traits: Traits::NONE };
    static THINGS: Schema = Schema::plain("Things", Kind::List { member: &ELEMENT, sparse: false });
    static THING: Schema = Schema::plain(
        "Thing",
        Kind::Structure(&[
            Member { name: "Name", target: &NAME, required: true, traits: Traits::NONE },
            Member { name: "Key", target: &SECRET, required: false, traits: Traits::NONE },
            Member { name: "Colour", target: &COLOUR, required: false, traits: Traits::NONE },
            Member { name: "Inner", target: &THINGS, required: false, traits: Traits::NONE },
        ]),
    );

    crate::string_enum!(
        /// A colour.
        Colour { Red = "RED", Blue = "BLUE" }
    );

    #[derive(Clone, Default)]
    struct Thing {
        name: Option<String>,
        key: Option<Blob>,
        colour: Option<Colour>,
        inner: Option<Vec<Thing>>,
    }
    crate::structure!(Thing, THING, 0 name, 1 key, 2 colour, 3 inner);

    #[test]
    fn every_violation_is_named_at_once() {
        let thing = Thing {
            key: Some(Blob::from(&b"abc"[..])),
            colour: Some(Colour::from("GREEN")),
            inner: Some(vec![Thing { name: Some("TOOLONG".into()), ..Thing::default() }]),
            ..Thing::default()
        };
        assert_eq!(
            validation_message(&validate(&thing)),
            "5 validation errors detected: \
             Value null at 'name' failed to satisfy constraint: Member must not be null; \
             Value at 'key' failed to satisfy constraint: Member must have length less than or equal to 2; \
             Value 'GREEN' at 'colour' failed to satisfy constraint: Member must satisfy enum value set: [RED, BLUE]; \
             Value 'TOOLONG' at 'inner.1.member.name' failed to satisfy constraint: Member must have length less than or equal to 4; \
             Value 'TOOLONG' at 'inner.1.member.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"
        );
    }

    #[test]
    fn classes_are_ascii() {
        assert_eq!(ascii_classes(r"\d{12}"), "[0-9]{12}");
        assert_eq!(ascii_classes(r"[\w\-/]+\D\.\\"), r"[0-9A-Za-z_\-/]+[^0-9]\.\\");
        let digits = compiled(r"\d+").expect("valid");
        assert!(digits.is_match("42") && !digits.is_match("٤٢"));
    }

    #[test]
    fn what_holds_is_not_reported_and_debug_is_redacted() {
        let thing = Thing {
            name: Some("abc".into()),
            key: Some(Blob::from(&b"k!"[..])),
            colour: Some(Colour::Red),
            ..Thing::default()
        };
        assert_eq!(validate(&thing), []);
        assert_eq!(
            format!("{thing:?}"),
            "Thing { Name: \"abc\", Key: <sensitive>, Colour: \"RED\" }"
        );
    }
}
