//! Key policies: the default one, validation, and the three operations on them.
//!
//! Validation keeps out documents that authorization could not read and, unless bypassed, those that would lock their
//! author out. Judging calls by a policy is the platform's business, not done here.

use std::sync::Arc;

use api_kms::error::{
    LIMIT_EXCEEDED_EXCEPTION, MALFORMED_POLICY_DOCUMENT_EXCEPTION, NOT_FOUND_EXCEPTION,
    UNSUPPORTED_OPERATION_EXCEPTION,
};
use api_kms::operations::{GetKeyPolicy, ListKeyPolicies, PutKeyPolicy};
use api_kms::{
    GetKeyPolicyRequest, GetKeyPolicyResponse, ListKeyPoliciesRequest, ListKeyPoliciesResponse,
    PutKeyPolicyRequest, Unit,
};
use base::AccountId;
use platform::{Call, Facts, Handle, Identity, Resource};
use serde_json::Value;
use shape::Failure;

use crate::lookup::{self, Accepts};
use crate::paging::{self, Page};
use crate::{Kms, state};

/// Largest key policy document, in bytes (Quotas, KMS Developer Guide).
pub(crate) const POLICY_MAX_BYTES: usize = 32 * 1024;
/// The name of the policy that customers manage.
const DEFAULT_POLICY: &str = "default";

/// The key policy of keys that are created without one: the account decides through IAM.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub(crate) fn default_policy(account: AccountId) -> Arc<str> {
    let root = account.root_arn();
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{root}"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
    .into()
}

/// The policy for a new key: the given one, checked, or the default.
///
/// # Errors
/// As [`validate`].
pub(crate) fn chosen(call: &Call, policy: Option<&str>, bypass: bool) -> Result<Arc<str>, Failure> {
    match policy {
        None => Ok(default_policy(call.account())),
        Some(policy) => {
            validate(call, policy, bypass)?;
            Ok(policy.into())
        }
    }
}

/// Checks a policy document. Unless `bypass`, it must let the caller replace it again.
///
/// # Errors
/// `LimitExceededException`, `MalformedPolicyDocumentException`.
pub(crate) fn validate(call: &Call, policy: &str, bypass: bool) -> Result<(), Failure> {
    if policy.len() > POLICY_MAX_BYTES {
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
            "The key policy is {} bytes long; the maximum is {POLICY_MAX_BYTES}.",
            policy.len()
        )));
    }
    let document = parse(policy)?;
    let caller = Principal { account: call.account(), arn: call.caller.arn() };
    let is_service = matches!(call.caller.identity, Identity::Service(_));
    if !bypass && !is_service && !lets_put_policy(&document, &caller) {
        return Err(malformed(
            "The new key policy will not allow you to update the key policy in the future.",
        ));
    }
    Ok(())
}

struct Principal {
    account: AccountId,
    arn: String,
}

fn malformed(why: &str) -> Failure {
    MALFORMED_POLICY_DOCUMENT_EXCEPTION.because(why)
}

/// Parses a document as far as every reader of key policies relies on its form. Returns the statements.
fn parse(policy: &str) -> Result<Vec<Value>, Failure> {
    const TOP: [&str; 3] = ["Version", "Id", "Statement"];
    let document: Value =
        serde_json::from_str(policy).map_err(|_| malformed("The policy is not valid JSON."))?;
    let Value::Object(mut document) = document else {
        return Err(malformed("The policy is not a JSON object."));
    };
    if let Some(unknown) = document.keys().find(|key| !TOP.contains(&key.as_str())) {
        return Err(malformed(&format!("Unknown field {unknown}")));
    }
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        _ => return Err(malformed("The policy has an invalid Version.")),
    }
    let statements = match document.remove("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements,
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err(malformed("The policy has no Statement.")),
    };
    statements.iter().try_for_each(check_statement)?;
    Ok(statements)
}

