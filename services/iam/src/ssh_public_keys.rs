//! SSH public keys of users, which AWS takes for CodeCommit. No service that is built takes them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSSHPublicKey.html>

use std::sync::Arc;

use api_iam::error::{
    DUPLICATE_SSH_PUBLIC_KEY_EXCEPTION, INVALID_PUBLIC_KEY_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION,
    NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    DeleteSSHPublicKey, GetSSHPublicKey, ListSSHPublicKeys, UpdateSSHPublicKey, UploadSSHPublicKey,
};
use api_iam::{
    DeleteSSHPublicKeyRequest, EncodingType, GetSSHPublicKeyRequest, GetSSHPublicKeyResponse,
    ListSSHPublicKeysRequest, ListSSHPublicKeysResponse, SSHPublicKeyMetadata, StatusType, Unit,
    UpdateSSHPublicKeyRequest, UploadSSHPublicKeyRequest, UploadSSHPublicKeyResponse,
};
use base::Timestamp;
use identity::ids;
use identity::record::{self, User};
use keyring::SshPublicKey;
use platform::{Call, Facts, Handle, Resource, Service};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::Record;

use crate::find::{self, OrInternal as _};
use crate::paging::Page;
use crate::{Iam, access_keys, holder};

/// SSH public keys of a user at most.
const KEYS_MAX: usize = 5;
/// Bits of the smallest key that is taken.
const BITS_MIN: usize = 2_048;

/// An SSH public key, filed under its user's unique id and its own, so that renaming the user leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SshKey {
    body: String,
    active: bool,
    uploaded: Timestamp,
}

impl Record for SshKey {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "ssh-public-key";
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<UploadSSHPublicKey, _>(iam)
        .operation::<GetSSHPublicKey, _>(iam)
        .operation::<ListSSHPublicKeys, _>(iam)
        .operation::<UpdateSSHPublicKey, _>(iam)
        .operation::<DeleteSSHPublicKey, _>(iam)
}

impl Handle<UploadSSHPublicKey> for Iam {
    const FACTS: Facts = Facts::write("iam:UploadSSHPublicKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UploadSSHPublicKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, Some(input.user_name())).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UploadSSHPublicKeyRequest,
    ) -> Result<UploadSSHPublicKeyResponse, Failure> {
        let mut user = User::clone(&*find::user(call, Some(input.user_name())).await?);
        let given = SshPublicKey::parse(input.ssh_public_key_body());
        let given = given.filter(|key| key.bits() >= BITS_MIN).ok_or_else(|| {
            let text = "The public key must be an RSA key of 2,048 bits or more, in ssh-rsa or PEM format.";
            INVALID_PUBLIC_KEY_EXCEPTION.because(text)
        })?;
        for id in &user.ssh_public_keys {
            let known = find_of(call, &user, id).await?;
            if read(&known)? == given {
                let text = "The SSH public key is already associated with the user.";
                return Err(DUPLICATE_SSH_PUBLIC_KEY_EXCEPTION.because(text));
            }
        }
        if user.ssh_public_keys.len() >= KEYS_MAX {
            let text = format!("Cannot exceed quota for SSHPublicKeysPerUser: {KEYS_MAX}");
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
        }
        let id = ids::unique_id(ids::Prefix::PublicKey, call.random());
        let kept = SshKey {
            body: input.ssh_public_key_body().to_owned(),
            active: true,
            uploaded: call.now.trunc_seconds(),
        };
        let scope = find::scope(call);
        call.tx.create(&scope, &key(&user, &id), &kept).or_internal()?;
        let shown = show(&user, &id, &kept, kept.body.clone())?;
        user.ssh_public_keys.push(id);
        call.tx.put(&scope, &record::id(&user.name), &user).or_internal()?;
        Ok(UploadSSHPublicKeyResponse { ssh_public_key: Some(shown) })
    }
}

