//! Handshakes: found, described, listed, cancelled and declined. How they begin and are accepted is in [`crate::invite`] and
//! [`crate::features`].
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_invites.html>

use std::sync::Arc;

use api_organizations::error::{
    HANDSHAKE_ALREADY_IN_STATE_EXCEPTION, HANDSHAKE_NOT_FOUND_EXCEPTION,
    INVALID_HANDSHAKE_TRANSITION_EXCEPTION,
};
use api_organizations::operations::{
    CancelHandshake, DeclineHandshake, DescribeHandshake, ListHandshakesForAccount,
    ListHandshakesForOrganization,
};
use api_organizations::{
    ActionType, CancelHandshakeRequest, CancelHandshakeResponse, DeclineHandshakeRequest,
    DeclineHandshakeResponse, DescribeHandshakeRequest, DescribeHandshakeResponse, HandshakeFilter,
    HandshakeParty, HandshakePartyType, HandshakeResource, HandshakeResourceType, HandshakeState,
    ListHandshakesForAccountRequest, ListHandshakesForAccountResponse,
    ListHandshakesForOrganizationRequest, ListHandshakesForOrganizationResponse,
};
use base::time::DAY;
use base::{AccountId, Timestamp};
use identity::organization::{Account, MEMBERSHIP_ID, Membership, Organization};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;
use store::{Range, Scope};

use crate::access::{self, Open};
use crate::record::{Asked, Handshake, Matter, State};
use crate::refuse::OrInternal as _;
use crate::{Organizations, find, ids, paging};

/// Characters behind the prefix of a handshake's id.
const HANDSHAKE_CHARS: usize = 32;
/// How long an ended handshake is listed.
const LISTED_DAYS: u32 = 30;
/// Handshakes that one account is asked to answer, at most, that are looked at.
const ASKED_MAX: usize = 1_000;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<DescribeHandshake, _>(organizations)
        .operation::<CancelHandshake, _>(organizations)
        .operation::<DeclineHandshake, _>(organizations)
        .operation::<ListHandshakesForAccount, _>(organizations)
        .operation::<ListHandshakesForOrganization, _>(organizations)
}

/// A handshake as a caller finds it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The organization that began it.
    pub organization: Arc<Organization>,
    /// The handshake.
    pub handshake: Handshake,
    /// Where it is kept.
    pub scope: Scope,
    /// Whether the caller is asked to answer it, and did not begin it.
    pub asked: bool,
}

/// The handshake that a request names, if the calling account has part in it.
///
/// # Errors
/// `HandshakeNotFoundException`.
pub(crate) async fn find(call: &mut Call, id: &str) -> Result<Found, Failure> {
    let own = Scope::global(call.account());
    let asked = call.tx.get::<Asked>(&own, id).await.or_internal()?;
    let scope = asked.as_ref().map_or(own, |asked| Scope::global(asked.management_account));
    let handshake = call.tx.get::<Handshake>(&scope, id).await.or_internal()?;
    let organization = organization_at(call, &scope).await?;
    let (Some(handshake), Some(organization)) = (handshake, organization) else {
        return Err(HANDSHAKE_NOT_FOUND_EXCEPTION
            .because("We can't find a handshake with the HandshakeId that you specified."));
    };
    let handshake = (*handshake).clone();
    Ok(Found { organization, handshake, scope, asked: asked.is_some() })
}

async fn organization_at(
    call: &mut Call,
    scope: &Scope,
) -> Result<Option<Arc<Organization>>, Failure> {
    let membership = call.tx.get::<Membership>(scope, MEMBERSHIP_ID).await.or_internal()?;
    match membership {
        Some(membership) => {
            call.tx.get::<Organization>(scope, &membership.organization).await.or_internal()
        }
        None => Ok(None),
    }
}

/// The handshake that a request names, for authorization: it counts as the calling account's own.
pub(crate) async fn named(call: &mut Call, id: &str) -> Result<Vec<Resource>, Failure> {
    let found = find(call, id).await?;
    let arn = arn(&found.organization, &found.handshake);
    let management = found.organization.management_account;
    let kind = "AWS::Organizations::Handshake";
    Ok(vec![Resource::new(ids::parse(&arn, management), kind, call.account())])
}

impl Found {
    /// Refuses unless the handshake can still be answered.
    ///
    /// # Errors
    /// `HandshakeAlreadyInStateException`, `InvalidHandshakeTransitionException`.
    pub fn check(&self, now: Timestamp, from: &[State], to: State) -> Result<(), Failure> {
        if self.handshake.state == to {
            return Err(HANDSHAKE_ALREADY_IN_STATE_EXCEPTION
                .because("The specified handshake is already in the requested state."));
        }
        let waits = from.contains(&self.handshake.state) && now < self.handshake.expires;
        if waits { Ok(()) } else { Err(not_now()) }
    }

    /// Ends the handshake.
    ///
    /// # Errors
    /// A failing store.
    pub fn end(&mut self, call: &mut Call, state: State) -> Result<(), Failure> {
        self.handshake.state = state;
        self.handshake.ended = Some(call.now);
        call.tx.put(&self.scope, &self.handshake.id, &self.handshake).or_internal()
    }

