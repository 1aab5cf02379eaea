//! An organization under test, and the calls that every story begins with.

use std::time::Duration;

use api_organizations::operations::{
    AttachPolicy, CreateAccount, CreateOrganization, CreateOrganizationalUnit, CreatePolicy,
    DescribeCreateAccountStatus, DescribeOrganization, ListRoots, MoveAccount,
};
use api_organizations::{
    AttachPolicyRequest, CreateAccountRequest, CreateOrganizationRequest,
    CreateOrganizationalUnitRequest, CreatePolicyRequest, DescribeCreateAccountStatusRequest,
    ListRootsRequest, MoveAccountRequest, OrganizationFeatureSet, Unit,
};
use platform::testing::Harness;
use shape::{Failure, Operation};

/// The account that manages the organization.
pub(crate) const MANAGEMENT: &str = "123456789012";
/// An account of somebody else.
pub(crate) const OTHER: &str = "999900001111";
/// A service control policy that forbids looking at the organization.
pub(crate) const BLIND: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"organizations:DescribeOrganization","Resource":"*"}}"#;
/// A service control policy that allows KMS alone.
pub(crate) const KMS_ALONE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;

/// A platform with an organization.
pub(crate) struct World {
    pub harness: Harness,
    /// The root's id.
    pub root: String,
}

impl World {
    /// An organization with all features.
    pub async fn new() -> Self {
        Self::with(OrganizationFeatureSet::All).await
    }

    /// An organization with these features.
    pub async fn with(features: OrganizationFeatureSet) -> Self {
        let harness = Harness::new(|_| vec![organizations::service()]).await;
        let request = CreateOrganizationRequest { feature_set: Some(features) };
        harness.call::<CreateOrganization>(request).await.expect("an organization");
        let roots = harness.call::<ListRoots>(ListRootsRequest::default()).await.expect("roots");
        let root = roots.roots.expect("roots")[0].id.clone().expect("an id");
        Self { harness, root }
    }

    /// Calls as the management account's root user.
    pub async fn call<O: Operation>(&self, input: O::Input) -> Result<O::Output, Failure> {
        self.harness.call::<O>(input).await
    }

    /// Calls as the root user of `account`.
    pub async fn call_as<O: Operation>(
        &self,
        account: &str,
        input: O::Input,
    ) -> Result<O::Output, Failure> {
        self.harness.call_as::<O>(account, "us-east-1", input).await
    }

    /// A new account's number.
    pub async fn account(&self, name: &str) -> String {
        let request = CreateAccountRequest {
            account_name: Some(name.into()),
            email: Some(format!("{name}@example.com")),
            ..Default::default()
        };
        let answer = self.call::<CreateAccount>(request).await.expect("a request");
        self.harness.advance(Duration::from_secs(1)).await;
        let id = answer.create_account_status.expect("a status").id;
        let request = DescribeCreateAccountStatusRequest { create_account_request_id: id };
        let answer = self.call::<DescribeCreateAccountStatus>(request).await.expect("a status");
        answer.create_account_status.expect("a status").account_id.expect("an account")
    }

    /// A new unit's id.
    pub async fn unit(&self, parent: &str, name: &str) -> String {
        self.try_unit(parent, name).await.expect("a unit")
    }

    /// As [`World::unit`].
    pub async fn try_unit(&self, parent: &str, name: &str) -> Result<String, Failure> {
        let request = CreateOrganizationalUnitRequest {
            parent_id: Some(parent.into()),
            name: Some(name.into()),
            tags: None,
        };
        let answer = self.call::<CreateOrganizationalUnit>(request).await?;
        Ok(answer.organizational_unit.expect("a unit").id.expect("an id"))
    }

    /// Moves an account from the root.
    pub async fn move_to(&self, unit: &str, account: &str) {
        let request = MoveAccountRequest {
            account_id: Some(account.into()),
            source_parent_id: Some(self.root.clone()),
            destination_parent_id: Some(unit.into()),
        };
        self.call::<MoveAccount>(request).await.expect("moved");
    }

    /// A new policy's id.
    pub async fn policy(&self, kind: &str, name: &str, content: &str) -> String {
        self.try_policy(kind, name, content).await.expect("a policy")
    }

    /// As [`World::policy`].
    pub async fn try_policy(
        &self,
        kind: &str,
        name: &str,
        content: &str,
    ) -> Result<String, Failure> {
        let answer = self.call::<CreatePolicy>(CreatePolicyRequest {
            content: Some(content.into()),
            description: Some(String::new()),
            name: Some(name.into()),
            r#type: Some(kind.into()),
            tags: None,
        });
        let policy = answer.await?.policy.expect("a policy");
        Ok(policy.policy_summary.expect("a summary").id.expect("an id"))
    }

    /// Attaches a policy.
    pub async fn attach(&self, policy: &str, target: &str) -> Result<Unit, Failure> {
        let request =
            AttachPolicyRequest { policy_id: Some(policy.into()), target_id: Some(target.into()) };
        self.call::<AttachPolicy>(request).await
    }

    /// Whether the root user of `account` may look at its organization.
    pub async fn sees(&self, account: &str) -> bool {
        self.call_as::<DescribeOrganization>(account, Unit {}).await.is_ok()
    }
}

/// The error's name and, where it has one, its reason.
pub(crate) fn outcome<T>(result: Result<T, Failure>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(failure) => {
            let reason = failure.fields.as_ref().map(|fields| reason(fields.as_ref()));
            let name = failure.error.name.trim_end_matches("Exception");
            reason.map_or_else(|| name.to_owned(), |reason| format!("{name} {reason}"))
        }
    }
}

fn reason(fields: &dyn shape::Shape) -> String {
    use api_organizations::{
        ConstraintViolationException, HandshakeConstraintViolationException, InvalidInputException,
    };
    let any = fields.as_any();
    let constraint = any.downcast_ref::<ConstraintViolationException>();
    let constraint = constraint.and_then(|e| e.reason.as_ref()).map(|r| r.as_str());
    let invalid = any.downcast_ref::<InvalidInputException>();
    let invalid = invalid.and_then(|e| e.reason.as_ref()).map(|r| r.as_str());
    let handshake = any.downcast_ref::<HandshakeConstraintViolationException>();
    let handshake = handshake.and_then(|e| e.reason.as_ref()).map(|r| r.as_str());
    constraint.or(invalid).or(handshake).unwrap_or_default().to_owned()
}
