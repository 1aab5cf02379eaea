//! Blobs of keys in external key stores: double encryption, suite 2 of `docs/ciphertext-format.md`.
//!
//! KMS's own material encrypts first ([`Inner`]), then the external key encrypts the result and its
//! tag ([`Outer`]). Whoever holds only one of the two keys can read nothing. Asking the external key
//! is not done here.

use aws_lc_rs::digest::{Context, SHA256};

use super::{
    EncryptionContext, Envelope, HEADER_LEN, Header, SUITE as PLAIN, TAG_LEN, VERSION,
    additional_data,
};
use crate::{Error, Secret};

/// Suite 2: suite 1 inside, AES-256-GCM of an external key outside.
const SUITE: u8 = 2;
/// Lengths in bytes that the external key's IV may have.
const IV_LENS: [usize; 2] = [12, 16];
/// Most bytes of notes that a proxy may add.
const METADATA_MAX: usize = 20;
/// Bytes by which a blob is longer than its plaintext at most.
pub const OVERHEAD_MAX: usize = HEADER_LEN + TAG_LEN + 1 + 16 + TAG_LEN + 1 + METADATA_MAX;
/// Sets the digest apart from digests of the same bytes for other ends.
const AAD_LABEL: &[u8] = b"bastide kms external aad v1\0";

const _: () = assert!(SUITE != PLAIN);

/// What KMS's own material made, on its way to the external key.
pub struct Inner {
    /// Header, ciphertext and tag.
    bytes: Vec<u8>,
    aad: [u8; 32],
}

impl Inner {
    /// What the external key is to encrypt: the ciphertext of KMS's own material with its tag.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[HEADER_LEN..]
    }

    /// What the external key is to authenticate: see [`external_aad`].
    pub fn aad(&self) -> &[u8; 32] {
        &self.aad
    }

    /// Puts the blob together.
    ///
    /// # Errors
    /// [`Error::Engine`] if lengths are none that an external key may answer.
    pub fn seal(mut self, outer: &Outer) -> Result<Vec<u8>, Error> {
        if !IV_LENS.contains(&outer.iv.len())
            || outer.metadata.len() > METADATA_MAX
            || outer.ciphertext.len() != self.payload().len()
        {
            return Err(Error::Engine("external ciphertext"));
        }
        self.bytes.truncate(HEADER_LEN);
        self.bytes.push(outer.iv.len() as u8);
        self.bytes.extend_from_slice(&outer.iv);
        self.bytes.extend_from_slice(&outer.tag);
        self.bytes.push(outer.metadata.len() as u8);
        self.bytes.extend_from_slice(&outer.metadata);
        self.bytes.extend_from_slice(&outer.ciphertext);
        Ok(self.bytes)
    }
}

/// What the external key made of an [`Inner`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outer {
    /// 12 or 16 bytes.
    pub iv: Vec<u8>,
    /// The authentication tag.
    pub tag: [u8; TAG_LEN],
    /// The proxy's own notes, at most 20 bytes.
    pub metadata: Vec<u8>,
    /// As long as the payload.
    pub ciphertext: Vec<u8>,
}

impl Outer {
    /// Reads the external key's part of a blob.
    ///
    /// # Errors
    /// [`Error::InvalidCiphertext`] for anything that is not a blob of this suite.
    pub fn parse(blob: &[u8]) -> Result<Self, Error> {
        Self::read(blob).ok_or(Error::InvalidCiphertext)
    }

    pub(super) fn read(blob: &[u8]) -> Option<Self> {
        let (head, rest) = blob.split_at_checked(HEADER_LEN)?;
        if head[..2] != [VERSION, SUITE] {
            return None;
        }
        let (iv, rest) = prefixed(rest)?;
        let (tag, rest) = rest.split_first_chunk()?;
        let (metadata, ciphertext) = prefixed(rest)?;
        let fits = IV_LENS.contains(&iv.len())
            && metadata.len() <= METADATA_MAX
            && ciphertext.len() >= TAG_LEN;
        fits.then(|| Self {
            iv: iv.to_vec(),
            tag: *tag,
            metadata: metadata.to_vec(),
            ciphertext: ciphertext.to_vec(),
        })
    }
}