    /// It as the API shows it.
    ///
    /// # Errors
    /// A failing store.
    pub async fn show(&self, call: &mut Call) -> Result<api_organizations::Handshake, Failure> {
        show(call, &self.organization, &self.handshake).await
    }
}

/// The handshake is not the caller's to move so, or not now.
pub(crate) fn not_now() -> Failure {
    INVALID_HANDSHAKE_TRANSITION_EXCEPTION.because(
        "You can't perform the operation on the handshake in its current state, or as the account that you are.",
    )
}

/// The account that a handshake asks, if it is one that is known.
pub(crate) fn asked_account(handshake: &Handshake) -> Option<AccountId> {
    match &handshake.matter {
        Matter::Invite { account, .. } => *account,
        Matter::ApproveAllFeatures { account, .. } => Some(*account),
        Matter::EnableAllFeatures => None,
    }
}

/// Whether a handshake waits for an answer.
pub(crate) fn is_pending(handshake: &Handshake, now: Timestamp) -> bool {
    matches!(handshake.state, State::Requested | State::Open) && now < handshake.expires
}

/// Begins a handshake in `scope`, that of the management account.
///
/// # Errors
/// A failing store.
pub(crate) fn begin(
    call: &mut Call,
    scope: &Scope,
    handshake: Handshake,
) -> Result<Handshake, Failure> {
    call.tx.create(scope, &handshake.id, &handshake).or_internal()?;
    if let Some(account) = asked_account(&handshake) {
        let asked = Asked { management_account: scope.account };
        call.tx.create(&Scope::global(account), &handshake.id, &asked).or_internal()?;
    }
    Ok(handshake)
}

/// A fresh handshake that is open for `days`.
pub(crate) fn fresh(call: &Call, matter: Matter, days: u32) -> Handshake {
    Handshake {
        id: ids::fresh("h-", HANDSHAKE_CHARS, call.random()),
        matter,
        state: State::Open,
        requested: call.now,
        expires: call.now + DAY * days,
        ended: None,
        notes: None,
        tags: identity::record::Tags::new(),
    }
}

impl Handle<DescribeHandshake> for Organizations {
    const FACTS: Facts = Facts::read("organizations:DescribeHandshake").on(&["handshake"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DescribeHandshakeRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, input.handshake_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeHandshakeRequest,
    ) -> Result<DescribeHandshakeResponse, Failure> {
        let found = find(call, input.handshake_id()).await?;
        Ok(DescribeHandshakeResponse { handshake: Some(found.show(call).await?) })
    }
}

impl Handle<CancelHandshake> for Organizations {
    const FACTS: Facts = Facts::write("organizations:CancelHandshake").on(&["handshake"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CancelHandshakeRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, input.handshake_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CancelHandshakeRequest,
    ) -> Result<CancelHandshakeResponse, Failure> {
        let mut found = find(call, input.handshake_id()).await?;
        if found.asked {
            return Err(not_now());
        }
        found.check(call.now, &[State::Requested, State::Open], State::Canceled)?;
        found.end(call, State::Canceled)?;
        // Nobody is left to approve what is not asked any more.
        if found.handshake.matter == Matter::EnableAllFeatures {
            for handshake in find::all::<Handshake>(call, &found.scope).await? {
                let child = matches!(&handshake.matter, Matter::ApproveAllFeatures { parent, .. } if *parent == found.handshake.id);
                if child && is_pending(&handshake, call.now) {
                    let handshake = (*handshake).clone();
                    Found { handshake, ..found.clone() }.end(call, State::Canceled)?;
                }
            }
        }
        Ok(CancelHandshakeResponse { handshake: Some(found.show(call).await?) })
    }
}

impl Handle<DeclineHandshake> for Organizations {
    const FACTS: Facts = Facts::write("organizations:DeclineHandshake").on(&["handshake"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeclineHandshakeRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, input.handshake_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeclineHandshakeRequest,
    ) -> Result<DeclineHandshakeResponse, Failure> {
        let mut found = find(call, input.handshake_id()).await?;
        if !found.asked {
            return Err(not_now());
        }
        found.check(call.now, &[State::Open], State::Declined)?;
        found.end(call, State::Declined)?;
        Ok(DeclineHandshakeResponse { handshake: Some(found.show(call).await?) })
    }
}

impl Handle<ListHandshakesForAccount> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListHandshakesForAccount");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListHandshakesForAccountRequest,
    ) -> Result<ListHandshakesForAccountResponse, Failure> {
        let own = Scope::global(call.account());
        let all = Range { prefix: "", after: None };
        let asked = call.tx.scan::<Asked>(&own, all, ASKED_MAX).await.or_internal()?;
        let mut shown = Vec::new();
        for (id, _) in asked {
            let found = find(call, &id).await?;
            if is_listed(&found.handshake, input.filter.as_ref(), call.now) {
                shown.push((id, found.show(call).await?));
            }
        }
        let (handshakes, next_token) = paging::page::<ListHandshakesForAccount, _>(
            shown,
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListHandshakesForAccountResponse { handshakes: Some(handshakes), next_token })
    }
}

impl Handle<ListHandshakesForOrganization> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListHandshakesForOrganization");

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ListHandshakesForOrganizationRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(access::enter(call, Open::Delegates).await?.anything(call))
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListHandshakesForOrganizationRequest,
    ) -> Result<ListHandshakesForOrganizationResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let mut shown = Vec::new();
        for handshake in find::all::<Handshake>(call, &place.scope).await? {
            if is_listed(&handshake, input.filter.as_ref(), call.now) {
                let handshake_shown = show(call, &place.organization, &handshake).await?;
                shown.push((handshake.id.clone(), handshake_shown));
            }
        }
        let (handshakes, next_token) = paging::page::<ListHandshakesForOrganization, _>(
            shown,
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListHandshakesForOrganizationResponse { handshakes: Some(handshakes), next_token })
    }
}

