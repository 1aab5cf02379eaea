//! The keys of OpenID Connect issuers: found as OpenID Connect Discovery 1.0 says, fetched over HTTPS, kept for a while.
//!
//! One request at a time asks an issuer, and the others wait for its answer. A token with an unknown key has newer keys fetched, but
//! not more often than every [`ASK_AGAIN_AFTER`]: anybody can write a key id. Keys that are still good outlive an issuer that does
//! not answer, and a question that was given up.

use std::sync::Arc;
use std::time::Duration;

use api_sts::error::{
    EXPIRED_TOKEN_EXCEPTION, IDP_COMMUNICATION_ERROR_EXCEPTION, IDP_REJECTED_CLAIM_EXCEPTION,
    INVALID_IDENTITY_TOKEN_EXCEPTION,
};
use base::Timestamp;
use federation::{Claims, Error, Expected, Identity, KEY_SET_MAX_BYTES, KeySet, Token};
use http::header::{ACCEPT, HOST};
use http::{HeaderValue, Method};
use platform::outbound::{Client, Limits};
use quick_cache::sync::Cache;
use serde::Deserialize;
use shape::Failure;
use tokio::sync::Mutex;
use wire::Request;

/// Issuers whose keys are kept.
const ISSUERS_CACHED: usize = 1000;
/// How long keys are good without asking again. A key that an issuer took back may be believed for so long.
const KEYS_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long an issuer is left alone after it was asked.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long one request to an issuer may take.
const TIME_OUT: Duration = Duration::from_secs(5);
/// Largest discovery document, in bytes.
const DISCOVERY_MAX_BYTES: usize = 64 * 1024;
/// Where a discovery document stands, behind the issuer's URL.
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// The issuers that were asked.
pub(crate) struct Issuers {
    client: Option<Client>,
    known: Cache<String, Arc<Mutex<Known>>>,
}

/// What is known of an issuer.
#[derive(Default)]
struct Known {
    /// When it was last asked.
    asked: Option<Timestamp>,
    /// Its keys, and when it answered with them.
    keys: Option<(Timestamp, KeySet)>,
}

/// What of a discovery document is used.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuers {
    /// None known yet.
    pub fn new(client: Option<Client>) -> Self {
        Self { client, known: Cache::new(ISSUERS_CACHED) }
    }

    /// Whom a token is about that the issuer at `url` (without `https://`) signed for one of `audiences`.
    ///
    /// # Errors
    /// `InvalidIdentityToken`, `ExpiredTokenException`, `IDPRejectedClaim`; `IDPCommunicationError` if the issuer cannot be asked.
    pub async fn identify(
        &self,
        token: &Token<'_>,
        url: &str,
        audiences: &[String],
    ) -> Result<Identity, Failure> {
        let Some(client) = &self.client else {
            return Err(unreachable("there is no way to identity providers"));
        };
        let claims = self.verify(client, token, url).await?;
        // Issuers sign by clocks that nobody moved.
        let expected = Expected { issuer: url, audiences, now: client.wall_time() };
        claims.check(&expected).map_err(refused)
    }

    async fn verify(
        &self,
        client: &Client,
        token: &Token<'_>,
        url: &str,
    ) -> Result<Claims, Failure> {
        let now = client.wall_time();
        let issuer = self.known.get_or_insert_with(url, || Ok::<_, Failure>(Arc::default()))?;
        let mut known = issuer.lock().await;
        let lately = known.asked.is_some_and(|at| now < at + ASK_AGAIN_AFTER);
        match known.keys.as_ref().filter(|(at, _)| now < *at + KEYS_LIFETIME) {
            Some((_, keys)) => match token.verify(keys) {
                Err(Error::UnknownKey) if !lately => {}
                verified => return verified.map_err(refused),
            },
            None if lately => return Err(unreachable("the issuer did not answer lately")),
            None => {}
        }
        known.asked = Some(now);
        let keys = fetch(client, url).await?;
        known.keys = Some((now, keys.clone()));
        drop(known);
        token.verify(&keys).map_err(refused)
    }

    /// Forgets all keys.
    pub fn clear(&self) {
        self.known.clear();
    }
}

async fn fetch(client: &Client, url: &str) -> Result<KeySet, Failure> {
    let at = format!("{}{DISCOVERY_PATH}", url.trim_end_matches('/'));
    let document = get(client, &at, DISCOVERY_MAX_BYTES).await?;
    let discovery: Discovery = serde_json::from_slice(&document).map_err(|_| no_key())?;
    // A document that speaks for somebody else gives no keys.
    if discovery.issuer.strip_prefix("https://") != Some(url) {
        return Err(no_key());
    }
    let at = discovery.jwks_uri.strip_prefix("https://").ok_or_else(no_key)?;
    let keys = get(client, at, KEY_SET_MAX_BYTES).await?;
    KeySet::parse(&keys).map_err(|_| no_key())
}

/// Fetches `https://` and `url`, from port 443.
async fn get(client: &Client, url: &str, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let (host, path) = url.split_at(url.find(['/', '?', '#']).unwrap_or(url.len()));
    let target = if path.starts_with('/') { path } else { "/" };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let name = host.strip_suffix(":443").unwrap_or(host);
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(no_key());
    }
    let mut request = Request::new(Method::GET, target);
    request.headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| no_key())?);
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let limits = Limits { time_out: TIME_OUT, max_bytes, repeatable: true };
    let answer = client.send(name, &request, limits).await.map_err(unreachable)?;
    match answer.status {
        200 => Ok(answer.body.to_vec()),
        status => Err(unreachable(format!("{name} answered with status {status}"))),
    }
}

fn unreachable(why: impl std::fmt::Display) -> Failure {
    tracing::debug!(%why, "an identity provider's keys could not be fetched");
    let text = "Error communicating with the identity provider";
    IDP_COMMUNICATION_ERROR_EXCEPTION.because(text)
}

fn no_key() -> Failure {
    INVALID_IDENTITY_TOKEN_EXCEPTION.because(
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    )
}

/// What is wrong with a token, in AWS's words.
pub(crate) fn refused(error: Error) -> Failure {
    let invalid = |text: &str| INVALID_IDENTITY_TOKEN_EXCEPTION.because(text);
    match error {
        Error::UnknownKey | Error::NotAKeySet => no_key(),
        Error::Signature => invalid("Token signature invalid"),
        Error::Audience => invalid("Incorrect token audience"),
        Error::Issuer => invalid("Incorrect token issuer"),
        Error::NotYet => invalid("The ID Token is not yet valid"),
        Error::Expired(at) => {
            EXPIRED_TOKEN_EXCEPTION.because(format!("Token expired: it was valid until {at}"))
        }
        Error::Claim(name) => {
            let text = format!("The claim {name} is missing or malformed");
            IDP_REJECTED_CLAIM_EXCEPTION.because(text)
        }
        Error::NotAToken | Error::Algorithm => invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ),
    }
}
