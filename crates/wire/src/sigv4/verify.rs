//! Proving a claim: scope, time, payload and signature.
//!
//! The comparison takes the same time wherever the signatures differ. A claim that passes says who signed exactly
//! this request; whether they may make it is not decided here.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use base::Timestamp;

use super::canonical::{canonical_request, string_to_sign, unescape};
use super::claim::{Algorithm, Claim, Placement};
use super::{
    AuthError, Computed, Dialect, SecretKey, SigningKeys, UNSIGNED_PAYLOAD, X_AMZ_CONTENT_SHA256,
    sha256_hex, to_hex,
};
use crate::chunked::{ChunkSignature, Mode};
use crate::limits::{CLOCK_SKEW, shorten};
use crate::request::Request;

/// What a signature must be scoped to, and how its service canonicalises.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// The Region that the request was sent to; `None` where the scope itself chooses it.
    pub region: Option<&'a str>,
    /// The signing name of the service that the request was sent to.
    pub service: &'a str,
    /// The service's way.
    pub dialect: Dialect,
    /// Whether the operation may leave its body unsigned (the `unsignedPayload` trait). S3 always may.
    pub unsigned_payload: bool,
}

/// A claim that holds.
#[derive(Debug)]
#[must_use = "the payload may still have to be checked"]
pub struct Verified {
    /// What the signature says of the body.
    pub payload: Payload,
}

/// What a signature says of the body.
#[derive(Debug)]
pub enum Payload {
    /// It covers the body that was in the request.
    Signed,
    /// It covers a body with this SHA-256 (hexadecimal), which S3 hands on as a stream: [`Payload::check`] it.
    Declared([u8; 64]),
    /// It says nothing.
    Unsigned,
    /// The body is aws-chunked: decode it with [`crate::chunked::Decoder`].
    Chunked(Mode, Option<ChunkSignature>),
}

impl Payload {
    /// Whether the body whose SHA-256 is `digest` is the one that was signed. Holds for modes that declare none.
    ///
    /// # Errors
    /// [`AuthError::ContentSha256Mismatch`].
    pub fn check(&self, digest: &[u8]) -> Result<(), AuthError> {
        match self {
            Self::Declared(declared) if to_hex(digest) != *declared => {
                Err(AuthError::ContentSha256Mismatch)
            }
            _ => Ok(()),
        }
    }
}

impl Claim {
    /// Proves that the owner of `secret` signed this request, for `expected` and near `now`.
    ///
    /// # Errors
    /// [`AuthError::InvalidSignature`] for a wrong scope or time, [`AuthError::SignatureMismatch`] (whose text holds
    /// the request's own headers, so it is for the client and not for a log), and the errors of S3's payload modes.
    pub fn verify(
        &self,
        request: &Request,
        secret: &SecretKey,
        expected: &Expected<'_>,
        now: Timestamp,
        keys: &SigningKeys,
    ) -> Result<Verified, AuthError> {
        self.check(expected, now)?;
        let (name, kind) = self.payload(request, expected)?;
        let canonical =
            canonical_request(request, expected.dialect, &self.signed_headers, name.as_bytes());
        let to_sign =
            string_to_sign(self.algorithm.name(), &self.amz_date, self.scope.as_str(), &canonical);
        let mut key = None;
        let valid = match self.algorithm {
            Algorithm::HmacSha256 => {
                let key = key.insert(keys.symmetric(secret, &self.scope));
                let signature = to_hex(hmac::sign(key, &to_sign).as_ref());
                constant_time::verify_slices_are_equal(&signature, self.signature.as_bytes())
                    .is_ok()
            }
            Algorithm::EcdsaP256Sha256 => keys
                .public(secret, &self.access_key_id)
                .is_some_and(|key| key.verifies(&to_sign, &self.signature)),
        };
        if !valid {
            return Err(AuthError::SignatureMismatch(Some(Box::new(Computed {
                canonical_request: String::from_utf8_lossy(&canonical).into_owned(),
                string_to_sign: String::from_utf8_lossy(&to_sign).into_owned(),
            }))));
        }
        Ok(Verified { payload: self.payload_of(kind, key)? })
    }

    /// Checks time and scope alone. [`Claim::verify`] does so too; called before the secret is looked up, it gives
    /// AWS's order of errors, in which an expired signature comes before an unknown access key.
    ///
    /// # Errors
    /// [`AuthError::InvalidSignature`].
    pub fn check(&self, expected: &Expected<'_>, now: Timestamp) -> Result<(), AuthError> {
        self.check_time(now.trunc_seconds())?;
        self.check_scope(expected)
    }

