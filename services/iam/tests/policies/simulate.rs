//! The simulator answers as real calls would be.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

fn custom(policies: &[&str], actions: &[&str]) -> SimulateCustomPolicyRequest {
    SimulateCustomPolicyRequest {
        policy_input_list: Some(policies.iter().map(|text| document(text)).collect()),
        action_names: Some(actions.iter().map(|action| (*action).to_owned()).collect()),
        ..SimulateCustomPolicyRequest::default()
    }
}

async fn results(world: &World, request: SimulateCustomPolicyRequest) -> Vec<EvaluationResult> {
    let simulated = world.root::<op::SimulateCustomPolicy>(request).await;
    simulated.evaluation_results.expect("results")
}

fn decisions(results: &[EvaluationResult]) -> Vec<&str> {
    results.iter().filter_map(|r| Some(r.eval_decision.as_ref()?.as_str())).collect()
}

fn entry(name: &str, of: ContextKeyTypeEnum, values: &[&str]) -> ContextEntry {
    ContextEntry {
        context_key_name: Some(name.into()),
        context_key_values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
        context_key_type: Some(of),
    }
}

#[tokio::test]
async fn decisions_with_the_statements_that_made_them() {
    let world = World::new().await;
    let both = format!("{},\n  {}", allow("s3:*"), deny("s3:Delete*"));
    let request = custom(&[&both], &["s3:GetObject", "s3:DeleteObject", "kms:Decrypt"]);
    let results = results(&world, request).await;
    assert_eq!(decisions(&results), ["allowed", "explicitDeny", "implicitDeny"]);
    let matched = results[1].matched_statements.as_ref().expect("statements");
    assert_eq!(matched[0].source_policy_id.as_deref(), Some("PolicyInputList.1"));
    let place = |position: &Option<Position>| {
        position.as_ref().and_then(|p| Some((p.line?, p.column?))).expect("a place")
    };
    let length = i32::try_from(deny("s3:Delete*").len()).expect("short");
    assert_eq!(place(&matched[0].start_position), (2, 3));
    assert_eq!(place(&matched[0].end_position), (2, 3 + length));
    assert!(results[2].matched_statements.as_ref().is_some_and(Vec::is_empty));
}

#[tokio::test]
async fn context_of_every_type() {
    let world = World::new().await;
    use ContextKeyTypeEnum as Type;
    for (operator, key, written, of, given, other) in [
        ("StringEquals", "aws:a1", "x", Type::String, "x", "y"),
        ("ForAnyValue:StringEquals", "aws:a1", "x", Type::StringList, "x", "y"),
        ("NumericLessThan", "aws:a1", "5", Type::Numeric, "4", "5"),
        ("Bool", "aws:a1", "true", Type::Boolean, "true", "false"),
        ("IpAddress", "aws:a1", "10.0.0.0/8", Type::Ip, "10.1.1.1", "11.1.1.1"),
        ("BinaryEquals", "aws:a1", "QUI=", Type::Binary, "QUI=", "QUE="),
        (
            "DateLessThan",
            "aws:a1",
            "2026-01-01T00:00:00Z",
            Type::Date,
            "2025-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        ),
    ] {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"{operator}":{{"{key}":"{written}"}}}}}}"#
        );
        let with = |value: &str| SimulateCustomPolicyRequest {
            context_entries: Some(vec![entry(key, of.clone(), &[value])]),
            ..custom(&[&statement], &["s3:GetObject"])
        };
        assert_eq!(decisions(&results(&world, with(given)).await), ["allowed"], "{operator}");
        assert_eq!(decisions(&results(&world, with(other)).await), ["implicitDeny"], "{operator}");
        let without = results(&world, custom(&[&statement], &["s3:GetObject"])).await;
        assert_eq!(without[0].missing_context_values, Some(vec![key.to_owned()]));
        if !matches!(of, Type::String | Type::StringList) {
            let wrong = world.refused::<op::SimulateCustomPolicy>(with("?")).await;
            assert_eq!(wrong.error.query_code(), "InvalidInput", "{operator}");
        }
    }
}

