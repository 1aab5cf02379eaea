//! Which policies bind a caller: the standing of a user or role, and the guardrails of an account in its organization.
//!
//! Both are put together from records and kept ready, compiled. What is kept is used only while every record that it was made
//! from is still the very one that the store answers with, so a change is in force with the next call and nobody has to
//! announce it. What is asked for here is not checked at commit (`Tx::peek`): a call is judged by the policies of its
//! beginning.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use authz::{Document, Kind, Policy};
use base::AccountId;
use quick_cache::sync::Cache;
use store::{Record, Scope, StoreError, Tx};

use crate::error::IdentityError;
use crate::organization::{self, Chain};
use crate::record::{self, Group, ManagedPolicy, Policies, Role, User};
use crate::{ids, managed};

/// Places for compiled policies that are kept ready; each takes two, by its text's place in memory and by what it says.
const POLICIES_CACHED: usize = 40_000;
/// Standings and guardrails kept ready.
const STANDINGS_CACHED: usize = 10_000;

/// A user or role, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity<'a> {
    /// A user.
    User(&'a str),
    /// A role.
    Role(&'a str),
}

/// What a user or role brings to every decision.
#[derive(Debug)]
pub struct Standing {
    /// Its ARN.
    pub arn: String,
    /// `AIDA…` or `AROA…`.
    pub unique_id: String,
    /// Its policies: its own, and those of the groups that a user is in.
    pub policies: Vec<Arc<Policy>>,
    /// Its permissions boundary.
    pub boundary: Option<Arc<Policy>>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// A service-linked role, which organization policies do not restrict.
    pub service_linked: bool,
    made_from: Sources,
}

/// What an organization does to an account.
#[derive(Debug, Default)]
pub struct Guardrails {
    /// The organization's id, if the account is in one.
    pub organization: Option<String>,
    /// The management account, if the account is in an organization.
    pub management_account: Option<AccountId>,
    /// The account was closed: nobody of it may do anything.
    pub closed: bool,
    /// The account's place: `o-…/r-…/ou-…/`.
    pub path: Option<String>,
    /// Service control policies from the root down, a list a level. Empty for the management account.
    pub service_control: Vec<Vec<Arc<Policy>>>,
    /// Resource control policies from the root down, a list a level. Empty for the management account.
    pub resource_control: Vec<Vec<Arc<Policy>>>,
    made_from: Chain,
}

/// The records that a standing was made from; groups and managed policies with the ids under which they are kept.
#[derive(Debug, Default)]
struct Sources {
    user: Option<Arc<User>>,
    role: Option<Arc<Role>>,
    groups: Vec<(String, Option<Arc<Group>>)>,
    managed: Vec<(Scope, String, Option<Arc<ManagedPolicy>>)>,
}

/// Puts standings and guardrails together and keeps them ready.
pub struct Directory {
    policies: Cache<(Kind, u64), Compiled>,
    standings: Cache<(AccountId, bool, String), Arc<Standing>>,
    guardrails: Cache<AccountId, Arc<Guardrails>>,
    hasher: RandomState,
}

/// A compiled policy with what it was compiled from.
#[derive(Clone)]
struct Compiled {
    text: Arc<str>,
    policy: Arc<Policy>,
}

impl Standing {
    /// What stands behind a federated user whom the root user vouches for.
    pub fn of_root(account: AccountId, policies: Vec<Arc<Policy>>) -> Self {
        Self {
            arn: account.root_arn(),
            unique_id: account.to_string(),
            policies,
            boundary: None,
            tags: Vec::new(),
            service_linked: false,
            made_from: Sources::default(),
        }
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            policies: Cache::new(POLICIES_CACHED),
            standings: Cache::new(STANDINGS_CACHED),
            guardrails: Cache::new(STANDINGS_CACHED),
            hasher: RandomState::new(),
        }
    }
}

impl Directory {
    /// The standing of a user or role; `None` if there is no such one.
    ///
    /// # Errors
    /// A failing store, or a stored policy that does not compile.
    pub async fn standing(
        &self,
        tx: &Tx,
        account: AccountId,
        entity: Entity<'_>,
    ) -> Result<Option<Arc<Standing>>, IdentityError> {
        let key = match entity {
            Entity::User(name) => (account, false, record::id(name)),
            Entity::Role(name) => (account, true, record::id(name)),
        };
        if let Some(known) = self.standings.get(&key)
            && known.made_from.are_current(tx, account, entity).await?
        {
            return Ok(Some(known));
        }
        let Some(standing) = self.assemble(tx, account, entity).await? else {
            self.standings.remove(&key);
            return Ok(None);
        };
        let standing = Arc::new(standing);
        self.standings.insert(key, standing.clone());
        Ok(Some(standing))
    }

