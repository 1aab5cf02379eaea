use std::sync::Arc;
use std::time::Duration;

use store::{Store, StoreConfig};

use super::*;
use crate::record::Tags;

const ACCOUNT: AccountId = AccountId::DEFAULT;
const STEP: Duration = Duration::from_secs(STEP_SECONDS as u64);

struct World {
    store: Store,
    credentials: Credentials,
    seed: Secret,
    _folder: tempfile::TempDir,
}

impl World {
    /// A device `phone` of the user `ada`.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = StoreConfig::Sqlite { dir: folder.path().join("store") };
        let store = Store::open(config).await.expect("a store");
        let keyring = Arc::new(Keyring::ephemeral().expect("entropy"));
        let (seed, sealed) = new_seed(&keyring, ACCOUNT, "phone").expect("a seed");
        let device = MfaDevice {
            name: "Phone".into(),
            path: "/".into(),
            seed: sealed,
            created: start(),
            owner: Some(ada()),
            enabled: Some(start()),
            last_step: 0,
            drift: 0,
            tags: Tags::new(),
        };
        let mut tx = store.begin();
        tx.create(&Scope::global(ACCOUNT), "phone", &device).expect("a record");
        store.commit(tx).await.expect("a commit");
        let credentials = Credentials::new(store.clone(), keyring);
        Self { store, credentials, seed, _folder: folder }
    }

    async fn show(&self, code: &str, now: Timestamp) -> Verdict {
        self.show_as(&ada(), "arn:aws:iam::123456789012:mfa/Phone", code, now).await
    }

    async fn show_as(&self, owner: &MfaOwner, serial: &str, code: &str, now: Timestamp) -> Verdict {
        let mut tx = self.store.begin();
        let shown = Shown { account: ACCOUNT, owner, serial, code };
        let verdict = verify(&self.credentials, &mut tx, shown, now).await.expect("a verdict");
        self.store.commit(tx).await.expect("a commit");
        verdict
    }

    fn code(&self, at: Timestamp) -> String {
        totp::code(&self.seed, step(at))
    }
}

fn ada() -> MfaOwner {
    MfaOwner::User("ada".into())
}

fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time")
}

#[tokio::test]
async fn a_code_is_accepted_once_and_only_its_owners() {
    let world = World::new().await;
    let code = world.code(start());
    let stranger = MfaOwner::User("bob".into());
    for (owner, serial) in [
        (stranger, "arn:aws:iam::123456789012:mfa/Phone"),
        (MfaOwner::Root, "arn:aws:iam::123456789012:mfa/Phone"),
        (ada(), "arn:aws:iam::123456789012:mfa/other/Phone"),
        (ada(), "arn:aws:iam::210987654321:mfa/Phone"),
        (ada(), "arn:aws:iam::123456789012:mfa/Tablet"),
        (ada(), "GAHT12345678"),
    ] {
        let verdict = world.show_as(&owner, serial, &code, start()).await;
        assert_eq!(verdict, Verdict::NotTheirs, "{owner:?} {serial}");
    }
    // It is typed slowly, but in time.
    assert_eq!(world.show(&code, start() + STEP).await, Verdict::Accepted);
    assert_eq!(world.show(&code, start() + STEP).await, Verdict::WrongCode);
    let next = world.code(start() + STEP);
    assert_eq!(world.show(&next, start() + STEP).await, Verdict::Accepted);
    let stale = world.code(start() + 5 * STEP);
    assert_eq!(world.show(&stale, start() + 7 * STEP).await, Verdict::WrongCode);
}

#[tokio::test]
async fn two_calls_do_not_share_a_code() {
    let world = World::new().await;
    let (code, owner) = (world.code(start()), ada());
    let serial = "arn:aws:iam::123456789012:mfa/Phone";
    let shown = Shown { account: ACCOUNT, owner: &owner, serial, code: &code };
    let (mut one, mut other) = (world.store.begin(), world.store.begin());
    for tx in [&mut one, &mut other] {
        let verdict = verify(&world.credentials, tx, shown, start()).await.expect("a verdict");
        assert_eq!(verdict, Verdict::Accepted);
    }
    world.store.commit(one).await.expect("the first");
    assert!(world.store.commit(other).await.is_err());
}

#[tokio::test]
async fn two_codes_show_how_far_a_clock_is_off() {
    let world = World::new().await;
    let ahead = start() + 10 * STEP;
    assert_eq!(world.show(&world.code(ahead), start()).await, Verdict::WrongCode);
    let mut tx = world.store.begin();
    let scope = Scope::global(ACCOUNT);
    let device = tx.get::<MfaDevice>(&scope, "phone").await.expect("a store").expect("a device");
    let mut device = MfaDevice::clone(&device);
    let (one, two) = (world.code(ahead), world.code(ahead + STEP));
    let mut pair = |codes| {
        synchronise(&world.credentials, ACCOUNT, "phone", &mut device, codes, start())
            .expect("a keyring")
    };
    assert!(!pair([&two, &one]));
    assert!(!pair([&one, &one]));
    assert!(pair([&one, &two]));
    assert!(!pair([&one, &two]));
    assert_eq!(device.drift, 11);
    tx.put(&scope, "phone", &device).expect("a record");
    world.store.commit(tx).await.expect("a commit");
    assert_eq!(world.show(&world.code(ahead + 2 * STEP), start() + STEP).await, Verdict::Accepted);
}

#[tokio::test]
async fn guesses_bring_a_pause() {
    let world = World::new().await;
    let right = world.code(start());
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(world.show(wrong, start()).await, Verdict::WrongCode);
    }
    assert_eq!(world.show(&right, start()).await, Verdict::WrongCode);
    let later = start() + Duration::from_secs(60);
    assert_eq!(world.show(&world.code(later), later).await, Verdict::Accepted);
}
