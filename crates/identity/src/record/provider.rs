//! Outside identity providers, and devices for the second factor.

use base::Timestamp;
use keyring::Sealed;
use serde::{Deserialize, Serialize};
use store::Record;

use super::{SERVICE, Tags};

/// An OpenID Connect provider. Its id in the store is its URL without scheme, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProvider {
    /// The URL without `https://`: the issuer, and the first part of its condition keys (`issuer:sub`).
    pub url: String,
    /// Audiences (client ids) that tokens may be for.
    pub client_ids: Vec<String>,
    /// SHA-1 thumbprints of the certificate of an authority that its server's chain may lead to, in lower case hex.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A SAML provider. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProvider {
    /// The name as it was given.
    pub name: String,
    /// Its id in the answers of `GetSAMLProvider`.
    #[serde(default)]
    pub uuid: String,
    /// The metadata document, which [`crate::saml::Metadata`] reads.
    pub metadata: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its metadata end to be valid.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A virtual MFA device. Its id in the store is [`super::id`] of its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MfaDevice {
    /// The name as it was given.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// The TOTP seed (RFC 6238), sealed.
    pub seed: Sealed,
    /// When it was made.
    pub created: Timestamp,
    /// Whose it is, once enabled.
    #[serde(default)]
    pub owner: Option<MfaOwner>,
    /// When it was enabled.
    #[serde(default)]
    pub enabled: Option<Timestamp>,
    /// The last time step of which a code was accepted; no code is accepted twice.
    #[serde(default)]
    pub last_step: i64,
    /// Time steps by which its clock is ahead of ours, as far as it was shown.
    #[serde(default)]
    pub drift: i64,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// Whose an MFA device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MfaOwner {
    /// The root user's.
    Root,
    /// A user's, by name.
    User(String),
}

impl Record for OidcProvider {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "oidc-provider";
}

impl Record for SamlProvider {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "saml-provider";
}

impl Record for MfaDevice {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "mfa-device";
}
