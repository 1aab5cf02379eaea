//! Accounts: made, closed, removed.

use std::time::Duration;

use api_organizations::operations::{
    CloseAccount, CreateAccount, DeleteOrganization, DescribeAccount, EnableAWSServiceAccess,
    LeaveOrganization, ListAccounts, ListCreateAccountStatus, ListHandshakesForAccount,
    RegisterDelegatedAdministrator, RemoveAccountFromOrganization,
};
use api_organizations::{
    CloseAccountRequest, CreateAccountRequest, CreateAccountState, DescribeAccountRequest,
    EnableAWSServiceAccessRequest, ListAccountsRequest, ListCreateAccountStatusRequest,
    ListHandshakesForAccountRequest, RegisterDelegatedAdministratorRequest,
    RemoveAccountFromOrganizationRequest, Unit,
};
use base::AccountId;
use base::time::DAY;
use identity::managed::ADMINISTRATOR_ACCESS;
use identity::record::{self, Role};
use store::Scope;

use crate::world::{MANAGEMENT, World, outcome};

#[tokio::test]
async fn a_new_account_is_made_as_due_work_and_has_its_role() {
    let world = World::new().await;
    let request = CreateAccountRequest {
        account_name: Some("Workloads".into()),
        email: Some("w@example.com".into()),
        role_name: Some("Admin".into()),
        ..Default::default()
    };
    let answer = world.call::<CreateAccount>(request.clone()).await.expect("a request");
    let status = answer.create_account_status.expect("a status");
    assert_eq!(status.state, Some(CreateAccountState::InProgress));
    assert_eq!(status.account_id, None);
    // A second request for the same address is taken too, and fails later.
    world.call::<CreateAccount>(request).await.expect("a request");
    world.harness.advance(Duration::from_secs(1)).await;

    let list = |state: CreateAccountState| ListCreateAccountStatusRequest {
        states: Some(vec![state]),
        ..Default::default()
    };
    let made = world.call::<ListCreateAccountStatus>(list(CreateAccountState::Succeeded)).await;
    let made = made.expect("listed").create_account_statuses.expect("statuses");
    let failed = world.call::<ListCreateAccountStatus>(list(CreateAccountState::Failed)).await;
    let failed = failed.expect("listed").create_account_statuses.expect("statuses");
    assert_eq!((made.len(), failed.len()), (1, 1));
    let reason = failed[0].failure_reason.as_ref().map(|reason| reason.as_str());
    assert_eq!(reason, Some("EMAIL_ALREADY_EXISTS"));

    let id: AccountId = made[0].account_id.as_deref().expect("a number").parse().expect("valid");
    let tx = world.harness.platform.store().begin();
    let role = tx.peek::<Role>(&Scope::global(id), &record::id("Admin")).await.expect("the store");
    let role = role.expect("a role");
    assert!(role.trust.contains(&format!("arn:aws:iam::{MANAGEMENT}:root")), "{}", role.trust);
    assert_eq!(role.policies.attached, [ADMINISTRATOR_ACCESS]);

    let records = world.harness.records().await;
    let results = records.iter().filter(|record| record["eventName"] == "CreateAccountResult");
    let states: Vec<_> = results
        .map(|record| record["serviceEventDetails"]["createAccountStatus"]["state"].clone())
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&"SUCCEEDED".into()) && states.contains(&"FAILED".into()));
}

