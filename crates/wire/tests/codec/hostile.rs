//! Requests that do not fit: each is refused with the right words, none is believed, none costs more than the limits.

use http::{HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use shape::{Dynamic, Failure, Protocol, Shape, View};
use wire::codec::{DecodeError, decode_input};
use wire::limits::{MAX_DEPTH, MAX_ENTRIES};
use wire::request::Request;

use crate::fixture::{BIND, BOUND, ECHO, PROTOCOLS, THING};

fn decode(protocol: Protocol, body: impl Into<Vec<u8>>) -> Result<Dynamic, DecodeError> {
    let mut request = Request::new(Method::POST, "/");
    request.body = body.into().into();
    let mut thing = Dynamic::new(&THING);
    decode_input(protocol, &ECHO, &request, &[], &mut thing).map(|()| thing)
}

fn refusal(protocol: Protocol, body: impl Into<Vec<u8>>) -> String {
    match decode(protocol, body) {
        Ok(thing) => panic!("decoded as {thing:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn json_that_does_not_fit() {
    for (body, message) in [
        (r#"{"text":1}"#, "NUMBER_VALUE cannot be converted to String"),
        (r#"{"text":true}"#, "TRUE_VALUE cannot be converted to String"),
        (r#"{"text":[]}"#, "Start of list found where not expected"),
        (r#"{"text":{}}"#, "Start of structure or map found where not expected"),
        (r#"{"flag":"true"}"#, "STRING_VALUE cannot be converted to Boolean"),
        (r#"{"flag":0}"#, "NUMBER_VALUE cannot be converted to Boolean"),
        (r#"{"integer":"1"}"#, "STRING_VALUE cannot be converted to Integer"),
        (r#"{"integer":2147483648}"#, "A number is out of the range of Integer"),
        (r#"{"integer":1.5}"#, "A number is out of the range of Integer"),
        (r#"{"long":9223372036854775808}"#, "A number is out of the range of Long"),
        (r#"{"double":"1.5"}"#, "STRING_VALUE cannot be converted to Double"),
        (r#"{"double":"inf"}"#, "STRING_VALUE cannot be converted to Double"),
        (r#"{"moment":"2026-01-01T00:00:00Z"}"#, "The value of a timestamp is not valid"),
        (r#"{"moment":1e300}"#, "The value of a timestamp is not valid"),
        (r#"{"bytes":"a"}"#, "The value of a blob is not valid Base64"),
        (r#"{"bytes":"YQ"}"#, "The value of a blob is not valid Base64"),
        (r#"{"bytes":"Y Q=="}"#, "The value of a blob is not valid Base64"),
        (r#"{"bytes":1}"#, "NUMBER_VALUE cannot be converted to Blob"),
        (r#"{"things":{}}"#, "Start of structure or map found where not expected"),
        (r#"{"things":"a"}"#, "STRING_VALUE cannot be converted to List"),
        (r#"{"names":[]}"#, "Start of list found where not expected"),
        (r#"{"names":{"a":1}}"#, "NUMBER_VALUE cannot be converted to String"),
        (r#"{"text":"a","text":"b"}"#, "Duplicate value for text"),
        (r#"{"names":{"a":"b","a":"c"}}"#, "Duplicate value for a key of a map"),
        (r#"{"any":{"a":1,"a":1}}"#, "Duplicate value for a key of a document"),
        (r#"{"choice":{}}"#, UNION),
        (r#"{"choice":{"text":"a","count":1}}"#, UNION),
        (r#"{"choice":{"other":1}}"#, UNION),
        (r#"{"choice":{"text":"a","other":1}}"#, UNION),
        (r#"{"choice":{"text":null}}"#, UNION),
        (r#"{} {}"#, "The request is not valid JSON: trailing characters at line 1 column 4"),
        (
            r#"{"text":"a""#,
            "The request is not valid JSON: EOF while parsing an object at line 1 column 11",
        ),
        (r#"[]"#, "The request is not valid JSON: it is not an object"),
        (r#""secret""#, "The request is not valid JSON: it is not an object"),
    ] {
        for protocol in [Protocol::AwsJson10, Protocol::AwsJson11, Protocol::RestJson1] {
            assert_eq!(refusal(protocol, body), message, "{body}");
        }
    }
    let invalid = refusal(Protocol::AwsJson11, b"{\"text\":\"\xff\"}");
    assert!(invalid.starts_with("The request is not valid JSON: invalid utf-8"), "{invalid}");
    let skipped = refusal(Protocol::AwsJson11, b"{\"other\":\"\xff\"}");
    assert!(skipped.starts_with("The request is not valid JSON: invalid utf-8"), "{skipped}");
}

const UNION: &str =
    "Exactly one member of the union Choice must be set, and it must be a known one";

#[test]
fn json_that_is_odd_but_fits() {
    for (body, debug) in [
        ("", "Thing"),
        ("{}", "Thing"),
        (r#"{"other":[{"a":[1]}],"text":"a"}"#, r#"Thing { text: "a" }"#),
        (r#"{"text":null,"things":null}"#, "Thing"),
        (r#"{"texts":["a",null,"b"]}"#, r#"Thing { texts: ["a", "b"] }"#),
        (r#"{"sparse":["a",null]}"#, r#"Thing { sparse: ["a", null] }"#),
        (r#"{"names":{"a":null}}"#, "Thing { names: {} }"),
        (
            r#"{"integer":2.0,"double":2,"float":"NaN"}"#,
            "Thing { integer: 2, float: NaN, double: 2.0 }",
        ),
        (
            r#"{"choice":{"__type":"a#b","text":"a","count":null}}"#,
            r#"Thing { choice: Choice { text: "a" } }"#,
        ),
        (r#"{"any":null}"#, "Thing"),
        (r#"{"text":"\ud83d\ude00\u0000"}"#, "Thing { text: \"😀\\0\" }"),
        (r#"{"colour":"GREEN"}"#, r#"Thing { colour: "GREEN" }"#),
    ] {
        let thing = decode(Protocol::AwsJson11, body).expect(body);
        assert_eq!(format!("{thing:?}"), debug, "{body}");
    }
}

#[test]
fn xml_that_does_not_fit() {
    for (body, message) in [
        ("<a><text>1</text><text>2</text></a>", "Duplicate value for text"),
        ("<a><text><b/></text></a>", "Start of structure or map found where not expected"),
        ("<a><integer>x</integer></a>", "STRING_VALUE cannot be converted to Integer"),
        ("<a><flag>TRUE</flag></a>", "STRING_VALUE cannot be converted to Boolean"),
        ("<a><moment>1</moment></a>", "The value of a timestamp is not valid"),
        ("<a><bytes>?</bytes></a>", "The value of a blob is not valid Base64"),
        ("<a><choice/></a>", UNION),
        ("<a><choice><other/></choice></a>", UNION),
        (
            "<a><names><entry><value>b</value><key>a</key></entry></names></a>",
            "The request is not valid XML: a map's value stands before its key",
        ),
        ("<a/><b/>", "The request is not valid XML: there is more than one root element"),
        ("<a/>x", "The request is not valid XML: there is text outside of the root element"),
        (" ", "The request is not valid XML: there is no root element"),
        (
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a><text>&b;</text></a>",
            "The request is not valid XML: document type definitions are not allowed",
        ),
        ("<a><text>&b;</text></a>", "The request is not valid XML: there is an unknown entity"),
    ] {
        assert_eq!(refusal(Protocol::RestXml, body), message, "{body}");
    }
    for body in ["<a>", "<a><text>", "<a></b>", "<a", "<a><text>&", "<a><text>&#xD800;</text></a>"]
    {
        let message = refusal(Protocol::RestXml, body);
        assert!(message.starts_with("The request is not valid XML"), "{body}: {message}");
    }
}

#[test]
fn xml_that_is_odd_but_fits() {
    for (body, debug) in [
        (
            "<?xml version='1.0'?><!-- c --><x:a xmlns:x='y'><x:text>b</x:text></x:a>\n",
            r#"Thing { text: "b" }"#,
        ),
        (
            "<a><text> &lt;<![CDATA[&<]]>&#65; </text><other><text>c</text></other></a>",
            r#"Thing { text: " <&<A " }"#,
        ),
        ("<a><integer>\n 1 </integer><things/></a>", "Thing { integer: 1, things: [] }"),
        ("<a><names><entry><key>a</key></entry></names></a>", "Thing { names: {} }"),
    ] {
        let thing = decode(Protocol::RestXml, body).expect(body);
        assert_eq!(format!("{thing:?}"), debug, "{body}");
    }
}

#[test]
fn forms_that_do_not_fit() {
    for (body, message) in [
        ("text=a&text=b", "Duplicate value for text"),
        ("text.a=b", "Start of structure found where not expected"),
        ("integer=x", "STRING_VALUE cannot be converted to Integer"),
        ("integer=1e3", "STRING_VALUE cannot be converted to Integer"),
        ("things=a", "STRING_VALUE cannot be converted to List"),
        ("things.1.text=a", "STRING_VALUE cannot be converted to List"),
        ("texts.member.1=a&texts.member.01=b", "Duplicate value for texts.member.1"),
        ("names.entry.1.value=a", "The request is not valid form data: a map's entry has no key"),
        (
            "names.entry.1.key=a&names.entry.1.value=b&names.entry.2.key=a&names.entry.2.value=c",
            "Duplicate value for a key of a map",
        ),
        ("choice.text=a&choice.count=1", UNION),
        ("bytes=%3F", "The value of a blob is not valid Base64"),
    ] {
        assert_eq!(refusal(Protocol::AwsQuery, body), message, "{body}");
    }
    let message = refusal(Protocol::AwsQuery, "text=%ff");
    assert!(message.starts_with("The request is not valid form"), "{message}");
}

#[test]
fn forms_that_are_odd_but_fit() {
    for (body, debug) in [
        ("Action=Echo&Version=1&text=a+b%2B", r#"Thing { text: "a b+" }"#),
        ("texts.member.10=c&texts.member.9=b&texts.member.x=d", r#"Thing { texts: ["b", "c"] }"#),
        ("text-a=1&text=b&text.c=2&texts=", r#"Thing { text: "b", texts: [] }"#),
        ("things.member.1.text=a&things.member.1-=b", r#"Thing { things: [Thing { text: "a" }] }"#),
    ] {
        let thing = decode(Protocol::AwsQuery, body).expect(body);
        assert_eq!(format!("{thing:?}"), debug, "{body}");
    }
    let thing =
        decode(Protocol::Ec2Query, "Text=a&Texts.1=b&Things.1.Text=c&text=d").expect("fits");
    assert_eq!(
        format!("{thing:?}"),
        r#"Thing { text: "a", things: [Thing { text: "c" }], texts: ["b"] }"#
    );
}

#[test]
fn cbor_that_does_not_fit() {
    for (body, message) in [
        (&b"\xa1\x64text\x01"[..], "NUMBER_VALUE cannot be converted to String"),
        (b"\xa1\x64flag\x61a", "STRING_VALUE cannot be converted to Boolean"),
        (
            b"\xa1\x67integer\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
            "A number is out of the range of Integer",
        ),
        (b"\xa1\x66moment\x01", "NUMBER_VALUE cannot be converted to Timestamp"),
        (b"\xa1\x66moment\xc0\x61a", "The value of a timestamp is not valid"),
        (b"\xa2\x64text\x61a\x64text\x61b", "Duplicate value for text"),
        (b"\xa1\x66choice\xa0", UNION),
        (b"\xa0\x00", "The request is not valid CBOR: there are bytes after the document"),
        (b"\x80", "The request is not valid CBOR: the document is not a map"),
    ] {
        assert_eq!(refusal(Protocol::RpcV2Cbor, body), message, "{body:?}");
    }
    for body in
        [&b"\xa1\x64text\x61\xff"[..], b"\xbf", b"\xa1\x64text", b"\xa1\x64text\x7b\xff\xff"]
    {
        let message = refusal(Protocol::RpcV2Cbor, body);
        assert!(message.starts_with("The request is not valid CBOR"), "{body:?}: {message}");
    }
}

#[test]
fn http_bindings_that_do_not_fit() {
    let bind = |target: &str, headers: &[(&'static str, &str)], label: &str| {
        let mut request = Request::new(Method::POST, target);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a value");
            request.headers.append(HeaderName::from_static(name), value);
        }
        let mut bound = Dynamic::new(&BOUND);
        decode_input(Protocol::RestJson1, &BIND, &request, &[("label", label.into())], &mut bound)
            .map(|()| format!("{bound:?}"))
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        bind("/?count=1&tags=a&tags=b", &[("x-texts", "a, \"b,\\\"c\""), ("x-texts", "d")], "l"),
        Ok(r#"Bound { label: "l", count: 1, tags: ["a", "b"], x-texts: ["a", "b,\"c", "d"] }"#
            .into())
    );
    assert_eq!(
        bind("/", &[("x-meta-a", "b"), ("x-meta-", "c")], "l"),
        Ok(r#"Bound { label: "l", x-meta-: {"a": "b"} }"#.into())
    );
    for (target, headers, message) in [
        ("/?count=1&count=2", &[][..], "Duplicate value for count"),
        ("/?count=", &[], "STRING_VALUE cannot be converted to Integer"),
        ("/", &[("x-moment", "yesterday")], "The value of a timestamp is not valid"),
        (
            "/",
            &[("x-texts", "\"a")],
            "The request is not valid HTTP: a quoted element of a header does not end",
        ),
    ] {
        assert_eq!(bind(target, headers, "l"), Err(message.into()));
    }
}

#[test]
fn depth_is_limited() {
    // The root is the first level; each further thing adds two, its list and itself.
    let nested = |levels: usize, open: &str, close: &str| {
        format!("{}{}", open.repeat(levels), close.repeat(levels))
    };
    let json = |levels| format!("{{{}}}", nested(levels, r#""things":[{"#, "}]"));
    let xml =
        |levels| format!("<a>{}</a>", nested(levels, "<things><member>", "</member></things>"));
    let form = |levels| format!("{}text=a", "things.member.1.".repeat(levels));
    let cbor = |levels| [&b"\xa1\x66things\x81".repeat(levels)[..], b"\xa0"].concat();
    let most = (MAX_DEPTH - 1) / 2;
    let deep = Err(DecodeError::Limit("nesting"));
    for (levels, expected) in [(most, Ok(())), (most + 1, deep.clone()), (20_000, deep)] {
        assert_eq!(decode(Protocol::AwsJson11, json(levels)).map(drop), expected);
        assert_eq!(decode(Protocol::RestXml, xml(levels)).map(drop), expected);
        assert_eq!(decode(Protocol::AwsQuery, form(levels)).map(drop), expected);
        assert_eq!(decode(Protocol::RpcV2Cbor, cbor(levels)).map(drop), expected);
    }
    let any = format!(r#"{{"any":{}}}"#, nested(MAX_DEPTH, "[", "]"));
    assert_eq!(decode(Protocol::AwsJson11, any).map(drop), Err(DecodeError::Limit("nesting")));
    // What is skipped costs no stack.
    let other = format!(r#"{{"other":{}}}"#, nested(100_000, "[", "]"));
    assert_eq!(decode(Protocol::AwsJson11, other).map(drop), Ok(()));
}

#[test]
fn breadth_is_limited() {
    let many = MAX_ENTRIES + 1;
    let json = format!(r#"{{"texts":["a"{}]}}"#, r#","a""#.repeat(many - 1));
    assert_eq!(decode(Protocol::AwsJson11, json).map(drop), Err(DecodeError::Limit("entries")));
    let xml = format!("<a><texts>{}</texts></a>", "<member/>".repeat(many));
    assert_eq!(decode(Protocol::RestXml, xml).map(drop), Err(DecodeError::Limit("entries")));
    let cbor = [b"\xa1\x65texts\x9f", &b"\x60".repeat(many)[..], b"\xff"].concat();
    assert_eq!(decode(Protocol::RpcV2Cbor, cbor).map(drop), Err(DecodeError::Limit("entries")));
    let form = "a&".repeat(many);
    assert_eq!(decode(Protocol::AwsQuery, form).map(drop), Err(DecodeError::Limit("parameters")));
    // An empty structure is small on the wire and not in memory.
    let json = format!(r#"{{"things":[{{}}{}]}}"#, ",{}".repeat(40_000));
    assert_eq!(decode(Protocol::AwsJson11, json).map(drop), Err(DecodeError::Limit("values")));
    let attributes = format!("<a {}/>", "b='' ".repeat(100_000));
    assert_eq!(decode(Protocol::RestXml, attributes).map(drop), Ok(()));
}

#[test]
fn errors_become_the_protocols_own() {
    let failure: Failure = DecodeError::Base64.into();
    assert_eq!(failure.error.name, "SerializationException");
    assert_eq!(failure.error.query_code(), "MalformedInput");
    assert_eq!(failure.error.status, 400);
}

/// Bytes that get past the first checks of some protocol.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\ud800",
        "null",
        "true",
        "1",
        "-",
        "e",
        ".",
        "0",
        "<",
        ">",
        "/",
        "</",
        "/>",
        "&",
        "&amp;",
        "&#",
        ";",
        "<!",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "=",
        "%",
        "%ff",
        "+",
        "member",
        "entry",
        "key",
        "value",
        "\u{feff}",
        "\"text\":",
        "\"things\":[",
        "<things>",
        "</things>",
        "things.member.1.",
        "text",
        "colour",
        "integer",
        "moment",
        "bytes",
        "names",
        "choice",
        "any",
        "\0",
        " ",
        "\n",
    ]);
    let texts = prop::collection::vec(words, 0..40).prop_map(|words| words.concat().into_bytes());
    let cbor = prop::collection::vec(
        prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            Just(b"\x64text".to_vec()),
            Just(b"\x66things".to_vec()),
            Just(b"\x66choice".to_vec()),
            Just(b"\x9f".to_vec()),
            Just(b"\xbf".to_vec()),
            Just(b"\xff".to_vec()),
        ],
        0..40,
    );
    let cbor = cbor.prop_map(|parts| [&b"\xbf"[..], &parts.concat()].concat());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..64), texts, cbor]
}

proptest! {
    #[test]
    fn nothing_panics(body in bytes(), query in "[ -~]{0,40}", header in "[ -~]{0,40}", label in ".*") {
        let mut request = Request::new(Method::POST, "/");
        request.query = query;
        request.body = body.into();
        for name in ["x-moment", "x-texts", "x-meta-a"] {
            let value = HeaderValue::from_str(&header).expect("printable");
            request.headers.insert(HeaderName::from_static(name), value);
        }
        for protocol in PROTOCOLS {
            let mut thing = Dynamic::new(&THING);
            let _ = decode_input(protocol, &ECHO, &request, &[], &mut thing);
            let mut bound = Dynamic::new(&BOUND);
            let labels = [("label", label.clone())];
            let _ = decode_input(protocol, &BIND, &request, &labels, &mut bound);
            // Whatever was decoded before an error can be looked at.
            prop_assert!(matches!(thing.field(0).view(), View::Absent | View::String(_)));
        }
    }
}
