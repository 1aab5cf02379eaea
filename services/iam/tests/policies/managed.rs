//! Managed and inline policies as records: quotas, conflicts, versions, listings.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn get(arn: &str) -> GetPolicyRequest {
    GetPolicyRequest { policy_arn: Some(arn.into()) }
}

fn attach_user(name: &str, arn: &str) -> AttachUserPolicyRequest {
    AttachUserPolicyRequest { user_name: Some(name.into()), policy_arn: Some(arn.into()) }
}

#[tokio::test]
async fn names_are_unique_and_documents_are_policies_of_a_size() {
    let world = World::new().await;
    let arn = world.create_policy("P", &allow("s3:*")).await;
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/P"));
    let again = world.refused::<op::CreatePolicy>(policy("p", &allow("s3:*"))).await;
    assert_eq!(again.error.query_code(), "EntityAlreadyExists");
    assert_eq!(again.message, "A policy called p already exists. Duplicate names are not allowed.");

    let mut malformed = policy("q", "");
    malformed.policy_document = Some("{".into());
    let refusal = world.refused::<op::CreatePolicy>(malformed).await;
    assert_eq!(refusal.error.query_code(), "MalformedPolicyDocument");

    let of_size = |size: usize| {
        let spaces = " \n".repeat(2_000);
        let base = policy("q", &allow("s3:")).policy_document.expect("a document").len();
        let mut request = policy("q", &allow(&format!("s3:{}", "a".repeat(size - base))));
        request.policy_document =
            request.policy_document.map(|text| text.replacen('[', &format!("[{spaces}"), 1));
        request
    };
    let refusal = world.refused::<op::CreatePolicy>(of_size(6_145)).await;
    assert_eq!(refusal.message, "Cannot exceed quota for PolicySize: 6144");
    world.root::<op::CreatePolicy>(of_size(6_144)).await;
}

#[tokio::test]
async fn versions_come_and_go() {
    let world = World::new().await;
    let arn = world.create_policy("p", &allow("s3:*")).await;
    let next = |text: &str| CreatePolicyVersionRequest {
        policy_arn: Some(arn.clone()),
        policy_document: Some(document(text)),
        set_as_default: None,
    };
    let of = |id: &str| (Some(arn.clone()), Some(id.to_owned()));
    let delete = |id: &str| {
        let (policy_arn, version_id) = of(id);
        DeletePolicyVersionRequest { policy_arn, version_id }
    };
    for number in 2..=5 {
        let made = world.root::<op::CreatePolicyVersion>(next(&allow("s3:Get*"))).await;
        let made = made.policy_version.expect("a version");
        assert_eq!(made.version_id, Some(format!("v{number}")));
        assert_eq!((made.document, made.is_default_version), (None, Some(false)));
    }
    let sixth = world.refused::<op::CreatePolicyVersion>(next(&allow("s3:*"))).await;
    assert!(sixth.message.starts_with("A managed policy can have up to 5 versions."));
    let default = world.refused::<op::DeletePolicyVersion>(delete("v1")).await;
    assert_eq!(default.message, "Cannot delete the default version of a policy.");
    let whole = DeletePolicyRequest { policy_arn: Some(arn.clone()) };
    let refusal = world.refused::<op::DeletePolicy>(whole.clone()).await;
    assert!(refusal.message.starts_with("This policy has more than one version."));

    for id in ["v5", "v2"] {
        world.root::<op::DeletePolicyVersion>(delete(id)).await;
    }
    let sixth = world.root::<op::CreatePolicyVersion>(next(&allow("s3:*"))).await;
    let sixth = sixth.policy_version.and_then(|version| version.version_id);
    assert_eq!(sixth.as_deref(), Some("v6"), "numbers are not used twice");
    let list = ListPolicyVersionsRequest {
        policy_arn: Some(arn.clone()),
        ..ListPolicyVersionsRequest::default()
    };
    let listed = world.root::<op::ListPolicyVersions>(list).await.versions.expect("versions");
    let ids: Vec<_> = listed.iter().filter_map(|version| version.version_id.as_deref()).collect();
    assert_eq!(ids, ["v6", "v4", "v3", "v1"]);
    let (policy_arn, version_id) = of("v2");
    let get = GetPolicyVersionRequest { policy_arn, version_id };
    let refusal = world.refused::<op::GetPolicyVersion>(get).await;
    assert_eq!(
        refusal.message,
        format!("Policy {arn} version v2 does not exist or is not attachable.")
    );
    let (policy_arn, version_id) = of("v1");
    let get = GetPolicyVersionRequest { policy_arn, version_id };
    let first = world.root::<op::GetPolicyVersion>(get).await.policy_version.expect("v1");
    assert_eq!(decoded(&first.document.expect("its document")), document(&allow("s3:*")));
    for id in ["v3", "v4", "v6"] {
        world.root::<op::DeletePolicyVersion>(delete(id)).await;
    }
    world.root::<op::DeletePolicy>(whole).await;
    let refusal = world.refused::<op::GetPolicy>(super::managed::get(&arn)).await;
    assert_eq!(refusal.message, format!("Policy {arn} was not found."));
}

