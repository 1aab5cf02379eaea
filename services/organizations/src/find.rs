//! Finding what a request names, and everything of a kind that an organization has.

use std::sync::Arc;

use api_organizations::error::{
    ACCOUNT_NOT_FOUND_EXCEPTION, ORGANIZATIONAL_UNIT_NOT_FOUND_EXCEPTION,
    PARENT_NOT_FOUND_EXCEPTION, TARGET_NOT_FOUND_EXCEPTION,
};
use api_organizations::{PolicyTargetSummary, TargetType};
use base::time::DAY;
use base::{AccountId, Timestamp};
use identity::organization::{Account, DEPTH_MAX, Organization, PROFILE_ID, Profile, Unit};
use identity::record::Tags;
use platform::{Call, Resource};
use shape::{ErrorSchema, Failure};
use store::{Range, Record, Scope};

use crate::access::{self, Open, Place};
use crate::ids;
use crate::refuse::OrInternal as _;

/// Records read at once.
const SCAN_PAGE: usize = 500;
/// How long a closed account is shown.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-closing.html>
const SHOWN_WHEN_CLOSED_DAYS: u32 = 90;
/// The name of every root.
const ROOT_NAME: &str = "Root";

/// A node of the tree: what policies are attached to.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// The root, whose attachments and tags the organization's record has.
    Root(Organization),
    /// A unit.
    Unit(Unit),
    /// An account.
    Account(Account),
}

impl Node {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Root(organization) => &organization.root,
            Self::Unit(unit) => &unit.id,
            Self::Account(account) => account.id.as_str(),
        }
    }

    /// Its ARN.
    pub fn arn(&self, place: &Place) -> String {
        let kind = match self {
            Self::Root(_) => "root",
            Self::Unit(_) => "ou",
            Self::Account(_) => "account",
        };
        ids::arn(&place.organization, kind, self.id())
    }

    /// The policies attached to it.
    pub fn attached(&self) -> &Vec<String> {
        match self {
            Self::Root(organization) => &organization.attached,
            Self::Unit(unit) => &unit.attached,
            Self::Account(account) => &account.attached,
        }
    }

    /// The same, to change.
    pub fn attached_mut(&mut self) -> &mut Vec<String> {
        match self {
            Self::Root(organization) => &mut organization.attached,
            Self::Unit(unit) => &mut unit.attached,
            Self::Account(account) => &mut account.attached,
        }
    }

    /// Its tags.
    pub fn tags(&self) -> &Tags {
        match self {
            Self::Root(organization) => &organization.root_tags,
            Self::Unit(unit) => &unit.tags,
            Self::Account(account) => &account.tags,
        }
    }

    /// The same, to change.
    pub fn tags_mut(&mut self) -> &mut Tags {
        match self {
            Self::Root(organization) => &mut organization.root_tags,
            Self::Unit(unit) => &mut unit.tags,
            Self::Account(account) => &mut account.tags,
        }
    }

    /// It as authorization and audit see it.
    pub fn resource(&self, call: &Call, place: &Place) -> Resource {
        let kind = match self {
            Self::Root(_) => "AWS::Organizations::Root",
            Self::Unit(_) => "AWS::Organizations::OrganizationalUnit",
            Self::Account(_) => "AWS::Organizations::Account",
        };
        place.resource(call, &self.arn(place), kind, self.tags())
    }

    /// It as the target of a policy.
    pub fn summary(&self, place: &Place) -> PolicyTargetSummary {
        let (name, kind) = match self {
            Self::Root(_) => (ROOT_NAME.to_owned(), TargetType::Root),
            Self::Unit(unit) => (unit.name.clone(), TargetType::OrganizationalUnit),
            Self::Account(account) => (account.name.clone(), TargetType::Account),
        };
        PolicyTargetSummary {
            target_id: Some(self.id().to_owned()),
            arn: Some(self.arn(place)),
            name: Some(name),
            r#type: Some(kind),
        }
    }

    /// Writes it, as a change of the tree or of what is attached in it.
    ///
    /// # Errors
    /// A failing store.
    pub async fn change(&self, call: &mut Call, place: &Place) -> Result<(), Failure> {
        // The root's record is the organization's own.
        if !matches!(self, Self::Root(_)) {
            place.touch(call).await?;
        }
        self.put(call, place)
    }

    /// Writes it.
    ///
    /// # Errors
    /// A failing store.
    pub fn put(&self, call: &mut Call, place: &Place) -> Result<(), Failure> {
        let written = match self {
            Self::Root(organization) => call.tx.put(&place.scope, &organization.id, organization),
            Self::Unit(unit) => call.tx.put(&place.scope, &unit.id, unit),
            Self::Account(account) => call.tx.put(&place.scope, account.id.as_str(), account),
        };
        written.or_internal()
    }
}

