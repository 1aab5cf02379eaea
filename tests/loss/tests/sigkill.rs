//! SIGKILL at random moments under concurrent creates, rotations and encrypts.
//!
//! A ledger outside the program notes each acknowledged answer. After every restart, each acknowledged key is there with at
//! least its acknowledged rotations, each acknowledged ciphertext decrypts, and the audit record of each acknowledged
//! call is found by its request id.
//!
//! `BASTIDE_LOSS_CYCLES` sets the number of kills (100); `BASTIDE_TEST_POSTGRES` adds a few on PostgreSQL.
#![allow(clippy::print_stderr, reason = "progress of a test that takes minutes")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{Random as _, random};
use client::{Access, Connection, Failure, Server, Service};
use serde_json::{Value, json};

/// Kills on SQLite unless told otherwise.
const CYCLES: usize = 100;
/// Kills on PostgreSQL.
const CYCLES_POSTGRES: usize = 5;
/// Concurrent callers.
const CALLERS: usize = 8;
/// Longest life between a start and its kill, in milliseconds.
const LIFE_MAX_MILLIS: u64 = 300;
/// Plaintext of every encryption; base64 of `nothing acknowledged is lost`.
const PLAINTEXT: &str = "bm90aGluZyBhY2tub3dsZWRnZWQgaXMgbG9zdA==";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    let cycles = std::env::var("BASTIDE_LOSS_CYCLES").ok().and_then(|n| n.parse().ok());
    torment(cycles.unwrap_or(CYCLES), &[]).await.expect("nothing lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_postgresql() {
    let Ok(url) = std::env::var("BASTIDE_TEST_POSTGRES") else {
        eprintln!("skipped: BASTIDE_TEST_POSTGRES names no database");
        return;
    };
    torment(CYCLES_POSTGRES, &["--database-url", &url]).await.expect("nothing lost");
}

/// What the program has acknowledged.
#[derive(Default)]
struct Ledger {
    keys: Vec<Key>,
    /// Of the current life: ciphertexts and request ids.
    ciphertexts: Vec<String>,
    requests: Vec<String>,
}

struct Key {
    id: String,
    rotations: usize,
}

async fn torment(cycles: usize, arguments: &[&str]) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut totals = (0, 0);
    for cycle in 0..cycles {
        let mut server = Server::dev(folder.path(), arguments)?;
        let access = Arc::new(Access::to(&server));
        verify(&access, &ledger, cycle % 10 == 0)
            .await
            .map_err(|e| format!("cycle {cycle}: {e}"))?;
        {
            let mut ledger = lock(&ledger);
            totals.0 += ledger.requests.len();
            totals.1 += ledger.ciphertexts.len();
            ledger.requests.clear();
            ledger.ciphertexts.clear();
        }
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| tokio::spawn(call_until_dead(access.clone(), ledger.clone(), number)))
            .collect();
        let life = Duration::from_millis(random_below(LIFE_MAX_MILLIS));
        tokio::task::spawn_blocking(move || wait(life)).await?;
        server.kill()?;
        for caller in callers {
            caller.await?;
        }
    }
    let server = Server::dev(folder.path(), arguments)?;
    let access = Access::to(&server);
    verify(&access, &ledger, true).await?;
    let keys = lock(&ledger).keys.len();
    eprintln!(
        "{cycles} kills: {} acknowledged calls recorded, {keys} keys there, {} ciphertexts decrypt",
        totals.0, totals.1
    );
    assert!(totals.0 > cycles, "too few calls were acknowledged for this to mean anything");
    Ok(())
}

/// Calls until the connection breaks, noting what is acknowledged. An error answer is a fault of the program here.
async fn call_until_dead(access: Arc<Access>, ledger: Arc<Mutex<Ledger>>, number: usize) {
    let Ok(mut connection) = access.connect().await else { return };
    for turn in number.. {
        let chosen = {
            let ledger = lock(&ledger);
            // Every caller sometimes works on the same key as the others, so that commits collide.
            let index = if turn % 3 == 0 {
                ledger.keys.len().checked_sub(1)
            } else {
                ledger.keys.len().checked_sub(1 + number)
            };
            index.map(|index| (index, ledger.keys[index].id.clone(), ledger.keys[index].rotations))
        };
        let noted = match (turn % 5, chosen) {
            (0, _) | (_, None) => create(&access, &mut connection, &ledger).await,
            (1, Some((index, id, rotations))) if rotations < 5 => {
                rotate(&access, &mut connection, &ledger, index, &id).await
            }
            (_, Some((_, id, _))) => encrypt(&access, &mut connection, &ledger, &id).await,
        };
        if noted.is_none() {
            return;
        }
    }
}

