//! Random interleavings of transactions against a model of a few lines: a sorted map, and the rule that a commit is
//! refused if and only if something it read, or expected absent, is no longer as it was.

mod harness;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use harness::{Home, Thing, scope};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use store::{Range, Store, StoreError, Tx};

/// Numbers written so far, over all cases: nodes may remember what they read in earlier ones.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

const SLOTS: usize = 3;
const IDS: [&str; 4] = ["a", "b", "b/1", "c"];
const PREFIXES: [&str; 3] = ["", "b", "b/"];

#[derive(Clone, Debug)]
enum Op {
    Get(usize),
    Peek(usize),
    Scan { prefix: usize, after: Option<usize>, limit: usize },
    Put(usize),
    Create(usize),
    Delete(usize),
    Discard,
    Abandon,
    Commit,
}

fn op() -> impl Strategy<Value = (usize, Op)> {
    let id = 0..IDS.len();
    let op = prop_oneof![
        4 => id.clone().prop_map(Op::Get),
        1 => id.clone().prop_map(Op::Peek),
        1 => (0..PREFIXES.len(), proptest::option::of(id.clone()), 0..5usize)
            .prop_map(|(prefix, after, limit)| Op::Scan { prefix, after, limit }),
        3 => id.clone().prop_map(Op::Put),
        1 => id.clone().prop_map(Op::Create),
        2 => id.prop_map(Op::Delete),
        1 => Just(Op::Discard),
        1 => Just(Op::Abandon),
        5 => Just(Op::Commit),
    ];
    (0..SLOTS, op)
}

/// What a transaction has done. Every number is written once, so a number tells a version.
#[derive(Default)]
struct Model {
    reads: BTreeMap<usize, Option<u64>>,
    writes: BTreeMap<usize, (Option<u64>, bool)>,
}

impl Model {
    fn write(&mut self, id: usize, n: Option<u64>, create: bool) {
        let create = self.writes.get(&id).map_or(create, |(_, earlier)| *earlier);
        self.writes.insert(id, (n, create));
    }

    fn may_commit(&self, committed: &BTreeMap<usize, u64>) -> bool {
        self.reads.iter().all(|(id, seen)| committed.get(id).copied() == *seen)
            && self.writes.iter().all(|(id, (_, create))| !create || !committed.contains_key(id))
    }

    fn apply(&self, state: &mut BTreeMap<usize, u64>) {
        for (id, (n, _)) in &self.writes {
            match n {
                Some(n) => state.insert(*id, *n),
                None => state.remove(id),
            };
        }
    }
}

/// Runs one interleaving, each slot on its store. Stores that share a database may read what is old, and must then be
/// refused; one store alone must read what is new.
async fn run(
    stores: &[Store; SLOTS],
    ops: Vec<(usize, Op)>,
    shared: bool,
) -> Result<(), TestCaseError> {
    stores[0].reset().await.expect("works");
    let begin = |slot: usize| (stores[slot].begin(), Model::default());
    let mut open: Vec<(Tx, Model)> = (0..SLOTS).map(begin).collect();
    let mut committed: BTreeMap<usize, u64> = BTreeMap::new();
    if shared {
        // The other nodes remember records of the case before; what they read first is checked like anything else.
        for id in [0, 2] {
            let n = NUMBERS.fetch_add(1, Ordering::Relaxed);
            let mut tx = stores[0].begin();
            tx.put(&scope(), IDS[id], &Thing { n }).expect("valid");
            stores[0].commit(tx).await.expect("commits");
            committed.insert(id, n);
        }
    }
    for (slot, op) in ops {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (tx, model) = &mut open[slot];
        match op {
            Op::Get(id) => {
                let found = tx.get::<Thing>(&scope(), IDS[id]).await.expect("reads").map(|t| t.n);
                if let Some((own, _)) = model.writes.get(&id) {
                    prop_assert_eq!(found, *own);
                } else if let Some(before) = model.reads.insert(id, found) {
                    prop_assert_eq!(found, before, "read twice");
                } else if !shared {
                    prop_assert_eq!(found, committed.get(&id).copied());
                }
            }
            Op::Peek(id) => {
                let found = tx.peek::<Thing>(&scope(), IDS[id]).await.expect("reads").map(|t| t.n);
                if let Some((own, _)) = model.writes.get(&id) {
                    prop_assert_eq!(found, *own);
                } else if !shared && !model.reads.contains_key(&id) {
                    prop_assert_eq!(found, committed.get(&id).copied());
                }
            }
            Op::Scan { prefix, after, limit } => {
                let range = Range { prefix: PREFIXES[prefix], after: after.map(|id| IDS[id]) };
                let page = tx.scan::<Thing>(&scope(), range, limit).await.expect("reads");
                let found: Vec<_> = page.iter().map(|(id, thing)| (id.as_str(), thing.n)).collect();
                let mut state = committed.clone();
                model.apply(&mut state);
                let expected: Vec<_> = state
                    .iter()
                    .map(|(id, n)| (IDS[*id], *n))
                    .filter(|(id, _)| id.starts_with(range.prefix))
                    .filter(|(id, _)| range.after.is_none_or(|after| *id > after))
                    .take(limit)
                    .collect();
                prop_assert_eq!(found, expected);
            }
            Op::Put(id) => {
                tx.put(&scope(), IDS[id], &Thing { n: number }).expect("valid");
                model.write(id, Some(number), false);
            }
            Op::Create(id) => {
                tx.create(&scope(), IDS[id], &Thing { n: number }).expect("valid");
                model.write(id, Some(number), true);
            }
            Op::Delete(id) => {
                tx.delete::<Thing>(&scope(), IDS[id]).expect("valid");
                model.write(id, None, false);
            }
            Op::Discard => {
                tx.discard_writes();
                model.writes.clear();
            }
            Op::Abandon => open[slot] = begin(slot),
            Op::Commit => {
                let (tx, model) = std::mem::replace(&mut open[slot], begin(slot));
                let result = stores[slot].commit(tx).await;
                if model.may_commit(&committed) {
                    prop_assert!(result.is_ok(), "refused without cause: {:?}", result);
                    model.apply(&mut committed);
                } else {
                    prop_assert!(matches!(result, Err(StoreError::Conflict)), "{:?}", result);
                }
            }
        }
    }
    Ok(())
}

fn check(cases: u32, home: &Home, shared: bool) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let stores = runtime.block_on(async {
        let first = home.open().await;
        if shared {
            [first, home.open().await, home.open().await]
        } else {
            [first.clone(), first.clone(), first]
        }
    });
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config)
        .run(&vec(op(), 1..60), |ops| runtime.block_on(run(&stores, ops, shared)));
    drop(stores);
    runtime.block_on(home.drop_schema());
    outcome.expect("as the model");
}

fn postgres() -> Option<Home> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    runtime.block_on(Home::postgres())
}

#[test]
fn sqlite_behaves_as_the_model() {
    check(64, &Home::sqlite(), false);
}

#[test]
fn postgres_behaves_as_the_model() {
    if let Some(home) = postgres() {
        check(32, &home, false);
    }
}

#[test]
fn nodes_that_share_postgres_behave_as_the_model() {
    if let Some(home) = postgres() {
        check(32, &home, true);
    }
}
