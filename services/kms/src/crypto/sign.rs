//! Sign and Verify.

use std::sync::Arc;

use api_kms::error::KMS_INVALID_SIGNATURE_EXCEPTION;
use api_kms::operations::{Sign, Verify};
use api_kms::{SignRequest, SignResponse, SigningAlgorithmSpec, VerifyRequest, VerifyResponse};
use keyring::{Error, KeySpec, Material, MessageType, SigningAlgorithm};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use super::{AUDIT, incompatible, refusal, usable};
use crate::lookup::{self, Accepts};
use crate::material_cache::is_slow;
use crate::record::{KeyRecord, Usage};
use crate::{Kms, conditions, dry_run, facts, grant_token, usage};

impl Handle<Sign> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:Sign").audited(AUDIT), facts::SIGN);

    async fn resources(
        &self,
        call: &mut Call,
        input: &SignRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(&self, _call: &Call, input: &SignRequest, request: &mut authz::Request) {
        let algorithm = input.signing_algorithm.as_ref().map(|algorithm| algorithm.as_str());
        conditions::text(request, "kms:SigningAlgorithm", algorithm);
        let kind = message_type(input.message_type.as_ref()).as_str();
        request.context.set("kms:MessageType", kind);
    }

    async fn handle(&self, call: &mut Call, input: &SignRequest) -> Result<SignResponse, Failure> {
        let key = usable::<Sign>(call, input.key_id(), Usage::SignVerify).await?;
        let algorithm = algorithm(&key, input.signing_algorithm.as_ref())?;
        let kind = message_type(input.message_type.as_ref());
        let (material, _) = self.current(call, &key).await?;
        let message = input.message.as_deref().unwrap_or_default();
        let signature = if is_slow(key.spec) {
            let message = message.to_vec();
            call.offload(move || material.sign(algorithm, kind, &message)).await?
        } else {
            material.sign(algorithm, kind, message)
        };
        let signature = signature.map_err(|error| wrong_message(&error, key.spec, kind))?;
        dry_run::stop(input.dry_run)?;
        usage::count::<Sign>(call, &key)?;
        Ok(SignResponse {
            key_id: Some(key.arn()),
            signature: Some(signature.into()),
            signing_algorithm: input.signing_algorithm.clone(),
        })
    }
}

impl Handle<Verify> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:Verify").audited(AUDIT), facts::SIGN);

    async fn resources(
        &self,
        call: &mut Call,
        input: &VerifyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(&self, _call: &Call, input: &VerifyRequest, request: &mut authz::Request) {
        let algorithm = input.signing_algorithm.as_ref().map(|algorithm| algorithm.as_str());
        conditions::text(request, "kms:SigningAlgorithm", algorithm);
        let kind = message_type(input.message_type.as_ref()).as_str();
        request.context.set("kms:MessageType", kind);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &VerifyRequest,
    ) -> Result<VerifyResponse, Failure> {
        let key = usable::<Verify>(call, input.key_id(), Usage::SignVerify).await?;
        let algorithm = algorithm(&key, input.signing_algorithm.as_ref())?;
        let kind = message_type(input.message_type.as_ref());
        let material: Arc<Material> = self.current(call, &key).await?.0;
        let message = input.message.as_deref().unwrap_or_default();
        let signature = input.signature.as_deref().unwrap_or_default();
        let valid = material.verify(algorithm, kind, message, signature);
        if !valid.map_err(|error| wrong_message(&error, key.spec, kind))? {
            return Err(KMS_INVALID_SIGNATURE_EXCEPTION.because(""));
        }
        dry_run::stop(input.dry_run)?;
        usage::count::<Verify>(call, &key)?;
        Ok(VerifyResponse {
            key_id: Some(key.arn()),
            signature_valid: Some(true),
            signing_algorithm: input.signing_algorithm.clone(),
        })
    }
}

/// The algorithm of the request, if the key has it. SM2DSA, which only China Regions have, is nobody's.
fn algorithm(
    key: &KeyRecord,
    given: Option<&SigningAlgorithmSpec>,
) -> Result<SigningAlgorithm, Failure> {
    let name = given.map_or("", SigningAlgorithmSpec::as_str);
    SigningAlgorithm::parse(name)
        .filter(|algorithm| key.spec.signing_algorithms().contains(algorithm))
        .ok_or_else(|| incompatible(name, key.spec))
}

fn message_type(given: Option<&api_kms::MessageType>) -> MessageType {
    match given {
        Some(api_kms::MessageType::Digest) => MessageType::Digest,
        Some(api_kms::MessageType::ExternalMu) => MessageType::ExternalMu,
        _ => MessageType::Raw,
    }
}

/// Refusals of messages in KMS's words: it blames the algorithm of Edwards keys, which have two, and the spec of others.
fn wrong_message(error: &Error, spec: KeySpec, kind: MessageType) -> Failure {
    match error {
        Error::UnsupportedMessageType { algorithm, .. } if spec == KeySpec::EccNistEdwards25519 => {
            let text = format!("Message type {kind} is incompatible with algorithm {algorithm}.");
            VALIDATION.because(text)
        }
        Error::UnsupportedMessageType { .. } => {
            VALIDATION.because(format!("Message type {kind} is incompatible with key spec {spec}."))
        }
        Error::DigestLength { algorithm } if kind == MessageType::ExternalMu => {
            let text = format!("External Mu is invalid length for algorithm {algorithm}.");
            VALIDATION.because(text)
        }
        other => refusal(other),
    }
}
