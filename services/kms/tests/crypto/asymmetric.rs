//! Asymmetric and HMAC keys: every spec with every algorithm, and what they refuse.

use api_kms::operations::{
    Decapsulate, Decrypt, DeriveSharedSecret, Encapsulate, Encrypt, GenerateMac, GetPublicKey,
    Sign, Verify, VerifyMac,
};
use api_kms::{
    DecapsulateRequest, DecryptRequest, DeriveSharedSecretRequest, EncapsulateRequest,
    EncryptRequest, GenerateMacRequest, GetPublicKeyRequest, GetPublicKeyResponse, SignRequest,
    SignResponse, VerifyMacRequest, VerifyRequest, VerifyResponse,
};
use aws_lc_rs::rsa::OAEP_SHA256_MGF1SHA256;
use keyring::{KeySpec, MessageType, SigningAlgorithm, verify_with_public};
use platform::testing::Harness;
use shape::Failure;

use crate::support::*;
use crate::symmetric::context;

async fn public_key(harness: &Harness, key_id: &str) -> GetPublicKeyResponse {
    let input = GetPublicKeyRequest { key_id: Some(key_id.into()), ..Default::default() };
    harness.call::<GetPublicKey>(input).await.expect("a public key")
}

async fn sign(
    harness: &Harness,
    key_id: &str,
    algorithm: &str,
    kind: Option<&str>,
    message: &[u8],
) -> Result<SignResponse, Failure> {
    let input = SignRequest {
        key_id: Some(key_id.into()),
        message: Some(message.into()),
        message_type: kind.map(Into::into),
        signing_algorithm: Some(algorithm.into()),
        ..Default::default()
    };
    harness.call::<Sign>(input).await
}

async fn verify(
    harness: &Harness,
    key_id: &str,
    algorithm: &str,
    kind: Option<&str>,
    message: &[u8],
    signature: &[u8],
) -> Result<VerifyResponse, Failure> {
    let input = VerifyRequest {
        key_id: Some(key_id.into()),
        message: Some(message.into()),
        message_type: kind.map(Into::into),
        signature: Some(signature.into()),
        signing_algorithm: Some(algorithm.into()),
        ..Default::default()
    };
    harness.call::<Verify>(input).await
}

#[tokio::test]
async fn signatures_of_every_spec_and_algorithm_verify() {
    let harness = harness().await;
    let specs = KeySpec::ALL.iter().filter(|spec| !spec.signing_algorithms().is_empty());
    // RSA_3072 and RSA_4096 take seconds to make and go the same way as RSA_2048.
    for spec in specs.filter(|spec| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
        let key = id(&create(&harness, spec.as_str(), "SIGN_VERIFY").await);
        let public = public_key(&harness, &key).await;
        let public = public.public_key.as_deref().expect("a public key");
        for algorithm in spec.signing_algorithms() {
            let (kind, message): (_, &[u8]) = match algorithm {
                SigningAlgorithm::Ed25519PhSha512 => (MessageType::Digest, &[9; 64]),
                _ => (MessageType::Raw, b"a message"),
            };
            let (name, kind_name) = (algorithm.as_str(), Some(kind.as_str()));
            let signed = sign(&harness, &key, name, kind_name, message).await.expect("signs");
            let signature = signed.signature.expect("a signature");
            assert_eq!(signed.signing_algorithm, Some(name.into()));
            let verified = verify(&harness, &key, name, kind_name, message, &signature).await;
            assert_eq!(verified.expect("verifies").signature_valid, Some(true), "{spec} {name}");
            let offline = verify_with_public(*spec, public, *algorithm, kind, message, &signature);
            assert!(offline.expect("fits"), "{spec} {name} by the public key");
            let other: &[u8] = if kind == MessageType::Digest { &[8; 64] } else { b"another" };
            let refused = verify(&harness, &key, name, kind_name, other, &signature).await;
            let expected = ("KMSInvalidSignatureException", String::new());
            assert_eq!(failed(refused), expected, "{spec} {name}");
        }
    }
}

