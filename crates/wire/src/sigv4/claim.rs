//! What a request says about who signed it, before anything is proved.
//!
//! [`parse`] reads the `Authorization` header or the query of a presigned URL and judges form only: all that is
//! missing is named at once, in AWS's words. Credentials are echoed as a hash, as AWS does. No secret, no clock and
//! no decision about who may pass is here. Sources: IAM User Guide, 'Elements of an AWS API request signature';
//! S3 API reference, 'Authenticating requests'.

use std::borrow::Cow;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;
use http::header::{AUTHORIZATION, DATE};

use super::canonical::unescape;
use super::scope::Scope;
use super::{
    AuthError, TERMINATOR, X_AMZ_CONTENT_SHA256, X_AMZ_DATE, X_AMZ_REGION_SET,
    X_AMZ_SECURITY_TOKEN, asymmetric,
};
use crate::limits::{self, shorten};
use crate::request::Request;

/// A signature and everything it claims.
#[derive(Clone, Debug)]
pub struct Claim {
    /// How the signature was made.
    pub algorithm: Algorithm,
    /// Whose secret made it.
    pub access_key_id: String,
    /// Where and when it is good.
    pub scope: Scope,
    /// The token of temporary credentials. Whoever looks up the secret compares it.
    pub session_token: Option<String>,
    /// When it was made.
    pub time: Timestamp,
    /// The Regions of a Signature Version 4A signature, `*` being a wildcard; empty otherwise.
    pub region_set: String,
    /// Header or query.
    pub placement: Placement,
    /// The covered headers: lower case, sorted, each once, joined by `;`.
    pub(super) signed_headers: String,
    /// In hexadecimal, as sent.
    pub(super) signature: String,
    /// The time in ISO 8601 basic form, as it was signed.
    pub(super) amz_date: String,
}

impl Claim {
    /// The covered headers: lower case, sorted, each once, joined by `;`.
    pub fn signed_headers(&self) -> &str {
        &self.signed_headers
    }

    /// The time of the signature in ISO 8601 basic form, as it was signed.
    pub fn amz_date(&self) -> &str {
        &self.amz_date
    }
}

/// A way of signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Signature Version 4: HMAC-SHA256, one Region.
    HmacSha256,
    /// Signature Version 4A: ECDSA P-256, a set of Regions.
    EcdsaP256Sha256,
}

/// Where in the request the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL, with its life where it states one.
    Query(Option<Duration>),
}

impl Algorithm {
    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "AWS4-HMAC-SHA256",
            Self::EcdsaP256Sha256 => asymmetric::ALGORITHM,
        }
    }

    fn parse(name: &str) -> Result<Self, AuthError> {
        [Self::HmacSha256, Self::EcdsaP256Sha256].into_iter().find(|a| a.name() == name).ok_or_else(
            || {
                incomplete(format!(
                    "Unsupported AWS 'algorithm': '{}' (only AWS4-HMAC-SHA256 and \
                     AWS4-ECDSA-P256-SHA256 for now). ",
                    shorten(name)
                ))
            },
        )
    }
}

/// Reads the claim of a request; `None` for one that is not signed.
///
/// # Errors
/// [`AuthError::IncompleteSignature`] for a malformed claim, [`AuthError::InvalidSignature`] for one that leaves
/// out a header it must cover.
pub fn parse(request: &Request) -> Result<Option<Claim>, AuthError> {
    let header = authorization(request)?;
    let fields = Fields::of_query(&request.query)?;
    let fields = match (header, fields) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(AuthError::InvalidSignature(
                "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP \
                 header."
                    .into(),
            ));
        }
        (Some(header), None) => Fields::of_header(header, request)?,
        (None, Some(fields)) => fields,
    };
    fields.into_claim(request).map(Some)
}

