//! Who is calling? Signature Version 4 in headers and presigned URLs, against long-term access keys and session tokens.
//!
//! In dev mode an access key that nobody made stands for the root user of an account, and its signature, which nobody can
//! check, is only parsed. A known key, one that was deleted and a session of ours are checked the same way in both modes.

use std::sync::Arc;

use base::{AccountId, Region, Timestamp};
use identity::credentials::Owner;
use identity::directory::Entity;
use identity::session::Actor;
use identity::{Session, Standing, ids, managed};
use shape::{ErrorSchema, Failure, Fault};
use store::{Scope, Tx};
use wire::Request;
use wire::sigv4::{self, AuthError, Claim, Expected, Payload, SecretKey};

use super::route::Route;
use crate::caller::{Caller, Identity};
use crate::platform::{Mode, Shared};

/// The signing name of IAM.
const IAM: &str = "iam";

/// A caller who has shown who it is, and the Region that it addressed.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) region: Region,
}

/// Authenticates the request. Unless `unsigned`, it must bear a signature.
pub(crate) async fn authenticate(
    shared: &Shared,
    route: &Route,
    request: &Request,
    unsigned: bool,
) -> Result<Admitted, Failure> {
    let claim = sigv4::parse(request).map_err(refuse)?;
    let region = region_of(shared, route)?;
    let Some(claim) = claim else {
        if !unsigned {
            return Err(refuse(AuthError::MissingAuthenticationToken));
        }
        // Whose call it is turns out when the handler knows who asks for what.
        let caller = Caller::of(Scope::system().account, Identity::Anonymous);
        return Ok(Admitted { caller, region });
    };
    let expected = Expected {
        region: route.host_region.as_deref(),
        service: route.service.signing_name,
        ..Expected::default()
    };
    let check = Check { shared, request, claim: &claim, expected, now: wall_time(shared) };
    Ok(Admitted { caller: check.caller().await?, region })
}

/// A claim that is being checked.
struct Check<'a> {
    shared: &'a Shared,
    request: &'a Request,
    claim: &'a Claim,
    expected: Expected<'a>,
    now: Timestamp,
}

