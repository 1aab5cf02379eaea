//! A platform for the tests of services: a store in a temporary folder, a clock that stands still, calls without HTTP.
//!
//! Calls pass every phase behind decoding: constraints, authorization, audit and commit.

use std::sync::Arc;
use std::time::Duration;

use base::{AccountId, Clock as _, Region, Timestamp, clock};
use identity::Standing;
use identity::directory::Entity;
use keyring::Keyring;
use shape::{Failure, Operation, ServiceSchema};
use store::{JournalQuery, Scope, Store, StoreConfig};

use crate::call::Source;
use crate::caller::{Caller, Identity};
use crate::platform::{Mode, Parts, Platform};
use crate::service::Service;

/// Audit records that a harness shows.
const RECORDS_MAX: usize = 10_000;

/// A platform under test. Its state goes with it.
pub struct Harness {
    /// The platform.
    pub platform: Platform,
    /// Its clock.
    pub clock: Arc<clock::Manual>,
    /// Its keyring.
    pub keyring: Arc<Keyring>,
    _folder: tempfile::TempDir,
}

impl Harness {
    /// A fresh platform with the services that `services` makes on its keyring.
    pub async fn new(services: impl FnOnce(&Arc<Keyring>) -> Vec<Service>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let start = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").expect("a valid time");
        let clock = Arc::new(clock::Manual::at(start));
        let source = keyring::Source::File { path: folder.path().join("root.key") };
        let keyring = Arc::new(Keyring::open(&source).expect("a new root key"));
        let config = StoreConfig::Sqlite { dir: folder.path().join("store") };
        let parts = Parts {
            store: Store::open(config).await.expect("a new store"),
            keyring: keyring.clone(),
            clock: clock.clone(),
            random: Arc::new(base::random::System),
            mode: Mode::Dev(AccountId::DEFAULT),
            region: Region::default(),
        };
        let platform = Platform::new(parts, services(&keyring));
        Self { platform, clock, keyring, _folder: folder }
    }

    /// Calls an operation as the root user of `account`, in `region`.
    pub async fn call_as<O: Operation>(
        &self,
        account: &str,
        region: &str,
        input: O::Input,
    ) -> Result<O::Output, Failure> {
        let caller =
            Caller::root(account.parse().expect("an account id"), Some(account.to_owned()));
        let region: Region = region.parse().expect("a Region");
        let service = self.service_of::<O>();
        self.platform.call::<O>(caller, region, Source::default(), service, &input).await
    }

    /// Calls an operation as `caller`, from `source`, in the default Region.
    pub async fn call_with<O: Operation>(
        &self,
        caller: Caller,
        source: Source,
        input: O::Input,
    ) -> Result<O::Output, Failure> {
        let (region, service) = (Region::default(), self.service_of::<O>());
        self.platform.call::<O>(caller, region, source, service, &input).await
    }

    /// Who signs with a key of this user of the default account, as the user stands now.
    pub async fn user(&self, name: &str) -> Caller {
        let standing = self.standing(Entity::User(name)).await;
        let identity = Identity::User {
            name: name.to_owned(),
            unique_id: standing.unique_id.clone(),
            arn: standing.arn.clone(),
        };
        let caller = Caller::of(AccountId::DEFAULT, identity);
        Caller { standing: Some(standing), ..caller }
    }

    /// A session of this role of the default account, as the role stands now.
    pub async fn role(&self, name: &str, session: &str) -> Caller {
        let standing = self.standing(Entity::Role(name)).await;
        let identity = Identity::Role {
            name: name.to_owned(),
            unique_id: standing.unique_id.clone(),
            role_arn: standing.arn.clone(),
            session: session.to_owned(),
        };
        let caller = Caller::of(AccountId::DEFAULT, identity);
        Caller { standing: Some(standing), ..caller }
    }

    /// Calls an operation as the root user of the default account, in the default Region.
    pub async fn call<O: Operation>(&self, input: O::Input) -> Result<O::Output, Failure> {
        self.call_as::<O>(AccountId::DEFAULT.as_str(), Region::default().as_str(), input).await
    }

    /// Moves the clock and does what falls due.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.platform.run_due().await.expect("due work");
    }

    /// The audit records of the default account in the default Region, newest first.
    pub async fn records(&self) -> Vec<serde_json::Value> {
        let scope = Scope { account: AccountId::DEFAULT, region: Region::default() };
        self.records_of(scope).await
    }

    /// The audit records of `scope`, newest first.
    pub async fn records_of(&self, scope: Scope) -> Vec<serde_json::Value> {
        let query = JournalQuery::newest(scope, RECORDS_MAX);
        let page = self.platform.store().journal(query).await.expect("the journal");
        let parse = |entry: &store::JournalEntry| serde_json::from_slice(&entry.body);
        page.entries.iter().map(parse).collect::<Result<_, _>>().expect("records in JSON")
    }

    /// The current moment of the clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn standing(&self, entity: Entity<'_>) -> Arc<Standing> {
        let (tx, directory) = (self.platform.store().begin(), &self.platform.shared.directory);
        let standing = directory.standing(&tx, AccountId::DEFAULT, entity).await;
        standing.expect("the store answers").expect("a user or role of this name")
    }

    fn service_of<O: Operation>(&self) -> &'static ServiceSchema {
        let is_in = |service: &&Service| {
            service.served().any(|(operation, _)| std::ptr::eq(operation, O::SCHEMA))
        };
        self.platform.services().find(is_in).expect("a served operation").schema()
    }
}
