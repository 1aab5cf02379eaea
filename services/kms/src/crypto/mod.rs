//! Cryptographic operations: what they share.
//!
//! Every one runs in the same order: the key is found, its state allows it, its usage fits, its spec fits the algorithm,
//! then the work, then the end of a dry run, then the count of the use. Key bytes stay in the keyring's types.

mod agree;
mod data_key;
mod data_key_pair;
mod decrypt;
mod encrypt;
mod kem;
mod mac;
mod public_key;
mod random;
mod reencrypt;
mod sign;

use std::sync::Arc;

pub(crate) use encrypt::Context;

use api_kms::error::{INVALID_CIPHERTEXT_EXCEPTION, INVALID_KEY_USAGE_EXCEPTION};
use keyring::{EncryptionAlgorithm, Error, KeySpec};
use platform::{Audit, Call};
use serde_json::Value;
use shape::error::VALIDATION;
use shape::{Failure, Operation};

use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Usage};
use crate::state;

/// What audit records show of these operations: the request without what grants access and without the attestation, which
/// is described in `additionalEventData`. Bytes are left out everywhere.
pub(crate) const AUDIT: Audit = Audit::REQUEST.without_request(&["GrantTokens", "Recipient"]);

/// The key that `key_id` names, if its state and its usage let the operation `O` use it.
pub(crate) async fn usable<O: Operation>(
    call: &mut Call,
    key_id: &str,
    usage: Usage,
) -> Result<Arc<KeyRecord>, Failure> {
    let key = lookup::find(call, key_id, Accepts::KeyOrAlias).await?;
    check_use::<O>(&key, usage)?;
    Ok(key)
}

/// Fails unless state and usage of `key` let the operation `O` use it.
///
/// # Errors
/// `DisabledException`, `KMSInvalidStateException`, `InvalidKeyUsageException`.
pub(crate) fn check_use<O: Operation>(key: &KeyRecord, usage: Usage) -> Result<(), Failure> {
    state::check::<O>(key)?;
    if key.usage == usage {
        return Ok(());
    }
    let (arn, has, operation) = (key.arn(), key.usage.as_str(), O::SCHEMA.name);
    Err(INVALID_KEY_USAGE_EXCEPTION
        .because(format!("{arn} key usage is {has} which is not valid for {operation}.")))
}

/// The refusal of an algorithm that the key's spec does not have.
pub(crate) fn incompatible(algorithm: &str, spec: KeySpec) -> Failure {
    INVALID_KEY_USAGE_EXCEPTION
        .because(format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
}

/// A ciphertext that does not decrypt: no reason is given.
pub(crate) fn invalid_ciphertext() -> Failure {
    INVALID_CIPHERTEXT_EXCEPTION.because("")
}

/// What the keyring refuses, in KMS's words.
pub(crate) fn refusal(error: &Error) -> Failure {
    match error {
        Error::InvalidCiphertext => invalid_ciphertext(),
        Error::UnsupportedAlgorithm { spec, algorithm } => incompatible(algorithm, *spec),
        Error::DigestLength { .. } | Error::UnsupportedMessageType { .. } => {
            VALIDATION.because(error.to_string())
        }
        other => Failure::internal(other),
    }
}

/// The name of the encryption algorithm that a request means.
pub(crate) fn algorithm_name(given: Option<&api_kms::EncryptionAlgorithmSpec>) -> &str {
    given.map_or(EncryptionAlgorithm::SymmetricDefault.as_str(), |given| given.as_str())
}

/// The algorithm with this name, if the key has it. SM2PKE, which only China Regions have, is nobody's.
pub(crate) fn algorithm_of(key: &KeyRecord, name: &str) -> Result<EncryptionAlgorithm, Failure> {
    EncryptionAlgorithm::parse(name)
        .filter(|algorithm| key.spec.encryption_algorithms().contains(algorithm))
        .ok_or_else(|| incompatible(name, key.spec))
}

/// Adds a member to the audit record's `additionalEventData`.
pub(crate) fn note(call: &mut Call, name: &str, value: Value) {
    let notes = call.notes.additional.get_or_insert_with(|| Value::Object(Default::default()));
    if let Value::Object(members) = notes {
        members.insert(name.to_owned(), value);
    }
}

/// Names the key material that did the work.
pub(crate) fn note_material(call: &mut Call, material_id: &str) {
    note(call, "keyMaterialId", material_id.into());
}
