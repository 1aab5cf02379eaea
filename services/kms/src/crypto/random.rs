//! GenerateRandom.

use api_kms::operations::GenerateRandom;
use api_kms::{GenerateRandomRequest, GenerateRandomResponse};
use platform::{Call, Facts, Handle};
use shape::Failure;
use shape::error::VALIDATION;

use super::AUDIT;
use crate::{Kms, conditions, custom_store, facts, recipient};

impl Handle<GenerateRandom> for Kms {
    const FACTS: Facts = Facts::read("kms:GenerateRandom").audited(AUDIT).keys(facts::RANDOM);

    fn conditions(
        &self,
        _call: &Call,
        input: &GenerateRandomRequest,
        request: &mut authz::Request,
    ) {
        conditions::recipient(request, input.recipient.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateRandomRequest,
    ) -> Result<GenerateRandomResponse, Failure> {
        custom_store::check_random(call, input.custom_key_store_id.as_deref()).await?;
        let length = input.number_of_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let length = length.ok_or_else(|| VALIDATION.because("NumberOfBytes is required."))?;
        let recipient = self.recipient(call, input.recipient.as_ref()).await?;
        let bytes = keyring::random_bytes(length).map_err(Failure::internal)?;
        let (plaintext, ciphertext_for_recipient) = recipient::deliver(recipient.as_ref(), &bytes)?;
        Ok(GenerateRandomResponse { plaintext, ciphertext_for_recipient })
    }
}
