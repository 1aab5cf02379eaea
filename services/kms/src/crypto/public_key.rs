//! GetPublicKey.

use api_kms::error::UNSUPPORTED_OPERATION_EXCEPTION;
use api_kms::operations::GetPublicKey;
use api_kms::{GetPublicKeyRequest, GetPublicKeyResponse};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use super::AUDIT;
use crate::grant_token;
use crate::lookup::{self, Accepts};
use crate::record::Usage;
use crate::state;
use crate::{Kms, facts};

impl Handle<GetPublicKey> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::read("kms:GetPublicKey").audited(AUDIT), facts::NAMED);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetPublicKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        lookup::resource(call, input.key_id(), Accepts::KeyOrAlias).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetPublicKeyRequest,
    ) -> Result<GetPublicKeyResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::KeyOrAlias).await?;
        state::check::<GetPublicKey>(&key)?;
        let (arn, spec) = (key.arn(), key.spec);
        if !spec.is_asymmetric() {
            let text = format!("{arn} key spec is {spec} which is not valid for GetPublicKey.");
            return Err(UNSUPPORTED_OPERATION_EXCEPTION.because(text));
        }
        let (material, _) = self.current(call, &key).await?;
        let mut answer = GetPublicKeyResponse {
            key_id: Some(arn),
            public_key: Some(material.public_key_der().map_err(Failure::internal)?.into()),
            customer_master_key_spec: Some(spec.as_str().into()),
            key_spec: Some(spec.as_str().into()),
            key_usage: Some(key.usage.as_str().into()),
            ..GetPublicKeyResponse::default()
        };
        match key.usage {
            Usage::EncryptDecrypt => {
                answer.encryption_algorithms =
                    names(spec.encryption_algorithms(), |algorithm| algorithm.as_str());
            }
            Usage::SignVerify => {
                answer.signing_algorithms =
                    names(spec.signing_algorithms(), |algorithm| algorithm.as_str());
            }
            Usage::KeyAgreement => {
                answer.key_agreement_algorithms =
                    names(spec.key_agreement_algorithms(), |algorithm| algorithm.as_str());
            }
            Usage::EncapsulateDecapsulate => {
                answer.encapsulation_algorithms =
                    names(spec.encapsulation_algorithms(), |algorithm| algorithm.as_str());
            }
            Usage::GenerateVerifyMac => {}
        }
        Ok(answer)
    }
}

fn names<A: Copy, T: From<&'static str>>(
    algorithms: &[A],
    name: fn(A) -> &'static str,
) -> Option<Vec<T>> {
    Some(algorithms.iter().map(|algorithm| T::from(name(*algorithm))).collect())
}
