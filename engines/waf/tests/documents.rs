//! Documents: what is read, what is refused and in which of AWS's words, and what rules cost.

use serde_json::{Value, json};
use waf::{Document, Matcher, Options, References, SearchStrings, WebAcl, capacity};

fn visibility() -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"})
}

fn acl(rules: Value) -> Value {
    json!({"Name": "w", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility(), "Rules": rules})
}

fn rule(statement: Value) -> Value {
    json!({"Name": "r", "Priority": 0, "Statement": statement, "Action": {"Block": {}}, "VisibilityConfig": visibility()})
}

fn of(field: Value, transformations: &[&str]) -> Value {
    let list = transformations.iter().enumerate().map(|(p, t)| json!({"Priority": p, "Type": t}));
    json!({"FieldToMatch": field, "TextTransformations": list.collect::<Vec<_>>()})
}

fn with(mut base: Value, members: Value) -> Value {
    for (name, value) in members.as_object().expect("an object") {
        base[name] = value.clone();
    }
    base
}

/// What is wrong with a rule's statement.
fn refused(statement: Value) -> String {
    let text = acl(json!([rule(statement)])).to_string();
    let compiled = WebAcl::parse(&text, SearchStrings::Text)
        .and_then(|acl| Matcher::compile(&acl, &References::default(), &Options::default()));
    compiled.expect_err("it is not valid").to_string()
}

fn wcu(statement: Value) -> u64 {
    let acl = WebAcl::parse(&acl(json!([rule(statement)])).to_string(), SearchStrings::Text)
        .expect("it reads");
    capacity::of_web_acl(&acl, &References::default()).expect("it counts")
}

