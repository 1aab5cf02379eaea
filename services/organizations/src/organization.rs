//! The organization itself: made, described and deleted; its root.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api_organizations::error::{
    ALREADY_IN_ORGANIZATION_EXCEPTION, ORGANIZATION_NOT_EMPTY_EXCEPTION,
};
use api_organizations::operations::{
    CreateOrganization, DeleteOrganization, DescribeOrganization, ListRoots,
};
use api_organizations::{
    CreateOrganizationRequest, CreateOrganizationResponse, DescribeOrganizationResponse,
    ListRootsRequest, ListRootsResponse, OrganizationFeatureSet, PolicyTypeStatus,
    PolicyTypeSummary, Root, Unit,
};
use identity::organization::{
    self, Account, MEMBERSHIP_ID, Membership, Organization, OrganizationPolicy, PolicyType,
};
use identity::record::Tags;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;
use store::Scope;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::record::{Asked, Creation, Delegation, Handshake};
use crate::refuse::OrInternal as _;
use crate::{Organizations, handshakes, ids, kinds, paging};

/// Characters behind the prefix of an organization's id.
const ORGANIZATION_CHARS: usize = 10;
/// Characters behind the prefix of a root's id.
const ROOT_CHARS: usize = 4;
/// The name of every root.
const ROOT_NAME: &str = "Root";

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<CreateOrganization, _>(organizations)
        .operation::<DescribeOrganization, _>(organizations)
        .operation::<DeleteOrganization, _>(organizations)
        .operation::<ListRoots, _>(organizations)
}

impl Handle<CreateOrganization> for Organizations {
    const FACTS: Facts = Facts::write("organizations:CreateOrganization");

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateOrganizationRequest,
    ) -> Result<CreateOrganizationResponse, Failure> {
        let own = Scope::global(call.account());
        if call.tx.get::<Membership>(&own, MEMBERSHIP_ID).await.or_internal()?.is_some() {
            return Err(ALREADY_IN_ORGANIZATION_EXCEPTION
                .because("The AWS account is already a member of an organization."));
        }
        let all_features = input.feature_set != Some(OrganizationFeatureSet::ConsolidatedBilling);
        let profile = find::profile(call, call.account()).await?;
        let mut organization = Organization {
            id: ids::fresh("o-", ORGANIZATION_CHARS, call.random()),
            management_account: call.account(),
            management_email: profile.email.clone(),
            all_features,
            root: ids::fresh("r-", ROOT_CHARS, call.random()),
            enabled: BTreeSet::new(),
            attached: Vec::new(),
            created: call.now,
            trusted_services: BTreeMap::new(),
            root_tags: Tags::new(),
        };
        // With all features, service control policies are on from the beginning.
        if all_features {
            organization.enabled.insert(PolicyType::ServiceControl);
            organization.attached = attached_to_new(&organization);
        }
        let account = Account {
            id: call.account(),
            name: profile.name,
            email: profile.email,
            parent: organization.root.clone(),
            attached: attached_to_new(&organization),
            joined: call.now,
            created_here: false,
            closed: None,
            delegated: BTreeMap::new(),
            tags: Tags::new(),
        };
        call.tx.create(&own, &organization.id, &organization).or_internal()?;
        call.tx.create(&own, account.id.as_str(), &account).or_internal()?;
        join(call, &organization, account.id)?;
        Ok(CreateOrganizationResponse { organization: Some(show(&organization)) })
    }
}

/// Writes that `account` belongs to the organization.
///
/// # Errors
/// A failing store.
pub(crate) fn join(
    call: &mut Call,
    organization: &Organization,
    account: base::AccountId,
) -> Result<(), Failure> {
    let membership = Membership {
        organization: organization.id.clone(),
        management_account: organization.management_account,
    };
    call.tx.create(&Scope::global(account), MEMBERSHIP_ID, &membership).or_internal()
}

/// What is attached to every new unit and account: AWS's policies that allow everything.
pub(crate) fn attached_to_new(organization: &Organization) -> Vec<String> {
    let full = |kind: &PolicyType| kinds::of(*kind).full_access.map(str::to_owned);
    organization.enabled.iter().filter_map(full).collect()
}

