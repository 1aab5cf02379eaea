//! Policies: their rules, and that they bind at once.

use api_organizations::operations::{
    DeletePolicy, DescribeEffectivePolicy, DescribeOrganization, DetachPolicy, DisablePolicyType,
    EnablePolicyType, ListPolicies, ListPoliciesForTarget, ListTargetsForPolicy, UpdatePolicy,
};
use api_organizations::{
    DeletePolicyRequest, DescribeEffectivePolicyRequest, DetachPolicyRequest,
    DisablePolicyTypeRequest, EnablePolicyTypeRequest, ListPoliciesForTargetRequest,
    ListPoliciesRequest, ListTargetsForPolicyRequest, OrganizationFeatureSet, Unit,
    UpdatePolicyRequest,
};
use shape::Failure;

use crate::world::{BLIND, KMS_ALONE, MANAGEMENT, World, outcome};

const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";
const FULL: &str = "p-FullAWSAccess";
const RCP_FULL: &str = "p-RCPFullAWSAccess";
const TAGS: &str = r#"{"tags":{"team":{"tag_key":{"@@assign":"Team"}}}}"#;

async fn detach(world: &World, policy: &str, target: &str) -> Result<Unit, Failure> {
    let request =
        DetachPolicyRequest { policy_id: Some(policy.into()), target_id: Some(target.into()) };
    world.call::<DetachPolicy>(request).await
}

async fn enable(world: &World, kind: &str) -> String {
    let request = EnablePolicyTypeRequest {
        root_id: Some(world.root.clone()),
        policy_type: Some(kind.into()),
    };
    outcome(world.call::<EnablePolicyType>(request).await)
}

async fn attached(world: &World, target: &str, kind: &str) -> Vec<String> {
    let request = ListPoliciesForTargetRequest {
        target_id: Some(target.into()),
        filter: Some(kind.into()),
        ..Default::default()
    };
    let answer = world.call::<ListPoliciesForTarget>(request).await.expect("listed");
    answer.policies.expect("policies").into_iter().filter_map(|policy| policy.id).collect()
}

#[tokio::test]
async fn a_denial_binds_members_at_every_level_and_ends_at_once() {
    let world = World::new().await;
    let unit = world.unit(&world.root, "unit").await;
    let (member, free) = (world.account("member").await, world.account("free").await);
    let blind = world.policy(SCP, "blind", BLIND).await;

    world.attach(&blind, &member).await.expect("attached");
    assert!(!world.sees(&member).await && world.sees(&free).await);
    detach(&world, &blind, &member).await.expect("detached");
    assert!(world.sees(&member).await);

    world.attach(&blind, &unit).await.expect("attached");
    assert!(world.sees(&member).await);
    world.move_to(&unit, &member).await;
    assert!(!world.sees(&member).await && world.sees(&free).await);

    world.attach(&blind, &world.root).await.expect("attached");
    assert!(!world.sees(&free).await && world.sees(MANAGEMENT).await);
    let denied = world.call_as::<DescribeOrganization>(&free, Unit {}).await;
    let Err(failure) = denied else { panic!("it was allowed") };
    let text = "with an explicit deny in a service control policy";
    assert!(failure.message.contains(text), "{failure}");

    let request = UpdatePolicyRequest {
        policy_id: Some(blind),
        content: Some(BLIND.replace("DescribeOrganization", "CloseAccount")),
        ..Default::default()
    };
    world.call::<UpdatePolicy>(request).await.expect("updated");
    assert!(world.sees(&free).await && world.sees(&member).await);
}

#[tokio::test]
async fn every_level_must_allow() {
    let world = World::new().await;
    let unit = world.unit(&world.root, "unit").await;
    let member = world.account("member").await;
    world.move_to(&unit, &member).await;
    let alone = world.policy(SCP, "kms alone", KMS_ALONE).await;
    for level in [world.root.as_str(), &unit, &member] {
        world.attach(&alone, level).await.expect("attached");
        assert!(world.sees(&member).await);
        detach(&world, FULL, level).await.expect("detached");
        assert!(!world.sees(&member).await, "{level}");
        assert!(world.sees(MANAGEMENT).await);
        world.attach(FULL, level).await.expect("attached");
        detach(&world, &alone, level).await.expect("detached");
        assert!(world.sees(&member).await);
    }
}

#[tokio::test]
async fn attachments_follow_their_rules() {
    let world = World::new().await;
    let member = world.account("member").await;
    let last = detach(&world, FULL, &member).await;
    assert_eq!(outcome(last), "ConstraintViolation MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED");
    let mut policies = Vec::new();
    for n in 0..5 {
        policies.push(world.policy(SCP, &format!("policy {n}"), BLIND).await);
    }
    for policy in &policies[..4] {
        world.attach(policy, &member).await.expect("attached");
    }
    assert_eq!(outcome(world.attach(&policies[0], &member).await), "DuplicatePolicyAttachment");
    let sixth = world.attach(&policies[4], &member).await;
    assert_eq!(outcome(sixth), "ConstraintViolation MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED");
    assert_eq!(outcome(detach(&world, &policies[4], &member).await), "PolicyNotAttached");
    assert_eq!(outcome(world.attach(&policies[4], "ou-none-00000000").await), "TargetNotFound");
    assert_eq!(outcome(world.attach("p-nothing000", &member).await), "PolicyNotFound");

    let delete = |id: &str| DeletePolicyRequest { policy_id: Some(id.into()) };
    let used = world.call::<DeletePolicy>(delete(&policies[0])).await;
    assert_eq!(outcome(used), "PolicyInUse");
    let aws = world.call::<DeletePolicy>(delete(FULL)).await;
    assert_eq!(outcome(aws), "InvalidInput IMMUTABLE_POLICY");
    let request =
        ListTargetsForPolicyRequest { policy_id: Some(policies[0].clone()), ..Default::default() };
    let targets = world.call::<ListTargetsForPolicy>(request).await.expect("listed");
    let targets = targets.targets.expect("targets");
    assert_eq!(targets.len(), 1);
    assert_eq!(targets[0].target_id.as_deref(), Some(&*member));
    detach(&world, &policies[0], &member).await.expect("detached");
    world.call::<DeletePolicy>(delete(&policies[0])).await.expect("deleted");
}

