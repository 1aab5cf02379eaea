//! Grants as they are kept, and the indexes that find them.
//!
//! A grant lives beside its key. Its name, its grantee and its retiring principal are indexed; a counter keeps the number of grants of a
//! key, and makes concurrent changes to the grants of one key collide and run one after the other.

use std::collections::BTreeMap;

use api_kms::error::LIMIT_EXCEEDED_EXCEPTION;
use base::{AccountId, Timestamp};
use platform::Call;
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::{Range, Record, Scope};

use crate::lookup::OrInternal as _;
use crate::principal;
use crate::record::{KeyRecord, SERVICE};

/// Grants of a key at most (Resource quotas, KMS Developer Guide).
pub(crate) const GRANTS_PER_KEY_MAX: u32 = 50_000;
/// Grants read at once.
const SCAN_PAGE: usize = 500;
/// Separates the parts of index ids. Neither key ids, principals nor grant names contain it.
const SEPARATOR: char = '!';

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GrantRecord {
    /// `GrantId`: 64 hex digits.
    pub id: String,
    /// The key's id; the record is in the key's scope.
    pub key_id: String,
    pub created: Timestamp,
    /// The account that made the grant.
    pub issuer: AccountId,
    /// What the request asked for. Two requests with the same name and terms make one grant.
    #[serde(flatten)]
    pub terms: Terms,
}

/// What a grant permits to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub name: Option<String>,
    pub grantee_principal: Option<String>,
    pub grantee_service: Option<String>,
    pub retiring_principal: Option<String>,
    pub retiring_service: Option<String>,
    /// Names of operations, in the order of the request.
    pub operations: Vec<String>,
    pub context_subset: Option<BTreeMap<String, String>>,
    pub context_equals: Option<BTreeMap<String, String>>,
    pub source_arn: Option<String>,
}

impl Record for GrantRecord {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "grant";
}

/// Where a grant is: what the indexes hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    /// The account of the key.
    pub owner: AccountId,
    pub key_id: String,
    pub grant_id: String,
}

/// Finds the grants of a key that bear a name.
#[derive(Serialize, Deserialize)]
struct NameIndex(Pointer);

impl Record for NameIndex {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "grant-name";
}

/// Finds the grants of a key that a principal has; kept beside the key.
#[derive(Serialize, Deserialize)]
struct GranteeIndex(Pointer);

impl Record for GranteeIndex {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "grant-grantee";
}

/// Finds the grants that a principal may retire; kept in the principal's account.
#[derive(Serialize, Deserialize)]
pub(crate) struct RetirableIndex(pub Pointer);

impl Record for RetirableIndex {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "retirable-grant";
}

/// How many grants a key has.
#[derive(Default, Serialize, Deserialize)]
struct Count {
    grants: u32,
}

impl Record for Count {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "grant-count";
}

/// The store's id of a grant.
pub(crate) fn store_id(key_id: &str, grant_id: &str) -> String {
    format!("{key_id}/{grant_id}")
}

/// What the ids of the grants that `principal` may retire start with.
pub(crate) fn retirable_prefix(principal: &str) -> String {
    format!("{principal}{SEPARATOR}")
}

fn name_prefix(key_id: &str, name: &str) -> String {
    format!("{key_id}{SEPARATOR}{name}{SEPARATOR}")
}

impl Terms {
    /// Whether the grant holds in some circumstances only.
    pub fn is_constrained(&self) -> bool {
        self.context_subset.is_some() || self.context_equals.is_some() || self.source_arn.is_some()
    }

    /// Who has the grant: an ARN or a service.
    pub fn grantee(&self) -> &str {
        self.grantee_principal.as_ref().or(self.grantee_service.as_ref()).map_or("", String::as_str)
    }
}

impl GrantRecord {
    /// The grant as it is judged.
    pub fn to_authz(&self) -> authz::Grant {
        let terms = &self.terms;
        authz::Grant {
            id: self.id.clone(),
            grantee: terms.grantee().to_owned(),
            retiring: terms.retiring_principal.clone().or_else(|| terms.retiring_service.clone()),
            operations: terms.operations.clone(),
            constraints: authz::grant::Constraints {
                encryption_context_equals: terms.context_equals.clone(),
                encryption_context_subset: terms.context_subset.clone(),
                source_arn: terms.source_arn.clone(),
            },
        }
    }