/// The one `Authorization` header. AWS never sends two, and which of them counts must not be a matter of taste.
fn authorization(request: &Request) -> Result<Option<&HeaderValue>, AuthError> {
    let mut values = request.headers.get_all(AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(incomplete("Request has more than one 'Authorization' header."));
    }
    match value {
        Some(value) if value.len() > limits::MAX_AUTHORIZATION_BYTES => {
            Err(incomplete("Authorization header is too long."))
        }
        value => Ok(value),
    }
}

/// The elements of a claim, found but not yet judged.
#[derive(Default)]
struct Fields<'a> {
    algorithm: Cow<'a, str>,
    credential: Cow<'a, str>,
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    date: Cow<'a, str>,
    session_token: Option<Cow<'a, str>>,
    region_set: Cow<'a, str>,
    presigned: bool,
    expires: Option<Cow<'a, str>>,
}

impl<'a> Fields<'a> {
    /// `ALGORITHM Credential=…, SignedHeaders=…, Signature=…`; commas and spaces both separate.
    fn of_header(header: &'a HeaderValue, request: &'a Request) -> Result<Self, AuthError> {
        let not_pair = || {
            incomplete(format!(
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with \
                 SHA-256 and encoded with Base64): '{}'.",
                fingerprint(header)
            ))
        };
        let text = std::str::from_utf8(header.as_bytes()).map_err(|_| not_pair())?;
        let mut parts = text
            .split_ascii_whitespace()
            .flat_map(|part| part.split(','))
            .filter(|part| !part.is_empty());
        let algorithm = parts.next().unwrap_or_default();
        let mut fields = Self { algorithm: algorithm.into(), ..Self::default() };
        for pair in parts {
            let (name, value) = pair.split_once('=').ok_or_else(not_pair)?;
            let field = match name {
                "Credential" => &mut fields.credential,
                "SignedHeaders" => &mut fields.signed_headers,
                "Signature" => &mut fields.signature,
                _ => continue,
            };
            if !field.is_empty() {
                return Err(incomplete(format!(
                    "Authorization header has more than one '{name}' parameter."
                )));
            }
            *field = value.into();
        }
        let one = |name| request.header(name).unwrap_or_default();
        fields.date = match one(X_AMZ_DATE) {
            "" => one(DATE.as_str()).into(),
            date => date.into(),
        };
        fields.region_set = one(X_AMZ_REGION_SET).into();

        let mut missing = String::new();
        for (name, value) in [
            ("Credential", &fields.credential),
            ("Signature", &fields.signature),
            ("SignedHeaders", &fields.signed_headers),
        ] {
            if value.is_empty() {
                missing += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if fields.date.is_empty() {
            missing += "Authorization header requires existence of either a 'X-Amz-Date' or a \
                        'Date' header. ";
        }
        if missing.is_empty() {
            return Ok(fields);
        }
        Err(incomplete(format!(
            "{missing}(Hashed with SHA-256 and encoded with Base64) Authorization={}",
            fingerprint(header)
        )))
    }

    /// The `X-Amz-…` parameters; `None` where no parameter makes the query a presigned one.
    fn of_query(query: &'a str) -> Result<Option<Self>, AuthError> {
        if query.is_empty() {
            return Ok(None);
        }
        if query.split('&').nth(limits::MAX_QUERY_PARAMS).is_some() {
            return Err(incomplete("Query string has too many parameters."));
        }
        let mut fields = Self { presigned: true, ..Self::default() };
        let mut seen = [false; 8];
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = unescape(name, true);
            let (mut expires, mut token) = (Cow::default(), Cow::default());
            let (index, field) = match name.as_slice() {
                b"X-Amz-Algorithm" => (0, &mut fields.algorithm),
                b"X-Amz-Credential" => (1, &mut fields.credential),
                b"X-Amz-Signature" => (2, &mut fields.signature),
                b"X-Amz-SignedHeaders" => (3, &mut fields.signed_headers),
                b"X-Amz-Date" => (4, &mut fields.date),
                b"X-Amz-Expires" => (5, &mut expires),
                b"X-Amz-Security-Token" => (6, &mut token),
                b"X-Amz-Region-Set" => (7, &mut fields.region_set),
                _ => continue,
            };
            if std::mem::replace(&mut seen[index], true) {
                return Err(incomplete(format!(
                    "AWS query-string parameters must include '{}' only once. Re-examine the \
                     query-string parameters.",
                    String::from_utf8_lossy(&name)
                )));
            }
            *field = String::from_utf8_lossy(&unescape(value, true)).into_owned().into();
            match index {
                5 => fields.expires = Some(expires),
                6 => fields.session_token = Some(token),
                _ => {}
            }
        }
        if !seen[..3].contains(&true) {
            return Ok(None);
        }
        let mut missing = String::new();
        for (name, value) in [
            ("X-Amz-Algorithm", &fields.algorithm),
            ("X-Amz-Credential", &fields.credential),
            ("X-Amz-Signature", &fields.signature),
            ("X-Amz-SignedHeaders", &fields.signed_headers),
            ("X-Amz-Date", &fields.date),
        ] {
            if value.is_empty() {
                missing += &format!("AWS query-string parameters must include '{name}'. ");
            }
        }
        if missing.is_empty() {
            return Ok(Some(fields));
        }
        Err(incomplete(format!("{missing}Re-examine the query-string parameters.")))
    }

