//! Permissions boundaries of users and roles.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>

use std::sync::Arc;

use api_iam::error::NO_SUCH_ENTITY_EXCEPTION;
use api_iam::operations::{
    DeleteRolePermissionsBoundary, DeleteUserPermissionsBoundary, PutRolePermissionsBoundary,
    PutUserPermissionsBoundary,
};
use api_iam::{AttachedPermissionsBoundary, Unit};
use identity::record::{Role, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::{Failure, Operation};

use crate::bearer::{self, Bounded};
use crate::{Iam, managed, uses};

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<PutUserPermissionsBoundary, _>(iam)
        .operation::<PutRolePermissionsBoundary, _>(iam)
        .operation::<DeleteUserPermissionsBoundary, _>(iam)
        .operation::<DeleteRolePermissionsBoundary, _>(iam)
}

macro_rules! boundaries {
    ($bearer:ty, $word:literal, $name:ident, $put:ident, $delete:ident) => {
        impl Handle<$put> for Iam {
            const FACTS: Facts = Facts::write(concat!("iam:", stringify!($put)))
                .on(&[$word])
                .keys(&["iam:PermissionsBoundary"]);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$put as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                bearer::named::<$bearer>(call, input.$name()).await
            }

            fn conditions(
                &self,
                _call: &Call,
                input: &<$put as Operation>::Input,
                request: &mut authz::Request,
            ) {
                let boundary = input.permissions_boundary().to_owned();
                request.context.set("iam:PermissionsBoundary", boundary);
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$put as Operation>::Input,
            ) -> Result<Unit, Failure> {
                let boundary = input.permissions_boundary();
                set::<$bearer>(call, input.$name(), Some(boundary)).await
            }
        }

        impl Handle<$delete> for Iam {
            const FACTS: Facts = Facts::write(concat!("iam:", stringify!($delete)))
                .on(&[$word])
                .keys(&["iam:PermissionsBoundary"]);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$delete as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                bearer::bounded::<$bearer>(call, input.$name()).await
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$delete as Operation>::Input,
            ) -> Result<Unit, Failure> {
                set::<$bearer>(call, input.$name(), None).await
            }
        }
    };
}

boundaries!(User, "user", user_name, PutUserPermissionsBoundary, DeleteUserPermissionsBoundary);
boundaries!(Role, "role", role_name, PutRolePermissionsBoundary, DeleteRolePermissionsBoundary);

async fn set<B: Bounded>(
    call: &mut Call,
    name: &str,
    boundary: Option<&str>,
) -> Result<Unit, Failure> {
    let mut bearer = bearer::take::<B>(call, name).await?;
    let before = bearer.boundary().map(str::to_owned);
    match boundary {
        Some(arn) => bind(call, arn).await?,
        None if before.is_none() => {
            let word = B::WORD;
            let text = format!("The {word} with name {name} does not have a permissions boundary.");
            return Err(NO_SUCH_ENTITY_EXCEPTION.because(text));
        }
        None => {}
    }
    release(call, before.as_deref()).await?;
    bearer.set_boundary(boundary.map(str::to_owned));
    bearer::save(call, &bearer)?;
    Ok(Unit {})
}

/// Checks and counts a policy that becomes the boundary of a user or role.
///
/// # Errors
/// `InvalidInput` for what is no policy's ARN, `NoSuchEntity`.
pub(crate) async fn bind(call: &mut Call, arn: &str) -> Result<(), Failure> {
    managed::bounding(call, arn).await?;
    uses::bounds(call, arn).await
}

/// Lets go of the boundary of a user or role that is deleted or gets another one.
///
/// # Errors
/// A failing store.
pub(crate) async fn release(call: &mut Call, boundary: Option<&str>) -> Result<(), Failure> {
    match boundary {
        Some(arn) => uses::releases(call, arn).await,
        None => Ok(()),
    }
}

/// A boundary as the API shows it.
pub(crate) fn show(arn: &str) -> AttachedPermissionsBoundary {
    AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".into()),
        permissions_boundary_arn: Some(arn.to_owned()),
    }
}
