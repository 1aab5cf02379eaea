//! KMS's condition keys, filled with what calls carry. [`crate::facts`] says which operations have which.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
//! A parameter that a request leaves to its default is judged as if it had been given.

use std::borrow::Cow;
use std::collections::BTreeMap;

use api_kms::{RecipientInfo, Tag};
use authz::{Request, Value};
use base::{Arn, Region};
use keyring::{EncryptionAlgorithm, attestation};
use platform::{Call, Identity, Resource};

use crate::record::{KEY_TYPE, KeyRecord, SERVICE};

/// What service principals end with.
const SERVICE_SUFFIX: &str = ".amazonaws.com";
/// A key has this many condition keys at most, besides its aliases, with those of the caller.
const OF_KEY: usize = 12;

/// A key as what the call is judged on.
pub(crate) fn judged(call: &Call, key: &KeyRecord) -> Resource {
    let mut conditions: Vec<(Cow<'static, str>, Value)> = Vec::with_capacity(OF_KEY);
    let mut set = |name: &'static str, value: Value| conditions.push((Cow::Borrowed(name), value));
    let (spec, usage) = (key.spec.as_str(), key.usage.as_str());
    set("kms:KeySpec", spec.into());
    set("kms:CustomerMasterKeySpec", spec.into());
    set("kms:KeyUsage", usage.into());
    set("kms:CustomerMasterKeyUsage", usage.into());
    set("kms:KeyOrigin", key.origin.as_str().into());
    set("kms:MultiRegion", key.multi_region.is_some().into());
    if key.multi_region.is_some() {
        set("kms:MultiRegionKeyType", if key.is_primary() { "PRIMARY" } else { "REPLICA" }.into());
    }
    for alias in &key.aliases {
        set("kms:ResourceAliases", alias.clone().into());
    }
    of_caller(call, set);
    Resource { conditions, ..key.resource() }
}

/// What stands for a key that is yet to be made in `region`, for permissions that its creation needs besides its own.
pub(crate) fn future_key(call: &Call, region: &Region) -> Resource {
    let account = call.account();
    with_caller(call, Resource::new(Arn::new(SERVICE, region, account, "key/*"), KEY_TYPE, account))
}

/// The same resource with the caller's condition keys.
pub(crate) fn with_caller(call: &Call, mut resource: Resource) -> Resource {
    of_caller(call, |name, value| resource.conditions.push((name.into(), value)));
    resource
}

/// Fills the keys that follow from the caller, for operations that name no resource.
pub(crate) fn caller(call: &Call, request: &mut Request) {
    of_caller(call, |name, value| request.context.set(name, value));
}

fn of_caller(call: &Call, mut set: impl FnMut(&'static str, Value)) {
    // A service by itself belongs to no account.
    if !matches!(call.caller.identity, Identity::Service(_)) {
        set("kms:CallerAccount", call.account().to_string().into());
    }
    if let Some(service) = call.caller.invoked_by {
        let name = service.strip_suffix(SERVICE_SUFFIX).unwrap_or(service);
        set("kms:ViaService", format!("{name}.{}{SERVICE_SUFFIX}", call.region).into());
    }
}

/// Whether a service asks on the caller's behalf, as it does for grants on its own resources.
pub(crate) fn for_aws_resource(call: &Call, request: &mut Request) {
    request.context.set("kms:GrantIsForAWSResource", call.caller.invoked_by.is_some());
}

/// Symmetric and asymmetric encryption. The encryption context is also what grants are held against.
pub(crate) fn encryption(
    request: &mut Request,
    algorithm: &str,
    context: Option<&BTreeMap<String, String>>,
) {
    let value = match EncryptionAlgorithm::parse(algorithm) {
        Some(known) => Value::from(known.as_str()),
        None => Value::from(algorithm.to_owned()),
    };
    request.context.set("kms:EncryptionAlgorithm", value);
    if let Some(context) = context {
        for (name, value) in encryption_context(context) {
            request.context.add(name, value);
        }
        let pairs = context.iter().map(|(key, value)| (key.clone(), value.clone()));
        request.encryption_context = pairs.collect();
    }
}

/// The constraints of a grant, by what they ask of the encryption context.
pub(crate) fn constraints<'a>(
    equals: Option<&'a BTreeMap<String, String>>,
    subset: Option<&'a BTreeMap<String, String>>,
) -> impl Iterator<Item = (Cow<'static, str>, Value)> + 'a {
    let given = [("EncryptionContextEquals", equals), ("EncryptionContextSubset", subset)];
    let given = given.into_iter().filter_map(|(name, pairs)| Some((name, pairs?)));
    given.flat_map(|(name, pairs)| {
        let kind = ("kms:GrantConstraintType".into(), name.into());
        std::iter::once(kind).chain(encryption_context(pairs))
    })
}

/// The keys of an encryption context. Two of its keys that differ by case only share a condition key.
fn encryption_context(
    pairs: &BTreeMap<String, String>,
) -> impl Iterator<Item = (Cow<'static, str>, Value)> {
    pairs.iter().flat_map(|(key, value)| {
        let pair = (format!("kms:EncryptionContext:{key}").into(), value.clone().into());
        [pair, ("kms:EncryptionContextKeys".into(), key.clone().into())]
    })
}

/// The registers in an attestation document. What it claims is verified before anything is answered
/// ([`crate::recipient`]), so that a forged one gains nothing by being allowed.
pub(crate) fn recipient(request: &mut Request, given: Option<&RecipientInfo>) {
    let document = given.and_then(|given| given.attestation_document.as_deref());
    let Some(Ok(document)) = document.map(attestation::parse) else { return };
    let claims = document.claims();
    for number in claims.pcrs.keys() {
        let Some(value) = claims.pcr_hex(*number) else { continue };
        if *number == 0 {
            request.context.set("kms:RecipientAttestation:ImageSha384", value.clone());
        }
        request.context.set(format!("kms:RecipientAttestation:PCR{number}"), value);
    }
}

/// The tags of a request.
pub(crate) fn tags(request: &mut Request, tags: Option<&[Tag]>) {
    request.context.set_request_tags(
        tags.unwrap_or_default().iter().map(|tag| (tag.tag_key(), tag.tag_value())),
    );
}

/// The tag keys of a request.
pub(crate) fn tag_keys<'a>(request: &mut Request, keys: impl Iterator<Item = &'a String>) {
    request.context.set_all("aws:TagKeys", keys.cloned());
}

/// Whether the lockout safety check is left out.
pub(crate) fn bypass(request: &mut Request, given: Option<bool>) {
    request.context.set("kms:BypassPolicyLockoutSafetyCheck", given.unwrap_or(false));
}

/// A parameter that is a text, under its condition key.
pub(crate) fn text(request: &mut Request, key: &'static str, value: Option<&str>) {
    if let Some(value) = value {
        request.context.set(key, value.to_owned());
    }
}
