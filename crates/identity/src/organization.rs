//! Organizations: the records, kept in the management account's global scope, and the way from an account up to its root.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_getting-started_concepts.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Record, Scope, StoreError, Tx};

use crate::managed;
use crate::record::Tags;

/// The service that organization records are filed under.
pub const SERVICE: &str = "organizations";
/// Organizational units nest this deep below the root.
pub const DEPTH_MAX: usize = 5;

/// What an account is called, kept in its own global scope under [`PROFILE_ID`]. An account that nobody made here has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The root user's e-mail address.
    pub email: String,
}

/// The id of every [`Profile`].
pub const PROFILE_ID: &str = "account";

/// Where an account belongs: kept in the account's own global scope under the id `organization`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The organization's id.
    pub organization: String,
    /// In whose scope the organization's records are.
    pub management_account: AccountId,
}

/// The id of every [`Membership`].
pub const MEMBERSHIP_ID: &str = "organization";

/// An organization, kept under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// The account that made it.
    pub management_account: AccountId,
    /// That account's e-mail address.
    pub management_email: String,
    /// Whether all features are on, not consolidated billing only.
    pub all_features: bool,
    /// The root's id, `r-…`.
    pub root: String,
    /// The kinds of policies that are in force.
    pub enabled: BTreeSet<PolicyType>,
    /// Policies attached to the root, by id.
    pub attached: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Service principals with trusted access, with the time when it was enabled.
    #[serde(default)]
    pub trusted_services: BTreeMap<String, Timestamp>,
    /// Tags of the root.
    #[serde(default)]
    pub root_tags: Tags,
}

/// Kinds of policies. The first two bind calls; the others are kept, merged and listed, and bind nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "those without a word are named after the services that they configure"
)]
pub enum PolicyType {
    /// What the accounts' identities may do at most.
    ServiceControl,
    /// What may be done to the accounts' resources at most.
    ResourceControl,
    /// Tag policies.
    Tag,
    /// Backup policies.
    Backup,
    /// Opting out of the use of content for AI services.
    AiOptOut,
    /// Chat applications.
    Chatbot,
    /// Declarative policies of EC2.
    Ec2,
    SecurityHub,
    /// Security Hub's posture management.
    SecurityHubCspm,
    Inspector,
    /// The order in which upgrades are rolled out.
    UpgradeRollout,
    Bedrock,
    S3,
    NetworkSecurityDirector,
    GuardDuty,
}

/// An organizational unit, kept under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `ou-…`.
    pub id: String,
    /// Its name, unique among its siblings.
    pub name: String,
    /// The unit or root above it.
    pub parent: String,
    /// Policies attached to it, by id.
    pub attached: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// An account of the organization, kept under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// The root user's e-mail address.
    pub email: String,
    /// The unit or root above it.
    pub parent: String,
    /// Policies attached to it, by id.
    pub attached: Vec<String>,
    /// When it joined.
    pub joined: Timestamp,
    /// Whether it was made here rather than invited.
    pub created_here: bool,
    /// When it was closed; a closed account's credentials do nothing, for ever.
    #[serde(default)]
    pub closed: Option<Timestamp>,
    /// Services that it administers for the organization, by principal, each with the time when that began.
    #[serde(default)]
    pub delegated: BTreeMap<String, Timestamp>,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

/// A policy, kept under its id. AWS's own (`p-FullAWSAccess`) are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// `p-…`.
    pub id: String,
    /// Its name, unique among its kind.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Its kind.
    pub kind: PolicyType,
    /// The document.
    pub content: Arc<str>,
    /// Its ARN.
    pub arn: String,
    /// Tags.
    #[serde(default)]
    pub tags: Tags,
}

impl Record for Profile {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "profile";
}

impl Record for Membership {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "membership";
}

impl Record for Organization {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "organization";
}

impl Record for Unit {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "unit";
}

impl Record for Account {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "account";
}

impl Record for OrganizationPolicy {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "policy";
}

