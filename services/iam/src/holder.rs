//! Who holds access keys and second factors: a user, or the account's root user.
//!
//! Where a request names nobody, the caller is meant
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>).

use std::sync::Arc;

use base::{Arn, Region};
use identity::credentials::{Owner, RootUser};
use identity::record::{self, MfaOwner, User};
use platform::{Call, Identity, Resource};
use shape::Failure;

use crate::find::{self, OrInternal as _};

/// Somebody who holds credentials.
pub(crate) enum Holder {
    /// The account's root user.
    Root(Arc<RootUser>),
    /// A user.
    User(Arc<User>),
}

impl Holder {
    /// The user with this name; the caller where there is none.
    ///
    /// # Errors
    /// `NoSuchEntity`; `ValidationError` if nobody is named by a caller who is neither user nor root user.
    pub(crate) async fn named(call: &mut Call, name: Option<&str>) -> Result<Self, Failure> {
        if name.is_none() && call.caller.identity == Identity::Root {
            return Self::root(call).await;
        }
        find::user(call, name).await.map(Self::User)
    }

    /// The account's root user. It has a record from when it first has something to keep there.
    pub(crate) async fn root(call: &mut Call) -> Result<Self, Failure> {
        let (scope, account) = (find::scope(call), call.account());
        let found = call.tx.get::<RootUser>(&scope, account.as_str()).await.or_internal()?;
        Ok(Self::Root(found.unwrap_or_default()))
    }

    /// The user's name; the root user has none.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Root(_) => None,
            Self::User(user) => Some(&user.name),
        }
    }

    /// Ids of its access keys.
    pub(crate) fn access_keys(&self) -> &[String] {
        match self {
            Self::Root(root) => &root.access_keys,
            Self::User(user) => &user.access_keys,
        }
    }

    pub(crate) fn access_keys_mut(&mut self) -> &mut Vec<String> {
        match self {
            Self::Root(root) => &mut Arc::make_mut(root).access_keys,
            Self::User(user) => &mut Arc::make_mut(user).access_keys,
        }
    }

    /// Names of its MFA devices.
    pub(crate) fn mfa_devices(&self) -> &[String] {
        match self {
            Self::Root(root) => &root.mfa_devices,
            Self::User(user) => &user.mfa_devices,
        }
    }

    pub(crate) fn mfa_devices_mut(&mut self) -> &mut Vec<String> {
        match self {
            Self::Root(root) => &mut Arc::make_mut(root).mfa_devices,
            Self::User(user) => &mut Arc::make_mut(user).mfa_devices,
        }
    }

    /// As access keys name it.
    pub(crate) fn owner(&self) -> Owner {
        match self {
            Self::Root(_) => Owner::Root,
            Self::User(user) => {
                Owner::User { name: user.name.clone(), unique_id: user.unique_id.clone() }
            }
        }
    }

    /// As MFA devices name it.
    pub(crate) fn mfa_owner(&self) -> MfaOwner {
        match self {
            Self::Root(_) => MfaOwner::Root,
            Self::User(user) => MfaOwner::User(user.name.clone()),
        }
    }

    /// What authorization judges.
    pub(crate) fn resource(&self, call: &Call) -> Resource {
        let account = call.account();
        match self {
            Self::Root(_) => {
                let arn = Arn::new("iam", &Region::default(), account, "root");
                Resource::new(arn, find::USER, account)
            }
            Self::User(user) => find::user_resource(account, user),
        }
    }

    /// Keeps what was changed.
    ///
    /// # Errors
    /// A failing store.
    pub(crate) fn save(&self, call: &mut Call) -> Result<(), Failure> {
        let (scope, account) = (find::scope(call), call.account());
        match self {
            Self::Root(root) => call.tx.put(&scope, account.as_str(), &**root),
            Self::User(user) => call.tx.put(&scope, &record::id(&user.name), &**user),
        }
        .or_internal()
    }
}

/// What authorization judges where a request names a user, or by naming none its caller.
///
/// # Errors
/// As [`Holder::named`].
pub(crate) async fn resources(
    call: &mut Call,
    name: Option<&str>,
) -> Result<Vec<Resource>, Failure> {
    let holder = Holder::named(call, name).await?;
    Ok(vec![holder.resource(call)])
}
