//! Decrypt, and what ReEncrypt has of it.
//!
//! A symmetric ciphertext names its key, so a request need not. Whatever is wrong with a ciphertext gets the same answer without
//! a reason; so does, in other words, a key that is not there or not the caller's to use.

use std::sync::Arc;

use api_kms::error::INCORRECT_KEY_EXCEPTION;
use api_kms::operations::Decrypt;
use api_kms::{DecryptRequest, DecryptResponse};
use keyring::blob::Header;
use keyring::{EncryptionAlgorithm, KeyId, Secret};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::{ACCESS_DENIED, VALIDATION};
use store::Scope;

use super::encrypt::{Context, note_request, refuse_context};
use super::{
    AUDIT, algorithm_name, algorithm_of, check_use, invalid_ciphertext, note_material, refusal,
};
use crate::custom_store;
use crate::lookup::{self, Accepts, OrInternal as _};
use crate::material_cache::is_slow;
use crate::record::{KeyRecord, Usage};
use crate::{Kms, conditions, dry_run, facts, grant_token, recipient, usage};

/// The answer where the ciphertext alone says which key it needs. It does not tell which.
const UNKNOWN_KEY: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";

impl Handle<Decrypt> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:Decrypt").audited(AUDIT), facts::DECRYPT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DecryptRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        note_request(
            call,
            &[("keyId", input.key_id.as_deref())],
            &[("encryptionAlgorithm", input.encryption_algorithm.as_ref())],
            &[("encryptionContext", input.encryption_context.as_ref())],
            input.dry_run,
        );
        let source = source(input);
        let key = source.key(call).await?;
        Ok(vec![source.resource(call, &key)])
    }

    fn conditions(&self, _call: &Call, input: &DecryptRequest, request: &mut authz::Request) {
        let algorithm = algorithm_name(input.encryption_algorithm.as_ref());
        conditions::encryption(request, algorithm, input.encryption_context.as_ref());
        conditions::recipient(request, input.recipient.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DecryptRequest,
    ) -> Result<DecryptResponse, Failure> {
        let source = source(input);
        let key = source.key(call).await?;
        check_use::<Decrypt>(&key, Usage::EncryptDecrypt)?;
        let recipient = self.recipient(call, input.recipient.as_ref()).await?;
        let opened = self.decrypt(call, &key, &source).await?;
        if let Some(material) = &opened.material_id {
            note_material(call, material);
        }
        let (plaintext, for_recipient) = recipient::deliver(recipient.as_ref(), &opened.plaintext)?;
        dry_run::stop(input.dry_run)?;
        usage::count::<Decrypt>(call, &key)?;
        Ok(DecryptResponse {
            key_id: Some(key.arn()),
            plaintext,
            encryption_algorithm: Some(source.algorithm.into()),
            ciphertext_for_recipient: for_recipient,
            key_material_id: opened.material_id.filter(|_| recipient.is_none()),
        })
    }
}

fn source(input: &DecryptRequest) -> Source<'_> {
    Source {
        key_id: input.key_id.as_deref(),
        key_id_member: "keyId",
        algorithm: algorithm_name(input.encryption_algorithm.as_ref()),
        context: input.encryption_context.as_ref(),
        ciphertext: input.ciphertext_blob.as_deref(),
        ignored: dry_run::ignores_ciphertext(input.dry_run, input.dry_run_modifiers.as_ref()),
    }
}

/// What is to be decrypted, and with what.
pub(super) struct Source<'a> {
    pub(super) key_id: Option<&'a str>,
    /// What the request calls `key_id`, for its errors.
    pub(super) key_id_member: &'static str,
    pub(super) algorithm: &'a str,
    pub(super) context: Option<&'a Context>,
    pub(super) ciphertext: Option<&'a [u8]>,
    /// A dry run that does not look at the ciphertext.
    pub(super) ignored: bool,
}

/// What came out.
pub(super) struct Opened {
    pub(super) plaintext: Secret,
    /// The material that had encrypted it; none for asymmetric keys.
    pub(super) material_id: Option<String>,
}

