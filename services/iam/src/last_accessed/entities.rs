//! Whom a report is about: a user or role, the members of a group, or all who have a policy.

use api_iam::{PolicyOwnerEntityType, PolicyUsageType};
use base::AccountId;
use identity::ids;
use identity::record::{self, Group, Role, User};
use platform::{Call, Resource};
use shape::Failure;

use crate::bearer::Bearer;
use crate::entities::uses;
use crate::managed::{self, Managed};
use crate::principal::Principal;
use crate::{attachments, find};

/// What an ARN names that a report can be about.
pub(super) enum Target {
    /// A user, group or role.
    Principal(Principal),
    /// A managed policy.
    Policy(Managed),
}

/// A user or role that calls.
pub(super) struct Entity {
    pub kind: PolicyOwnerEntityType,
    pub arn: String,
    pub name: String,
    pub path: String,
    pub unique_id: String,
}

impl Entity {
    fn of<B: Bearer>(account: AccountId, kind: PolicyOwnerEntityType, bearer: &B) -> Self {
        Self {
            kind,
            arn: ids::arn(account, B::WORD, bearer.path(), bearer.name()),
            name: bearer.name().to_owned(),
            path: bearer.path().to_owned(),
            unique_id: bearer.unique_id().to_owned(),
        }
    }
}

impl Target {
    /// What the ARN names.
    ///
    /// # Errors
    /// `InvalidInput`, `NoSuchEntity`.
    pub async fn find(call: &mut Call, arn: &str) -> Result<Self, Failure> {
        match attachments::path_and_name(arn) {
            Some(_) => Ok(Self::Policy(managed::find(call, arn).await?)),
            None => Ok(Self::Principal(Principal::find(call, arn).await?)),
        }
    }

    /// As authorization and audit see it.
    ///
    /// # Errors
    /// As [`Target::find`].
    pub async fn named(&self, call: &mut Call, arn: &str) -> Result<Vec<Resource>, Failure> {
        match self {
            Self::Policy(_) => managed::named(call, arn).await,
            Self::Principal(principal) => Ok(vec![principal.resource(call)]),
        }
    }

    /// The users and roles behind it.
    ///
    /// # Errors
    /// A failing store.
    pub async fn entities(&self, call: &Call, arn: &str) -> Result<Vec<Entity>, Failure> {
        let account = call.account();
        let of_user = |user: &User| Entity::of(account, PolicyOwnerEntityType::User, user);
        let of_role = |role: &Role| Entity::of(account, PolicyOwnerEntityType::Role, role);
        let groups: Vec<String> = match self {
            Self::Principal(Principal::User(user)) => return Ok(vec![of_user(user)]),
            Self::Principal(Principal::Role(role)) => return Ok(vec![of_role(role)]),
            Self::Principal(Principal::Group(group)) => vec![record::id(&group.name)],
            Self::Policy(_) => {
                let groups = find::all::<Group>(call).await?.into_iter();
                groups.filter(|(_, group)| attaches(&**group, arn)).map(|(id, _)| id).collect()
            }
        };
        let member =
            |user: &User| user.groups.iter().any(|name| groups.contains(&record::id(name)));
        let users = find::all::<User>(call).await?;
        let users = users.iter().filter(|(_, user)| member(user) || attaches(&**user, arn));
        let mut entities: Vec<Entity> = users.map(|(_, user)| of_user(user)).collect();
        let roles = find::all::<Role>(call).await?;
        let roles = roles.iter().filter(|(_, role)| attaches(&**role, arn));
        entities.extend(roles.map(|(_, role)| of_role(role)));
        Ok(entities)
    }

    /// The documents that grant what is asked about.
    ///
    /// # Errors
    /// A failing store.
    pub async fn documents(&self, call: &mut Call) -> Result<Vec<String>, Failure> {
        let mut documents = Vec::new();
        match self {
            Self::Policy(policy) => {
                documents.extend(policy.document().map(|(_, text)| text.to_string()));
            }
            Self::Principal(principal) => {
                for bearing in principal.bearers(call).await? {
                    documents.extend(bearing.policies.inline.values().map(|t| t.to_string()));
                    for arn in &bearing.policies.attached {
                        let policy = managed::lookup(call, arn).await?;
                        let document = policy.and_then(|policy| policy.document());
                        documents.extend(document.map(|(_, text)| text.to_string()));
                    }
                }
            }
        }
        Ok(documents)
    }
}

fn attaches<B: Bearer>(bearer: &B, arn: &str) -> bool {
    uses(bearer, arn, Some(&PolicyUsageType::PermissionsPolicy))
}
