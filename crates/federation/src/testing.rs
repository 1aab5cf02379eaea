//! An issuer for tests: keys of every kind that is accepted, and tokens signed with them, right or wrong.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

/// A key pair of an issuer.
pub struct SigningKey {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

impl SigningKey {
    /// A new RSA key of 2,048 bits.
    pub fn rsa(id: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        Self { id: id.to_owned(), pair: Pair::Rsa(Box::new(pair)) }
    }

    /// A new key on P-256.
    pub fn p256(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING);
        Self { id: id.to_owned(), pair: Pair::P256(pair.expect("a key")) }
    }

    /// A new key on P-384.
    pub fn p384(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING);
        Self { id: id.to_owned(), pair: Pair::P384(pair.expect("a key")) }
    }

    /// Its public half as a JSON Web Key.
    pub fn public(&self) -> Value {
        let id = &self.id;
        let point = |curve: &str, pair: &EcdsaKeyPair| {
            let (x, y) =
                pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
            json!({ "kty": "EC", "crv": curve, "kid": id, "x": BASE64.encode(x), "y": BASE64.encode(y) })
        };
        match &self.pair {
            Pair::Rsa(pair) => {
                // RSAPublicKey of PKCS #1: behind nine bytes of heads and sign, a modulus of 2,048 bits; the exponent is 65,537.
                let n = &pair.public_key().as_ref()[9..][..256];
                json!({ "kty": "RSA", "kid": id, "n": BASE64.encode(n), "e": "AQAB" })
            }
            Pair::P256(pair) => point("P-256", pair),
            Pair::P384(pair) => point("P-384", pair),
        }
    }

    /// A token with this header and these claims, signed as `algorithm` asks whatever the header says.
    pub fn sign(&self, algorithm: &str, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.signature(algorithm, message.as_bytes());
        format!("{message}.{}", BASE64.encode(signature))
    }

    /// A token with these claims and the header that they should have.
    pub fn token(&self, algorithm: &str, claims: &Value) -> String {
        self.sign(algorithm, &json!({ "alg": algorithm, "kid": self.id }), claims)
    }

    fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_SHA256,
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    _ => &signature::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).expect("signed");
                signature
            }
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.sign(&random, message).expect("signed").as_ref().to_vec()
            }
        }
    }
}

/// A part of a token.
pub fn encode(part: &Value) -> String {
    BASE64.encode(part.to_string())
}
