//! The role that somebody asks for: found by its ARN, shown to authorization with its trust policy.
//!
//! A role that does not exist is refused in the words of one that trusts nobody: who may not assume a role does not learn
//! whether there is one.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base::{AccountId, Arn};
use identity::ids;
use identity::record::{self, Role};
use platform::{Call, Resource};
use shape::Failure;
use shape::error::{ACCESS_DENIED, VALIDATION};
use store::Scope;

/// CloudFormation's type of roles, as audit records name them.
const ROLE: &str = "AWS::IAM::Role";
/// The action that passing tags, or bearing those that follow a session, needs besides.
pub(crate) const TAG_SESSION: &str = "sts:TagSession";
/// The action that naming a source identity, or bearing one, needs besides.
const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";
/// Length of a session for which none is asked.
const SESSION_DEFAULT: i32 = 3600;
/// Longest session of a role that another role's session assumed
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>).
const CHAINED_MAX: i32 = 3600;

/// A trust policy that trusts nobody.
static NOBODY: LazyLock<Arc<str>> = LazyLock::new(|| {
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"nobody.invalid"},"Action":"sts:AssumeRole"}]}"#.into()
});

/// A role that is asked for, which need not exist.
pub(crate) struct Target {
    arn: Arn,
    /// The account that it is in.
    pub account: AccountId,
    role: Option<Arc<Role>>,
}

/// What of a session needs permissions besides that for the role itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// It bears tags of its own, passed or inherited.
    pub tags: bool,
    /// It bears a source identity.
    pub source_identity: bool,
}

impl Target {
    /// The role with this ARN.
    ///
    /// # Errors
    /// `ValidationError` for text that is no role's ARN.
    pub async fn find(call: &mut Call, text: &str) -> Result<Self, Failure> {
        let invalid = || VALIDATION.because(format!("{text} is invalid"));
        let arn: Arn = text.parse().map_err(|_| invalid())?;
        let account = arn.account_id().ok_or_else(invalid)?;
        let place = arn.resource.strip_prefix("role/").ok_or_else(invalid)?;
        let name = place.rsplit('/').next().unwrap_or(place);
        let names_a_role = arn.partition == "aws" && arn.service == "iam" && arn.region.is_empty();
        if !names_a_role || name.is_empty() {
            return Err(invalid());
        }
        let found = call.tx.get::<Role>(&Scope::global(account), &record::id(name)).await;
        let role = found.map_err(Failure::internal)?;
        let is_meant = |role: &Arc<Role>| ids::arn(account, "role", &role.path, &role.name) == text;
        let role = role.filter(is_meant);
        Ok(Self { arn, account, role })
    }

    /// Whether there is such a role.
    pub fn exists(&self) -> bool {
        self.role.is_some()
    }

    /// What is judged: the role for the operation's own action, and once more for each further one.
    pub fn resources(&self, needs: Needs) -> Vec<Resource> {
        let mut role = Resource::new(self.arn.clone(), ROLE, self.account);
        role.policy_kind = authz::Kind::Trust;
        role.policy = Some(self.role.as_ref().map_or(&*NOBODY, |role| &role.trust).clone());
        if let Some(found) = &self.role {
            role.tags.clone_from(&found.tags);
        }
        let further = [(needs.tags, TAG_SESSION), (needs.source_identity, SET_SOURCE_IDENTITY)];
        let further = further.into_iter().filter(|(needed, _)| *needed);
        let further = further.map(|(_, action)| role.clone().for_action(action));
        std::iter::once(role.clone()).chain(further).collect()
    }

    /// The role, once authorization let the caller through.
    ///
    /// # Errors
    /// `AccessDenied` if there is none, which authorization has refused before.
    pub fn role(&self) -> Result<&Role, Failure> {
        let refused = || ACCESS_DENIED.because(format!("{} cannot be assumed", self.arn));
        self.role.as_deref().ok_or_else(refused)
    }

    /// How long the session lasts. `chained` tells whether the caller is itself a role's session.
    ///
    /// # Errors
    /// `ValidationError` for more than is allowed.
    pub fn duration(&self, asked: Option<i32>, chained: bool) -> Result<Duration, Failure> {
        let seconds = asked.unwrap_or(SESSION_DEFAULT);
        if i64::from(seconds) > i64::from(self.role()?.max_session) {
            return Err(VALIDATION.because(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        if chained && seconds > CHAINED_MAX {
            return Err(VALIDATION.because(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        Ok(crate::session::seconds(seconds))
    }
}