async fn create(
    access: &Access,
    connection: &mut Connection,
    ledger: &Mutex<Ledger>,
) -> Option<()> {
    let (answer, request) = send(access, connection, "CreateKey", &json!({})).await?;
    let id = answer["KeyMetadata"]["KeyId"].as_str().expect("a key id").to_owned();
    let mut ledger = lock(ledger);
    ledger.keys.push(Key { id, rotations: 0 });
    ledger.requests.push(request);
    Some(())
}

async fn rotate(
    access: &Access,
    connection: &mut Connection,
    ledger: &Mutex<Ledger>,
    index: usize,
    id: &str,
) -> Option<()> {
    let (_, request) =
        send(access, connection, "RotateKeyOnDemand", &json!({ "KeyId": id })).await?;
    let mut ledger = lock(ledger);
    ledger.keys[index].rotations += 1;
    ledger.requests.push(request);
    Some(())
}

async fn encrypt(
    access: &Access,
    connection: &mut Connection,
    ledger: &Mutex<Ledger>,
    id: &str,
) -> Option<()> {
    let input = json!({ "KeyId": id, "Plaintext": PLAINTEXT });
    let (answer, request) = send(access, connection, "Encrypt", &input).await?;
    let blob = answer["CiphertextBlob"].as_str().expect("a ciphertext").to_owned();
    let mut ledger = lock(ledger);
    ledger.ciphertexts.push(blob);
    ledger.requests.push(request);
    Some(())
}

/// The answer and its request id; `None` once the process is gone. Refusals that concurrency allows come back as an empty answer
/// to be tried again, since nothing was promised.
async fn send(
    access: &Access,
    connection: &mut Connection,
    operation: &str,
    input: &Value,
) -> Option<(Value, String)> {
    let request = access.signed(Service::KMS, operation, input).expect("a request");
    loop {
        let answer = connection.call(&request).await.ok()?;
        let body: Value = serde_json::from_slice(answer.body).ok()?;
        let id = answer.request_id.expect("a request id").to_owned();
        match answer.status {
            200 => return Some((body, id)),
            503 => continue,
            status => panic!("{operation}: {status} {body}"),
        }
    }
}

async fn verify(access: &Access, ledger: &Mutex<Ledger>, all: bool) -> Result<(), Failure> {
    let (keys, ciphertexts, requests) = {
        let ledger = lock(ledger);
        let from = if all { 0 } else { ledger.keys.len().saturating_sub(64) };
        let keys: Vec<_> =
            ledger.keys[from..].iter().map(|k| (k.id.clone(), k.rotations)).collect();
        (keys, ledger.ciphertexts.clone(), ledger.requests.clone())
    };
    let mut connection = access.connect().await?;
    for (id, rotations) in keys {
        let input = json!({ "KeyId": id });
        let answer =
            access.call_on(&mut connection, Service::KMS, "ListKeyRotations", &input).await?;
        let found = answer["Rotations"].as_array().map_or(0, Vec::len);
        if found < rotations {
            return Err(format!("{id}: {found} of {rotations} acknowledged rotations").into());
        }
    }
    for blob in ciphertexts {
        let input = json!({ "CiphertextBlob": blob });
        let answer = access.call_on(&mut connection, Service::KMS, "Decrypt", &input).await?;
        if answer["Plaintext"] != PLAINTEXT {
            return Err("a ciphertext decrypts to something else".into());
        }
    }
    let missing = unrecorded(access, &mut connection, requests).await?;
    if !missing.is_empty() {
        return Err(format!("{} acknowledged calls have no audit record", missing.len()).into());
    }
    Ok(())
}

/// Those of `requests` that the audit does not know. Pages back through the newest events until all are found.
async fn unrecorded(
    access: &Access,
    connection: &mut Connection,
    requests: Vec<String>,
) -> Result<HashSet<String>, Failure> {
    let mut missing: HashSet<String> = requests.into_iter().collect();
    let mut token = Value::Null;
    while !missing.is_empty() {
        let mut input = json!({ "MaxResults": 50 });
        if !token.is_null() {
            input["NextToken"] = token;
        }
        let page = access.call_on(connection, Service::CLOUDTRAIL, "LookupEvents", &input).await?;
        for event in page["Events"].as_array().into_iter().flatten() {
            let record: Value =
                serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap_or_default())?;
            missing.remove(record["requestID"].as_str().unwrap_or_default());
        }
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    Ok(missing)
}

#[expect(clippy::disallowed_methods, reason = "the moment of a kill is real time")]
fn wait(length: Duration) {
    std::thread::sleep(length);
}

fn random_below(limit: u64) -> u64 {
    let mut bytes = [0; 8];
    random::System.fill(&mut bytes);
    u64::from_le_bytes(bytes) % limit
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
