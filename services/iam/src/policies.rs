//! Customer managed policies: making, finding, listing and deleting them. Versions are in [`crate::versions`].
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>

use std::sync::Arc;

use api_iam::error::{
    DELETE_CONFLICT_EXCEPTION, ENTITY_ALREADY_EXISTS_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION,
};
use api_iam::operations::{CreatePolicy, DeletePolicy, GetPolicy, ListPolicies};
use api_iam::{
    CreatePolicyRequest, CreatePolicyResponse, DeletePolicyRequest, GetPolicyRequest,
    GetPolicyResponse, ListPoliciesRequest, ListPoliciesResponse, PolicyScopeType, PolicyUsageType,
    Unit,
};
use identity::record::{self, ManagedPolicy, PolicyVersion, Tags, Uses};
use identity::{ids, managed as aws};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::managed::{self, Managed, POLICY};
use crate::paging::{self, Page};
use crate::users::ROOT_PATH;
use crate::{Iam, documents, tags, uses};

/// Characters of a managed policy at most, without white space.
pub(crate) const POLICY_MAX_CHARS: usize = 6_144;
/// Customer managed policies of an account at most.
pub(crate) const POLICIES_MAX: usize = 1_500;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreatePolicy, _>(iam)
        .operation::<GetPolicy, _>(iam)
        .operation::<ListPolicies, _>(iam)
        .operation::<DeletePolicy, _>(iam)
}

impl Handle<CreatePolicy> for Iam {
    const FACTS: Facts = Facts::write("iam:CreatePolicy")
        .on(&["policy"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreatePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        Ok(vec![find::named(call.account(), POLICY, "policy", path, input.policy_name())])
    }

    fn conditions(&self, _call: &Call, input: &CreatePolicyRequest, request: &mut authz::Request) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreatePolicyRequest,
    ) -> Result<CreatePolicyResponse, Failure> {
        let (scope, name) = (find::scope(call), input.policy_name());
        check_document(input.policy_document())?;
        let id = record::id(name);
        if call.tx.get::<ManagedPolicy>(&scope, &id).await.or_internal()?.is_some() {
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(format!(
                "A policy called {name} already exists. Duplicate names are not allowed."
            )));
        }
        find::within_quota::<ManagedPolicy>(call, "PoliciesPerAccount", POLICIES_MAX).await?;
        let now = call.now.trunc_seconds();
        let mut policy = ManagedPolicy {
            name: name.to_owned(),
            path: input.path.clone().unwrap_or_else(|| ROOT_PATH.to_owned()),
            unique_id: ids::unique_id(ids::Prefix::Policy, call.random()),
            created: now,
            updated: now,
            description: input.description.clone(),
            default_version: 1,
            next_version: 2,
            versions: vec![PolicyVersion {
                number: 1,
                document: input.policy_document().into(),
                created: now,
            }],
            tags: Tags::new(),
        };
        tags::add(&mut policy.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.create(&scope, &id, &policy).or_internal()?;
        let shown = Managed::Own(Arc::new(policy)).show(call, true).await?;
        Ok(CreatePolicyResponse { policy: Some(shown) })
    }
}

impl Handle<GetPolicy> for Iam {
    const FACTS: Facts = Facts::read("iam:GetPolicy").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetPolicyRequest,
    ) -> Result<GetPolicyResponse, Failure> {
        let policy = managed::find(call, input.policy_arn()).await?;
        Ok(GetPolicyResponse { policy: Some(policy.show(call, true).await?) })
    }
}

impl Handle<ListPolicies> for Iam {
    const FACTS: Facts = Facts::read("iam:ListPolicies");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListPoliciesRequest,
    ) -> Result<ListPoliciesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let mut listed = Vec::new();
        for (id, policy) in of_scope(call, input.scope.as_ref()).await? {
            let wanted = paging::has_prefix(policy.path(), input.path_prefix.as_deref())
                && is_used(call, &policy, input).await?;
            if wanted {
                listed.push((id, policy));
            }
        }
        let found = page.select(listed);
        let mut policies = Vec::with_capacity(found.items.len());
        for policy in &found.items {
            policies.push(policy.show(call, false).await?);
        }
        Ok(ListPoliciesResponse {
            policies: Some(policies),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<DeletePolicy> for Iam {
    const FACTS: Facts = Facts::write("iam:DeletePolicy").on(&["policy"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeletePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        managed::named(call, input.policy_arn()).await
    }

    async fn handle(&self, call: &mut Call, input: &DeletePolicyRequest) -> Result<Unit, Failure> {
        let policy = managed::find_own(call, input.policy_arn()).await?;
        if uses::of(call, input.policy_arn()).await? != Uses::default() {
            let text = "Cannot delete a policy attached to entities.";
            return Err(DELETE_CONFLICT_EXCEPTION.because(text));
        }
        if policy.versions.len() > 1 {
            return Err(DELETE_CONFLICT_EXCEPTION.because(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            ));
        }
        let scope = find::scope(call);
        call.tx.delete::<ManagedPolicy>(&scope, &record::id(&policy.name)).or_internal()?;
        Ok(Unit {})
    }
}

/// Checks the document of a managed policy.
///
/// # Errors
/// `MalformedPolicyDocument`, `LimitExceeded`.
pub(crate) fn check_document(text: &str) -> Result<(), Failure> {
    documents::check(authz::Kind::Identity, text)?;
    if documents::size(text) > POLICY_MAX_CHARS {
        let text = format!("Cannot exceed quota for PolicySize: {POLICY_MAX_CHARS}");
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
    }
    Ok(())
}

/// The policies of a scope, with the ids that order listings: AWS's before the account's own.
pub(crate) async fn of_scope(
    call: &Call,
    scope: Option<&PolicyScopeType>,
) -> Result<Vec<(String, Managed)>, Failure> {
    let mut policies = Vec::new();
    if scope != Some(&PolicyScopeType::Local) {
        let of_aws = aws::ALL.iter().map(|p| (format!("aws/{}", p.name), Managed::Aws(p)));
        policies.extend(of_aws);
    }
    if scope != Some(&PolicyScopeType::Aws) {
        let own = find::all::<ManagedPolicy>(call).await?.into_iter();
        policies.extend(own.map(|(id, policy)| (format!("own/{id}"), Managed::Own(policy))));
    }
    Ok(policies)
}

async fn is_used(
    call: &Call,
    policy: &Managed,
    input: &ListPoliciesRequest,
) -> Result<bool, Failure> {
    let only_attached = input.only_attached.unwrap_or(false);
    if !only_attached && input.policy_usage_filter.is_none() {
        return Ok(true);
    }
    let uses = uses::shown(call, &policy.arn(call.account())).await?;
    let in_filter = match input.policy_usage_filter {
        Some(PolicyUsageType::PermissionsPolicy) => uses.attached > 0,
        Some(PolicyUsageType::PermissionsBoundary) => uses.boundaries > 0,
        _ => true,
    };
    Ok(in_filter && (!only_attached || uses.attached > 0))
}
