//! Public keys: verify, encrypt, encapsulate. A KMS key's own, or a foreign one given as DER.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::kem;
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use crate::error::OrEngine as _;
use crate::sign::Input;
use crate::spec::{EncryptionAlgorithm, KeySpec, MessageType, SigningAlgorithm};
use crate::{Error, Secret, der, elliptic, lattice, rsa};

/// A public key of one spec, as an X.509 SubjectPublicKeyInfo (RFC 5280), prepared for use.
#[derive(Debug)]
pub struct PublicKey {
    spec: KeySpec,
    der: Vec<u8>,
    /// One slot for each of the spec's signing algorithms, filled when first used.
    verifiers: Vec<OnceLock<ParsedPublicKey>>,
    encrypter: OnceLock<OaepPublicEncryptingKey>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo and checks that it holds a sound key of `spec`.
    ///
    /// # Errors
    /// [`Error::InvalidPublicKey`].
    pub fn from_der(spec: KeySpec, der: &[u8]) -> Result<Self, Error> {
        check(spec, der).ok_or(Error::InvalidPublicKey { spec })?;
        let algorithms = spec.signing_algorithms();
        let verifiers: Vec<_> = algorithms.iter().map(|_| OnceLock::new()).collect();
        let key = Self { spec, der: der.to_vec(), verifiers, encrypter: OnceLock::new() };
        if let Some(algorithm) = algorithms.first() {
            key.verifier(*algorithm)?;
        }
        Ok(key)
    }

    /// The key's spec.
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The SubjectPublicKeyInfo.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether `signature` is one of `message`.
    ///
    /// # Errors
    /// Algorithm, message type or digest length that do not go together, as for
    /// [`crate::Material::sign`].
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Error> {
        Ok(match Input::new(self.spec, algorithm, message_type, message)? {
            Input::Message(message) => {
                self.verifier(algorithm)?.verify_sig(message, signature).is_ok()
            }
            Input::Digest(digest) => {
                self.verifier(algorithm)?.verify_digest_sig(&digest, signature).is_ok()
            }
            Input::Mu(mu) => lattice::verify_mu(self.spec, self.raw(), mu, signature),
            Input::Prehash(message) => elliptic::verify_prehash(self.raw(), message, signature),
        })
    }

    /// RSA-OAEP encryption with an empty label.
    ///
    /// # Errors
    /// [`Error::PlaintextTooLong`]; [`Error::UnsupportedAlgorithm`] for keys that are not RSA.
    pub fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let unsupported =
            Error::UnsupportedAlgorithm { spec: self.spec, algorithm: algorithm.as_str() };
        if !self.spec.encryption_algorithms().contains(&algorithm) {
            return Err(unsupported);
        }
        let oaep = rsa::oaep(algorithm).ok_or(unsupported)?;
        let key = match self.encrypter.get() {
            Some(key) => key,
            None => {
                let key = PublicEncryptingKey::from_der(&self.der).or_engine("RSA public key")?;
                let key = OaepPublicEncryptingKey::new(key).or_engine("RSA public key")?;
                self.encrypter.get_or_init(|| key)
            }
        };
        let limit = key.max_plaintext_size(oaep);
        if plaintext.len() > limit {
            return Err(Error::PlaintextTooLong { length: plaintext.len(), limit });
        }
        let mut out = vec![0; key.ciphertext_size()];
        let length =
            key.encrypt(oaep, plaintext, &mut out, None).or_engine("RSA encryption")?.len();
        out.truncate(length);
        Ok(out)
    }

    /// A fresh 32-byte shared secret and its encapsulation (FIPS 203): `(ciphertext, secret)`.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] for keys that are not ML-KEM.
    pub fn encapsulate(&self) -> Result<(Vec<u8>, Secret), Error> {
        lattice::encapsulate(self.spec, self.raw())
    }

    /// The key without its wrapping.
    fn raw(&self) -> &[u8] {
        der::split_spki(&self.der).map_or(&[], |(_, _, key)| key)
    }

    fn verifier(&self, algorithm: SigningAlgorithm) -> Result<&ParsedPublicKey, Error> {
        let spec = self.spec;
        let unsupported = || Error::UnsupportedAlgorithm { spec, algorithm: algorithm.as_str() };
        let position = spec.signing_algorithms().iter().position(|known| *known == algorithm);
        let slot = position.and_then(|at| self.verifiers.get(at)).ok_or_else(unsupported)?;
        if let Some(parsed) = slot.get() {
            return Ok(parsed);
        }
        let engine = verification(spec, algorithm).ok_or_else(unsupported)?;
        let parsed = ParsedPublicKey::new(engine, &self.der)
            .map_err(|_| Error::InvalidPublicKey { spec })?;
        Ok(slot.get_or_init(|| parsed))
    }
}

