//! Answers for attested enclaves, with an enclave and a certificate authority of the tests' own.

use api_kms::operations::{
    CreateKey, Decrypt, DeriveSharedSecret, GenerateDataKey, GenerateDataKeyPair, GenerateRandom,
    GetPublicKey,
};
use api_kms::{
    CreateKeyRequest, DecryptRequest, DeriveSharedSecretRequest, GenerateDataKeyPairRequest,
    GenerateDataKeyRequest, GenerateRandomRequest, GetPublicKeyRequest, RecipientInfo,
};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base::Timestamp;
use keyring::{EncryptionAlgorithm, KeySpec, Material};
use minicbor::Encoder;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384,
};

use crate::support::*;
use crate::symmetric::{blob, decrypt};

/// An enclave with the RSA key that its attestation names.
struct Enclave {
    root: Vec<u8>,
    leaf: Vec<u8>,
    signer: KeyPair,
    key: Material,
}

impl Enclave {
    fn new() -> Self {
        let parameters = |ca: bool| {
            let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
            parameters.not_before = rcgen::date_time_ymd(2025, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
            if ca {
                parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            } else {
                parameters.is_ca = IsCa::ExplicitNoCa;
                parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            }
            parameters
        };
        let key = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
        let (root_key, signer) = (key(), key());
        let root = parameters(true).self_signed(&root_key).expect("signed").der().to_vec();
        let issuer = Issuer::new(parameters(true), root_key);
        let leaf = parameters(false).signed_by(&signer, &issuer).expect("signed").der().to_vec();
        let key = Material::generate(KeySpec::Rsa2048).expect("a key");
        Self { root, leaf, signer, key }
    }

    /// The Recipient parameter at the moment `at`.
    fn recipient(&self, at: Timestamp) -> Option<RecipientInfo> {
        Some(RecipientInfo {
            key_encryption_algorithm: Some("RSAES_OAEP_SHA_256".into()),
            attestation_document: Some(self.attest(at).into()),
        })
    }

    /// A COSE_Sign1 attestation document.
    fn attest(&self, at: Timestamp) -> Vec<u8> {
        let mut cbor = Encoder::new(Vec::new());
        let public = self.key.public_key_der().expect("a pair");
        let written = (|| {
            cbor.map(9)?;
            cbor.str("module_id")?.str("i-1234-enc5678")?;
            cbor.str("digest")?.str("SHA384")?;
            cbor.str("timestamp")?.u64(at.millis().unsigned_abs())?;
            cbor.str("pcrs")?.map(1)?.u8(0)?.bytes(&[0xab; 48])?;
            cbor.str("certificate")?.bytes(&self.leaf)?;
            cbor.str("cabundle")?.array(1)?.bytes(&self.root)?;
            cbor.str("public_key")?.bytes(public)?;
            cbor.str("user_data")?.null()?;
            cbor.str("nonce")?.null()?;
            Ok::<_, minicbor::encode::Error<_>>(())
        })();
        written.expect("a Vec");
        let payload = cbor.into_writer();
        // {1: -35}: ES384.
        let protected = [0xa1, 0x01, 0x38, 0x22];
        let mut signed = Encoder::new(Vec::new());
        signed.array(4).and_then(|c| c.str("Signature1")).expect("a Vec");
        signed.bytes(&protected).and_then(|c| c.bytes(&[])).expect("a Vec");
        signed.bytes(&payload).expect("a Vec");
        let signer = self.signer.serialized_der();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, signer);
        let signature = signer
            .expect("P-384")
            .sign(&SystemRandom::new(), &signed.into_writer())
            .expect("signs");
        let mut document = Encoder::new(Vec::new());
        document.array(4).and_then(|c| c.bytes(&protected)).expect("a Vec");
        document.map(0).and_then(|c| c.bytes(&payload)).expect("a Vec");
        document.bytes(signature.as_ref()).expect("a Vec");
        document.into_writer()
    }

    /// Opens CiphertextForRecipient: a CMS EnvelopedData whose wrapped key, IV and content are found by their places.
    fn open(&self, cms: &[u8]) -> Vec<u8> {
        // ContentInfo / [0] / EnvelopedData / (version, recipients, content)
        let enveloped = children(&children(&children(cms)[0].1)[1].1)[0].1.clone();
        let parts = children(&enveloped);
        let recipient = children(&children(&parts[1].1)[0].1);
        let content = children(&parts[2].1);
        let wrapped = &recipient[3].1;
        let iv = &children(&content[1].1)[1].1;
        let key = self.key.decrypt_oaep(EncryptionAlgorithm::RsaesOaepSha256, wrapped);
        let key = key.expect("unwraps");
        let key = UnboundCipherKey::new(&AES_256, key.expose()).expect("an AES key");
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).expect("AES-CBC");
        let iv: [u8; 16] = iv.as_slice().try_into().expect("an IV");
        let mut ciphertext = content[2].1.clone();
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        key.decrypt(&mut ciphertext, context).expect("decrypts").to_vec()
    }
}

