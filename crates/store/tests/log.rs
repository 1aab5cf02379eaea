//! SQLite's commit log through the store's own door: commits that only record, mixed with commits that change something,
//! folds, resets, restarts and deaths, against a model of two lists.

mod harness;

use std::collections::BTreeMap;
use std::path::Path;

use harness::{Home, Thing, at, entry, key, put, read, scope};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use store::{JournalEntry, JournalQuery, Store, StoreConfig};

/// A few of these fill a segment of the log.
const LARGE_BYTES: usize = 400 * 1024;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Journal entry and tally.
    Record,
    /// The same with a large entry.
    RecordLarge,
    /// The same with a changed record.
    Change,
    Reset,
    /// Close and open.
    Restart,
    /// Go on with what is on disk, as if the process had died.
    Die,
}

#[derive(Default)]
struct Model {
    entries: Vec<JournalEntry>,
    uses: BTreeMap<String, u64>,
    record: Option<u64>,
}

async fn apply(store: &Store, model: &mut Model, number: i64, op: Op) {
    let counter = format!("Use{}", number % 3);
    let mut tx = store.begin();
    let known = tx.get::<Thing>(&scope(), "a").await.expect("reads").map(|thing| thing.n);
    assert_eq!(known, model.record);
    let mut entry = entry(number, "x");
    if matches!(op, Op::RecordLarge) {
        entry.body.resize(LARGE_BYTES, b' ');
    }
    tx.journal(&entry).expect("fits");
    tx.tally(key("a"), &counter, 1, at(number));
    if matches!(op, Op::Change) {
        let n = number.unsigned_abs();
        tx.put(&scope(), "a", &Thing { n }).expect("valid");
        model.record = Some(n);
    }
    store.commit(tx).await.expect("commits");
    model.entries.push(entry);
    *model.uses.entry(counter).or_default() += 1;
}

async fn agrees(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let query = JournalQuery { after, ..JournalQuery::newest(scope(), 3) };
        let page = store.journal(query).await.expect("reads");
        found.extend(page.entries);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.reverse();
    prop_assert!(found == model.entries, "{:?}", found.iter().map(|e| &e.id).collect::<Vec<_>>());
    if let Some(middle) = model.entries.get(model.entries.len() / 2) {
        let query = JournalQuery { to: middle.at, ..JournalQuery::newest(scope(), 1) };
        let page = store.journal(query).await.expect("reads");
        prop_assert_eq!(&page.entries[0].id, &middle.id);
    }
    let tallies = store.tallies(&scope(), &["test"]).await.expect("reads");
    let uses: BTreeMap<_, _> = tallies.into_iter().map(|t| (t.counter, t.count)).collect();
    prop_assert_eq!(&uses, &model.uses);
    Ok(())
}

async fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut home = Home::sqlite();
    let mut store = home.open().await;
    let mut model = Model::default();
    for (number, op) in (1..).zip(ops) {
        match op {
            Op::Record | Op::RecordLarge | Op::Change => {
                apply(&store, &mut model, number, op).await;
            }
            Op::Reset => {
                store.reset().await.expect("works");
                model = Model::default();
            }
            Op::Restart => {
                drop(store);
                store = home.open().await;
            }
            Op::Die => {
                let image = Home::sqlite();
                copy(&home, &image);
                store = image.open().await;
                home = image;
            }
        }
        agrees(&store, &model).await?;
    }
    Ok(())
}

/// Copies what is on disk while nothing writes there.
fn copy(from: &Home, to: &Home) {
    let (from, to) = (folder(from), folder(to));
    std::fs::create_dir(&to).expect("a new folder");
    for file in std::fs::read_dir(from).expect("lists") {
        let file = file.expect("lists");
        std::fs::copy(file.path(), Path::new(&to).join(file.file_name())).expect("copies");
    }
}

fn folder(home: &Home) -> std::path::PathBuf {
    match home.config() {
        StoreConfig::Sqlite { dir } => dir,
        StoreConfig::Postgres { .. } => unreachable!("a home on SQLite"),
    }
}

fn check(op: impl Strategy<Value = Op>, cases: u32, ops: std::ops::Range<usize>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&vec(op, ops), |ops| runtime.block_on(run(ops)));
    outcome.expect("as the model");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_dies() {
    let op = prop_oneof![
        6 => Just(Op::Record),
        2 => Just(Op::Change),
        1 => Just(Op::Reset),
        1 => Just(Op::Restart),
        2 => Just(Op::Die),
    ];
    check(op, 24, 1..40);
}

#[test]
fn folding_changes_nothing_that_is_seen() {
    let op = prop_oneof![
        2 => Just(Op::Record),
        12 => Just(Op::RecordLarge),
        2 => Just(Op::Change),
        1 => Just(Op::Restart),
    ];
    check(op, 8, 30..60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_only_record_are_checked() {
    let home = Home::sqlite();
    let store = home.open().await;
    put(&store, "a", 1).await;
    let mut late = store.begin();
    late.get::<Thing>(&scope(), "a").await.expect("reads");
    late.journal(&entry(1, "x")).expect("fits");
    put(&store, "a", 2).await;
    assert!(!harness::is_done(&store.commit(late).await));
    assert_eq!(read(&store, "a").await, Some(2));
    assert!(harness::history(&store, JournalQuery::newest(scope(), 9)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_callers_fold_while_they_are_read() {
    let home = Home::sqlite();
    let store = home.open().await;
    let callers = (0..4).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for turn in 0..12 {
                let mut tx = store.begin();
                let mut entry = entry(100 * caller + turn, "x");
                entry.body.resize(LARGE_BYTES, b' ');
                tx.journal(&entry).expect("fits");
                tx.tally(key("a"), "Use", 1, at(turn));
                store.commit(tx).await.expect("commits");
                // What was acknowledged is seen at once, wherever it lies.
                let query = JournalQuery {
                    contains: vec![format!("\"n\":{},", 100 * caller + turn).into_bytes()],
                    ..JournalQuery::newest(scope(), 9)
                };
                assert_eq!(harness::history(&store, query).await, [100 * caller + turn]);
                let tallies = store.tallies(&scope(), &["test"]).await.expect("reads");
                assert!(tallies[0].count > turn.unsigned_abs());
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("no panic");
    }
    store.close().await;
    let store = home.open().await;
    let all = store.journal(JournalQuery::newest(scope(), 99)).await.expect("reads");
    assert_eq!(all.entries.len(), 48);
    assert_eq!(store.tallies(&scope(), &["test"]).await.expect("reads")[0].count, 48);
}
