//! Key policies: the default one, validation, and the three operations on them.
//!
//! Validation keeps out documents that authorization could not read and, unless bypassed, those that would lock their
//! author out, which authorization itself is asked. Reading and judging policies is not done here.

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
use authz::document::{PrincipalEntry, PrincipalType};
use authz::{Document, Kind, Policy};
use base::AccountId;
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::lookup::{self, Accepts};
use crate::paging::{self, Page};
use crate::{Kms, conditions, facts, principal, state};

/// Largest key policy document, in bytes (Quotas, KMS Developer Guide).
pub(crate) const POLICY_MAX_BYTES: usize = 32 * 1024;
/// What the author of a policy must be able to do again.
const PUT_KEY_POLICY: &str = "kms:PutKeyPolicy";
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

/// The policy for a new key, which `key` stands for: the given one, checked, or the default.
///
/// # Errors
/// As [`validate`].
pub(crate) async fn chosen(
    call: &mut Call,
    key: Resource,
    policy: Option<&str>,
    bypass: bool,
) -> Result<Arc<str>, Failure> {
    match policy {
        None => Ok(default_policy(call.account())),
        Some(policy) => validate(call, key, policy, bypass).await,
    }
}

/// Checks a policy document for a key. Unless `bypass`, it must let the caller replace it again, together with all other policies
/// that bind the caller.
///
/// # Errors
/// `LimitExceededException`, `MalformedPolicyDocumentException`.
async fn validate(
    call: &mut Call,
    key: Resource,
    policy: &str,
    bypass: bool,
) -> Result<Arc<str>, Failure> {
    if policy.len() > POLICY_MAX_BYTES {
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
            "The key policy is {} bytes long; the maximum is {POLICY_MAX_BYTES}.",
            policy.len()
        )));
    }
    check(policy)?;
    let policy: Arc<str> = policy.into();
    let key = Resource { policy: Some(policy.clone()), policy_kind: Kind::Key, ..key };
    if !bypass && !call.may(&key.for_action(PUT_KEY_POLICY)).await? {
        return Err(malformed(
            "The new key policy will not allow you to update the key policy in the future.",
        ));
    }
    Ok(policy)
}

fn malformed(why: impl Into<String>) -> Failure {
    MALFORMED_POLICY_DOCUMENT_EXCEPTION.because(why.into())
}

/// Checks what can be checked without knowing who asks.
fn check(policy: &str) -> Result<(), Failure> {
    let refuse = |error: authz::Error| malformed(error.to_string());
    let document = Document::parse(policy).map_err(refuse)?;
    document.validate(Kind::Key).map_err(refuse)?;
    let mut named = document.statements.iter().flat_map(|s| &s.principal).flat_map(|p| &p.entries);
    if !named.all(is_principal) {
        return Err(malformed("Policy contains a statement with one or more invalid principals."));
    }
    Policy::compile(Kind::Key, "key policy", &document).map(drop).map_err(refuse)
}

fn is_principal(entry: &PrincipalEntry) -> bool {
    let name = entry.text.as_str();
    // An identity that was deleted shows as its unique id.
    let unique_id = |text: &str| {
        matches!(text.get(..4), Some("AIDA" | "AROA"))
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    match entry.of {
        PrincipalType::Aws => {
            name == "*"
                || name.parse::<AccountId>().is_ok()
                || unique_id(name)
                || principal::is_principal_arn(name)
        }
        PrincipalType::Service => name.contains('.'),
        PrincipalType::Federated | PrincipalType::CanonicalUser => true,
    }
}

/// Refuses policy names other than `default`.
fn check_name(name: Option<&str>) -> Result<(), Failure> {
    match name {
        None | Some(DEFAULT_POLICY) => Ok(()),
        Some(other) => Err(NOT_FOUND_EXCEPTION.because(format!("No such policy exists: {other}"))),
    }
}

impl Handle<GetKeyPolicy> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:GetKeyPolicy"), facts::COMMON);

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
    const FACTS: Facts = facts::on_key(Facts::write("kms:PutKeyPolicy"), facts::PUT_POLICY);

    async fn resources(
        &self,
        call: &mut Call,
        input: &PutKeyPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(&self, _call: &Call, input: &PutKeyPolicyRequest, request: &mut authz::Request) {
        conditions::bypass(request, input.bypass_policy_lockout_safety_check);
    }

    async fn handle(&self, call: &mut Call, input: &PutKeyPolicyRequest) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<PutKeyPolicy>(&key)?;
        if input.policy_name.as_deref().is_some_and(|name| name != DEFAULT_POLICY) {
            return Err(UNSUPPORTED_OPERATION_EXCEPTION
                .because("The only policy that can be changed is named default."));
        }
        let policy = input.policy.as_deref().unwrap_or_default();
        let bypass = input.bypass_policy_lockout_safety_check.unwrap_or(false);
        let judged = conditions::judged(call, &key);
        key.policy = validate(call, judged, policy, bypass).await?;
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<ListKeyPolicies> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:ListKeyPolicies"), facts::COMMON);

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

    #[test]
    fn documents_are_taken_or_refused() {
        check(&default_policy(AccountId::DEFAULT)).expect("the default policy");
        let good = [
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["123456789012"]},"Action":"kms:*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"AROAIIAAAAAAAAAAAAAA"},"Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:*","Resource":"*"}}"#,
        ];
        for policy in good {
            assert!(check(policy).is_ok(), "{policy}");
        }
        let bad = [
            "",
            "[]",
            "{}",
            r#"{"Statement":["x"]}"#,
            r#"{"Version":"2020-01-01","Statement":[]}"#,
            r#"{"Statements":[]}"#,
            r#"{"Statement":{"Effect":"Maybe","Principal":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"kms:*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"someone"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"bob"}}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":7}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","NotPrincipal":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Colour":"red"}}"#,
        ];
        for policy in bad {
            assert!(check(policy).is_err(), "{policy}");
        }
    }
}
