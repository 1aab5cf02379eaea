//! Finding what a request names, with IAM's words where there is no such thing, and naming it to authorization.

use std::collections::BTreeMap;
use std::sync::Arc;

use api_iam::error::{
    ENTITY_ALREADY_EXISTS_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION,
};
use base::{AccountId, Arn, Region};
use identity::ids;
use identity::record::{self, Group, Role, User};
pub(crate) use platform::OrInternal;
use platform::{Call, Identity, Resource};
use shape::Failure;
use shape::error::VALIDATION;
use store::{Range, Record, Scope};

/// CloudFormation's types of what IAM has, as audit records name them.
pub(crate) const USER: &str = "AWS::IAM::User";
pub(crate) const GROUP: &str = "AWS::IAM::Group";
pub(crate) const ROLE: &str = "AWS::IAM::Role";

/// Records that [`all`] fetches at a time.
const SCAN_PAGE: usize = 500;

/// Where an account's identities are kept.
pub(crate) fn scope(call: &Call) -> Scope {
    Scope::global(call.account())
}

/// The user that a request names; the calling user where it names none.
///
/// # Errors
/// `NoSuchEntity`; `ValidationError` if nobody is named by a caller who is no user.
pub(crate) async fn user(call: &mut Call, name: Option<&str>) -> Result<Arc<User>, Failure> {
    let name = match (name, &call.caller.identity) {
        (Some(name), _) => name.to_owned(),
        (None, Identity::User { name, .. }) => name.clone(),
        (None, _) => {
            return Err(
                VALIDATION.because("Must specify userName when calling with non-User credentials")
            );
        }
    };
    let found = call.tx.get::<User>(&scope(call), &record::id(&name)).await.or_internal()?;
    found.ok_or_else(|| nothing("user", &name))
}

/// The group that a request names.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn group(call: &mut Call, name: &str) -> Result<Arc<Group>, Failure> {
    let found = call.tx.get::<Group>(&scope(call), &record::id(name)).await.or_internal()?;
    found.ok_or_else(|| nothing("group", name))
}

/// The role that a request names.
///
/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn role(call: &mut Call, name: &str) -> Result<Arc<Role>, Failure> {
    let found = call.tx.get::<Role>(&scope(call), &record::id(name)).await.or_internal()?;
    found.ok_or_else(|| nothing("role", name))
}

/// A user as authorization and audit see it.
pub(crate) fn user_resource(account: AccountId, user: &User) -> Resource {
    let resource = named(account, USER, "user", &user.path, &user.name);
    Resource { tags: user.tags.clone(), ..resource }
}

/// A group as authorization and audit see it.
pub(crate) fn group_resource(account: AccountId, group: &Group) -> Resource {
    named(account, GROUP, "group", &group.path, &group.name)
}

/// Something that may not exist yet, as authorization and audit see it. `prefix` is the first word of the ARN's last part.
pub(crate) fn named(
    account: AccountId,
    kind: &'static str,
    prefix: &str,
    path: &str,
    name: &str,
) -> Resource {
    let arn = ids::arn(account, prefix, path, name);
    // Paths and names are validated before; what does not make an ARN names nothing, and matches only `*`.
    let arn: Arn =
        arn.parse().unwrap_or_else(|_| Arn::new("iam", &Region::default(), account, prefix));
    Resource { tags: BTreeMap::new(), ..Resource::new(arn, kind, account) }
}

/// Every record of a kind that the account has, with its id. For kinds that quotas keep few.
///
/// # Errors
/// A failing store.
pub(crate) async fn all<R: Record>(call: &Call) -> Result<Vec<(String, Arc<R>)>, Failure> {
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|(id, _): &(String, Arc<R>)| id.clone());
        let range = Range { prefix: "", after: after.as_deref() };
        let page = call.tx.scan::<R>(&scope(call), range, SCAN_PAGE).await.or_internal()?;
        let last = page.len() < SCAN_PAGE;
        found.extend(page);
        if last {
            return Ok(found);
        }
    }
}

/// Checks that the account may have one more record of a kind. `quota` is IAM's name for the limit.
///
/// # Errors
/// `LimitExceeded`.
pub(crate) async fn within_quota<R: Record>(
    call: &Call,
    quota: &str,
    max: usize,
) -> Result<(), Failure> {
    let found = call.tx.scan::<R>(&scope(call), Range::default(), max).await.or_internal()?;
    if found.len() < max {
        return Ok(());
    }
    Err(LIMIT_EXCEEDED_EXCEPTION.because(format!("Cannot exceed quota for {quota}: {max}")))
}

/// There is no such thing. `what` is IAM's word for it: `user`, `group`, `role`.
pub(crate) fn nothing(what: &str, name: &str) -> Failure {
    NO_SUCH_ENTITY_EXCEPTION.because(format!("The {what} with name {name} cannot be found."))
}

/// There is such a thing already. `what` is IAM's word for it, with a capital.
pub(crate) fn exists(what: &str, name: &str) -> Failure {
    ENTITY_ALREADY_EXISTS_EXCEPTION.because(format!("{what} with name {name} already exists."))
}
