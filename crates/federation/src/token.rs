//! A signed JSON Web Token in its compact form (RFC 7515, RFC 7519), read and not yet believed.
//!
//! RFC 8725 lists what goes wrong with such tokens; `tests/tokens.rs` goes through its points.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::claims::Claims;
use crate::error::Error;
use crate::json::Object;
use crate::keys::{Algorithm, KeySet};

/// Longest token that is read, in bytes (`AssumeRoleWithWebIdentity`'s own limit).
pub const TOKEN_MAX_BYTES: usize = 20_000;
/// Longest key id that is looked for, in bytes.
const KEY_ID_MAX_BYTES: usize = 1024;

/// A token whose signature nobody has checked.
pub struct Token<'t> {
    algorithm: String,
    key_id: Option<String>,
    issuer: String,
    claims: Object,
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`Error::NotAToken`], [`Error::Algorithm`], [`Error::Claim`] without an issuer.
    pub fn parse(text: &'t str) -> Result<Self, Error> {
        if text.len() > TOKEN_MAX_BYTES {
            return Err(Error::NotAToken);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Error::NotAToken)?;
        let (header, claims) = signed.split_once('.').ok_or(Error::NotAToken)?;
        let (header, claims) = (object(header)?, object(claims)?);
        let algorithm = header.text("alg").ok_or(Error::NotAToken)?;
        // An extension that must be understood is not; one of them changes what is signed (RFC 7797).
        if Algorithm::named(algorithm).is_none() || header.0.contains_key("crit") {
            return Err(Error::Algorithm);
        }
        let key_id = match header.0.get("kid") {
            None => None,
            Some(id) => Some(id.as_str().ok_or(Error::NotAToken)?),
        };
        if key_id.is_some_and(|id| id.len() > KEY_ID_MAX_BYTES) {
            return Err(Error::NotAToken);
        }
        let issuer = claims.text("iss").ok_or(Error::Claim("iss"))?;
        Ok(Self {
            algorithm: algorithm.to_owned(),
            key_id: key_id.map(str::to_owned),
            issuer: issuer.to_owned(),
            signature: BASE64.decode(signature).map_err(|_| Error::NotAToken)?,
            claims,
            signed,
        })
    }

    /// Who says that it issued it: good for finding its keys and for nothing else.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The claims, if one of `keys` signed them.
    ///
    /// # Errors
    /// [`Error::UnknownKey`], [`Error::Signature`].
    pub fn verify(&self, keys: &KeySet) -> Result<Claims, Error> {
        let message = self.signed.as_bytes();
        keys.verify(self.key_id.as_deref(), &self.algorithm, message, &self.signature)?;
        Ok(Claims(self.claims.clone()))
    }
}

fn object(part: &str) -> Result<Object, Error> {
    let bytes = BASE64.decode(part).map_err(|_| Error::NotAToken)?;
    serde_json::from_slice(&bytes).map_err(|_| Error::NotAToken)
}
