//! Versions of managed policies. The default version is the one in force, with the next call after it was set.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>

use std::sync::Arc;

use api_iam::error::{DELETE_CONFLICT_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION};
use api_iam::operations::{
    CreatePolicyVersion, DeletePolicyVersion, GetPolicyVersion, ListPolicyVersions,
    SetDefaultPolicyVersion,
};
use api_iam::{
    CreatePolicyVersionRequest, CreatePolicyVersionResponse, DeletePolicyVersionRequest,
    GetPolicyVersionRequest, GetPolicyVersionResponse, ListPolicyVersionsRequest,
    ListPolicyVersionsResponse, SetDefaultPolicyVersionRequest, Unit,
};
use identity::record::PolicyVersion;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::Iam;
use crate::managed::{self, Managed};
use crate::paging::Page;
use crate::policies::check_document;

/// Versions of a managed policy at most.
pub(crate) const VERSIONS_MAX: usize = 5;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreatePolicyVersion, _>(iam)
        .operation::<GetPolicyVersion, _>(iam)
        .operation::<ListPolicyVersions, _>(iam)
        .operation::<DeletePolicyVersion, _>(iam)
        .operation::<SetDefaultPolicyVersion, _>(iam)
}

impl Handle<CreatePolicyVersion> for Iam {
    const FACTS: Facts = Facts::write("iam:CreatePolicyVersion").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreatePolicyVersionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreatePolicyVersionRequest,
    ) -> Result<CreatePolicyVersionResponse, Failure> {
        let mut policy = managed::find_own(call, input.policy_arn()).await?;
        check_document(input.policy_document())?;
        if policy.versions.len() >= VERSIONS_MAX {
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
                "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version."
            )));
        }
        let number = policy.next_version;
        policy.next_version += 1;
        let created = call.now.trunc_seconds();
        let document = input.policy_document().into();
        policy.versions.push(PolicyVersion { number, document, created });
        policy.updated = created;
        if input.set_as_default == Some(true) {
            policy.default_version = number;
        }
        managed::save(call, &policy)?;
        let policy_version = Managed::Own(Arc::new(policy)).version(number, false);
        Ok(CreatePolicyVersionResponse { policy_version })
    }
}

impl Handle<GetPolicyVersion> for Iam {
    const FACTS: Facts = Facts::read("iam:GetPolicyVersion").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetPolicyVersionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetPolicyVersionRequest,
    ) -> Result<GetPolicyVersionResponse, Failure> {
        let policy = managed::find(call, input.policy_arn()).await?;
        let version = number(input.version_id()).and_then(|n| policy.version(n, true));
        match version {
            Some(version) => Ok(GetPolicyVersionResponse { policy_version: Some(version) }),
            None => Err(no_version(input.policy_arn(), input.version_id())),
        }
    }
}

impl Handle<ListPolicyVersions> for Iam {
    const FACTS: Facts = Facts::read("iam:ListPolicyVersions").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListPolicyVersionsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListPolicyVersionsRequest,
    ) -> Result<ListPolicyVersionsResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let policy = managed::find(call, input.policy_arn()).await?;
        let versions = policy.versions().into_iter().filter_map(|number| {
            // The newest come first.
            Some((format!("{:010}", u32::MAX - number), policy.version(number, false)?))
        });
        let found = page.select(versions);
        Ok(ListPolicyVersionsResponse {
            versions: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<DeletePolicyVersion> for Iam {
    const FACTS: Facts = Facts::write("iam:DeletePolicyVersion").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeletePolicyVersionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeletePolicyVersionRequest,
    ) -> Result<Unit, Failure> {
        let mut policy = managed::find_own(call, input.policy_arn()).await?;
        let number = number(input.version_id()).filter(|n| policy.version(*n).is_some());
        let number = number.ok_or_else(|| no_version(input.policy_arn(), input.version_id()))?;
        if number == policy.default_version {
            let text = "Cannot delete the default version of a policy.";
            return Err(DELETE_CONFLICT_EXCEPTION.because(text));
        }
        policy.versions.retain(|version| version.number != number);
        policy.updated = call.now.trunc_seconds();
        managed::save(call, &policy)?;
        Ok(Unit {})
    }
}

impl Handle<SetDefaultPolicyVersion> for Iam {
    const FACTS: Facts = Facts::write("iam:SetDefaultPolicyVersion").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &SetDefaultPolicyVersionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &SetDefaultPolicyVersionRequest,
    ) -> Result<Unit, Failure> {
        let mut policy = managed::find_own(call, input.policy_arn()).await?;
        let number = number(input.version_id()).filter(|n| policy.version(*n).is_some());
        policy.default_version =
            number.ok_or_else(|| no_version(input.policy_arn(), input.version_id()))?;
        policy.updated = call.now.trunc_seconds();
        managed::save(call, &policy)?;
        Ok(Unit {})
    }
}

/// 3 for `v3`.
fn number(version_id: &str) -> Option<u32> {
    version_id.strip_prefix('v')?.parse().ok()
}

fn no_version(arn: &str, version_id: &str) -> Failure {
    managed::not_attachable(&format!("Policy {arn} version {version_id}"))
}