    /// What the account's organization lays on it.
    ///
    /// # Errors
    /// As [`Directory::standing`].
    pub async fn guardrails(
        &self,
        tx: &Tx,
        account: AccountId,
    ) -> Result<Arc<Guardrails>, IdentityError> {
        let chain = Chain::read(tx, account).await?;
        if let Some(known) = self.guardrails.get(&account)
            && known.made_from.is_same(&chain)
        {
            return Ok(known);
        }
        let guardrails = Arc::new(self.assemble_guardrails(chain)?);
        self.guardrails.insert(account, guardrails.clone());
        Ok(guardrails)
    }

    /// A policy, compiled. `name` is what decisions call it: its ARN if it has one.
    ///
    /// # Errors
    /// [`IdentityError::Damaged`] if it does not compile; documents are validated before they are stored.
    pub fn compile(
        &self,
        kind: Kind,
        name: &str,
        text: &Arc<str>,
    ) -> Result<Arc<Policy>, IdentityError> {
        // By the place of the text in memory, which spares reading it; else by what it says. A text that is known by its place
        // is kept, so that no other can come to stand there.
        let place = Arc::as_ptr(text).cast::<u8>().addr();
        let place = (kind, self.hasher.hash_one((place, name)));
        if let Some(known) = self.policies.get(&place)
            && Arc::ptr_eq(&known.text, text)
            && **known.policy.name() == *name
        {
            return Ok(known.policy);
        }
        let content = (kind, self.hasher.hash_one((name, &**text)));
        let known = self.policies.get(&content);
        let known = known.filter(|k| k.text == *text && **k.policy.name() == *name);
        let policy = match known {
            Some(known) => known.policy,
            None => {
                let damaged = |_| IdentityError::Damaged("policy");
                let document = Document::parse(text).map_err(damaged)?;
                Arc::new(Policy::compile(kind, name, &document).map_err(damaged)?)
            }
        };
        for key in [place, content] {
            let compiled = Compiled { text: text.clone(), policy: policy.clone() };
            self.policies.insert(key, compiled);
        }
        Ok(policy)
    }

    /// A managed policy by its ARN, compiled; `None` if there is no such one.
    ///
    /// # Errors
    /// As [`Directory::standing`].
    pub async fn managed(
        &self,
        tx: &Tx,
        kind: Kind,
        arn: &str,
    ) -> Result<Option<Arc<Policy>>, IdentityError> {
        let mut unused = Sources::default();
        self.managed_into(tx, kind, arn, &mut unused).await
    }

    /// Forgets what is held in memory, after the store was emptied.
    pub fn clear(&self) {
        self.standings.clear();
        self.guardrails.clear();
    }

    async fn assemble(
        &self,
        tx: &Tx,
        account: AccountId,
        entity: Entity<'_>,
    ) -> Result<Option<Standing>, IdentityError> {
        let mut sources = Sources::default();
        let mut policies = Vec::new();
        let scope = Scope::global(account);
        match entity {
            Entity::User(name) => {
                let Some(user) = tx.peek::<User>(&scope, &record::id(name)).await? else {
                    return Ok(None);
                };
                let owner = format!("user {}", user.name);
                self.collect(tx, &owner, &user.policies, &mut policies, &mut sources).await?;
                for name in &user.groups {
                    let id = record::id(name);
                    let group = tx.peek::<Group>(&scope, &id).await?;
                    if let Some(group) = &group {
                        let owner = format!("group {}", group.name);
                        self.collect(tx, &owner, &group.policies, &mut policies, &mut sources)
                            .await?;
                    }
                    sources.groups.push((id, group));
                }
                let boundary = self.boundary(tx, user.boundary.as_deref(), &mut sources).await?;
                sources.user = Some(user.clone());
                Ok(Some(Standing {
                    arn: ids::arn(account, "user", &user.path, &user.name),
                    unique_id: user.unique_id.clone(),
                    policies,
                    boundary,
                    tags: user.tags.clone().into_iter().collect(),
                    service_linked: false,
                    made_from: sources,
                }))
            }
            Entity::Role(name) => {
                let Some(role) = tx.peek::<Role>(&scope, &record::id(name)).await? else {
                    return Ok(None);
                };
                let owner = format!("role {}", role.name);
                self.collect(tx, &owner, &role.policies, &mut policies, &mut sources).await?;
                let boundary = self.boundary(tx, role.boundary.as_deref(), &mut sources).await?;
                sources.role = Some(role.clone());
                Ok(Some(Standing {
                    arn: ids::arn(account, "role", &role.path, &role.name),
                    unique_id: role.unique_id.clone(),
                    policies,
                    boundary,
                    tags: role.tags.clone().into_iter().collect(),
                    service_linked: role.is_service_linked(),
                    made_from: sources,
                }))
            }
        }
    }

