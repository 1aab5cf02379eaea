//! What IAM says to policies that are none, in IAM's words and order, and the places that go with them. The texts were
//! collected from documents tried against IAM by other projects (moto's cases among them).

use authz::{Document, Error, Kind, Policy, Position};

const SYNTAX: &str = "Syntax errors in policy.";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const LEGACY: &str = "The policy failed legacy parsing";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";
const VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const COLON: &str = "Actions/Condition can contain only one colon.";

fn refusal(kind: Kind, text: &str) -> Option<String> {
    Policy::read(kind, "p", text).err().map(|error| error.to_string())
}

/// A policy of these members beside `Version`.
fn policy(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)
}

/// A statement that allows listing a bucket, and these members.
fn with(members: &str) -> String {
    policy(&format!(r#"{{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",{members}}}"#))
}

fn resource(resource: &str) -> String {
    policy(&format!(r#"{{"Effect":"Allow","Action":"s3:ListBucket","Resource":{resource}}}"#))
}

fn action(action: &str) -> String {
    policy(&format!(r#"{{"Effect":"Allow",{action},"Resource":"*"}}"#))
}

fn all_say(text: &str, policies: &[String]) {
    for policy in policies {
        assert_eq!(refusal(Kind::Identity, policy).as_deref(), Some(text), "{policy}");
    }
}

#[test]
fn grammar() {
    let statement = r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}"#;
    all_say(
        SYNTAX,
        &[
            "not json".into(),
            "[]".into(),
            r#"{"Version":"2012-10-17"}"#.into(),
            format!(r#"{{"Version":"2013-10-17","Statement":{statement}}}"#),
            format!(r#"{{"Version":"2012-10-17","Statement":{statement},"Extra":1}}"#),
            format!(r#"{{"Version":"2012-10-17","Id":{{}},"Statement":{statement}}}"#),
            policy("[]"),
            policy(r#"["x"]"#),
            policy(r#"{"Action":"s3:ListBucket","Resource":"*"}"#),
            policy(r#"{"Effect":"Permit","Action":"s3:ListBucket","Resource":"*"}"#),
            with(r#""Extra":"x""#),
            with(r#""Sid":{}"#),
            with(r#""NotResource":"*""#),
            with(r#""NotAction":[]"#),
            with(r#""Effect":"Deny""#),
            with(r#""Condition":[]"#),
            with(r#""Condition":{"a":"b"}"#),
            with(r#""Condition":{"x":{"a":"1"}}"#),
            with(r#""Condition":{"DateGreaterThan":[]}"#),
            with(r#""Condition":{"DateGreaterThan":{"a":{}}}"#),
            with(r#""Condition":{"ForAnyValue::StringEqualsIfExists":{"a":"b"}}"#),
            with(r#""Principal":"someone""#),
            with(r#""Principal":{"GCP":"x"}"#),
            resource(r#"{"a":"arn:aws:s3:::b"}"#),
            resource(r#"["adfdf",{}]"#),
            action(r#""Action":[[]]"#),
        ],
    );
}

#[test]
fn the_order_of_findings() {
    let no_version = r#"{"Statement":{"Effect":"denY","Action":"s3:ListBucket","Resource":"*"}}"#;
    let old =
        r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    all_say(VERSION, &[no_version.into(), old.into()]);
    let twice = r#"[{"Sid":"x","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"x","Effect":"Allow"}]"#;
    all_say("Statement IDs (SID) in a single policy must be unique.", &[policy(twice)]);
    all_say(LEGACY, &[policy(&twice.replacen("Allow", "aLLow", 1))]);
    all_say(NO_ACTIONS, &[policy(r#"{"Effect":"Allow"}"#), action(r#""Action":[]"#)]);
    all_say(NO_RESOURCES, &[policy(r#"{"Effect":"Allow","Action":"invalid"}"#), resource("[]")]);
    let both = r#"{"Effect":"Allow","Action":"s:3:ListBucket","Resource":"sdfsadf"}"#;
    all_say(r#"Resource sdfsadf must be in ARN format or "*"."#, &[policy(both)]);
}

#[test]
fn older_parser() {
    let date = |date: &str| with(&format!(r#""Condition":{{"DateLessThan":{{"a":"{date}"}}}}"#));
    all_say(
        LEGACY,
        &[
            date("sdfdsf"),
            date("234-13"),
            date("2016-12-13t2:00:00.593194+1"),
            date("9223372036854775808"),
            resource(r#""arn:aws:s3::b""#),
            resource(r#""arn:aws::::b""#),
            resource(r#""arn:aws::fdsasf""#),
        ],
    );
    for fine in ["01T", "-292275054", "2019-07-01T13:20:15Z", "2016-12-13t2:00:00.593194+23"] {
        assert_eq!(refusal(Kind::Identity, &date(fine)), None, "{fine}");
    }
}

#[test]
fn actions_and_resources() {
    all_say(VENDOR, &[action(r#""Action":"invalid""#), action(r#""NotAction":"""#)]);
    all_say(COLON, &[action(r#""Action":"s3:List:Bucket""#)]);
    all_say("Vendor a a is not valid", &[action(r#""Action":"a a:ListBucket""#)]);
    for (arn, text) in [
        ("invalid resource", r#"Resource invalid resource must be in ARN format or "*"."#),
        ("", r#"Resource  must be in ARN format or "*"."#),
        ("a:bsdf", r#"Partition "bsdf" is not valid for resource "arn:bsdf:*:*:*:*"."#),
        ("a:b:c:d:e:f:g:h", r#"Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h"."#),
        ("aws:s3:::b", r#"Partition "s3" is not valid for resource "arn:s3:::b:*"."#),
        ("arn:aws", "Resource vendor must be fully qualified and cannot contain regexes."),
        (
            "arn:aws:iam:us-east-1::b",
            "IAM resource arn:aws:iam:us-east-1::b cannot contain region information.",
        ),
        (
            "arn:aws:s3:us-east-1::b",
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
    ] {
        all_say(text, &[resource(&format!("{arn:?}"))]);
    }
    let path = refusal(Kind::Identity, &resource(r#""arn:aws:iam:::b""#)).expect("refused");
    assert!(path.starts_with(r#"IAM resource path must either be "*" or start with user/, "#));
}

#[test]
fn what_iam_takes() {
    for fine in [
        resource(r#"["arn:aws:s3:::b","*"]"#),
        resource(r#""arn:aws:fdsasf""#),
        resource(r#""arn:aws:iam::*:user/${aws:username}""#),
        resource(r#""arn:aws:s3:*:*:accesspoint/x""#),
        action(r#""Action":"iam: asdf safdsf af ""#),
        action(r#""NotAction":"*""#),
        with(r#""Condition":{"a":{}}"#),
        with(r#""Condition":{"DateGreaterThan":{"a":[]}}"#),
        with(
            r#""Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"s3:max-keys":10}}"#,
        ),
    ] {
        assert_eq!(refusal(Kind::Identity, &fine), None, "{fine}");
    }
}

#[test]
fn kinds() {
    let anyone = with(r#""Principal":"*""#);
    for kind in [Kind::Identity, Kind::Boundary, Kind::Session, Kind::ServiceControl] {
        let text = refusal(kind, &anyone);
        assert_eq!(text.as_deref(), Some("Policy document should not specify a principal."));
    }
    let trust = |members: &str| policy(&format!(r#"{{"Effect":"Allow",{members}}}"#));
    let role = r#""Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}"#;
    assert_eq!(refusal(Kind::Trust, &trust(role)), None);
    for (members, text) in [
        (r#""Action":"sts:AssumeRole""#.to_owned(), "Missing required field Principal"),
        (format!(r#"{role},"Resource":"*""#), "Has prohibited field Resource"),
        (
            r#""Action":"s3:GetObject","Principal":"*""#.to_owned(),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            r#""Action":"sts:AssumeRole","NotPrincipal":"*""#.to_owned(),
            "Has prohibited field NotPrincipal",
        ),
    ] {
        assert_eq!(refusal(Kind::Trust, &trust(&members)).as_deref(), Some(text), "{members}");
    }
    let full = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    assert_eq!(refusal(Kind::ResourceControl, &policy(full)), None, "RCPFullAWSAccess");
    let allow = full.replace(r#""Action":"*""#, r#""Action":"s3:*""#);
    assert!(refusal(Kind::ResourceControl, &policy(&allow)).is_some());
}

#[test]
fn findings_have_a_place() {
    let text = "{\n \"Version\": \"2012-10-17\",\n \"Statement\": [{\n  \"Effect\": \"Allow\",\n  \"Efect\": 1\n }]\n}";
    let error = Document::parse(text).expect_err("misspelt");
    assert_eq!(error.at(), Some(Position { line: 5, column: 3 }));
    assert_eq!(
        error.explain(),
        "Syntax errors in policy. (line 5, column 3: a statement has no element \"Efect\")"
    );
    let text = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\n\"Resource\":\"é:x\"}}";
    let error = Policy::read(Kind::Identity, "p", text).expect_err("no ARN");
    assert!(
        matches!(error, Error::Malformed { at: Position { line: 2, column: 12 }, .. }),
        "{error:?}"
    );
}