    /// Judges the elements in AWS's order: date, life, covered headers, algorithm, credential.
    fn into_claim(self, request: &Request) -> Result<Claim, AuthError> {
        let (time, amz_date) = read_date(&self.date)?;
        let placement = match (self.presigned, self.expires) {
            (false, _) => Placement::Header,
            (true, expires) => Placement::Query(expires.as_deref().map(read_expires).transpose()?),
        };
        let signed_headers = read_signed_headers(&self.signed_headers)?;
        check_covered(request, &signed_headers)?;
        let algorithm = Algorithm::parse(&self.algorithm)?;
        let (access_key_id, scope) = read_credential(algorithm, &self.credential, &amz_date)?;
        let header_token = || request.header(X_AMZ_SECURITY_TOKEN).map(str::to_owned);
        let session_token = self.session_token.map(Cow::into_owned).or_else(header_token);
        if session_token.as_ref().is_some_and(|t| t.len() > limits::MAX_SESSION_TOKEN_BYTES) {
            return Err(AuthError::UnrecognizedClient);
        }
        Ok(Claim {
            algorithm,
            access_key_id,
            scope,
            session_token,
            time,
            region_set: self.region_set.into_owned(),
            placement,
            signed_headers,
            signature: self.signature.into_owned(),
            amz_date,
        })
    }
}

/// ISO 8601 basic form, or in a `Date` header the form of HTTP.
fn read_date(text: &str) -> Result<(Timestamp, String), AuthError> {
    if let Some(time) = Timestamp::parse_amz_date(text) {
        return Ok((time, text.to_owned()));
    }
    match Timestamp::parse_http_date(text) {
        Some(time) => Ok((time, time.amz_date())),
        None => Err(incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See \
             http://en.wikipedia.org/wiki/ISO_8601",
            shorten(text)
        ))),
    }
}

/// Seconds, from 1 to a week.
fn read_expires(text: &str) -> Result<Duration, AuthError> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let seconds: u64 = text.parse().ok().filter(|_| digits).unwrap_or(0);
    let expires = Duration::from_secs(seconds);
    if seconds == 0 {
        return Err(incomplete("X-Amz-Expires must be a positive number of seconds."));
    }
    if expires > limits::MAX_PRESIGN {
        let week = limits::MAX_PRESIGN.as_secs();
        return Err(incomplete(format!(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires \
             must be less than {week} seconds"
        )));
    }
    Ok(expires)
}

