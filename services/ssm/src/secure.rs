//! SecureString values: encrypted and decrypted by KMS on the caller's behalf.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html>
//! A standard value is encrypted by KMS itself, an advanced one under a data key; both are bound to the parameter's ARN through
//! the encryption context, so that a ciphertext cannot be moved to another parameter.

use std::collections::BTreeMap;

use api_kms::operations::{Decrypt, DescribeKey, Encrypt, GenerateDataKey};
use api_kms::{
    DataKeySpec, DecryptRequest, DescribeKeyRequest, EncryptRequest, GenerateDataKeyRequest,
};
use api_ssm::error::INVALID_KEY_ID;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use keyring::{Secret, envelope};
use platform::Call;
use shape::{Failure, Fault};

use crate::record::{Tier, Value};

/// The key of SecureStrings that name none.
pub(crate) const DEFAULT_KEY: &str = "alias/aws/ssm";
/// Who calls KMS, as audit records and `kms:ViaService` name it.
const PRINCIPAL: &str = "ssm.amazonaws.com";
/// The key of the encryption context.
const CONTEXT_KEY: &str = "PARAMETER_ARN";

/// Encrypts a value under `key_id`.
///
/// # Errors
/// `InvalidKeyId` for a key that cannot be used; `AccessDeniedException` for a caller who may not use it.
pub(crate) async fn encrypt(
    call: &Call,
    key_id: &str,
    arn: &str,
    tier: Tier,
    value: &str,
) -> Result<Value, Failure> {
    if key_id == DEFAULT_KEY {
        // Asking for it makes the key when there is none yet.
        let describe = DescribeKeyRequest { key_id: Some(key_id.to_owned()), grant_tokens: None };
        call.invoke::<DescribeKey>(&api_kms::SERVICE, PRINCIPAL, &describe)
            .await
            .map_err(key_failure)?;
    }
    if tier == Tier::Standard {
        let request = EncryptRequest {
            key_id: Some(key_id.to_owned()),
            plaintext: Some(value.as_bytes().to_vec().into()),
            encryption_context: context(arn),
            ..EncryptRequest::default()
        };
        let made = call.invoke::<Encrypt>(&api_kms::SERVICE, PRINCIPAL, &request).await;
        let blob = made.map_err(key_failure)?.ciphertext_blob.unwrap_or_default();
        return Ok(Value::Kms(BASE64.encode(&*blob)));
    }
    let request = GenerateDataKeyRequest {
        key_id: Some(key_id.to_owned()),
        key_spec: Some(DataKeySpec::Aes256),
        encryption_context: context(arn),
        ..GenerateDataKeyRequest::default()
    };
    let made = call.invoke::<GenerateDataKey>(&api_kms::SERVICE, PRINCIPAL, &request).await;
    let made = made.map_err(key_failure)?;
    let data_key = Secret::new(made.plaintext.unwrap_or_default().to_vec());
    let sealed = envelope::seal(&data_key, arn.as_bytes(), value.as_bytes());
    Ok(Value::Envelope {
        data_key: BASE64.encode(&*made.ciphertext_blob.unwrap_or_default()),
        sealed: BASE64.encode(sealed.map_err(Failure::internal)?),
    })
}

/// The value of a version as the caller asked for it: in the clear, or as it is stored.
///
/// # Errors
/// As [`encrypt`].
pub(crate) async fn show(
    call: &Call,
    arn: &str,
    value: &Value,
    decrypt: bool,
) -> Result<String, Failure> {
    match value {
        Value::Plain(text) => Ok(text.clone()),
        Value::Kms(blob) | Value::Envelope { sealed: blob, .. } if !decrypt => Ok(blob.clone()),
        Value::Kms(blob) => text(&unwrap(call, arn, blob).await?),
        Value::Envelope { data_key, sealed } => {
            let data_key = unwrap(call, arn, data_key).await?;
            let sealed = BASE64.decode(sealed).map_err(Failure::internal)?;
            let opened = envelope::open(&data_key, arn.as_bytes(), &sealed);
            text(&opened.map_err(Failure::internal)?)
        }
    }
}

async fn unwrap(call: &Call, arn: &str, blob: &str) -> Result<Secret, Failure> {
    let request = DecryptRequest {
        ciphertext_blob: Some(BASE64.decode(blob).map_err(Failure::internal)?.into()),
        encryption_context: context(arn),
        ..DecryptRequest::default()
    };
    let opened = call.invoke::<Decrypt>(&api_kms::SERVICE, PRINCIPAL, &request).await;
    let plaintext = opened.map_err(key_failure)?.plaintext.unwrap_or_default();
    Ok(Secret::new(plaintext.to_vec()))
}

fn context(arn: &str) -> Option<BTreeMap<String, String>> {
    Some([(CONTEXT_KEY.to_owned(), arn.to_owned())].into())
}

fn text(secret: &Secret) -> Result<String, Failure> {
    std::str::from_utf8(secret.expose()).map(str::to_owned).map_err(Failure::internal)
}

/// What KMS refused, in Parameter Store's words: who may not use the key is told so, everything else is about the key.
fn key_failure(failure: Failure) -> Failure {
    let denied = failure.error.name == shape::error::ACCESS_DENIED.name;
    if denied || failure.error.fault == Fault::Server {
        return failure;
    }
    INVALID_KEY_ID
        .because(format!("{} (Service: AWSKMS; Error: {})", failure.message, failure.error.name))
}
