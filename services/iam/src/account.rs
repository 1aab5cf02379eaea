//! The account's alias, a name that no other account has.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html>

use std::sync::Arc;

use api_iam::error::{ENTITY_ALREADY_EXISTS_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION};
use api_iam::operations::{CreateAccountAlias, DeleteAccountAlias, ListAccountAliases};
use api_iam::{
    CreateAccountAliasRequest, DeleteAccountAliasRequest, ListAccountAliasesRequest,
    ListAccountAliasesResponse, Unit,
};
use base::AccountId;
use identity::record;
use platform::{Call, Facts, Handle, Service};
use serde::{Deserialize, Serialize};
use shape::Failure;
use shape::error::VALIDATION;
use store::{Record, Scope};

use crate::Iam;
use crate::find::{self, OrInternal as _};
use crate::paging::Page;

/// An alias, kept where no account is, since it is unique among all: filed under itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Alias {
    account: AccountId,
}

/// The alias that an account has, filed under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OwnAlias {
    alias: String,
}

impl Record for Alias {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "alias";
}

impl Record for OwnAlias {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "account-alias";
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateAccountAlias, _>(iam)
        .operation::<ListAccountAliases, _>(iam)
        .operation::<DeleteAccountAlias, _>(iam)
}

impl Handle<CreateAccountAlias> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateAccountAlias");

    // An account has one alias: a new one takes the old one's place.
    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateAccountAliasRequest,
    ) -> Result<Unit, Failure> {
        let (account, alias) = (call.account(), input.account_alias());
        // What the model's pattern says by looking ahead, which ours cannot; a number would be taken for an account.
        if !is_alias(alias) {
            return Err(VALIDATION.because(
                "The account alias must consist of lower-case letters, digits and hyphens, must not begin or end with a hyphen or contain two in a row, and must not be a number of twelve digits.",
            ));
        }
        if call.tx.get::<Alias>(&Scope::system(), alias).await.or_internal()?.is_some() {
            let text = format!("The account alias {alias} already exists.");
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        let scope = find::scope(call);
        if let Some(old) = self::alias(call).await? {
            call.tx.delete::<Alias>(&Scope::system(), &old).or_internal()?;
        }
        call.tx.create(&Scope::system(), alias, &Alias { account }).or_internal()?;
        let own = OwnAlias { alias: alias.to_owned() };
        call.tx.put(&scope, account.as_str(), &own).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<ListAccountAliases> for Iam {
    const FACTS: Facts = Facts::read("iam:ListAccountAliases");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListAccountAliasesRequest,
    ) -> Result<ListAccountAliasesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let found = page.select(alias(call).await?.map(|alias| (alias.clone(), alias)));
        Ok(ListAccountAliasesResponse {
            account_aliases: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<DeleteAccountAlias> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteAccountAlias");

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteAccountAliasRequest,
    ) -> Result<Unit, Failure> {
        let (account, name) = (call.account(), input.account_alias());
        if alias(call).await?.as_deref() != Some(name) {
            let text = format!("The account alias with name {name} cannot be found.");
            return Err(NO_SUCH_ENTITY_EXCEPTION.because(text));
        }
        let scope = find::scope(call);
        call.tx.delete::<OwnAlias>(&scope, account.as_str()).or_internal()?;
        call.tx.delete::<Alias>(&Scope::system(), name).or_internal()?;
        Ok(Unit::default())
    }
}

/// The model's pattern for aliases has a look-ahead, which validation leaves to this.
fn is_alias(alias: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    alias.chars().all(allowed)
        && !alias.starts_with('-')
        && !alias.ends_with('-')
        && !alias.contains("--")
        && alias.parse::<AccountId>().is_err()
}

/// The account's alias.
///
/// # Errors
/// A failing store.
pub(crate) async fn alias(call: &mut Call) -> Result<Option<String>, Failure> {
    let (scope, account) = (find::scope(call), call.account());
    let own = call.tx.get::<OwnAlias>(&scope, account.as_str()).await.or_internal()?;
    Ok(own.map(|own| own.alias.clone()))
}
