//! A session on its way to the caller, and the rules about which credentials may ask for one.

use std::time::Duration;

use api_sts::Credentials;
use base::AccountId;
use identity::Session;
use identity::session::{Actor, TOKEN_MAX_CHARS};
use platform::{Call, Identity};
use shape::Failure;
use shape::error::{ACCESS_DENIED, VALIDATION};

use crate::passed::Passed;

/// Length of a user's session for which none is asked, in seconds.
const USER_DEFAULT: i32 = 43_200;
/// Longest session of the root user, in seconds; more is cut to it.
const ROOT_MAX: i32 = 3600;

/// What an operation answers about a session that it opened.
pub(crate) struct Opened {
    /// The credentials, shown this once.
    pub credentials: Option<Credentials>,
    /// `PackedPolicySize`.
    pub packed_policy_size: Option<i32>,
    /// `SessionTokenSize`, in bytes.
    pub token_size: Option<i32>,
    /// `SessionTokenUtilization`: a percentage of the longest token.
    pub token_utilization: Option<i32>,
}

/// A session that begins now and has nothing special about it.
pub(crate) fn begin(call: &Call, account: AccountId, actor: Actor, lasts: Duration) -> Session {
    let issued = call.now.trunc_seconds();
    Session {
        account,
        actor,
        issued,
        expires: issued + lasts,
        mfa: None,
        policies: Vec::new(),
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive: Vec::new(),
        source_identity: None,
        federated: Vec::new(),
    }
}

/// Opens `session` with what was passed for it.
///
/// # Errors
/// `PackedPolicyTooLarge`; a failing keyring.
pub(crate) fn open(call: &Call, mut session: Session, passed: Passed) -> Result<Opened, Failure> {
    let packed_policy_size = passed.put_into(&mut session)?;
    let opened = call.credentials().open_session(session, call.random());
    let opened = opened.map_err(Failure::internal)?;
    let secret = std::str::from_utf8(opened.secret_access_key.expose());
    let size = opened.token.len();
    // What is bounded above fits a token; a token that no request could carry is a fault of ours.
    if size > TOKEN_MAX_CHARS {
        return Err(Failure::internal("a session token is too long to be used"));
    }
    Ok(Opened {
        packed_policy_size,
        token_size: i32::try_from(size).ok(),
        token_utilization: i32::try_from((size * 100).div_ceil(TOKEN_MAX_CHARS)).ok(),
        credentials: Some(Credentials {
            access_key_id: Some(opened.access_key_id),
            secret_access_key: Some(secret.map_err(Failure::internal)?.to_owned()),
            expiration: Some(opened.session.expires),
            session_token: Some(opened.token),
        }),
    })
}

/// Seconds as the API has them.
pub(crate) fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// Refuses temporary credentials, for operations that take long-term ones only.
///
/// # Errors
/// `AccessDenied`.
pub(crate) fn long_term_only(call: &Call, operation: &str) -> Result<(), Failure> {
    match call.caller.session {
        None => Ok(()),
        Some(_) => Err(refused(operation, "session credentials")),
    }
}

/// Refuses federated users, who may open no sessions
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>).
///
/// # Errors
/// `AccessDenied`.
pub(crate) fn no_federated_user(call: &Call, operation: &str) -> Result<(), Failure> {
    match call.caller.identity {
        Identity::Federated { .. } => Err(refused(operation, "federated user credentials")),
        _ => Ok(()),
    }
}

/// Refuses the sessions of users, federated or not: to STS they may say who they are and ask for roles, and nothing else.
///
/// # Errors
/// `AccessDenied`.
pub(crate) fn no_user_session(call: &Call, operation: &str) -> Result<(), Failure> {
    match call.caller.session.as_ref().map(|session| &session.actor) {
        None | Some(Actor::Role { .. }) => Ok(()),
        Some(Actor::Root | Actor::User { .. } | Actor::Federated { .. }) => {
            Err(refused(operation, "session credentials"))
        }
    }
}

fn refused(operation: &str, credentials: &str) -> Failure {
    ACCESS_DENIED.because(format!("Cannot call {operation} with {credentials}"))
}

/// How long a session lasts that a user asked for: what it asked for, or half a day; for the root user an hour at most.
pub(crate) fn of_user(call: &Call, asked: Option<i32>) -> Duration {
    if call.caller.identity == Identity::Root {
        return seconds(asked.unwrap_or(ROOT_MAX).min(ROOT_MAX));
    }
    seconds(asked.unwrap_or(USER_DEFAULT))
}

/// A token is as long as what it seals.
///
/// # Errors
/// `ValidationError` if a minimum is asked for.
pub(crate) fn no_minimum_size(asked: Option<i32>) -> Result<(), Failure> {
    match asked {
        None => Ok(()),
        Some(_) => {
            let text = "MinimumSessionTokenSize is not supported by this endpoint.";
            Err(VALIDATION.because(text))
        }
    }
}