impl Check<'_> {
    async fn caller(&self) -> Result<Caller, Failure> {
        let id = &self.claim.access_key_id;
        if let Some(token) = &self.claim.session_token {
            let sessions = self.shared.credentials.sessions();
            if let Some(open) = sessions.open(id, token) {
                return self.of_session(&open.session, &open.secret).await;
            }
            // A long-term key comes without a token, and a token of ours belongs to its own key.
            if identity::session::is_ours(token) || self.find(id).await?.is_some() {
                return Err(refuse(AuthError::UnrecognizedClient));
            }
        }
        if let Some(credential) = self.find(id).await? {
            let Some(secret) = &credential.secret else {
                return Err(refuse(AuthError::UnrecognizedClient));
            };
            self.verify(secret)?;
            return self.of_owner(credential.account, &credential.key.owner).await;
        }
        // A temporary key without its token is nobody's, in dev mode too.
        let stripped = id.starts_with("ASIA") && ids::account_of(id).is_some();
        match self.shared.mode {
            Mode::Dev(default) if self.claim.session_token.is_some() || !stripped => {
                Ok(Caller::root(id.parse::<AccountId>().unwrap_or(default), Some(id.clone())))
            }
            _ => {
                // As on AWS, an expired or misdirected signature is told before an unknown access key is.
                self.claim.check(&self.expected, self.now).map_err(refuse)?;
                Err(refuse(AuthError::UnrecognizedClient))
            }
        }
    }

    async fn find(
        &self,
        id: &str,
    ) -> Result<Option<Arc<identity::credentials::Credential>>, Failure> {
        self.shared.credentials.find(id).await.map_err(Failure::internal)
    }

    fn verify(&self, secret: &SecretKey) -> Result<(), Failure> {
        let keys = &self.shared.signing_keys;
        let verified = self.claim.verify(self.request, secret, &self.expected, self.now, keys);
        if !matches!(verified.map_err(refuse)?.payload, Payload::Signed) {
            return Err(refuse(AuthError::ContentSha256Mismatch));
        }
        Ok(())
    }

    async fn of_owner(&self, account: AccountId, owner: &Owner) -> Result<Caller, Failure> {
        let access_key_id = Some(self.claim.access_key_id.clone());
        let Owner::User { name, unique_id } = owner else {
            return Ok(Caller::root(account, access_key_id));
        };
        let standing = self.standing(account, Entity::User(name), unique_id).await?;
        let identity = user(name, &standing);
        let caller = Caller::of(account, identity);
        Ok(Caller { access_key_id, standing: Some(standing), ..caller })
    }

    async fn of_session(
        &self,
        session: &Arc<Session>,
        secret: &SecretKey,
    ) -> Result<Caller, Failure> {
        self.verify(secret)?;
        if session.expires <= self.shared.clock.now() {
            return Err(refuse(AuthError::ExpiredToken));
        }
        if self.expected.service == IAM && is_barred_from_iam(session) {
            return Err(refuse(AuthError::UnrecognizedClient));
        }
        let account = session.account;
        let (identity, standing) = match &session.actor {
            Actor::Root => (Identity::Root, None),
            Actor::User { name, unique_id } => {
                let standing = self.standing(account, Entity::User(name), unique_id).await?;
                (user(name, &standing), Some(standing))
            }
            Actor::Role { name, unique_id, session, .. } => {
                let standing = self.standing(account, Entity::Role(name), unique_id).await?;
                let identity = Identity::Role {
                    name: name.clone(),
                    unique_id: unique_id.clone(),
                    role_arn: standing.arn.clone(),
                    session: session.clone(),
                };
                (identity, Some(standing))
            }
            Actor::Federated { name, user: None, .. } => {
                let identity =
                    Identity::Federated { name: name.clone(), user_arn: account.root_arn() };
                (identity, Some(self.root_standing(account)?))
            }
            Actor::Federated { name, user: Some(user), unique_id } => {
                let standing = self.standing(account, Entity::User(user), unique_id).await?;
                let identity =
                    Identity::Federated { name: name.clone(), user_arn: standing.arn.clone() };
                (identity, Some(standing))
            }
        };
        Ok(Caller {
            access_key_id: Some(self.claim.access_key_id.clone()),
            session: Some(session.clone()),
            standing,
            ..Caller::of(account, identity)
        })
    }

    /// The standing of a user or role, if it is still the one that the credentials were made for.
    async fn standing(
        &self,
        account: AccountId,
        entity: Entity<'_>,
        unique_id: &str,
    ) -> Result<Arc<Standing>, Failure> {
        let tx: Tx = self.shared.store.begin();
        let standing = self.shared.directory.standing(&tx, account, entity).await;
        let standing = standing.map_err(Failure::internal)?;
        let standing = standing.filter(|standing| standing.unique_id == unique_id);
        standing.ok_or_else(|| refuse(AuthError::UnrecognizedClient))
    }

    /// Behind a federated user of the root user stands somebody who may do everything.
    fn root_standing(&self, account: AccountId) -> Result<Arc<Standing>, Failure> {
        let everything = managed::by_arn(managed::ADMINISTRATOR_ACCESS)
            .ok_or_else(|| Failure::internal("AdministratorAccess is not there"))?;
        let compiled = self.shared.directory.compile(
            authz::Kind::Identity,
            managed::ADMINISTRATOR_ACCESS,
            everything.document(),
        );
        let policies = vec![compiled.map_err(Failure::internal)?];
        Ok(Arc::new(Standing::of_root(account, policies)))
    }
}

/// IAM takes a user's session only with a second factor, and a federated user's never
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>).
fn is_barred_from_iam(session: &Session) -> bool {
    match session.actor {
        Actor::Role { .. } => false,
        Actor::Federated { .. } => true,
        Actor::Root | Actor::User { .. } => session.mfa.is_none(),
    }
}

fn user(name: &str, standing: &Standing) -> Identity {
    Identity::User {
        name: name.to_owned(),
        unique_id: standing.unique_id.clone(),
        arn: standing.arn.clone(),
    }
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
