//! DescribeEffectivePolicy: what the policies of a kind that merges come to for an account.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_effective.html>

use std::sync::Arc;

use api_organizations::error::EFFECTIVE_POLICY_NOT_FOUND_EXCEPTION;
use api_organizations::operations::DescribeEffectivePolicy;
use api_organizations::{
    DescribeEffectivePolicyRequest, DescribeEffectivePolicyResponse, EffectivePolicy,
    InvalidInputExceptionReason as Invalid,
};
use identity::organization::Account;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::kinds::{self, Kind};
use crate::merge::Merged;
use crate::{Organizations, attach, refuse};

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service.operation::<DescribeEffectivePolicy, _>(organizations)
}

/// The account that a request is about. Every member may ask about itself.
async fn asked(
    call: &mut Call,
    input: &DescribeEffectivePolicyRequest,
) -> Result<(Place, Account), Failure> {
    let own = call.account();
    let id = input.target_id.as_deref().unwrap_or(own.as_str());
    let open = if id == own.as_str() { Open::Members } else { Open::Delegates };
    let place = access::enter(call, open).await?;
    match find::target(call, &place, id).await? {
        Node::Account(account) => Ok((place, account)),
        Node::Root(_) | Node::Unit(_) => {
            let text = "You can't perform the operation on a root or an OU.";
            Err(refuse::invalid(Invalid::TargetNotSupported, text))
        }
    }
}

impl Handle<DescribeEffectivePolicy> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribeEffectivePolicy")
        .on(&["account"])
        .keys(&[kinds::CONDITION]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DescribeEffectivePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let (place, account) = asked(call, input).await?;
        Ok(vec![Node::Account(account).resource(call, &place)])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &DescribeEffectivePolicyRequest,
        request: &mut authz::Request,
    ) {
        if let Some(kind) = &input.policy_type {
            request.context.set(kinds::CONDITION, kind.as_str().to_owned());
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeEffectivePolicyRequest,
    ) -> Result<DescribeEffectivePolicyResponse, Failure> {
        let (place, account) = asked(call, input).await?;
        let kind = kinds::named(input.policy_type.as_ref().map_or("", |kind| kind.as_str()))?;
        let target = account.id.to_string();
        let content = effective(call, &place, account, kind).await?.ok_or_else(|| {
            EFFECTIVE_POLICY_NOT_FOUND_EXCEPTION
                .because("The account has no effective policy of this type.")
        })?;
        Ok(DescribeEffectivePolicyResponse {
            effective_policy: Some(EffectivePolicy {
                policy_content: Some(content),
                last_updated_timestamp: None,
                target_id: Some(target),
                policy_type: input.policy_type.clone(),
            }),
        })
    }
}

async fn effective(
    call: &mut Call,
    place: &Place,
    account: Account,
    kind: &Kind,
) -> Result<Option<String>, Failure> {
    if !place.organization.enabled.contains(&kind.policy) {
        return Ok(None);
    }
    let units = find::units_above(call, place, &account.parent).await?;
    let mut nodes = vec![Node::Root((*place.organization).clone())];
    nodes.extend(units.into_iter().map(|unit| Node::Unit((*unit).clone())));
    nodes.push(Node::Account(account));
    let mut merged = Merged::default();
    for node in nodes {
        let policies = attach::of_kind(call, place, &node, kind).await?;
        merged.level(policies.iter().map(|policy| &*policy.content));
    }
    Ok(merged.document().map(|document| document.to_string()))
}
