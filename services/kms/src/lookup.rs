//! Finding the key that a request names: by key id, key ARN, alias name or alias ARN.
//!
//! The answer is the key of whoever owns it: authorization decides afterwards whether the caller may use another
//! account's key, and whoever may not is told the same as of a key that is not there. A key is found only in the Region that the request was sent to.

use std::sync::Arc;

use api_kms::error::{INVALID_ARN_EXCEPTION, NOT_FOUND_EXCEPTION};
use base::Arn;
pub(crate) use platform::OrInternal;
use platform::{Call, Resource};
use shape::Failure;
use store::Scope;

use crate::record::{AliasRecord, KeyRecord, SERVICE, alias_arn, key_arn};
use crate::{conditions, custom_store};

/// What an operation accepts as `KeyId`, as its documentation states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// Key id and key ARN.
    Key,
    /// The same, but only keys of the caller's own account ("Cross-account use: No").
    OwnKey,
    /// Those, and alias name and alias ARN.
    KeyOrAlias,
}

/// The key that `key_id` names. Its record bears its scope, which need not be the caller's.
///
/// # Errors
/// `NotFoundException`, `InvalidArnException`.
pub(crate) async fn find(
    call: &mut Call,
    key_id: &str,
    accepts: Accepts,
) -> Result<Arc<KeyRecord>, Failure> {
    let (scope, name) = resolve(call, key_id)?;
    if accepts == Accepts::OwnKey && scope.account != call.account() {
        return Err(call.unseen(key_id));
    }
    match name {
        Name::Key(id) => by_id(call, &scope, id).await,
        Name::Alias(_) if accepts != Accepts::KeyOrAlias => Err(invalid_key_id(key_id)),
        Name::Alias(name) => {
            let alias = call.tx.get::<AliasRecord>(&scope, name).await.or_internal()?;
            let alias = alias.ok_or_else(|| match scope.account == call.account() {
                true => alias_not_found(&scope, name),
                false => call.unseen(&alias_arn(&scope, name)),
            })?;
            by_id(call, &scope, &alias.target).await
        }
    }
}

/// The key that `key_id` names, as what the call is authorized on.
///
/// # Errors
/// As [`find`].
pub(crate) async fn resource(
    call: &mut Call,
    key_id: &str,
    accepts: Accepts,
) -> Result<Vec<Resource>, Failure> {
    let key = find(call, key_id, accepts).await?;
    Ok(vec![named(call, &key, key_id)])
}

/// A key as what the call is authorized on, with the alias by which the request names it.
pub(crate) fn named(call: &Call, key: &KeyRecord, key_id: &str) -> Resource {
    let resource = conditions::judged(call, key);
    let start = match key_id.starts_with("alias/") {
        true => Some(0),
        false => key_id.find(":alias/").map(|colon| colon + 1),
    };
    match start {
        Some(start) => resource.with("kms:RequestAlias", key_id[start..].to_owned()),
        None => resource,
    }
}

/// A copy of the caller's own key to change.
///
/// # Errors
/// As [`find`].
pub(crate) async fn own(call: &mut Call, key_id: &str) -> Result<KeyRecord, Failure> {
    Ok(KeyRecord::clone(&*find(call, key_id, Accepts::OwnKey).await?))
}

/// Writes the key back where it belongs.
pub(crate) fn save(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    call.tx.put(&key.scope(), &key.id, key).or_internal()
}

/// Lets the audit record name the key in `responseElements`, as it does for operations that answer nothing.
pub(crate) fn answer_key(call: &mut Call, key: &KeyRecord) {
    call.notes.response = Some(serde_json::json!({ "keyId": key.arn() }));
}

/// The key with the id `id` in `scope`.
///
/// # Errors
/// `NotFoundException`; in another account's scope `AccessDeniedException`, as for a key that is there and not the caller's to use.
pub(crate) async fn by_id(
    call: &mut Call,
    scope: &Scope,
    id: &str,
) -> Result<Arc<KeyRecord>, Failure> {
    let key = call.tx.get::<KeyRecord>(scope, id).await.or_internal()?;
    let key = key.ok_or_else(|| match scope.account == call.account() {
        true => key_not_found(scope, id),
        false => call.unseen(&key_arn(scope, id)),
    })?;
    custom_store::attach(call, key).await
}

/// What a `KeyId` says, before anything is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    /// A key id.
    Key(&'a str),
    /// An alias name, `alias/` included.
    Alias(&'a str),
}

/// Takes a `KeyId` apart: where to look, and for what.
pub(crate) fn resolve<'a>(call: &Call, key_id: &'a str) -> Result<(Scope, Name<'a>), Failure> {
    if !key_id.starts_with("arn:") {
        let name = parse(key_id).ok_or_else(|| invalid_key_id(key_id))?;
        return Ok((call.scope(), name));
    }
    let invalid = || INVALID_ARN_EXCEPTION.because(format!("Invalid arn {key_id}"));
    let arn: Arn = key_id.parse().map_err(|_| invalid())?;
    if arn.service != SERVICE {
        return Err(invalid());
    }
    if arn.region != call.region.as_str() {
        return Err(NOT_FOUND_EXCEPTION.because(format!("Invalid arn {}", arn.region)));
    }
    let account = arn.account_id().ok_or_else(invalid)?;
    // The resource is the text behind the fifth colon, which lives as long as the request.
    let resource = &key_id[key_id.len() - arn.resource.len()..];
    let name = match resource.strip_prefix("key/") {
        Some(id) => parse(id).filter(|name| matches!(name, Name::Key(_))),
        None => parse(resource).filter(|name| matches!(name, Name::Alias(_))),
    };
    Ok((Scope::new(account, call.region.clone()), name.ok_or_else(invalid)?))
}

fn parse(text: &str) -> Option<Name<'_>> {
    if text.starts_with("alias/") {
        return Some(Name::Alias(text));
    }
    text.parse::<keyring::KeyId>().is_ok().then_some(Name::Key(text))
}

pub(crate) fn key_not_found(scope: &Scope, id: &str) -> Failure {
    NOT_FOUND_EXCEPTION.because(format!("Key '{}' does not exist", key_arn(scope, id)))
}

pub(crate) fn alias_not_found(scope: &Scope, name: &str) -> Failure {
    NOT_FOUND_EXCEPTION.because(format!("Alias {} is not found.", alias_arn(scope, name)))
}

pub(crate) fn invalid_key_id(key_id: &str) -> Failure {
    NOT_FOUND_EXCEPTION.because(format!("Invalid keyId '{key_id}'"))
}
