//! Both halves together: what signs verifies, what is changed does not, and what is malformed is named.

use std::time::Duration;

use base::Timestamp;
use bytes::Bytes;
use http::header::{AUTHORIZATION, DATE, HOST};
use http::{HeaderName, HeaderValue, Method};

use super::*;
use crate::chunked::Mode;
use crate::limits;
use crate::request::Request;

mod form;
mod properties;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KMS: Expected<'static> = Expected {
    region: Some("us-east-1"),
    service: "kms",
    dialect: Dialect::Standard,
    unsigned_payload: false,
};
const S3: Expected<'static> = Expected { service: "s3", dialect: Dialect::S3, ..KMS };

/// Something done to a request.
type Change = fn(&mut Request);

fn at(text: &str) -> Timestamp {
    Timestamp::parse_amz_date(text).expect("a date")
}

fn now() -> Timestamp {
    at("20260102T030405Z")
}

fn with_signer<T>(expected: &Expected<'_>, f: impl FnOnce(Signer<'_>) -> T) -> T {
    let keys = SigningKeys::default();
    let secret = SecretKey::new(SECRET);
    f(Signer {
        access_key_id: KEY_ID,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: expected.service,
        dialect: expected.dialect,
        keys: &keys,
    })
}

fn unsigned() -> Request {
    let mut request = Request::new(Method::POST, "/path/to?b=2&a=1");
    set(&mut request, "host", "kms.us-east-1.amazonaws.com");
    set(&mut request, "x-amz-target", "TrentService.Encrypt");
    request.body = Bytes::from_static(b"{}");
    request
}

fn signed() -> Request {
    let mut request = unsigned();
    with_signer(&KMS, |signer| signer.sign(&mut request, now())).expect("signs");
    request
}

fn presigned(expected: &Expected<'_>, expires: u64) -> Request {
    let mut request = Request::new(Method::GET, "/?Action=GetCallerIdentity");
    set(&mut request, "host", "example.com");
    with_signer(expected, |signer| {
        signer.presign(&mut request, now(), Duration::from_secs(expires));
    });
    request
}

fn set(request: &mut Request, name: &str, value: &str) {
    let name = HeaderName::try_from(name).expect("a name");
    request.headers.insert(name, HeaderValue::from_str(value).expect("a value"));
}

fn authorization(request: &Request) -> String {
    request.header(AUTHORIZATION).expect("signed").to_owned()
}

