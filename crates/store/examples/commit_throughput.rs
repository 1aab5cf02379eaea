//! Commits a second in a closed loop, in the form of one audited read call: a checked read, one journal entry, one tally.
//!
//! `commit_throughput [callers] [seconds] [postgres-url]`; without a URL in a temporary SQLite folder. Prints the rate,
//! latencies, and what the SQLite writer thread itself used of the processor for one commit.

#![expect(clippy::print_stdout, reason = "prints its measurements")]

use std::error::Error;
use std::time::Duration;

use base::clock::Stopwatch;
use base::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{JournalEntry, Key, Record, Scope, Store, StoreConfig, StoreError};

/// Size of a typical CloudTrail record.
const ENTRY_BYTES: usize = 1100;

#[derive(Serialize, Deserialize)]
struct Subject {
    text: String,
}

impl Record for Subject {
    const SERVICE: &'static str = "bench";
    const KIND: &'static str = "subject";
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let callers: usize = arguments.next().map_or(Ok(8), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let dir = tempfile::tempdir_in(".")?;
    let config = match arguments.next() {
        Some(url) => StoreConfig::Postgres { url },
        None => StoreConfig::Sqlite { dir: dir.path().to_owned() },
    };
    let opening = Stopwatch::start();
    let store = Store::open(config).await?;
    println!("opened in {:?}", opening.elapsed());
    store.reset().await?;
    let scope = Scope::new(AccountId::DEFAULT, "eu-central-1".parse()?);
    let mut tx = store.begin();
    tx.create(&scope, "one", &Subject { text: "x".repeat(800) })?;
    store.commit(tx).await?;

    let (clock, cpu) = (Stopwatch::start(), writer_cpu());
    let tasks: Vec<_> = (0..callers)
        .map(|_| tokio::spawn(call_for(store.clone(), scope.clone(), Duration::from_secs(seconds))))
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let (elapsed, used) = (clock.elapsed(), writer_cpu().saturating_sub(cpu));
    latencies.sort_unstable();
    let count = latencies.len();
    let at = |share: f64| latencies[((count - 1) as f64 * share) as usize];
    println!("{callers} callers: {:.0} commits/s", count as f64 / elapsed.as_secs_f64());
    println!("latency p50 {:?}, p99 {:?}, max {:?}", at(0.5), at(0.99), at(1.0));
    println!("writer thread: {:?} of processor a commit", used / u32::try_from(count)?);

    let resetting = Stopwatch::start();
    store.reset().await?;
    println!("reset of {count} audit entries in {:?}", resetting.elapsed());
    let resetting = Stopwatch::start();
    store.reset().await?;
    println!("reset of nothing in {:?}", resetting.elapsed());
    Ok(())
}

async fn call_for(store: Store, scope: Scope, time: Duration) -> Result<Vec<Duration>, StoreError> {
    let clock = Stopwatch::start();
    let mut latencies = Vec::new();
    while clock.elapsed() < time {
        let call = Stopwatch::start();
        let mut tx = store.begin();
        tx.get::<Subject>(&scope, "one").await?;
        tx.tally(Key::new(&scope, "bench", "subject", "one")?, "Read", 1, Timestamp::EPOCH);
        tx.journal(&JournalEntry {
            scope: scope.clone(),
            at: Timestamp::EPOCH,
            id: "3038ebd2-c98a-4c65-9b6e-e22506292313".into(),
            body: vec![b'x'; ENTRY_BYTES],
        })?;
        store.commit(tx).await?;
        latencies.push(call.elapsed());
    }
    Ok(latencies)
}

/// Processor time of the SQLite writer thread so far, as Linux tells it; zero elsewhere.
fn writer_cpu() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let name = std::fs::read_to_string(thread.path().join("comm")).ok()?;
        let used = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let used: u64 = used.split(' ').next()?.parse().ok()?;
        (name.trim() == "store-writer").then_some(used)
    });
    Duration::from_nanos(nanoseconds.sum())
}
