//! The public keys of an issuer: a JSON Web Key Set (RFC 7517), as far as it holds keys that sign tokens.

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::json::Object;

/// Largest key set that is read, in bytes.
pub const KEY_SET_MAX_BYTES: usize = 128 * 1024;
/// Keys of a set at most; OpenID Connect providers have a handful.
const KEYS_MAX: usize = 128;
/// An uncompressed point on a curve begins with this (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The algorithms that are accepted (RFC 7518, section 3.1): all of them asymmetric.
#[derive(Clone, Copy)]
pub(crate) enum Algorithm {
    Rsa(&'static RsaParameters),
    Ec(&'static EcdsaVerificationAlgorithm, Curve),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

/// The keys of an issuer.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
}

#[derive(Deserialize)]
struct Written {
    keys: Vec<Value>,
}

impl Algorithm {
    /// The algorithm of this name; `None` for `none`, symmetric ones and anything unknown.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Ec(&signature::ECDSA_P256_SHA256_FIXED, Curve::P256),
            "ES384" => Self::Ec(&signature::ECDSA_P384_SHA384_FIXED, Curve::P384),
            _ => return None,
        })
    }
}

impl KeySet {
    /// Reads a key set. Keys of other kinds or uses than signing are left out, as RFC 7517, section 5 asks.
    ///
    /// # Errors
    /// [`Error::NotAKeySet`].
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        if text.len() > KEY_SET_MAX_BYTES {
            return Err(Error::NotAKeySet);
        }
        let written: Written = serde_json::from_slice(text).map_err(|_| Error::NotAKeySet)?;
        if written.keys.len() > KEYS_MAX {
            return Err(Error::NotAKeySet);
        }
        Ok(Self(written.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// Whether a key of the set made `signature` over `message`.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] if no key fits `id` and the algorithm, [`Error::Signature`].
    pub(crate) fn verify(
        &self,
        id: Option<&str>,
        algorithm: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let named = Algorithm::named(algorithm).ok_or(Error::Algorithm)?;
        let fits = |key: &&Key| {
            (id.is_none() || key.id.as_deref() == id)
                && key.algorithm.as_deref().is_none_or(|own| own == algorithm)
                && key.material.fits(named)
        };
        let mut outcome = Err(Error::UnknownKey);
        for key in self.0.iter().filter(fits) {
            if key.material.verifies(named, message, signature) {
                return Ok(());
            }
            outcome = Err(Error::Signature);
        }
        outcome
    }
}

impl Key {
    fn read(written: Value) -> Option<Self> {
        let Value::Object(members) = written else { return None };
        let members = Object(members);
        let bytes = |name: &str| BASE64.decode(members.text(name)?).ok();
        let signs = members.text("use").is_none_or(|of| of == "sig")
            && members.texts("key_ops").is_none_or(|all| all.contains(&"verify"));
        let curve = |name: &str| match name {
            "P-256" => Some((Curve::P256, 32)),
            "P-384" => Some((Curve::P384, 48)),
            _ => None,
        };
        let material = match members.text("kty")? {
            _ if !signs => return None,
            "RSA" => Material::Rsa { n: bytes("n")?, e: bytes("e")? },
            "EC" => {
                let (curve, size) = curve(members.text("crv")?)?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != size || y.len() != size {
                    return None;
                }
                Material::Ec { curve, point: [&[UNCOMPRESSED], &x[..], &y[..]].concat() }
            }
            _ => return None,
        };
        let text = |name: &str| members.text(name).map(str::to_owned);
        Some(Self { id: text("kid"), algorithm: text("alg"), material })
    }
}

impl Material {
    fn fits(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            (Self::Rsa { .. }, Algorithm::Rsa(_)) => true,
            (Self::Ec { curve, .. }, Algorithm::Ec(_, other)) => *curve == other,
            _ => false,
        }
    }

    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa { n, e }, Algorithm::Rsa(parameters)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Self::Ec { point, .. }, Algorithm::Ec(ecdsa, _)) => {
                UnparsedPublicKey::new(ecdsa, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}
