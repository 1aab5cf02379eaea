//! The running platform: what all calls share, the services, and the way from a request to its answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{AccountId, Clock, Random, Region};
use identity::{Credentials, Directory};
use keyring::Keyring;
use shape::error::SERVICE_UNAVAILABLE;
use shape::{Failure, Operation, ServiceSchema, Shape};
use store::{Store, StoreError};
use wire::route::Router;
use wire::{Request, Response};

use crate::audit::{self, Outcome, Subject};
use crate::call::{AuditNotes, Call, Source};
use crate::caller::Caller;
use crate::meter::Meter;
use crate::phase;
use crate::service::{Entry, Service};
use crate::usage;

/// How often a call is run again after losing its commit to another before the caller is told to come back.
const ATTEMPTS_MAX: usize = 16;

/// What a platform is made of.
pub struct Parts {
    /// Where state is kept.
    pub store: Store,
    /// Where keys are kept.
    pub keyring: Arc<Keyring>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Who is let in.
    pub mode: Mode,
    /// The Region of requests that name none.
    pub region: Region,
}

/// Who is let in besides known access keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nobody.
    Production,
    /// Any unknown access key acts as the root user of the account that it names with twelve digits, else of this one.
    Dev(AccountId),
}

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) mode: Mode,
    pub(crate) region: Region,
    pub(crate) credentials: Credentials,
    pub(crate) directory: Directory,
    pub(crate) signing_keys: wire::sigv4::SigningKeys,
    pub(crate) meter: Meter,
    pub(crate) router: Router,
    pub(crate) services: BTreeMap<&'static str, Service>,
}

/// The platform. Clones share everything.
#[derive(Clone)]
pub struct Platform {
    pub(crate) shared: Arc<Shared>,
}

