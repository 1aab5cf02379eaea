//! GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use api_kms::error::INVALID_KEY_USAGE_EXCEPTION;
use api_kms::operations::{GenerateDataKey, GenerateDataKeyWithoutPlaintext};
use api_kms::{
    DataKeySpec, GenerateDataKeyRequest, GenerateDataKeyResponse,
    GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse,
};
use keyring::{EncryptionAlgorithm, KeySpec, Secret};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use super::encrypt::{Ciphertext, Context};
use super::{AUDIT, algorithm_name, note_material, usable};
use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Usage};
use crate::{Kms, conditions, dry_run, facts, grant_token, recipient, usage};

impl Handle<GenerateDataKey> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::read("kms:GenerateDataKey").audited(AUDIT), facts::DECRYPT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GenerateDataKeyRequest,
        request: &mut authz::Request,
    ) {
        conditions::encryption(request, algorithm_name(None), input.encryption_context.as_ref());
        conditions::recipient(request, input.recipient.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyRequest,
    ) -> Result<GenerateDataKeyResponse, Failure> {
        let usage = Usage::EncryptDecrypt;
        let key = usable::<GenerateDataKey>(call, input.key_id(), usage).await?;
        let length = length(input.key_spec.as_ref(), input.number_of_bytes)?;
        let recipient = self.recipient(call, input.recipient.as_ref()).await?;
        let plaintext = keyring::random_bytes(length).map_err(Failure::internal)?;
        let context = input.encryption_context.as_ref();
        let made = self.wrap(call, &key, context, &plaintext).await?;
        let (plaintext, for_recipient) = recipient::deliver(recipient.as_ref(), &plaintext)?;
        dry_run::stop(input.dry_run)?;
        usage::count::<GenerateDataKey>(call, &key)?;
        Ok(GenerateDataKeyResponse {
            ciphertext_blob: Some(made.blob.into()),
            plaintext,
            key_id: Some(key.arn()),
            ciphertext_for_recipient: for_recipient,
            key_material_id: made.material_id.filter(|_| recipient.is_none()),
        })
    }
}

impl Handle<GenerateDataKeyWithoutPlaintext> for Kms {
    const FACTS: Facts = facts::on_key(
        Facts::read("kms:GenerateDataKeyWithoutPlaintext").audited(AUDIT),
        facts::ENCRYPT,
    );

    async fn resources(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyWithoutPlaintextRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GenerateDataKeyWithoutPlaintextRequest,
        request: &mut authz::Request,
    ) {
        conditions::encryption(request, algorithm_name(None), input.encryption_context.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyWithoutPlaintextRequest,
    ) -> Result<GenerateDataKeyWithoutPlaintextResponse, Failure> {
        let usage = Usage::EncryptDecrypt;
        let key = usable::<GenerateDataKeyWithoutPlaintext>(call, input.key_id(), usage).await?;
        let length = length(input.key_spec.as_ref(), input.number_of_bytes)?;
        let plaintext = keyring::random_bytes(length).map_err(Failure::internal)?;
        let context = input.encryption_context.as_ref();
        let made = self.wrap(call, &key, context, &plaintext).await?;
        dry_run::stop(input.dry_run)?;
        usage::count::<GenerateDataKeyWithoutPlaintext>(call, &key)?;
        Ok(GenerateDataKeyWithoutPlaintextResponse {
            ciphertext_blob: Some(made.blob.into()),
            key_id: Some(key.arn()),
            key_material_id: made.material_id,
        })
    }
}

impl Kms {
    /// Encrypts a data key, or the private half of a data key pair, under a symmetric key.
    pub(super) async fn wrap(
        &self,
        call: &mut Call,
        key: &KeyRecord,
        context: Option<&Context>,
        plaintext: &Secret,
    ) -> Result<Ciphertext, Failure> {
        check_symmetric(key)?;
        let algorithm = EncryptionAlgorithm::SymmetricDefault.as_str();
        let made = self.encrypt(call, key, algorithm, context, plaintext.expose()).await?;
        if let Some(material) = &made.material_id {
            note_material(call, material);
        }
        Ok(made)
    }
}

/// Data keys are encrypted under symmetric keys alone.
pub(super) fn check_symmetric(key: &KeyRecord) -> Result<(), Failure> {
    if key.spec == KeySpec::SymmetricDefault {
        return Ok(());
    }
    let text = "You cannot generate a data key with an asymmetric CMK";
    Err(INVALID_KEY_USAGE_EXCEPTION.because(text))
}

/// Bytes of the data key: by spec or by number, never both. The pipeline has checked that the number is from 1 to 1024.
fn length(spec: Option<&DataKeySpec>, bytes: Option<i32>) -> Result<usize, Failure> {
    match (spec, bytes) {
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (Some(_), None) => Ok(32),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(Failure::internal),
        _ => Err(VALIDATION.because("Please specify either number of bytes or key spec.")),
    }
}
