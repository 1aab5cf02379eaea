//! ReEncrypt: decrypts under one key and encrypts under another, without the plaintext leaving.

use api_kms::operations::ReEncrypt;
use api_kms::{ReEncryptRequest, ReEncryptResponse};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use super::decrypt::Source;
use super::encrypt::note_request;
use super::{AUDIT, algorithm_name, algorithm_of, check_use, note, usable};
use crate::lookup::{self, Accepts};
use crate::record::Usage;
use crate::{Kms, conditions, dry_run, facts, grant_token, usage};

/// What the destination key needs; the source needs the action of the operation's facts.
const TO: &str = "kms:ReEncryptTo";

impl Handle<ReEncrypt> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::read("kms:ReEncryptFrom").audited(AUDIT), facts::RE_ENCRYPT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ReEncryptRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        note_request(
            call,
            &[
                ("sourceKeyId", input.source_key_id.as_deref()),
                ("destinationKeyId", input.destination_key_id.as_deref()),
            ],
            &[
                ("sourceEncryptionAlgorithm", input.source_encryption_algorithm.as_ref()),
                ("destinationEncryptionAlgorithm", input.destination_encryption_algorithm.as_ref()),
            ],
            &[
                ("sourceEncryptionContext", input.source_encryption_context.as_ref()),
                ("destinationEncryptionContext", input.destination_encryption_context.as_ref()),
            ],
            input.dry_run,
        );
        let source = source(input);
        let from = source.key(call).await?;
        let to = lookup::find(call, input.destination_key_id(), Accepts::KeyOrAlias).await?;
        let same = from.arn() == to.arn();
        let from = source.resource(call, &from);
        let to = lookup::named(call, &to, input.destination_key_id()).for_action(TO);
        Ok([from, to].map(|key| key.with("kms:ReEncryptOnSameKey", same)).into())
    }

    fn conditions(&self, _call: &Call, input: &ReEncryptRequest, request: &mut authz::Request) {
        let (algorithm, context) = match request.action() {
            TO => (&input.destination_encryption_algorithm, &input.destination_encryption_context),
            _ => (&input.source_encryption_algorithm, &input.source_encryption_context),
        };
        conditions::encryption(request, algorithm_name(algorithm.as_ref()), context.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ReEncryptRequest,
    ) -> Result<ReEncryptResponse, Failure> {
        let source = source(input);
        let from = source.key(call).await?;
        check_use::<ReEncrypt>(&from, Usage::EncryptDecrypt)?;
        let usage = Usage::EncryptDecrypt;
        let to = usable::<ReEncrypt>(call, input.destination_key_id(), usage).await?;
        let algorithm = algorithm_name(input.destination_encryption_algorithm.as_ref());
        algorithm_of(&to, algorithm)?;
        let opened = self.decrypt(call, &from, &source).await?;
        if source.ignored {
            dry_run::stop(input.dry_run)?;
        }
        let context = input.destination_encryption_context.as_ref();
        let plaintext = opened.plaintext.expose();
        let made = self.encrypt(call, &to, algorithm, context, plaintext).await?;
        if let Some(material) = &made.material_id {
            note(call, "destinationKeyMaterialId", material.as_str().into());
        }
        if let Some(material) = &opened.material_id {
            note(call, "sourceKeyMaterialId", material.as_str().into());
        }
        dry_run::stop(input.dry_run)?;
        usage::count::<ReEncrypt>(call, &from)?;
        if (&from.id, &from.account) != (&to.id, &to.account) {
            usage::count::<ReEncrypt>(call, &to)?;
        }
        Ok(ReEncryptResponse {
            ciphertext_blob: Some(made.blob.into()),
            source_key_id: Some(from.arn()),
            key_id: Some(to.arn()),
            source_encryption_algorithm: Some(source.algorithm.into()),
            destination_encryption_algorithm: Some(algorithm.into()),
            source_key_material_id: opened.material_id,
            destination_key_material_id: made.material_id,
        })
    }
}

fn source(input: &ReEncryptRequest) -> Source<'_> {
    Source {
        key_id: input.source_key_id.as_deref(),
        key_id_member: "sourceKeyId",
        algorithm: algorithm_name(input.source_encryption_algorithm.as_ref()),
        context: input.source_encryption_context.as_ref(),
        ciphertext: input.ciphertext_blob.as_deref(),
        ignored: dry_run::ignores_ciphertext(input.dry_run, input.dry_run_modifiers.as_ref()),
    }
}