#[test]
fn capacity_is_counted_as_documented() {
    let path = || json!({"UriPath": {}});
    let bytes = |constraint: &str, field: Value, t: &[&str]| json!({"ByteMatchStatement": with(of(field, t), json!({"SearchString": "x", "PositionalConstraint": constraint}))});
    let geo = || json!({"GeoMatchStatement": {"CountryCodes": ["KR"]}});
    assert_eq!(wcu(bytes("EXACTLY", path(), &["NONE"])), 2);
    assert_eq!(wcu(bytes("CONTAINS", path(), &["NONE"])), 10);
    assert_eq!(
        wcu(bytes("CONTAINS", json!({"AllQueryArguments": {}}), &["LOWERCASE", "URL_DECODE"])),
        40
    );
    let json_body = json!({"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "ALL"}});
    assert_eq!(wcu(bytes("CONTAINS", json_body, &["LOWERCASE"])), 30);
    // The example of the CLI's page on CheckCapacity: 13 for the conjunction, 2 for the rate.
    let and =
        json!({"AndStatement": {"Statements": [bytes("EXACTLY", path(), &["LOWERCASE"]), geo()]}});
    assert_eq!(wcu(and), 13);
    assert_eq!(wcu(json!({"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}})), 2);
    let keyed = json!({"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "CUSTOM_KEYS",
        "CustomKeys": [{"HTTPMethod": {}}, {"IP": {}}], "ScopeDownStatement": geo()}});
    assert_eq!(wcu(keyed), 2 + 60 + 1);
    assert_eq!(
        wcu(
            json!({"SqliMatchStatement": with(of(path(), &["NONE"]), json!({"SensitivityLevel": "HIGH"}))})
        ),
        30
    );
    assert_eq!(wcu(json!({"XssMatchStatement": of(path(), &["NONE"])})), 40);
    let managed = json!({"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}});
    assert_eq!(wcu(managed), 700);
}

#[test]
fn mistakes_are_told_in_awss_words() {
    let path = || of(json!({"UriPath": {}}), &["NONE"]);
    let none =
        "Error reason: EXACTLY_ONE_CONDITION_REQUIRED, field: STATEMENT, parameter: Statement";
    assert_eq!(refused(json!({})), none);
    assert_eq!(
        refused(
            json!({"XssMatchStatement": path(), "GeoMatchStatement": {"CountryCodes": ["KR"]}})
        ),
        none
    );
    assert!(
        refused(json!({"XssMatchStatement": of(json!({}), &["NONE"])})).contains("FIELD_TO_MATCH")
    );
    let cases = [
        (json!({"XssMatchStatement": of(json!({"UriPath": {}}), &[])}), "TEXT_TRANSFORMATION"),
        (json!({"AndStatement": {"Statements": [{"XssMatchStatement": path()}]}}), "AND_STATEMENT"),
        (
            json!({"NotStatement": {"Statement": {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}}}),
            "cannot be nested",
        ),
        (
            json!({"RateBasedStatement": {"Limit": 9, "AggregateKeyType": "IP"}}),
            "limit is out of range",
        ),
        (
            json!({"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "IP", "EvaluationWindowSec": 61}}),
            "window",
        ),
        (
            json!({"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "CONSTANT"}}),
            "scope-down",
        ),
        (
            json!({"RegexMatchStatement": with(path(), json!({"RegexString": "(?=x)"}))}),
            "REGEX_PATTERN",
        ),
        (
            json!({"RegexMatchStatement": with(path(), json!({"RegexString": "a".repeat(513)}))}),
            "512 characters",
        ),
        (
            json!({"ByteMatchStatement": with(path(), json!({"SearchString": "a".repeat(201), "PositionalConstraint": "CONTAINS"}))}),
            "200 bytes",
        ),
        (
            json!({"ByteMatchStatement": with(path(), json!({"SearchString": "a b", "PositionalConstraint": "CONTAINS_WORD"}))}),
            "BYTE_MATCH_STATEMENT",
        ),
        (json!({"GeoMatchStatement": {"CountryCodes": ["Korea"]}}), "GEO_MATCH_STATEMENT"),
        (
            json!({"LabelMatchStatement": {"Scope": "NAMESPACE", "Key": "a"}}),
            "LABEL_MATCH_STATEMENT",
        ),
        (json!({"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:none"}}), "was not given"),
        (json!({"XssMatchStatement": path(), "Unknown": {}}), "EXACTLY_ONE"),
        (json!({"XssMatchStatement": with(path(), json!({"Unknown": 1}))}), "unknown field"),
    ];
    for (statement, expected) in cases {
        let text = refused(statement.clone());
        assert!(text.contains(expected), "{statement}: {text}");
    }
    let two = json!([
        rule(json!({"XssMatchStatement": path()})),
        rule(json!({"XssMatchStatement": path()}))
    ]);
    let acl = WebAcl::parse(&acl(two).to_string(), SearchStrings::Text).expect("it reads");
    let error =
        Matcher::compile(&acl, &References::default(), &Options::default()).expect_err("not valid");
    assert!(error.to_string().contains("more than once"), "{error}");
}

#[test]
fn search_strings_are_read_as_told() {
    let statement = |text: &str| {
        json!({"ByteMatchStatement": with(of(json!({"UriPath": {}}), &["NONE"]),
            json!({"SearchString": text, "PositionalConstraint": "CONTAINS"}))})
    };
    let needle = |text: &str, how| {
        let acl = WebAcl::parse(&acl(json!([rule(statement(text))])).to_string(), how)?;
        match &acl.rules[0].statement {
            waf::document::Statement::ByteMatch(s) => Ok(s.search_string.0.clone()),
            other => panic!("{other:?}"),
        }
    };
    let read = |text, how| needle(text, how).map_err(|error: waf::Error| error.to_string());
    assert_eq!(read("YWRtaW4=", SearchStrings::Base64), Ok(b"admin".to_vec()));
    assert_eq!(read("YWRtaW4=", SearchStrings::Text), Ok(b"YWRtaW4=".to_vec()));
    assert_eq!(read("/admin", SearchStrings::Text), Ok(b"/admin".to_vec()));
    assert!(read("bad bot", SearchStrings::Base64).expect_err("no base64").contains("not base64"));
}

#[test]
fn answers_of_the_cli_are_documents() {
    let wrapped = json!({"WebACL": with(acl(json!([])), json!({"Id": "1", "ARN": "arn:x", "Capacity": 0, "LabelNamespace": "awswaf:1:webacl:w:"})), "LockToken": "t"});
    assert!(matches!(
        Document::parse(&wrapped.to_string(), SearchStrings::Base64),
        Ok(Document::WebAcl(_))
    ));
    let set = json!({"IPSet": {"Name": "s", "Id": "1", "ARN": "arn:x", "IPAddressVersion": "IPV4", "Addresses": []}, "LockToken": "t"});
    assert!(matches!(
        Document::parse(&set.to_string(), SearchStrings::Base64),
        Ok(Document::IPSet(_))
    ));
    let patterns =
        json!({"RegexPatternSet": {"Name": "s", "RegularExpressionList": [{"RegexString": "a"}]}});
    assert!(matches!(
        Document::parse(&patterns.to_string(), SearchStrings::Base64),
        Ok(Document::RegexPatternSet(_))
    ));
}