#[tokio::test]
async fn boundaries_organizations_and_resource_policies() {
    let world = World::new().await;
    let everything = allow("*");
    let base = custom(&[&everything], &["s3:GetObject"]);
    let bounded = SimulateCustomPolicyRequest {
        permissions_boundary_policy_input_list: Some(vec![document(&allow("kms:*"))]),
        ..base.clone()
    };
    let result = results(&world, bounded).await.remove(0);
    assert_eq!(result.eval_decision, Some(PolicyEvaluationDecisionType::ImplicitDeny));
    let detail = result.permissions_boundary_decision_detail.expect("a detail");
    assert_eq!(detail.allowed_by_permissions_boundary, Some(false));

    let level = |text: &str| OrderedOrganizationPolicyType {
        service_control_policy_input_list: Some(vec![document(text)]),
    };
    let controlled = SimulateCustomPolicyRequest {
        ordered_organization_policy_input_list: Some(vec![
            level(&everything),
            level(&allow("kms:*")),
        ]),
        ..base.clone()
    };
    let result = results(&world, controlled).await.remove(0);
    assert_eq!(result.eval_decision, Some(PolicyEvaluationDecisionType::ImplicitDeny));
    let detail = result.organizations_decision_detail.expect("a detail");
    assert_eq!(detail.allowed_by_organizations, Some(false));

    let caller = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    let bucket = |owner: &str| SimulateCustomPolicyRequest {
        resource_arns: Some(vec!["arn:aws:s3:::b/x".into()]),
        resource_policy: Some(document(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{caller}"}},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#
        ))),
        resource_owner: Some(owner.into()),
        caller_arn: Some(caller.clone()),
        ..custom(&[&allow("kms:*")], &["s3:GetObject"])
    };
    let own = results(&world, bucket(ACCOUNT)).await;
    assert_eq!(decisions(&own), ["allowed"], "within the account the bucket's policy is enough");
    let matched = own[0].matched_statements.as_ref().expect("statements");
    assert_eq!(matched[0].source_policy_type, Some(PolicySourceType::Resource));
    let foreign = results(&world, bucket("arn:aws:iam::210987654321:root")).await;
    assert_eq!(decisions(&foreign), ["implicitDeny"], "across accounts it is not");
    assert!(foreign[0].eval_decision_details.is_some());
}

#[tokio::test]
async fn a_principal_is_simulated_as_it_stands() {
    let world = World::with_user().await;
    world
        .put_inline("own", r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}"#)
        .await;
    let bound = world.create_policy("bound", &allow("iam:*")).await;
    world.attach("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess").await;
    let put = PutUserPermissionsBoundaryRequest {
        user_name: Some("ada".into()),
        permissions_boundary: Some(bound),
    };
    world.root::<op::PutUserPermissionsBoundary>(put).await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ada");
    let request = SimulatePrincipalPolicyRequest {
        policy_source_arn: Some(arn.clone()),
        action_names: Some(vec!["iam:GetUser".into(), "s3:GetObject".into()]),
        resource_arns: Some(vec![arn, format!("arn:aws:iam::{ACCOUNT}:user/bob")]),
        ..SimulatePrincipalPolicyRequest::default()
    };
    let simulated = world.root::<op::SimulatePrincipalPolicy>(request.clone()).await;
    let results = simulated.evaluation_results.expect("results");
    assert_eq!(
        decisions(&results),
        ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"],
        "herself, not bob, and S3 is outside of the boundary"
    );
    let unbound = SimulatePrincipalPolicyRequest {
        permissions_boundary_policy_input_list: Some(vec![document(&allow("*"))]),
        max_items: Some(3),
        ..request.clone()
    };
    let simulated = world.root::<op::SimulatePrincipalPolicy>(unbound).await;
    assert_eq!(simulated.is_truncated, Some(true));
    let results = simulated.evaluation_results.expect("results");
    assert_eq!(decisions(&results), ["allowed", "implicitDeny", "allowed"]);

    let without = SimulatePrincipalPolicyRequest {
        policy_exclusion_list: Some(vec![PolicyIdentifier {
            inline_policy_identifier: Some(InlinePolicyIdentifierType {
                policy_name: Some("own".into()),
                attachment_type: Some(AttachmentType::User),
                attachment_name: Some("ada".into()),
            }),
            ..PolicyIdentifier::default()
        }]),
        ..request
    };
    let simulated = world.root::<op::SimulatePrincipalPolicy>(without).await;
    assert_eq!(decisions(&simulated.evaluation_results.expect("results"))[0], "implicitDeny");
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused() {
    let world = World::new().await;
    let everything = allow("*");
    let base = custom(&[&everything], &["s3:GetObject"]);
    let mut broken = base.clone();
    broken.policy_input_list = Some(vec!["{".into()]);
    for request in [
        custom(&[&everything], &["s3:*"]),
        SimulateCustomPolicyRequest {
            resource_handling_option: Some("EC2-VPC-InstanceStore".into()),
            ..base.clone()
        },
        SimulateCustomPolicyRequest { resource_policy: Some(document("{}")), ..base.clone() },
        SimulateCustomPolicyRequest {
            caller_arn: Some(format!("arn:aws:iam::{ACCOUNT}:role/r")),
            ..base
        },
        broken,
    ] {
        let refusal = world.refused::<op::SimulateCustomPolicy>(request).await;
        assert_eq!(refusal.error.query_code(), "InvalidInput", "{}", refusal.message);
    }
    let keys = GetContextKeysForCustomPolicyRequest {
        policy_input_list: Some(vec![document(
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#,
        )]),
    };
    let keys = world.root::<op::GetContextKeysForCustomPolicy>(keys).await.context_key_names;
    assert_eq!(keys, Some(vec!["aws:MultiFactorAuthPresent".to_owned()]));
}
