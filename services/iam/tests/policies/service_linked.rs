//! Service-linked roles.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

fn create(service: &str, suffix: Option<&str>) -> CreateServiceLinkedRoleRequest {
    CreateServiceLinkedRoleRequest {
        aws_service_name: Some(service.into()),
        description: None,
        custom_suffix: suffix.map(str::to_owned),
    }
}

const NAME: &str = "AWSServiceRoleForAmazonGuardDuty";

#[tokio::test]
async fn a_linked_role_is_its_services_alone() {
    let world = World::new().await;
    let guardduty = create("guardduty.amazonaws.com", None);
    let made = world.root::<op::CreateServiceLinkedRole>(guardduty.clone()).await.role.expect("it");
    let path = "/aws-service-role/guardduty.amazonaws.com/";
    assert_eq!((made.path.as_deref(), made.role_name.as_deref()), (Some(path), Some(NAME)));
    let refusal = world.refused::<op::CreateServiceLinkedRole>(guardduty).await;
    assert!(refusal.message.contains("has been taken in this account"), "{}", refusal.message);

    let put = PutRolePolicyRequest {
        role_name: Some(NAME.into()),
        policy_name: Some("p".into()),
        policy_document: Some(document(&allow("*"))),
    };
    let trusted = UpdateAssumeRolePolicyRequest {
        role_name: Some(NAME.into()),
        policy_document: Some(trust(r#""*""#)),
    };
    for refusal in [
        world.refused::<op::PutRolePolicy>(put).await,
        world.refused::<op::UpdateAssumeRolePolicy>(trusted).await,
        world.refused::<op::DeleteRole>(DeleteRoleRequest { role_name: Some(NAME.into()) }).await,
    ] {
        assert_eq!(refusal.error.query_code(), "UnmodifiableEntity");
    }
    let delete = DeleteServiceLinkedRoleRequest { role_name: Some(NAME.into()) };
    let task = world.root::<op::DeleteServiceLinkedRole>(delete).await.deletion_task_id;
    let status = GetServiceLinkedRoleDeletionStatusRequest { deletion_task_id: task };
    let status = world.root::<op::GetServiceLinkedRoleDeletionStatus>(status).await.status;
    assert_eq!(status, Some(DeletionTaskStatusType::Succeeded));
    let get = GetRoleRequest { role_name: Some(NAME.into()) };
    assert_eq!(world.refused::<op::GetRole>(get).await.error.query_code(), "NoSuchEntity");
}

#[tokio::test]
async fn suffixes_and_services_are_those_that_there_are() {
    let world = World::with_user().await;
    let second = create("autoscaling.amazonaws.com", Some("second"));
    let made = world.root::<op::CreateServiceLinkedRole>(second).await.role.expect("the role");
    assert_eq!(made.role_name.as_deref(), Some("AWSServiceRoleForAutoScaling_second"));
    for refused in [create("kms.amazonaws.com", None), create("ssm.amazonaws.com", Some("x"))] {
        let refusal = world.refused::<op::CreateServiceLinkedRole>(refused).await;
        assert_eq!(refusal.error.query_code(), "InvalidInput");
    }
    let only = r#"{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*",
        "Condition":{"StringEquals":{"iam:AWSServiceName":"macie.amazonaws.com"}}}"#;
    world.put_inline("only", only).await;
    for (service, may) in [("ssm.amazonaws.com", false), ("macie.amazonaws.com", true)] {
        let made = world.ada::<op::CreateServiceLinkedRole>(create(service, None)).await;
        assert_eq!(made.is_ok(), may, "{service}");
    }
}
