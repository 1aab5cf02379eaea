//! What KMS makes of everything that a proxy can answer, or not answer.

use std::time::Duration;

use api_kms::operations::CreateKey;
use serde_json::json;

use crate::common::{Kms, external_key, name, text};
use crate::proxy::Fault;

/// Every error of the proxy API, with the beginning of KMS's text and KMS's exception for CreateKey.
const REFUSALS: [(&str, &str, &str); 12] = [
    (
        "ValidationException",
        "AWS KMS cannot interpret the response",
        "CustomKeyStoreInvalidStateException",
    ),
    (
        "InvalidStateException",
        "The external key associated with this KMS key in an external key store is not enabled",
        "XksKeyInvalidConfigurationException",
    ),
    (
        "InvalidCiphertextException",
        "The external key store proxy rejected the request because the specified ciphertext",
        "KMSInvalidStateException",
    ),
    (
        "InvalidKeyUsageException",
        "The external key associated with this KMS key in an external key store does not support",
        "XksKeyInvalidConfigurationException",
    ),
    (
        "AuthenticationFailedException",
        "The external key store proxy rejected the request because it could not authenticate",
        "CustomKeyStoreInvalidStateException",
    ),
    (
        "AccessDeniedException",
        "The external key store proxy denied access to the operation",
        "KMSInvalidStateException",
    ),
    (
        "KeyNotFoundException",
        "The external key associated with this KMS key in an external key store was not found",
        "XksKeyNotFoundException",
    ),
    (
        "InvalidUriPathException",
        "The external key store proxy rejected the request because of an invalid URI path",
        "CustomKeyStoreInvalidStateException",
    ),
    (
        "ThrottlingException",
        "The external key store proxy rejected the request due to a very high request rate",
        "CustomKeyStoreInvalidStateException",
    ),
    (
        "UnsupportedOperationException",
        "The external key store proxy rejected the request because it does not support",
        "XksKeyInvalidConfigurationException",
    ),
    (
        "DependencyTimeoutException",
        "The external key store proxy did not respond to the request in the time allotted",
        "CustomKeyStoreInvalidStateException",
    ),
    (
        "InternalException",
        "The external key store proxy rejected the request because it cannot communicate",
        "CustomKeyStoreInvalidStateException",
    ),
];

#[tokio::test]
async fn every_refusal_has_its_exception_and_text() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let blob = kms.encrypt(&key, b"x").await.expect("encrypts");
    for (refusal, start, creating) in REFUSALS {
        kms.proxy.fail(Fault::Refuse(refusal));
        for answer in [text(kms.encrypt(&key, b"x").await), text(kms.decrypt(&blob).await)] {
            assert!(answer.starts_with(&format!("KMSInvalidStateException: {start}")), "{answer}");
            assert!(!answer.contains("told to"), "the proxy's own words stay inside");
        }
        let made = text(kms.call::<CreateKey>(external_key(&store, "key-2")).await);
        assert!(made.starts_with(&format!("{creating}: {start}")), "{made}");
    }
    kms.proxy.heal();
    assert_eq!(kms.decrypt(&blob).await.expect("decrypts"), b"x");
}

#[tokio::test]
async fn answers_that_do_not_hold_are_not_believed() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let blob = kms.encrypt(&key, b"x").await.expect("encrypts");
    for (field, value) in [
        ("ciphertext", json!("AAAA")),
        ("ciphertextDataIntegrityValue", json!("AAAA")),
        ("ciphertextMetadata", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("initializationVector", json!("AAAA")),
        ("authenticationTag", json!(7)),
    ] {
        kms.proxy.fail(Fault::Change(field, value));
        let answer = text(kms.encrypt(&key, b"x").await);
        let start = "KMSInvalidStateException: AWS KMS cannot interpret the response";
        assert!(answer.starts_with(start), "{field}: {answer}");
    }
    kms.proxy.fail(Fault::Change("plaintext", json!("AAAA")));
    let answer = text(kms.decrypt(&blob).await);
    assert!(answer.starts_with("KMSInvalidStateException: AWS KMS cannot interpret"), "{answer}");
    // As long as it should be, and something else than was encrypted.
    let forged = json!("AAAAAAAAAAAAAAAAAAAAAAA=");
    kms.proxy.fail(Fault::Change("plaintext", forged));
    assert_eq!(name(kms.decrypt(&blob).await), "InvalidCiphertextException");
}

#[tokio::test]
async fn a_proxy_that_does_not_answer() {
    let kms = Kms::waiting(Duration::from_millis(2000)).await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    kms.proxy.fail(Fault::Hang);
    let answer = text(kms.encrypt(&key, b"x").await);
    let start = "KMSInvalidStateException: AWS KMS rejected the request because the external key store proxy did not respond in time.";
    assert!(answer.starts_with(start), "{answer}");
    kms.disconnect(&store).await.expect("disconnects");
    kms.connect(&store).await.expect("starts");
    assert_eq!(kms.connection(&store).await, "FAILED XKS_PROXY_TIMED_OUT");
}
