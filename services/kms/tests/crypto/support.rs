//! What the tests share: a platform with KMS alone, keys, the client's side of imports, and a little DER.

use api_kms::operations::{
    CreateKey, DescribeKey, GetParametersForImport, ImportKeyMaterial, ReplicateKey,
};
use api_kms::{
    CreateKeyRequest, DescribeKeyRequest, ExpirationModelType, GetParametersForImportRequest,
    GetParametersForImportResponse, ImportKeyMaterialRequest, ImportKeyMaterialResponse,
    KeyMetadata, ReplicateKeyRequest,
};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
    PublicEncryptingKey,
};
use platform::testing::Harness;
use shape::Failure;

/// The usual Region of the tests.
pub const HOME: &str = "us-east-1";
/// Another one, where replicas live.
pub const ABROAD: &str = "eu-west-1";
/// The usual account of the tests.
pub const ACCOUNT: &str = "123456789012";

pub async fn harness() -> Harness {
    harness_trusting(None).await
}

pub async fn harness_trusting(nitro_root: Option<Vec<u8>>) -> Harness {
    Harness::new(|keyring| {
        vec![kms::service(kms::Deps { keyring: keyring.clone(), nitro_root, proxies: None })]
    })
    .await
}

/// A key made by KMS.
pub async fn create(harness: &Harness, spec: &str, usage: &str) -> KeyMetadata {
    create_with(harness, spec, usage, "AWS_KMS", false).await
}