/// The root, unit or account with this id; `None` if the organization has none.
///
/// # Errors
/// A failing store.
pub(crate) async fn node(
    call: &mut Call,
    place: &Place,
    id: &str,
) -> Result<Option<Node>, Failure> {
    if id.starts_with("r-") {
        let root = *id == place.organization.root;
        return Ok(root.then(|| Node::Root((*place.organization).clone())));
    }
    if id.starts_with("ou-") {
        let unit = call.tx.get::<Unit>(&place.scope, id).await.or_internal()?;
        return Ok(unit.map(|unit| Node::Unit((*unit).clone())));
    }
    let account = call.tx.get::<Account>(&place.scope, id).await.or_internal()?;
    let shown = account.filter(|account| is_shown(account, call.now));
    Ok(shown.map(|account| Node::Account((*account).clone())))
}

/// What a request names as the target of a policy or of tags.
///
/// # Errors
/// `TargetNotFoundException`.
pub(crate) async fn target(call: &mut Call, place: &Place, id: &str) -> Result<Node, Failure> {
    let found = node(call, place, id).await?;
    found.ok_or_else(|| {
        TARGET_NOT_FOUND_EXCEPTION.because(
            "We can't find a root, OU, account, or policy with the TargetId that you specified.",
        )
    })
}

/// The root or unit that a request names as a parent.
///
/// # Errors
/// `ParentNotFoundException`.
pub(crate) async fn parent(call: &mut Call, place: &Place, id: &str) -> Result<Node, Failure> {
    parent_or(call, place, id, &PARENT_NOT_FOUND_EXCEPTION).await
}

/// As [`parent`], for authorization.
///
/// # Errors
/// Those of [`access::enter`] and [`parent`].
pub(crate) async fn parent_named(
    call: &mut Call,
    open: Open,
    id: &str,
) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, open).await?;
    let parent = parent(call, &place, id).await?;
    Ok(vec![parent.resource(call, &place)])
}

/// As [`parent`], with an error of the operation's own.
///
/// # Errors
/// `error`.
pub(crate) async fn parent_or(
    call: &mut Call,
    place: &Place,
    id: &str,
    error: &'static ErrorSchema,
) -> Result<Node, Failure> {
    let found = node(call, place, id).await?;
    let parent = found.filter(|node| !matches!(node, Node::Account(_)));
    parent.ok_or_else(|| {
        error.because("We can't find a root or OU with the ParentId that you specified.")
    })
}

/// The unit that a request names.
///
/// # Errors
/// `OrganizationalUnitNotFoundException`.
pub(crate) async fn unit(call: &mut Call, place: &Place, id: &str) -> Result<Unit, Failure> {
    match node(call, place, id).await? {
        Some(Node::Unit(unit)) => Ok(unit),
        _ => Err(ORGANIZATIONAL_UNIT_NOT_FOUND_EXCEPTION
            .because("We can't find an OU with the OrganizationalUnitId that you specified.")),
    }
}

