//! A world with IAM in it, and short ways to set it up and to ask what somebody may do.

use api_iam::operations as op;
use api_iam::*;
use platform::testing::Harness;
use platform::{Caller, Source};
use shape::{Failure, Operation};

pub const ACCOUNT: &str = "123456789012";

pub struct World {
    pub harness: Harness,
}

impl World {
    pub async fn new() -> Self {
        Self { harness: Harness::new(|_| vec![iam::service()]).await }
    }

    /// A world with the user `ada`.
    pub async fn with_user() -> Self {
        let world = Self::new().await;
        world.root::<op::CreateUser>(user("ada")).await;
        world
    }

    /// Calls as the root user, which must succeed.
    pub async fn root<O: Operation>(&self, input: O::Input) -> O::Output {
        self.harness.call::<O>(input).await.expect("root may do this")
    }

    /// The failure of a call of the root user.
    pub async fn refused<O: Operation>(&self, input: O::Input) -> Failure {
        let Err(failure) = self.harness.call::<O>(input).await else { panic!("a refusal") };
        failure
    }

    /// What becomes of a call of the user `ada`.
    pub async fn ada<O: Operation>(&self, input: O::Input) -> Result<O::Output, Failure> {
        let ada = self.harness.user("ada").await;
        self.harness.call_with::<O>(ada, Source::default(), input).await
    }

    /// Whether this caller may see the user of this name.
    pub async fn sees(&self, caller: Caller, name: &str) -> Result<(), String> {
        let input = GetUserRequest { user_name: Some(name.to_owned()) };
        let seen = self.harness.call_with::<op::GetUser>(caller, Source::default(), input).await;
        seen.map(|_| ()).map_err(|failure| failure.message)
    }

    /// Whether `ada` may see herself.
    pub async fn ada_sees(&self) -> Result<(), String> {
        self.sees(self.harness.user("ada").await, "ada").await
    }

    /// Gives `ada` an inline policy.
    pub async fn put_inline(&self, name: &str, statements: &str) {
        self.root::<op::PutUserPolicy>(PutUserPolicyRequest {
            user_name: Some("ada".into()),
            policy_name: Some(name.into()),
            policy_document: Some(document(statements)),
        })
        .await;
    }

    /// Makes a managed policy and returns its ARN.
    pub async fn create_policy(&self, name: &str, statements: &str) -> String {
        let made = self.root::<op::CreatePolicy>(policy(name, statements)).await;
        made.policy.and_then(|policy| policy.arn).expect("its ARN")
    }

    /// Attaches a managed policy to `ada`.
    pub async fn attach(&self, arn: &str) {
        self.root::<op::AttachUserPolicy>(AttachUserPolicyRequest {
            user_name: Some("ada".into()),
            policy_arn: Some(arn.into()),
        })
        .await;
    }
}

pub fn user(name: &str) -> CreateUserRequest {
    CreateUserRequest { user_name: Some(name.into()), ..CreateUserRequest::default() }
}

pub fn policy(name: &str, statements: &str) -> CreatePolicyRequest {
    CreatePolicyRequest {
        policy_name: Some(name.into()),
        policy_document: Some(document(statements)),
        ..CreatePolicyRequest::default()
    }
}

pub fn role(name: &str, trust: &str) -> CreateRoleRequest {
    CreateRoleRequest {
        role_name: Some(name.into()),
        assume_role_policy_document: Some(trust.into()),
        ..CreateRoleRequest::default()
    }
}

/// A policy of these statements.
pub fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

pub fn allow(action: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#)
}

pub fn deny(action: &str) -> String {
    format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"*"}}"#)
}

/// Trust in these principals.
pub fn trust(principal: &str) -> String {
    document(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#))
}

pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.expect("two digits"));
                let digits = std::str::from_utf8(&digits).expect("text").to_owned();
                bytes.push(u8::from_str_radix(&digits, 16).expect("hexadecimal"));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).expect("text")
}
