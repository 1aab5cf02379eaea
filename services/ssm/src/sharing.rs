//! Sharing with other accounts: resource policies of advanced parameters.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html>

use std::sync::Arc;

use api_ssm::error::{
    MALFORMED_RESOURCE_POLICY_DOCUMENT_EXCEPTION, RESOURCE_NOT_FOUND_EXCEPTION,
    RESOURCE_POLICY_CONFLICT_EXCEPTION, RESOURCE_POLICY_INVALID_PARAMETER_EXCEPTION,
    RESOURCE_POLICY_LIMIT_EXCEEDED_EXCEPTION, RESOURCE_POLICY_NOT_FOUND_EXCEPTION,
};
use api_ssm::operations::{DeleteResourcePolicy, GetResourcePolicies, PutResourcePolicy};
use api_ssm::{
    DeleteResourcePolicyRequest, DeleteResourcePolicyResponse, GetResourcePoliciesRequest,
    GetResourcePoliciesResponse, GetResourcePoliciesResponseEntry, PutResourcePolicyRequest,
    PutResourcePolicyResponse,
};
use authz::{Kind, Policy};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::find::OrInternal as _;
use crate::paging::Page;
use crate::record::{Parameter, Shared, Tier};
use crate::{Ssm, find, name};

/// Policies of one parameter at most.
const POLICIES_MAX: usize = 50;
/// Policies of a page, without `MaxResults` and at most.
const PAGE: usize = 50;

impl Handle<PutResourcePolicy> for Ssm {
    const FACTS: Facts = Facts::write("ssm:PutResourcePolicy").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &PutResourcePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.resource_arn()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &PutResourcePolicyRequest,
    ) -> Result<PutResourcePolicyResponse, Failure> {
        let mut parameter = own(call, input.resource_arn()).await?;
        if parameter.tier != Tier::Advanced {
            let text = "Only parameters of the advanced tier can be shared.";
            return Err(RESOURCE_POLICY_INVALID_PARAMETER_EXCEPTION.because(text));
        }
        let checked = Policy::read(Kind::Resource, input.resource_arn(), input.policy());
        checked.map_err(|error| {
            MALFORMED_RESOURCE_POLICY_DOCUMENT_EXCEPTION.because(error.explain())
        })?;
        let policy: Arc<str> = input.policy().into();
        let id = match &input.policy_id {
            None => call.uuid(),
            Some(id) => {
                expect_hash(&parameter, id, input.policy_hash.as_deref())?;
                id.clone()
            }
        };
        // Any text that no other state of the policy had will do.
        let hash = call.uuid();
        parameter.sharing.insert(id.clone(), Shared { policy, hash: hash.clone() });
        if parameter.sharing.len() > POLICIES_MAX {
            let text = format!("A parameter can have at most {POLICIES_MAX} resource policies.");
            return Err(RESOURCE_POLICY_LIMIT_EXCEEDED_EXCEPTION.because(text));
        }
        call.tx.put(&call.scope(), &parameter.name, &parameter).or_internal()?;
        Ok(PutResourcePolicyResponse { policy_id: Some(id), policy_hash: Some(hash) })
    }
}

impl Handle<GetResourcePolicies> for Ssm {
    const FACTS: Facts = Facts::read("ssm:GetResourcePolicies").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetResourcePoliciesRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.resource_arn()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetResourcePoliciesRequest,
    ) -> Result<GetResourcePoliciesResponse, Failure> {
        let parameter = own(call, input.resource_arn()).await?;
        let page = Page::new(input.max_results, input.next_token.as_deref(), PAGE, PAGE)?;
        let entry = |(id, shared): (&String, &Shared)| {
            let entry = GetResourcePoliciesResponseEntry {
                policy_id: Some(id.clone()),
                policy_hash: Some(shared.hash.clone()),
                policy: Some(shared.policy.to_string()),
            };
            (id.clone(), entry)
        };
        let later = parameter.sharing.iter().map(entry);
        let later = later.filter(|(id, _)| page.after().is_none_or(|after| id.as_str() > after));
        let (policies, next_token) = page.cut(later.collect());
        Ok(GetResourcePoliciesResponse { next_token, policies: Some(policies) })
    }
}

impl Handle<DeleteResourcePolicy> for Ssm {
    const FACTS: Facts = Facts::write("ssm:DeleteResourcePolicy").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteResourcePolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.resource_arn()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteResourcePolicyRequest,
    ) -> Result<DeleteResourcePolicyResponse, Failure> {
        let mut parameter = own(call, input.resource_arn()).await?;
        expect_hash(&parameter, input.policy_id(), input.policy_hash.as_deref())?;
        parameter.sharing.remove(input.policy_id());
        call.tx.put(&call.scope(), &parameter.name, &parameter).or_internal()?;
        Ok(DeleteResourcePolicyResponse {})
    }
}

async fn own(call: &mut Call, arn: &str) -> Result<Parameter, Failure> {
    let named = name::read(arn)?;
    let missing = || {
        RESOURCE_NOT_FOUND_EXCEPTION
            .because("The specified parameter to be shared could not be found.")
    };
    if find::scope(call, &named) != call.scope() {
        return Err(missing());
    }
    let found = find::lookup(call, &named).await?;
    found.map(|parameter| Parameter::clone(&parameter)).ok_or_else(missing)
}

/// The hash that a change must name is that of the policy it replaces.
fn expect_hash(parameter: &Parameter, id: &str, given: Option<&str>) -> Result<(), Failure> {
    let known = parameter.sharing.get(id).ok_or_else(|| {
        RESOURCE_POLICY_NOT_FOUND_EXCEPTION.because("No policies found for this policy id.")
    })?;
    if given != Some(known.hash.as_str()) {
        return Err(RESOURCE_POLICY_CONFLICT_EXCEPTION.because(
            "The hash provided in the call doesn't match the stored hash. Get the policy again and use its PolicyHash.",
        ));
    }
    Ok(())
}
