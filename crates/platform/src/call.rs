//! The context of one call: who calls, where and when, and the transaction that everything it changes goes into.

use std::fmt;
use std::net::IpAddr;

use base::{AccountId, Region, Timestamp};
use identity::credentials::{NewAccessKey, Owner};
use identity::record::MfaOwner;
use identity::{Credentials, Directory, IdentityError, mfa};
use shape::Failure;
use shape::error::ACCESS_DENIED;
use store::{JournalPage, JournalQuery, Scope, Tally, Tx};

use crate::caller::Caller;
use crate::platform::Platform;
use crate::service::Resource;

/// One call on its way through the pipeline, or one piece of due work.
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The Region that the request is addressed to.
    pub region: Region,
    /// When the call began. All that it writes bears this time.
    pub now: Timestamp,
    /// The request id that the caller is given.
    pub request_id: String,
    /// The IAM action, such as `kms:Encrypt`; empty for due work.
    pub action: &'static str,
    /// Where the request came from.
    pub source: Source,
    /// The transaction. It is committed with the audit record when the handler succeeds, and dropped otherwise.
    pub tx: Tx,
    /// The resources that were authorized, in the order in which the service named them.
    pub resources: Vec<Resource>,
    /// What the handler adds to the audit record.
    pub notes: AuditNotes,
    pub(crate) platform: Platform,
}

impl Call {
    /// The account in which the caller acts.
    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    /// The caller's account in the Region of the request.
    pub fn scope(&self) -> Scope {
        Scope { account: self.account(), region: self.region.clone() }
    }