    fn check_time(&self, now: Timestamp) -> Result<(), AuthError> {
        let life = match self.placement {
            Placement::Query(Some(expires)) => expires,
            Placement::Header | Placement::Query(None) => CLOCK_SKEW,
        };
        let (earliest, latest) = (now - life, now + CLOCK_SKEW);
        if self.time < earliest {
            return Err(AuthError::InvalidSignature(format!(
                "Signature expired: {} is now earlier than {} ({} - {}.)",
                self.amz_date,
                earliest.amz_date(),
                now.amz_date(),
                in_words(life)
            )));
        }
        if self.time > latest {
            return Err(AuthError::InvalidSignature(format!(
                "Signature not yet current: {} is still later than {} ({} + {}.)",
                self.amz_date,
                latest.amz_date(),
                now.amz_date(),
                in_words(CLOCK_SKEW)
            )));
        }
        Ok(())
    }

    fn check_scope(&self, expected: &Expected<'_>) -> Result<(), AuthError> {
        let mut wrong = String::new();
        if let Some(region) = expected.region
            && !self.holds_in(region)
        {
            let claimed = match self.algorithm {
                Algorithm::HmacSha256 => self.scope.region(),
                Algorithm::EcdsaP256Sha256 => &self.region_set,
            };
            wrong += &format!(
                "Credential should be scoped to a valid region, not '{}'. ",
                shorten(claimed)
            );
        }
        if self.scope.service() != expected.service {
            wrong += &format!(
                "Credential should be scoped to correct service: '{}'. ",
                expected.service
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(AuthError::InvalidSignature(wrong)) }
    }

    /// Whether the signature is meant for `region`.
    fn holds_in(&self, region: &str) -> bool {
        match self.algorithm {
            Algorithm::HmacSha256 => self.scope.region() == region,
            Algorithm::EcdsaP256Sha256 => {
                self.region_set.split(',').any(|pattern| matches(pattern.trim(), region))
            }
        }
    }

    /// The last line of the canonical request, and what it means.
    fn payload(
        &self,
        request: &Request,
        expected: &Expected<'_>,
    ) -> Result<(String, Kind), AuthError> {
        let declared = declared_payload(request, self.placement);
        if expected.dialect == Dialect::Standard {
            return Ok(if expected.unsigned_payload && declared == UNSIGNED_PAYLOAD {
                (declared, Kind::Unsigned)
            } else {
                let hash = sha256_hex(&request.body);
                (String::from_utf8_lossy(&hash).into_owned(), Kind::Signed)
            });
        }
        if declared == UNSIGNED_PAYLOAD || (declared.is_empty() && self.is_presigned()) {
            return Ok((UNSIGNED_PAYLOAD.to_owned(), Kind::Unsigned));
        }
        if let Some(mode) = Mode::from_name(&declared) {
            return Ok((declared, Kind::Chunked(mode)));
        }
        match <[u8; 64]>::try_from(declared.as_bytes()) {
            Ok(hash) if hash.iter().all(u8::is_ascii_hexdigit) => {
                Ok((declared, Kind::Declared(hash.map(|b| b.to_ascii_lowercase()))))
            }
            _ => Err(AuthError::InvalidContentSha256),
        }
    }

    fn is_presigned(&self) -> bool {
        matches!(self.placement, Placement::Query(_))
    }

    /// The payload of a claim that holds, with what continues its signature.
    fn payload_of(&self, kind: Kind, key: Option<Arc<hmac::Key>>) -> Result<Payload, AuthError> {
        Ok(match kind {
            Kind::Signed => Payload::Signed,
            Kind::Unsigned => Payload::Unsigned,
            Kind::Declared(hash) => Payload::Declared(hash),
            Kind::Chunked(mode) if !mode.is_signed() => Payload::Chunked(mode, None),
            Kind::Chunked(mode) => {
                // Chunks under Signature Version 4A have modes of their own, which `Mode` does not know.
                let key = key.ok_or(AuthError::InvalidContentSha256)?;
                let scope = self.scope.as_str();
                let signature =
                    ChunkSignature::new(key, &self.amz_date, scope, self.signature.as_bytes());
                Payload::Chunked(mode, Some(signature))
            }
        })
    }
}

/// A payload whose key is not at hand yet.
enum Kind {
    Signed,
    Declared([u8; 64]),
    Unsigned,
    Chunked(Mode),
}

/// `X-Amz-Content-Sha256` from the header, or from the query of a presigned URL.
fn declared_payload(request: &Request, placement: Placement) -> String {
    if let Some(value) = request.header(X_AMZ_CONTENT_SHA256) {
        return value.to_owned();
    }
    if placement == Placement::Header {
        return String::new();
    }
    let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs
        .filter(|(name, _)| name.eq_ignore_ascii_case(X_AMZ_CONTENT_SHA256))
        .map(|(_, value)| String::from_utf8_lossy(&unescape(value, true)).into_owned())
        .next();
    value.unwrap_or_default()
}

/// Whether `region` is what `pattern` means; `*` stands for any run of characters.
fn matches(pattern: &str, region: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == region,
        Some((head, tail)) => region.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(tail, rest)))
        }),
    }
}

/// Minutes where they are whole, as AWS writes durations.
fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} sec"),
    }
}
