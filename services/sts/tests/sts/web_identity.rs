//! AssumeRoleWithWebIdentity against an issuer that answers over HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::Timestamp;
use base::clock::Manual;
use federation::testing::SigningKey;
use identity::record::{OidcProvider, Tags};
use platform::outbound::{Client, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::common::{Answer, EVERYTHING, HOME, World};

const ISSUER: &str = "issuer.example.com/tenant";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/issuer.example.com/tenant";
const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";

/// An issuer, a world that knows it, and a role for its subjects.
struct Site {
    world: World,
    clock: Arc<Manual>,
    role: String,
    documents: Arc<Mutex<Documents>>,
    asked: Arc<AtomicUsize>,
}

/// What the issuer answers.
struct Documents {
    discovery: Value,
    keys: Vec<Value>,
}

impl Site {
    async fn new(keys: &[&SigningKey]) -> Self {
        let documents = Documents {
            discovery: json!({
                "issuer": format!("https://{ISSUER}"),
                "jwks_uri": "https://issuer.example.com/tenant/keys",
            }),
            keys: keys.iter().map(|key| key.public()).collect(),
        };
        let documents = Arc::new(Mutex::new(documents));
        let asked = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(serve(listener, documents.clone(), asked.clone()));
        let route = format!("issuer.example.com=http://127.0.0.1:{port}").parse().expect("a route");
        let start = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time");
        let clock = Arc::new(Manual::at(start));
        let config = Config { extra_roots: None, routes: vec![route] };
        let client = Client::new(config, clock.clone()).expect("a client");
        let world = World::with(Some(client)).await;
        let provider = OidcProvider {
            url: ISSUER.to_owned(),
            client_ids: vec!["sts.amazonaws.com".to_owned()],
            thumbprints: Vec::new(),
            created: start,
            tags: Tags::new(),
        };
        world.put(HOME, ISSUER, &provider).await;
        let role = world.role(HOME, "Ci", &trust("{}"), &[EVERYTHING]).await;
        Self { world, clock, role, documents, asked }
    }

    fn claims(&self) -> Value {
        let now = self.clock_seconds();
        json!({
            "iss": format!("https://{ISSUER}"), "sub": SUBJECT, "aud": "sts.amazonaws.com",
            "iat": now, "exp": now + 600,
        })
    }

    fn clock_seconds(&self) -> i64 {
        use base::Clock as _;
        self.clock.now().seconds()
    }

    async fn assume(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let role = ("RoleArn", self.role.as_str());
        let mut members = vec![role, ("RoleSessionName", "build"), ("WebIdentityToken", token)];
        members.extend(more);
        let sts = ("sts", "2011-06-15");
        self.world.query(None, sts, "AssumeRoleWithWebIdentity", &members).await
    }

    async fn trust(&self, condition: &str) {
        self.world.role(HOME, "Ci", &trust(condition), &[EVERYTHING]).await;
    }
}

fn trust(condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Federated":"{PROVIDER}"}},
        "Action":["sts:AssumeRoleWithWebIdentity"],"Condition":{condition}}}}}"#
    )
}

async fn serve(listener: TcpListener, documents: Arc<Mutex<Documents>>, asked: Arc<AtomicUsize>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (documents, asked) = (documents.clone(), asked.clone());
        tokio::spawn(async move {
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let body = {
                let documents = documents.lock().expect("not poisoned");
                if request.starts_with("GET /tenant/.well-known/openid-configuration ") {
                    documents.discovery.to_string()
                } else {
                    asked.fetch_add(1, Ordering::SeqCst);
                    json!({ "keys": documents.keys }).to_string()
                }
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes()).await;
        });
    }
}

#[tokio::test]
async fn a_token_opens_a_role() {
    let key = SigningKey::rsa("k1");
    let site = Site::new(&[&key]).await;
    let answer = site.assume(&key.token("RS256", &site.claims()), &[]).await;
    let keys = answer.keys();
    assert_eq!(answer.text("SubjectFromWebIdentityToken"), SUBJECT);
    assert_eq!(answer.text("Audience"), "sts.amazonaws.com");
    assert_eq!(answer.text("Provider"), PROVIDER);
    let record = site.world.newest(HOME).await;
    assert_eq!(record["eventName"], "AssumeRoleWithWebIdentity");
    assert_eq!(record["userIdentity"]["type"], "WebIdentityUser");
    assert_eq!(record["userIdentity"]["identityProvider"], PROVIDER);
    assert_eq!(record["userIdentity"]["userName"], SUBJECT);
    assert!(record["requestParameters"].get("webIdentityToken").is_none());

    assert_eq!(site.world.kms(&keys, "CreateKey", json!({})).await.status, 200);
    let context = &site.world.newest(HOME).await["userIdentity"]["sessionContext"];
    assert_eq!(context["webIdFederationData"]["federatedProvider"], PROVIDER);
    assert_eq!(context["sessionIssuer"]["userName"], "Ci");
}

