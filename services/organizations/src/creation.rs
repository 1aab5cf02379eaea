//! CreateAccount: the request is taken at once, and the account made as due work.
//!
//! A new account is a working one: it has a role with AdministratorAccess that trusts the management account.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_create.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use api_organizations::error::CREATE_ACCOUNT_STATUS_NOT_FOUND_EXCEPTION;
use api_organizations::operations::{
    CreateAccount, DescribeCreateAccountStatus, ListCreateAccountStatus,
};
use api_organizations::{
    ConstraintViolationExceptionReason as Constraint, CreateAccountFailureReason as Reason,
    CreateAccountRequest, CreateAccountResponse, CreateAccountState, CreateAccountStatus,
    DescribeCreateAccountStatusRequest, DescribeCreateAccountStatusResponse,
    ListCreateAccountStatusRequest, ListCreateAccountStatusResponse,
};
use base::AccountId;
use identity::credentials::RootUser;
use identity::managed::ADMINISTRATOR_ACCESS;
use identity::organization::{
    Account, MEMBERSHIP_ID, Membership, Organization, PROFILE_ID, Profile, SERVICE,
};
use identity::record::{self, Policies, Role, Uses};
use platform::{Call, Facts, Handle, Resource, Service, Work};
use serde_json::json;
use shape::Failure;
use store::Scope;

use crate::access::{self, Open};
use crate::record::{Address, Creation, Ended};
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, events, find, ids, organization, paging, tags};

/// Accounts of an organization at most: as many as AWS raises its quota to.
pub(crate) const ACCOUNTS_MAX: usize = 10_000;
/// The role that a new account gets if the request names none.
const ROLE: &str = "OrganizationAccountAccessRole";
/// Characters behind the prefix of a request's id.
const REQUEST_CHARS: usize = 32;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<CreateAccount, _>(organizations)
        .operation::<DescribeCreateAccountStatus, _>(organizations)
        .operation::<ListCreateAccountStatus, _>(organizations)
        .work(&Arc::new(CreationWork))
}

impl Handle<CreateAccount> for Organizations {
    const FACTS: Facts = Facts::write("organizations:CreateAccount")
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &CreateAccountRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Management).await?.anything(call))
    }

    fn conditions(&self, _call: &Call, input: &CreateAccountRequest, request: &mut authz::Request) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateAccountRequest,
    ) -> Result<CreateAccountResponse, Failure> {
        let place = access::enter(call, Open::Management).await?;
        if find::accounts(call, &place).await?.len() >= ACCOUNTS_MAX {
            return Err(too_many());
        }
        let creation = Creation {
            id: ids::fresh("car-", REQUEST_CHARS, call.random()),
            name: input.account_name().to_owned(),
            email: input.email().to_owned(),
            role: input.role_name.clone().unwrap_or_else(|| ROLE.to_owned()),
            tags: tags::new(input.tags.as_ref())?,
            requested: call.now,
            ended: None,
        };
        let id = &creation.id;
        call.tx.create(&place.scope, id, &creation).or_internal()?;
        let due = Some(call.now);
        call.tx.put_due(&place.scope, SERVICE, CreationWork::KIND, id, due).or_internal()?;
        Ok(CreateAccountResponse { create_account_status: Some(show(&creation)) })
    }
}

/// There is no room for another account.
pub(crate) fn too_many() -> Failure {
    let text = "You have exceeded the allowed number of AWS accounts.";
    refuse::constraint(Constraint::AccountNumberLimitExceeded, text)
}

/// Makes accounts that were asked for.
pub(crate) struct CreationWork;

impl Work for CreationWork {
    const KIND: &'static str = "creation";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        let scope = Scope::global(call.account());
        call.tx.put_due(&scope, SERVICE, Self::KIND, id, None).or_internal()?;
        let creation = call.tx.get::<Creation>(&scope, id).await.or_internal()?;
        let Some(creation) = creation.filter(|creation| creation.ended.is_none()) else {
            return Ok(());
        };
        let ended = match make(call, &creation).await? {
            Ok(account) => Ended::Made(account),
            Err(reason) => Ended::Failed(reason.as_str().to_owned()),
        };
        let ended = Some((call.now, ended));
        let creation = Creation { ended, ..(*creation).clone() };
        call.tx.put(&scope, id, &creation).or_internal()?;
        events::created(call, &show(&creation))
    }
}