/// A symmetric encryption key.
pub async fn symmetric(harness: &Harness) -> KeyMetadata {
    create(harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await
}

/// A key that waits for its material.
pub async fn external(harness: &Harness, spec: &str, usage: &str) -> KeyMetadata {
    create_with(harness, spec, usage, "EXTERNAL", false).await
}

pub async fn create_with(
    harness: &Harness,
    spec: &str,
    usage: &str,
    origin: &str,
    multi_region: bool,
) -> KeyMetadata {
    let input = CreateKeyRequest {
        key_spec: Some(spec.into()),
        key_usage: Some(usage.into()),
        origin: Some(origin.into()),
        multi_region: Some(multi_region),
        ..Default::default()
    };
    let output = harness.call::<CreateKey>(input).await.expect("a key");
    output.key_metadata.expect("metadata")
}

pub async fn replicate(harness: &Harness, key_id: &str) {
    let input = ReplicateKeyRequest {
        key_id: Some(key_id.into()),
        replica_region: Some(ABROAD.into()),
        ..Default::default()
    };
    harness.call::<ReplicateKey>(input).await.expect("a replica");
}

pub async fn describe(harness: &Harness, key_id: &str) -> KeyMetadata {
    describe_in(harness, HOME, key_id).await
}

pub async fn describe_in(harness: &Harness, region: &str, key_id: &str) -> KeyMetadata {
    let input = DescribeKeyRequest { key_id: Some(key_id.into()), ..Default::default() };
    let output = harness.call_as::<DescribeKey>(ACCOUNT, region, input).await.expect("a key");
    output.key_metadata.expect("metadata")
}

pub fn id(key: &KeyMetadata) -> String {
    key.key_id.clone().expect("an id")
}

pub fn arn(key: &KeyMetadata) -> String {
    key.arn.clone().expect("an ARN")
}

/// The failure's name and text.
#[track_caller]
pub fn failed<T>(result: Result<T, Failure>) -> (&'static str, String) {
    match result {
        Ok(_) => panic!("the call succeeded"),
        Err(failure) => (failure.error.name, failure.message),
    }
}

/// Wrapping parameters for the key.
pub async fn parameters(
    harness: &Harness,
    region: &str,
    key_id: &str,
    algorithm: &str,
) -> GetParametersForImportResponse {
    let input = GetParametersForImportRequest {
        key_id: Some(key_id.into()),
        wrapping_algorithm: Some(algorithm.into()),
        wrapping_key_spec: Some("RSA_2048".into()),
    };
    let output = harness.call_as::<GetParametersForImport>(ACCOUNT, region, input).await;
    output.expect("parameters")
}

/// A request that imports `material` for ever.
pub fn import_request(
    key_id: &str,
    parameters: &GetParametersForImportResponse,
    algorithm: &str,
    material: &[u8],
) -> ImportKeyMaterialRequest {
    let public = parameters.public_key.as_deref().expect("a public key");
    ImportKeyMaterialRequest {
        key_id: Some(key_id.into()),
        import_token: parameters.import_token.clone(),
        encrypted_key_material: Some(wrap(public, algorithm, material).into()),
        expiration_model: Some(ExpirationModelType::KeyMaterialDoesNotExpire),
        ..Default::default()
    }
}

/// Imports `material` with what `change` makes of the request.
pub async fn import_as(
    harness: &Harness,
    region: &str,
    key_id: &str,
    material: &[u8],
    change: impl FnOnce(&mut ImportKeyMaterialRequest),
) -> Result<ImportKeyMaterialResponse, Failure> {
    let algorithm = "RSA_AES_KEY_WRAP_SHA_256";
    let parameters = parameters(harness, region, key_id, algorithm).await;
    let mut request = import_request(key_id, &parameters, algorithm, material);
    change(&mut request);
    harness.call_as::<ImportKeyMaterial>(ACCOUNT, region, request).await
}

/// Imports `material` for ever.
pub async fn import(
    harness: &Harness,
    key_id: &str,
    material: &[u8],
) -> Result<ImportKeyMaterialResponse, Failure> {
    import_as(harness, HOME, key_id, material, |_| {}).await
}

/// The client's side of an import.
pub fn wrap(public: &[u8], algorithm: &str, material: &[u8]) -> Vec<u8> {
    let oaep =
        if algorithm.ends_with("SHA_1") { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
    if algorithm.starts_with("RSAES_OAEP") {
        return encrypt_oaep(public, oaep, material);
    }
    let key = [7; 32];
    let mut wrapped = encrypt_oaep(public, oaep, &key);
    let mut out = vec![0; material.len() + 16];
    let kek = AesKek::new(&AES_256, &key).expect("an AES key");
    wrapped.extend_from_slice(kek.wrap_with_padding(material, &mut out).expect("room"));
    wrapped
}

pub fn encrypt_oaep(public: &[u8], algorithm: &'static OaepAlgorithm, plaintext: &[u8]) -> Vec<u8> {
    let key = PublicEncryptingKey::from_der(public).expect("an RSA public key");
    let key = OaepPublicEncryptingKey::new(key).expect("an RSA public key");
    let mut out = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm, plaintext, &mut out, None).expect("encrypts").to_vec()
}

/// A DER element.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// PKCS#8 (RFC 5958) of a private key, of the algorithm with this content of an AlgorithmIdentifier.
pub fn pkcs8(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    der(0x30, &[&[2, 1, 0], &der(0x30, &[algorithm]), &der(4, &[key])])
}

/// PKCS#8 of a private number on a NIST curve.
pub fn curve_pkcs8(spec: &str, number: &[u8]) -> Vec<u8> {
    let (curve, size): (&[u8], usize) = match spec {
        "ECC_NIST_P256" => (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], 32),
        "ECC_NIST_P384" => (&[0x2b, 0x81, 4, 0, 0x22], 48),
        "ECC_NIST_P521" => (&[0x2b, 0x81, 4, 0, 0x23], 66),
        other => panic!("no NIST curve: {other}"),
    };
    let digits = number.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &number[at..]);
    let mut padded = vec![0; size - digits.len()];
    padded.extend_from_slice(digits);
    let ec = der(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]);
    let algorithm = [ec, der(6, &[curve])].concat();
    pkcs8(&algorithm, &der(0x30, &[&[2, 1, 1], &der(4, &[&padded])]))
}
