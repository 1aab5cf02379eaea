//! Who is let in, and what each layer of policies does to a call: signed requests through the whole pipeline.

mod cellar;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{AccountId, Timestamp};
use cellar::cellar;
use http::{HeaderName, HeaderValue, Method};
use identity::credentials::{Owner, Status};
use identity::organization::{Account, MEMBERSHIP_ID, Membership, Organization, PolicyType};
use identity::record::{self, Policies, Role, User};
use identity::session::{Actor, NewSession};
use identity::{Session, ids};
use platform::testing::Harness;
use platform::{Explanation, Source};
use store::Scope;
use wire::sigv4::{Dialect, SecretKey, Signer, SigningKeys};
use wire::{Request, Response};

const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const NOT_THAT: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"*","Resource":"*"},
    {"Sid":"Sealed","Effect":"Deny","Action":"cellar:Put","Resource":"*/sealed"}]}"#;

/// An access key that signs.
struct Key {
    id: String,
    secret: SecretKey,
    token: Option<String>,
}

fn scope() -> Scope {
    Scope::global(AccountId::DEFAULT)
}

fn policies(documents: &[&str]) -> Policies {
    let inline = documents.iter().enumerate();
    let inline = inline.map(|(n, text)| (format!("p{n}"), Arc::from(*text)));
    Policies { inline: inline.collect(), attached: Vec::new() }
}

async fn user(harness: &Harness, name: &str, documents: &[&str]) -> Key {
    let unique_id = ids::unique_id(ids::Prefix::User, &base::random::System);
    let mut user = User::new(name, unique_id, harness.now());
    user.policies = policies(documents);
    let store = harness.platform.store();
    let mut tx = store.begin();
    let owner = Owner::User { name: name.into(), unique_id: user.unique_id.clone() };
    let credentials = harness.platform.credentials();
    let random = base::random::System;
    let made = credentials.create(&mut tx, AccountId::DEFAULT, owner, &random, harness.now());
    let made = made.expect("an access key");
    user.access_keys.push(made.access_key_id.clone());
    tx.put(&scope(), &record::id(name), &user).expect("a record");
    store.commit(tx).await.expect("a commit");
    let secret = std::str::from_utf8(made.secret_access_key.expose()).expect("text");
    Key { id: made.access_key_id, secret: SecretKey::new(secret), token: None }
}

async fn role(harness: &Harness, name: &str, documents: &[&str]) -> Role {
    let unique_id = ids::unique_id(ids::Prefix::Role, &base::random::System);
    let mut role = Role::new(name, unique_id, harness.now(), EVERYTHING);
    role.policies = policies(documents);
    put(harness, &record::id(name), &role).await;
    role
}

async fn put<R: store::Record>(harness: &Harness, id: &str, record: &R) {
    let mut tx = harness.platform.store().begin();
    tx.put(&scope(), id, record).expect("a record");
    harness.platform.store().commit(tx).await.expect("a commit");
}

fn session_of(harness: &Harness, role: &Role, session_policies: &[&str]) -> Key {
    let actor = Actor::Role {
        name: role.name.clone(),
        path: role.path.clone(),
        unique_id: role.unique_id.clone(),
        session: "s".into(),
        chained: false,
    };
    let session = Session {
        account: AccountId::DEFAULT,
        actor,
        issued: harness.now(),
        expires: harness.now() + Duration::from_secs(3600),
        mfa: None,
        policies: session_policies.iter().map(|text| Arc::from(*text)).collect(),
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive: Vec::new(),
        source_identity: None,
        federated: Vec::new(),
    };
    let made = harness.platform.credentials().open_session(session, &base::random::System);
    let NewSession { access_key_id, secret_access_key, token, .. } = made.expect("a session");
    let secret = std::str::from_utf8(secret_access_key.expose()).expect("text");
    Key { id: access_key_id, secret: SecretKey::new(secret), token: Some(token) }
}

