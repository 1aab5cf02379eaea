//! What a service is to the platform: operations with their facts, and work that falls due.
//!
//! A service crate implements [`Handle`] once an operation and [`Work`] once a kind of due work, and lists both in a
//! [`Service`]. An operation cannot be listed without its facts, and its handler never sees a request that did not
//! pass authentication, validation and authorization.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base::{AccountId, Arn};
use shape::{Failure, Operation, OperationSchema, ServiceSchema, Shape};

use crate::Call;

/// What the platform must know of an operation besides its shapes.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The IAM action, such as `kms:Encrypt`.
    pub action: &'static str,
    /// The call changes nothing (CloudTrail's `readOnly`).
    pub read_only: bool,
    /// What the audit record shows.
    pub audit: Audit,
}

impl Facts {
    /// An operation that changes nothing: its answer is not recorded.
    pub const fn read(action: &'static str) -> Self {
        Self { action, read_only: true, audit: Audit::REQUEST }
    }

    /// An operation that changes state: request and answer are recorded.
    pub const fn write(action: &'static str) -> Self {
        Self { action, read_only: false, audit: Audit::REQUEST_AND_RESPONSE }
    }

    /// The same with `audit`.
    pub const fn audited(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }
}

/// What the audit record of an operation shows. Sensitive members and all bytes are left out in any case.
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    /// `responseElements` carries the answer; null otherwise.
    pub response: bool,
    /// Request members (names as in the model) that are left out besides.
    pub omit_request: &'static [&'static str],
    /// Response members that are left out besides.
    pub omit_response: &'static [&'static str],
}

impl Audit {
    /// The request only.
    pub const REQUEST: Audit = Audit { response: false, omit_request: &[], omit_response: &[] };
    /// The request and the answer.
    pub const REQUEST_AND_RESPONSE: Audit = Audit { response: true, ..Audit::REQUEST };

    /// The same without these request members.
    pub const fn without_request(self, members: &'static [&'static str]) -> Self {
        Self { omit_request: members, ..self }
    }

    /// The same without these response members.
    pub const fn without_response(self, members: &'static [&'static str]) -> Self {
        Self { omit_response: members, ..self }
    }
}

/// A resource that a call touches: what authorization judges and the audit record names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The resource's ARN.
    pub arn: Arn,
    /// The CloudFormation-style type, such as `AWS::KMS::Key`.
    pub kind: &'static str,
    /// The account that owns it.
    pub owner: AccountId,
    /// The resource's own policy document, where it has one.
    pub policy: Option<Arc<str>>,
    /// Its tags, for `aws:ResourceTag`.
    pub tags: BTreeMap<String, String>,
}

/// Serves one operation.
///
/// A call whose transaction meets a conflict is run again from the start, so a handler must act on the world only
/// through `call.tx`.
pub trait Handle<O: Operation>: Send + Sync + 'static {
    /// The operation's facts.
    const FACTS: Facts;

    /// The resources that the call names, looked up but not yet changed. Runs before authorization; a resource
    /// that does not exist fails here, in the service's own words.
    fn resources(
        &self,
        _call: &mut Call,
        _input: &O::Input,
    ) -> impl Future<Output = Result<Vec<Resource>, Failure>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Does the work. State, events and meters go through `call.tx` and are kept only if this succeeds.
    fn handle(
        &self,
        call: &mut Call,
        input: &O::Input,
    ) -> impl Future<Output = Result<O::Output, Failure>> + Send;
}

/// Does one kind of work that falls due at a moment written with `Tx::put_due`.
///
/// It runs under the platform's own identity, once a due entry, in a transaction of its own; like a handler it is run again
/// on a conflict. It must move or remove its due entry, or it is called again.
pub trait Work: Send + Sync + 'static {
    /// The kind, as given to `Tx::put_due`.
    const KIND: &'static str;

    /// Does the work due for the record `id` in `call.scope()`.
    fn run(&self, call: &mut Call, id: &str) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A service, ready to be added to the platform.
