//! Reports of last use, and which policies grant a service.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

#[tokio::test]
async fn reports_tell_who_used_what() {
    let world = World::with_user().await;
    world.root::<op::CreateUser>(user("bob")).await;
    let arn = world.create_policy("p", &allow("iam:GetUser")).await;
    world.attach(&arn).await;
    world
        .root::<op::AttachUserPolicy>(AttachUserPolicyRequest {
            user_name: Some("bob".into()),
            policy_arn: Some(arn.clone()),
        })
        .await;
    world.put_inline("kms", &allow("kms:*")).await;
    assert_eq!(world.ada_sees().await, Ok(()));

    let ada = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    let job = async |arn: &str| {
        let generate = GenerateServiceLastAccessedDetailsRequest {
            arn: Some(arn.to_owned()),
            granularity: Some(AccessAdvisorUsageGranularityType::ActionLevel),
        };
        world.root::<op::GenerateServiceLastAccessedDetails>(generate).await.job_id
    };
    let get = |job_id| GetServiceLastAccessedDetailsRequest {
        job_id,
        ..GetServiceLastAccessedDetailsRequest::default()
    };
    let of_ada = job(&ada).await;
    let report = world.root::<op::GetServiceLastAccessedDetails>(get(of_ada.clone())).await;
    let services = report.services_last_accessed.expect("services");
    let names: Vec<_> = services.iter().filter_map(|s| s.service_namespace.as_deref()).collect();
    assert_eq!(names, ["iam", "kms"]);
    assert_eq!(services[0].last_authenticated, Some(world.harness.now()));
    assert_eq!(services[0].last_authenticated_entity.as_deref(), Some(&*ada));
    let actions = services[0].tracked_actions_last_accessed.as_ref().expect("actions");
    assert_eq!(actions[0].action_name.as_deref(), Some("GetUser"));
    assert_eq!(
        (services[1].last_authenticated, services[1].total_authenticated_entities),
        (None, Some(0))
    );

    let with = GetServiceLastAccessedDetailsWithEntitiesRequest {
        job_id: job(&arn).await,
        service_namespace: Some("iam".into()),
        ..GetServiceLastAccessedDetailsWithEntitiesRequest::default()
    };
    let entities = world.root::<op::GetServiceLastAccessedDetailsWithEntities>(with).await;
    let entities = entities.entity_details_list.expect("entities");
    let used: Vec<_> = entities.iter().map(|entity| entity.last_authenticated.is_some()).collect();
    assert_eq!(used, [true, false], "ada, and not bob");

    world.harness.advance(std::time::Duration::from_secs(7 * 24 * 3600 + 1)).await;
    let gone = world.refused::<op::GetServiceLastAccessedDetails>(get(of_ada)).await;
    assert_eq!(gone.error.query_code(), "NoSuchEntity");
}

#[tokio::test]
async fn which_policies_grant_a_service() {
    let world = World::with_user().await;
    world.put_inline("kms", &allow("kms:*")).await;
    world.attach("arn:aws:iam::aws:policy/AdministratorAccess").await;
    let list = ListPoliciesGrantingServiceAccessRequest {
        arn: Some(format!("arn:aws:iam::{ACCOUNT}:user/ada")),
        service_namespaces: Some(vec!["kms".into(), "s3".into()]),
        marker: None,
    };
    let listed = world.root::<op::ListPoliciesGrantingServiceAccess>(list).await;
    let listed = listed.policies_granting_service_access.expect("entries");
    let names = |entry: &ListPoliciesGrantingServiceAccessEntry| {
        let policies = entry.policies.iter().flatten();
        policies.filter_map(|policy| policy.policy_name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&listed[0]), ["kms", "AdministratorAccess"]);
    assert_eq!(names(&listed[1]), ["AdministratorAccess"]);
}