#[tokio::test]
async fn a_digest_is_the_message_that_it_is_of() {
    let harness = harness().await;
    let digest = |message| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
    for (spec, algorithm) in [
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
    ] {
        let key = id(&create(&harness, spec, "SIGN_VERIFY").await);
        let digest = digest(b"a message");
        let signed = sign(&harness, &key, algorithm, Some("DIGEST"), digest.as_ref()).await;
        let signature = signed.expect("signs").signature.expect("a signature");
        assert!(verify(&harness, &key, algorithm, None, b"a message", &signature).await.is_ok());
    }
}

#[tokio::test]
async fn messages_must_fit_their_algorithm() {
    let harness = harness().await;
    for (spec, algorithm, kind, length, error, text) in [
        (
            "ECC_NIST_P256",
            "ECDSA_SHA_256",
            "DIGEST",
            31,
            "ValidationException",
            "Digest is invalid length for algorithm ECDSA_SHA_256.",
        ),
        (
            "ECC_NIST_EDWARDS25519",
            "ED25519_SHA_512",
            "DIGEST",
            64,
            "ValidationException",
            "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
        ),
        (
            "ECC_NIST_EDWARDS25519",
            "ED25519_PH_SHA_512",
            "RAW",
            64,
            "ValidationException",
            "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.",
        ),
        (
            "ECC_NIST_EDWARDS25519",
            "ECDSA_SHA_512",
            "RAW",
            64,
            "InvalidKeyUsageException",
            "Algorithm ECDSA_SHA_512 is incompatible with key spec ECC_NIST_EDWARDS25519.",
        ),
        (
            "ML_DSA_44",
            "ML_DSA_SHAKE_256",
            "DIGEST",
            64,
            "ValidationException",
            "Message type DIGEST is incompatible with key spec ML_DSA_44.",
        ),
        (
            "ML_DSA_44",
            "ML_DSA_SHAKE_256",
            "EXTERNAL_MU",
            63,
            "ValidationException",
            "External Mu is invalid length for algorithm ML_DSA_SHAKE_256.",
        ),
        (
            "ECC_NIST_P256",
            "SM2DSA",
            "RAW",
            1,
            "InvalidKeyUsageException",
            "Algorithm SM2DSA is incompatible with key spec ECC_NIST_P256.",
        ),
    ] {
        let key = id(&create(&harness, spec, "SIGN_VERIFY").await);
        let message = vec![1; length];
        let refused = sign(&harness, &key, algorithm, Some(kind), &message).await;
        assert_eq!(failed(refused), (error, text.to_owned()), "{spec} {algorithm}");
        let refused = verify(&harness, &key, algorithm, Some(kind), &message, &[1; 64]).await;
        assert_eq!(failed(refused), (error, text.to_owned()), "{spec} {algorithm}");
        let refused = sign(&harness, &key, algorithm, None, &[0; 4097]).await;
        assert_eq!(failed(refused).0, "ValidationException", "{spec}");
    }
}

