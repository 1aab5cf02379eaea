//! Work that falls due: rotations, deletions, expiries. One node at a time holds the lease and does it.
//!
//! Due work runs like a call of the service's own principal, in a transaction with its audit records. The clock that
//! decides what is due is the platform's, so moving it makes a year's work due at once.

use std::time::Duration;

use base::Timestamp;
use shape::Failure;
use store::{Due, OutboxEvent, StoreError};

use crate::call::Call;
use crate::caller::{Caller, Identity};
use crate::platform::Platform;

/// How often the store is asked for due work.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a node keeps the scheduler's lease without renewing it.
const LEASE: Duration = Duration::from_secs(15);
/// Due entries taken at once.
const BATCH: usize = 128;
/// How often one entry is tried again when it collides with calls.
const ATTEMPTS_MAX: usize = 8;
/// How long an entry waits that could not be done.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// How long events stay in the outbox when nobody collects them.
const EVENT_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

impl Platform {
    /// Does due work until the process ends. Run it once a process.
    #[expect(
        clippy::disallowed_methods,
        reason = "how often to look is real time; what is due is the clock's"
    )]
    pub async fn run_scheduler(&self) {
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let holder = self.shared.random.uuid();
        loop {
            ticks.tick().await;
            if let Err(error) = self.tick(&holder).await {
                tracing::warn!(%error, "the scheduler could not look for due work; it tries again");
            }
        }
    }

    async fn tick(&self, holder: &str) -> Result<(), StoreError> {
        // Leases run on time that nobody moves: a moved clock must not make two nodes think that both hold it.
        let clock = &self.shared.clock;
        let wall = Timestamp::from_millis(clock.now().millis() - clock.offset_millis());
        if self.shared.store.try_lease("scheduler", holder, wall, wall + LEASE).await? {
            self.run_due().await?;
            self.expire_events(clock.now() - EVENT_RETENTION).await?;
        }
        Ok(())
    }

    /// Does everything that is due now, also what becomes due by doing it. Returns how many entries were worked on.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            let now = self.shared.clock.now();
            let batch = self.shared.store.due(now, BATCH).await?;
            if batch.is_empty() {
                return Ok(done);
            }
            for due in &batch {
                self.run_one(due).await?;
            }
            done += batch.len();
        }
    }

    async fn run_one(&self, due: &Due) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt(due).await {
                Ok(call) => match self.shared.store.commit(call.tx).await {
                    Err(StoreError::Conflict) => continue,
                    other => return other,
                },
                Err(failure) => {
                    tracing::error!(?due, %failure, detail = failure.detail, "due work failed; it waits");
                    break;
                }
            }
        }
        let mut tx = self.shared.store.begin();
        let later = self.shared.clock.now() + RETRY_AFTER;
        let key = &due.key;
        tx.put_due(&key.scope(), key.service(), key.kind(), key.id(), Some(later))?;
        self.shared.store.commit(tx).await
    }

    async fn attempt(&self, due: &Due) -> Result<Call, Failure> {
        let key = &due.key;
        let service = self.shared.services.get(key.service());
        let work = service.and_then(|service| service.work.get(key.kind()).zip(Some(service)));
        let Some((work, service)) = work else {
            return Err(Failure::internal(format!("nobody does work of this kind: {key:?}")));
        };
        let scope = key.scope();
        let caller = Caller::of(scope.account, Identity::Service(service.schema.event_source));
        let mut call = self.internal_call(caller, scope.region, self.request_id());
        work.run(&mut call, key.id()).await?;
        Ok(call)
    }

    /// Takes events off the outbox that are older than `before`.
    async fn expire_events(&self, before: Timestamp) -> Result<(), StoreError> {
        #[derive(serde::Deserialize)]
        struct Sent<'a> {
            time: &'a str,
        }
        loop {
            let waiting = self.shared.store.outbox(BATCH).await?;
            let is_old = |event: &OutboxEvent| {
                let sent = serde_json::from_slice::<Sent<'_>>(&event.body).ok();
                sent.and_then(|sent| Timestamp::parse_rfc3339(sent.time))
                    .is_none_or(|at| at < before)
            };
            let old: Vec<i64> = waiting.iter().filter(|e| is_old(e)).map(|e| e.seq).collect();
            self.shared.store.outbox_acknowledge(&old).await?;
            if old.len() < BATCH {
                return Ok(());
            }
        }
    }
}
