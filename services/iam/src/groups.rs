//! Groups: making, finding, changing and deleting them. Who is in one is in `members`.

use std::sync::Arc;

use api_iam::error::DELETE_CONFLICT_EXCEPTION;
use api_iam::operations::{CreateGroup, DeleteGroup, GetGroup, ListGroups, UpdateGroup};
use api_iam::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, GetGroupRequest, GetGroupResponse,
    ListGroupsRequest, ListGroupsResponse, Unit, UpdateGroupRequest,
};
use base::AccountId;
use identity::ids;
use identity::record::{self, Group, Policies, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::paging::{self, Page};
use crate::users::ROOT_PATH;
use crate::{Iam, members, users};

/// Groups of an account at most.
pub(crate) const GROUPS_MAX: usize = 300;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateGroup, _>(iam)
        .operation::<GetGroup, _>(iam)
        .operation::<ListGroups, _>(iam)
        .operation::<UpdateGroup, _>(iam)
        .operation::<DeleteGroup, _>(iam)
}

impl Handle<CreateGroup> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateGroup").on(&["group"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateGroupRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        Ok(vec![find::named(call.account(), find::GROUP, "group", path, input.group_name())])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateGroupRequest,
    ) -> Result<CreateGroupResponse, Failure> {
        let (scope, name) = (find::scope(call), input.group_name());
        let id = record::id(name);
        if call.tx.get::<Group>(&scope, &id).await.or_internal()?.is_some() {
            return Err(find::exists("Group", name));
        }
        find::within_quota::<Group>(call, "GroupsPerAccount", GROUPS_MAX).await?;
        let group = Group {
            name: name.to_owned(),
            path: input.path.clone().unwrap_or_else(|| ROOT_PATH.to_owned()),
            unique_id: ids::unique_id(ids::Prefix::Group, call.random()),
            created: call.now.trunc_seconds(),
            policies: Policies::default(),
        };
        call.tx.create(&scope, &id, &group).or_internal()?;
        Ok(CreateGroupResponse { group: Some(show(call.account(), &group)) })
    }
}

impl Handle<GetGroup> for Iam {
    const FACTS: Facts = Facts::read("iam:GetGroup").on(&["group"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetGroupRequest,
    ) -> Result<Vec<Resource>, Failure> {
        resources(call, input.group_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetGroupRequest,
    ) -> Result<GetGroupResponse, Failure> {
        let group = find::group(call, input.group_name()).await?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let account = call.account();
        let member =
            |user: &User| members::is_in(user, &group.name).then(|| users::listed(account, user));
        let found = page.scan(&call.tx, &find::scope(call), member).await?;
        Ok(GetGroupResponse {
            group: Some(show(account, &group)),
            users: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<ListGroups> for Iam {
    const FACTS: Facts = Facts::read("iam:ListGroups");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListGroupsRequest,
    ) -> Result<ListGroupsResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let (account, prefix) = (call.account(), input.path_prefix.as_deref());
        let listed =
            |group: &Group| paging::has_prefix(&group.path, prefix).then(|| show(account, group));
        let found = page.scan(&call.tx, &find::scope(call), listed).await?;
        Ok(ListGroupsResponse {
            groups: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateGroup> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateGroup").on(&["group"]);

    // Whoever renames needs permission for what there is and for what comes of it.
    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateGroupRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let group = find::group(call, input.group_name()).await?;
        let path = input.new_path.as_ref().unwrap_or(&group.path);
        let name = input.new_group_name.as_ref().unwrap_or(&group.name);
        let target = find::named(call.account(), find::GROUP, "group", path, name);
        let source = find::group_resource(call.account(), &group);
        Ok(if target.arn == source.arn { vec![source] } else { vec![source, target] })
    }

    async fn handle(&self, call: &mut Call, input: &UpdateGroupRequest) -> Result<Unit, Failure> {
        let mut group = Group::clone(&*find::group(call, input.group_name()).await?);
        if let Some(path) = &input.new_path {
            group.path.clone_from(path);
        }
        let (scope, old) = (find::scope(call), record::id(&group.name));
        if let Some(name) = &input.new_group_name {
            let id = record::id(name);
            if id != old && call.tx.get::<Group>(&scope, &id).await.or_internal()?.is_some() {
                return Err(find::exists("Group", name));
            }
            members::follow(call, &group.name, name).await?;
            group.name.clone_from(name);
            call.tx.delete::<Group>(&scope, &old).or_internal()?;
        }
        call.tx.put(&scope, &record::id(&group.name), &group).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<DeleteGroup> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteGroup").on(&["group"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteGroupRequest,
    ) -> Result<Vec<Resource>, Failure> {
        resources(call, input.group_name()).await
    }

    async fn handle(&self, call: &mut Call, input: &DeleteGroupRequest) -> Result<Unit, Failure> {
        let group = find::group(call, input.group_name()).await?;
        let has_members = !members::of(call, &group.name).await?.is_empty();
        let hangs_on_it = [
            (has_members, "remove users from group"),
            (!group.policies.attached.is_empty(), "detach all policies"),
            (!group.policies.inline.is_empty(), "delete policies"),
        ];
        if let Some((_, first)) = hangs_on_it.into_iter().find(|(hangs, _)| *hangs) {
            let text = format!("Cannot delete entity, must {first} first.");
            return Err(DELETE_CONFLICT_EXCEPTION.because(text));
        }
        let scope = find::scope(call);
        call.tx.delete::<Group>(&scope, &record::id(&group.name)).or_internal()?;
        Ok(Unit::default())
    }
}

/// What authorization judges where a request names a group.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn resources(call: &mut Call, name: &str) -> Result<Vec<Resource>, Failure> {
    let group = find::group(call, name).await?;
    Ok(vec![find::group_resource(call.account(), &group)])
}

/// A group as the API shows it.
pub(crate) fn show(account: AccountId, group: &Group) -> api_iam::Group {
    api_iam::Group {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.unique_id.clone()),
        arn: Some(ids::arn(account, "group", &group.path, &group.name)),
        create_date: Some(group.created),
    }
}
