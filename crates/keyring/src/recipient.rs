//! `CiphertextForRecipient`: a response that only an attested enclave can read.
//!
//! A CMS EnvelopedData (RFC 5652) in DER: one KeyTransRecipientInfo that names the enclave's RSA
//! key by its identifier, RSAES-OAEP with SHA-256 (RFC 4055), content under AES-256-CBC. This is
//! the form that the Nitro Enclaves SDK parses.

use aws_lc_rs::cipher::{
    AES_256, AES_256_KEY_LEN, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use zeroize::Zeroizing;

use crate::der::{self, element};
use crate::error::OrEngine as _;
use crate::spec::names;
use crate::{Error, random};

names! {
    /// `KeyEncryptionMechanism` of the Recipient parameter.
    KeyEncryptionMechanism, "KeyEncryptionAlgorithm" {
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
    }
}

/// Bytes of the subject key identifier: the leftmost 160 bits of SHA-256 (RFC 7093, section 2,
/// method 1).
const KEY_IDENTIFIER_LEN: usize = 20;
/// Bytes of an AES block.
const BLOCK_LEN: usize = 16;

const OID_ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
const OID_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const OID_RSAES_OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7];
const OID_MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
const OID_SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const OID_AES256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
/// DER of NULL.
const NULL: &[u8] = &[5, 0];
/// DER of INTEGER 2: the version of both structures when keys are named by identifier.
const VERSION_2: &[u8] = &[der::INTEGER, 1, 2];

/// Encrypts `plaintext` to the public key of an attestation (SubjectPublicKeyInfo DER of an RSA
/// key, 2048 to 8192 bits).
///
/// # Errors
/// [`Error::Attestation`] if the key is not such a key.
pub fn encrypt(public_key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let unfit = || Error::Attestation("its public key is not a DER-encoded RSA public key");
    let (_, _, raw) = der::split_spki(public_key).ok_or_else(unfit)?;
    let recipient = PublicEncryptingKey::from_der(public_key).map_err(|_| unfit())?;
    let recipient = OaepPublicEncryptingKey::new(recipient).map_err(|_| unfit())?;
    let mut key = Zeroizing::new([0; AES_256_KEY_LEN]);
    random::fill(&mut key[..])?;
    let mut wrapped = vec![0; recipient.ciphertext_size()];
    let wrapped = recipient
        .encrypt(&OAEP_SHA256_MGF1SHA256, &key[..], &mut wrapped, None)
        .or_engine("RSA encryption")?;
    let (iv, content) = encrypt_content(&key[..], plaintext)?;
    let hash = digest(&SHA256, raw);
    Ok(envelope(&hash.as_ref()[..KEY_IDENTIFIER_LEN], wrapped, &iv, &content))
}

fn encrypt_content(key: &[u8], plaintext: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let key = UnboundCipherKey::new(&AES_256, key).or_engine("content key")?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).or_engine("content key")?;
    // Room for the padding, so that growing leaves no copy of the plaintext behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(plaintext.len() + BLOCK_LEN));
    buffer.extend_from_slice(plaintext);
    match key.encrypt(&mut *buffer).or_engine("content encryption")? {
        DecryptionContext::Iv128(iv) => Ok((iv.as_ref().to_vec(), buffer.to_vec())),
        _ => Err(Error::Engine("content encryption")),
    }
}