#[tokio::test]
async fn kinds_are_enabled_with_their_default_and_disabled_with_everything_of_theirs() {
    let world = World::new().await;
    let member = world.account("member").await;
    let tags = world.policy("TAG_POLICY", "tags", TAGS).await;
    assert_eq!(outcome(world.attach(&tags, &member).await), "PolicyTypeNotEnabled");
    assert_eq!(enable(&world, SCP).await, "PolicyTypeAlreadyEnabled");
    assert_eq!(enable(&world, "TAG_POLICY").await, "ok");
    world.attach(&tags, &member).await.expect("attached");
    assert_eq!(attached(&world, &member, "TAG_POLICY").await, [tags]);

    assert_eq!(enable(&world, RCP).await, "ok");
    let unit = world.unit(&world.root, "late").await;
    for target in [world.root.as_str(), &unit, &member] {
        assert_eq!(attached(&world, target, RCP).await, [RCP_FULL]);
    }
    let fixed = detach(&world, RCP_FULL, &member).await;
    assert_eq!(outcome(fixed), "InvalidInput NON_DETACHABLE_POLICY");

    let blind = world.policy(SCP, "blind", BLIND).await;
    world.attach(&blind, &world.root).await.expect("attached");
    assert!(!world.sees(&member).await);
    let disable = || DisablePolicyTypeRequest {
        root_id: Some(world.root.clone()),
        policy_type: Some(SCP.into()),
    };
    world.call::<DisablePolicyType>(disable()).await.expect("disabled");
    assert!(world.sees(&member).await);
    let again = world.call::<DisablePolicyType>(disable()).await;
    assert_eq!(outcome(again), "PolicyTypeNotEnabled");
    assert_eq!(enable(&world, SCP).await, "ok");
    assert_eq!(attached(&world, &world.root, SCP).await, [FULL]);
    assert_eq!(attached(&world, &member, RCP).await, [RCP_FULL]);
}

#[tokio::test]
async fn policies_are_checked_and_named_once_a_kind() {
    let world = World::new().await;
    world.policy(SCP, "one", BLIND).await;
    let cases = [
        (SCP, "one", BLIND, "DuplicatePolicy"),
        (SCP, "FullAWSAccess", BLIND, "DuplicatePolicy"),
        (SCP, "two", TAGS, "MalformedPolicyDocument"),
        (RCP, "three", BLIND, "MalformedPolicyDocument"),
        ("TAG_POLICY", "one", TAGS, "ok"),
    ];
    for (kind, name, content, expected) in cases {
        let made = world.try_policy(kind, name, content).await;
        assert_eq!(outcome(made), expected, "{kind} {name}");
    }
    let request = ListPoliciesRequest { filter: Some(SCP.into()), ..Default::default() };
    let listed = world.call::<ListPolicies>(request).await.expect("listed");
    let names: Vec<_> = listed.policies.expect("policies").into_iter().map(|p| p.name).collect();
    assert_eq!(names.len(), 2, "{names:?}");

    let billing = World::with(OrganizationFeatureSet::ConsolidatedBilling).await;
    let made = billing.try_policy(SCP, "one", BLIND).await;
    assert_eq!(outcome(made), "PolicyTypeNotAvailableForOrganization");
    let member = billing.account("member").await;
    assert!(billing.sees(&member).await);
}

#[tokio::test]
async fn policies_that_merge_come_to_one_for_an_account() {
    let world = World::new().await;
    let unit = world.unit(&world.root, "unit").await;
    let member = world.account("member").await;
    world.move_to(&unit, &member).await;
    let ask = |target: Option<&str>| DescribeEffectivePolicyRequest {
        policy_type: Some("TAG_POLICY".into()),
        target_id: target.map(str::to_owned),
    };
    let off = world.call::<DescribeEffectivePolicy>(ask(Some(&member))).await;
    assert_eq!(outcome(off), "EffectivePolicyNotFound");
    assert_eq!(enable(&world, "TAG_POLICY").await, "ok");
    let root = world.policy("TAG_POLICY", "root", TAGS).await;
    world.attach(&root, &world.root).await.expect("attached");
    let values = r#"{"tags":{"team":{"tag_value":{"@@append":["red"]}}}}"#;
    let below = world.policy("TAG_POLICY", "below", values).await;
    world.attach(&below, &unit).await.expect("attached");
    // A member may ask about itself, and not about others.
    let answer = world.call_as::<DescribeEffectivePolicy>(&member, ask(None)).await;
    let policy = answer.expect("described").effective_policy.expect("a policy");
    let content = r#"{"tags":{"team":{"tag_key":"Team","tag_value":["red"]}}}"#;
    assert_eq!(policy.policy_content.as_deref(), Some(content));
    let other = world.call_as::<DescribeEffectivePolicy>(&member, ask(Some(MANAGEMENT))).await;
    assert_eq!(outcome(other), "AccessDenied");
    let unit = world.call::<DescribeEffectivePolicy>(ask(Some(&unit))).await;
    assert_eq!(outcome(unit), "InvalidInput TARGET_NOT_SUPPORTED");
}