#[tokio::test]
async fn rsa_keys_decrypt_what_their_public_key_encrypts() {
    let harness = harness().await;
    let key = create(&harness, "RSA_2048", "ENCRYPT_DECRYPT").await;
    let input = |algorithm: &str, length| EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: Some(vec![3; length].into()),
        encryption_algorithm: Some(algorithm.into()),
        ..Default::default()
    };
    for (algorithm, limit) in [("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)] {
        let sealed = harness.call::<Encrypt>(input(algorithm, limit)).await.expect("encrypts");
        assert_eq!(sealed.encryption_algorithm, Some(algorithm.into()));
        let decrypt = DecryptRequest {
            key_id: key.arn.clone(),
            ciphertext_blob: sealed.ciphertext_blob,
            encryption_algorithm: Some(algorithm.into()),
            ..Default::default()
        };
        let opened = harness.call::<Decrypt>(decrypt).await.expect("decrypts");
        assert_eq!(opened.plaintext.as_deref(), Some(&vec![3; limit][..]));
        assert_eq!(opened.key_material_id, None);
        let (name, text) = failed(harness.call::<Encrypt>(input(algorithm, limit + 1)).await);
        assert_eq!(name, "ValidationException");
        let expected = format!(
            "Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {limit} bytes."
        );
        assert_eq!(text, expected);
    }
    let public = public_key(&harness, &id(&key)).await;
    assert_eq!(public.key_spec, Some("RSA_2048".into()));
    assert_eq!(public.encryption_algorithms.map(|list| list.len()), Some(2));
    let public = public.public_key.expect("a public key");
    let offline = encrypt_oaep(&public, &OAEP_SHA256_MGF1SHA256, b"offline");
    let decrypt = |key_id: Option<String>| DecryptRequest {
        key_id,
        ciphertext_blob: Some(offline.as_slice().into()),
        encryption_algorithm: Some("RSAES_OAEP_SHA_256".into()),
        ..Default::default()
    };
    let opened = harness.call::<Decrypt>(decrypt(key.key_id.clone())).await.expect("decrypts");
    assert_eq!(opened.plaintext.as_deref(), Some(&b"offline"[..]));
    let refused = failed(harness.call::<Decrypt>(decrypt(None)).await);
    assert_eq!(refused, ("ValidationException", "KeyId must not be null".to_owned()));
    let with_context = DecryptRequest {
        encryption_context: context(&[("a", "b")]),
        ..decrypt(key.key_id.clone())
    };
    let (name, text) = failed(harness.call::<Decrypt>(with_context).await);
    assert_eq!(name, "ValidationException");
    let expected =
        "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.";
    assert_eq!(text, expected);
    let refused = failed(harness.call::<Encrypt>(input("SYMMETRIC_DEFAULT", 1)).await);
    let expected = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.".to_owned();
    assert_eq!(refused, ("InvalidKeyUsageException", expected));
}

#[tokio::test]
async fn codes_of_every_hmac_spec_verify() {
    let harness = harness().await;
    for (spec, algorithm, length) in [
        ("HMAC_224", "HMAC_SHA_224", 28),
        ("HMAC_256", "HMAC_SHA_256", 32),
        ("HMAC_384", "HMAC_SHA_384", 48),
        ("HMAC_512", "HMAC_SHA_512", 64),
    ] {
        let key = create(&harness, spec, "GENERATE_VERIFY_MAC").await;
        let input = |algorithm: &str| GenerateMacRequest {
            key_id: key.key_id.clone(),
            message: Some(b"a message"[..].into()),
            mac_algorithm: Some(algorithm.into()),
            ..Default::default()
        };
        let made = harness.call::<GenerateMac>(input(algorithm)).await.expect("a code");
        assert_eq!((made.key_id, made.mac_algorithm), (key.arn.clone(), Some(algorithm.into())));
        let code = made.mac.expect("a code").to_vec();
        assert_eq!(code.len(), length);
        let verify = |code: &[u8]| VerifyMacRequest {
            key_id: key.key_id.clone(),
            message: Some(b"a message"[..].into()),
            mac_algorithm: Some(algorithm.into()),
            mac: Some(code.into()),
            ..Default::default()
        };
        let verified = harness.call::<VerifyMac>(verify(&code)).await.expect("verifies");
        assert_eq!(verified.mac_valid, Some(true));
        for wrong in [&code[1..], &code[..length / 2], &[0; 28]] {
            let refused = failed(harness.call::<VerifyMac>(verify(wrong)).await);
            assert_eq!(refused, ("KMSInvalidMacException", String::new()));
        }
        let other = if algorithm == "HMAC_SHA_224" { "HMAC_SHA_256" } else { "HMAC_SHA_224" };
        let refused = failed(harness.call::<GenerateMac>(input(other)).await);
        let expected = format!("Algorithm {other} is incompatible with key spec {spec}.");
        assert_eq!(refused, ("InvalidKeyUsageException", expected));
    }
}

