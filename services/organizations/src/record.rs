//! Records that Organizations alone reads. Those that decisions rest on are `identity`'s.

use base::{AccountId, Timestamp};
use identity::organization::SERVICE;
use identity::record::Tags;
use serde::{Deserialize, Serialize};
use store::Record;

/// Whose an e-mail address is: kept for the whole installation under the address in lower case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    pub account: AccountId,
}

/// A request for an account, kept in the management account's scope under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Creation {
    /// `car-…`.
    pub id: String,
    pub name: String,
    pub email: String,
    /// The role that the management account gets in the new account.
    pub role: String,
    pub tags: Tags,
    pub requested: Timestamp,
    /// How it ended, and when.
    pub ended: Option<(Timestamp, Ended)>,
}

/// How a request for an account ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// There is the account.
    Made(AccountId),
    /// The API's reason for the failure.
    Failed(String),
}

/// The organization's own policy, by which the management account delegates; kept in its scope under the organization's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delegation {
    /// `rp-…`.
    pub id: String,
    pub content: std::sync::Arc<str>,
    pub tags: Tags,
}

/// An agreement between accounts, kept in the management account's scope under its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Handshake {
    /// `h-…`.
    pub id: String,
    /// What it is about.
    pub matter: Matter,
    pub state: State,
    pub requested: Timestamp,
    pub expires: Timestamp,
    /// When it was accepted, declined or cancelled.
    pub ended: Option<Timestamp>,
    /// Free text for the invited account.
    pub notes: Option<String>,
    /// Tags that an invited account gets when it joins.
    pub tags: Tags,
}

/// What a handshake is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Matter {
    /// An account is asked to join.
    Invite {
        /// The account; none if nobody here has the address.
        account: Option<AccountId>,
        /// The address that was written to, if the account was named by it.
        email: Option<String>,
    },
    /// The organization is to get all features.
    EnableAllFeatures,
    /// An invited account is asked to approve that.
    ApproveAllFeatures {
        account: AccountId,
        /// The handshake of kind [`Matter::EnableAllFeatures`].
        parent: String,
    },
}

/// Where a handshake stands. That it expired follows from the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Requested,
    Open,
    Canceled,
    Accepted,
    Declined,
}

/// Where an account finds a handshake that it is asked to answer: kept in the account's scope under the handshake's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub management_account: AccountId,
}

impl Record for Address {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "address";
}

impl Record for Creation {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "creation";
}

impl Record for Delegation {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "delegation";
}

impl Record for Handshake {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "handshake";
}

impl Record for Asked {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "asked";
}
