//! Access keys of users and of the root user.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html>. Their secrets are `identity`'s; when one was
//! last used is answered from the counters that the platform keeps.

use std::collections::HashMap;
use std::sync::Arc;

use api_iam::error::{LIMIT_EXCEEDED_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION};
use api_iam::operations::{
    CreateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed, ListAccessKeys, UpdateAccessKey,
};
use api_iam::{
    AccessKeyMetadata, CreateAccessKeyRequest, CreateAccessKeyResponse, DeleteAccessKeyRequest,
    GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse, ListAccessKeysRequest,
    ListAccessKeysResponse, StatusType, Unit, UpdateAccessKeyRequest,
};
use base::Timestamp;
use identity::credentials::{AccessKey, Credential, Owner, Status};
use identity::record::SERVICE;
use platform::usage::ACCESS_KEY_KIND;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;
use shape::error::VALIDATION;

use crate::Iam;
use crate::find::{self, OrInternal as _};
use crate::holder::{self, Holder};
use crate::paging::Page;

/// Access keys of a user, and of the root user, at most.
pub(crate) const ACCESS_KEYS_MAX: usize = 2;
/// What is said of a key that was never used.
const NEVER: &str = "N/A";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateAccessKey, _>(iam)
        .operation::<ListAccessKeys, _>(iam)
        .operation::<UpdateAccessKey, _>(iam)
        .operation::<DeleteAccessKey, _>(iam)
        .operation::<GetAccessKeyLastUsed, _>(iam)
}

impl Handle<CreateAccessKey> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateAccessKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateAccessKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateAccessKeyRequest,
    ) -> Result<CreateAccessKeyResponse, Failure> {
        let mut holder = Holder::named(call, input.user_name.as_deref()).await?;
        if holder.access_keys().len() >= ACCESS_KEYS_MAX {
            let text = format!("Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS_MAX}");
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
        }
        let created = call.now.trunc_seconds();
        let made = call.create_access_key(holder.owner(), created).map_err(Failure::internal)?;
        holder.access_keys_mut().push(made.access_key_id.clone());
        holder.save(call)?;
        let secret = std::str::from_utf8(made.secret_access_key.expose());
        let access_key = api_iam::AccessKey {
            user_name: holder.name().map(str::to_owned),
            access_key_id: Some(made.access_key_id),
            status: Some(StatusType::Active),
            secret_access_key: Some(secret.map_err(Failure::internal)?.to_owned()),
            create_date: Some(created),
        };
        Ok(CreateAccessKeyResponse { access_key: Some(access_key) })
    }
}

impl Handle<ListAccessKeys> for Iam {
    const FACTS: Facts = Facts::read("iam:ListAccessKeys").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListAccessKeysRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListAccessKeysRequest,
    ) -> Result<ListAccessKeysResponse, Failure> {
        let holder = Holder::named(call, input.user_name.as_deref()).await?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let show = |(id, key): (String, Arc<AccessKey>)| {
            let shown = AccessKeyMetadata {
                user_name: holder.name().map(str::to_owned),
                access_key_id: Some(id.clone()),
                status: Some(status(key.status)),
                create_date: Some(key.created),
            };
            (id, shown)
        };
        let found = page.select(of(call, holder.access_keys()).await?.into_iter().map(show));
        Ok(ListAccessKeysResponse {
            access_key_metadata: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateAccessKey> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateAccessKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateAccessKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateAccessKeyRequest,
    ) -> Result<Unit, Failure> {
        let holder = Holder::named(call, input.user_name.as_deref()).await?;
        let id = held(&holder, input.access_key_id())?;
        let active = is_active(input.status.as_ref())?;
        let status = if active { Status::Active } else { Status::Inactive };
        set_status(call, id, status).await
    }
}

impl Handle<DeleteAccessKey> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteAccessKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteAccessKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteAccessKeyRequest,
    ) -> Result<Unit, Failure> {
        let mut holder = Holder::named(call, input.user_name.as_deref()).await?;
        let id = held(&holder, input.access_key_id())?.to_owned();
        holder.access_keys_mut().retain(|key| *key != id);
        holder.save(call)?;
        set_status(call, &id, Status::Deleted).await
    }
}

impl Handle<GetAccessKeyLastUsed> for Iam {
    const FACTS: Facts = Facts::read("iam:GetAccessKeyLastUsed").on(&["user"]);

