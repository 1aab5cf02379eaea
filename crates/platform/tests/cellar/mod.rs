//! A service of two operations for the tests of the pipeline: `Put` stores a bottle, `Later` is known and not served.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use base::{AccountId, Arn};
use platform::testing::Harness;
use platform::{Call, Facts, Handle, Resource, Service, ServiceEvent, Work};
use serde::{Deserialize, Serialize};
use shape::{
    ErrorSchema, Failure, Http, Kind, Member, Operation, OperationSchema, Protocol, Schema,
    ServiceSchema, Traits,
};
use store::Record;

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
        member("Policy", &TEXT, false),
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
pub struct PutInput {
    pub name: Option<String>,
    pub secret: Option<String>,
    pub owner: Option<String>,
    pub policy: Option<String>,
    pub fail: Option<String>,
}
shape::structure!(PutInput, PUT_INPUT, 0 name, 1 secret, 2 owner, 3 fail, 4 policy);

#[derive(Clone, Default)]
pub struct PutOutput {
    pub count: Option<i32>,
}
shape::structure!(PutOutput, PUT_OUTPUT, 0 count);

pub struct Put;
impl Operation for Put {
    type Input = PutInput;
    type Output = PutOutput;
    const SCHEMA: &'static OperationSchema = &PUT;
}

#[derive(Serialize, Deserialize)]
pub struct Bottle {
    pub count: i32,
}
impl Record for Bottle {
    const SERVICE: &'static str = "cellar";
    const KIND: &'static str = "bottle";
}

#[derive(Default)]
pub struct Cellar {
    pub attempts: AtomicUsize,
}

impl Handle<Put> for Cellar {
    const FACTS: Facts = Facts::write("cellar:Put");

    async fn resources(&self, call: &mut Call, input: &PutInput) -> Result<Vec<Resource>, Failure> {
        let owner = input.owner.as_ref().map_or(Ok(call.account()), |owner| owner.parse());
        let owner: AccountId = owner.map_err(Failure::internal)?;
        let name = format!("bottle/{}", input.name.as_deref().unwrap_or_default());
        let arn = Arn::new("cellar", &call.region, owner, &name);
        let policy = input.policy.as_deref().map(Into::into);
        Ok(vec![Resource { policy, ..Resource::new(arn, "Cellar::Bottle", owner) }])
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

pub struct Drink;
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

pub async fn cellar() -> (Harness, Arc<Cellar>) {
    let cellar = Arc::new(Cellar::default());
    let service = Service::new(&CELLAR).operation::<Put, _>(&cellar).work(&Arc::new(Drink));
    (Harness::new(|_| vec![service]).await, cellar)
}
