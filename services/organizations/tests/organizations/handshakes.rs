//! Invitations, and the way to all features.

use api_organizations::operations::{
    AcceptHandshake, CancelHandshake, DeclineHandshake, DescribeHandshake, DescribeOrganization,
    EnableAllFeatures, InviteAccountToOrganization, ListHandshakesForAccount,
    ListHandshakesForOrganization, ListPoliciesForTarget,
};
use api_organizations::{
    AcceptHandshakeRequest, CancelHandshakeRequest, DeclineHandshakeRequest,
    DescribeHandshakeRequest, EnableAllFeaturesRequest, HandshakeParty, HandshakePartyType,
    InviteAccountToOrganizationRequest, ListHandshakesForAccountRequest,
    ListHandshakesForOrganizationRequest, ListPoliciesForTargetRequest, OrganizationFeatureSet,
    Unit,
};
use base::time::DAY;
use shape::Failure;

use crate::world::{MANAGEMENT, OTHER, World, outcome};

async fn invite(world: &World, kind: HandshakePartyType, id: &str) -> Result<String, Failure> {
    let request = InviteAccountToOrganizationRequest {
        target: Some(HandshakeParty { id: Some(id.into()), r#type: Some(kind) }),
        notes: Some("Come in".into()),
        tags: None,
    };
    let answer = world.call::<InviteAccountToOrganization>(request).await?;
    Ok(answer.handshake.expect("a handshake").id.expect("an id"))
}

async fn invite_account(world: &World, id: &str) -> Result<String, Failure> {
    invite(world, HandshakePartyType::Account, id).await
}

async fn accept(world: &World, account: &str, id: &str) -> String {
    let request = AcceptHandshakeRequest { handshake_id: Some(id.into()) };
    outcome(world.call_as::<AcceptHandshake>(account, request).await)
}

async fn decline(world: &World, account: &str, id: &str) -> String {
    let request = DeclineHandshakeRequest { handshake_id: Some(id.into()) };
    outcome(world.call_as::<DeclineHandshake>(account, request).await)
}

async fn state(world: &World, id: &str) -> String {
    let request = DescribeHandshakeRequest { handshake_id: Some(id.into()) };
    let answer = world.call::<DescribeHandshake>(request).await.expect("described");
    answer.handshake.expect("a handshake").state.expect("a state").as_str().to_owned()
}

#[tokio::test]
async fn an_invited_account_joins_when_it_accepts() {
    let world = World::new().await;
    let id = invite_account(&world, OTHER).await.expect("invited");
    let again = invite_account(&world, OTHER).await;
    assert_eq!(outcome(again), "DuplicateHandshake");
    let list = ListHandshakesForAccountRequest::default();
    let listed = world.call_as::<ListHandshakesForAccount>(OTHER, list).await.expect("listed");
    assert_eq!(listed.handshakes.expect("handshakes").len(), 1);

    assert_eq!(accept(&world, MANAGEMENT, &id).await, "InvalidHandshakeTransition");
    assert_eq!(accept(&world, "222233334444", &id).await, "HandshakeNotFound");
    assert_eq!(accept(&world, OTHER, &id).await, "ok");
    assert!(world.sees(OTHER).await);
    assert_eq!(accept(&world, OTHER, &id).await, "HandshakeAlreadyInState");
    assert_eq!(decline(&world, OTHER, &id).await, "InvalidHandshakeTransition");
    let member = invite_account(&world, OTHER).await;
    assert_eq!(outcome(member), "HandshakeConstraintViolation ALREADY_IN_AN_ORGANIZATION");
    let request = ListPoliciesForTargetRequest {
        target_id: Some(OTHER.into()),
        filter: Some("SERVICE_CONTROL_POLICY".into()),
        ..Default::default()
    };
    let attached = world.call::<ListPoliciesForTarget>(request).await.expect("listed");
    assert_eq!(attached.policies.expect("policies").len(), 1);
}

#[tokio::test]
async fn invitations_end() {
    let world = World::new().await;
    let declined = invite_account(&world, OTHER).await.expect("invited");
    assert_eq!(decline(&world, OTHER, &declined).await, "ok");
    assert_eq!(state(&world, &declined).await, "DECLINED");

    let canceled = invite_account(&world, OTHER).await.expect("invited");
    let cancel = || CancelHandshakeRequest { handshake_id: Some(canceled.clone()) };
    let theirs = world.call_as::<CancelHandshake>(OTHER, cancel()).await;
    assert_eq!(outcome(theirs), "InvalidHandshakeTransition");
    world.call::<CancelHandshake>(cancel()).await.expect("canceled");
    assert_eq!(accept(&world, OTHER, &canceled).await, "InvalidHandshakeTransition");

    let expired = invite_account(&world, OTHER).await.expect("invited");
    world.harness.advance(DAY * 15).await;
    assert_eq!(state(&world, &expired).await, "EXPIRED");
    assert_eq!(accept(&world, OTHER, &expired).await, "InvalidHandshakeTransition");
    let list = || ListHandshakesForOrganizationRequest::default();
    let listed = world.call::<ListHandshakesForOrganization>(list()).await.expect("listed");
    assert_eq!(listed.handshakes.expect("handshakes").len(), 3);
    world.harness.advance(DAY * 30).await;
    let listed = world.call::<ListHandshakesForOrganization>(list()).await.expect("listed");
    assert_eq!(listed.handshakes.expect("handshakes").len(), 0);
}

#[tokio::test]
async fn accounts_are_invited_by_number_or_address() {
    let world = World::new().await;
    let wrong = invite_account(&world, "12").await;
    assert_eq!(outcome(wrong), "InvalidInput INVALID_PATTERN_TARGET_ID");
    let wrong = invite(&world, HandshakePartyType::Organization, "o-1234567890").await;
    assert_eq!(outcome(wrong), "InvalidInput INVALID_PARTY_TYPE_TARGET");
    let stranger = invite(&world, HandshakePartyType::Email, "nobody@example.com").await;
    assert_eq!(outcome(stranger), "ok");

    // An account that was made here has an address by which it is found when it left.
    let account = world.account("Known").await;
    world.harness.advance(DAY * 7).await;
    let left = world.call_as::<api_organizations::operations::LeaveOrganization>(&account, Unit {});
    left.await.expect("left");
    let id = invite(&world, HandshakePartyType::Email, "KNOWN@example.com").await;
    assert_eq!(accept(&world, &account, &id.expect("invited")).await, "ok");
    assert!(world.sees(&account).await);
}

#[tokio::test]
async fn all_features_come_when_every_invited_account_approved() {
    let world = World::with(OrganizationFeatureSet::ConsolidatedBilling).await;
    world.account("made").await;
    let invited = invite_account(&world, OTHER).await.expect("invited");
    assert_eq!(accept(&world, OTHER, &invited).await, "ok");
    let answer = world.call::<EnableAllFeatures>(EnableAllFeaturesRequest {}).await;
    let whole = answer.expect("begun").handshake.expect("a handshake").id.expect("an id");
    assert_eq!(state(&world, &whole).await, "REQUESTED");
    let again = world.call::<EnableAllFeatures>(EnableAllFeaturesRequest {}).await;
    assert_eq!(
        outcome(again),
        "HandshakeConstraintViolation ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION"
    );
    let more = invite_account(&world, "222233334444").await;
    assert_eq!(
        outcome(more),
        "HandshakeConstraintViolation INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"
    );
    assert_eq!(accept(&world, MANAGEMENT, &whole).await, "InvalidHandshakeTransition");
    let list = ListHandshakesForAccountRequest::default();
    let listed = world.call_as::<ListHandshakesForAccount>(OTHER, list).await.expect("listed");
    let asked = listed.handshakes.expect("handshakes").into_iter().find(|handshake| {
        handshake.action.as_ref().is_some_and(|action| action.as_str() == "APPROVE_ALL_FEATURES")
    });
    let asked = asked.expect("asked").id.expect("an id");
    assert_eq!(accept(&world, OTHER, &asked).await, "ok");
    assert_eq!(state(&world, &whole).await, "OPEN");
    assert_eq!(accept(&world, MANAGEMENT, &whole).await, "ok");
    let answer = world.call::<DescribeOrganization>(Unit {}).await.expect("described");
    let organization = answer.organization.expect("an organization");
    assert_eq!(organization.feature_set.expect("a set").as_str(), "ALL");
    assert_eq!(organization.available_policy_types.expect("types").len(), 1);
}
