//! Signing, for tests, benches and requests that this program sends itself.
//!
//! It runs the verifier's own canonicalisation, so what it signs verifies; that both are AWS's is for the test suite
//! to show. No credential is looked up and no request is sent here.

use std::time::Duration;

use aws_lc_rs::hmac;
use base::Timestamp;
use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};

use super::canonical::{canonical_request, escape, string_to_sign};
use super::claim::Algorithm;
use super::scope::Scope;
use super::{
    Dialect, SecretKey, SigningKeys, UNSIGNED_PAYLOAD, X_AMZ_CONTENT_SHA256, X_AMZ_DATE,
    X_AMZ_SECURITY_TOKEN, sha256_hex, to_hex,
};
use crate::chunked::{ChunkSignature, Mode};
use crate::request::Request;

/// Headers that proxies and libraries change, which no AWS client signs.
const NOT_SIGNED: [&str; 7] = [
    "authorization",
    "connection",
    "expect",
    "te",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// Credentials and the scope they sign for.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a SecretKey,
    /// Its session token, if it is temporary.
    pub session_token: Option<&'a str>,
    /// The Region.
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
    /// The service's way.
    pub dialect: Dialect,
    /// Where derived keys are kept.
    pub keys: &'a SigningKeys,
}

impl Signer<'_> {
    /// Signs with an `Authorization` header, over all other headers. For S3, a payload mode that stands in
    /// `X-Amz-Content-Sha256` is kept, and for signed chunks what continues the signature is returned.
    ///
    /// # Errors
    /// If the access key id or the session token cannot stand in a header.
    pub fn sign(
        &self,
        request: &mut Request,
        time: Timestamp,
    ) -> Result<Option<ChunkSignature>, InvalidHeaderValue> {
        let amz_date = time.amz_date();
        let headers = &mut request.headers;
        headers.remove(AUTHORIZATION);
        headers.insert(X_AMZ_DATE, HeaderValue::from_str(&amz_date)?);
        if let Some(token) = self.session_token {
            headers.insert(X_AMZ_SECURITY_TOKEN, HeaderValue::from_str(token)?);
        }
        let payload = self.payload(request)?;
        let signed = signed_headers(request);
        let scope = self.scope(&amz_date);
        let signature = self.signature(request, &amz_date, &scope, &signed, payload.as_bytes());
        let value = format!(
            "{} Credential={}/{}, SignedHeaders={signed}, Signature={}",
            Algorithm::HmacSha256.name(),
            self.access_key_id,
            scope.as_str(),
            String::from_utf8_lossy(&signature),
        );
        request.headers.insert(AUTHORIZATION, HeaderValue::try_from(value)?);
        let chunked = Mode::from_name(&payload).is_some_and(Mode::is_signed);
        Ok(chunked.then(|| {
            let key = self.keys.symmetric(self.secret, &scope);
            ChunkSignature::new(key, &amz_date, scope.as_str(), &signature)
        }))
    }

    /// Signs into the query, for a URL that is good for `expires`, over the headers that are there.
    pub fn presign(&self, request: &mut Request, time: Timestamp, expires: Duration) {
        let amz_date = time.amz_date();
        let scope = self.scope(&amz_date);
        let signed = signed_headers(request);
        let credential = format!("{}/{}", self.access_key_id, scope.as_str());
        let expires = expires.as_secs().to_string();
        for (name, value) in [
            ("Algorithm", Some(Algorithm::HmacSha256.name())),
            ("Credential", Some(credential.as_str())),
            ("Date", Some(amz_date.as_str())),
            ("Expires", Some(expires.as_str())),
            ("SignedHeaders", Some(signed.as_str())),
            ("Security-Token", self.session_token),
        ] {
            if let Some(value) = value {
                append(&mut request.query, name, value.as_bytes());
            }
        }
        let payload = match self.dialect {
            Dialect::S3 => UNSIGNED_PAYLOAD.as_bytes().to_vec(),
            Dialect::Standard => sha256_hex(&request.body).to_vec(),
        };
        let signature = self.signature(request, &amz_date, &scope, &signed, &payload);
        append(&mut request.query, "Signature", &signature);
    }

    fn scope(&self, amz_date: &str) -> Scope {
        let date = amz_date.get(..8).unwrap_or_default();
        Scope::new(date, self.region, self.service)
    }

    /// The last line of the canonical request, also put into the header that S3 wants it in.
    fn payload(&self, request: &mut Request) -> Result<String, InvalidHeaderValue> {
        let hash = || String::from_utf8_lossy(&sha256_hex(&request.body)).into_owned();
        if self.dialect == Dialect::Standard {
            return Ok(hash());
        }
        if let Some(mode) = request.header(X_AMZ_CONTENT_SHA256) {
            return Ok(mode.to_owned());
        }
        let hash = hash();
        request.headers.insert(X_AMZ_CONTENT_SHA256, HeaderValue::from_str(&hash)?);
        Ok(hash)
    }

    fn signature(
        &self,
        request: &Request,
        amz_date: &str,
        scope: &Scope,
        signed: &str,
        payload: &[u8],
    ) -> [u8; 64] {
        let canonical = canonical_request(request, self.dialect, signed, payload);
        let name = Algorithm::HmacSha256.name();
        let to_sign = string_to_sign(name, amz_date, scope.as_str(), &canonical);
        let key = self.keys.symmetric(self.secret, scope);
        to_hex(hmac::sign(&key, &to_sign).as_ref())
    }
}

fn signed_headers(request: &Request) -> String {
    let names = request.headers.keys().map(HeaderName::as_str);
    let mut names: Vec<&str> = names.filter(|name| !NOT_SIGNED.contains(name)).collect();
    names.sort_unstable();
    names.join(";")
}

/// Appends `X-Amz-<name>=<value>` to a query.
fn append(query: &mut String, name: &str, value: &[u8]) {
    let mut spelled = Vec::with_capacity(value.len());
    escape(&mut spelled, value, false);
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str("X-Amz-");
    query.push_str(name);
    query.push('=');
    query.push_str(&String::from_utf8_lossy(&spelled));
}
