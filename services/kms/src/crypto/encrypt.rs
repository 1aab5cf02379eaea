//! Encrypt.

use std::collections::BTreeMap;

use api_kms::operations::Encrypt;
use api_kms::{EncryptRequest, EncryptResponse, EncryptionAlgorithmSpec};
use keyring::blob::Header;
use keyring::{EncryptionAlgorithm, Error};
use platform::{Call, Facts, Handle, Resource};
use serde_json::{Map, Value};
use shape::Failure;
use shape::error::VALIDATION;

use super::{AUDIT, algorithm_name, algorithm_of, note_material, refusal, usable};
use crate::dry_run;
use crate::grant_token;
use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Usage};
use crate::usage;
use crate::{Kms, conditions, facts};

/// The encryption context: what is authenticated with a plaintext.
pub(crate) type Context = BTreeMap<String, String>;

impl Handle<Encrypt> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:Encrypt").audited(AUDIT), facts::ENCRYPT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &EncryptRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        note_request(
            call,
            &[("keyId", input.key_id.as_deref())],
            &[("encryptionAlgorithm", input.encryption_algorithm.as_ref())],
            &[("encryptionContext", input.encryption_context.as_ref())],
            input.dry_run,
        );
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(&self, _call: &Call, input: &EncryptRequest, request: &mut authz::Request) {
        let algorithm = algorithm_name(input.encryption_algorithm.as_ref());
        conditions::encryption(request, algorithm, input.encryption_context.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &EncryptRequest,
    ) -> Result<EncryptResponse, Failure> {
        let key = usable::<Encrypt>(call, input.key_id(), Usage::EncryptDecrypt).await?;
        let algorithm = algorithm_name(input.encryption_algorithm.as_ref());
        let plaintext = input.plaintext.as_deref().unwrap_or_default();
        let context = input.encryption_context.as_ref();
        let made = self.encrypt(call, &key, algorithm, context, plaintext).await?;
        if let Some(material) = &made.material_id {
            note_material(call, material);
        }
        dry_run::stop(input.dry_run)?;
        usage::count::<Encrypt>(call, &key)?;
        Ok(EncryptResponse {
            ciphertext_blob: Some(made.blob.into()),
            key_id: Some(key.arn()),
            encryption_algorithm: Some(algorithm.into()),
        })
    }
}

/// What was encrypted.
pub(crate) struct Ciphertext {
    pub(crate) blob: Vec<u8>,
    /// The material that did it; none for asymmetric keys, whose ciphertexts and answers do not name it.
    pub(crate) material_id: Option<String>,
}

impl Kms {
    /// Encrypts under a key whose state and usage have been checked.
    ///
    /// # Errors
    /// `InvalidKeyUsageException`, `ValidationException`, `KMSInvalidStateException`.
    pub(crate) async fn encrypt(
        &self,
        call: &Call,
        key: &KeyRecord,
        algorithm: &str,
        context: Option<&Context>,
        plaintext: &[u8],
    ) -> Result<Ciphertext, Failure> {
        let algorithm = algorithm_of(key, algorithm)?;
        let (material, record) = if algorithm == EncryptionAlgorithm::SymmetricDefault {
            self.current(call, key).await?
        } else {
            refuse_context(context)?;
            let (material, _) = self.current(call, key).await?;
            let blob = material.encrypt_oaep(algorithm, plaintext);
            let blob = blob.map_err(|error| too_long(&error, key, algorithm))?;
            return Ok(Ciphertext { blob, material_id: None });
        };
        let header = Header {
            account: key.account,
            key_id: key.id.parse().map_err(Failure::internal)?,
            material_id: record.id.parse().map_err(Failure::internal)?,
        };
        let none = Context::new();
        let context = context.unwrap_or(&none);
        let blob = match &key.external {
            Some(place) => {
                self.encrypt_twice(call, key, place, (&material, &header), context, plaintext)
                    .await?
            }
            None => {
                let blob = material.encrypt(&header, context, plaintext);
                blob.map_err(|error| refusal(&error))?
            }
        };
        Ok(Ciphertext { blob, material_id: Some(record.id.clone()) })
    }
}

/// Asymmetric ciphertexts have no place for an encryption context.
pub(super) fn refuse_context(context: Option<&Context>) -> Result<(), Failure> {
    if context.is_none_or(BTreeMap::is_empty) {
        return Ok(());
    }
    let text =
        "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.";
    Err(VALIDATION.because(text))
}

fn too_long(error: &Error, key: &KeyRecord, algorithm: EncryptionAlgorithm) -> Failure {
    match error {
        Error::PlaintextTooLong { limit, .. } => VALIDATION.because(format!(
            "Algorithm {algorithm} and key spec {} cannot encrypt data larger than {limit} bytes.",
            key.spec
        )),
        other => refusal(other),
    }
}

/// Shows the request in the audit record with the encryption algorithm that it left to the default, as CloudTrail does.
pub(super) fn note_request(
    call: &mut Call,
    texts: &[(&str, Option<&str>)],
    algorithms: &[(&str, Option<&EncryptionAlgorithmSpec>)],
    contexts: &[(&str, Option<&Context>)],
    dry_run: Option<bool>,
) {
    let mut members = Map::new();
    for (name, text) in texts {
        if let Some(text) = text {
            members.insert((*name).to_owned(), (*text).into());
        }
    }
    for (name, algorithm) in algorithms {
        members.insert((*name).to_owned(), algorithm_name(*algorithm).into());
    }
    for (name, context) in contexts {
        if let Some(context) = context {
            let pairs = context.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str())));
            members.insert((*name).to_owned(), Value::Object(pairs.collect()));
        }
    }
    if let Some(dry_run) = dry_run {
        members.insert("dryRun".to_owned(), dry_run.into());
    }
    call.notes.request = Some(Value::Object(members));
}