fn check_statement(statement: &Value) -> Result<(), Failure> {
    const ELEMENTS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let statement =
        statement.as_object().ok_or_else(|| malformed("A statement is not a JSON object."))?;
    if let Some(unknown) = statement.keys().find(|key| !ELEMENTS.contains(&key.as_str())) {
        return Err(malformed(&format!("Unknown field {unknown}")));
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err(malformed("A statement has an invalid Effect."));
    }
    for (one, other) in
        [("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")]
    {
        if statement.contains_key(one) && statement.contains_key(other) {
            return Err(malformed(&format!("A statement has both {one} and {other}.")));
        }
    }
    for element in ["Action", "NotAction", "Resource", "NotResource"] {
        if statement.get(element).is_some_and(|value| texts(value).is_none()) {
            return Err(malformed(&format!("A statement has an invalid {element}.")));
        }
    }
    if statement.get("Condition").is_some_and(|value| !value.is_object()) {
        return Err(malformed("A statement has an invalid Condition."));
    }
    let principal = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
    let principal =
        principal.ok_or_else(|| malformed("Policy contains a statement with no principal."))?;
    if is_principal(principal) {
        Ok(())
    } else {
        Err(malformed("Policy contains a statement with one or more invalid principals."))
    }
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is_principal(value: &Value) -> bool {
    let Value::Object(kinds) = value else { return value.as_str() == Some("*") };
    !kinds.is_empty()
        && kinds.iter().all(|(kind, names)| {
            let Some(names) = texts(names).filter(|names| !names.is_empty()) else { return false };
            match kind.as_str() {
                "AWS" => names.iter().all(|name| is_aws_principal(name)),
                "Service" => names.iter().all(|name| name.contains('.')),
                "Federated" | "CanonicalUser" => true,
                _ => false,
            }
        })
}

fn is_aws_principal(name: &str) -> bool {
    if name == "*" || name.parse::<AccountId>().is_ok() {
        return true;
    }
    // An identity that was deleted shows as its unique id.
    let unique_id = |text: &str| {
        matches!(text.get(..4), Some("AIDA" | "AROA"))
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    unique_id(name) || crate::principal::is_principal_arn(name)
}

/// Whether the policy leaves its author the right to replace it. Conditions count as met: they are judged call by call.
fn lets_put_policy(statements: &[Value], caller: &Principal) -> bool {
    let speaks = |effect: &str| {
        statements.iter().any(|statement| {
            statement["Effect"] == effect
                && (effect == "Allow" || statement.get("Condition").is_none())
                && concerns(statement, caller)
        })
    };
    speaks("Allow") && !speaks("Deny")
}

fn concerns(statement: &Value, caller: &Principal) -> bool {
    let element = |name: &str| statement.get(name).and_then(texts);
    let acts = match (element("Action"), element("NotAction")) {
        (Some(actions), _) => actions.iter().any(|action| matches(action, "kms:PutKeyPolicy")),
        (None, Some(not)) => !not.iter().any(|action| matches(action, "kms:PutKeyPolicy")),
        // A statement without actions has no effect.
        (None, None) => false,
    };
    // In a key policy a resource means this key, however it is written; one without a resource has no effect.
    let applies = statement.get("Resource").is_some() || statement.get("NotResource").is_some();
    let named = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => names(principal, caller),
        (None, Some(principal)) => !names(principal, caller),
        (None, None) => false,
    };
    acts && applies && named
}

/// Whether a principal element names the caller, by itself or through its account.
fn names(principal: &Value, caller: &Principal) -> bool {
    let list = match principal {
        Value::Object(kinds) => kinds.get("AWS").and_then(texts).unwrap_or_default(),
        other => texts(other).unwrap_or_default(),
    };
    let root = caller.account.root_arn();
    list.iter().any(|name| {
        *name == "*" || *name == caller.account.as_str() || *name == root || *name == caller.arn
    })
}

/// IAM's wildcards: `*` is any run of characters, `?` any one. Actions ignore case.
fn matches(pattern: &str, text: &str) -> bool {
    fn walk(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| walk(rest, &text[skip..])),
            Some((b'?', rest)) => !text.is_empty() && walk(rest, &text[1..]),
            Some((byte, rest)) => {
                text.first().is_some_and(|first| first.eq_ignore_ascii_case(byte))
                    && walk(rest, &text[1..])
            }
        }
    }
    // Runs of asterisks mean one; collapsing them keeps the walk from branching over and over.
    let mut collapsed = pattern.as_bytes().to_vec();
    collapsed.dedup_by(|a, b| *a == b'*' && *b == b'*');
    walk(&collapsed, text.as_bytes())
}

/// Refuses policy names other than `default`.
fn check_name(name: Option<&str>) -> Result<(), Failure> {
    match name {
        None | Some(DEFAULT_POLICY) => Ok(()),
        Some(other) => Err(NOT_FOUND_EXCEPTION.because(format!("No such policy exists: {other}"))),
    }
}