/// The way from an account up to its organization's root, with the policies attached on the way.
#[derive(Debug, Default)]
pub struct Chain {
    /// The organization; none if the account is in none, and then there are neither units nor policies.
    pub organization: Option<Arc<Organization>>,
    /// The account's own record.
    pub account: Option<Arc<Account>>,
    /// The units above it, the topmost first.
    pub units: Vec<Arc<Unit>>,
    policies: Vec<(String, Option<Arc<OrganizationPolicy>>)>,
}

impl Chain {
    /// Reads the way up from `account`.
    ///
    /// # Errors
    /// A failing store.
    pub async fn read(tx: &Tx, account: AccountId) -> Result<Self, StoreError> {
        let own = Scope::global(account);
        let Some(membership) = tx.peek::<Membership>(&own, MEMBERSHIP_ID).await? else {
            return Ok(Self::default());
        };
        let scope = Scope::global(membership.management_account);
        // An account that was closed stays closed when its organization is gone.
        let mut chain = Self {
            organization: tx.peek::<Organization>(&scope, &membership.organization).await?,
            account: tx.peek::<Account>(&scope, account.as_str()).await?,
            ..Self::default()
        };
        if chain.organization.is_none() {
            return Ok(chain);
        }
        let mut parent = chain.account.as_ref().map(|account| account.parent.clone());
        // The depth is bounded when units are made; this bounds it whatever is stored.
        while let Some(id) = parent.take().filter(|_| chain.units.len() <= DEPTH_MAX) {
            if let Some(unit) = tx.peek::<Unit>(&scope, &id).await? {
                parent = Some(unit.parent.clone());
                chain.units.push(unit);
            }
        }
        chain.units.reverse();
        let ids: BTreeSet<String> = chain.attachments().flatten().cloned().collect();
        for id in ids {
            let policy = tx.peek::<OrganizationPolicy>(&scope, &id).await?;
            chain.policies.push((id, policy));
        }
        Ok(chain)
    }

    /// Whether both are made of the very same records.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        same(self.organization.as_ref(), other.organization.as_ref())
            && same(self.account.as_ref(), other.account.as_ref())
            && self.units.len() == other.units.len()
            && self.units.iter().zip(&other.units).all(|(a, b)| Arc::ptr_eq(a, b))
            && self.policies.len() == other.policies.len()
            && self
                .policies
                .iter()
                .zip(&other.policies)
                .all(|((_, a), (_, b))| same(a.as_ref(), b.as_ref()))
    }

    /// The account's place, as `aws:PrincipalOrgPaths` has it.
    pub fn path(&self) -> String {
        let Some(organization) = &self.organization else { return String::new() };
        let units = self.units.iter().map(|unit| unit.id.as_str());
        let parts = [organization.id.as_str(), organization.root.as_str()].into_iter().chain(units);
        parts.fold(String::new(), |path, part| path + part + "/")
    }

    /// Policies of a kind that bind the account, a list a level from the root down, each with its ARN. None for the
    /// management account, and none while the kind is not enabled.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub fn levels(&self, kind: PolicyType) -> Vec<Vec<(String, Arc<str>)>> {
        let (Some(organization), Some(account)) = (&self.organization, &self.account) else {
            return Vec::new();
        };
        let bound = organization.all_features
            && organization.enabled.contains(&kind)
            && account.id != organization.management_account;
        if !bound {
            return Vec::new();
        }
        let find = |id: &String| match managed::organization_policy(id, kind) {
            Some((arn, text)) => Some((arn.to_owned(), text)),
            None => {
                let (_, policy) = self.policies.iter().find(|(known, _)| known == id)?;
                let policy = policy.as_ref().filter(|policy| policy.kind == kind)?;
                Some((policy.arn.clone(), policy.content.clone()))
            }
        };
        self.attachments().map(|level| level.iter().filter_map(find).collect()).collect()
    }

    /// Ids of attached policies of every kind, a list a level from the root down.
    fn attachments(&self) -> impl Iterator<Item = &Vec<String>> {
        let root = self.organization.iter().map(|organization| &organization.attached);
        let units = self.units.iter().map(|unit| &unit.attached);
        root.chain(units).chain(self.account.iter().map(|account| &account.attached))
    }
}

fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
