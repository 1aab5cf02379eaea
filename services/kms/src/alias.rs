//! Aliases: CreateAlias, UpdateAlias, DeleteAlias, ListAliases.
//!
//! An alias is a record of its own and a name in its key's record; both change together, so that either finds the
//! other. Names below `alias/aws/` belong to AWS managed keys.

use std::sync::Arc;

use api_kms::error::{
    ALREADY_EXISTS_EXCEPTION, INVALID_ALIAS_NAME_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION,
};
use api_kms::operations::{CreateAlias, DeleteAlias, ListAliases, UpdateAlias};
use api_kms::{
    AliasListEntry, CreateAliasRequest, DeleteAliasRequest, ListAliasesRequest,
    ListAliasesResponse, Unit, UpdateAliasRequest,
};
use platform::{Call, Facts, Handle, Resource};
use shape::error::VALIDATION;
use shape::{ErrorSchema, Failure};
use store::{Range, Scope};

use crate::lookup::{self, Accepts, OrInternal as _};
use crate::paging::{self, Page};
use crate::record::{AliasRecord, KeyRecord, alias_arn, alias_resource};
use crate::{Kms, conditions, facts, state};

/// Aliases of a key at most (Resource quotas, KMS Developer Guide).
pub(crate) const ALIASES_PER_KEY_MAX: usize = 50;
/// What every alias name starts with.
const PREFIX: &str = "alias/";
/// What the names of AWS managed keys' aliases start with.
pub(crate) const AWS_PREFIX: &str = "alias/aws/";

/// The answer to a customer who lays hands on an alias of AWS. No model has it.
static NOT_AUTHORIZED: ErrorSchema = ErrorSchema::client("NotAuthorizedException", 400);

/// What all operations refuse in an alias name; the pattern has been checked before.
fn check_name(name: &str) -> Result<(), Failure> {
    match name.strip_prefix(PREFIX) {
        None | Some("") => Err(VALIDATION.because("Invalid identifier")),
        Some(_) if name.starts_with(AWS_PREFIX) => {
            Err(NOT_AUTHORIZED.because(format!("{AWS_PREFIX} is reserved for AWS managed keys.")))
        }
        Some(rest) if rest.contains(':') => Err(INVALID_ALIAS_NAME_EXCEPTION
            .because(format!("{name} contains invalid characters for an alias"))),
        Some(_) => Ok(()),
    }
}

/// The caller's own alias.
async fn own_alias(call: &mut Call, name: &str) -> Result<AliasRecord, Failure> {
    let scope = call.scope();
    let alias = call.tx.get::<AliasRecord>(&scope, name).await.or_internal()?;
    let alias = alias.ok_or_else(|| lookup::alias_not_found(&scope, name))?;
    Ok(AliasRecord::clone(&alias))
}

/// Points a new alias at `key`. The caller saves the key.
pub(crate) fn attach(call: &mut Call, key: &mut KeyRecord, name: &str) -> Result<(), Failure> {
    let alias = AliasRecord { target: key.id.clone(), created: call.now, updated: call.now };
    call.tx.create(&key.scope(), name, &alias).or_internal()?;
    key.aliases.insert(name.to_owned());
    Ok(())
}

/// An alias and the keys that it is to leave or to name, as what a change of the alias is authorized on.
fn judged<const N: usize>(call: &Call, name: &str, keys: [Arc<KeyRecord>; N]) -> Vec<Resource> {
    let alias = conditions::with_caller(call, alias_resource(&call.scope(), name));
    let keys = keys.iter().map(|key| conditions::judged(call, key));
    std::iter::once(alias).chain(keys).collect()
}

fn check_room(key: &KeyRecord) -> Result<(), Failure> {
    if key.aliases.len() < ALIASES_PER_KEY_MAX {
        return Ok(());
    }
    Err(LIMIT_EXCEEDED_EXCEPTION
        .because(format!("{} already has {ALIASES_PER_KEY_MAX} aliases, the maximum.", key.arn())))
}

