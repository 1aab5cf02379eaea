use std::time::Duration;

use api_iam::operations as op;
use api_iam::*;

use crate::common::{World, some};

const GOOD: &str = "Correct horse 1";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn profile(password: &str) -> CreateLoginProfileRequest {
    CreateLoginProfileRequest {
        user_name: some("ada"),
        password: some(password),
        ..Default::default()
    }
}

fn update(password: &str) -> UpdateLoginProfileRequest {
    UpdateLoginProfileRequest {
        user_name: some("ada"),
        password: some(password),
        ..Default::default()
    }
}

async fn change(world: &World, old: &str, new: &str) -> Result<(), String> {
    let input = ChangePasswordRequest { old_password: some(old), new_password: some(new) };
    world.by::<op::ChangePassword>("ada", input).await.map(drop)
}

async fn policy(world: &World, policy: UpdateAccountPasswordPolicyRequest) {
    world.root::<op::UpdateAccountPasswordPolicy>(policy).await;
}

#[tokio::test]
async fn a_login_profile_is_made_once_and_goes() {
    let world = World::new().await;
    let of = || GetLoginProfileRequest { user_name: some("ada") };
    let none = "NoSuchEntity: Login Profile for User ada cannot be found.";
    assert_eq!(world.refused::<op::GetLoginProfile>(of()).await, none);
    assert_eq!(world.refused::<op::UpdateLoginProfile>(update(GOOD)).await, none);
    world.root::<op::CreateLoginProfile>(profile(GOOD)).await;
    assert_eq!(
        world.refused::<op::CreateLoginProfile>(profile(GOOD)).await,
        "EntityAlreadyExists: Login Profile for user ada already exists."
    );
    let found = world.root::<op::GetLoginProfile>(of()).await.login_profile.expect("a profile");
    assert_eq!((found.user_name, found.password_reset_required), (some("ada"), Some(false)));
    let delete = || DeleteLoginProfileRequest { user_name: some("ada") };
    world.root::<op::DeleteLoginProfile>(delete()).await;
    assert_eq!(world.refused::<op::DeleteLoginProfile>(delete()).await, none);
    let records = world.0.records().await;
    assert!(!records.iter().any(|record| record.to_string().contains(GOOD)));
}

#[tokio::test]
async fn the_default_policy_asks_for_eight_characters_of_three_kinds() {
    let world = World::new().await;
    for (password, lacks) in [
        ("Short1!", "Password should have a minimum length of 8"),
        (
            "alllowercase",
            "Password should meet 2 more of the following requirements: \
             Password should have at least one uppercase letter, \
             Password should have at least one number, \
             Password should have at least one symbol",
        ),
        (
            "lowercase11",
            "Password should meet 1 more of the following requirements: \
             Password should have at least one uppercase letter, \
             Password should have at least one symbol",
        ),
    ] {
        let refused = world.refused::<op::CreateLoginProfile>(profile(password)).await;
        assert_eq!(refused, format!("PasswordPolicyViolation: {lacks}"), "{password}");
    }
    world.root::<op::CreateLoginProfile>(profile("lower-case-11")).await;
}

#[tokio::test]
async fn a_policy_of_ones_own_is_what_holds() {
    let world = World::new().await;
    let none = "NoSuchEntity: The Password Policy with domain name 123456789012 cannot be found.";
    assert_eq!(world.refused::<op::GetAccountPasswordPolicy>(Unit::default()).await, none);
    policy(
        &world,
        UpdateAccountPasswordPolicyRequest {
            minimum_password_length: Some(14),
            require_symbols: Some(true),
            require_numbers: Some(true),
            max_password_age: Some(90),
            ..Default::default()
        },
    )
    .await;
    let refused = world.refused::<op::CreateLoginProfile>(profile("longenoughbutplain")).await;
    assert_eq!(
        refused,
        "PasswordPolicyViolation: Password should have at least one number, Password should have at least one symbol"
    );
    world.root::<op::CreateLoginProfile>(profile("plain-but-99-symbols")).await;
    let shown = world.root::<op::GetAccountPasswordPolicy>(Unit::default()).await;
    let shown = shown.password_policy.expect("a policy");
    assert_eq!(shown.minimum_password_length, Some(14));
    assert_eq!((shown.expire_passwords, shown.max_password_age), (Some(true), Some(90)));
    assert_eq!((shown.hard_expiry, shown.password_reuse_prevention), (Some(false), None));

    // What a later request leaves out is not kept.
    policy(&world, UpdateAccountPasswordPolicyRequest::default()).await;
    let shown = world.root::<op::GetAccountPasswordPolicy>(Unit::default()).await;
    let shown = shown.password_policy.expect("a policy");
    assert_eq!((shown.minimum_password_length, shown.require_symbols), (Some(6), Some(false)));
    assert_eq!((shown.expire_passwords, shown.max_password_age), (Some(false), None));
    world.root::<op::UpdateLoginProfile>(update("simple")).await;
    world.root::<op::DeleteAccountPasswordPolicy>(Unit::default()).await;
    assert_eq!(
        world.refused::<op::DeleteAccountPasswordPolicy>(Unit::default()).await,
        "NoSuchEntity: The account policy with name PasswordPolicy cannot be found."
    );
}