/// Puts a bottle with this key; answers the status and the error's type and message.
async fn store_bottle(harness: &Harness, key: &Key, name: &str) -> (u16, String) {
    let body = serde_json::json!({ "Name": name }).to_string();
    let response = send(harness, key, &body).await;
    let answer: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
    let told = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
    let message = [told("message"), told("Message")].concat();
    (response.status, format!("{}: {message}", told("__type")))
}

async fn send(harness: &Harness, key: &Key, body: &str) -> Response {
    let mut request = Request::new(Method::POST, "/");
    for (name, value) in [
        ("host", "127.0.0.1:4566"),
        ("x-amz-target", "Cellar.Put"),
        ("content-type", "application/x-amz-json-1.1"),
    ] {
        let value = HeaderValue::from_static(value);
        request.headers.insert(HeaderName::from_static(name), value);
    }
    request.body = body.to_owned().into();
    let signer = Signer {
        access_key_id: &key.id,
        secret: &key.secret,
        session_token: key.token.as_deref(),
        region: "us-east-1",
        service: "cellar",
        dialect: Dialect::default(),
        keys: &SigningKeys::default(),
    };
    // The harness's clock stands at a moment that was not reached by moving it.
    signer.sign(&mut request, harness.now()).expect("a signature");
    harness.platform.respond(request, Source::default()).await
}

fn refused(answer: &(u16, String), why: &str) {
    assert_eq!(answer.0, 400, "{answer:?}");
    assert!(answer.1.starts_with("AccessDeniedException") && answer.1.contains(why), "{answer:?}");
}

#[tokio::test]
async fn a_user_may_what_its_policies_say_and_no_more() {
    let (harness, _) = cellar().await;
    let nobody = user(&harness, "nobody", &[]).await;
    let answer = store_bottle(&harness, &nobody, "a").await;
    refused(
        &answer,
        "User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: cellar:Put on resource: \
         arn:aws:cellar:us-east-1:123456789012:bottle/a because no identity-based policy allows the cellar:Put action",
    );
    let keeper = user(&harness, "keeper", &[NOT_THAT]).await;
    assert_eq!(store_bottle(&harness, &keeper, "a").await.0, 200);
    let answer = store_bottle(&harness, &keeper, "sealed").await;
    refused(&answer, "with an explicit deny in an identity-based policy");
    // A change is in force with the next call.
    let found = harness.platform.store().begin().peek::<User>(&scope(), "keeper").await;
    let mut keeper_record = User::clone(&found.expect("a store").expect("the user"));
    keeper_record.policies = policies(&[]);
    put(&harness, "keeper", &keeper_record).await;
    refused(&store_bottle(&harness, &keeper, "a").await, "no identity-based policy allows");
}

#[tokio::test]
async fn a_refusal_is_recorded_with_its_reasons_for_those_who_may_read_them() {
    let (harness, _) = cellar().await;
    let keeper = user(&harness, "keeper", &[NOT_THAT]).await;
    store_bottle(&harness, &keeper, "sealed").await;
    let record = &harness.records().await[0];
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["userIdentity"]["type"], "IAMUser");
    assert_eq!(record["userIdentity"]["userName"], "keeper");
    let message = record["additionalEventData"]["encodedAuthorizationMessage"].as_str();
    let message = message.expect("a message");
    let open = |account| Explanation::open(&harness.keyring, account, message);
    let explanation = open(AccountId::DEFAULT).expect("it opens");
    assert_eq!(explanation.action, "cellar:Put");
    let decisive = explanation.decision.decisive().expect("a reason");
    let statement = decisive.statement.as_ref().expect("a statement");
    assert_eq!((statement.sid.as_deref(), statement.at.line), (Some("Sealed"), 3));
    assert!(open("210987654321".parse().expect("an id")).is_none(), "it is one account's");
}

