//! RSA private keys: signatures (RFC 8017 PSS and PKCS#1 v1.5) and OAEP decryption.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use aws_lc_rs::signature::{self, KeyPair as _, RsaEncoding, RsaKeyPair};
use zeroize::Zeroizing;

use crate::error::OrEngine as _;
use crate::sign::Input;
use crate::spec::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};
use crate::{Error, Secret};

/// An RSA private key, ready to sign; made ready to decrypt when it first does.
pub(crate) struct Rsa {
    pkcs8: Secret,
    signer: RsaKeyPair,
    decrypter: OnceLock<OaepPrivateDecryptingKey>,
}

impl Rsa {
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let signer = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
        Some(Self { pkcs8: Secret::copy_of(pkcs8), signer, decrypter: OnceLock::new() })
    }

    pub(crate) fn public_der(&self) -> Result<Vec<u8>, Error> {
        Ok(self.signer.public_key().as_der().or_engine("RSA public key")?.as_ref().to_vec())
    }

    pub(crate) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: &Input<'_>,
    ) -> Result<Vec<u8>, Error> {
        let encoding = encoding(algorithm)?;
        let mut out = vec![0; self.signer.public_modulus_len()];
        match input {
            Input::Message(message) => {
                self.signer.sign(encoding, &SystemRandom::new(), message, &mut out)
            }
            Input::Digest(digest) => self.signer.sign_digest(encoding, digest, &mut out),
            _ => return Err(Error::Engine("RSA signing")),
        }
        .or_engine("RSA signing")?;
        Ok(out)
    }

    pub(crate) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Secret, Error> {
        let oaep = oaep(algorithm).ok_or(Error::Engine("RSA decryption"))?;
        let key = match self.decrypter.get() {
            Some(key) => key,
            None => {
                let key = decrypter(self.pkcs8.expose()).or_engine("RSA key")?;
                self.decrypter.get_or_init(|| key)
            }
        };
        open(key, oaep, ciphertext)
    }
}

/// A fresh private key in PKCS#8; `None` if `spec` is not RSA.
pub(crate) fn generate(spec: KeySpec) -> Option<Result<Secret, Error>> {
    let size = match spec {
        KeySpec::Rsa2048 => KeySize::Rsa2048,
        KeySpec::Rsa3072 => KeySize::Rsa3072,
        KeySpec::Rsa4096 => KeySize::Rsa4096,
        _ => return None,
    };
    let key = PrivateDecryptingKey::generate(size).and_then(|key| key.as_der());
    Some(key.map(|der| Secret::copy_of(der.as_ref())).or_engine("RSA key generation"))
}

/// The same key in the library's own PKCS#8, so that one key has one encoding; `None` if it is not
/// a sound RSA key.
pub(crate) fn canonical(pkcs8: &[u8]) -> Option<Secret> {
    let der = PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?.as_der().ok()?;
    Some(Secret::copy_of(der.as_ref()))
}

/// A key ready for OAEP decryption.
pub(crate) fn decrypter(pkcs8: &[u8]) -> Result<OaepPrivateDecryptingKey, Error> {
    let key = PrivateDecryptingKey::from_pkcs8(pkcs8).or_engine("RSA key")?;
    OaepPrivateDecryptingKey::new(key).or_engine("RSA key")
}

/// OAEP decryption; every failure is the same.
pub(crate) fn open(
    key: &OaepPrivateDecryptingKey,
    oaep: &'static OaepAlgorithm,
    ciphertext: &[u8],
) -> Result<Secret, Error> {
    let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
    let length = key
        .decrypt(oaep, ciphertext, &mut buffer, None)
        .map_err(|_| Error::InvalidCiphertext)?
        .len();
    buffer.truncate(length);
    Ok(buffer.into())
}

/// The library's OAEP for AWS's name; `None` for what is not OAEP.
pub(crate) fn oaep(algorithm: EncryptionAlgorithm) -> Option<&'static OaepAlgorithm> {
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
        EncryptionAlgorithm::RsaesOaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
        EncryptionAlgorithm::SymmetricDefault => None,
    }
}

/// PSS salts are as long as the digest, as KMS makes them.
fn encoding(algorithm: SigningAlgorithm) -> Result<&'static dyn RsaEncoding, Error> {
    Ok(match algorithm {
        SigningAlgorithm::RsassaPssSha256 => &signature::RSA_PSS_SHA256,
        SigningAlgorithm::RsassaPssSha384 => &signature::RSA_PSS_SHA384,
        SigningAlgorithm::RsassaPssSha512 => &signature::RSA_PSS_SHA512,
        SigningAlgorithm::RsassaPkcs1V15Sha256 => &signature::RSA_PKCS1_SHA256,
        SigningAlgorithm::RsassaPkcs1V15Sha384 => &signature::RSA_PKCS1_SHA384,
        SigningAlgorithm::RsassaPkcs1V15Sha512 => &signature::RSA_PKCS1_SHA512,
        _ => return Err(Error::Engine("RSA signing")),
    })
}
