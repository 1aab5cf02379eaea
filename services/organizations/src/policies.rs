//! Policies: made, changed, described, listed and deleted. What they are attached to is in [`crate::attach`].

use std::sync::Arc;

use api_organizations::error::{
    DUPLICATE_POLICY_EXCEPTION, POLICY_IN_USE_EXCEPTION, POLICY_NOT_FOUND_EXCEPTION,
    POLICY_TYPE_NOT_AVAILABLE_FOR_ORGANIZATION_EXCEPTION,
};
use api_organizations::operations::{
    CreatePolicy, DeletePolicy, DescribePolicy, ListPolicies, UpdatePolicy,
};
use api_organizations::{
    ConstraintViolationExceptionReason as Constraint, CreatePolicyRequest, CreatePolicyResponse,
    DeletePolicyRequest, DescribePolicyRequest, DescribePolicyResponse,
    InvalidInputExceptionReason as Invalid, ListPoliciesRequest, ListPoliciesResponse, Policy,
    PolicySummary, Unit, UpdatePolicyRequest, UpdatePolicyResponse,
};
use identity::managed;
use identity::organization::{OrganizationPolicy, PolicyType};
use identity::record::Tags;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::kinds::{self, Kind};
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, content, find, ids, paging, tags};

/// Characters behind the prefix of a policy's id.
const POLICY_CHARS: usize = 10;
/// What AWS's own policies are for.
const FULL_ACCESS_TEXT: &str = "Allows access to every operation";

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<CreatePolicy, _>(organizations)
        .operation::<UpdatePolicy, _>(organizations)
        .operation::<DescribePolicy, _>(organizations)
        .operation::<DeletePolicy, _>(organizations)
        .operation::<ListPolicies, _>(organizations)
}

/// The policy that a request names, AWS's own among them.
///
/// # Errors
/// `PolicyNotFoundException`.
pub(crate) async fn find(
    call: &mut Call,
    place: &Place,
    id: &str,
) -> Result<OrganizationPolicy, Failure> {
    if let Some(policy) = kinds::KINDS.iter().filter_map(aws_own).find(|policy| policy.id == id) {
        return Ok(policy);
    }
    let found = call.tx.get::<OrganizationPolicy>(&place.scope, id).await.or_internal()?;
    found.map(|policy| (*policy).clone()).ok_or_else(|| {
        POLICY_NOT_FOUND_EXCEPTION
            .because("We can't find a policy with the PolicyId that you specified.")
    })
}

/// As [`find`], for what may be changed.
///
/// # Errors
/// `PolicyNotFoundException`, `InvalidInputException` for AWS's own.
pub(crate) async fn customers(
    call: &mut Call,
    place: &Place,
    id: &str,
) -> Result<OrganizationPolicy, Failure> {
    let policy = find(call, place, id).await?;
    if is_aws_own(&policy) {
        let text = "You specified a policy that is managed by AWS and can't be modified.";
        return Err(refuse::invalid(Invalid::ImmutablePolicy, text));
    }
    Ok(policy)
}

/// AWS's own policy of a kind.
pub(crate) fn aws_own(kind: &Kind) -> Option<OrganizationPolicy> {
    let id = kind.full_access?;
    let (arn, content) = managed::organization_policy(id, kind.policy)?;
    Some(OrganizationPolicy {
        id: id.to_owned(),
        name: id.trim_start_matches("p-").to_owned(),
        description: FULL_ACCESS_TEXT.to_owned(),
        kind: kind.policy,
        content,
        arn: arn.to_owned(),
        tags: Tags::new(),
    })
}

/// Whether it is AWS's.
pub(crate) fn is_aws_own(policy: &OrganizationPolicy) -> bool {
    kinds::of(policy.kind).full_access == Some(policy.id.as_str())
}

/// A policy as authorization and audit see it.
pub(crate) fn resource(call: &Call, place: &Place, policy: &OrganizationPolicy) -> Resource {
    let kind = kinds::of(policy.kind).name;
    let resource = place.resource(call, &policy.arn, "AWS::Organizations::Policy", &policy.tags);
    resource.with(kinds::CONDITION, kind)
}

/// The policy that a request names, for authorization.
pub(crate) async fn named(call: &mut Call, open: Open, id: &str) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, open).await?;
    let policy = find(call, &place, id).await?;
    Ok(vec![resource(call, &place, &policy)])
}

impl Handle<CreatePolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:CreatePolicy").keys(&[
        "organizations:PolicyType",
        "aws:RequestTag/${TagKey}",
        "aws:TagKeys",
    ]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &CreatePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegation).await?.anything(call))
    }

    fn conditions(&self, _call: &Call, input: &CreatePolicyRequest, request: &mut authz::Request) {
        kinds::condition(request, input.r#type.as_ref());
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreatePolicyRequest,
    ) -> Result<CreatePolicyResponse, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let kind = kinds::asked(input.r#type.as_ref())?;
        check_available(&place)?;
        content::check(kind, input.content())?;
        let known = find::all::<OrganizationPolicy>(call, &place.scope).await?;
        check_name(&known, kind.policy, input.name())?;
        if known.iter().filter(|policy| policy.kind == kind.policy).count() >= kind.number_max {
            let text =
                "You have exceeded the number of policies that you can have in an organization.";
            return Err(refuse::constraint(Constraint::PolicyNumberLimitExceeded, text));
        }
        let id = ids::fresh("p-", POLICY_CHARS, call.random());
        let policy = OrganizationPolicy {
            arn: ids::policy_arn(&place.organization, kind.policy, &id),
            id,
            name: input.name().to_owned(),
            description: input.description().to_owned(),
            kind: kind.policy,
            content: input.content().into(),
            tags: tags::new(input.tags.as_ref())?,
        };
        place.touch(call).await?;
        call.tx.create(&place.scope, &policy.id, &policy).or_internal()?;
        Ok(CreatePolicyResponse { policy: Some(show(&policy)) })
    }
}