/// The DER elements in `bytes`: tags and contents.
fn children(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let [tag, first, rest @ ..] = bytes {
        let long = if *first < 0x80 { 0 } else { usize::from(first & 0x7f) };
        let length = match long {
            0 => usize::from(*first),
            _ => rest[..long].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        found.push((*tag, rest[long..long + length].to_vec()));
        bytes = &rest[long + length..];
    }
    found
}

#[tokio::test]
async fn the_enclave_alone_reads_the_answers() {
    let enclave = Enclave::new();
    let harness = harness_trusting(Some(enclave.root.clone())).await;
    let key = symmetric(&harness).await;
    let recipient = || enclave.recipient(harness.now());

    let sealed = blob(&harness, &id(&key), b"for the enclave").await;
    let input = DecryptRequest {
        ciphertext_blob: Some(sealed.into()),
        recipient: recipient(),
        ..Default::default()
    };
    let opened = harness.call::<Decrypt>(input).await.expect("decrypts");
    assert_eq!((opened.plaintext, opened.key_material_id), (None, None));
    let answer = opened.ciphertext_for_recipient.expect("an answer");
    assert_eq!(enclave.open(&answer), b"for the enclave");
    let record = &harness.records().await[0];
    let described = &record["additionalEventData"]["recipient"];
    assert_eq!(described["attestationDocumentModuleId"], "i-1234-enc5678");
    assert_eq!(described["attestationDocumentEnclaveImageDigest"], "ab".repeat(48));
    assert!(record["requestParameters"].get("recipient").is_none());

    let input = GenerateDataKeyRequest {
        key_id: key.key_id.clone(),
        key_spec: Some("AES_256".into()),
        recipient: recipient(),
        ..Default::default()
    };
    let made = harness.call::<GenerateDataKey>(input).await.expect("a data key");
    assert_eq!(made.plaintext, None);
    let opened = decrypt(&harness, &made.ciphertext_blob.expect("a blob")).await.expect("decrypts");
    let answer = enclave.open(&made.ciphertext_for_recipient.expect("an answer"));
    assert_eq!(opened.plaintext.as_deref(), Some(&answer[..]));

    let input = GenerateDataKeyPairRequest {
        key_id: key.key_id.clone(),
        key_pair_spec: Some("ECC_NIST_P256".into()),
        recipient: recipient(),
        ..Default::default()
    };
    let made = harness.call::<GenerateDataKeyPair>(input).await.expect("a pair");
    assert_eq!(made.private_key_plaintext, None);
    let blob = made.private_key_ciphertext_blob.expect("a blob");
    let opened = decrypt(&harness, &blob).await.expect("decrypts");
    let answer = enclave.open(&made.ciphertext_for_recipient.expect("an answer"));
    assert_eq!(opened.plaintext.as_deref(), Some(&answer[..]));

    let input = GenerateRandomRequest {
        number_of_bytes: Some(40),
        recipient: recipient(),
        ..Default::default()
    };
    let made = harness.call::<GenerateRandom>(input).await.expect("bytes");
    assert_eq!(made.plaintext, None);
    assert_eq!(enclave.open(&made.ciphertext_for_recipient.expect("an answer")).len(), 40);
}

#[tokio::test]
async fn shared_secrets_reach_the_enclave_too() {
    let enclave = Enclave::new();
    let harness = harness_trusting(Some(enclave.root.clone())).await;
    let input = CreateKeyRequest {
        key_spec: Some("ECC_NIST_P256".into()),
        key_usage: Some("KEY_AGREEMENT".into()),
        ..Default::default()
    };
    let key = harness.call::<CreateKey>(input).await.expect("a key").key_metadata.expect("a key");
    let input = GetPublicKeyRequest { key_id: key.key_id.clone(), ..Default::default() };
    let public = harness.call::<GetPublicKey>(input).await.expect("a key").public_key;
    let input = |recipient| DeriveSharedSecretRequest {
        key_id: key.key_id.clone(),
        public_key: public.clone(),
        key_agreement_algorithm: Some("ECDH".into()),
        recipient,
        ..Default::default()
    };
    let plain = harness.call::<DeriveSharedSecret>(input(None)).await.expect("agrees");
    let recipient = enclave.recipient(harness.now());
    let made = harness.call::<DeriveSharedSecret>(input(recipient)).await.expect("agrees");
    assert_eq!(made.shared_secret, None);
    let answer = enclave.open(&made.ciphertext_for_recipient.expect("an answer"));
    assert_eq!(plain.shared_secret.as_deref(), Some(&answer[..]));
}

#[tokio::test]
async fn whoever_is_not_attested_gets_nothing() {
    let enclave = Enclave::new();
    let stranger = Enclave::new();
    let trusting = harness_trusting(Some(enclave.root.clone())).await;
    let rootless = harness().await;
    let now = trusting.now();
    let mut bent = enclave.attest(now);
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    let given = |document: Vec<u8>| {
        Some(RecipientInfo {
            key_encryption_algorithm: Some("RSAES_OAEP_SHA_256".into()),
            attestation_document: Some(document.into()),
        })
    };
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    for (what, harness, recipient) in [
        ("no root is configured", &rootless, enclave.recipient(now)),
        ("another root", &trusting, stranger.recipient(now)),
        ("too old", &trusting, enclave.recipient(now - day)),
        ("tampered with", &trusting, given(bent)),
        ("noise", &trusting, given(vec![0xff; 100])),
    ] {
        let input =
            GenerateRandomRequest { number_of_bytes: Some(32), recipient, ..Default::default() };
        let refused = failed(harness.call::<GenerateRandom>(input).await);
        assert_eq!(refused.0, "ValidationException", "{what}");
    }
}
