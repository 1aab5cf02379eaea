//! Who uses a policy.

use std::sync::Arc;

use api_iam::operations::ListEntitiesForPolicy;
use api_iam::{
    EntityType, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyGroup,
    PolicyRole, PolicyUsageType, PolicyUser,
};
use identity::record::{Group, Role, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::bearer::Bearer;
use crate::paging::{self, Page};
use crate::{Iam, find, managed};

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service.operation::<ListEntitiesForPolicy, _>(iam)
}

/// Somebody who uses a policy: name and unique id.
enum Entity {
    Group(String, String),
    Role(String, String),
    User(String, String),
}

impl Handle<ListEntitiesForPolicy> for Iam {
    const FACTS: Facts = Facts::read("iam:ListEntitiesForPolicy").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListEntitiesForPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListEntitiesForPolicyRequest,
    ) -> Result<ListEntitiesForPolicyResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let wanted =
            |kind: EntityType| input.entity_filter.as_ref().is_none_or(|filter| *filter == kind);
        let mut users = Vec::new();
        if wanted(EntityType::Group) {
            users.extend(of_kind::<Group>(call, input, Entity::Group).await?);
        }
        if wanted(EntityType::Role) {
            users.extend(of_kind::<Role>(call, input, Entity::Role).await?);
        }
        if wanted(EntityType::User) {
            users.extend(of_kind::<User>(call, input, Entity::User).await?);
        }
        let found = page.select(users);
        let (mut groups, mut roles, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for entity in found.items {
            match entity {
                Entity::Group(name, id) => {
                    groups.push(PolicyGroup { group_name: Some(name), group_id: Some(id) });
                }
                Entity::Role(name, id) => {
                    roles.push(PolicyRole { role_name: Some(name), role_id: Some(id) });
                }
                Entity::User(name, id) => {
                    users.push(PolicyUser { user_name: Some(name), user_id: Some(id) });
                }
            }
        }
        Ok(ListEntitiesForPolicyResponse {
            policy_groups: Some(groups),
            policy_users: Some(users),
            policy_roles: Some(roles),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

async fn of_kind<B: Bearer>(
    call: &Call,
    input: &ListEntitiesForPolicyRequest,
    entity: fn(String, String) -> Entity,
) -> Result<Vec<(String, Entity)>, Failure> {
    let all = find::all::<B>(call).await?.into_iter();
    let users = all.filter(|(_, bearer)| {
        uses(&**bearer, input.policy_arn(), input.policy_usage_filter.as_ref())
            && paging::has_prefix(bearer.path(), input.path_prefix.as_deref())
    });
    Ok(users
        .map(|(id, bearer)| {
            let shown = entity(bearer.name().to_owned(), bearer.unique_id().to_owned());
            (format!("{}/{id}", B::WORD), shown)
        })
        .collect())
}

/// Whether a user, group or role uses the policy, in this way or in any.
pub(crate) fn uses<B: Bearer>(bearer: &B, arn: &str, usage: Option<&PolicyUsageType>) -> bool {
    let attached = bearer.policies().attached.iter().any(|known| known == arn);
    let bound = bearer.boundary() == Some(arn);
    match usage {
        Some(PolicyUsageType::PermissionsPolicy) => attached,
        Some(PolicyUsageType::PermissionsBoundary) => bound,
        _ => attached || bound,
    }
}
