//! Bad input: whatever the text, reading ends soon with a policy or a clear error, and judging never panics.

use std::time::Duration;

use authz::{
    DOCUMENT_MAX_BYTES, Document, Error, Kind, Policies, Policy, Principal, Request, evaluate,
};
use base::AccountId;
use base::clock::Stopwatch;
use proptest::prelude::*;

/// Far more than any of these takes, and far less than what is not linear would.
const SOON: Duration = Duration::from_secs(5);

const KINDS: [Kind; 9] = [
    Kind::Identity,
    Kind::Boundary,
    Kind::Session,
    Kind::Resource,
    Kind::Key,
    Kind::Trust,
    Kind::ServiceControl,
    Kind::ResourceControl,
    Kind::Endpoint,
];

fn soon<T>(work: impl FnOnce() -> T) -> T {
    let watch = Stopwatch::start();
    let result = work();
    assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
    result
}

fn request(resource: &str) -> Request {
    let account = AccountId::DEFAULT;
    let mut request = Request::new(Principal::root(account), "s3:GetObject", resource);
    request.context.set("aws:k", resource.to_owned());
    request
}

fn judge(policy: &Policy, resource: &str) -> bool {
    let policies = Policies { resource: Some(policy), ..Policies::default() };
    evaluate(&request(resource), &policies).allowed
}

fn statement(resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"*","Resource":{resource},"Condition":{{"StringLike":{{"aws:k":{condition}}}}}}}]}}"#
    )
}

#[test]
fn a_megabyte_is_refused_at_once() {
    let text = statement("\"*\"", &format!("\"{}\"", "x".repeat(1 << 20)));
    let error = soon(|| Document::parse(&text)).expect_err("too long");
    assert!(matches!(error, Error::Limit { max: DOCUMENT_MAX_BYTES, .. }), "{error}");
    assert_eq!(error.to_string(), "The policy exceeds the limit of 131072 bytes.");
}

#[test]
fn the_longest_policies_are_read_and_judged_soon() {
    let fill = |item: &str| {
        let item = format!("{item:?},");
        let items = item.repeat((DOCUMENT_MAX_BYTES - 400) / item.len());
        format!("[{}]", items.trim_end_matches(','))
    };
    let text = "a".repeat(2048);
    for bomb in [
        "*a".repeat(500) + "b",
        "*a?".repeat(300) + "b",
        format!("*{}b*", "a".repeat(1000)),
        format!("*{}b*", "a?".repeat(120)),
        "?".repeat(2047) + "b",
        "${aws:k}*".repeat(20) + "b",
        "${".repeat(500),
    ] {
        let resource = statement(&fill(&format!("arn:aws:s3:::{bomb}")), "\"*\"");
        let condition = statement("\"*\"", &fill(&bomb));
        for policy in [resource, condition] {
            let policy =
                soon(|| Policy::read(Kind::Resource, "p", &policy)).expect("within limits");
            soon(|| judge(&policy, &format!("arn:aws:s3:::{text}")));
            soon(|| judge(&policy, &text));
        }
    }
}

#[test]
fn one_long_line_of_errors_is_linear() {
    let keys = (0..20_000).map(|i| format!("\"{i}\":1,")).collect::<String>();
    let text = format!("{{{}", &keys[..keys.len().min(DOCUMENT_MAX_BYTES - 10)]);
    soon(|| Document::parse(&text)).expect_err("not a policy");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Document::parse(&text);
    }

    #[test]
    fn pieces_of_policies_never_panic(
        pieces in proptest::collection::vec(0_usize..PIECES.len(), 0..60),
        resource in "\\PC{0,40}",
        kind in 0_usize..KINDS.len(),
    ) {
        let text = pieces.iter().map(|piece| PIECES[*piece]).collect::<String>();
        if let Ok(document) = Document::parse(&text) {
            let _ = document.validate(KINDS[kind]);
            if let Ok(policy) = Policy::compile(KINDS[kind], "p", &document) {
                judge(&policy, &resource);
            }
        }
    }

    #[test]
    fn any_pattern_and_any_text_never_panic(
        pattern in "[a*?$ {}:',é]{0,40}",
        resource in "[a*?$ {}:é]{0,60}",
        operator in 0_usize..authz::operator::OPERATORS.len(),
    ) {
        let operator = authz::operator::OPERATORS[operator].0;
        let text = statement(&format!("{pattern:?}"), &format!("[{pattern:?}]"))
            .replace("StringLike", operator);
        let document = Document::parse(&text).expect("follows the grammar");
        let policy = Policy::compile(Kind::Resource, "p", &document).expect("short");
        judge(&policy, &resource);
    }
}

const PIECES: [&str; 26] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"Version\":\"2012-10-17\"",
    "\"Statement\":",
    "\"Effect\":\"Allow\"",
    "\"Effect\":\"Deny\"",
    "\"Action\":\"*\"",
    "\"NotAction\":[\"s3:Get*\",\"a\"]",
    "\"Resource\":\"*\"",
    "\"NotResource\":[\"arn:aws:s3:::${aws:k, 'd'}\"]",
    "\"Principal\":\"*\"",
    "\"NotPrincipal\":{\"AWS\":[\"1\"]}",
    "\"Condition\":{\"StringLike\":{\"aws:k\":[\"*\",1,true]}}",
    "\"Condition\":{\"Null\":{\"k\":\"\"}}",
    "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Principal\":\"*\"}",
    "\"\\u00e9\"",
    "\"\\ud83d\"",
    "null",
    "-1e9",
    " ",
    "\n",
    "\"Sid\":\"x\"",
];
