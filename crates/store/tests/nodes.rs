//! What holds between several nodes over one PostgreSQL database, and when connections break. Skipped, with a word, where
//! `BASTIDE_TEST_POSTGRES` names no database.

mod harness;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use base::Timestamp;
use harness::{Home, Thing, at, entry, increment, put, read, scope};
use store::{Range, Store, StoreConfig, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_share_a_database_see_each_other() {
    let Some(home) = Home::postgres().await else { return };
    let (one, two) = (home.open().await, home.open().await);
    put(&one, "a", 1).await;
    assert_eq!(read(&two, "a").await, Some(1));
    put(&one, "a", 2).await;
    // The second node's memory is stale now; its commit finds out, and its next try knows better.
    let mut tx = two.begin();
    let stale = tx.get::<Thing>(&scope(), "a").await.expect("reads");
    assert_eq!(stale.map(|thing| thing.n), Some(1));
    tx.journal(&entry(1, "x")).expect("fits");
    assert!(matches!(two.commit(tx).await, Err(StoreError::Conflict)));
    assert_eq!(read(&two, "a").await, Some(2));
    // The same for a record that it remembers as absent.
    assert_eq!(read(&two, "new").await, None);
    put(&one, "new", 1).await;
    let mut tx = two.begin();
    tx.create(&scope(), "new", &Thing { n: 2 }).expect("valid");
    assert!(matches!(two.commit(tx).await, Err(StoreError::Conflict)));
    assert_eq!(read(&two, "new").await, Some(1));
    drop((one, two));
    home.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_of_several_nodes_are_exact() {
    let Some(home) = Home::postgres().await else { return };
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let store = home.open().await;
        for worker in 0..3 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..15 {
                    // Each on a record of their own, all on one, and each other's in both orders.
                    increment(&store, &format!("own-{worker}")).await;
                    increment(&store, "common").await;
                }
            }));
        }
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    let store = home.open().await;
    assert_eq!(read(&store, "common").await, Some(135));
    for worker in 0..3 {
        assert_eq!(read(&store, &format!("own-{worker}")).await, Some(45));
    }
    let tallies = store.tallies(&scope(), &[]).await.expect("reads");
    assert_eq!(tallies.iter().map(|tally| tally.count).sum::<u64>(), 270);
    drop(store);
    home.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_skew_between_nodes_is_refused() {
    let Some(home) = Home::postgres().await else { return };
    let (one, two) = (home.open().await, home.open().await);
    for round in 0..20 {
        let (left, right) = (format!("left-{round}"), format!("right-{round}"));
        // Each may exist only while the other does not. Both read both as absent before either commits.
        let prepare = async |store: &Store, mine: &str, other: &str| {
            let mut tx = store.begin();
            assert_eq!(tx.get::<Thing>(&scope(), other).await.expect("reads"), None);
            tx.put(&scope(), mine, &Thing { n: 1 }).expect("valid");
            tx
        };
        let a = prepare(&one, &left, &right).await;
        let b = prepare(&two, &right, &left).await;
        let (a, b) = tokio::join!(one.commit(a), two.commit(b));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    }
    drop((one, two));
    home.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_comes_back() {
    let Some(home) = Home::postgres().await else { return };
    let store = home.open().await;
    put(&store, "a", 1).await;
    home.kill_connections().await;
    put(&store, "b", 2).await;
    assert_eq!(
        store.begin().scan::<Thing>(&scope(), Range::default(), 9).await.map(|p| p.len()).ok(),
        Some(2)
    );
    home.kill_connections().await;
    assert!(store.due(Timestamp::MAX, 1).await.expect("reads").is_empty());
    drop(store);
    home.drop_schema().await;
}

#[tokio::test]
async fn an_unreachable_database_is_an_error_at_once() {
    let stopwatch = base::clock::Stopwatch::start();
    let config =
        store::StoreConfig::Postgres { url: "postgresql://nobody@127.0.0.1:1/none".into() };
    assert!(matches!(Store::open(config).await, Err(StoreError::Unavailable(_))));
    assert!(stopwatch.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_during_commit_is_neither_success_nor_repeated() {
    let Some(home) = Home::postgres().await else { return };
    let Some((host, port)) = home.postgres_address() else { return };
    let direct = home.open().await;
    let proxy = Proxy::start(host, port).await;
    let store = Store::open(proxy.config(&home)).await.expect("opens through the proxy");
    put(&store, "a", 1).await;
    for (fault, id, arrived) in
        [(SWALLOW_COMMIT, "lost", None), (CUT_AFTER_COMMIT, "kept", Some(1))]
    {
        proxy.fault.store(fault, Ordering::SeqCst);
        let mut tx = store.begin();
        tx.get::<Thing>(&scope(), id).await.expect("reads");
        tx.create(&scope(), id, &Thing { n: 1 }).expect("valid");
        tx.journal(&entry(1, id)).expect("fits");
        tx.tally(harness::key(id), "Use", 1, at(1));
        let result = store.commit(tx).await;
        assert!(matches!(result, Err(StoreError::OutcomeUnknown)), "{result:?}");
        // The store is usable again at once, and tells what really happened.
        assert_eq!(read(&store, id).await, arrived);
        assert_eq!(read(&direct, id).await, arrived);
    }
    let tallies = direct.tallies(&scope(), &[]).await.expect("reads");
    assert_eq!(tallies.iter().map(|tally| tally.count).sum::<u64>(), 1, "nothing was repeated");
    drop((store, direct));
    home.drop_schema().await;
}

const PASS: u8 = 0;
/// The server never gets the next COMMIT.
const SWALLOW_COMMIT: u8 = 1;
/// The server gets the next COMMIT; its answer is lost.
const CUT_AFTER_COMMIT: u8 = 2;

/// A network that fails on demand, in front of the database.
struct Proxy {
    before: String,
    port: u16,
    fault: Arc<AtomicU8>,
}

impl Proxy {
    async fn start(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let fault = Arc::new(AtomicU8::new(PASS));
        let proxy = Self {
            before: format!("{host}:{port}"),
            port: listener.local_addr().expect("bound").port(),
            fault: fault.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((host.as_str(), port)).await.expect("the database");
                tokio::spawn(carry(client, server, fault.clone()));
            }
        });
        proxy
    }

    fn config(&self, home: &Home) -> StoreConfig {
        let StoreConfig::Postgres { url } = home.config() else { panic!("a PostgreSQL home") };
        let url = url.replace(&self.before, &format!("127.0.0.1:{}", self.port));
        StoreConfig::Postgres { url }
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, fault: Arc<AtomicU8>) {
    let (mut from_client, mut from_server) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(length @ 1..) = read else { return };
                let sent = &from_client[..length];
                // The statement ends here; `READ COMMITTED` is another matter.
                let commit = sent.windows(7).any(|window| window == b"COMMIT\0");
                let fault = if commit { fault.swap(PASS, Ordering::SeqCst) } else { PASS };
                if fault == SWALLOW_COMMIT {
                    return;
                }
                server.write_all(sent).await.expect("the database reads");
                if fault == CUT_AFTER_COMMIT {
                    wait_for_commit(&mut server, &mut from_server).await;
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&from_server[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Waits for the server's word that it has committed, and keeps it.
async fn wait_for_commit(server: &mut TcpStream, buffer: &mut [u8]) {
    let mut heard = Vec::new();
    while !heard.windows(7).any(|window| window == b"COMMIT\0") {
        let length = server.read(buffer).await.expect("the database answers");
        assert!(length > 0, "the database closed without an answer");
        heard.extend_from_slice(&buffer[..length]);
    }
}