#[tokio::test]
async fn keys_that_may_not_be_used_are_refused_in_dev_mode_too() {
    let (harness, _) = cellar().await;
    let key = user(&harness, "keeper", &[EVERYTHING]).await;
    let wrong = Key { secret: SecretKey::new("wrong"), id: key.id.clone(), token: None };
    assert!(store_bottle(&harness, &wrong, "a").await.1.starts_with("InvalidSignatureException"));
    for status in [Status::Inactive, Status::Deleted, Status::Active] {
        let store = harness.platform.store();
        let mut tx = store.begin();
        let credentials = harness.platform.credentials();
        let set = credentials.set_status(&mut tx, AccountId::DEFAULT, &key.id, status).await;
        set.expect("a status");
        store.commit(tx).await.expect("a commit");
        // What was deleted stays deleted.
        let answer = store_bottle(&harness, &key, "a").await;
        assert!(answer.1.starts_with("UnrecognizedClientException"), "{status:?}: {answer:?}");
    }
    // A key that nobody made is the root user's in dev mode.
    let stranger = Key { id: "AKIAIOSFODNN7EXAMPLE".into(), ..wrong };
    assert_eq!(store_bottle(&harness, &stranger, "a").await.0, 200);
}

#[tokio::test]
async fn a_session_ends_and_cannot_be_taken_apart() {
    let (harness, _) = cellar().await;
    let role = role(&harness, "Keeper", &[EVERYTHING]).await;
    let key = session_of(&harness, &role, &[]);
    assert_eq!(store_bottle(&harness, &key, "a").await.0, 200);
    let identity = harness.records().await[0]["userIdentity"].clone();
    assert_eq!(identity["type"], "AssumedRole");
    assert_eq!(identity["arn"], "arn:aws:sts::123456789012:assumed-role/Keeper/s");
    assert_eq!(
        identity["sessionContext"]["sessionIssuer"]["arn"],
        "arn:aws:iam::123456789012:role/Keeper"
    );

    let copy = |id: &str, token: Option<&str>| {
        let token = token.map(str::to_owned);
        Key { id: id.to_owned(), token, secret: SecretKey::new("x") }
    };
    let token = key.token.as_deref().expect("a token");
    let other = session_of(&harness, &role, &[]);
    let damaged = token.replace("BastideSession1", "BastideSession1x");
    for key in [
        copy(&key.id, None),
        copy(&key.id, Some(&damaged)),
        copy(&other.id, Some(token)),
        copy("AKIAIOSFODNN7EXAMPLE", Some(token)),
    ] {
        let answer = store_bottle(&harness, &key, "a").await;
        assert!(answer.1.starts_with("UnrecognizedClientException"), "{answer:?}");
    }
    let answer = store_bottle(&harness, &copy(&key.id, Some(token)), "a").await;
    assert!(answer.1.starts_with("InvalidSignatureException"), "{answer:?}");

    harness.advance(Duration::from_secs(3600)).await;
    let answer = store_bottle(&harness, &key, "a").await;
    assert!(answer.1.starts_with("ExpiredTokenException"), "{answer:?}");
}

#[tokio::test]
async fn a_session_is_bound_by_its_role_and_its_session_policies() {
    let (harness, _) = cellar().await;
    let keeper = role(&harness, "Keeper", &[EVERYTHING]).await;
    let bound = session_of(&harness, &keeper, &[NOT_THAT]);
    assert_eq!(store_bottle(&harness, &bound, "a").await.0, 200);
    let answer = store_bottle(&harness, &bound, "sealed").await;
    refused(&answer, "with an explicit deny in a session policy");
    let free = session_of(&harness, &keeper, &[]);
    assert_eq!(store_bottle(&harness, &free, "sealed").await.0, 200);
    // Another role of the same name is another role.
    role(&harness, "Keeper", &[EVERYTHING]).await;
    let answer = store_bottle(&harness, &free, "a").await;
    assert!(answer.1.starts_with("UnrecognizedClientException"), "{answer:?}");
}

