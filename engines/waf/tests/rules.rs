//! What happens after a match: tokens, custom answers, the log.

use std::net::IpAddr;

use base::Timestamp;
use serde_json::{Value, json};
use waf::token::{TAG_BYTES, Token, TokenKey};
use waf::{
    Action, Matcher, Nowhere, Options, References, Request, SearchStrings, Sliding, Verdict,
    WebAcl, World,
};

/// Not a code that protects anything: it only tells messages apart.
struct Toy;

impl TokenKey for Toy {
    fn tag(&self, message: &[u8]) -> [u8; TAG_BYTES] {
        let mut tag = [7; TAG_BYTES];
        message
            .iter()
            .enumerate()
            .for_each(|(at, byte)| tag[at % TAG_BYTES] ^= byte.rotate_left(at as u32 % 8));
        tag
    }

    fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.tag(message) == tag
    }
}

fn judge(rules: &Value, request: &Request<'_>, now: i64) -> Verdict {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let mut rules = rules.clone();
    for (priority, rule) in rules.as_array_mut().expect("rules").iter_mut().enumerate() {
        rule["Priority"] = json!(priority);
        rule["VisibilityConfig"] = visibility.clone();
    }
    let acl = json!({"Name": "w", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility, "Rules": rules,
        "CaptchaConfig": {"ImmunityTimeProperty": {"ImmunityTime": 60}},
        "CustomResponseBodies": {"sorry": {"ContentType": "TEXT_HTML", "Content": "<p>no</p>"}}});
    let acl = WebAcl::parse(&acl.to_string(), SearchStrings::Text).expect("it reads");
    let matcher =
        Matcher::compile(&acl, &References::default(), &Options::default()).expect("it compiles");
    let rates = Sliding::new(10);
    let now = Timestamp::from_millis(now * 1000);
    matcher
        .evaluate(request, &World { now, rates: &rates, places: &Nowhere, token_key: Some(&Toy) })
}

fn get(target: &str) -> Request<'_> {
    Request::new(IpAddr::from([192, 0, 2, 1]), "GET", target.as_bytes())
        .with_header("Host", b"shop.example:8080")
}

fn path(text: &str) -> Value {
    json!({"ByteMatchStatement": {"SearchString": text, "PositionalConstraint": "STARTS_WITH", "FieldToMatch": {"UriPath": {}},
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}})
}

#[test]
fn a_captcha_is_asked_for_until_it_is_solved_and_again_when_that_is_long_ago() {
    let rules = json!([{"Name": "c", "Statement": path("/"), "Action": {"Captcha": {}}}]);
    let verdict = judge(&rules, &get("/"), 0);
    assert_eq!(verdict.action, Action::Captcha);
    assert_eq!(
        verdict.log()["captchaResponse"],
        json!({"responseCode": 405, "failureReason": "TOKEN_MISSING"})
    );

    let token = |domain: &str, captcha, challenge| {
        let at =
            |seconds: Option<i64>| seconds.map(|seconds| Timestamp::from_millis(seconds * 1000));
        let token = Token { domain: domain.into(), captcha: at(captcha), challenge: at(challenge) };
        format!("a=b; aws-waf-token={}", token.mint(&Toy))
    };
    let with =
        |cookie: &str, now| judge(&rules, &get("/").with_header("Cookie", cookie.as_bytes()), now);
    let solved = token("shop.example", Some(0), None);
    let verdict = with(&solved, 59);
    assert_eq!(verdict.action, Action::Allow);
    assert_eq!(verdict.non_terminating.len(), 1);
    assert_eq!(verdict.log()["captchaResponse"], json!({"responseCode": 0, "solveTimestamp": 0}));
    for (cookie, now, reason) in [
        (solved.as_str(), 60, "TOKEN_EXPIRED"),
        (&token("evil.example", Some(0), None), 0, "TOKEN_DOMAIN_MISMATCH"),
        (&token("shop.example", None, Some(0)), 0, "TOKEN_MISSING"),
        ("aws-waf-token=forged", 0, "TOKEN_INVALID"),
    ] {
        let verdict = with(cookie, now);
        assert_eq!(verdict.action, Action::Captcha, "{reason}");
        assert_eq!(verdict.log()["captchaResponse"]["failureReason"], json!(reason));
    }
    let challenge = json!([{"Name": "c", "Statement": path("/"), "Action": {"Challenge": {}}}]);
    let passed = token("shop.example", None, Some(0));
    // The challenge has the default time: 300 seconds.
    for (now, expected) in [(299, Action::Allow), (300, Action::Challenge)] {
        let verdict = judge(&challenge, &get("/").with_header("Cookie", passed.as_bytes()), now);
        assert_eq!(verdict.action, expected, "{now}");
    }
}

