//! Temporary credentials. A session is kept nowhere: its token *is* the session, sealed for its account, with the secret
//! access key inside. Any node can read it, restarts do not end it, and nothing has to be swept up when it expires.
//!
//! What a session may do is looked up anew on every call, so a changed role changes its sessions at once; a session of
//! a deleted user or role is nobody's.

use std::sync::Arc;

use base::{AccountId, Random, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyring::{Keyring, Sealed, Secret};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use store::Scope;
use wire::sigv4::SecretKey;
use zeroize::Zeroizing;

use crate::error::IdentityError;
use crate::ids;

/// Sessions kept ready in memory.
const CACHED: usize = 10_000;
/// Longest session token that is looked at, in characters. AWS's own stay below 4,096; policies and tags of the largest
/// sizes fit in this one.
pub const TOKEN_MAX_CHARS: usize = 16 * 1024;
/// What every token begins with, so that a damaged one is told from a stranger's.
const TOKEN_PREFIX: &str = "BastideSession1";
/// The key among [`Session::federated`] that names the provider.
pub const PROVIDER: &str = "aws:FederatedProvider";
/// What a token is bound to besides its account.
const SEAL_CONTEXT: &[u8] = b"identity/session/";

/// A session: who acts in it, until when and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The account that it acts in.
    pub account: AccountId,
    /// Who acts.
    pub actor: Actor,
    /// When it began (`aws:TokenIssueTime`).
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When a second factor was shown; none if none was.
    #[serde(default)]
    pub mfa: Option<Timestamp>,
    /// Session policies that were passed as documents.
    #[serde(default)]
    pub policies: Vec<Arc<str>>,
    /// ARNs of managed policies that were passed as session policies.
    #[serde(default)]
    pub policy_arns: Vec<String>,
    /// Session tags.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    /// Keys of those tags that follow into sessions of further roles.
    #[serde(default)]
    pub transitive: Vec<String>,
    /// `aws:SourceIdentity`, which stays through all further roles.
    #[serde(default)]
    pub source_identity: Option<String>,
    /// Condition keys that an outside provider's assertion left (`issuer:sub`, `aws:FederatedProvider`…).
    #[serde(default)]
    pub federated: Vec<(String, String)>,
}

/// Who acts in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The root user, by `GetSessionToken`.
    Root,
    /// A user, by `GetSessionToken`.
    User {
        /// The user's name.
        name: String,
        /// The user's unique id.
        unique_id: String,
    },
    /// A role.
    Role {
        /// The role's name.
        name: String,
        /// The role's path.
        path: String,
        /// The role's unique id.
        unique_id: String,
        /// The session's name.
        session: String,
        /// Whether the role was assumed from another role's session, which limits it to an hour.
        #[serde(default)]
        chained: bool,
    },
    /// A federated user, by `GetFederationToken`.
    Federated {
        /// Its name.
        name: String,
        /// The name of the user who asked for it; none for the root user.
        user: Option<String>,
        /// The unique id of that user, or the account's number for the root user.
        unique_id: String,
    },
}

/// New temporary credentials: shown once, when they are made.
pub struct NewSession {
    /// `ASIA…`.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The token that goes with it.
    pub token: String,
    /// The session.
    pub session: Arc<Session>,
}

/// A session whose token was opened.
pub struct OpenSession {
    token: Box<str>,
    /// The session.
    pub session: Arc<Session>,
    /// Its secret, to check signatures with.
    pub secret: SecretKey,
}

/// Makes session tokens and opens them.
pub struct Sessions {
    keyring: Arc<Keyring>,
    cache: Cache<String, Arc<OpenSession>>,
}

/// What a token seals.
#[derive(Serialize, Deserialize)]
struct Content<'a> {
    secret: std::borrow::Cow<'a, str>,
    session: std::borrow::Cow<'a, Session>,
}