    /// Where the grantee's index has this grant, beside the key.
    fn held(&self) -> String {
        name_prefix(&self.key_id, self.terms.grantee()) + &self.id
    }

    fn pointer(&self, scope: &Scope) -> Pointer {
        Pointer { owner: scope.account, key_id: self.key_id.clone(), grant_id: self.id.clone() }
    }

    /// Where the retiring principal's index has this grant.
    fn retirable(&self, scope: &Scope) -> Option<(Scope, String)> {
        let (principal, account) =
            match (&self.terms.retiring_principal, &self.terms.retiring_service) {
                (Some(principal), _) => {
                    (principal, principal::account_of(principal).unwrap_or(scope.account))
                }
                (None, Some(service)) => (service, scope.account),
                (None, None) => return None,
            };
        let prefix = retirable_prefix(principal);
        let id =
            format!("{prefix}{}{SEPARATOR}{}{SEPARATOR}{}", scope.account, self.key_id, self.id);
        Some((Scope::new(account, scope.region.clone()), id))
    }
}

/// Reads a grant of a key.
pub(crate) async fn get(
    call: &mut Call,
    scope: &Scope,
    key_id: &str,
    grant_id: &str,
) -> Result<Option<GrantRecord>, Failure> {
    let grant = call.tx.get::<GrantRecord>(scope, &store_id(key_id, grant_id)).await;
    Ok(grant.or_internal()?.map(|grant| GrantRecord::clone(&grant)))
}

/// Finds a grant of the key with the same name and the same terms.
pub(crate) async fn find_same(
    call: &mut Call,
    key: &KeyRecord,
    terms: &Terms,
) -> Result<Option<GrantRecord>, Failure> {
    let Some(name) = &terms.name else { return Ok(None) };
    let scope = key.scope();
    // Reading the counter makes two requests for the same name collide.
    count(call, &scope, &key.id).await?;
    let prefix = name_prefix(&key.id, name);
    let mut after: Option<String> = None;
    loop {
        let range = Range { prefix: &prefix, after: after.as_deref() };
        let page = call.tx.scan::<NameIndex>(&scope, range, SCAN_PAGE).await.or_internal()?;
        for (_, index) in &page {
            let grant = get(call, &scope, &key.id, &index.0.grant_id).await?;
            if let Some(grant) = grant.filter(|grant| grant.terms == *terms) {
                return Ok(Some(grant));
            }
        }
        match page.last() {
            Some((id, _)) if page.len() == SCAN_PAGE => after = Some(id.clone()),
            _ => return Ok(None),
        }
    }
}

async fn count(call: &mut Call, scope: &Scope, key_id: &str) -> Result<u32, Failure> {
    let count = call.tx.get::<Count>(scope, key_id).await.or_internal()?;
    Ok(count.map_or(0, |count| count.grants))
}

/// Writes a new grant with its indexes.
///
/// # Errors
/// `LimitExceededException`.
pub(crate) async fn insert(
    call: &mut Call,
    key: &KeyRecord,
    grant: &GrantRecord,
) -> Result<(), Failure> {
    let scope = key.scope();
    let grants = count(call, &scope, &key.id).await?;
    if grants >= GRANTS_PER_KEY_MAX {
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
            "{} already has {GRANTS_PER_KEY_MAX} grants, the maximum.",
            key.arn()
        )));
    }
    let pointer = grant.pointer(&scope);
    call.tx.put(&scope, &key.id, &Count { grants: grants + 1 }).or_internal()?;
    call.tx.create(&scope, &store_id(&key.id, &grant.id), grant).or_internal()?;
    if let Some(name) = &grant.terms.name {
        let id = name_prefix(&key.id, name) + &grant.id;
        call.tx.put(&scope, &id, &NameIndex(pointer.clone())).or_internal()?;
    }
    call.tx.put(&scope, &grant.held(), &GranteeIndex(pointer.clone())).or_internal()?;
    if let Some((place, id)) = grant.retirable(&scope) {
        call.tx.put(&place, &id, &RetirableIndex(pointer)).or_internal()?;
    }
    Ok(())
}