#[tokio::test]
async fn a_user_changes_its_password_if_that_is_allowed_and_the_old_one_known() {
    let world = World::new().await;
    world.root::<op::CreateLoginProfile>(profile(GOOD)).await;
    let denied = change(&world, GOOD, "Another horse 2").await.expect_err("nothing allows it");
    assert!(denied.contains("is not authorized to perform: iam:ChangePassword"), "{denied}");
    let users_may = Some(true);
    let may = UpdateAccountPasswordPolicyRequest {
        allow_users_to_change_password: users_may,
        ..Default::default()
    };
    policy(&world, may).await;
    assert_eq!(
        change(&world, "Wrong horse 1", "Another horse 2").await,
        Err("AccessDenied: The old password was incorrect.".to_owned())
    );
    assert_eq!(change(&world, GOOD, "Another horse 2").await, Ok(()));
    assert!(change(&world, GOOD, "Third horse 3").await.is_err());
    assert_eq!(change(&world, "Another horse 2", "Third horse 3").await, Ok(()));
    world.by::<op::GetAccountPasswordPolicy>("ada", Unit::default()).await.expect("she may see it");
    let input = ChangePasswordRequest { old_password: some(GOOD), new_password: some(GOOD) };
    assert_eq!(
        world.refused::<op::ChangePassword>(input).await,
        "InvalidUserType: Only IAM Users can change their own password"
    );
}

#[tokio::test]
async fn passwords_are_not_used_again_and_expire() {
    let world = World::new().await;
    world.empower("ada").await;
    policy(
        &world,
        UpdateAccountPasswordPolicyRequest {
            password_reuse_prevention: Some(2),
            max_password_age: Some(30),
            hard_expiry: Some(true),
            ..Default::default()
        },
    )
    .await;
    world.root::<op::CreateLoginProfile>(profile("first-password")).await;
    let used = "PasswordPolicyViolation: Password has been used before and must not be used again";
    let again = change(&world, "first-password", "first-password").await;
    assert_eq!(again, Err(used.to_owned()));
    change(&world, "first-password", "second-password").await.expect("another");
    let again = change(&world, "second-password", "first-password").await;
    assert_eq!(again, Err(used.to_owned()));
    change(&world, "second-password", "third-password").await.expect("another");
    change(&world, "third-password", "first-password").await.expect("two lie between");

    world.0.advance(30 * DAY).await;
    assert_eq!(
        change(&world, "first-password", "fourth-password").await,
        Err("AccessDenied: The password has expired. An administrator must set a new one."
            .to_owned())
    );
    world.root::<op::UpdateLoginProfile>(update("fourth-password")).await;
    change(&world, "fourth-password", "fifth-password").await.expect("it is fresh");
}

#[tokio::test]
async fn an_alias_is_one_accounts_alone_and_one_an_account() {
    let world = World::new().await;
    let create = |alias: &str| CreateAccountAliasRequest { account_alias: some(alias) };
    world.root::<op::CreateAccountAlias>(create("example")).await;
    let region = "us-east-1";
    let taken =
        world.0.call_as::<op::CreateAccountAlias>("210987654321", region, create("example"));
    assert_eq!(
        taken.await.expect_err("it is taken").message,
        "The account alias example already exists."
    );
    world.root::<op::CreateAccountAlias>(create("example-two")).await;
    let listed = world.root::<op::ListAccountAliases>(ListAccountAliasesRequest::default()).await;
    assert_eq!(listed.account_aliases, Some(vec!["example-two".to_owned()]));
    let free = world.0.call_as::<op::CreateAccountAlias>("210987654321", region, create("example"));
    free.await.expect("it was given up");
    let delete = |alias: &str| DeleteAccountAliasRequest { account_alias: some(alias) };
    assert_eq!(
        world.refused::<op::DeleteAccountAlias>(delete("example")).await,
        "NoSuchEntity: The account alias with name example cannot be found."
    );
    world.root::<op::DeleteAccountAlias>(delete("example-two")).await;
    for bad in ["123456789012", "a--b"] {
        let refused = world.refused::<op::CreateAccountAlias>(create(bad)).await;
        assert!(refused.starts_with("ValidationError"), "{refused}");
    }
}
