//! Key specs and algorithms under AWS's own names, and which spec does what.
//!
//! The tables follow the key spec reference of the KMS Developer Guide. SM2 is left out: it belongs
//! to the China Regions alone.

macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(non_camel_case_types, reason = "AWS's own names")]
        pub enum $type {
            $(#[doc = concat!("`", $text, "`")] $(#[$vdoc])* $variant,)+
        }

        impl $type {
            /// Every value, in AWS's order.
            pub const ALL: &'static [$type] = &[$($type::$variant,)+];

            /// AWS's name.
            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $text,)+ }
            }

            /// The value with this name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::Error;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::parse(name).ok_or_else(|| Self::Err::unknown_name($what, name))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What kind of key a KMS key is (`KeySpec` of CreateKey and GenerateDataKeyPair).
    KeySpec, "KeySpec" {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        EccNistP256 = "ECC_NIST_P256",
        EccNistP384 = "ECC_NIST_P384",
        EccNistP521 = "ECC_NIST_P521",
        EccSecgP256k1 = "ECC_SECG_P256K1",
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        Hmac224 = "HMAC_224",
        Hmac256 = "HMAC_256",
        Hmac384 = "HMAC_384",
        Hmac512 = "HMAC_512",
        MlDsa44 = "ML_DSA_44",
        MlDsa65 = "ML_DSA_65",
        MlDsa87 = "ML_DSA_87",
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        MlKem512 = "ML_KEM_512",
        MlKem768 = "ML_KEM_768",
        MlKem1024 = "ML_KEM_1024",
    }
}

names! {
    /// `SigningAlgorithmSpec` of Sign and Verify.
    SigningAlgorithm, "SigningAlgorithm" {
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        EcdsaSha256 = "ECDSA_SHA_256",
        EcdsaSha384 = "ECDSA_SHA_384",
        EcdsaSha512 = "ECDSA_SHA_512",
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        Ed25519Sha512 = "ED25519_SHA_512",
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
    }
}

names! {
    /// `EncryptionAlgorithmSpec` of Encrypt, Decrypt and ReEncrypt.
    EncryptionAlgorithm, "EncryptionAlgorithm" {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
    }
}

names! {
    /// `MacAlgorithmSpec` of GenerateMac and VerifyMac.
    MacAlgorithm, "MacAlgorithm" {
        HmacSha224 = "HMAC_SHA_224",
        HmacSha256 = "HMAC_SHA_256",
        HmacSha384 = "HMAC_SHA_384",
        HmacSha512 = "HMAC_SHA_512",
    }
}

names! {
    /// `KeyAgreementAlgorithmSpec` of DeriveSharedSecret.
    KeyAgreementAlgorithm, "KeyAgreementAlgorithm" {
        Ecdh = "ECDH",
    }
}

names! {
    /// `EncapsulationAlgorithmSpec` of Encapsulate and Decapsulate.
    EncapsulationAlgorithm, "EncapsulationAlgorithm" {
        MlKem = "ML_KEM",
    }
}

names! {
    /// What the message given to Sign and Verify is.
    MessageType, "MessageType" {
        /// The message itself, which the signing algorithm hashes.
        Raw = "RAW",
        /// Its digest.
        Digest = "DIGEST",
        /// The 64-byte representative μ of FIPS 204, section 6.2.
        ExternalMu = "EXTERNAL_MU",
    }
}

