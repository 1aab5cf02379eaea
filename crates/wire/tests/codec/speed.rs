//! What decoding and encoding cost, measured in a release build:
//! `cargo test --release -p wire --test codec speed -- --ignored --nocapture`.

use base::clock::Stopwatch;
use http::Method;
use shape::{Blob, Protocol};
use wire::codec::{decode_input, encode_output};
use wire::request::Request;

use crate::fixture::{ENCRYPT, EncryptRequest, EncryptResponse, SERVICE};

const ROUNDS: u32 = 200_000;

const BODY: &str = r#"{"KeyId":"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab","Plaintext":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==","EncryptionContext":{"purpose":"test","tenant":"one"}}"#;

#[test]
#[ignore = "a measurement, of use in a release build only"]
fn encrypt() {
    let mut request = Request::new(Method::POST, "/");
    request.body = BODY.into();
    let watch = Stopwatch::start();
    for _ in 0..ROUNDS {
        let mut input = EncryptRequest::default();
        decode_input(Protocol::AwsJson11, &ENCRYPT, &request, &[], &mut input).expect("fits");
        assert_eq!(input.plaintext.as_deref().map(<[u8]>::len), Some(64));
    }
    let decode = watch.elapsed() / ROUNDS;

    let output = EncryptResponse {
        ciphertext_blob: Some(Blob::new(vec![7; 160])),
        key_id: Some(
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
        ),
        encryption_algorithm: Some("SYMMETRIC_DEFAULT".into()),
    };
    let watch = Stopwatch::start();
    for _ in 0..ROUNDS {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let response = encode_output(Protocol::AwsJson11, &SERVICE, &ENCRYPT, &output, id);
        assert!(response.body.len() > 200);
    }
    let encode = watch.elapsed() / ROUNDS;
    println!("Encrypt in awsJson1.1: decode {decode:?}, encode {encode:?}");
}