impl Handle<GetKeyPolicy> for Kms {
    const FACTS: Facts = Facts::read("kms:GetKeyPolicy");

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetKeyPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetKeyPolicyRequest,
    ) -> Result<GetKeyPolicyResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::OwnKey).await?;
        check_name(input.policy_name.as_deref())?;
        Ok(GetKeyPolicyResponse {
            policy: Some(key.policy.to_string()),
            policy_name: Some(DEFAULT_POLICY.to_owned()),
        })
    }
}

impl Handle<PutKeyPolicy> for Kms {
    const FACTS: Facts = Facts::write("kms:PutKeyPolicy");

    async fn resources(
        &self,
        call: &mut Call,
        input: &PutKeyPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(&self, call: &mut Call, input: &PutKeyPolicyRequest) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<PutKeyPolicy>(&key)?;
        if input.policy_name.as_deref().is_some_and(|name| name != DEFAULT_POLICY) {
            return Err(UNSUPPORTED_OPERATION_EXCEPTION
                .because("The only policy that can be changed is named default."));
        }
        let policy = input.policy.as_deref().unwrap_or_default();
        validate(call, policy, input.bypass_policy_lockout_safety_check.unwrap_or(false))?;
        key.policy = policy.into();
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<ListKeyPolicies> for Kms {
    const FACTS: Facts = Facts::read("kms:ListKeyPolicies");

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListKeyPoliciesRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        _call: &mut Call,
        input: &ListKeyPoliciesRequest,
    ) -> Result<ListKeyPoliciesResponse, Failure> {
        let page =
            Page::new::<ListKeyPolicies>(input.limit, input.marker.as_deref(), paging::LONG)?;
        let (names, next) = page.select([(DEFAULT_POLICY.to_owned(), DEFAULT_POLICY.to_owned())]);
        Ok(ListKeyPoliciesResponse {
            policy_names: Some(names),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(policy: &str) -> Result<bool, String> {
        let caller = Principal { account: AccountId::DEFAULT, arn: AccountId::DEFAULT.root_arn() };
        let statements = parse(policy).map_err(|failure| failure.message)?;
        Ok(lets_put_policy(&statements, &caller))
    }

    fn statement(rest: &str) -> String {
        format!(r#"{{"Statement":[{{"Effect":"Allow",{rest}}}]}}"#)
    }

    #[test]
    fn the_default_policy_keeps_its_author_in() {
        assert_eq!(verdict(&default_policy(AccountId::DEFAULT)), Ok(true));
    }

    #[test]
    fn lockouts_are_seen() {
        let open = [
            r#""Principal":"*","Action":"kms:Put*","Resource":"*""#,
            r#""Principal":{"AWS":["123456789012"]},"Action":["kms:PutKeyPolic?"],"Resource":"*""#,
            r#""Principal":{"AWS":"*"},"NotAction":"kms:Encrypt","Resource":"*""#,
        ];
        for rest in open {
            assert_eq!(verdict(&statement(rest)), Ok(true), "{rest}");
        }
        let locked = [
            r#""Principal":{"AWS":"arn:aws:iam::123456789012:role/admin"},"Action":"kms:*","Resource":"*""#,
            r#""Principal":"*","Action":"kms:Encrypt","Resource":"*""#,
            r#""Principal":"*","Action":"kms:*""#,
            r#""Principal":"*","Resource":"*""#,
            r#""Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:*","Resource":"*""#,
        ];
        for rest in locked {
            assert_eq!(verdict(&statement(rest)), Ok(false), "{rest}");
        }
        let denied = r#"{"Statement":[
            {"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},
            {"Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}]}"#;
        assert_eq!(verdict(denied), Ok(false));
    }

    #[test]
    fn malformed_documents_are_refused() {
        let bad = [
            "",
            "[]",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Statement":["x"]}"#,
            r#"{"Version":"2020-01-01","Statement":[]}"#,
            r#"{"Statements":[]}"#,
            r#"{"Statement":{"Effect":"Maybe","Principal":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"kms:*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"someone"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"bob"}}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":[]}}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":7}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","NotPrincipal":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Colour":"red"}}"#,
        ];
        for policy in bad {
            assert!(verdict(policy).is_err(), "{policy}");
        }
    }

    #[test]
    fn many_wildcards_do_not_take_forever() {
        let pattern = format!("kms:{}x", "*a".repeat(20));
        assert!(!matches(&pattern, "kms:PutKeyPolicy"));
        assert!(matches("KMS:put**policy", "kms:PutKeyPolicy"));
    }
}
