//! Who is calling? Signature Version 4 in headers and presigned URLs, against known access keys.
//!
//! In dev mode an access key that nobody made stands for the root user of an account, and its signature, which nobody can
//! check, is only parsed. A known key is checked the same way in both modes.

use base::{AccountId, Region, Timestamp};
use shape::{ErrorSchema, Failure, Fault};
use wire::Request;
use wire::sigv4::{self, AuthError, Expected, Payload};

use super::route::Route;
use crate::call::{Caller, Identity};
use crate::platform::{Mode, Shared};

/// A caller who has shown who it is, and the Region that it addressed.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) region: Region,
}

/// Authenticates the request.
pub(crate) async fn authenticate(
    shared: &Shared,
    route: &Route,
    request: &Request,
) -> Result<Admitted, Failure> {
    let claim = sigv4::parse(request).map_err(refuse)?;
    let claim = claim.ok_or(AuthError::MissingAuthenticationToken).map_err(refuse)?;
    let region = region_of(shared, route)?;
    let expected = Expected {
        region: route.host_region.as_deref(),
        service: route.service.signing_name,
        ..Expected::default()
    };
    let now = wall_time(shared);
    let known = shared.credentials.find(&claim.access_key_id).await.map_err(Failure::internal)?;
    let account = match (known, shared.mode) {
        (Some(credential), _) => {
            // Long-term keys come without a token; a token would belong to a session, and this key has none.
            if claim.session_token.is_some() {
                return Err(refuse(AuthError::UnrecognizedClient));
            }
            let keys = &shared.signing_keys;
            let verified =
                claim.verify(request, &credential.secret, &expected, now, keys).map_err(refuse)?;
            if !matches!(verified.payload, Payload::Signed) {
                return Err(refuse(AuthError::ContentSha256Mismatch));
            }
            credential.account
        }
        (None, Mode::Dev(default)) => claim.access_key_id.parse::<AccountId>().unwrap_or(default),
        (None, Mode::Production) => {
            // As on AWS, an expired or misdirected signature is told before an unknown access key is.
            claim.check(&expected, now).map_err(refuse)?;
            return Err(refuse(AuthError::UnrecognizedClient));
        }
    };
    let caller = Caller {
        account,
        identity: Identity::Root,
        access_key_id: Some(claim.access_key_id),
        invoked_by: None,
    };
    Ok(Admitted { caller, region })
}

/// Signatures are made by clocks that nobody moved, so a moved clock must not judge them.
fn wall_time(shared: &Shared) -> Timestamp {
    Timestamp::from_millis(shared.clock.now().millis() - shared.clock.offset_millis())
}

/// The Region of the host name where that names one, which the credential scope must then agree with; else the scope's,
/// else the server's own.
fn region_of(shared: &Shared, route: &Route) -> Result<Region, Failure> {
    let Some(named) = route.host_region.as_ref().or(route.region.as_ref()) else {
        return Ok(shared.region.clone());
    };
    named.parse().map_err(|_| {
        let message = "Credential should be scoped to a valid region.".to_owned();
        refuse(AuthError::InvalidSignature(message))
    })
}

fn refuse(error: AuthError) -> Failure {
    let schema: &'static ErrorSchema = match &error {
        AuthError::MissingAuthenticationToken => &shape::error::MISSING_AUTHENTICATION_TOKEN,
        AuthError::IncompleteSignature(_) => &shape::error::INCOMPLETE_SIGNATURE,
        AuthError::InvalidSignature(_) | AuthError::SignatureMismatch(_) => {
            &shape::error::INVALID_SIGNATURE
        }
        AuthError::UnrecognizedClient => &shape::error::UNRECOGNIZED_CLIENT,
        AuthError::ExpiredToken => &shape::error::EXPIRED_TOKEN,
        AuthError::ContentSha256Mismatch => &CONTENT_SHA256_MISMATCH,
        _ => &INVALID_ARGUMENT,
    };
    schema.because(error.to_string())
}

static CONTENT_SHA256_MISMATCH: ErrorSchema = ErrorSchema {
    name: "XAmzContentSHA256Mismatch",
    query_code: None,
    status: 400,
    fault: Fault::Client,
};
static INVALID_ARGUMENT: ErrorSchema =
    ErrorSchema { name: "InvalidArgument", query_code: None, status: 400, fault: Fault::Client };
