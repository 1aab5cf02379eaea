//! Managed policies by their ARNs: the account's own, and AWS's.

use std::sync::Arc;

use api_iam::error::{INVALID_INPUT_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION};
use base::{AccountId, Arn, Timestamp};
use identity::directory::customer_policy;
use identity::ids;
use identity::managed::{self, AwsPolicy};
use identity::record::{self, ManagedPolicy};
use platform::{Call, Resource};
use shape::Failure;
use shape::error::ACCESS_DENIED;

use crate::find::{self, OrInternal as _};
use crate::{tags, uses};

/// CloudFormation's type of managed policies.
pub(crate) const POLICY: &str = "AWS::IAM::ManagedPolicy";

/// A managed policy.
#[derive(Clone)]
pub(crate) enum Managed {
    /// The account's own.
    Own(Arc<ManagedPolicy>),
    /// One of AWS's.
    Aws(&'static AwsPolicy),
}

impl Managed {
    /// Its ARN.
    pub fn arn(&self, account: AccountId) -> String {
        match self {
            Self::Own(policy) => own_arn(account, policy),
            Self::Aws(policy) => policy.arn(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(policy) => &policy.name,
            Self::Aws(policy) => policy.name,
        }
    }

    /// Its path.
    pub fn path(&self) -> &str {
        match self {
            Self::Own(policy) => &policy.path,
            Self::Aws(policy) => policy.path,
        }
    }

    /// The version in force, its number and its document.
    pub fn document(&self) -> Option<(u32, Arc<str>)> {
        match self {
            Self::Own(policy) => Some((policy.default_version, policy.document()?.clone())),
            Self::Aws(policy) => Some((1, policy.document().clone())),
        }
    }

    /// A version as the API shows it, with its document if `whole`; none if there is no such one.
    pub fn version(&self, number: u32, whole: bool) -> Option<api_iam::PolicyVersion> {
        let (document, created, default) = match self {
            Self::Own(policy) => {
                let version = policy.version(number)?;
                (&version.document, version.created, number == policy.default_version)
            }
            Self::Aws(policy) if number == 1 => (policy.document(), policy.created(), true),
            Self::Aws(_) => return None,
        };
        Some(api_iam::PolicyVersion {
            document: whole.then(|| crate::documents::encode(document)),
            version_id: Some(format!("v{number}")),
            is_default_version: Some(default),
            create_date: Some(created),
        })
    }

    /// The numbers of its versions, newest first.
    pub fn versions(&self) -> Vec<u32> {
        match self {
            Self::Own(policy) => policy.versions.iter().rev().map(|v| v.number).collect(),
            Self::Aws(_) => vec![1],
        }
    }

    /// The policy as the API shows it. Listings leave out description and tags.
    ///
    /// # Errors
    /// A failing store.
    pub async fn show(&self, call: &Call, whole: bool) -> Result<api_iam::Policy, Failure> {
        let arn = self.arn(call.account());
        let uses = uses::shown(call, &arn).await?;
        let count = |count: u32| Some(i32::try_from(count).unwrap_or(i32::MAX));
        let (unique_id, version, description, created, updated, tags): Shown = match self {
            Self::Own(policy) => (
                policy.unique_id.clone(),
                policy.default_version,
                policy.description.clone(),
                policy.created,
                policy.updated,
                tags::show(&policy.tags),
            ),
            Self::Aws(policy) => {
                let description = Some(policy.description.to_owned());
                (policy.unique_id(), 1, description, policy.created(), policy.created(), None)
            }
        };
        Ok(api_iam::Policy {
            policy_name: Some(self.name().to_owned()),
            policy_id: Some(unique_id),
            arn: Some(arn),
            path: Some(self.path().to_owned()),
            default_version_id: Some(format!("v{version}")),
            attachment_count: count(uses.attached),
            permissions_boundary_usage_count: count(uses.boundaries),
            is_attachable: Some(true),
            description: description.filter(|_| whole),
            create_date: Some(created),
            update_date: Some(updated),
            tags: tags.filter(|_| whole),
        })
    }
}

/// Unique id, version in force, description, when made and changed, tags.
type Shown = (String, u32, Option<String>, Timestamp, Timestamp, Option<Vec<api_iam::Tag>>);

/// The ARN of a policy of the account's own.
pub(crate) fn own_arn(account: AccountId, policy: &ManagedPolicy) -> String {
    ids::arn(account, "policy", &policy.path, &policy.name)
}

/// The policy with this ARN, as the account can see it.
///
/// # Errors
/// A failing store.
pub(crate) async fn lookup(call: &mut Call, arn: &str) -> Result<Option<Managed>, Failure> {
    if let Some(policy) = managed::by_arn(arn) {
        return Ok(Some(Managed::Aws(policy)));
    }
    let Some((account, name)) = customer_policy(arn) else { return Ok(None) };
    if account != call.account() {
        return Ok(None);
    }
    let id = record::id(name);
    let found = call.tx.get::<ManagedPolicy>(&find::scope(call), &id).await.or_internal()?;
    Ok(found.filter(|policy| own_arn(account, policy) == arn).map(Managed::Own))
}

/// The policy that a request names.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn find(call: &mut Call, arn: &str) -> Result<Managed, Failure> {
    lookup(call, arn).await?.ok_or_else(|| not_found(arn))
}

/// The policy that a request is to change.
///
/// # Errors
/// `NoSuchEntity`; `AccessDenied` for AWS's.
pub(crate) async fn find_own(call: &mut Call, arn: &str) -> Result<ManagedPolicy, Failure> {
    match find(call, arn).await? {
        Managed::Own(policy) => Ok(ManagedPolicy::clone(&policy)),
        Managed::Aws(_) => Err(ACCESS_DENIED.because("Policy is outside your own account.")),
    }
}

/// A policy that is to be attached.
///
/// # Errors
/// `InvalidInput` for what is no policy's ARN, `NoSuchEntity`.
pub(crate) async fn attachable(call: &mut Call, arn: &str) -> Result<Managed, Failure> {
    check_arn(arn)?;
    lookup(call, arn).await?.ok_or_else(|| not_attachable(&format!("Policy {arn}")))
}

/// A policy that is to bound a user or role.
///
/// # Errors
/// As [`attachable`].
pub(crate) async fn bounding(call: &mut Call, arn: &str) -> Result<Managed, Failure> {
    check_arn(arn)?;
    lookup(call, arn).await?.ok_or_else(|| not_attachable(&format!("Scope ARN: {arn}")))
}

/// The policy that a request names, as authorization and audit see it. Another account's is judged as a stranger's, which has no
/// policy that could allow anything.
///
/// # Errors
/// `InvalidInput` for what is no policy's ARN, `NoSuchEntity`.
pub(crate) async fn named(call: &mut Call, arn: &str) -> Result<Vec<Resource>, Failure> {
    let parsed = check_arn(arn)?;
    if let Some(owner) = parsed.account_id().filter(|owner| *owner != call.account()) {
        return Ok(vec![Resource::new(parsed, POLICY, owner)]);
    }
    let tags = match find(call, arn).await? {
        Managed::Own(policy) => policy.tags.clone(),
        Managed::Aws(_) => record::Tags::new(),
    };
    Ok(vec![Resource { tags, ..Resource::new(parsed, POLICY, call.account()) }])
}

/// Keeps the changed policy.
///
/// # Errors
/// A store that does not take the record.
pub(crate) fn save(call: &mut Call, policy: &ManagedPolicy) -> Result<(), Failure> {
    call.tx.put(&find::scope(call), &record::id(&policy.name), policy).or_internal()
}

/// There is no such policy.
pub(crate) fn not_found(arn: &str) -> Failure {
    NO_SUCH_ENTITY_EXCEPTION.because(format!("Policy {arn} was not found."))
}

/// `what` names something that is not there to be attached.
pub(crate) fn not_attachable(what: &str) -> Failure {
    NO_SUCH_ENTITY_EXCEPTION.because(format!("{what} does not exist or is not attachable."))
}

fn check_arn(arn: &str) -> Result<Arn, Failure> {
    let invalid = || INVALID_INPUT_EXCEPTION.because(format!("ARN {arn} is not valid."));
    let parsed: Arn = arn.parse().map_err(|_| invalid())?;
    let is_policy = parsed.service == "iam" && parsed.resource.starts_with("policy/");
    if is_policy { Ok(parsed) } else { Err(invalid()) }
}