impl Platform {
    /// Puts a platform together.
    pub fn new(parts: Parts, services: Vec<Service>) -> Self {
        let Parts { store, keyring, clock, random, mode, region } = parts;
        let schemas: Vec<_> = services.iter().map(|service| service.schema).collect();
        let router = Router::new(&schemas);
        let meter = Meter::new(&services);
        let services = services.into_iter().map(|s| (s.schema.name, s)).collect();
        let credentials = Credentials::new(store.clone(), keyring);
        let shared = Shared {
            store,
            clock,
            random,
            mode,
            region,
            credentials,
            directory: Directory::default(),
            signing_keys: wire::sigv4::SigningKeys::default(),
            meter,
            router,
            services,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The access keys.
    pub fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// Who is let in.
    pub fn mode(&self) -> Mode {
        self.shared.mode
    }

    pub(crate) fn request_id(&self) -> String {
        self.shared.random.uuid()
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.shared.clock.as_ref()
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The services, by name.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.shared.services.values()
    }

    /// The request meters in Prometheus's text format.
    pub fn metrics(&self) -> String {
        self.shared.meter.prometheus()
    }

    /// Empties the store and everything that remembers it: back to the state of a first start.
    pub async fn reset(&self) -> Result<(), StoreError> {
        self.shared.store.reset().await?;
        self.shared.credentials.clear();
        self.shared.directory.clear();
        self.services().flat_map(|service| &service.on_reset).for_each(|forget| forget());
        Ok(())
    }

    /// Answers one request: the whole pipeline. It never fails; what goes wrong is in the answer.
    pub async fn respond(&self, request: Request, source: Source) -> Response {
        let shared = &self.shared;
        let request_id = shared.random.uuid();
        let watch = base::clock::Stopwatch::start();
        let route = match phase::route::route(shared, &request) {
            Ok(route) => route,
            Err(error) => {
                tracing::debug!(%request_id, path = request.path, ?error, "no route");
                return phase::encode::unrouted(&error, &request_id);
            }
        };
        let outcome = self.run(&route, &request, source, &request_id).await;
        let response = phase::encode::encode(&route, &outcome, &request_id);
        let failure = outcome.as_ref().err();
        shared.meter.count(&route, failure, watch.elapsed());
        tracing::debug!(
            %request_id,
            service = route.service.name,
            operation = route.operation.name,
            error = failure.map(|failure| failure.error.name),
            micros = watch.elapsed().as_micros(),
            "call",
        );
        if let Some(detail) = failure.and_then(|failure| failure.detail.as_ref()) {
            tracing::warn!(%request_id, detail, "a call failed for a reason that its caller is not told");
        }
        response
    }

    async fn run(
        &self,
        route: &phase::route::Route,
        request: &Request,
        source: Source,
        request_id: &str,
    ) -> Result<Box<dyn Shape>, Failure> {
        let shared = &self.shared;
        let entry = shared.entry(route.service.name, route.operation.name);
        let unsigned = entry.is_some_and(|entry| entry.facts.unsigned);
        let admitted = phase::authenticate::authenticate(shared, route, request, unsigned).await?;
        let seed = Seed {
            caller: admitted.caller,
            region: admitted.region,
            source,
            request_id,
            schema: route.service,
            operation: route.operation.name,
        };
        let Some(entry) = entry else {
            let failure = not_implemented(route.service, route.operation.name);
            return Err(self.refuse(&seed, failure).await);
        };
        let mut input = entry.run.new_input();
        if let Err(failure) = phase::decode::decode(route, request, input.as_mut()) {
            return Err(self.refuse(&seed, failure).await);
        }
        self.execute(&seed, entry, input.as_ref()).await
    }

    /// Calls an operation with typed input: every phase behind decoding.
    pub(crate) async fn call<O: Operation>(
        &self,
        caller: Caller,
        region: Region,
        source: Source,
        service: &'static ServiceSchema,
        input: &O::Input,
    ) -> Result<O::Output, Failure> {
        let entry = self
            .shared
            .entry(service.name, O::SCHEMA.name)
            .ok_or_else(|| not_implemented(service, O::SCHEMA.name))?;
        let request_id = self.request_id();
        let seed = Seed {
            caller,
            region,
            source,
            request_id: &request_id,
            schema: service,
            operation: O::SCHEMA.name,
        };
        if let Some(failure) = phase::decode::violations(input) {
            return Err(self.refuse(&seed, failure).await);
        }
        // In a box, for it becomes part of the futures of whole handlers and tests.
        let mut output = Box::pin(self.execute(&seed, entry, input)).await?;
        output
            .as_any_mut()
            .downcast_mut()
            .map(std::mem::take)
            .ok_or_else(|| Failure::internal("an operation answered with another's output"))
    }

    /// Authorizes, handles, records and commits, again from the start where another call got in between.
    async fn execute(
        &self,
        seed: &Seed<'_>,
        entry: &Entry,
        input: &dyn Shape,
    ) -> Result<Box<dyn Shape>, Failure> {
        let subject = Subject {
            event_source: seed.schema.event_source,
            event_name: entry.schema.name,
            facts: Some(entry.facts),
            input: Some(input),
        };
        for _ in 0..ATTEMPTS_MAX {
            let mut call = self.begin(seed, entry.facts.action);
            let result = phase::handle::handle(&mut call, entry, input).await;
            let outcome = match &result {
                Ok(output) => Outcome::Success(output.as_ref()),
                Err(failure) => Outcome::Failure(failure),
            };
            if result.is_err() {
                call.tx.discard_writes();
            }
            usage::count(&mut call).map_err(Failure::internal)?;
            audit::record_call(&mut call, &subject, &outcome).map_err(Failure::internal)?;
            match self.shared.store.commit(call.tx).await {
                Ok(()) => return result,
                Err(StoreError::Conflict) => continue,
                Err(error) => return Err(Failure::internal(error)),
            }
        }
        let failure = SERVICE_UNAVAILABLE
            .because("The request collided with others on the same resource. Try again.");
        Err(self.refuse(seed, failure).await)
    }

    /// Records a call that came to nothing: its handler was not reached, or never got its commit through.
    async fn refuse(&self, seed: &Seed<'_>, failure: Failure) -> Failure {
        let mut call = self.begin(seed, "");
        let subject = Subject {
            event_source: seed.schema.event_source,
            event_name: seed.operation,
            facts: None,
            input: None,
        };
        let recorded = audit::record_call(&mut call, &subject, &Outcome::Failure(&failure));
        if let Err(error) = recorded {
            return Failure::internal(error);
        }
        match self.shared.store.commit(call.tx).await {
            Ok(()) => failure,
            Err(error) => Failure::internal(error),
        }
    }

    fn begin(&self, seed: &Seed<'_>, action: &'static str) -> Call {
        let Seed { caller, region, source, request_id, .. } = seed;
        let call = self.internal_call(caller.clone(), region.clone(), (*request_id).to_owned());
        Call { action, source: source.clone(), ..call }
    }

    /// A call that no request began: due work.
    pub(crate) fn internal_call(&self, caller: Caller, region: Region, request_id: String) -> Call {
        Call {
            caller,
            region,
            now: self.shared.clock.now(),
            request_id,
            action: "",
            source: Source::default(),
            tx: self.shared.store.begin(),
            resources: Vec::new(),
            notes: AuditNotes::default(),
            platform: self.clone(),
        }
    }
}

impl Shared {
    pub(crate) fn entry(&self, service: &str, operation: &str) -> Option<&Entry> {
        self.services.get(service)?.operations.get(operation)
    }
}

/// What is known of a call before its first attempt.
struct Seed<'a> {
    caller: Caller,
    region: Region,
    source: Source,
    request_id: &'a str,
    schema: &'static ServiceSchema,
    operation: &'static str,
}

fn not_implemented(service: &ServiceSchema, operation: &str) -> Failure {
    shape::error::UNKNOWN_OPERATION.because(format!(
        "The operation {operation} of {} is not implemented by this endpoint.",
        service.sdk_id
    ))
}