    /// The refusal of this call's action on `resource`, in AWS's words.
    pub fn denied(&self, resource: &dyn fmt::Display) -> Failure {
        let (caller, action) = (self.caller.arn(), self.action);
        ACCESS_DENIED.because(format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource} because no resource-based policy allows the {action} action"
        ))
    }

    /// The refusal of this call's action on what may not be there, and belongs to another account in any case: the answer is the
    /// same for what is and what is not. KMS's words.
    pub fn unseen(&self, resource: &str) -> Failure {
        ACCESS_DENIED.because(authz::decision::unseen(&self.caller.arn(), self.action, resource))
    }

    /// Whether the caller may do the action of `resource`, which need not be the call's own. Nothing is recorded of the answer.
    pub async fn may(&mut self, resource: &Resource) -> Result<bool, Failure> {
        crate::phase::authorize::may(self, resource).await
    }

    /// What binds identities: standings, guardrails and compiled policies.
    pub fn directory(&self) -> &Directory {
        &self.platform.shared.directory
    }

    /// Access keys and sessions.
    pub fn credentials(&self) -> &Credentials {
        &self.platform.shared.credentials
    }

    /// Checks a code of the second factor that `owner`, of the caller's account, shows, and uses it up.
    ///
    /// # Errors
    /// A failing store or keyring.
    pub async fn verify_mfa(
        &mut self,
        owner: &MfaOwner,
        serial: &str,
        code: &str,
    ) -> Result<mfa::Verdict, Failure> {
        let shown = mfa::Shown { account: self.account(), owner, serial, code };
        let credentials = &self.platform.shared.credentials;
        let verdict = mfa::verify(credentials, &mut self.tx, shown, self.now).await;
        verdict.map_err(Failure::internal)
    }

    /// The access keys and this call's transaction, for what changes the ones in the other.
    pub fn credentials_and_tx(&mut self) -> (&Credentials, &mut Tx) {
        (&self.platform.shared.credentials, &mut self.tx)
    }

    /// Makes an access key of this account. The owner's record must name it, which is the service's part.
    ///
    /// # Errors
    /// A failing keyring, or a store that does not take the record.
    pub fn create_access_key(
        &mut self,
        owner: Owner,
        created: Timestamp,
    ) -> Result<NewAccessKey, IdentityError> {
        let account = self.account();
        let shared = &self.platform.shared;
        shared.credentials.create(&mut self.tx, account, owner, shared.random.as_ref(), created)
    }

    /// A fresh UUID.
    pub fn uuid(&self) -> String {
        self.platform.shared.random.uuid()
    }

    /// Random bytes that are not key material.
    pub fn random(&self) -> &dyn base::Random {
        self.platform.shared.random.as_ref()
    }

    /// Runs work that keeps a processor busy for more than a millisecond (making an RSA key) off the async threads.
    pub async fn offload<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        tokio::task::spawn_blocking(work).await.map_err(Failure::internal)
    }

    /// Calls an operation of another service on behalf of this call's caller. It passes the same phases, and its audit record
    /// shows `invokedBy`; it is a transaction of its own, so use it for what may stand even if this call fails.
    pub async fn invoke<O: shape::Operation>(
        &self,
        service: &'static shape::ServiceSchema,
        invoked_by: &'static str,
        input: &O::Input,
    ) -> Result<O::Output, Failure> {
        let caller = Caller { invoked_by: Some(invoked_by), ..self.caller.clone() };
        let source = Source::default();
        self.platform.call::<O>(caller, self.region.clone(), source, service, input).await
    }

    /// A page of audit records.
    pub async fn journal(&self, query: JournalQuery) -> Result<JournalPage, Failure> {
        self.platform.shared.store.journal(query).await.map_err(Failure::internal)
    }

    /// The counters of `scope` below `path` (service, kind, id; as far as given), without this call's own counts.
    pub async fn tallies(&self, scope: &Scope, path: &[&str]) -> Result<Vec<Tally>, Failure> {
        self.platform.shared.store.tallies(scope, path).await.map_err(Failure::internal)
    }

    /// Sends an event to the default event bus of this account and Region, as part of the transaction.
    /// `detail` is the event's `detail`. Fails if that is larger than an event may be.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
    pub fn emit(
        &mut self,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: &serde_json::Value,
    ) -> Result<(), Failure> {
        let event = serde_json::json!({
            "version": "0",
            "id": self.uuid(),
            "detail-type": detail_type,
            "source": source,
            "account": self.account(),
            "time": self.now.trunc_seconds().rfc3339(),
            "region": self.region,
            "resources": resources,
            "detail": detail,
        });
        self.tx.emit(event.to_string().into_bytes()).map_err(Failure::internal)
    }

    /// Writes an audit record of something that the service did by itself (`AwsServiceEvent`), such as the
    /// deletion of a key whose waiting period ended.
    pub fn service_event(&mut self, event: ServiceEvent) -> Result<(), Failure> {
        let entry = crate::audit::service_event(self, &event);
        self.tx.journal(&entry).map_err(Failure::internal)
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The peer's address; none for internal calls.
    pub ip: Option<IpAddr>,
    /// The `User-Agent` header, cut to a sane length.
    pub user_agent: Option<String>,
    /// TLS version and cipher suite, if the connection was encrypted.
    pub tls: Option<Tls>,
    /// The `Host` header.
    pub host: Option<String>,
    /// The `Referer` header, cut to a sane length.
    pub referer: Option<String>,
}

/// What was negotiated on an encrypted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Such as `TLSv1.3`.
    pub version: &'static str,
    /// Such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
}

/// What a handler adds to its audit record, or puts in place of what the walker would render.
#[derive(Clone, Debug, Default)]
pub struct AuditNotes {
    /// `additionalEventData`.
    pub additional: Option<serde_json::Value>,
    /// In place of the rendered `requestParameters`.
    pub request: Option<serde_json::Value>,
    /// In place of the rendered `responseElements`.
    pub response: Option<serde_json::Value>,
    /// The encoded authorization message of a refusal.
    pub(crate) denial: Option<String>,
}

/// Something that a service did by itself.
#[derive(Clone, Debug)]
pub struct ServiceEvent {
    /// `eventName`, such as `DeleteKey`.
    pub name: &'static str,
    /// `eventSource`, such as `kms.amazonaws.com`.
    pub source: &'static str,
    /// `serviceEventDetails`, if any.
    pub details: Option<serde_json::Value>,
    /// The resources concerned.
    pub resources: Vec<Resource>,
    /// The account whose record it is.
    pub account: AccountId,
}