/// Deletes a grant with its indexes.
pub(crate) async fn remove(
    call: &mut Call,
    scope: &Scope,
    grant: &GrantRecord,
) -> Result<(), Failure> {
    let grants = count(call, scope, &grant.key_id).await?.saturating_sub(1);
    call.tx.put(scope, &grant.key_id, &Count { grants }).or_internal()?;
    erase(call, scope, grant)
}

fn erase(call: &mut Call, scope: &Scope, grant: &GrantRecord) -> Result<(), Failure> {
    call.tx.delete::<GrantRecord>(scope, &store_id(&grant.key_id, &grant.id)).or_internal()?;
    if let Some(name) = &grant.terms.name {
        let id = name_prefix(&grant.key_id, name) + &grant.id;
        call.tx.delete::<NameIndex>(scope, &id).or_internal()?;
    }
    call.tx.delete::<GranteeIndex>(scope, &grant.held()).or_internal()?;
    if let Some((place, id)) = grant.retirable(scope) {
        call.tx.delete::<RetirableIndex>(&place, &id).or_internal()?;
    }
    Ok(())
}

/// Deletes all grants of a key that goes.
pub(crate) async fn remove_all(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    let scope = key.scope();
    // The counter is read so that a grant made at the same moment does not survive its key.
    count(call, &scope, &key.id).await?;
    let prefix = store_id(&key.id, "");
    let mut after: Option<String> = None;
    loop {
        let range = Range { prefix: &prefix, after: after.as_deref() };
        let page = call.tx.scan::<GrantRecord>(&scope, range, SCAN_PAGE).await.or_internal()?;
        for (_, grant) in &page {
            erase(call, &scope, grant)?;
        }
        match page.last() {
            Some((id, _)) if page.len() == SCAN_PAGE => after = Some(id.clone()),
            _ => break,
        }
    }
    call.tx.delete::<Count>(&scope, &key.id).or_internal()
}

/// The grants of a key that `grantee` has and whose terms satisfy `keep`. One without constraints ends the search: it permits as
/// much as all of them.
pub(crate) async fn of_grantee(
    call: &mut Call,
    scope: &Scope,
    key_id: &str,
    grantee: &str,
    keep: impl Fn(&Terms) -> bool,
) -> Result<Vec<GrantRecord>, Failure> {
    let prefix = name_prefix(key_id, grantee);
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let range = Range { prefix: &prefix, after: after.as_deref() };
        let page = call.tx.scan::<GranteeIndex>(scope, range, SCAN_PAGE).await.or_internal()?;
        for (_, index) in &page {
            let id = store_id(key_id, &index.0.grant_id);
            let grant = call.tx.peek::<GrantRecord>(scope, &id).await.or_internal()?;
            let Some(grant) = grant.filter(|grant| keep(&grant.terms)) else { continue };
            found.push(GrantRecord::clone(&grant));
            if !grant.terms.is_constrained() {
                return Ok(found);
            }
        }
        match page.last() {
            Some((id, _)) if page.len() == SCAN_PAGE => after = Some(id.clone()),
            _ => return Ok(found),
        }
    }
}

/// Reads the grants below `prefix` that satisfy `keep`, behind `after`, until `wanted` are found.
pub(crate) async fn select(
    call: &mut Call,
    scope: &Scope,
    prefix: &str,
    after: Option<&str>,
    wanted: usize,
    keep: impl Fn(&GrantRecord) -> bool,
) -> Result<Vec<(String, GrantRecord)>, Failure> {
    let mut found = Vec::new();
    let mut after = after.map(str::to_owned);
    loop {
        let range = Range { prefix, after: after.as_deref() };
        let page = call.tx.scan::<GrantRecord>(scope, range, SCAN_PAGE).await.or_internal()?;
        let full = page.len() == SCAN_PAGE;
        after = page.last().map(|(id, _)| id.clone());
        for (id, grant) in page {
            if keep(&grant) {
                found.push((id, GrantRecord::clone(&grant)));
            }
            if found.len() == wanted {
                return Ok(found);
            }
        }
        if !full {
            return Ok(found);
        }
    }
}
