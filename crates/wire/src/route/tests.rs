//! Routing over a catalogue of made-up services, one for each way of naming an operation.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use shape::schema::Http;

use super::*;

const fn operation(name: &'static str, method: &'static str, uri: &'static str) -> OperationSchema {
    OperationSchema {
        name,
        http: Http { method, uri, status: 200 },
        input: None,
        output: None,
        input_name: None,
        input_namespace: None,
        result_wrapper: None,
        errors: &[],
    }
}

const fn service(
    name: &'static str,
    target_prefix: Option<&'static str>,
    protocols: &'static [Protocol],
    operations: &'static [&'static OperationSchema],
) -> ServiceSchema {
    ServiceSchema {
        name,
        sdk_id: name,
        signing_name: name,
        endpoint_prefix: name,
        target_prefix,
        api_version: "2014-11-01",
        protocols,
        xml_namespace: None,
        query_compatible: false,
        event_source: "example.amazonaws.com",
        operations,
    }
}

static ENCRYPT: OperationSchema = operation("Encrypt", "POST", "/");
static LOOKUP: OperationSchema = operation("LookupEvents", "POST", "/");
static WHO: OperationSchema = operation("GetCallerIdentity", "POST", "/");
static BUCKET: OperationSchema = operation("ListObjects", "GET", "/{Bucket}");
static BUCKET_V2: OperationSchema = operation("ListObjectsV2", "GET", "/{Bucket}?list-type=2");
static ACL: OperationSchema = operation("GetObjectAcl", "GET", "/{Bucket}/{Key+}?acl");
static OBJECT: OperationSchema = operation("GetObject", "GET", "/{Bucket}/{Key+}");
static BUCKETS: OperationSchema = operation("ListBuckets", "GET", "/");
static FUNCTION: OperationSchema = operation("GetFunction", "GET", "/2015-03-31/functions/{Name}");
static LIST: OperationSchema = operation("ListFunctions", "GET", "/2015-03-31/functions/");
static RELATED: OperationSchema = operation("GetRelated", "GET", "/tags/{Arn+}/related");

static KMS: ServiceSchema =
    service("kms", Some("TrentService"), &[Protocol::AwsJson11, Protocol::RpcV2Cbor], &[&ENCRYPT]);
static TRAIL: ServiceSchema = service(
    "cloudtrail",
    Some("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
    &[Protocol::AwsJson11],
    &[&LOOKUP],
);
static STS: ServiceSchema = service("sts", None, &[Protocol::AwsQuery], &[&WHO]);
static S3: ServiceSchema =
    service("s3", None, &[Protocol::RestXml], &[&OBJECT, &ACL, &BUCKETS, &BUCKET, &BUCKET_V2]);
static LAMBDA: ServiceSchema =
    service("lambda", None, &[Protocol::RestJson1], &[&FUNCTION, &RELATED, &LIST]);

fn router() -> Router {
    Router::new(&[&KMS, &TRAIL, &STS, &S3, &LAMBDA])
}

fn request(method: Method, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut request = Request::new(method, target);
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).expect("a name");
        request.headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    request.body = Bytes::copy_from_slice(body.as_bytes());
    request
}

fn scoped(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/{service}/aws4_request, Signature=0")
}

fn get(service: &str, target: &str) -> Result<Route, RouteError> {
    let scope = scoped(service);
    router().route(&request(Method::GET, target, &[("authorization", &scope)], ""))
}

fn name(result: Result<Route, RouteError>) -> String {
    match result {
        Ok(route) => format!("{}:{}", route.service.name, route.operation.name),
        Err(error) => error.to_string(),
    }
}