#[tokio::test]
async fn a_closed_account_can_do_nothing_and_is_shown_for_ninety_days() {
    let world = World::new().await;
    let member = world.account("short").await;
    assert!(world.sees(&member).await);
    let close = |id: &str| CloseAccountRequest { account_id: Some(id.into()) };
    let own = world.call::<CloseAccount>(close(MANAGEMENT)).await;
    assert_eq!(outcome(own), "ConstraintViolation CANNOT_CLOSE_MANAGEMENT_ACCOUNT");
    world.call::<CloseAccount>(close(&member)).await.expect("closed");
    assert!(!world.sees(&member).await);
    let twice = world.call::<CloseAccount>(close(&member)).await;
    assert_eq!(outcome(twice), "AccountAlreadyClosed");
    let describe = || DescribeAccountRequest { account_id: Some(member.clone()) };
    let answer = world.call::<DescribeAccount>(describe()).await.expect("described");
    let account = answer.account.expect("an account");
    assert_eq!(account.status.expect("a status").as_str(), "SUSPENDED");
    assert_eq!(account.state.expect("a state").as_str(), "CLOSED");
    world.harness.advance(DAY * 91).await;
    assert_eq!(outcome(world.call::<DescribeAccount>(describe()).await), "AccountNotFound");
    let list = world.call::<ListAccounts>(ListAccountsRequest::default()).await.expect("listed");
    assert_eq!(list.accounts.expect("accounts").len(), 1);
    // It stays closed when its organization is gone.
    world.call::<DeleteOrganization>(Unit {}).await.expect("deleted");
    let list = ListHandshakesForAccountRequest::default();
    let shut = world.call_as::<ListHandshakesForAccount>(&member, list).await;
    assert_eq!(outcome(shut), "AccessDenied");
}

#[tokio::test]
async fn no_more_than_ten_accounts_close_in_thirty_days() {
    let world = World::new().await;
    let mut last = String::new();
    for n in 0..11 {
        let account = world.account(&format!("n{n}")).await;
        let request = CloseAccountRequest { account_id: Some(account.clone()) };
        let closed = world.call::<CloseAccount>(request).await;
        let expected = match n {
            10 => "ConstraintViolation CLOSE_ACCOUNT_QUOTA_EXCEEDED",
            _ => "ok",
        };
        assert_eq!(outcome(closed), expected);
        last = account;
    }
    world.harness.advance(DAY * 31).await;
    let request = CloseAccountRequest { account_id: Some(last) };
    assert_eq!(outcome(world.call::<CloseAccount>(request).await), "ok");
}

#[tokio::test]
async fn accounts_leave_when_nothing_holds_them() {
    let world = World::new().await;
    let member = world.account("member").await;
    let remove = |id: &str| RemoveAccountFromOrganizationRequest { account_id: Some(id.into()) };
    type Remove = RemoveAccountFromOrganization;
    let young = world.call::<Remove>(remove(&member)).await;
    assert_eq!(outcome(young), "ConstraintViolation WAIT_PERIOD_ACTIVE");
    let own = world.call::<Remove>(remove(MANAGEMENT)).await;
    assert_eq!(outcome(own), "MasterCannotLeaveOrganization");
    world.harness.advance(DAY * 7).await;

    let service = || Some("config.amazonaws.com".to_owned());
    let register = || RegisterDelegatedAdministratorRequest {
        account_id: Some(member.clone()),
        service_principal: service(),
    };
    let early = world.call::<RegisterDelegatedAdministrator>(register()).await;
    assert_eq!(outcome(early), "ConstraintViolation SERVICE_ACCESS_NOT_ENABLED");
    let enable = EnableAWSServiceAccessRequest { service_principal: service() };
    world.call::<EnableAWSServiceAccess>(enable).await.expect("enabled");
    world.call::<RegisterDelegatedAdministrator>(register()).await.expect("registered");
    // A delegated administrator reads what is the organization's.
    let read = world.call_as::<ListAccounts>(&member, ListAccountsRequest::default()).await;
    assert_eq!(read.expect("read").accounts.expect("accounts").len(), 2);
    let held = world.call_as::<LeaveOrganization>(&member, Unit {}).await;
    assert_eq!(outcome(held), "ConstraintViolation CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG");

    let other = world.account("other").await;
    world.harness.advance(DAY * 7).await;
    world.call_as::<LeaveOrganization>(&other, Unit {}).await.expect("left");
    assert!(!world.sees(&other).await);
}
