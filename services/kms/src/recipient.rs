//! Recipient: answers that only an attested enclave can read, in place of plaintext.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/cryptographic-attestation.html>
//! The document is verified against the configured root before the operation begins; without a root there is nobody to
//! trust and the request is refused.

use api_kms::RecipientInfo;
use keyring::attestation::{self, Attestation, TrustedRoots};
use keyring::{Error, Secret};
use platform::Call;
use serde_json::json;
use shape::error::VALIDATION;
use shape::{Blob, Failure};

use crate::Kms;
use crate::crypto::note;

/// An enclave whose attestation was verified.
pub(crate) struct Recipient {
    public_key: Vec<u8>,
}

impl Recipient {
    /// Encrypts `plaintext` so that the enclave alone can read it (`CiphertextForRecipient`).
    pub(crate) fn encrypt(&self, plaintext: &Secret) -> Result<Blob, Failure> {
        let sealed = keyring::recipient::encrypt(&self.public_key, plaintext.expose());
        sealed.map(Blob::new).map_err(|error| refuse(&error))
    }
}

/// Divides what an operation answers in secret: as it is, or for the recipient alone.
pub(crate) fn deliver(
    recipient: Option<&Recipient>,
    plaintext: &Secret,
) -> Result<(Option<Blob>, Option<Blob>), Failure> {
    match recipient {
        None => Ok((Some(plaintext.expose().into()), None)),
        Some(recipient) => Ok((None, Some(recipient.encrypt(plaintext)?))),
    }
}

impl Kms {
    /// Verifies the attestation of a request that has one, and names it in the audit record.
    ///
    /// # Errors
    /// `ValidationException`.
    pub(crate) async fn recipient(
        &self,
        call: &mut Call,
        given: Option<&RecipientInfo>,
    ) -> Result<Option<Recipient>, Failure> {
        let Some(given) = given else { return Ok(None) };
        let document = given.attestation_document.as_deref().unwrap_or_default().to_vec();
        let roots = match &self.nitro_root {
            Some(root) => TrustedRoots::parse(root).map_err(Failure::internal)?,
            None => TrustedRoots::none(),
        };
        let now = call.now;
        // A chain of P-384 signatures takes some milliseconds.
        let verify = move || attestation::parse(&document)?.verify(&roots, now);
        let attested = call.offload(verify).await?.map_err(|error| refuse(&error))?;
        note(call, "recipient", describe(&attested));
        let no_key = Error::Attestation("it has no public key");
        let public_key = attested.public_key.ok_or_else(|| refuse(&no_key))?;
        Ok(Some(Recipient { public_key }))
    }
}

/// What CloudTrail tells of an attested request ("Monitoring attested requests", KMS Developer Guide).
fn describe(attested: &Attestation) -> serde_json::Value {
    json!({
        "attestationDocumentModuleId": attested.module_id,
        "attestationDocumentEnclaveImageDigest": attested.pcr_hex(0),
    })
}

fn refuse(error: &Error) -> Failure {
    match error {
        Error::Attestation(why) => VALIDATION.because(format!(
            "The attestation document in the Recipient parameter is not valid: {why}."
        )),
        other => Failure::internal(other),
    }
}
