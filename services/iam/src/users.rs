//! Users: making, finding, changing and deleting them.

use std::sync::Arc;

use api_iam::error::DELETE_CONFLICT_EXCEPTION;
use api_iam::operations::{CreateUser, DeleteUser, GetUser, ListUsers, UpdateUser};
use api_iam::{
    CreateUserRequest, CreateUserResponse, DeleteUserRequest, GetUserRequest, GetUserResponse,
    ListUsersRequest, ListUsersResponse, Unit, UpdateUserRequest,
};
use base::{AccountId, Timestamp};
use identity::ids;
use identity::record::{self, MfaDevice, MfaOwner, User};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::holder::{self, Holder};
use crate::paging::{self, Page};
use crate::{Iam, boundaries, tags};

/// Users of an account at most.
pub(crate) const USERS_MAX: usize = 5_000;
/// The path of what is made without one.
pub(crate) const ROOT_PATH: &str = "/";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateUser, _>(iam)
        .operation::<GetUser, _>(iam)
        .operation::<ListUsers, _>(iam)
        .operation::<UpdateUser, _>(iam)
        .operation::<DeleteUser, _>(iam)
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
        find::within_quota::<User>(call, "UsersPerAccount", USERS_MAX).await?;
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
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetUserRequest,
    ) -> Result<GetUserResponse, Failure> {
        let user = match Holder::named(call, input.user_name.as_deref()).await? {
            Holder::User(user) => show(call.account(), &user),
            Holder::Root(root) => show_root(call.account(), root.created),
        };
        Ok(GetUserResponse { user: Some(user) })
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
        let listed =
            |user: &User| paging::has_prefix(&user.path, prefix).then(|| listed(account, user));
        let found = page.scan(&call.tx, &find::scope(call), listed).await?;
        Ok(ListUsersResponse {
            users: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateUser> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateUser").on(&["user"]);

    // Whoever renames needs permission for what there is and for what comes of it.
    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateUserRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let user = find::user(call, Some(input.user_name())).await?;
        let path = input.new_path.as_ref().unwrap_or(&user.path);
        let name = input.new_user_name.as_ref().unwrap_or(&user.name);
        let target = find::named(call.account(), find::USER, "user", path, name);
        let source = find::user_resource(call.account(), &user);
        Ok(if target.arn == source.arn { vec![source] } else { vec![source, target] })
    }

    async fn handle(&self, call: &mut Call, input: &UpdateUserRequest) -> Result<Unit, Failure> {
        let mut user = User::clone(&*find::user(call, Some(input.user_name())).await?);
        if let Some(path) = &input.new_path {
            user.path.clone_from(path);
        }
        let (scope, old) = (find::scope(call), record::id(&user.name));
        if let Some(name) = &input.new_user_name {
            rename(call, &mut user, name).await?;
        }
        let id = record::id(&user.name);
        if id != old {
            call.tx.delete::<User>(&scope, &old).or_internal()?;
        }
        call.tx.put(&scope, &id, &user).or_internal()?;
        Ok(Unit::default())
    }
}

/// Gives the user and what names it a new name. Its sessions end, since they bear the old one.
async fn rename(call: &mut Call, user: &mut User, name: &str) -> Result<(), Failure> {
    let (scope, id) = (find::scope(call), record::id(name));
    let is_other = id != record::id(&user.name);
    if is_other && call.tx.get::<User>(&scope, &id).await.or_internal()?.is_some() {
        return Err(find::exists("User", name));
    }
    name.clone_into(&mut user.name);
    let account = call.account();
    for key in &user.access_keys {
        let (credentials, tx) = call.credentials_and_tx();
        credentials.rename_owner(tx, account, key, name).await.map_err(Failure::internal)?;
    }
    for device in &user.mfa_devices {
        let id = record::id(device);
        let found = call.tx.get::<MfaDevice>(&scope, &id).await.or_internal()?;
        if let Some(device) = found {
            let owner = Some(MfaOwner::User(name.to_owned()));
            let device = MfaDevice { owner, ..MfaDevice::clone(&device) };
            call.tx.put(&scope, &id, &device).or_internal()?;
        }
    }
    Ok(())
}

impl Handle<DeleteUser> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteUser").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteUserRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(&self, call: &mut Call, input: &DeleteUserRequest) -> Result<Unit, Failure> {
        let user = find::user(call, Some(input.user_name())).await?;
        if let Some(first) = hindrance(&user) {
            let text = format!("Cannot delete entity, must {first} first.");
            return Err(DELETE_CONFLICT_EXCEPTION.because(text));
        }
        boundaries::release(call, user.boundary.as_deref()).await?;
        let scope = find::scope(call);
        call.tx.delete::<User>(&scope, &record::id(&user.name)).or_internal()?;
        Ok(Unit::default())
    }
}

/// What must be done before a user can go.
fn hindrance(user: &User) -> Option<&'static str> {
    let hangs_on_it = [
        (!user.policies.attached.is_empty(), "detach all policies"),
        (!user.policies.inline.is_empty(), "delete policies"),
        (!user.access_keys.is_empty(), "delete access keys"),
        (!user.signing_certificates.is_empty(), "delete signing certificates"),
        (!user.ssh_public_keys.is_empty(), "delete SSH public keys"),
        (user.password.is_some(), "delete login profile"),
        (!user.mfa_devices.is_empty(), "delete MFA device"),
        (!user.groups.is_empty(), "remove users from group"),
    ];
    hangs_on_it.into_iter().find(|(hangs, _)| *hangs).map(|(_, first)| first)
}

/// The root user as the API shows it: as a user without name and path.
pub(crate) fn show_root(account: AccountId, created: Option<Timestamp>) -> api_iam::User {
    api_iam::User {
        user_id: Some(account.to_string()),
        arn: Some(account.root_arn()),
        create_date: created,
        ..api_iam::User::default()
    }
}

/// A user as listings show it: without tags and boundary.
pub(crate) fn listed(account: AccountId, user: &User) -> api_iam::User {
    api_iam::User { tags: None, permissions_boundary: None, ..show(account, user) }
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
