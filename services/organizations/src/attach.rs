//! What policies are attached to: attaching, detaching and both lists.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_attach.html>

use std::sync::Arc;

use api_organizations::error::{
    DUPLICATE_POLICY_ATTACHMENT_EXCEPTION, POLICY_NOT_ATTACHED_EXCEPTION,
    POLICY_TYPE_NOT_ENABLED_EXCEPTION,
};
use api_organizations::operations::{
    AttachPolicy, DetachPolicy, ListPoliciesForTarget, ListTargetsForPolicy,
};
use api_organizations::{
    AttachPolicyRequest, ConstraintViolationExceptionReason as Constraint, DetachPolicyRequest,
    InvalidInputExceptionReason as Invalid, ListPoliciesForTargetRequest,
    ListPoliciesForTargetResponse, ListTargetsForPolicyRequest, ListTargetsForPolicyResponse, Unit,
};
use identity::organization::{OrganizationPolicy, PolicyType};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::kinds::{self, Kind};
use crate::{Organizations, paging, policies, refuse};

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<AttachPolicy, _>(organizations)
        .operation::<DetachPolicy, _>(organizations)
        .operation::<ListPoliciesForTarget, _>(organizations)
        .operation::<ListTargetsForPolicy, _>(organizations)
}

/// A policy and what it is, or is to be, attached to.
async fn pair(
    call: &mut Call,
    place: &Place,
    policy: &str,
    target: &str,
) -> Result<(OrganizationPolicy, Node), Failure> {
    Ok((policies::find(call, place, policy).await?, find::target(call, place, target).await?))
}

async fn both(call: &mut Call, policy: &str, target: &str) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, Open::Delegation).await?;
    let (policy, node) = pair(call, &place, policy, target).await?;
    let policy = policies::resource(call, &place, &policy);
    let conditions = policy.conditions.clone();
    Ok(vec![policy, Resource { conditions, ..node.resource(call, &place) }])
}

/// The policies of a kind that are attached to a node, in the order of attachment.
pub(crate) async fn of_kind(
    call: &mut Call,
    place: &Place,
    node: &Node,
    kind: &Kind,
) -> Result<Vec<OrganizationPolicy>, Failure> {
    let mut found = Vec::new();
    for id in node.attached() {
        let policy = policies::find(call, place, id).await?;
        if policy.kind == kind.policy {
            found.push(policy);
        }
    }
    Ok(found)
}

impl Handle<AttachPolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:AttachPolicy")
        .on(&["account", "organizationalunit", "policy", "root"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AttachPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        both(call, input.policy_id(), input.target_id()).await
    }

    async fn handle(&self, call: &mut Call, input: &AttachPolicyRequest) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let (policy, mut node) = pair(call, &place, input.policy_id(), input.target_id()).await?;
        let kind = kinds::of(policy.kind);
        if !place.organization.enabled.contains(&policy.kind) {
            return Err(POLICY_TYPE_NOT_ENABLED_EXCEPTION
                .because("This operation can be performed only for enabled policy types."));
        }
        if node.attached().contains(&policy.id) {
            return Err(DUPLICATE_POLICY_ATTACHMENT_EXCEPTION
                .because("A policy with the specified name and type is already attached."));
        }
        if of_kind(call, &place, &node, kind).await?.len() >= kind.attached_max {
            let text = "You have exceeded the number of policies of this type that can be attached to an entity at one time.";
            let reason = Constraint::MaxPolicyTypeAttachmentLimitExceeded;
            return Err(refuse::constraint(reason, text));
        }
        node.attached_mut().push(policy.id);
        node.change(call, &place).await?;
        Ok(Unit {})
    }
}

impl Handle<DetachPolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DetachPolicy")
        .on(&["account", "organizationalunit", "policy", "root"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DetachPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        both(call, input.policy_id(), input.target_id()).await
    }

    async fn handle(&self, call: &mut Call, input: &DetachPolicyRequest) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let (policy, mut node) = pair(call, &place, input.policy_id(), input.target_id()).await?;
        if policy.kind == PolicyType::ResourceControl && policies::is_aws_own(&policy) {
            let text = "You can't detach this AWS managed policy.";
            return Err(refuse::invalid(Invalid::NonDetachablePolicy, text));
        }
        if !node.attached().contains(&policy.id) {
            return Err(POLICY_NOT_ATTACHED_EXCEPTION
                .because("The policy isn't attached to the specified target."));
        }
        // Without a service control policy nothing would be allowed, so one stays.
        let kind = kinds::of(policy.kind);
        if kind.full_access.is_some() && of_kind(call, &place, &node, kind).await?.len() == 1 {
            let text = "You can't remove the last service control policy from an entity.";
            let reason = Constraint::MinPolicyTypeAttachmentLimitExceeded;
            return Err(refuse::constraint(reason, text));
        }
        node.attached_mut().retain(|id| *id != policy.id);
        node.change(call, &place).await?;
        Ok(Unit {})
    }
}

impl Handle<ListPoliciesForTarget> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListPoliciesForTarget")
        .on(&["account", "organizationalunit", "root"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListPoliciesForTargetRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let node = find::target(call, &place, input.target_id()).await?;
        Ok(vec![node.resource(call, &place)])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &ListPoliciesForTargetRequest,
        request: &mut authz::Request,
    ) {
        kinds::condition(request, input.filter.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListPoliciesForTargetRequest,
    ) -> Result<ListPoliciesForTargetResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let kind = kinds::asked(input.filter.as_ref())?;
        let node = find::target(call, &place, input.target_id()).await?;
        let attached = of_kind(call, &place, &node, kind).await?;
        let (policies, next_token) = paging::page::<ListPoliciesForTarget, _>(
            attached.iter().map(|policy| (policy.id.clone(), policies::summary(policy))),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListPoliciesForTargetResponse { policies: Some(policies), next_token })
    }
}

impl Handle<ListTargetsForPolicy> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListTargetsForPolicy")
        .on(&["policy"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListTargetsForPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        policies::named(call, Open::Delegates, input.policy_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListTargetsForPolicyRequest,
    ) -> Result<ListTargetsForPolicyResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let policy = policies::find(call, &place, input.policy_id()).await?;
        let nodes = find::nodes(call, &place).await?;
        let targets = nodes.iter().filter(|node| node.attached().contains(&policy.id));
        let (targets, next_token) = paging::page::<ListTargetsForPolicy, _>(
            targets.map(|node| (node.id().to_owned(), node.summary(&place))),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListTargetsForPolicyResponse { targets: Some(targets), next_token })
    }
}
