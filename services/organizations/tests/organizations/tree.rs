//! The organization, its units and where its accounts stand.

use api_organizations::operations::{
    CreateOrganization, DeleteOrganization, DeleteOrganizationalUnit, DescribeAccount,
    DescribeOrganization, DescribeOrganizationalUnit, ListChildren,
    ListOrganizationalUnitsForParent, ListParents, MoveAccount, TagResource,
    UpdateOrganizationalUnit,
};
use api_organizations::{
    ChildType, CreateOrganizationRequest, DeleteOrganizationalUnitRequest, DescribeAccountRequest,
    DescribeOrganizationalUnitRequest, ListChildrenRequest,
    ListOrganizationalUnitsForParentRequest, ListParentsRequest, MoveAccountRequest, Tag,
    TagResourceRequest, Unit, UpdateOrganizationalUnitRequest,
};

use crate::world::{MANAGEMENT, OTHER, World, outcome};

#[tokio::test]
async fn an_organization_is_made_once_seen_by_members_and_deleted_empty() {
    let world = World::new().await;
    let again = world.call::<CreateOrganization>(CreateOrganizationRequest::default()).await;
    assert_eq!(outcome(again), "AlreadyInOrganization");
    let member = world.account("member").await;
    let answer = world.call_as::<DescribeOrganization>(&member, Unit {}).await.expect("seen");
    let organization = answer.organization.expect("an organization");
    assert_eq!(organization.master_account_id.as_deref(), Some(MANAGEMENT));
    let types = organization.available_policy_types.expect("types");
    assert_eq!(types.len(), 1);
    let outside = world.call_as::<DescribeOrganization>(OTHER, Unit {}).await;
    assert_eq!(outcome(outside), "AWSOrganizationsNotInUse");
    let full = world.call::<DeleteOrganization>(Unit {}).await;
    assert_eq!(outcome(full), "OrganizationNotEmpty");
    let theirs = world.call_as::<DeleteOrganization>(&member, Unit {}).await;
    assert_eq!(outcome(theirs), "AccessDenied");

    let empty = World::new().await;
    empty.unit(&empty.root, "left over").await;
    empty.call::<DeleteOrganization>(Unit {}).await.expect("deleted");
    let gone = empty.call::<DescribeOrganization>(Unit {}).await;
    assert_eq!(outcome(gone), "AWSOrganizationsNotInUse");
    let anew = empty.call::<CreateOrganization>(CreateOrganizationRequest::default()).await;
    assert_eq!(outcome(anew), "ok");
}

#[tokio::test]
async fn units_nest_five_deep_and_differ_in_name() {
    let world = World::new().await;
    let mut parent = world.root.clone();
    for depth in 1..=5 {
        parent = world.unit(&parent, &format!("level {depth}")).await;
    }
    let deeper = world.try_unit(&parent, "level 6").await;
    assert_eq!(outcome(deeper), "ConstraintViolation OU_DEPTH_LIMIT_EXCEEDED");
    let twin = world.try_unit(&world.root, "level 1").await;
    assert_eq!(outcome(twin), "DuplicateOrganizationalUnit");
    let nowhere = world.try_unit("r-none", "lost").await;
    assert_eq!(outcome(nowhere), "ParentNotFound");

    let other = world.unit(&world.root, "other").await;
    let rename = |name: &str| UpdateOrganizationalUnitRequest {
        organizational_unit_id: Some(other.clone()),
        name: Some(name.into()),
    };
    let taken = world.call::<UpdateOrganizationalUnit>(rename("level 1")).await;
    assert_eq!(outcome(taken), "DuplicateOrganizationalUnit");
    world.call::<UpdateOrganizationalUnit>(rename("renamed")).await.expect("renamed");
    let request = DescribeOrganizationalUnitRequest { organizational_unit_id: Some(other.clone()) };
    let answer = world.call::<DescribeOrganizationalUnit>(request).await.expect("described");
    let unit = answer.organizational_unit.expect("a unit");
    assert_eq!(unit.name.as_deref(), Some("renamed"));
    assert!(unit.path.expect("a path").ends_with(&format!("/{}/{other}/", world.root)));
}

