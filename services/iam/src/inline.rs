//! Inline policies of users, groups and roles. Their sizes count together.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>

use std::sync::Arc;

use api_iam::error::{LIMIT_EXCEEDED_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION};
use api_iam::operations::{
    DeleteGroupPolicy, DeleteRolePolicy, DeleteUserPolicy, GetGroupPolicy, GetRolePolicy,
    GetUserPolicy, ListGroupPolicies, ListRolePolicies, ListUserPolicies, PutGroupPolicy,
    PutRolePolicy, PutUserPolicy,
};
use identity::record::{Group, Role, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::{Failure, Operation};

use crate::bearer::{self, Bearer};
use crate::paging::{Found, Page};
use crate::{Iam, documents};

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<PutUserPolicy, _>(iam)
        .operation::<GetUserPolicy, _>(iam)
        .operation::<ListUserPolicies, _>(iam)
        .operation::<DeleteUserPolicy, _>(iam)
        .operation::<PutGroupPolicy, _>(iam)
        .operation::<GetGroupPolicy, _>(iam)
        .operation::<ListGroupPolicies, _>(iam)
        .operation::<DeleteGroupPolicy, _>(iam)
        .operation::<PutRolePolicy, _>(iam)
        .operation::<GetRolePolicy, _>(iam)
        .operation::<ListRolePolicies, _>(iam)
        .operation::<DeleteRolePolicy, _>(iam)
}

macro_rules! inline {
    ($bearer:ty, $word:literal, $name:ident, $keys:expr,
     $put:ident, $get:ident, $list:ident, $delete:ident) => {
        inline!($bearer, $name, $put, bounded,
            Facts::write(concat!("iam:", stringify!($put))).on(&[$word]).keys($keys),
            |call, input| {
                let (policy, text) = (input.policy_name(), input.policy_document());
                put::<$bearer>(call, input.$name(), policy, text).await?;
                Ok(<$put as Operation>::Output::default())
            });
        inline!($bearer, $name, $get, named,
            Facts::read(concat!("iam:", stringify!($get))).on(&[$word]),
            |call, input| {
                let document = get::<$bearer>(call, input.$name(), input.policy_name()).await?;
                type Output = <$get as Operation>::Output;
                Ok(Output {
                    $name: input.$name.clone(),
                    policy_name: input.policy_name.clone(),
                    policy_document: Some(document),
                })
            });
        inline!($bearer, $name, $list, named,
            Facts::read(concat!("iam:", stringify!($list))).on(&[$word]),
            |call, input| {
                let page = Page::new(input.max_items, input.marker.as_deref())?;
                let found = list::<$bearer>(call, input.$name(), &page).await?;
                type Output = <$list as Operation>::Output;
                Ok(Output {
                    policy_names: Some(found.items),
                    is_truncated: Some(found.truncated),
                    marker: found.marker,
                })
            });
        inline!($bearer, $name, $delete, bounded,
            Facts::write(concat!("iam:", stringify!($delete))).on(&[$word]).keys($keys),
            |call, input| {
                delete::<$bearer>(call, input.$name(), input.policy_name()).await?;
                Ok(<$delete as Operation>::Output::default())
            });
    };
    ($bearer:ty, $name:ident, $operation:ident, $resource:ident, $facts:expr,
     |$call:ident, $input:ident| $handle:block) => {
        impl Handle<$operation> for Iam {
            const FACTS: Facts = $facts;

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$operation as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                bearer::$resource::<$bearer>(call, input.$name()).await
            }

            async fn handle(
                &self,
                $call: &mut Call,
                $input: &<$operation as Operation>::Input,
            ) -> Result<<$operation as Operation>::Output, Failure> $handle
        }
    };
}

inline!(
    User,
    "user",
    user_name,
    &["iam:PermissionsBoundary"],
    PutUserPolicy,
    GetUserPolicy,
    ListUserPolicies,
    DeleteUserPolicy
);
inline!(
    Group,
    "group",
    group_name,
    &[],
    PutGroupPolicy,
    GetGroupPolicy,
    ListGroupPolicies,
    DeleteGroupPolicy
);
inline!(
    Role,
    "role",
    role_name,
    &["iam:PermissionsBoundary"],
    PutRolePolicy,
    GetRolePolicy,
    ListRolePolicies,
    DeleteRolePolicy
);

async fn put<B: Bearer>(
    call: &mut Call,
    name: &str,
    policy: &str,
    text: &str,
) -> Result<(), Failure> {
    let mut bearer = bearer::take::<B>(call, name).await?;
    documents::check(authz::Kind::Identity, text)?;
    let inline = &mut bearer.policies_mut().inline;
    inline.insert(policy.to_owned(), text.into());
    let size: usize = inline.values().map(|text| documents::size(text)).sum();
    if size > B::INLINE_MAX_CHARS {
        let (max, word) = (B::INLINE_MAX_CHARS, B::WORD);
        let text = format!("Maximum policy size of {max} bytes exceeded for {word} {name}");
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
    }
    bearer::save(call, &bearer)
}

async fn get<B: Bearer>(call: &mut Call, name: &str, policy: &str) -> Result<String, Failure> {
    let bearer = bearer::find::<B>(call, name).await?;
    let document = bearer.policies().inline.get(policy);
    document.map(|text| documents::encode(text)).ok_or_else(|| no_policy::<B>(policy))
}

async fn list<B: Bearer>(
    call: &mut Call,
    name: &str,
    page: &Page,
) -> Result<Found<String>, Failure> {
    let bearer = bearer::find::<B>(call, name).await?;
    Ok(page.select(bearer.policies().inline.keys().map(|name| (name.clone(), name.clone()))))
}

async fn delete<B: Bearer>(call: &mut Call, name: &str, policy: &str) -> Result<(), Failure> {
    let mut bearer = bearer::take::<B>(call, name).await?;
    if bearer.policies_mut().inline.remove(policy).is_none() {
        return Err(no_policy::<B>(policy));
    }
    bearer::save(call, &bearer)
}

fn no_policy<B: Bearer>(policy: &str) -> Failure {
    let word = B::WORD;
    NO_SUCH_ENTITY_EXCEPTION
        .because(format!("The {word} policy with name {policy} cannot be found."))
}
