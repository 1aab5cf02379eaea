//! What holds for any request.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_signs_verifies(
        path in "(/[ -~é]{0,8}){1,4}",
        query in "[ -%'-~é&]{0,24}",
        headers in prop::collection::vec(("x-[a-z]{1,8}", "[ -~é]{0,12}"), 0..5),
        body in prop::collection::vec(any::<u8>(), 0..64),
        token in prop::option::of("[!-~]{1,20}"),
        s3 in any::<bool>(),
    ) {
        let expected = if s3 { S3 } else { KMS };
        let mut request = Request { path, query, body: body.into(), ..Request::default() };
        prop_assume!(!request.query.contains("X-Amz"));
        set(&mut request, "host", "localhost:4566");
        for (name, value) in headers {
            let name = HeaderName::try_from(name).expect("a name");
            request.headers.append(name, HeaderValue::from_str(&value).expect("a value"));
        }
        let mut presigned = request.clone();
        let token = token.as_deref();
        with_signer(&expected, |signer| {
            let signer = Signer { session_token: token, ..signer };
            signer.sign(&mut request, now()).expect("signs");
            signer.presign(&mut presigned, now(), Duration::from_secs(60));
        });
        for request in [request, presigned] {
            let verified = verify_at(&request, &expected, now());
            prop_assert!(verified.is_ok(), "{:?}: {:?}", request, verified);
            let claim = parse(&request).expect("well formed").expect("signed");
            prop_assert_eq!(claim.session_token.as_deref(), token);
        }
    }

    #[test]
    fn nothing_makes_parsing_panic(
        header in prop::collection::vec(any::<u8>(), 0..200),
        shaped in "AWS4-HMAC-SHA256 (Credential=[a/]{0,9},? ?|SignedHeaders=[h;os]{0,6},|Signature=f){0,4}",
        query in "(X-Amz-(Algorithm|Credential|Date|Expires|Signature|SignedHeaders)=[%/0-9aé]{0,6}&){0,6}",
        path in ".{0,40}",
    ) {
        for bytes in [header.as_slice(), shaped.as_bytes()] {
            let mut request = Request { path: path.clone(), query: query.clone(), ..Request::default() };
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                request.headers.insert(AUTHORIZATION, value);
            }
            set(&mut request, X_AMZ_DATE, "20260102T030405Z");
            prop_assert!(verify(&request).is_err());
            request.headers.remove(AUTHORIZATION);
            prop_assert!(verify(&request).is_err());
        }
    }
}
