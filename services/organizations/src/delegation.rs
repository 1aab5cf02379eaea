//! The organization's own policy, by which the management account lets members manage policies.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html>

use std::sync::Arc;

use api_organizations::error::RESOURCE_POLICY_NOT_FOUND_EXCEPTION;
use api_organizations::operations::{
    DeleteResourcePolicy, DescribeResourcePolicy, PutResourcePolicy,
};
use api_organizations::{
    DescribeResourcePolicyResponse, InvalidInputExceptionReason as Invalid,
    PutResourcePolicyRequest, PutResourcePolicyResponse, ResourcePolicy, ResourcePolicySummary,
    Unit,
};
use authz::{Document, Policy};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::record::Delegation;
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, ids, tags};

/// Characters behind the prefix of the policy's id.
const POLICY_CHARS: usize = 8;
/// Operations that change something and may be delegated; every one that only reads may.
const DELEGABLE: &[&str] = &[
    "AttachPolicy",
    "CreatePolicy",
    "DeletePolicy",
    "DetachPolicy",
    "DisablePolicyType",
    "EnablePolicyType",
    "TagResource",
    "UntagResource",
    "UpdatePolicy",
];

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<PutResourcePolicy, _>(organizations)
        .operation::<DescribeResourcePolicy, _>(organizations)
        .operation::<DeleteResourcePolicy, _>(organizations)
}

/// The policy, if there is one and it has this id.
///
/// # Errors
/// `ResourcePolicyNotFoundException`.
pub(crate) async fn find(
    call: &mut Call,
    place: &Place,
    id: Option<&str>,
) -> Result<Delegation, Failure> {
    let found = access::delegation(call, place).await?;
    let found = found.filter(|delegation| id.is_none_or(|id| delegation.id == id));
    found.map(|delegation| (*delegation).clone()).ok_or_else(|| {
        RESOURCE_POLICY_NOT_FOUND_EXCEPTION.because("We can't find a resource policy request.")
    })
}

/// It as authorization and audit see it.
pub(crate) fn resource(call: &Call, place: &Place, delegation: &Delegation) -> Resource {
    let arn = arn(place, delegation);
    place.resource(call, &arn, "AWS::Organizations::ResourcePolicy", &delegation.tags)
}

fn arn(place: &Place, delegation: &Delegation) -> String {
    ids::arn(&place.organization, "resourcepolicy", &delegation.id)
}

impl Handle<PutResourcePolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:PutResourcePolicy")
        .on(&["resourcepolicy"])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &PutResourcePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let known = access::delegation(call, &place).await?;
        // Before the first there is none to name.
        Ok(known.map(|delegation| resource(call, &place, &delegation)).into_iter().collect())
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &PutResourcePolicyRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &PutResourcePolicyRequest,
    ) -> Result<PutResourcePolicyResponse, Failure> {
        let place = access::enter(call, Open::Management).await?;
        check(&place, input.content())?;
        let known = access::delegation(call, &place).await?;
        let content = input.content().into();
        let delegation = match known {
            Some(_) if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) => {
                let text = "You can't tag a resource policy while updating it. Use TagResource.";
                return Err(refuse::invalid(Invalid::InvalidListMember, text));
            }
            Some(known) => Delegation { content, ..(*known).clone() },
            None => Delegation {
                id: ids::fresh("rp-", POLICY_CHARS, call.random()),
                content,
                tags: tags::new(input.tags.as_ref())?,
            },
        };
        call.tx.put(&place.scope, &place.organization.id, &delegation).or_internal()?;
        Ok(PutResourcePolicyResponse { resource_policy: Some(show(&place, &delegation)) })
    }
}