fn verify_at(
    request: &Request,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Payload, AuthError> {
    let claim = parse(request)?.ok_or(AuthError::MissingAuthenticationToken)?;
    let keys = SigningKeys::default();
    claim.verify(request, &SECRET.into(), expected, now, &keys).map(|verified| verified.payload)
}

fn verify(request: &Request) -> Result<Payload, AuthError> {
    verify_at(request, &KMS, now())
}

fn message(result: Result<Payload, AuthError>) -> String {
    result.expect_err("it must not verify").to_string()
}

#[test]
fn unsigned_requests_make_no_claim() {
    assert!(parse(&unsigned()).expect("well formed").is_none());
    let mut request = Request::new(Method::GET, "/?X-Amz-Date=20260102T030405Z");
    set(&mut request, "host", "localhost");
    assert!(parse(&request).expect("well formed").is_none());
}

#[test]
fn a_claim_says_what_was_signed() {
    let mut request = unsigned();
    with_signer(&KMS, |signer| {
        let signer = Signer { session_token: Some("token"), ..signer };
        signer.sign(&mut request, now())
    })
    .expect("signs");
    let claim = parse(&request).expect("well formed").expect("signed");
    assert_eq!(claim.access_key_id, KEY_ID);
    assert_eq!(claim.scope.date(), "20260102");
    assert_eq!(claim.scope.region(), "us-east-1");
    assert_eq!(claim.scope.service(), "kms");
    assert_eq!(claim.session_token.as_deref(), Some("token"));
    assert_eq!(claim.time, now());
    assert_eq!(claim.placement, Placement::Header);
    assert_eq!(claim.signed_headers(), "host;x-amz-date;x-amz-security-token;x-amz-target");
    verify(&request).expect("verifies");
}

#[test]
fn every_signed_part_counts() {
    let changes: [(&str, Change); 9] = [
        ("method", |r| r.method = Method::PUT),
        ("path", |r| r.path.push('x')),
        ("query value", |r| r.query = "b=2&a=2".into()),
        ("query name", |r| r.query.push_str("&c")),
        ("body", |r| r.body = Bytes::from_static(b"{ }")),
        ("header", |r| set(r, "x-amz-target", "TrentService.Decrypt")),
        ("host", |r| set(r, "host", "kms.eu-west-1.amazonaws.com")),
        ("date", |r| set(r, "x-amz-date", "20260102T030406Z")),
        ("repeated header", |r| {
            r.headers.append(HOST, HeaderValue::from_static("x"));
        }),
    ];
    for (what, change) in changes {
        let mut request = signed();
        change(&mut request);
        let error = verify(&request).expect_err(what);
        assert!(matches!(error, AuthError::SignatureMismatch(_)), "{what}: {error}");
    }
}

#[test]
fn every_byte_of_the_header_counts() {
    let request = signed();
    let header = authorization(&request);
    for index in 0..header.len() {
        let mut bytes = header.clone().into_bytes();
        bytes[index] = if bytes[index] == b'a' { b'b' } else { b'a' };
        let mut changed = request.clone();
        changed.headers.insert(AUTHORIZATION, HeaderValue::from_bytes(&bytes).expect("a value"));
        // Another access key id has another secret, so that part is not for the signature to protect.
        let other_key = parse(&changed).is_ok_and(|c| c.is_some_and(|c| c.access_key_id != KEY_ID));
        assert!(other_key || verify(&changed).is_err(), "byte {index} of {header}");
    }
}

#[test]
fn equal_spellings_are_one_request() {
    let mut request = signed();
    request.query = "a=%31&b=2".into();
    request.path = "/x/..//path/./to".into();
    set(&mut request, "x-amz-target", "  TrentService.Encrypt ");
    let header = authorization(&request).replace(", ", ",   ").replace("host;", "Host;");
    set(&mut request, "authorization", &header);
    verify(&request).expect("verifies");
}

#[test]
fn headers_that_must_be_signed() {
    let mut request = signed();
    set(&mut request, "x-amz-meta-new", "1");
    assert_eq!(
        message(verify(&request)),
        "'x-amz-meta-new' must be a 'SignedHeader' in the AWS Authorization."
    );
    let mut request = signed();
    let header = authorization(&request).replace("host;", "");
    set(&mut request, "authorization", &header);
    assert_eq!(
        message(verify(&request)),
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    );
}

#[test]
fn the_date_header_stands_in() {
    let mut request = unsigned();
    set(&mut request, "date", "Fri, 02 Jan 2026 03:04:05 GMT");
    let canonical = canonical_request(
        &request,
        Dialect::Standard,
        "date;host;x-amz-target",
        &sha256_hex(b"{}"),
    );
    let scope = Scope::new("20260102", "us-east-1", "kms");
    let to_sign =
        string_to_sign("AWS4-HMAC-SHA256", "20260102T030405Z", scope.as_str(), &canonical);
    let key = SigningKeys::default().symmetric(&SECRET.into(), &scope);
    let signature = hex::encode(aws_lc_rs::hmac::sign(&key, &to_sign));
    let scope = scope.as_str();
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders=date;host;x-amz-target, \
         Signature={signature}"
    );
    set(&mut request, "authorization", &header);
    verify(&request).expect("verifies");
    request.headers.remove(DATE);
    assert!(message(verify(&request)).contains("'X-Amz-Date' or a 'Date' header."));
}

#[test]
fn signatures_hold_for_five_minutes() {
    let request = signed();
    for good in ["20260102T025905Z", "20260102T030905Z"] {
        verify_at(&request, &KMS, at(good)).expect(good);
    }
    assert_eq!(
        message(verify_at(&request, &KMS, at("20260102T030906Z"))),
        "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z \
         (20260102T030906Z - 5 min.)"
    );
    assert_eq!(
        message(verify_at(&request, &KMS, at("20260102T025904Z"))),
        "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z \
         (20260102T025904Z + 5 min.)"
    );
}

#[test]
fn scopes_are_checked() {
    let elsewhere = Expected { region: Some("eu-west-1"), service: "sts", ..KMS };
    assert_eq!(
        message(verify_at(&signed(), &elsewhere, now())),
        "Credential should be scoped to a valid region, not 'us-east-1'. Credential should be \
         scoped to correct service: 'sts'. "
    );
    let anywhere = Expected { region: None, ..KMS };
    verify_at(&signed(), &anywhere, now()).expect("the scope chooses");
}

