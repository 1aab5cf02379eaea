//! The pipeline around a service of two operations: what commits, what is recorded, who is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use base::{AccountId, Arn, Region};
use http::{HeaderName, HeaderValue, Method};
use platform::testing::Harness;
use platform::{Call, Facts, Handle, Resource, Service, ServiceEvent, Source, Work};
use serde::{Deserialize, Serialize};
use shape::{
    ErrorSchema, Failure, Http, Kind, Member, Operation, OperationSchema, Protocol, Schema,
    ServiceSchema, Traits,
};
use store::{Record, Scope};
use wire::{Request, Response};

static TEXT: Schema = Schema::plain("Text", Kind::String);
static NUMBER: Schema = Schema::plain("Number", Kind::Integer);
static SECRET: Schema = Schema { sensitive: true, ..Schema::plain("Secret", Kind::String) };

const fn member(name: &'static str, target: &'static Schema, required: bool) -> Member {
    Member { name, target, required, traits: Traits::NONE }
}

static PUT_INPUT: Schema = Schema::plain(
    "PutInput",
    Kind::Structure(&[
        member("Name", &TEXT, true),
        member("Secret", &SECRET, false),
        member("Owner", &TEXT, false),
        member("Fail", &TEXT, false),
    ]),
);
static PUT_OUTPUT: Schema =
    Schema::plain("PutOutput", Kind::Structure(&[member("Count", &NUMBER, false)]));
static PUT: OperationSchema = OperationSchema {
    name: "Put",
    http: Http { method: "POST", uri: "/", status: 200 },
    input: Some(&PUT_INPUT),
    output: Some(&PUT_OUTPUT),
    input_name: None,
    input_namespace: None,
    result_wrapper: None,
    errors: &[],
};
static LATER: OperationSchema = OperationSchema { name: "Later", ..PUT_LIKE };
const PUT_LIKE: OperationSchema = OperationSchema {
    name: "",
    http: Http { method: "POST", uri: "/", status: 200 },
    input: None,
    output: None,
    input_name: None,
    input_namespace: None,
    result_wrapper: None,
    errors: &[],
};
static CELLAR: ServiceSchema = ServiceSchema {
    name: "cellar",
    sdk_id: "Cellar",
    signing_name: "cellar",
    endpoint_prefix: "cellar",
    target_prefix: Some("Cellar"),
    api_version: "2026-01-01",
    protocols: &[Protocol::AwsJson11],
    query_compatible: false,
    xml_namespace: None,
    event_source: "cellar.amazonaws.com",
    operations: &[&LATER, &PUT],
};
static SPOILED: ErrorSchema = ErrorSchema::client("SpoiledException", 400);

#[derive(Clone, Default)]
struct PutInput {
    name: Option<String>,
    secret: Option<String>,
    owner: Option<String>,
    fail: Option<String>,
}
shape::structure!(PutInput, PUT_INPUT, 0 name, 1 secret, 2 owner, 3 fail);

#[derive(Clone, Default)]
struct PutOutput {
    count: Option<i32>,
}
shape::structure!(PutOutput, PUT_OUTPUT, 0 count);

struct Put;
impl Operation for Put {
    type Input = PutInput;
    type Output = PutOutput;
    const SCHEMA: &'static OperationSchema = &PUT;
}

#[derive(Serialize, Deserialize)]
struct Bottle {
    count: i32,
}
impl Record for Bottle {
    const SERVICE: &'static str = "cellar";
    const KIND: &'static str = "bottle";
}

#[derive(Default)]
struct Cellar {
    attempts: AtomicUsize,
}

impl Handle<Put> for Cellar {
    const FACTS: Facts = Facts::write("cellar:Put");

    async fn resources(&self, call: &mut Call, input: &PutInput) -> Result<Vec<Resource>, Failure> {
        let owner = input.owner.as_ref().map_or(Ok(call.account()), |owner| owner.parse());
        let owner: AccountId = owner.map_err(Failure::internal)?;
        let name = format!("bottle/{}", input.name.as_deref().unwrap_or_default());
        let arn = Arn::new("cellar", &call.region, owner, &name);
        Ok(vec![Resource::new(arn, "Cellar::Bottle", owner)])
    }

    async fn handle(&self, call: &mut Call, input: &PutInput) -> Result<PutOutput, Failure> {
        self.attempts.fetch_add(1, SeqCst);
        let (scope, name) = (call.scope(), input.name.as_deref().unwrap_or_default());
        let old = call.tx.get::<Bottle>(&scope, name).await.map_err(Failure::internal)?;
        // Gives others time to get in between, so that commits collide.
        tokio::task::yield_now().await;
        let count = old.map_or(0, |bottle| bottle.count) + 1;
        call.tx.put(&scope, name, &Bottle { count }).map_err(Failure::internal)?;
        let due = Some(call.now + Duration::from_secs(60));
        call.tx.put_due(&scope, "cellar", "drink", name, due).map_err(Failure::internal)?;
        call.emit("aws.cellar", "Bottle Stored", &[], &serde_json::json!({ "name": name }))?;
        match input.fail.as_deref() {
            None => Ok(PutOutput { count: Some(count) }),
            Some(why) => Err(SPOILED.because(why).with_detail("the cork")),
        }
    }
}

struct Drink;
impl Work for Drink {
    const KIND: &'static str = "drink";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        let scope = call.scope();
        call.tx.delete::<Bottle>(&scope, id).map_err(Failure::internal)?;
        call.tx.put_due(&scope, "cellar", Self::KIND, id, None).map_err(Failure::internal)?;
        let account = call.account();
        let (name, source) = ("DrinkBottle", "cellar.amazonaws.com");
        call.service_event(ServiceEvent { name, source, details: None, resources: vec![], account })
    }
}

async fn cellar() -> (Harness, Arc<Cellar>) {
    let cellar = Arc::new(Cellar::default());
    let service = Service::new(&CELLAR).operation::<Put, _>(&cellar).work(&Arc::new(Drink));
    (Harness::new(|_| vec![service]).await, cellar)
}

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
