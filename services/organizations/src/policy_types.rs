//! Enabling and disabling kinds of policies.
//!
//! A kind that allows nothing by default comes with AWS's policy that allows everything, attached to every root, unit and
//! account. Disabling a kind detaches all its policies.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/enable-policy-type.html>

use std::collections::BTreeSet;
use std::sync::Arc;

use api_organizations::error::{
    POLICY_TYPE_ALREADY_ENABLED_EXCEPTION, POLICY_TYPE_NOT_ENABLED_EXCEPTION,
    ROOT_NOT_FOUND_EXCEPTION,
};
use api_organizations::operations::{DisablePolicyType, EnablePolicyType};
use api_organizations::{
    DisablePolicyTypeRequest, DisablePolicyTypeResponse, EnablePolicyTypeRequest,
    EnablePolicyTypeResponse, Root,
};
use identity::organization::{OrganizationPolicy, PolicyType};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::kinds::{self, Kind};
use crate::{Organizations, organization, policies};

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<EnablePolicyType, _>(organizations)
        .operation::<DisablePolicyType, _>(organizations)
}

/// The root that a request names, for authorization.
async fn root(call: &mut Call, id: &str) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, Open::Delegation).await?;
    let root = find::node(call, &place, id).await?;
    let root = root.ok_or_else(|| {
        ROOT_NOT_FOUND_EXCEPTION.because("We can't find a root with the RootId that you specified.")
    })?;
    Ok(vec![root.resource(call, &place)])
}

impl Handle<EnablePolicyType> for Organizations {
    const FACTS: Facts = Facts::write("organizations:EnablePolicyType")
        .on(&["root"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &EnablePolicyTypeRequest,
    ) -> Result<Vec<Resource>, Failure> {
        root(call, input.root_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &EnablePolicyTypeRequest,
        request: &mut authz::Request,
    ) {
        kinds::condition(request, input.policy_type.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &EnablePolicyTypeRequest,
    ) -> Result<EnablePolicyTypeResponse, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let kind = kinds::asked(input.policy_type.as_ref())?;
        policies::check_available(&place)?;
        if place.organization.enabled.contains(&kind.policy) {
            return Err(POLICY_TYPE_ALREADY_ENABLED_EXCEPTION
                .because("The specified policy type is already enabled in the specified root."));
        }
        Ok(EnablePolicyTypeResponse { root: Some(enable(call, &place, kind).await?) })
    }
}

/// Enables a kind.
///
/// # Errors
/// A failing store.
pub(crate) async fn enable(call: &mut Call, place: &Place, kind: &Kind) -> Result<Root, Failure> {
    let own = policies::aws_own(kind);
    switch(
        call,
        place,
        &|enabled| {
            enabled.insert(kind.policy);
        },
        &|node| {
            node.attached_mut().extend(own.iter().map(|policy| policy.id.clone()));
        },
    )
    .await
}

impl Handle<DisablePolicyType> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DisablePolicyType")
        .on(&["root"])
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DisablePolicyTypeRequest,
    ) -> Result<Vec<Resource>, Failure> {
        root(call, input.root_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &DisablePolicyTypeRequest,
        request: &mut authz::Request,
    ) {
        kinds::condition(request, input.policy_type.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DisablePolicyTypeRequest,
    ) -> Result<DisablePolicyTypeResponse, Failure> {
        let place = access::enter(call, Open::Delegation).await?;
        let kind = kinds::asked(input.policy_type.as_ref())?;
        if !place.organization.enabled.contains(&kind.policy) {
            return Err(POLICY_TYPE_NOT_ENABLED_EXCEPTION
                .because("The specified policy type isn't currently enabled in this root."));
        }
        let known = find::all::<OrganizationPolicy>(call, &place.scope).await?;
        let known = known.iter().filter(|policy| policy.kind == kind.policy);
        let mut ids: Vec<&str> = known.map(|policy| policy.id.as_str()).collect();
        ids.extend(kind.full_access);
        let root = switch(
            call,
            &place,
            &|enabled| {
                enabled.remove(&kind.policy);
            },
            &|node| {
                node.attached_mut().retain(|id| !ids.contains(&id.as_str()));
            },
        )
        .await?;
        Ok(DisablePolicyTypeResponse { root: Some(root) })
    }
}

/// Changes which kinds are enabled, and what is attached to every node.
async fn switch(
    call: &mut Call,
    place: &Place,
    change: &(dyn Fn(&mut BTreeSet<PolicyType>) + Sync),
    attach: &(dyn Fn(&mut Node) + Sync),
) -> Result<Root, Failure> {
    let mut changed = (*place.organization).clone();
    for mut node in find::nodes(call, place).await? {
        attach(&mut node);
        match node {
            Node::Root(mut organization) => {
                change(&mut organization.enabled);
                Node::Root(organization.clone()).put(call, place)?;
                changed = organization;
            }
            node => node.put(call, place)?,
        }
    }
    Ok(organization::show_root(place, &changed))
}
