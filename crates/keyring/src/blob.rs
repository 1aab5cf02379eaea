//! The ciphertext blob: what Encrypt and GenerateDataKey return and Decrypt takes.
//! `docs/ciphertext-format.md`.
//!
//! A fixed header names account, key and key material, so that Decrypt needs no key id; the Region
//! is left out, so that replicas of a multi-Region key open each other's blobs. Header and
//! encryption context are authenticated. Each blob has a key of its own, so a KMS key never runs
//! out of nonces. A bad blob is one error, whatever is wrong with it. Blobs of keys in external key
//! stores are in [`external`].

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base::AccountId;
use zeroize::Zeroizing;

use crate::domain::KEY_LEN;
use crate::error::OrEngine as _;
use crate::{Error, KeyId, MaterialId, Secret, random};

pub mod external;

/// The format's version.
const VERSION: u8 = 1;
/// Suite 1: SP 800-108 counter-mode KDF with HMAC-SHA256, AES-256-GCM.
const SUITE: u8 = 1;
const ACCOUNT_AT: usize = 2;
const FORM_AT: usize = ACCOUNT_AT + 6;
const KEY_ID_AT: usize = FORM_AT + 1;
const MATERIAL_AT: usize = KEY_ID_AT + 16;
const KDF_NONCE_AT: usize = MATERIAL_AT + 32;
const KDF_NONCE_LEN: usize = 16;
const IV_AT: usize = KDF_NONCE_AT + KDF_NONCE_LEN;
const TAG_LEN: usize = 16;
/// Bytes of the header, IV included.
pub const HEADER_LEN: usize = IV_AT + NONCE_LEN;
/// Bytes by which a blob is longer than its plaintext.
pub const OVERHEAD: usize = HEADER_LEN + TAG_LEN;

/// Fixed input of the KDF (SP 800-108r1, section 4.1): counter, label, zero, context, length in
/// bits.
const KDF_LABEL: &[u8] = b"bastide kms blob v1";

/// The encryption context: pairs that are authenticated but not stored in the blob.
pub type EncryptionContext = BTreeMap<String, String>;

/// What a blob says of itself before it is decrypted. Not yet authenticated: it only tells which
/// key to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The account that owns the KMS key.
    pub account: AccountId,
    /// The KMS key.
    pub key_id: KeyId,
    /// Which of the key's materials encrypted the blob.
    pub material_id: MaterialId,
}

impl Header {
    /// Reads the header of a blob.
    ///
    /// # Errors
    /// [`Error::InvalidCiphertext`] for anything that is not a blob of a known version.
    pub fn parse(blob: &[u8]) -> Result<Self, Error> {
        parse_header(blob).ok_or(Error::InvalidCiphertext)
    }

    fn write(&self, suite: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, suite]);
        // Twelve decimal digits fit 40 bits, so the first two of eight bytes are zero.
        out.extend_from_slice(&self.account.to_u64().to_be_bytes()[2..]);
        out.push(u8::from(self.key_id.multi_region));
        out.extend_from_slice(&self.key_id.bytes);
        out.extend_from_slice(self.material_id.as_bytes());
    }
}

fn parse_header(blob: &[u8]) -> Option<Header> {
    if blob.len() < OVERHEAD || blob[0] != VERSION || blob[FORM_AT] > 1 {
        return None;
    }
    if blob[1] != SUITE && external::Outer::read(blob).is_none() {
        return None;
    }
    let mut account = [0; 8];
    account[2..].copy_from_slice(&blob[ACCOUNT_AT..FORM_AT]);
    Some(Header {
        account: AccountId::from_u64(u64::from_be_bytes(account))?,
        key_id: KeyId {
            multi_region: blob[FORM_AT] == 1,
            bytes: blob[KEY_ID_AT..MATERIAL_AT].try_into().ok()?,
        },
        material_id: MaterialId::from_bytes(blob[MATERIAL_AT..KDF_NONCE_AT].try_into().ok()?),
    })
}

/// Key material of SYMMETRIC_DEFAULT, ready for use.
pub(crate) struct Envelope {
    kdf: hmac::Key,
}

impl Envelope {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self { kdf: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    pub(crate) fn encrypt(
        &self,
        header: &Header,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal(SUITE, header, context, plaintext)
    }

