//! Private keys on elliptic curves: ECDSA and ECDH on the NIST curves, ECDSA on secp256k1, Ed25519
//! and Ed25519ph.

use std::sync::OnceLock;

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use ed25519_dalek::Digest as _;

use crate::error::OrEngine as _;
use crate::public::PublicKey;
use crate::sign::Input;
use crate::spec::KeySpec;
use crate::{Error, Secret};

/// A private key on a Weierstrass curve, ready to sign; made ready to agree when it first does.
pub(crate) struct Curve {
    spec: KeySpec,
    pkcs8: Secret,
    signer: EcdsaKeyPair,
    agreement: OnceLock<PrivateKey>,
}

impl Curve {
    /// `None` if the PKCS#8 does not hold a key of `spec`, or `spec` is on no such curve.
    pub(crate) fn from_pkcs8(spec: KeySpec, pkcs8: &[u8]) -> Option<Self> {
        let signer = EcdsaKeyPair::from_pkcs8(ecdsa(spec)?, pkcs8).ok()?;
        Some(Self { spec, pkcs8: Secret::copy_of(pkcs8), signer, agreement: OnceLock::new() })
    }

    pub(crate) fn public_der(&self) -> Result<Vec<u8>, Error> {
        Ok(self.signer.public_key().as_der().or_engine("EC public key")?.as_ref().to_vec())
    }

    pub(crate) fn sign(&self, input: &Input<'_>) -> Result<Vec<u8>, Error> {
        let signature = match input {
            Input::Message(message) => self.signer.sign(&SystemRandom::new(), message),
            Input::Digest(digest) => self.signer.sign_digest(digest),
            _ => return Err(Error::Engine("ECDSA signing")),
        };
        Ok(signature.or_engine("ECDSA signing")?.as_ref().to_vec())
    }

    /// The x-coordinate of the shared point (SP 800-56A), with a peer's SubjectPublicKeyInfo on the
    /// same curve.
    pub(crate) fn agree(&self, peer: &[u8]) -> Result<Secret, Error> {
        let algorithm = match self.spec {
            KeySpec::EccNistP256 => &agreement::ECDH_P256,
            KeySpec::EccNistP384 => &agreement::ECDH_P384,
            KeySpec::EccNistP521 => &agreement::ECDH_P521,
            spec => return Err(Error::UnsupportedAlgorithm { spec, algorithm: "ECDH" }),
        };
        // Checks the OIDs and that the point is on the curve.
        let peer = PublicKey::from_der(self.spec, peer)?;
        let key = match self.agreement.get() {
            Some(key) => key,
            None => {
                let key = PrivateKey::from_private_key_der(algorithm, self.pkcs8.expose())
                    .or_engine("ECDH key")?;
                self.agreement.get_or_init(|| key)
            }
        };
        let peer = UnparsedPublicKey::new(algorithm, peer.as_der());
        let refused = Error::InvalidPublicKey { spec: self.spec };
        agreement::agree(key, peer, refused, |shared| Ok(Secret::copy_of(shared)))
    }
}

/// A fresh private key in PKCS#8; `None` if `spec` is on no such curve.
pub(crate) fn generate(spec: KeySpec) -> Option<Result<Secret, Error>> {
    let pkcs8 = match spec {
        KeySpec::EccNistEdwards25519 => Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8v1()),
        _ => EcdsaKeyPair::generate(ecdsa(spec)?).and_then(|key| key.to_pkcs8v1()),
    };
    Some(pkcs8.map(|der| Secret::copy_of(der.as_ref())).or_engine("EC key generation"))
}

/// The same key in the library's own PKCS#8, so that one key has one encoding; `None` if it is no
/// sound key of `spec`.
pub(crate) fn canonical(spec: KeySpec, pkcs8: &[u8]) -> Option<Secret> {
    let der = match spec {
        KeySpec::EccNistEdwards25519 => Ed25519KeyPair::from_pkcs8(pkcs8).ok()?.to_pkcs8v1(),
        _ => EcdsaKeyPair::from_pkcs8(ecdsa(spec)?, pkcs8).ok()?.to_pkcs8v1(),
    };
    Some(Secret::copy_of(der.ok()?.as_ref()))
}

fn ecdsa(spec: KeySpec) -> Option<&'static EcdsaSigningAlgorithm> {
    match spec {
        KeySpec::EccNistP256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        KeySpec::EccNistP384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        KeySpec::EccNistP521 => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        KeySpec::EccSecgP256k1 => Some(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    }
}

/// An Ed25519 private key. aws-lc-rs does not offer Ed25519ph, so that is ed25519-dalek's.
pub(crate) struct Edwards {
    signer: Ed25519KeyPair,
    prehash: ed25519_dalek::SigningKey,
}

impl Edwards {
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let signer = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let seed = signer.seed().ok()?.as_be_bytes().ok()?;
        let prehash = ed25519_dalek::SigningKey::try_from(seed.as_ref()).ok()?;
        Some(Self { signer, prehash })
    }

    pub(crate) fn public_der(&self) -> Result<Vec<u8>, Error> {
        Ok(self.signer.public_key().as_der().or_engine("Ed25519 public key")?.as_ref().to_vec())
    }

    pub(crate) fn sign(&self, input: &Input<'_>) -> Result<Vec<u8>, Error> {
        match input {
            Input::Message(message) => {
                let signature = self.signer.try_sign(message).or_engine("Ed25519 signing")?;
                Ok(signature.as_ref().to_vec())
            }
            Input::Prehash(message) => {
                let digest = ed25519_dalek::Sha512::new_with_prefix(message);
                let signature = self.prehash.sign_prehashed(digest, None);
                Ok(signature.or_engine("Ed25519ph signing")?.to_bytes().to_vec())
            }
            _ => Err(Error::Engine("Ed25519 signing")),
        }
    }
}

/// Verifies Ed25519ph (RFC 8032, section 5.1) with a raw public key.
pub(crate) fn verify_prehash(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = ed25519_dalek::VerifyingKey::try_from(public);
    let signature = ed25519_dalek::Signature::from_slice(signature);
    let (Ok(key), Ok(signature)) = (key, signature) else { return false };
    let digest = ed25519_dalek::Sha512::new_with_prefix(message);
    key.verify_prehashed_strict(digest, None, &signature).is_ok()
}
