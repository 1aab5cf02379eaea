//! Managed policies on users, groups and roles: attaching, detaching, and which are attached to whom.

use std::sync::Arc;

use api_iam::AttachedPolicy;
use api_iam::error::LIMIT_EXCEEDED_EXCEPTION;
use api_iam::operations::{
    AttachGroupPolicy, AttachRolePolicy, AttachUserPolicy, DetachGroupPolicy, DetachRolePolicy,
    DetachUserPolicy, ListAttachedGroupPolicies, ListAttachedRolePolicies,
    ListAttachedUserPolicies,
};
use identity::record::{Group, Role, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::{Failure, Operation};

use crate::bearer::{self, Bearer};
use crate::paging::{self, Found, Page};
use crate::{Iam, managed, uses};

/// Managed policies on one user, group or role at most.
pub(crate) const ATTACHED_MAX: usize = 10;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<AttachUserPolicy, _>(iam)
        .operation::<AttachGroupPolicy, _>(iam)
        .operation::<AttachRolePolicy, _>(iam)
        .operation::<DetachUserPolicy, _>(iam)
        .operation::<DetachGroupPolicy, _>(iam)
        .operation::<DetachRolePolicy, _>(iam)
        .operation::<ListAttachedUserPolicies, _>(iam)
        .operation::<ListAttachedGroupPolicies, _>(iam)
        .operation::<ListAttachedRolePolicies, _>(iam)
}

macro_rules! attachments {
    ($bearer:ty, $word:literal, $name:ident, $keys:expr, $attach:ident, $detach:ident, $list:ident) => {
        attachments!(change $bearer, $word, $name, $keys, $attach, attach);
        attachments!(change $bearer, $word, $name, $keys, $detach, detach);

        impl Handle<$list> for Iam {
            const FACTS: Facts = Facts::read(concat!("iam:", stringify!($list))).on(&[$word]);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$list as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                bearer::named::<$bearer>(call, input.$name()).await
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$list as Operation>::Input,
            ) -> Result<<$list as Operation>::Output, Failure> {
                let page = Page::new(input.max_items, input.marker.as_deref())?;
                let prefix = input.path_prefix.as_deref();
                let found = list::<$bearer>(call, input.$name(), &page, prefix).await?;
                type Output = <$list as Operation>::Output;
                Ok(Output {
                    attached_policies: Some(found.items),
                    is_truncated: Some(found.truncated),
                    marker: found.marker,
                })
            }
        }
    };
    (change $bearer:ty, $word:literal, $name:ident, $keys:expr, $operation:ident, $change:ident) => {
        impl Handle<$operation> for Iam {
            const FACTS: Facts =
                Facts::write(concat!("iam:", stringify!($operation))).on(&[$word]).keys($keys);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$operation as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                bearer::bounded::<$bearer>(call, input.$name()).await
            }

            fn conditions(
                &self,
                _call: &Call,
                input: &<$operation as Operation>::Input,
                request: &mut authz::Request,
            ) {
                request.context.set("iam:PolicyARN", input.policy_arn().to_owned());
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$operation as Operation>::Input,
            ) -> Result<<$operation as Operation>::Output, Failure> {
                $change::<$bearer>(call, input.$name(), input.policy_arn()).await?;
                Ok(<$operation as Operation>::Output::default())
            }
        }
    };
}

/// Condition keys where a boundary can limit the identity.
const BOUNDED_KEYS: &[&str] = &["iam:PolicyARN", "iam:PermissionsBoundary"];

attachments!(
    User,
    "user",
    user_name,
    BOUNDED_KEYS,
    AttachUserPolicy,
    DetachUserPolicy,
    ListAttachedUserPolicies
);
attachments!(
    Group,
    "group",
    group_name,
    &["iam:PolicyARN"],
    AttachGroupPolicy,
    DetachGroupPolicy,
    ListAttachedGroupPolicies
);
attachments!(
    Role,
    "role",
    role_name,
    BOUNDED_KEYS,
    AttachRolePolicy,
    DetachRolePolicy,
    ListAttachedRolePolicies
);

async fn attach<B: Bearer>(call: &mut Call, name: &str, arn: &str) -> Result<(), Failure> {
    let mut bearer = bearer::take::<B>(call, name).await?;
    managed::attachable(call, arn).await?;
    let attached = &mut bearer.policies_mut().attached;
    // Attaching twice is no error and changes nothing.
    if attached.iter().any(|known| known == arn) {
        return Ok(());
    }
    if attached.len() >= ATTACHED_MAX {
        let quota = B::CAPITALIZED;
        let text = format!("Cannot exceed quota for PoliciesPer{quota}: {ATTACHED_MAX}");
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
    }
    attached.push(arn.to_owned());
    bearer::save(call, &bearer)?;
    uses::attached(call, arn).await
}

async fn detach<B: Bearer>(call: &mut Call, name: &str, arn: &str) -> Result<(), Failure> {
    let mut bearer = bearer::take::<B>(call, name).await?;
    let attached = &mut bearer.policies_mut().attached;
    let before = attached.len();
    attached.retain(|known| known != arn);
    if attached.len() == before {
        return Err(managed::not_found(arn));
    }
    bearer::save(call, &bearer)?;
    uses::detached(call, arn).await
}

async fn list<B: Bearer>(
    call: &mut Call,
    name: &str,
    page: &Page,
    prefix: Option<&str>,
) -> Result<Found<AttachedPolicy>, Failure> {
    let bearer = bearer::find::<B>(call, name).await?;
    let listed = bearer.policies().attached.iter().filter_map(|arn| {
        let (path, _) = path_and_name(arn)?;
        paging::has_prefix(path, prefix).then(|| (arn.clone(), show(arn)))
    });
    Ok(page.select(listed))
}

/// An attached policy as the API shows it.
pub(crate) fn show(arn: &str) -> AttachedPolicy {
    AttachedPolicy {
        policy_name: path_and_name(arn).map(|(_, name)| name.to_owned()),
        policy_arn: Some(arn.to_owned()),
    }
}

/// Path and name of a policy's ARN.
pub(crate) fn path_and_name(arn: &str) -> Option<(&str, &str)> {
    let (_, place) = arn.split_once(":policy")?;
    Some(place.split_at(place.rfind('/')? + 1))
}