/// Makes the account, or says why there will be none.
async fn make(call: &mut Call, creation: &Creation) -> Result<Result<AccountId, Reason>, Failure> {
    let Ok(place) = access::enter(call, Open::Management).await else {
        return Ok(Err(Reason::InternalFailure));
    };
    if find::accounts(call, &place).await?.len() >= ACCOUNTS_MAX {
        return Ok(Err(Reason::AccountLimitExceeded));
    }
    let (system, address) = (Scope::system(), creation.email.to_ascii_lowercase());
    if call.tx.get::<Address>(&system, &address).await.or_internal()?.is_some() {
        return Ok(Err(Reason::EmailAlreadyExists));
    }
    let id = free_number(call).await?;
    let own = Scope::global(id);
    let profile = Profile { name: creation.name.clone(), email: creation.email.clone() };
    let account = Account {
        id,
        name: creation.name.clone(),
        email: creation.email.clone(),
        parent: place.organization.root.clone(),
        attached: organization::attached_to_new(&place.organization),
        joined: call.now,
        created_here: true,
        closed: None,
        delegated: BTreeMap::new(),
        tags: creation.tags.clone(),
    };
    let role = role(call, &place.organization, &creation.role);
    place.touch(call).await?;
    organization::join(call, &place.organization, id)?;
    call.tx.create(&system, &address, &Address { account: id }).or_internal()?;
    call.tx.create(&own, PROFILE_ID, &profile).or_internal()?;
    call.tx.create(&own, &record::id(&role.name), &role).or_internal()?;
    let uses = Uses { attached: 1, boundaries: 0 };
    call.tx.create(&own, &record::id(ADMINISTRATOR_ACCESS), &uses).or_internal()?;
    call.tx.create(&place.scope, id.as_str(), &account).or_internal()?;
    Ok(Ok(id))
}

/// A number under which there is nothing yet. That its records are created, not put, is what keeps two apart.
async fn free_number(call: &mut Call) -> Result<AccountId, Failure> {
    loop {
        let id = ids::account(call.random());
        let scope = Scope::global(id);
        let member = call.tx.get::<Membership>(&scope, MEMBERSHIP_ID).await.or_internal()?;
        let known = call.tx.get::<Profile>(&scope, PROFILE_ID).await.or_internal()?;
        let root = call.tx.get::<RootUser>(&scope, id.as_str()).await.or_internal()?;
        if member.is_none() && known.is_none() && root.is_none() {
            return Ok(id);
        }
    }
}

/// The role by which the management account administers the new account.
fn role(call: &Call, organization: &Organization, name: &str) -> Role {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": organization.management_account.root_arn() },
            "Action": "sts:AssumeRole",
        }],
    });
    let unique_id = identity::ids::unique_id(identity::ids::Prefix::Role, call.random());
    let attached = vec![ADMINISTRATOR_ACCESS.to_owned()];
    Role {
        policies: Policies { attached, ..Policies::default() },
        ..Role::new(name, unique_id, call.now.trunc_seconds(), &trust.to_string())
    }
}

impl Handle<DescribeCreateAccountStatus> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribeCreateAccountStatus");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &DescribeCreateAccountStatusRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeCreateAccountStatusRequest,
    ) -> Result<DescribeCreateAccountStatusResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let id = input.create_account_request_id();
        let creation = call.tx.get::<Creation>(&place.scope, id).await.or_internal()?;
        let creation = creation.ok_or_else(|| {
            CREATE_ACCOUNT_STATUS_NOT_FOUND_EXCEPTION.because(
                "We can't find a create account request with the CreateAccountRequestId that you specified.",
            )
        })?;
        Ok(DescribeCreateAccountStatusResponse { create_account_status: Some(show(&creation)) })
    }
}

impl Handle<ListCreateAccountStatus> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListCreateAccountStatus");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListCreateAccountStatusRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListCreateAccountStatusRequest,
    ) -> Result<ListCreateAccountStatusResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let wanted = input.states.as_deref().unwrap_or_default();
        let is_wanted = |status: &CreateAccountStatus| {
            wanted.is_empty() || status.state.as_ref().is_some_and(|state| wanted.contains(state))
        };
        let all = find::all::<Creation>(call, &place.scope).await?;
        let shown = all.iter().map(|creation| (creation.id.clone(), show(creation)));
        let (statuses, next_token) = paging::page::<ListCreateAccountStatus, _>(
            shown.filter(|(_, status)| is_wanted(status)),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListCreateAccountStatusResponse { create_account_statuses: Some(statuses), next_token })
    }
}

fn show(creation: &Creation) -> CreateAccountStatus {
    let (state, account_id, failure_reason) = match &creation.ended {
        None => (CreateAccountState::InProgress, None, None),
        Some((_, Ended::Made(account))) => {
            (CreateAccountState::Succeeded, Some(account.to_string()), None)
        }
        Some((_, Ended::Failed(reason))) => {
            (CreateAccountState::Failed, None, Some(Reason::from(reason.as_str())))
        }
    };
    CreateAccountStatus {
        id: Some(creation.id.clone()),
        account_name: Some(creation.name.clone()),
        state: Some(state),
        requested_timestamp: Some(creation.requested),
        completed_timestamp: creation.ended.as_ref().map(|(at, _)| *at),
        account_id,
        gov_cloud_account_id: None,
        failure_reason,
    }
}
