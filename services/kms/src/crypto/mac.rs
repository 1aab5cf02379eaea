//! GenerateMac and VerifyMac.

use api_kms::error::KMS_INVALID_MAC_EXCEPTION;
use api_kms::operations::{GenerateMac, VerifyMac};
use api_kms::{
    GenerateMacRequest, GenerateMacResponse, MacAlgorithmSpec, VerifyMacRequest, VerifyMacResponse,
};
use keyring::MacAlgorithm;
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use super::{AUDIT, incompatible, refusal, usable};
use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Usage};
use crate::{Kms, conditions, dry_run, facts, grant_token, usage};

impl Handle<GenerateMac> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:GenerateMac").audited(AUDIT), facts::MAC);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GenerateMacRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(&self, _call: &Call, input: &GenerateMacRequest, request: &mut authz::Request) {
        let algorithm = input.mac_algorithm.as_ref().map(|algorithm| algorithm.as_str());
        conditions::text(request, "kms:MacAlgorithm", algorithm);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateMacRequest,
    ) -> Result<GenerateMacResponse, Failure> {
        let usage = Usage::GenerateVerifyMac;
        let key = usable::<GenerateMac>(call, input.key_id(), usage).await?;
        let algorithm = algorithm(&key, input.mac_algorithm.as_ref())?;
        let (material, _) = self.current(call, &key).await?;
        let code = material.mac(algorithm, input.message.as_deref().unwrap_or_default());
        let code = code.map_err(|error| refusal(&error))?;
        dry_run::stop(input.dry_run)?;
        usage::count::<GenerateMac>(call, &key)?;
        Ok(GenerateMacResponse {
            mac: Some(code.into()),
            mac_algorithm: input.mac_algorithm.clone(),
            key_id: Some(key.arn()),
        })
    }
}

impl Handle<VerifyMac> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:VerifyMac").audited(AUDIT), facts::MAC);

    async fn resources(
        &self,
        call: &mut Call,
        input: &VerifyMacRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(&self, _call: &Call, input: &VerifyMacRequest, request: &mut authz::Request) {
        let algorithm = input.mac_algorithm.as_ref().map(|algorithm| algorithm.as_str());
        conditions::text(request, "kms:MacAlgorithm", algorithm);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &VerifyMacRequest,
    ) -> Result<VerifyMacResponse, Failure> {
        let usage = Usage::GenerateVerifyMac;
        let key = usable::<VerifyMac>(call, input.key_id(), usage).await?;
        let algorithm = algorithm(&key, input.mac_algorithm.as_ref())?;
        let (material, _) = self.current(call, &key).await?;
        let message = input.message.as_deref().unwrap_or_default();
        let valid =
            material.verify_mac(algorithm, message, input.mac.as_deref().unwrap_or_default());
        if !valid.map_err(|error| refusal(&error))? {
            return Err(KMS_INVALID_MAC_EXCEPTION.because(""));
        }
        dry_run::stop(input.dry_run)?;
        usage::count::<VerifyMac>(call, &key)?;
        Ok(VerifyMacResponse {
            key_id: Some(key.arn()),
            mac_valid: Some(true),
            mac_algorithm: input.mac_algorithm.clone(),
        })
    }
}

/// The algorithm of the request, if the key has it.
fn algorithm(key: &KeyRecord, given: Option<&MacAlgorithmSpec>) -> Result<MacAlgorithm, Failure> {
    let name = given.map_or("", MacAlgorithmSpec::as_str);
    MacAlgorithm::parse(name)
        .filter(|algorithm| key.spec.mac_algorithms().contains(algorithm))
        .ok_or_else(|| incompatible(name, key.spec))
}
