//! What a proxy receives, and what becomes of its answers. The transport is a closure here.

use std::sync::Mutex;

use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::*;
use crate::{RefusalName, TIMEOUT};

/// Answers with what it is given and keeps what it was sent.
struct Script {
    answer: Result<(u16, String), TransportError>,
    sent: Mutex<Vec<(String, Request)>>,
}

impl Script {
    fn new(status: u16, body: impl ToString) -> Self {
        Self { answer: Ok((status, body.to_string())), sent: Mutex::default() }
    }

    fn body(&self) -> Value {
        let sent = self.sent.lock().expect("not poisoned");
        serde_json::from_slice(&sent[0].1.body).expect("JSON")
    }
}

impl Transport for Script {
    fn now(&self) -> Timestamp {
        Timestamp::parse_rfc3339("2026-01-02T03:04:05Z").expect("valid")
    }

    fn send<'a>(
        &'a self,
        host: &'a str,
        request: Request,
        _time_out: Duration,
        _max_bytes: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send + 'a>> {
        self.sent.lock().expect("not poisoned").push((host.to_owned(), request));
        let answer = self.answer.clone();
        Box::pin(async move { answer.map(|(status, body)| Reply { status, body: body.into() }) })
    }
}

async fn with<T>(script: &Script, ask: impl AsyncFnOnce(Proxy<'_>) -> T) -> T {
    let proxy = Proxy {
        address: &Address::new("https://xks.example.com", "/p/kms/xks/v1").expect("valid"),
        access_key_id: "ABCDEFGHIJKLMNOPQRST",
        secret: &SecretKey::new("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"),
        region: "eu-west-1",
        keys: &SigningKeys::default(),
        transport: script,
        time_out: TIMEOUT,
    };
    ask(proxy).await
}

const METADATA: Metadata<'_> = Metadata {
    aws_principal_arn: Some("arn:aws:iam::123456789012:root"),
    kms_key_arn: Some("arn:aws:kms:eu-west-1:123456789012:key/1"),
    kms_operation: "Encrypt",
    kms_request_id: "r-1",
    kms_via_service: None,
};

#[tokio::test]
async fn requests_are_signed_over_host_and_date() {
    let script = Script::new(200, "{}");
    let answer = with(&script, async |proxy| proxy.health(&METADATA).await).await;
    assert!(matches!(answer, Err(Error::InvalidResponse(_))));
    let sent = script.sent.lock().expect("not poisoned");
    let (host, request) = &sent[0];
    assert_eq!(host, "xks.example.com");
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/p/kms/xks/v1/health"));
    let authorization = request.header(AUTHORIZATION).expect("signed");
    let start = "AWS4-HMAC-SHA256 Credential=ABCDEFGHIJKLMNOPQRST/20260102/eu-west-1/kms-xks-proxy/aws4_request, SignedHeaders=host;x-amz-date, Signature=";
    assert!(authorization.starts_with(start), "{authorization}");
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn encrypt_says_what_the_specification_says() {
    let script = Script::new(500, "");
    let answer =
        with(&script, async |p| p.encrypt("key-1", &METADATA, b"aad", b"text").await).await;
    assert!(matches!(answer, Err(Error::InvalidResponse(_))), "{answer:?}");
    assert_eq!(
        script.body(),
        json!({
            "requestMetadata": {
                "awsPrincipalArn": "arn:aws:iam::123456789012:root",
                "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1",
                "kmsOperation": "Encrypt",
                "kmsRequestId": "r-1",
            },
            "additionalAuthenticatedData": "YWFk",
            "plaintext": "dGV4dA==",
            "encryptionAlgorithm": "AES_GCM",
            "ciphertextDataIntegrityValueAlgorithm": "SHA_256",
        })
    );
    assert_eq!(
        script.sent.lock().expect("not poisoned")[0].1.path,
        "/p/kms/xks/v1/keys/key-1/encrypt"
    );
}

#[tokio::test]
async fn decrypt_gives_back_everything_that_encrypt_answered() {
    let made = Ciphertext {
        ciphertext: b"text".to_vec(),
        iv: vec![1; 12],
        tag: [2; 16],
        metadata: b"v1".to_vec(),
    };
    let script = Script::new(200, json!({"plaintext": "cGxhaQ=="}));
    let plain = with(&script, async |p| p.decrypt("k", &METADATA, b"aad", &made).await).await;
    assert_eq!(plain.expect("decrypts"), b"plai");
    let body = script.body();
    assert_eq!(body["ciphertextMetadata"], "djE=");
    assert_eq!(body["initializationVector"], "AQEBAQEBAQEBAQEB");
    assert_eq!(body["authenticationTag"], "AgICAgICAgICAgICAgICAg==");
    let none = Ciphertext { metadata: Vec::new(), ..made };
    let script = Script::new(200, json!({"plaintext": "AAAA"}));
    let plain = with(&script, async |p| p.decrypt("k", &METADATA, b"aad", &none).await).await;
    assert!(matches!(plain, Err(Error::InvalidResponse(_))), "another length");
    assert_eq!(script.body().get("ciphertextMetadata"), None);
}

#[tokio::test]
async fn refusals_and_failures_are_told_apart() {
    let script = Script::new(404, json!({"errorName": "KeyNotFoundException"}));
    let answer = with(&script, async |p| p.key_metadata("k", &METADATA).await).await;
    let Err(Error::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.name, RefusalName::KeyNotFound);

    let script = Script { answer: Err(TransportError::TimedOut), sent: Mutex::default() };
    let answer = with(&script, async |p| p.key_metadata("k", &METADATA).await).await;
    assert!(matches!(answer, Err(Error::Transport(TransportError::TimedOut))), "{answer:?}");

    let script = Script::new(200, "x".repeat(RESPONSE_MAX_BYTES + 1));
    let answer = with(&script, async |p| p.key_metadata("k", &METADATA).await).await;
    assert!(matches!(answer, Err(Error::Transport(TransportError::Unreadable))), "{answer:?}");

    let script = Script::new(200, "");
    let answer = with(&script, async |p| p.key_metadata("..", &METADATA).await).await;
    assert!(matches!(answer, Err(Error::KeyId)), "{answer:?}");
    assert!(script.sent.lock().expect("not poisoned").is_empty(), "nothing was sent");
}