#[test]
fn targets_name_operations() {
    let route = |target: &str, content_type: &str| {
        let headers = [("x-amz-target", target), (CONTENT_TYPE.as_str(), content_type)];
        router().route(&request(Method::POST, "/", &headers, "{}"))
    };
    let json = "application/x-amz-json-1.1";
    let found = route("TrentService.Encrypt", json).expect("routes");
    assert_eq!((found.service.name, found.operation.name), ("kms", "Encrypt"));
    assert_eq!((found.protocol, found.region), (Protocol::AwsJson11, None));
    let found = route("TrentService.Encrypt", "application/x-amz-json-1.0").expect("routes");
    assert_eq!(found.protocol, Protocol::AwsJson11, "the service speaks no other");
    let long = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    assert_eq!(name(route(long, json)), "cloudtrail:LookupEvents");
    assert_eq!(name(route("CloudTrail_20131101.LookupEvents", json)), "cloudtrail:LookupEvents");

    let error = route("TrentService.Explode", "application/x-amz-json-1.0").expect_err("unknown");
    assert_eq!((error.code(), error.status()), ("UnknownOperationException", 400));
    assert_eq!((error.service, error.protocol), (Some("kms"), Protocol::AwsJson11));
    assert_eq!(error.to_string(), "kms has no operation 'Explode'.");
    for bad in ["", ".", "Encrypt", "TrentService", "TrentService.", "Unknown.Encrypt"] {
        assert!(route(bad, json).is_err(), "{bad}");
    }
    let by_get = request(Method::GET, "/", &[("x-amz-target", "TrentService.Encrypt")], "");
    assert!(router().route(&by_get).is_err());
}

#[test]
fn cbor_has_paths() {
    let route = |method: Method, path: &str| {
        router().route(&request(method, path, &[("smithy-protocol", "rpc-v2-cbor")], ""))
    };
    let path = "/service/TrentService/operation/Encrypt";
    let found = route(Method::POST, path).expect("routes");
    assert_eq!((found.operation.name, found.protocol), ("Encrypt", Protocol::RpcV2Cbor));
    assert!(route(Method::POST, &format!("/prefix{path}")).is_ok());
    assert!(route(Method::GET, path).is_err());
    let error = route(Method::POST, "/service/TrentService/operation/X").expect_err("unknown");
    assert_eq!((error.status(), error.protocol), (404, Protocol::RpcV2Cbor));
    assert!(route(Method::POST, "/service/CloudTrail_20131101/operation/LookupEvents").is_err());
    assert!(route(Method::POST, "/").is_err());
}

#[test]
fn actions_name_operations() {
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let post = |headers: &[(&str, &str)], body: &str| {
        let mut all = vec![("content-type", form)];
        all.extend_from_slice(headers);
        router().route(&request(Method::POST, "/", &all, body))
    };
    let body = "Version=2014-11-01&Action=GetCallerIdentity";
    let scope = scoped("sts");
    let signed = [("authorization", scope.as_str())];
    let found = post(&signed, body).expect("routes");
    assert_eq!((found.operation.name, found.protocol), ("GetCallerIdentity", Protocol::AwsQuery));
    assert_eq!(found.region.as_deref(), Some("eu-west-1"));
    assert_eq!(found.host_region, None);
    let host = [("host", "sts.us-west-2.localhost:4566")];
    assert_eq!(post(&host, body).expect("routes").host_region.as_deref(), Some("us-west-2"));
    assert_eq!(name(post(&[], body)), "sts:GetCallerIdentity");
    let by_get = get("sts", &format!("/?{body}"));
    assert_eq!(name(by_get), "sts:GetCallerIdentity");

    let error = post(&signed, "Action=Explode&Version=2014-11-01").expect_err("unknown");
    assert_eq!((error.code(), error.status()), ("InvalidAction", 400));
    assert_eq!(error.message, "Could not find operation Explode for version 2014-11-01");
    assert_eq!(
        name(post(&signed, "Action=GetCallerIdentity")),
        "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED"
    );
    assert_eq!(
        name(post(&signed, "")),
        "Could not find operation NO_ACTION_SPECIFIED for version NO_VERSION_SPECIFIED"
    );
}

