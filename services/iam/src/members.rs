//! Who is in which group. It stands in the users' records, under the groups' names.
//!
//! **Whoever adds a member writes the group too**: a deletion or renaming that runs at the same time then loses its commit to it,
//! or it to them, and no user is left in a group that is gone.

use std::sync::Arc;

use api_iam::error::LIMIT_EXCEEDED_EXCEPTION;
use api_iam::operations::{AddUserToGroup, ListGroupsForUser, RemoveUserFromGroup};
use api_iam::{
    AddUserToGroupRequest, ListGroupsForUserRequest, ListGroupsForUserResponse,
    RemoveUserFromGroupRequest, Unit,
};
use identity::record::{self, Group, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::paging::Page;
use crate::{Iam, groups, holder};

/// Groups of a user at most.
pub(crate) const GROUPS_PER_USER_MAX: usize = 10;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<AddUserToGroup, _>(iam)
        .operation::<RemoveUserFromGroup, _>(iam)
        .operation::<ListGroupsForUser, _>(iam)
}

impl Handle<AddUserToGroup> for Iam {
    const FACTS: Facts = Facts::write("iam:AddUserToGroup").on(&["group"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AddUserToGroupRequest,
    ) -> Result<Vec<Resource>, Failure> {
        groups::resources(call, input.group_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AddUserToGroupRequest,
    ) -> Result<Unit, Failure> {
        let group = find::group(call, input.group_name()).await?;
        let user = find::user(call, input.user_name.as_deref()).await?;
        if is_in(&user, &group.name) {
            return Ok(Unit::default());
        }
        if user.groups.len() >= GROUPS_PER_USER_MAX {
            let text = format!("Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER_MAX}");
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
        }
        let mut user = User::clone(&user);
        user.groups.push(group.name.clone());
        let scope = find::scope(call);
        call.tx.put(&scope, &record::id(&user.name), &user).or_internal()?;
        call.tx.put(&scope, &record::id(&group.name), &*group).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<RemoveUserFromGroup> for Iam {
    const FACTS: Facts = Facts::write("iam:RemoveUserFromGroup").on(&["group"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RemoveUserFromGroupRequest,
    ) -> Result<Vec<Resource>, Failure> {
        groups::resources(call, input.group_name()).await
    }

    // Taking out who is not in it is no error.
    async fn handle(
        &self,
        call: &mut Call,
        input: &RemoveUserFromGroupRequest,
    ) -> Result<Unit, Failure> {
        let group = find::group(call, input.group_name()).await?;
        let mut user = User::clone(&*find::user(call, input.user_name.as_deref()).await?);
        user.groups.retain(|name| !is_same(name, &group.name));
        let scope = find::scope(call);
        call.tx.put(&scope, &record::id(&user.name), &user).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<ListGroupsForUser> for Iam {
    const FACTS: Facts = Facts::read("iam:ListGroupsForUser").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListGroupsForUserRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListGroupsForUserRequest,
    ) -> Result<ListGroupsForUserResponse, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let mut groups = Vec::new();
        for name in &user.groups {
            let id = record::id(name);
            if let Some(group) =
                call.tx.peek::<Group>(&find::scope(call), &id).await.or_internal()?
            {
                groups.push((id, groups::show(call.account(), &group)));
            }
        }
        let found = page.select(groups);
        Ok(ListGroupsForUserResponse {
            groups: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

/// Whether the user is in the group.
pub(crate) fn is_in(user: &User, group: &str) -> bool {
    user.groups.iter().any(|name| is_same(name, group))
}

/// Everyone in the group.
///
/// # Errors
/// A failing store.
pub(crate) async fn of(call: &Call, group: &str) -> Result<Vec<Arc<User>>, Failure> {
    let users = find::all::<User>(call).await?;
    Ok(users.into_iter().map(|(_, user)| user).filter(|user| is_in(user, group)).collect())
}

/// Lets the members of a group follow it to its new name.
///
/// # Errors
/// A failing store.
pub(crate) async fn follow(call: &mut Call, group: &str, new_name: &str) -> Result<(), Failure> {
    let scope = find::scope(call);
    for user in of(call, group).await? {
        let id = record::id(&user.name);
        // Read anew, with a check: it may have changed since.
        let Some(user) = call.tx.get::<User>(&scope, &id).await.or_internal()? else { continue };
        let mut user = User::clone(&user);
        for name in user.groups.iter_mut().filter(|name| is_same(name, group)) {
            new_name.clone_into(name);
        }
        call.tx.put(&scope, &id, &user).or_internal()?;
    }
    Ok(())
}

fn is_same(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
