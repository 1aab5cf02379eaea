//! Trust policies: who may assume a role.
//!
//! As on AWS, a user or role that is named as principal must exist, and what is kept is its unique id, so that one who is made
//! later under the same name is not trusted. The id is shown as the ARN for as long as that still leads to it
//! (docs/decisions/0076).
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use api_iam::error::LIMIT_EXCEEDED_EXCEPTION;
use authz::Kind;
use base::{AccountId, Arn};
use identity::ids;
use identity::record::{self, Role, TrustedPrincipal, User};
use platform::Call;
use serde::Deserialize;
use serde_json::value::RawValue;
use shape::Failure;
use store::Scope;

use crate::bearer::Bearer;
use crate::documents;
use crate::find::OrInternal as _;

/// Characters of a trust policy at most, without white space.
pub(crate) const TRUST_MAX_CHARS: usize = 2_048;

/// A trust policy as it is kept.
pub(crate) struct Trust {
    /// The document, with unique ids in place of ARNs.
    pub text: Arc<str>,
    /// What those ids stand for.
    pub trusted: Vec<TrustedPrincipal>,
}

/// Checks a trust policy and makes of it what is kept. `known` are principals that the role trusts already, whose ids may stand
/// in the text.
///
/// # Errors
/// `MalformedPolicyDocument`, `LimitExceeded`.
pub(crate) async fn take(
    call: &Call,
    text: &str,
    known: &[TrustedPrincipal],
) -> Result<Trust, Failure> {
    documents::check(Kind::Trust, text)?;
    if documents::size(text) > TRUST_MAX_CHARS {
        let text = format!("Cannot exceed quota for ACLSizePerRole: {TRUST_MAX_CHARS}");
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
    }
    let mut kept = String::with_capacity(text.len());
    let mut trusted = Vec::new();
    let mut done = 0;
    for Named { of, raw } in principals(text).map_err(|_| syntax())? {
        let name: String = serde_json::from_str(raw.get()).map_err(|_| syntax())?;
        let invalid =
            || documents::malformed(&format!("Invalid principal in policy: \"{of}\":\"{name}\""));
        let replacement = match of.as_str() {
            "AWS" => match resolve(call, &name, known).await?.ok_or_else(invalid)? {
                Resolved::AsItIs => continue,
                Resolved::Account(account) => account.root_arn(),
                Resolved::Identity(principal) => {
                    let id = principal.unique_id.clone();
                    trusted.push(principal);
                    id
                }
            },
            "Service" if !is_service(&name) => return Err(invalid()),
            _ => continue,
        };
        // `raw` is a part of `text`.
        let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
        kept.push_str(&text[done..start]);
        kept.push_str(&format!("\"{replacement}\""));
        done = start + raw.get().len();
    }
    kept.push_str(&text[done..]);
    Ok(Trust { text: kept.into(), trusted })
}

/// A role's trust policy as it is shown.
///
/// # Errors
/// A failing store.
pub(crate) async fn shown(call: &Call, role: &Role) -> Result<String, Failure> {
    let mut text = role.trust.to_string();
    for TrustedPrincipal { unique_id, arn } in &role.trusted {
        let now = identity(call, arn).await?;
        if now.is_some_and(|principal| principal.unique_id == *unique_id) {
            text = text.replace(&format!("\"{unique_id}\""), &format!("\"{arn}\""));
        }
    }
    Ok(text)
}

/// One principal of the document: the key that it stands under, and its text in quotes.
struct Named<'t> {
    of: String,
    raw: &'t RawValue,
}

#[derive(Deserialize)]
struct Document<'t> {
    #[serde(borrow, rename = "Statement")]
    statement: &'t RawValue,
}

#[derive(Deserialize)]
struct Statement<'t> {
    #[serde(borrow, rename = "Principal")]
    principal: Option<&'t RawValue>,
}

fn principals(text: &str) -> Result<Vec<Named<'_>>, serde_json::Error> {
    let mut named = Vec::new();
    for statement in statements(text)? {
        let statement: Statement<'_> = serde_json::from_str(statement.get())?;
        // `"*"` names everyone, and nobody who could be missing.
        let Some(principal) = statement.principal.filter(|p| p.get().starts_with('{')) else {
            continue;
        };
        let by_key: BTreeMap<String, &RawValue> = serde_json::from_str(principal.get())?;
        for (of, value) in by_key {
            named.extend(one_or_many(value)?.into_iter().map(|raw| Named { of: of.clone(), raw }));
        }
    }
    // The keys were sorted; the places in the text are what counts.
    named.sort_by_key(|named| named.raw.get().as_ptr());
    Ok(named)
}

