//! What the tests share: a platform with STS and KMS, identities in it, signed requests to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::random::System;
use base::{AccountId, Region};
use http::{HeaderName, HeaderValue, Method};
use identity::credentials::Owner;
use identity::record::{self, ManagedPolicy, Policies, PolicyVersion, Role, Tags, User};
use identity::{ids, managed};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::Source;
use platform::testing::Harness;
use serde_json::Value;
use store::Scope;
use wire::Request;
use wire::sigv4::{Dialect, SecretKey, Signer, SigningKeys};

/// The default account.
pub const HOME: &str = "123456789012";
/// Another account.
pub const ABROAD: &str = "210987654321";
/// Allows everything.
pub const EVERYTHING: &str = managed::ADMINISTRATOR_ACCESS;
/// Trusts everybody whom the account `123456789012` lets.
pub const TRUST_HOME: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Principal":{"AWS":"123456789012"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}"#;

/// Credentials to sign with.
#[derive(Clone, Debug)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

/// An answer: its status and its body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

pub struct World {
    pub harness: Harness,
}

impl Answer {
    /// The text of the first element with this name.
    pub fn text(&self, element: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("<{element}>")).unwrap_or_else(|| {
            panic!("{element} is not in {}", self.body);
        });
        rest.split_once(&format!("</{element}>")).expect("an end").0
    }

    /// Whether there is an element with this name.
    pub fn has(&self, element: &str) -> bool {
        self.body.contains(&format!("<{element}>"))
    }

    /// `Code: Message` of a refusal.
    pub fn refusal(&self) -> String {
        assert_ne!(self.status, 200, "{}", self.body);
        let unescaped = self.text("Message").replace("&#39;", "'").replace("&apos;", "'");
        format!("{}: {unescaped}", self.text("Code"))
    }

    /// The credentials in it.
    pub fn keys(&self) -> Keys {
        assert_eq!(self.status, 200, "{}", self.body);
        Keys {
            id: self.text("AccessKeyId").to_owned(),
            secret: self.text("SecretAccessKey").to_owned(),
            token: Some(self.text("SessionToken").to_owned()),
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(None).await
    }

    /// With a way to identity providers.
    pub async fn with(outbound: Option<platform::outbound::Client>) -> Self {
        let harness = Harness::new(|keyring| {
            let deps = kms::Deps { keyring: keyring.clone(), nitro_root: None, proxies: None };
            vec![iam::service(), kms::service(deps), sts::service(sts::Deps { outbound })]
        });
        Self { harness: harness.await }
    }

    /// The key that acts as the root user of an account in dev mode.
    pub fn stand_in(account: &str) -> Keys {
        Keys { id: account.to_owned(), secret: "test".to_owned(), token: None }
    }

    /// A user with attached policies, and an access key of it.
    pub async fn user(&self, account: &str, name: &str, attached: &[&str]) -> Keys {
        let account: AccountId = account.parse().expect("an account id");
        let unique_id = ids::unique_id(ids::Prefix::User, &System);
        let user = User::new(name, unique_id.clone(), self.harness.now());
        let user = User { policies: attach(attached), ..user };
        let owner = Owner::User { name: name.to_owned(), unique_id };
        let mut tx = self.harness.platform.store().begin();
        tx.put(&Scope::global(account), &record::id(name), &user).expect("a user");
        let credentials = self.harness.platform.credentials();
        let made = credentials.create(&mut tx, account, owner, &System, self.harness.now());
        let made = made.expect("an access key");
        self.harness.platform.store().commit(tx).await.expect("committed");
        let secret = String::from_utf8(made.secret_access_key.expose().to_vec()).expect("text");
        Keys { id: made.access_key_id, secret, token: None }
    }

    /// A role of an hour's sessions with attached policies; its ARN.
    pub async fn role(&self, account: &str, name: &str, trust: &str, attached: &[&str]) -> String {
        let unique_id = ids::unique_id(ids::Prefix::Role, &System);
        let role = Role::new(name, unique_id, self.harness.now(), trust);
        let role = Role { max_session: 7200, policies: attach(attached), ..role };
        self.put_role(account, &role).await
    }

    /// Keeps a role; its ARN.
    pub async fn put_role(&self, account: &str, role: &Role) -> String {
        self.put(account, &record::id(&role.name), role).await;
        let account = account.parse().expect("an account id");
        ids::arn(account, "role", &role.path, &role.name)
    }

    /// Takes a role away.
    pub async fn delete_role(&self, account: &str, name: &str) {
        let account: AccountId = account.parse().expect("an account id");
        let mut tx = self.harness.platform.store().begin();
        tx.delete::<Role>(&Scope::global(account), &record::id(name)).expect("deleted");
        self.harness.platform.store().commit(tx).await.expect("committed");
    }

    /// A managed policy of the default account; its ARN.
    pub async fn policy(&self, name: &str, document: &str) -> String {
        let now = self.harness.now();
        let policy = ManagedPolicy {
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id: ids::unique_id(ids::Prefix::Policy, &System),
            created: now,
            updated: now,
            description: None,
            default_version: 1,
            next_version: 2,
            versions: vec![PolicyVersion { number: 1, document: document.into(), created: now }],
            tags: Tags::new(),
        };
        self.put(HOME, &record::id(name), &policy).await;
        ids::arn(AccountId::DEFAULT, "policy", "/", name)
    }

    /// Calls an operation of STS.
    pub async fn sts(&self, keys: &Keys, action: &str, members: &[(&str, &str)]) -> Answer {
        self.query(Some(keys), ("sts", "2011-06-15"), action, members).await
    }

    /// Calls an operation of a service that speaks the Query protocol.
    pub async fn query(
        &self,
        keys: Option<&Keys>,
        (service, version): (&str, &str),
        action: &str,
        members: &[(&str, &str)],
    ) -> Answer {
        let version = [("Action", action), ("Version", version)];
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = version.iter().chain(members).map(|(k, v)| format!("{k}={}", escape(v)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let form = "application/x-www-form-urlencoded";
        self.send(keys, service, &[("content-type", form)], body).await
    }

    /// Assumes a role in a session named `session`.
    pub async fn assume(&self, keys: &Keys, role: &str, more: &[(&str, &str)]) -> Answer {
        let mut members = vec![("RoleArn", role), ("RoleSessionName", "session")];
        members.extend(more);
        self.sts(keys, "AssumeRole", &members).await
    }

    /// The ARN of whoever these credentials are of.
    pub async fn arn(&self, keys: &Keys) -> String {
        let answer = self.sts(keys, "GetCallerIdentity", &[]).await;
        if answer.status == 200 { answer.text("Arn").to_owned() } else { answer.refusal() }
    }

    /// Calls an operation of KMS; the answer is JSON.
    pub async fn kms(&self, keys: &Keys, operation: &str, input: Value) -> Answer {
        let target = format!("TrentService.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)];
        self.send(Some(keys), "kms", &headers, input.to_string()).await
    }

    async fn send(
        &self,
        keys: Option<&Keys>,
        service: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Answer {
        let mut request = Request::new(Method::POST, "/");
        request.body = body.into();
        for (name, value) in [("host", "127.0.0.1:4566")].iter().chain(headers) {
            let value = HeaderValue::from_str(value).expect("a header");
            request.headers.insert(HeaderName::from_static(name), value);
        }
        if let Some(keys) = keys {
            let region = Region::default();
            let signer = Signer {
                access_key_id: &keys.id,
                secret: &SecretKey::new(keys.secret.as_str()),
                session_token: keys.token.as_deref(),
                region: region.as_str(),
                service,
                dialect: Dialect::Standard,
                keys: &SigningKeys::default(),
            };
            signer.sign(&mut request, self.harness.now()).expect("signed");
        }
        let response = self.harness.platform.respond(request, Source::default()).await;
        let body = String::from_utf8(response.body.to_vec()).expect("text");
        Answer { status: response.status, body }
    }

    /// Keeps a record in the account's global scope.
    pub async fn put<R: store::Record>(&self, account: &str, id: &str, record: &R) {
        let account: AccountId = account.parse().expect("an account id");
        let mut tx = self.harness.platform.store().begin();
        tx.put(&Scope::global(account), id, record).expect("a record");
        self.harness.platform.store().commit(tx).await.expect("committed");
    }

    /// The newest audit record of an account in the default Region.
    pub async fn newest(&self, account: &str) -> Value {
        let scope = Scope::new(account.parse().expect("an account id"), Region::default());
        self.harness.records_of(scope).await.into_iter().next().expect("a record")
    }
}

fn attach(arns: &[&str]) -> Policies {
    let attached = arns.iter().map(|arn| (*arn).to_owned()).collect();
    Policies { inline: BTreeMap::<String, Arc<str>>::new(), attached }
}

/// A policy of one statement.
pub fn statement(effect: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}}}"#
    )
}

/// A trust policy of one statement, with a condition.
pub fn trust(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},
        "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{condition}}}}}"#
    )
}
