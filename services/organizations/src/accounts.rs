//! The accounts of an organization: described, listed and closed.

use std::sync::Arc;

use api_organizations::error::ACCOUNT_ALREADY_CLOSED_EXCEPTION;
use api_organizations::operations::{
    CloseAccount, DescribeAccount, ListAccounts, ListAccountsForParent,
};
use api_organizations::{
    AccountJoinedMethod, AccountState, AccountStatus, CloseAccountRequest,
    ConstraintViolationExceptionReason as Constraint, DescribeAccountRequest,
    DescribeAccountResponse, ListAccountsForParentRequest, ListAccountsForParentResponse,
    ListAccountsRequest, ListAccountsResponse, Unit,
};
use base::time::DAY;
use identity::organization::Account;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::{Failure, Operation};

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::{Organizations, events, ids, paging, refuse};

/// The days in which [`closable`] accounts may be closed.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_close.html>
const CLOSE_WINDOW_DAYS: u32 = 30;
/// Accounts that may be closed in the window in any case.
const CLOSED_MIN: usize = 10;
/// Accounts that may be closed in the window at most.
const CLOSED_MAX: usize = 1_000;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<DescribeAccount, _>(organizations)
        .operation::<ListAccounts, _>(organizations)
        .operation::<ListAccountsForParent, _>(organizations)
        .operation::<CloseAccount, _>(organizations)
}

/// The account that a request names, for authorization.
pub(crate) async fn named(call: &mut Call, open: Open, id: &str) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, open).await?;
    let account = find::account(call, &place, id).await?;
    Ok(vec![Node::Account(account).resource(call, &place)])
}

impl Handle<DescribeAccount> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribeAccount").on(&["account"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DescribeAccountRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegates, input.account_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeAccountRequest,
    ) -> Result<DescribeAccountResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let account = find::account(call, &place, input.account_id()).await?;
        Ok(DescribeAccountResponse { account: Some(show(call, &place, &account).await?) })
    }
}

impl Handle<ListAccounts> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListAccounts");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListAccountsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListAccountsRequest,
    ) -> Result<ListAccountsResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let all = find::accounts(call, &place).await?;
        let (max, token) = (input.max_results, input.next_token.as_deref());
        let (accounts, next_token) = list::<ListAccounts>(call, &place, all, max, token).await?;
        Ok(ListAccountsResponse { accounts: Some(accounts), next_token })
    }
}

impl Handle<ListAccountsForParent> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:ListAccountsForParent").on(&["organizationalunit", "root"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListAccountsForParentRequest,
    ) -> Result<Vec<Resource>, Failure> {
        find::parent_named(call, Open::Delegates, input.parent_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListAccountsForParentRequest,
    ) -> Result<ListAccountsForParentResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let mut all = find::accounts(call, &place).await?;
        all.retain(|account| account.parent == input.parent_id());
        let (max, token) = (input.max_results, input.next_token.as_deref());
        let (accounts, next_token) =
            list::<ListAccountsForParent>(call, &place, all, max, token).await?;
        Ok(ListAccountsForParentResponse { accounts: Some(accounts), next_token })
    }
}

async fn list<O: Operation>(
    call: &Call,
    place: &Place,
    accounts: Vec<Arc<Account>>,
    max: Option<i32>,
    token: Option<&str>,
) -> Result<(Vec<api_organizations::Account>, Option<String>), Failure> {
    let accounts = accounts.into_iter().map(|account| (account.id.to_string(), account));
    let (accounts, next_token) = paging::page::<O, _>(accounts, max, token)?;
    let mut shown = Vec::with_capacity(accounts.len());
    for account in accounts {
        shown.push(show(call, place, &account).await?);
    }
    Ok((shown, next_token))
}

impl Handle<CloseAccount> for Organizations {
    const FACTS: Facts = Facts::write("organizations:CloseAccount").on(&["account"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CloseAccountRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Management, input.account_id()).await
    }

    async fn handle(&self, call: &mut Call, input: &CloseAccountRequest) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let mut account = find::account(call, &place, input.account_id()).await?;
        if account.id == place.organization.management_account {
            let text = "You can't close the management account.";
            return Err(refuse::constraint(Constraint::CannotCloseManagementAccount, text));
        }
        if account.closed.is_some() {
            return Err(ACCOUNT_ALREADY_CLOSED_EXCEPTION.because("The account is already closed."));
        }
        let accounts = find::accounts(call, &place).await?;
        let recent = call.now - DAY * CLOSE_WINDOW_DAYS;
        let closed = accounts.iter().filter(|account| account.closed.is_some_and(|at| at > recent));
        if closed.count() >= closable(&accounts) {
            let text = "You have exceeded close account quota for the past 30 days.";
            return Err(refuse::constraint(Constraint::CloseAccountQuotaExceeded, text));
        }
        account.closed = Some(call.now);
        Node::Account(account.clone()).change(call, &place).await?;
        events::closed(call, &account)?;
        Ok(Unit {})
    }
}

/// How many accounts may be closed in 30 days: a tenth of those that are active.
fn closable(accounts: &[Arc<Account>]) -> usize {
    let active = accounts.iter().filter(|account| account.closed.is_none()).count();
    (active / 10).clamp(CLOSED_MIN, CLOSED_MAX)
}

/// An account as the API shows it.
pub(crate) async fn show(
    call: &Call,
    place: &Place,
    account: &Account,
) -> Result<api_organizations::Account, Failure> {
    let path = find::path(call, place, &account.parent, account.id.as_str()).await?;
    let (status, state) = status(account);
    Ok(api_organizations::Account {
        id: Some(account.id.to_string()),
        arn: Some(ids::account_arn(&place.organization, account.id)),
        email: Some(account.email.clone()),
        name: Some(account.name.clone()),
        status: Some(status),
        state: Some(state),
        paths: Some(vec![path]),
        joined_method: Some(joined_method(account)),
        joined_timestamp: Some(account.joined),
    })
}

/// How an account stands.
pub(crate) fn status(account: &Account) -> (AccountStatus, AccountState) {
    match account.closed {
        None => (AccountStatus::Active, AccountState::Active),
        Some(_) => (AccountStatus::Suspended, AccountState::Closed),
    }
}

/// How an account came in.
pub(crate) fn joined_method(account: &Account) -> AccountJoinedMethod {
    match account.created_here {
        true => AccountJoinedMethod::Created,
        false => AccountJoinedMethod::Invited,
    }
}