/// Policies need all features.
///
/// # Errors
/// `PolicyTypeNotAvailableForOrganizationException`.
pub(crate) fn check_available(place: &Place) -> Result<(), Failure> {
    if place.organization.all_features {
        return Ok(());
    }
    Err(POLICY_TYPE_NOT_AVAILABLE_FOR_ORGANIZATION_EXCEPTION.because(
        "You can't use the specified policy type with the feature set currently enabled for this organization.",
    ))
}

fn check_name(
    known: &[Arc<OrganizationPolicy>],
    kind: PolicyType,
    name: &str,
) -> Result<(), Failure> {
    let own = aws_own(kinds::of(kind)).is_some_and(|policy| policy.name == name);
    if own || known.iter().any(|policy| policy.kind == kind && policy.name == name) {
        return Err(
            DUPLICATE_POLICY_EXCEPTION.because("A policy with the same name already exists.")
        );
    }
    Ok(())
}

impl Handle<UpdatePolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:UpdatePolicy")
        .on(&["policy"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdatePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegation, input.policy_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdatePolicyRequest,
    ) -> Result<UpdatePolicyResponse, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let mut policy = customers(call, &place, input.policy_id()).await?;
        if let Some(name) = input.name.as_ref().filter(|name| **name != policy.name) {
            let known = find::all::<OrganizationPolicy>(call, &place.scope).await?;
            check_name(&known, policy.kind, name)?;
            policy.name.clone_from(name);
            place.touch(call).await?;
        }
        if let Some(description) = &input.description {
            policy.description.clone_from(description);
        }
        if let Some(text) = &input.content {
            content::check(kinds::of(policy.kind), text)?;
            policy.content = text.as_str().into();
        }
        call.tx.put(&place.scope, &policy.id, &policy).or_internal()?;
        Ok(UpdatePolicyResponse { policy: Some(show(&policy)) })
    }
}

impl Handle<DescribePolicy> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribePolicy")
        .on(&["policy"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DescribePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegates, input.policy_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribePolicyRequest,
    ) -> Result<DescribePolicyResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let policy = find(call, &place, input.policy_id()).await?;
        Ok(DescribePolicyResponse { policy: Some(show(&policy)) })
    }
}

impl Handle<DeletePolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DeletePolicy")
        .on(&["policy"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeletePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegation, input.policy_id()).await
    }

    async fn handle(&self, call: &mut Call, input: &DeletePolicyRequest) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let policy = customers(call, &place, input.policy_id()).await?;
        let nodes = find::nodes(call, &place).await?;
        if nodes.iter().any(|node| node.attached().contains(&policy.id)) {
            return Err(POLICY_IN_USE_EXCEPTION.because(
                "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.",
            ));
        }
        place.touch(call).await?;
        call.tx.delete::<OrganizationPolicy>(&place.scope, &policy.id).or_internal()?;
        Ok(Unit {})
    }
}

impl Handle<ListPolicies> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:ListPolicies").keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListPoliciesRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    fn conditions(&self, _call: &Call, input: &ListPoliciesRequest, request: &mut authz::Request) {
        kinds::condition(request, input.filter.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListPoliciesRequest,
    ) -> Result<ListPoliciesResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let kind = kinds::asked(input.filter.as_ref())?;
        let known = find::all::<OrganizationPolicy>(call, &place.scope).await?;
        let known = known.iter().filter(|policy| policy.kind == kind.policy);
        let shown = known.map(|policy| (policy.id.clone(), summary(policy)));
        let own = aws_own(kind).map(|policy| (policy.id.clone(), summary(&policy)));
        let (policies, next_token) = paging::page::<ListPolicies, _>(
            shown.chain(own),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListPoliciesResponse { policies: Some(policies), next_token })
    }
}

fn show(policy: &OrganizationPolicy) -> Policy {
    Policy { policy_summary: Some(summary(policy)), content: Some(policy.content.to_string()) }
}

/// A policy as lists show it.
pub(crate) fn summary(policy: &OrganizationPolicy) -> PolicySummary {
    PolicySummary {
        id: Some(policy.id.clone()),
        arn: Some(policy.arn.clone()),
        name: Some(policy.name.clone()),
        description: Some(policy.description.clone()),
        r#type: Some(kinds::of(policy.kind).name.into()),
        aws_managed: Some(is_aws_own(policy)),
    }
}