/// The statements of a policy, each the part of `text` that it is.
pub(crate) fn statements(text: &str) -> Result<Vec<&RawValue>, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    one_or_many(document.statement)
}

fn one_or_many(raw: &RawValue) -> Result<Vec<&RawValue>, serde_json::Error> {
    match raw.get().starts_with('[') {
        true => serde_json::from_str(raw.get()),
        false => Ok(vec![raw]),
    }
}

/// What a principal of the key `AWS` is.
enum Resolved {
    /// Everyone, or a session, which comes and goes.
    AsItIs,
    /// An account.
    Account(AccountId),
    /// A user or role.
    Identity(TrustedPrincipal),
}

async fn resolve(
    call: &Call,
    name: &str,
    known: &[TrustedPrincipal],
) -> Result<Option<Resolved>, Failure> {
    if name == "*" {
        return Ok(Some(Resolved::AsItIs));
    }
    if let Ok(account) = name.parse() {
        return Ok(Some(Resolved::Account(account)));
    }
    if let Some(principal) = known.iter().find(|principal| principal.unique_id == name) {
        return Ok(Some(Resolved::Identity(principal.clone())));
    }
    let Ok(arn) = name.parse::<Arn>() else { return Ok(None) };
    let Some(account) = arn.account_id() else { return Ok(None) };
    let session = ["assumed-role/", "federated-user/"].iter().any(|p| arn.resource.starts_with(p));
    match (arn.service.as_str(), arn.resource.as_str()) {
        ("iam", "root") => Ok(Some(Resolved::Account(account))),
        ("iam", _) => Ok(identity(call, name).await?.map(Resolved::Identity)),
        ("sts", _) if session => Ok(Some(Resolved::AsItIs)),
        _ => Ok(None),
    }
}

/// The user or role with this ARN, in whichever account.
async fn identity(call: &Call, arn: &str) -> Result<Option<TrustedPrincipal>, Failure> {
    let Ok(parsed) = arn.parse::<Arn>() else { return Ok(None) };
    let Some(account) = parsed.account_id() else { return Ok(None) };
    if parsed.resource.starts_with("user/") {
        return bearer::<User>(call, account, arn).await;
    }
    bearer::<Role>(call, account, arn).await
}

async fn bearer<B: Bearer>(
    call: &Call,
    account: AccountId,
    arn: &str,
) -> Result<Option<TrustedPrincipal>, Failure> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found =
        call.tx.peek::<B>(&Scope::global(account), &record::id(name)).await.or_internal()?;
    let found = found.filter(|b| ids::arn(account, B::WORD, b.path(), b.name()) == arn);
    Ok(found.map(|b| TrustedPrincipal { unique_id: b.unique_id().to_owned(), arn: arn.into() }))
}

/// Whether this is the form of a service's name, such as `lambda.amazonaws.com`.
fn is_service(name: &str) -> bool {
    let suffixes = [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal"];
    let place = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    place.is_some_and(|place| !place.is_empty() && place.chars().all(plain))
}

fn syntax() -> Failure {
    documents::malformed("Syntax errors in policy.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_found_where_they_stand() {
        let text = r#"{"Statement":[{"Principal":{"Service":"a.amazonaws.com","AWS":["1","2"]}},
            {"Principal":"*"},{"NotPrincipal":{"AWS":"3"}}],"Id":"AWS"}"#;
        let named = principals(text).expect("it reads");
        let shown: Vec<_> = named.iter().map(|n| (n.of.as_str(), n.raw.get())).collect();
        assert_eq!(shown, [("Service", "\"a.amazonaws.com\""), ("AWS", "\"1\""), ("AWS", "\"2\"")]);
    }

    #[test]
    fn services_have_names_of_a_form() {
        assert!(is_service("lambda.amazonaws.com") && is_service("cks.kms.amazonaws.com"));
        for wrong in ["lambda", ".amazonaws.com", "Lambda.amazonaws.com", "evil.example.com"] {
            assert!(!is_service(wrong), "{wrong}");
        }
    }
}
