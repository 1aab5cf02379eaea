//! The policy simulator, on the engine that judges real calls.
//!
//! What is simulated is an action on a resource by a caller, in circumstances that the request gives: condition keys that it does
//! not give are absent, and are listed as missing where a policy asks for them. Scenarios of EC2 (`ResourceHandlingOption`) are
//! not told apart and refused.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>

mod given;
mod result;
mod subject;

use std::sync::Arc;

use api_iam::error::INVALID_INPUT_EXCEPTION;
use api_iam::operations::{SimulateCustomPolicy, SimulatePrincipalPolicy};
use api_iam::{
    PolicySourceType, SimulateCustomPolicyRequest, SimulatePolicyResponse,
    SimulatePrincipalPolicyRequest,
};
use authz::{Kind, Policy};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::Iam;
use crate::paging::Page;
use crate::principal::Principal;
use given::Given;
use subject::Subject;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service.operation::<SimulateCustomPolicy, _>(iam).operation::<SimulatePrincipalPolicy, _>(iam)
}

/// A policy that takes part, and where it is from.
pub(crate) struct Source {
    /// `SourcePolicyId`.
    pub id: String,
    /// `SourcePolicyType`.
    pub of: PolicySourceType,
    /// The document.
    pub text: Arc<str>,
    /// The document, compiled under the id.
    pub policy: Arc<Policy>,
}

impl Source {
    /// A policy of this text.
    ///
    /// # Errors
    /// `InvalidInput` if it is none of its kind.
    pub fn read(
        kind: Kind,
        id: String,
        of: PolicySourceType,
        text: Arc<str>,
    ) -> Result<Self, Failure> {
        let policy = Policy::read(kind, &id, &text).map_err(|error| {
            INVALID_INPUT_EXCEPTION.because(format!("{id}: {error}")).with_detail(error.explain())
        })?;
        Ok(Self { id, of, text, policy: Arc::new(policy) })
    }
}

/// The policies of `PolicyInputList`.
///
/// # Errors
/// `InvalidInput`.
pub(crate) fn inputs(texts: Option<&[String]>) -> Result<Vec<Source>, Failure> {
    read_all(Kind::Identity, "PolicyInputList", texts)
}

fn read_all(kind: Kind, list: &str, texts: Option<&[String]>) -> Result<Vec<Source>, Failure> {
    let texts = texts.unwrap_or_default().iter().enumerate();
    let read = |(index, text): (usize, &String)| {
        let id = format!("{list}.{}", index + 1);
        Source::read(kind, id, PolicySourceType::None, text.as_str().into())
    };
    texts.map(read).collect()
}

impl Handle<SimulateCustomPolicy> for Iam {
    const FACTS: Facts = Facts::read("iam:SimulateCustomPolicy");

    async fn handle(
        &self,
        call: &mut Call,
        input: &SimulateCustomPolicyRequest,
    ) -> Result<SimulatePolicyResponse, Failure> {
        let given = Given {
            actions: input.action_names.as_deref().unwrap_or_default(),
            resources: input.resource_arns.as_deref().unwrap_or_default(),
            resource_policy: input.resource_policy.as_deref(),
            resource_owner: input.resource_owner.as_deref(),
            caller: input.caller_arn.as_deref(),
            context: input.context_entries.as_deref().unwrap_or_default(),
            handling: input.resource_handling_option.as_deref(),
        };
        let identity = inputs(input.policy_input_list.as_deref())?;
        let mut subject = Subject { identity, ..Subject::default() };
        subject.bound_by(input.permissions_boundary_policy_input_list.as_deref())?;
        for (level, of) in input.ordered_organization_policy_input_list.iter().flatten().enumerate()
        {
            let list = format!("OrderedOrganizationPolicyInputList.{}", level + 1);
            let texts = of.service_control_policy_input_list.as_deref();
            let read = read_all(Kind::ServiceControl, &list, texts)?;
            subject.service_control.push(read.into_iter().map(|source| source.policy).collect());
        }
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        simulate(call, subject, &given, &page)
    }
}

impl Handle<SimulatePrincipalPolicy> for Iam {
    const FACTS: Facts = Facts::read("iam:SimulatePrincipalPolicy").on(&["group", "role", "user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &SimulatePrincipalPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![Principal::find(call, input.policy_source_arn()).await?.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &SimulatePrincipalPolicyRequest,
    ) -> Result<SimulatePolicyResponse, Failure> {
        let given = Given {
            actions: input.action_names.as_deref().unwrap_or_default(),
            resources: input.resource_arns.as_deref().unwrap_or_default(),
            resource_policy: input.resource_policy.as_deref(),
            resource_owner: input.resource_owner.as_deref(),
            caller: input.caller_arn.as_deref(),
            context: input.context_entries.as_deref().unwrap_or_default(),
            handling: input.resource_handling_option.as_deref(),
        };
        let exclusions = input.policy_exclusion_list.as_deref().unwrap_or_default();
        let principal = Principal::find(call, input.policy_source_arn()).await?;
        let mut subject = Subject::of(call, &principal, exclusions).await?;
        subject.identity.extend(inputs(input.policy_input_list.as_deref())?);
        subject.bound_by(input.permissions_boundary_policy_input_list.as_deref())?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        simulate(call, subject, &given, &page)
    }
}

/// Simulates the page's pairs of action and resource.
fn simulate(
    call: &Call,
    mut subject: Subject,
    given: &Given<'_>,
    page: &Page,
) -> Result<SimulatePolicyResponse, Failure> {
    given.check()?;
    subject.called_by(given.caller)?;
    if let Some(text) = given.resource_policy {
        if subject.caller.is_none() {
            return Err(INVALID_INPUT_EXCEPTION.because("A ResourcePolicy needs a CallerArn."));
        }
        let (id, of) = ("ResourcePolicy".to_owned(), PolicySourceType::Resource);
        subject.resource = Some(Source::read(Kind::Resource, id, of, text.into())?);
    }
    let (context, caller) = (subject.context(given.context)?, subject.caller(call.account()));
    let pairs = given.pairs().enumerate().map(|(index, pair)| (format!("{index:010}"), pair));
    let found = page.select(pairs);
    let results = found.items.into_iter().map(|(action, resource)| {
        result::judge(&subject, &caller, &context, action, resource, given.resource_owner)
    });
    Ok(SimulatePolicyResponse {
        evaluation_results: Some(results.collect::<Result<_, _>>()?),
        is_truncated: Some(found.truncated),
        marker: found.marker,
    })
}
