//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

use api_kms::error::UNSUPPORTED_OPERATION_EXCEPTION;
use api_kms::operations::{GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext};
use api_kms::{
    DataKeyPairSpec, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextRequest, GenerateDataKeyPairWithoutPlaintextResponse,
};
use keyring::{KeySpec, Material};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use super::data_key::check_symmetric;
use super::encrypt::{Ciphertext, Context};
use super::{AUDIT, algorithm_name, usable};
use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Usage};
use crate::{Kms, conditions, dry_run, facts, grant_token, recipient, usage};

impl Handle<GenerateDataKeyPair> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::read("kms:GenerateDataKeyPair").audited(AUDIT), facts::DATA_KEY_PAIR);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyPairRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GenerateDataKeyPairRequest,
        request: &mut authz::Request,
    ) {
        conditions::encryption(request, algorithm_name(None), input.encryption_context.as_ref());
        let spec = input.key_pair_spec.as_ref().map(|spec| spec.as_str());
        conditions::text(request, "kms:DataKeyPairSpec", spec);
        conditions::recipient(request, input.recipient.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyPairRequest,
    ) -> Result<GenerateDataKeyPairResponse, Failure> {
        let usage = Usage::EncryptDecrypt;
        let key = usable::<GenerateDataKeyPair>(call, input.key_id(), usage).await?;
        let recipient = self.recipient(call, input.recipient.as_ref()).await?;
        let (spec, context) = (input.key_pair_spec.as_ref(), input.encryption_context.as_ref());
        let (pair, made) = self.make_pair(call, &key, spec, context, input.dry_run).await?;
        let private = pair.private_key_pkcs8().map_err(Failure::internal)?;
        let (plaintext, for_recipient) = recipient::deliver(recipient.as_ref(), private)?;
        usage::count::<GenerateDataKeyPair>(call, &key)?;
        Ok(GenerateDataKeyPairResponse {
            private_key_ciphertext_blob: Some(made.blob.into()),
            private_key_plaintext: plaintext,
            public_key: Some(pair.public_key_der().map_err(Failure::internal)?.into()),
            key_id: Some(key.arn()),
            key_pair_spec: input.key_pair_spec.clone(),
            ciphertext_for_recipient: for_recipient,
            key_material_id: made.material_id.filter(|_| recipient.is_none()),
        })
    }
}

impl Handle<GenerateDataKeyPairWithoutPlaintext> for Kms {
    const FACTS: Facts = facts::on_key(
        Facts::read("kms:GenerateDataKeyPairWithoutPlaintext").audited(AUDIT),
        facts::DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
    );

    async fn resources(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyPairWithoutPlaintextRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GenerateDataKeyPairWithoutPlaintextRequest,
        request: &mut authz::Request,
    ) {
        conditions::encryption(request, algorithm_name(None), input.encryption_context.as_ref());
        let spec = input.key_pair_spec.as_ref().map(|spec| spec.as_str());
        conditions::text(request, "kms:DataKeyPairSpec", spec);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateDataKeyPairWithoutPlaintextRequest,
    ) -> Result<GenerateDataKeyPairWithoutPlaintextResponse, Failure> {
        type O = GenerateDataKeyPairWithoutPlaintext;
        let key = usable::<O>(call, input.key_id(), Usage::EncryptDecrypt).await?;
        let (spec, context) = (input.key_pair_spec.as_ref(), input.encryption_context.as_ref());
        let (pair, made) = self.make_pair(call, &key, spec, context, input.dry_run).await?;
        usage::count::<O>(call, &key)?;
        Ok(GenerateDataKeyPairWithoutPlaintextResponse {
            private_key_ciphertext_blob: Some(made.blob.into()),
            public_key: Some(pair.public_key_der().map_err(Failure::internal)?.into()),
            key_id: Some(key.arn()),
            key_pair_spec: input.key_pair_spec.clone(),
            key_material_id: made.material_id,
        })
    }
}

impl Kms {
    /// A new pair and its private half encrypted. A dry run ends before the pair is made, which may take long.
    async fn make_pair(
        &self,
        call: &mut Call,
        key: &KeyRecord,
        spec: Option<&DataKeyPairSpec>,
        context: Option<&Context>,
        dry_run: Option<bool>,
    ) -> Result<(Material, Ciphertext), Failure> {
        check_symmetric(key)?;
        if key.external.is_some() {
            let (arn, origin) = (key.arn(), key.origin.as_str());
            let text = format!("{arn} origin is {origin} which is not valid for this operation.");
            return Err(UNSUPPORTED_OPERATION_EXCEPTION.because(text));
        }
        let name = spec.map_or("", DataKeyPairSpec::as_str);
        // SM2, which only China Regions have, is left over.
        let unsupported = || {
            let text = format!("KeyPairSpec {name} is not supported in this Region.");
            UNSUPPORTED_OPERATION_EXCEPTION.because(text)
        };
        let spec = KeySpec::parse(name).filter(|spec| spec.is_data_key_pair());
        let spec = spec.ok_or_else(unsupported)?;
        self.current(call, key).await?;
        dry_run::stop(dry_run)?;
        let pair = self.generate(call, spec).await?;
        let private = pair.private_key_pkcs8().map_err(Failure::internal)?;
        let made = self.wrap(call, key, context, private).await?;
        Ok((pair, made))
    }
}
