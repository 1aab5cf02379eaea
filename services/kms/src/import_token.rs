//! GetParametersForImport: wrapping keys and the tokens that carry their private halves.
//!
//! A token is all that is kept of a wrapping key: the private half sealed for one key, algorithm and end of validity, so
//! that nothing needs to be stored and nothing can be mixed up.

use std::time::Duration;

use api_kms::error::{
    EXPIRED_IMPORT_TOKEN_EXCEPTION, INVALID_IMPORT_TOKEN_EXCEPTION, UNSUPPORTED_OPERATION_EXCEPTION,
};
use api_kms::operations::GetParametersForImport;
use api_kms::{
    AlgorithmSpec, GetParametersForImportRequest, GetParametersForImportResponse,
    WrappingKeySpec as WrappingKeySpecName,
};
use base::Timestamp;
use keyring::{
    KeySpec, Keyring, Sealed, WrappingAlgorithm, WrappingKey, WrappingKeySpec, error::Error,
};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Origin};
use crate::state;
use crate::{Kms, conditions, facts};

/// How long a wrapping key and its token are valid ("24 hours", GetParametersForImport).
const VALID_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// The form of tokens.
const VERSION: u8 = 1;
/// Bytes before the sealed key: version, wrapping algorithm, end of validity in milliseconds.
const HEAD_LEN: usize = 1 + 1 + 8;

impl Handle<GetParametersForImport> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::read("kms:GetParametersForImport"), facts::IMPORT_PARAMETERS);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetParametersForImportRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GetParametersForImportRequest,
        request: &mut authz::Request,
    ) {
        let algorithm = input.wrapping_algorithm.as_ref().map(AlgorithmSpec::as_str);
        conditions::text(request, "kms:WrappingAlgorithm", algorithm);
        let spec = input.wrapping_key_spec.as_ref().map(WrappingKeySpecName::as_str);
        conditions::text(request, "kms:WrappingKeySpec", spec);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetParametersForImportRequest,
    ) -> Result<GetParametersForImportResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::OwnKey).await?;
        check_origin(&key)?;
        state::check::<GetParametersForImport>(&key)?;
        let algorithm = input.wrapping_algorithm.as_ref().map_or("", AlgorithmSpec::as_str);
        let spec = input.wrapping_key_spec.as_ref().map_or("", WrappingKeySpecName::as_str);
        let (algorithm, spec) = wrapping(key.spec, algorithm, spec)?;
        let wrapping = call.offload(move || WrappingKey::generate(spec)).await?;
        let wrapping = wrapping.map_err(Failure::internal)?;
        let valid_to = call.now + VALID_FOR;
        let token = Token { algorithm, valid_to };
        Ok(GetParametersForImportResponse {
            key_id: Some(key.arn()),
            import_token: Some(token.write(&self.keyring, &key, &wrapping)?.into()),
            public_key: Some(wrapping.public_key_der().into()),
            parameters_valid_to: Some(valid_to),
        })
    }
}

/// Only keys that were made to take imported material do.
pub(crate) fn check_origin(key: &KeyRecord) -> Result<(), Failure> {
    if key.origin == Origin::External {
        return Ok(());
    }
    let (arn, origin) = (key.arn(), key.origin.as_str());
    Err(UNSUPPORTED_OPERATION_EXCEPTION
        .because(format!("{arn} origin is {origin} which is not valid for this operation.")))
}

/// The wrapping that was asked for, if it can hold material of `spec`: RSA private keys never fit under RSA alone, nor
/// does a P-521 key under RSA_2048.
fn wrapping(
    spec: KeySpec,
    algorithm: &str,
    wrapping_spec: &str,
) -> Result<(WrappingAlgorithm, WrappingKeySpec), Failure> {
    let unsupported = || {
        UNSUPPORTED_OPERATION_EXCEPTION.because(format!(
            "Wrapping algorithm {algorithm} with wrapping key spec {wrapping_spec} is not supported for key material of key spec {spec}."
        ))
    };
    let algorithm = WrappingAlgorithm::parse(algorithm).ok_or_else(unsupported)?;
    let wrapping_spec = WrappingKeySpec::parse(wrapping_spec).ok_or_else(unsupported)?;
    let alone =
        matches!(algorithm, WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256);
    let too_long = match spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => true,
        KeySpec::EccNistP521 => wrapping_spec == WrappingKeySpec::Rsa2048,
        _ => false,
    };
    if alone && too_long { Err(unsupported()) } else { Ok((algorithm, wrapping_spec)) }
}

/// What a token says besides the key in it.
pub(crate) struct Token {
    /// How the material will be wrapped.
    pub(crate) algorithm: WrappingAlgorithm,
    /// The last moment at which the token may be used.
    valid_to: Timestamp,
}

impl Token {
    /// Reads a token that was made for `key`, and opens the wrapping key in it. Slow: it checks an RSA key.
    ///
    /// # Errors
    /// `InvalidImportTokenException`, `ExpiredImportTokenException`.
    pub(crate) fn open(
        bytes: &[u8],
        keyring: &Keyring,
        key: &KeyRecord,
        now: Timestamp,
    ) -> Result<(Self, WrappingKey), Failure> {
        let invalid = || {
            INVALID_IMPORT_TOKEN_EXCEPTION.because("The import token is not valid for this key.")
        };
        let (head, sealed) = bytes.split_first_chunk::<HEAD_LEN>().ok_or_else(invalid)?;
        let [VERSION, algorithm, valid_to @ ..] = *head else { return Err(invalid()) };
        let algorithm = WrappingAlgorithm::ALL.get(usize::from(algorithm)).ok_or_else(invalid)?;
        let valid_to = Timestamp::from_millis(i64::from_be_bytes(valid_to));
        let token = Self { algorithm: *algorithm, valid_to };
        let sealed = Sealed::from_bytes(sealed.to_vec());
        let context = token.context(key);
        let wrapping =
            WrappingKey::from_sealed(keyring, key.account, &key.region, &context, &sealed);
        let wrapping = wrapping.map_err(|error| match error {
            Error::Unseal => invalid(),
            other => Failure::internal(other),
        })?;
        if token.valid_to < now {
            return Err(EXPIRED_IMPORT_TOKEN_EXCEPTION.because("The import token has expired."));
        }
        Ok((token, wrapping))
    }

    fn write(
        &self,
        keyring: &Keyring,
        key: &KeyRecord,
        wrapping: &WrappingKey,
    ) -> Result<Vec<u8>, Failure> {
        let context = self.context(key);
        let sealed = wrapping
            .to_sealed(keyring, key.account, &key.region, &context)
            .map_err(Failure::internal)?;
        let mut bytes = self.head().to_vec();
        bytes.extend_from_slice(sealed.as_bytes());
        Ok(bytes)
    }

    fn head(&self) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        head[0] = VERSION;
        // The place in the list is part of the format: the list only grows at its end.
        let place = WrappingAlgorithm::ALL.iter().position(|known| *known == self.algorithm);
        head[1] = place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX);
        head[2..].copy_from_slice(&self.valid_to.millis().to_be_bytes());
        head
    }

    /// What the sealed key is bound to.
    fn context(&self, key: &KeyRecord) -> Vec<u8> {
        let mut context = format!("kms/import-token/{}/", key.id).into_bytes();
        context.extend_from_slice(&self.head());
        context
    }
}
