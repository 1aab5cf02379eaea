//! RSA public keys as SSH has them (RFC 4253, section 6.6), and as PEM has them.
//!
//! Public keys are no secret, but their forms are this crate's: what is read here is written back in the other form, and named by
//! its fingerprint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

use crate::der::{self, Reader, element};
use crate::pem;

/// The one algorithm.
const ALGORITHM: &str = "ssh-rsa";
/// rsaEncryption (RFC 8017).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// The parameters that go with it: NULL.
const NULL: &[u8] = &[5, 0];
/// Bytes of a line of PEM.
const PEM_LINE: usize = 64;

/// An RSA public key: modulus and exponent as unsigned integers without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl SshPublicKey {
    /// Reads `ssh-rsa AAAA… comment`, or a SubjectPublicKeyInfo in PEM; `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("-----BEGIN ") { Self::from_pem(text) } else { Self::from_line(text) }
    }

    fn from_line(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        if words.next()? != ALGORITHM {
            return None;
        }
        let blob = BASE64.decode(words.next()?).ok()?;
        let mut rest = &blob[..];
        let mut string = || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (content, after) = after.split_at_checked(length)?;
            rest = after;
            Some(content)
        };
        let (algorithm, exponent, modulus) = (string()?, string()?, string()?);
        (algorithm == ALGORITHM.as_bytes() && rest.is_empty()).then_some(())?;
        Some(Self { modulus: unsigned(modulus)?, exponent: unsigned(exponent)? })
    }

    fn from_pem(text: &str) -> Option<Self> {
        let block = pem::block(text).filter(|block| block.rest.is_empty())?;
        if block.label != "PUBLIC KEY" {
            return None;
        }
        let (oid, parameters, key) = der::split_spki(&block.content)?;
        (oid == RSA_ENCRYPTION && parameters == NULL).then_some(())?;
        let mut outer = Reader::new(key);
        let mut numbers = Reader::new(outer.read(der::SEQUENCE)?);
        let (modulus, exponent) = (numbers.read(der::INTEGER)?, numbers.read(der::INTEGER)?);
        numbers.end().and(outer.end())?;
        Some(Self { modulus: unsigned(modulus)?, exponent: unsigned(exponent)? })
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> usize {
        let leading = self.modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        self.modulus.len() * 8 - leading
    }

    /// As a line of `authorized_keys`, without a comment.
    pub fn to_line(&self) -> String {
        format!("{ALGORITHM} {}", BASE64.encode(self.blob()))
    }

    /// As a SubjectPublicKeyInfo in PEM.
    pub fn to_pem(&self) -> String {
        let numbers = [&self.modulus, &self.exponent]
            .map(|number| element(der::INTEGER, &[sign(number), number]));
        let key = element(der::SEQUENCE, &[&numbers[0], &numbers[1]]);
        let algorithm = element(der::SEQUENCE, &[&element(der::OID, &[RSA_ENCRYPTION]), NULL]);
        let spki = element(der::SEQUENCE, &[&algorithm, &element(der::BIT_STRING, &[&[0], &key])]);
        let base64 = BASE64.encode(spki);
        let lines = base64.as_bytes().chunks(PEM_LINE);
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        for line in lines {
            pem.extend(line.iter().map(|byte| char::from(*byte)));
            pem.push('\n');
        }
        pem + "-----END PUBLIC KEY-----\n"
    }

    /// The MD5 fingerprint of RFC 4716: pairs of hex digits with colons between.
    pub fn fingerprint(&self) -> String {
        let pairs: Vec<String> =
            Md5::digest(self.blob()).iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }

    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        let mut string = |parts: &[&[u8]]| {
            let length: usize = parts.iter().map(|part| part.len()).sum();
            blob.extend_from_slice(&(length as u32).to_be_bytes());
            blob.extend(parts.iter().copied().flatten());
        };
        string(&[ALGORITHM.as_bytes()]);
        string(&[sign(&self.exponent), &self.exponent]);
        string(&[sign(&self.modulus), &self.modulus]);
        blob
    }
}

/// A positive integer of DER and SSH without its sign byte; `None` for others and for sloppy ones.
fn unsigned(number: &[u8]) -> Option<Vec<u8>> {
    let digits = match number {
        [0, digits @ ..] if digits.first().is_some_and(|first| *first >= 0x80) => digits,
        [first, ..] if (1..0x80).contains(first) => number,
        _ => return None,
    };
    Some(digits.to_vec())
}

/// The byte that keeps a number with its highest bit set from being negative.
fn sign(number: &[u8]) -> &'static [u8] {
    if number.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Made by ssh-keygen and openssl of one key.
    const LINE: &str = include_str!("ssh/line.txt");
    const PEM: &str = include_str!("ssh/key.pem");
    const FINGERPRINT: &str = include_str!("ssh/fingerprint.txt");

    #[test]
    fn one_key_has_two_forms_and_a_fingerprint() {
        let key = SshPublicKey::parse(LINE).expect("it reads");
        assert_eq!(SshPublicKey::parse(PEM).as_ref(), Some(&key));
        assert_eq!(key.bits(), 2048);
        assert_eq!(key.to_pem(), PEM);
        assert!(LINE.starts_with(&key.to_line()));
        assert_eq!(key.fingerprint(), FINGERPRINT.trim());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back(modulus in "[1-9a-f][0-9a-f]{31,63}", exponent in 1u8..) {
            let modulus = hex::decode(&modulus[..modulus.len() & !1]).expect("hex");
            let key = SshPublicKey { modulus, exponent: vec![exponent] };
            prop_assert_eq!(SshPublicKey::parse(&key.to_line()), Some(key.clone()));
            prop_assert_eq!(SshPublicKey::parse(&key.to_pem()), Some(key));
        }

        #[test]
        fn other_text_is_refused(text in ".{0,80}") {
            prop_assert_eq!(SshPublicKey::parse(&text), None);
            let line = format!("{} {}", ALGORITHM, BASE64.encode(&text));
            prop_assert_eq!(SshPublicKey::parse(&line), None);
        }
    }
}
