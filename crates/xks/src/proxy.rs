//! Asking a proxy: build, sign, send, check.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base::Timestamp;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use wire::request::Request;
use wire::sigv4::{Dialect, SecretKey, Signer, SigningKeys};

use crate::answer::{parse_decrypted, parse_refusal};
use crate::request::{Ask, Decrypt, Encrypt};
use crate::{
    AAD_MAX_BYTES, Address, Ciphertext, Error, Health, KeyMetadata, Metadata, PLAINTEXT_MAX_BYTES,
    RESPONSE_MAX_BYTES, SIGNING_NAME, TransportError,
};

/// Carries requests to proxies.
pub trait Transport: Send + Sync {
    /// The time that the signature shall bear: the wall's, which the proxy compares with its own.
    fn now(&self) -> Timestamp;

    /// Sends `request` over HTTPS to `host` and reads the whole answer, which must arrive within `time_out` and not be
    /// larger than `max_bytes`.
    fn send<'a>(
        &'a self,
        host: &'a str,
        request: Request,
        time_out: Duration,
        max_bytes: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send + 'a>>;
}

/// An answer as it arrived.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// A proxy, and all that it takes to ask it.
#[derive(Clone, Copy)]
pub struct Proxy<'a> {
    /// Where it is.
    pub address: &'a Address,
    /// The access key id of the store's credential.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a SecretKey,
    /// The Region that KMS asks from.
    pub region: &'a str,
    /// Where derived signing keys are kept.
    pub keys: &'a SigningKeys,
    /// What carries requests.
    pub transport: &'a dyn Transport,
    /// How long to wait for an answer: [`crate::TIMEOUT`] unless the operator chose otherwise.
    pub time_out: Duration,
}

impl Proxy<'_> {
    /// GetHealthStatus. `metadata` names the operation and the request id only.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn health(&self, metadata: &Metadata<'_>) -> Result<Health, Error> {
        let ask = Ask { request_metadata: metadata };
        Health::parse(&self.ask(self.address.health(), &ask).await?)
    }

    /// GetKeyMetadata of the external key `id`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn key_metadata(
        &self,
        id: &str,
        metadata: &Metadata<'_>,
    ) -> Result<KeyMetadata, Error> {
        let ask = Ask { request_metadata: metadata };
        KeyMetadata::parse(&self.ask(self.address.key(id, "metadata")?, &ask).await?)
    }

    /// Encrypt with the external key `id`. At most [`PLAINTEXT_MAX_BYTES`], with at most [`AAD_MAX_BYTES`] of
    /// additional data.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn encrypt(
        &self,
        id: &str,
        metadata: &Metadata<'_>,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Ciphertext, Error> {
        debug_assert!(aad.len() <= AAD_MAX_BYTES && plaintext.len() <= PLAINTEXT_MAX_BYTES);
        let ask = Encrypt::new(metadata, aad, plaintext);
        let body = self.ask(self.address.key(id, "encrypt")?, &ask).await?;
        Ciphertext::parse(&body, aad, plaintext.len())
    }

    /// Decrypt with the external key `id` and the additional data that it was encrypted with.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn decrypt(
        &self,
        id: &str,
        metadata: &Metadata<'_>,
        aad: &[u8],
        from: &Ciphertext,
    ) -> Result<Vec<u8>, Error> {
        let ask = Decrypt::new(metadata, aad, from);
        let body = self.ask(self.address.key(id, "decrypt")?, &ask).await?;
        parse_decrypted(&body, from.ciphertext.len())
    }

    async fn ask(&self, path: String, ask: &impl Serialize) -> Result<Bytes, Error> {
        let request = self.signed(path, ask)?;
        let host = self.address.host();
        let reply = self.transport.send(host, request, self.time_out, RESPONSE_MAX_BYTES).await?;
        match reply.status {
            _ if reply.body.len() > RESPONSE_MAX_BYTES => Err(TransportError::Unreadable.into()),
            status if status == StatusCode::OK.as_u16() => Ok(reply.body),
            _ => Err(parse_refusal(&reply.body)),
        }
    }

    /// The request, signed over `host` and `x-amz-date` alone, as KMS does (appendix A of the specification).
    fn signed(&self, path: String, ask: &impl Serialize) -> Result<Request, Error> {
        // Serialising strings and base64 into memory does not fail.
        let body = serde_json::to_vec(ask).unwrap_or_default();
        let mut request =
            Request { method: Method::POST, path, body: body.into(), ..Request::default() };
        let host = HeaderValue::from_str(self.address.host()).map_err(|_| Error::Credential)?;
        request.headers.insert(HOST, host);
        let signer = Signer {
            access_key_id: self.access_key_id,
            secret: self.secret,
            session_token: None,
            region: self.region,
            service: SIGNING_NAME,
            dialect: Dialect::Standard,
            keys: self.keys,
        };
        signer.sign(&mut request, self.transport.now()).map_err(|_| Error::Credential)?;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