/// What the external key authenticates: a digest of the blob's header and the encryption context, so
/// that a proxy learns neither and its limit on additional data never matters.
///
/// # Errors
/// [`Error::InvalidCiphertext`] for anything that is not a blob of this suite.
pub fn external_aad(blob: &[u8], context: &EncryptionContext) -> Result<[u8; 32], Error> {
    Outer::parse(blob)?;
    Ok(digest(&blob[..HEADER_LEN], context))
}

fn digest(head: &[u8], context: &EncryptionContext) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    hash.update(AAD_LABEL);
    hash.update(&additional_data(head, context));
    let mut value = [0; 32];
    value.copy_from_slice(hash.finish().as_ref());
    value
}

/// Takes off a part that one byte gives the length of.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

impl Envelope {
    pub(crate) fn encrypt_inner(
        &self,
        header: &Header,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Inner, Error> {
        let bytes = self.seal(SUITE, header, context, plaintext)?;
        let aad = digest(&bytes[..HEADER_LEN], context);
        Ok(Inner { bytes, aad })
    }

    pub(crate) fn decrypt_inner(
        &self,
        blob: &[u8],
        inner: &[u8],
        context: &EncryptionContext,
    ) -> Result<Secret, Error> {
        Outer::parse(blob)?;
        self.open(&blob[..HEADER_LEN], inner, context)
    }
}

#[cfg(test)]
mod tests {
    use base::AccountId;
    use proptest::prelude::*;

    use super::*;
    use crate::MaterialId;
    use crate::domain::KEY_LEN;

    fn header() -> Header {
        Header {
            account: AccountId::DEFAULT,
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().expect("an id"),
            material_id: MaterialId::from_bytes([9; 32]),
        }
    }

    /// An external key that turns bits over.
    fn outer(inner: &Inner, iv: usize, metadata: &[u8]) -> Outer {
        Outer {
            iv: vec![7; iv],
            tag: [8; TAG_LEN],
            metadata: metadata.to_vec(),
            ciphertext: inner.payload().iter().map(|byte| !byte).collect(),
        }
    }

    fn made(metadata: &[u8]) -> (Envelope, EncryptionContext, Vec<u8>) {
        let envelope = Envelope::new(&[3; KEY_LEN]);
        let context = EncryptionContext::from([("purpose".to_owned(), "test".to_owned())]);
        let inner =
            envelope.encrypt_inner(&header(), &context, b"attack at dawn").expect("encrypts");
        let blob = inner_blob(inner, metadata);
        (envelope, context, blob)
    }

    fn inner_blob(inner: Inner, metadata: &[u8]) -> Vec<u8> {
        let outer = outer(&inner, 12, metadata);
        inner.seal(&outer).expect("fits")
    }

    fn undo(outer: &Outer) -> Vec<u8> {
        outer.ciphertext.iter().map(|byte| !byte).collect()
    }

    #[test]
    fn both_keys_are_needed() {
        let (envelope, context, blob) = made(b"v1");
        assert_eq!(Header::parse(&blob).expect("a blob"), header());
        let outer = Outer::parse(&blob).expect("a blob");
        let opened = envelope.decrypt_inner(&blob, &undo(&outer), &context).expect("opens");
        assert!(opened.equals(b"attack at dawn"));
        assert!(envelope.decrypt_inner(&blob, &outer.ciphertext, &context).is_err());
        assert!(envelope.decrypt(&blob, &context).is_err(), "not as a blob of suite 1");
        let none = EncryptionContext::new();
        assert!(envelope.decrypt_inner(&blob, &undo(&outer), &none).is_err());
        assert_ne!(external_aad(&blob, &context).ok(), external_aad(&blob, &none).ok());
    }