    fn seal(
        &self,
        suite: u8,
        header: &Header,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut chance = [0; KDF_NONCE_LEN + NONCE_LEN];
        random::fill(&mut chance)?;
        let mut blob = Vec::with_capacity(OVERHEAD + plaintext.len());
        header.write(suite, &mut blob);
        blob.extend_from_slice(&chance);
        blob.extend_from_slice(plaintext);
        let (head, body) = blob.split_at_mut(HEADER_LEN);
        let (key, iv) = self.message_key(head)?;
        let tag = key
            .seal_in_place_separate_tag(iv, Aad::from(additional_data(head, context)), body)
            .or_engine("encryption")?;
        blob.extend_from_slice(tag.as_ref());
        Ok(blob)
    }

    pub(crate) fn decrypt(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Secret, Error> {
        Header::parse(blob)?;
        let (head, body) = blob.split_at(HEADER_LEN);
        if head[1] != SUITE {
            return Err(Error::InvalidCiphertext);
        }
        self.open(head, body, context)
    }

    fn open(&self, head: &[u8], body: &[u8], context: &EncryptionContext) -> Result<Secret, Error> {
        let (key, iv) = self.message_key(head)?;
        let mut buffer = Zeroizing::new(body.to_vec());
        let length = key
            .open_in_place(iv, Aad::from(additional_data(head, context)), &mut buffer)
            .map_err(|_| Error::InvalidCiphertext)?
            .len();
        buffer.truncate(length);
        Ok(buffer.into())
    }

    /// The blob's own key and IV. One HMAC output is exactly one AES-256 key, so the KDF's counter
    /// ends at 1.
    fn message_key(&self, head: &[u8]) -> Result<(LessSafeKey, Nonce), Error> {
        const CONTEXT_AT: usize = 4 + KDF_LABEL.len() + 1;
        const INPUT_LEN: usize = CONTEXT_AT + KDF_NONCE_LEN + 4;
        let mut input = [0; INPUT_LEN];
        input[..4].copy_from_slice(&1_u32.to_be_bytes());
        input[4..4 + KDF_LABEL.len()].copy_from_slice(KDF_LABEL);
        input[CONTEXT_AT..][..KDF_NONCE_LEN].copy_from_slice(&head[KDF_NONCE_AT..IV_AT]);
        input[INPUT_LEN - 4..].copy_from_slice(&(KEY_LEN as u32 * 8).to_be_bytes());
        let mut key = Zeroizing::new([0; KEY_LEN]);
        hmac::sign_to_buffer(&self.kdf, &input, &mut key[..]).or_engine("key derivation")?;
        let key = UnboundKey::new(&AES_256_GCM, &key[..]).or_engine("message key")?;
        let iv = Nonce::try_assume_unique_for_key(&head[IV_AT..]).or_engine("IV")?;
        Ok((LessSafeKey::new(key), iv))
    }
}

/// The header, then the context as a count and length-prefixed pairs in order of their keys: no two
/// contexts look alike.
fn additional_data(head: &[u8], context: &EncryptionContext) -> Vec<u8> {
    let pairs: usize = context.iter().map(|(key, value)| 8 + key.len() + value.len()).sum();
    let mut out = Vec::with_capacity(head.len() + 4 + pairs);
    out.extend_from_slice(head);
    out.extend_from_slice(&(context.len() as u32).to_be_bytes());
    for part in context.iter().flat_map(|(key, value)| [key, value]) {
        out.extend_from_slice(&(part.len() as u32).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::kdf;
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        Header {
            account: AccountId::DEFAULT,
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().expect("an id"),
            material_id: MaterialId::from_bytes([9; 32]),
        }
    }

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn the_kdf_is_that_of_sp_800_108() {
        let envelope = Envelope::new(&[3; KEY_LEN]);
        let (header, none) = (header(), EncryptionContext::new());
        let blob = envelope.encrypt(&header, &none, b"hello").expect("encrypts");
        let mut info = KDF_LABEL.to_vec();
        info.push(0);
        info.extend_from_slice(&blob[KDF_NONCE_AT..IV_AT]);
        info.extend_from_slice(&256_u32.to_be_bytes());
        let algorithm =
            kdf::get_kbkdf_ctr_hmac_algorithm(kdf::KbkdfCtrHmacAlgorithmId::Sha256).expect("known");
        let mut key = [0; KEY_LEN];
        kdf::kbkdf_ctr_hmac(algorithm, &[3; KEY_LEN], &info, &mut key).expect("derives");
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key"));
        let iv = Nonce::try_assume_unique_for_key(&blob[IV_AT..HEADER_LEN]).expect("an IV");
        let mut aad = blob[..HEADER_LEN].to_vec();
        aad.extend_from_slice(&[0; 4]);
        let mut body = blob[HEADER_LEN..].to_vec();
        assert_eq!(key.open_in_place(iv, Aad::from(aad), &mut body).expect("opens"), b"hello");
    }

    /// Made by another implementation from `docs/ciphertext-format.md`. Old blobs must open for
    /// ever.
    #[test]
    fn a_blob_of_the_first_version_opens() {
        let blob = hex::decode(concat!(
            "0101001cbe991a14001234abcd12ab34cd56ef1234567890ab",
            "0909090909090909090909090909090909090909090909090909090909090909",
            "000102030405060708090a0b0c0d0e0f000102030405060708090a0b",
            "f5da293efb171162d4412e35348b3ea6c07761fdfd58d3272900e3e3633e",
        ));
        let blob = blob.expect("hex");
        assert_eq!(Header::parse(&blob).expect("a blob"), header());
        let opened = Envelope::new(&[3; KEY_LEN]).decrypt(&blob, &context(&[("purpose", "test")]));
        assert!(opened.expect("opens").equals(b"attack at dawn"));
    }

    #[test]
    fn contexts_are_unambiguous() {
        let envelope = Envelope::new(&[3; KEY_LEN]);
        let bound = context(&[("ab", "c"), ("d", "")]);
        let blob = envelope.encrypt(&header(), &bound, b"").expect("encrypts");
        assert!(envelope.decrypt(&blob, &bound).is_ok());
        for other in [
            &[][..],
            &[("a", "bc"), ("d", "")],
            &[("ab", "c")],
            &[("ab", "cd")],
            &[("ab", "C"), ("d", "")],
        ] {
            assert!(envelope.decrypt(&blob, &context(other)).is_err(), "{other:?}");
        }
        assert!(Envelope::new(&[4; KEY_LEN]).decrypt(&blob, &bound).is_err());
    }

    #[test]
    fn every_bit_counts() {
        let envelope = Envelope::new(&[3; KEY_LEN]);
        let bound = context(&[("purpose", "test")]);
        let blob = envelope.encrypt(&header(), &bound, b"attack at dawn").expect("encrypts");
        for bit in 0..blob.len() * 8 {
            let mut bad = blob.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let result = envelope.decrypt(&bad, &bound);
            assert!(matches!(result, Err(Error::InvalidCiphertext)), "bit {bit}");
        }
        for length in 0..blob.len() {
            assert!(envelope.decrypt(&blob[..length], &bound).is_err(), "length {length}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(
            plaintext in proptest::collection::vec(any::<u8>(), 0..300),
            pairs in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..4),
            account in 0..1_000_000_000_000_u64,
            multi_region: bool,
            id: [u8; 16],
            material: [u8; 32],
        ) {
            let header = Header {
                account: AccountId::from_u64(account).expect("twelve digits"),
                key_id: KeyId { multi_region, bytes: id },
                material_id: MaterialId::from_bytes(material),
            };
            let envelope = Envelope::new(&material);
            let blob = envelope.encrypt(&header, &pairs, &plaintext).expect("encrypts");
            prop_assert_eq!(blob.len(), plaintext.len() + OVERHEAD);
            prop_assert_eq!(Header::parse(&blob).expect("a blob"), header);
            prop_assert_eq!(header.key_id.to_string().parse::<KeyId>().expect("an id"), header.key_id);
            let opened = envelope.decrypt(&blob, &pairs).expect("decrypts");
            prop_assert!(opened.equals(&plaintext));
        }

        #[test]
        fn parsing_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..160), force: bool) {
            if force && bytes.len() > 1 {
                bytes[..2].copy_from_slice(&[VERSION, SUITE]);
            }
            let _ = Header::parse(&bytes);
            let _ = Envelope::new(&[0; KEY_LEN]).decrypt(&bytes, &EncryptionContext::new());
        }
    }
}
