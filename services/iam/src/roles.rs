//! Roles: making, finding, changing and deleting them. Who may assume one is in [`crate::trust`].
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html>

use std::sync::Arc;

use api_iam::error::{DELETE_CONFLICT_EXCEPTION, INVALID_INPUT_EXCEPTION};
use api_iam::operations::{
    CreateRole, DeleteRole, GetRole, ListRoles, UpdateAssumeRolePolicy, UpdateRole,
    UpdateRoleDescription,
};
use api_iam::{
    CreateRoleRequest, CreateRoleResponse, DeleteRoleRequest, GetRoleRequest, GetRoleResponse,
    ListRolesRequest, ListRolesResponse, RoleLastUsed, Unit, UpdateAssumeRolePolicyRequest,
    UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse, UpdateRoleRequest,
    UpdateRoleResponse,
};
use identity::ids;
use identity::record::{self, Role};
use platform::usage::{self, IDENTITY_KIND};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::paging::{self, Page};
use crate::users::ROOT_PATH;
use crate::{Iam, bearer, boundaries, documents, tags, trust};

/// Roles of an account at most.
pub(crate) const ROLES_MAX: usize = 1_000;
/// The longest session of a role made without `MaxSessionDuration`, in seconds.
pub(crate) const MAX_SESSION_DEFAULT_SECONDS: u32 = 3_600;
/// The path of roles that only AWS makes.
pub(crate) const SERVICE_LINKED_PATH: &str = "/aws-service-role/";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateRole, _>(iam)
        .operation::<GetRole, _>(iam)
        .operation::<ListRoles, _>(iam)
        .operation::<UpdateRole, _>(iam)
        .operation::<UpdateRoleDescription, _>(iam)
        .operation::<UpdateAssumeRolePolicy, _>(iam)
        .operation::<DeleteRole, _>(iam)
}

impl Handle<CreateRole> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateRole").on(&["role"]).keys(&[
        "iam:PermissionsBoundary",
        "aws:TagKeys",
        "aws:RequestTag/${TagKey}",
    ]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        Ok(vec![find::named(call.account(), find::ROLE, "role", path, input.role_name())])
    }

    fn conditions(&self, _call: &Call, input: &CreateRoleRequest, request: &mut authz::Request) {
        tags::conditions(request, input.tags.as_ref());
        if let Some(boundary) = &input.permissions_boundary {
            request.context.set("iam:PermissionsBoundary", boundary.clone());
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateRoleRequest,
    ) -> Result<CreateRoleResponse, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        if path.starts_with(SERVICE_LINKED_PATH) {
            return Err(INVALID_INPUT_EXCEPTION.because(format!(
                "The path {path} is reserved for the roles that CreateServiceLinkedRole makes."
            )));
        }
        let trust = trust::take(call, input.assume_role_policy_document(), &[]).await?;
        let mut role = blank(call, path, input.role_name(), trust);
        role.description.clone_from(&input.description);
        role.max_session = max_session(input.max_session_duration);
        tags::add(&mut role.tags, input.tags.as_deref().unwrap_or_default())?;
        if let Some(boundary) = &input.permissions_boundary {
            boundaries::bind(call, boundary).await?;
            role.boundary = Some(boundary.clone());
        }
        create(call, &role).await?;
        Ok(CreateRoleResponse { role: Some(show(call, &role).await?) })
    }
}