/// Checks that the policy reads as one, delegates what can be delegated, and names accounts one by one.
fn check(place: &Place, text: &str) -> Result<(), Failure> {
    let json = |error: authz::Error| {
        let text = format!("The provided resource policy is not valid. {error}");
        refuse::invalid(Invalid::InvalidResourcePolicyJson, &text)
    };
    let document = Document::parse(text).map_err(json)?;
    Policy::read(authz::Kind::Resource, "resource policy", text).map_err(json)?;
    for statement in &document.statements {
        let actions = statement.action.iter().filter(|actions| !actions.negated);
        let mut actions = actions.flat_map(|actions| &actions.terms).peekable();
        if actions.peek().is_none() || !actions.all(|action| is_delegable(&action.text)) {
            let text = "The resource policy has an action that can't be delegated.";
            return Err(refuse::invalid(Invalid::UnsupportedActionInResourcePolicy, text));
        }
        let resources = statement.resource.iter().filter(|resources| !resources.negated);
        let mut resources = resources.flat_map(|resources| &resources.terms).peekable();
        let own = |text: &str| {
            text == "*"
                || text.starts_with(&ids::arn_prefix(&place.organization))
                || text.starts_with("arn:aws:organizations::aws:policy/")
        };
        if resources.peek().is_none() || !resources.all(|resource| own(&resource.text)) {
            let text = "The resource policy has a resource that isn't the organization's.";
            return Err(refuse::invalid(Invalid::UnsupportedResourceInResourcePolicy, text));
        }
        let everyone = statement.principal.iter().flat_map(|principal| &principal.entries);
        let conditioned = !statement.conditions.is_empty();
        if everyone.into_iter().any(|entry| entry.text == "*" && !conditioned) {
            let text = "The resource policy must not name everyone as a principal.";
            return Err(refuse::invalid(Invalid::InvalidPrincipal, text));
        }
    }
    Ok(())
}

/// Whether everything that an action names may be delegated.
fn is_delegable(action: &str) -> bool {
    let Some(name) = action.strip_prefix("organizations:") else { return false };
    let known = api_organizations::SERVICE.operations.iter().map(|operation| operation.name);
    let delegable = |name: &str| {
        name.starts_with("Describe") || name.starts_with("List") || DELEGABLE.contains(&name)
    };
    match name.split_once('*') {
        None => known.into_iter().any(|known| known == name) && delegable(name),
        Some((prefix, "")) => {
            known.into_iter().filter(|known| known.starts_with(prefix)).all(delegable)
        }
        Some(_) => false,
    }
}

impl Handle<DescribeResourcePolicy> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribeResourcePolicy");

    async fn resources(&self, call: &mut Call, _input: &Unit) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        _input: &Unit,
    ) -> Result<DescribeResourcePolicyResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let delegation = find(call, &place, None).await?;
        Ok(DescribeResourcePolicyResponse { resource_policy: Some(show(&place, &delegation)) })
    }
}

impl Handle<DeleteResourcePolicy> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DeleteResourcePolicy");

    async fn resources(&self, call: &mut Call, _input: &Unit) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Management).await?.anything(call))
    }

    async fn handle(&self, call: &mut Call, _input: &Unit) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        find(call, &place, None).await?;
        call.tx.delete::<Delegation>(&place.scope, &place.organization.id).or_internal()?;
        Ok(Unit {})
    }
}

fn show(place: &Place, delegation: &Delegation) -> ResourcePolicy {
    ResourcePolicy {
        resource_policy_summary: Some(ResourcePolicySummary {
            id: Some(delegation.id.clone()),
            arn: Some(arn(place, delegation)),
        }),
        content: Some(delegation.content.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_managing_policies_can_be_delegated() {
        for action in ["DescribePolicy", "List*", "AttachPolicy", "Untag*", "CreatePolicy"] {
            assert!(is_delegable(&format!("organizations:{action}")), "{action}");
        }
        for action in ["*", "Create*", "CloseAccount", "PutResourcePolicy", "Nothing", "L*s"] {
            assert!(!is_delegable(&format!("organizations:{action}")), "{action}");
        }
        assert!(!is_delegable("kms:ListKeys") && !is_delegable("*"));
    }
}
