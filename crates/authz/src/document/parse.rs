//! From JSON to a [`Document`]: the grammar and nothing else. Elements that the grammar does not have are errors, as
//! they are for IAM, since a misspelt `Condition` would otherwise widen a statement silently.

use super::{
    Condition, Document, Effect, PrincipalEntry, PrincipalType, Principals, Statement, Term, Terms,
    Version,
};
use crate::error::{Error, Position};
use crate::json::{self, Member, Node, Value};
use crate::operator::Comparison;

pub(super) fn document(text: &str) -> Result<Document, Error> {
    let root = json::read(text)?;
    let mut document = Document { version: None, id: None, statements: Vec::new() };
    for Member { at, key, value } in object(root, "a policy")? {
        match key.as_str() {
            "Version" => document.version = Some(version(value)?),
            "Id" => document.id = Some(string(value, "Id")?.text),
            "Statement" => document.statements = statements(value)?,
            _ => return Err(Error::syntax(at, format!("a policy has no element {key:?}"))),
        }
    }
    if document.statements.is_empty() {
        return Err(Error::syntax(Position { line: 1, column: 1 }, "a policy needs a Statement"));
    }
    Ok(document)
}

fn version(node: Node) -> Result<Version, Error> {
    let Term { at, text } = string(node, "Version")?;
    match text.as_str() {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        _ => Err(Error::syntax(at, "the versions are 2012-10-17 and 2008-10-17")),
    }
}

fn statements(node: Node) -> Result<Vec<Statement>, Error> {
    match node.value {
        Value::Array(items) => items.into_iter().map(statement).collect(),
        _ => Ok(vec![statement(node)?]),
    }
}

fn statement(node: Node) -> Result<Statement, Error> {
    let start = node.at;
    let mut sid = None;
    let mut effect = None;
    let (mut principal, mut action, mut resource) = (None, None, None);
    let mut conditions = Vec::new();
    for Member { at, key, value } in object(node, "a statement")? {
        match key.as_str() {
            "Sid" => sid = Some(string(value, "Sid")?.text),
            "Effect" => effect = Some(read_effect(value)?),
            "Principal" | "NotPrincipal" => {
                let negated = key == "NotPrincipal";
                once(&mut principal, at, &key, Principals { at, negated, entries: who(value)? })?;
            }
            "Action" | "NotAction" => {
                let negated = key == "NotAction";
                once(&mut action, at, &key, Terms { at, negated, terms: terms(value, &key)? })?;
            }
            "Resource" | "NotResource" => {
                let negated = key == "NotResource";
                once(&mut resource, at, &key, Terms { at, negated, terms: terms(value, &key)? })?;
            }
            "Condition" => conditions = read_conditions(value)?,
            _ => return Err(Error::syntax(at, format!("a statement has no element {key:?}"))),
        }
    }
    let Some((effect, effect_exact)) = effect else {
        return Err(Error::syntax(start, "a statement needs an Effect"));
    };
    let at = start;
    Ok(Statement { at, sid, effect, effect_exact, principal, action, resource, conditions })
}

/// An element and its negation exclude each other.
fn once<T>(slot: &mut Option<T>, at: Position, key: &str, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::syntax(at, format!("{key} beside its opposite"))),
    }
}

fn read_effect(node: Node) -> Result<(Effect, bool), Error> {
    let Term { at, text } = string(node, "Effect")?;
    for (name, effect) in [("Allow", Effect::Allow), ("Deny", Effect::Deny)] {
        if text.eq_ignore_ascii_case(name) {
            return Ok((effect, text == name));
        }
    }
    Err(Error::syntax(at, "an Effect is Allow or Deny"))
}

fn who(node: Node) -> Result<Vec<PrincipalEntry>, Error> {
    if matches!(&node.value, Value::String(text) if text == "*") {
        return Ok(vec![PrincipalEntry {
            at: node.at,
            of: PrincipalType::Aws,
            text: "*".to_owned(),
        }]);
    }
    let mut entries = Vec::new();
    for Member { at, key, value } in object(node, "a Principal other than \"*\"")? {
        let of = match key.as_str() {
            "AWS" => PrincipalType::Aws,
            "Service" => PrincipalType::Service,
            "Federated" => PrincipalType::Federated,
            "CanonicalUser" => PrincipalType::CanonicalUser,
            _ => return Err(Error::syntax(at, format!("a Principal has no key {key:?}"))),
        };
        let terms = terms(value, &key)?;
        entries.extend(terms.into_iter().map(|Term { at, text }| PrincipalEntry { at, of, text }));
    }
    Ok(entries)
}

fn read_conditions(node: Node) -> Result<Vec<Condition>, Error> {
    let mut conditions = Vec::new();
    for Member { at, key: name, value } in object(node, "a Condition")? {
        let keys = object(value, "a condition operator's block")?;
        let Some(comparison) = Comparison::named(&name) else {
            // IAM accepts an unknown operator that says nothing.
            if keys.is_empty() {
                continue;
            }
            return Err(Error::syntax(at, format!("there is no condition operator {name:?}")));
        };
        for Member { at, key, value } in keys {
            let values = match value.value {
                Value::Array(items) => items.into_iter().map(|n| scalar(n, &key)).collect(),
                _ => scalar(value, &key).map(|one| vec![one]),
            };
            conditions.push(Condition { at, comparison, key, values: values? });
        }
    }
    Ok(conditions)
}

/// Condition values may be written without quotes.
fn scalar(node: Node, key: &str) -> Result<String, Error> {
    match node.value {
        Value::String(text) | Value::Number(text) => Ok(text),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Error::syntax(
            node.at,
            format!("a value of {key:?} is text, a number or a boolean"),
        )),
    }
}

fn terms(node: Node, element: &str) -> Result<Vec<Term>, Error> {
    match node.value {
        Value::Array(items) => items.into_iter().map(|item| string(item, element)).collect(),
        _ => Ok(vec![string(node, element)?]),
    }
}

fn string(node: Node, element: &str) -> Result<Term, Error> {
    match node.value {
        Value::String(text) => Ok(Term { at: node.at, text }),
        _ => Err(Error::syntax(node.at, format!("{element} is text"))),
    }
}

fn object(node: Node, what: &str) -> Result<Vec<Member>, Error> {
    match node.value {
        Value::Object(members) => Ok(members),
        _ => Err(Error::syntax(node.at, format!("{what} is an object"))),
    }
}
