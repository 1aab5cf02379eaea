//! What a policy's document may say. Those that bind are the policy engine's to check; those that merge are settings with
//! inheritance operators: objects all the way down to operators, and values below operators alone.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html>

use api_organizations::ConstraintViolationExceptionReason as Constraint;
use api_organizations::error::MALFORMED_POLICY_DOCUMENT_EXCEPTION;
use authz::{Document, Policy};
use identity::organization::PolicyType;
use serde_json::{Map, Value};
use shape::Failure;

use crate::kinds::Kind;
use crate::refuse;

/// Sets a value in place of what is inherited.
pub(crate) const ASSIGN: &str = "@@assign";
/// Adds values to those that are inherited.
pub(crate) const APPEND: &str = "@@append";
/// Takes values away from those that are inherited.
pub(crate) const REMOVE: &str = "@@remove";
/// Says which operators policies further down may use.
pub(crate) const ALLOWED: &str = "@@operators_allowed_for_child_policies";
/// All of them.
pub(crate) const ALL: &str = "@@all";
/// None of them.
pub(crate) const NONE: &str = "@@none";

/// Checks a document of a kind.
///
/// # Errors
/// `ConstraintViolationException` for one that is too large, `MalformedPolicyDocumentException`.
pub(crate) fn check(kind: &Kind, text: &str) -> Result<(), Failure> {
    if text.chars().count() > kind.chars_max {
        let text = "You have exceeded the maximum size of a policy document.";
        return Err(refuse::constraint(Constraint::PolicyContentLimitExceeded, text));
    }
    let engine = match kind.policy {
        PolicyType::ServiceControl => Some(authz::Kind::ServiceControl),
        PolicyType::ResourceControl => Some(authz::Kind::ResourceControl),
        _ => None,
    };
    match engine {
        Some(engine) => binding(engine, text),
        None => merging(kind, text),
    }
}

fn binding(kind: authz::Kind, text: &str) -> Result<(), Failure> {
    let unreadable = |error: authz::Error| {
        let place = error.at().map(|at| format!(" ({at})")).unwrap_or_default();
        malformed(&format!("{error}{place}"))
    };
    Policy::read(kind, "policy", text).map_err(unreadable)?;
    if kind == authz::Kind::ResourceControl {
        // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
        for statement in Document::parse(text).map_err(unreadable)?.statements {
            let at = statement.at;
            let actions = statement.action.filter(|actions| !actions.negated);
            if actions.is_none_or(|actions| actions.terms.iter().any(|action| action.text == "*")) {
                return Err(malformed(&format!("Actions must be those of named services ({at}).")));
            }
        }
    }
    Ok(())
}

fn malformed(why: &str) -> Failure {
    MALFORMED_POLICY_DOCUMENT_EXCEPTION.because(format!(
        "The provided policy document does not meet the requirements of the specified policy type. {why}"
    ))
}

fn merging(kind: &Kind, text: &str) -> Result<(), Failure> {
    let document: Value = serde_json::from_str(text)
        .map_err(|error| malformed(&format!("It is not JSON: {error}.")))?;
    let Value::Object(members) = &document else {
        return Err(malformed("It must be a JSON object."));
    };
    if let Some(top) = kind.top
        && let Some(other) = members.keys().find(|key| *key != top && !key.starts_with("@@"))
    {
        return Err(malformed(&format!("It must begin with {top:?}, not {other:?}.")));
    }
    settings(members, "").map_err(|why| malformed(&why))
}

/// Checks the members of an object; `path` is where it stands.
fn settings(members: &Map<String, Value>, path: &str) -> Result<(), String> {
    for (key, value) in members {
        let path = format!("{path}/{key}");
        match (key.as_str(), value) {
            (ALLOWED, Value::Array(operators)) => {
                let known = |operator: &Value| {
                    let operator = operator.as_str().unwrap_or_default();
                    [ALL, NONE, ASSIGN, APPEND, REMOVE].contains(&operator)
                };
                if operators.is_empty() || !operators.iter().all(known) {
                    return Err(format!("There is an unknown operator at {path}."));
                }
            }
            (ASSIGN, Value::Array(values)) | (APPEND | REMOVE, Value::Array(values)) => {
                if values.iter().any(|value| value.is_object() || value.is_array()) {
                    return Err(format!("There must be plain values at {path}."));
                }
            }
            (ASSIGN, Value::String(_) | Value::Number(_) | Value::Bool(_)) => {}
            (ASSIGN | APPEND | REMOVE | ALLOWED, _) => {
                return Err(format!("There is a value of the wrong type at {path}."));
            }
            (operator, _) if operator.starts_with("@@") => {
                return Err(format!("There is an unknown operator at {path}."));
            }
            (_, Value::Object(members)) => settings(members, &path)?,
            _ => return Err(format!("There is a value without an operator at {path}.")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn outcome(kind: PolicyType, text: &str) -> String {
        match check(kinds::of(kind), text) {
            Ok(()) => "ok".to_owned(),
            Err(failure) => failure.error.name.to_owned(),
        }
    }

    #[test]
    fn documents_are_what_their_kind_says() {
        let malformed = "MalformedPolicyDocumentException";
        let tag =
            r#"{"tags":{"team":{"tag_key":{"@@assign":"Team"},"tag_value":{"@@append":["a"]}}}}"#;
        let scp = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"kms:*","Resource":"*"}}"#;
        let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        let rcp = |action: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Principal":"*",{action},"Resource":"*"}}}}"#
            )
        };
        let cases = [
            (PolicyType::Tag, tag, "ok"),
            (PolicyType::Tag, r#"{"plans":{}}"#, malformed),
            (PolicyType::Tag, r#"{"tags":{"team":"Team"}}"#, malformed),
            (PolicyType::Tag, r#"{"tags":{"team":{"@@set":"Team"}}}"#, malformed),
            (PolicyType::Tag, r#"{"tags":{"team":{"@@append":"Team"}}}"#, malformed),
            (PolicyType::Tag, "[]", malformed),
            (PolicyType::Inspector, r#"{"anything":{"@@assign":true}}"#, "ok"),
            (PolicyType::ServiceControl, scp, "ok"),
            (PolicyType::ServiceControl, tag, malformed),
            (PolicyType::ServiceControl, allow, malformed),
            (PolicyType::ResourceControl, allow, malformed),
            (PolicyType::ResourceControl, &rcp(r#""Action":"kms:*""#), "ok"),
            (PolicyType::ResourceControl, &rcp(r#""Action":"*""#), malformed),
            (PolicyType::ResourceControl, &rcp(r#""NotAction":"kms:*""#), malformed),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(outcome(kind, text), expected, "{text}");
        }
        let long = format!("{}{}", " ".repeat(5_120), scp);
        assert_eq!(outcome(PolicyType::ServiceControl, &long), "ConstraintViolationException");
    }
}