#[tokio::test]
async fn a_boundary_that_is_gone_allows_nothing() {
    let (harness, _) = cellar().await;
    let key = user(&harness, "keeper", &[EVERYTHING]).await;
    let found = harness.platform.store().begin().peek::<User>(&scope(), "keeper").await;
    let mut keeper = User::clone(&found.expect("a store").expect("the user"));
    keeper.boundary = Some("arn:aws:iam::123456789012:policy/Gone".into());
    put(&harness, "keeper", &keeper).await;
    let answer = store_bottle(&harness, &key, "a").await;
    refused(&answer, "no permissions boundary allows");
    keeper.boundary = Some("arn:aws:iam::aws:policy/AdministratorAccess".into());
    put(&harness, "keeper", &keeper).await;
    assert_eq!(store_bottle(&harness, &key, "a").await.0, 200);
}

#[tokio::test]
async fn an_organization_binds_its_members_roots_and_not_its_management_account() {
    let (harness, _) = cellar().await;
    let root = |account: &str| Key { id: account.into(), secret: SecretKey::new("x"), token: None };
    let (management, member) = ("123456789012", "210987654321");
    let enabled = [PolicyType::ServiceControl].into();
    let organization = Organization {
        id: "o-exampleorg".into(),
        management_account: AccountId::DEFAULT,
        management_email: "root@example.com".into(),
        all_features: true,
        root: "r-root".into(),
        enabled,
        attached: vec!["p-FullAWSAccess".into()],
        created: Timestamp::EPOCH,
        trusted_services: BTreeMap::new(),
        root_tags: BTreeMap::new(),
    };
    put(&harness, "o-exampleorg", &organization).await;
    for (id, attached) in [(management, vec![]), (member, vec![])] {
        let account = Account {
            id: id.parse().expect("an id"),
            name: id.into(),
            email: format!("{id}@example.com"),
            parent: "r-root".into(),
            attached,
            joined: Timestamp::EPOCH,
            created_here: true,
            closed: None,
            delegated: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        put(&harness, id, &account).await;
        let membership = Membership {
            organization: "o-exampleorg".into(),
            management_account: AccountId::DEFAULT,
        };
        let mut tx = harness.platform.store().begin();
        let own = Scope::global(id.parse().expect("an id"));
        tx.put(&own, MEMBERSHIP_ID, &membership).expect("a record");
        harness.platform.store().commit(tx).await.expect("a commit");
    }
    // The member's own level has no policy, and every level must allow.
    let answer = store_bottle(&harness, &root(member), "a").await;
    refused(&answer, "no service control policy allows");
    assert_eq!(store_bottle(&harness, &root(management), "a").await.0, 200);
    let found = harness.platform.store().begin().peek::<Account>(&scope(), member).await;
    let mut account = Account::clone(&found.expect("a store").expect("the account"));
    account.attached = vec!["p-FullAWSAccess".into()];
    put(&harness, member, &account).await;
    assert_eq!(store_bottle(&harness, &root(member), "a").await.0, 200);
    account.closed = Some(harness.now());
    put(&harness, member, &account).await;
    refused(&store_bottle(&harness, &root(member), "a").await, "is closed");
}

#[tokio::test]
async fn a_resources_policy_decides_across_accounts_together_with_the_callers_own() {
    let (harness, _) = cellar().await;
    let open = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"cellar:Put","Resource":"*"}}"#;
    let theirs = |policy: Option<&str>| {
        serde_json::json!({ "Name": "a", "Owner": "210987654321", "Policy": policy }).to_string()
    };
    let (some, none) =
        (user(&harness, "some", &[EVERYTHING]).await, user(&harness, "none", &[]).await);
    for (key, policy, allowed) in
        [(&some, Some(open), true), (&some, None, false), (&none, Some(open), false)]
    {
        let answer = send(&harness, key, &theirs(policy)).await;
        assert_eq!(answer.status == 200, allowed, "{policy:?}");
    }
}
