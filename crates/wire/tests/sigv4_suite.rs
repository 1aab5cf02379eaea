//! AWS's own test suite for Signature Version 4, read in place from beside the checkout.
//!
//! Each case shows a request through all stages: canonical request, string to sign, header, and the signed request
//! itself, which must verify. Nothing of the suite is copied here.

use std::fs;
use std::path::{Path, PathBuf};

use base::Timestamp;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use wire::request::Request;
use wire::sigv4::{
    self, AuthError, Dialect, Expected, SecretKey, Signer, SigningKeys, canonical_request,
    string_to_sign,
};

/// Signed requests that are not used as they stand, each with its reason. Their header is taken from `.authz`, so
/// that every case still goes through every stage.
const EXCLUDED_SREQ_HEADERS: &[(&str, &str)] = &[(
    "get-vanilla-with-session-token",
    "the signature in .sreq is not the one in .authz, and only that one is over .sts",
)];
/// Cases in the suite as of this writing; fewer means that they were not found.
const CASES_AT_LEAST: usize = 34;

const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TIME: &str = "20150830T123600Z";

struct Case {
    name: String,
    files: PathBuf,
}

impl Case {
    fn text(&self, extension: &str) -> String {
        let path = self.files.with_extension(extension);
        let text = fs::read_to_string(&path).expect("the suite's files are text");
        text.replace("\r\n", "\n")
    }

    fn signed_request(&self) -> Request {
        let mut request = read_request(&self.text("sreq"));
        if EXCLUDED_SREQ_HEADERS.iter().any(|(name, _)| *name == self.name) {
            let header = HeaderValue::try_from(self.text("authz")).expect("a value");
            request.headers.insert(AUTHORIZATION, header);
        }
        request
    }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigv4");
    let mut cases = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "sreq") {
                let name = path.file_stem().expect("has one").to_string_lossy().into_owned();
                cases.push(Case { name, files: path });
            }
        }
    }
    if cases.is_empty() {
        eprintln!("skipped: the Signature Version 4 test suite is not at {}", root.display());
    } else {
        assert!(cases.len() >= CASES_AT_LEAST, "only {} cases", cases.len());
    }
    cases
}

/// Reads a request as an HTTP/1.1 server would, folded header lines included (RFC 9112, 5.2).
fn read_request(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let head = head.replace("\n ", " ");
    let mut lines = head.lines();
    let first = lines.next().expect("a request line");
    let (method, rest) = first.split_once(' ').expect("a method");
    let target = rest.strip_suffix(" HTTP/1.1").expect("a version");
    let mut request = Request::new(Method::try_from(method).expect("a method"), target);
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header");
        let name = HeaderName::try_from(name).expect("a name");
        request.headers.append(name, HeaderValue::from_str(value.trim()).expect("a value"));
    }
    request.body = Bytes::copy_from_slice(body.as_bytes());
    request
}

fn time() -> Timestamp {
    Timestamp::parse_amz_date(TIME).expect("a date")
}

#[test]
fn every_stage_of_every_case() {
    for case in cases() {
        let name = &case.name;
        let request = case.signed_request();
        let claim = sigv4::parse(&request).expect(name).expect("it is signed");
        assert_eq!(claim.access_key_id, ACCESS_KEY_ID);

        let expected = case.text("creq");
        let payload = expected.rsplit('\n').next().expect("a last line");
        let canonical = canonical_request(
            &request,
            Dialect::Standard,
            claim.signed_headers(),
            payload.as_bytes(),
        );
        assert_eq!(String::from_utf8_lossy(&canonical), expected, "{name}: canonical request");

        let to_sign = string_to_sign(
            claim.algorithm.name(),
            claim.amz_date(),
            claim.scope.as_str(),
            &canonical,
        );
        let expected = case.text("sts");
        assert_eq!(String::from_utf8_lossy(&to_sign), expected, "{name}: string to sign");

        let header = request.header(AUTHORIZATION).expect("it is signed");
        assert_eq!(header, case.text("authz"), "{name}: header");
    }
}

#[test]
fn every_signed_request_verifies_and_no_other_secret_does() {
    let keys = SigningKeys::default();
    let expected =
        Expected { region: Some("us-east-1"), service: "service", ..Expected::default() };
    for case in cases() {
        let name = &case.name;
        let request = case.signed_request();
        let claim = sigv4::parse(&request).expect(name).expect("it is signed");
        let verified = claim.verify(&request, &SECRET.into(), &expected, time(), &keys);
        assert!(verified.is_ok(), "{name}: {verified:?}");
        let wrong = claim.verify(&request, &"another".into(), &expected, time(), &keys);
        assert!(matches!(wrong, Err(AuthError::SignatureMismatch(Some(_)))), "{name}");
    }
}

#[test]
fn signing_makes_every_header() {
    let keys = SigningKeys::default();
    let secret = SecretKey::new(SECRET);
    let signer = Signer {
        access_key_id: ACCESS_KEY_ID,
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "service",
        dialect: Dialect::Standard,
        keys: &keys,
    };
    for case in cases() {
        let mut request = case.signed_request();
        let expected = case.text("authz");
        if !expected.contains("x-amz-security-token") {
            // A token that is added behind the signature's back.
            request.headers.remove("x-amz-security-token");
        }
        signer.sign(&mut request, time()).expect("signs");
        assert_eq!(request.header(AUTHORIZATION), Some(expected.as_str()), "{}", case.name);
    }
}
