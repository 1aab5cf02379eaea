//! Users: making, finding, changing and deleting them.

use std::sync::Arc;

use api_iam::operations::{CreateUser, GetUser, ListUsers};
use api_iam::{
    CreateUserRequest, CreateUserResponse, GetUserRequest, GetUserResponse, ListUsersRequest,
    ListUsersResponse,
};
use base::AccountId;
use identity::ids;
use identity::record::{self, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::paging::{self, Page};
use crate::{Iam, boundaries, tags};

/// The path of what is made without one.
pub(crate) const ROOT_PATH: &str = "/";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateUser, _>(iam)
        .operation::<GetUser, _>(iam)
        .operation::<ListUsers, _>(iam)
}

impl Handle<CreateUser> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateUser").on(&["user"]).keys(&[
        "iam:PermissionsBoundary",
        "aws:TagKeys",
        "aws:RequestTag/${TagKey}",
    ]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateUserRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        Ok(vec![find::named(call.account(), find::USER, "user", path, input.user_name())])
    }

    fn conditions(&self, _call: &Call, input: &CreateUserRequest, request: &mut authz::Request) {
        tags::conditions(request, input.tags.as_ref());
        if let Some(boundary) = &input.permissions_boundary {
            request.context.set("iam:PermissionsBoundary", boundary.clone());
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateUserRequest,
    ) -> Result<CreateUserResponse, Failure> {
        let (scope, name) = (find::scope(call), input.user_name());
        let id = record::id(name);
        if call.tx.get::<User>(&scope, &id).await.or_internal()?.is_some() {
            return Err(find::exists("User", name));
        }
        let unique_id = ids::unique_id(ids::Prefix::User, call.random());
        let mut user = User::new(name, unique_id, call.now.trunc_seconds());
        user.path = input.path.clone().unwrap_or(user.path);
        user.boundary.clone_from(&input.permissions_boundary);
        tags::add(&mut user.tags, input.tags.as_deref().unwrap_or_default())?;
        if let Some(boundary) = &user.boundary {
            boundaries::bind(call, boundary).await?;
        }
        call.tx.create(&scope, &id, &user).or_internal()?;
        Ok(CreateUserResponse { user: Some(show(call.account(), &user)) })
    }
}

impl Handle<GetUser> for Iam {
    const FACTS: Facts = Facts::read("iam:GetUser").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetUserRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        Ok(vec![find::user_resource(call.account(), &user)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetUserRequest,
    ) -> Result<GetUserResponse, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        Ok(GetUserResponse { user: Some(show(call.account(), &user)) })
    }
}

impl Handle<ListUsers> for Iam {
    const FACTS: Facts = Facts::read("iam:ListUsers");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListUsersRequest,
    ) -> Result<ListUsersResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let (account, prefix) = (call.account(), input.path_prefix.as_deref());
        let listed = |user: &User| {
            // Listings leave tags and boundaries out.
            let shown =
                api_iam::User { tags: None, permissions_boundary: None, ..show(account, user) };
            paging::has_prefix(&user.path, prefix).then_some(shown)
        };
        let found = page.scan(&call.tx, &find::scope(call), listed).await?;
        Ok(ListUsersResponse {
            users: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

/// A user as the API shows it.
pub(crate) fn show(account: AccountId, user: &User) -> api_iam::User {
    api_iam::User {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.unique_id.clone()),
        arn: Some(ids::arn(account, "user", &user.path, &user.name)),
        create_date: Some(user.created),
        password_last_used: None,
        permissions_boundary: user.boundary.as_deref().map(boundaries::show),
        tags: tags::show(&user.tags),
    }
}
