//! Encapsulate and Decapsulate (ML-KEM, FIPS 203).

use api_kms::operations::{Decapsulate, Encapsulate};
use api_kms::{DecapsulateRequest, DecapsulateResponse, EncapsulateRequest, EncapsulateResponse};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use super::{AUDIT, refusal, usable};
use crate::lookup::{self, Accepts};
use crate::record::Usage;
use crate::{Kms, dry_run, facts, grant_token, usage};

impl Handle<Encapsulate> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:Encapsulate").audited(AUDIT), facts::NAMED);

    async fn resources(
        &self,
        call: &mut Call,
        input: &EncapsulateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &EncapsulateRequest,
    ) -> Result<EncapsulateResponse, Failure> {
        let usage = Usage::EncapsulateDecapsulate;
        let key = usable::<Encapsulate>(call, input.key_id(), usage).await?;
        let (material, _) = self.current(call, &key).await?;
        let (ciphertext, secret) = material.encapsulate().map_err(|error| refusal(&error))?;
        dry_run::stop(input.dry_run)?;
        usage::count::<Encapsulate>(call, &key)?;
        Ok(EncapsulateResponse {
            key_id: Some(key.arn()),
            shared_secret: Some(secret.expose().into()),
            shared_secret_ciphertext_blob: Some(ciphertext.into()),
            encapsulation_algorithm: input.encapsulation_algorithm.clone(),
        })
    }
}

impl Handle<Decapsulate> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:Decapsulate").audited(AUDIT), facts::NAMED);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DecapsulateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DecapsulateRequest,
    ) -> Result<DecapsulateResponse, Failure> {
        let usage = Usage::EncapsulateDecapsulate;
        let key = usable::<Decapsulate>(call, input.key_id(), usage).await?;
        let (material, _) = self.current(call, &key).await?;
        let ciphertext = input.shared_secret_ciphertext_blob.as_deref().unwrap_or_default();
        let secret = material.decapsulate(ciphertext).map_err(|error| refusal(&error))?;
        dry_run::stop(input.dry_run)?;
        usage::count::<Decapsulate>(call, &key)?;
        Ok(DecapsulateResponse {
            key_id: Some(key.arn()),
            shared_secret: Some(secret.expose().into()),
            encapsulation_algorithm: input.encapsulation_algorithm.clone(),
        })
    }
}