impl Handle<CreateAlias> for Kms {
    const FACTS: Facts = facts::on_alias(Facts::write("kms:CreateAlias"));

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateAliasRequest,
    ) -> Result<Vec<Resource>, Failure> {
        check_name(input.alias_name())?;
        let key = lookup::find(call, input.target_key_id(), Accepts::OwnKey).await?;
        Ok(judged(call, input.alias_name(), [key]))
    }

    async fn handle(&self, call: &mut Call, input: &CreateAliasRequest) -> Result<Unit, Failure> {
        let (scope, name) = (call.scope(), input.alias_name());
        let mut key = lookup::own(call, input.target_key_id()).await?;
        if call.tx.get::<AliasRecord>(&scope, name).await.or_internal()?.is_some() {
            return Err(ALREADY_EXISTS_EXCEPTION.because(format!(
                "An alias with the name {} already exists",
                alias_arn(&scope, name)
            )));
        }
        state::check::<CreateAlias>(&key)?;
        check_room(&key)?;
        attach(call, &mut key, name)?;
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<UpdateAlias> for Kms {
    const FACTS: Facts = facts::on_alias(Facts::write("kms:UpdateAlias"));

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateAliasRequest,
    ) -> Result<Vec<Resource>, Failure> {
        check_name(input.alias_name())?;
        let alias = own_alias(call, input.alias_name()).await?;
        let scope = call.scope();
        let old = lookup::by_id(call, &scope, &alias.target).await?;
        let new = lookup::find(call, input.target_key_id(), Accepts::OwnKey).await?;
        Ok(judged(call, input.alias_name(), [old, new]))
    }

    async fn handle(&self, call: &mut Call, input: &UpdateAliasRequest) -> Result<Unit, Failure> {
        let (scope, name) = (call.scope(), input.alias_name());
        let mut alias = own_alias(call, name).await?;
        let mut new = lookup::own(call, input.target_key_id()).await?;
        // The state of the key that the alias leaves does not matter.
        state::check::<UpdateAlias>(&new)?;
        if new.id != alias.target {
            let mut old = KeyRecord::clone(&*lookup::by_id(call, &scope, &alias.target).await?);
            if kind(&old) != kind(&new) || old.usage != new.usage {
                return Err(VALIDATION.because(format!(
                    "The alias {} cannot be moved to {}: both keys must be of the same type and have the same key usage.",
                    alias_arn(&scope, name),
                    new.arn()
                )));
            }
            check_room(&new)?;
            old.aliases.remove(name);
            new.aliases.insert(name.to_owned());
            lookup::save(call, &old)?;
            lookup::save(call, &new)?;
        }
        alias.target.clone_from(&new.id);
        alias.updated = call.now;
        call.tx.put(&scope, name, &alias).or_internal()?;
        lookup::answer_key(call, &new);
        Ok(Unit {})
    }
}

/// What UpdateAlias calls the type of a key: symmetric, asymmetric or HMAC.
fn kind(key: &KeyRecord) -> (bool, bool) {
    (key.spec.is_asymmetric(), key.spec.is_hmac())
}

impl Handle<DeleteAlias> for Kms {
    const FACTS: Facts = facts::on_alias(Facts::write("kms:DeleteAlias"));

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteAliasRequest,
    ) -> Result<Vec<Resource>, Failure> {
        check_name(input.alias_name())?;
        let alias = own_alias(call, input.alias_name()).await?;
        let scope = call.scope();
        let key = lookup::by_id(call, &scope, &alias.target).await?;
        Ok(judged(call, input.alias_name(), [key]))
    }

    async fn handle(&self, call: &mut Call, input: &DeleteAliasRequest) -> Result<Unit, Failure> {
        let (scope, name) = (call.scope(), input.alias_name());
        let alias = own_alias(call, name).await?;
        let mut key = KeyRecord::clone(&*lookup::by_id(call, &scope, &alias.target).await?);
        state::check::<DeleteAlias>(&key)?;
        key.aliases.remove(name);
        call.tx.delete::<AliasRecord>(&scope, name).or_internal()?;
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<ListAliases> for Kms {
    const FACTS: Facts = Facts::read("kms:ListAliases");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListAliasesRequest,
    ) -> Result<ListAliasesResponse, Failure> {
        let page = Page::new::<ListAliases>(input.limit, input.marker.as_deref(), paging::SHORT)?;
        let scope = call.scope();
        let (aliases, next) = match &input.key_id {
            None => {
                let range = Range { prefix: "", after: page.after() };
                let found = call.tx.scan::<AliasRecord>(&scope, range, page.wanted()).await;
                let entries = found.or_internal()?.into_iter().map(|(name, alias)| {
                    let entry = entry(&scope, &name, &alias);
                    (name, entry)
                });
                page.cut(entries.collect())
            }
            Some(key_id) => {
                let key = lookup::find(call, key_id, Accepts::OwnKey).await?;
                let (names, next) =
                    page.select(key.aliases.iter().map(|name| (name.clone(), name.clone())));
                let mut aliases = Vec::with_capacity(names.len());
                for name in names {
                    let alias = own_alias(call, &name).await?;
                    aliases.push(entry(&scope, &name, &alias));
                }
                (aliases, next)
            }
        };
        Ok(ListAliasesResponse {
            aliases: Some(aliases),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}

fn entry(scope: &Scope, name: &str, alias: &AliasRecord) -> AliasListEntry {
    AliasListEntry {
        alias_name: Some(name.to_owned()),
        alias_arn: Some(alias_arn(scope, name)),
        target_key_id: Some(alias.target.clone()),
        creation_date: Some(alias.created),
        last_updated_date: Some(alias.updated),
    }
}
