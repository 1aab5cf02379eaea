//! From text to document. The unions of the API are checked before the rest, so that a statement with none or several members gets
//! AWS's own answer. Nesting is bounded by serde_json's 128 levels.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{IPSet, RegexPatternSet, Rule, RuleGroup, Statement, WebAcl};
use crate::error::Error;

/// How the `SearchString` of a byte match stands in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchStrings {
    /// As base64: the API's form of a blob, which the AWS CLI and the SDKs print and Terraform never shows.
    #[default]
    Base64,
    /// As it is: the console's rule JSON editor.
    Text,
}

/// What one file may hold.
#[derive(Clone, Debug)]
pub enum Document {
    /// A Web ACL.
    WebAcl(Box<WebAcl>),
    /// A rule group.
    RuleGroup(Box<RuleGroup>),
    /// A set of addresses.
    IPSet(Box<IPSet>),
    /// A set of patterns.
    RegexPatternSet(Box<RegexPatternSet>),
}

impl Document {
    /// Reads a document by its members, also inside the answer of a `Get…` call (`{"WebACL": …, "LockToken": …}`).
    pub fn parse(text: &str, search_strings: SearchStrings) -> Result<Self, Error> {
        let mut value: Value = serde_json::from_str(text)?;
        for wrapper in ["WebACL", "RuleGroup", "IPSet", "RegexPatternSet"] {
            if let Some(inner) = value.get_mut(wrapper).filter(|inner| inner.is_object()) {
                value = inner.take();
                break;
            }
        }
        unions(&value)?;
        if value.get("Addresses").is_some() {
            return Ok(Self::IPSet(Box::new(serde_json::from_value(value)?)));
        }
        if value.get("RegularExpressionList").is_some() {
            return Ok(Self::RegexPatternSet(Box::new(serde_json::from_value(value)?)));
        }
        if value.get("DefaultAction").is_some() {
            let mut acl: Box<WebAcl> = Box::new(serde_json::from_value(value)?);
            decode(&mut acl.rules, search_strings)?;
            return Ok(Self::WebAcl(acl));
        }
        let mut group: Box<RuleGroup> = Box::new(serde_json::from_value(value)?);
        decode(&mut group.rules, search_strings)?;
        Ok(Self::RuleGroup(group))
    }
}

impl WebAcl {
    /// Reads a Web ACL.
    pub fn parse(text: &str, search_strings: SearchStrings) -> Result<Self, Error> {
        let mut acl: Self = read(text)?;
        decode(&mut acl.rules, search_strings)?;
        Ok(acl)
    }
}

impl RuleGroup {
    /// Reads a rule group.
    pub fn parse(text: &str, search_strings: SearchStrings) -> Result<Self, Error> {
        let mut group: Self = read(text)?;
        decode(&mut group.rules, search_strings)?;
        Ok(group)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    unions(&serde_json::from_str(text)?)?;
    Ok(serde_json::from_str(text)?)
}

/// Members that hold a union, and the API's name of that field.
const UNIONS: [(&str, &str); 9] = [
    ("Statement", "STATEMENT"),
    ("ScopeDownStatement", "STATEMENT"),
    ("Statements", "STATEMENT"),
    ("FieldToMatch", "FIELD_TO_MATCH"),
    ("Action", "RULE_ACTION"),
    ("ActionToUse", "RULE_ACTION"),
    ("OverrideAction", "OVERRIDE_ACTION"),
    ("DefaultAction", "DEFAULT_ACTION"),
    ("CustomKeys", "CUSTOM_KEYS"),
];

/// Sees that every union has exactly one member.
fn unions(value: &Value) -> Result<(), Error> {
    match value {
        Value::Array(items) => items.iter().try_for_each(unions),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            if let Some((name, field)) = UNIONS.iter().find(|(union, _)| union == name) {
                let lists = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                if lists.iter().any(|one| one.as_object().is_some_and(|one| one.len() != 1)) {
                    return Err(Error::invalid("EXACTLY_ONE_CONDITION_REQUIRED", field, *name));
                }
            }
            unions(value)
        }),
        _ => Ok(()),
    }
}

fn decode(rules: &mut [Rule], search_strings: SearchStrings) -> Result<(), Error> {
    if search_strings == SearchStrings::Text {
        return Ok(());
    }
    rules.iter_mut().try_for_each(|rule| decode_statement(&mut rule.statement))
}

fn decode_statement(statement: &mut Statement) -> Result<(), Error> {
    if let Statement::ByteMatch(byte_match) = statement {
        let text = &byte_match.search_string.0;
        byte_match.search_string.0 = STANDARD.decode(text).map_err(|_| {
            let text = String::from_utf8_lossy(text);
            Error::invalid("SearchString is not base64", "BYTE_MATCH_STATEMENT", text)
        })?;
    }
    statement.children_mut().iter_mut().try_for_each(decode_statement)
}