#[tokio::test]
async fn the_trust_policy_judges_the_claims() {
    let key = SigningKey::p256("k1");
    let site = Site::new(&[&key]).await;
    let token = key.token("ES256", &site.claims());
    let refusal = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";
    for (condition, status) in [
        (r#"{"StringEquals":{"issuer.example.com/tenant:aud":"sts.amazonaws.com"}}"#, 200),
        (r#"{"StringLike":{"issuer.example.com/tenant:sub":"repo:acme/*"}}"#, 200),
        (r#"{"StringLike":{"issuer.example.com/tenant:sub":"repo:other/*"}}"#, 403),
        (r#"{"StringEquals":{"issuer.example.com/tenant:aud":"client-7"}}"#, 403),
        (r#"{"StringEquals":{"sts:RoleSessionName":"build"}}"#, 200),
        (r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#, 403),
    ] {
        site.trust(condition).await;
        let answer = site.assume(&token, &[]).await;
        assert_eq!(answer.status, status, "{condition}: {}", answer.body);
        if status == 403 {
            assert_eq!(answer.refusal(), refusal);
            let record = site.world.newest(HOME).await;
            assert_eq!(record["errorCode"], "AccessDenied");
            assert_eq!(record["userIdentity"]["userName"], SUBJECT);
        }
    }
    // A role that trusts the account trusts no token, and a role that is not there is refused alike.
    site.world.role(HOME, "Ci", crate::common::TRUST_HOME, &[]).await;
    assert_eq!(site.assume(&token, &[]).await.refusal(), refusal);
    site.world.delete_role(HOME, "Ci").await;
    assert_eq!(site.assume(&token, &[]).await.refusal(), refusal);
}

#[tokio::test]
async fn tokens_that_are_not_right_are_refused() {
    let (key, stranger) = (SigningKey::p256("k1"), SigningKey::p256("k1"));
    let site = Site::new(&[&key]).await;
    let with = |name: &str, value: Value| {
        let mut claims = site.claims();
        claims[name] = value;
        key.token("ES256", &claims)
    };
    let now = site.clock_seconds();
    for (token, expected) in [
        (stranger.token("ES256", &site.claims()), "InvalidIdentityToken: Token signature invalid"),
        (with("aud", json!("other")), "InvalidIdentityToken: Incorrect token audience"),
        (with("exp", json!(now - 1)), "ExpiredTokenException: Token expired"),
        (with("nbf", json!(now + 3600)), "InvalidIdentityToken: The ID Token is not yet valid"),
        (with("sub", json!(null)), "IDPRejectedClaim: The claim sub is missing"),
        (
            with("iss", json!("https://evil.example.com")),
            "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://evil",
        ),
        (
            "not-a-token".to_owned(),
            "InvalidIdentityToken: The ID Token provided is not a valid JWT",
        ),
        (
            key.sign("ES256", &json!({ "alg": "none" }), &site.claims()),
            "InvalidIdentityToken: The ID Token provided is not a valid JWT",
        ),
    ] {
        let refusal = site.assume(&token, &[]).await.refusal();
        assert!(refusal.starts_with(expected), "{refusal}");
        let record = site.world.newest(HOME).await;
        assert_eq!(record["userIdentity"]["accountId"], "anonymous", "{record}");
    }
    let huge = site.assume(&"a".repeat(20_001), &[]).await.refusal();
    assert!(huge.starts_with("ValidationError: "), "{huge}");
}

#[tokio::test]
async fn keys_are_kept_a_while_and_newer_ones_found() {
    let (old, new) = (SigningKey::p256("k1"), SigningKey::p256("k2"));
    let site = Site::new(&[&old]).await;
    let asked = || site.asked.load(Ordering::SeqCst);
    let old_token = old.token("ES256", &site.claims());
    for _ in 0..3 {
        assert_eq!(site.assume(&old_token, &[]).await.status, 200);
    }
    assert_eq!(asked(), 1);
    // The issuer turns to another key. It is not asked at once, however many tokens name keys that nobody knows.
    site.documents.lock().expect("not poisoned").keys = vec![new.public()];
    let new_token = new.token("ES256", &site.claims());
    for _ in 0..3 {
        let refusal = site.assume(&new_token, &[]).await.refusal();
        assert!(refusal.starts_with("InvalidIdentityToken: Couldn't retrieve"), "{refusal}");
    }
    assert_eq!(asked(), 1);
    site.clock.advance(Duration::from_secs(11));
    assert_eq!(site.assume(&new_token, &[]).await.status, 200);
    assert_eq!(asked(), 2);
    assert_eq!(site.assume(&old_token, &[]).await.status, 400, "its key is gone");
    // An issuer that cannot be asked for a key that nobody knows keeps those that it gave.
    site.clock.advance(Duration::from_secs(11));
    let elsewhere = json!("https://nowhere.invalid/keys");
    let kept = std::mem::replace(
        &mut site.documents.lock().expect("not poisoned").discovery["jwks_uri"],
        elsewhere,
    );
    assert_eq!(site.assume(&old_token, &[]).await.text("Code"), "IDPCommunicationError");
    assert_eq!(site.assume(&new_token, &[]).await.status, 200);
    site.documents.lock().expect("not poisoned").discovery["jwks_uri"] = kept;
    // A key that was taken back is believed for an hour at most.
    site.documents.lock().expect("not poisoned").keys = vec![];
    site.clock.advance(Duration::from_secs(3600));
    assert_eq!(site.assume(&new.token("ES256", &site.claims()), &[]).await.status, 400);
}

#[tokio::test]
async fn an_issuer_must_speak_for_itself_and_over_https() {
    let key = SigningKey::p256("k1");
    let site = Site::new(&[&key]).await;
    let token = key.token("ES256", &site.claims());
    for (member, value, expected) in [
        ("issuer", json!("https://other.example.com"), "InvalidIdentityToken: Couldn't retrieve"),
        ("jwks_uri", json!("http://issuer.example.com/keys"), "InvalidIdentityToken: Couldn't"),
        (
            "jwks_uri",
            json!("https://user@issuer.example.com/keys"),
            "InvalidIdentityToken: Couldn't",
        ),
        ("jwks_uri", json!(7), "InvalidIdentityToken: Couldn't"),
        ("jwks_uri", json!("https://nowhere.invalid/keys"), "IDPCommunicationError: "),
    ] {
        let kept = {
            let mut documents = site.documents.lock().expect("not poisoned");
            std::mem::replace(&mut documents.discovery[member], value)
        };
        let refusal = site.assume(&token, &[]).await.refusal();
        assert!(refusal.starts_with(expected), "{member}: {refusal}");
        site.documents.lock().expect("not poisoned").discovery[member] = kept;
        site.clock.advance(Duration::from_secs(11));
    }
    assert_eq!(site.assume(&token, &[]).await.status, 200);
}

#[tokio::test]
async fn tags_of_the_token_need_the_roles_leave() {
    let key = SigningKey::p256("k1");
    let site = Site::new(&[&key]).await;
    let mut claims = site.claims();
    claims["https://aws.amazon.com/tags"] = json!({
        "principal_tags": { "Team": ["red"] }, "transitive_tag_keys": ["Team"],
    });
    claims["https://aws.amazon.com/source_identity"] = json!("main-branch");
    let token = key.token("ES256", &claims);
    let refusal = site.assume(&token, &[]).await.refusal();
    assert_eq!(refusal, "AccessDenied: Not authorized to perform sts:TagSession");
    let all = trust(r#"{"StringEquals":{"aws:RequestTag/Team":"red"}}"#).replace(
        r#"["sts:AssumeRoleWithWebIdentity"]"#,
        r#"["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]"#,
    );
    let red = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/Team":"red"}}}}"#;
    let red = site.world.policy("Red", red).await;
    site.world.role(HOME, "Ci", &all, &[&red]).await;
    let answer = site.assume(&token, &[]).await;
    assert_eq!(answer.text("SourceIdentity"), "main-branch");
    assert_eq!(site.world.kms(&answer.keys(), "ListKeys", json!({})).await.status, 200);
}
