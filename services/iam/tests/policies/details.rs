//! `GetAccountAuthorizationDetails`.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

#[tokio::test]
async fn everything_is_in_it_page_by_page() {
    let world = World::with_user().await;
    world.put_inline("in", &allow("s3:*")).await;
    world.create_policy("own", &allow("s3:*")).await;
    world.attach("arn:aws:iam::aws:policy/ReadOnlyAccess").await;
    world.root::<op::CreateRole>(role("r", &trust(r#""*""#))).await;

    let all = GetAccountAuthorizationDetailsRequest::default();
    let whole = world.root::<op::GetAccountAuthorizationDetails>(all.clone()).await;
    let user = &whole.user_detail_list.as_ref().expect("users")[0];
    let inline = user.user_policy_list.as_ref().expect("inline policies");
    assert_eq!(
        decoded(inline[0].policy_document.as_deref().expect("it")),
        document(&allow("s3:*"))
    );
    let attached = user.attached_managed_policies.as_ref().expect("attachments");
    assert_eq!(attached[0].policy_name.as_deref(), Some("ReadOnlyAccess"));
    let names = |policies: &Option<Vec<ManagedPolicyDetail>>| {
        let policies = policies.iter().flatten();
        policies.filter_map(|policy| policy.policy_name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&whole.policies), ["ReadOnlyAccess", "own"], "of AWS's only those in use");

    let own = GetAccountAuthorizationDetailsRequest {
        filter: Some(vec![EntityType::LocalManagedPolicy]),
        ..all.clone()
    };
    let own = world.root::<op::GetAccountAuthorizationDetails>(own).await;
    assert_eq!(
        (names(&own.policies), own.role_detail_list.map(|roles| roles.len())),
        (vec!["own".to_owned()], Some(0))
    );

    let (mut seen, mut marker) = (0, None);
    loop {
        let next = GetAccountAuthorizationDetailsRequest {
            max_items: Some(1),
            marker: marker.take(),
            ..all.clone()
        };
        let page = world.root::<op::GetAccountAuthorizationDetails>(next).await;
        seen += page.user_detail_list.map_or(0, |list| list.len())
            + page.role_detail_list.map_or(0, |list| list.len())
            + page.policies.map_or(0, |list| list.len());
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, 4);
}
