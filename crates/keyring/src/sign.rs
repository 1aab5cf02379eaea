//! What Sign and Verify are given, checked against the algorithm: KMS's rules for message types and
//! lengths.

use aws_lc_rs::digest::{self, Digest};

use crate::Error;
use crate::spec::{KeySpec, MessageType, SigningAlgorithm};

/// Bytes of the message representative μ (FIPS 204).
pub(crate) const MU_LEN: usize = 64;
/// Bytes of what ED25519_PH_SHA_512 takes as a digest.
const ED25519_PH_DIGEST_LEN: usize = 64;

/// What a signing engine works on.
pub(crate) enum Input<'a> {
    /// The message, to be hashed as the algorithm says.
    Message(&'a [u8]),
    /// Its digest, not to be hashed again.
    Digest(Digest),
    /// The message representative of ML-DSA.
    Mu(&'a [u8; MU_LEN]),
    /// What Ed25519ph hashes first: KMS hashes the given digest once more (Sign, KMS API
    /// Reference).
    Prehash(&'a [u8]),
}

impl<'a> Input<'a> {
    /// Checks that `spec` signs with `algorithm`, and `algorithm` takes `message` as a
    /// `message_type`.
    pub(crate) fn new(
        spec: KeySpec,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &'a [u8],
    ) -> Result<Self, Error> {
        let name = algorithm.as_str();
        if !spec.signing_algorithms().contains(&algorithm) {
            return Err(Error::UnsupportedAlgorithm { spec, algorithm: name });
        }
        let wrong_length = Error::DigestLength { algorithm: name };
        match (digest(algorithm), algorithm, message_type) {
            (None, SigningAlgorithm::Ed25519PhSha512, MessageType::Digest) => {
                let fits = message.len() == ED25519_PH_DIGEST_LEN;
                fits.then_some(Self::Prehash(message)).ok_or(wrong_length)
            }
            (None, SigningAlgorithm::MlDsaShake256, MessageType::ExternalMu) => {
                message.try_into().map(Self::Mu).map_err(|_| wrong_length)
            }
            (Some(digest), _, MessageType::Digest) => Digest::import_less_safe(message, digest)
                .map(Self::Digest)
                .map_err(|_| wrong_length),
            (_, SigningAlgorithm::Ed25519PhSha512, _) | (_, _, MessageType::ExternalMu) => {
                Err(Error::UnsupportedMessageType { message_type, algorithm: name })
            }
            (_, _, MessageType::Raw) => Ok(Self::Message(message)),
            (None, _, MessageType::Digest) => {
                Err(Error::UnsupportedMessageType { message_type, algorithm: name })
            }
        }
    }
}

/// The hash of an algorithm that signs digests.
fn digest(algorithm: SigningAlgorithm) -> Option<&'static digest::Algorithm> {
    match algorithm {
        SigningAlgorithm::RsassaPssSha256
        | SigningAlgorithm::RsassaPkcs1V15Sha256
        | SigningAlgorithm::EcdsaSha256 => Some(&digest::SHA256),
        SigningAlgorithm::RsassaPssSha384
        | SigningAlgorithm::RsassaPkcs1V15Sha384
        | SigningAlgorithm::EcdsaSha384 => Some(&digest::SHA384),
        SigningAlgorithm::RsassaPssSha512
        | SigningAlgorithm::RsassaPkcs1V15Sha512
        | SigningAlgorithm::EcdsaSha512 => Some(&digest::SHA512),
        SigningAlgorithm::MlDsaShake256
        | SigningAlgorithm::Ed25519Sha512
        | SigningAlgorithm::Ed25519PhSha512 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_types_follow_the_algorithm() {
        use MessageType::{Digest, ExternalMu, Raw};
        use SigningAlgorithm::*;
        let check = |spec, algorithm, message_type, length| {
            Input::new(spec, algorithm, message_type, &vec![0; length]).map(|_| ())
        };
        assert!(check(KeySpec::Rsa2048, RsassaPssSha384, Raw, 5).is_ok());
        assert!(check(KeySpec::Rsa2048, RsassaPssSha384, Digest, 48).is_ok());
        let error = check(KeySpec::Rsa2048, RsassaPssSha384, Digest, 32).expect_err("too short");
        assert_eq!(error.to_string(), "Digest is invalid length for algorithm RSASSA_PSS_SHA_384.");
        assert!(check(KeySpec::Rsa2048, RsassaPssSha384, ExternalMu, 64).is_err());
        assert!(check(KeySpec::EccNistP256, EcdsaSha384, Raw, 5).is_err());
        let edwards = KeySpec::EccNistEdwards25519;
        assert!(check(edwards, Ed25519Sha512, Raw, 5).is_ok());
        assert!(check(edwards, Ed25519Sha512, Digest, 64).is_err());
        assert!(check(edwards, Ed25519PhSha512, Digest, 64).is_ok());
        assert!(check(edwards, Ed25519PhSha512, Digest, 63).is_err());
        assert!(check(edwards, Ed25519PhSha512, Raw, 64).is_err());
        assert!(check(edwards, Ed25519PhSha512, ExternalMu, 64).is_err());
        assert!(check(KeySpec::MlDsa65, MlDsaShake256, Raw, 0).is_ok());
        assert!(check(KeySpec::MlDsa65, MlDsaShake256, ExternalMu, 64).is_ok());
        assert!(check(KeySpec::MlDsa65, MlDsaShake256, ExternalMu, 65).is_err());
        assert!(check(KeySpec::MlDsa65, MlDsaShake256, Digest, 64).is_err());
    }
}