    /// Made by another implementation from `docs/ciphertext-format.md`. Old blobs must open for
    /// ever.
    #[test]
    fn a_blob_of_the_first_version_opens() {
        let blob = hex::decode(concat!(
            "0102001cbe991a14001234abcd12ab34cd56ef1234567890ab",
            "0909090909090909090909090909090909090909090909090909090909090909",
            "000102030405060708090a0b0c0d0e0f000102030405060708090a0b",
            "0c070707070707070707070707080808080808080808080808080808080276310a25d6c104e8ee9d2bbed1cacb74bc4dd9f8fdc29801555f5aba8648ac0f",
        ))
        .expect("hex");
        let context = EncryptionContext::from([("purpose".to_owned(), "test".to_owned())]);
        let aad = external_aad(&blob, &context).expect("a blob");
        assert_eq!(
            hex::encode(aad),
            "de1d2042b04ae13aeaefc9ebd43bad41ded9b0a4139f70961ca49df04d3fa6bf"
        );
        let outer = Outer::parse(&blob).expect("a blob");
        let opened = Envelope::new(&[3; KEY_LEN]).decrypt_inner(&blob, &undo(&outer), &context);
        assert!(opened.expect("opens").equals(b"attack at dawn"));
    }

    #[test]
    fn no_truncation_parses_and_opens() {
        let (envelope, context, blob) = made(b"");
        for length in 0..blob.len() {
            let cut = &blob[..length];
            let opened = Outer::parse(cut)
                .and_then(|outer| envelope.decrypt_inner(cut, &undo(&outer), &context));
            assert!(matches!(opened, Err(Error::InvalidCiphertext)), "length {length}");
        }
    }

    #[test]
    fn lengths_that_no_external_key_may_answer() {
        let envelope = Envelope::new(&[3; KEY_LEN]);
        let context = EncryptionContext::new();
        for (iv, metadata, cut) in [(11, 0, 0), (12, 21, 0), (16, 0, 1)] {
            let inner = envelope.encrypt_inner(&header(), &context, b"x").expect("encrypts");
            let mut outer = outer(&inner, iv, &vec![0; metadata]);
            outer.ciphertext.truncate(outer.ciphertext.len() - cut);
            assert!(inner.seal(&outer).is_err(), "{iv} {metadata} {cut}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            metadata in proptest::collection::vec(any::<u8>(), 0..=METADATA_MAX),
            long_iv: bool,
        ) {
            let envelope = Envelope::new(&[3; KEY_LEN]);
            let context = EncryptionContext::new();
            let inner = envelope.encrypt_inner(&header(), &context, &plaintext).expect("encrypts");
            let aad = *inner.aad();
            let outer = outer(&inner, if long_iv { 16 } else { 12 }, &metadata);
            let blob = inner.seal(&outer).expect("fits");
            prop_assert!(blob.len() <= plaintext.len() + OVERHEAD_MAX);
            prop_assert_eq!(external_aad(&blob, &context).expect("a blob"), aad);
            prop_assert_eq!(Outer::parse(&blob).expect("a blob"), outer.clone());
            let opened = envelope.decrypt_inner(&blob, &undo(&outer), &context).expect("opens");
            prop_assert!(opened.equals(&plaintext));
        }

        #[test]
        fn parsing_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..160), force: bool) {
            if force && bytes.len() > 1 {
                bytes[..2].copy_from_slice(&[VERSION, SUITE]);
            }
            let _ = Outer::parse(&bytes);
            let _ = Header::parse(&bytes);
            let context = EncryptionContext::new();
            let _ = external_aad(&bytes, &context);
            let _ = Envelope::new(&[0; KEY_LEN]).decrypt_inner(&bytes, &bytes, &context);
        }
    }
}
