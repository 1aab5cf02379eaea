//! The pipeline around a service of two operations: what commits, what is recorded, who is refused.

mod cellar;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use base::{AccountId, Region};
use cellar::{Bottle, Put, PutInput, cellar};
use http::{HeaderName, HeaderValue, Method};
use platform::Source;
use platform::testing::Harness;
use store::Scope;
use wire::{Request, Response};

fn put(name: &str) -> PutInput {
    PutInput { name: Some(name.into()), ..PutInput::default() }
}

async fn bottles(harness: &Harness, name: &str) -> Option<i32> {
    let scope = Scope::new(AccountId::DEFAULT, Region::default());
    let record = harness.platform.store().begin().peek::<Bottle>(&scope, name).await;
    record.expect("a store").map(|bottle| bottle.count)
}

#[tokio::test]
async fn a_success_commits_change_event_and_record_together() {
    let (harness, _) = cellar().await;
    let input = PutInput { secret: Some("vintage".into()), ..put("a") };
    let output = harness.call::<Put>(input).await.expect("success");
    assert_eq!((output.count, bottles(&harness, "a").await), (Some(1), Some(1)));
    assert_eq!(harness.platform.store().outbox(10).await.expect("outbox").len(), 1);
    let records = harness.records().await;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record["eventName"], "Put");
    assert_eq!(record["requestParameters"], serde_json::json!({ "name": "a" }));
    assert_eq!(record["responseElements"], serde_json::json!({ "count": 1 }));
    assert_eq!(record["resources"][0]["ARN"], "arn:aws:cellar:us-east-1:123456789012:bottle/a");
    assert_eq!(record["eventTime"], "2026-01-01T00:00:00Z");
    assert!(record.get("errorCode").is_none() && !record.to_string().contains("vintage"));
}

#[tokio::test]
async fn a_failure_changes_nothing_and_is_recorded() {
    let (harness, _) = cellar().await;
    let input = PutInput { fail: Some("corked".into()), ..put("a") };
    let failure = harness.call::<Put>(input).await.expect_err("a failure");
    assert_eq!(failure.error.name, "SpoiledException");
    assert_eq!(bottles(&harness, "a").await, None);
    assert!(harness.platform.store().outbox(10).await.expect("outbox").is_empty());
    harness.advance(Duration::from_secs(120)).await;
    let records = harness.records().await;
    assert_eq!(records.len(), 1, "no due work was left behind");
    assert_eq!(records[0]["errorCode"], "SpoiledException");
    assert_eq!(records[0]["errorMessage"], "corked");
    assert!(records[0]["responseElements"].is_null());
    assert!(!records[0].to_string().contains("the cork"), "detail is for the log");
}

#[tokio::test]
async fn broken_constraints_never_reach_the_handler() {
    let (harness, cellar) = cellar().await;
    let failure = harness.call::<Put>(PutInput::default()).await.expect_err("a failure");
    assert_eq!(failure.error.name, "ValidationException");
    assert_eq!(cellar.attempts.load(SeqCst), 0);
    assert_eq!(harness.records().await[0]["errorCode"], "ValidationError");
}

