//! Who is simulated: the caller and the policies that bind it.

use std::sync::Arc;

use api_iam::{ContextEntry, PolicyIdentifier, PolicyIdentifierPolicyType, PolicySourceType};
use authz::{Context, Kind, Policy};
use base::{AccountId, Arn};
use identity::ids;
use platform::Call;
use shape::Failure;

use super::{Source, given, read_all};
use crate::managed;
use crate::principal::{Bearing, Principal};

/// The name of a simulated role's session.
const SESSION: &str = "simulation";

/// The caller with its policies.
#[derive(Default)]
pub(super) struct Subject {
    /// Its own policies, its groups' and those given.
    pub identity: Vec<Source>,
    /// Its boundary.
    pub boundary: Option<Source>,
    /// Service control policies, a list a level.
    pub service_control: Vec<Vec<Arc<Policy>>>,
    /// The policy of the resource.
    pub resource: Option<Source>,
    /// The caller, where one is known.
    pub caller: Option<authz::Principal>,
}

impl Subject {
    /// A user, group or role as it is, but for the policies that are excluded.
    ///
    /// # Errors
    /// `InvalidInput`, a failing store.
    pub async fn of(
        call: &mut Call,
        principal: &Principal,
        excluded: &[PolicyIdentifier],
    ) -> Result<Self, Failure> {
        let exclusions = Exclusions(excluded);
        let mut subject = Self::default();
        for bearing in principal.bearers(call).await? {
            subject.add(call, &bearing, &exclusions).await?;
        }
        let account = call.account();
        let (boundary, caller) = match principal {
            Principal::Group(_) => (None, None),
            Principal::User(user) => {
                let arn = ids::arn(account, "user", &user.path, &user.name);
                let caller = authz::Principal {
                    id: user.unique_id.clone(),
                    tags: user.tags.clone().into_iter().collect(),
                    ..authz::Principal::user(account, arn)
                };
                (user.boundary.as_deref(), Some(caller))
            }
            Principal::Role(role) => {
                let session = ids::role_session_arn(account, &role.name, SESSION);
                let arn = ids::arn(account, "role", &role.path, &role.name);
                let caller = authz::Principal {
                    id: format!("{}:{SESSION}", role.unique_id),
                    tags: role.tags.clone().into_iter().collect(),
                    service_linked: role.is_service_linked(),
                    ..authz::Principal::role_session(account, session, arn)
                };
                (role.boundary.as_deref(), Some(caller))
            }
        };
        subject.caller = caller;
        if let Some(arn) = boundary.filter(|arn| !exclusions.boundary(arn)) {
            let text = managed::lookup(call, arn).await?.and_then(|policy| policy.document());
            // As in real calls, a boundary that is gone allows nothing.
            let text = text.map_or_else(|| identity::managed::NOTHING.clone(), |(_, text)| text);
            let of = PolicySourceType::UserManaged;
            subject.boundary = Some(Source::read(Kind::Boundary, arn.to_owned(), of, text)?);
        }
        let guardrails = call.directory().guardrails(&call.tx, account).await;
        let guardrails = guardrails.map_err(Failure::internal)?;
        subject.service_control = guardrails
            .service_control
            .iter()
            .map(|level| level.iter().filter(|p| !exclusions.control(p.name())).cloned().collect())
            .collect();
        Ok(subject)
    }

    async fn add(
        &mut self,
        call: &mut Call,
        bearing: &Bearing,
        excluded: &Exclusions<'_>,
    ) -> Result<(), Failure> {
        let Bearing { word, name, policies } = bearing;
        for (policy, text) in &policies.inline {
            if !excluded.inline(word, name, policy) {
                let id = format!("{word}_{name}_{policy}");
                let source = Source::read(Kind::Identity, id, (*word).into(), text.clone())?;
                self.identity.push(source);
            }
        }
        for arn in policies.attached.iter().filter(|arn| !excluded.managed(arn)) {
            let Some(policy) = managed::lookup(call, arn).await? else { continue };
            let of = match policy {
                managed::Managed::Own(_) => PolicySourceType::UserManaged,
                managed::Managed::Aws(_) => PolicySourceType::AwsManaged,
            };
            if let Some((_, text)) = policy.document() {
                let id = policy.name().to_owned();
                self.identity.push(Source::read(Kind::Identity, id, of, text)?);
            }
        }
        Ok(())
    }

    /// Puts the given boundary in place of the subject's own.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn bound_by(&mut self, texts: Option<&[String]>) -> Result<(), Failure> {
        let mut given = read_all(Kind::Boundary, "PermissionsBoundaryPolicyInputList", texts)?;
        if given.len() > 1 {
            return Err(given::invalid("There can be only one permissions boundary."));
        }
        self.boundary = given.pop().or(self.boundary.take());
        Ok(())
    }

    /// Takes the given user as the caller.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn called_by(&mut self, arn: Option<&str>) -> Result<(), Failure> {
        let Some(text) = arn else { return Ok(()) };
        let invalid = || given::invalid(&format!("Invalid caller ARN {text}: it is not a user's."));
        let parsed: Arn = text.parse().map_err(|_| invalid())?;
        let is_user = parsed.service == "iam" && parsed.resource.starts_with("user/");
        let account = parsed.account_id().filter(|_| is_user).ok_or_else(invalid)?;
        if self.caller.as_ref().is_none_or(|known| known.arn != text) {
            self.caller = Some(authz::Principal::user(account, text.to_owned()));
        }
        Ok(())
    }

    /// The condition keys: what follows from the caller, and over it what is given.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn context(&self, entries: &[ContextEntry]) -> Result<Context, Failure> {
        let mut context = Context::default();
        if let Some(caller) = &self.caller {
            caller.describe(&mut context);
        }
        given::set(&mut context, entries)?;
        Ok(context)
    }

    /// The caller; somebody of `account` where none is known.
    pub fn caller(&self, account: AccountId) -> authz::Principal {
        let anybody = || authz::Principal::user(account, ids::arn(account, "user", "/", SESSION));
        self.caller.clone().unwrap_or_else(anybody)
    }
}

/// `PolicyExclusionList`.
struct Exclusions<'i>(&'i [PolicyIdentifier]);

impl Exclusions<'_> {
    fn inline(&self, word: &str, bearer: &str, policy: &str) -> bool {
        self.0.iter().filter_map(|entry| entry.inline_policy_identifier.as_ref()).any(|inline| {
            inline.policy_name.as_deref() == Some(policy)
                && inline.attachment_name.as_deref() == Some(bearer)
                && inline.attachment_type.as_ref().is_none_or(|of| of.as_str() == word)
        })
    }

    fn managed(&self, arn: &str) -> bool {
        let kinds =
            [PolicyIdentifierPolicyType::AwsManaged, PolicyIdentifierPolicyType::UserManaged];
        self.lists(arn, &kinds)
    }

    fn boundary(&self, arn: &str) -> bool {
        self.lists(arn, &[PolicyIdentifierPolicyType::PermissionBoundary])
    }

    fn control(&self, arn: &str) -> bool {
        self.lists(arn, &[PolicyIdentifierPolicyType::Scp])
    }

    fn lists(&self, arn: &str, kinds: &[PolicyIdentifierPolicyType]) -> bool {
        self.0.iter().any(|entry| {
            entry.policy_arn.as_deref() == Some(arn)
                && entry.policy_type.as_ref().is_none_or(|of| kinds.contains(of))
        })
    }
}