impl Handle<GetSSHPublicKey> for Iam {
    const FACTS: Facts = Facts::read("iam:GetSSHPublicKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetSSHPublicKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, Some(input.user_name())).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetSSHPublicKeyRequest,
    ) -> Result<GetSSHPublicKeyResponse, Failure> {
        let user = find::user(call, Some(input.user_name())).await?;
        let id = input.ssh_public_key_id();
        let kept = find_of(call, &user, id).await?;
        let body = match &input.encoding {
            Some(EncodingType::Pem) => read(&kept)?.to_pem(),
            _ => read(&kept)?.to_line(),
        };
        Ok(GetSSHPublicKeyResponse { ssh_public_key: Some(show(&user, id, &kept, body)?) })
    }
}

impl Handle<ListSSHPublicKeys> for Iam {
    const FACTS: Facts = Facts::read("iam:ListSSHPublicKeys").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListSSHPublicKeysRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListSSHPublicKeysRequest,
    ) -> Result<ListSSHPublicKeysResponse, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let mut keys = Vec::new();
        for id in &user.ssh_public_keys {
            let kept = find_of(call, &user, id).await?;
            let shown = SSHPublicKeyMetadata {
                user_name: Some(user.name.clone()),
                ssh_public_key_id: Some(id.clone()),
                status: Some(status(&kept)),
                upload_date: Some(kept.uploaded),
            };
            keys.push((id.clone(), shown));
        }
        let found = page.select(keys);
        Ok(ListSSHPublicKeysResponse {
            ssh_public_keys: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateSSHPublicKey> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateSSHPublicKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateSSHPublicKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, Some(input.user_name())).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateSSHPublicKeyRequest,
    ) -> Result<Unit, Failure> {
        let user = find::user(call, Some(input.user_name())).await?;
        let id = input.ssh_public_key_id();
        let kept = find_of(call, &user, id).await?;
        let active = access_keys::is_active(input.status.as_ref())?;
        let scope = find::scope(call);
        let kept = SshKey { active, ..SshKey::clone(&kept) };
        call.tx.put(&scope, &key(&user, id), &kept).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<DeleteSSHPublicKey> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteSSHPublicKey").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteSSHPublicKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, Some(input.user_name())).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteSSHPublicKeyRequest,
    ) -> Result<Unit, Failure> {
        let mut user = User::clone(&*find::user(call, Some(input.user_name())).await?);
        let id = input.ssh_public_key_id();
        find_of(call, &user, id).await?;
        user.ssh_public_keys.retain(|known| known != id);
        let scope = find::scope(call);
        call.tx.delete::<SshKey>(&scope, &key(&user, id)).or_internal()?;
        call.tx.put(&scope, &record::id(&user.name), &user).or_internal()?;
        Ok(Unit::default())
    }
}

async fn find_of(call: &mut Call, user: &User, id: &str) -> Result<Arc<SshKey>, Failure> {
    let scope = find::scope(call);
    let found = call.tx.get::<SshKey>(&scope, &key(user, id)).await.or_internal()?;
    found.ok_or_else(|| {
        let text = format!("The Public Key with id {id} cannot be found.");
        NO_SUCH_ENTITY_EXCEPTION.because(text)
    })
}

fn read(kept: &SshKey) -> Result<SshPublicKey, Failure> {
    SshPublicKey::parse(&kept.body)
        .ok_or_else(|| Failure::internal("a stored SSH public key is damaged"))
}

fn key(user: &User, id: &str) -> String {
    format!("{}/{id}", user.unique_id)
}

fn status(kept: &SshKey) -> StatusType {
    if kept.active { StatusType::Active } else { StatusType::Inactive }
}

fn show(
    user: &User,
    id: &str,
    kept: &SshKey,
    body: String,
) -> Result<api_iam::SSHPublicKey, Failure> {
    Ok(api_iam::SSHPublicKey {
        user_name: Some(user.name.clone()),
        ssh_public_key_id: Some(id.to_owned()),
        fingerprint: Some(read(kept)?.fingerprint()),
        ssh_public_key_body: Some(body),
        status: Some(status(kept)),
        upload_date: Some(kept.uploaded),
    })
}
