//! An external key store proxy with an AES key of its own, which can be told to misbehave. It follows the specification, so
//! what KMS sends is checked here too: signature, sizes, integrity value.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest;
use base::{Clock as _, clock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use wire::sigv4::{Dialect, Expected, SecretKey, SigningKeys, parse};

/// The store's credential.
pub const ACCESS_KEY_ID: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";
pub const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U";
/// Notes that the proxy adds to every ciphertext.
const NOTES: &[u8] = b"key_version=1";
const TAG_BYTES: usize = 16;

/// A running proxy.
#[derive(Clone)]
pub struct Proxy {
    pub port: u16,
    shared: Arc<Mutex<State>>,
}

/// What the proxy does and has seen.
pub struct State {
    /// What it does instead of its work.
    pub fault: Option<Fault>,
    /// `healthStatus` of its one key manager.
    pub health: &'static str,
    /// Its external keys with their metadata.
    pub keys: BTreeMap<String, Value>,
    /// Path and body of every request with a good signature.
    pub seen: Vec<(String, Value)>,
    encrypted: u32,
}

/// Ways to misbehave.
#[derive(Clone)]
pub enum Fault {
    /// This error of the API.
    Refuse(&'static str),
    /// This status and body.
    Answer(u16, String),
    /// No answer at all.
    Hang,
    /// A success with this field of the answer changed.
    Change(&'static str, Value),
}

impl Proxy {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let fit = json!({"keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "ENABLED"});
        let keys = ["key-1", "key-2"].map(|id| (id.to_owned(), fit.clone())).into();
        let state = State { fault: None, health: "ACTIVE", keys, seen: Vec::new(), encrypted: 0 };
        let shared = Arc::new(Mutex::new(state));
        let proxy = Self { port, shared };
        tokio::spawn({
            let proxy = proxy.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let proxy = proxy.clone();
                    tokio::spawn(async move {
                        let service = service_fn(|request| proxy.serve(request));
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), service)
                            .await;
                    });
                }
            }
        });
        proxy
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().expect("not poisoned")
    }

    /// Misbehaves from now on.
    pub fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// Works from now on.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    async fn serve(
        &self,
        request: hyper::Request<hyper::body::Incoming>,
    ) -> Result<hyper::Response<Full<bytes::Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let request = wire::Request::from_parts(head, body);
        let fault = self.state().fault.clone();
        let (status, answer) = match fault {
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Answer(status, body)) => (status, body),
            Some(Fault::Refuse(name)) => refusal(name),
            Some(Fault::Change(field, value)) => match self.answer(&request) {
                Ok(mut answer) => {
                    answer[field] = value;
                    (200, answer.to_string())
                }
                Err(name) => refusal(name),
            },
            None => match self.answer(&request) {
                Ok(answer) => (200, answer.to_string()),
                Err(name) => refusal(name),
            },
        };
        let response = hyper::Response::builder().status(status).body(Full::new(answer.into()));
        Ok(response.expect("a response"))
    }

    fn answer(&self, request: &wire::Request) -> Result<Value, &'static str> {
        verify(request)?;
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| "ValidationException")?;
        let path =
            request.path.strip_prefix("/tests/kms/xks/v1").ok_or("InvalidUriPathException")?;
        let mut state = self.state();
        state.seen.push((path.to_owned(), body.clone()));
        if path == "/health" {
            return Ok(json!({
                "xksProxyFleetSize": 1, "xksProxyVendor": "tests", "xksProxyModel": "1", "ekmVendor": "tests",
                "ekmFleetDetails": [{"id": "1", "model": "1", "healthStatus": state.health}],
            }));
        }
        let (id, operation) = path
            .strip_prefix("/keys/")
            .and_then(|path| path.split_once('/'))
            .ok_or("InvalidUriPathException")?;
        let metadata = state.keys.get(id).ok_or("KeyNotFoundException")?.clone();
        match operation {
            "metadata" => Ok(metadata),
            "encrypt" => {
                state.encrypted += 1;
                Ok(encrypt(&key(id), state.encrypted, &body))
            }
            "decrypt" => decrypt(&key(id), &body),
            _ => Err("InvalidUriPathException"),
        }
    }
}

fn refusal(name: &str) -> (u16, String) {
    (400, json!({"errorName": name, "errorMessage": "told to"}).to_string())
}

fn verify(request: &wire::Request) -> Result<(), &'static str> {
    let failed = "AuthenticationFailedException";
    let claim = parse(request).map_err(|_| failed)?.ok_or(failed)?;
    let expected = Expected {
        region: Some("us-east-1"),
        service: "kms-xks-proxy",
        dialect: Dialect::Standard,
        unsigned_payload: false,
    };
    if claim.access_key_id != ACCESS_KEY_ID {
        return Err(failed);
    }
    let now = clock::System::default().now();
    let keys = SigningKeys::default();
    let verified = claim.verify(request, &SecretKey::new(SECRET), &expected, now, &keys);
    verified.map(drop).map_err(|_| failed)
}

/// Each external key has bytes of its own.
fn key(id: &str) -> LessSafeKey {
    let bytes = digest::digest(&digest::SHA256, id.as_bytes());
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes.as_ref()).expect("a key"))
}

fn bytes(body: &Value, field: &str) -> Vec<u8> {
    BASE64.decode(body[field].as_str().unwrap_or_default()).expect("base64")
}

/// Lengths and values, as the specification advises.
fn additional(aad: &[u8], notes: &[u8]) -> Vec<u8> {
    let mut all = u16::try_from(aad.len()).expect("short").to_be_bytes().to_vec();
    all.extend_from_slice(aad);
    all.push(u8::try_from(notes.len()).expect("short"));
    all.extend_from_slice(notes);
    all
}

fn encrypt(key: &LessSafeKey, count: u32, body: &Value) -> Value {
    assert_eq!(body["encryptionAlgorithm"], "AES_GCM");
    assert_eq!(body["ciphertextDataIntegrityValueAlgorithm"], "SHA_256");
    let (aad, mut data) = (bytes(body, "additionalAuthenticatedData"), bytes(body, "plaintext"));
    assert!(data.len() <= 4300 && aad.len() <= 8192, "what every proxy takes");
    let mut iv = [0; 12];
    iv[8..].copy_from_slice(&count.to_be_bytes());
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(additional(&aad, NOTES)), &mut data)
        .expect("encrypts");
    let all = [&aad[..], NOTES, &iv, &data, tag.as_ref()].concat();
    json!({
        "ciphertext": BASE64.encode(&data),
        "ciphertextMetadata": BASE64.encode(NOTES),
        "initializationVector": BASE64.encode(iv),
        "authenticationTag": BASE64.encode(tag.as_ref()),
        "ciphertextDataIntegrityValue": BASE64.encode(digest::digest(&digest::SHA256, &all)),
    })
}

fn decrypt(key: &LessSafeKey, body: &Value) -> Result<Value, &'static str> {
    let field = |name| bytes(body, name);
    let mut data = [field("ciphertext"), field("authenticationTag")].concat();
    let additional =
        additional(&field("additionalAuthenticatedData"), &field("ciphertextMetadata"));
    let nonce = Nonce::try_assume_unique_for_key(&field("initializationVector"));
    let nonce = nonce.map_err(|_| "ValidationException")?;
    key.open_in_place(nonce, Aad::from(additional), &mut data)
        .map_err(|_| "InvalidCiphertextException")?;
    data.truncate(data.len() - TAG_BYTES);
    Ok(json!({"plaintext": BASE64.encode(&data)}))
}
