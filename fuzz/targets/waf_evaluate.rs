//! Every managed rule group judges any request without a panic, and the same request twice in the same way. The first line is the target, then lines of
//! headers until an empty one, then the body.

#![no_main]

use std::net::IpAddr;
use std::sync::LazyLock;

use base::Timestamp;
use libfuzzer_sys::fuzz_target;
use waf::{Matcher, Nowhere, Options, References, Request, SearchStrings, Sliding, WebAcl, World};

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
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
    Matcher::compile(&acl, &References::default(), &Options::default()).expect("it compiles")
});

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |b| *b == b'\n');
    let (target, mut rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut request = Request::new(IpAddr::from([192, 0, 2, 1]), "POST", target);
    loop {
        let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let (line, after) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
        rest = after;
        let Some(colon) = line.iter().position(|b| *b == b':') else { break };
        let Ok(name) = std::str::from_utf8(&line[..colon]) else { break };
        request = request.with_header(name, &line[colon + 1..]);
    }
    let request = request.with_body(rest);
    let rates = Sliding::new(10);
    let world =
        World { now: Timestamp::from_millis(0), rates: &rates, places: &Nowhere, token_key: None };
    let verdict = MATCHER.evaluate(&request, &world);
    assert_eq!(verdict.log(), MATCHER.evaluate(&request, &world).log());
});