impl KeySpec {
    /// What the spec can sign with; empty where it cannot.
    pub const fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        use SigningAlgorithm::*;
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[
                RsassaPkcs1V15Sha256,
                RsassaPkcs1V15Sha384,
                RsassaPkcs1V15Sha512,
                RsassaPssSha256,
                RsassaPssSha384,
                RsassaPssSha512,
            ],
            Self::EccNistP256 | Self::EccSecgP256k1 => &[EcdsaSha256],
            Self::EccNistP384 => &[EcdsaSha384],
            Self::EccNistP521 => &[EcdsaSha512],
            Self::EccNistEdwards25519 => &[Ed25519Sha512, Ed25519PhSha512],
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => &[MlDsaShake256],
            _ => &[],
        }
    }

    /// What the spec can encrypt with; empty where it cannot.
    pub const fn encryption_algorithms(self) -> &'static [EncryptionAlgorithm] {
        match self {
            Self::SymmetricDefault => &[EncryptionAlgorithm::SymmetricDefault],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                &[EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256]
            }
            _ => &[],
        }
    }

    /// What the spec can authenticate with; empty where it cannot.
    pub const fn mac_algorithms(self) -> &'static [MacAlgorithm] {
        match self {
            Self::Hmac224 => &[MacAlgorithm::HmacSha224],
            Self::Hmac256 => &[MacAlgorithm::HmacSha256],
            Self::Hmac384 => &[MacAlgorithm::HmacSha384],
            Self::Hmac512 => &[MacAlgorithm::HmacSha512],
            _ => &[],
        }
    }

    /// What the spec can agree on secrets with; empty where it cannot.
    pub const fn key_agreement_algorithms(self) -> &'static [KeyAgreementAlgorithm] {
        match self {
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 => {
                &[KeyAgreementAlgorithm::Ecdh]
            }
            _ => &[],
        }
    }

    /// What the spec can encapsulate with; empty where it cannot.
    pub const fn encapsulation_algorithms(self) -> &'static [EncapsulationAlgorithm] {
        match self {
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[EncapsulationAlgorithm::MlKem],
            _ => &[],
        }
    }

    /// Whether keys of the spec have a public half.
    pub const fn is_asymmetric(self) -> bool {
        !self.is_hmac() && !matches!(self, Self::SymmetricDefault)
    }

    /// Whether this is one of the HMAC specs.
    pub const fn is_hmac(self) -> bool {
        matches!(self, Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512)
    }

    /// Whether GenerateDataKeyPair makes pairs of the spec (`DataKeyPairSpec`).
    pub const fn is_data_key_pair(self) -> bool {
        self.is_asymmetric() && !matches!(self, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87)
    }

    /// The stable number of the spec in sealed material. Numbers are never reused.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::SymmetricDefault => 1,
            Self::Rsa2048 => 2,
            Self::Rsa3072 => 3,
            Self::Rsa4096 => 4,
            Self::EccNistP256 => 5,
            Self::EccNistP384 => 6,
            Self::EccNistP521 => 7,
            Self::EccSecgP256k1 => 8,
            Self::EccNistEdwards25519 => 9,
            Self::Hmac224 => 10,
            Self::Hmac256 => 11,
            Self::Hmac384 => 12,
            Self::Hmac512 => 13,
            Self::MlDsa44 => 14,
            Self::MlDsa65 => 15,
            Self::MlDsa87 => 16,
            Self::MlKem512 => 17,
            Self::MlKem768 => 18,
            Self::MlKem1024 => 19,
        }
    }

    /// The spec with this number.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|spec| spec.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_round_trip() {
        for spec in KeySpec::ALL {
            assert_eq!(KeySpec::parse(spec.as_str()), Some(*spec));
            assert_eq!(KeySpec::from_code(spec.code()), Some(*spec));
        }
        assert!("SM2".parse::<KeySpec>().is_err());
        assert_eq!(MessageType::ExternalMu.to_string(), "EXTERNAL_MU");
        let json = serde_json::to_string(&KeySpec::MlKem768).expect("a string");
        assert_eq!(json, "\"ML_KEM_768\"");
        assert_eq!(serde_json::from_str::<KeySpec>(&json).expect("known"), KeySpec::MlKem768);
    }

    #[test]
    fn every_spec_does_something() {
        for spec in KeySpec::ALL {
            let uses = spec.signing_algorithms().len()
                + spec.encryption_algorithms().len()
                + spec.mac_algorithms().len()
                + spec.key_agreement_algorithms().len()
                + spec.encapsulation_algorithms().len();
            assert!(uses > 0, "{spec}");
        }
    }
}
