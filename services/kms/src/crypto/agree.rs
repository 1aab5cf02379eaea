//! DeriveSharedSecret.

use api_kms::operations::DeriveSharedSecret;
use api_kms::{DeriveSharedSecretRequest, DeriveSharedSecretResponse};
use keyring::Error;
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use super::{AUDIT, refusal, usable};
use crate::lookup::{self, Accepts};
use crate::record::Usage;
use crate::{Kms, conditions, dry_run, facts, grant_token, recipient, usage};

impl Handle<DeriveSharedSecret> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::read("kms:DeriveSharedSecret").audited(AUDIT), facts::AGREE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeriveSharedSecretRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &DeriveSharedSecretRequest,
        request: &mut authz::Request,
    ) {
        let algorithm = input.key_agreement_algorithm.as_ref().map(|algorithm| algorithm.as_str());
        conditions::text(request, "kms:KeyAgreementAlgorithm", algorithm);
        conditions::recipient(request, input.recipient.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeriveSharedSecretRequest,
    ) -> Result<DeriveSharedSecretResponse, Failure> {
        let usage = Usage::KeyAgreement;
        let key = usable::<DeriveSharedSecret>(call, input.key_id(), usage).await?;
        let recipient = self.recipient(call, input.recipient.as_ref()).await?;
        let (material, _) = self.current(call, &key).await?;
        let secret = material.agree(input.public_key.as_deref().unwrap_or_default());
        let secret = secret.map_err(|error| match error {
            Error::InvalidPublicKey { spec } => VALIDATION.because(format!(
                "PublicKey is not a valid DER-encoded X.509 public key with key spec {spec}."
            )),
            other => refusal(&other),
        })?;
        let (shared_secret, for_recipient) = recipient::deliver(recipient.as_ref(), &secret)?;
        dry_run::stop(input.dry_run)?;
        usage::count::<DeriveSharedSecret>(call, &key)?;
        Ok(DeriveSharedSecretResponse {
            key_id: Some(key.arn()),
            shared_secret,
            ciphertext_for_recipient: for_recipient,
            key_agreement_algorithm: input.key_agreement_algorithm.clone(),
            key_origin: Some(key.origin.as_str().into()),
        })
    }
}
