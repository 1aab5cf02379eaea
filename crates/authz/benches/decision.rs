//! How long a decision takes: ten attached policies of twenty statements each. In the first bench the statements speak
//! of five services in turn, as policies of people do; in the second all of them speak of the service that is asked for,
//! so that no statement can be left out. `cargo bench -p authz`.

use std::sync::Arc;

use authz::{Context, Decision, Kind, Policies, Policy, Principal, Request, evaluate};
use base::AccountId;

const POLICIES: usize = 10;
const STATEMENTS: usize = 20;
const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/i-0abc";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0d5a-77";

fn main() {
    divan::main();
}

#[divan::bench(args = [5, 1])]
fn ten_policies_of_twenty_statements(bencher: divan::Bencher<'_, '_>, services: usize) {
    let identity = (0..POLICIES).map(|index| policy(index, services)).collect::<Vec<_>>();
    let policies = Policies { identity: &identity, ..Policies::default() };
    let request = request();
    assert!(evaluate(&request, &policies).allowed);
    bencher.bench_local(|| -> Decision {
        evaluate(divan::black_box(&request), divan::black_box(&policies))
    });
}

#[divan::bench]
fn with_key_policy_boundary_and_service_control(bencher: divan::Bencher<'_, '_>) {
    let identity = (0..POLICIES).map(|index| policy(index, 5)).collect::<Vec<_>>();
    let everything = |kind, principal: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{principal}"Action":"*","Resource":"*"}}}}"#
        );
        Arc::new(Policy::read(kind, "everything", &text).expect("valid"))
    };
    let root = r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"},"#;
    let key = everything(Kind::Key, root);
    let boundary = everything(Kind::Boundary, "");
    let levels =
        [vec![everything(Kind::ServiceControl, "")], vec![everything(Kind::ServiceControl, "")]];
    let policies = Policies {
        identity: &identity,
        resource: Some(&key),
        boundary: Some(&boundary),
        service_control: &levels,
        ..Policies::default()
    };
    let request = request();
    assert!(evaluate(&request, &policies).allowed);
    bencher.bench_local(|| evaluate(divan::black_box(&request), divan::black_box(&policies)));
}

#[divan::bench]
fn compile_twenty_statements(bencher: divan::Bencher<'_, '_>) {
    let text = text(0, 5);
    bencher.bench_local(|| Policy::read(Kind::Identity, "p", divan::black_box(&text)));
}

fn policy(index: usize, services: usize) -> Arc<Policy> {
    let name = format!("arn:aws:iam::123456789012:policy/p{index}");
    Arc::new(Policy::read(Kind::Identity, &name, &text(index, services)).expect("valid"))
}

/// Statements with three actions, two resources and now and then a condition; the last of the last policy allows.
fn text(index: usize, services: usize) -> String {
    let all = ["kms", "sns", "dynamodb", "sqs", "logs"];
    let statement = |at: usize| {
        let service = all[at % services];
        let condition = match at % 4 {
            0 => {
                r#","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"red"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#
            }
            _ => "",
        };
        let effect = if at % 5 == 4 { "Deny" } else { "Allow" };
        let last = index == POLICIES - 1 && at == STATEMENTS - STATEMENTS / 4;
        let name = if last { "0d5a-77".to_owned() } else { format!("{index}-{at}") };
        format!(
            r#"{{"Sid":"S{at}","Effect":"{effect}","Action":["{service}:Describe*","{service}:Dec*","{service}:*Tags"],
            "Resource":["arn:aws:{service}:eu-west-1:123456789012:key/{name}","arn:aws:{service}:*:*:alias/{name}/*"]{condition}}}"#
        )
    };
    let statements = (0..STATEMENTS).map(statement).collect::<Vec<_>>().join(",");
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// A call as the pipeline would describe it, with some twenty condition keys.
fn request() -> Request {
    let account = AccountId::DEFAULT;
    let mut principal = Principal::role_session(account, SESSION, ROLE);
    principal.id = "AROAEXAMPLE:i-0abc".into();
    principal.tags = vec![("Team".into(), "red".into()), ("Stage".into(), "prod".into())];
    let mut context = Context::with_capacity(24);
    principal.describe(&mut context);
    context.set("aws:SourceIp", std::net::IpAddr::from([10, 1, 2, 3]));
    context.set("aws:SecureTransport", true);
    context.set("aws:RequestedRegion", "eu-west-1");
    context.set("aws:UserAgent", "aws-sdk-rust/1.0");
    context.set("aws:MultiFactorAuthPresent", false);
    context.set("aws:CurrentTime", base::Timestamp::from_millis(1_790_000_000_000));
    context.set("aws:EpochTime", 1_790_000_000_i64);
    context.set("aws:ViaAWSService", false);
    context.set("kms:CallerAccount", account.to_string());
    context.set("kms:EncryptionContext:App", "x");
    context.set_all("kms:EncryptionContextKeys", ["App"]);
    let mut request = Request::new(principal, "kms:Decrypt", KEY);
    request.resource_account = Some(account);
    request.context = context;
    request
}
