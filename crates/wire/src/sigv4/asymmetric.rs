//! Signature Version 4A: ECDSA on P-256, so that one signature holds in several Regions.
//!
//! The key pair follows from the secret; the server keeps only its public half. Signing is not here: no client of
//! this program needs it. Sources: IAM User Guide, 'AWS Signature Version 4A'; NIST SP 800-108, counter mode.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::key::SecretKey;

/// The algorithm's name, in requests and as label of the derivation.
pub(super) const ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";

/// The order of P-256 less two, the largest candidate that becomes a key (FIPS 186-5, A.2.1).
const ORDER_LESS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// The public half of an access key's Signature Version 4A key pair.
pub(super) struct PublicKey(UnparsedPublicKey<Vec<u8>>);

impl PublicKey {
    /// Derives the pair of an access key and keeps the public half.
    pub(super) fn derive(secret: &SecretKey, access_key_id: &str) -> Option<Self> {
        let scalar = derive_scalar(secret, access_key_id)?;
        let private = PrivateKey::from_private_key(&ECDH_P256, &*scalar).ok()?;
        let public = private.compute_public_key().ok()?;
        let point = public.as_ref().to_vec();
        Some(Self(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)))
    }

    /// Whether `signature` (DER in hexadecimal) is this key's over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        hex::decode(signature).is_ok_and(|der| self.0.verify(message, &der).is_ok())
    }
}

/// Candidates for counter 1, 2, … until one lies below the order; the first does unless chance is 2⁻³² unkind.
fn derive_scalar(secret: &SecretKey, access_key_id: &str) -> Option<Zeroizing<[u8; 32]>> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.prefixed("AWS4A"));
    (1..=u8::MAX).find_map(|counter| {
        let mut context = hmac::Context::with_key(&key);
        context.update(&1_u32.to_be_bytes());
        context.update(ALGORITHM.as_bytes());
        context.update(&[0]);
        context.update(access_key_id.as_bytes());
        context.update(&[counter]);
        context.update(&256_u32.to_be_bytes());
        let mut candidate = Zeroizing::new([0; 32]);
        candidate.copy_from_slice(context.sign().as_ref());
        if *candidate > ORDER_LESS_TWO {
            return None;
        }
        for byte in candidate.iter_mut().rev() {
            let (sum, carry) = byte.overflowing_add(1);
            *byte = sum;
            if !carry {
                break;
            }
        }
        Some(candidate)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

    use super::*;

    /// Signs as a client would.
    pub(in crate::sigv4) fn sign(
        secret: &SecretKey,
        access_key_id: &str,
        message: &[u8],
    ) -> String {
        let public = PublicKey::derive(secret, access_key_id).expect("derives");
        let scalar = derive_scalar(secret, access_key_id).expect("derives");
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            &*scalar,
            public.0.as_ref(),
        )
        .expect("a pair");
        hex::encode(pair.sign(&SystemRandom::new(), message).expect("signs"))
    }

    #[test]
    fn the_published_derivation() {
        // The pair that AWS's own client libraries test against.
        let secret = SecretKey::new("q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom");
        let scalar = derive_scalar(&secret, "AKISORANDOMAASORANDOM").expect("derives");
        assert_eq!(
            hex::encode(*scalar),
            "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd"
        );
        let public = PublicKey::derive(&secret, "AKISORANDOMAASORANDOM").expect("derives");
        assert_eq!(
            hex::encode(public.0.as_ref()),
            "0415d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb\
             0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"
        );
        let signature = sign(&secret, "AKISORANDOMAASORANDOM", b"message");
        assert!(public.verifies(b"message", &signature));
        assert!(!public.verifies(b"massage", &signature));
        assert!(!public.verifies(b"message", "zz"));
    }
}
