//! A world with IAM in it, and short ways to fill it.

use api_iam::operations as op;
use api_iam::*;
use platform::Source;
use platform::testing::Harness;
use shape::{Failure, Operation};

pub const ACCOUNT: &str = "123456789012";

pub struct World(pub Harness);

impl World {
    /// A world with the user `ada`.
    pub async fn new() -> Self {
        let world = Self(Harness::new(|_| vec![iam::service()]).await);
        world.user("ada").await;
        world
    }

    /// Calls as the root user, which must succeed.
    pub async fn root<O: Operation>(&self, input: O::Input) -> O::Output {
        self.0.call::<O>(input).await.expect("root may do this")
    }

    /// Code and text of the failure of a call of the root user.
    pub async fn refused<O: Operation>(&self, input: O::Input) -> String {
        let Err(failure) = self.0.call::<O>(input).await else { panic!("a refusal") };
        text(&failure)
    }

    /// What becomes of a call of a user.
    pub async fn by<O: Operation>(&self, user: &str, input: O::Input) -> Result<O::Output, String> {
        let caller = self.0.user(user).await;
        let done = self.0.call_with::<O>(caller, Source::default(), input).await;
        done.map_err(|failure| text(&failure))
    }

    /// Lets a user do everything.
    pub async fn empower(&self, user: &str) {
        self.root::<op::AttachUserPolicy>(AttachUserPolicyRequest {
            user_name: Some(user.into()),
            policy_arn: Some("arn:aws:iam::aws:policy/AdministratorAccess".into()),
        })
        .await;
    }

    pub async fn user(&self, name: &str) -> User {
        let input = CreateUserRequest { user_name: some(name), ..CreateUserRequest::default() };
        self.root::<op::CreateUser>(input).await.user.expect("a user")
    }

    pub async fn group(&self, name: &str) {
        let input = CreateGroupRequest { group_name: some(name), path: None };
        self.root::<op::CreateGroup>(input).await;
    }

    pub async fn join(&self, user: &str, group: &str) {
        let input = AddUserToGroupRequest { user_name: some(user), group_name: some(group) };
        self.root::<op::AddUserToGroup>(input).await;
    }
}

pub fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// As clients show it.
pub fn text(failure: &Failure) -> String {
    format!("{}: {}", failure.error.query_code(), failure.message)
}
