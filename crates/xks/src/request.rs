//! The requests' JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};

use crate::Ciphertext;

/// `requestMetadata`: what a proxy may log and authorize by. Names as in the specification. Requests never come
/// through a VPC endpoint, so `awsSourceVpc` and `awsSourceVpce` are absent.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<'a> {
    /// Who called KMS. Left out of GetHealthStatus alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_principal_arn: Option<&'a str>,
    /// The KMS key; none before it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<&'a str>,
    /// The KMS operation that led to this request.
    pub kms_operation: &'a str,
    /// The request id of the call to KMS, as its audit record has it.
    pub kms_request_id: &'a str,
    /// The service that called KMS on somebody's behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_via_service: Option<&'a str>,
}

/// GetHealthStatus and GetKeyMetadata.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ask<'a> {
    pub request_metadata: &'a Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Encrypt<'a> {
    request_metadata: &'a Metadata<'a>,
    #[serde(serialize_with = "base64")]
    additional_authenticated_data: &'a [u8],
    #[serde(serialize_with = "base64")]
    plaintext: &'a [u8],
    encryption_algorithm: &'static str,
    ciphertext_data_integrity_value_algorithm: &'static str,
}

impl<'a> Encrypt<'a> {
    pub(crate) fn new(metadata: &'a Metadata<'a>, aad: &'a [u8], plaintext: &'a [u8]) -> Self {
        Self {
            request_metadata: metadata,
            additional_authenticated_data: aad,
            plaintext,
            encryption_algorithm: AES_GCM,
            ciphertext_data_integrity_value_algorithm: "SHA_256",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decrypt<'a> {
    request_metadata: &'a Metadata<'a>,
    #[serde(serialize_with = "base64")]
    additional_authenticated_data: &'a [u8],
    encryption_algorithm: &'static str,
    #[serde(serialize_with = "base64")]
    ciphertext: &'a [u8],
    #[serde(serialize_with = "base64", skip_serializing_if = "<[u8]>::is_empty")]
    ciphertext_metadata: &'a [u8],
    #[serde(serialize_with = "base64")]
    initialization_vector: &'a [u8],
    #[serde(serialize_with = "base64")]
    authentication_tag: &'a [u8],
}

impl<'a> Decrypt<'a> {
    pub(crate) fn new(metadata: &'a Metadata<'a>, aad: &'a [u8], from: &'a Ciphertext) -> Self {
        Self {
            request_metadata: metadata,
            additional_authenticated_data: aad,
            encryption_algorithm: AES_GCM,
            ciphertext: &from.ciphertext,
            ciphertext_metadata: &from.metadata,
            initialization_vector: &from.iv,
            authentication_tag: &from.tag,
        }
    }
}

/// The one algorithm of version 1.
const AES_GCM: &str = "AES_GCM";

fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(bytes))
}
