//! The floors: a bare hyper server that does what no KMS can leave out, one HMAC over the request and one AES-GCM
//! encryption, and answers with as many bytes. No signature parsing, no JSON, no authorization, no record, no disk.
//!
//! The durable floor is the same and writes a record to disk before it answers, as cheaply as that can be done.

use std::convert::Infallible;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use client::Failure;

use crate::ledger::Ledger;

/// Bytes of plaintext in a call.
const PLAINTEXT_BYTES: usize = 64;
/// Bytes of a ciphertext blob besides its plaintext, as Bastide's format has them.
const BLOB_OVERHEAD_BYTES: usize = 100;

/// Serves until the process is killed; prints where.
pub(crate) fn run(durable: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        let floor = std::sync::Arc::new(Floor::new(durable)?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let floor = floor.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let floor = floor.clone();
                    async move { Ok::<_, Infallible>(floor.answer(request).await) }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

struct Floor {
    mac: hmac::Key,
    aead: LessSafeKey,
    ledger: Option<Ledger>,
}

impl Floor {
    fn new(durable: bool) -> Result<Self, Failure> {
        let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "no AES-256-GCM")?;
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        let ledger = durable.then(Ledger::start).transpose()?;
        Ok(Self { mac, aead: LessSafeKey::new(key), ledger })
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let body = request.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
        let tag = hmac::sign(&self.mac, &body);
        let mut nonce = [0; NONCE_LEN];
        let mut blob = vec![0; BLOB_OVERHEAD_BYTES - NONCE_LEN];
        let sealed = rand::fill(&mut nonce).is_ok() && {
            let mut data = vec![tag.as_ref()[0]; PLAINTEXT_BYTES];
            let nonce = Nonce::assume_unique_for_key(nonce);
            let done =
                self.aead.seal_in_place_append_tag(nonce, Aad::from(tag.as_ref()), &mut data);
            blob.truncate(BLOB_OVERHEAD_BYTES - AES_256_GCM.tag_len());
            blob.extend_from_slice(&data);
            done.is_ok()
        };
        let text = format!(
            r#"{{"CiphertextBlob":"{}","KeyId":"arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#,
            STANDARD.encode(&blob)
        );
        let recorded = match &self.ledger {
            Some(ledger) => ledger.record().await,
            None => true,
        };
        let mut response = hyper::Response::new(Full::new(Bytes::from(text)));
        let kind = hyper::header::HeaderValue::from_static("application/x-amz-json-1.1");
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
        if !sealed || !recorded {
            *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    }
}