#[test]
fn payload_modes() {
    let sign_s3 = |mode: Option<&str>| {
        let mut request = Request::new(Method::PUT, "/bucket//key/../%20");
        set(&mut request, "host", "s3.localhost");
        if let Some(mode) = mode {
            set(&mut request, X_AMZ_CONTENT_SHA256, mode);
        }
        request.body = Bytes::from_static(b"data");
        with_signer(&S3, |signer| signer.sign(&mut request, now())).expect("signs");
        request
    };
    let payload = |request: &Request| verify_at(request, &S3, now()).expect("verifies");

    let declared = payload(&sign_s3(None));
    assert!(matches!(declared, Payload::Declared(_)));
    let digest = |data: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    declared.check(digest(b"data").as_ref()).expect("the same");
    let other = declared.check(digest(b"date").as_ref());
    assert_eq!(other, Err(AuthError::ContentSha256Mismatch));

    assert!(matches!(payload(&sign_s3(Some(UNSIGNED_PAYLOAD))), Payload::Unsigned));
    for (name, mode) in [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Mode::Signed),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Mode::SignedTrailer),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", Mode::UnsignedTrailer),
    ] {
        let Payload::Chunked(found, signature) = payload(&sign_s3(Some(name))) else {
            panic!("{name} is chunked");
        };
        assert_eq!((found, signature.is_some()), (mode, mode.is_signed()));
    }
    let bad = sign_s3(Some("STREAMING-SOMETHING"));
    assert!(matches!(verify_at(&bad, &S3, now()), Err(AuthError::InvalidContentSha256)));
    let mut none = sign_s3(None);
    none.headers.remove(X_AMZ_CONTENT_SHA256);
    assert!(matches!(verify_at(&none, &S3, now()), Err(AuthError::InvalidContentSha256)));

    // Elsewhere the header changes nothing, unless the operation allows unsigned bodies.
    let mut request = unsigned();
    set(&mut request, X_AMZ_CONTENT_SHA256, UNSIGNED_PAYLOAD);
    let s3_way = Expected { dialect: Dialect::S3, ..KMS };
    request.path = "/".into();
    with_signer(&s3_way, |signer| signer.sign(&mut request, now())).expect("signs");
    assert!(matches!(verify(&request), Err(AuthError::SignatureMismatch(_))));
    let lenient = Expected { unsigned_payload: true, ..KMS };
    assert!(matches!(verify_at(&request, &lenient, now()), Ok(Payload::Unsigned)));
}

#[test]
fn several_regions() {
    let scope = Scope::new("20260102", "", "kms");
    assert_eq!((scope.as_str(), scope.region()), ("20260102/kms/aws4_request", ""));
    let mut request = unsigned();
    set(&mut request, X_AMZ_REGION_SET, "us-west-2, us-east-*");
    set(&mut request, X_AMZ_DATE, "20260102T030405Z");
    let names = "host;x-amz-date;x-amz-region-set;x-amz-target";
    let canonical = canonical_request(&request, Dialect::Standard, names, &sha256_hex(b"{}"));
    let algorithm = Algorithm::EcdsaP256Sha256.name();
    let to_sign = string_to_sign(algorithm, "20260102T030405Z", scope.as_str(), &canonical);
    let signature = asymmetric::tests::sign(&SECRET.into(), KEY_ID, &to_sign);
    let scope = scope.as_str();
    let header = format!(
        "{algorithm} Credential={KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    set(&mut request, "authorization", &header);
    verify(&request).expect("verifies");
    let elsewhere = Expected { region: Some("eu-west-1"), ..KMS };
    assert_eq!(
        message(verify_at(&request, &elsewhere, now())),
        "Credential should be scoped to a valid region, not 'us-west-2, us-east-*'. "
    );
    request.body = Bytes::new();
    assert!(matches!(verify(&request), Err(AuthError::SignatureMismatch(_))));
}

/// Prints what a signature costs: `cargo test -p wire --release -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement, for optimised builds"]
fn speed_of_signing_and_verifying() {
    const ROUNDS: u32 = 100_000;
    let keys = SigningKeys::default();
    let secret = SecretKey::new(SECRET);
    let mut request = unsigned();
    request.path = "/".into();
    request.query.clear();
    set(&mut request, "content-type", "application/x-amz-json-1.1");
    request.body = vec![b'x'; 300].into();
    let stopwatch = base::clock::Stopwatch::start();
    with_signer(&KMS, |signer| {
        for _ in 0..ROUNDS {
            signer.sign(&mut request, now()).expect("signs");
        }
    });
    let sign = stopwatch.elapsed() / ROUNDS;
    let stopwatch = base::clock::Stopwatch::start();
    for _ in 0..ROUNDS {
        let claim = parse(&request).expect("well formed").expect("signed");
        let _ = claim.verify(&request, &secret, &KMS, now(), &keys).expect("verifies");
    }
    let verify = stopwatch.elapsed() / ROUNDS;
    eprintln!("sign {sign:?}, parse and verify {verify:?}");
    assert!(sign + verify < Duration::from_micros(20), "far too slow");
}