fn envelope(identifier: &[u8], wrapped_key: &[u8], iv: &[u8], content: &[u8]) -> Vec<u8> {
    let oid = |oid| element(der::OID, &[oid]);
    let sha256 = element(der::SEQUENCE, &[&oid(OID_SHA256), NULL]);
    let mgf1 = element(der::SEQUENCE, &[&oid(OID_MGF1), &sha256]);
    let oaep_parameters = element(
        der::SEQUENCE,
        &[
            &element(der::CONTEXT_0_CONSTRUCTED, &[&sha256]),
            &element(der::CONTEXT_1_CONSTRUCTED, &[&mgf1]),
        ],
    );
    let recipient = element(
        der::SEQUENCE,
        &[
            VERSION_2,
            &element(der::CONTEXT_0, &[identifier]),
            &element(der::SEQUENCE, &[&oid(OID_RSAES_OAEP), &oaep_parameters]),
            &element(der::OCTET_STRING, &[wrapped_key]),
        ],
    );
    let encryption =
        element(der::SEQUENCE, &[&oid(OID_AES256_CBC), &element(der::OCTET_STRING, &[iv])]);
    let encrypted = element(
        der::SEQUENCE,
        &[&oid(OID_DATA), &encryption, &element(der::CONTEXT_0, &[content])],
    );
    let enveloped =
        element(der::SEQUENCE, &[VERSION_2, &element(der::SET, &[&recipient]), &encrypted]);
    let content = element(der::CONTEXT_0_CONSTRUCTED, &[&enveloped]);
    element(der::SEQUENCE, &[&oid(OID_ENVELOPED_DATA), &content])
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cipher::PaddedBlockDecryptingKey;
    use aws_lc_rs::iv::FixedLength;

    use super::*;
    use crate::attestation;
    use crate::attestation::tests::{Enclave, now};
    use crate::{EncryptionAlgorithm, KeySpec, Material};

    /// Reads the envelope as the Nitro Enclaves SDK does, and decrypts it.
    fn open(key: &Material, cms: &[u8]) -> Vec<u8> {
        let mut outer = der::Reader::new(cms);
        let mut info = der::Reader::new(outer.read(der::SEQUENCE).expect("ContentInfo"));
        outer.end().expect("one element");
        assert_eq!(info.read(der::OID), Some(OID_ENVELOPED_DATA));
        let content = info.read(der::CONTEXT_0_CONSTRUCTED).expect("content");
        let mut data =
            der::Reader::new(der::Reader::new(content).read(der::SEQUENCE).expect("data"));
        assert_eq!(data.read(der::INTEGER), Some(&[2][..]));
        let mut recipients = der::Reader::new(data.read(der::SET).expect("recipients"));
        let mut recipient = der::Reader::new(recipients.read(der::SEQUENCE).expect("recipient"));
        recipients.end().expect("one recipient");
        assert_eq!(recipient.read(der::INTEGER), Some(&[2][..]));
        assert_eq!(recipient.read(der::CONTEXT_0).map(<[u8]>::len), Some(KEY_IDENTIFIER_LEN));
        let mut algorithm = der::Reader::new(recipient.read(der::SEQUENCE).expect("algorithm"));
        assert_eq!(algorithm.read(der::OID), Some(OID_RSAES_OAEP));
        let wrapped = recipient.read(der::OCTET_STRING).expect("key");
        let mut content = der::Reader::new(data.read(der::SEQUENCE).expect("content"));
        assert_eq!(content.read(der::OID), Some(OID_DATA));
        let mut algorithm = der::Reader::new(content.read(der::SEQUENCE).expect("algorithm"));
        assert_eq!(algorithm.read(der::OID), Some(OID_AES256_CBC));
        let iv: &[u8; BLOCK_LEN] =
            algorithm.read(der::OCTET_STRING).and_then(|iv| iv.try_into().ok()).expect("IV");
        let mut ciphertext = content.read(der::CONTEXT_0).expect("ciphertext").to_vec();
        let key = key.decrypt_oaep(EncryptionAlgorithm::RsaesOaepSha256, wrapped).expect("unwraps");
        let key = UnboundCipherKey::new(&AES_256, key.expose()).expect("32 bytes");
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).expect("AES");
        let iv = DecryptionContext::Iv128(FixedLength::from(*iv));
        key.decrypt(&mut ciphertext, iv).expect("decrypts").to_vec()
    }

    #[test]
    fn the_attested_key_opens_the_response() {
        let key = Material::generate(KeySpec::Rsa2048).expect("generated");
        let enclave = Enclave::new();
        let document = enclave.attest(Some(key.public_key_der().expect("a pair")));
        let document = attestation::parse(&document).expect("well-formed");
        let attested = document.verify(&enclave.roots, now()).expect("sound");
        let public = attested.public_key.expect("a key");
        for length in [0, 15, 16, 4096] {
            let plaintext = vec![7; length];
            assert_eq!(open(&key, &encrypt(&public, &plaintext).expect("encrypts")), plaintext);
        }
    }

    #[test]
    fn other_keys_are_refused() {
        let curve = Material::generate(KeySpec::EccNistP256).expect("generated");
        for bad in [&b""[..], b"key", curve.public_key_der().expect("a pair")] {
            assert!(matches!(encrypt(bad, b"hello"), Err(Error::Attestation(_))));
        }
    }
}
