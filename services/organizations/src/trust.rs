//! Services that the organization trusts, and the members that administer them for it.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services.html>

use std::sync::Arc;

use api_organizations::error::{
    ACCOUNT_ALREADY_REGISTERED_EXCEPTION, ACCOUNT_NOT_REGISTERED_EXCEPTION,
};
use api_organizations::operations::{
    DeregisterDelegatedAdministrator, DisableAWSServiceAccess, EnableAWSServiceAccess,
    ListAWSServiceAccessForOrganization, ListDelegatedAdministrators,
    ListDelegatedServicesForAccount, RegisterDelegatedAdministrator,
};
use api_organizations::{
    ConstraintViolationExceptionReason as Constraint, DelegatedAdministrator, DelegatedService,
    DeregisterDelegatedAdministratorRequest, DisableAWSServiceAccessRequest,
    EnableAWSServiceAccessRequest, EnabledServicePrincipal, InvalidInputExceptionReason as Invalid,
    ListAWSServiceAccessForOrganizationRequest, ListAWSServiceAccessForOrganizationResponse,
    ListDelegatedAdministratorsRequest, ListDelegatedAdministratorsResponse,
    ListDelegatedServicesForAccountRequest, ListDelegatedServicesForAccountResponse,
    RegisterDelegatedAdministratorRequest, Unit,
};
use identity::organization::{Account, Organization};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::{Organizations, accounts, ids, paging, refuse};

/// The condition key that bears the service of a request.
const CONDITION: &str = "organizations:ServicePrincipal";
/// What the principals of services end with.
const SUFFIX: &str = ".amazonaws.com";

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<EnableAWSServiceAccess, _>(organizations)
        .operation::<DisableAWSServiceAccess, _>(organizations)
        .operation::<ListAWSServiceAccessForOrganization, _>(organizations)
        .operation::<RegisterDelegatedAdministrator, _>(organizations)
        .operation::<DeregisterDelegatedAdministrator, _>(organizations)
        .operation::<ListDelegatedAdministrators, _>(organizations)
        .operation::<ListDelegatedServicesForAccount, _>(organizations)
}

/// Refuses what is not the principal of a service, and an organization without all features.
fn check(place: &Place, service: &str) -> Result<(), Failure> {
    let name = service.strip_suffix(SUFFIX).unwrap_or_default();
    if name.is_empty() {
        let text = "You specified a service principal that we don't recognize.";
        return Err(refuse::invalid(Invalid::UnrecognizedServicePrincipal, text));
    }
    if !place.organization.all_features {
        let text = "This operation requires an organization with all features enabled.";
        return Err(refuse::constraint(Constraint::OrganizationNotInAllFeaturesMode, text));
    }
    Ok(())
}

async fn change(
    call: &mut Call,
    place: &Place,
    change: impl FnOnce(&mut Organization),
) -> Result<Unit, Failure> {
    let mut organization = (*place.organization).clone();
    change(&mut organization);
    Node::Root(organization).change(call, place).await?;
    Ok(Unit {})
}

impl Handle<EnableAWSServiceAccess> for Organizations {
    const FACTS: Facts = Facts::write("organizations:EnableAWSServiceAccess").keys(&[CONDITION]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &EnableAWSServiceAccessRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Management).await?.anything(call))
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &EnableAWSServiceAccessRequest,
        request: &mut authz::Request,
    ) {
        request.context.set(CONDITION, input.service_principal().to_owned());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &EnableAWSServiceAccessRequest,
    ) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let (service, now) = (input.service_principal().to_owned(), call.now);
        check(&place, &service)?;
        change(call, &place, |organization| {
            organization.trusted_services.entry(service).or_insert(now);
        })
        .await
    }
}

impl Handle<DisableAWSServiceAccess> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DisableAWSServiceAccess").keys(&[CONDITION]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &DisableAWSServiceAccessRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Management).await?.anything(call))
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &DisableAWSServiceAccessRequest,
        request: &mut authz::Request,
    ) {
        request.context.set(CONDITION, input.service_principal().to_owned());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DisableAWSServiceAccessRequest,
    ) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let service = input.service_principal();
        check(&place, service)?;
        let accounts = find::accounts(call, &place).await?;
        if accounts.iter().any(|account| account.delegated.contains_key(service)) {
            let text = "There are delegated administrators for the service. Deregister them first.";
            let reason = Constraint::DelegatedAdministratorExistsForThisService;
            return Err(refuse::constraint(reason, text));
        }
        change(call, &place, |organization| {
            organization.trusted_services.remove(service);
        })
        .await
    }
}

impl Handle<ListAWSServiceAccessForOrganization> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListAWSServiceAccessForOrganization");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListAWSServiceAccessForOrganizationRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListAWSServiceAccessForOrganizationRequest,
    ) -> Result<ListAWSServiceAccessForOrganizationResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let trusted = place.organization.trusted_services.iter().map(|(service, at)| {
            let shown = EnabledServicePrincipal {
                service_principal: Some(service.clone()),
                date_enabled: Some(*at),
            };
            (service.clone(), shown)
        });
        let (services, next_token) = paging::page::<ListAWSServiceAccessForOrganization, _>(
            trusted,
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListAWSServiceAccessForOrganizationResponse {
            enabled_service_principals: Some(services),
            next_token,
        })
    }
}