impl Handle<DescribeOrganization> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribeOrganization");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &Unit,
    ) -> Result<DescribeOrganizationResponse, Failure> {
        let place = access::enter(call, Open::Members).await?;
        Ok(DescribeOrganizationResponse { organization: Some(show(&place.organization)) })
    }
}

impl Handle<DeleteOrganization> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DeleteOrganization");

    async fn resources(&self, call: &mut Call, _input: &Unit) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Management).await?.anything(call))
    }

    async fn handle(&self, call: &mut Call, _input: &Unit) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let id = &place.organization.id;
        if find::accounts(call, &place).await?.len() > 1 {
            return Err(ORGANIZATION_NOT_EMPTY_EXCEPTION.because(
                "To delete an organization you must first remove all member accounts (except the master).",
            ));
        }
        for unit in find::all::<organization::Unit>(call, &place.scope).await? {
            call.tx.delete::<organization::Unit>(&place.scope, &unit.id).or_internal()?;
        }
        for policy in find::all::<OrganizationPolicy>(call, &place.scope).await? {
            call.tx.delete::<OrganizationPolicy>(&place.scope, &policy.id).or_internal()?;
        }
        for creation in find::all::<Creation>(call, &place.scope).await? {
            call.tx.delete::<Creation>(&place.scope, &creation.id).or_internal()?;
        }
        for handshake in find::all::<Handshake>(call, &place.scope).await? {
            if let Some(asked) = handshakes::asked_account(&handshake) {
                call.tx.delete::<Asked>(&Scope::global(asked), &handshake.id).or_internal()?;
            }
            call.tx.delete::<Handshake>(&place.scope, &handshake.id).or_internal()?;
        }
        call.tx.delete::<Delegation>(&place.scope, id).or_internal()?;
        call.tx.delete::<Account>(&place.scope, call.account().as_str()).or_internal()?;
        call.tx.delete::<Membership>(&place.scope, MEMBERSHIP_ID).or_internal()?;
        call.tx.delete::<Organization>(&place.scope, id).or_internal()?;
        Ok(Unit {})
    }
}

impl Handle<ListRoots> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListRoots");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListRootsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListRootsRequest,
    ) -> Result<ListRootsResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let root = [(place.organization.root.clone(), show_root(&place, &place.organization))];
        let token = input.next_token.as_deref();
        let (roots, next_token) = paging::page::<ListRoots, _>(root, input.max_results, token)?;
        Ok(ListRootsResponse { roots: Some(roots), next_token })
    }
}

/// The root as the API shows it, with what `organization` has enabled.
pub(crate) fn show_root(place: &Place, organization: &Organization) -> Root {
    Root {
        id: Some(organization.root.clone()),
        arn: Some(Node::Root(organization.clone()).arn(place)),
        name: Some(ROOT_NAME.into()),
        policy_types: Some(enabled(organization)),
    }
}

fn show(organization: &Organization) -> api_organizations::Organization {
    let feature_set = match organization.all_features {
        true => OrganizationFeatureSet::All,
        false => OrganizationFeatureSet::ConsolidatedBilling,
    };
    let management = organization.management_account;
    api_organizations::Organization {
        id: Some(organization.id.clone()),
        arn: Some(ids::arn(organization, "organization", "")),
        feature_set: Some(feature_set),
        master_account_arn: Some(ids::account_arn(organization, management)),
        master_account_id: Some(management.to_string()),
        master_account_email: Some(organization.management_email.clone()),
        available_policy_types: Some(enabled(organization)),
    }
}

fn enabled(organization: &Organization) -> Vec<PolicyTypeSummary> {
    let summary = |kind: &PolicyType| PolicyTypeSummary {
        r#type: Some(kinds::of(*kind).name.into()),
        status: Some(PolicyTypeStatus::Enabled),
    };
    organization.enabled.iter().map(summary).collect()
}
