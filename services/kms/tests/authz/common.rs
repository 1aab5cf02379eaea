//! What the tests share: a KMS of their own, users and roles with policies, keys with policies.

use std::collections::BTreeMap;
use std::ops::Deref;

use api_kms::operations::{CreateKey, Decrypt, Encrypt, PutKeyPolicy};
use api_kms::{
    CreateKeyRequest, DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse,
    PutKeyPolicyRequest,
};
use base::{AccountId, Timestamp};
use identity::record::{self, ManagedPolicy, Policies, PolicyVersion, Role, Tags, User};
use platform::testing::Harness;
use platform::{Caller, Source};
use shape::{Failure, Operation};
use store::{Record, Scope};

/// The default account.
pub const OWNER: &str = "123456789012";
/// Another account.
pub const STRANGER: &str = "999988887777";
/// The default Region.
pub const HOME: &str = "us-east-1";

/// A platform with KMS alone.
pub struct Kms(Harness);

impl Deref for Kms {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.0
    }
}

/// A failure as `Name: message`.
pub fn text<T>(result: Result<T, Failure>) -> String {
    match result {
        Ok(_) => "success".to_owned(),
        Err(failure) => failure.to_string(),
    }
}

/// A failure's name.
pub fn name<T>(result: Result<T, Failure>) -> &'static str {
    match result {
        Ok(_) => "success",
        Err(failure) => failure.error.name,
    }
}

/// Fails unless the call was refused, for this reason.
#[track_caller]
pub fn refused<T>(result: Result<T, Failure>, because: &str) {
    let text = text(result);
    assert!(text.starts_with("AccessDeniedException: "), "{text}");
    assert!(text.ends_with(because), "{text}");
}

/// A policy of these statements.
pub fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// The statement of a key policy that leaves the decision to the account.
pub fn delegation(account: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"kms:*","Resource":"*"}}"#
    )
}

/// The statement that allows these actions on everything, as identities have it.
pub fn allow(actions: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}}"#)
}

pub fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{OWNER}:user/{name}")
}

pub fn context(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn inline(statements: &str) -> Policies {
    let mut policies = Policies::default();
    if !statements.is_empty() {
        policies.inline.insert("own".to_owned(), policy(statements).into());
    }
    policies
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

impl Kms {
    pub async fn new() -> Self {
        let services = |keyring: &std::sync::Arc<keyring::Keyring>| {
            let deps = kms::Deps { keyring: keyring.clone(), nitro_root: None, proxies: None };
            vec![kms::service(deps)]
        };
        Self(Harness::new(services).await)
    }

    async fn write<R: Record>(&self, name: &str, record: &R) {
        let mut tx = self.platform.store().begin();
        let scope = Scope::global(AccountId::DEFAULT);
        tx.put(&scope, &record::id(name), record).expect("a record");
        self.platform.store().commit(tx).await.expect("written");
    }

    /// A user of the default account with an inline policy of these statements; none without.
    pub async fn user(&self, name: &str, statements: &str) -> Caller {
        self.user_with(name, statements, &[], None).await
    }

    /// The same with tags and a permissions boundary.
    pub async fn user_with(
        &self,
        name: &str,
        statements: &str,
        its_tags: &[(&str, &str)],
        boundary: Option<&str>,
    ) -> Caller {
        let user = User {
            policies: inline(statements),
            boundary: boundary.map(str::to_owned),
            tags: tags(its_tags),
            ..User::new(name, format!("AIDA{name}"), Timestamp::from_millis(0))
        };
        self.write(name, &user).await;
        self.0.user(name).await
    }

    /// A session `s` of a role of the default account.
    pub async fn role(&self, name: &str, statements: &str) -> Caller {
        let made = Timestamp::from_millis(0);
        let role = Role {
            policies: inline(statements),
            ..Role::new(name, format!("AROA{name}"), made, "{}")
        };
        self.write(name, &role).await;
        self.0.role(name, "s").await
    }

    /// The ARN of a managed policy of these statements.
    pub async fn managed(&self, name: &str, statements: &str) -> String {
        let created = Timestamp::from_millis(0);
        let version = PolicyVersion { number: 1, document: policy(statements).into(), created };
        let managed = ManagedPolicy {
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id: format!("ANPA{name}"),
            created,
            updated: created,
            description: None,
            default_version: 1,
            next_version: 2,
            versions: vec![version],
            tags: Tags::new(),
        };
        self.write(name, &managed).await;
        format!("arn:aws:iam::{OWNER}:policy/{name}")
    }

    /// Calls as somebody of the default account.
    pub async fn by<O: Operation>(
        &self,
        caller: &Caller,
        input: O::Input,
    ) -> Result<O::Output, Failure> {
        self.call_with::<O>(caller.clone(), Source::default(), input).await
    }

    /// The ARN of a key of `account` with the default key policy.
    pub async fn key_of(&self, account: &str) -> String {
        let made = self.call_as::<CreateKey>(account, HOME, CreateKeyRequest::default()).await;
        made.expect("a key").key_metadata.expect("metadata").arn.expect("an ARN")
    }

    /// The ARN of a key of the default account with the default key policy.
    pub async fn key(&self) -> String {
        self.key_of(OWNER).await
    }

    /// The ARN of a key of the default account with a key policy of these statements.
    pub async fn key_with(&self, statements: &str) -> String {
        let key = self.key().await;
        self.put_policy(OWNER, &key, statements).await;
        key
    }

    /// Gives a key a policy of these statements, whomever that locks out.
    pub async fn put_policy(&self, account: &str, key: &str, statements: &str) {
        let request = PutKeyPolicyRequest {
            key_id: Some(key.into()),
            policy: Some(policy(statements)),
            bypass_policy_lockout_safety_check: Some(true),
            ..PutKeyPolicyRequest::default()
        };
        self.call_as::<PutKeyPolicy>(account, HOME, request).await.expect("put");
    }

    /// Encrypts something.
    pub async fn encrypt(
        &self,
        caller: &Caller,
        key: &str,
        pairs: &[(&str, &str)],
    ) -> Result<EncryptResponse, Failure> {
        let request = EncryptRequest {
            key_id: Some(key.into()),
            plaintext: Some((&b"secret"[..]).into()),
            encryption_context: context(pairs),
            ..EncryptRequest::default()
        };
        self.by::<Encrypt>(caller, request).await
    }

    /// Decrypts what [`Kms::encrypt`] made, without naming the key.
    pub async fn decrypt(
        &self,
        caller: &Caller,
        made: &EncryptResponse,
        pairs: &[(&str, &str)],
    ) -> Result<DecryptResponse, Failure> {
        let request = DecryptRequest {
            ciphertext_blob: made.ciphertext_blob.clone(),
            encryption_context: context(pairs),
            ..DecryptRequest::default()
        };
        self.by::<Decrypt>(caller, request).await
    }
}

/// The root user of the default account.
pub fn root() -> Caller {
    Caller::root(AccountId::DEFAULT, None)
}
