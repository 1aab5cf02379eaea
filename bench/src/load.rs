//! A closed loop of connections: each sends its next request when the last is answered.

use std::time::Duration;

use base::clock::Stopwatch;

use client::{Connection, Failure};

/// What a run showed.
#[derive(Clone, Default)]
pub(crate) struct Outcome {
    /// Answers with status 200.
    pub(crate) good: u64,
    /// Other answers.
    pub(crate) bad: u64,
    /// How long the run took.
    pub(crate) took: Duration,
    /// Latencies in microseconds, every one, sorted.
    pub(crate) micros: Vec<u32>,
    /// Some bodies, each with the index of the request that it answers.
    pub(crate) samples: Vec<(usize, Vec<u8>)>,
}

impl Outcome {
    /// Good answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.good as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency below which this share of the answers came, in microseconds.
    pub(crate) fn quantile(&self, share: f64) -> u32 {
        let index = (self.micros.len() as f64 * share) as usize;
        self.micros.get(index.min(self.micros.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

/// How often a body is kept as a sample: one in this many.
const SAMPLE_EVERY: u64 = 997;

/// Sends `requests` in turn over `connections` connections for `length`.
pub(crate) async fn run(
    address: &str,
    requests: &'static [Vec<u8>],
    connections: usize,
    length: Duration,
) -> Result<Outcome, Failure> {
    let watch = Stopwatch::start();
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let address = address.to_owned();
            tokio::spawn(async move { one(&address, requests, number, length).await })
        })
        .collect();
    let mut all = Outcome::default();
    for task in tasks {
        let part = task.await??;
        all.good += part.good;
        all.bad += part.bad;
        all.micros.extend(part.micros);
        all.samples.extend(part.samples);
    }
    all.took = watch.elapsed();
    all.micros.sort_unstable();
    Ok(all)
}

async fn one(
    address: &str,
    requests: &'static [Vec<u8>],
    number: usize,
    length: Duration,
) -> Result<Outcome, Failure> {
    let mut connection = Connection::open(address).await?;
    let mut outcome = Outcome::default();
    let whole = Stopwatch::start();
    let mut next = number;
    while whole.elapsed() < length {
        let index = next % requests.len();
        next += 1;
        let watch = Stopwatch::start();
        let answer = connection.call(&requests[index]).await?;
        outcome.micros.push(u32::try_from(watch.elapsed().as_micros()).unwrap_or(u32::MAX));
        if answer.status == 200 {
            outcome.good += 1;
            if outcome.good % SAMPLE_EVERY == 1 {
                outcome.samples.push((index, answer.body.to_vec()));
            }
        } else {
            outcome.bad += 1;
            if outcome.bad == 1 {
                eprintln!("bench: {}: {}", answer.status, String::from_utf8_lossy(answer.body));
            }
        }
    }
    Ok(outcome)
}
