//! Users, groups and roles as what policies are attached to. What an operation does to any of the three is written once, over
//! [`Bearer`].

use api_iam::error::UNMODIFIABLE_ENTITY_EXCEPTION;
use base::AccountId;
use identity::record::{self, Group, Policies, Role, Tags, User};
use platform::{Call, Resource};
use shape::Failure;
use std::sync::Arc;
use store::Record;

use crate::find::{self, OrInternal as _};

/// A user, group or role.
pub(crate) trait Bearer: Record + Clone + Send + Sync + 'static {
    /// IAM's word for it, which also begins the last part of its ARN: `user`, `group`, `role`.
    const WORD: &'static str;
    /// The word with a capital, as the names of quotas have it.
    const CAPITALIZED: &'static str;
    /// CloudFormation's type.
    const TYPE: &'static str;
    /// Characters of all its inline policies together at most, without white space.
    const INLINE_MAX_CHARS: usize;

    /// Its name.
    fn name(&self) -> &str;
    /// Its path.
    fn path(&self) -> &str;
    /// Its unique id.
    fn unique_id(&self) -> &str;
    /// Its policies.
    fn policies(&self) -> &Policies;
    /// Its policies, to change them.
    fn policies_mut(&mut self) -> &mut Policies;
    /// The ARN of its permissions boundary.
    fn boundary(&self) -> Option<&str> {
        None
    }
    /// Its tags.
    fn tags(&self) -> Tags {
        Tags::new()
    }
    /// Fails if only AWS may change it.
    ///
    /// # Errors
    /// `UnmodifiableEntity`.
    fn modifiable(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A bearer whose permissions a boundary can limit.
pub(crate) trait Bounded: Bearer {
    /// Sets or removes the boundary.
    fn set_boundary(&mut self, boundary: Option<String>);
}

/// The bearer of this name.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn find<B: Bearer>(call: &mut Call, name: &str) -> Result<Arc<B>, Failure> {
    let found = call.tx.get::<B>(&find::scope(call), &record::id(name)).await.or_internal()?;
    found.ok_or_else(|| find::nothing(B::WORD, name))
}

/// The bearer of this name, to be changed and given to [`save`].
///
/// # Errors
/// `NoSuchEntity`, `UnmodifiableEntity`.
pub(crate) async fn take<B: Bearer>(call: &mut Call, name: &str) -> Result<B, Failure> {
    let found = find::<B>(call, name).await?;
    found.modifiable()?;
    Ok(B::clone(&found))
}

/// Keeps the changed bearer.
///
/// # Errors
/// A store that does not take the record.
pub(crate) fn save<B: Bearer>(call: &mut Call, bearer: &B) -> Result<(), Failure> {
    call.tx.put(&find::scope(call), &record::id(bearer.name()), bearer).or_internal()
}

/// The bearer of this name as authorization and audit see it.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn named<B: Bearer>(
    call: &mut Call,
    name: &str,
) -> Result<Vec<Resource>, Failure> {
    let found = find::<B>(call, name).await?;
    Ok(vec![resource(call.account(), &*found)])
}

/// As [`named`], with `iam:PermissionsBoundary` being the boundary that it has.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn bounded<B: Bearer>(
    call: &mut Call,
    name: &str,
) -> Result<Vec<Resource>, Failure> {
    let found = find::<B>(call, name).await?;
    let resource = resource(call.account(), &*found);
    Ok(vec![match found.boundary() {
        Some(boundary) => resource.with("iam:PermissionsBoundary", boundary.to_owned()),
        None => resource,
    }])
}

/// A bearer as authorization and audit see it.
pub(crate) fn resource<B: Bearer>(account: AccountId, bearer: &B) -> Resource {
    let resource = find::named(account, B::TYPE, B::WORD, bearer.path(), bearer.name());
    Resource { tags: bearer.tags(), ..resource }
}

macro_rules! bearer {
    ($type:ty, $word:literal, $capitalized:literal, $cfn:expr, $chars:literal, { $($more:item)* }) => {
        impl Bearer for $type {
            const WORD: &'static str = $word;
            const CAPITALIZED: &'static str = $capitalized;
            const TYPE: &'static str = $cfn;
            const INLINE_MAX_CHARS: usize = $chars;

            fn name(&self) -> &str {
                &self.name
            }
            fn path(&self) -> &str {
                &self.path
            }
            fn unique_id(&self) -> &str {
                &self.unique_id
            }
            fn policies(&self) -> &Policies {
                &self.policies
            }
            fn policies_mut(&mut self) -> &mut Policies {
                &mut self.policies
            }
            $($more)*
        }
    };
}

bearer!(User, "user", "User", find::USER, 2_048, {
    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
    fn tags(&self) -> Tags {
        self.tags.clone()
    }
});
bearer!(Group, "group", "Group", find::GROUP, 5_120, {});
bearer!(Role, "role", "Role", find::ROLE, 10_240, {
    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
    fn tags(&self) -> Tags {
        self.tags.clone()
    }
    fn modifiable(&self) -> Result<(), Failure> {
        if !self.is_service_linked() {
            return Ok(());
        }
        Err(UNMODIFIABLE_ENTITY_EXCEPTION.because(format!(
            "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
            self.name
        )))
    }
});

impl Bounded for User {
    fn set_boundary(&mut self, boundary: Option<String>) {
        self.boundary = boundary;
    }
}

impl Bounded for Role {
    fn set_boundary(&mut self, boundary: Option<String>) {
        self.boundary = boundary;
    }
}