#[tokio::test]
async fn attachments_are_counted_listed_and_limited() {
    let world = World::with_user().await;
    let arn = world.create_policy("p", &allow("s3:*")).await;
    let wrong = arn.replace("/p", "/x/p");
    let refusal = world.refused::<op::AttachUserPolicy>(attach_user("ada", &wrong)).await;
    assert_eq!(refusal.message, format!("Policy {wrong} does not exist or is not attachable."));
    let no_arn = attach_user("ada", "AmazonS3ReadOnlyAccess");
    let refusal = world.refused::<op::AttachUserPolicy>(no_arn).await;
    assert_eq!(refusal.error.query_code(), "InvalidInput");
    for _ in 0..2 {
        world.root::<op::AttachUserPolicy>(attach_user("ada", &arn)).await;
    }
    world.root::<op::CreateRole>(role("r", &trust(r#""*""#))).await;
    let attach =
        AttachRolePolicyRequest { role_name: Some("r".into()), policy_arn: Some(arn.clone()) };
    world.root::<op::AttachRolePolicy>(attach).await;
    let shown = world.root::<op::GetPolicy>(get(&arn)).await.policy.expect("the policy");
    assert_eq!(shown.attachment_count, Some(2), "attaching twice counts once");

    let entities = |entity_filter, policy_usage_filter| ListEntitiesForPolicyRequest {
        policy_arn: Some(arn.clone()),
        entity_filter,
        policy_usage_filter,
        ..ListEntitiesForPolicyRequest::default()
    };
    let all = world.root::<op::ListEntitiesForPolicy>(entities(None, None)).await;
    assert_eq!(all.policy_users.map(|users| users.len()), Some(1));
    assert_eq!(all.policy_roles.map(|roles| roles.len()), Some(1));
    let users = entities(Some(EntityType::User), None);
    let users = world.root::<op::ListEntitiesForPolicy>(users).await;
    assert_eq!(users.policy_roles.map(|roles| roles.len()), Some(0));
    let bounds = entities(None, Some(PolicyUsageType::PermissionsBoundary));
    let bounds = world.root::<op::ListEntitiesForPolicy>(bounds).await;
    assert_eq!(bounds.policy_users.map(|users| users.len()), Some(0));

    let delete = DeletePolicyRequest { policy_arn: Some(arn.clone()) };
    let refusal = world.refused::<op::DeletePolicy>(delete).await;
    assert_eq!(refusal.message, "Cannot delete a policy attached to entities.");
    for number in 2..=10 {
        let arn = world.create_policy(&format!("p{number}"), &allow("s3:*")).await;
        world.root::<op::AttachUserPolicy>(attach_user("ada", &arn)).await;
    }
    let refusal = world.refused::<op::AttachUserPolicy>(attach_user("ada", ADMINISTRATOR)).await;
    assert_eq!(refusal.message, "Cannot exceed quota for PoliciesPerUser: 10");
    let list = ListAttachedUserPoliciesRequest {
        user_name: Some("ada".into()),
        max_items: Some(7),
        ..ListAttachedUserPoliciesRequest::default()
    };
    let first = world.root::<op::ListAttachedUserPolicies>(list.clone()).await;
    let next = ListAttachedUserPoliciesRequest { marker: first.marker, ..list };
    let second = world.root::<op::ListAttachedUserPolicies>(next).await;
    let count = |page: Option<Vec<AttachedPolicy>>| page.map(|page| page.len());
    assert_eq!(
        (count(first.attached_policies), count(second.attached_policies)),
        (Some(7), Some(3))
    );
    let detach = DetachUserPolicyRequest {
        user_name: Some("ada".into()),
        policy_arn: Some(ADMINISTRATOR.into()),
    };
    let refusal = world.refused::<op::DetachUserPolicy>(detach).await;
    assert_eq!(refusal.message, format!("Policy {ADMINISTRATOR} was not found."));
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_at_the_same_time_are_all_counted() {
    const USERS: usize = 12;
    let world = std::sync::Arc::new(World::new().await);
    let arn = world.create_policy("p", &allow("s3:*")).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..USERS {
        let (world, arn, name) = (world.clone(), arn.clone(), format!("u{number}"));
        calls.spawn(async move {
            world.root::<op::CreateUser>(user(&name)).await;
            world.root::<op::AttachUserPolicy>(attach_user(&name, &arn)).await;
        });
    }
    assert!(calls.join_all().await.len() == USERS);
    let shown = world.root::<op::GetPolicy>(get(&arn)).await.policy.expect("the policy");
    assert_eq!(shown.attachment_count, i32::try_from(USERS).ok());
}

#[tokio::test]
async fn listings_have_scopes_and_filters() {
    let world = World::with_user().await;
    let arn = world.create_policy("mine", &allow("s3:*")).await;
    world.root::<op::AttachUserPolicy>(attach_user("ada", ADMINISTRATOR)).await;
    let bound = PutUserPermissionsBoundaryRequest {
        user_name: Some("ada".into()),
        permissions_boundary: Some(arn),
    };
    world.root::<op::PutUserPermissionsBoundary>(bound).await;
    let names = async |request: ListPoliciesRequest| {
        let listed = world.root::<op::ListPolicies>(request).await.policies.expect("policies");
        listed.into_iter().filter_map(|policy| policy.policy_name).collect::<Vec<_>>()
    };
    let of_scope = |scope| ListPoliciesRequest {
        scope: Some(scope),
        max_items: Some(1_000),
        ..ListPoliciesRequest::default()
    };
    assert_eq!(names(of_scope(PolicyScopeType::Local)).await, ["mine"]);
    assert!(names(of_scope(PolicyScopeType::Aws)).await.len() > 80);
    let attached =
        ListPoliciesRequest { only_attached: Some(true), ..of_scope(PolicyScopeType::All) };
    assert_eq!(names(attached).await, ["AdministratorAccess"]);
    let bounds = ListPoliciesRequest {
        policy_usage_filter: Some(PolicyUsageType::PermissionsBoundary),
        ..of_scope(PolicyScopeType::All)
    };
    assert_eq!(names(bounds).await, ["mine"]);
    let jobs = ListPoliciesRequest {
        path_prefix: Some("/job-function/".into()),
        ..of_scope(PolicyScopeType::All)
    };
    assert!(names(jobs).await.contains(&"ViewOnlyAccess".to_owned()));
}

#[tokio::test]
async fn policies_of_aws_and_of_other_accounts_are_not_changed() {
    let world = World::new().await;
    let version = |arn: &str| CreatePolicyVersionRequest {
        policy_arn: Some(arn.into()),
        policy_document: Some(document(&deny("*"))),
        set_as_default: Some(true),
    };
    let refusal = world.refused::<op::CreatePolicyVersion>(version(ADMINISTRATOR)).await;
    assert_eq!(refusal.error.query_code(), "AccessDenied");
    let foreign = "arn:aws:iam::210987654321:policy/theirs";
    let theirs = world.harness.call_as::<op::CreatePolicy>(
        "210987654321",
        "us-east-1",
        policy("theirs", &allow("*")),
    );
    theirs.await.expect("their policy");
    for refusal in [
        world.refused::<op::CreatePolicyVersion>(version(foreign)).await,
        world.refused::<op::GetPolicy>(get(foreign)).await,
    ] {
        assert_eq!(refusal.error.query_code(), "AccessDenied");
        assert!(refusal.message.contains("because no resource-based policy allows"));
    }
}

#[tokio::test]
async fn inline_policies_share_a_quota() {
    let world = World::with_user().await;
    let put = |name: &str, action: &str| PutUserPolicyRequest {
        user_name: Some("ada".into()),
        policy_name: Some(name.into()),
        policy_document: Some(document(&allow(action))),
    };
    let long = format!("s3:{}", "a".repeat(1_000));
    world.root::<op::PutUserPolicy>(put("a", &long)).await;
    let refusal = world.refused::<op::PutUserPolicy>(put("b", &long)).await;
    assert_eq!(refusal.message, "Maximum policy size of 2048 bytes exceeded for user ada");
    world.root::<op::PutUserPolicy>(put("a", "s3:Get*")).await;
    world.root::<op::PutUserPolicy>(put("b", &long)).await;
    let get = GetUserPolicyRequest { user_name: Some("ada".into()), policy_name: Some("a".into()) };
    let shown = world.root::<op::GetUserPolicy>(get).await.policy_document.expect("the document");
    assert!(shown.starts_with("%7B%22Version%22%3A"), "{shown}");
    assert_eq!(decoded(&shown), document(&allow("s3:Get*")));
    let list = ListUserPoliciesRequest {
        user_name: Some("ada".into()),
        ..ListUserPoliciesRequest::default()
    };
    let names = world.root::<op::ListUserPolicies>(list).await.policy_names;
    assert_eq!(names, Some(vec!["a".to_owned(), "b".to_owned()]));
    let missing =
        DeleteUserPolicyRequest { user_name: Some("ada".into()), policy_name: Some("c".into()) };
    let refusal = world.refused::<op::DeleteUserPolicy>(missing).await;
    assert_eq!(refusal.message, "The user policy with name c cannot be found.");
}