    async fn collect(
        &self,
        tx: &Tx,
        owner: &str,
        written: &Policies,
        into: &mut Vec<Arc<Policy>>,
        sources: &mut Sources,
    ) -> Result<(), IdentityError> {
        for (name, text) in &written.inline {
            let name = format!("inline policy {name} of {owner}");
            into.push(self.compile(Kind::Identity, &name, text)?);
        }
        for arn in &written.attached {
            into.extend(self.managed_into(tx, Kind::Identity, arn, sources).await?);
        }
        Ok(())
    }

    /// A boundary that names a policy which is gone allows nothing, so it must not vanish with the policy.
    async fn boundary(
        &self,
        tx: &Tx,
        arn: Option<&str>,
        sources: &mut Sources,
    ) -> Result<Option<Arc<Policy>>, IdentityError> {
        let Some(arn) = arn else { return Ok(None) };
        match self.managed_into(tx, Kind::Boundary, arn, sources).await? {
            Some(policy) => Ok(Some(policy)),
            None => self.compile(Kind::Boundary, arn, &managed::NOTHING).map(Some),
        }
    }

    async fn managed_into(
        &self,
        tx: &Tx,
        kind: Kind,
        arn: &str,
        sources: &mut Sources,
    ) -> Result<Option<Arc<Policy>>, IdentityError> {
        if let Some(policy) = managed::by_arn(arn) {
            return self.compile(kind, arn, policy.document()).map(Some);
        }
        let Some((account, name)) = customer_policy(arn) else { return Ok(None) };
        let (scope, id) = (Scope::global(account), record::id(name));
        let policy = tx.peek::<ManagedPolicy>(&scope, &id).await?;
        let document = policy.as_ref().and_then(|policy| policy.document().cloned());
        sources.managed.push((scope, id, policy));
        document.map(|document| self.compile(kind, arn, &document)).transpose()
    }

    fn assemble_guardrails(&self, chain: Chain) -> Result<Guardrails, IdentityError> {
        let closed = chain.account.as_ref().is_some_and(|account| account.closed.is_some());
        let Some(organization) = &chain.organization else {
            return Ok(Guardrails { closed, made_from: chain, ..Guardrails::default() });
        };
        let levels = |kind: Kind, of: organization::PolicyType| {
            let levels = chain.levels(of).into_iter();
            let level = |policies: Vec<(String, Arc<str>)>| {
                let compile = |(arn, text): &(String, Arc<str>)| self.compile(kind, arn, text);
                policies.iter().map(compile).collect::<Result<Vec<_>, _>>()
            };
            levels.map(level).collect::<Result<Vec<_>, _>>()
        };
        Ok(Guardrails {
            organization: Some(organization.id.clone()),
            management_account: Some(organization.management_account),
            closed,
            path: Some(chain.path()),
            service_control: levels(
                Kind::ServiceControl,
                organization::PolicyType::ServiceControl,
            )?,
            resource_control: levels(
                Kind::ResourceControl,
                organization::PolicyType::ResourceControl,
            )?,
            made_from: chain,
        })
    }
}

/// Account and name of a customer managed policy's ARN.
pub fn customer_policy(arn: &str) -> Option<(AccountId, &str)> {
    let rest = arn.strip_prefix("arn:aws:iam::")?;
    let (account, rest) = rest.split_once(":policy/")?;
    Some((account.parse().ok()?, rest.rsplit('/').next()?))
}

impl Sources {
    async fn are_current(
        &self,
        tx: &Tx,
        account: AccountId,
        entity: Entity<'_>,
    ) -> Result<bool, StoreError> {
        let scope = Scope::global(account);
        let current = match entity {
            Entity::User(name) => {
                is_current(tx, &scope, &record::id(name), self.user.as_ref()).await?
            }
            Entity::Role(name) => {
                is_current(tx, &scope, &record::id(name), self.role.as_ref()).await?
            }
        };
        if !current {
            return Ok(false);
        }
        for (id, group) in &self.groups {
            if !is_current(tx, &scope, id, group.as_ref()).await? {
                return Ok(false);
            }
        }
        for (scope, id, policy) in &self.managed {
            if !is_current(tx, scope, id, policy.as_ref()).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

async fn is_current<R: Record>(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    known: Option<&Arc<R>>,
) -> Result<bool, StoreError> {
    let found = tx.peek::<R>(scope, id).await?;
    Ok(match (known, &found) {
        (Some(known), Some(found)) => Arc::ptr_eq(known, found),
        (None, None) => true,
        _ => false,
    })
}
