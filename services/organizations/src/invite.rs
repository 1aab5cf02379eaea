//! Invitations: InviteAccountToOrganization, and AcceptHandshake for every kind of handshake.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_invites.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use api_organizations::error::DUPLICATE_HANDSHAKE_EXCEPTION;
use api_organizations::operations::{AcceptHandshake, InviteAccountToOrganization};
use api_organizations::{
    AcceptHandshakeRequest, AcceptHandshakeResponse,
    HandshakeConstraintViolationExceptionReason as Constraint, HandshakeParty, HandshakePartyType,
    InvalidInputExceptionReason as Invalid, InviteAccountToOrganizationRequest,
    InviteAccountToOrganizationResponse,
};
use base::AccountId;
use identity::organization::{Account, MEMBERSHIP_ID, Membership};
use identity::record::Tags;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;
use store::Scope;

use crate::access::{self, Open};
use crate::handshakes::{self, Found};
use crate::record::{Address, Handshake, Matter, State};
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, creation, features, find, ids, organization, tags};

/// Days for which an invitation is open.
const INVITATION_DAYS: u32 = 15;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<InviteAccountToOrganization, _>(organizations)
        .operation::<AcceptHandshake, _>(organizations)
}

impl Handle<InviteAccountToOrganization> for Organizations {
    const FACTS: Facts = Facts::write("organizations:InviteAccountToOrganization")
        .on(&["account"])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &InviteAccountToOrganizationRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let (Some(account), _) = invited(call, input.target.as_ref()).await? else {
            return Ok(place.anything(call));
        };
        let arn = ids::account_arn(&place.organization, account);
        Ok(vec![place.resource(call, &arn, "AWS::Organizations::Account", &Tags::new())])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &InviteAccountToOrganizationRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &InviteAccountToOrganizationRequest,
    ) -> Result<InviteAccountToOrganizationResponse, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let (account, email) = invited(call, input.target.as_ref()).await?;
        if let Some(account) = account {
            check_free(call, account).await?;
        }
        if find::accounts(call, &place).await?.len() >= creation::ACCOUNTS_MAX {
            return Err(creation::too_many());
        }
        let matter = Matter::Invite { account, email };
        for known in find::all::<Handshake>(call, &place.scope).await? {
            if !handshakes::is_pending(&known, call.now) {
                continue;
            }
            if known.matter == Matter::EnableAllFeatures {
                let text = "You can't invite accounts while the organization enables all features.";
                let reason = Constraint::InviteDisabledDuringEnableAllFeatures;
                return Err(refuse::handshake(reason, text));
            }
            if known.matter == matter {
                return Err(DUPLICATE_HANDSHAKE_EXCEPTION
                    .because("A handshake with the same action and target already exists."));
            }
        }
        let handshake = Handshake {
            notes: input.notes.clone(),
            tags: tags::new(input.tags.as_ref())?,
            ..handshakes::fresh(call, matter, INVITATION_DAYS)
        };
        // Two equal invitations at the same time meet here.
        place.touch(call).await?;
        let handshake = handshakes::begin(call, &place.scope, handshake)?;
        let shown = handshakes::show(call, &place.organization, &handshake).await?;
        Ok(InviteAccountToOrganizationResponse { handshake: Some(shown) })
    }
}

/// The account that is invited, if it is known here, and the address that it is invited by.
async fn invited(
    call: &mut Call,
    target: Option<&HandshakeParty>,
) -> Result<(Option<AccountId>, Option<String>), Failure> {
    let id = target.and_then(|target| target.id.as_deref()).unwrap_or_default();
    match target.and_then(|target| target.r#type.as_ref()) {
        Some(HandshakePartyType::Account) => match id.parse() {
            Ok(account) => Ok((Some(account), None)),
            Err(_) => {
                let text = "You specified a target account ID that isn't twelve digits.";
                Err(refuse::invalid(Invalid::InvalidPatternTargetId, text))
            }
        },
        Some(HandshakePartyType::Email) => {
            let address = id.to_ascii_lowercase();
            let found = call.tx.get::<Address>(&Scope::system(), &address).await.or_internal()?;
            Ok((found.map(|address| address.account), Some(address)))
        }
        _ => {
            let text = "You specified the wrong type of entity (account, organization, or email) as a party.";
            Err(refuse::invalid(Invalid::InvalidPartyTypeTarget, text))
        }
    }
}

/// Refuses an account that belongs to an organization.
async fn check_free(call: &mut Call, account: AccountId) -> Result<(), Failure> {
    let scope = Scope::global(account);
    if call.tx.get::<Membership>(&scope, MEMBERSHIP_ID).await.or_internal()?.is_none() {
        return Ok(());
    }
    let text = "The invited account is already a member of an organization.";
    Err(refuse::handshake(Constraint::AlreadyInAnOrganization, text))
}

impl Handle<AcceptHandshake> for Organizations {
    const FACTS: Facts = Facts::write("organizations:AcceptHandshake").on(&["handshake"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AcceptHandshakeRequest,
    ) -> Result<Vec<Resource>, Failure> {
        handshakes::named(call, input.handshake_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AcceptHandshakeRequest,
    ) -> Result<AcceptHandshakeResponse, Failure> {
        let mut found = handshakes::find(call, input.handshake_id()).await?;
        if found.asked == (found.handshake.matter == Matter::EnableAllFeatures) {
            return Err(handshakes::not_now());
        }
        found.check(call.now, &[State::Open], State::Accepted)?;
        found.end(call, State::Accepted)?;
        match &found.handshake.matter {
            Matter::Invite { .. } => join(call, &found).await?,
            Matter::ApproveAllFeatures { parent, .. } => {
                features::approved(call, &found, parent).await?;
            }
            Matter::EnableAllFeatures => features::finish(call).await?,
        }
        Ok(AcceptHandshakeResponse { handshake: Some(found.show(call).await?) })
    }
}

/// Makes the calling account a member.
async fn join(call: &mut Call, found: &Found) -> Result<(), Failure> {
    let (id, organization) = (call.account(), &found.organization);
    check_free(call, id).await?;
    let profile = find::profile(call, id).await?;
    let account = Account {
        id,
        name: profile.name,
        email: profile.email,
        parent: organization.root.clone(),
        attached: organization::attached_to_new(organization),
        joined: call.now,
        created_here: false,
        closed: None,
        delegated: BTreeMap::new(),
        tags: found.handshake.tags.clone(),
    };
    organization::join(call, organization, id)?;
    call.tx.create(&found.scope, id.as_str(), &account).or_internal()?;
    access::enter(call, Open::Members).await?.touch(call).await
}
