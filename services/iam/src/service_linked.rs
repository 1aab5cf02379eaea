//! Service-linked roles: made for a service, with the trust and the policy that the service defines, and changed by nobody else.
//!
//! Deletion is done within the call. Its task, which AWS would work on for a while, is there to be asked for and has succeeded.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>

mod table;

use std::sync::Arc;

use api_iam::error::{
    INVALID_INPUT_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION, UNMODIFIABLE_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus,
};
use api_iam::{
    CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse,
    DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse, DeletionTaskStatusType,
    GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse,
};
use identity::managed::SERVICE_LINKED_POLICY_PATH;
use identity::record::{self, Role};
use platform::{Call, Facts, Handle, Resource, Service};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::Record;

use crate::find::{self, OrInternal as _};
use crate::roles::{self, SERVICE_LINKED_PATH};
use crate::{Iam, bearer, trust, uses};
use table::Linked;

/// What deletion tasks' ids begin with.
const TASK: &str = "task";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateServiceLinkedRole, _>(iam)
        .operation::<DeleteServiceLinkedRole, _>(iam)
        .operation::<GetServiceLinkedRoleDeletionStatus, _>(iam)
}

/// A deletion that was done. Its id in the store is the task's.
#[derive(Debug, Serialize, Deserialize)]
struct Deletion {
    /// The role's name.
    role: String,
    /// The role's path.
    path: String,
}

impl Record for Deletion {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "role-deletion";
}

impl Handle<CreateServiceLinkedRole> for Iam {
    const FACTS: Facts =
        Facts::write("iam:CreateServiceLinkedRole").on(&["role"]).keys(&["iam:AWSServiceName"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateServiceLinkedRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let linked = linked(input.aws_service_name())?;
        let name = linked.role_name(input.custom_suffix.as_deref());
        let path = linked.path();
        Ok(vec![find::named(call.account(), find::ROLE, "role", &path, &name)])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &CreateServiceLinkedRoleRequest,
        request: &mut authz::Request,
    ) {
        request.context.set("iam:AWSServiceName", input.aws_service_name().to_owned());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateServiceLinkedRoleRequest,
    ) -> Result<CreateServiceLinkedRoleResponse, Failure> {
        let linked = linked(input.aws_service_name())?;
        let suffix = input.custom_suffix.as_deref();
        if suffix.is_some() && !linked.custom_suffix {
            return Err(
                INVALID_INPUT_EXCEPTION.because("Custom suffix is not allowed for this service.")
            );
        }
        let name = linked.role_name(suffix);
        let id = record::id(&name);
        if call.tx.get::<Role>(&find::scope(call), &id).await.or_internal()?.is_some() {
            return Err(INVALID_INPUT_EXCEPTION.because(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        let trust = trust::take(call, &linked.trust(), &[]).await?;
        let mut role = roles::blank(call, &linked.path(), &name, trust);
        role.description.clone_from(&input.description);
        let policy = linked.policy;
        let arn = format!("arn:aws:iam::aws:policy{SERVICE_LINKED_POLICY_PATH}{policy}");
        uses::attached(call, &arn).await?;
        role.policies.attached.push(arn);
        roles::create(call, &role).await?;
        Ok(CreateServiceLinkedRoleResponse { role: Some(roles::show(call, &role).await?) })
    }
}

impl Handle<DeleteServiceLinkedRole> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteServiceLinkedRole").on(&["role"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteServiceLinkedRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::named::<Role>(call, input.role_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteServiceLinkedRoleRequest,
    ) -> Result<DeleteServiceLinkedRoleResponse, Failure> {
        let role = find::role(call, input.role_name()).await?;
        if !role.is_service_linked() {
            let text = format!("The role {} is not a service-linked role.", role.name);
            return Err(UNMODIFIABLE_ENTITY_EXCEPTION.because(text));
        }
        for arn in &role.policies.attached {
            uses::detached(call, arn).await?;
        }
        let task = format!("{TASK}{}{}/{}", role.path, role.name, call.uuid());
        let deletion = Deletion { role: role.name.clone(), path: role.path.clone() };
        let scope = find::scope(call);
        call.tx.create(&scope, &task, &deletion).or_internal()?;
        call.tx.delete::<Role>(&scope, &record::id(&role.name)).or_internal()?;
        Ok(DeleteServiceLinkedRoleResponse { deletion_task_id: Some(task) })
    }
}

impl Handle<GetServiceLinkedRoleDeletionStatus> for Iam {
    const FACTS: Facts = Facts::read("iam:GetServiceLinkedRoleDeletionStatus").on(&["role"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetServiceLinkedRoleDeletionStatusRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let deletion = deletion(call, input.deletion_task_id()).await?;
        let Deletion { role, path } = &*deletion;
        Ok(vec![find::named(call.account(), find::ROLE, "role", path, role)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetServiceLinkedRoleDeletionStatusRequest,
    ) -> Result<GetServiceLinkedRoleDeletionStatusResponse, Failure> {
        deletion(call, input.deletion_task_id()).await?;
        let status = Some(DeletionTaskStatusType::Succeeded);
        Ok(GetServiceLinkedRoleDeletionStatusResponse { status, reason: None })
    }
}

async fn deletion(call: &mut Call, task: &str) -> Result<Arc<Deletion>, Failure> {
    let found = if task.contains('\0') {
        None
    } else {
        call.tx.get::<Deletion>(&find::scope(call), task).await.or_internal()?
    };
    let text = || format!("Deletion task {task} cannot be found.");
    found.ok_or_else(|| NO_SUCH_ENTITY_EXCEPTION.because(text()))
}

/// What a service's linked role looks like.
fn linked(service: &str) -> Result<&'static Linked, Failure> {
    let found = table::LINKED.iter().find(|linked| linked.service == service);
    found.ok_or_else(|| {
        let path = format!("{SERVICE_LINKED_PATH}{service}/");
        INVALID_INPUT_EXCEPTION.because(format!(
            "Invalid service name: {path} names no service that has a linked role."
        ))
    })
}