    // A key of another account, and one that nobody has, are told apart from one that the caller may not ask about by nothing.
    async fn resources(
        &self,
        call: &mut Call,
        input: &GetAccessKeyLastUsedRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let credential = find_own(call, input.access_key_id()).await?;
        let holder = match &credential.key.owner {
            Owner::Root => Holder::root(call).await?,
            Owner::User { name, .. } => Holder::named(call, Some(name)).await?,
        };
        Ok(vec![holder.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetAccessKeyLastUsedRequest,
    ) -> Result<GetAccessKeyLastUsedResponse, Failure> {
        let id = input.access_key_id();
        let credential = find_own(call, id).await?;
        let last = last_uses(call, Some(id)).await?.remove(id);
        let user_name = match &credential.key.owner {
            Owner::Root => None,
            Owner::User { name, .. } => Some(name.clone()),
        };
        let never = || NEVER.to_owned();
        let last_used = api_iam::AccessKeyLastUsed {
            last_used_date: last.as_ref().map(|last| last.at.trunc_seconds()),
            service_name: Some(last.as_ref().map_or_else(never, |last| last.service.clone())),
            region: Some(last.map_or_else(never, |last| last.region)),
        };
        Ok(GetAccessKeyLastUsedResponse { user_name, access_key_last_used: Some(last_used) })
    }
}

/// When, for which service and where an access key was last used.
pub(crate) struct LastUse {
    pub(crate) at: Timestamp,
    /// Such as `kms`.
    pub(crate) service: String,
    pub(crate) region: String,
}

/// The last uses of the account's access keys by key id, or that of one.
///
/// # Errors
/// A failing store.
pub(crate) async fn last_uses(
    call: &Call,
    id: Option<&str>,
) -> Result<HashMap<String, LastUse>, Failure> {
    let path: Vec<&str> = [SERVICE, ACCESS_KEY_KIND].into_iter().chain(id).collect();
    let mut last: HashMap<String, LastUse> = HashMap::new();
    for tally in call.tallies(&find::scope(call), &path).await? {
        let Some((action, region)) = tally.counter.split_once(' ') else { continue };
        let service = action.split(':').next().unwrap_or_default();
        let use_ = LastUse { at: tally.last, service: service.into(), region: region.into() };
        let id = tally.key.id().to_owned();
        match last.get(&id) {
            Some(known) if known.at >= use_.at => {}
            _ => drop(last.insert(id, use_)),
        }
    }
    Ok(last)
}

/// The records of access keys, with their ids.
///
/// # Errors
/// A failing store.
pub(crate) async fn of(
    call: &Call,
    ids: &[String],
) -> Result<Vec<(String, Arc<AccessKey>)>, Failure> {
    let mut keys = Vec::with_capacity(ids.len());
    for id in ids {
        let key = call.tx.peek::<AccessKey>(&find::scope(call), id).await.or_internal()?;
        keys.extend(key.map(|key| (id.clone(), key)));
    }
    Ok(keys)
}

/// The access key of the caller's account with this id.
async fn find_own(call: &Call, id: &str) -> Result<Arc<Credential>, Failure> {
    let found = call.credentials().find(id).await.map_err(Failure::internal)?;
    found
        .filter(|found| found.account == call.account() && found.key.status != Status::Deleted)
        .ok_or_else(|| call.denied(&format!("access key {id}")))
}

fn held<'a>(holder: &Holder, id: &'a str) -> Result<&'a str, Failure> {
    if holder.access_keys().iter().any(|key| key == id) {
        return Ok(id);
    }
    let text = format!("The Access Key with id {id} cannot be found.");
    Err(NO_SUCH_ENTITY_EXCEPTION.because(text))
}

async fn set_status(call: &mut Call, id: &str, status: Status) -> Result<Unit, Failure> {
    let account = call.account();
    let (credentials, tx) = call.credentials_and_tx();
    credentials.set_status(tx, account, id, status).await.map_err(Failure::internal)?;
    Ok(Unit::default())
}

/// Reads the status that a request gives a credential.
///
/// # Errors
/// `ValidationError` for `Expired`, which the model lists and no request may set.
pub(crate) fn is_active(status: Option<&StatusType>) -> Result<bool, Failure> {
    match status {
        Some(StatusType::Active) => Ok(true),
        Some(StatusType::Inactive) => Ok(false),
        _ => Err(VALIDATION.because("Status must be Active or Inactive.")),
    }
}

/// The status of a key as the API shows it.
fn status(status: Status) -> StatusType {
    match status {
        Status::Active => StatusType::Active,
        Status::Inactive | Status::Deleted => StatusType::Inactive,
    }
}
