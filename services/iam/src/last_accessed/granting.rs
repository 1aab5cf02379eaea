//! Which policies give somebody access to a service.

use std::sync::Arc;

use api_iam::operations::ListPoliciesGrantingServiceAccess;
use api_iam::{
    ListPoliciesGrantingServiceAccessEntry, ListPoliciesGrantingServiceAccessRequest,
    ListPoliciesGrantingServiceAccessResponse, PolicyGrantingServiceAccess, PolicyOwnerEntityType,
    PolicyType,
};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use super::grants::grants;
use crate::paging::Page;
use crate::principal::{Bearing, Principal};
use crate::{Iam, managed};

/// Services of one page at most.
const SERVICES_PER_PAGE: i32 = 100;

pub(super) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service.operation::<ListPoliciesGrantingServiceAccess, _>(iam)
}

impl Handle<ListPoliciesGrantingServiceAccess> for Iam {
    const FACTS: Facts =
        Facts::read("iam:ListPoliciesGrantingServiceAccess").on(&["group", "role", "user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListPoliciesGrantingServiceAccessRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![Principal::find(call, input.arn()).await?.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListPoliciesGrantingServiceAccessRequest,
    ) -> Result<ListPoliciesGrantingServiceAccessResponse, Failure> {
        let page = Page::new(Some(SERVICES_PER_PAGE), input.marker.as_deref())?;
        let principal = Principal::find(call, input.arn()).await?;
        let mut policies = Vec::new();
        for bearing in principal.bearers(call).await? {
            policies.extend(of_bearing(call, &bearing).await?);
        }
        let entry = |namespace: &String| {
            let granting = policies.iter().filter(|(_, text)| grants(text, namespace));
            let entry = ListPoliciesGrantingServiceAccessEntry {
                service_namespace: Some(namespace.clone()),
                policies: Some(granting.map(|(policy, _)| policy.clone()).collect()),
            };
            (namespace.clone(), entry)
        };
        let found = page.select(input.service_namespaces.iter().flatten().map(entry));
        Ok(ListPoliciesGrantingServiceAccessResponse {
            policies_granting_service_access: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

/// The policies of one bearer as the answer has them, with their documents.
async fn of_bearing(
    call: &mut Call,
    bearing: &Bearing,
) -> Result<Vec<(PolicyGrantingServiceAccess, Arc<str>)>, Failure> {
    let mut policies = Vec::new();
    for (name, text) in &bearing.policies.inline {
        let shown = PolicyGrantingServiceAccess {
            policy_name: Some(name.clone()),
            policy_type: Some(PolicyType::Inline),
            policy_arn: None,
            entity_type: Some(PolicyOwnerEntityType::from(
                bearing.word.to_ascii_uppercase().as_str(),
            )),
            entity_name: Some(bearing.name.clone()),
        };
        policies.push((shown, text.clone()));
    }
    for arn in &bearing.policies.attached {
        let Some(policy) = managed::lookup(call, arn).await? else { continue };
        let shown = PolicyGrantingServiceAccess {
            policy_name: Some(policy.name().to_owned()),
            policy_type: Some(PolicyType::Managed),
            policy_arn: Some(arn.clone()),
            entity_type: None,
            entity_name: None,
        };
        policies.extend(policy.document().map(|(_, text)| (shown, text)));
    }
    Ok(policies)
}
