//! EnableAllFeatures: from consolidated billing to all features, once every invited account has approved.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html>

use std::sync::Arc;

use api_organizations::operations::EnableAllFeatures;
use api_organizations::{
    EnableAllFeaturesRequest, EnableAllFeaturesResponse,
    HandshakeConstraintViolationExceptionReason as Constraint,
};
use identity::organization::{Organization, PolicyType};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open};
use crate::handshakes::{self, Found};
use crate::record::{Handshake, Matter, State};
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, find, kinds, policy_types};

/// Days in which all accounts must approve.
const APPROVAL_DAYS: u32 = 90;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service.operation::<EnableAllFeatures, _>(organizations)
}

impl Handle<EnableAllFeatures> for Organizations {
    const FACTS: Facts = Facts::write("organizations:EnableAllFeatures");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &EnableAllFeaturesRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Management).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        _input: &EnableAllFeaturesRequest,
    ) -> Result<EnableAllFeaturesResponse, Failure> {
        let place = access::enter(call, Open::Management).await?;
        if place.organization.all_features {
            let text = "The organization has all features already.";
            let reason = Constraint::OrganizationAlreadyHasAllFeatures;
            return Err(refuse::handshake(reason, text));
        }
        let known = find::all::<Handshake>(call, &place.scope).await?;
        let is_pending = |handshake: &Arc<Handshake>| {
            handshake.matter == Matter::EnableAllFeatures
                && handshakes::is_pending(handshake, call.now)
        };
        if known.iter().any(is_pending) {
            let text = "The organization is enabling all features already.";
            let reason = Constraint::OrganizationIsAlreadyPendingAllFeaturesMigration;
            return Err(refuse::handshake(reason, text));
        }
        let mut handshake = handshakes::fresh(call, Matter::EnableAllFeatures, APPROVAL_DAYS);
        let management = place.organization.management_account;
        for account in find::accounts(call, &place).await? {
            if account.created_here || account.id == management || account.closed.is_some() {
                continue;
            }
            handshake.state = State::Requested;
            let parent = handshake.id.clone();
            let matter = Matter::ApproveAllFeatures { account: account.id, parent };
            let approval = handshakes::fresh(call, matter, APPROVAL_DAYS);
            handshakes::begin(call, &place.scope, approval)?;
        }
        place.touch(call).await?;
        let handshake = handshakes::begin(call, &place.scope, handshake)?;
        let shown = handshakes::show(call, &place.organization, &handshake).await?;
        Ok(EnableAllFeaturesResponse { handshake: Some(shown) })
    }
}

/// An account approved: the management account may finish once it was the last.
///
/// # Errors
/// A failing store.
pub(crate) async fn approved(call: &mut Call, found: &Found, parent: &str) -> Result<(), Failure> {
    let all = find::all::<Handshake>(call, &found.scope).await?;
    let waits = |handshake: &Arc<Handshake>| {
        let child = matches!(&handshake.matter, Matter::ApproveAllFeatures { parent: of, .. } if of == parent);
        child && handshake.state != State::Accepted
    };
    // Two last approvals at the same time both read this record, and one runs again.
    let whole = call.tx.get::<Handshake>(&found.scope, parent).await.or_internal()?;
    let Some(whole) = whole.filter(|whole| whole.state == State::Requested) else { return Ok(()) };
    let state = if all.iter().any(waits) { State::Requested } else { State::Open };
    let whole = Handshake { state, ..(*whole).clone() };
    call.tx.put(&found.scope, parent, &whole).or_internal()
}

/// All approved, and the management account finishes: all features are on, and service control policies with them.
///
/// # Errors
/// A failing store.
pub(crate) async fn finish(call: &mut Call) -> Result<(), Failure> {
    let place = access::enter(call, Open::Management).await?;
    let organization = Organization { all_features: true, ..(*place.organization).clone() };
    call.tx.put(&place.scope, &organization.id, &organization).or_internal()?;
    let place = access::enter(call, Open::Management).await?;
    policy_types::enable(call, &place, kinds::of(PolicyType::ServiceControl)).await?;
    Ok(())
}