impl Sessions {
    pub(crate) fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring, cache: Cache::new(CACHED) }
    }

    pub(crate) fn mint(
        &self,
        session: Session,
        secret: &Secret,
        random: &dyn Random,
    ) -> Result<NewSession, IdentityError> {
        let access_key_id = ids::access_key_id(session.account, true, random);
        let text = std::str::from_utf8(secret.expose())
            .map_err(|_| IdentityError::Damaged("secret access key"))?;
        let content =
            Content { secret: text.into(), session: std::borrow::Cow::Borrowed(&session) };
        let content = Zeroizing::new(
            serde_json::to_vec(&content).map_err(|_| IdentityError::Damaged("session"))?,
        );
        let sealed = self
            .keyring
            .seal(session.account, &Scope::system().region, &context(&access_key_id), &content)
            .map_err(IdentityError::Seal)?;
        Ok(NewSession {
            access_key_id,
            secret_access_key: Secret::new(secret.expose().to_vec()),
            token: TOKEN_PREFIX.to_owned() + &STANDARD.encode(sealed.as_bytes()),
            session: Arc::new(session),
        })
    }

    /// Opens the token that came with `access_key_id`; `None` if it is none of ours or another key's. Whether it is still
    /// valid is for the caller to see.
    pub fn open(&self, access_key_id: &str, token: &str) -> Option<Arc<OpenSession>> {
        if let Some(known) = self.cache.get(access_key_id)
            && *known.token == *token
        {
            return Some(known);
        }
        if token.len() > TOKEN_MAX_CHARS {
            return None;
        }
        let account = ids::account_of(access_key_id)?;
        let sealed = Sealed::from_bytes(STANDARD.decode(token.strip_prefix(TOKEN_PREFIX)?).ok()?);
        let region = &Scope::system().region;
        let opened = self.keyring.unseal(account, region, &context(access_key_id), &sealed).ok()?;
        let content: Content<'_> = serde_json::from_slice(opened.expose()).ok()?;
        let open = Arc::new(OpenSession {
            token: token.into(),
            secret: SecretKey::new(&*content.secret),
            session: Arc::new(content.session.into_owned()),
        });
        self.cache.insert(access_key_id.to_owned(), open.clone());
        Some(open)
    }

    pub(crate) fn clear(&self) {
        self.cache.clear();
    }
}

/// Whether a token says that it was made here. Whether it was, opening it shows.
pub fn is_ours(token: &str) -> bool {
    token.starts_with(TOKEN_PREFIX)
}

fn context(access_key_id: &str) -> Vec<u8> {
    [SEAL_CONTEXT, access_key_id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> (Sessions, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let source = keyring::Source::File { path: folder.path().join("root.key") };
        (Sessions::new(Arc::new(Keyring::open(&source).expect("a root key"))), folder)
    }

    fn session() -> Session {
        Session {
            account: AccountId::DEFAULT,
            actor: Actor::Root,
            issued: Timestamp::EPOCH,
            expires: Timestamp::MAX,
            mfa: None,
            policies: vec!["{}".into()],
            policy_arns: Vec::new(),
            tags: vec![("Team".into(), "red".into())],
            transitive: Vec::new(),
            source_identity: None,
            federated: Vec::new(),
        }
    }

    #[test]
    fn a_token_is_its_session_and_opens_for_its_own_key_only() {
        let (sessions, _folder) = sessions();
        let secret = Secret::new(b"secret".to_vec());
        let made = sessions.mint(session(), &secret, &base::random::System).expect("a session");
        let other = ids::access_key_id(AccountId::DEFAULT, true, &base::random::System);
        assert!(sessions.open(&other, &made.token).is_none());
        let open = sessions.open(&made.access_key_id, &made.token).expect("it opens");
        assert_eq!(*open.session, session());
        // What is remembered for the key does not stand in for another token.
        assert!(sessions.open(&made.access_key_id, "AAAA").is_none());
        let mut forged = made.token.into_bytes();
        forged[40] ^= 1;
        let forged = String::from_utf8(forged).expect("text");
        assert!(sessions.open(&made.access_key_id, &forged).is_none());
    }

    #[test]
    fn a_token_shows_neither_secret_nor_session() {
        let (sessions, _folder) = sessions();
        let secret = Secret::new(b"secret".to_vec());
        let made = sessions.mint(session(), &secret, &base::random::System).expect("a session");
        let bytes = STANDARD.decode(&made.token[TOKEN_PREFIX.len()..]).expect("base64");
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
    }
}