#[test]
fn the_most_specific_template_wins() {
    for (service, target, expected) in [
        ("s3", "/", "s3:ListBuckets"),
        ("s3", "/b", "s3:ListObjects"),
        ("s3", "/b/", "s3:ListObjects"),
        ("s3", "/b?list-type=2&prefix=x", "s3:ListObjectsV2"),
        ("s3", "/b?list-type=1", "s3:ListObjects"),
        ("s3", "/b/k", "s3:GetObject"),
        ("s3", "/b/k/l//m/", "s3:GetObject"),
        ("s3", "/b/k?acl", "s3:GetObjectAcl"),
        ("s3", "/b/k?acl=", "s3:GetObjectAcl"),
        ("lambda", "/2015-03-31/functions", "lambda:ListFunctions"),
        ("lambda", "/2015-03-31/functions/", "lambda:ListFunctions"),
        ("lambda", "/2015%2D03-31/functions/f", "lambda:GetFunction"),
        ("lambda", "/tags/a/b/related", "lambda:GetRelated"),
        ("lambda", "/tags/related", "lambda has no operation 'GET /tags/related'."),
        (
            "lambda",
            "/2015-03-31/functions//x",
            "lambda has no operation 'GET /2015-03-31/functions//x'.",
        ),
        (
            "lambda",
            "/2015-03-31/functions/%ff",
            "lambda has no operation 'GET /2015-03-31/functions/%ff'.",
        ),
    ] {
        assert_eq!(name(get(service, target)), expected, "{target}");
    }
    let labels = get("s3", "/b%20c/k%2Fl//m%C3%A9/").expect("routes").labels;
    assert_eq!(labels, [("Bucket", "b c".to_owned()), ("Key", "k/l//mé/".to_owned())]);
    let deep = "/a".repeat(limits::MAX_PATH_SEGMENTS + 1);
    let error = get("s3", &deep).expect_err("too deep");
    assert_eq!((error.status(), error.code()), (404, "UnknownOperationException"));
}

#[test]
fn unsigned_requests_find_their_service() {
    let bare = |target: &str| router().route(&request(Method::GET, target, &[], ""));
    assert_eq!(name(bare("/2015-03-31/functions/f")), "lambda:GetFunction");
    assert_eq!(name(bare("/bucket/key")), "s3:GetObject");
    let by_host = |host: &str| {
        router().route(&request(Method::GET, "/tags/x/related", &[("host", host)], ""))
    };
    assert_eq!(name(by_host("lambda.localhost")), "lambda:GetRelated");
    assert_eq!(name(by_host("s3.localhost")), "s3:GetObject");
    let nothing = router().route(&request(Method::DELETE, "/x", &[], "")).expect_err("nothing");
    assert_eq!(
        (nothing.service, nothing.message.as_str()),
        (None, "The request names no service.")
    );
    let empty = Router::new(&[]);
    assert!(empty.route(&request(Method::GET, "/", &[], "")).is_err());
}

#[test]
fn presigned_scopes_count() {
    let target = "/?Action=GetCallerIdentity&Version=2014-11-01&X-Amz-Credential=\
                  A%2F20260101%2Fap-south-1%2Fsts%2Faws4_request";
    let route = router().route(&request(Method::GET, target, &[], "")).expect("routes");
    assert_eq!(route.region.as_deref(), Some("ap-south-1"));
    let several = "AWS4-ECDSA-P256-SHA256 Credential=A/20260101/s3/aws4_request, Signature=0";
    let headers = [("authorization", several), ("host", "s3.eu-west-3.localhost")];
    let route = router().route(&request(Method::GET, "/b/k", &headers, "")).expect("routes");
    assert_eq!(route.region.as_deref(), Some("eu-west-3"), "a scope without a Region");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_makes_routing_panic(
        method in prop::sample::select(vec![Method::GET, Method::POST, Method::PUT]),
        path in ".{0,40}",
        query in ".{0,40}",
        header in prop::sample::select(vec![
            "x-amz-target", "authorization", "host", "content-type", "smithy-protocol",
        ]),
        value in prop::collection::vec(any::<u8>(), 0..60),
        shaped in "(rpc-v2-cbor|Credential=[a/.]{0,9}|TrentService[.a]{0,3}|[a-z.:0-9-]{0,30})",
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let router = router();
        for value in [value.as_slice(), shaped.as_bytes()] {
            let mut request = Request { method: method.clone(), ..Request::default() };
            request.path.clone_from(&path);
            request.query.clone_from(&query);
            request.body = body.clone().into();
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request.headers.insert(header, value);
            }
            let _ = router.route(&request);
        }
    }
}
