//! What a service is to the platform: operations with their facts, and work that falls due.
//!
//! A service crate implements [`Handle`] once an operation and [`Work`] once a kind of due work, and lists both in a
//! [`Service`]. An operation cannot be listed without its facts, and its handler never sees a request that did not
//! pass authentication, validation and authorization.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base::{AccountId, Arn};
use shape::{Failure, Operation, OperationSchema, ServiceSchema, Shape};
use store::Scope;

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
    /// Types of resources that policies may name for it, as the Service Authorization Reference lists them; none for an action
    /// that is allowed or denied on `*` alone.
    pub resource_types: &'static [&'static str],
    /// Condition keys of the service, and of tags, that it fills.
    pub condition_keys: &'static [&'static str],
    /// Whether it takes unsigned requests, whose handler finds out who asks (`AssumeRoleWithWebIdentity`).
    pub unsigned: bool,
    /// Whether an identity needs no permission for it (`GetCallerIdentity`).
    pub free: bool,
}

impl Facts {
    /// An operation that changes nothing: its answer is not recorded.
    pub const fn read(action: &'static str) -> Self {
        Self {
            action,
            read_only: true,
            audit: Audit::REQUEST,
            resource_types: &[],
            condition_keys: &[],
            unsigned: false,
            free: false,
        }
    }

    /// An operation that changes state: request and answer are recorded.
    pub const fn write(action: &'static str) -> Self {
        Self { read_only: false, audit: Audit::REQUEST_AND_RESPONSE, ..Self::read(action) }
    }

    /// The same with `audit`.
    pub const fn audited(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }

    /// The same, on resources of these types.
    pub const fn on(self, resource_types: &'static [&'static str]) -> Self {
        Self { resource_types, ..self }
    }

    /// The same, filling these condition keys.
    pub const fn keys(self, condition_keys: &'static [&'static str]) -> Self {
        Self { condition_keys, ..self }
    }

    /// The same, for unsigned requests too.
    pub const fn unsigned(self) -> Self {
        Self { unsigned: true, ..self }
    }

    /// The same, for everyone who has an identity.
    pub const fn free(self) -> Self {
        Self { free: true, ..self }
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
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The resource's ARN. With an action of its own, one that ends in `*` names no resource that exists: it is what an action on
    /// something yet to be made is judged on, or by its resource `*` alone an action that knows no resources. The audit record
    /// leaves it out.
    pub arn: Arn,
    /// The CloudFormation-style type, such as `AWS::KMS::Key`.
    pub kind: &'static str,
    /// The account that owns it.
    pub owner: AccountId,
    /// The resource's own policy document, where it has one.
    pub policy: Option<Arc<str>>,
    /// What that policy is: [`authz::Kind::Resource`], or one without which nothing is allowed.
    pub policy_kind: authz::Kind,
    /// Its tags, for `aws:ResourceTag`.
    pub tags: BTreeMap<String, String>,
    /// The action that is judged on it, where that is not the operation's own (`iam:PassRole`, `kms:ReEncryptTo`).
    pub action: Option<&'static str>,
    /// Condition keys that only hold for this resource (`iam:PassedToService`, `kms:ResourceAliases`). A key that stands here
    /// more than once has all of the values.
    pub conditions: Vec<(Cow<'static, str>, authz::Value)>,
    /// What a refusal says in place of AWS's usual sentence, where that would tell too much.
    pub refusal: Option<&'static str>,
}

impl Resource {
    /// A resource without policy and tags.
    pub fn new(arn: Arn, kind: &'static str, owner: AccountId) -> Self {
        Self {
            arn,
            kind,
            owner,
            policy: None,
            policy_kind: authz::Kind::Resource,
            tags: BTreeMap::new(),
            action: None,
            conditions: Vec::new(),
            refusal: None,
        }
    }

    /// A role that the call hands to `service` (such as `lambda.amazonaws.com`), which takes the permission `iam:PassRole` on it.
    /// `for_resource` is the ARN of what will use the role, where the
    /// service tells it.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
    pub fn pass_role(arn: Arn, service: &'static str, for_resource: Option<String>) -> Self {
        // What is no role's ARN belongs to nobody who could pass it.
        let owner = arn.account_id().unwrap_or(Scope::system().account);
        let role = Self::new(arn, "AWS::IAM::Role", owner)
            .for_action("iam:PassRole")
            .with("iam:PassedToService", service);
        match for_resource {
            Some(arn) => role.with("iam:AssociatedResourceArn", arn),
            None => role,
        }
    }

    /// The same with a condition key that only holds for it.
    pub fn with(mut self, key: &'static str, value: impl Into<authz::Value>) -> Self {
        self.conditions.push((key.into(), value.into()));
        self
    }

    /// The same, judged for another action than the operation's own.
    pub fn for_action(self, action: &'static str) -> Self {
        Self { action: Some(action), ..self }
    }
}

/// Grants that allow beside policies, as KMS has them. They are asked for only where the policies alone do not allow.
pub trait GrantSource: Send + Sync + 'static {
    /// The grants on a resource that could concern the caller. `input` is the operation's.
    fn grants(
        &self,
        call: &mut Call,
        input: &dyn Shape,
        resource: &Resource,
    ) -> impl Future<Output = Result<Vec<authz::Grant>, Failure>> + Send;
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

    /// Fills the condition keys that the request itself carries (`kms:EncryptionContextKeys`, `aws:RequestTag/…`). Runs behind
    /// [`Handle::resources`], once for each of them; the platform has filled the global ones, and `request` says which action is
    /// judged on what.
    fn conditions(&self, _call: &Call, _input: &O::Input, _request: &mut authz::Request) {}

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
    pub(crate) grants: Option<Box<dyn ErasedGrants>>,
    pub(crate) on_reset: Vec<Box<dyn Fn() + Send + Sync>>,
}

impl Service {
    /// A service that serves nothing yet.
    pub fn new(schema: &'static ServiceSchema) -> Self {
        Self {
            schema,
            operations: BTreeMap::new(),
            work: BTreeMap::new(),
            grants: None,
            on_reset: Vec::new(),
        }
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

    /// Adds the grants that allow beside policies.
    pub fn grants<G: GrantSource>(mut self, source: &Arc<G>) -> Self {
        self.grants = Some(Box::new(source.clone()));
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
    fn conditions(
        &self,
        call: &Call,
        input: &dyn Shape,
        request: &mut authz::Request,
    ) -> Result<(), Failure>;
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

    fn conditions(
        &self,
        call: &Call,
        input: &dyn Shape,
        request: &mut authz::Request,
    ) -> Result<(), Failure> {
        self.handler.conditions(call, downcast::<O>(input)?, request);
        Ok(())
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

/// [`GrantSource`] without its type.
pub(crate) trait ErasedGrants: Send + Sync {
    fn grants<'a>(
        &'a self,
        call: &'a mut Call,
        input: &'a dyn Shape,
        resource: &'a Resource,
    ) -> BoxFuture<'a, Result<Vec<authz::Grant>, Failure>>;
}

impl<G: GrantSource> ErasedGrants for Arc<G> {
    fn grants<'a>(
        &'a self,
        call: &'a mut Call,
        input: &'a dyn Shape,
        resource: &'a Resource,
    ) -> BoxFuture<'a, Result<Vec<authz::Grant>, Failure>> {
        Box::pin(GrantSource::grants(self.as_ref(), call, input, resource))
    }
}
