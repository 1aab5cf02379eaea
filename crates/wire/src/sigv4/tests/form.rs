//! Claims that are malformed, in the header and in presigned URLs.

use super::*;

#[test]
fn what_is_missing_is_named() {
    for (header, expected) in [
        (
            "AWS4-HMAC-SHA256 Credential=a",
            "Authorization header requires 'Signature' parameter. Authorization header requires \
             'SignedHeaders' parameter. (Hashed with SHA-256 and encoded with Base64) \
             Authorization=520Nq5bS80gLhTcgcZzjkP74XCXMcdxItgMCiiN4K6U=",
        ),
        (
            "Bearer abc",
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with \
             SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='.",
        ),
        (
            "AWS5 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-target, Signature=f",
            "Unsupported AWS 'algorithm': 'AWS5' (only AWS4-HMAC-SHA256 and \
             AWS4-ECDSA-P256-SHA256 for now). ",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host;x-amz-target, Signature=f",
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got 'a/b/c/d'",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;x-amz-target, Signature=f",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date in \
             Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             'b' != '20260102', from '20260102T030405Z'.",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a, Credential=b, SignedHeaders=host, Signature=f",
            "Authorization header has more than one 'Credential' parameter.",
        ),
    ] {
        let mut request = signed();
        set(&mut request, "authorization", header);
        assert_eq!(message(verify(&request)), expected, "{header}");
    }
}

#[test]
fn malformed_requests_are_incomplete() {
    let changes: [(&str, Change); 6] = [
        ("no date", |r| {
            r.headers.remove(X_AMZ_DATE);
        }),
        ("bad date", |r| set(r, "x-amz-date", "2026-01-02T03:04:05Z")),
        ("two headers", |r| {
            let header = r.headers[AUTHORIZATION].clone();
            r.headers.append(AUTHORIZATION, header);
        }),
        ("too long", |r| {
            let long = authorization(r) + &" ".repeat(limits::MAX_AUTHORIZATION_BYTES) + "x=y";
            set(r, "authorization", &long);
        }),
        ("not text", |r| {
            r.headers.insert(AUTHORIZATION, HeaderValue::from_bytes(b"\xff").expect("opaque"));
        }),
        ("too many headers", |r| {
            let many = ";h".repeat(limits::MAX_SIGNED_HEADERS);
            let header = authorization(r).replace("host;", &format!("host{many};"));
            set(r, "authorization", &header);
        }),
    ];
    for (what, change) in changes {
        let mut request = signed();
        change(&mut request);
        let error = verify(&request).expect_err(what);
        assert!(matches!(error, AuthError::IncompleteSignature(_)), "{what}: {error}");
    }
    let mut request = signed();
    let header = authorization(&request).replace(KEY_ID, &"K".repeat(200));
    set(&mut request, "authorization", &header);
    assert_eq!(verify(&request).expect_err("long"), AuthError::UnrecognizedClient);
}

#[test]
fn presigned_urls() {
    let sts = Expected { service: "sts", ..KMS };
    let request = presigned(&sts, 90);
    let claim = parse(&request).expect("well formed").expect("signed");
    assert_eq!(claim.placement, Placement::Query(Some(Duration::from_secs(90))));
    verify_at(&request, &sts, now()).expect("verifies");
    verify_at(&request, &sts, at("20260102T030535Z")).expect("still verifies");
    assert_eq!(
        message(verify_at(&request, &sts, at("20260102T030536Z"))),
        "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z \
         (20260102T030536Z - 90 sec.)"
    );
    let mut other = request.clone();
    other.query = other.query.replace("GetCallerIdentity", "GetSessionToken");
    assert!(matches!(verify_at(&other, &sts, now()), Err(AuthError::SignatureMismatch(_))));
    let mut other = request.clone();
    other.query = other.query.replace("Expires=90", "Expires=91");
    assert!(matches!(verify_at(&other, &sts, now()), Err(AuthError::SignatureMismatch(_))));

    for bad in ["Expires=0", "Expires=604801", "Expires=-1", "Expires=%2B5", "Expires=x"] {
        let mut other = request.clone();
        other.query = other.query.replace("Expires=90", bad);
        assert!(matches!(parse(&other), Err(AuthError::IncompleteSignature(_))), "{bad}");
    }
    let mut twice = request.clone();
    twice.query.push_str("&X-Amz-Signature=00");
    assert!(matches!(parse(&twice), Err(AuthError::IncompleteSignature(_))));
    let mut both = request.clone();
    set(&mut both, "authorization", "AWS4-HMAC-SHA256 Credential=a");
    assert!(message(verify_at(&both, &sts, now())).starts_with("Found both"));
    let mut bare = request;
    bare.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x".into();
    assert_eq!(
        message(verify_at(&bare, &sts, now())),
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters \
         must include 'X-Amz-Signature'. AWS query-string parameters must include \
         'X-Amz-SignedHeaders'. Re-examine the query-string parameters."
    );
}

#[test]
fn the_presigned_url_of_the_s3_reference() {
    // S3 API reference, 'Authenticating requests: query parameters', example.
    let mut request = Request::new(
        Method::GET,
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524\
         %2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400\
         &X-Amz-SignedHeaders=host&X-Amz-Signature=\
         aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
    set(&mut request, "host", "examplebucket.s3.amazonaws.com");
    let claim = parse(&request).expect("well formed").expect("signed");
    let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let keys = SigningKeys::default();
    let time = at("20130524T120000Z");
    let verified = claim.verify(&request, &secret, &S3, time, &keys).expect("verifies");
    assert!(matches!(verified.payload, Payload::Unsigned));
}