impl Handle<GetRole> for Iam {
    const FACTS: Facts =
        Facts::read("iam:GetRole").on(&["role"]).keys(&["iam:PermissionsBoundary"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::bounded::<Role>(call, input.role_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetRoleRequest,
    ) -> Result<GetRoleResponse, Failure> {
        let role = find::role(call, input.role_name()).await?;
        let shown = api_iam::Role {
            role_last_used: Some(last_used(call, &role).await?),
            ..show(call, &role).await?
        };
        Ok(GetRoleResponse { role: Some(shown) })
    }
}

impl Handle<ListRoles> for Iam {
    const FACTS: Facts = Facts::read("iam:ListRoles");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListRolesRequest,
    ) -> Result<ListRolesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let prefix = input.path_prefix.as_deref();
        let listed = |role: &Role| paging::has_prefix(&role.path, prefix).then(|| role.clone());
        let found = page.scan(&call.tx, &find::scope(call), listed).await?;
        let mut roles = Vec::with_capacity(found.items.len());
        for role in &found.items {
            // Listings leave tags and boundaries out.
            let shown = show(call, role).await?;
            roles.push(api_iam::Role { tags: None, permissions_boundary: None, ..shown });
        }
        Ok(ListRolesResponse {
            roles: Some(roles),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateRole> for Iam {
    const FACTS: Facts =
        Facts::write("iam:UpdateRole").on(&["role"]).keys(&["iam:PermissionsBoundary"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::bounded::<Role>(call, input.role_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateRoleRequest,
    ) -> Result<UpdateRoleResponse, Failure> {
        let mut role = bearer::take::<Role>(call, input.role_name()).await?;
        if input.description.is_some() {
            role.description.clone_from(&input.description);
        }
        // Documented: without a value the default of one hour is applied.
        role.max_session = max_session(input.max_session_duration);
        bearer::save(call, &role)?;
        Ok(UpdateRoleResponse {})
    }
}

impl Handle<UpdateRoleDescription> for Iam {
    const FACTS: Facts =
        Facts::write("iam:UpdateRoleDescription").on(&["role"]).keys(&["iam:PermissionsBoundary"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateRoleDescriptionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::bounded::<Role>(call, input.role_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateRoleDescriptionRequest,
    ) -> Result<UpdateRoleDescriptionResponse, Failure> {
        // The one thing of a service-linked role that its account may change.
        let mut role = Role::clone(&*find::role(call, input.role_name()).await?);
        role.description.clone_from(&input.description);
        bearer::save(call, &role)?;
        Ok(UpdateRoleDescriptionResponse { role: Some(show(call, &role).await?) })
    }
}

impl Handle<UpdateAssumeRolePolicy> for Iam {
    const FACTS: Facts =
        Facts::write("iam:UpdateAssumeRolePolicy").on(&["role"]).keys(&["iam:PermissionsBoundary"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateAssumeRolePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::bounded::<Role>(call, input.role_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateAssumeRolePolicyRequest,
    ) -> Result<Unit, Failure> {
        let mut role = bearer::take::<Role>(call, input.role_name()).await?;
        let trust = trust::take(call, input.policy_document(), &role.trusted).await?;
        (role.trust, role.trusted) = (trust.text, trust.trusted);
        bearer::save(call, &role)?;
        Ok(Unit {})
    }
}

impl Handle<DeleteRole> for Iam {
    const FACTS: Facts =
        Facts::write("iam:DeleteRole").on(&["role"]).keys(&["iam:PermissionsBoundary"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::bounded::<Role>(call, input.role_name()).await
    }

    async fn handle(&self, call: &mut Call, input: &DeleteRoleRequest) -> Result<Unit, Failure> {
        let role = bearer::take::<Role>(call, input.role_name()).await?;
        let conflict = |what: &str| {
            DELETE_CONFLICT_EXCEPTION.because(format!("Cannot delete entity, must {what} first."))
        };
        if !role.policies.attached.is_empty() {
            return Err(conflict("detach all policies"));
        }
        if !role.policies.inline.is_empty() {
            return Err(conflict("delete policies"));
        }
        if !role.instance_profiles.is_empty() {
            return Err(conflict("remove roles from instance profile"));
        }
        boundaries::release(call, role.boundary.as_deref()).await?;
        let scope = find::scope(call);
        call.tx.delete::<Role>(&scope, &record::id(&role.name)).or_internal()?;
        Ok(Unit {})
    }
}

/// A role with nothing but its trust policy.
pub(crate) fn blank(call: &Call, path: &str, name: &str, trust: trust::Trust) -> Role {
    let unique_id = ids::unique_id(ids::Prefix::Role, call.random());
    let role = Role::new(name, unique_id, call.now.trunc_seconds(), &trust.text);
    Role { path: path.to_owned(), trusted: trust.trusted, ..role }
}

/// Keeps a new role.
///
/// # Errors
/// `EntityAlreadyExists`, `LimitExceeded`.
pub(crate) async fn create(call: &mut Call, role: &Role) -> Result<(), Failure> {
    let (scope, id) = (find::scope(call), record::id(&role.name));
    if call.tx.get::<Role>(&scope, &id).await.or_internal()?.is_some() {
        return Err(find::exists("Role", &role.name));
    }
    find::within_quota::<Role>(call, "RolesPerAccount", ROLES_MAX).await?;
    call.tx.create(&scope, &id, role).or_internal()
}

/// A role as the API shows it, without its last use.
///
/// # Errors
/// A failing store.
pub(crate) async fn show(call: &Call, role: &Role) -> Result<api_iam::Role, Failure> {
    Ok(api_iam::Role {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.unique_id.clone()),
        arn: Some(ids::arn(call.account(), "role", &role.path, &role.name)),
        create_date: Some(role.created),
        assume_role_policy_document: Some(documents::encode(&trust::shown(call, role).await?)),
        description: role.description.clone(),
        max_session_duration: Some(i32::try_from(role.max_session).unwrap_or(i32::MAX)),
        permissions_boundary: role.boundary.as_deref().map(boundaries::show),
        tags: tags::show(&role.tags),
        role_last_used: None,
        source_role_template: None,
    })
}

/// When and where a role was last used; empty if it never was.
///
/// # Errors
/// A failing store.
pub(crate) async fn last_used(call: &Call, role: &Role) -> Result<RoleLastUsed, Failure> {
    let path = [record::SERVICE, IDENTITY_KIND, &role.unique_id];
    let uses = call.tallies(&find::scope(call), &path).await?;
    let last = uses.iter().max_by_key(|tally| tally.last);
    Ok(RoleLastUsed {
        last_used_date: last.map(|tally| tally.last.trunc_seconds()),
        region: last.and_then(|tally| usage::region(&tally.counter)).map(str::to_owned),
    })
}

/// The model bounds it to 3,600 to 43,200 seconds.
fn max_session(seconds: Option<i32>) -> u32 {
    seconds.and_then(|s| u32::try_from(s).ok()).unwrap_or(MAX_SESSION_DEFAULT_SECONDS)
}