/// Verifies with a foreign public key, given as a SubjectPublicKeyInfo.
///
/// # Errors
/// [`Error::InvalidPublicKey`], or as for [`PublicKey::verify`].
pub fn verify_with_public(
    spec: KeySpec,
    der: &[u8],
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Error> {
    PublicKey::from_der(spec, der)?.verify(algorithm, message_type, message, signature)
}

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const OID_P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
const OID_P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];
const OID_P256K1: &[u8] = &[0x2b, 0x81, 4, 0, 0x0a];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const OID_ML_DSA_44: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17];
const OID_ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18];
const OID_ML_DSA_87: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19];
const OID_ML_KEM_512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 1];
const OID_ML_KEM_768: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 2];
const OID_ML_KEM_1024: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 3];
/// DER of NULL, the parameters of rsaEncryption.
const NULL: &[u8] = &[5, 0];

/// The content of the key algorithm's OID; empty for specs without a public half.
pub(crate) fn oid(spec: KeySpec) -> &'static [u8] {
    match spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => OID_RSA,
        KeySpec::EccNistP256
        | KeySpec::EccNistP384
        | KeySpec::EccNistP521
        | KeySpec::EccSecgP256k1 => OID_EC,
        KeySpec::EccNistEdwards25519 => OID_ED25519,
        KeySpec::MlDsa44 => OID_ML_DSA_44,
        KeySpec::MlDsa65 => OID_ML_DSA_65,
        KeySpec::MlDsa87 => OID_ML_DSA_87,
        KeySpec::MlKem512 => OID_ML_KEM_512,
        KeySpec::MlKem768 => OID_ML_KEM_768,
        KeySpec::MlKem1024 => OID_ML_KEM_1024,
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512 => &[],
    }
}

/// The DER of an RSA public key's SubjectPublicKeyInfo, written anew by the library.
pub(crate) fn rsa_der(key: &PublicEncryptingKey) -> Result<Vec<u8>, Error> {
    Ok(key.as_der().or_engine("RSA public key")?.as_ref().to_vec())
}

/// Checks algorithm, parameters and size. That the point is on the curve is the parser's to check
/// afterwards.
fn check(spec: KeySpec, der: &[u8]) -> Option<()> {
    let (found, parameters, key) = der::split_spki(der)?;
    let named = |curve: &[u8]| parameters == der::element(der::OID, &[curve]);
    let rsa = |bits| {
        let key = PublicEncryptingKey::from_der(der).ok()?;
        Some(parameters == NULL && key.key_size_bits() == bits)
    };
    let plain = |length| parameters.is_empty() && key.len() == length;
    let kem =
        |algorithm, length| plain(length) && kem::EncapsulationKey::new(algorithm, key).is_ok();
    let sound = found == oid(spec)
        && match spec {
            KeySpec::Rsa2048 => rsa(2048)?,
            KeySpec::Rsa3072 => rsa(3072)?,
            KeySpec::Rsa4096 => rsa(4096)?,
            KeySpec::EccNistP256 => named(OID_P256),
            KeySpec::EccNistP384 => named(OID_P384),
            KeySpec::EccNistP521 => named(OID_P521),
            KeySpec::EccSecgP256k1 => named(OID_P256K1),
            KeySpec::EccNistEdwards25519 => plain(32),
            KeySpec::MlDsa44 => plain(1312),
            KeySpec::MlDsa65 => plain(1952),
            KeySpec::MlDsa87 => plain(2592),
            KeySpec::MlKem512 => kem(&kem::ML_KEM_512, 800),
            KeySpec::MlKem768 => kem(&kem::ML_KEM_768, 1184),
            KeySpec::MlKem1024 => kem(&kem::ML_KEM_1024, 1568),
            _ => false,
        };
    sound.then_some(())
}

fn verification(
    spec: KeySpec,
    algorithm: SigningAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (spec, algorithm) {
        (_, SigningAlgorithm::RsassaPssSha256) => &signature::RSA_PSS_2048_8192_SHA256,
        (_, SigningAlgorithm::RsassaPssSha384) => &signature::RSA_PSS_2048_8192_SHA384,
        (_, SigningAlgorithm::RsassaPssSha512) => &signature::RSA_PSS_2048_8192_SHA512,
        (_, SigningAlgorithm::RsassaPkcs1V15Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (_, SigningAlgorithm::RsassaPkcs1V15Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (_, SigningAlgorithm::RsassaPkcs1V15Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (KeySpec::EccNistP256, _) => &signature::ECDSA_P256_SHA256_ASN1,
        (KeySpec::EccNistP384, _) => &signature::ECDSA_P384_SHA384_ASN1,
        (KeySpec::EccNistP521, _) => &signature::ECDSA_P521_SHA512_ASN1,
        (KeySpec::EccSecgP256k1, _) => &signature::ECDSA_P256K1_SHA256_ASN1,
        (KeySpec::EccNistEdwards25519, _) => &signature::ED25519,
        (KeySpec::MlDsa44, _) => &signature::ML_DSA_44,
        (KeySpec::MlDsa65, _) => &signature::ML_DSA_65,
        (KeySpec::MlDsa87, _) => &signature::ML_DSA_87,
        _ => return None,
    })
}
