//! Input that is made to hurt: it must end, and end soon. The bounds of time are wide, since machines differ; what they exclude is time that grows with the
//! square of the input or worse.

use std::net::IpAddr;
use std::time::Duration;

use base::Timestamp;
use base::clock::Stopwatch;
use waf::{
    Matcher, Nowhere, Options, References, Request, SearchStrings, Sliding, Verdict, WebAcl, World,
};

/// Far more than any of the requests takes, far less than something quadratic would.
const SOON: Duration = Duration::from_secs(5);

fn matcher() -> Matcher {
    let metric =
        r#"{"SampledRequestsEnabled":false,"CloudWatchMetricsEnabled":false,"MetricName":"m"}"#;
    let names = waf::managed::names().filter(|name| name.ends_with("RuleSet"));
    let rules = names.enumerate().map(|(priority, name)| {
        format!(
            r#"{{"Name":"{name}","Priority":{priority},"OverrideAction":{{"Count":{{}}}},"VisibilityConfig":{metric},
            "Statement":{{"ManagedRuleGroupStatement":{{"VendorName":"AWS","Name":"{name}"}}}}}}"#
        )
    });
    let rules = rules.collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"Name":"w","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{metric},"Rules":[{rules}]}}"#
    );
    let acl = WebAcl::parse(&text, SearchStrings::Base64).expect("a Web ACL");
    let options = Options { body_bytes: 64 << 10, ..Options::default() };
    Matcher::compile(&acl, &References::default(), &options).expect("it compiles")
}

fn judge(matcher: &Matcher, request: &Request<'_>) -> Verdict {
    let rates = Sliding::new(10);
    let world =
        World { now: Timestamp::from_millis(0), rates: &rates, places: &Nowhere, token_key: None };
    let watch = Stopwatch::start();
    let verdict = matcher.evaluate(request, &world);
    assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
    verdict
}

fn post(body: &[u8]) -> Request<'_> {
    Request::new(IpAddr::from([192, 0, 2, 1]), "POST", b"/")
        .with_header("User-Agent", b"Mozilla/5.0 x")
        .with_body(body)
}

#[test]
fn bodies_that_are_made_to_hurt() {
    let matcher = matcher();
    let size = 64 << 10;
    let bodies: Vec<Vec<u8>> = vec![
        [vec![b'['; 10_000], b"1".to_vec(), vec![b']'; 10_000]].concat(),
        "{\"a\":".repeat(10_000).into_bytes(),
        format!("[{}0]", "0,".repeat(size / 2)).into_bytes(),
        format!("[{}\"\"]", "\"'\",".repeat(size / 4)).into_bytes(),
        vec![b'\''; size],
        vec![b'('; size],
        vec![b'<'; size],
        b"/*".repeat(size / 2),
        b"../".repeat(size / 3),
        b"${".repeat(size / 2),
        b"select ".repeat(size / 7),
        b"' or ".repeat(size / 5),
        b"<a onx=".repeat(size / 7),
        b"%25".repeat(size / 3),
        b"&#x26;".repeat(size / 6),
        b"a=1&".repeat(size / 4),
        vec![0xff; size],
        vec![0; size],
        (0..size).map(|at| (at * 7919 % 251) as u8).collect(),
    ];
    for body in &bodies {
        for kind in [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=a",
            "text/plain",
        ] {
            judge(&matcher, &post(body).with_header("Content-Type", kind.as_bytes()));
        }
    }
}

#[test]
fn headers_that_are_made_to_hurt() {
    let matcher = matcher();
    let long = vec![b'a'; 1 << 20];
    let verdict = judge(&matcher, &post(b"").with_header("X-Long", &long));
    assert!(verdict.oversize.headers);
    let mut many = post(b"");
    many.headers.extend((0..50_000).map(|_| ("x", &b"y"[..])));
    assert!(judge(&matcher, &many).oversize.headers);
    let cookies = b"a=b; ".repeat(100_000);
    assert!(judge(&matcher, &post(b"").with_header("Cookie", &cookies)).oversize.cookies);
    let query = [b"/?".to_vec(), b"a=%27&".repeat(20_000)].concat();
    judge(&matcher, &Request::new(IpAddr::from([192, 0, 2, 1]), "GET", &query));
}

#[test]
fn documents_that_are_made_to_hurt() {
    let nested = format!("{}{}", r#"{"Statement":"#.repeat(10_000), "}".repeat(10_000));
    assert!(WebAcl::parse(&nested, SearchStrings::Text).is_err());
    for text in ["", "{", "[]", "null", "{\"Rules\":1}", "{\"WebACL\":{}}"] {
        assert!(WebAcl::parse(text, SearchStrings::Text).is_err(), "{text}");
    }
}
