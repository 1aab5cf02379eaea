//! Users, groups and roles named by their ARNs.

use std::sync::Arc;

use api_iam::error::{INVALID_INPUT_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION};
use base::Arn;
use identity::record::{Group, Role, User};
use identity::{ids, record};
use platform::{Call, Resource};
use shape::Failure;

use crate::bearer::{self, Bearer};
use crate::find::{self, OrInternal as _};

/// A user, group or role.
pub(crate) enum Principal {
    /// A user.
    User(Arc<User>),
    /// A group.
    Group(Arc<Group>),
    /// A role.
    Role(Arc<Role>),
}

impl Principal {
    /// The one with this ARN.
    ///
    /// # Errors
    /// `InvalidInput` for an ARN of something else, `NoSuchEntity`.
    pub async fn find(call: &mut Call, arn: &str) -> Result<Self, Failure> {
        let invalid = || INVALID_INPUT_EXCEPTION.because(format!("Invalid Entity Arn: {arn}"));
        let parsed: Arn = arn.parse().map_err(|_| invalid())?;
        if parsed.service != "iam" {
            return Err(invalid());
        }
        match parsed.resource.split('/').next() {
            Some("user") => Ok(Self::User(of_arn(call, arn).await?)),
            Some("group") => Ok(Self::Group(of_arn(call, arn).await?)),
            Some("role") => Ok(Self::Role(of_arn(call, arn).await?)),
            _ => Err(invalid()),
        }
    }

    /// As authorization and audit see it.
    pub fn resource(&self, call: &Call) -> Resource {
        match self {
            Self::User(user) => bearer::resource(call.account(), &**user),
            Self::Group(group) => bearer::resource(call.account(), &**group),
            Self::Role(role) => bearer::resource(call.account(), &**role),
        }
    }

    /// What policies it has: its own, and a user's groups'.
    ///
    /// # Errors
    /// A failing store.
    pub async fn bearers(&self, call: &Call) -> Result<Vec<Bearing>, Failure> {
        let mut bearers = Vec::new();
        match self {
            Self::Group(group) => bearers.push(Bearing::of(&**group)),
            Self::Role(role) => bearers.push(Bearing::of(&**role)),
            Self::User(user) => {
                bearers.push(Bearing::of(&**user));
                for name in &user.groups {
                    let id = record::id(name);
                    let group: Option<Arc<Group>> =
                        call.tx.peek(&find::scope(call), &id).await.or_internal()?;
                    bearers.extend(group.map(|group| Bearing::of(&*group)));
                }
            }
        }
        Ok(bearers)
    }
}

/// Somebody's policies, and whose they are.
pub(crate) struct Bearing {
    /// `user`, `group` or `role`.
    pub word: &'static str,
    /// The name of the user, group or role.
    pub name: String,
    /// Its policies.
    pub policies: record::Policies,
}

impl Bearing {
    fn of<B: Bearer>(bearer: &B) -> Self {
        let (name, policies) = (bearer.name().to_owned(), bearer.policies().clone());
        Self { word: B::WORD, name, policies }
    }
}

async fn of_arn<B: Bearer>(call: &mut Call, arn: &str) -> Result<Arc<B>, Failure> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let account = call.account();
    let found = call.tx.get::<B>(&find::scope(call), &record::id(name)).await.or_internal()?;
    let found = found.filter(|b| ids::arn(account, B::WORD, b.path(), b.name()) == arn);
    let text = || format!("ARN {arn} cannot be found.");
    found.ok_or_else(|| NO_SUCH_ENTITY_EXCEPTION.because(text()))
}
