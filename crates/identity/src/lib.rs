//! Who exists and what speaks for them: the records of users, groups, roles, policies and organizations, the access keys and
//! session tokens that stand for them, and the [`Directory`] that puts together which policies bind a caller.
//!
//! The services IAM, STS and Organizations write here, and the platform reads here on every call; that is why this is a floor of
//! its own. Nothing here decides: that is `authz`. **A changed record is in force with the next call**: what the [`Directory`]
//! keeps ready is used only while the records that it was made from are those of the store.

pub mod credentials;
pub mod directory;
mod error;
pub mod ids;
pub mod managed;
pub mod mfa;
pub mod organization;
pub mod record;
pub mod saml;
pub mod session;

pub use credentials::Credentials;
pub use directory::{Directory, Guardrails, Standing};
pub use error::IdentityError;
pub use session::Session;
