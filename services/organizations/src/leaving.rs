//! How accounts leave an organization: RemoveAccountFromOrganization and LeaveOrganization.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_remove.html>

use std::sync::Arc;

use api_organizations::error::MASTER_CANNOT_LEAVE_ORGANIZATION_EXCEPTION;
use api_organizations::operations::{LeaveOrganization, RemoveAccountFromOrganization};
use api_organizations::{
    ConstraintViolationExceptionReason as Constraint, RemoveAccountFromOrganizationRequest, Unit,
};
use base::time::DAY;
use identity::organization::{Account, MEMBERSHIP_ID, Membership};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;
use store::Scope;

use crate::access::{self, Open, Place};
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, accounts, find};

/// Days for which an account that was made here must stay.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const STAY_DAYS: u32 = 7;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<RemoveAccountFromOrganization, _>(organizations)
        .operation::<LeaveOrganization, _>(organizations)
}

impl Handle<RemoveAccountFromOrganization> for Organizations {
    const FACTS: Facts =
        Facts::write("organizations:RemoveAccountFromOrganization").on(&["account"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RemoveAccountFromOrganizationRequest,
    ) -> Result<Vec<Resource>, Failure> {
        accounts::named(call, Open::Management, input.account_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &RemoveAccountFromOrganizationRequest,
    ) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let account = find::account(call, &place, input.account_id()).await?;
        leave(call, &place, &account).await
    }
}

impl Handle<LeaveOrganization> for Organizations {
    const FACTS: Facts = Facts::write("organizations:LeaveOrganization");

    async fn handle(&self, call: &mut Call, _input: &Unit) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Members).await?;
        let own = call.account();
        let account = find::account(call, &place, own.as_str()).await?;
        leave(call, &place, &account).await
    }
}

async fn leave(call: &mut Call, place: &Place, account: &Account) -> Result<Unit, Failure> {
    if account.id == place.organization.management_account {
        return Err(MASTER_CANNOT_LEAVE_ORGANIZATION_EXCEPTION.because(
            "You can't remove a management account from an organization. To delete the management account, delete the organization.",
        ));
    }
    if account.closed.is_some() {
        let text = "You can't remove an account that is closed from an organization.";
        return Err(refuse::constraint(Constraint::AccountCannotLeaveOrganization, text));
    }
    if !account.delegated.is_empty() {
        let text =
            "You can't remove an account that is a delegated administrator. Deregister it first.";
        let reason = Constraint::CannotRemoveDelegatedAdministratorFromOrg;
        return Err(refuse::constraint(reason, text));
    }
    if account.created_here && call.now < account.joined + DAY * STAY_DAYS {
        let text = "You can't remove an account that was created in the organization until its waiting period is over.";
        return Err(refuse::constraint(Constraint::WaitPeriodActive, text));
    }
    place.touch(call).await?;
    call.tx.delete::<Account>(&place.scope, account.id.as_str()).or_internal()?;
    call.tx.delete::<Membership>(&Scope::global(account.id), MEMBERSHIP_ID).or_internal()?;
    Ok(Unit {})
}