#[tokio::test]
async fn what_others_own_is_refused() {
    let (harness, cellar) = cellar().await;
    let input = PutInput { owner: Some("210987654321".into()), ..put("a") };
    let failure = harness.call::<Put>(input).await.expect_err("a failure");
    assert_eq!(failure.error.name, "AccessDeniedException");
    assert_eq!(
        failure.message,
        "User: arn:aws:iam::123456789012:root is not authorized to perform: cellar:Put on resource: \
         arn:aws:cellar:us-east-1:210987654321:bottle/a because no resource-based policy allows the cellar:Put action"
    );
    assert_eq!(cellar.attempts.load(SeqCst), 0);
    let theirs = Scope::new("210987654321".parse().expect("an id"), Region::default());
    assert!(
        harness.records_of(theirs).await.is_empty(),
        "the owner is not told of what was refused"
    );
    assert_eq!(harness.records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collisions_run_again_and_lose_nothing() {
    let (harness, cellar) = cellar().await;
    let harness = Arc::new(harness);
    let calls = (0..40).map(|_| {
        let harness = harness.clone();
        tokio::spawn(async move { harness.call::<Put>(put("shared")).await })
    });
    let mut succeeded = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.expect("no panic") {
            Ok(_) => succeeded += 1,
            Err(failure) => assert_eq!(failure.error.name, "ServiceUnavailableException"),
        }
    }
    assert_eq!(bottles(&harness, "shared").await, Some(succeeded));
    let recorded = harness.records().await;
    assert_eq!(recorded.len(), 40, "those that gave up are recorded too");
    let successes = recorded.iter().filter(|record| record.get("errorCode").is_none()).count();
    assert_eq!(successes, usize::try_from(succeeded).expect("small"));
    assert!(cellar.attempts.load(SeqCst) >= 40);
}

#[tokio::test]
async fn due_work_runs_when_the_clock_says_so() {
    let (harness, _) = cellar().await;
    harness.call::<Put>(put("a")).await.expect("success");
    harness.advance(Duration::from_secs(59)).await;
    assert_eq!(bottles(&harness, "a").await, Some(1));
    harness.advance(Duration::from_secs(2)).await;
    assert_eq!(bottles(&harness, "a").await, None);
    let record = &harness.records().await[0];
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["userIdentity"]["invokedBy"], "AWS Internal");
}

async fn send(
    harness: &Harness,
    target: &str,
    body: &str,
    authorization: Option<&str>,
) -> Response {
    let mut request = Request::new(Method::POST, "/");
    let mut header = |name, value: &str| {
        let value = HeaderValue::from_str(value).expect("a header");
        request.headers.insert(HeaderName::from_static(name), value);
    };
    header("host", "127.0.0.1:4566");
    header("x-amz-target", target);
    header("content-type", "application/x-amz-json-1.1");
    header("x-amz-date", "20260101T000000Z");
    if let Some(authorization) = authorization {
        header("authorization", authorization);
    }
    request.body = body.to_owned().into();
    harness.platform.respond(request, Source::default()).await
}

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/cellar/aws4_request, \
     SignedHeaders=host;x-amz-date;x-amz-target, \
     Signature=0000000000000000000000000000000000000000000000000000000000000000";

fn error_type(response: &Response) -> String {
    let body: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
    body["__type"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn requests_go_all_the_way() {
    let (harness, _) = cellar().await;
    let response = send(&harness, "Cellar.Put", r#"{"Name":"a"}"#, Some(SIGNED)).await;
    assert_eq!((response.status, &response.body[..]), (200, &br#"{"Count":1}"#[..]));
    assert_eq!(response.headers["x-amzn-requestid"].len(), 36);
    let record = &harness.records().await[0];
    assert_eq!(record["requestID"], response.headers["x-amzn-requestid"].to_str().expect("text"));
}

#[tokio::test]
async fn what_is_not_served_is_no_success() {
    let (harness, _) = cellar().await;
    let unsigned = send(&harness, "Cellar.Put", "{}", None).await;
    assert_eq!(
        (unsigned.status, error_type(&unsigned)),
        (400, "MissingAuthenticationTokenException".into())
    );
    let later = send(&harness, "Cellar.Later", "{}", Some(SIGNED)).await;
    assert_eq!((later.status, error_type(&later)), (400, "UnknownOperationException".into()));
    assert_eq!(harness.records().await[0]["eventName"], "Later", "known but unserved: recorded");
    let never = send(&harness, "Cellar.Never", "{}", Some(SIGNED)).await;
    assert_eq!(error_type(&never), "UnknownOperationException");
    let garbled = send(&harness, "Cellar.Put", "{", Some(SIGNED)).await;
    assert_eq!(error_type(&garbled), "SerializationException");
    assert_eq!(harness.records().await.len(), 2);
}