#[tokio::test]
async fn changes_at_the_same_time_keep_the_rules() {
    let world = World::new().await;
    let (a, b) =
        tokio::join!(world.try_unit(&world.root, "one"), world.try_unit(&world.root, "one"));
    let mut outcomes = [outcome(a), outcome(b)];
    outcomes.sort();
    assert_eq!(outcomes, ["DuplicateOrganizationalUnit", "ok"]);
}

#[tokio::test]
async fn accounts_move_and_units_empty_before_they_go() {
    let world = World::new().await;
    let unit = world.unit(&world.root, "unit").await;
    let account = world.account("mover").await;
    let moved = |from: &str, to: &str| MoveAccountRequest {
        account_id: Some(account.clone()),
        source_parent_id: Some(from.into()),
        destination_parent_id: Some(to.into()),
    };
    world.call::<MoveAccount>(moved(&world.root, &unit)).await.expect("moved");
    let twice = world.call::<MoveAccount>(moved(&world.root, &unit)).await;
    assert_eq!(outcome(twice), "DuplicateAccount");
    let nowhere = world.call::<MoveAccount>(moved(&unit, "ou-none-00000000")).await;
    assert_eq!(outcome(nowhere), "DestinationParentNotFound");
    let request = DescribeAccountRequest { account_id: Some(account.clone()) };
    let answer = world.call::<DescribeAccount>(request).await.expect("described");
    let paths = answer.account.expect("an account").paths.expect("paths");
    assert!(paths[0].ends_with(&format!("{}/{unit}/{account}/", world.root)), "{paths:?}");

    let request = ListChildrenRequest {
        parent_id: Some(unit.clone()),
        child_type: Some(ChildType::Account),
        ..Default::default()
    };
    let answer = world.call::<ListChildren>(request).await.expect("listed");
    assert_eq!(answer.children.expect("children")[0].id.as_deref(), Some(&*account));
    let request = ListParentsRequest { child_id: Some(account.clone()), ..Default::default() };
    let answer = world.call::<ListParents>(request).await.expect("listed");
    assert_eq!(answer.parents.expect("parents")[0].id.as_deref(), Some(&*unit));

    let delete = || DeleteOrganizationalUnitRequest { organizational_unit_id: Some(unit.clone()) };
    let full = world.call::<DeleteOrganizationalUnit>(delete()).await;
    assert_eq!(outcome(full), "OrganizationalUnitNotEmpty");
    world.call::<MoveAccount>(moved(&unit, &world.root)).await.expect("moved");
    world.call::<DeleteOrganizationalUnit>(delete()).await.expect("deleted");
    let gone = world.call::<DeleteOrganizationalUnit>(delete()).await;
    assert_eq!(outcome(gone), "OrganizationalUnitNotFound");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new().await;
    for n in 0..5 {
        world.unit(&world.root, &format!("unit {n}")).await;
    }
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let request = ListOrganizationalUnitsForParentRequest {
            parent_id: Some(world.root.clone()),
            max_results: Some(2),
            next_token: token,
        };
        let answer = world.call::<ListOrganizationalUnitsForParent>(request).await.expect("listed");
        seen.extend(answer.organizational_units.expect("units").into_iter().map(|unit| unit.name));
        token = answer.next_token;
        if token.is_none() {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn tags_follow_their_rules() {
    let world = World::new().await;
    let tag = |keys: &[&str]| TagResourceRequest {
        resource_id: Some(world.root.clone()),
        tags: Some(
            keys.iter()
                .map(|key| Tag { key: Some((*key).into()), value: Some("v".into()) })
                .collect(),
        ),
    };
    let cases = [
        (tag(&["a", "b"]), "ok"),
        (tag(&["a", "a"]), "InvalidInput DUPLICATE_TAG_KEY"),
        (tag(&["AWS:x"]), "InvalidInput INVALID_SYSTEM_TAGS_PARAMETER"),
        (
            TagResourceRequest { resource_id: Some("p-nothing000".into()), ..tag(&["a"]) },
            "PolicyNotFound",
        ),
        (TagResourceRequest { resource_id: Some(OTHER.into()), ..tag(&["a"]) }, "TargetNotFound"),
    ];
    for (request, expected) in cases {
        assert_eq!(outcome(world.call::<TagResource>(request).await), expected);
    }
    let many: Vec<String> = (0..49).map(|n| format!("key {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let full = world.call::<TagResource>(tag(&many)).await;
    assert_eq!(outcome(full), "ConstraintViolation MAX_TAG_LIMIT_EXCEEDED");
}