/// The account that a request names.
///
/// # Errors
/// `AccountNotFoundException`.
pub(crate) async fn account(call: &mut Call, place: &Place, id: &str) -> Result<Account, Failure> {
    match node(call, place, id).await? {
        Some(Node::Account(account)) => Ok(account),
        _ => {
            Err(ACCOUNT_NOT_FOUND_EXCEPTION.because("You specified an account that doesn't exist."))
        }
    }
}

/// Every record of a kind in `scope`.
///
/// # Errors
/// A failing store.
pub(crate) async fn all<R: Record>(call: &Call, scope: &Scope) -> Result<Vec<Arc<R>>, Failure> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let range = Range { prefix: "", after: after.as_deref() };
        let batch = call.tx.scan::<R>(scope, range, SCAN_PAGE).await.or_internal()?;
        let last = batch.len() < SCAN_PAGE;
        after = batch.last().map(|(id, _)| id.clone());
        found.extend(batch.into_iter().map(|(_, record)| record));
        if last {
            return Ok(found);
        }
    }
}

/// The organization's accounts, without those that were closed long ago.
///
/// # Errors
/// A failing store.
pub(crate) async fn accounts(call: &Call, place: &Place) -> Result<Vec<Arc<Account>>, Failure> {
    let mut accounts = all::<Account>(call, &place.scope).await?;
    accounts.retain(|account| is_shown(account, call.now));
    Ok(accounts)
}

/// Every root, unit and account.
///
/// # Errors
/// A failing store.
pub(crate) async fn nodes(call: &Call, place: &Place) -> Result<Vec<Node>, Failure> {
    let mut nodes = vec![Node::Root((*place.organization).clone())];
    let units = all::<Unit>(call, &place.scope).await?;
    nodes.extend(units.into_iter().map(|unit| Node::Unit((*unit).clone())));
    let accounts = accounts(call, place).await?;
    nodes.extend(accounts.into_iter().map(|account| Node::Account((*account).clone())));
    Ok(nodes)
}

/// Units from the root down to `parent`, which is the last of them unless it is the root.
///
/// # Errors
/// A failing store.
pub(crate) async fn units_above(
    call: &Call,
    place: &Place,
    parent: &str,
) -> Result<Vec<Arc<Unit>>, Failure> {
    let mut units: Vec<Arc<Unit>> = Vec::new();
    let mut next = parent.to_owned();
    while units.len() <= DEPTH_MAX {
        let Some(unit) = call.tx.peek::<Unit>(&place.scope, &next).await.or_internal()? else {
            break;
        };
        next.clone_from(&unit.parent);
        units.push(unit);
    }
    units.reverse();
    Ok(units)
}

/// The place of something below `parent`, with the organization first: `o-…/r-…/ou-…/id/`.
///
/// # Errors
/// A failing store.
pub(crate) async fn path(
    call: &Call,
    place: &Place,
    parent: &str,
    id: &str,
) -> Result<String, Failure> {
    let Organization { id: organization, root, .. } = &*place.organization;
    let units = units_above(call, place, parent).await?;
    let units: String = units.iter().map(|unit| format!("{}/", unit.id)).collect();
    Ok(format!("{organization}/{root}/{units}{id}/"))
}

/// What an account is called, and its address. One that nobody made here goes by its number.
///
/// # Errors
/// A failing store.
pub(crate) async fn profile(call: &mut Call, account: AccountId) -> Result<Profile, Failure> {
    let scope = Scope::global(account);
    let profile = call.tx.get::<Profile>(&scope, PROFILE_ID).await.or_internal()?;
    Ok(profile.map_or_else(
        || Profile { name: account.to_string(), email: format!("root@{account}.bastide.internal") },
        |profile| (*profile).clone(),
    ))
}

fn is_shown(account: &Account, now: Timestamp) -> bool {
    account.closed.is_none_or(|closed| now < closed + DAY * SHOWN_WHEN_CLOSED_DAYS)
}