pub struct Service {
    pub(crate) schema: &'static ServiceSchema,
    pub(crate) operations: BTreeMap<&'static str, Entry>,
    pub(crate) work: BTreeMap<&'static str, Box<dyn ErasedWork>>,
    pub(crate) on_reset: Vec<Box<dyn Fn() + Send + Sync>>,
}

impl Service {
    /// A service that serves nothing yet.
    pub fn new(schema: &'static ServiceSchema) -> Self {
        Self { schema, operations: BTreeMap::new(), work: BTreeMap::new(), on_reset: Vec::new() }
    }

    /// Adds an operation.
    pub fn operation<O: Operation, H: Handle<O>>(mut self, handler: &Arc<H>) -> Self {
        let run = Box::new(Typed::<O, H> {
            handler: handler.clone(),
            _operation: std::marker::PhantomData,
        });
        self.operations.insert(O::SCHEMA.name, Entry { schema: O::SCHEMA, facts: H::FACTS, run });
        self
    }

    /// Adds a kind of due work.
    pub fn work<W: Work>(mut self, worker: &Arc<W>) -> Self {
        self.work.insert(W::KIND, Box::new(worker.clone()));
        self
    }

    /// Adds what must happen when the store was emptied: caches that forget.
    pub fn on_reset(mut self, forget: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_reset.push(Box::new(forget));
        self
    }

    /// The service's tables.
    pub fn schema(&self) -> &'static ServiceSchema {
        self.schema
    }

    /// The operations that are served, by name, with their facts.
    pub fn served(&self) -> impl Iterator<Item = (&'static OperationSchema, Facts)> {
        self.operations.values().map(|entry| (entry.schema, entry.facts))
    }
}

pub(crate) struct Entry {
    pub(crate) schema: &'static OperationSchema,
    pub(crate) facts: Facts,
    pub(crate) run: Box<dyn ErasedHandle>,
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Handle`] without its types.
pub(crate) trait ErasedHandle: Send + Sync {
    fn new_input(&self) -> Box<dyn Shape>;
    fn resources<'a>(
        &'a self,
        call: &'a mut Call,
        input: &'a dyn Shape,
    ) -> BoxFuture<'a, Result<Vec<Resource>, Failure>>;
    fn handle<'a>(
        &'a self,
        call: &'a mut Call,
        input: &'a dyn Shape,
    ) -> BoxFuture<'a, Result<Box<dyn Shape>, Failure>>;
}

struct Typed<O, H> {
    handler: Arc<H>,
    _operation: std::marker::PhantomData<fn() -> O>,
}

impl<O: Operation, H: Handle<O>> ErasedHandle for Typed<O, H> {
    fn new_input(&self) -> Box<dyn Shape> {
        Box::new(O::Input::default())
    }

    fn resources<'a>(
        &'a self,
        call: &'a mut Call,
        input: &'a dyn Shape,
    ) -> BoxFuture<'a, Result<Vec<Resource>, Failure>> {
        Box::pin(async move { self.handler.resources(call, downcast::<O>(input)?).await })
    }

    fn handle<'a>(
        &'a self,
        call: &'a mut Call,
        input: &'a dyn Shape,
    ) -> BoxFuture<'a, Result<Box<dyn Shape>, Failure>> {
        Box::pin(async move {
            let output = self.handler.handle(call, downcast::<O>(input)?).await?;
            Ok(Box::new(output) as Box<dyn Shape>)
        })
    }
}

fn downcast<O: Operation>(input: &dyn Shape) -> Result<&O::Input, Failure> {
    input.as_any().downcast_ref().ok_or_else(|| {
        Failure::internal(format!("{} was given the input of another operation", O::SCHEMA.name))
    })
}

/// [`Work`] without its type.
pub(crate) trait ErasedWork: Send + Sync {
    fn run<'a>(&'a self, call: &'a mut Call, id: &'a str) -> BoxFuture<'a, Result<(), Failure>>;
}

impl<W: Work> ErasedWork for Arc<W> {
    fn run<'a>(&'a self, call: &'a mut Call, id: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(Work::run(self.as_ref(), call, id))
    }
}