fn is_listed(handshake: &Handshake, filter: Option<&HandshakeFilter>, now: Timestamp) -> bool {
    let ended = handshake.ended.unwrap_or(handshake.expires);
    let action = filter.and_then(|filter| filter.action_type.as_ref());
    let parent = filter.and_then(|filter| filter.parent_handshake_id.as_ref());
    let child_of = |wanted: &String| matches!(&handshake.matter, Matter::ApproveAllFeatures { parent, .. } if parent == wanted);
    now < ended + DAY * LISTED_DAYS
        && action.is_none_or(|wanted| *wanted == action_of(&handshake.matter))
        && parent.is_none_or(child_of)
}

fn action_of(matter: &Matter) -> ActionType {
    match matter {
        Matter::Invite { .. } => ActionType::Invite,
        Matter::EnableAllFeatures => ActionType::EnableAllFeatures,
        Matter::ApproveAllFeatures { .. } => ActionType::ApproveAllFeatures,
    }
}

fn arn(organization: &Organization, handshake: &Handshake) -> String {
    let action = action_of(&handshake.matter).as_str().to_ascii_lowercase();
    ids::arn(organization, "handshake", &format!("{action}/{}", handshake.id))
}

/// A handshake as the API shows it.
///
/// # Errors
/// A failing store.
pub(crate) async fn show(
    call: &mut Call,
    organization: &Organization,
    handshake: &Handshake,
) -> Result<api_organizations::Handshake, Failure> {
    let management = organization.management_account;
    let scope = Scope::global(management);
    let own = call.tx.get::<Account>(&scope, management.as_str()).await.or_internal()?;
    let resource = |kind: HandshakeResourceType, value: &str| HandshakeResource {
        value: Some(value.to_owned()),
        r#type: Some(kind),
        resources: None,
    };
    let party = |kind: HandshakePartyType, id: &str| HandshakeParty {
        id: Some(id.to_owned()),
        r#type: Some(kind),
    };
    let name = own.map_or_else(|| management.to_string(), |account| account.name.clone());
    let mut parties = vec![party(HandshakePartyType::Organization, &organization.id)];
    let mut resources = vec![HandshakeResource {
        resources: Some(vec![
            resource(HandshakeResourceType::MasterEmail, &organization.management_email),
            resource(HandshakeResourceType::MasterName, &name),
            resource(
                HandshakeResourceType::OrganizationFeatureSet,
                if organization.all_features { "ALL" } else { "CONSOLIDATED_BILLING" },
            ),
        ]),
        ..resource(HandshakeResourceType::Organization, &organization.id)
    }];
    match (&handshake.matter, asked_account(handshake)) {
        (Matter::Invite { email: Some(email), .. }, _) => {
            parties.push(party(HandshakePartyType::Email, email));
            resources.push(resource(HandshakeResourceType::Email, email));
        }
        (_, Some(account)) => {
            parties.push(party(HandshakePartyType::Account, account.as_str()));
            resources.push(resource(HandshakeResourceType::Account, account.as_str()));
        }
        (_, None) => {}
    }
    if let Matter::ApproveAllFeatures { parent, .. } = &handshake.matter {
        resources.push(resource(HandshakeResourceType::ParentHandshake, parent));
    }
    if let Some(notes) = &handshake.notes {
        resources.push(resource(HandshakeResourceType::Notes, notes));
    }
    let state = match handshake.state {
        State::Requested | State::Open if call.now >= handshake.expires => HandshakeState::Expired,
        State::Requested => HandshakeState::Requested,
        State::Open => HandshakeState::Open,
        State::Canceled => HandshakeState::Canceled,
        State::Accepted => HandshakeState::Accepted,
        State::Declined => HandshakeState::Declined,
    };
    Ok(api_organizations::Handshake {
        id: Some(handshake.id.clone()),
        arn: Some(arn(organization, handshake)),
        parties: Some(parties),
        state: Some(state),
        requested_timestamp: Some(handshake.requested),
        expiration_timestamp: Some(handshake.expires),
        action: Some(action_of(&handshake.matter)),
        resources: Some(resources),
    })
}