#[test]
fn a_block_answers_as_it_says() {
    let custom = json!({"ResponseCode": 429, "CustomResponseBodyKey": "sorry", "ResponseHeaders": [{"Name": "Retry-After", "Value": "9"}]});
    let rules = json!([
        {"Name": "custom", "Statement": path("/a"), "Action": {"Block": {"CustomResponse": custom}}},
        {"Name": "plain", "Statement": path("/b"), "Action": {"Block": {}}},
    ]);
    match judge(&rules, &get("/a"), 0).action {
        Action::Block(response) => {
            assert_eq!((response.status, response.headers[0].name.as_str()), (429, "Retry-After"));
            assert_eq!(response.body, Some(("text/html", "<p>no</p>".to_owned())));
        }
        other => panic!("{other:?}"),
    }
    let plain = judge(&rules, &get("/b"), 0);
    assert!(
        matches!(&plain.action, Action::Block(response) if response.status == 403 && !response.custom)
    );
    assert_eq!(plain.log()["responseCodeSent"], Value::Null);
}

#[test]
fn the_log_tells_what_rules_found() {
    let sqli = json!({"SqliMatchStatement": {"FieldToMatch": {"AllQueryArguments": {}}, "SensitivityLevel": "HIGH",
        "TextTransformations": [{"Priority": 0, "Type": "URL_DECODE"}]}});
    let handling =
        json!({"CustomRequestHandling": {"InsertHeaders": [{"Name": "seen", "Value": "1"}]}});
    let rules = json!([
        {"Name": "count", "Statement": path("/"), "Action": {"Count": handling}, "RuleLabels": [{"Name": "seen"}]},
        {"Name": "sql", "Statement": {"AndStatement": {"Statements": [sqli, {"LabelMatchStatement": {"Scope": "LABEL", "Key": "seen"}}]}},
            "Action": {"Block": {}}},
    ]);
    let log = judge(&rules, &get("/?id=1'+or+'1'='1"), 0).log();
    assert_eq!(log["action"], "BLOCK");
    assert_eq!(
        (&log["terminatingRuleId"], &log["terminatingRuleType"]),
        (&json!("sql"), &json!("REGULAR"))
    );
    let detail = json!({"conditionType": "SQL_INJECTION", "sensitivityLevel": "HIGH", "location": "ALL_QUERY_ARGS",
        "matchedFieldName": "id", "matchedData": ["1'", "or", "'1'='1"]});
    assert_eq!(log["terminatingRuleMatchDetails"], json!([detail]));
    assert_eq!(
        log["nonTerminatingMatchingRules"],
        json!([{"ruleId": "count", "action": "COUNT", "ruleMatchDetails": []}])
    );
    assert_eq!(log["labels"], json!([{"name": "awswaf:123456789012:webacl:w:seen"}]));
    assert_eq!(log["requestHeadersInserted"], Value::Null, "a blocked request goes nowhere");

    let log = judge(&rules, &get("/?id=1"), 0).log();
    assert_eq!(log["terminatingRuleId"], "Default_Action");
    assert_eq!(log["requestHeadersInserted"], json!([{"name": "x-amzn-waf-seen", "value": "1"}]));
}