impl Source<'_> {
    /// `key` as what the call is authorized on.
    pub(super) fn resource(&self, call: &Call, key: &KeyRecord) -> Resource {
        match self.key_id {
            Some(key_id) => lookup::named(call, key, key_id),
            None => Resource { refusal: Some(UNKNOWN_KEY), ..conditions::judged(call, key) },
        }
    }

    /// The key: the one that the request names, which a symmetric ciphertext must name too, or the one that the
    /// ciphertext names.
    ///
    /// # Errors
    /// `NotFoundException`, `InvalidCiphertextException`, `IncorrectKeyException`, `ValidationException`, `AccessDeniedException`.
    pub(super) async fn key(&self, call: &mut Call) -> Result<Arc<KeyRecord>, Failure> {
        if self.ignored {
            let key_id = self.key_id.ok_or_else(|| must_not_be_null(self.key_id_member))?;
            return lookup::find(call, key_id, Accepts::KeyOrAlias).await;
        }
        let ciphertext = self.ciphertext.ok_or_else(|| must_not_be_null("ciphertextBlob"))?;
        if self.algorithm != EncryptionAlgorithm::SymmetricDefault.as_str() {
            let no_key = || VALIDATION.because("KeyId must not be null");
            let key_id = self.key_id.ok_or_else(no_key)?;
            return lookup::find(call, key_id, Accepts::KeyOrAlias).await;
        }
        let Some(key_id) = self.key_id else {
            let header = header(ciphertext)?;
            return named_by(call, &header)
                .await?
                .ok_or_else(|| ACCESS_DENIED.because(UNKNOWN_KEY));
        };
        // A bare key id suffices for the key of another account if the ciphertext says whose it is.
        let header = header(ciphertext);
        let bare = key_id.parse::<KeyId>().ok();
        if let (Some(bare), Ok(header)) = (bare, &header)
            && bare == header.key_id
        {
            return lookup::by_id(call, &call_scope(call, header), key_id).await;
        }
        let key = lookup::find(call, key_id, Accepts::KeyOrAlias).await?;
        let header = header?;
        if key.account != header.account || key.id != header.key_id.to_string() {
            let text = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(INCORRECT_KEY_EXCEPTION.because(text));
        }
        Ok(key)
    }
}

impl Kms {
    /// Decrypts with a key whose state and usage have been checked.
    ///
    /// # Errors
    /// `InvalidCiphertextException`, `InvalidKeyUsageException`, `ValidationException`, `KMSInvalidStateException`.
    pub(super) async fn decrypt(
        &self,
        call: &Call,
        key: &KeyRecord,
        source: &Source<'_>,
    ) -> Result<Opened, Failure> {
        let algorithm = algorithm_of(key, source.algorithm)?;
        let symmetric = algorithm == EncryptionAlgorithm::SymmetricDefault;
        if !symmetric {
            refuse_context(source.context)?;
        }
        if source.ignored {
            return Ok(Opened { plaintext: Secret::new(Vec::new()), material_id: None });
        }
        let ciphertext = source.ciphertext.unwrap_or_default();
        if symmetric {
            let wanted = header(ciphertext)?.material_id;
            let mut text = [0; 64];
            hex::encode_to_slice(wanted.as_bytes(), &mut text).map_err(Failure::internal)?;
            let record = key.materials.iter().find(|m| m.id.as_bytes() == text);
            let record = record.ok_or_else(invalid_ciphertext)?;
            let material = self.prepared(call, key, record).await?;
            let none = Context::new();
            let context = source.context.unwrap_or(&none);
            let plaintext = match &key.external {
                Some(place) => {
                    self.decrypt_twice(call, key, place, &material, context, ciphertext).await?
                }
                None => material.decrypt(context, ciphertext).map_err(|error| refusal(&error))?,
            };
            return Ok(Opened { plaintext, material_id: Some(record.id.clone()) });
        }
        let (material, _) = self.current(call, key).await?;
        let plaintext = if is_slow(key.spec) {
            let ciphertext = ciphertext.to_vec();
            call.offload(move || material.decrypt_oaep(algorithm, &ciphertext)).await?
        } else {
            material.decrypt_oaep(algorithm, ciphertext)
        };
        let plaintext = plaintext.map_err(|error| refusal(&error))?;
        Ok(Opened { plaintext, material_id: None })
    }
}

fn header(ciphertext: &[u8]) -> Result<Header, Failure> {
    Header::parse(ciphertext).map_err(|_| invalid_ciphertext())
}

/// Where a ciphertext's key is: in its owner's account, and in the Region of the request, since related multi-Region keys
/// decrypt each other's ciphertexts.
fn call_scope(call: &Call, header: &Header) -> Scope {
    Scope::new(header.account, call.region.clone())
}

async fn named_by(call: &mut Call, header: &Header) -> Result<Option<Arc<KeyRecord>>, Failure> {
    let scope = call_scope(call, header);
    let key = call.tx.get::<KeyRecord>(&scope, &header.key_id.to_string()).await.or_internal()?;
    match key {
        Some(key) => Ok(Some(custom_store::attach(call, key).await?)),
        None => Ok(None),
    }
}

fn must_not_be_null(member: &str) -> Failure {
    VALIDATION.because(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}