/// Lower case, sorted, each name once: the form in which they are signed.
fn read_signed_headers(text: &str) -> Result<String, AuthError> {
    if text.split(';').nth(limits::MAX_SIGNED_HEADERS).is_some() {
        return Err(incomplete("Authorization names too many 'SignedHeaders'."));
    }
    let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    if lower && text.split(';').is_sorted_by(|a, b| a < b) {
        return Ok(text.to_owned());
    }
    let text = text.to_ascii_lowercase();
    let mut names: Vec<&str> = text.split(';').collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.join(";"))
}

/// `Host` must be covered, and every `X-Amz-` header that the signature does not cover in another way: the date
/// and the hash of the body are in the string to sign, and a session token holds for its own secret only.
fn check_covered(request: &Request, signed_headers: &str) -> Result<(), AuthError> {
    const COVERED_ELSEWHERE: [&str; 3] = [X_AMZ_DATE, X_AMZ_CONTENT_SHA256, X_AMZ_SECURITY_TOKEN];
    let signed = |name: &str| signed_headers.split(';').any(|signed| signed == name);
    let missing = |name: &str| {
        Err(AuthError::InvalidSignature(format!(
            "'{name}' must be a 'SignedHeader' in the AWS Authorization."
        )))
    };
    if !signed("host") {
        return missing("Host' or ':authority");
    }
    for name in request.headers.keys().map(http::HeaderName::as_str) {
        if name.starts_with("x-amz-") && !COVERED_ELSEWHERE.contains(&name) && !signed(name) {
            return missing(name);
        }
    }
    Ok(())
}

/// `keyid/date/region/service/aws4_request`; Signature Version 4A has no Region there.
fn read_credential(
    algorithm: Algorithm,
    credential: &str,
    amz_date: &str,
) -> Result<(String, Scope), AuthError> {
    let mut parts = [""; 5];
    let mut count = 0;
    for part in credential.split('/') {
        if let Some(place) = parts.get_mut(count) {
            *place = part;
        }
        count += 1;
    }
    let (wanted, example) = match algorithm {
        Algorithm::HmacSha256 => (5, "keyid/date/region/service/term"),
        Algorithm::EcdsaP256Sha256 => (4, "keyid/date/service/term"),
    };
    if count != wanted {
        return Err(incomplete(format!(
            "Credential must have exactly {wanted} slash-delimited elements, e.g. {example}, got \
             '{}'",
            shorten(credential)
        )));
    }
    let (key_id, date, region, service, terminator) = match (algorithm, parts) {
        (Algorithm::HmacSha256, [key_id, date, region, service, end]) => {
            (key_id, date, region, service, end)
        }
        (Algorithm::EcdsaP256Sha256, [key_id, date, service, end, _]) => {
            (key_id, date, "", service, end)
        }
    };
    let mut wrong = String::new();
    if algorithm == Algorithm::HmacSha256 && region.is_empty() {
        wrong += "Credential should be scoped to a valid region, not ''. ";
    }
    if terminator != TERMINATOR {
        wrong += &format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'. ",
            shorten(terminator)
        );
    }
    let day = amz_date.get(..8).unwrap_or_default();
    if date != day {
        wrong += &format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{}' != '{day}', from '{amz_date}'.",
            shorten(date)
        );
    }
    if !wrong.is_empty() {
        return Err(AuthError::InvalidSignature(wrong));
    }
    if key_id.is_empty() || key_id.len() > limits::MAX_ACCESS_KEY_ID_BYTES {
        return Err(AuthError::UnrecognizedClient);
    }
    Ok((key_id.to_owned(), Scope::new(date, region, service)))
}

fn incomplete(message: impl Into<String>) -> AuthError {
    AuthError::IncompleteSignature(message.into())
}

/// What stands for a header that may hold a credential.
fn fingerprint(header: &HeaderValue) -> String {
    BASE64.encode(digest(&SHA256, header.as_bytes()))
}
