//! Failures in every protocol, byte by byte. What botocore's parsers read from these texts is noted beside them.

use http::HeaderName;
use shape::{ErrorSchema, Failure, Fault, Protocol, ServiceSchema};
use wire::codec::encode_error;
use wire::request::Response;

use crate::fixture::{Details, SERVICE};

static NOT_FOUND: ErrorSchema = ErrorSchema::client("NotFoundException", 404);
static QUEUE_GONE: ErrorSchema = ErrorSchema {
    name: "QueueDoesNotExist",
    query_code: Some("AWS.Example.NonExistentQueue"),
    status: 409,
    fault: Fault::Client,
};
static BROKEN: ErrorSchema =
    ErrorSchema { name: "Broken", query_code: None, status: 500, fault: Fault::Server };

const ID: &str = "a0b1";

fn failure() -> Failure {
    NOT_FOUND.because("Key 'a<b>&\"c\"' is not here").with_detail("never sent")
}

fn detailed() -> Failure {
    let fields = Details { resource: Some("r".into()), ..Details::default() };
    Failure { fields: Some(Box::new(fields)), ..BROKEN.because("no") }
}

fn encode(protocol: Protocol, failure: &Failure) -> Response {
    encode_error(protocol, &SERVICE, failure, ID)
}

fn body(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("text")
}

fn header(response: &Response, name: &'static str) -> Option<String> {
    let value = response.headers.get(HeaderName::from_static(name))?;
    Some(value.to_str().expect("text").to_owned())
}

#[test]
fn every_protocol_has_the_status_and_the_request_id() {
    for protocol in crate::fixture::PROTOCOLS {
        let response = encode(protocol, &failure());
        assert_eq!(response.status, 404, "{protocol:?}");
        assert_eq!(header(&response, "x-amzn-requestid").as_deref(), Some(ID), "{protocol:?}");
        assert!(!String::from_utf8_lossy(&response.body).contains("never sent"), "{protocol:?}");
    }
}

// botocore: Code NotFoundException, Message "Key 'a<b>&"c"' is not here".
#[test]
fn json() {
    let response = encode(Protocol::AwsJson11, &failure());
    assert_eq!(
        body(&response),
        r#"{"__type":"NotFoundException","message":"Key 'a<b>&\"c\"' is not here"}"#
    );
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/x-amz-json-1.1"));

    let response = encode(Protocol::AwsJson10, &failure());
    assert_eq!(
        body(&response),
        r#"{"__type":"com.amazonaws.example#NotFoundException","message":"Key 'a<b>&\"c\"' is not here"}"#
    );
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/x-amz-json-1.0"));

    let response = encode(Protocol::RestJson1, &failure());
    assert_eq!(body(&response), r#"{"message":"Key 'a<b>&\"c\"' is not here"}"#);
    assert_eq!(header(&response, "x-amzn-errortype").as_deref(), Some("NotFoundException"));
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/json"));
}

#[test]
fn members_follow_the_message_under_the_name_of_the_model() {
    assert_eq!(
        body(&encode(Protocol::AwsJson11, &detailed())),
        r#"{"__type":"Broken","Message":"no","Resource":"r"}"#
    );
    assert_eq!(
        body(&encode(Protocol::AwsQuery, &detailed())),
        "<ErrorResponse xmlns=\"https://example.com/doc/\"><Error><Type>Receiver</Type><Code>Broken</Code>\
         <Message>no</Message><Resource>r</Resource></Error><RequestId>a0b1</RequestId></ErrorResponse>"
    );
}

// botocore: Code NotFoundException, Type Sender, RequestId a0b1.
#[test]
fn query_and_rest_xml() {
    let expected = "<ErrorResponse xmlns=\"https://example.com/doc/\"><Error><Type>Sender</Type>\
         <Code>NotFoundException</Code><Message>Key 'a&lt;b&gt;&amp;\"c\"' is not here</Message></Error>\
         <RequestId>a0b1</RequestId></ErrorResponse>";
    let response = encode(Protocol::AwsQuery, &failure());
    assert_eq!(body(&response), expected);
    assert_eq!(header(&response, "content-type").as_deref(), Some("text/xml"));
    let response = encode(Protocol::RestXml, &failure());
    assert_eq!(body(&response), expected);
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/xml"));
}

#[test]
fn query_codes_differ_from_names() {
    let failure = QUEUE_GONE.because("gone");
    let response = encode(Protocol::AwsQuery, &failure);
    assert!(body(&response).contains("<Code>AWS.Example.NonExistentQueue</Code>"));
    assert_eq!(response.status, 409);
    assert_eq!(header(&response, "x-amzn-query-error"), None);
}

// botocore: Code NotFoundException, RequestId a0b1.
#[test]
fn ec2() {
    assert_eq!(
        body(&encode(Protocol::Ec2Query, &failure())),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>NotFoundException</Code>\
         <Message>Key 'a&lt;b&gt;&amp;\"c\"' is not here</Message></Error></Errors><RequestID>a0b1</RequestID></Response>"
    );
}

#[test]
fn s3_has_no_envelope_and_its_own_request_id() {
    let s3 = ServiceSchema { signing_name: "s3", ..copy(&SERVICE) };
    let response = encode_error(Protocol::RestXml, &s3, &failure(), ID);
    assert_eq!(
        body(&response),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NotFoundException</Code>\
         <Message>Key 'a&lt;b&gt;&amp;\"c\"' is not here</Message><RequestId>a0b1</RequestId></Error>"
    );
    assert_eq!(header(&response, "x-amz-request-id").as_deref(), Some(ID));
    assert_eq!(header(&response, "x-amzn-requestid"), None);
}

// botocore: Code NotFoundException.
#[test]
fn cbor() {
    let response = encode(Protocol::RpcV2Cbor, &failure());
    let mut decoder = minicbor::Decoder::new(&response.body);
    assert_eq!(decoder.map().expect("a map"), Some(2));
    let mut next = || decoder.str().expect("text").to_owned();
    assert_eq!(
        (next(), next()),
        ("__type".into(), "com.amazonaws.example#NotFoundException".into())
    );
    assert_eq!((next(), next()), ("message".into(), "Key 'a<b>&\"c\"' is not here".into()));
    assert_eq!(header(&response, "smithy-protocol").as_deref(), Some("rpc-v2-cbor"));
    assert_eq!(header(&response, "content-type").as_deref(), Some("application/cbor"));
}

// botocore: Code AWS.Example.NonExistentQueue, Type Sender, QueryErrorCode QueueDoesNotExist.
#[test]
fn services_that_once_spoke_query_name_its_codes_in_a_header() {
    let service = ServiceSchema { query_compatible: true, ..copy(&SERVICE) };
    for protocol in [Protocol::AwsJson10, Protocol::RpcV2Cbor] {
        let response = encode_error(protocol, &service, &QUEUE_GONE.because("gone"), ID);
        let code = header(&response, "x-amzn-query-error");
        assert_eq!(code.as_deref(), Some("AWS.Example.NonExistentQueue;Sender"));
        // The model's status is the Query protocol's.
        assert_eq!(response.status, 400);
    }
}

#[test]
fn a_request_id_cannot_end_its_header() {
    for protocol in crate::fixture::PROTOCOLS {
        let response = encode_error(protocol, &SERVICE, &failure(), "a\r\nSet-Cookie: b=c");
        assert_eq!(header(&response, "x-amzn-requestid").as_deref(), Some("a  Set-Cookie: b=c"));
    }
}

fn copy(service: &ServiceSchema) -> ServiceSchema {
    ServiceSchema { ..*service }
}
