//! COSE_Sign1 (RFC 9052) as Nitro attestation documents use it: ES384, nothing detached, tagged or
//! not.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};

/// CBOR tag of COSE_Sign1.
const TAG_SIGN1: u64 = 18;
/// Header parameter `alg`.
const HEADER_ALG: i64 = 1;
/// ECDSA with SHA-384.
const ALG_ES384: i64 = -35;

/// A message with its signature, borrowed from the encoded bytes.
pub(crate) struct Sign1<'a> {
    protected: &'a [u8],
    pub(crate) payload: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Sign1<'a> {
    /// Reads exactly one message; `None` for anything else.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        if decoder.datatype().ok()? == Type::Tag && decoder.tag().ok()? != Tag::new(TAG_SIGN1) {
            return None;
        }
        (decoder.array().ok()? == Some(4)).then_some(())?;
        let protected = decoder.bytes().ok()?;
        (decoder.datatype().ok()? == Type::Map).then_some(())?;
        decoder.skip().ok()?;
        let payload = decoder.bytes().ok()?;
        let signature = decoder.bytes().ok()?;
        let whole = decoder.position() == bytes.len();
        (whole && names_es384(protected)?).then_some(Self { protected, payload, signature })
    }

    /// Verifies with the DER-encoded SubjectPublicKeyInfo of a P-384 key.
    pub(crate) fn verify(&self, public_key: &[u8]) -> Option<()> {
        let message = to_be_signed(self.protected, self.payload)?;
        let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, public_key);
        key.verify(&message, self.signature).ok()
    }
}

/// `Sig_structure` of RFC 9052, section 4.4.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::with_capacity(payload.len() + protected.len() + 32));
    encoder.array(4).ok()?.str("Signature1").ok()?.bytes(protected).ok()?;
    encoder.bytes(&[]).ok()?.bytes(payload).ok()?;
    Some(encoder.into_writer())
}

/// Whether a protected header is `{alg: ES384}` and nothing besides.
fn names_es384(protected: &[u8]) -> Option<bool> {
    let mut decoder = Decoder::new(protected);
    let one = decoder.map().ok()? == Some(1);
    let named = decoder.i64().ok()? == HEADER_ALG && decoder.i64().ok()? == ALG_ES384;
    Some(one && named && decoder.position() == protected.len())
}