impl Handle<RegisterDelegatedAdministrator> for Organizations {
    const FACTS: Facts = Facts::write("organizations:RegisterDelegatedAdministrator")
        .on(&["account"])
        .keys(&[CONDITION]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RegisterDelegatedAdministratorRequest,
    ) -> Result<Vec<Resource>, Failure> {
        accounts::named(call, Open::Management, input.account_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &RegisterDelegatedAdministratorRequest,
        request: &mut authz::Request,
    ) {
        request.context.set(CONDITION, input.service_principal().to_owned());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &RegisterDelegatedAdministratorRequest,
    ) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let (service, now) = (input.service_principal(), call.now);
        let mut account = find::account(call, &place, input.account_id()).await?;
        check(&place, service)?;
        if account.id == place.organization.management_account {
            let text = "You can't register the management account as a delegated administrator.";
            let reason = Constraint::CannotRegisterMasterAsDelegatedAdministrator;
            return Err(refuse::constraint(reason, text));
        }
        if account.closed.is_some() {
            let text = "You can't register a suspended account as a delegated administrator.";
            let reason = Constraint::CannotRegisterSuspendedAccountAsDelegatedAdministrator;
            return Err(refuse::constraint(reason, text));
        }
        if !place.organization.trusted_services.contains_key(service) {
            let text = "Call EnableAWSServiceAccess for the service first.";
            return Err(refuse::constraint(Constraint::ServiceAccessNotEnabled, text));
        }
        if account.delegated.insert(service.to_owned(), now).is_some() {
            return Err(ACCOUNT_ALREADY_REGISTERED_EXCEPTION.because(
                "The specified account is already a delegated administrator for this service.",
            ));
        }
        Node::Account(account).change(call, &place).await?;
        Ok(Unit {})
    }
}

impl Handle<DeregisterDelegatedAdministrator> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DeregisterDelegatedAdministrator")
        .on(&["account"])
        .keys(&[CONDITION]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeregisterDelegatedAdministratorRequest,
    ) -> Result<Vec<Resource>, Failure> {
        accounts::named(call, Open::Management, input.account_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &DeregisterDelegatedAdministratorRequest,
        request: &mut authz::Request,
    ) {
        request.context.set(CONDITION, input.service_principal().to_owned());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeregisterDelegatedAdministratorRequest,
    ) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let mut account = find::account(call, &place, input.account_id()).await?;
        if account.delegated.remove(input.service_principal()).is_none() {
            return Err(not_registered());
        }
        Node::Account(account).change(call, &place).await?;
        Ok(Unit {})
    }
}

fn not_registered() -> Failure {
    ACCOUNT_NOT_REGISTERED_EXCEPTION
        .because("The specified account is not a delegated administrator for this service.")
}

impl Handle<ListDelegatedAdministrators> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:ListDelegatedAdministrators").keys(&[CONDITION]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListDelegatedAdministratorsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &ListDelegatedAdministratorsRequest,
        request: &mut authz::Request,
    ) {
        if let Some(service) = &input.service_principal {
            request.context.set(CONDITION, service.clone());
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListDelegatedAdministratorsRequest,
    ) -> Result<ListDelegatedAdministratorsResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let accounts = find::accounts(call, &place).await?;
        let shown = accounts.iter().filter_map(|account| {
            let since = match &input.service_principal {
                Some(service) => account.delegated.get(service),
                None => account.delegated.values().min(),
            };
            Some((account.id.to_string(), show(&place, account, *since?)))
        });
        let (administrators, next_token) = paging::page::<ListDelegatedAdministrators, _>(
            shown,
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListDelegatedAdministratorsResponse {
            delegated_administrators: Some(administrators),
            next_token,
        })
    }
}

fn show(place: &Place, account: &Account, since: base::Timestamp) -> DelegatedAdministrator {
    let (status, state) = accounts::status(account);
    DelegatedAdministrator {
        id: Some(account.id.to_string()),
        arn: Some(ids::account_arn(&place.organization, account.id)),
        email: Some(account.email.clone()),
        name: Some(account.name.clone()),
        status: Some(status),
        state: Some(state),
        joined_method: Some(accounts::joined_method(account)),
        joined_timestamp: Some(account.joined),
        delegation_enabled_date: Some(since),
    }
}

impl Handle<ListDelegatedServicesForAccount> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:ListDelegatedServicesForAccount").on(&["account"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListDelegatedServicesForAccountRequest,
    ) -> Result<Vec<Resource>, Failure> {
        accounts::named(call, Open::Delegates, input.account_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListDelegatedServicesForAccountRequest,
    ) -> Result<ListDelegatedServicesForAccountResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let account = find::account(call, &place, input.account_id()).await?;
        if account.delegated.is_empty() {
            return Err(not_registered());
        }
        let shown = account.delegated.iter().map(|(service, at)| {
            let shown = DelegatedService {
                service_principal: Some(service.clone()),
                delegation_enabled_date: Some(*at),
            };
            (service.clone(), shown)
        });
        let (services, next_token) = paging::page::<ListDelegatedServicesForAccount, _>(
            shown,
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListDelegatedServicesForAccountResponse {
            delegated_services: Some(services),
            next_token,
        })
    }
}