#[tokio::test]
async fn two_sides_agree_on_a_secret() {
    let harness = harness().await;
    for spec in ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"] {
        let keys = [
            id(&create(&harness, spec, "KEY_AGREEMENT").await),
            id(&create(&harness, spec, "KEY_AGREEMENT").await),
        ];
        let derive = async |own: &str, peer: &[u8]| {
            let input = DeriveSharedSecretRequest {
                key_id: Some(own.into()),
                public_key: Some(peer.into()),
                key_agreement_algorithm: Some("ECDH".into()),
                ..Default::default()
            };
            harness.call::<DeriveSharedSecret>(input).await
        };
        let public = public_key(&harness, &keys[0]).await;
        assert_eq!(public.key_agreement_algorithms.map(|list| list.len()), Some(1));
        let public = public.public_key.expect("a public key");
        let other = public_key(&harness, &keys[1]).await.public_key.expect("a public key");
        let one = derive(&keys[0], &other).await.expect("agrees");
        let two = derive(&keys[1], &public).await.expect("agrees");
        assert_eq!(one.shared_secret, two.shared_secret);
        assert_eq!(one.key_origin, Some("AWS_KMS".into()));
        let refused = derive(&keys[0], &other[..other.len() - 1]).await;
        assert_eq!(failed(refused).0, "ValidationException");
        let stranger = create(&harness, "ECC_SECG_P256K1", "SIGN_VERIFY").await;
        let stranger = public_key(&harness, &id(&stranger)).await.public_key.expect("a key");
        assert_eq!(failed(derive(&keys[0], &stranger).await).0, "ValidationException");
    }
}

#[tokio::test]
async fn encapsulated_secrets_come_back() {
    let harness = harness().await;
    for (spec, length) in [("ML_KEM_512", 768), ("ML_KEM_768", 1088), ("ML_KEM_1024", 1568)] {
        let key = create(&harness, spec, "ENCAPSULATE_DECAPSULATE").await;
        let input = EncapsulateRequest {
            key_id: key.key_id.clone(),
            encapsulation_algorithm: Some("ML_KEM".into()),
            ..Default::default()
        };
        let made = harness.call::<Encapsulate>(input).await.expect("a secret");
        let ciphertext = made.shared_secret_ciphertext_blob.expect("a ciphertext").to_vec();
        assert_eq!(ciphertext.len(), length);
        let open = |ciphertext: &[u8]| {
            let input = DecapsulateRequest {
                key_id: key.key_id.clone(),
                shared_secret_ciphertext_blob: Some(ciphertext.into()),
                encapsulation_algorithm: Some("ML_KEM".into()),
                ..Default::default()
            };
            harness.call::<Decapsulate>(input)
        };
        let opened = open(&ciphertext).await.expect("opens");
        assert_eq!(opened.shared_secret, made.shared_secret);
        // FIPS 203 rejects implicitly: a forgery of the right length gives another secret.
        let mut forged = ciphertext.clone();
        forged[0] ^= 1;
        let other = open(&forged).await.expect("opens").shared_secret;
        assert!(other.is_some() && other != made.shared_secret);
        let refused = failed(open(&ciphertext[1..]).await);
        assert_eq!(refused, ("InvalidCiphertextException", String::new()));
    }
}

#[tokio::test]
async fn a_key_does_what_its_usage_says_and_nothing_else() {
    let harness = harness().await;
    let key = create(&harness, "RSA_2048", "SIGN_VERIFY").await;
    let input = EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: Some(b"x"[..].into()),
        encryption_algorithm: Some("RSAES_OAEP_SHA_256".into()),
        ..Default::default()
    };
    let expected = |operation: &str| {
        let arn = arn(&key);
        let text = format!("{arn} key usage is SIGN_VERIFY which is not valid for {operation}.");
        ("InvalidKeyUsageException", text)
    };
    assert_eq!(failed(harness.call::<Encrypt>(input).await), expected("Encrypt"));
    let input = DecryptRequest {
        key_id: key.key_id.clone(),
        ciphertext_blob: Some(vec![1; 256].into()),
        encryption_algorithm: Some("RSAES_OAEP_SHA_256".into()),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<Decrypt>(input).await), expected("Decrypt"));
    let input = GenerateMacRequest {
        key_id: key.key_id.clone(),
        message: Some(b"x"[..].into()),
        mac_algorithm: Some("HMAC_SHA_256".into()),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<GenerateMac>(input).await), expected("GenerateMac"));
    let input =
        GetPublicKeyRequest { key_id: symmetric(&harness).await.key_id, ..Default::default() };
    assert_eq!(
        failed(harness.call::<GetPublicKey>(input).await).0,
        "UnsupportedOperationException"
    );
}
